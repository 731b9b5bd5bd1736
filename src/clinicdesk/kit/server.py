"""A PostgreSQL server that somebody else runs: the owner's way in, and the database made where missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from clinicdesk.kit import db
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

_NOT_ALLOWED = "42501"
_DUPLICATE = "42P04"
_MISSING = "does not exist"


class OwnerNotLetIn(Refusal):
    """The server does not take the owner's login; `reason` is its own word."""

    says = _("El servidor no deja entrar a la cuenta dueña: {reason}")
    exit = Exit.NOT_ALLOWED


class OwnerTooWeak(Refusal):
    """The owner lacks a right that the schema needs; `reason` is the server's own word."""

    says = _(
        "La cuenta dueña no puede preparar la base de datos ({reason}). Tiene que ser dueña de la base "
        "y poder crear roles: ALTER ROLE … CREATEROLE"
    )
    exit = Exit.NOT_ALLOWED


class NoDatabase(Refusal):
    """The database is not there and the owner may not make it."""

    says = _(
        "No existe la base «{name}» y la cuenta dueña no puede crearla. Usar: createdb -O {owner} {name}"
    )
    exit = Exit.UNREACHABLE


@contextmanager
def as_owner(owner: Engine) -> Iterator[Connection]:
    """A connection of the owner's. Raises OwnerNotLetIn, OwnerTooWeak, DatabaseUnreachable."""
    try:
        with owner.connect() as connection:
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        raise _named(error) from error


@contextmanager
def bare_owner(owner: Engine) -> Iterator[Any]:
    """A driver's connection of the owner's, outside the pool and outside any transaction; closed after.

    Raises OwnerNotLetIn, OwnerTooWeak, DatabaseUnreachable.
    """
    try:
        with db.listener(owner) as raw:
            yield raw
    except (DBAPIError, psycopg.Error) as error:
        raise _named(error) from error


def _named(error: DBAPIError | psycopg.Error) -> Exception:
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state == _NOT_ALLOWED:
        return OwnerTooWeak(reason=_first_line(cause))
    if state is None and isinstance(cause, psycopg.OperationalError):
        refused = any(words in str(cause) for words in ("authentication failed", "pg_hba.conf", _MISSING))
        return OwnerNotLetIn(reason=_first_line(cause)) if refused else db.unreachable(error)
    return error


def _first_line(error: BaseException | None) -> str:
    """The server's complaint without the address libpq puts before it."""
    line = str(error).strip().partition("\n")[0]
    return line.rpartition("FATAL:  ")[2]


def make_database(owner_url: str) -> bool:
    """Make the database that the URL names unless it is there; whether it was made.

    Raises NoDatabase, OwnerNotLetIn, DatabaseUnreachable.
    """
    parts = conninfo_to_dict(owner_url)
    name = str(parts.get("dbname") or parts.get("user") or "")
    try:
        psycopg.connect(owner_url).close()
    except psycopg.OperationalError as error:
        if not (f'database "{name}"' in str(error) and _MISSING in str(error)):
            raise _named(error) from error
        return _created(make_conninfo(owner_url, dbname="postgres"), name, str(parts.get("user", "")))
    return False


def _created(url: str, name: str, owner: str) -> bool:
    statement = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        if error.sqlstate == _DUPLICATE:
            return False
        raise NoDatabase(name=name, owner=owner) from error
    return True
