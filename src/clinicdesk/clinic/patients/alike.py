"""People who may be one: candidates while somebody registers, the work list, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import queries
from clinicdesk.clinic.patients.errors import SamePatient
from clinicdesk.clinic.patients.likeness import Identity, likeness
from clinicdesk.clinic.patients.model import (
    distinct_people,
    likely_duplicates,
    patient_documents,
    patients,
    registry_scans,
)
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.patients.ranking import TypedWord
from clinicdesk.clinic.patients.search import listed, vocabulary
from clinicdesk.clinic.patients.spelling import SearchNames, number_slips
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view

_MOST_ALIKE: Final = 4
_PAGE: Final = 20_000


@dataclass(frozen=True, slots=True)
class AlikeQuery:
    """What is known so far of somebody about to be registered; `number` is of any kind of document."""

    number: str
    family: str
    given: str
    sex: str
    birth: date | None
    limit: int = _MOST_ALIKE


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody of the registry who may be the same; `same` where it is all but certain."""

    patient: PatientRow
    score: float
    same: bool


@view("patient.alike", needs=Permission.PATIENT_WRITE, act=True, purpose="OPER")
def alike(tx: Reader, query: AlikeQuery) -> tuple[Alike, ...]:
    """Who may be the person being registered, the likeliest first. Looking is an act."""
    return _alike(tx, query)


@view("patient.alike_on", needs=Permission.PATIENT_WRITE)
def alike_on(tx: Reader, query: AlikeQuery) -> tuple[Alike, ...]:
    """The same with another letter in the form: goes on with what is written down."""
    return _alike(tx, query)


def _alike(tx: Reader, query: AlikeQuery) -> tuple[Alike, ...]:
    wanted = Identity.of(query.given, query.family, query.sex, query.birth, query.number)
    found = []
    for row in _candidates(tx, query, wanted.names):
        other = Identity(SearchNames.parsed(row.names), row.sex, row.birth, tuple(row.numbers))
        how = likeness(wanted, other)
        if how.suggests:
            found.append((how, row.patient_id))
    found.sort(key=lambda pair: (-pair[0].same, -pair[0].score, pair[1]))
    # Entries merged into one person are that person once.
    best = found[: 2 * query.limit]
    rows = queries.rows_of(tx, [patient_id for _how, patient_id in best])
    persons: dict[UUID, Alike] = {}
    for how, patient_id in best:
        if (row := rows.get(patient_id)) is not None:
            persons.setdefault(row.patient_id, Alike(row, how.score, how.same))
    return tuple(persons.values())[: query.limit]


def _candidates(tx: Reader, query: AlikeQuery, names: SearchNames) -> list[Any]:
    """By document, and by names of the same birth: without a document nobody else is suggested."""
    numbers = sorted({query.number, *number_slips(query.number)}) if query.number else []
    family, given = ([], []) if query.birth is None else _readings(tx, names)
    called = func.search_alike(*map(listed, (numbers, family, given)), query.birth)
    return tx.rows(select(called.table_valued("patient_id", "names", "birth", "sex", "numbers")))


def _readings(tx: Reader, names: SearchNames) -> tuple[list[str], list[str]]:
    """What the first surname and the first given name may stand for."""
    words = [TypedWord(word) for word in dict.fromkeys((*names.family[:1], *names.given[:1]))]
    vocabulary(tx, words, slips=True)
    keys = {word.word: word.keys(corrected=True, last=False) for word in words}
    family, given = (keys.get("".join(part[:1]), []) for part in (names.family, names.given))
    return family, given


@dataclass(frozen=True, slots=True)
class RollQuery:
    """A page of the registry, after this patient."""

    after: UUID | None = None
    limit: int = _PAGE


@dataclass(frozen=True, slots=True)
class RollRow:
    """One person of the registry as a scan for duplicates compares them."""

    patient_id: UUID
    given: str
    family: str
    sex: str
    birth: date | None
    numbers: tuple[str, ...]


@view("patient.roll", needs=Permission.REPORT_READ, act=True, purpose="OPER")
def roll(tx: Reader, query: RollQuery) -> tuple[RollRow, ...]:
    """The first page of everybody the reader may see, for a scan. Reading the registry through is an act."""
    return _page(tx, query)


@view("patient.roll_on", needs=Permission.REPORT_READ)
def roll_on(tx: Reader, query: RollQuery) -> tuple[RollRow, ...]:
    """The page after that: goes on with patient.roll."""
    return _page(tx, query)


def _page(tx: Reader, query: RollQuery) -> tuple[RollRow, ...]:
    numbers = (
        select(func.string_agg(patient_documents.c.number, " "))
        .where(
            patient_documents.c.patient_id == patients.c.patient_id,
            patient_documents.c.valid,
            patient_documents.c.kind != "HC",
        )
        .scalar_subquery()
        .label("numbers")
    )
    shown = ("patient_id", "given", "family", "sex", "birth")
    statement = select(*(patients.c[name] for name in shown), numbers).order_by(patients.c.patient_id)
    if query.after is not None:
        statement = statement.where(patients.c.patient_id > query.after)
    rows = tx.rows(statement.limit(query.limit))
    return tuple(
        RollRow(row.patient_id, row.given, row.family, row.sex, row.birth, tuple((row.numbers or "").split()))
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people alike, the lesser id first; `likeness` in percent."""

    patient_id: UUID
    other_id: UUID
    likeness: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPairs(Order):
    """What a scan found: it takes the place of what the last one did."""

    pairs: tuple[Pair, ...]
    people: int = 0
    """How many were compared."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """How many pairs stand in the work list."""

    pairs: int


@use_case("patient.scan", needs=Permission.REPORT_READ, answer=KeptAnswer)
def keep_pairs(tx: Tx, order: KeepPairs) -> KeptAnswer:
    """Replace the work list of likely duplicates."""
    pairs = _of_two(tx, order.pairs)
    tx.write(delete(likely_duplicates))
    rows = ((*ids, likeness, tx.now) for ids, likeness in pairs.items())
    tx.copy(likely_duplicates, ("patient_id", "other_id", "likeness", "found_at"), rows)
    tx.write(insert(registry_scans).inline(), {"at": tx.now, "people": order.people, "pairs": len(pairs)})
    tx.changed(Change(Kind.PATIENT, tx.act))
    return KeptAnswer(len(pairs))


def _of_two(tx: Reader, pairs: Iterable[Pair]) -> dict[tuple[UUID, UUID], int]:
    """Pairs of people, not of entries: those merged stand for one, and with others for it."""
    merged = select(patients.c.patient_id, patients.c.merged_into).where(patients.c.merged_into.is_not(None))
    stands = {row.patient_id: row.merged_into for row in tx.rows(merged)}
    found: dict[tuple[UUID, UUID], int] = {}
    for pair in pairs:
        ids = (stands.get(pair.patient_id, pair.patient_id), stands.get(pair.other_id, pair.other_id))
        first, second = sorted(ids)
        if first != second:
            found[first, second] = max(pair.likeness, found.get((first, second), 0))
    return found


@dataclass(frozen=True, slots=True)
class DuplicatesQuery:
    """The work list, the likeliest first."""

    limit: int = 50


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Two people, and how alike they are in percent."""

    patient: PatientRow
    other: PatientRow
    likeness: int

    @property
    def id(self) -> tuple[UUID, UUID]:
        """The ids of both, the lesser first."""
        return self.patient.patient_id, self.other.patient_id


@dataclass(frozen=True, slots=True)
class WorkList:
    """The likeliest pairs of `total` that are still to be looked at.

    The last scan went through `people` entries at `scanned_at`; None: there was none yet.
    """

    pairs: tuple[Duplicates, ...]
    total: int
    scanned_at: datetime | None
    people: int


@view("patient.duplicates", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def duplicates(tx: Reader, query: DuplicatesQuery) -> WorkList:
    """Pairs that the last scan found and nobody has called distinct. Reading the list is an act."""
    return _work_list(tx, query)


@view("patient.duplicates_on", needs=Permission.PATIENT_READ)
def duplicates_on(tx: Reader, query: DuplicatesQuery) -> WorkList:
    """The same list as it is now: goes on with patient.duplicates."""
    return _work_list(tx, query)


def _work_list(tx: Reader, query: DuplicatesQuery) -> WorkList:
    pairs = tx.into(Pair, _open_pairs().order_by(*_LIKELIEST).limit(query.limit))
    ids = {each for pair in pairs for each in (pair.patient_id, pair.other_id)}
    rows = queries.rows_of(tx, ids)
    shown = tuple(
        Duplicates(rows[pair.patient_id], rows[pair.other_id], pair.likeness)
        for pair in pairs
        if pair.patient_id in rows and pair.other_id in rows
    )
    total: int = tx.run(select(func.count()).select_from(_open_pairs().subquery())).scalar_one()
    last = tx.first(select(registry_scans).order_by(registry_scans.c.at.desc()).limit(1))
    return WorkList(shown, total, last.at if last else None, last.people if last else 0)


_LIKELIEST: Final = (
    likely_duplicates.c.likeness.desc(),
    likely_duplicates.c.patient_id,
    likely_duplicates.c.other_id,
)


def _open_pairs() -> Select[Any]:
    """Pairs that nobody has called distinct or merged, of people whose rows the reader may see."""
    found, known = likely_duplicates.c, distinct_people.c
    one, other = patients.alias("one"), patients.alias("other")
    both = and_(known.patient_id == found.patient_id, known.other_id == found.other_id)
    return (
        select(found.patient_id, found.other_id, found.likeness)
        .join(one, one.c.patient_id == found.patient_id)
        .join(other, other.c.patient_id == found.other_id)
        .where(
            ~select(literal(1)).where(both).exists(),
            one.c.merged_into.is_(None),
            other.c.merged_into.is_(None),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDistinct(Order):
    """Two people alike who are not the same."""

    patient_id: UUID
    other_id: UUID


@dataclass(frozen=True, slots=True)
class DistinctAnswer:
    """The pair, the lesser id first."""

    patient_id: UUID
    other_id: UUID


@use_case("patient.distinct", needs=Permission.PATIENT_WRITE, answer=DistinctAnswer)
def call_distinct(tx: Tx, order: CallDistinct) -> DistinctAnswer:
    """Remember that these are two people; said twice it is remembered once.

    Raises SamePatient, PatientNotFound.
    """
    if order.patient_id == order.other_id:
        raise SamePatient
    ids = {queries.header(tx, each).patient_id for each in (order.patient_id, order.other_id)}
    if len(ids) == 1:
        raise SamePatient
    first, second = sorted(ids)
    remember_distinct(tx, first, second)
    tx.changed(_of_pair(tx, first, second))
    return DistinctAnswer(first, second)


def _of_pair(tx: Tx, one: UUID, other: UUID) -> Change:
    return Change(Kind.PATIENT, tx.act, ids=((one, one), (other, other)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtAgain(Order):
    """Two people who were called distinct, and may be one after all."""

    patient_id: UUID
    other_id: UUID


@use_case("patient.doubt", needs=Permission.PATIENT_WRITE, answer=DistinctAnswer)
def doubt_again(tx: Tx, order: DoubtAgain) -> DistinctAnswer:
    """Forget that these are two people; a pair that nobody called distinct stays as it is."""
    first, second = sorted((order.patient_id, order.other_id))
    known = distinct_people.c
    tx.write(delete(distinct_people).where(known.patient_id == first, known.other_id == second))
    tx.changed(_of_pair(tx, first, second))
    return DistinctAnswer(first, second)


def remember_distinct(tx: Tx, one: UUID, other: UUID) -> None:
    """Queue that two people have been looked at and are not the same."""
    first, second = sorted((one, other))
    row = {"patient_id": first, "other_id": second, "person": f"u_{tx.actor.username}", "at": tx.now}
    tx.write(insert(distinct_people).on_conflict_do_nothing(), row)
