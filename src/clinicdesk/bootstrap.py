"""The only wiring: settings → server → engine → desk. Nothing else reads the environment.

Heavy imports stand inside the functions: the first frame of the desk is painted before any of them.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from clinicdesk.kit.clock import uptime
from clinicdesk.kit.settings import SESSION_SECONDS, Settings, default_home, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

    from clinicdesk.clinic.access.rules import Proof
    from clinicdesk.clinic.access.sessions import Entered
    from clinicdesk.clinic.desk import Desk
    from clinicdesk.clinic.rights import Actor, ClinicRole
    from clinicdesk.clinic.turns.waiting_room import WaitingRoom

OWNER = "clinicdesk"
DATABASE = "clinicdesk"


def settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises InvalidInput where one of them says nothing we know."""
    found = load(environ)
    if found.lock_minutes:
        from clinicdesk.clinic.rights import Role
        from clinicdesk.kit.errors import InvalidInput
        from clinicdesk.kit.words import _

        unknown = {role for role, _minutes in found.lock_minutes} - {"", *Role}
        if unknown:
            words = _("lock_minutes: no hay un rol «{}».")
            raise InvalidInput(words.format(min(unknown)))
    return found


def wants_color(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether colour may be used (no-color.org)."""
    return not environ.get("NO_COLOR")


def host_name(environ: Mapping[str, str] = os.environ) -> str:
    """Where the person sits: the address an SSH session came from, else this machine's name."""
    origin = environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{socket.gethostname()}/{origin}" if origin else socket.gethostname()


def database_url(where: Settings, *, make: bool = False) -> str:
    """The place of the database; starts the embedded server where there is no other.

    Only `make` (init, demo) lets an empty home become one: a wrong CLINICDESK_HOME must not.
    Raises NotInstalled, and refusals of the embedded server that say what to do.
    """
    if where.database_url is not None:
        return where.database_url
    from clinicdesk.kit import embedded

    if not make and not embedded.initialised(where.home):
        from clinicdesk.clinic.access.errors import NotInstalled

        raise NotInstalled
    return embedded.start(where.home).dsn(OWNER)


def owner_engine(where: Settings) -> Engine:
    """The owner's engine, for `init`, `demo` and `db upgrade` alone.

    The embedded server knows the owner by the OS account; a server by CLINICDESK_OWNER_URL.
    """
    from clinicdesk.kit import db
    from clinicdesk.kit.errors import InvalidInput
    from clinicdesk.kit.words import _

    if where.embedded:
        return db.engine_for(database_url(where, make=True))
    if where.owner_url is None:
        raise InvalidInput(_("Falta CLINICDESK_OWNER_URL: la cuenta dueña de la base de datos."))
    return db.engine_for(where.owner_url)


def owner_desk(engine: Engine) -> Desk:
    """The desk of the database's owner, who begins an installation before there are people."""
    from clinicdesk.clinic.desk import Desk
    from clinicdesk.clinic.rights import Actor, ClinicRole, Role

    nowhere = ClinicRole(Role.ADMINISTRADOR, 0, "", "", "UTC", "")
    return Desk(engine, Actor("", 0, OWNER, nowhere, (), host_name()))


def demo_settings(where: Settings) -> Settings:
    """The settings of a demo: a home of its own unless one was named, nobody logged in."""
    home = default_home(f"{OWNER}-demo") if where.home == default_home() else where.home
    return Settings(home=home, lock_minutes=where.lock_minutes)


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in person: their engine and who they act as. Close it when they leave."""

    url: str
    engine: Engine
    actor: Actor
    entered: Entered
    secret: str = field(default="", repr=False)
    code_used_at: datetime | None = None
    ends_at: float = field(default_factory=lambda: uptime() + SESSION_SECONDS)
    """When the login is over, on `clock.uptime`, whatever is done meanwhile."""
    zone_rules: str | None = None
    """The release of the time zone rules that the network's turns were reckoned with."""

    @property
    def rules_differ(self) -> str:
        """What to say where this process reckons time by another release of the rules; else empty."""
        from clinicdesk.kit import zones
        from clinicdesk.kit.words import _

        here = zones.version()
        if self.zone_rules in {None, here}:
            return ""
        words = _("Este puesto calcula la hora con las reglas {here}; la red, con {adopted}. Avisar.")
        return words.format(here=here, adopted=self.zone_rules)

    @property
    def seconds_left(self) -> float:
        """Until the login is over, never negative."""
        return max(0.0, self.ends_at - uptime())

    def desk(self) -> Desk:
        """What the person works through."""
        from clinicdesk.clinic.desk import Desk

        return Desk(self.engine, self.actor)

    def acting(self, at: ClinicRole) -> Session:
        """The same person in another of their roles, which the database is told of.

        Raises SessionEnded, NoRole, DatabaseUnreachable.
        """
        if at == self.actor.at:
            return self
        from clinicdesk.clinic.access import sessions

        sessions.switch(self.engine, self.entered.id, at)
        return replace(self, actor=replace(self.actor, at=at))

    def prove(self, password: str, key: UUID | None = None) -> Proof:
        """Proof that the person knows the password now, for the order of that key alone.

        Raises LoginRefused, TooManyTries.
        """
        from clinicdesk.clinic.access import gate

        return gate.prove(self.url, self.actor.username, password, self.actor.host, key)

    def of_a_person(self) -> Session:
        """This session, unless it is a script's: that one is closed. Raises ServiceHasNoDesk."""
        if not self.actor.is_service:
            return self
        from clinicdesk.clinic.access.errors import ServiceHasNoDesk

        self.leave()
        self.close()
        raise ServiceHasNoDesk

    def leave(self) -> None:
        """Tell the database that the person goes. Never fails."""
        from clinicdesk.clinic.access import sessions

        sessions.leave(self.engine, self.entered.id)

    def goes_on(self) -> bool:
        """Whether neither the session nor the login has been ended. Raises DatabaseUnreachable."""
        from clinicdesk.clinic.access import sessions

        return sessions.goes_on(self.engine)

    def is_login_open(self) -> bool:
        """Whether the login still opens with what it opened with. Raises DatabaseUnreachable."""
        from clinicdesk.clinic.access import gate
        from clinicdesk.clinic.access.errors import LoginRefused

        try:
            gate.connect(self.url, self.actor.username, self.secret).dispose()
        except LoginRefused:
            return False
        return True

    def leave_charts(self) -> None:
        """End the person's chart leases: whoever sits here next opens charts anew. Raises Refusal."""
        from clinicdesk.clinic.privacy.service import CloseCharts, close_charts

        self.desk().do(close_charts, CloseCharts())

    def close(self) -> None:
        """Give the connections back; the session goes on where it is used again."""
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Display:
    """A waiting-room screen: its own login of the database, which reads what it shows. No person."""

    url: str
    engine: Engine
    clinic: str
    first: WaitingRoom

    def read(self) -> WaitingRoom:
        """The room as it is now. Raises DatabaseUnreachable."""
        from clinicdesk.clinic.turns import waiting_room

        return waiting_room.read(self.engine, self.clinic)

    def prove(self, username: str, password: str) -> None:
        """Whether somebody with a login stands here. Raises LoginRefused, TooManyTries."""
        from clinicdesk.clinic.access import gate

        gate.prove(self.url, username.strip().lower(), password, host_name())


def display(where: Settings, secret: str, clinic: str) -> Display:
    """The waiting room of a clinic. Raises DisplayKeyWrong, ClinicUnknown, DatabaseUnreachable."""
    from clinicdesk.clinic.access.display import connect
    from clinicdesk.clinic.turns import waiting_room

    url = database_url(where)
    engine = connect(url, secret)
    return Display(url, engine, clinic, waiting_room.read(engine, clinic))


def log_in(
    url: str,
    username: str,
    password: str,
    *,
    clinic: str | None = None,
    role: str | None = None,
    host: str | None = None,
) -> Session:
    """Log a person in through the gate. Raises LoginRefused, TooManyTries, NoRole, DatabaseUnreachable."""
    from clinicdesk.clinic.access import gate

    origin = host or host_name()
    username = username.strip().lower()
    arrival = gate.let_in(url, username, password, origin)
    opened = _begin(url, arrival.engine, username, arrival.secret, clinic, role, origin)
    return replace(opened, code_used_at=arrival.code_used_at)


def session(url: str, username: str, secret: str, clinic: str | None, role: str | None, host: str) -> Session:
    """A session from a derived secret, as `login` keeps one for scripts."""
    from clinicdesk.clinic.access import gate

    return _begin(url, gate.connect(url, username, secret), username, secret, clinic, role, host)


def _begin(
    url: str, engine: Engine, username: str, secret: str, clinic: str | None, role: str | None, host: str
) -> Session:
    """Who is in, and as what. Raises NoRole."""
    from clinicdesk.clinic.access import sessions
    from clinicdesk.clinic.sites import queries

    try:
        with sessions.entering(engine) as connection:
            actor = queries.actor_of(connection, username, host, clinic, role)
            entered = sessions.enter(connection, actor)
            adopted = queries.adopted_rules(connection)
        sessions.hold(engine, entered.id)
    except BaseException:
        engine.dispose()
        raise
    begun = replace(actor, session=entered.id)
    return Session(url, engine, begun, entered, secret, zone_rules=adopted)
