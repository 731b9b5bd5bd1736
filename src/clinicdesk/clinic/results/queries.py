"""Reads of results for the history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.patients.misplaced import Misplaced, whose
from clinicdesk.clinic.records.queries import ChartQuery
from clinicdesk.clinic.results.model import observations, results
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """One observed value, numeric or in words, with the result it belongs to.

    `own_chart` and `misplaced` as of entries.
    """

    id: UUID
    result_id: UUID
    title: str
    category: str
    at: datetime
    code: str
    name: str
    value_number: Decimal | None
    value_text: str | None
    unit: str | None
    patient_id: UUID
    system: str = "LOINC"
    own_chart: int | None = None
    misplaced: Misplaced | None = None


@view("result.list", needs=Permission.CHART_READ, chart=True)
def observed(tx: Reader, query: ChartQuery) -> tuple[ObservationRow, ...]:
    """A patient's observations, the latest first."""
    return of_patient(tx, query.patient_id, query.limit)


def of_patient(tx: Reader, patient_id: UUID, limit: int | None = None) -> tuple[ObservationRow, ...]:
    """The same, for what composes a history. Of a result of another person's only that is shown."""
    mine = whose(tx, patient_id)
    statement = (
        select(
            observations.c.id,
            observations.c.result_id,
            results.c.title,
            results.c.category,
            observations.c.at,
            observations.c.code,
            observations.c.name,
            observations.c.value_number,
            observations.c.value_text,
            observations.c.unit,
            observations.c.patient_id,
            observations.c.system,
        )
        .join(
            results,
            (results.c.patient_id == observations.c.patient_id) & (results.c.id == observations.c.result_id),
        )
        .where(mine.shows(observations.c.patient_id, observations.c.result_id, gone=True))
        .order_by(observations.c.at.desc(), observations.c.name)
        .limit(limit)
    )
    rows = mine.placed(tx.into(ObservationRow, statement), lambda row: row.result_id)
    return tuple(map(_without_value, rows))


def _without_value(row: ObservationRow) -> ObservationRow:
    if row.misplaced is None or not row.misplaced.gone:
        return row
    return replace(row, value_number=None, value_text=row.misplaced.words, unit=None)
