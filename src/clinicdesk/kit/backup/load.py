"""Reading a backup: proven whole before anything is written, then restored in one transaction or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine

from clinicdesk.kit import migrate, server
from clinicdesk.kit.backup import catalog, frames
from clinicdesk.kit.backup import logins as cluster
from clinicdesk.kit.backup.catalog import Counter, ForeignKey, Place
from clinicdesk.kit.backup.dump import Progress, quiet, sums_of
from clinicdesk.kit.backup.errors import (
    ClosedCatalog,
    Damaged,
    NewerBackup,
    NotEmpty,
    NotEqual,
    OtherSchema,
    OtherTables,
    SessionsOpen,
)
from clinicdesk.kit.backup.frames import TableSum
from clinicdesk.kit.backup.keys import Key
from clinicdesk.kit.backup.logins import Login
from clinicdesk.kit.backup.vault import Header, Source

_SOMETHING: Final = """
  SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' LIMIT 1
"""
_SESSIONS: Final = """
  SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND starts_with(usename, 'u_')
"""
_HOLD: Final = "SELECT pg_advisory_xact_lock(hashtextextended('clinicdesk.migrate', 0))"


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that was read from end to end: all of it is what was written."""

    header: Header
    tables: tuple[TableSum, ...]
    logins: tuple[Login, ...]
    places: tuple[Place, ...]
    counters: tuple[Counter, ...]
    size: int

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `closed` are logins of the cluster that the backup does not have."""

    verified: Verified
    closed: tuple[str, ...]


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The file, closed afterwards. Raises NoSuchFile, NotABackup, NewerBackup, Damaged."""
    source = Source(path)
    try:
        yield source
    finally:
        source.close()


def check(path: Path, key: Callable[[Header], Key], progress: Progress = quiet) -> Verified:
    """Read the whole file and compare every sum in it; write nothing. `key` is told the header.

    Raises NoSuchFile, NotABackup, NewerBackup, Damaged, WrongKey.
    """
    with opened(path) as source:
        return _verified(source, source.key_from(key(source.header)), progress)


def _verified(source: Source, key: bytes, progress: Progress) -> Verified:
    try:
        return _read_through(source, key, progress)
    except (frames.Unreadable, KeyError, TypeError, ValueError):
        raise Damaged(path=source.path) from None


def _read_through(source: Source, key: bytes, progress: Progress) -> Verified:
    found = frames.read(source.stream(key))
    kind, data = next(found, (b"", b""))
    if kind != frames.PLAN:
        raise frames.Unreadable("no plan")
    plan = json.loads(data)
    summing, sums = frames.Summing(""), list[TableSum]()
    said: list[TableSum] = []
    done = False
    for kind, data in found:
        if done:
            raise frames.Unreadable("something after the end")
        if kind == frames.TABLE:
            summing = frames.Summing(json.loads(data))
        elif kind == frames.ROWS:
            summing.add(frames.unpacked(data))
            progress("", summing.rows, 0)
        elif kind == frames.SUM:
            sums.append(summing.done())
            said.append(TableSum(**json.loads(data)))
        done = kind == frames.END
    if not done or sums != said or sums != [TableSum(**each) for each in json.loads(data)]:
        raise frames.Unreadable("sums differ")
    return Verified(
        source.header,
        tuple(sums),
        cluster.from_plan(plan["logins"]),
        tuple(Place(each["schema"], each["name"], tuple(each["columns"])) for each in plan["tables"]),
        tuple(Counter(**each) for each in plan["counters"]),
        source.size,
    )


def restore(
    path: Path,
    key: Callable[[Header], Key],
    owner: Callable[[], Engine],
    *,
    replace: bool = False,
    progress: Progress = quiet,
) -> Restored:
    """Restore a file into the database of `owner`, which is asked for once the file has been proven.

    One transaction: schema, rows, sequences, logins. Before it commits, every table is read back and
    compared. Raises what `check` raises, NotEmpty, OtherSchema, SessionsOpen, LoginsInTheWay,
    LoginTooStrong, OtherTables, NotEqual, ClosedCatalog, OwnerTooWeak, OwnerNotLetIn, DatabaseUnreachable.
    """
    with opened(path) as source:
        raw_key = source.key_from(key(source.header))
        verified = _verified(source, raw_key, progress)
        if not migrate.knows(verified.header.schema):
            raise NewerBackup(path=path, found=verified.header.schema)
        engine = owner()
        try:
            with server.as_owner(engine) as connection, connection.begin():
                closed = _Restoring(connection, verified, replace=replace).run(source, raw_key, progress)
            _refresh(engine)
        finally:
            engine.dispose()
        return Restored(verified, closed)


def _refresh(engine: Engine) -> None:
    """The planner's knowledge of the new rows, outside the transaction that brought them."""
    with server.bare_owner(engine) as raw:
        raw.execute("ANALYZE")


class _Restoring:
    """One restore, inside its transaction."""

    def __init__(self, connection: Connection, verified: Verified, *, replace: bool) -> None:
        raw: Any = connection.connection.driver_connection
        self._connection, self._raw = connection, raw
        self._verified = verified
        self._replace = replace
        self._owner = str(raw.info.user)

    def run(self, source: Source, key: bytes, progress: Progress) -> tuple[str, ...]:
        """Everything; which logins were closed."""
        self._raw.execute(_HOLD)
        self._demand_room()
        migrate.bring(self._connection, self._verified.header.schema)
        catalog.settle(self._raw)
        try:
            cluster.demand_free(self._raw, self._verified.logins, replace=self._replace)
            self._demand_tables()
            self._load(source, key, progress)
            closed = cluster.restore_logins(self._raw, self._verified.logins, self._owner)
            self._demand_equal(progress)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ClosedCatalog(reason=error.diag.message_primary, owner=self._owner) from error
        return closed

    def _demand_room(self) -> None:
        """Raises NotEmpty, OtherSchema, SessionsOpen."""
        if self._raw.execute(_SOMETHING).fetchone() is None:
            return
        name = self._raw.info.dbname
        if not self._replace:
            raise NotEmpty(name=name)
        found, wanted = migrate.version(self._connection), self._verified.header.schema
        if found is not None and not migrate.leads(found, wanted):
            raise OtherSchema(name=name, found=found, wanted=wanted)
        (count,) = self._raw.execute(_SESSIONS).fetchone()
        if count:
            raise SessionsOpen(name=name, count=count)

    def _demand_tables(self) -> None:
        """The schema's tables and columns are those of the file. Raises OtherTables."""
        here, there = set(catalog.tables(self._raw)), set(self._verified.places)
        if odd := sorted({each.label for each in here ^ there}):
            raise OtherTables(names=", ".join(odd))

    def _load(self, source: Source, key: bytes, progress: Progress) -> None:
        """Rows by COPY, without the foreign keys; these are made again after, which proves them all."""
        keys = catalog.foreign_keys(self._raw)
        for each in keys:
            self._alter(each, "DROP CONSTRAINT {}")
        self._empty()
        self._copy(source, key, progress)
        for each in keys:
            self._alter(each, "ADD CONSTRAINT {}", each.definition)
        for counter in self._verified.counters:
            place = sql.Identifier(counter.schema, counter.name).as_string(None)
            self._raw.execute("SELECT setval(%s, %s, %s)", (place, counter.last, counter.called))

    def _alter(self, key: ForeignKey, change: str, definition: str = "") -> None:
        """`definition` is the catalogue's own text."""
        made = sql.SQL("ALTER TABLE {} " + change).format(
            sql.Identifier(key.schema, key.table), sql.Identifier(key.name)
        )
        self._raw.execute(made + sql.SQL(" " + definition))

    def _empty(self) -> None:
        """Also rows that the migrations themselves bring: the file has them."""
        names = sql.SQL(", ").join(sql.Identifier(each.schema, each.name) for each in self._verified.places)
        self._raw.execute(sql.SQL("TRUNCATE {}").format(names))

    def _copy(self, source: Source, key: bytes, progress: Progress) -> None:
        """The file's second reading: what is no longer what was proven ends the transaction."""
        places = {place.label: place for place in self._verified.places}
        found = frames.read(source.stream(key))
        for kind, data in found:
            if kind == frames.TABLE:
                label = json.loads(data)
                with self._raw.cursor().copy(places[label].copy("FROM STDIN")) as copy:
                    self._rows(copy, found, label, progress)

    def _rows(self, copy: Any, found: Iterator[tuple[bytes, bytes]], label: str, progress: Progress) -> None:
        sent = 0
        for kind, data in found:
            if kind == frames.SUM:
                return
            rows = frames.unpacked(data)
            copy.write(rows)
            sent += len(rows)
            progress(label, 0, sent)

    def _demand_equal(self, progress: Progress) -> None:
        """Every table read back. Raises NotEqual."""
        now = sums_of(self._raw, self._verified.places, progress)
        due = {each.name: each for each in self._verified.tables}
        odd = [each.name for each in now if each != due.get(each.name)]
        if len(now) != len(due) or odd:
            raise NotEqual(names=", ".join(odd))
