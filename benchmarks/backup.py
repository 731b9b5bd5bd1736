"""Backup and restore of a demo network beside bare COPY of the same tables.

    python -m benchmarks.backup [--clinics 20] [--patients 2000] [--rounds 5]

`backup` reads one snapshot, sums every row, compresses, encrypts and syncs a file; its floor is COPY TO of
the same tables into a plain file. `restore` proves the file, migrates, loads, proves the foreign keys and
reads everything back; its floor is COPY FROM of the same rows, made ready in memory, into the same migrated
tables. Interleaved; medians. MB are of COPY's text. What a backup does more is timed alone too.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Engine

from clinicdesk.demo import Size, prepare
from clinicdesk.kit import backup, clock, embedded, migrate
from clinicdesk.kit.backup import catalog
from clinicdesk.kit.backup.catalog import Place
from clinicdesk.kit.backup.frames import Summing
from clinicdesk.kit.db import engine_for
from clinicdesk.kit.sheet import write_atomically

KEY: Final = backup.FileKey(bytes(32))
MB: Final = 1_000_000


class Bench:
    """A demo network on one cluster, and an empty cluster to restore into."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder = folder
        self.server = embedded.start(folder / "full")
        self.owner: Engine = engine_for(self.server.owner_dsn)
        migrate.upgrade(self.owner)
        prepare(self.owner, size, lambda _said: None)
        with psycopg.connect(self.server.owner_dsn) as raw:
            self.places = catalog.tables(raw)
        self.rows = {place: self._rows(place) for place in self.places}
        self.bytes = sum(map(len, self.rows.values()))
        self.file = folder / "copy"

    def _rows(self, place: Place) -> bytes:
        with (
            psycopg.connect(self.server.owner_dsn) as raw,
            raw.cursor().copy(place.copy("TO STDOUT")) as copy,
        ):
            return b"".join(bytes(piece) for piece in copy)

    def back_up(self) -> None:
        """Ours."""
        write_atomically(self.file, lambda file: backup.dump(self.owner, file, KEY, clock.now()))

    def copy_out(self) -> None:
        """The floor: the same rows into a plain file."""
        with psycopg.connect(self.server.owner_dsn) as raw, (self.folder / "plain").open("wb") as file:
            raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for place in self.places:
                with raw.cursor().copy(place.copy("TO STDOUT")) as copy:
                    for piece in copy:
                        file.write(piece)

    def emptied(self) -> embedded.Server:
        """Another cluster, its database empty and its cluster without our logins."""
        home = self.folder / "empty"
        server = embedded.start(home)
        with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as admin:
            admin.execute("DROP DATABASE clinicdesk WITH (FORCE)")
            admin.execute("CREATE DATABASE clinicdesk")
            staff = admin.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^u_'").fetchall()
            for (name,) in staff:
                admin.execute(f'DROP ROLE "{name}"'.encode())
        return server

    def restore(self) -> None:
        """Ours, into nothing."""
        server = self.emptied()
        self.started = time.perf_counter()
        backup.restore(self.file, lambda _header: KEY, lambda: engine_for(server.owner_dsn))

    def copy_in(self) -> None:
        """The floor: the same rows into the migrated tables, foreign keys unasked as ours asks them last."""
        server = self.emptied()
        owner = engine_for(server.owner_dsn)
        migrate.upgrade(owner)
        owner.dispose()
        self.started = time.perf_counter()
        with psycopg.connect(server.owner_dsn) as raw:
            raw.execute("SET session_replication_role = replica")
            raw.execute(b"TRUNCATE " + b", ".join(place.label.encode() for place in self.places))
            for place, rows in self.rows.items():
                with raw.cursor().copy(place.copy("FROM STDIN")) as copy:
                    copy.write(rows)

    def sums(self) -> None:
        """Every row hashed."""
        for place, rows in self.rows.items():
            Summing(place.label).add(rows)

    def deflated(self) -> None:
        """Every block compressed."""
        for rows in self.rows.values():
            for place in range(0, len(rows), 1 << 18):
                zlib.compress(rows[place : place + (1 << 18)], 1)

    def proven(self) -> None:
        """The file read through."""
        backup.check(self.file, lambda _header: KEY)


def seconds(bench: Bench, work: Callable[[], None]) -> float:
    """What a round took, from where it says it began."""
    bench.started = time.perf_counter()
    work()
    return time.perf_counter() - bench.started


def main(arguments: list[str] | None = None) -> None:
    """Build, run the rounds and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=20)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="cd-bench-"))
    folder.chmod(0o755)
    try:
        bench = Bench(folder, Size(wanted.clinics, wanted.patients))
        report(bench, wanted.rounds)
    finally:
        for home in ("full", "empty"):
            embedded.stop(folder / home)
        shutil.rmtree(folder)


def report(bench: Bench, rounds: int) -> None:
    """Interleave the rounds, print medians."""
    works: dict[str, Callable[[], None]] = {
        "backup": bench.back_up,
        "COPY TO": bench.copy_out,
        "restore": bench.restore,
        "COPY FROM": bench.copy_in,
        "row hashes alone": bench.sums,
        "compression alone": bench.deflated,
        "check": bench.proven,
    }
    took: dict[str, list[float]] = {name: [] for name in works}
    for _round in range(rounds):
        for name, work in works.items():
            took[name].append(seconds(bench, work))
    megabytes = bench.bytes / MB
    count = sum(rows.count(b"\n") for rows in bench.rows.values())
    print(f"{count} rows, {megabytes:.1f} MB of COPY text, file {bench.file.stat().st_size / MB:.1f} MB")
    median: dict[str, Any] = {name: statistics.median(each) for name, each in took.items()}
    for name, each in median.items():
        print(f"{name:18} {each:7.3f} s  {megabytes / each:7.1f} MB/s")
    print(f"backup / COPY TO    {median['backup'] / median['COPY TO']:.2f}")
    print(f"restore / COPY FROM {median['restore'] / median['COPY FROM']:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MiB, the rows held for the floor in it")


if __name__ == "__main__":
    main()
