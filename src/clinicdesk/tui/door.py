"""The way in: opens the database behind the login's first frame, and lets people through."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from clinicdesk.kit.clock import uptime

if TYPE_CHECKING:
    from clinicdesk.bootstrap import Session
    from clinicdesk.clinic.access.recovery import OpenedCode
    from clinicdesk.kit.settings import Settings


class Door:
    """Starts what a login needs in the background: the imports, and the embedded server where it is used."""

    def __init__(self, settings: Settings) -> None:
        """Closed; nothing is imported yet."""
        self._settings = settings
        self._opening: asyncio.Task[str] | None = None

    @property
    def opened(self) -> bool:
        """Whether a login would not have to wait."""
        return self._opening is not None and self._opening.done() and self.error is None

    @property
    def error(self) -> BaseException | None:
        """Why it could not be opened, once it has been tried."""
        if self._opening is None or not self._opening.done() or self._opening.cancelled():
            return None
        return self._opening.exception()

    def open(self) -> asyncio.Task[str]:
        """Begin, or begin again after a failure; the task gives the database's place or raises a Refusal."""
        if self._opening is None or (self._opening.done() and not self.opened):
            self._opening = asyncio.create_task(asyncio.to_thread(_place, self._settings))
        return self._opening

    async def start_again(self) -> None:
        """Start the embedded server if it is down; a server elsewhere is not ours to start."""
        if self._settings.embedded:
            await asyncio.to_thread(_place, self._settings)

    async def log_in(self, username: str, password: str) -> Session:
        """Let a person through. Raises LoginRefused, NoRole, DatabaseUnreachable."""
        url = await asyncio.shield(self.open())
        return await asyncio.to_thread(_log_in, url, username, password, self._settings)

    async def log_in_again(self, session: Session, password: str) -> Session:
        """The same person, in the same role and clinic, for a new session. Raises what `log_in` does."""
        return await asyncio.to_thread(_again, session, password, self._settings)

    async def change_password(self, session: Session, old: str, new: str) -> Session:
        """A new password for who is in, and a session under it; the old one is closed.

        Raises LoginRefused where the old one is wrong, BadPassword.
        """
        return await asyncio.to_thread(_change_password, session, old, new)

    async def words_of(self, session: Session) -> tuple[str, ...]:
        """The names that a new password of the person's may not be made of."""
        return await asyncio.to_thread(_words_of, session)

    async def open_code(self, username: str, code: str) -> OpenedCode:
        """Whether a single-use code is good. Raises CodeRefused, TooManyTries, DatabaseUnreachable."""
        url = await asyncio.shield(self.open())
        return await asyncio.to_thread(_open_code, url, username, code)

    async def redeem(self, opened: OpenedCode, password: str) -> Session:
        """Set a password with a code, and log in with it. Raises CodeRefused, BadPassword."""
        url = await asyncio.shield(self.open())
        return await asyncio.to_thread(_redeem, url, opened, password, self._settings.clinic)


def _words_of(session: Session) -> tuple[str, ...]:
    from clinicdesk.clinic.access import service

    return session.desk().see(service.own_words, service.WordsQuery())


def _open_code(url: str, username: str, code: str) -> OpenedCode:
    from clinicdesk import bootstrap
    from clinicdesk.clinic.access import recovery

    return recovery.open_code(url, username, code, bootstrap.host_name())


def _redeem(url: str, opened: OpenedCode, password: str, clinic: str | None) -> Session:
    from clinicdesk import bootstrap
    from clinicdesk.clinic.access import recovery

    recovery.redeem(url, opened, password)
    return bootstrap.log_in(url, opened.username, password, clinic=clinic)


def _place(settings: Settings) -> str:
    """Everything slow that comes before a login, done while its screen is being filled in."""
    from importlib import import_module

    for needed in ("access.service", "desk", "sites.queries", "everything"):
        import_module(f"clinicdesk.clinic.{needed}")
    from clinicdesk import bootstrap
    from clinicdesk.tui import roles

    url = bootstrap.database_url(settings)
    roles.import_homes()
    return url


def _log_in(url: str, username: str, password: str, settings: Settings) -> Session:
    from clinicdesk import bootstrap

    session = bootstrap.log_in(url, username, password, clinic=settings.clinic).of_a_person()
    return _for_its_hours(session, settings)


def _again(session: Session, password: str, settings: Settings) -> Session:
    return _for_its_hours(_same_place(session, password), settings)


def _for_its_hours(session: Session, settings: Settings) -> Session:
    return replace(session, ends_at=uptime() + settings.session_seconds)


def _same_place(session: Session, password: str) -> Session:
    from clinicdesk import bootstrap

    actor = session.actor
    return bootstrap.log_in(
        session.url,
        actor.username,
        password,
        clinic=actor.at.clinic_code,
        role=actor.at.role.value,
        host=actor.host,
    )


def _change_password(session: Session, old: str, new: str) -> Session:
    from clinicdesk.clinic.access import service

    order = service.ChangePassword(password=new)
    order = replace(order, proof=session.prove(old, order.key))
    session.desk().do(service.change_password, order)
    renewed = _same_place(session, new)
    session.close()
    return replace(renewed, ends_at=session.ends_at)
