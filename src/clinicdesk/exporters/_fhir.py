"""Pieces of FHIR R4: codes with their systems, references, quantities, narrative, text as its types allow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid5

Resource = dict[str, Any]

TERMS: Final = "http://terminology.hl7.org/CodeSystem/"
OURS: Final = "urn:clinicdesk:"
LOINC: Final = "http://loinc.org"
URIS: Final = "urn:ietf:rfc:3986"
_UCUM: Final = "http://unitsofmeasure.org"
# Catalogues by the names that the history stores; any other gets a name of ours.
_SYSTEMS: Final = {
    "CIE-10": "http://hl7.org/fhir/sid/icd-10",
    "SNOMED-CT": "http://snomed.info/sct",
    "LOINC": LOINC,
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
}
# Registers of persons whose addresses are published, by country and kind; the others get a name of ours.
_REGISTERS: Final = {
    ("AR", "DNI"): "http://www.renaper.gob.ar/dni",
    ("CL", "RUN"): "http://regcivil.cl/Validacion/RUN",
}
_AS_WRITTEN: Final = {"mmHg": "mm[Hg]", "°C": "Cel", "lpm": "/min"}
# Units that a unit expression of UCUM may be made of here, each with a prefix or a power or neither.
_ATOM: Final = re.compile(
    r"(10\*-?\d*|10\^-?\d*|\d+|%|(?:[YZEPTGMkhdcmunpfazy]|da|u)?(?:g|m|L|l|mol|s|Pa|J|V|A|K|W|Hz|eq|osm|U|cal|cd|"
    r"bar|t|\[iU\]|m\[Hg\]|m\[H2O\])|min|h|d|wk|mo|a|Cel|\[degF\]|\[pH\]|\[lb_av\]|\[in_i\]|\[diop\]|deg)(-?\d+)?"
)
_NOTE: Final = re.compile(r"\{[^{}]*\}")
_ODD_BLANK: Final = re.compile(r"[^\S \r\n\t]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACE: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def text(said: str | None) -> str | None:
    """A text as a FHIR string holds it: no controls, only plain blanks; None where nothing is left."""
    if said is None:
        return None
    made = _ODD_BLANK.sub(" ", _CONTROL.sub("·", said)).strip()
    return made or None


def bare(resource: Resource) -> Resource:
    """The resource without what is unknown: FHIR has no null, no empty text, list or object."""
    return {name: value for name, value in resource.items() if value not in (None, "", [], {}, ())}


def named_id(*names: str) -> str:
    """The same id each time for the same names."""
    return str(uuid5(_SPACE, "\x1f".join(names)))


def reference(row_id: object, display: str | None = None) -> Resource:
    """A reference inside the document."""
    return bare({"reference": f"urn:uuid:{row_id}", "display": text(display)})


def concept(said: str | None, *codings: Resource | None) -> Resource | None:
    """A concept: its text and its codes."""
    made = bare({"coding": [each for each in codings if each], "text": text(said)})
    return made or None


def coding(system: str, code: str, display: str | None = None) -> Resource:
    """A code of a published system."""
    return bare({"system": system, "code": code, "display": text(display)})


def catalogued(name: str | None, code: str | None, display: str | None = None) -> Resource | None:
    """A code of a catalogue of the history, None for no code; a catalogue without an address has ours."""
    held = text(" ".join((code or "").split()))
    if held is None:
        return None
    system = _SYSTEMS.get(name or "", f"{OURS}catalogue:{quote(name or '')}")
    return coding(system, held, display)


def extension(name: str, kind: str, value: object) -> Resource | None:
    """What FHIR has no place for, under a name of ours (docs/history-fhir.md); None for nothing."""
    if value in (None, "", False):
        return None
    return {"url": f"{OURS}extension:{name}", f"value{kind}": value}


def present(*parts: Resource | None) -> list[Resource]:
    """Those that say something."""
    return [part for part in parts if part]


def notes(*said: str | None) -> list[Resource]:
    """What is said beside the codes, an annotation each."""
    return [{"text": held} for held in map(text, said) if held]


def document_identifier(key: str) -> Resource | None:
    """`AR:DNI:28431907` as an identifier of the register that gave the number."""
    country, _colon, rest = key.partition(":")
    kind, _colon, number = rest.partition(":")
    if not text(number):
        return None
    system = _REGISTERS.get((country, kind), f"{OURS}document:{country}:{kind}")
    sort = coding(f"{TERMS}v2-0203", "PPN" if kind == "PAS" else "NI")
    return {"use": "official", "type": concept(kind, sort), "system": system, "value": text(number)}


def moment(at: datetime) -> str:
    """An instant with its offset."""
    return at.isoformat()


def quantity(value: Decimal, unit: str | None) -> Resource:
    """A number with its unit; UCUM's name stands only for a unit that UCUM has."""
    code = _AS_WRITTEN.get(unit or "", unit or "")
    coded = {"system": _UCUM, "code": code} if is_ucum(code) else {}
    return bare({"value": value, "unit": text(unit), **coded})


def is_ucum(unit: str) -> bool:
    """Whether a text is a unit of UCUM, as far as a clinic's units go: `mm[Hg]`, `10*3/uL`, `{score}`."""
    if not unit or not unit.isascii() or re.search(r"\s", unit):
        return False
    plain = _NOTE.sub("", unit)
    if not plain:
        return True
    parts = re.split(r"[./]", plain.removeprefix("/"))
    return all(_ATOM.fullmatch(part) for part in parts if part or unit.count("{") == 0)


def narrative(*blocks: str) -> Resource:
    """Generated XHTML of finished blocks."""
    inside = "".join(blocks) or "<p>–</p>"
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml" lang="es">{inside}</div>',
    }


def paragraph(said: str) -> str:
    """A text as a block of narrative, its line ends kept."""
    return f"<p>{'<br/>'.join(html(line) for line in said.split(chr(10)))}</p>"


def rows_block(lines: Iterable[str]) -> str:
    """Lines as a list; a word where there are none."""
    items = "".join(f"<li>{html(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else "<p>Sin datos.</p>"


def html(said: str) -> str:
    """A text inside XHTML: nothing of it is markup, and nothing in it is no character of XML."""
    return escape(_CONTROL.sub("·", said))
