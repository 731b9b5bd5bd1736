"""Triage and the queues: a level given, given again, and a patient moved to another doctor's queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.admissions.errors import BadTriage, SameQueue, TransferLate, TriageChanged
from clinicdesk.clinic.admissions.model import transfers, triage_events
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import triage as sites
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import waiting
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveLevel(Order):
    """A level of triage for somebody who is here, seen at the level `seen`; `reason` is the discriminator."""

    patient_id: UUID
    turn_id: UUID
    event_id: UUID = new_row()
    level: int
    reason: str | None = None
    seen: int | None = field(default=None, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class TriageAnswer:
    """The level that a turn has now, and the one before it."""

    patient_id: UUID
    turn_id: UUID
    level: int
    before: int | None


@use_case("turn.triage", needs=Permission.TRIAGE, answer=TriageAnswer, purpose="TREAT")
def give_level(tx: Tx, order: GiveLevel) -> TriageAnswer:
    """Give a level, or another one: each is an event of its own. Raises BadTriage, TriageChanged."""
    used = {each.level for each in sites.levels_at(tx, tx.actor.at.clinic_id) if each.in_use}
    if order.level not in used:
        raise BadTriage
    if not waiting.put_level(tx, order.patient_id, order.turn_id, order.level, order.seen):
        raise TriageChanged
    mine = (triage_events.c.patient_id == order.patient_id) & (triage_events.c.turn_id == order.turn_id)
    last = tx.run(select(func.coalesce(func.max(triage_events.c.seq), 0)).where(mine)).scalar_one()
    _event(tx, order.patient_id, order.event_id, order.turn_id, last + 1, order.level, order.reason)
    return TriageAnswer(order.patient_id, order.turn_id, order.level, order.seen)


def first(tx: Tx, patient_id: UUID, event_id: UUID, turn_id: UUID, level: int) -> None:
    """The level that the counter gave on arrival."""
    _event(tx, patient_id, event_id, turn_id, 1, level, None)


def _event(
    tx: Tx, patient_id: UUID, event_id: UUID, turn_id: UUID, seq: int, level: int, reason: str | None
) -> None:
    row = {
        "patient_id": patient_id,
        "id": event_id,
        "turn_id": turn_id,
        "seq": seq,
        "level": level,
        "reason": _said(reason),
    }
    tx.write(insert(triage_events), row | _whose(tx))


def _said(reason: str | None) -> str | None:
    return (reason or "").strip() or None


def _whose(tx: Tx) -> dict[str, Any]:
    return {"at": tx.now, "person_id": tx.actor.person_id, "act": tx.act}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Order):
    """Who waits for one doctor (`seen`; None: for a service) goes to another one's queue.

    In the place that their arrival gives.
    """

    patient_id: UUID
    turn_id: UUID
    transfer_id: UUID = new_row()
    doctor_id: int
    seen: int | None = field(metadata={"made": True})
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    """Whose queue the turn is in now, and whose it left."""

    patient_id: UUID
    turn_id: UUID
    doctor_id: int
    before: int | None
    doctor: str


@use_case("turn.transfer", needs=Permission.TURN_CALL, answer=TransferAnswer)
def transfer(tx: Tx, order: Transfer) -> TransferAnswer:
    """Move somebody to another doctor's queue; the time booked with the first one stays theirs until the end.

    Raises DoctorNotFound, SameQueue, TransferLate.
    """
    turns.works_here(tx, order.doctor_id)
    if order.doctor_id == order.seen:
        raise SameQueue
    if not waiting.put_doctor(tx, order.patient_id, order.turn_id, order.doctor_id, order.seen):
        raise TransferLate
    row = {
        "patient_id": order.patient_id,
        "id": order.transfer_id,
        "turn_id": order.turn_id,
        "from_doctor_id": order.seen,
        "to_doctor_id": order.doctor_id,
        "reason": _said(order.reason),
    }
    tx.write(insert(transfers), row | _whose(tx))
    doctor = tx.run(select(people.c.family).where(people.c.id == order.doctor_id)).scalar_one()
    return TransferAnswer(order.patient_id, order.turn_id, order.doctor_id, order.seen, doctor)


def is_elsewhere(tx: Tx, patient_id: UUID, turn_id: UUID) -> bool:
    """Whether a turn stands in another queue than the one it came to."""
    statement = (
        select(transfers.c.from_doctor_id, transfers.c.to_doctor_id)
        .where(transfers.c.patient_id == patient_id, transfers.c.turn_id == turn_id)
        .order_by(transfers.c.at, transfers.c.id)
    )
    rows = tx.rows(statement)
    return bool(rows) and rows[0].from_doctor_id != rows[-1].to_doctor_id
