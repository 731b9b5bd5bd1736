"""Pure decisions of admission: numbers, levels of triage, the order of a queue and what explains it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from clinicdesk.clinic.sites.rules import MANCHESTER_MINUTES, UNTRIAGED
from clinicdesk.kit import clock

# Rojo is nobody's by waiting: ageing lifts up to here.
_HIGHEST_BY_WAITING: Final = 2
COMMON_SERIES: Final = "A"
CANNOT_WAIT: Final = frozenset({1, 2})


class Waiting(Protocol):
    """What the order of a queue looks at."""

    @property
    def triage(self) -> int | None:
        """1 (rojo) to 5 (azul), None before triage."""

    @property
    def triage_minutes(self) -> int | None:
        """The longest wait of that level at the clinic, None where it is the usual one."""

    @property
    def arrived_at(self) -> datetime | None:
        """When the person came to the counter."""

    @property
    def id(self) -> UUID:
        """Ties are broken by it, so that every terminal shows one order."""


WaitingT = TypeVar("WaitingT", bound=Waiting)


def level_of(turn: Waiting) -> int:
    """The level that counts: who was not seen by triage waits like verde."""
    return turn.triage or UNTRIAGED


def most_minutes(turn: Waiting) -> int:
    """The longest that somebody of this level should wait at this clinic."""
    own = turn.triage_minutes
    return MANCHESTER_MINUTES[level_of(turn)] if own is None else own


def lifted(turn: Waiting, now: datetime) -> int:
    """By how many levels the wait has lifted somebody."""
    level, waited = level_of(turn), wait_minutes(turn.arrived_at, now)
    return min(max(0, level - _HIGHEST_BY_WAITING), waited // max(1, most_minutes(turn)))


def queue_key(turn: Waiting, now: datetime) -> tuple[int, datetime, UUID]:
    """Sorts a queue: level, then arrival. Lower comes first.

    Each full maximum waited lifts a person by one level, up to naranja, so that azul cannot starve: from
    then on nobody but a rojo who arrives later goes before them. A rojo is never made to wait for age.
    """
    return (level_of(turn) - lifted(turn, now), turn.arrived_at or now, turn.id)


def in_order(turns: Iterable[WaitingT], now: datetime) -> list[WaitingT]:
    """A queue, who is next first."""
    return sorted(turns, key=lambda turn: queue_key(turn, now))


def wait_minutes(arrived_at: datetime | None, until: datetime) -> int:
    """Whole minutes since arrival, 0 before it."""
    return clock.minutes_between(arrived_at, until) if arrived_at else 0


def is_overdue(turn: Waiting, now: datetime) -> bool:
    """Whether the wait is over the level's maximum; nobody is before triage."""
    if turn.triage is None:
        return False
    return wait_minutes(turn.arrived_at, now) > most_minutes(turn)


class Queued(Protocol):
    """What says whose queue somebody stands in."""

    @property
    def doctor_id(self) -> int | None:
        """The doctor's, None for a service's."""

    @property
    def specialty_id(self) -> int | None:
        """The service's."""


def waits_for(turn: Queued, doctor_id: int | None, services: Collection[int | None]) -> bool:
    """Whether a doctor may call somebody: their own, and who waits for one of their services.

    Without a doctor: whether somebody waits for one of these services.
    """
    if turn.doctor_id is None:
        return turn.specialty_id in services
    return turn.doctor_id == doctor_id


class Because(StrEnum):
    """What puts one person before another."""

    LEVEL = "level"
    AGEING = "ageing"
    ARRIVAL = "arrival"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class Neighbour(Generic[WaitingT]):
    """Somebody else in the queue, and what puts the earlier of the two first."""

    turn: WaitingT
    because: Because


@dataclass(frozen=True, slots=True)
class Why(Generic[WaitingT]):
    """Why somebody stands where they stand: `place` of `of`, 1 is next.

    `level` is the one that counts, `reached` where the wait has lifted it to; `waited_minutes` since arrival,
    `next_lift_minutes` until the next lift, None where there is none to come.
    """

    turn: WaitingT
    place: int
    of: int
    level: int
    reached: int
    waited_minutes: int
    most_minutes: int
    next_lift_minutes: int | None
    ahead: tuple[Neighbour[WaitingT], ...]
    behind: tuple[Neighbour[WaitingT], ...]


def why(turn_id: UUID | None, queue: Iterable[WaitingT], now: datetime) -> Why[WaitingT] | None:
    """Explain the place of a turn in its queue, of whoever is next without an id; None where it waits not."""
    ordered = in_order(queue, now)
    at = next((n for n, each in enumerate(ordered) if turn_id in (None, each.id)), None)
    if at is None:
        return None
    turn = ordered[at]
    level, lifts = level_of(turn), lifted(turn, now)
    return Why(
        turn,
        at + 1,
        len(ordered),
        level,
        level - lifts,
        wait_minutes(turn.arrived_at, now),
        most_minutes(turn),
        _next_lift(turn, now),
        tuple(Neighbour(each, because(each, turn, now)) for each in ordered[:at]),
        tuple(Neighbour(each, because(turn, each, now)) for each in ordered[at + 1 :]),
    )


def because(first: Waiting, second: Waiting, now: datetime) -> Because:
    """What puts `first` before `second`."""
    one, other = queue_key(first, now), queue_key(second, now)
    if one[0] != other[0]:
        return Because.LEVEL if level_of(first) < level_of(second) else Because.AGEING
    if one[1] == other[1]:
        return Because.TIE
    # At one level by waiting, though triage gave another: the wait is what brought them together.
    return Because.ARRIVAL if level_of(first) <= level_of(second) else Because.AGEING


def _next_lift(turn: Waiting, now: datetime) -> int | None:
    if level_of(turn) - lifted(turn, now) <= _HIGHEST_BY_WAITING:
        return None
    most = max(1, most_minutes(turn))
    return most - wait_minutes(turn.arrived_at, now) % most


def ticket_text(number: int, series: str = COMMON_SERIES) -> str:
    """`A001`; the thousandth of a day is `A1000`."""
    return f"{series}{number:03d}"
