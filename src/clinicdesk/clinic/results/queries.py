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
from clinicdesk.kit.words import _


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
    """The same, for what composes a history.

    Of a result of another person's no value is shown, but whose it is; one that came says from where.
    """
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
        )
        .join(
            results,
            (results.c.patient_id == observations.c.patient_id) & (results.c.id == observations.c.result_id),
        )
        .where(mine.shows(observations.c.patient_id, observations.c.result_id, gone=True))
        .order_by(observations.c.at.desc(), observations.c.name)
        .limit(limit)
    )
    rows = tx.into(ObservationRow, statement)
    return tuple(_marked(row, mine.marks.get(row.result_id)) for row in rows) if mine.marks else rows


def _marked(row: ObservationRow, mark: Misplaced | None) -> ObservationRow:
    if mark is None:
        return row
    if mark.gone:
        said = _("Pasó a HC {:06d}: {}").format(mark.other_chart, mark.reason)
        return replace(row, value_number=None, value_text=said, unit=None)
    said = _("vino de HC {:06d}").format(mark.other_chart)
    return replace(row, title=f"{row.title} · {said}")
