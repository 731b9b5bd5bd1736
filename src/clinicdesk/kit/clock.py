"""Time: UTC inside, the clinic's zone in the faces. `now` is handed in, never read by a rule."""

from __future__ import annotations

import time as system
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from clinicdesk.kit.zones import ZoneInfo

Now = Callable[[], datetime]


def now() -> datetime:
    """This instant, with its zone (UTC)."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds since the machine started, those asleep included: nobody sets this clock back."""
    return system.clock_gettime(getattr(system, "CLOCK_BOOTTIME", system.CLOCK_MONOTONIC))


def local(at: datetime, zone: str) -> datetime:
    """The same instant on the clinic's wall clock."""
    return at.astimezone(ZoneInfo(zone))


def local_day(at: datetime, zone: str) -> date:
    """The calendar day of an instant at the clinic."""
    return local(at, zone).date()


def instant(wall: datetime, zone: str) -> datetime:
    """The instant of a wall time (naive) in a zone.

    A time inside a spring gap is read as that much later (02:30 → 03:30), one in an autumn fold as
    the first of the two: the same as PEP 495 with fold=0. So wall time and zone name one instant.
    """
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def exists(wall: datetime, zone: str) -> bool:
    """Whether the wall clock ever shows this time: False inside a spring gap."""
    return instant(wall, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """First instant of the local day and first instant of the next one (a day may have 23–25 h)."""
    return instant(datetime.combine(day, time()), zone), instant(
        datetime.combine(day + timedelta(days=1), time()), zone
    )


def minutes_between(start: datetime, end: datetime) -> int:
    """Whole minutes from start to end, never negative."""
    return max(0, int((end - start).total_seconds() // 60))
