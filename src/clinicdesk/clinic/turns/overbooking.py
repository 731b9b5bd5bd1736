"""Overbooks: a turn more at an hour that is given, counted against the block's limit of the day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from clinicdesk.clinic.agendas.rules import OVERBOOK
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import claims, offers, places
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.service import TurnAnswer, born, living, place_of
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case

# What the table of counted places holds at most.
_MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overbook(Order):
    """One more patient at a slot's hour, whoever holds it."""

    patient_id: UUID
    turn_id: UUID = new_row()
    slot: str
    reason: str | None = None
    # The turns to come of the same procedure that were shown before saying that another one is meant.
    acknowledged: tuple[UUID, ...] = field(default=(), metadata={"made": True})


@use_case("turn.overbook", needs=Permission.TURN_OVERBOOK, answer=TurnAnswer, explain=offers.explain_taken)
def overbook(tx: Tx, order: Overbook) -> TurnAnswer:
    """Up to the block's limit of the day, never where the block is not worked.

    Raises OverbookLimit, BlockClosed, PatientBusy, AlreadyBooked, and what `offers` refuses.
    """
    offer = offers.offered(tx, order.slot, begun=True)
    return _given(tx, order, offer, offer.block.overbooks)


@use_case(
    "turn.overbook_beyond",
    needs=Permission.TURN_OVERBOOK_BEYOND,
    answer=TurnAnswer,
    explain=offers.explain_taken,
)
def overbook_beyond(tx: Tx, order: Overbook) -> TurnAnswer:
    """The same beyond the block's limit, on management's word. Raises as `overbook` does."""
    return _given(tx, order, offers.offered(tx, order.slot, begun=True), _MOST)


def _given(tx: Tx, order: Overbook, offer: offers.Offer, most: int) -> TurnAnswer:
    chart = living(tx, order.patient_id, offer.day)
    offers.demand_unbooked(tx, order.patient_id, offer.block.procedure_id, order.acknowledged)
    # The patient is in one place at a time; doctor and room are shared, by order of arrival the patient too.
    resources = () if offer.by_arrival else (-chart,)
    claims.take(tx, order.patient_id, order.turn_id, resources, offer.during)
    places.demand_open(tx, offer.slots[0])
    places.take(tx, offer.block, offer.day, OVERBOOK, most, (order.patient_id, order.turn_id))
    said = {"reason": order.reason}
    return born(tx, order.patient_id, order.turn_id, place_of(offer, "overbook"), State.REGISTRADO, said)
