"""Searching entries across charts: headers, newest first, a page at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, DateTime, Integer, Row, Select, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.records.errors import SearchTooWide
from clinicdesk.clinic.records.rules import is_cie10
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import db

PAGE: Final = 50
"""The most that one search gives."""
MOST_MS: Final = 8_000
"""How long the database looks before the search is given up: thirty times what the slowest should take."""

_CANCELLED: Final = "57014"
CHAPTERS: Final = MappingProxyType(
    {
        "I": "A B",
        "II": "C D0 D1 D2 D3 D4",
        "III": "D5 D6 D7 D8",
        "IV": "E",
        "V": "F",
        "VI": "G",
        "VII": "H0 H1 H2 H3 H4 H5",
        "VIII": "H6 H7 H8 H9",
        "IX": "I",
        "X": "J",
        "XI": "K",
        "XII": "L",
        "XIII": "M",
        "XIV": "N",
        "XV": "O",
        "XVI": "P",
        "XVII": "Q",
        "XVIII": "R",
        "XIX": "S T",
        "XX": "V W X Y",
        "XXI": "Z",
        "XXII": "U",
    }
)
"""Beginnings of the codes of each chapter of CIE-10 (WHO, ICD-10 volume 1)."""
_CODE_BEGINS: Final = re.compile(r"[A-Z]\d[0-9A-Z]?|\d{6,18}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """`path sign value` of one attribute: `=` for any value, `> >= < <=` for numbers."""

    path: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class RecordsQuery:
    """What is looked for; nothing said asks nothing. `codes` are beginnings, `stated` words of a diagnosis.

    `doctor` is words of a name, in the network or outside; `clinic_id` one of the network, `institution`
    words of another's name. `before` is the time and id of the last one seen.
    """

    words: str = ""
    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    stated: str = ""
    doctor: str = ""
    clinic_id: int | None = None
    institution: str = ""
    since: datetime | None = None
    until: datetime | None = None
    patient_id: UUID | None = None
    attributes: tuple[Condition, ...] = ()
    before: tuple[datetime, UUID] | None = None
    limit: int = PAGE

    @property
    def subject(self) -> str:
        """What the act of searching tells of it: by what was searched, never a word of it."""
        names = ("words", "kinds", "codes", "stated", "doctor", "clinic_id", "institution", "attributes")
        asked = [name for name in names if getattr(self, name)]
        return " ".join([*asked, *["period"] * (self.since is not None or self.until is not None)])


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """One entry's header: whose it is, when, what, stated diagnoses, who and where; its text needs the chart.

    `patient_id` and `id` name the entry; `patient` is the person, None where their row is not shown.
    """

    patient_id: UUID
    id: UUID
    person_id: UUID
    at: datetime
    kind: str
    title: str | None
    stated: str
    doctor: str
    place: str
    signed: bool
    corrected: bool
    patient: PatientRow | None = None


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """A page of headers, and whether there are more."""

    rows: tuple[HeaderRow, ...] = ()
    more: bool = False


def diagnosis_asked(text: str) -> tuple[tuple[str, ...], str]:
    """(beginnings of codes, words) of a diagnosis as typed: `I10`, `J4`, `capítulo IX`, `hipertensión`."""
    said = " ".join(text.split())
    chapter = re.fullmatch(r"(?:cap(?:\.|itulo|ítulo)?\s+)([IVX]+)", said, re.IGNORECASE)
    if chapter and chapter[1].upper() in CHAPTERS:
        return tuple(CHAPTERS[chapter[1].upper()].split()), ""
    if is_cie10(said) or _CODE_BEGINS.fullmatch(said):
        return (said.upper(),), ""
    return (), said


@view("record.search", needs=Permission.CHART_READ, act=True, purpose="TREAT")
def search_records(tx: Reader, query: RecordsQuery) -> FoundRecords:
    """Entries that fit, of charts in the actor's care or entered at their clinics. Searching is an act.

    Raises SearchTooWide.
    """
    return _search(tx, query)


@view("record.searched", needs=Permission.CHART_READ)
def search_on(tx: Reader, query: RecordsQuery) -> FoundRecords:
    """The next page, or the same search again: goes on with one that is written down."""
    return _search(tx, query)


def _search(tx: Reader, query: RecordsQuery) -> FoundRecords:
    limit = min(max(query.limit, 1), PAGE)
    rows = _rows(tx, _values(tx, query, limit + 1))
    faces = _faces(tx, [row.person_id for row in rows[:limit]])
    found = tuple(_header(row, faces) for row in rows[:limit])
    return FoundRecords(found, len(rows) > limit)


def _rows(tx: Reader, asked: dict[str, Any]) -> list[Row[Any]]:
    """What a search finds within MOST_MS. Raises SearchTooWide."""
    tx.run(select(func.set_config("statement_timeout", str(MOST_MS), True)))
    try:
        return tx.rows(_SEARCH, asked)
    except DBAPIError as error:
        if db.sqlstate(error) == _CANCELLED:
            raise SearchTooWide from error
        raise


_ASKED: Final[dict[str, Any]] = {
    "words": Text(),
    "kinds": ARRAY(Text),
    "codes": ARRAY(Text),
    "stated": Text(),
    "doctors": ARRAY(BigInteger),
    "outside": Text(),
    "clinic": BigInteger(),
    "institution": Text(),
    "since": DateTime(timezone=True),
    "until": DateTime(timezone=True),
    "person": Uuid(),
    "attributes": JSONB(),
    "at": DateTime(timezone=True),
    "id": Uuid(),
    "most": Integer(),
}
"""What `search_records` is asked, in its order."""


def _statement() -> Select[Any]:
    asked = (bindparam(name, type_=kind) for name, kind in _ASKED.items())
    called = func.search_records(*asked).table_valued(
        *("person_id", "patient_id", "id", "at", "kind", "clinic_id", "institution", "doctor_id"),
        *("doctor_name", "title", "stated", "signed", "corrected"),
    )
    doctor = func.coalesce(people.c.family + ", " + people.c.given, called.c.doctor_name, "")
    place = func.coalesce(clinics.c.name, called.c.institution, "")
    return (
        select(called, doctor.label("doctor"), place.label("place"))
        .outerjoin(people, people.c.id == called.c.doctor_id)
        .outerjoin(clinics, clinics.c.id == called.c.clinic_id)
        .order_by(called.c.at.desc(), called.c.id.desc())
    )


_SEARCH: Final = _statement()


def _values(tx: Reader, query: RecordsQuery, most: int) -> dict[str, Any]:
    """What is asked, by the names of _ASKED; what says nothing is NULL."""
    at, entry_id = query.before or (None, None)
    return {
        "words": query.words or None,
        "kinds": list(query.kinds) or None,
        "codes": list(query.codes) or None,
        "stated": query.stated or None,
        "doctors": _doctors(tx, query.doctor),
        "outside": query.doctor or None,
        "clinic": query.clinic_id,
        "institution": query.institution or None,
        "since": query.since,
        "until": query.until,
        "person": query.patient_id,
        "attributes": msgspec.to_builtins(query.attributes),
        "at": at,
        "id": entry_id,
        "most": most,
    }


@dataclass(frozen=True, slots=True)
class DoctorsQuery:
    """Words of a name."""

    name: str


@view("record.doctors", needs=Permission.CHART_READ)
def find_doctors(tx: Reader, query: DoctorsQuery) -> dict[int, str]:
    """Those of the network whose name has every word of this one, the last as a beginning, by id."""
    asked = folded(query.name).split()
    rows = (
        tx.rows(select(people.c.id, people.c.family, people.c.given).order_by(people.c.family))
        if asked
        else ()
    )
    return {
        row.id: f"{row.family}, {row.given}"
        for row in rows
        if _bears(folded(f"{row.family} {row.given}").split(), asked)
    }


def _doctors(tx: Reader, name: str) -> list[int] | None:
    return list(find_doctors.run(tx, DoctorsQuery(name))) if folded(name) else None


@dataclass(frozen=True, slots=True)
class PlaceQuery:
    """An entry by its id."""

    patient_id: UUID
    id: UUID


@view("record.place", needs=Permission.CHART_READ)
def place_of(tx: Reader, query: PlaceQuery) -> datetime | None:
    """When an entry that the actor may know of was: where the next page begins."""
    called = func.record_place(query.patient_id, query.id)
    found: datetime | None = tx.run(select(called)).scalar_one()
    return found


def _bears(words: list[str], asked: list[str]) -> bool:
    *whole, begun = asked
    return all(word in words for word in whole) and any(word.startswith(begun) for word in words)


def _faces(tx: Reader, ids: list[UUID]) -> dict[UUID, PatientRow]:
    """Who the persons are, under the chart that stands for each."""
    return registry.rows_of(tx, ids) if ids else {}


def _header(row: Any, faces: dict[UUID, PatientRow]) -> HeaderRow:
    made = HeaderRow(
        patient_id=row.patient_id,
        id=row.id,
        person_id=row.person_id,
        at=row.at,
        kind=row.kind,
        title=row.title,
        stated=row.stated or "",
        doctor=row.doctor,
        place=row.place,
        signed=row.signed,
        corrected=row.corrected,
    )
    return replace(made, patient=faces.get(row.person_id))
