"""Reads of results for the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.records.queries import ChartQuery
from clinicdesk.clinic.results.model import observations, results
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """One observed value, numeric or in words, with the result it belongs to."""

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


@view("result.list", needs=Permission.CHART_READ, chart=True)
def observed(tx: Reader, query: ChartQuery) -> tuple[ObservationRow, ...]:
    """A patient's observations, the latest first."""
    return of_patient(tx, query.patient_id, query.limit)


def of_patient(tx: Reader, patient_id: UUID, limit: int | None = None) -> tuple[ObservationRow, ...]:
    """The same, for what composes a history."""
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
        )
        .join(
            results,
            (results.c.patient_id == observations.c.patient_id) & (results.c.id == observations.c.result_id),
        )
        .where(one_person.of(observations.c.patient_id, patient_id))
        .order_by(observations.c.at.desc(), observations.c.name)
        .limit(limit)
    )
    return tx.into(ObservationRow, statement)
