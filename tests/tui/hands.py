"""Keys for an app without a terminal: each is taken before the next, whatever else the machine does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from textual.pilot import Pilot

T = TypeVar("T")
PATIENCE_SECONDS = 60


class Hands:
    """A pilot that takes nothing for done because the machine was silent."""

    def __init__(self, pilot: Pilot[None]) -> None:
        """Hands on the app of a pilot."""
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press each key once the one before was taken."""
        for key in keys:
            await self._pilot.press(key)
            await self._taken()

    async def pause(self) -> None:
        """Until what was sent is taken and drawn."""
        await self._taken()
        await self._pilot.pause()

    async def becomes(self, read: Callable[[], T], wanted: T) -> None:
        """What is read comes to be what is wanted."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_SECONDS
        while read() != wanted and loop.time() < until:
            await self._pilot.pause(0.01)
        assert read() == wanted

    async def _taken(self) -> None:
        for pump in (self._pilot.app, self._pilot.app.screen):
            done = asyncio.Event()
            pump.call_later(done.set)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await done.wait()
