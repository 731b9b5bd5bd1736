"""Histories by the thousand into a folder: all cores, few held at a time, each file whole and written down.

The manifest is JSON Lines, a line as each file is done: what a second run need not do again, and what
whoever gets the folder checks it by. Names are chart numbers, which tell nobody who it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from clinicdesk.exporters import Exporter, History
from clinicdesk.kit import plugins
from clinicdesk.kit.plain import plain
from clinicdesk.kit.sheet import Stamp, json_text, write_atomically

MANIFEST: Final = "manifiesto.jsonl"
_PACKAGE: Final = "clinicdesk.exporters"
_HELD_A_WORKER: Final = 2
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Done:
    """A file of the batch. `content` is the digest of what it says, whoever printed it and when."""

    file: str
    chart: int
    sha256: str
    bytes: int
    entries: int
    asked: str
    content: str
    delivery: str
    at: str
    lost: int = 0


class Folder:
    """Where a batch goes, and what of it is done. `asked` tells formats and selections apart."""

    def __init__(self, path: Path, asked: str, suffix: str) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path, self.asked, self._suffix = path, asked, suffix
        self._manifest = path / MANIFEST
        self._done = {each.file: each for each in _read(self._manifest)}

    def name_of(self, chart_number: int) -> str:
        """A name that is safe anywhere and nobody else's."""
        return f"HC-{chart_number:06d}{self._suffix}"

    def done(self, chart_number: int) -> Done | None:
        """What was written of a chart, if it is there, whole and of what is asked for now."""
        found = self._done.get(self.name_of(chart_number))
        if found is None or found.asked != self.asked:
            return None
        return found if _digest_of(self.path / found.file) == found.sha256 else None

    def add(self, done: Done) -> None:
        """Write a finished file down."""
        self._done[done.file] = done
        with self._manifest.open("ab") as out:
            out.write(json_text(asdict(done)) + b"\n")
            out.flush()
            os.fsync(out.fileno())

    def settle(self) -> None:
        """One line a file, in order of names, once the batch is over."""
        lines = b"".join(json_text(asdict(self._done[name])) + b"\n" for name in sorted(self._done))
        write_atomically(self._manifest, lambda out: out.write(lines))


def _read(manifest: Path) -> Iterator[Done]:
    """What the manifest says; a line that a cut left in the middle says nothing."""
    try:
        lines = manifest.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield Done(**json.loads(line))
        except (ValueError, TypeError):
            continue


def _digest_of(path: Path) -> str | None:
    """SHA-256 of a file, None where there is none."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()


def content_of(history: History) -> str:
    """SHA-256 of all that a history says, without its delivery."""
    body = plain(replace(history, delivery=None), ZoneInfo("UTC"))
    return hashlib.sha256(json_text(body)).hexdigest()


def written(path: Path, asked: str, form: str, history: History, stamp: Stamp) -> Done:
    """Write one history as a file, whole or not at all. Runs in a process of its own."""
    exporter = plugins.load(_PACKAGE, f"history_{form}", Exporter, "EXPORTER")
    made = BytesIO()
    lost = exporter.write(history, stamp, made)
    body = made.getvalue()
    write_atomically(path, lambda out: out.write(body))
    return Done(
        file=path.name,
        chart=history.chart.patient.chart_number,
        sha256=hashlib.sha256(body).hexdigest(),
        bytes=len(body),
        entries=len(history.chart.entries),
        asked=asked,
        content=content_of(history),
        delivery=str(history.delivery or ""),
        at=stamp.at.isoformat(),
        lost=len(lost),
    )


class Press:
    """Writes histories side by side, at most two waiting for each process; `finished` hears of each."""

    def __init__(self, folder: Folder, form: str, pool: Executor | None, workers: int) -> None:
        self._folder, self._form, self._pool = folder, form, pool
        self._most = workers * _HELD_A_WORKER
        self._waiting: deque[Future[Done]] = deque()

    def put(self, history: History, stamp: Stamp) -> Iterable[Done]:
        """Take one more; what came out meanwhile."""
        name = self._folder.name_of(history.chart.patient.chart_number)
        values = (self._folder.path / name, self._folder.asked, self._form, history, stamp)
        if self._pool is None:
            return [self._kept(written(*values))]
        self._waiting.append(self._pool.submit(written, *values))
        return self._out(self._most)

    def rest(self) -> Iterable[Done]:
        """All that is still on its way."""
        return self._out(0)

    def _out(self, most: int) -> list[Done]:
        found = []
        while len(self._waiting) > most or (self._waiting and self._waiting[0].done()):
            found.append(self._kept(self._waiting.popleft().result()))
        return found

    def _kept(self, done: Done) -> Done:
        self._folder.add(done)
        return done


@contextmanager
def press(folder: Folder, form: str, workers: int) -> Iterator[Press]:
    """A press of so many processes; one alone works in this one."""
    made: Any = nullcontext(None)
    if workers > 1:
        made = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    with made as pool:
        yield Press(folder, form, pool, workers)
