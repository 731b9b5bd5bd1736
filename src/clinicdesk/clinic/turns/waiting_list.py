"""The waiting list and unmet demand: who asked and got no turn, and who is offered a place that is free."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, insert, or_, select, update

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics, procedures, specialties
from clinicdesk.clinic.turns import offers, rules
from clinicdesk.clinic.turns.errors import BadWish, WishChanged, WishNotFound
from clinicdesk.clinic.turns.model import unmet_demand, waitlist
from clinicdesk.clinic.turns.rules import HalfDay, Resolution, Unmet, Wish
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view
from clinicdesk.kit import clock

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
    priority: int
    note: str | None
    state: str
    resolution: str | None
    offered_slot: str | None
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


@dataclass(frozen=True, slots=True)
class DemandQuery:
    """Unmet demand of a clinic, from one instant to another."""

    clinic_id: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class DemandRow:
    """Somebody who asked for a turn and got none. `at` is UTC."""

    patient_id: UUID
    id: UUID
    at: datetime
    reason: str
    doctor: str | None
    specialty: str | None
    procedure: str | None
    note: str | None
    person: str


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
    priority: int = 2
    note: str | None = None
    unmet: Unmet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Order):
    """Somebody asked for a turn, got none, and does not wait for one."""

    patient_id: UUID
    demand_id: UUID = new_row()
    doctor_id: int | None = None
    specialty_id: int | None = None
    procedure_id: int | None = None
    reason: Unmet
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Order):
    """A place is offered to who waits; without a slot the offer is taken back.

    `version` is the one that was seen.
    """

    patient_id: UUID
    wish_id: UUID
    version: int = field(metadata={"made": True})
    slot: str | None


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
        "priority": order.priority,
        "note": order.note,
        "asked_at": tx.now,
        "asked_of": tx.actor.person_id,
        "changed_at": tx.now,
        "changed_by": tx.actor.person_id,
    }
    tx.write(insert(waitlist), row | said)
    if order.unmet is not None:
        what = {name: getattr(order, name) for name in ("doctor_id", "specialty_id", "procedure_id")}
        _demand(tx, order.patient_id, order.demand_id, order.unmet, order.note, what)
    return WishAnswer(order.patient_id, order.wish_id, Wish.ESPERANDO.value, 1)


@use_case("demand.add", needs=Permission.TURN_BOOK, answer=WishAnswer)
def ask(tx: Tx, order: Ask) -> WishAnswer:
    """Count a demand that was not met. Raises PatientNotFound."""
    people_cared_for.header(tx, order.patient_id)
    what = {name: getattr(order, name) for name in ("doctor_id", "specialty_id", "procedure_id")}
    _demand(tx, order.patient_id, order.demand_id, order.reason, order.note, what)
    return WishAnswer(order.patient_id, order.demand_id, order.reason.value, 1)


def _demand(
    tx: Tx, patient_id: UUID, demand_id: UUID, reason: Unmet, note: str | None, what: dict[str, int | None]
) -> None:
    row = {
        "patient_id": patient_id,
        "id": demand_id,
        "clinic_id": tx.actor.at.clinic_id,
        "reason": reason.value,
        "note": note,
        "at": tx.now,
        "person_id": tx.actor.person_id,
    }
    tx.write(insert(unmet_demand), row | what)


@use_case("waitlist.offer", needs=Permission.TURN_BOOK, answer=WishAnswer)
def offer(tx: Tx, order: Offer) -> WishAnswer:
    """Mark that a place was offered; the place itself is not held. Raises WishChanged, WishNotFound."""
    if order.slot is not None:
        offers.offered(tx, order.slot)
    state = Wish.OFRECIDO if order.slot is not None else Wish.ESPERANDO
    return _move(tx, order, {"state": state.value, "offered_slot": order.slot})


@use_case("waitlist.resolve", needs=Permission.TURN_BOOK, answer=WishAnswer)
def resolve(tx: Tx, order: Resolve) -> WishAnswer:
    """End a wait. Raises WishChanged, WishNotFound, BadWish."""
    if (order.resolution is Resolution.TURNO_DADO) != (order.turn_id is not None):
        raise BadWish
    ends = {"state": rules.ENDS[order.resolution].value, "resolution": order.resolution.value}
    return _move(tx, order, ends | {"turn_id": order.turn_id})


def _move(tx: Tx, order: Offer | Resolve, values: dict[str, Any]) -> WishAnswer:
    mine = (waitlist.c.patient_id == order.patient_id) & (waitlist.c.id == order.wish_id)
    seen = (waitlist.c.version == order.version) & waitlist.c.resolution.is_(None)
    changed = {"changed_at": tx.now, "changed_by": tx.actor.person_id, "version": order.version + 1}
    moved = update(waitlist).where(mine, seen).values(values | changed).returning(waitlist.c.state)
    row = tx.first(moved)
    if row is None:
        found = tx.first(select(waitlist.c.state).where(mine))
        raise WishChanged(state=found.state) if found else WishNotFound
    return WishAnswer(order.patient_id, order.wish_id, row.state, order.version + 1)


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
            waitlist.c.priority,
            waitlist.c.note,
            waitlist.c.state,
            waitlist.c.resolution,
            waitlist.c.offered_slot,
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
    known = {row.patient_id: row for row in people_cared_for.by_ids(tx, {row[0] for row in rows})}
    return tuple(WishRow(*(*row, known[row[0]])) for row in rows if row[0] in known)


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
        statement = statement.where(waitlist.c.patient_id == query.patient_id)
    return _with_people(tx, statement)


@view("waitlist.candidates", needs=Permission.TURN_READ)
def candidates(tx: Reader, query: CandidatesQuery) -> tuple[WishRow, ...]:
    """Who waits for what a slot offers, in order. Raises SlotNotFound, BlockClosed."""
    place = offers.named(tx, query.slot)
    served = select(procedures.c.specialty_id).where(procedures.c.id.in_(place.block.procedures))
    of = waitlist.c
    fits = and_(
        of.state == Wish.ESPERANDO.value,
        or_(of.clinic_id.is_(None), of.clinic_id == place.block.clinic_id),
        or_(of.doctor_id.is_(None), of.doctor_id == place.block.doctor_id),
        or_(of.procedure_id.is_(None), of.procedure_id.in_(place.block.procedures)),
        or_(of.specialty_id.is_(None), of.specialty_id.in_(served)),
        of.from_day <= place.day,
        or_(of.half_day.is_(None), of.half_day == rules.half_day_of(place.wall_start).value),
    )
    return _with_people(tx, _wishes().where(fits).limit(query.limit))


@view("demand.list", needs=Permission.TURN_READ)
def demand(tx: Reader, query: DemandQuery) -> tuple[DemandRow, ...]:
    """Unmet demand by time."""
    asker = people.alias("asker")
    statement = (
        select(
            unmet_demand.c.patient_id,
            unmet_demand.c.id,
            unmet_demand.c.at,
            unmet_demand.c.reason,
            people.c.family,
            specialties.c.name,
            procedures.c.name,
            unmet_demand.c.note,
            asker.c.family,
        )
        .join(asker, asker.c.id == unmet_demand.c.person_id)
        .outerjoin(people, people.c.id == unmet_demand.c.doctor_id)
        .outerjoin(specialties, specialties.c.id == unmet_demand.c.specialty_id)
        .outerjoin(procedures, procedures.c.id == unmet_demand.c.procedure_id)
        .where(
            unmet_demand.c.clinic_id == query.clinic_id,
            unmet_demand.c.at >= query.since,
            unmet_demand.c.at < query.until,
        )
        .order_by(unmet_demand.c.at, unmet_demand.c.id)
    )
    return tx.into(DemandRow, statement)


@dataclass(frozen=True, slots=True)
class GoneWithout:
    """Somebody who asked at a clinic, for a doctor or any, and whether they were offered a place."""

    clinic_id: int
    doctor_id: int | None
    offered: bool


@view("demand.reason", needs=Permission.TURN_READ)
def gone_without(tx: Reader, query: GoneWithout) -> Unmet:
    """Why somebody goes without: they refused what was offered, there is an agenda without room, or none."""
    if query.offered:
        return Unmet.OFERTA_RECHAZADA
    statement = select(agenda_blocks.c.id).where(
        agenda_blocks.c.clinic_id == query.clinic_id, agenda_blocks.c.state == "publicado"
    )
    if query.doctor_id is not None:
        statement = statement.where(agenda_blocks.c.doctor_id == query.doctor_id)
    return Unmet.SIN_LUGAR if tx.first(statement) else Unmet.SIN_OFERTA
