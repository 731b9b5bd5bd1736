"""Use cases of turns: book, call, hop from state to state."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from psycopg.types.range import Range
from sqlalchemy import Update, bindparam, func, insert, select, update

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission, Role
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.errors import DoctorNotFound
from clinicdesk.clinic.turns import claims, places, queries, rules, slots
from clinicdesk.clinic.turns.errors import (
    IllegalHop,
    PatientBusy,
    PatientDeceased,
    ReasonNeeded,
    SlotPast,
    SlotTaken,
    TurnChanged,
    TurnNotFound,
)
from clinicdesk.clinic.turns.model import bookings, turn_events, turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal


@dataclass(frozen=True, slots=True)
class TurnAnswer:
    """The turn after the act. `starts_at` carries the clinic's offset."""

    patient_id: UUID
    id: UUID
    seq: int
    state: str
    starts_at: datetime
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTurn(Order):
    """A turn in a free slot (`slot` as `turn slots` names it)."""

    patient_id: UUID
    turn_id: UUID = new_row()
    slot: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop(Order):
    """A turn moves on, as seen at `seq` in `from_state`."""

    patient_id: UUID
    turn_id: UUID
    # What was seen, not what is said: sent again after a look, the order is still the same one.
    seq: int = field(metadata={"made": True})
    from_state: str = field(metadata={"made": True})
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a new turn stands."""

    clinic_id: int
    doctor_id: int
    room_id: int | None
    procedure_id: int | None
    block_id: int | None
    kind: str
    starts_at: datetime
    ends_at: datetime
    zone: str


def _explain_taken(tx: Reader, order: BookTurn, refusal: Refusal) -> Refusal:
    """Who holds the slot: the database said only that somebody does."""
    if not isinstance(refusal, SlotTaken):
        return refusal
    slot = agendas.slot(tx, order.slot)
    shown = slot.wall_start.strftime("%H:%M")
    chart = people_cared_for.header(tx, order.patient_id).chart_number
    during = func.tstzrange(slot.starts_at, slot.ends_at)
    statement = (
        select(people.c.family.label("doctor"))
        .join(turns, turns.c.doctor_id == people.c.id)
        .join(bookings, (turns.c.patient_id == bookings.c.patient_id) & (turns.c.id == bookings.c.turn_id))
        .where(
            bookings.c.resource == func.int8range(-chart, -chart, "[]"),
            bookings.c.active,
            bookings.c.during.op("&&")(during),
        )
    )
    if elsewhere := tx.first(statement):
        return PatientBusy(time=shown, who=elsewhere.doctor)
    return SlotTaken(time=shown, who=slots.holder_of(tx, slot))


@use_case("turn.book", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=_explain_taken)
def book_turn(tx: Tx, order: BookTurn) -> TurnAnswer:
    """Claim doctor, room and patient for the slot's time, or a place of a day by order of arrival.

    Raises SlotTaken, PatientBusy, SlotNotFound, SlotPast, BlockClosed, BlockFull, QuotaFull.
    """
    slot = agendas.slot(tx, order.slot)
    block = slot.block
    by_arrival = block.capacity is not None
    if (slot.ends_at if by_arrival else slot.starts_at) < tx.now:
        raise SlotPast(time=slot.wall_start.strftime("%d/%m %H:%M"))
    zone = sites.zone_of(tx, slot.block.clinic_id)
    chart = living(tx, order.patient_id)
    place = Place(
        block.clinic_id,
        block.doctor_id,
        block.room_id,
        block.procedure_id,
        block.id,
        "booked",
        slot.starts_at,
        slot.ends_at,
        zone,
    )
    # By order of arrival nobody has an hour: a counted place of the day, and no claim on anybody's time.
    resources = () if by_arrival else (block.doctor_id, block.room_id, -chart)
    during = Range(slot.starts_at, slot.ends_at, "[)")
    claims.take(tx, order.patient_id, order.turn_id, resources, during)
    places.reserve(tx, slot, (order.patient_id, order.turn_id))
    return born(tx, order.patient_id, order.turn_id, place, State.REGISTRADO, {"reason": order.reason})


def living(tx: Tx, patient_id: UUID) -> int:
    """The chart number of a living patient. Raises PatientNotFound, PatientDeceased."""
    row = tx.first(
        select(patients.c.chart_number, patients.c.deceased_on).where(patients.c.patient_id == patient_id)
    )
    if row is None:
        # Sealed, and hidden from who gives the turn: who it is is enough to expect them.
        return people_cared_for.header(tx, patient_id).chart_number
    if row.deceased_on is not None:
        raise PatientDeceased(day=row.deceased_on.strftime("%d/%m/%Y"))
    return int(row.chart_number)


def works_here(tx: Tx, doctor_id: int) -> None:
    """Raises DoctorNotFound unless the person is a doctor of the actor's clinic."""
    statement = select(clinic_roles.c.person_id).where(
        clinic_roles.c.person_id == doctor_id,
        clinic_roles.c.clinic_id == tx.actor.at.clinic_id,
        clinic_roles.c.role == Role.MEDICO.value,
    )
    if tx.first(statement) is None:
        raise DoctorNotFound(doctor=doctor_id)


def born(
    tx: Tx, patient_id: UUID, turn_id: UUID, place: Place, state: State, more: Mapping[str, Any]
) -> TurnAnswer:
    """A new turn in its first state, with what its row knows besides; for use cases of other slices too."""
    _event(tx, patient_id, turn_id, 1, "", state, None)
    wall = clock.local(place.starts_at, place.zone)
    row = {
        "patient_id": patient_id,
        "id": turn_id,
        "seq": 1,
        "state": state.value,
        "state_at": tx.now,
        "wall_start": wall.replace(tzinfo=None),
        "day": wall.date(),
        **{name: getattr(place, name) for name in place.__slots__},
        **more,
    }
    tx.write(insert(turns), row)
    tx.changed(Change(Kind.TURN, tx.act, place.clinic_id, wall.date(), ((patient_id, turn_id),)))
    return TurnAnswer(patient_id, turn_id, 1, state.value, wall, more.get("ticket"))


def _event(
    tx: Tx, patient_id: UUID, turn_id: UUID, seq: int, from_state: str, to_state: State, reason: str | None
) -> None:
    row = {
        "patient_id": patient_id,
        "turn_id": turn_id,
        "seq": seq,
        "prev_seq": seq - 1 or None,
        "from_state": from_state,
        "to_state": to_state.value,
        "at": tx.now,
        "person_id": tx.actor.person_id,
        "reason": reason,
        "act": tx.act,
    }
    tx.write(insert(turn_events), row)


_MOVED: Final = (
    turns.c.id,
    turns.c.clinic_id,
    turns.c.doctor_id,
    turns.c.room_id,
    turns.c.starts_at,
    turns.c.ends_at,
    turns.c.zone,
    turns.c.day,
    turns.c.kind,
    turns.c.ticket,
)


@cache
def _move(more: tuple[str, ...]) -> Update:
    """The UPDATE of a hop, built once for each set of columns: it is the desk's busiest statement."""
    written = ("seq", "state", "state_at", *more)
    return (
        update(turns)
        .where(
            turns.c.patient_id == bindparam("of_patient"),
            turns.c.id == bindparam("of_turn"),
            turns.c.clinic_id == bindparam("of_clinic"),
            turns.c.voided_reason.is_(None),
        )
        .values({name: bindparam(name) for name in written})
        .returning(*_MOVED)
    )


def hop(
    tx: Tx,
    order: Hop,
    to_state: State,
    values: Mapping[str, Any] | None = None,
    *,
    leaving: Container[str] = tuple(State),
) -> TurnAnswer:
    """Move a turn of this clinic one state on, with its claims; `leaving`: where this verb may begin.

    Raises IllegalHop, TurnChanged, TurnNotFound, ReasonNeeded; SlotTaken where a reopened turn's
    time is gone. Other slices' use cases call this inside their own transaction.
    """
    if order.from_state not in leaving or not _known_hop(order.from_state, to_state):
        raise IllegalHop(from_state=rules.said(order.from_state), to_state=rules.said(to_state))
    if to_state in rules.NEEDS_REASON and not (order.reason or "").strip():
        raise ReasonNeeded
    seq = order.seq + 1
    _event(tx, order.patient_id, order.turn_id, seq, order.from_state, to_state, order.reason)
    more = dict(values or {})
    keys = {
        "of_patient": order.patient_id,
        "of_turn": order.turn_id,
        "of_clinic": tx.actor.at.clinic_id,
        "seq": seq,
        "state": to_state.value,
        "state_at": tx.now,
    }
    row = tx.first(_move(tuple(more)), keys | more)
    if row is None:
        raise TurnNotFound
    claims.follow(tx, row, State(order.from_state), to_state)
    tx.changed(Change(Kind.TURN, tx.act, row.clinic_id, row.day, ((order.patient_id, order.turn_id),)))
    starts_at = clock.local(row.starts_at, row.zone)
    return TurnAnswer(order.patient_id, order.turn_id, seq, to_state.value, starts_at, row.ticket)


def _known_hop(from_state: str, to_state: State) -> bool:
    return from_state in list(State) and rules.may_hop(State(from_state), to_state)


def explain_hop(tx: Reader, order: Hop, refusal: Refusal) -> Refusal:
    """A turn that somebody else moved says where it stands now."""
    found = queries.by_ids(tx, ((order.patient_id, order.turn_id),))
    if not found:
        return TurnNotFound()
    now = found[0]
    if isinstance(refusal, TurnChanged):
        return TurnChanged(state=rules.said(now.state), row=now)
    if isinstance(refusal, SlotTaken):
        return SlotTaken(time=now.wall_start.strftime("%H:%M"), who="")
    return refusal


@use_case("turn.confirm", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def confirm(tx: Tx, order: Hop) -> TurnAnswer:
    """The patient says they will come."""
    return hop(tx, order, State.CONFIRMADO, leaving=(State.REGISTRADO,))


@use_case("turn.unconfirm", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def unconfirm(tx: Tx, order: Hop) -> TurnAnswer:
    """Take a confirmation back."""
    return hop(tx, order, State.REGISTRADO, leaving=(State.CONFIRMADO,))


@use_case("turn.cancel", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def cancel(tx: Tx, order: Hop) -> TurnAnswer:
    """The turn will not happen; its time is free again."""
    return hop(tx, order, State.CANCELADO)


@use_case("turn.reopen", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=explain_hop)
def reopen(tx: Tx, order: Hop) -> TurnAnswer:
    """Take a cancellation back while the time is still free."""
    return hop(tx, order, State.REGISTRADO, leaving=(State.CANCELADO,))


@use_case("turn.absent", needs=Permission.TURN_CALL, answer=TurnAnswer, explain=explain_hop)
def absent(tx: Tx, order: Hop) -> TurnAnswer:
    """The patient did not come; their time is free again."""
    return hop(tx, order, State.AUSENTE)


@use_case("turn.requeue", needs=Permission.TURN_ATTEND, answer=TurnAnswer, explain=explain_hop)
def requeue(tx: Tx, order: Hop) -> TurnAnswer:
    """Back to the queue, in the place the arrival gave."""
    return hop(tx, order, State.EN_ESPERA, leaving=(State.EN_CURSO,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Order):
    """Call a waiting patient to the room, once more if need be."""

    patient_id: UUID
    turn_id: UUID


@use_case("turn.call", needs=Permission.TURN_CALL, answer=TurnAnswer)
def call(tx: Tx, order: Call) -> TurnAnswer:
    """Count the call and show it on every board; the state stays."""
    statement = (
        update(turns)
        .where(
            turns.c.patient_id == order.patient_id,
            turns.c.id == order.turn_id,
            turns.c.clinic_id == tx.actor.at.clinic_id,
            turns.c.state.in_([State.EN_ESPERA.value, State.EN_CURSO.value]),
            turns.c.voided_reason.is_(None),
        )
        .values(calls=turns.c.calls + 1, called_at=tx.now)
        .returning(*_MOVED, turns.c.seq, turns.c.state)
    )
    row = tx.first(statement)
    if row is None:
        raise TurnNotFound
    tx.changed(Change(Kind.TURN, tx.act, row.clinic_id, row.day, ((order.patient_id, order.turn_id),)))
    return TurnAnswer(
        order.patient_id, order.turn_id, row.seq, row.state, clock.local(row.starts_at, row.zone), row.ticket
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Order):
    """A turn made by mistake, with the reason."""

    patient_id: UUID
    turn_id: UUID
    reason: str


@use_case("turn.void", needs=Permission.TURN_BOOK, answer=TurnAnswer)
def void(tx: Tx, order: Void) -> TurnAnswer:
    """Mark a turn as entered by error: it stays, is left out of lists and frees its time."""
    if not order.reason.strip():
        raise ReasonNeeded
    statement = (
        update(turns)
        .where(
            turns.c.patient_id == order.patient_id,
            turns.c.id == order.turn_id,
            turns.c.clinic_id == tx.actor.at.clinic_id,
            turns.c.voided_reason.is_(None),
        )
        .values(voided_reason=order.reason)
        .returning(*_MOVED, turns.c.seq, turns.c.state)
    )
    row = tx.first(statement)
    if row is None:
        raise TurnNotFound
    claims.free(tx, order.turn_id)
    places.free(tx, order.turn_id)
    tx.changed(Change(Kind.TURN, tx.act, row.clinic_id, row.day, ((order.patient_id, order.turn_id),)))
    return TurnAnswer(
        order.patient_id, order.turn_id, row.seq, row.state, clock.local(row.starts_at, row.zone), row.ticket
    )
