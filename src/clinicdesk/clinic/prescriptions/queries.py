"""Reads of prescriptions for the history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients.misplaced import Misplaced, whose
from clinicdesk.clinic.prescriptions.model import prescription_items, prescriptions
from clinicdesk.clinic.records.queries import ChartQuery
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view

IN_FORCE: Final = "vigente"


@dataclass(frozen=True, slots=True)
class PrescribedRow:
    """One prescribed item; `own_chart` and `misplaced` as of entries.

    Of one that is another person's no more is told than that, and it is in no state.
    """

    id: UUID
    text: str
    code: str | None
    state: str
    starts_at: datetime
    ends_at: datetime | None
    doctor: str
    reason: str | None
    dispenses: int | None
    prescription_id: UUID
    patient_id: UUID
    system: str | None = None
    own_chart: int | None = None
    misplaced: Misplaced | None = None


@view("prescription.list", needs=Permission.CHART_READ, chart=True)
def prescribed(tx: Reader, query: ChartQuery) -> tuple[PrescribedRow, ...]:
    """Everything prescribed to a patient: what is in force first, then the latest."""
    return of_patient(tx, query.patient_id)


def of_patient(tx: Reader, patient_id: UUID) -> tuple[PrescribedRow, ...]:
    """The same, for what composes a history."""
    mine, items, heads = whose(tx, patient_id), prescription_items, prescriptions
    statement = (
        select(
            items.c.id,
            items.c.text,
            items.c.code,
            heads.c.state,
            heads.c.starts_at,
            heads.c.ends_at,
            func.coalesce(people.c.family, ""),
            heads.c.reason,
            items.c.dispenses,
            items.c.prescription_id,
            items.c.patient_id,
            items.c.system,
        )
        .join(heads, (heads.c.patient_id == items.c.patient_id) & (heads.c.id == items.c.prescription_id))
        .outerjoin(people, people.c.id == heads.c.doctor_id)
        .where(mine.shows(items.c.patient_id, items.c.prescription_id, gone=True))
        .order_by((heads.c.state == IN_FORCE).desc(), heads.c.starts_at.desc(), items.c.id)
    )
    rows = mine.placed(tx.into(PrescribedRow, statement), lambda row: row.prescription_id)
    told = map(_without_words, rows)
    return tuple(sorted(told, key=lambda row: row.state != IN_FORCE)) if mine.marks else tuple(told)


def _without_words(row: PrescribedRow) -> PrescribedRow:
    if row.misplaced is None or not row.misplaced.gone:
        return row
    return replace(row, text=row.misplaced.words, code=None, state="", reason=None, dispenses=None)
