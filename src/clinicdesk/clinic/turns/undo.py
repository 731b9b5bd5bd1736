"""Taking things back: a cancellation or an absence at the moment, a turn entered by error at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import claims, places, rules
from clinicdesk.clinic.turns.errors import IllegalHop, ReasonNeeded, TurnInCourse, TurnNotFound, UndoneTooLate
from clinicdesk.clinic.turns.model import turn_events, turns
from clinicdesk.clinic.turns.rules import How, State
from clinicdesk.clinic.turns.service import Hop, Step, TurnAnswer, explain_hop, hop, take_step
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit import clock


@use_case("turn.reinstate", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def reinstate(tx: Tx, order: Hop) -> TurnAnswer:
    """Reopen a cancelled turn and move it on to where it was: confirmed, or waiting with its number.

    Who waited on another day comes back as registrado. Raises SlotTaken where the time is gone.
    """
    stood = _state_before(tx, order, State.CANCELADO)
    back = hop(tx, order, State.REGISTRADO, leaving=(State.CANCELADO,))
    today = back.starts_at.date() == clock.local_day(tx.now, tx.actor.at.zone)
    if stood is State.CONFIRMADO or (stood is State.EN_ESPERA and today):
        return hop(tx, replace(order, seq=back.seq, from_state=back.state), stood)
    return back


@use_case("turn.unabsent", needs=Permission.TURN_CALL, answer=TurnAnswer, explain=explain_hop)
def unabsent(tx: Tx, order: Hop) -> TurnAnswer:
    """Undo an absence entered by mistake: the turn stands, and holds its time, as before it.

    On its day alone. Raises UndoneTooLate, IllegalHop; SlotTaken where the time is gone.
    """
    stood = _state_before(tx, order, State.AUSENTE)
    if order.from_state != State.AUSENTE or stood not in rules.UNDOES[State.AUSENTE]:
        raise IllegalHop(from_state=rules.said(order.from_state), to_state=rules.said(stood or "registrado"))
    step = Step(order.seq + 1, order.from_state, stood, How.UNDO, order.reason, back_seq=order.seq - 1)
    answer = take_step(tx, order.patient_id, order.turn_id, step)
    if answer.starts_at.date() != clock.local_day(tx.now, tx.actor.at.zone):
        raise UndoneTooLate(day=answer.starts_at.strftime("%d/%m/%Y"))
    return answer


def _state_before(tx: Tx, order: Hop, left: State) -> State | None:
    """The state that the turn had before it was left in this one."""
    statement = select(turn_events.c.from_state).where(
        turn_events.c.patient_id == order.patient_id,
        turn_events.c.turn_id == order.turn_id,
        turn_events.c.seq == order.seq,
        turn_events.c.to_state == left.value,
    )
    found = tx.first(statement)
    return State(found.from_state) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Order):
    """A turn made by mistake, with the reason."""

    patient_id: UUID
    turn_id: UUID
    reason: str


@use_case("turn.void", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def void(tx: Tx, order: Void) -> TurnAnswer:
    """Mark a turn as entered by error: it stays, with an event, leaves the lists and frees its time.

    Raises TurnInCourse for one who is with the doctor: that visit ends first.
    """
    if not order.reason.strip():
        raise ReasonNeeded
    mine = (turns.c.patient_id == order.patient_id) & (turns.c.id == order.turn_id)
    row = tx.first(select(turns.c.seq, turns.c.state).where(mine, turns.c.voided_reason.is_(None)))
    if row is None:
        raise TurnNotFound
    state = State(row.state)
    if state not in rules.VOIDS:
        raise TurnInCourse
    step = Step(row.seq + 1, state, state, How.VOID, order.reason, asked_by=None)
    answer = take_step(tx, order.patient_id, order.turn_id, step, {"voided_reason": order.reason})
    claims.free(tx, order.turn_id)
    places.free(tx, order.turn_id)
    return answer
