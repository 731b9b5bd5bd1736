"""The terminal driver: sleeps until a byte comes, never outlives its terminal, always gives it back.

Against Textual's own: input that is not UTF-8 is replaced instead of fatal, an idle desk wakes
nobody, a hang-up or SIGTERM ends the process, a stalled terminal blocks only the writer, no mouse,
no focus, kitty or synchronised-output traffic, and the screen is wiped before it is handed back.
"""

from __future__ import annotations

import atexit
import codecs
import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterable
from threading import Condition, Event, Thread, Timer
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from clinicdesk.kit.text import shown
from clinicdesk.tui.keys import Item, KeyReader, Pasted, Press
from clinicdesk.tui.look import look_of
from clinicdesk.tui.wire import BELL, Wire

if TYPE_CHECKING:
    from textual.app import App

    from clinicdesk.tui.engine import DeskApp

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l"
_LEAVE: Final = "\x1b[0m\x1b[?7h\x1b[?2004l\x1b[2J\x1b[H\x1b[?1049l\x1b[?25h"
_READ_SIZE: Final = 65536
_BACKLOG: Final = 1 << 18
"""Characters queued for a stalled terminal before frames are dropped."""
_GOODBYE_SECONDS: Final = 3.0
"""How long an orderly exit may take after a signal or hang-up before the process is ended."""
_HANGUP: Final = select.POLLHUP | select.POLLERR | select.POLLNVAL
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


class Scan(events.Event):
    """Text that arrived too fast for fingers: a scanner, or a paste the terminal did not mark."""

    def __init__(self, text: str) -> None:
        """The whole burst, without its final Enter."""
        super().__init__()
        self.text = text


class Writer(Thread):
    """Writes to a terminal in order, in a thread of its own, and never blocks who calls `write`.

    If the terminal stalls and `_BACKLOG` is passed, what is queued is dropped and `on_lag` is called
    once it flows again, for a full repaint. A write error ends the writer and calls `on_dead`.
    """

    def __init__(self, fileno: int, on_lag: Callable[[], None], on_dead: Callable[[], None]) -> None:
        """A writer to the file descriptor; start it as any thread."""
        super().__init__(daemon=True, name="desk-output")
        self._fileno, self._on_lag, self._on_dead = fileno, on_lag, on_dead
        self._ready = Condition()
        self._queue: list[str] = []
        self._size = 0
        self._lagging = self._stopping = self._dead = False

    def write(self, data: str) -> None:
        """Queue one frame."""
        with self._ready:
            if self._dead or self._lagging:
                return
            if self._size + len(data) > _BACKLOG and self._queue:
                self._queue, self._size, self._lagging = [], 0, True
                return
            self._queue.append(data)
            self._size += len(data)
            self._ready.notify()

    def finish(self, last: str, seconds: float = 1.0) -> None:
        """Write what is queued, then `last`, and end; a terminal that takes nothing is flushed first."""
        with self._ready:
            self._lagging = False
            self._queue.append(last)
            self._stopping = True
            self._ready.notify()
        self.join(seconds)
        if self.is_alive():
            with contextlib.suppress(termios.error, OSError):
                termios.tcflush(self._fileno, termios.TCOFLUSH)
            self.join(seconds)

    def run(self) -> None:
        """The thread: take all that is queued, write it whole."""
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._queue or self._stopping)
                data, self._queue, self._size = "".join(self._queue), [], 0
                if not data:
                    return
            if not self._put(data.encode("utf-8", "replace")):
                return
            if self._lagging and not self._stopping:
                self._lagging = False
                self._on_lag()

    def _put(self, data: bytes) -> bool:
        try:
            while data:
                data = data[os.write(self._fileno, data) :]
        except OSError:
            self._dead = True
            self._on_dead()
            return False
        return True


class DeskDriver(LinuxDriver):
    """Textual's terminal driver for a desk (see the module)."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = False, size: tuple[int, int] | None = None
    ) -> None:
        """As Textual calls it; `mouse` is ignored, a desk has none."""
        super().__init__(app, debug=debug, mouse=False, size=size)
        self.reader = KeyReader()
        self.wire = Wire()
        self.veiled = False
        """Whether the screens are covered: what they paint goes nowhere, only `over` writes."""
        self.resized = False
        """Whether the terminal told a size since its first: what it shows may differ from what was sent."""
        self._reported = False
        self._output = _terminal_output()
        self._writer: Writer | None = None
        self._wake: tuple[int, int] | None = None
        self._leaving = Event()
        self._signals_before: dict[signal.Signals, Any] = {}
        self._look = look_of(os.environ)
        self._decode = codecs.getincrementaldecoder(self._look.typed_in)(errors="replace").decode
        self._parser = XTermParser(debug)

    # Output

    def write(self, data: str) -> None:
        """Queue one frame: the cells of it that the terminal does not show yet."""
        if not self.veiled:
            self.over(data)

    def over(self, data: str) -> None:
        """The same, veiled or not: for the veil itself."""
        if changed := self.wire.frame(data):
            self._emit(changed)

    def title(self, text: str) -> None:
        """Name the terminal's window."""
        if not self.veiled:
            self._emit(f"\x1b]2;{self._look.text(shown(text))}\x07")

    def bell(self) -> None:
        """Ring once."""
        if not self.veiled:
            self._emit(BELL)

    def _emit(self, data: str) -> None:
        if self._writer is not None:
            self._writer.write(data)

    # Start and end

    def start_application_mode(self) -> None:
        """Take the terminal: raw input, alternate screen, threads, signals."""
        self._writer = Writer(self._output, self._repaint_all, self.hang_up)
        self._writer.start()
        self._take_signals()
        self._emit(_ENTER)
        self._go_raw()
        atexit.register(self._give_back)
        self._wake = os.pipe()
        self._key_thread = Thread(target=self._run_input_thread, name="desk-input", daemon=True)
        self._key_thread.start()
        self._report_size()
        if self._must_signal_resume:
            self._must_signal_resume = False
            self.send_message(self.SignalResume())

    def stop_application_mode(self) -> None:
        """Give the terminal back: wiped, in its former mode, cursor shown."""
        self.disable_input()
        self._restore_mode()
        if self._writer is not None:
            self._writer.finish(_LEAVE)
            self._writer = None
        atexit.unregister(self._give_back)
        self._loop.remove_signal_handler(signal.SIGWINCH)
        for number, before in self._signals_before.items():
            signal.signal(number, before)
        self._signals_before.clear()

    def disable_input(self) -> None:
        """End the input thread; what was typed and not read is dropped."""
        if self._wake is None:
            return
        reading, writing = self._wake
        self._wake = None
        os.write(writing, b"x")
        if self._key_thread is not None:
            self._key_thread.join()
            self._key_thread = None
        os.close(reading)
        os.close(writing)
        with contextlib.suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def close(self) -> None:
        """Nothing left: `stop_application_mode` did it all."""

    def _go_raw(self) -> None:
        try:
            self.attrs_before = termios.tcgetattr(self.fileno)
        except termios.error:
            self.attrs_before = None
            return
        raw = termios.tcgetattr(self.fileno)
        raw[tty.LFLAG] = self._patch_lflag(raw[tty.LFLAG])
        raw[tty.IFLAG] = self._patch_iflag(raw[tty.IFLAG])
        raw[tty.CC][termios.VMIN] = 1
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self.fileno, termios.TCSANOW, raw)

    def _restore_mode(self) -> None:
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def _give_back(self) -> None:
        """The last resort, past every thread: the former mode and the main screen, if it takes bytes."""
        self._restore_mode()
        with contextlib.suppress(OSError):
            if select.select([], [self._output], [], 0.2)[1]:
                os.write(self._output, _LEAVE.encode())

    # Leaving

    def _take_signals(self) -> None:
        """Leave on SIGTERM and SIGHUP, even when the loop is stuck; measure on SIGWINCH.

        The loop's own handler also makes every signal wake it: the system may hand one to another
        thread, and an idle desk would not hear of it before the next key.
        """
        for number in _SIGNALS:
            self._signals_before[number] = signal.signal(number, self._on_leave_signal)
        self._loop.add_signal_handler(signal.SIGWINCH, self._report_size)

    def _on_leave_signal(self, number: int, _frame: object) -> None:
        self.leave(128 + number)

    def hang_up(self) -> None:
        """The terminal is gone."""
        self.leave(128 + signal.SIGHUP)

    def leave(self, code: int) -> None:
        """End the app in order, and the process in any case: no desk outlives its terminal."""
        if self._leaving.is_set():
            return
        self._leaving.set()
        last_resort = Timer(_GOODBYE_SECONDS, self._end_process, [code])
        last_resort.daemon = True
        last_resort.start()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(cast("DeskApp", self._app).hung_up, code)

    def _end_process(self, code: int) -> None:
        self._give_back()
        os._exit(code)

    # Input

    @property
    def terminal_size(self) -> tuple[int, int]:
        """Columns and rows of the terminal, now."""
        return self._get_terminal_size()

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows as the terminal says, whatever COLUMNS and LINES of a shell claim."""
        try:
            size = os.get_terminal_size(self._output)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def _report_size(self) -> None:
        self.resized = self._reported
        self._reported = True
        self.wire.forget()
        size = Size(*self._get_terminal_size())
        self.wire.erases_to = size.width if self._look.erases_ground else None
        self.send_message(events.Resize(size, size))

    def _repaint_all(self) -> None:
        self.wire.forget()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(cast("DeskApp", self._app).redraw)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception:  # noqa: BLE001 - without input nobody could leave the desk: end it
            self.hang_up()

    def run_input_thread(self) -> None:
        """Wait for bytes, without a time-out unless something typed is still undecided."""
        if self._wake is None:
            return
        waking = self._wake[0]
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        poll.register(waking, select.POLLIN)
        while True:
            ready = dict(poll.poll(_milliseconds(self.reader.deadline)))
            if waking in ready:
                return
            if not self._read_ready(ready.get(self.fileno, 0)):
                self.hang_up()
                return

    def _read_ready(self, mask: int) -> bool:
        """Read and hand on what came; False when the terminal is gone."""
        if mask & select.POLLIN:
            try:
                data = os.read(self.fileno, _READ_SIZE)
            except OSError:
                return False
            if not data:
                return False
            self._hand_on(self.reader.feed(self._decode(data), monotonic()))
            return True
        if mask & _HANGUP:
            return False
        self._hand_on(self.reader.tick(monotonic()))
        return True

    def _hand_on(self, items: Iterable[Item]) -> None:
        for item in items:
            for event in self._events(item):
                self.process_message(event)

    def _events(self, item: Item) -> Iterable[events.Event]:
        match item:
            case Pasted(text, scanned):
                return [Scan(text) if scanned else events.Paste(text)]
            case Press("\x1b"):
                return [events.Key("escape", "\x1b")]
            case Press(sequence):
                return [event for event in self._parser.feed(sequence) if isinstance(event, events.Event)]


def _milliseconds(deadline: float | None) -> float | None:
    """Time-out for poll, rounded up so that it never wakes early."""
    return None if deadline is None else max(0.0, (deadline - monotonic()) * 1000 + 1)


def _terminal_output() -> int:
    """The descriptor of the terminal to draw on: standard error as Textual does, else standard output."""
    candidates = [stream.fileno() for stream in (sys.__stderr__, sys.__stdout__) if stream is not None]
    return next(filter(os.isatty, candidates), candidates[0] if candidates else 2)
