"""Finding one's way in an open chart: the entries that words fit, and the history by problem.

The whole chart is looked through, not what was read of it; by its key, so that row policies cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class FindQuery:
    """The entries of an open chart that all the words fit, or that state a problem (catalogue and code).

    A word begins a word of what the entry says (kind, title, doctor, clinic or institution, diagnoses, notes,
    attributes) or a code; `2025`, `3/2025`, `16/10/26` are its date. `before` goes on after a page.
    """

    patient_id: UUID
    words: str = ""
    problem: tuple[str, str] | None = None
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
    fits = and_(true(), *(_fits(tx, mine, word) for word in understood(query.words)), *_states(mine, query))
    found = [
        (row.at, row.id)
        for row in tx.rows(queries.entries_of(mine).where(fits).with_only_columns(records.c.at, records.c.id))
    ]
    left = [row_id for at, row_id in found if query.before is None or (at, row_id) < query.before]
    return FoundEntries(queries.entries_by_id(tx, mine, left[: query.limit]), len(found))


def _states(mine: Whose, query: FindQuery) -> tuple[ColumnElement[bool], ...]:
    if query.problem is None:
        return ()
    system, code = query.problem
    stated = _stated(mine, and_(diagnoses.c.system == system, diagnoses.c.code == code))
    return (records.c.id.in_(stated),)


def _fits(tx: Reader, mine: Whose, word: Word) -> ColumnElement[bool]:
    """That an entry has a word; of one that belongs to another person, what this chart shows of it alone."""
    if word.days is not None:
        first, last = word.days
        start = clock.day_bounds(first, tx.actor.at.zone)[0]
        return and_(records.c.at >= start, records.c.at < clock.day_bounds(last, tx.actor.at.zone)[1])
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
