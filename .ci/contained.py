"""Run a command so that nothing of it outlives it: a time limit, and no process left behind.

Usage: python .ci/contained.py --minutes N -- command [argument ...]

Exit code: the command's own; 124 when its time was up; 70 when it succeeded but left processes. Whatever
is left gets killed. On Linux every orphan of the command becomes a child of this program, also daemons with
a session or a user of their own, such as a server that a test forgot. Elsewhere only the time limit holds.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

LEFT_BEHIND: Final = 70
TIME_UP: Final = 124
PR_SET_CHILD_SUBREAPER: Final = 36


def adopt_orphans() -> None:
    """Become the parent of all orphaned descendants, where the system offers that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap() -> None:
    """Take the exit codes of adopted children that ended, so that no zombie counts as left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def descendants() -> dict[int, str]:
    """Process ids below this program with their command lines."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # ended while we looked
        children.setdefault(parent, []).append(int(entry.name))
    found: dict[int, str] = {}
    below = list(children.get(os.getpid(), []))
    while below:
        pid = below.pop()
        found[pid] = command_line(pid)
        below += children.get(pid, [])
    return found


def command_line(pid: int) -> str:
    """What `ps` would show for a process."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        )
    except OSError:
        return ""


def left_behind(patience: float) -> dict[int, str]:
    """Descendants that are still there after `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        reap()
        found = descendants()
        if not found or time.monotonic() >= end:
            return found
        time.sleep(0.2)


def end_all(patience: float) -> dict[int, str]:
    """Kill what outlives the patience; answers what that was."""
    found = left_behind(patience)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in left_behind(0):
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                continue
        left_behind(5)
    return found


def stopped(number: int, frame: FrameType | None) -> None:
    """A signal to this program ends the command, too."""
    end_all(0)
    sys.exit(128 + number)


def main() -> int:
    """Run, wait, clean up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--patience", type=float, default=10, help="seconds to stop by oneself")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stopped)
    command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
    process = subprocess.Popen(command)
    try:
        code = process.wait(timeout=asked.minutes * 60)
    except subprocess.TimeoutExpired:
        print(f"contained: {' '.join(command)}: time is up", file=sys.stderr)
        end_all(0)
        return TIME_UP
    left = end_all(asked.patience)
    for pid, line in left.items():
        print(f"contained: left behind and killed: {pid} {line}", file=sys.stderr)
    if code < 0:
        code = 128 - code
    return code or (LEFT_BEHIND if left else 0)


if __name__ == "__main__":
    sys.exit(main())
