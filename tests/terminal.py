"""A real pseudo-terminal for tests and benchmarks: runs a program, types, reads its screen, counts bytes."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
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
from typing import Final, Self

import pyte

QUIET: Final = 0.12
"""Seconds without a byte after which a program is taken to have finished painting."""
PATIENCE: Final = 20.0
"""Seconds a test waits for what must come."""


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
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def wait_for(self, wanted: str | Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Read until the text is on the screen, or the condition holds; AssertionError with it if not."""

        def holds() -> bool:
            return wanted in self.text if isinstance(wanted, str) else wanted()

        deadline = time.monotonic() + seconds
        while not holds():
            left = deadline - time.monotonic()
            assert left > 0, f"waited {seconds} s for {wanted!r}; the screen says:\n{self.text}"
            assert self._read(min(left, 0.5)) or self.alive, f"ended with {self.exit_code}:\n{self.text}"

    def settle(self, quiet: float = QUIET, seconds: float = PATIENCE) -> bytes:
        """Read until nothing came for `quiet` seconds; what came."""
        start, deadline = len(self.output), time.monotonic() + seconds
        while time.monotonic() < deadline and self._read(quiet):
            pass
        return self.output[start:]

    # Typing

    def send(self, keys: str | bytes) -> None:
        """Type at once, as a paste or a scanner would."""
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def type(self, *keys: str, gap: float = 0.04) -> None:
        """Type each text, one key at a time with a person's gap; escape sequences are single keys."""
        for key in keys:
            for press in [key] if key.startswith("\x1b") else key:
                self.send(press)
                time.sleep(gap)

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

    def wake_ups(self) -> int:
        """How often its threads went to sleep and woke so far."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):
                line = next(each for each in task.read_text().splitlines() if each.startswith("voluntary"))
                total += int(line.split()[1])
        return total

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
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def wait_end(self, seconds: float = PATIENCE) -> int:
        """Read until it ends; its exit code."""
        deadline = time.monotonic() + seconds
        while self.alive:
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.text}"
            self._read(0.05)
        self._read(0.05)
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
        if self.fd < 0 or not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.output += data
        self._stream.feed(_for_pyte(self._decode(data)))
        return bool(data)


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
