"""Write the JSON Schema of an exported history and the types in docs/history-json.md from the rows' types.

Usage: python tools/history_schema.py. What each field means is written by hand in that document; the schema
takes its descriptions from there. A field without a meaning, or a meaning without a field, is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records.measured import MovedVitals, VitalRow
from clinicdesk.clinic.records.planning import FollowUpRow, TreatmentRow
from clinicdesk.clinic.records.queries import CosignRow, DiagnosisRow, EntryRow, NoteRow
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.exporters import Selection
from clinicdesk.exporters.history_json import FORMAT

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "history-json.md"
SCHEMA: Final = ROOT / "src" / "clinicdesk" / "exporters" / "history.schema.json"
ROWS: Final[Mapping[str, type]] = {
    "Selection": Selection,
    "Patient": PatientRow,
    "Allergy": AllergyRow,
    "Diagnosis": DiagnosisRow,
    "Treatment": TreatmentRow,
    "FollowUp": FollowUpRow,
    "Vital": VitalRow,
    "MovedVitals": MovedVitals,
    "Prescribed": PrescribedRow,
    "Observation": ObservationRow,
    "Attachment": AttachmentRow,
    "Letter": LetterRow,
    "Entry": EntryRow,
    "Note": NoteRow,
    "Cosignature": CosignRow,
    "Misplaced": Misplaced,
}
_NAMES: Final = {row: name for name, row in ROWS.items()}
# The object around the rows has no class of its own: its types stand here alone.
FRAME: Final[Mapping[str, Mapping[str, Any]]] = {
    "History": {
        "format": str,
        "printed": "Printed",
        "selection": Selection,
        "request": str,
        "delivery": UUID | None,
        "patient": PatientRow,
        "allergies": tuple[AllergyRow, ...],
        "problems": tuple[DiagnosisRow, ...],
        "treatments": tuple[TreatmentRow, ...],
        "vitals": tuple[VitalRow, ...],
        "vitals_gone": tuple[MovedVitals, ...],
        "prescriptions": tuple[PrescribedRow, ...],
        "results": tuple[ObservationRow, ...],
        "attachments": tuple[AttachmentRow, ...],
        "letters": tuple[LetterRow, ...],
        "entries": tuple[EntryRow, ...],
        "entries_total": int,
    },
    "Printed": {"by": str, "at": datetime, "zone": str, "clinic": str},
}
_PLAIN: Final[Mapping[Any, tuple[str, dict[str, Any]]]] = {
    str: ("text", {"type": "string"}),
    bool: ("boolean", {"type": "boolean"}),
    int: ("integer", {"type": "integer"}),
    Decimal: ("number", {"type": "number"}),
    UUID: ("UUID", {"type": "string", "format": "uuid"}),
    datetime: ("time", {"type": "string", "format": "date-time"}),
    date: ("day", {"type": "string", "format": "date"}),
    bytes: ("digest", {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    dict: ("object", {"type": "object"}),
}
_ROW: Final = re.compile(r"\| `(\w+)` \| ([^|]*) \| (.*) \|")


def types_of(name: str) -> Mapping[str, Any]:
    """The fields of an object with their types."""
    if name in FRAME:
        return FRAME[name]
    row = ROWS[name]
    hints = get_type_hints(row)
    return {part.name: hints[part.name] for part in fields(row)}


def told(kind: Any) -> tuple[str, dict[str, Any]]:
    """A type in words, and as JSON Schema says it."""
    if isinstance(kind, str):
        return kind, {"$ref": f"#/$defs/{kind}"}
    if is_dataclass(kind) and isinstance(kind, type):
        return told(_NAMES[kind])
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        words, schema = told(inner)
        return f"{words} or null", {"anyOf": [schema, {"type": "null"}]}
    if origin is tuple:
        words, schema = told(get_args(kind)[0])
        return f"list of {words}", {"type": "array", "items": schema}
    return _PLAIN[origin or kind]


def meanings(text: str) -> dict[str, dict[str, str]]:
    """What the document says of each field, by object."""
    found: dict[str, dict[str, str]] = {}
    for section in text.split("\n## ")[1:]:
        name, _end, body = section.partition("\n")
        if rows := {row[1]: row[3] for row in _ROW.finditer(body)}:
            found[name] = rows
    return found


def described(text: str) -> str:
    """The document with the types that the rows have."""
    name, lines = "", []
    for line in text.split("\n"):
        if line.startswith("## "):
            name = line.removeprefix("## ")
        if found := _ROW.fullmatch(line):
            words, _schema = told(types_of(name)[found[1]])
            lines.append(f"| `{found[1]}` | {words} | {found[3]} |")
        else:
            lines.append(line)
    return "\n".join(lines)


def schema(text: str) -> str:
    """The JSON Schema, its descriptions taken from the document. Raises ValueError where they differ."""
    said = meanings(text)
    objects = {name: types_of(name) for name in (*FRAME, *ROWS)}
    for name, types in objects.items():
        if list(types) != list(said.get(name, ())):
            raise ValueError(f"docs/history-json.md, {name}: {set(types) ^ set(said.get(name, ()))} or order")
    made = {name: _object(types, said[name]) for name, types in objects.items()}
    history = made.pop("History")
    history["properties"]["format"]["const"] = FORMAT
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:clinicdesk:history:1"}
    whole = {**head, "title": FORMAT, **history, "$defs": made}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _object(types: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    parts = {name: {**told(kind)[1], "description": said[name]} for name, kind in types.items()}
    return {"type": "object", "properties": parts, "required": list(types)}


if __name__ == "__main__":
    words = described(DOCUMENT.read_text("utf-8"))
    DOCUMENT.write_text(words, encoding="utf-8")
    SCHEMA.write_text(schema(words), encoding="utf-8")
