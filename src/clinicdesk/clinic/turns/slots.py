"""Free slots: what agendas offer less what is claimed and counted, at one clinic or in the whole network.

The blocks with their names, what shuts them, and the claims of a stretch of days: three questions, and
one more where places are counted. Slots are made day by day, only until there are enough; the stretch
grows where the first days are full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import BigInteger, Row, Select, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas import rules
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.agendas.rules import Block, Busy, Half, Site, Slot, Taken
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import clinics, procedures, rooms, specialties
from clinicdesk.clinic.turns.model import block_places, bookings, turn_events, turns
from clinicdesk.clinic.turns.rules import FREES_CLAIMS, horizon
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock

_MOST_DAYS: Final = 90
_MOST_LENGTH: Final = 24
# How many days a stretch looks at: most searches end in the first, which is short where many agendas are.
# Blocks up to this many → days of the first stretch; more than all: one day.
_FIRST_DAYS: Final = ((20, 7), (100, 2))
_STRETCHES: Final = (7, 30, _MOST_DAYS)


@dataclass(frozen=True, slots=True)
class SlotsQuery:
    """Free slots at a clinic: of one doctor or all; of one procedure, of one specialty (codes), or all.

    `network`: in every clinic; `nearest` the same, ordered by nearness to `clinic_id` before time;
    `elsewhere`: in every other clinic, the nearest first.
    `weekdays` 1 Monday … 7 Sunday, none: any; `length`: so many slots in a row; `blocks`: these alone.
    """

    clinic_id: int
    doctor_id: int | None = None
    procedure: str | None = None
    specialty: str | None = None
    since: date | None = None
    days: int = 14
    limit: int = 200
    network: bool = False
    nearest: bool = False
    elsewhere: bool = False
    weekdays: tuple[int, ...] = ()
    half: Half | None = None
    length: int = 1
    blocks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A free slot. `starts_at` and `ends_at` carry the clinic's offset; `places`: left, by arrival."""

    id: str
    starts_at: datetime
    ends_at: datetime
    doctor: str
    doctor_id: int
    room: str
    clinic: str
    procedure: str
    places: int | None = None


@dataclass(frozen=True, slots=True)
class _Agenda:
    """A block with its names and where it is."""

    block: Block
    doctor: str
    room: str
    procedure: str
    clinic: str
    zone: str
    horizon_days: int
    site: Site


_NAMES: Final = (
    people.c.family,
    rooms.c.code,
    procedures.c.name,
    clinics.c.code,
    clinics.c.zone,
    clinics.c.horizon_days,
    clinics.c.id,
    clinics.c.name,
    clinics.c.city,
    clinics.c.latitude,
    clinics.c.longitude,
)


@view("turn.slots", needs=Permission.TURN_READ)
def slots(tx: Reader, query: SlotsQuery) -> tuple[SlotRow, ...]:
    """Free slots by time, at most `limit`, over at most 90 days.

    Raises ProcedureNotFound, SpecialtyNotFound.
    """
    found = _agendas(tx, query)
    if not found:
        sites.procedure_ids(tx, query.procedure, query.specialty)  # says which code is none
        return ()
    first = max(query.since or date.min, min(clock.local_day(tx.now, each.zone) for each in found))
    days = [first + timedelta(days=n) for n in range(min(max(query.days, 1), _MOST_DAYS))]
    if query.weekdays:
        days = [day for day in days if day.isoweekday() in query.weekdays]
    if not days:
        return ()
    shut = agendas.calendar(tx, [each.block for each in found], days[0], days[-1])
    made: list[SlotRow] = []
    for each in _by_nearness(tx, query, found) if query.nearest or query.elsewhere else [found]:
        made += _search(tx, query, each, days, shut)[: query.limit - len(made)]
        if len(made) >= query.limit:
            break
    return tuple(made)


def _by_nearness(tx: Reader, query: SlotsQuery, found: Sequence[_Agenda]) -> list[list[_Agenda]]:
    """The agendas of each clinic, the nearest first; a clinic without any is still where one asks from."""
    there = {each.site.id: each.site for each in found}
    here = there.get(query.clinic_id) or _site(tx, query.clinic_id)
    ranked = sorted(there.values(), key=lambda site: site.far_from(here))
    return [[each for each in found if each.site.id == site.id] for site in ranked]


def _site(tx: Reader, clinic_id: int) -> Site:
    (found,) = tx.into(Site, select(*_NAMES[-5:]).where(clinics.c.id == clinic_id))
    return found


def _search(
    tx: Reader, query: SlotsQuery, found: Sequence[_Agenda], days: Sequence[date], shut: rules.Calendar
) -> list[SlotRow]:
    by_weekday: dict[int, list[_Agenda]] = {}
    for each in found:
        by_weekday.setdefault(each.block.weekday, []).append(each)
    made: list[tuple[_Agenda, tuple[Slot, ...], int | None]] = []
    for stretch in _stretches(days, _first_days(len(found))):
        held = _Held(tx, found, stretch)
        for day in stretch:
            for each in by_weekday.get(day.isoweekday(), ()):
                made += _free(tx, query, each, day, held, shut)
            if _enough(made, day, found, query.limit):
                return _rows(query, made)
    return _rows(query, made)


def _first_days(blocks: int) -> int:
    return next((days for most, days in _FIRST_DAYS if blocks <= most), 1)


def _stretches(days: Sequence[date], first: int) -> Iterator[Sequence[date]]:
    at = 0
    for length in (first, *_STRETCHES):
        if at < len(days):
            yield days[at : at + length]
        at += length


def _enough(made: Sequence[Any], day: date, found: Sequence[_Agenda], limit: int) -> bool:
    """Whether no later day begins before the last slot wanted: each zone has its own midnight."""
    if len(made) < limit:
        return False
    zones = {each.zone for each in found}
    next_day = min(clock.day_bounds(day, zone)[1] for zone in zones)
    return sum(1 for _each, run, _left in made if run[0].starts_at < next_day) >= limit


def _free(
    tx: Reader, query: SlotsQuery, each: _Agenda, day: date, held: _Held, shut: rules.Calendar
) -> Iterator[tuple[_Agenda, tuple[Slot, ...], int | None]]:
    today = clock.local_day(tx.now, each.zone)
    if day > horizon(today, each.horizon_days):
        return
    open_slots = (
        slot
        for slot in rules.slots_of(each.block, day, each.zone, shut)
        if (slot.ends_at if each.block.capacity is not None else slot.starts_at) >= tx.now
        and (query.half is None or query.half.holds(slot.wall_start))
        and not held.taken.clashes(slot)
    )
    for run in rules.runs(open_slots, min(max(query.length, 1), _MOST_LENGTH)):
        left = held.left(run[0], rules.channel_of(tx.actor.at.role, day, today).value, tx.now, today)
        if left is None or left >= len(run):
            yield each, run, left if each.block.capacity is not None else None


class _Held:
    """What is claimed and counted on a stretch of days."""

    def __init__(self, tx: Reader, found: Sequence[_Agenda], days: Sequence[date]) -> None:
        start = min(clock.day_bounds(days[0], zone)[0] for zone in {each.zone for each in found})
        end = max(clock.day_bounds(days[-1], zone)[1] for zone in {each.zone for each in found})
        weekdays = {day.isoweekday() for day in days}
        blocks = [each.block for each in found if each.block.weekday in weekdays]
        self.taken = Taken(_busy(tx, blocks, start, end))
        counted = [each.id for each in blocks if each.capacity is not None or each.quotas]
        self._used = _used(tx, counted, days) if counted else {}

    def left(self, slot: Slot, channel: str, now: datetime, today: date) -> int | None:
        """How many places a channel still has on the slot's day; None where nothing is counted."""
        block, day = slot.block, slot.wall_start.date()
        whole = None
        if block.capacity is not None:
            whole = block.capacity - self._used.get((block.id, day, rules.CAPACITY), 0)
        if not block.quotas:
            return whole
        own = sum(
            max(0, most - self._used.get((block.id, day, pool), 0))
            for pool, most in rules.pools(slot, channel, now, today)
        )
        return own if whole is None else min(own, whole)


def _agendas(tx: Reader, query: SlotsQuery) -> list[_Agenda]:
    statement = _wanted(query)
    since = query.since or date.min
    statement = statement.where(
        agenda_blocks.c.state == rules.BlockState.PUBLICADO.value,
        agenda_blocks.c.valid_to.is_(None) | (agenda_blocks.c.valid_to >= max(since, _yesterday(tx))),
    )
    return [_agenda(row) for row in tx.rows(statement)]


def _yesterday(tx: Reader) -> date:
    """No clinic's wall clock is before it."""
    return tx.now.date() - timedelta(days=1)


def _wanted(query: SlotsQuery) -> Select[Any]:
    statement = (
        select(*agendas.BLOCK, *_NAMES)
        .join(people, people.c.id == agenda_blocks.c.doctor_id)
        .join(rooms, rooms.c.id == agenda_blocks.c.room_id)
        .join(procedures, procedures.c.id == agenda_blocks.c.procedure_id)
        .join(clinics, clinics.c.id == agenda_blocks.c.clinic_id)
    )
    if query.elsewhere:
        statement = statement.where(agenda_blocks.c.clinic_id != query.clinic_id)
    elif not (query.network or query.nearest):
        statement = statement.where(agenda_blocks.c.clinic_id == query.clinic_id)
    if query.doctor_id is not None:
        statement = statement.where(agenda_blocks.c.doctor_id == query.doctor_id)
    if query.blocks:
        statement = statement.where(agenda_blocks.c.id.in_(query.blocks))
    if query.weekdays:
        statement = statement.where(agenda_blocks.c.weekday.in_(query.weekdays))
    if query.procedure is not None or query.specialty is not None:
        done = select(procedures.c.id)
        if query.procedure is not None:
            done = done.where(procedures.c.code == query.procedure)
        if query.specialty is not None:
            special = select(specialties.c.id).where(specialties.c.code == query.specialty)
            done = done.where(procedures.c.specialty_id.in_(special))
        statement = statement.where(agendas.serves(done))
    return statement


def _agenda(row: Row[Any]) -> _Agenda:
    plain = tuple(row)
    doctor, room, procedure, clinic, zone, horizon = plain[len(agendas.BLOCK) : -5]
    return _Agenda(agendas.block_of(plain), doctor, room, procedure, clinic, zone, horizon, Site(*plain[-5:]))


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


def _used(tx: Reader, blocks: Sequence[int], days: Sequence[date]) -> dict[tuple[int, date, str], int]:
    of = block_places.c
    statement = (
        select(of.block_id, of.day, of.pool, func.count().label("used"))
        .where(of.block_id.in_(blocks), of.day.between(days[0], days[-1]))
        .group_by(of.block_id, of.day, of.pool)
    )
    return {(row.block_id, row.day, row.pool): row.used for row in tx.rows(statement)}


def _rows(query: SlotsQuery, made: Iterable[tuple[_Agenda, tuple[Slot, ...], int | None]]) -> list[SlotRow]:
    chosen = sorted(made, key=lambda each: (each[1][0].starts_at, each[0].block.doctor_id))
    return [_row(*each) for each in chosen[: query.limit]]


def _row(each: _Agenda, run: Sequence[Slot], left: int | None) -> SlotRow:
    return SlotRow(
        id=run[0].id,
        starts_at=clock.local(run[0].starts_at, each.zone),
        ends_at=clock.local(run[-1].ends_at, each.zone),
        doctor=each.doctor,
        doctor_id=each.block.doctor_id,
        room=each.room,
        clinic=each.clinic,
        procedure=each.procedure,
        places=left,
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
