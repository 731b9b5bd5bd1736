"""Taking a cancellation back at the moment: the turn stands again where it stood."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.model import turn_events
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.service import Hop, TurnAnswer, explain_hop, hop
from clinicdesk.clinic.usecases import Tx, use_case
from clinicdesk.kit import clock


@use_case("turn.reinstate", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def reinstate(tx: Tx, order: Hop) -> TurnAnswer:
    """Reopen a cancelled turn and move it on to where it was: confirmed, or waiting with its number.

    Who waited on another day comes back as registrado. Raises SlotTaken where the time is gone.
    """
    stood = _state_before(tx, order)
    back = hop(tx, order, State.REGISTRADO, leaving=(State.CANCELADO,))
    today = back.starts_at.date() == clock.local_day(tx.now, tx.actor.at.zone)
    if stood is State.CONFIRMADO or (stood is State.EN_ESPERA and today):
        return hop(tx, replace(order, seq=back.seq, from_state=back.state), stood)
    return back


def _state_before(tx: Tx, order: Hop) -> State | None:
    """The state that the cancellation left."""
    statement = select(turn_events.c.from_state).where(
        turn_events.c.patient_id == order.patient_id,
        turn_events.c.turn_id == order.turn_id,
        turn_events.c.seq == order.seq,
        turn_events.c.to_state == State.CANCELADO.value,
    )
    found = tx.first(statement)
    return State(found.from_state) if found else None
