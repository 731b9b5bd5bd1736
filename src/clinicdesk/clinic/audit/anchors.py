"""Seals anchored off the database: lines appended to a file, or handed to a command that only appends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from clinicdesk.clinic.audit.errors import AnchorCommandFailed, AnchorDisagrees, AnchorUnwritable, NoSeals
from clinicdesk.clinic.audit.queries import Read, SealsQuery, list_seals
from clinicdesk.clinic.audit.rules import Seal, instant

_TAIL_BYTES: Final = 65_536
_COMMAND_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Anchored:
    """A seal as an anchor holds it."""

    n: int
    hash: str
    at: datetime


def line_of(seal: Seal) -> bytes:
    """A seal as its anchor holds it: one line of JSON."""
    at = instant(seal.at)
    told = {
        "n": seal.n,
        "at": at.isoformat() if at else seal.at,
        "hash": seal.hash,
        "prev": seal.prev,
        "count": seal.count,
    }
    return json.dumps(told).encode() + b"\n"


def _parsed(line: bytes) -> Anchored | None:
    """Number and hash of a line; None for one that a crash cut short: its seal comes again, whole."""
    try:
        told = json.loads(line)
        return Anchored(int(told["n"]), str(told["hash"]), datetime.fromisoformat(told["at"]))
    except (ValueError, KeyError, TypeError):
        return None


def read_anchor(path: Path) -> dict[int, Anchored]:
    """Anchored seals by number, the first that was anchored for each. Raises NoSeals."""
    try:
        return _read(path)
    except OSError as error:
        raise NoSeals(place=path, why=error.strerror or type(error).__name__) from error


def _read(path: Path) -> dict[int, Anchored]:
    found: dict[int, Anchored] = {}
    with path.open("rb") as file:
        for line in file:
            if (anchored := _parsed(line)) is not None:
                found.setdefault(anchored.n, anchored)
    return found


def anchor_to_file(read: Read, path: Path) -> int:
    """Append each seal that the file lacks; how many. Raises AnchorDisagrees, AnchorUnwritable."""
    try:
        with _appending(path) as file:
            return _carry(read, path, _last_of(file), lambda lines: _append(file, lines))
    except OSError as error:
        raise AnchorUnwritable(file=path, why=error.strerror or type(error).__name__) from error


@contextlib.contextmanager
def _appending(path: Path) -> Iterator[BinaryIO]:
    """The file, one process at a time, readable by its owner alone where it is new."""
    new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "ab+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if new:
            _sync_folder(path.parent)
        yield file


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _last_of(file: BinaryIO) -> Anchored | None:
    """The last whole line; a torn one is ended, so that the next begins on its own."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read()
    if tail and not tail.endswith(b"\n"):
        file.write(b"\n")
    return next((found for line in reversed(tail.splitlines()) if (found := _parsed(line))), None)


def _append(file: BinaryIO, lines: Sequence[bytes]) -> None:
    for line in lines:
        if file.write(line) != len(line):
            raise OSError(None, "short write")
    os.fsync(file.fileno())


def anchor_to_command(read: Read, command: str, kept: Path) -> int:
    """Hand each seal that the command has not had to its standard input; how many.

    `kept` remembers the last one taken; at a failure nothing is remembered and all come again.
    Raises AnchorDisagrees, AnchorCommandFailed.
    """
    last = _parsed(kept.read_bytes()) if kept.is_file() else None

    def hand_over(lines: Sequence[bytes]) -> None:
        _run(command, b"".join(lines))
        _remember(kept, lines[-1])

    return _carry(read, kept, last, hand_over)


def _run(command: str, lines: bytes) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, no shell
            shlex.split(command),
            check=False,
            input=lines,
            stdout=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise AnchorCommandFailed(why=getattr(error, "strerror", None) or type(error).__name__) from error
    if done.returncode:
        raise AnchorCommandFailed(why=done.returncode)


def _remember(kept: Path, line: bytes) -> None:
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = kept.with_suffix(".new")
        new.write_bytes(line)
        new.replace(kept)
    except OSError as error:
        raise AnchorUnwritable(file=kept, why=error.strerror or type(error).__name__) from error


def _carry(read: Read, place: Path, last: Anchored | None, take: Callable[[Sequence[bytes]], None]) -> int:
    """Give `take` the lines of all seals after the last one, after looking that this one still stands."""
    after, count = 0, 0
    if last is not None:
        after = last.n
        found = read(list_seals, SealsQuery(after - 1, limit=1))
        if not found or found[0].hash != last.hash:
            raise AnchorDisagrees(n=after, file=place)
    while seals := read(list_seals, SealsQuery(after)):
        take([line_of(each) for each in seals])
        after, count = seals[-1].n, count + len(seals)
    return count
