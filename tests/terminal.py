"""A real pseudo-terminal for tests and benchmarks: runs a program, types, reads its screen, counts bytes."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import inspect
import os
import pty
import select
import signal
import struct
import termios
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import pyte
from wcwidth import wcwidth

QUIET: Final = 0.12
"""Seconds without a byte after which a program is taken to have finished painting."""
PATIENCE: Final = 60.0
"""Seconds a test waits for what must come: only what never comes costs them."""
_LOOK: Final = 0.03
"""Seconds between two looks at whether a program works."""
_NOTHING_NS: Final = 100_000
"""CPU between two looks that is no work."""
_TIOCGPTPEER: Final = 0x5441
"""Opens the other end of a pseudo-terminal (ioctl_tty(2)); Python has no name for it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one action cost the program."""

    output: bytes
    cpu_ns: int

    @property
    def bytes(self) -> int:
        """Bytes sent to the terminal."""
        return len(self.output)


class Terminal:
    """One program in a pty of its own, with a pyte screen behind it. Use as a context manager."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start `argv` on `size` columns × rows; `env` adds to this process's, None takes a name away."""
        self.columns, self.rows = size
        self.screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.Stream(self.screen)
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self.output = b""
        self.exit_code: int | None = None
        environ = _environ(env or {})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self._run_child(argv, environ, cwd)
        self._set_size()

    def _run_child(self, argv: Sequence[str], environ: dict[str, str], cwd: Path | None) -> None:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))
            if cwd is not None:
                os.chdir(cwd)
            os.execvpe(argv[0], list(argv), environ)
        finally:
            os._exit(127)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    # What is on the screen

    @property
    def lines(self) -> list[str]:
        """The screen as text, row by row, blanks at the ends cut."""
        return [_line(self.screen.buffer[at], self.screen.columns) for at in range(self.screen.lines)]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def wait_for(self, wanted: str | Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Read until the text is on the screen, or the condition holds; AssertionError with it if not."""

        def holds() -> bool:
            return wanted in self.text if isinstance(wanted, str) else wanted()

        self._until(holds, lambda: repr(wanted) if isinstance(wanted, str) else _source(wanted), seconds)

    def shows(self, *texts: str) -> None:
        """All of the texts come to be on the screen together."""

        def missing() -> list[str]:
            return [text for text in texts if text not in self.text]

        self._until(lambda: not missing(), lambda: f"{missing()} beside the others")

    def row_shows(self, *texts: str) -> None:
        """One row of the screen comes to hold all of the texts."""

        def holds() -> bool:
            return any(all(text in line for text in texts) for line in self.lines)

        self._until(holds, lambda: f"a row with {list(texts)}")

    def becomes(self, read: Callable[[], T], wanted: T) -> None:
        """What is read, on the screen or behind it, comes to be what is wanted."""
        self._until(lambda: read() == wanted, lambda: f"{wanted!r}, and it is {read()!r}")

    def hides(self, *texts: str) -> None:
        """None of the texts is on the screen, nor will be by what was done so far."""
        self._until(lambda: not any(text in self.text for text in texts), lambda: f"{list(texts)} to go")
        self.settle()
        found = [text for text in texts if text in self.text]
        assert not found, f"{found} came back:\n{self.text}"

    def _until(self, holds: Callable[[], bool], what: Callable[[], str], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            left = deadline - time.monotonic()
            assert left > 0, f"waited {seconds} s for {what()}; the screen says:\n{self.text}"
            came = self._read(min(left, 0.1))
            assert came or self.alive, f"ended with {self.exit_code}, waiting for {what()}:\n{self.text}"

    def settle(self, quiet: float = QUIET, seconds: float = PATIENCE) -> bytes:
        """Read until for `quiet` seconds nothing came and nobody worked on what may still come; what came.

        Silence alone proves nothing on a busy machine: a program that waits for its turn is silent too.
        """
        start, since, spent = len(self.output), time.monotonic(), self.cpu_ns()
        deadline = since + seconds

        def moved(wait: float) -> bool:
            nonlocal spent
            came, before, spent = self._read(wait), spent, self.cpu_ns()
            return came or spent - before > _NOTHING_NS or self._has_work()

        while self.alive:
            if moved(min(_LOOK, quiet)):
                since = time.monotonic()
            elif time.monotonic() - since >= quiet:
                if not self._is_served() and not moved(0):
                    break
                since = time.monotonic()
            assert time.monotonic() < deadline, f"not at rest after {seconds} s:\n{self.text}"
        return self.output[start:]

    # Typing

    def send(self, keys: str | bytes) -> None:
        """Type at once, as a paste or a scanner would."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def type(self, *keys: str, gap: float = 0.04) -> None:
        """Type each text, one key at a time with a person's gap; escape sequences are single keys."""
        for key in keys:
            for press in [key] if key.startswith("\x1b") else key:
                self.stroke(press, gap)

    def stroke(self, key: str, gap: float) -> None:
        """One key, the gap after it, and as long as the program needs to take it.

        Keys that a busy program finds together would be a scan to it, which no hand can type.
        """
        self.send(key)
        self.listen(gap)
        deadline = time.monotonic() + PATIENCE
        while self._unread() and self.alive:
            assert time.monotonic() < deadline, f"the program takes no keys:\n{self.text}"
            self._read(0.005)

    def listen(self, seconds: float) -> None:
        """Take in what the program paints for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def act(self, keys: str | bytes = b"", quiet: float = QUIET) -> Cost:
        """Type and read until quiet: what it cost. A settled screen is assumed."""
        before = self.cpu_ns()
        self.send(keys)
        output = self.settle(quiet)
        return Cost(output, self.cpu_ns() - before)

    # The program

    def cpu_ns(self) -> int:
        """CPU of all its threads so far, in nanoseconds."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(task.read_text().split()[0])
        return total

    def private_kib(self) -> int:
        """Memory that is its own alone: pages no other process shares."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))

    def wake_ups(self) -> int:
        """How often its threads went to sleep and woke so far."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):
                line = next(each for each in task.read_text().splitlines() if each.startswith("voluntary"))
                total += int(line.split()[1])
        return total

    def idle_wake_ups(self, seconds: float, stretches: int = 4) -> int:
        """The fewest wake-ups in so long: a minute's tick, or work that ends late, falls into one stretch."""
        fewest: list[int] = []
        for _ in range(stretches):
            before = self.wake_ups()
            self.listen(seconds)
            fewest.append(self.wake_ups() - before)
        return min(fewest)

    def _has_work(self) -> bool:
        """Whether it has keys to take, or runs or waits for a processor."""
        return self._unread() or any(
            _state(task) in {"R", "D"} for task in Path(f"/proc/{self.pid}/task").glob("*/stat")
        )

    def _is_served(self) -> bool:
        """Whether another process works for it, so that it will have work."""
        return False

    def _unread(self) -> bool:
        """Whether the program has not read all that was typed.

        Asked by poll at the program's own end: the kernel then first hands over what it still carries there.
        """
        if self.fd < 0:
            return False
        try:
            other = fcntl.ioctl(self.fd, _TIOCGPTPEER, os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return False
        try:
            return bool(select.select([other], [], [], 0)[0])
        finally:
            os.close(other)

    @property
    def alive(self) -> bool:
        """Whether it still runs; when not, `exit_code` says how it ended (negative: by that signal)."""
        if self.exit_code is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is None

    @property
    def stopped(self) -> bool:
        """Whether it is suspended."""
        return _state(Path(f"/proc/{self.pid}/stat")) == "T"

    def wait_end(self, seconds: float = PATIENCE) -> int:
        """Read until it ends; its exit code."""
        deadline = time.monotonic() + seconds
        while self.alive:
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.text}"
            self._read(0.05)
        while self._read(0.05):
            pass
        assert self.exit_code is not None
        return self.exit_code

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as a window manager would."""
        self.columns, self.rows = columns, rows
        self.screen.resize(rows, columns)
        self._set_size()

    def hang_up(self) -> None:
        """The line is cut: the terminal is gone for the program."""
        with contextlib.suppress(OSError):
            os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        """End the program, if it still runs, and the terminal."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        self.hang_up()

    def _set_size(self) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def _read(self, seconds: float) -> bool:
        """Read once what comes within the time; False if nothing came."""
        if self.fd < 0:
            time.sleep(seconds)
            return False
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            time.sleep(seconds)
            return False
        self.output += data
        self._stream.feed(_for_pyte(self._decode(data)))
        return bool(data)


def _state(stat: Path) -> str:
    """The state letter of a process or thread; nothing once it is gone."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _source(condition: Callable[[], bool]) -> str:
    """A condition as it is written."""
    try:
        return " ".join(inspect.getsource(condition).split())
    except OSError:
        return repr(condition)


def _for_pyte(text: str) -> str:
    """pyte drops what follows a mark of combining class 0 (Thai vowels, keycaps): leave such marks out."""
    if text.isascii():
        return text
    return "".join(
        char for char in text if unicodedata.category(char) not in {"Mn", "Me"} or unicodedata.combining(char)
    )


def _environ(changes: Mapping[str, str | None]) -> dict[str, str]:
    """A plain UTF-8 terminal of 256 colours, changed."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if name not in {"NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "LC_ALL", "LC_CTYPE"}
        and not name.startswith("TEXTUAL")
    }
    plain |= {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def _line(cells: Mapping[int, pyte.screens.Char], columns: int) -> str:
    """A row as text, blanks at its end cut.

    pyte's own `display` fails on the second half of a wide character whose first was written over: half a
    frame may have come.
    """
    drawn, at = [], 0
    while at < columns:
        char = cells[at].data or " "
        drawn.append(char)
        at += 2 if wcwidth(char[0]) == 2 else 1
    return "".join(drawn).rstrip()
