"""LISTEN → Change → whoever watches. NOTIFY is a hint: after every (re)connect everything is reread.

One bare connection, read by its file descriptor in the event loop: an idle desk wakes up for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.changes import Change, parsed

if TYPE_CHECKING:
    from clinicdesk.kit.listening import Listener

# Changes that arrive within so long of one another are handed on together.
_COALESCE_SECONDS: Final = 0.06
_FIRST_RETRY_SECONDS: Final = 0.5
_LAST_RETRY_SECONDS: Final = 10.0

Connect = Callable[[], "Listener"]
Watcher = Callable[[tuple[Change, ...]], Awaitable[None]]
LineWatcher = Callable[[bool], None]


class Live:
    """Keeps one LISTEN connection and hands changes to one watcher.

    `connect` opens it (blocking, run in a thread; raises OSError). `watcher` gets the changes of a
    moment, or an empty tuple that says "reread everything"; it must not raise. `line` hears when the
    connection comes and goes.
    """

    def __init__(self, connect: Connect, watcher: Watcher, line: LineWatcher) -> None:
        self._connect = connect
        self._watcher = watcher
        self._line = line
        self._pending: list[Change] = []
        self._news = asyncio.Event()
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()
        self._reread = False
        self._listener: Listener | None = None
        self.next_try: float | None = None
        """When the next try comes, on the event loop's clock; None while connected or trying."""

    async def run(self) -> None:
        """Run until cancelled: one task keeps the line, one drains the news."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_line())
            tasks.create_task(self._drain())

    def retry_now(self) -> None:
        """Do not wait out the pause before the next try (F5)."""
        self._hurry.set()

    def reread(self) -> None:
        """Have the watcher reread everything, as after a reconnect."""
        self._reread = True
        self._news.set()

    async def _keep_line(self) -> None:
        pause = _FIRST_RETRY_SECONDS
        try:
            while True:
                if await self._open():
                    pause = _FIRST_RETRY_SECONDS
                    await self._lost.wait()
                self._drop()
                self._line(False)
                await self._rest(pause)
                pause = min(pause * 2, _LAST_RETRY_SECONDS)
        finally:
            self._drop()

    async def _rest(self, seconds: float) -> None:
        self._hurry.clear()
        self.next_try = asyncio.get_running_loop().time() + seconds
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)
        self.next_try = None

    async def _open(self) -> bool:
        self._lost.clear()
        try:
            self._listener = await asyncio.to_thread(self._connect)
        except OSError:
            return False
        asyncio.get_running_loop().add_reader(self._listener.descriptor, self._read)
        self._line(True)
        self.reread()
        return True

    def _read(self) -> None:
        if self._listener is None:
            return
        try:
            texts = self._listener.texts()
        except OSError:
            self._lost.set()
            asyncio.get_running_loop().remove_reader(self._listener.descriptor)
            return
        changes = [change for change in map(parsed, texts) if change is not None]
        if changes:
            self._pending += changes
            self._news.set()

    def _drop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        asyncio.get_running_loop().remove_reader(listener.descriptor)
        listener.close()

    async def _drain(self) -> None:
        """One long-lived task: a cancelled worker per change would lose the ids it had taken.

        The first change is handed on at once, those of the next moment together.
        """
        while True:
            await self._news.wait()
            self._news.clear()
            changes, self._pending = tuple(self._pending), []
            reread, self._reread = self._reread, False
            await self._watcher(() if reread else changes)
            await asyncio.sleep(_COALESCE_SECONDS)
