"""Writing a backup: every row of one snapshot and the logins of that moment, straight into an encrypted file.

The rows never stand on a disk in the clear, and no more than a few blocks of them in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

import psycopg
from sqlalchemy import Engine

from clinicdesk import __version__
from clinicdesk.kit import server
from clinicdesk.kit.backup import catalog, frames
from clinicdesk.kit.backup import logins as cluster
from clinicdesk.kit.backup.catalog import Place
from clinicdesk.kit.backup.errors import ClosedCatalog, NothingHere
from clinicdesk.kit.backup.frames import TableSum, Writer
from clinicdesk.kit.backup.keys import Key
from clinicdesk.kit.backup.vault import Header, Vault

# (table, rows so far, bytes of the file so far)
Progress = Callable[[str, int, int], None]
# No upgrade while rows are read: shared here, exclusive there.
_HOLD: Final = "SELECT pg_advisory_lock_shared(hashtextextended('clinicdesk.migrate', 0))"
_FREE: Final = "SELECT pg_advisory_unlock_shared(hashtextextended('clinicdesk.migrate', 0))"
_SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True, slots=True)
class Kept:
    """What went into a file. `left_out` are tables of others in the same database."""

    header: Header
    tables: tuple[TableSum, ...]
    logins: int
    left_out: tuple[str, ...]
    size: int
    sha256: str

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def quiet(_table: str, _rows: int, _size: int) -> None:
    """Progress that nobody watches."""


def dump(owner: Engine, file: BinaryIO, key: Key, now: datetime, progress: Progress = quiet) -> Kept:
    """Write the whole database and its logins into `file`, encrypted.

    Raises NothingHere, ClosedCatalog, OwnerNotLetIn, OwnerTooWeak, DatabaseUnreachable.
    """
    with snapshot(owner) as raw:
        who = raw.info.user
        if not catalog.installed(raw):
            raise NothingHere
        places = catalog.tables(raw)
        logins = cluster.logins(raw, who)
        header = Header(__version__, _revision(raw), _version(raw), now.isoformat(), key.facts())
        vault = Vault(file, header, key.opened(header.key))
        writer = Writer(vault)
        plan = {"tables": [asdict(place) for place in places], "logins": [asdict(each) for each in logins]}
        writer.told(frames.PLAN, plan | {"counters": [asdict(each) for each in catalog.counters(raw)]})
        sums = tuple(_table(raw, writer, vault, place, progress) for place in places)
        writer.told(frames.END, [asdict(each) for each in sums])
        digest = vault.close()
        return Kept(header, sums, len(logins), catalog.others(raw), vault.size, digest)


@contextmanager
def snapshot(owner: Engine) -> Iterator[Any]:
    """The owner's bare connection in one read-only snapshot, upgrades held off.

    Raises ClosedCatalog where a row policy, or a missing right, would hide rows.
    """
    with server.bare_owner(owner) as raw:
        raw.execute(_HOLD)
        raw.execute(_SNAPSHOT)
        catalog.settle(raw)
        try:
            yield raw
        except psycopg.errors.InsufficientPrivilege as error:
            raise ClosedCatalog(reason=error.diag.message_primary, owner=raw.info.user) from error
        raw.execute("ROLLBACK")
        raw.execute(_FREE)


def _table(raw: Any, writer: Writer, vault: Vault, place: Place, progress: Progress) -> TableSum:
    with raw.cursor().copy(place.copy("TO STDOUT")) as copy:
        for summing in writer.table(place.label, copy):
            progress(place.label, summing.rows, vault.size)
    return summing.done()


def sums_of(raw: Any, places: tuple[Place, ...], progress: Progress = quiet) -> tuple[TableSum, ...]:
    """The sums of tables as they stand in the connection's transaction."""
    return tuple(_sum(raw, place, progress) for place in places)


def _sum(raw: Any, place: Place, progress: Progress) -> TableSum:
    summing = frames.Summing(place.label)
    with raw.cursor().copy(place.copy("TO STDOUT")) as copy:
        for block in frames.blocks(copy):
            summing.add(block)
            progress(place.label, summing.rows, 0)
    return summing.done()


def _revision(raw: Any) -> str:
    found = raw.execute("SELECT version_num FROM public.alembic_version").fetchone()
    if found is None:
        raise NothingHere
    return str(found[0])


def _version(raw: Any) -> str:
    return str(raw.execute("SELECT current_setting('server_version')").fetchone()[0])
