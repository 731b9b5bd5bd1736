"""Moving a turn: the same turn at another time, with another doctor or at another clinic, and its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import claims, offers, places, rules
from clinicdesk.clinic.turns.errors import (
    IllegalHop,
    OtherProcedure,
    SamePlace,
    SlotTaken,
    TurnNotFound,
    TurnPast,
)
from clinicdesk.clinic.turns.model import turn_moves, turns
from clinicdesk.clinic.turns.offers import Offer
from clinicdesk.clinic.turns.rules import How, State
from clinicdesk.clinic.turns.service import (
    Hop,
    Step,
    TurnAnswer,
    demand_living,
    explain_hop,
    living,
    write_step,
)
from clinicdesk.clinic.usecases import Reader, Tx, new_row, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal

_STANDS: Final = (
    turns.c.clinic_id,
    turns.c.doctor_id,
    turns.c.room_id,
    turns.c.procedure_id,
    turns.c.block_id,
    turns.c.starts_at,
    turns.c.ends_at,
    turns.c.zone,
    turns.c.day,
    turns.c.kind,
    turns.c.slots,
    turns.c.ticket,
)
_WAS: Final = ("clinic_id", "doctor_id", "room_id", "block_id", "starts_at", "ends_at", "zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTurn(Hop):
    """A turn as it was seen goes to another slot; it keeps its length."""

    move_id: UUID = new_row()
    slot: str


def _explain(tx: Reader, order: MoveTurn, refusal: Refusal) -> Refusal:
    if isinstance(refusal, SlotTaken):
        return offers.explain_taken(tx, order, refusal)
    return explain_hop(tx, order, refusal)


@use_case("turn.move", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=_explain)
def move(tx: Tx, order: MoveTurn) -> TurnAnswer:
    """The turn stands at the new slot or, refused, whole where it was. Its confirmation stays.

    From any clinic to any clinic. A cancelled one comes back by it. Raises IllegalHop, TurnChanged,
    TurnNotFound, TurnPast, SamePlace, OtherProcedure, and what `offers` refuses.
    """
    to_state = rules.MOVES.get(State(order.from_state)) if order.from_state in list(State) else None
    if to_state is None:
        raise IllegalHop(from_state=rules.said(order.from_state), to_state="otro horario")
    row = _standing(tx, order)
    offer = offers.offered(tx, order.slot, row.slots)
    _demand_movable(tx, row, offer)
    chart = living(tx, order.patient_id, offer.day)
    seq = order.seq + 1
    write_step(
        tx, order.patient_id, order.turn_id, Step(seq, order.from_state, to_state, How.MOVE, order.reason)
    )
    new = offer.resources(chart)
    old = tuple(each for each in (row.doctor_id, row.room_id) if each is not None)
    claims.exchange(tx, order.patient_id, order.turn_id, old, new, offer.during)
    demand_living(tx, order.patient_id)
    _place(tx, order, offer, seq, to_state)
    _count(tx, order, row, offer)
    tx.write(insert(turn_moves), _history(order, row, offer, seq))
    ids = ((order.patient_id, order.turn_id),)
    for clinic_id, day in dict.fromkeys(((row.clinic_id, row.day), (offer.block.clinic_id, offer.day))):
        tx.changed(Change(Kind.TURN, tx.act, clinic_id, day, ids))
    starts_at = clock.local(offer.starts_at, offer.zone)
    return TurnAnswer(order.patient_id, order.turn_id, seq, to_state.value, starts_at, row.ticket)


def _count(tx: Tx, order: MoveTurn, row: Any, offer: Offer) -> None:
    """The day's places follow the turn; within a block's day it keeps the one it has."""
    stays = (row.block_id, row.day, row.kind) == (offer.block.id, offer.day, "booked")
    if stays and State(order.from_state) is not State.CANCELADO:
        for slot in offer.slots:
            places.demand_open(tx, slot)
        return
    places.free(tx, order.turn_id)
    offer.reserve(tx, (order.patient_id, order.turn_id))


def _standing(tx: Tx, order: MoveTurn) -> Any:
    """Where the turn stands. Raises TurnNotFound."""
    mine = (turns.c.patient_id == order.patient_id) & (turns.c.id == order.turn_id)
    row = tx.first(select(*_STANDS).where(mine, turns.c.voided_reason.is_(None)))
    if row is None:
        raise TurnNotFound
    return row


def _demand_movable(tx: Tx, row: Any, offer: Offer) -> None:
    if row.day < clock.local_day(tx.now, row.zone):
        raise TurnPast(day=row.day.strftime("%d/%m/%Y"))
    if (row.doctor_id, row.room_id, row.starts_at) == (
        offer.block.doctor_id,
        offer.block.room_id,
        offer.starts_at,
    ):
        raise SamePlace
    if row.procedure_id is not None and row.procedure_id not in offer.block.procedures:
        raise OtherProcedure


def _place(tx: Tx, order: MoveTurn, offer: Offer, seq: int, to_state: State) -> None:
    standing = {"seq": seq, "state": to_state.value, "state_at": tx.now, "kind": "booked"}
    back = {"cancelled_by": None, "cancelled_late": None}
    mine = (turns.c.patient_id == order.patient_id) & (turns.c.id == order.turn_id)
    moved = update(turns).where(mine).values(offer.place() | standing | back).returning(turns.c.id)
    if tx.first(moved) is None:
        raise TurnNotFound


def _history(order: MoveTurn, row: Any, offer: Offer, seq: int) -> dict[str, Any]:
    since = offer.place()
    return {
        "patient_id": order.patient_id,
        "id": order.move_id,
        "turn_id": order.turn_id,
        "seq": seq,
        **{f"was_{name}": getattr(row, name) for name in _WAS},
        **{name: since[name] for name in _WAS},
    }
