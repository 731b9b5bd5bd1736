"""What changes elsewhere, brought to the screens of a desk: the line, the minute, what is read again."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from typing import TYPE_CHECKING, Final

from clinicdesk.kit.errors import DatabaseUnreachable, Refusal, SessionEnded
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Line

if TYPE_CHECKING:
    from clinicdesk.bootstrap import Session
    from clinicdesk.clinic.changes import Change
    from clinicdesk.kit.listening import Listener
    from clinicdesk.tui.app import ClinicDesk
    from clinicdesk.tui.live import Live

_MINUTE: Final = 60
_SPREAD_SECONDS: Final = 5.0
"""The minute's rereading of many desks is spread over so long."""
_AGAIN_SECONDS: Final = 1.0


class News:
    """The one line of a desk to what others do."""

    def __init__(self, desk: ClinicDesk) -> None:
        """Deaf until `listen`."""
        self._desk = desk
        self._live: Live | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.lost_at: datetime | None = None
        """Since when there is no line, on the clinic's clock; None while it stands."""

    def listen(self, session: Session) -> None:
        """Listen; the first thing it does is to have all read once more, so nothing is missed before."""
        from clinicdesk.tui.live import Live

        loop = asyncio.get_running_loop()

        def connect() -> Listener:
            from clinicdesk.clinic.changes import CHANNEL
            from clinicdesk.kit.listening import Listener

            try:
                return Listener(session.engine, CHANNEL)
            except SessionEnded as ended:
                loop.call_soon_threadsafe(self._desk.session_ended)
                raise ConnectionError from ended

        self._live = Live(connect, self._take, self._line_is_up)
        self._tasks = [self._desk.in_background(work) for work in (self._live.run(), self._minutes())]

    def stop(self) -> None:
        """Hear no more of what changes elsewhere."""
        for task in self._tasks:
            task.cancel()
        self._live, self._tasks = None, []

    def forget(self) -> None:
        """The session is over: deaf, and no line is missed."""
        self.stop()
        self.lost_at = None

    def reread(self) -> None:
        """Have everything read again, soon."""
        if self._live is not None:
            self._live.reread()

    async def refresh_all(self) -> None:
        """Try the line now, and read everything again. Raises Refusal."""
        if self._live is None:
            return
        if self.lost_at is not None:
            await self._desk.door.start_again()
            self._live.retry_now()
            return
        if self._desk.has_board:
            await self._desk.day.reread()
        for screen in self._desk.clinic_screens():
            await screen.changed(())

    @property
    def next_try_seconds(self) -> int | None:
        """Seconds until the line is tried again, None while it stands or is being tried."""
        at = self._live.next_try if self._live is not None else None
        return None if at is None else max(0, round(at - asyncio.get_running_loop().time()))

    async def _take(self, changes: tuple[Change, ...]) -> None:
        """Read what changed and tell the screens; what fails is read again with the next news.

        Nothing is read for a person who is not there: an opened lock has everything read again.
        """
        if self._desk.locked:
            return
        try:
            if self._desk.has_board:
                await self._desk.day.take_in(changes)
            for screen in self._desk.clinic_screens():
                await screen.changed(changes)
        except DatabaseUnreachable:
            self._read_again_soon()
        except Refusal as refusal:  # asking again would be refused again
            self._desk.say_refused(refusal)
        except Exception as error:  # noqa: BLE001 - live news must go on after a bug
            self._desk.report(error)

    def _read_again_soon(self) -> None:
        if self._live is not None:
            self._desk.set_timer(_AGAIN_SECONDS, self._live.reread)

    async def _minutes(self) -> None:
        """Each minute on the wall clock waits grow; soon after, all is reread in case news got lost."""
        while True:
            now = self._desk.clock()
            await asyncio.sleep(_MINUTE - now.second - now.microsecond / 1e6 + 0.02)
            for screen in self._desk.clinic_screens():
                screen.minute()
            self._desk.locking.minute()
            await asyncio.sleep(random.uniform(0.5, _SPREAD_SECONDS))  # noqa: S311 - spreads load, no secret
            if self.lost_at is None:
                self.reread()

    def _line_is_up(self, up: bool) -> None:
        desk = self._desk
        if not desk.logged_in:
            return
        back = up and self.lost_at is not None
        self.lost_at = None if up else self.lost_at or desk.clock()
        desk.line_is(Line("live" if up else "lost"))
        for screen in desk.clinic_screens():
            screen.line_changed()
            screen.keys_changed()
            if back:  # over any refusal for want of a line that may still stand there
                screen.prompt.say(_("Hay línea desde las {:%H:%M}. Listas al día.").format(desk.clock()))
        desk.locking.line_changed()
