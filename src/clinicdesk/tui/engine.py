"""DeskApp: the app under the screens. One command at a time, typed-ahead keys wait, bugs spare the screen."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from inspect import isawaitable
from pathlib import Path
from typing import Final, Protocol, cast

from textual import events
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from textual.strip import Strip

from clinicdesk.kit.clock import uptime
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.log import own_tracebacks, write_down
from clinicdesk.kit.text import shown
from clinicdesk.kit.words import _
from clinicdesk.tui.driver import DeskDriver, Scan
from clinicdesk.tui.guard import Guard
from clinicdesk.tui.look import Look, look_of
from clinicdesk.tui.parts.bits import Bit, strip_of
from clinicdesk.tui.parts.commands import Act, Command
from clinicdesk.tui.parts.lines import HeaderBar, Line
from clinicdesk.tui.parts.screen import DeskScreen

_CANNOT_DRAW: Final = (None, "", "dumb")


class Veil(Protocol):
    """What covers every screen: until it is lifted it alone paints and hears keys."""

    def take(self, event: events.Event) -> None:
        """A key, a paste or a scan."""

    def lines(self, width: int, height: int) -> Sequence[Sequence[Bit]]:
        """What stands on the terminal, from the first row to the last."""


class DeskApp(App[None], inherit_bindings=False):
    """Base of the desk. Subclasses say where they are (`where`) and add the keys of all screens."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    log_folders: tuple[Path, ...] = ()
    """Where bugs are written down: the first that takes it."""

    def __init__(self, *, look: Look | None = None, clock: Callable[[], datetime] | None = None) -> None:
        """A desk for this terminal; `clock` gives the clinic's wall clock."""
        super().__init__(driver_class=DeskDriver)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self._disable_tooltips = self._disable_notifications = True
        self.look = look or look_of(os.environ)
        self.clock = clock or (lambda: datetime.now().astimezone())
        self.connection = Line()
        self._guard: Sequence[LineFilter] = [Guard(self.look)]
        self._at_next_key: dict[Callable[[], None], None] = {}
        self._typed: deque[events.Event] = deque()
        self._command: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._veil: Veil | None = None
        self.last_input = uptime()
        """When the person last typed anything, as `clock.uptime` has it."""

    def first_screen(self) -> DeskScreen:
        """The screen the desk opens with: the only one before the first frame."""
        raise NotImplementedError

    def hung_up(self, code: int) -> None:
        """The terminal is gone, or the system ends the desk: out, with this exit code."""
        self.exit(return_code=code)

    def where(self) -> str:
        """What the header says at the left: `Centro Norte · Admisión · Sosa, Marta`."""
        return "clinicdesk"

    def header(self) -> HeaderBar:
        """Row 1 of a screen."""
        bar = HeaderBar(self.where(), self.clock)
        bar.connection(self.connection)
        return bar

    def common_commands(self, screen: DeskScreen) -> Iterable[Command]:
        """The keys that every screen has; subclasses add theirs."""
        yield Command(
            "?", _("Más"), screen.show_help, _("teclas de esta pantalla"), bar=False, everywhere=True
        )
        yield Command("f1", _("Ayuda"), screen.show_help, _("esta ayuda"), bar=False, everywhere=True)
        yield Command(
            "ctrl+l", _("Redibujar"), self.redraw, _("dibujar de nuevo"), bar=False, everywhere=True
        )

    # Keys

    async def on_event(self, event: events.Event) -> None:
        """Keys, pastes and scans go through the screen at once and in order; the rest is Textual's."""
        if isinstance(event, (events.Key, events.Paste, Scan)) and self._takes(event):
            return
        if isinstance(event, events.Resize) and event.size == self.size:
            self.redraw_if_resized()  # there and back at once, or resumed: the screen hears of nothing
        await super().on_event(event)
        if isinstance(event, events.Resize):
            self.paint_veil()

    def seizes(self, _event: events.Event) -> bool:
        """Whether the desk itself takes what is typed, before any screen, question or field does."""
        return False

    def _takes(self, event: events.Event) -> bool:
        if self._veil is not None:
            self._veil.take(event)
            self.paint_veil()
            return True
        if self.seizes(event):
            return True
        self.last_input = uptime()
        screen = self.screen
        if not isinstance(screen, DeskScreen):
            return False
        if (self._typed or self._waiting(screen)) and not self._urgent(screen, event):
            return self._type_ahead(event)
        return self._deliver(screen, event)

    def _deliver(self, screen: DeskScreen, event: events.Event) -> bool:
        settled, self._at_next_key = self._at_next_key, {}
        for settle in settled:
            settle()
        return screen.take(event)

    def _waiting(self, screen: DeskScreen) -> bool:
        """Whether a command runs that has not asked anything: what is typed waits for it."""
        return self._command is not None and not screen.prompt.asking

    def _urgent(self, screen: DeskScreen, event: events.Event) -> bool:
        command = screen.command_for(event) if isinstance(event, events.Key) else None
        return command is not None and command.urgent

    def _type_ahead(self, event: events.Event) -> bool:
        """Keep what was typed for later; Esc forgets it."""
        if isinstance(event, events.Key) and event.key == "escape":
            self._typed.clear()
        else:
            self._typed.append(event)
        return True

    def _replay(self) -> None:
        while self._typed:
            screen = self.screen
            if not isinstance(screen, DeskScreen):
                self._typed.clear()
            elif self._waiting(screen):
                return
            elif not self._deliver(screen, event := self._typed.popleft()):
                self.post_message(event)

    def at_next_key(self, settle: Callable[[], None]) -> None:
        """Call once when the next key comes, before it acts."""
        self._at_next_key[settle] = None

    def listen_for_scans(self, *, hold: bool) -> None:
        """Whether a letter may be a verb, and so waits a moment for a scanner's next one."""
        if isinstance(self._driver, DeskDriver):
            self._driver.reader.hold = hold and self._veil is None

    # The veil

    @property
    def covered(self) -> bool:
        """Whether a veil lies over the screens."""
        return self._veil is not None

    def cover(self, veil: Veil) -> None:
        """Put a veil over all screens: every cell of the terminal is written anew, at once."""
        self._veil = veil
        if isinstance(self._driver, DeskDriver):
            self._driver.veiled = True
            self._driver.wire.forget()
        self.listen_for_scans(hold=False)
        self.paint_veil()

    def uncover(self) -> None:
        """Lift it: the screens are painted as they are now."""
        self._veil = None
        if isinstance(self._driver, DeskDriver):
            self._driver.veiled = False
        if isinstance(self.screen, DeskScreen):
            self.screen.keys_changed()
        self.redraw()

    def paint_veil(self) -> None:
        """Send what changed on the veil, where there is one."""
        driver = self._driver
        if self._veil is None or not isinstance(driver, DeskDriver):
            return
        width, height = driver.terminal_size
        rows = []
        for y, bits in enumerate(self._veil.lines(width, height), 1):
            strip = strip_of(bits, width, self.look)
            guarded = Strip(self._guard[0].apply(list(strip), Color(0, 0, 0)), width)
            rows.append(f"\x1b[{y};1H{guarded.render(self.console)}")
        driver.over("".join(rows))

    # Commands

    def run_command(self, act: Act) -> None:
        """Start a command. Its refusal goes to the prompt line; a bug gets a code and is logged."""
        try:
            result = act()
        except Exception as error:  # noqa: BLE001 - whatever a command does wrong, the desk goes on
            self._failed(error)
            return
        if isawaitable(result):
            task = asyncio.ensure_future(self._guarded(result))
            if self._command is None:
                self._command = task
                task.add_done_callback(self._command_done)
            else:  # urgent, or started by the one that runs
                self._beside.add(task)
                task.add_done_callback(self._beside.discard)

    async def _guarded(self, result: Awaitable[object]) -> None:
        try:
            await result
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)

    async def abandon_command(self) -> None:
        """Give up the command that runs, its open question and what was typed ahead for it."""
        self._typed.clear()
        running = self._command
        if running is not None and running is not asyncio.current_task():
            running.cancel()
            await asyncio.wait((running,))

    def _command_done(self, _task: asyncio.Task[None]) -> None:
        self._command = None
        if isinstance(self.screen, DeskScreen):
            self.screen.keys_changed()
        self._replay()

    def question_opened(self) -> None:
        """The running command asks: what was typed ahead may be the answer."""
        cast("DeskScreen", self.screen).keys_changed()
        self.call_later(self._replay)

    def question_closed(self) -> None:
        """The question is answered."""
        if isinstance(self.screen, DeskScreen):
            self.screen.keys_changed()

    def _failed(self, error: Exception) -> None:
        if not isinstance(self.screen, DeskScreen):
            raise error
        if isinstance(error, Refusal):
            self.screen.prompt.refuse(error.for_desk())
            return
        self.screen.prompt.alarm(_bug_words(self.report_bug(error)))

    def report_bug(self, error: BaseException) -> str:
        """Write the error down, without anybody's data, under a new code such as `7F3K-2M`; the code."""
        return write_down(error, self.log_folders)[0]

    # The line and the world outside

    def line_is(self, line: Line) -> None:
        """Another state of the line to the database, on the screen in front."""
        self.connection = line
        for bar in self.screen.query(HeaderBar):
            bar.connection(line)

    def redraw(self) -> None:
        """Send the whole screen again: something else has written on the terminal."""
        if isinstance(self._driver, DeskDriver):
            self._driver.wire.forget()
        self.paint_veil()
        self.screen.refresh()

    def redraw_if_resized(self) -> None:
        """Redraw because a size was told: until now frames of the old size went to the new terminal."""
        if isinstance(self._driver, DeskDriver) and self._driver.resized:
            self.redraw()

    def window_title(self, title: str) -> None:
        """Name the terminal's window."""
        if isinstance(self._driver, DeskDriver):
            self._driver.title(title)

    # Textual's side

    def get_default_screen(self) -> DeskScreen:
        """Textual would compose a blank screen under the first one."""
        return self.first_screen()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The guard alone: it also does what NO_COLOR asks for."""
        return self._guard

    def copy_to_clipboard(self, text: str) -> None:
        """Copies stay in the desk: nothing of a patient goes to the terminal's clipboard."""
        self._clipboard = text

    def run_desk(self) -> int:
        """Run until the person leaves; the exit code. Without a terminal that can draw: say so and end."""
        streams = (sys.__stdin__, sys.__stdout__)
        drawable = os.environ.get("TERM") not in _CANNOT_DRAW
        if not drawable or not all(stream and stream.isatty() for stream in streams):
            words = _("El escritorio necesita una terminal. Para guiones: clinicdesk --help.")
            sys.stderr.write(f"{words}\n")
            return Exit.USAGE
        own_tracebacks(lambda: self.log_folders)
        self.run(mouse=False)
        return self.return_code or 0

    def _handle_exception(self, error: Exception) -> None:
        """A bug outside any command: leave in order, with a code instead of a traceback full of patients."""
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._return_code = 1
        self.panic(_bug_words(self.report_bug(error)))


def _bug_words(code: str) -> str:
    return shown(_("Falló un paso. F5 muestra cómo quedó. Avisar con el código {}.").format(code))
