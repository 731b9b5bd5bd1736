"""Reads of vital signs, whosever chart they were written in; none that turned out to be another person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients.misplaced import VITALS, Misplaced, Whose, whose
from clinicdesk.clinic.records.model import vitals
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class VitalRow:
    """One measured vital sign; `own_chart` and `misplaced` as of entries."""

    at: datetime
    code: str
    name: str
    value: Decimal
    unit: str
    id: UUID
    patient_id: UUID
    system: str = "LOINC"
    own_chart: int | None = None
    misplaced: Misplaced | None = None


@dataclass(frozen=True, slots=True)
class MovedVitals:
    """A measurement that belongs to another person: when it was taken, of how many signs, and the mark."""

    id: UUID
    at: datetime
    count: int
    misplaced: Misplaced


@dataclass(frozen=True, slots=True)
class VitalsQuery:
    """The last values of one vital sign."""

    patient_id: UUID
    code: str
    limit: int = 8


_VITAL: Final = (
    vitals.c.at,
    vitals.c.code,
    vitals.c.name,
    vitals.c.value,
    vitals.c.unit,
    vitals.c.id,
    vitals.c.patient_id,
    vitals.c.system,
)


def _measured(mine: Whose) -> Select[Any]:
    """What was measured of a person, whosever chart it was written in."""
    return select(*_VITAL).where(mine.shows(vitals.c.patient_id, vitals.c.id))


def _into_vitals(tx: Reader, mine: Whose, statement: Select[Any]) -> tuple[VitalRow, ...]:
    return mine.placed(tx.into(VitalRow, statement), lambda row: row.id)


def last_vitals(tx: Reader, mine: Whose) -> tuple[VitalRow, ...]:
    """The last value of each vital sign."""
    last = _measured(mine).ext(distinct_on(vitals.c.code)).order_by(vitals.c.code, vitals.c.at.desc())
    return _into_vitals(tx, mine, last)


def vitals_gone(tx: Reader, mine: Whose) -> tuple[MovedVitals, ...]:
    """The measurements that went to another person, newest first: no value of them."""
    gone = [entry for entry, mark in mine.marks.items() if mark.gone and mark.kind == VITALS]
    if not gone:
        return ()
    of = (one_person.of(vitals.c.patient_id, mine.patient_id), vitals.c.id.in_(gone))
    rows = tx.rows(select(vitals.c.id, vitals.c.at).where(*of).order_by(vitals.c.at.desc(), vitals.c.id))
    taken: dict[tuple[datetime, UUID], list[UUID]] = {}
    for row in rows:
        taken.setdefault((row.at, mine.marks[row.id].act), []).append(row.id)
    return tuple(MovedVitals(ids[0], at, len(ids), mine.marks[ids[0]]) for (at, _act), ids in taken.items())


@view("vital.series", needs=Permission.CHART_READ, chart=True)
def vital_series(tx: Reader, query: VitalsQuery) -> tuple[VitalRow, ...]:
    """The last values of a vital sign, oldest first."""
    mine = whose(tx, query.patient_id)
    statement = (
        _measured(mine)
        .where(vitals.c.code == query.code)
        .order_by(vitals.c.at.desc(), vitals.c.id.desc())
        .limit(query.limit)
    )
    return _into_vitals(tx, mine, statement)[::-1]


def vitals_of(tx: Reader, patient_id: UUID) -> tuple[VitalRow, ...]:
    """Every value ever measured of a person, by sign, oldest first: for what composes a history."""
    mine = whose(tx, patient_id)
    return _into_vitals(tx, mine, _measured(mine).order_by(vitals.c.code, vitals.c.at, vitals.c.id))
