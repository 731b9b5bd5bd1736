"""What a benchmark must reach, and how times are told."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

_MARKS: Final = (0.5, 0.95, 0.99)


def percentile(took: Sequence[float], mark: float) -> float:
    """In milliseconds."""
    return 1e3 * sorted(took)[min(int(len(took) * mark), len(took) - 1)]


def shares(took: Sequence[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    return "p50 {:6.1f}  p95 {:6.1f}  p99 {:6.1f} ms".format(*(percentile(took, mark) for mark in _MARKS))


class Bars:
    """Each figure beside its bar; a bar missed makes the run fail."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._missed = 0
        self._of = ""

    def begin(self, of: str) -> None:
        """The figures from now on are of this."""
        self._of = of
        print(f"\n== {of}")

    def at_most(self, what: str, figure: float, bar: float, unit: str) -> None:
        """A figure that must not pass its bar."""
        self._add(what, figure, "at most", bar, unit, reached=figure <= bar)

    def at_least(self, what: str, figure: float, bar: float, unit: str) -> None:
        """A figure that must reach its bar."""
        self._add(what, figure, "at least", bar, unit, reached=figure >= bar)

    def _add(self, what: str, figure: float, how: str, bar: float, unit: str, *, reached: bool) -> None:
        verdict = "reached" if reached else "MISSED"
        self._missed += not reached
        self._told.append(f"{self._of:18} {what:36} {figure:9.2f} {unit:3} {how} {bar:g}: {verdict}")

    def judged(self) -> int:
        """Print all of them; the exit code."""
        print("\n" + "\n".join(self._told))
        return 1 if self._missed else 0


class Clocks:
    """Wall time and processor time (this thread and the server's process behind an engine) of each step."""

    def __init__(self, engine: Engine) -> None:
        with engine.connect() as connection:
            process = int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        self._server = Path(f"/proc/{process}/schedstat")
        self.wall = list[float]()
        self.program = list[float]()
        self.server = list[float]()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Measure what is done inside."""
        server, program, wall = self._server_seconds(), time.thread_time(), time.perf_counter()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.program.append(time.thread_time() - program)
        self.server.append(self._server_seconds() - server)

    def _server_seconds(self) -> float:
        return int(self._server.read_text().split()[0]) / 1e9

    @property
    def processor(self) -> list[float]:
        """Both processors' seconds of each step."""
        return [sum(both) for both in zip(self.program, self.server, strict=True)]

    def show(self, what: str) -> None:
        """Wall and processor."""
        mean = [1e3 * sum(each) / len(each) for each in (self.program, self.server)]
        print(f"{what:30} {shares(self.wall)}")
        print(f"{'    its processor time':30} {shares(self.processor)}", end="   ")
        print("(mean: program {:.1f}, server {:.1f})".format(*mean))


def load_now() -> str:
    """The machine's load, which figures are to be read with."""
    return "load {:.1f}".format(*os.getloadavg())
