"""What the server wrote in its log files about its last start."""

from __future__ import annotations

import time
from pathlib import Path

KEPT_SECONDS = 60 * 86_400.0
TAIL_BYTES = 262_144
BEGINS = "starting PostgreSQL"
OPENS = "ready to accept connections"
GRAVE = ("FATAL:", "PANIC:")
KNOCKED_EARLY = ("system is starting up", "not yet accepting connections", "system is shutting down")


def prune(log: Path) -> None:
    """Drop dated logs older than sixty days; the server itself only ever adds files."""
    oldest = time.time() - KEPT_SECONDS
    for path in log.glob("postgresql-*.log"):
        if path.lstat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def start_complaints(log: Path) -> tuple[str, ...]:
    """Lines of the last start, up to `ready`, that the server itself calls fatal; [] after a good one."""
    lines = _last_start(_tail(_newest(log))) + _tail(log / "start.log")
    return tuple(line for line in lines if _is_grave(line))


def last_word(log: Path) -> str:
    """Why the last start failed, in the server's words without the time; empty when it said nothing."""
    spoken = start_complaints(log) or tuple(_tail(log / "start.log")[-1:])
    return spoken[-1].partition("FATAL:")[2].strip() or spoken[-1] if spoken else ""


def _is_grave(line: str) -> bool:
    return any(word in line for word in GRAVE) and not any(word in line for word in KNOCKED_EARLY)


def _last_start(lines: list[str]) -> list[str]:
    begin = max((number for number, line in enumerate(lines) if BEGINS in line), default=len(lines))
    end = next((number for number in range(begin, len(lines)) if OPENS in lines[number]), len(lines))
    return lines[begin:end]


def _newest(log: Path) -> Path:
    return max(log.glob("postgresql-*.log"), default=log / "none")


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return stream.read().decode(errors="replace").splitlines()
    except OSError:
        return []
