"""Finding one's way in an open chart: the entries that words fit, and the history by problem.

The whole chart is looked through, not what was read of it; by its key, so that row policies cost nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients.misplaced import Whose, whose
from clinicdesk.clinic.records import queries
from clinicdesk.clinic.records.finding import Word, understood
from clinicdesk.clinic.records.model import diagnoses, notes, records
from clinicdesk.clinic.records.queries import EntryRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock

_PAGE: Final = 200
_DOCTOR: Final[ColumnElement[str]] = func.coalesce(
    people.c.family + ", " + people.c.given, records.c.doctor_name, ""
)


@dataclass(frozen=True, slots=True)
class FindQuery:
    """The entries of an open chart that all the words fit, and everything else that is asked.

    A word begins a word of what the entry says (kind, title, doctor, clinic or institution, diagnoses, notes,
    attributes) or a code; `2025`, `3/2025`, `16/10/26` are its date. `problem` is catalogue and code,
    `doctor` a name as the entries show it, `days` the first and the last. `before` goes on after a page;
    `oldest` begins at the other end.
    """

    patient_id: UUID
    words: str = ""
    problem: tuple[str, str] | None = None
    kind: str = ""
    doctor: str = ""
    days: tuple[date, date] | None = None
    oldest: bool = False
    before: tuple[datetime, UUID] | None = None
    limit: int = _PAGE


@dataclass(frozen=True, slots=True)
class FoundEntries:
    """A page of what fits, newest first, and how many fit in all."""

    entries: tuple[EntryRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One diagnosis of a history by catalogue and code, in its latest words; open until it abated."""

    system: str
    code: str
    text: str
    entries: int
    first_at: datetime
    last_at: datetime
    is_open: bool
    chronic: bool


@dataclass(frozen=True, slots=True)
class ProblemsQuery:
    """The problems of an open chart."""

    patient_id: UUID


@view("chart.find", needs=Permission.CHART_READ, chart=True)
def find_entries(tx: Reader, query: FindQuery) -> FoundEntries:
    """The entries that fit, out of the whole chart."""
    mine = whose(tx, query.patient_id)
    found = [(row.at, row.id) for row in tx.rows(_matching(tx, mine, query, records.c.at, records.c.id))]
    if query.oldest:
        found.reverse()
    left = found if query.before is None else [each for each in found if _is_past(each, query)]
    entries = queries.entries_by_id(tx, mine, [row_id for _at, row_id in left[: query.limit]])
    return FoundEntries(entries[::-1] if query.oldest else entries, len(found))


def _is_past(each: tuple[datetime, UUID], query: FindQuery) -> bool:
    assert query.before is not None  # noqa: S101 - asked only of a page after another
    return each > query.before if query.oldest else each < query.before


def _matching(tx: Reader, mine: Whose, query: FindQuery, *columns: Any) -> Any:
    """Columns of the entries that fit, newest first."""
    fits = and_(
        true(),
        *(_fits(tx, mine, word) for word in understood(query.words)),
        *_states(mine, query),
        *_asked(tx, query),
    )
    return queries.entries_of(mine).where(fits).with_only_columns(*columns)


def _asked(tx: Reader, query: FindQuery) -> Iterator[ColumnElement[bool]]:
    """What was chosen, besides words and problem."""
    if query.kind:
        yield records.c.kind == query.kind
    if query.doctor:
        yield _DOCTOR.in_((query.doctor,))
    if query.days is not None:
        yield _within(tx, *query.days)


def _within(tx: Reader, first: date, last: date) -> ColumnElement[bool]:
    zone = tx.actor.at.zone
    return and_(
        records.c.at >= clock.day_bounds(first, zone)[0], records.c.at < clock.day_bounds(last, zone)[1]
    )


@dataclass(frozen=True, slots=True)
class Facets:
    """What the entries of a query may be narrowed by still, each with how many they are, the most first.

    `years` go from the last one back; a problem is (catalogue, code), with its latest words.
    """

    kinds: tuple[tuple[str, int], ...]
    doctors: tuple[tuple[str, int], ...]
    years: tuple[tuple[int, int], ...]
    problems: tuple[tuple[tuple[str, str], str, int], ...]


@view("chart.facets", needs=Permission.CHART_READ, chart=True)
def facets(tx: Reader, query: FindQuery) -> Facets:
    """By what the entries that fit differ, out of the whole chart."""
    mine = whose(tx, query.patient_id)
    columns = (records.c.id, records.c.kind, _DOCTOR.label("doctor"), records.c.at)
    rows = tx.rows(_matching(tx, mine, query, *columns))
    years = Counter(clock.local_day(row.at, tx.actor.at.zone).year for row in rows)
    return Facets(
        tuple(Counter(row.kind for row in rows).most_common()),
        tuple(Counter(row.doctor for row in rows if row.doctor).most_common()),
        tuple(sorted(years.items(), reverse=True)),
        _problems_of(tx, mine, {row.id for row in rows}),
    )


def _problems_of(tx: Reader, mine: Whose, ids: set[UUID]) -> tuple[tuple[tuple[str, str], str, int], ...]:
    of = diagnoses.c
    statement = (
        select(of.system, of.code, of.text, of.record_id)
        .where(mine.shows(of.patient_id, of.record_id), of.record_id.is_not(None))
        .order_by(of.id)
    )
    rows = [row for row in tx.rows(statement) if row.record_id in ids]
    texts = {(row.system, row.code): row.text for row in rows}
    counted = Counter(
        (system, code) for system, code, _entry in {(r.system, r.code, r.record_id) for r in rows}
    )
    return tuple((key, texts[key], count) for key, count in counted.most_common())


def _states(mine: Whose, query: FindQuery) -> tuple[ColumnElement[bool], ...]:
    if query.problem is None:
        return ()
    system, code = query.problem
    stated = _stated(mine, and_(diagnoses.c.system == system, diagnoses.c.code == code))
    return (records.c.id.in_(stated),)


def _fits(tx: Reader, mine: Whose, word: Word) -> ColumnElement[bool]:
    """That an entry has a word; of one that belongs to another person, what this chart shows of it alone."""
    if word.days is not None:
        return _within(tx, *word.days)
    seen = (
        records.c.kind,
        people.c.family,
        people.c.given,
        func.coalesce(clinics.c.name, records.c.institution),
    )
    own = (records.c.title, cast(records.c.attributes, Text))
    kept = records.c.id.not_in([entry for entry, mark in mine.marks.items() if mark.gone])
    said = or_(diagnoses.c.text.regexp_match(word.pattern, "i"), _has_code(word))
    return or_(
        *(each.regexp_match(word.pattern, "i") for each in seen),
        and_(kept, or_(*(each.regexp_match(word.pattern, "i") for each in own))),
        records.c.id.in_(_stated(mine, said)),
        records.c.id.in_(_written(mine, word)),
    )


def _has_code(word: Word) -> ColumnElement[bool]:
    if not word.code:
        return false()
    return func.starts_with(func.replace(func.upper(diagnoses.c.code), ".", ""), word.code)


def _stated(mine: Whose, condition: ColumnElement[bool]) -> Any:
    """The entries with such a diagnosis."""
    return select(diagnoses.c.record_id).where(
        mine.shows(diagnoses.c.patient_id, diagnoses.c.record_id),
        diagnoses.c.record_id.is_not(None),
        condition,
    )


def _written(mine: Whose, word: Word) -> Any:
    """The entries whose signed notes have the word."""
    return select(notes.c.record_id).where(
        mine.shows(notes.c.patient_id, notes.c.record_id), notes.c.text.regexp_match(word.pattern, "i")
    )


@view("chart.problems", needs=Permission.CHART_READ, chart=True)
def problems(tx: Reader, query: ProblemsQuery) -> tuple[ProblemRow, ...]:
    """Every problem the history states: what is open first, then the latest."""
    mine = whose(tx, query.patient_id)
    latest = aggregate_order_by(diagnoses.c.text, records.c.at.desc(), diagnoses.c.id.desc())
    ended = aggregate_order_by(diagnoses.c.abated.is_(None), records.c.at.desc(), diagnoses.c.id.desc())
    last_at = func.max(records.c.at)
    is_open = func.array_agg(ended)[1]
    statement = (
        select(
            diagnoses.c.system,
            diagnoses.c.code,
            func.array_agg(latest)[1],
            func.count(records.c.id.distinct()),
            func.min(records.c.at),
            last_at,
            is_open,
            func.bool_or(diagnoses.c.chronic),
        )
        .join(
            records,
            (records.c.patient_id == diagnoses.c.patient_id) & (records.c.id == diagnoses.c.record_id),
        )
        .where(mine.shows(diagnoses.c.patient_id, diagnoses.c.record_id))
        .group_by(diagnoses.c.system, diagnoses.c.code)
        .order_by(is_open.desc(), last_at.desc(), diagnoses.c.code)
    )
    return tx.into(ProblemRow, statement)
