"""Use cases of turns: book, call, hop from state to state."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Date, Update, bindparam, func, insert, or_, select, update

from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission, Role
from clinicdesk.clinic.sites.errors import DoctorNotFound
from clinicdesk.clinic.turns import claims, offers, queries, rules
from clinicdesk.clinic.turns.errors import (
    BeforeBirth,
    IllegalHop,
    PatientDeceased,
    ReasonNeeded,
    SlotTaken,
    TurnChanged,
    TurnNotFound,
)
from clinicdesk.clinic.turns.model import turn_events, turns
from clinicdesk.clinic.turns.offers import Offer
from clinicdesk.clinic.turns.rules import Asker, How, State
from clinicdesk.clinic.turns.services import seen_for
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
    # How many neighbouring slots the turn takes.
    length: int = 1
    # The turns to come of the same procedure that were shown before saying that another one is meant.
    acknowledged: tuple[UUID, ...] = field(default=(), metadata={"made": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop(Order):
    """A turn moves on, as seen at `seq` in `from_state`."""

    patient_id: UUID
    turn_id: UUID
    # What was seen, not what is said: sent again after a look, the order is still the same one.
    seq: int = field(metadata={"made": True})
    from_state: str = field(metadata={"made": True})
    reason: str | None = None
    # Who asked for a cancellation.
    asked_by: Asker = Asker.PACIENTE


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a new turn stands."""

    clinic_id: int
    doctor_id: int | None
    room_id: int | None
    procedure_id: int | None
    block_id: int | None
    kind: str
    starts_at: datetime
    ends_at: datetime
    zone: str


@use_case("turn.book", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=offers.explain_taken)
def book_turn(tx: Tx, order: BookTurn) -> TurnAnswer:
    """Claim doctor, room and patient for the slot's time, or a place of a day by order of arrival.

    At any clinic of the network. Raises SlotTaken, PatientBusy, AlreadyBooked, PatientDeceased, BeforeBirth,
    BlockFull, QuotaFull, and what `offers` refuses.
    """
    offer = offers.offered(tx, order.slot, order.length)
    chart = living(tx, order.patient_id, offer.day)
    offers.demand_unbooked(tx, order.patient_id, offer.block.procedure_id, order.acknowledged)
    return claimed(tx, order.patient_id, order.turn_id, offer, chart, {"reason": order.reason})


def claimed(
    tx: Tx, patient_id: UUID, turn_id: UUID, offer: Offer, chart: int, more: Mapping[str, Any]
) -> TurnAnswer:
    """A new turn that holds the time of an offer, or a place of its day."""
    claims.take(tx, patient_id, turn_id, offer.resources(chart), offer.during)
    demand_living(tx, patient_id)
    offer.reserve(tx, (patient_id, turn_id))
    more = {"slots": len(offer.slots), **more}
    return born(tx, patient_id, turn_id, place_of(offer, "booked"), State.REGISTRADO, more)


def place_of(offer: Offer, kind: str) -> Place:
    """Where and when a turn in an offer stands."""
    block = offer.block
    where = (block.clinic_id, block.doctor_id, block.room_id, block.procedure_id, block.id)
    return Place(*where, kind, offer.starts_at, offer.ends_at, offer.zone)


def living(tx: Tx, patient_id: UUID, day: date | None = None) -> int:
    """The chart number that a patient's time is claimed for, who lives, on a day if one is given.

    Of somebody with several charts it is that of the one that stands, whichever a turn is given under.
    Raises PatientNotFound, PatientDeceased, BeforeBirth.
    """
    names = ("chart_number", "deceased_on", "birth", "merged_into")
    statement = select(*(patients.c[name] for name in names))
    rows = tx.rows(statement.where(one_person.of(patients.c.patient_id, patient_id)))
    own = next((row for row in rows if row.merged_into is None), None)
    if own is None:
        # Sealed, and hidden from who gives the turn: who it is is enough to expect them.
        return people_cared_for.header(tx, patient_id).chart_number
    if died := next((row.deceased_on for row in (own, *rows) if row.deceased_on is not None), None):
        raise PatientDeceased(day=died.strftime("el %d/%m/%Y"))
    birth = next((row.birth for row in (own, *rows) if row.birth is not None), None)
    if day is not None and birth is not None and day < birth:
        raise BeforeBirth(day=birth.strftime("%d/%m/%Y"))
    return int(own.chart_number)


def demand_living(tx: Tx, patient_id: UUID) -> None:
    """Queue the database's own look, also at who is hidden; behind a claim it sees a death entered meanwhile.

    Raises PatientDeceased.
    """
    tx.write(select(func.demand_living(patient_id)))


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
    write_step(tx, patient_id, turn_id, Step(1, "", state))
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


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a turn: from where to where, how and why. `back_seq` is what an undo goes back to."""

    seq: int
    from_state: str
    to_state: State
    how: How = How.HOP
    reason: str | None = None
    back_seq: int | None = None
    asked_by: str | None = None
    late: bool | None = None


def write_step(tx: Tx, patient_id: UUID, turn_id: UUID, step: Step) -> None:
    """Queue an event of a turn; the database refuses what the table of transitions does not have."""
    row = {
        "patient_id": patient_id,
        "turn_id": turn_id,
        "prev_seq": step.seq - 1 or None,
        "at": tx.now,
        "person_id": tx.actor.person_id,
        "act": tx.act,
        **{name: getattr(step, name) for name in Step.__slots__},
    }
    tx.write(insert(turn_events), row)


_MOVED: Final = (
    turns.c.patient_id,
    turns.c.id,
    turns.c.clinic_id,
    turns.c.doctor_id,
    turns.c.room_id,
    turns.c.block_id,
    turns.c.starts_at,
    turns.c.ends_at,
    turns.c.wall_start,
    turns.c.zone,
    turns.c.day,
    turns.c.kind,
    turns.c.slots,
    turns.c.ticket,
)


# Among the values of a hop: the doctor who becomes that of a turn without one.
TAKER: Final = "taker"


@cache
def _move(more: tuple[str, ...], anywhere: bool) -> Update:
    """The UPDATE of a hop, built once for each set of columns: it is the desk's busiest statement."""
    written = ("seq", "state", "state_at", *(name for name in more if name != TAKER))
    here = [] if anywhere else [turns.c.clinic_id == bindparam("of_clinic")]
    values: dict[str, Any] = {name: bindparam(name) for name in written}
    taken: list[ColumnElement[bool]] = []
    if TAKER in more:
        taker = bindparam(TAKER, type_=BigInteger)
        values["doctor_id"] = func.coalesce(turns.c.doctor_id, taker)
        own = seen_for(bindparam("of_clinic", type_=BigInteger), taker, bindparam("on_day", type_=Date))
        taken = [or_(turns.c.doctor_id.is_not(None), turns.c.specialty_id.in_(own))]
    return (
        update(turns)
        .where(
            turns.c.patient_id == bindparam("of_patient"),
            turns.c.id == bindparam("of_turn"),
            *here,
            *taken,
            turns.c.voided_reason.is_(None),
        )
        .values(values)
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
    """Move a turn one state on, with its claims; `leaving`: where this verb may begin.

    What only arranges it is done from any clinic, the rest from its own. Raises IllegalHop, TurnChanged,
    TurnNotFound, ReasonNeeded; SlotTaken where a reopened turn's time is gone. Other slices' use cases
    call this inside their own transaction.
    """
    if order.from_state not in leaving or not _known_hop(order.from_state, to_state):
        raise IllegalHop(from_state=rules.said(order.from_state), to_state=rules.said(to_state))
    if to_state in rules.NEEDS_REASON and not (order.reason or "").strip():
        raise ReasonNeeded
    step = Step(order.seq + 1, order.from_state, to_state, reason=order.reason, **_asked(tx, order, to_state))
    return take_step(tx, order.patient_id, order.turn_id, step, values)


def _asked(tx: Tx, order: Hop, to_state: State) -> dict[str, Any]:
    """Who asked for a cancellation, and whether it comes late; nothing for another hop."""
    if to_state is not State.CANCELADO:
        return {}
    mine = (turns.c.patient_id == order.patient_id) & (turns.c.id == order.turn_id)
    row = tx.first(select(turns.c.starts_at).where(mine))
    if row is None:
        raise TurnNotFound
    return {"asked_by": order.asked_by.value, "late": rules.is_late(row.starts_at, tx.now)}


def take_step(
    tx: Tx, patient_id: UUID, turn_id: UUID, step: Step, values: Mapping[str, Any] | None = None
) -> TurnAnswer:
    """Write an event of a turn, the turn as it is after it, and what becomes of its claims."""
    write_step(tx, patient_id, turn_id, step)
    more = dict(values or {})
    if step.asked_by is not None:
        more |= {"cancelled_by": step.asked_by, "cancelled_late": step.late}
    elif step.from_state == State.CANCELADO and step.to_state is not State.CANCELADO:
        more |= {"cancelled_by": None, "cancelled_late": None}
    keys = {
        "of_patient": patient_id,
        "of_turn": turn_id,
        "seq": step.seq,
        "state": step.to_state.value,
        "state_at": tx.now,
    }
    anywhere = step.from_state in rules.ARRANGED and step.to_state in rules.ARRANGED
    here: dict[str, Any] = {} if anywhere else {"of_clinic": tx.actor.at.clinic_id}
    if TAKER in more:
        here["on_day"] = clock.local_day(tx.now, tx.actor.at.zone)
    row = tx.first(_move(tuple(more), anywhere), keys | here | more)
    if row is None:
        raise TurnNotFound
    claims.follow(tx, row, State(step.from_state), step.to_state)
    tx.changed(Change(Kind.TURN, tx.act, row.clinic_id, row.day, ((patient_id, turn_id),)))
    starts_at = clock.local(row.starts_at, row.zone)
    return TurnAnswer(patient_id, turn_id, step.seq, step.to_state.value, starts_at, row.ticket)


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
