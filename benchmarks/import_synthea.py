"""`import synthea` beside a bare COPY of the same rows into the same indexed tables.

Ours reads, checks, stages, merges and commits; the floor is one transaction of COPY from memory, its
text made beforehand. Both start from copies of one empty migrated database, by turns. `--times 10`
imports the set ten times over under other keys; the process's peak memory then shows what grows.
"""

from __future__ import annotations

import argparse
import csv
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from clinicdesk.importers.synthea import IMPORTER
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.data import DATA
from tests.factories import Network, make_network

SETS: Final = ("synthea-csv-27", "synthea-csv-unmc")
BUDGET: Final = 2.5
# Parents first.
TABLES: Final = (
    "people",
    "patient_documents",
    "patients",
    "patient_search",
    "coverages",
    "allergies",
    "visits",
    "records",
    "diagnoses",
    "prescriptions",
    "prescription_items",
    "results",
    "observations",
    "vitals",
)
KEYS: Final = ("ID", "PATIENT", "ENCOUNTER", "PROVIDER", "ORGANIZATION", "PAYER")
NUMBERS: Final = ("SSN", "DRIVERS", "PASSPORT")


class Bench:
    """A server of its own, one template database, and a fresh copy of it for each run."""

    def __init__(self, home: Path) -> None:
        self.server = embedded.start(home)
        self.home = home
        owner = engine_for(self.server.owner_dsn)
        migrate.upgrade(owner)
        self.network = make_network(owner, self.server.owner_dsn)
        owner.dispose()

    def url(self, database: str) -> str:
        """The same place, another database."""
        parts = psycopg.conninfo.conninfo_to_dict(self.server.owner_dsn)
        return psycopg.conninfo.make_conninfo("", **{**parts, "dbname": database})

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The url of a new copy of the empty network, dropped afterwards."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench TEMPLATE clinicdesk")
            try:
                yield self.url("bench")
            finally:
                admin.execute("DROP DATABASE bench WITH (FORCE)")


def ours(bench: Bench, folder: Path, keep: dict[str, bytes]) -> float:
    """Seconds of one import; the rows it made are kept for the floor."""
    with bench.fresh() as url:
        session = Network(url, *_rest(bench.network)).log_in("admin")
        started = time.perf_counter()
        IMPORTER.run(session.desk(), folder)
        seconds = time.perf_counter() - started
        session.close()
        if not keep:
            keep.update(dumped(url))
        return seconds


def _rest(network: Network) -> tuple[Any, ...]:
    return network.owner, network.clinic_ids, network.person_ids, network.block_ids


def dumped(url: str) -> dict[str, bytes]:
    """What COPY would write of each table, as bytes."""
    with psycopg.connect(url) as connection:
        return {table: _dump(connection, table) for table in TABLES}


def _dump(connection: psycopg.Connection, table: str) -> bytes:
    rows = sql.SQL("WHERE source = 'synthea'") if table == "people" else sql.SQL("")
    query = sql.SQL("COPY (SELECT * FROM {} {}) TO STDOUT").format(sql.Identifier(table), rows)
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy)


def floor(bench: Bench, rows: dict[str, bytes]) -> float:
    """Seconds of COPY and COMMIT of the same rows."""
    with bench.fresh() as url, psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
        started = time.perf_counter()
        for table, data in rows.items():
            target = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor().copy(target) as copy:
                copy.write(data)
        connection.commit()
        return time.perf_counter() - started


def multiplied(folder: Path, times: int, target: Path) -> Path:
    """The set many times over, each time under keys and document numbers of its own."""
    for path in folder.glob("*.csv"):
        with path.open(newline="") as source, (target / path.name).open("w", newline="") as made:
            head, *rows = csv.reader(source)
            writer = csv.writer(made)
            writer.writerow(head)
            keyed = [place for place, name in enumerate(head) if name.upper() in KEYS]
            numbered = [place for place, name in enumerate(head) if name in NUMBERS]
            for turn in range(times):
                writer.writerows(_renamed(row, keyed, numbered, turn) for row in rows)
    return target


def _renamed(row: list[str], keyed: list[int], numbered: list[int], turn: int) -> list[str]:
    made = row.copy()
    for place in keyed:
        made[place] = f"{row[place]}-{turn}" if row[place] else ""
    for place in numbered:
        made[place] = f"{row[place]}{turn:03}" if row[place] else ""
    return made


def compare(bench: Bench, name: str, folder: Path, runs: int) -> None:
    rows: dict[str, bytes] = {}
    seconds: dict[str, list[float]] = {"ours": [], "floor": []}
    steps: dict[str, Callable[[], float]] = {
        "ours": lambda: ours(bench, folder, rows),
        "floor": lambda: floor(bench, rows),
    }
    for _turn in range(runs):
        for step, measure in steps.items():
            seconds[step].append(measure())
    best = {step: statistics.median(values) for step, values in seconds.items()}
    count = sum(data.count(b"\n") for data in rows.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {count} rows  ours {best['ours']:.3f} s  bare COPY {best['floor']:.3f} s"
        f"  ratio {best['ours'] / best['floor']:.2f} (budget {BUDGET})  peak of this process {peak:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--times", type=int, default=1, help="each set this many times over")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="cd-bench-"))
    place.chmod(0o755)
    bench = Bench(place / "home")
    try:
        for name in SETS:
            folder = DATA / name
            if options.times > 1:
                folder = place / name
                folder.mkdir()
                multiplied(DATA / name, options.times, folder)
            compare(bench, name, folder, options.runs)
    finally:
        embedded.stop(bench.home)
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
