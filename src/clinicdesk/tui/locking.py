"""Locking the desk and opening it again: what happens to the screens, the session and who sits there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.kit.clock import uptime
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _
from clinicdesk.tui.lock import Lock, Watch, Ways, Why, idle_seconds, warning
from clinicdesk.tui.parts import DeskScreen

if TYPE_CHECKING:
    from clinicdesk.bootstrap import Session
    from clinicdesk.kit.settings import Settings
    from clinicdesk.tui.app import ClinicDesk


class TextWouldBeLost(Refusal):
    """Something typed could not be saved, and leaving would lose it: asked for once more it goes."""

    says = _("Hay texto que no se pudo guardar: salir lo pierde. F10 otra vez: salir igual.")
    exit = Exit.CONFLICT


class Locking:
    """The lock of one desk."""

    def __init__(self, desk: ClinicDesk, settings: Settings) -> None:
        """Open, and nobody to watch."""
        self._desk, self._settings = desk, settings
        self._lock: Lock | None = None
        self._watch: Watch | None = None
        self._warned_of_loss = False

    @property
    def locked(self) -> bool:
        """Whether the desk waits for its person's password."""
        return self._lock is not None

    # When

    def watch(self, session: Session) -> None:
        """Lock by itself from now on, as the role and the session's hours ask for."""
        self._stop_watch()
        idle = idle_seconds(self._settings, session.actor.at.role.value)
        self._watch = Watch(idle, session.ends_at, lambda: self._desk.last_input, self.lock, self._warn)
        self._watch.look()

    def minute(self) -> None:
        """Another minute: the lock's clock goes on; a machine that slept has let the timer sleep too."""
        if self._watch is not None:
            self._watch.look()
        self._desk.paint_veil()

    def line_changed(self) -> None:
        """The line was lost or is back: what could not be saved and closed at the lock is done now."""
        if self._lock is not None:
            self._desk.paint_veil()
            if not self._desk.offline:
                self._desk.in_background(self._put_away(self._lock.why))

    def seizes(self, event: events.Event) -> bool:
        """F7 locks from anywhere; so does the first key after too long a silence, and is lost with it."""
        why = self._watch.due() if self._watch is not None else None
        if why is None and isinstance(event, events.Key) and event.key == "f7":
            why = Why.ASKED
        if why is not None:
            self.lock(why)
        return why is not None

    def forget(self) -> None:
        """The session is over or another one begins."""
        self._stop_watch()
        if self._lock is not None:
            self._lock = None
            self._desk.uncover()

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        self._watch = None

    def _warn(self, minutes: int) -> None:
        screen = self._desk.screen
        if isinstance(screen, DeskScreen):
            screen.prompt.alarm(warning(minutes))

    # Locking

    def lock(self, why: Why) -> None:
        """Cover everything until the password is typed; drafts are saved, charts closed.

        A session whose hours are over ends here too: the password then begins another.
        """
        if self._lock is None:
            self._cover(why)
        elif why is Why.OVER:
            self._lock.why = why
            self._desk.paint_veil()
        else:
            return
        self._desk.in_background(self._put_away(why))

    def _cover(self, why: Why) -> None:
        desk = self._desk
        ways = Ways(self._open, self._leave, self._retry, desk.report_bug, desk.paint_veil)
        self._lock = Lock(why, ways, desk.link.session.actor, lambda: (desk.clock(), desk.connection))
        self._warned_of_loss = False
        desk.cover(self._lock)

    async def _put_away(self, why: Why) -> None:
        await self._desk.put_away()
        if why is Why.OVER:
            self._desk.news.stop()
            await self._desk.say_goodbye()
            await self._desk.link.hop(self._desk.link.session.close)

    # Opening

    async def _open(self, password: str) -> None:
        """The same desk again for who knows the password. Raises LoginRefused."""
        if self._lock is not None and self._lock.why is Why.OVER:
            await self._begin_again(password)
        else:
            await self._go_on(password)

    async def _go_on(self, password: str) -> None:
        """In the same session, unless that was ended meanwhile: then no password opens it."""
        link, refused = self._desk.link, None
        try:
            await link.prove(password)
        except LoginRefused as refusal:
            refused = refusal
        if not await link.hop(link.session.goes_on):
            await self._shut_out()
        elif refused is not None:
            raise refused
        else:
            await self._uncover()

    async def _begin_again(self, password: str) -> None:
        """In a new session of the same person; one who must choose another password does so at the login."""
        old = self._desk.link.session
        try:
            session = await self._desk.door.log_in_again(old, password)
        except LoginRefused:
            if await self._desk.link.hop(old.is_login_open):
                raise
            await self._shut_out()
            return
        if session.actor.must_change_password:
            session.close()
            await self._shut_out()
            return
        self._desk.renewed(session)
        await self._uncover()

    async def _uncover(self) -> None:
        self._lock = None
        self._desk.last_input = uptime()
        self._desk.uncover()
        if self._watch is not None:
            self._watch.look()
        for screen in self._desk.clinic_screens():
            await screen.unlocked()
        self._desk.news.reread()

    async def _shut_out(self) -> None:
        """The login was closed, or its password replaced, meanwhile: back to the empty login."""
        await self._desk.log_out()
        screen = self._desk.screen
        if isinstance(screen, DeskScreen):
            screen.prompt.alarm(_("Su acceso cambió y esta sesión se cerró. Consultar en administración."))

    async def _retry(self) -> None:
        """F5: try the lost line now; nothing is read while nobody is there."""
        if self._desk.offline:
            await self._desk.refresh_all()
        self._desk.redraw()

    async def _leave(self) -> None:
        """F10: the desk is for somebody else. Raises TextWouldBeLost, once."""
        if not self._warned_of_loss:
            await self._desk.put_away()
            self._warned_of_loss = any(screen.unsaved for screen in self._desk.clinic_screens())
            if self._warned_of_loss:
                raise TextWouldBeLost
        await self._desk.log_out()
