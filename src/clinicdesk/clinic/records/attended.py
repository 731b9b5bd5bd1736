"""Whom clinics attended: the people of a batch of histories."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.records.model import visits
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class AttendedQuery:
    """Clinics by their codes."""

    clinics: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Which."""
        return " ".join(self.clinics)


@dataclass(frozen=True, slots=True)
class AttendedRow:
    """Somebody with a visit there."""

    patient_id: UUID
    chart_number: int


@dataclass(frozen=True, slots=True)
class Attended:
    """Everybody attended, by chart number. The sealed are counted alone: they are asked for one by one."""

    rows: tuple[AttendedRow, ...]
    sealed: int


@view("history.list", needs=Permission.CHART_COPY, act=True, purpose="COPY")
def attended(tx: Reader, query: AttendedQuery) -> Attended:
    """Whom the clinics ever attended, each person once, under the chart that stands for them."""
    person = func.patient_standing(visits.c.patient_id)
    seen = (
        select(person.label("id"))
        .join(clinics, clinics.c.id == visits.c.clinic_id)
        .where(clinics.c.code.in_(query.clinics))
        .distinct()
        .subquery()
    )
    statement = (
        select(seen.c.id, patients.c.chart_number)
        .outerjoin(patients, (patients.c.patient_id == seen.c.id) & ~patients.c.sealed)
        .order_by(patients.c.chart_number)
    )
    found = tx.rows(statement)
    rows = tuple(AttendedRow(row.id, row.chart_number) for row in found if row.chart_number is not None)
    return Attended(rows, len(found) - len(rows))
