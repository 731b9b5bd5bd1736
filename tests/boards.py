"""Listening terminals without a screen, each a process: the live feed and the day of a real desk.

Nothing is read again by the minute here: a change that the feed loses stays lost, and a test sees it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from clinicdesk import bootstrap
from clinicdesk.clinic import changes
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.listening import Listener
from clinicdesk.tui.day import Day
from clinicdesk.tui.desk_link import DeskLink
from clinicdesk.tui.live import Live
from tests.factories import PASSWORD

PATIENCE_SECONDS = 120
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a board shows: turn → (state, seq, calls), and since when each (turn, seq) stood there.

    Seconds of the monotonic clock, which all processes of a machine share.
    """

    turns: dict[UUID, tuple[str, int, int]]
    seen_at: dict[tuple[UUID, int], float] = field(default_factory=dict)

    @property
    def counts(self) -> Counter[str]:
        """How many turns in each state."""
        return Counter(state for state, *_rest in self.turns.values())


class Board:
    """One listening terminal."""

    def __init__(self, url: str, username: str, at: datetime | None, **where: Any) -> None:
        """Start it; `at` stops its clock there. It listens once `ready` has returned."""
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_run, args=(theirs, url, username, at, where), daemon=True)
        self._process.start()
        theirs.close()

    def ready(self) -> None:
        """Wait until it listens and has read the day."""
        self._answer()

    def shown(self) -> Shown:
        """What it shows now."""
        self._pipe.send("show")
        made: Shown = self._answer()
        return made

    def _answer(self) -> Any:
        if not self._pipe.poll(PATIENCE_SECONDS):
            raise TimeoutError("a board does not answer")
        return self._pipe.recv()

    def close(self) -> None:
        """Hang up."""
        self._pipe.close()
        self._process.join(PATIENCE_SECONDS)
        self._process.kill()


@contextmanager
def boards(
    url: str, usernames: Sequence[str], at: datetime | None = None, **where: Any
) -> Iterator[list[Board]]:
    """Boards of these people, listening."""
    made = [Board(url, username, at, **where) for username in usernames]
    try:
        for board in made:
            board.ready()
        yield made
    finally:
        for board in made:
            board.close()


def comes_to_show(board: Board, wanted: dict[UUID, tuple[str, int, int]]) -> Shown:
    """What a board shows once it shows this, or at the end of all patience."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (shown := board.shown()).turns != wanted and time.monotonic() < end:
        time.sleep(0.1)
    return shown


def _run(pipe: Connection, url: str, username: str, at: datetime | None, where: dict[str, Any]) -> None:
    session = bootstrap.log_in(url, username, PASSWORD, host="tablero", **where)
    asyncio.run(_listen(pipe, session, at))
    session.close()


async def _listen(pipe: Connection, session: bootstrap.Session, at: datetime | None) -> None:
    link = DeskLink(session)
    seen: dict[tuple[UUID, int], float] = {}
    begun, clinic_id = asyncio.Event(), session.actor.at.clinic_id

    def changed(_ids: frozenset[UUID] | None) -> None:
        now = time.monotonic()
        for turn in day.rows:
            seen.setdefault((turn.id, turn.seq), now)

    async def heard(news: tuple[changes.Change, ...]) -> None:
        """As the desk does: these turns, or all of them; what could not be read is read with the next."""
        turns = [each for each in news if each.kind is changes.Kind.TURN and each.clinic_id == clinic_id]
        try:
            if not news or any(not change.ids for change in turns):
                await day.reread()
            else:
                await day.refresh(pair for change in turns for pair in change.ids)
        except Refusal:
            live.reread()
        begun.set()

    day = Day(link, changed, clock.now if at is None else lambda: at)
    live = Live(partial(Listener, session.engine, changes.CHANNEL), heard, lambda _there: None)
    listening = asyncio.create_task(live.run())
    await begun.wait()
    pipe.send("ready")
    while await asyncio.to_thread(_asked, pipe):
        shown = Shown({turn.id: (turn.state, turn.seq, turn.calls) for turn in day.rows}, seen)
        await asyncio.to_thread(pipe.send, shown)
    listening.cancel()


def _asked(pipe: Connection) -> bool:
    try:
        pipe.recv()
    except EOFError:
        return False
    return True
