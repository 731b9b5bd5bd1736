"""Connections, and what a database error means.

One engine per logged-in person: the database knows who asks, so no shared password opens data.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from clinicdesk.kit.errors import DatabaseUnreachable, Refusal

MadeT = TypeVar("MadeT")

# A desk never holds a transaction across user input; these end it if a bug did.
_TIMEOUTS: Final = {
    "statement_timeout": "15s",
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "20s",
}
_TCP: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# SQLSTATE classes after which nobody knows whether the transaction committed, or which a retry heals.
_UNKNOWN: Final = ("08", "57P01", "57P02", "57P03", "XX000")
# Not understood, not possible, not true of a value: nothing that another try could mend.
_BUGS: Final = ("0A", "22", "42")
_RETRY: Final = ("40P01", "40001")
# While connecting libpq tells no SQLSTATE: too many for the role, for the server, for people.
_NO_ROOM: Final = ("too many connections", "too many clients", "remaining connection slots")
_NO_DATABASE: Final = ("does not exist", "permission denied for database")
_ROOM_PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_CITUS_SHARD = re.compile(r"_\d{6,}$")
_QUOTED_NAME = re.compile(r'constraint "([^"]+)"')

# Without a handler Python prints what libraries log on stderr, over the screen and beyond `outcome`.
for _library in ("psycopg", "sqlalchemy"):
    logging.getLogger(_library).addHandler(logging.NullHandler())


def conninfo(url: str, user: str, secret: str | None, program: str) -> str:
    """A libpq connection string for one role at the place `url` names; the url's own user is not used."""
    parts: dict[str, Any] = {**_TCP, **conninfo_to_dict(url)}
    parts.pop("password", None)
    parts["user"] = user
    parts["application_name"] = program
    parts["options"] = (
        " ".join(f"-c {name}={value}" for name, value in _TIMEOUTS.items()) + " -c TimeZone=UTC"
    )
    if secret is not None:
        parts["password"] = secret
    return make_conninfo("", **parts)


def place(url: str, user: str) -> str:
    """The libpq connection string of a role for another program: no password, no limits of ours."""
    parts: dict[str, Any] = {**conninfo_to_dict(url)}
    parts.pop("password", None)
    return make_conninfo("", **parts | {"user": user})


def has_password(url: str) -> bool:
    """Whether a connection string carries a password."""
    return "password" in conninfo_to_dict(url)


def database_name(url: str) -> str:
    """The database that a connection string leads to."""
    parts = conninfo_to_dict(url)
    return str(parts.get("dbname") or parts.get("user") or "")


def engine_for(dsn: str, *, pool_size: int = 3) -> Engine:
    """An engine whose connections all use `dsn`; connecting happens at the first use.

    Raises psycopg.OperationalError from that use where the server refuses.
    """
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(dsn),
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=1,
        pool_timeout=8,
        use_native_hstore=False,
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
    )


def when_there_is_room(connect: Callable[[], MadeT]) -> MadeT:
    """Connect; a server or role whose connections are all taken is waited out for five seconds."""
    for pause in _ROOM_PAUSES_SECONDS:
        try:
            return connect()
        except (psycopg.OperationalError, DBAPIError) as error:
            if not is_full(error):
                raise
            time.sleep(pause * (1 + random.random()))  # noqa: S311 - spreads those who wait
    return connect()


def is_full(error: BaseException) -> bool:
    """Whether the server, or the role, had no connection left to give."""
    return any(words in str(error) for words in _NO_ROOM)


def is_refused_login(error: BaseException | None, role: str) -> bool:
    """Whether the server asked for a password and then would not have this role in.

    libpq tells no SQLSTATE while connecting. Every language of the server's names the role when it
    refuses it, and none does when the line breaks.
    """
    asked = getattr(getattr(error, "pgconn", None), "used_password", False)
    return bool(asked) and role in str(error) and error is not None and not is_full(error)


def is_no_database(error: BaseException) -> bool:
    """Whether the server has no database of that name, or does not let everybody see it."""
    return any(words in str(error) for words in _NO_DATABASE)


def listener(engine: Engine) -> psycopg.Connection[Any]:
    """A bare autocommit connection of the same person outside the pool, to LISTEN on for hours.

    Raises psycopg.OperationalError without a line.
    """
    pooled = engine.raw_connection()
    raw: Any = pooled.driver_connection
    pooled.detach()
    raw.rollback()
    raw.autocommit = True
    made: psycopg.Connection[Any] = raw
    return made


@contextmanager
def pipeline(connection: Connection) -> Iterator[None]:
    """Statements executed inside leave together; their rows cannot be read before the end."""
    raw: Any = connection.connection.driver_connection
    with driver_errors(connection), raw.pipeline():
        yield


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A short transaction of its own, committed at the end: a session's coming and going."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """What goes past SQLAlchemy (pipelines, COPY) fails as it does: its errors, nothing half done."""
    raw: Any = connection.connection.driver_connection
    try:
        yield
    except psycopg.Error as error:
        broken = not _rolled_back(raw)
        if broken:
            connection.invalidate(error)
        raise DBAPIError(None, None, error, connection_invalidated=broken) from error
    except DBAPIError as error:
        # SQLAlchemy holds a failed COMMIT for the end of the transaction and would not roll back.
        if not _rolled_back(raw):
            connection.invalidate(error)
            error.connection_invalidated = True
        raise


def _rolled_back(raw: Any) -> bool:
    """Roll back; False where the line is broken, closed or caught in the middle of a pipeline."""
    if raw.closed:
        return False
    try:
        raw.rollback()
    except psycopg.Error:
        raw.close()
        return False
    return True


def sqlstate(error: DBAPIError) -> str:
    """The five-letter code, or "08006" where the line broke before a code could arrive."""
    return getattr(error.orig, "sqlstate", None) or ("08006" if error.connection_invalidated else "")


def constraint_name(error: DBAPIError) -> str:
    """The violated constraint as declared: Citus names a shard's copy, `…_102188`, in the message."""
    diag = getattr(error.orig, "diag", None)
    name = getattr(diag, "constraint_name", None) or ""
    if not name and (found := _QUOTED_NAME.search(str(error.orig))):
        name = found.group(1)
    return _CITUS_SHARD.sub("", name)


def is_unknown_outcome(error: DBAPIError) -> bool:
    """Whether the transaction may have committed although the answer never came."""
    state = sqlstate(error)
    no_answer = not state and isinstance(error.orig, psycopg.OperationalError | psycopg.InterfaceError)
    return error.connection_invalidated or no_answer or state.startswith(_UNKNOWN)


def is_unstorable(error: DBAPIError) -> bool:
    """Whether a value did not fit its type (SQLSTATE class 22), as the driver or the server saw it."""
    return isinstance(error.orig, psycopg.DataError)


def is_worth_a_retry(error: DBAPIError) -> bool:
    """Deadlock or serialization failure: nothing was written and the same attempt can succeed."""
    return sqlstate(error) in _RETRY


def refusal_of(error: DBAPIError) -> type[Refusal] | None:
    """The refusal that the violated constraint stands for, if a slice declared one."""
    return Refusal.by_constraint.get(constraint_name(error))


def unreachable(error: Exception) -> DatabaseUnreachable:
    """The refusal for a server that cannot be reached, the cause kept for the log."""
    refusal = DatabaseUnreachable()
    refusal.__cause__ = error
    return refusal


def broken(error: Exception) -> Exception:
    """What an error means where no rule of ours can say no: no line, or the error itself.

    A statement that the server does not understand is a bug; told as a lost line it would be waited out.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None) or ""
    return error if state.startswith(_BUGS) else unreachable(error)
