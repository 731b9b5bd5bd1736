"""The lock's clock, with a clock and a loop of the test's own: what is due when, and how often it wakes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from clinicdesk.tui import lock
from clinicdesk.tui.lock import Watch, Why


@dataclass
class World:
    """Time that passes only when it is told to, and what the watch did at which second."""

    now: float = 0.0
    last_input: float = 0.0
    happened: list[tuple[float, object]] = field(default_factory=list)
    waiting: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def call_later(self, seconds: float, act: Callable[[], None]) -> World:
        """As the event loop."""
        self.waiting = [(self.now + seconds, act)]
        return self

    def cancel(self) -> None:
        """As a timer of the event loop."""
        self.waiting = []

    def watch(self, *, idle: float = 300, ends_at: float = 43_200) -> Watch:
        """A watch of this world, begun."""

        def note(what: object) -> None:
            self.happened.append((self.now, what))

        made = Watch(idle, ends_at, lambda: self.last_input, note, note)
        made.look()
        return made

    def pass_until(self, second: float) -> int:
        """Let time pass; how often something woke."""
        wakes = 0
        while self.waiting and self.waiting[0][0] <= second:
            (self.now, act), self.waiting = self.waiting[0], []
            wakes += 1
            act()
        self.now = second
        return wakes


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Time at 0, a key typed just now."""
    made = World()
    monkeypatch.setattr(lock, "uptime", lambda: made.now)
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


def test_it_locks_when_the_last_key_is_old_enough_and_wakes_for_nothing_else(world: World) -> None:
    world.watch()
    for second in range(1, 250):
        world.last_input = second
        assert world.pass_until(second) == 0
    assert world.pass_until(549) <= 2
    assert world.happened == [(549, Why.IDLE)]


def test_a_locked_desk_is_left_alone_until_its_session_ends(world: World) -> None:
    world.watch()
    assert world.pass_until(43_199) == 1
    world.pass_until(43_300)
    assert world.happened == [(300, Why.IDLE), (43_200, Why.OVER)]


def test_the_session_ends_after_its_hours_however_much_is_typed(world: World) -> None:
    world.watch()
    for second in range(0, 43_300, 100):
        world.last_input = second
        world.pass_until(second)
    assert world.happened == [(42_600, 10), (42_900, 5), (43_140, 1), (43_200, Why.OVER)]


def test_a_key_after_the_time_finds_it_due_even_where_the_timer_slept(world: World) -> None:
    watch = world.watch()
    world.now = 301
    assert watch.due() is Why.IDLE
    world.now = 43_201
    assert watch.due() is Why.OVER


def test_a_short_session_has_no_warnings_it_cannot_keep(world: World) -> None:
    world.watch(ends_at=400)
    world.last_input = 250
    world.pass_until(401)
    assert world.happened == [(100, 5), (340, 1), (400, Why.OVER)]


def test_stopped_it_does_nothing(world: World) -> None:
    world.watch().stop()
    assert world.pass_until(50_000) == 0
    assert world.happened == []
