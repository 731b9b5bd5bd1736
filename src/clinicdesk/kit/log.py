"""Bugs written down: where and what kind, never the values that people or databases put into them."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 1_000_000
_NAME: Final = "clinicdesk.log"
_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# Messages of these name code. Any other may quote a row, a parameter or a secret.
_TELLING: Final = (AssertionError, AttributeError, ImportError, NameError, NotImplementedError, TypeError)


def write_down(error: BaseException, folders: tuple[Path, ...]) -> tuple[str, Path | None]:
    """Append a bug to the log of the first folder that can be written; its id and the file, if any."""
    bug = new_bug_id()
    text = "\n".join((f"{datetime.now(UTC).isoformat()} {bug}", *_lines(error), ""))
    for folder in folders:
        try:
            return bug, _append(folder, text)
        except OSError:
            continue
    return bug, None


def own_tracebacks(folders: Callable[[], tuple[Path, ...]]) -> None:
    """Write down what nobody catches, instead of printing it: a traceback quotes rows, and on a desk it
    would pass the guard of the terminal. That is the main thread, threads, what is raised where nobody
    can catch it, and what libraries log.
    """

    def told(error: BaseException | None) -> None:
        if error is not None:
            write_down(error, folders())

    sys.excepthook = lambda _kind, error, _trace: told(error)
    threading.excepthook = lambda thrown: told(thrown.exc_value)
    sys.unraisablehook = lambda thrown: told(thrown.exc_value)
    logging.lastResort = _Told(told)


class _Told(logging.Handler):
    """What is logged without a handler: its error, if it tells of one; never its words."""

    def __init__(self, told: Callable[[BaseException | None], None]) -> None:
        super().__init__(logging.ERROR)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        """Take the error alone."""
        self._told(record.exc_info[1] if record.exc_info else None)


def new_bug_id() -> str:
    """An id to read aloud, such as `7F3K-2M`: 30 bits."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(6))
    return f"{drawn[:4]}-{drawn[4:]}"


def _lines(error: BaseException, told: frozenset[int] = frozenset()) -> Iterator[str]:
    """The chain of causes, the first first, each once: class, message if it tells of code alone, frames."""
    told |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _lines(before, told)
    kind = type(error)
    said = f": {error}" if isinstance(error, _TELLING) else ""
    state = getattr(error, "sqlstate", None)
    yield f"  {kind.__module__}.{kind.__qualname__}{said}" + (f" [{state}]" if state else "")
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"    {frame.filename}:{frame.lineno} {frame.name}"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _lines(each, told)


def _append(folder: Path, text: str) -> Path:
    """Add to the log, which its owner alone reads; a full one moves aside first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _NAME
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        path.replace(path.with_suffix(".log.1"))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
