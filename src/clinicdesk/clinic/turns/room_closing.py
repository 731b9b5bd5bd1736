"""A room goes out of use, or comes back: what that touches is shown first, and closed as it was shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import places
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.sites.rules import RoomState, state_problems
from clinicdesk.clinic.turns import claims
from clinicdesk.clinic.turns.errors import RoomTurnsChanged
from clinicdesk.clinic.turns.places import lock as lock_block
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line

_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class AffectedTurn:
    """A turn to come in the room, in the clinic's wall time. Whose it is stands on the board."""

    patient_id: UUID
    turn_id: UUID
    doctor: str
    wall_start: datetime
    state: str


@dataclass(frozen=True, slots=True)
class AffectedBlock:
    """A weekly block that offers the room; `weekday` is 1 Monday … 7 Sunday."""

    block_id: int
    doctor: str
    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Affected:
    """What a room out of use on some days touches. `seen` stands for exactly this in an order."""

    turns: tuple[AffectedTurn, ...]
    blocks: tuple[AffectedBlock, ...]

    @property
    def seen(self) -> str:
        """The same for the same turns at the same hours, and the same blocks."""
        said = [f"{each.turn_id} {each.wall_start}" for each in self.turns]
        said += [f"{each.block_id} {each.weekday} {each.starts}-{each.ends}" for each in self.blocks]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RoomDaysQuery:
    """A room on the days from one to another, both included; `until` None for good."""

    room_id: int
    since: date
    until: date | None = None


@view("room.affected", needs=Permission.ROOM_MANAGE)
def affected_by_room(tx: Reader, query: RoomDaysQuery) -> Affected:
    """The turns to come and the agenda blocks in a room on these days, by hour."""
    return affected(tx, query.room_id, query.since, query.until)


def affected(tx: Reader, room_id: int, since: date, until: date | None) -> Affected:
    """What stands in a room on these days."""
    found = func.room_turns(room_id, since, until).table_valued(
        "turn_id", "patient_id", "doctor_id", "wall_start", "state"
    )
    statement = (
        select(found.c.patient_id, found.c.turn_id, people.c.family, found.c.wall_start, found.c.state)
        .join(people, people.c.id == found.c.doctor_id)
        .order_by(found.c.wall_start, found.c.turn_id)
    )
    return Affected(tx.into(AffectedTurn, statement), _blocks(tx, room_id, since, until))


def _blocks(tx: Reader, room_id: int, since: date, until: date | None) -> tuple[AffectedBlock, ...]:
    statement = (
        select(
            agenda_blocks.c.id,
            people.c.family,
            agenda_blocks.c.weekday,
            agenda_blocks.c.starts,
            agenda_blocks.c.ends,
        )
        .join(people, people.c.id == agenda_blocks.c.doctor_id)
        .where(
            agenda_blocks.c.room_id == room_id,
            or_(agenda_blocks.c.valid_to.is_(None), agenda_blocks.c.valid_to >= since),
        )
        .order_by(agenda_blocks.c.weekday, agenda_blocks.c.starts, agenda_blocks.c.id)
    )
    if until is not None:
        statement = statement.where(agenda_blocks.c.valid_from <= until)
        if (days := (until - since).days + 1) < _WEEK_DAYS:
            weekdays = [(since + timedelta(days=n)).isoweekday() for n in range(days)]
            statement = statement.where(agenda_blocks.c.weekday.in_(weekdays))
    return tx.into(AffectedBlock, statement)


def _lock(tx: Tx, room_id: int) -> None:
    """Who books in the room waits: an overbook, and who comes by order of arrival, locks the block alone."""
    claims.lock(tx, (room_id,))
    statement = (
        select(agenda_blocks.c.id).where(agenda_blocks.c.room_id == room_id).order_by(agenda_blocks.c.id)
    )
    for each in tx.rows(statement):
        lock_block(tx, each.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoomState(Order):
    """A room out of use from a day until another (None: for good), or `disponible` again.

    `seen` is what the list of turns and blocks affected stood for when the person said yes to it.
    """

    clinic_id: int
    room_id: int
    code: str
    version: int = as_read()
    state: str
    reason: str | None = None
    since: date | None = None
    until: date | None = None
    seen: str = as_read()

    @property
    def subject(self) -> str:
        """Which room, and what becomes of it."""
        return f"{self.code} {self.state}"


@use_case(
    "room.state",
    needs=Permission.ROOM_MANAGE,
    elsewhere=Permission.SITE_MANAGE,
    answer=SiteAnswer,
    purpose="ADMIN",
)
def set_room_state(tx: Tx, order: SetRoomState) -> SiteAnswer:
    """Put a room out of use, or back.

    What is booked in it meanwhile waits, or is seen here and refused. Raises RoomTurnsChanged with what is
    affected now, InvalidInput, SiteRowNotFound, SiteChanged, BadRoomState.
    """
    if problems := state_problems(order.state, order.reason or "", order.since, order.until):
        raise InvalidInput(*problems)
    _lock(tx, order.room_id)
    closes = order.state != RoomState.DISPONIBLE
    if closes and order.since is not None:
        now = affected(tx, order.room_id, order.since, order.until)
        if now.seen != order.seen:
            raise RoomTurnsChanged(turns=len(now.turns), blocks=len(now.blocks), affected=now)
    values: dict[str, Any] = dict.fromkeys(("state_reason", "state_from", "state_until"))
    if closes:
        values = {
            "state_reason": clean_line(order.reason or "") or None,
            "state_from": order.since,
            "state_until": order.until,
        }
    return places.set_room_state(
        tx, order.room_id, order.version, order.clinic_id, order.code, {"state": order.state} | values
    )
