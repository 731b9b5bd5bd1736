"""Use cases of admission: who is at the counter, with a turn or without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.admissions import rules
from clinicdesk.clinic.admissions.errors import NotToday
from clinicdesk.clinic.admissions.model import admissions, tickets
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import ReasonNeeded
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.service import TurnAnswer
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case
from clinicdesk.kit import clock

_WALK_IN_MINUTES: Final = 15
# From the agenda, or late: from the room somebody goes back to the queue by `requeue`, with their ticket.
_ARRIVES: Final = (State.REGISTRADO, State.CONFIRMADO, State.AUSENTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkIn(Order):
    """Somebody without a turn who wants to be seen today: born waiting, holds no slot, needs a reason."""

    patient_id: UUID
    turn_id: UUID = new_row()
    admission_id: UUID = new_row()
    doctor_id: int
    reason: str
    triage: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit(turns.Hop):
    """The patient of a turn is at the counter."""

    admission_id: UUID = new_row()


@use_case("admission.walk_in", needs=Permission.TURN_ADMIT, answer=TurnAnswer)
def walk_in(tx: Tx, order: WalkIn) -> TurnAnswer:
    """Admit somebody without a turn: a ticket and a place in the doctor's queue, no slot."""
    if not order.reason.strip():
        raise ReasonNeeded
    turns.living(tx, order.patient_id)
    at = tx.actor.at
    turns.works_here(tx, order.doctor_id)
    place = turns.Place(
        at.clinic_id,
        order.doctor_id,
        None,
        None,
        None,
        "walk_in",
        tx.now,
        tx.now + timedelta(minutes=_WALK_IN_MINUTES),
        at.zone,
    )
    day = clock.local_day(tx.now, at.zone)
    ticket = _ticket(tx, at.clinic_id, day)
    waiting = {"reason": order.reason, "triage": order.triage, "ticket": ticket, "arrived_at": tx.now}
    answer = turns.born(tx, order.patient_id, order.turn_id, place, State.EN_ESPERA, waiting)
    _admission(tx, order.patient_id, order.admission_id, order.turn_id, ticket, day)
    return answer


@use_case("turn.admit", needs=Permission.TURN_ADMIT, answer=TurnAnswer, explain=turns.explain_hop)
def admit(tx: Tx, order: Admit) -> TurnAnswer:
    """The patient has arrived: a ticket, and a place in the doctor's queue. Raises NotToday."""
    at = tx.actor.at
    day = clock.local_day(tx.now, at.zone)
    ticket = _ticket(tx, at.clinic_id, day)
    answer = turns.hop(tx, order, State.EN_ESPERA, {"ticket": ticket, "arrived_at": tx.now}, leaving=_ARRIVES)
    if answer.starts_at.date() != day:
        raise NotToday(day=answer.starts_at.strftime("%d/%m/%Y"))
    _admission(tx, order.patient_id, order.admission_id, order.turn_id, ticket, day)
    return answer


@use_case("turn.unadmit", needs=Permission.TURN_ADMIT, answer=TurnAnswer, explain=turns.explain_hop)
def unadmit(tx: Tx, order: turns.Hop) -> TurnAnswer:
    """Take an admission back; the ticket number stays used. SlotTaken where a late one's time is gone."""
    return turns.hop(tx, order, State.CONFIRMADO, {"arrived_at": None}, leaving=(State.EN_ESPERA,))


def _ticket(tx: Tx, clinic_id: int, day: date) -> str:
    """The next number of the clinic's day: without gaps, since the row stays locked until commit."""
    first = upsert(tickets).values(clinic_id=clinic_id, day=day, last=1)
    statement = first.on_conflict_do_update(
        constraint="tickets_pk", set_={"last": tickets.c.last + 1}
    ).returning(tickets.c.last)
    return rules.ticket_text(tx.run(statement).scalar_one())


def _admission(tx: Tx, patient_id: UUID, admission_id: UUID, turn_id: UUID, ticket: str, day: date) -> None:
    row = {
        "patient_id": patient_id,
        "id": admission_id,
        "turn_id": turn_id,
        "clinic_id": tx.actor.at.clinic_id,
        "at": tx.now,
        "ticket": ticket,
        "day": day,
        "person_id": tx.actor.person_id,
    }
    tx.write(insert(admissions), row)
