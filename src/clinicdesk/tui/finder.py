"""Searching as one types: one question at a time, and every answer bound to the text it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

A = TypeVar("A")


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
