"""What a board says of a day beyond its states: who is late, and whose place is free again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from clinicdesk.clinic.turns.rules import FREES_CLAIMS, HOLDS_CLAIMS
from clinicdesk.kit import clock

LATE_AFTER_MINUTES: Final = 10
"""Past their hour by more than this, who has not come is late."""


class Expected(Protocol):
    """What lateness looks at."""

    @property
    def id(self) -> UUID:
        """The turn."""

    @property
    def state(self) -> str:
        """As stored."""

    @property
    def starts_at(self) -> datetime:
        """When its time begins (UTC)."""


class Placed(Expected, Protocol):
    """What freed places look at."""

    @property
    def kind(self) -> str:
        """`booked`, `walk_in` or `overbook`: only a booked one has a place of its own."""

    @property
    def doctor_id(self) -> int | None:
        """Whose agenda."""

    @property
    def ends_at(self) -> datetime:
        """When its time ends (UTC)."""

    @property
    def place_closed(self) -> bool:
        """Whether doctor, block or room are away then: nobody can be given it."""


def late_minutes(turn: Expected, now: datetime) -> int:
    """Minutes past their hour of somebody expected who has not come; 0 until there are more than ten."""
    if turn.state not in HOLDS_CLAIMS:
        return 0
    minutes = clock.minutes_between(turn.starts_at, now)
    return minutes if minutes > LATE_AFTER_MINUTES else 0


def freed(turns: Iterable[Placed], now: datetime) -> frozenset[UUID]:
    """The cancelled and absent turns whose time has not begun, is not closed and nobody else was given.

    A place cancelled twice is one place: the turn that is last by id stands for it.
    """
    every = list(turns)
    free: dict[tuple[int | None, datetime], Placed] = {}
    for turn in sorted(every, key=lambda each: each.id):
        ended = turn.state in FREES_CLAIMS and turn.kind == "booked"
        if ended and not turn.place_closed and turn.starts_at > now:
            free[turn.doctor_id, turn.starts_at] = turn
    if not free:
        return frozenset()
    held = [each for each in every if each.state not in FREES_CLAIMS and each.kind == "booked"]
    return frozenset(turn.id for turn in free.values() if not any(_overlap(turn, each) for each in held))


def _overlap(one: Placed, other: Placed) -> bool:
    same = one.doctor_id == other.doctor_id
    return same and one.starts_at < other.ends_at and other.starts_at < one.ends_at
