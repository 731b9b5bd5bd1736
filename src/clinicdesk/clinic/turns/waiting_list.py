"""The waiting list and unmet demand: who asked and got no turn, and who is offered a place that is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, insert, or_, select, update

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics, procedures, specialties
from clinicdesk.clinic.turns import offered, offers, rules, unmet
from clinicdesk.clinic.turns.errors import BadWish, PlaceOffered, WishChanged, WishNotFound
from clinicdesk.clinic.turns.model import waitlist
from clinicdesk.clinic.turns.offered import Answer
from clinicdesk.clinic.turns.rules import HalfDay, Resolution, Unmet, Wish
from clinicdesk.clinic.turns.service import BookTurn, TurnAnswer, book_turn
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal

_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class WishRow:
    """One wish of the list. What is None does not matter to who waits; instants are UTC."""

    patient_id: UUID
    id: UUID
    clinic_id: int | None
    clinic: str | None
    doctor_id: int | None
    doctor: str | None
    specialty: str | None
    procedure: str | None
    from_day: date
    half_day: str | None
    weekdays: tuple[int, ...]
    priority: int
    note: str | None
    state: str
    resolution: str | None
    offered_slot: str | None
    offered_until: datetime | None
    turn_id: UUID | None
    asked_at: datetime
    version: int
    patient: PatientRow


@dataclass(frozen=True, slots=True)
class WishAnswer:
    """A wish after the act."""

    patient_id: UUID
    id: UUID
    state: str
    version: int


@dataclass(frozen=True, slots=True)
class WishesQuery:
    """Wishes in a state (None: those not ended); of one clinic, which includes those for any."""

    clinic_id: int | None = None
    state: str | None = None
    patient_id: UUID | None = None
    limit: int = _MOST


@dataclass(frozen=True, slots=True)
class CandidatesQuery:
    """Who waits for what a slot offers."""

    slot: str
    limit: int = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Order):
    """Somebody waits for a place; with `unmet`, that they got none now is counted as well."""

    patient_id: UUID
    wish_id: UUID = new_row()
    demand_id: UUID = new_row()
    clinic_id: int | None = None
    doctor_id: int | None = None
    specialty_id: int | None = None
    procedure_id: int | None = None
    from_day: date | None = None
    half_day: HalfDay | None = None
    # 1 Monday … 7 Sunday; none: any.
    weekdays: tuple[int, ...] = ()
    priority: int = 2
    note: str | None = None
    unmet: Unmet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Order):
    """A place is offered to who waits; without a slot the offer is taken back.

    `version` is the one that was seen.
    """

    patient_id: UUID
    wish_id: UUID
    offer_id: UUID = new_row()
    version: int = field(metadata={"made": True})
    slot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Order):
    """Who waits takes a place, offered before or just now; the wish as it was seen at `version`."""

    patient_id: UUID
    wish_id: UUID
    turn_id: UUID = new_row()
    version: int = field(metadata={"made": True})
    slot: str
    # As in BookTurn: the turns to come of the same procedure that were shown before.
    acknowledged: tuple[UUID, ...] = field(default=(), metadata={"made": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Order):
    """Who waits does not want the place on offer, and goes on waiting."""

    patient_id: UUID
    wish_id: UUID
    demand_id: UUID = new_row()
    version: int = field(metadata={"made": True})
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(Order):
    """The wait has ended: how, and by which turn. As it was seen at `version`."""

    patient_id: UUID
    wish_id: UUID
    version: int = field(metadata={"made": True})
    resolution: Resolution
    turn_id: UUID | None = None


@use_case("waitlist.add", needs=Permission.TURN_BOOK, answer=WishAnswer)
def wait(tx: Tx, order: Wait) -> WishAnswer:
    """Put somebody on the list, and count the demand that was not met. Raises BadWish, PatientNotFound."""
    people_cared_for.header(tx, order.patient_id)
    at = tx.actor.at
    row = {name: getattr(order, name) for name in ("clinic_id", "doctor_id", "specialty_id", "procedure_id")}
    said = {
        "patient_id": order.patient_id,
        "id": order.wish_id,
        "from_day": order.from_day or clock.local_day(tx.now, at.zone),
        "half_day": order.half_day.value if order.half_day else None,
        "weekdays": sorted(set(order.weekdays)),
        "priority": order.priority,
        "note": order.note,
        "asked_at": tx.now,
        "asked_of": tx.actor.person_id,
        "changed_at": tx.now,
        "changed_by": tx.actor.person_id,
    }
    tx.write(insert(waitlist), row | said)
    tx.changed(Change(Kind.WAIT, tx.act, order.clinic_id))
    if order.unmet is not None:
        what = {name: getattr(order, name) for name in ("doctor_id", "specialty_id", "procedure_id")}
        unmet.count(tx, order.patient_id, order.demand_id, order.unmet, order.note, what)
    return WishAnswer(order.patient_id, order.wish_id, Wish.ESPERANDO.value, 1)


def _explain_offer(tx: Reader, order: Offer, refusal: Refusal) -> Refusal:
    """Who offered the place first, and until when."""
    if isinstance(refusal, PlaceOffered) and order.slot is not None:
        return offered.held_by_another(tx, order.slot, order.wish_id) or refusal
    return refusal


@use_case("waitlist.offer", needs=Permission.TURN_BOOK, answer=WishAnswer, explain=_explain_offer)
def offer(tx: Tx, order: Offer) -> WishAnswer:
    """Offer a place to somebody, for the clinic's minutes; the place itself is not held.

    Raises WishChanged, WishNotFound, PlaceOffered, and what `offers` refuses.
    """
    if order.slot is None:
        return _end_offer(tx, order, Answer.RETIRADA)
    offers.offered(tx, order.slot)
    _end_offer(tx, order, Answer.RETIRADA, keep_version=True)
    until = offered.record(tx, order.slot, (order.patient_id, order.wish_id), order.offer_id)
    return _move(
        tx, order, {"state": Wish.OFRECIDO.value, "offered_slot": order.slot, "offered_until": until}
    )


@use_case("waitlist.refuse", needs=Permission.TURN_BOOK, answer=WishAnswer)
def refuse(tx: Tx, order: Refuse) -> WishAnswer:
    """They do not want it: they go on waiting, and the demand that was not met is counted.

    Raises WishChanged, WishNotFound.
    """
    answer = _end_offer(tx, order, Answer.RECHAZADA)
    found = tx.run(select(*_ASKED).where(_mine(order))).one()
    what = {"doctor_id": found.doctor_id, "specialty_id": found.specialty_id}
    what |= {"procedure_id": found.procedure_id}
    unmet.count(tx, order.patient_id, order.demand_id, Unmet.OFERTA_RECHAZADA, order.note, what)
    return answer


_ASKED: Final = (waitlist.c.doctor_id, waitlist.c.specialty_id, waitlist.c.procedure_id)
_NO_OFFER: Final = {"state": Wish.ESPERANDO.value, "offered_slot": None, "offered_until": None}


def _explain_accept(tx: Reader, order: Accept, refusal: Refusal) -> Refusal:
    return offers.explain_taken(tx, order, refusal)


@use_case("waitlist.accept", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=_explain_accept)
def accept(tx: Tx, order: Accept) -> TurnAnswer:
    """Give them the place: the turn, the end of their wait and of its offer, together or not at all.

    Raises WishChanged with who was first, WishNotFound, PlaceOffered, and what booking refuses.
    """
    wish = _held(tx, order)
    offered.lapse(tx, order.slot, besides=order.wish_id)
    offered.demand_not_anothers(tx, order.slot, order.wish_id)
    book = BookTurn(
        key=order.key,
        patient_id=order.patient_id,
        turn_id=order.turn_id,
        slot=order.slot,
        reason=wish.note,
        acknowledged=order.acknowledged,
    )
    turn = book_turn.run(tx, book)
    if wish.offered_slot == order.slot:
        offered.end(tx, order.slot, order.wish_id, Answer.ACEPTADA, turn.id)
    elif wish.offered_slot is not None:
        offered.end(tx, wish.offered_slot, order.wish_id, Answer.RETIRADA)
    ends = {"state": Wish.RESUELTO.value, "resolution": Resolution.TURNO_DADO.value, "turn_id": turn.id}
    _move(tx, order, ends)
    return turn


@use_case("waitlist.resolve", needs=Permission.TURN_BOOK, answer=WishAnswer)
def resolve(tx: Tx, order: Resolve) -> WishAnswer:
    """End a wait. Raises WishChanged, WishNotFound, BadWish."""
    if (order.resolution is Resolution.TURNO_DADO) != (order.turn_id is not None):
        raise BadWish
    given = order.resolution is Resolution.TURNO_DADO
    _end_offer(
        tx, order, Answer.ACEPTADA if given else Answer.RETIRADA, turn_id=order.turn_id, keep_version=True
    )
    ends = {"state": rules.ENDS[order.resolution].value, "resolution": order.resolution.value}
    return _move(tx, order, ends | {"turn_id": order.turn_id})


_Step = Offer | Resolve | Accept | Refuse


def _mine(order: _Step) -> ColumnElement[bool]:
    return (waitlist.c.patient_id == order.patient_id) & (waitlist.c.id == order.wish_id)


def _held(tx: Tx, order: _Step) -> Row[Any]:
    """The wish as it was seen, kept from other desks until the end. Raises WishChanged, WishNotFound."""
    of = waitlist.c
    statement = (
        select(of.version, of.state, of.note, of.offered_slot)
        .where(_mine(order), of.resolution.is_(None), of.version == order.version)
        .with_for_update()
    )
    row = tx.first(statement)
    if row is None:
        raise _overtaken(tx, order)
    return row


def _end_offer(
    tx: Tx, order: _Step, answer: Answer, *, turn_id: UUID | None = None, keep_version: bool = False
) -> WishAnswer:
    """Close what is on offer to a wish, which waits again unless its next step follows (`keep_version`)."""
    wish = _held(tx, order)
    if wish.offered_slot is not None:
        offered.end(tx, wish.offered_slot, order.wish_id, answer, turn_id)
    if keep_version:
        return WishAnswer(order.patient_id, order.wish_id, wish.state, order.version)
    return _move(tx, order, _NO_OFFER)


def _move(tx: Tx, order: _Step, values: dict[str, Any]) -> WishAnswer:
    seen = (waitlist.c.version == order.version) & waitlist.c.resolution.is_(None)
    changed = {"changed_at": tx.now, "changed_by": tx.actor.person_id, "version": order.version + 1}
    moved = (
        update(waitlist)
        .where(_mine(order), seen)
        .values(values | changed)
        .returning(waitlist.c.state, waitlist.c.clinic_id)
    )
    row = tx.first(moved)
    if row is None:
        raise _overtaken(tx, order)
    tx.changed(Change(Kind.WAIT, tx.act, row.clinic_id))
    return WishAnswer(order.patient_id, order.wish_id, row.state, order.version + 1)


def _overtaken(tx: Tx, order: _Step) -> WishChanged | WishNotFound:
    """Who dealt with it first, and when."""
    of = waitlist.c
    statement = (
        select(of.state, of.changed_at, people.c.family)
        .join(people, people.c.id == of.changed_by)
        .where(_mine(order))
    )
    found = tx.first(statement)
    if found is None:
        return WishNotFound()
    who = f"{found.family}, {clock.local(found.changed_at, tx.actor.at.zone):%H:%M}"
    return WishChanged(state=found.state, who=who)


_WEEKDAYS: Final = WishRow.__slots__.index("weekdays")


def _wishes() -> Select[Any]:
    return (
        select(
            waitlist.c.patient_id,
            waitlist.c.id,
            waitlist.c.clinic_id,
            clinics.c.code,
            waitlist.c.doctor_id,
            people.c.family,
            specialties.c.name,
            procedures.c.name,
            waitlist.c.from_day,
            waitlist.c.half_day,
            waitlist.c.weekdays,
            waitlist.c.priority,
            waitlist.c.note,
            waitlist.c.state,
            waitlist.c.resolution,
            waitlist.c.offered_slot,
            waitlist.c.offered_until,
            waitlist.c.turn_id,
            waitlist.c.asked_at,
            waitlist.c.version,
        )
        .outerjoin(clinics, clinics.c.id == waitlist.c.clinic_id)
        .outerjoin(people, people.c.id == waitlist.c.doctor_id)
        .outerjoin(specialties, specialties.c.id == waitlist.c.specialty_id)
        .outerjoin(procedures, procedures.c.id == waitlist.c.procedure_id)
        .order_by(waitlist.c.priority, waitlist.c.asked_at, waitlist.c.id)
    )


def _with_people(tx: Reader, statement: Select[Any]) -> tuple[WishRow, ...]:
    rows: list[Any] = tx.rows(statement)
    known = people_cared_for.rows_of(tx, {row[0] for row in rows})
    return tuple(_row(row, known[row[0]]) for row in rows if row[0] in known)


def _row(row: Sequence[Any], patient: PatientRow) -> WishRow:
    weekdays: tuple[int, ...] = tuple(row[_WEEKDAYS])
    return WishRow(*row[:_WEEKDAYS], weekdays, *row[_WEEKDAYS + 1 :], patient)  # type: ignore[call-arg]


@view("waitlist.list", needs=Permission.TURN_READ)
def wishes(tx: Reader, query: WishesQuery) -> tuple[WishRow, ...]:
    """The list in the order in which places are offered: priority, then who asked first."""
    open_ones = [Wish.ESPERANDO.value, Wish.OFRECIDO.value]
    states = [query.state] if query.state is not None else open_ones
    statement = _wishes().where(waitlist.c.state.in_(states)).limit(query.limit)
    if query.clinic_id is not None:
        statement = statement.where(
            or_(waitlist.c.clinic_id == query.clinic_id, waitlist.c.clinic_id.is_(None))
        )
    if query.patient_id is not None:
        statement = statement.where(one_person.of(waitlist.c.patient_id, query.patient_id))
    return _with_people(tx, statement)


@view("waitlist.candidates", needs=Permission.TURN_READ)
def candidates(tx: Reader, query: CandidatesQuery) -> tuple[WishRow, ...]:
    """Who waits for what a slot offers, in order. Raises SlotNotFound, BlockClosed."""
    offer = offers.named(tx, query.slot)
    block = offer.block
    asked = select(procedures.c.specialty_id).where(procedures.c.id.in_(block.procedures))
    served = frozenset(row.specialty_id for row in tx.rows(asked) if row.specialty_id is not None)
    place = rules.OfferedPlace(
        block.clinic_id, block.doctor_id, frozenset(block.procedures), served, offer.wall_start
    )
    fits = [wish.id for wish in open_wishes(tx, block.clinic_id) if rules.is_served(wish, place)]
    return rows_of(tx, waitlist.c.id.in_(fits[: query.limit])) if fits else ()


def open_wishes(tx: Reader, clinic_id: int) -> list[Row[Any]]:
    """Who waits for a place at a clinic, in order; an offer that has lapsed keeps nobody out."""
    of = waitlist.c
    lapsed = and_(of.state == Wish.OFRECIDO.value, of.offered_until <= tx.now)
    statement = (
        select(
            of.id,
            of.clinic_id,
            of.doctor_id,
            of.specialty_id,
            of.procedure_id,
            of.from_day,
            of.half_day,
            of.weekdays,
            of.asked_at,
        )
        .where(
            or_(of.clinic_id.is_(None), of.clinic_id == clinic_id),
            or_(of.state == Wish.ESPERANDO.value, lapsed),
        )
        .order_by(of.priority, of.asked_at, of.id)
    )
    return tx.rows(statement)


def rows_of(tx: Reader, which: ColumnElement[bool]) -> tuple[WishRow, ...]:
    """The rows of these wishes, in order, of those whom the reader may see."""
    return _with_people(tx, _wishes().where(which))
