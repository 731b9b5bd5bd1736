"""Free slots: what an agenda offers less what is claimed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.rules import Block, Busy, Slot, free_slots
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import clinics, procedures, rooms
from clinicdesk.clinic.turns.model import bookings, turn_events, turns
from clinicdesk.clinic.turns.rules import FREES_CLAIMS
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class SlotsQuery:
    """Free slots at a clinic: of one doctor or all; of one procedure, of one specialty (codes), or all."""

    clinic_id: int
    doctor_id: int | None = None
    procedure: str | None = None
    specialty: str | None = None
    since: date | None = None
    days: int = 14
    limit: int = 200


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A free slot. `starts_at` and `ends_at` carry the clinic's offset."""

    id: str
    starts_at: datetime
    ends_at: datetime
    doctor: str
    doctor_id: int
    room: str
    clinic: str
    procedure: str


@view("turn.slots", needs=Permission.TURN_READ)
def slots(tx: Reader, query: SlotsQuery) -> tuple[SlotRow, ...]:
    """Free slots by time, at most `limit`, over at most 90 days.

    Raises ProcedureNotFound, SpecialtyNotFound.
    """
    zone = sites.zone_of(tx, query.clinic_id)
    first = max(query.since or date.min, clock.local_day(tx.now, zone))
    days = [first + timedelta(days=n) for n in range(min(max(query.days, 1), 90))]
    wanted = agendas.BlocksQuery(query.clinic_id, query.doctor_id, query.procedure, query.specialty)
    blocks = agendas.blocks(tx, wanted, days[0], days[-1])
    busy = _busy(tx, blocks, clock.day_bounds(days[0], zone)[0], clock.day_bounds(days[-1], zone)[1])
    shut = agendas.calendar(tx, blocks, days[0], days[-1])
    return _slot_rows(tx, free_slots(blocks, busy, days, zone, tx.now, shut)[: query.limit], zone)


def _busy(tx: Reader, blocks: Sequence[Block], start: datetime, end: datetime) -> tuple[Busy, ...]:
    return busy(tx, {each for block in blocks for each in (block.doctor_id, block.room_id)}, start, end)


def busy(tx: Reader, resources: Collection[int], start: datetime, end: datetime) -> tuple[Busy, ...]:
    """The claims in force on these resources between two instants."""
    wanted = (
        func.unnest(cast(sorted(resources), ARRAY(BigInteger)))
        .table_valued("id", name="wanted")
        .render_derived()
    )
    # One probe of the GiST index per resource; IN would read a doctor's whole past.
    statement = (
        select(bookings.c.resource_id, func.lower(bookings.c.during), func.upper(bookings.c.during))
        .select_from(wanted)
        .join(bookings, bookings.c.resource == func.int8range(wanted.c.id, wanted.c.id, "[]"))
        .where(bookings.c.active, bookings.c.during.op("&&")(func.tstzrange(start, end)))
    )
    return tx.into(Busy, statement)


def _slot_rows(tx: Reader, found: Sequence[Slot], zone: str) -> tuple[SlotRow, ...]:
    doctors = agendas.names(tx, people.c.id, people.c.family)
    places = agendas.names(tx, rooms.c.id, rooms.c.code)
    done = agendas.names(tx, procedures.c.id, procedures.c.name)
    codes = agendas.names(tx, clinics.c.id, clinics.c.code)
    return tuple(
        SlotRow(
            id=slot.id,
            starts_at=clock.local(slot.starts_at, zone),
            ends_at=clock.local(slot.ends_at, zone),
            doctor=doctors[slot.block.doctor_id],
            doctor_id=slot.block.doctor_id,
            room=places[slot.block.room_id],
            clinic=codes[slot.block.clinic_id],
            procedure=done[slot.block.procedure_id],
        )
        for slot in found
    )


class Span(Protocol):
    """A time in a block."""

    @property
    def block(self) -> Block:
        """What offers it."""

    @property
    def starts_at(self) -> datetime:
        """Its first instant."""

    @property
    def ends_at(self) -> datetime:
        """The instant after it."""


def holder_of(tx: Reader, slot: Span) -> str:
    """Who booked a slot and when: `Ruiz, 09:41`; empty when nobody holds it any more."""
    statement = (
        select(people.c.family, turn_events.c.at)
        .join(turns, (turns.c.patient_id == turn_events.c.patient_id) & (turns.c.id == turn_events.c.turn_id))
        .join(people, people.c.id == turn_events.c.person_id)
        .where(
            turns.c.doctor_id == slot.block.doctor_id,
            turns.c.starts_at < slot.ends_at,
            turns.c.ends_at > slot.starts_at,
            turns.c.state.not_in([state.value for state in FREES_CLAIMS]),
        )
        .order_by(turn_events.c.seq)
    )
    found = tx.first(statement)
    if found is None:
        return ""
    return f"{found.family}, {clock.local(found.at, tx.actor.at.zone):%H:%M}"
