"""`import patients` beside a bare COPY of the same rows into the same indexed tables.

Ours reads the CSV, checks, stages, merges and commits; the floor is one transaction of COPY from memory, its
text made beforehand. Both start from copies of one empty migrated database. Then the same list comes
again, where nothing may change. The peak memory of the process that imports is told for a tenth of the rows,
for three tenths and for all of them: it must not grow.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from benchmarks.import_synthea import BUDGET, Bench
from benchmarks.made_people import People
from clinicdesk.kit import embedded
from tests.factories import PASSWORD

# Parents first.
TABLES: Final = (
    "patient_documents",
    "patients",
    "patient_search",
    "coverages",
    "name_words",
    "import_ledger",
)
HEAD: Final = [
    "id",
    "apellidos",
    "nombres",
    "sexo",
    "fecha de nacimiento",
    "documento",
    "telefono",
    "mail",
    "domicilio",
    "localidad",
    "cobertura",
]
PAYERS: Final = ("OSDE", "PAMI", "IOMA", "Swiss Medical", "")


def written(path: Path, count: int, seed: int) -> Path:
    """A list of so many made-up people."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(HEAD)
        for at, person in enumerate(People(seed).take(count)):
            born = f"{person.birth:%d/%m/%Y}"
            # Of Buenos Aires there are eight figures behind the area.
            phone = person.phone.replace("+54 11 ", "+54 11 4")
            place = (phone, f"p{at}@example.org", f"Calle {at % 900} {at % 4000}", "Rosario")
            out.writerow(
                (at, person.family, person.given, person.sex, born, person.number, *place, PAYERS[at % 5])
            )
    return path


PROGRAM: Final = """
import json, resource, sys, time
from pathlib import Path
from clinicdesk import bootstrap
from clinicdesk.importers.patients import IMPORTER
session = bootstrap.log_in(sys.argv[1], "admin", sys.argv[2], host="prueba")
started = time.perf_counter()
result = IMPORTER.run(session.desk(), Path(sys.argv[3]))
seconds = time.perf_counter() - started
session.close()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, result.accepted, result.unchanged, result.rejected, peak]))
"""


def ours(url: str, path: Path) -> tuple[float, int, int, int, float]:
    """One import in a process of its own: seconds, taken, unchanged, rejected, peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, PASSWORD, str(path)], check=True, capture_output=True, text=True
    )
    seconds, accepted, unchanged, rejected, peak = json.loads(done.stdout)
    return seconds, accepted, unchanged, rejected, peak


def dumped(url: str, folder: Path) -> dict[str, Path]:
    """What COPY would write of each table, one file each."""
    made = {}
    with psycopg.connect(url) as connection:
        for table in TABLES:
            made[table] = folder / table
            query = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
            with made[table].open("wb") as file, connection.cursor().copy(query) as copy:
                for block in copy:
                    file.write(block)
    return made


def floor(bench: Bench, rows: dict[str, Path]) -> float:
    """Seconds of COPY and COMMIT of the same rows."""
    with bench.fresh() as url, psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
        started = time.perf_counter()
        for table, path in rows.items():
            target = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor().copy(target) as copy, path.open("rb") as file:
                while block := file.read(1 << 20):
                    copy.write(block)
        connection.commit()
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="cd-bench-"))
    place.chmod(0o755)
    bench = Bench(place / "home")
    try:
        parts = [written(place / f"{part}.csv", options.rows * part // 10, options.seed) for part in (1, 3)]
        path = written(place / "all.csv", options.rows, options.seed)
        peaks = list[str]()
        for part in parts:
            with bench.fresh() as url:
                read = ours(url, part)
            peaks.append(f"{read[4]:.0f} MiB at {read[1] + read[3]}")
        rows: dict[str, Path] = {}
        mine, bare, again = list[float](), list[float](), (0.0, 0, 0, 0, 0.0)
        for turn in range(options.runs):
            with bench.fresh() as url:
                first = ours(url, path)
                mine.append(first[0])
                if turn == 0:
                    rows = dumped(url, place)
                    again = ours(url, path)
            bare.append(floor(bench, rows))
        best, least = statistics.median(mine), statistics.median(bare)
        print(
            f"import patients, {options.rows} rows ({first[1]} taken, {first[3]} rejected): ours {best:.2f} s"
            f"  bare COPY {least:.2f} s  ratio {best / least:.2f} (budget {BUDGET})"
        )
        print(f"  again: {again[0]:.2f} s, {again[2]} unchanged, {again[1]} new")
        print(f"  peak: {', '.join(peaks)}, {first[4]:.0f} MiB at all")
    finally:
        embedded.stop(bench.home)
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
