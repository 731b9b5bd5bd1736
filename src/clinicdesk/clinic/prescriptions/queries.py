"""Reads of prescriptions for the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.prescriptions.model import prescription_items, prescriptions
from clinicdesk.clinic.records.queries import ChartQuery
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class PrescribedRow:
    """One prescribed item."""

    id: UUID
    text: str
    code: str | None
    state: str
    starts_at: datetime
    ends_at: datetime | None
    doctor: str
    reason: str | None
    dispenses: int | None


@view("prescription.list", needs=Permission.CHART_READ, chart=True)
def prescribed(tx: Reader, query: ChartQuery) -> tuple[PrescribedRow, ...]:
    """Everything prescribed to a patient: what is in force first, then the latest."""
    return of_patient(tx, query.patient_id)


def of_patient(tx: Reader, patient_id: UUID) -> tuple[PrescribedRow, ...]:
    """The same, for what composes a history."""
    items, heads = prescription_items, prescriptions
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
        )
        .join(heads, (heads.c.patient_id == items.c.patient_id) & (heads.c.id == items.c.prescription_id))
        .outerjoin(people, people.c.id == heads.c.doctor_id)
        .where(one_person.of(items.c.patient_id, patient_id))
        .order_by((heads.c.state == "vigente").desc(), heads.c.starts_at.desc(), items.c.id)
    )
    return tx.into(PrescribedRow, statement)
