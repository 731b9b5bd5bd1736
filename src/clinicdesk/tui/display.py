"""The waiting-room screen as a program: its own login, live, without a person and without a lock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from clinicdesk.kit import clock
from clinicdesk.kit.errors import DatabaseUnreachable
from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.roles.waiting_room import SHINES_SECONDS, CallsPage, View, WaitingRoomScreen, news

if TYPE_CHECKING:
    from clinicdesk.bootstrap import Display
    from clinicdesk.clinic.changes import Change
    from clinicdesk.clinic.turns.waiting_room import CallRow, WaitingRoom
    from clinicdesk.kit.listening import Listener

_MINUTE: Final = 60


def run(display: Display, *, shows_initials: bool = True) -> int:
    """Show a clinic's waiting room in this terminal until somebody with a login ends it."""
    return WaitingRoomApp(display, shows_initials=shows_initials).run_desk()


class WaitingRoomApp(DeskApp):
    """One screen that reads again at each change, and each minute in case news got lost."""

    def __init__(self, display: Display, *, shows_initials: bool = True, now: clock.Now = clock.now) -> None:
        """`display` has been read once, so the clinic is known."""
        zone = ZoneInfo(display.first.zone)
        super().__init__(clock=lambda: now().astimezone(zone))
        self._source = display
        self._view = View(display.first, shows_initials=shows_initials)
        self._page = CallsPage(lambda: self._view, self.clock)
        self._tasks: set[asyncio.Task[None]] = set()

    def first_screen(self) -> WaitingRoomScreen:
        """The only one."""
        return WaitingRoomScreen(self._page, self._prove)

    def on_ready(self) -> None:
        """Painted: listen."""
        from clinicdesk.tui.live import Live

        def connect() -> Listener:
            from clinicdesk.clinic.changes import CHANNEL
            from clinicdesk.kit.listening import Listener

            return Listener(self._source.engine, CHANNEL)

        self._live = Live(connect, self._news, self._line_is_up)
        for work in (self._live.run(), self._minutes()):
            task = asyncio.ensure_future(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _prove(self, username: str, password: str) -> None:
        await asyncio.to_thread(self._source.prove, username, password)

    async def _minutes(self) -> None:
        while True:
            now = self.clock()
            await asyncio.sleep(_MINUTE - now.second - now.microsecond / 1e6 + 0.02)
            self._page.repaint()
            self._live.reread()

    async def _news(self, changes: tuple[Change, ...]) -> None:
        room = self._view.room
        if changes and room is not None and all(each.clinic_id != room.clinic_id for each in changes):
            return
        try:
            self._show(await asyncio.to_thread(self._source.read))
        except DatabaseUnreachable:
            self.set_timer(1.0, self._live.reread)
        except Exception as error:  # noqa: BLE001 - the next change may be readable again
            self.report_bug(error)

    def _show(self, room: WaitingRoom) -> None:
        called = news(self._view.room, room)
        self._view = replace(self._view, room=room, shining=self._view.shining | called)
        self._page.repaint()
        if called:
            self.bell()
            self.set_timer(SHINES_SECONDS, lambda: self._dim(called))

    def _dim(self, called: frozenset[CallRow]) -> None:
        """Theirs is over; who was called meanwhile shines on."""
        self._view = replace(self._view, shining=self._view.shining - called)
        self._page.repaint()

    def _line_is_up(self, up: bool) -> None:
        lost: datetime | None = None if up else self._view.lost_at or self.clock()
        self._view = replace(self._view, lost_at=lost)
        self._page.repaint()
