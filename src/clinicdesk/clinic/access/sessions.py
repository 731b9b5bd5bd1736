"""A session as the database knows it: entered once, resumed by each further connection, left at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from clinicdesk.clinic.access.errors import NoRole
from clinicdesk.clinic.rights import Actor, ClinicRole, Effect, Permission, PersonalRight
from clinicdesk.kit import db
from clinicdesk.kit.errors import Refusal, SessionEnded
from clinicdesk.kit.words import _

_RESUME: Final = "SELECT access.resume(%s)"
# How the server answers somebody whose login was closed or whose password was replaced meanwhile.
_SHUT: Final = (
    "password authentication failed",
    "is not permitted to log in",
    "permission denied for database",
)


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that has begun, and the person's login before this one."""

    id: UUID
    last_at: datetime | None
    last_host: str | None


def own_rights(connection: Connection) -> tuple[PersonalRight, ...]:
    """The personal rights of who is connected; those this program does not know are left out."""
    known = set(Permission)
    asked = func.access.my_rights().table_valued("clinic_id", "permission", "effect", "until")
    return tuple(
        PersonalRight(row.clinic_id, Permission(row.permission), Effect(row.effect), row.until)
        for row in connection.execute(select(asked))
        if row.permission in known
    )


@contextlib.contextmanager
def entering(engine: Engine) -> Iterator[Connection]:
    """One transaction to read who comes in and to let them in: whoever changes their rights meanwhile waits.

    Raises SessionEnded, NoRole, DatabaseUnreachable.
    """
    with _refusing(), db.transaction(engine) as connection:
        connection.execute(select(func.access.demand_open()))
        yield connection


def enter(connection: Connection, actor: Actor) -> Entered:
    """Begin a session, inside `entering`."""
    asked = func.access.enter(actor.host[:120], actor.at.role.value, actor.at.clinic_id).table_valued(
        "session_id", "last_at", "last_host"
    )
    row = connection.execute(select(asked)).one()
    return Entered(row.session_id, row.last_at, row.last_host)


def switch(engine: Engine, session_id: UUID, at: ClinicRole) -> None:
    """Go on in another role. Raises SessionEnded, NoRole, DatabaseUnreachable."""
    asked = select(func.access.switch_role(session_id, at.role.value, at.clinic_id))
    try:
        with _refusing(), db.transaction(engine) as connection:
            connection.execute(asked)
    except NoRole:
        raise NoRole(where=_("así en {}").format(at.clinic_name)) from None


def leave(engine: Engine, session_id: UUID, why: str = "logout") -> None:
    """End a session of one's own. Never fails: without a line it ends by its connections."""
    with contextlib.suppress(SQLAlchemyError, Refusal), db.transaction(engine) as connection:
        connection.execute(select(func.access.leave(session_id, why)))


def goes_on(engine: Engine) -> bool:
    """Whether a held engine is still let in, asked by a new connection. Raises DatabaseUnreachable."""
    engine.dispose()
    try:
        engine.connect().close()
    except SessionEnded:
        return False
    except DBAPIError as error:
        raise db.broken(error) from error.orig
    return True


def hold(engine: Engine, session_id: UUID) -> None:
    """Bind an engine to a session: a new connection is refused once the session or the login has ended."""

    def resume(connection: psycopg.Connection[Any], _record: object) -> None:
        try:
            with connection.transaction():
                connection.execute(_RESUME, (session_id,))
        except psycopg.errors.InsufficientPrivilege as error:
            raise SessionEnded from error

    def shut(context: Any) -> None:
        if context.connection is None and any(words in str(context.original_exception) for words in _SHUT):
            raise SessionEnded from context.original_exception

    event.listen(engine, "connect", resume)
    event.listen(engine, "handle_error", shut)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """A database error as the refusal it stands for."""
    try:
        yield
    except DBAPIError as error:
        found = db.refusal_of(error)
        raise (found() if found else db.broken(error)) from error.orig
