"""Reads of agendas: the weekly blocks of a clinic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Select,
    Time,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas import rules
from clinicdesk.clinic.agendas.errors import BlockClosed, SlotNotFound
from clinicdesk.clinic.agendas.model import agenda_blocks, agenda_exceptions, block_procedures, block_quotas
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import clinics, holidays, procedures, rooms
from clinicdesk.clinic.usecases import MadeT, Reader, view
from clinicdesk.kit import clock
from clinicdesk.kit.words import _


@dataclass(frozen=True, slots=True)
class BlocksQuery:
    """Blocks of a clinic: of one doctor or all; of one procedure, of one specialty (codes), or all."""

    clinic_id: int
    doctor_id: int | None = None
    procedure: str | None = None
    specialty: str | None = None
    since: date | None = None


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A weekly block with the names of its doctor and room and the code of its procedure."""

    doctor: str
    room: str
    procedure: str
    block: rules.Block


_quotas = (
    select(func.coalesce(func.jsonb_object_agg(block_quotas.c.channel, block_quotas.c.places), text("'{}'")))
    .where(block_quotas.c.block_id == agenda_blocks.c.id)
    .scalar_subquery()
)
_others = (
    select(
        func.coalesce(
            func.array_agg(block_procedures.c.procedure_id),
            text("'{}'"),
        )
    )
    .where(block_procedures.c.block_id == agenda_blocks.c.id)
    .scalar_subquery()
)
# The columns that `block_of` reads, in the order of Block's fields.
BLOCK: Final = (
    agenda_blocks.c.id,
    agenda_blocks.c.clinic_id,
    agenda_blocks.c.doctor_id,
    agenda_blocks.c.room_id,
    agenda_blocks.c.procedure_id,
    agenda_blocks.c.weekday,
    agenda_blocks.c.starts,
    agenda_blocks.c.ends,
    agenda_blocks.c.slot_minutes,
    agenda_blocks.c.valid_from,
    agenda_blocks.c.valid_to,
    agenda_blocks.c.state,
    agenda_blocks.c.capacity,
    agenda_blocks.c.overbooks,
    agenda_blocks.c.release_hours,
    _quotas.label("quotas"),
    _others.label("others"),
    agenda_blocks.c.version,
)


def block_of(row: Sequence[Any]) -> rules.Block:
    """A block from a row that begins with the columns of BLOCK."""
    *plain, quotas, others, version = row[: len(BLOCK)]
    own = plain[4]
    served = (own, *sorted(each for each in others if each != own))
    made = rules.Block(*plain)
    return replace(made, quotas=tuple(sorted(quotas.items())), procedures=served, version=version)


def block(tx: Reader, block_id: int) -> rules.Block | None:
    """One agenda block."""
    row = tx.first(select(*BLOCK).where(agenda_blocks.c.id == block_id))
    return block_of(tuple(row)) if row else None


def by_arrival_at(
    tx: Reader, clinic_id: int, doctor_id: int | None, wall: datetime
) -> tuple[rules.Block, ...]:
    """The published blocks by order of arrival that are worked at a wall time: a doctor's, or everybody's."""
    day = wall.date()
    found = [
        each
        for each in blocks(tx, BlocksQuery(clinic_id, doctor_id), day, day)
        if each.takes_arrivals_at(wall)
    ]
    shut = calendar(tx, found, day, day)
    return tuple(each for each in found if shut.why_shut(each, wall, wall) is None)


def calendar(tx: Reader, found: Sequence[rules.Block], first: date, last: date) -> rules.Calendar:
    """What keeps these blocks from being worked from the first to the last day, in one question."""
    if not found:
        return rules.ALWAYS
    doctors, places, centres = (
        sorted({getattr(each, name) for each in found}) for name in ("doctor_id", "room_id", "clinic_id")
    )
    days = first, last
    asked = _away(doctors, *days), _out(places, *days), _free_days(centres, *days), _given_up(places, last)
    rows = tx.rows(union_all(*asked))
    away: dict[int, list[rules.Away]] = {}
    out: dict[int, list[rules.RoomOut]] = {}
    free: dict[tuple[int, date], str] = {}
    for row in rows:
        if row.what == "away":
            made = rules.Away(row.of, row.block_id, row.first, row.last, row.start, row.end, row.reason)
            away.setdefault(row.of, []).append(made)
        elif row.what == "out":
            out.setdefault(row.of, []).append(rules.RoomOut(row.of, row.first, row.last, row.reason))
        else:
            free[row.of, row.first] = row.reason
    return rules.Calendar(_frozen(away), _frozen(out), free)


def _frozen(found: dict[int, list[MadeT]]) -> dict[int, tuple[MadeT, ...]]:
    return {key: tuple(each) for key, each in found.items()}


def _away(doctors: Sequence[int], first: date, last: date) -> Select[Any]:
    of = agenda_exceptions.c
    return select(
        literal("away").label("what"),
        of.doctor_id.label("of"),
        of.block_id.label("block_id"),
        of.first_day.label("first"),
        of.last_day.label("last"),
        of.from_time.label("start"),
        of.to_time.label("end"),
        of.reason.label("reason"),
    ).where(
        of.doctor_id.in_(doctors),
        of.lifted_at.is_(None),
        of.first_day <= last,
        or_(of.last_day.is_(None), of.last_day >= first),
    )


_NO_BLOCK = (null().cast(BigInteger),)
_NO_HOURS = (null().cast(Time), null().cast(Time))


def _out(places: Sequence[int], first: date, last: date) -> Select[Any]:
    of = rooms.c
    return select(
        literal("out"), of.id, *_NO_BLOCK, of.state_from, of.state_until, *_NO_HOURS, of.state_reason
    ).where(
        of.id.in_(places),
        of.state != "disponible",
        or_(of.state_from.is_(None), of.state_from <= last),
        or_(of.state_until.is_(None), of.state_until >= first),
    )


def _given_up(places: Sequence[int], last: date) -> Select[Any]:
    """The rooms of clinics that have closed down by then."""
    of = clinics.c
    return (
        select(
            literal("out"),
            rooms.c.id,
            *_NO_BLOCK,
            of.closed_on,
            null().cast(Date),
            *_NO_HOURS,
            literal("centro cerrado"),
        )
        .join(rooms, rooms.c.clinic_id == of.id)
        .where(rooms.c.id.in_(places), of.closed_on <= last)
    )


def _free_days(centres: Sequence[int], first: date, last: date) -> Select[Any]:
    own = holidays.alias("own")
    works = select(own.c.id).where(own.c.clinic_id == clinics.c.id, own.c.day == holidays.c.day).exists()
    mine = (holidays.c.clinic_id == clinics.c.id) | ((holidays.c.country == clinics.c.country) & ~works)
    day = holidays.c.day
    return (
        select(literal("free"), clinics.c.id, *_NO_BLOCK, day, day, *_NO_HOURS, holidays.c.name)
        .select_from(clinics)
        .join(holidays, mine)
        .where(clinics.c.id.in_(centres), ~holidays.c.works, day.between(first, last))
    )


@view("agenda.list", needs=Permission.SITE_READ)
def list_blocks(tx: Reader, query: BlocksQuery) -> tuple[BlockRow, ...]:
    """The weekly blocks of a clinic that hold now or later, by doctor and weekday."""
    since = query.since or clock.local_day(tx.now, sites.zone_of(tx, query.clinic_id))
    found = blocks(tx, query, since, date.max)
    doctors = names(tx, people.c.id, people.c.family)
    places = names(tx, rooms.c.id, rooms.c.code)
    done = names(tx, procedures.c.id, procedures.c.code)
    rows = (
        BlockRow(doctors[each.doctor_id], places[each.room_id], done[each.procedure_id], each)
        for each in found
    )
    return tuple(sorted(rows, key=lambda row: (row.doctor, row.block.weekday, row.block.starts)))


def blocks(tx: Reader, query: BlocksQuery, first: date, last: date) -> tuple[rules.Block, ...]:
    """The blocks a query asks for that hold on a day from first to last.

    Raises ProcedureNotFound, SpecialtyNotFound.
    """
    statement = select(*BLOCK).where(
        agenda_blocks.c.clinic_id == query.clinic_id,
        agenda_blocks.c.valid_from <= last,
        or_(agenda_blocks.c.valid_to.is_(None), agenda_blocks.c.valid_to >= first),
    )
    if query.doctor_id is not None:
        statement = statement.where(agenda_blocks.c.doctor_id == query.doctor_id)
    if query.procedure is not None or query.specialty is not None:
        wanted = sites.procedure_ids(tx, query.procedure, query.specialty)
        statement = statement.where(serves(wanted))
    return tuple(block_of(tuple(row)) for row in tx.rows(statement))


@dataclass(frozen=True, slots=True)
class ExceptionsQuery:
    """Leave and suspensions made at a clinic: of one doctor or all; lifted and past ones too with `all`."""

    clinic_id: int
    doctor_id: int | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A leave or a suspension; `last_day` None: until further notice. Days and hours in wall time."""

    id: int
    kind: str
    doctor_id: int
    doctor: str
    block_id: int | None
    first_day: date
    last_day: date | None
    from_time: time | None
    to_time: time | None
    leave_kind: str | None
    reason: str
    made_at: datetime
    lifted_at: datetime | None


@view("agenda.exceptions", needs=Permission.SITE_READ)
def list_exceptions(tx: Reader, query: ExceptionsQuery) -> tuple[ExceptionRow, ...]:
    """Leave and suspensions by first day."""
    of = agenda_exceptions.c
    statement = (
        select(
            of.id,
            of.kind,
            of.doctor_id,
            people.c.family,
            of.block_id,
            of.first_day,
            of.last_day,
            of.from_time,
            of.to_time,
            of.leave_kind,
            of.reason,
            of.made_at,
            of.lifted_at,
        )
        .join(people, people.c.id == of.doctor_id)
        .where(of.clinic_id == query.clinic_id)
        .order_by(of.first_day, of.id)
    )
    if query.doctor_id is not None:
        statement = statement.where(of.doctor_id == query.doctor_id)
    if not query.everything:
        today = clock.local_day(tx.now, sites.zone_of(tx, query.clinic_id))
        statement = statement.where(of.lifted_at.is_(None), or_(of.last_day.is_(None), of.last_day >= today))
    return tx.into(ExceptionRow, statement)


def serves(procedure_ids: Sequence[int] | Select[Any]) -> ColumnElement[bool]:
    """Whether a block serves one of these procedures."""
    of = block_procedures.c
    also = select(of.block_id).where(of.block_id == agenda_blocks.c.id, of.procedure_id.in_(procedure_ids))
    return or_(agenda_blocks.c.procedure_id.in_(procedure_ids), also.exists())


def slot(tx: Reader, text_id: str) -> rules.Slot:
    """The slot of an id, checked against its block and the calendar. Raises SlotNotFound, BlockClosed."""
    try:
        block_id, wall = rules.slot_named(text_id)
    except ValueError:
        raise SlotNotFound from None
    found = block(tx, block_id)
    if found is None:
        raise SlotNotFound
    zone = sites.zone_of(tx, found.clinic_id)
    in_grid = replace(found, state=rules.BlockState.PUBLICADO.value)
    for offered in rules.slots_of(in_grid, wall.date(), zone):
        if offered.wall_start == wall:
            demand_open(tx, found, offered)
            return replace(offered, block=found)
    raise SlotNotFound


def demand_open(tx: Reader, found: rules.Block, at: rules.Slot) -> None:
    """Raises BlockClosed, with its reason, where the block is not worked at the slot's time."""
    if found.state != rules.BlockState.PUBLICADO:
        raise BlockClosed(why=_("bloque {}").format(found.state))
    day, end = at.wall_start.date(), at.wall_start + (at.ends_at - at.starts_at)
    if why := calendar(tx, (found,), day, day).why_shut(found, at.wall_start, end):
        raise BlockClosed(why=why)


def names(tx: Reader, key: Column[Any], name: Column[Any]) -> dict[int, str]:
    """Two columns of a small table as a dictionary."""
    rows: list[Any] = tx.rows(select(key, name))
    return {row[0]: row[1] for row in rows}
