"""Cards as a reader types them: identity cards by the text of their PDF417 code, and the house's own. Pure.

Argentina: fields of the DNI card parted by `@` (`"` where the keyboard is set to Spanish), in the order of
RENAPER's two layouts. Colombia: the cédula's code holds fields of fixed width, filled with NUL, that
readers type as blanks; many readers are set to part the fields by tabs or commas instead.

The house's own card and labels (`card_text`) hold letters and digits alone, which every keyboard layout
types alike: `CLDK`, the chart number, and four digits drawn from the patient's id. These tell a card of
this network from one of another, whose numbers are the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from clinicdesk.kit.text import clean_line

_DAY: Final = re.compile(r"(\d{1,2})\D(\d{1,2})\D(\d{4})")
_WHOLE_DAY: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DNI: Final = re.compile(r"[FM]?(\d{6,9})")
_SEX: Final = frozenset("FMX")
_NEW_FIELDS, _OLD_FIELDS, _ROW_FIELDS = 8, 9, 7
_CEDULA: Final = re.compile(
    r"PubDSK_\d\D*?(?P<number>\d{8,10})(?=[^\d])(?P<names>[^\d]+?)\s*0?(?P<sex>[FM])(?P<born>\d{8})"
)
_GAP: Final = re.compile(r"[\x00\t]+| {2,}")
_WORDS_OF_TWO: Final = 4
_OWN: Final = re.compile(r"CLDK(?P<chart>\d{6,12})(?P<proof>\d{4})", re.IGNORECASE)
_PROOF: Final = 9973


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says of its holder; `birth` None where it cannot be read."""

    country: str
    kind: str
    number: str
    family: str
    given: str
    sex: str
    birth: date | None


@dataclass(frozen=True, slots=True)
class OwnCard:
    """What the house's own card says: a chart number, and what its holder's id leaves by `proof_of`."""

    chart_number: int
    proof: int


def proof_of(patient_id: UUID) -> int:
    """Four digits of an id: one card in ten thousand of another network would pass."""
    return patient_id.int % _PROOF


def card_text(chart_number: int, patient_id: UUID) -> str:
    """What the codes on a patient's card and labels say."""
    return f"CLDK{chart_number:06d}{proof_of(patient_id):04d}"


def read_own_card(text: str) -> OwnCard | None:
    """The house's own card whose code this is, or None."""
    found = _OWN.fullmatch(text.strip())
    return OwnCard(int(found["chart"]), int(found["proof"])) if found else None


def read_card(text: str) -> Card | None:
    """The card whose code this is, or None: then somebody typed it."""
    return _argentine(text) or _colombian(text) or _colombian_row(text)


def _argentine(text: str) -> Card | None:
    for mark in ("@", '"'):
        fields = [clean_line(field) for field in text.split(mark)]
        if len(fields) >= _NEW_FIELDS and not fields[0] and len(fields) >= _OLD_FIELDS:
            return _dni(fields[1], fields[4], fields[5], fields[8], fields[7])
        if len(fields) >= _NEW_FIELDS and fields[0].isdigit():
            return _dni(fields[4], fields[1], fields[2], fields[3], fields[6])
    return None


def _dni(number: str, family: str, given: str, sex: str, born: str) -> Card | None:
    found = _DNI.fullmatch(number.upper())
    if found is None or sex.upper() not in _SEX or not family:
        return None
    digits = found[1].lstrip("0")
    return Card("AR", "DNI", digits, family.title(), given.title(), sex.upper(), _day(born))


def _colombian(text: str) -> Card | None:
    found = _CEDULA.search(text)
    if found is None:
        return None
    family, given = _four_names(found["names"].strip("\x00 \t"))
    born = _WHOLE_DAY.fullmatch(found["born"])
    birth = _date(int(born[1]), int(born[2]), int(born[3])) if born else None
    return Card("CO", "CC", found["number"].lstrip("0"), family, given, found["sex"], birth)


def _four_names(text: str) -> tuple[str, str]:
    """Surnames and given names: the gaps part them, or else two and the rest."""
    parts = [clean_line(part) for part in _GAP.split(text) if clean_line(part)]
    if len(parts) == 1:
        parts = parts[0].split()
    if len(parts) >= _WORDS_OF_TWO:
        return " ".join(parts[:2]).title(), " ".join(parts[2:]).title()
    return " ".join(parts[:1]).title(), " ".join(parts[1:]).title()


def _colombian_row(text: str) -> Card | None:
    """`1012345678⇥GARCIA⇥LOPEZ⇥MARIA⇥JOSE⇥F⇥12/03/1984…`, parted by tabs, commas or semicolons."""
    for mark in ("\t", ";", ","):
        fields = [clean_line(field) for field in text.split(mark)]
        if len(fields) < _ROW_FIELDS or not fields[0].isdigit() or fields[5].upper() not in {"F", "M"}:
            continue
        family, given = (" ".join(filter(None, pair)).title() for pair in (fields[1:3], fields[3:5]))
        number = fields[0].lstrip("0")
        return Card("CO", "CC", number, family, given, fields[5].upper(), _day(fields[6])) if family else None
    return None


def _day(text: str) -> date | None:
    if found := _DAY.fullmatch(text):
        return _date(int(found[3]), int(found[2]), int(found[1]))
    if found := _WHOLE_DAY.fullmatch(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
