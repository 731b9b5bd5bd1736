"""Searching as one types: one question at a time, and every answer bound to the text it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

A = TypeVar("A")
# Who stops so long has read what was found: what comes next is another search.
_PAUSE_SECONDS: Final = 2.0


class Burst:
    """Which searches are one: letters typed on. The first is written down before any answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[str, float] | None = None

    def goes_on(self, text: str) -> bool:
        """Whether a text is the last one asked with letters more or fewer, without a pause between."""
        if self._last is None:
            return False
        before, at = self._last
        longer, shorter = (text, before) if len(text) >= len(before) else (before, text)
        return longer.startswith(shorter) and self._clock() - at < _PAUSE_SECONDS

    def asked(self, text: str) -> None:
        """The text was asked, and what was to be written down is."""
        self._last = (text, self._clock())


class Finder(Generic[A]):
    """Asks for the latest text; older answers are never shown as if they were of a newer one."""

    def __init__(self, ask: Callable[[str], Awaitable[A]], show: Callable[[str, A], None]) -> None:
        """`ask` finds; `show` gets each answer whose text is still the latest wanted."""
        self._ask, self._show = ask, show
        self._wanted = ""
        self._answered: tuple[str, A] | None = None
        self._task: asyncio.Task[None] | None = None

    def want(self, text: str) -> None:
        """Look for this from now on; what is being asked finishes, its answer is kept to itself."""
        self._wanted = text
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    def shown(self, text: str) -> A | None:
        """The answer to this text, if it is there already."""
        return self._answered[1] if self._answered is not None and self._answered[0] == text else None

    async def answer(self, text: str) -> A:
        """The answer to exactly this text, waited for. Raises what asking raised."""
        while (found := self.shown(text)) is None:
            self.want(text)
            assert self._task is not None  # noqa: S101 - want() has just seen to it
            await asyncio.shield(self._task)
        return found

    def again(self) -> None:
        """Ask the same once more: the world may have changed."""
        self._answered = None
        self.want(self._wanted)

    def forget(self) -> None:
        """Nothing is wanted."""
        self._wanted, self._answered = "", None

    async def _run(self) -> None:
        while self.shown(text := self._wanted) is None:
            found = await self._ask(text)
            self._answered = (text, found)
            if text == self._wanted:
                self._show(text, found)
