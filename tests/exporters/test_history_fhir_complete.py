"""Whatever a history says stands in its FHIR document, or the document says that it does not."""

from __future__ import annotations

import base64
import json
from dataclasses import fields, is_dataclass, replace
from typing import Any
from uuid import UUID

from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.records.measured import MovedVitals
from tests.data import ROOT
from tests.exporters.fhir_documents import of, read, sound
from tests.exporters.histories import FIRST, allergy, patient, treatment, varied

# Counters and numbers of the installation; ids of another person's rows; words of a list that FHIR has codes
# for; the last vital signs, which are among all of them.
OMITTED = {
    *("version", "document_key", "sex", "provisional", "gender", "blood_group", "allergy_status"),
    *("author_id", "doctor_id", "zone", "way", "verdict", "certainty", "chart.vitals"),
}


def own_ids(rows: tuple[Any, ...], first: int) -> tuple[Any, ...]:
    """The rows, no two with the same id."""
    return tuple(replace(row, id=UUID(int=first + place)) for place, row in enumerate(rows))


def marked(row: Any, path: str, found: dict[str, str]) -> Any:
    """The row with a word of its own in each field of text, all of them written down."""
    changes: dict[str, Any] = {}
    for part in fields(row):
        value, name = getattr(row, part.name), f"{path}.{part.name}"
        if part.name in OMITTED or name.partition(".")[2] in OMITTED or name.endswith("misplaced.kind"):
            continue
        if is_dataclass(value) and not isinstance(value, type):
            changes[part.name] = marked(value, f"{path}.{part.name}", found)
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            changes[part.name] = tuple(marked(each, name, found) for each in value)
        elif isinstance(value, str) or (value is None and "str" in str(part.type)):
            found[f"{name}#{len(found)}"] = changes[part.name] = f"marca{len(found):04d}x"
    return replace(row, **changes)


def test_whatever_text_a_history_has_is_in_its_document() -> None:
    """Each field gets a word of its own: it stands in the document, or the field is known to be left out."""
    mark = Misplaced(
        UUID(int=1), "in", "record", UUID(int=2), UUID(int=3), 77, "razón", FIRST, "Paz", UUID(int=4)
    )
    made = varied()
    rows = tuple(
        replace(
            each,
            corrects_id=UUID(int=555),
            late_reason="tarde",
            written_at=FIRST,
            misplaced=None if each.misplaced is None else mark,
        )
        for each in made.chart.entries
    )
    chart = replace(
        made.chart,
        entries=rows,
        vitals_gone=(MovedVitals(UUID(int=90), FIRST, 3, mark),),
        treatments=(treatment(id=UUID(int=91), ended_on=FIRST.date()),),
        allergies=(allergy("Maní", "grave"), allergy("Polen", reaction="x", id=UUID(int=6))),
        problems=own_ids(made.chart.problems, 2000),
    )
    made = replace(
        made,
        chart=chart,
        vitals=own_ids(made.vitals, 3000),
        prescribed=own_ids(made.prescribed, 4000),
        observed=own_ids(made.observed, 5000),
        attachments=tuple(replace(row, voided_at=FIRST) for row in made.attachments),
        letters=tuple(replace(row, voided_at=FIRST) for row in made.letters),
    )
    found: dict[str, str] = {}
    whole = marked(made, "history", found)
    assert len(found) > 150
    written = json.dumps(sound(read(whole)), ensure_ascii=False)
    texts = [
        base64.b64decode(each["attachment"]["data"]).decode()
        for doc in of(json.loads(written), "DocumentReference")
        for each in doc["content"]
        if "data" in each["attachment"]
    ]
    said = written + "".join(texts)
    lost = [name for name, word in found.items() if word not in said]
    assert not lost, "\n".join(lost)


def test_what_has_no_place_in_fhir_is_described() -> None:
    document = (ROOT / "docs" / "history-fhir.md").read_text("utf-8")
    made = replace(
        varied(), chart=replace(varied().chart, patient=patient(dependent=True, birth_estimated=True))
    )
    written = json.dumps(read(made))
    used = {part.split('"')[0] for part in written.split("urn:clinicdesk:extension:")[1:]}
    assert used >= {"sha256", "birth-estimated", "dependent"}
    assert [name for name in used if name not in document] == []
