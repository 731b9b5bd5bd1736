"""What an agenda offers to whom: the checks that every way of giving a time to a patient shares."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.range import Range
from sqlalchemy import func, or_, select

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.errors import SlotNotFound
from clinicdesk.clinic.agendas.rules import OVERBOOK, Block, Slot, slots_of
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.rights import Role
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import clinics, procedures
from clinicdesk.clinic.turns import places, rules, slots
from clinicdesk.clinic.turns.errors import (
    AlreadyBooked,
    DoctorNotThere,
    PatientBusy,
    SlotPast,
    SlotTaken,
    TooFarAhead,
)
from clinicdesk.clinic.turns.model import block_places, bookings, turns
from clinicdesk.clinic.usecases import Reader, Tx
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal


@dataclass(frozen=True, slots=True)
class Offer:
    """One or more neighbouring slots of a block, as one span of time at its clinic."""

    slots: tuple[Slot, ...]
    zone: str

    @property
    def block(self) -> Block:
        """The block that offers it."""
        return self.slots[0].block

    @property
    def wall_start(self) -> datetime:
        """When it begins on the clinic's clock."""
        return self.slots[0].wall_start

    @property
    def starts_at(self) -> datetime:
        """When it begins."""
        return self.slots[0].starts_at

    @property
    def ends_at(self) -> datetime:
        """When it ends."""
        return self.slots[-1].ends_at

    @property
    def day(self) -> date:
        """The calendar day at the clinic."""
        return self.wall_start.date()

    @property
    def by_arrival(self) -> bool:
        """Whether nobody has an hour there: places of the day are counted."""
        return self.block.capacity is not None

    def resources(self, chart: int) -> tuple[int, ...]:
        """What a turn claims: doctor, room and the patient of this chart; by order of arrival nothing."""
        return () if self.by_arrival else (self.block.doctor_id, self.block.room_id, -chart)

    def reserve(self, tx: Tx, holder: tuple[UUID, UUID]) -> None:
        """The counted places of the day, for (patient, turn). Raises BlockClosed, BlockFull, QuotaFull."""
        for slot in self.slots:
            places.reserve(tx, slot, holder)

    @property
    def during(self) -> Range[Any]:
        """The time to be claimed."""
        return Range(self.starts_at, self.ends_at, "[)")

    def place(self) -> dict[str, Any]:
        """What a turn's row knows of where and when it is."""
        return {
            "clinic_id": self.block.clinic_id,
            "doctor_id": self.block.doctor_id,
            "room_id": self.block.room_id,
            "procedure_id": self.block.procedure_id,
            "block_id": self.block.id,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "zone": self.zone,
            "wall_start": self.wall_start,
            "day": self.day,
            "slots": len(self.slots),
        }


def offered(tx: Reader, slot_id: str, length: int = 1, *, begun: bool = False) -> Offer:
    """`length` neighbouring slots from the one named on, where the agenda offers them and work is possible.

    `begun`: one that has begun will do until it ends. Raises SlotNotFound, BlockClosed, SlotPast,
    TooFarAhead, DoctorNotThere.
    """
    offer = named(tx, slot_id, length)
    if (offer.ends_at if begun or offer.by_arrival else offer.starts_at) < tx.now:
        raise SlotPast(time=offer.wall_start.strftime("%d/%m %H:%M"))
    _demand_given(tx, offer)
    return offer


def last_day(tx: Reader, offer: Offer) -> date:
    """The last day on which the offer's clinic gives turns."""
    today = clock.local_day(tx.now, offer.zone)
    return rules.horizon(today, sites.horizon_of(tx, offer.block.clinic_id))


def named(tx: Reader, slot_id: str, length: int = 1) -> Offer:
    """The slots of an id, checked against its block and the calendar. Raises SlotNotFound, BlockClosed."""
    first = agendas.slot(tx, slot_id)
    zone = sites.zone_of(tx, first.block.clinic_id)
    return Offer(_neighbours(slots_of(first.block, first.wall_start.date(), zone), first, length), zone)


def _neighbours(slots: Iterable[Slot], first: Slot, length: int) -> tuple[Slot, ...]:
    """`length` slots from the first on, each where the one before ends. Raises SlotNotFound."""
    found = tuple(slot for slot in slots if slot.starts_at >= first.starts_at)[:length]
    joined = all(one.ends_at == other.starts_at for one, other in itertools.pairwise(found))
    if length < 1 or len(found) < length or not joined:
        raise SlotNotFound
    return found


def _demand_given(tx: Reader, offer: Offer) -> None:
    """The clinic gives turns so far ahead, and the doctor works there then. Raises as `offered` says."""
    works = (
        select(clinic_roles.c.person_id)
        .where(
            clinic_roles.c.person_id == offer.block.doctor_id,
            clinic_roles.c.clinic_id == clinics.c.id,
            clinic_roles.c.role == Role.MEDICO.value,
            or_(clinic_roles.c.until.is_(None), clinic_roles.c.until > offer.starts_at),
        )
        .exists()
    )
    here = select(clinics.c.horizon_days, works.label("works")).where(clinics.c.id == offer.block.clinic_id)
    found = tx.run(here).one()
    last = rules.horizon(clock.local_day(tx.now, offer.zone), found.horizon_days)
    if offer.day > last:
        raise TooFarAhead(day=last.strftime("%d/%m/%Y"))
    if not found.works:
        raise DoctorNotThere


def take_again(tx: Tx, row: Any) -> None:
    """The counted places of a turn that comes back to where it stands; none where it has kept them.

    Raises BlockClosed, BlockFull, QuotaFull, OverbookLimit.
    """
    if tx.first(select(block_places.c.n).where(block_places.c.turn_id == row.id)) is not None:
        return
    try:
        offer = named(tx, f"{row.block_id}.{row.wall_start:%Y%m%dT%H%M}", row.slots)
    except SlotNotFound:  # the block has other hours by now: what it counts is not this turn
        return
    if row.kind == "overbook":
        places.demand_open(tx, offer.slots[0])
        places.take(tx, offer.block, offer.day, OVERBOOK, offer.block.overbooks, (row.patient_id, row.id))
    else:
        offer.reserve(tx, (row.patient_id, row.id))


@dataclass(frozen=True, slots=True)
class Again:
    """A turn to come of the same procedure."""

    id: UUID
    procedure: str
    starts_at: datetime
    doctor: str
    clinic: str


def of_the_same(tx: Reader, patient_id: UUID, procedure_id: int) -> tuple[Again, ...]:
    """The turns to come of a patient for a procedure, at any clinic, by time. `starts_at` has its offset."""
    statement = (
        select(
            turns.c.id, procedures.c.name, turns.c.starts_at, people.c.family, clinics.c.code, turns.c.zone
        )
        .join(procedures, procedures.c.id == turns.c.procedure_id)
        .join(people, people.c.id == turns.c.doctor_id)
        .join(clinics, clinics.c.id == turns.c.clinic_id)
        .where(
            one_person.of(turns.c.patient_id, patient_id),
            turns.c.procedure_id == procedure_id,
            turns.c.starts_at > tx.now,
            turns.c.state.in_([state.value for state in rules.HOLDS_CLAIMS]),
            turns.c.voided_reason.is_(None),
        )
        .order_by(turns.c.starts_at)
    )
    return tuple(
        Again(row.id, row.name, clock.local(row.starts_at, row.zone), row.family, row.code)
        for row in tx.rows(statement)
    )


def demand_unbooked(tx: Reader, patient_id: UUID, procedure_id: int, acknowledged: Iterable[UUID]) -> None:
    """Nobody gets the same procedure twice unseen. Raises AlreadyBooked with the turns not acknowledged."""
    seen = set(acknowledged)
    found = of_the_same(tx, patient_id, procedure_id)
    if any(each.id not in seen for each in found):
        first, more = found[0], len(found) - 1
        raise AlreadyBooked(
            turns=found,
            procedure=first.procedure,
            first=f"{first.starts_at:%d/%m %H:%M}, {first.doctor}",
            more=f" (+{more})" if more else "",
        )


def explain_taken(tx: Reader, order: Any, refusal: Refusal) -> Refusal:
    """Who holds the time of an order's `slot`: the database said only that somebody does."""
    if not isinstance(refusal, SlotTaken):
        return refusal
    offer = named(tx, order.slot, getattr(order, "length", 1))
    shown = offer.wall_start.strftime("%H:%M")
    chart = people_cared_for.header(tx, order.patient_id).chart_number
    statement = (
        select(people.c.family.label("doctor"))
        .join(turns, turns.c.doctor_id == people.c.id)
        .join(bookings, (turns.c.patient_id == bookings.c.patient_id) & (turns.c.id == bookings.c.turn_id))
        .where(
            bookings.c.resource == func.int8range(-chart, -chart, "[]"),
            bookings.c.active,
            bookings.c.turn_id != order.turn_id,
            bookings.c.during.op("&&")(func.tstzrange(offer.starts_at, offer.ends_at)),
        )
    )
    if elsewhere := tx.first(statement):
        return PatientBusy(time=shown, who=elsewhere.doctor)
    return SlotTaken(time=shown, who=slots.holder_of(tx, offer))
