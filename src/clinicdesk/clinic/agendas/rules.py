"""Pure decisions about agendas: the slots of a block, and which of them are free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta

from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class Block:
    """A weekly agenda block, in the clinic's wall time. `weekday` 1 is Monday."""

    id: int
    clinic_id: int
    doctor_id: int
    room_id: int
    procedure_id: int
    weekday: int
    starts: time
    ends: time
    slot_minutes: int
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the block runs on this day."""
        return (
            day.isoweekday() == self.weekday
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in an agenda: wall time at the clinic and the instants it stands for."""

    block: Block
    wall_start: datetime
    starts_at: datetime
    ends_at: datetime

    @property
    def id(self) -> str:
        """Opaque text for scripts: block and wall time."""
        return f"{self.block.id}.{self.wall_start:%Y%m%dT%H%M}"


def slots_of(block: Block, day: date, zone: str) -> Iterator[Slot]:
    """The slots of a block on a day. A wall time that the clock skips that day offers none."""
    if not block.holds_on(day):
        return
    step = timedelta(minutes=block.slot_minutes)
    wall, last = datetime.combine(day, block.starts), datetime.combine(day, block.ends)
    while wall + step <= last:
        if clock.exists(wall, zone):
            starts_at = clock.instant(wall, zone)
            yield Slot(block, wall, starts_at, starts_at + step)
        wall += step


def slot_named(text: str) -> tuple[int, datetime]:
    """Block id and wall time of a slot id; ValueError where it is none."""
    block, _dot, said = text.partition(".")
    wall = datetime.strptime(said, "%Y%m%dT%H%M")  # noqa: DTZ007 - wall time, zone of the clinic
    if wall.year == MAXYEAR:  # the calendar's last day has no next one to reckon with
        raise ValueError(text)
    return int(block), wall


@dataclass(frozen=True, slots=True)
class Busy:
    """A claim in force on a doctor or room."""

    resource_id: int
    starts_at: datetime
    ends_at: datetime


def free_slots(
    blocks: Iterable[Block], busy: Iterable[Busy], days: Iterable[date], zone: str, now: datetime
) -> list[Slot]:
    """Slots nobody holds and that have not begun, by time."""
    taken: dict[int, list[Busy]] = {}
    for claim in busy:
        taken.setdefault(claim.resource_id, []).append(claim)
    wanted = list(days)
    found = [
        slot
        for block in blocks
        for day in wanted
        for slot in slots_of(block, day, zone)
        if slot.starts_at >= now and not _clashes(slot, taken)
    ]
    return sorted(found, key=lambda slot: (slot.starts_at, slot.block.doctor_id))


def _clashes(slot: Slot, taken: dict[int, list[Busy]]) -> bool:
    return any(
        claim.starts_at < slot.ends_at and slot.starts_at < claim.ends_at
        for resource in (slot.block.doctor_id, slot.block.room_id)
        for claim in taken.get(resource, ())
    )
