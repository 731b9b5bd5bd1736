"""The way in: a ticket and the salt from the gate, then the person's own login, whose end the gate is told.

The database counts the tries, so it does not matter how many programs knock at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from clinicdesk.clinic.access import rules
from clinicdesk.clinic.access.errors import GateFull, LoginRefused, NotInstalled, TooManyTries
from clinicdesk.kit import clock, db, secrets
from clinicdesk.kit.errors import DatabaseUnreachable
from clinicdesk.kit.words import _

LOGIN: Final = ("k_gate", "gate")
PROGRAM: Final = "clinicdesk"
# Another of the same name is being tried this moment: the gate says to wait a second.
_CROWD_PAUSES_SECONDS: Final = (0.2, 0.4, 0.6, 0.8, *([1.0] * 8))
# No such schema, function or database: a server that is not ours, or not yet.
_NO_GATE: Final = frozenset({"3F000", "42883", "42501"})
_MINUTE: Final = 60
GivenT = TypeVar("GivenT")
Line = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One try that the gate lets be made; `tries` counts it."""

    id: UUID
    salt: bytes
    tries: int
    most: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person who is in: their engine, and the derived secret it connects with."""

    engine: Engine
    secret: str = field(repr=False)
    code_used_at: datetime | None = None
    """When a code set this password, if that was this week: the person must hear of it."""


def let_in(url: str, username: str, password: str, origin: str) -> Arrival:
    """Log a person in. `origin` is where they sit; the database adds the address it sees.

    Raises LoginRefused with the same words whatever was wrong, TooManyTries, NotInstalled,
    DatabaseUnreachable.
    """
    username = username if rules.is_username(username) else rules.nobody(username)
    ticket = ticket_for(url, username, origin)
    secret = secrets.derived(password, ticket.salt)
    try:
        engine = connect(url, username, secret)
    except LoginRefused:
        failed(url, ticket)
        raise refused(ticket) from None
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
            code_used_at = own.execute(select(func.gate.arrived(ticket.id))).scalar_one()
    except DBAPIError as error:
        engine.dispose()
        raise db.broken(error) from error.orig
    return Arrival(engine, secret, code_used_at)


def prove(
    url: str, username: str, password: str, origin: str, key: UUID | None = None, now: clock.Now = clock.now
) -> rules.Proof:
    """Proof that the person at the keyboard knows the password now, for the order of one key.

    Raises what let_in raises.
    """
    let_in(url, username, password, origin).engine.dispose()
    return rules.Proof(username, now(), key)


def connect(url: str, username: str, secret: str) -> Engine:
    """An engine of the person's own, its first connection already open.

    Raises LoginRefused, GateFull, DatabaseUnreachable.
    """
    if not rules.is_username(username):
        raise LoginRefused
    return connect_as(url, rules.role_of(username), secret)


def connect_as(url: str, role: str, secret: str) -> Engine:
    """The same for a login of the database. Raises LoginRefused, GateFull, DatabaseUnreachable."""
    engine = db.engine_for(db.conninfo(url, role, secret, PROGRAM))
    try:
        db.when_there_is_room(engine.connect).close()
        return engine
    except DBAPIError as error:
        engine.dispose()
        if db.is_refused_login(error.orig, role):
            raise LoginRefused from None
        if (found := _no_way(error)) is error:
            raise
        raise found from error


def ticket_for(url: str, username: str, origin: str) -> Ticket:
    """Leave to try a password or a code once.

    Raises TooManyTries, NotInstalled, GateFull, DatabaseUnreachable.
    """
    for pause in (*_CROWD_PAUSES_SECONDS, None):
        salt, ticket, tries, most, wait_seconds = ask(url, lambda gate: _begin(gate, username, origin))
        if ticket is not None:
            return Ticket(ticket, bytes(salt), tries, most)
        if wait_seconds > 1 or pause is None:
            break
        time.sleep(pause)
    raise TooManyTries(wait=_waited(wait_seconds))


def _begin(gate: Line, username: str, origin: str) -> Any:
    statement = "SELECT salt, ticket, tries, most, wait_seconds FROM gate.begin(%s, %s)"
    try:
        return gate.execute(statement, (username, origin)).fetchone()
    except psycopg.errors.LockNotAvailable:
        return None, None, 0, 0, 1


def _waited(seconds: int) -> str:
    if seconds > _MINUTE:
        return _("{minutes} min").format(minutes=-(-seconds // _MINUTE))
    return _("{seconds} s").format(seconds=seconds)


def failed(url: str, ticket: Ticket) -> None:
    """Have the gate write down that a ticket was refused; it counts already, should the line be lost."""
    with contextlib.suppress(DatabaseUnreachable, NotInstalled):
        ask(url, lambda gate: gate.execute("SELECT gate.failed(%s)", (ticket.id,)))


def refused(ticket: Ticket) -> LoginRefused:
    """The one answer to every wrong try."""
    return LoginRefused(count=counted(ticket))


def counted(ticket: Ticket) -> str:
    """Which try this was, said after a refusal."""
    return _(" Van {tries} de {most}.").format(tries=ticket.tries, most=ticket.most)


def ask(url: str, question: Callable[[Line], GivenT]) -> GivenT:
    """Ask through a connection of the gate's own. Raises NotInstalled, GateFull, DatabaseUnreachable."""
    door = db.conninfo(url, *LOGIN, PROGRAM)
    try:
        with db.when_there_is_room(lambda: psycopg.connect(door, autocommit=True)) as gate:
            return question(gate)
    except psycopg.Error as error:
        if error.sqlstate in _NO_GATE or db.is_refused_login(error, LOGIN[0]) or db.is_no_database(error):
            raise NotInstalled from error
        raise _no_way(error) from error


def _no_way(error: Exception) -> Exception:
    """A crowd at the door is no broken line."""
    if not db.is_full(error):
        return db.broken(error)
    full = GateFull()
    full.__cause__ = error
    return full
