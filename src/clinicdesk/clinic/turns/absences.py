"""Taking an absence back: the turn stands again where it stood, while its time is still free."""

from __future__ import annotations

from sqlalchemy import select

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.model import turn_events
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.service import Hop, TurnAnswer, explain_hop, hop
from clinicdesk.clinic.usecases import Tx, use_case


@use_case("turn.unabsent", needs=Permission.TURN_CALL, answer=TurnAnswer, explain=explain_hop)
def unabsent(tx: Tx, order: Hop) -> TurnAnswer:
    """Back to registrado or confirmado. Raises SlotTaken where the time is another's by now."""
    return back(tx, order)


def back(tx: Tx, order: Hop) -> TurnAnswer:
    """The same for use cases of other slices, in their own transaction."""
    statement = select(turn_events.c.from_state).where(
        turn_events.c.patient_id == order.patient_id,
        turn_events.c.turn_id == order.turn_id,
        turn_events.c.seq == order.seq,
        turn_events.c.to_state == State.AUSENTE.value,
    )
    found = tx.first(statement)
    stood = State(found.from_state) if found else State.REGISTRADO
    return hop(tx, order, stood, leaving=(State.AUSENTE,))
