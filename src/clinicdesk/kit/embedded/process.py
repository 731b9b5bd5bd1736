"""Facts about the server's processes: from its pid file and /proc, never from a number alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HAS_PROC = sys.platform.startswith("linux")
POLL_SECONDS = 0.01 if HAS_PROC else 0.1  # without /proc each look is a run of ps
PID_FILE = "postmaster.pid"
PID_FILE_LINES = 8
READY = "ready"
DEAD_STATES = {"Z", "X"}


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a server wrote about itself in `postmaster.pid`; parts not written yet are empty."""

    pid: int
    started_at: datetime | None
    socket_dir: Path | None
    state: str


def read_pid_file(data: Path) -> PidFile | None:
    """The pid file of a cluster; None when there is none or it holds no pid."""
    try:
        lines = (data / PID_FILE).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    pid, _data, started, _port, socket_dir, _host, _memory, state, *_rest = (
        *(line.strip() for line in lines),
        *[""] * PID_FILE_LINES,
    )
    if not pid.removeprefix("-").isdecimal():
        return None
    return PidFile(
        pid=abs(int(pid)),  # a single-user backend writes its pid negated
        started_at=datetime.fromtimestamp(int(started), UTC) if started.isdecimal() else None,
        socket_dir=Path(socket_dir.strip('"')) if socket_dir else None,
        state=state,
    )


def serves(pid: int, data: Path) -> bool:
    """Whether `pid` is a living PostgreSQL process of this cluster: not a zombie, not a reused number."""
    return _serves_by_proc(pid, data) if HAS_PROC else _serves_by_ps(pid)


def _serves_by_proc(pid: int, data: Path) -> bool:
    """Servers and their children stand in the cluster's folder; so may a shell; a zombie stands nowhere."""
    proc = Path("/proc") / str(pid)
    try:
        return _stat(pid).command == "postgres" and (proc / "cwd").samefile(data)
    except PermissionError:
        return True  # a postgres of another account, and the pid file names it: better not called dead
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Stat:
    """The head of /proc/PID/stat."""

    command: str
    state: str
    parent: int


def _stat(pid: int) -> _Stat:
    """Raises `OSError` when there is no such process."""
    head, _, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
    state, parent, *_rest = rest.split()
    return _Stat(head.partition("(")[2], state, int(parent))


def _serves_by_ps(pid: int) -> bool:
    """Where there is no /proc: state and program as `ps` tells them, else whether the pid lives at all."""
    try:
        told = subprocess.run(  # noqa: S603 - a number and fixed words
            ["/bin/ps", "-o", "stat=,comm=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        ).stdout.split()
    except OSError:
        return lives(pid)
    return len(told) > 1 and told[0][0] not in DEAD_STATES and Path(told[1]).name == "postgres"


def lives(pid: int) -> bool:
    """Whether a process that we have just launched is still there; a zombie is not."""
    if HAS_PROC:
        try:
            return _stat(pid).state not in DEAD_STATES
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def members(data: Path) -> tuple[int, ...]:
    """Every living process of the cluster, orphans of a killed server too; empty where there is no /proc."""
    if not HAS_PROC:
        return ()
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(pid for pid in numbers if _readable(pid) and serves(pid, data))


def _readable(pid: int) -> bool:
    """Processes of accounts that we may not look into are not of a cluster that we own."""
    return os.access(f"/proc/{pid}/cwd", os.R_OK, follow_symlinks=True)


def heads(data: Path) -> tuple[int, ...]:
    """The servers proper: members that are no child of one, nor an orphan (called `postgres: …`)."""
    everyone = members(data)
    return tuple(pid for pid in everyone if _is_head(pid, everyone))


def _is_head(pid: int, everyone: tuple[int, ...]) -> bool:
    try:
        titled = Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres: ")
        return not titled and _stat(pid).parent not in everyone
    except OSError:
        return False


def send(pid: int, number: signal.Signals) -> bool:
    """Signal a process; False when it is gone. Raises `PermissionError`."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def gone(pids: tuple[int, ...], data: Path, seconds: float) -> bool:
    """Wait until none of the processes serves the cluster any more."""
    deadline = time.monotonic() + seconds
    while any(serves(pid, data) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
