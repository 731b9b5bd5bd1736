"""The demo network from nothing: how long until somebody can log in, beside bare COPY of the same rows.

    python -m benchmarks.demo [--clinics 20] [--patients 2000] [--rounds 3]

Prints seconds (wall and CPU of this process) of each step, the best of the rounds, and the ratio of making
the network to copying its finished rows into an empty schema of the same kind. Aim: 10 s to the login.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, text

from clinicdesk.clinic.everything import metadata
from clinicdesk.demo import Size, prepare
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for

MadeT = TypeVar("MadeT")
_FILLED_BY_MIGRATIONS = {"turn_transitions", "gate_secret"}


class Steps(dict[str, tuple[float, float]]):
    """Seconds of wall and CPU by step."""

    def timed(self, name: str, work: Callable[[], MadeT]) -> MadeT:
        """Do a step and note what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        made = work()
        self[name] = time.perf_counter() - wall, time.process_time() - cpu
        return made


def bare_copy(source: Engine, target: Engine) -> float:
    """Seconds to send the rows of one database into another's empty tables, nothing computed."""
    tables = [table.name for table in metadata.sorted_tables if table.name not in _FILLED_BY_MIGRATIONS]
    with source.connect() as connection:
        raw: Any = connection.connection.driver_connection
        held = []
        for name in tables:
            with raw.cursor().copy(f"COPY public.{name} TO STDOUT") as copy:
                held.append((name, b"".join(bytes(chunk) for chunk in copy)))
    started = time.perf_counter()
    with target.begin() as connection:
        raw = connection.connection.driver_connection
        for name, rows in held:
            with raw.cursor().copy(f"COPY public.{name} FROM STDIN") as copy:
                copy.write(rows)
    return time.perf_counter() - started


def one_round(size: Size, folder: Path) -> Steps:
    """Seconds of each step on a cluster of its own."""
    steps = Steps()
    server = steps.timed("start", lambda: embedded.start(folder / "home"))
    owner = engine_for(server.owner_dsn)
    steps.timed("migrate", lambda: migrate.upgrade(owner))
    for name in ("make", "reopen"):
        steps.timed(name, lambda: prepare(owner, size, lambda _said: None))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE floor"))
    floor = engine_for(server.dsn("clinicdesk", "floor"))
    migrate.upgrade(floor)
    seconds = bare_copy(owner, floor)
    steps["bare COPY"] = (seconds, 0.0)
    floor.dispose()
    owner.dispose()
    embedded.stop(folder / "home")
    return steps


def main() -> int:
    """Print the best of the rounds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    for name, number in (("--clinics", 20), ("--patients", 2000), ("--rounds", 3)):
        arguments.add_argument(name, type=int, default=number)
    wanted = arguments.parse_args()
    rounds = []
    for _ in range(wanted.rounds):
        folder = Path(tempfile.mkdtemp(prefix="cd-"))
        folder.chmod(0o755)
        try:
            rounds.append(one_round(Size(wanted.clinics, wanted.patients), folder))
        finally:
            embedded.stop(folder / "home")
            shutil.rmtree(folder, ignore_errors=True)
    best = {step: min(each[step] for each in rounds) for step in rounds[0]}
    for step, (wall, cpu) in best.items():
        print(f"{step:<10} {wall:6.2f} s wall  {cpu:6.2f} s CPU")
    ready = sum(best[step][0] for step in ("start", "migrate", "make"))
    print(
        f"to the login {ready:.1f} s (aim 10); make / bare COPY {best['make'][0] / best['bare COPY'][0]:.1f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
