"""Pure decisions about agendas: the slots of a block, which of them are free, and for whom they are kept."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.rights import Role
from clinicdesk.kit import clock
from clinicdesk.kit.words import _


class BlockState(StrEnum):
    """States of a block, stored as written: only a published one offers slots."""

    BORRADOR = "borrador"
    PUBLICADO = "publicado"
    SUSPENDIDO = "suspendido"


class Channel(StrEnum):
    """Ways in for which a block may keep places, stored as written."""

    MISMO_DIA = "mismo_dia"
    PROGRAMADO = "programado"
    GESTION = "gestion"
    PROFESIONAL = "profesional"
    WEB = "web"


OVERBOOK: Final = "overbook"
CAPACITY: Final = "capacity"
FREE: Final = "libre"
RELEASE_HOURS: Final = 48
_MOST_PLACES: Final = 500
_MOST_OVERBOOKS: Final = 50
_MOST_RELEASE_HOURS: Final = 720
_NOON: Final = 12
_EARTH_KM: Final = 6371.0

_BY_ROLE: Final = MappingProxyType(
    {Role.GESTION: Channel.GESTION, Role.MEDICO: Channel.PROFESIONAL, Role.SERVICIO: Channel.WEB}
)


def channel_of(role: Role, day: date, today: date) -> Channel:
    """The channel through which somebody in this role books a day."""
    usual = Channel.MISMO_DIA if day == today else Channel.PROGRAMADO
    return _BY_ROLE.get(role, usual)


@dataclass(frozen=True, slots=True)
class Block:
    """A weekly agenda block, in the clinic's wall time. `weekday` 1 is Monday.

    `capacity` None: slots with an hour each; a number: so many people a day, seen in order of arrival.
    `quotas` are places kept for a channel; `procedures` all it serves, its own first.
    """

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
    state: str = BlockState.PUBLICADO.value
    capacity: int | None = None
    overbooks: int = 0
    release_hours: int = RELEASE_HOURS
    quotas: tuple[tuple[str, int], ...] = ()
    procedures: tuple[int, ...] = ()
    version: int = 1

    @property
    def is_extra(self) -> bool:
        """Whether it was made for one day alone: such a day works though it be a holiday."""
        return self.valid_from == self.valid_to

    @property
    def places(self) -> int:
        """How many people it takes a day, overbooks aside."""
        if self.capacity is not None:
            return self.capacity
        return (_minute(self.ends) - _minute(self.starts)) // self.slot_minutes

    def holds_on(self, day: date) -> bool:
        """Whether the block runs on this day."""
        return (
            day.isoweekday() == self.weekday
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )

    def takes_arrivals_at(self, wall: datetime) -> bool:
        """Whether people are seen by order of arrival at this wall time."""
        if self.capacity is None or self.state != BlockState.PUBLICADO or not self.holds_on(wall.date()):
            return False
        return self.starts <= wall.time() < self.ends


def _minute(wall: time) -> int:
    return wall.hour * 60 + wall.minute


@dataclass(frozen=True, slots=True)
class Away:
    """Days, or hours of days, without a doctor (`block_id` None) or without one block; wall time."""

    doctor_id: int
    block_id: int | None
    first_day: date
    last_day: date | None
    from_time: time | None = None
    to_time: time | None = None
    reason: str = ""

    def covers(self, block: Block, start: datetime, end: datetime) -> bool:
        """Whether a slot of the block, from and to these wall times, falls into it."""
        if self.doctor_id != block.doctor_id or self.block_id not in {None, block.id}:
            return False
        day = start.date()
        if day < self.first_day or (self.last_day is not None and day > self.last_day):
            return False
        if self.from_time is None or self.to_time is None:
            return True
        return start.time() < self.to_time and self.from_time < end.time()


@dataclass(frozen=True, slots=True)
class RoomOut:
    """Days on which a room is out of use, both included; None: no bound."""

    room_id: int
    first_day: date | None
    last_day: date | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What keeps blocks from being worked: by doctor, by room, and by (clinic, day) with its name."""

    away: Mapping[int, tuple[Away, ...]] = field(default_factory=dict)
    rooms: Mapping[int, tuple[RoomOut, ...]] = field(default_factory=dict)
    holidays: Mapping[tuple[int, date], str] = field(default_factory=dict)

    def why_shut(self, block: Block, start: datetime, end: datetime) -> str | None:
        """Why the block is not worked between two wall times of a day; None where it is."""
        day = start.date()
        if not block.is_extra and (name := self.holidays.get((block.clinic_id, day))) is not None:
            return name
        for out in self.rooms.get(block.room_id, ()):
            if (out.first_day or day) <= day <= (out.last_day or day):
                return out.reason
        for away in self.away.get(block.doctor_id, ()):
            if away.covers(block, start, end):
                return away.reason
        return None


ALWAYS: Final = Calendar()


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


def slots_of(block: Block, day: date, zone: str, calendar: Calendar = ALWAYS) -> Iterator[Slot]:
    """The slots of a published block on a day, none within another, those that the calendar shuts left out.

    An hour that the clock skips that day offers none, one that comes twice is offered the first time.
    A block by order of arrival offers one slot, as long as the block.
    """
    if block.state != BlockState.PUBLICADO or not block.holds_on(day):
        return
    free_at: datetime | None = None
    for wall, end in _walls(block, day):
        if clock.exists(wall, zone) and calendar.why_shut(block, wall, end) is None:
            starts_at = clock.instant(wall, zone)
            # A slot that reaches into the skipped hour ends later on the wall than it is long.
            if free_at is None or starts_at >= free_at:
                free_at = starts_at + (end - wall)
                yield Slot(block, wall, starts_at, free_at)


def _walls(block: Block, day: date) -> Iterator[tuple[datetime, datetime]]:
    wall, last = datetime.combine(day, block.starts), datetime.combine(day, block.ends)
    step = last - wall if block.capacity is not None else timedelta(minutes=block.slot_minutes)
    while wall + step <= last:
        yield wall, wall + step
        wall += step


def is_released(block: Block, channel: str, slot: Slot, now: datetime, today: date) -> bool:
    """Whether what a block keeps for a channel may go to any other by now.

    A few hours before (`release_hours`); what is kept for the same day, when that day begins.
    """
    if channel == Channel.MISMO_DIA:
        return today >= slot.wall_start.date()
    return slot.starts_at - now <= timedelta(hours=block.release_hours)


def pools(slot: Slot, channel: str, now: datetime, today: date) -> tuple[tuple[str, int], ...]:
    """Where a booking through a channel may draw its place from, and how many each holds, in order.

    First what is kept for the channel, then what is kept for nobody, then what others' quotas have
    released. None at all: the block keeps nothing for anybody and nothing is counted. The pools of a
    block always add up to its places.
    """
    block = slot.block
    if not block.quotas:
        return ()
    kept = dict(block.quotas)
    free = block.places - sum(kept.values())
    own = [(channel, kept.pop(channel))] if channel in kept else []
    freed = [each for each in kept.items() if is_released(block, each[0], slot, now, today)]
    return (*own, *([(FREE, free)] if free > 0 else []), *freed)


def stays(block: Block, start: datetime, end: datetime, calendar: Calendar = ALWAYS) -> bool:
    """Whether a turn from and to these wall times still stands in a block as it will be."""
    day = start.date()
    return (
        block.holds_on(day)
        and block.starts <= start.time()
        and (end <= datetime.combine(day, block.ends))
        and calendar.why_shut(block, start, end) is None
    )


def slot_changes(before: Block, after: Block, days: Iterable[date], zone: str) -> tuple[int, int]:
    """How many slots a change takes away and how many it adds on these days."""
    old, new = (
        {slot.wall_start for day in days for slot in slots_of(replace(each, state="publicado"), day, zone)}
        for each in (before, after)
    )
    return len(old - new), len(new - old)


def block_problems(block: Block) -> tuple[str, ...]:
    """What is wrong with a block, each as a sentence; empty where nothing is."""
    minutes = _minute(block.ends) - _minute(block.starts)
    kept = sum(places for _channel, places in block.quotas)
    known = {each.value for each in Channel}
    checks = (
        (block.weekday in range(1, 8), _("El día va de 1 (lunes) a 7 (domingo).")),
        (minutes > 0, _("La hora de fin es posterior a la de inicio.")),
        (
            block.slot_minutes >= 1 and (minutes <= 0 or block.slot_minutes <= minutes),
            _("Los minutos por turno van de 1 a lo que dura el bloque."),
        ),
        (block.capacity is None or 1 <= block.capacity <= _MOST_PLACES, _("Los lugares van de 1 a 500.")),
        (0 <= block.overbooks <= _MOST_OVERBOOKS, _("Los sobreturnos van de 0 a 50.")),
        (0 <= block.release_hours <= _MOST_RELEASE_HOURS, _("La liberación va de 0 a 720 horas antes.")),
        (
            block.valid_to is None or block.valid_to >= block.valid_from,
            _("La vigencia termina antes de empezar."),
        ),
        (
            all(channel in known and places >= 1 for channel, places in block.quotas),
            _("Los cupos son de mismo_dia, programado, gestion, profesional o web, de 1 en adelante."),
        ),
        (
            not block.quotas or minutes <= 0 or block.slot_minutes < 1 or kept <= block.places,
            _("Los cupos suman {} y el bloque tiene {} lugares.").format(kept, _places(block, minutes)),
        ),
    )
    return tuple(said for right, said in checks if not right)


def _places(block: Block, minutes: int) -> int:
    return block.places if minutes > 0 and block.slot_minutes > 0 else 0


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


class Taken:
    """Claims in force, asked by doctor or room: those of one never overlap, so one look decides."""

    def __init__(self, busy: Iterable[Busy]) -> None:
        """Sorts them once."""
        held: dict[int, list[Busy]] = {}
        for claim in busy:
            held.setdefault(claim.resource_id, []).append(claim)
        self._held = {key: sorted(each, key=lambda claim: claim.ends_at) for key, each in held.items()}
        self._ends = {key: [claim.ends_at for claim in each] for key, each in self._held.items()}

    def clashes(self, slot: Slot) -> bool:
        """Whether the slot's doctor or room is claimed during it; by order of arrival nobody is."""
        if slot.block.capacity is not None:
            return False
        return self._holds(slot.block.doctor_id, slot) or self._holds(slot.block.room_id, slot)

    def _holds(self, resource: int, slot: Slot) -> bool:
        ends = self._ends.get(resource)
        if ends is None:
            return False
        at = bisect_right(ends, slot.starts_at)
        return at < len(ends) and self._held[resource][at].starts_at < slot.ends_at


def runs(slots: Iterable[Slot], length: int) -> Iterator[tuple[Slot, ...]]:
    """Each stretch of `length` slots of one block in which every one begins where the one before ends."""
    window: list[Slot] = []
    for slot in slots:
        if window and (window[-1].block.id != slot.block.id or window[-1].ends_at != slot.starts_at):
            window = []
        window = [*window[-(length - 1) :], slot] if length > 1 else [slot]
        if len(window) == length:
            yield tuple(window)


class Half(StrEnum):
    """Half of a day, by the clinic's wall clock."""

    AM = "am"
    PM = "pm"

    def holds(self, wall: datetime) -> bool:
        """Whether a wall time falls into it: noon begins the second."""
        return (wall.hour < _NOON) == (self is Half.AM)


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance of two places given as latitude and longitude in degrees (haversine)."""
    (north, east), (north_b, east_b) = (tuple(map(math.radians, each)) for each in (one, other))
    half = math.sin((north_b - north) / 2) ** 2
    half += math.cos(north) * math.cos(north_b) * math.sin((east_b - east) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


@dataclass(frozen=True, slots=True)
class Site:
    """Where a clinic stands; coordinates in degrees where they are known."""

    id: int
    name: str
    city: str | None
    latitude: float | None
    longitude: float | None

    def far_from(self, other: Site) -> tuple[int, float, str]:
        """Sorts clinics by nearness to another: itself, by distance where known, the same city, by name."""
        if self.id == other.id:
            return (0, 0.0, "")
        if None not in (self.latitude, self.longitude, other.latitude, other.longitude):
            mine = (self.latitude or 0.0, self.longitude or 0.0)
            theirs = (other.latitude or 0.0, other.longitude or 0.0)
            return (1, distance_km(mine, theirs), self.name)
        return (2 if self.city and self.city == other.city else 3, 0.0, self.name)
