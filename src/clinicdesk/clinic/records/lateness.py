"""What is entered after it was: its bounds, and the visit of somebody who was attended without a turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.rules import EARLIEST_BIRTH
from clinicdesk.clinic.records.errors import LateReason, RecordBeforeBirth, RecordOutOfTime
from clinicdesk.clinic.records.model import visits
from clinicdesk.clinic.records.plan import Late, is_reason
from clinicdesk.clinic.records.rules import RecordKind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.text import clean_line


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterVisit(Order):
    """Somebody was attended without a turn, at `at`; `reason` is why it is entered only now."""

    patient_id: UUID
    visit_id: UUID = new_row()
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EnteredVisit:
    """The visit, which has ended."""

    patient_id: UUID
    visit_id: UUID
    at: datetime


@use_case("visit.enter", needs=Permission.NOTE_WRITE, answer=EnteredVisit, purpose="TREAT", chart=True)
def enter_visit(tx: Tx, order: EnterVisit) -> EnteredVisit:
    """A visit of one's own, after it: its note is written like any other.

    Raises RecordOutOfTime, RecordBeforeBirth, LateReason.
    """
    demand_good(tx, order.patient_id, Late(order.at, order.reason))
    row = {
        "patient_id": order.patient_id,
        "id": order.visit_id,
        "clinic_id": tx.actor.at.clinic_id,
        "doctor_id": tx.actor.person_id,
        "kind": RecordKind.CONSULTA.value,
        "started_at": order.at,
        "ended_at": order.at,
        "late_reason": clean_line(order.reason),
    }
    tx.write(insert(visits), row)
    return EnteredVisit(order.patient_id, order.visit_id, order.at)


def demand_good(tx: Reader, patient_id: UUID, late: Late | None) -> None:
    """Raises RecordOutOfTime, RecordBeforeBirth for another hour that cannot be; LateReason without a why."""
    if late is None:
        return
    if not is_reason(late.reason):
        raise LateReason
    _demand_time(tx, patient_id, late.at)


def demand_good_record(tx: Reader, patient_id: UUID, at: datetime | None, reason: str | None) -> None:
    """The same of an entry from outside a visit: its hour needs a reason only where it was attended here."""
    if reason is not None and (at is None or not is_reason(reason)):
        raise LateReason
    if at is not None:
        _demand_time(tx, patient_id, at)


def _demand_time(tx: Reader, patient_id: UUID, at: datetime) -> None:
    if at > tx.now or at.date() < EARLIEST_BIRTH:
        raise RecordOutOfTime
    birth = registry.header(tx, patient_id).birth
    if birth is not None and clock.local_day(at, tx.actor.at.zone) < birth:
        raise RecordBeforeBirth(birth=f"{birth:%d/%m/%Y}")
