"""A doctor's day at a clinic as an agenda shows it: turns, free places, what is kept, what is shut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas import rules as agenda
from clinicdesk.clinic.agendas.rules import ALWAYS, OVERBOOK, Block, BlockState, Busy, Calendar, Slot
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.errors import DoctorNotFound
from clinicdesk.clinic.sites.model import rooms
from clinicdesk.clinic.turns import queries, rules, slots
from clinicdesk.clinic.turns.model import block_places, turn_events, turn_notices, turn_reassigned
from clinicdesk.clinic.turns.model import turns as turn_table
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock

_AROUND_DAYS: Final = 21


class Kind(StrEnum):
    """What a row of an agenda is."""

    TURN = "turno"
    FREE = "libre"
    SHUT = "cerrado"
    TOLD = "avisos"


@dataclass(frozen=True, slots=True)
class AgendaQuery:
    """One doctor's day; the first doctor who works then where none is said, today where no day is."""

    clinic_id: int
    doctor_id: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """One row, by the wall clock of the clinic.

    Of a turn, which overbook (`number`, 0 for none) of how many (`most`) it is and who gave it. Of a free
    place its `slot`, the instant `until` which it is offered, and for which channel it is kept until when
    (both UTC). Of a time that is not worked the `why`; the row TOLD below it says how many turns stand in
    it, how many of them were told, cannot be told, and have another place. Those turns carry its id as
    `band`, the state of their notice, and when they stand now (`again`, wall time).
    """

    kind: Kind
    id: str
    wall_start: datetime
    wall_end: datetime
    turn: TurnRow | None = None
    number: int = 0
    most: int = 0
    given_by: str = ""
    slot: str | None = None
    until: datetime | None = None
    kept_for: str = ""
    released_at: datetime | None = None
    places: int = 0
    why: str = ""
    affected: int = 0
    told: int = 0
    untold: int = 0
    replaced: int = 0
    band: str = ""
    notice: str = ""
    again: datetime | None = None

    def is_offered(self, now: datetime) -> bool:
        """Whether it is a place that can still be given, kept for others or not."""
        return self.kind is Kind.FREE and self.until is not None and now <= self.until


@dataclass(frozen=True, slots=True)
class AgendaDay:
    """A doctor's day; `days` are those with an agenda about it, the day itself among them."""

    clinic_id: int
    doctor_id: int
    family: str
    given: str
    specialty: str
    room: str
    slot_minutes: int
    overbooks: int
    day: date
    days: tuple[date, ...]
    rows: tuple[AgendaRow, ...]
    doctors: tuple[int, ...] = field(default=())

    @property
    def turns(self) -> int:
        """How many turns stand in it, those cancelled and absent aside."""
        gone = rules.FREES_CLAIMS
        return sum(1 for row in self.rows if row.turn is not None and row.turn.state not in gone)

    def free(self, now: datetime) -> int:
        """How many places can still be given."""
        return sum(max(1, row.places) for row in self.rows if row.is_offered(now))


@view("turn.agenda", needs=Permission.TURN_READ)
def agenda_day(tx: Reader, query: AgendaQuery) -> AgendaDay:
    """The agenda of a day, whether anything is worked then or not. Raises DoctorNotFound."""
    zone = sites.zone_of(tx, query.clinic_id)
    day = query.day or clock.local_day(tx.now, zone)
    around = day - timedelta(days=_AROUND_DAYS), day + timedelta(days=_AROUND_DAYS)
    every = agendas.blocks(tx, agendas.BlocksQuery(query.clinic_id), *around)
    doctors = sites.doctors(tx, query.clinic_id)
    works = {block.doctor_id for block in every if block.holds_on(day)}
    wanted = query.doctor_id
    chosen = next((row for row in doctors if row.person_id == wanted), None) or next(
        (row for row in doctors if row.person_id in works), doctors[0] if doctors else None
    )
    if chosen is None or (wanted is not None and chosen.person_id != wanted):
        raise DoctorNotFound(doctor=wanted or "")
    own = tuple(block for block in every if block.doctor_id == chosen.person_id)
    today = tuple(block for block in own if block.holds_on(day) and block.state != BlockState.BORRADOR)
    first = today[0] if today else None
    return AgendaDay(
        clinic_id=query.clinic_id,
        doctor_id=chosen.person_id,
        family=chosen.family,
        given=chosen.given,
        specialty=chosen.specialty or "",
        room=_room(tx, first),
        slot_minutes=first.slot_minutes if first else 0,
        overbooks=sum(block.overbooks for block in today),
        day=day,
        days=tuple(_days(own, day)),
        rows=_rows(tx, today, chosen.person_id, query.clinic_id, day, zone),
        doctors=tuple(row.person_id for row in doctors if row.person_id in works),
    )


@view("turn.agenda_week", needs=Permission.TURN_READ)
def agenda_week(tx: Reader, query: AgendaQuery) -> tuple[AgendaDay, ...]:
    """The seven days of the week about a day, Monday first. Raises DoctorNotFound."""
    day = query.day or clock.local_day(tx.now, sites.zone_of(tx, query.clinic_id))
    monday = day - timedelta(days=day.weekday())
    return tuple(agenda_day.run(tx, replace(query, day=monday + timedelta(days=ahead))) for ahead in range(7))


def _room(tx: Reader, block: Block | None) -> str:
    if block is None:
        return ""
    return str(tx.run(select(rooms.c.code).where(rooms.c.id == block.room_id)).scalar_one())


def _days(blocks: Sequence[Block], day: date) -> Iterator[date]:
    for ahead in range(-_AROUND_DAYS, _AROUND_DAYS + 1):
        each = day + timedelta(days=ahead)
        published = (block for block in blocks if block.state == BlockState.PUBLICADO)
        if ahead == 0 or any(block.holds_on(each) for block in published):
            yield each


def _rows(
    tx: Reader, blocks: Sequence[Block], doctor_id: int, clinic_id: int, day: date, zone: str
) -> tuple[AgendaRow, ...]:
    calendar = agendas.calendar(tx, blocks, day, day)
    turns = queries.day_turns.run(tx, queries.DayQuery(clinic_id, day, doctor_id))
    counted = _counted(tx, blocks, day)
    rows = [*_turn_rows(tx, turns, counted, {block.id: block.overbooks for block in blocks})]
    resources = {each for block in blocks for each in (block.doctor_id, block.room_id)}
    busy = slots.busy(tx, resources, *clock.day_bounds(day, zone)) if resources else ()
    for block in blocks:
        rows += _free_rows(tx, block, day, zone, calendar, busy, counted)
    shut = [each for block in blocks for each in _stretches(block, day, zone, calendar)]
    rows = [*_with_bands(tx, rows, shut), *shut]
    order = {Kind.SHUT: 0, Kind.TOLD: 1, Kind.TURN: 2, Kind.FREE: 4}
    return tuple(sorted(rows, key=lambda row: (row.wall_start, order[row.kind] + (row.number > 0), row.id)))


def _counted(tx: Reader, blocks: Sequence[Block], day: date) -> list[Any]:
    ids = [block.id for block in blocks]
    of = block_places.c
    return tx.rows(select(of.block_id, of.pool, of.n, of.turn_id).where(of.block_id.in_(ids), of.day == day))


def _turn_rows(
    tx: Reader, turns: Sequence[TurnRow], counted: Sequence[Any], most: Mapping[int, int]
) -> Iterator[AgendaRow]:
    numbers = {row.turn_id: row.n for row in counted if row.pool == OVERBOOK}
    givers = _givers(tx, [turn.id for turn in turns if turn.kind == "overbook"])
    for turn in turns:
        end = turn.wall_start + (turn.ends_at - turn.starts_at)
        number, of = numbers.get(turn.id, 0), most.get(turn.block_id or 0, 0)
        by = givers.get(turn.id, "")
        yield AgendaRow(Kind.TURN, turn.id.hex, turn.wall_start, end, turn, number, of, by)


def _givers(tx: Reader, turn_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Who gave each of these turns."""
    if not turn_ids:
        return {}
    statement = (
        select(turn_events.c.turn_id, people.c.family)
        .join(people, people.c.id == turn_events.c.person_id)
        .where(turn_events.c.turn_id.in_(turn_ids), turn_events.c.seq == 1)
    )
    return {row.turn_id: row.family for row in tx.rows(statement)}


def _free_rows(
    tx: Reader,
    block: Block,
    day: date,
    zone: str,
    calendar: Calendar,
    busy: Sequence[Busy],
    counted: Sequence[Any],
) -> Iterator[AgendaRow]:
    today = clock.local_day(tx.now, zone)
    used = Counter(row.pool for row in counted if row.block_id == block.id)
    for slot in agenda.slots_of(block, day, zone, calendar):
        if block.capacity is None and _held(slot, busy):
            continue
        left = 0 if block.capacity is None else block.capacity - used[agenda.CAPACITY]
        if block.capacity is not None and left <= 0:
            continue
        until = slot.starts_at if block.capacity is None else slot.ends_at
        channel = agenda.channel_of(tx.actor.at.role, day, today)
        pools = agenda.pools(slot, channel.value, tx.now, today)
        open_to = not block.quotas or any(used[pool] < most for pool, most in pools)
        kept = "" if open_to else ", ".join(name.replace("_", " ") for name, _n in block.quotas)
        released = None if open_to else slot.starts_at - timedelta(hours=block.release_hours)
        end = slot.wall_start + (slot.ends_at - slot.starts_at)
        yield AgendaRow(
            Kind.FREE,
            slot.id,
            slot.wall_start,
            end,
            slot=slot.id,
            until=until,
            kept_for=kept,
            released_at=released,
            places=left,
        )


def _held(slot: Slot, busy: Iterable[Busy]) -> bool:
    mine = (slot.block.doctor_id, slot.block.room_id)
    return any(
        claim.resource_id in mine and claim.starts_at < slot.ends_at and slot.starts_at < claim.ends_at
        for claim in busy
    )


def _stretches(block: Block, day: date, zone: str, calendar: Calendar) -> list[AgendaRow]:
    """One row for each stretch of a block that is not worked."""
    found: list[AgendaRow] = []
    for slot in agenda.slots_of(_published(block), day, zone, ALWAYS):
        end = slot.wall_start + (slot.ends_at - slot.starts_at)
        suspended = "" if block.state == BlockState.PUBLICADO else str(block.state)
        why = calendar.why_shut(block, slot.wall_start, end) or suspended
        if why and found and (found[-1].wall_end, found[-1].why) == (slot.wall_start, why):
            found[-1] = replace(found[-1], wall_end=end)
        elif why:
            shut_id = f"{block.id}!{slot.wall_start:%H%M}"
            found.append(AgendaRow(Kind.SHUT, shut_id, slot.wall_start, end, why=why))
    return found


def _with_bands(tx: Reader, rows: Sequence[AgendaRow], shut: Sequence[AgendaRow]) -> Iterator[AgendaRow]:
    """The rows, turns in a time that is not worked with what became of them, and a row that counts them."""
    inside = {row.id: band for row in rows if (band := _band_of(row, shut)) is not None}
    fates = _fates(tx, [row.turn.id for row in rows if row.id in inside and row.turn is not None])
    for row in rows:
        if row.turn is None or row.id not in inside:
            yield row
        else:
            notice, again = fates.get(row.turn.id, ("", None))
            yield replace(row, band=inside[row.id].id, notice=notice, again=again)
    for band in shut:
        mine = [row for row in rows if inside.get(row.id) is band and row.turn is not None]
        if mine:
            told = [fates.get(row.turn.id, ("", None)) for row in mine if row.turn is not None]
            states = Counter(notice for notice, _again in told)
            yield replace(
                band,
                kind=Kind.TOLD,
                id=f"{band.id}+",
                affected=len(mine),
                told=states["hecho"],
                untold=states["sin_medio"],
                replaced=sum(1 for _notice, again in told if again is not None),
            )


def _band_of(row: AgendaRow, shut: Sequence[AgendaRow]) -> AgendaRow | None:
    if row.turn is None or row.turn.kind == "walk_in":
        return None
    return next((band for band in shut if band.wall_start <= row.wall_start < band.wall_end), None)


def _published(block: Block) -> Block:
    return replace(block, state=BlockState.PUBLICADO.value)


def _fates(tx: Reader, turn_ids: Sequence[UUID]) -> dict[UUID, tuple[str, datetime | None]]:
    """Of each of these turns the state of its notice, and when the patient has another turn instead."""
    if not turn_ids:
        return {}
    of, new = turn_notices.c, turn_table.alias("new")
    statement = (
        select(of.turn_id, of.state, new.c.wall_start)
        .outerjoin(
            turn_reassigned,
            (turn_reassigned.c.patient_id == of.patient_id) & (turn_reassigned.c.was_id == of.turn_id),
        )
        .outerjoin(
            new, (new.c.patient_id == turn_reassigned.c.patient_id) & (new.c.id == turn_reassigned.c.id)
        )
        .where(of.turn_id.in_(turn_ids), of.state != "anulado")
        .order_by(of.made_at)
    )
    return {row.turn_id: (row.state, row.wall_start) for row in tx.rows(statement)}
