"""Pure decisions about sites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinicdesk.clinic.sites.errors import BadClinic

MINUTES_OF_A_DAY: Final = 1440


class RoomState(StrEnum):
    """What a room can be. Every other state than the first puts it out of use on its days."""

    DISPONIBLE = "disponible"
    MANTENIMIENTO = "mantenimiento"
    CLAUSURADO = "clausurado"
    BAJA = "baja"


def checked_zone(name: str) -> str:
    """An IANA zone that this machine knows; raises BadClinic."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadClinic from None
    return name


def out_of_use(state: str, since: date | None, until: date | None, day: date) -> bool:
    """Whether a room in this state, from and until these days, is out of use on a day of its clinic."""
    if state == RoomState.DISPONIBLE:
        return False
    return (since is None or since <= day) and (until is None or day <= until)


@dataclass(frozen=True, slots=True)
class DayHours:
    """When a clinic is open on a weekday (1 Monday … 7 Sunday), in minutes after its midnight."""

    weekday: int
    opens_minute: int
    closes_minute: int
    break_from_minute: int | None = None
    break_to_minute: int | None = None

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The stretches in which it is open."""
        if self.break_from_minute is None or self.break_to_minute is None:
            return ((self.opens_minute, self.closes_minute),)
        return ((self.opens_minute, self.break_from_minute), (self.break_to_minute, self.closes_minute))


def open_spans(hours: Iterable[DayHours], weekday: int) -> tuple[tuple[int, int], ...]:
    """The stretches in which a clinic is open on a weekday; all day where it never said its hours."""
    known = {each.weekday: each for each in hours}
    if not known:
        return ((0, MINUTES_OF_A_DAY),)
    return known[weekday].spans if weekday in known else ()
