"""Pure decisions of admission: numbers, levels of triage, the order of a queue."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

from clinicdesk.kit import clock

# Manchester: level → minutes a person may wait at most.
TRIAGE_MOST_MINUTES: Final = MappingProxyType({1: 0, 2: 10, 3: 60, 4: 120, 5: 240})
_UNTRIAGED: Final = 4


class Waiting(Protocol):
    """What the order of a queue looks at."""

    @property
    def triage(self) -> int | None:
        """1 (rojo) to 5 (azul), None before triage."""

    @property
    def arrived_at(self) -> datetime | None:
        """When the person came to the counter."""

    @property
    def id(self) -> UUID:
        """Ties are broken by it, so that every terminal shows one order."""


def queue_key(turn: Waiting, now: datetime) -> tuple[float, datetime, UUID]:
    """Sorts a queue: level, then arrival. Lower comes first.

    Each full maximum waited lifts a person by one level, so that azul cannot starve.
    """
    level = turn.triage or _UNTRIAGED
    arrived = turn.arrived_at or now
    most = max(1, TRIAGE_MOST_MINUTES[level])
    lifted = clock.minutes_between(arrived, now) // most
    return (max(1, level - lifted), arrived, turn.id)


def wait_minutes(arrived_at: datetime | None, until: datetime) -> int:
    """Whole minutes since arrival, 0 before it."""
    return clock.minutes_between(arrived_at, until) if arrived_at else 0


def is_overdue(turn: Waiting, now: datetime) -> bool:
    """Whether the wait is over the level's maximum."""
    if turn.triage is None:
        return False
    return wait_minutes(turn.arrived_at, now) > TRIAGE_MOST_MINUTES[turn.triage]


def ticket_text(number: int) -> str:
    """`A001`: the letter moves on after 999."""
    series, rest = divmod(number - 1, 999)
    return f"{chr(ord('A') + series % 26)}{rest + 1:03d}"
