"""Reads of agendas: the weekly blocks of a clinic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, or_, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas import rules
from clinicdesk.clinic.agendas.errors import SlotNotFound
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import procedures, rooms
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock


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


_BLOCK = (
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
)


def block(tx: Reader, block_id: int) -> rules.Block | None:
    """One agenda block."""
    found = tx.into(rules.Block, select(*_BLOCK).where(agenda_blocks.c.id == block_id))
    return found[0] if found else None


@view("agenda.list", needs=Permission.SITE_READ)
def list_blocks(tx: Reader, query: BlocksQuery) -> tuple[BlockRow, ...]:
    """The weekly blocks of a clinic that hold now or later, by doctor and weekday."""
    since = query.since or clock.local_day(tx.now, sites.zone_of(tx, query.clinic_id))
    found = blocks(tx, query, date.max, since)
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
    statement = select(*_BLOCK).where(
        agenda_blocks.c.clinic_id == query.clinic_id,
        agenda_blocks.c.valid_from <= last,
        or_(agenda_blocks.c.valid_to.is_(None), agenda_blocks.c.valid_to >= first),
    )
    if query.doctor_id is not None:
        statement = statement.where(agenda_blocks.c.doctor_id == query.doctor_id)
    if query.procedure is not None or query.specialty is not None:
        wanted = sites.procedure_ids(tx, query.procedure, query.specialty)
        statement = statement.where(agenda_blocks.c.procedure_id.in_(wanted))
    return tx.into(rules.Block, statement)


def slot(tx: Reader, text_id: str) -> rules.Slot:
    """The slot of an id, checked against its block. Raises SlotNotFound."""
    try:
        block_id, wall = rules.slot_named(text_id)
    except ValueError:
        raise SlotNotFound from None
    found = block(tx, block_id)
    if found is None:
        raise SlotNotFound
    zone = sites.zone_of(tx, found.clinic_id)
    for offered in rules.slots_of(found, wall.date(), zone):
        if offered.wall_start == wall:
            return offered
    raise SlotNotFound


def names(tx: Reader, key: Column[Any], name: Column[Any]) -> dict[int, str]:
    """Two columns of a small table as a dictionary."""
    rows: list[Any] = tx.rows(select(key, name))
    return {row[0]: row[1] for row in rows}
