"""Histories by the thousand into a folder: all cores, few held at a time, each file whole and written down.

The manifest is JSON Lines, a line as each file is done: what a second run need not do again, and what
whoever gets the folder checks it by; last, who did not come (`failed`: why; `place`: the how many-th of
the request). Names are chart numbers, which tell nobody who it is.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final
from zoneinfo import ZoneInfo

from clinicdesk.exporters import Exporter, History
from clinicdesk.kit import plugins
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.plain import plain
from clinicdesk.kit.sheet import CannotWrite, Stamp, cannot_write, json_text, write_atomically
from clinicdesk.kit.words import _

MANIFEST: Final = "manifiesto.jsonl"
_PACKAGE: Final = "clinicdesk.exporters"
_HELD_A_WORKER: Final = 2
_BLOCK: Final = 1 << 20
_TAKEN: Final = (errno.EWOULDBLOCK, errno.EACCES)


class FolderBusy(Refusal):
    """Another batch writes into the same folder."""

    says = _("Otro lote está escribiendo en {path}. No se tocó nada.")
    at_prompt = _("Esperar a que termine, o elegir otra carpeta con -o.")
    exit = Exit.CONFLICT


class PressBroken(Refusal):
    """A process that wrote histories was ended from outside."""

    says = _("Un proceso del lote terminó de golpe, quizá por falta de memoria. Lo escrito queda.")
    at_prompt = _("Repetir la orden con menos procesos (--jobs) sigue con lo que falta.")
    exit = Exit.PARTLY


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
    united: tuple[int, ...] = ()
    """Chart numbers that lead to this one: files of theirs from before are part of it."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A history that could not be written. `nowhere`: the folder takes no other one either, and why."""

    chart: int
    why: str
    nowhere: str = ""


class Folder:
    """Where a batch goes, and what of it is done. `asked` tells formats and selections apart."""

    def __init__(self, path: Path, asked: str, suffix: str) -> None:
        self.path, self.asked, self._suffix = path, asked, suffix
        self._manifest = path / MANIFEST
        self._failed: list[dict[str, Any]] = []
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = _alone_in(path)
            for left in path.glob(".HC-*"):  # what a batch that was killed had under way
                left.unlink()
            self._done = {each.file: each for each in _read(self._manifest)}
        except OSError as error:
            raise cannot_write(path, error) from error

    def close(self) -> None:
        """Let another batch have the folder."""
        os.close(self._held)

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
        """Write a finished file down. Raises CannotWrite."""
        self._done[done.file] = done
        try:
            with self._manifest.open("ab") as out:
                out.write(json_text(asdict(done)) + b"\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise cannot_write(self._manifest, error) from error

    def fail(self, place: int | None, chart: int | None, why: str) -> None:
        """Remember one that did not come, for the end of the manifest."""
        self._failed.append({"failed": why, "place": place, "chart": chart})

    def settle(self) -> None:
        """Once the batch is over, a line a file in order of names, then what failed. Raises CannotWrite."""
        rows = [asdict(self._done[name]) for name in sorted(self._done)] + self._failed
        lines = b"".join(json_text(row) + b"\n" for row in rows)
        write_atomically(self._manifest, lambda out: out.write(lines))


def _alone_in(path: Path) -> int:
    """An open folder that no other batch writes into. Raises FolderBusy."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            os.close(handle)
            raise FolderBusy(path=path) from None
    return handle


def _read(manifest: Path) -> Iterator[Done]:
    """What the manifest says; a line that a cut left in the middle says nothing."""
    try:
        lines = manifest.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            row = json.loads(line)
            yield Done(**row | {"united": tuple(row.get("united", ()))})
        except (ValueError, TypeError, AttributeError):
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
        united=history.chart.patient.united,
    )


def attempted(path: Path, asked: str, form: str, history: History, stamp: Stamp) -> Done | Unwritten:
    """The same; what goes wrong comes back as a value, for a process cannot hand over an error whole.

    A bug is told by its kind and place alone: its words may be a patient's.
    """
    chart = history.chart.patient.chart_number
    try:
        return written(path, asked, form, history, stamp)
    except CannotWrite as refusal:
        return Unwritten(chart, str(refusal), str(refusal.fields["reason"]))
    except Exception as bug:  # noqa: BLE001 - one history's failure is not the others'
        last = extract_tb(bug.__traceback__)[-1]
        where = f"{type(bug).__name__}, {Path(last.filename).name}:{last.lineno}"
        return Unwritten(chart, _("falló al escribirse ({where})").format(where=where))


class Press:
    """Writes histories side by side, at most two waiting for each process; `finished` hears of each."""

    def __init__(self, folder: Folder, form: str, pool: Executor | None, workers: int) -> None:
        self._folder, self._form, self._pool = folder, form, pool
        self._most = workers * _HELD_A_WORKER
        self._waiting: deque[Future[Done | Unwritten]] = deque()

    def put(self, history: History, stamp: Stamp) -> Iterable[Done | Unwritten]:
        """Take one more; what came out meanwhile."""
        name = self._folder.name_of(history.chart.patient.chart_number)
        values = (self._folder.path / name, self._folder.asked, self._form, history, stamp)
        if self._pool is None:
            return [self._kept(attempted(*values))]
        try:
            self._waiting.append(self._pool.submit(attempted, *values))
            return self._out(self._most)
        except BrokenProcessPool:
            raise PressBroken from None

    def rest(self) -> Iterable[Done | Unwritten]:
        """All that is still on its way. Raises PressBroken."""
        try:
            return self._out(0)
        except BrokenProcessPool:
            raise PressBroken from None

    def _out(self, most: int) -> list[Done | Unwritten]:
        found = []
        while len(self._waiting) > most or (self._waiting and self._waiting[0].done()):
            found.append(self._kept(self._waiting.popleft().result()))
        return found

    def _kept(self, done: Done | Unwritten) -> Done | Unwritten:
        if isinstance(done, Unwritten):
            self._folder.fail(None, done.chart, done.why)
        else:
            self._folder.add(done)
        return done


def _deaf() -> None:
    """Ctrl+C is for the process that reads: the others finish what they have under way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def press(folder: Folder, form: str, workers: int) -> Iterator[Press]:
    """A press of so many processes; one alone works in this one."""
    made: Any = nullcontext(None)
    if workers > 1:
        made = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_deaf)
    with made as pool:
        yield Press(folder, form, pool, workers)
