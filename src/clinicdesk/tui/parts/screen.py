"""DeskScreen: the frame of every screen, and the way of a key through it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events
from textual.app import ComposeResult
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from clinicdesk.kit.words import _
from clinicdesk.tui.parts.base import Part, release
from clinicdesk.tui.parts.commands import Command, HelpPage, KeyBar, by_key
from clinicdesk.tui.parts.field import Field
from clinicdesk.tui.parts.lines import TextLines
from clinicdesk.tui.parts.prompt import PromptLine

if TYPE_CHECKING:
    from clinicdesk.tui.engine import DeskApp

SMALLEST: Final = (60, 18)
WIDE: Final = 120
_EDITING: Final = frozenset(
    ("enter", "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "backspace", "delete")
)


class Body(Widget):
    """Holds the rows between header and prompt."""

    DEFAULT_CSS = "Body { height: 1fr; width: 1fr; layout: vertical; }"

    def on_unmount(self) -> None:
        """Let go of the rendered lines."""
        release(self)


class Row(Widget):
    """Parts side by side."""

    DEFAULT_CSS = "Row { height: 1fr; width: 1fr; layout: horizontal; }"

    def on_unmount(self) -> None:
        """Let go of the rendered lines."""
        release(self)


class DeskScreen(Screen[None], inherit_bindings=False):
    """Header, what the screen puts between, the reserved line, the keys.

    A screen says what it is called (`NAME`), what stands in its rows (`body`) and what its keys do
    (`commands`). Keys go: open question, help page, focused part, then the commands.
    """

    NAME: ClassVar[str] = ""
    DEFAULT_CSS = """
    DeskScreen { layers: base cover; layout: vertical; background: ansi_black; color: ansi_white; }
    DeskScreen #small { display: none; }
    DeskScreen.-small > * { display: none; }
    DeskScreen.-small #small { display: block; height: 1fr; }
    """
    AUTO_FOCUS = None

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual repaints the screen when the focus moves; here the two parts do what is needed."""

    search: Field | None = None
    """Takes what is scanned, pasted or typed in digits while a list has the focus."""

    def __init__(self) -> None:
        """The frame's parts; the rest comes with `body`."""
        super().__init__()
        self._focused_before: Widget | None = None
        self.prompt = PromptLine()
        self.keys = KeyBar()
        self._commands: dict[str, Command] = {}
        self._help: HelpPage | None = None

    # What a screen says

    @abstractmethod
    def body(self) -> Iterable[Widget]:
        """The widgets from row 2 to row 22, the context rows first."""

    @abstractmethod
    def commands(self) -> Iterable[Command]:
        """The keys of this screen; those of all screens are added by the desk."""

    def started(self) -> None:
        """The first frame is about to be painted: focus, hints, first rows."""

    def resumed(self) -> None:
        """The screen is in front again."""

    # What a screen may use

    @property
    def desk(self) -> DeskApp:
        """The app, as the desk it is."""
        return cast("DeskApp", self.app)

    def focus_on(self, part: Widget) -> None:
        """Give a part the focus."""
        self.set_focus(part, scroll_visible=False)
        self.keys_changed()

    def keys_changed(self) -> None:
        """What works may be other now: the key bar is read again."""
        typing = self._typing
        shown_now = [
            command
            for command in self._commands.values()
            if command.bar and not (typing and command.is_letter) and command.pane in {None, self.focused}
        ]
        help_key = self._commands.get("f1" if typing else "?") or self._commands.get("f1")
        self.keys.set(shown_now, help_key)
        self.desk.listen_for_scans(hold=not typing)

    def show_help(self) -> None:
        """Cover the body with the keys of this screen."""
        if self._help is None:
            self._help = HelpPage(self.NAME, list(self._commands.values()))
            self._help.styles.height = self.size.height - 3
            self.mount(self._help)

    def close_help(self) -> bool:
        """Uncover the body; False if it was not covered."""
        if self._help is None:
            return False
        self._help.remove()
        self._help = None
        return True

    # The way of a key

    def take(self, event: events.Event) -> bool:
        """Take a key, a paste or a scan; False leaves it to Textual (a widget that is no part)."""
        if isinstance(event, events.Key):
            return self._take_key(event)
        self._take_text(getattr(event, "text", ""))
        return True

    def _take_key(self, key: events.Key) -> bool:
        if self.has_class("-small"):
            return not self._run(key, urgent_only=True) or True
        if self.prompt.asking:
            return self.prompt.press(key)
        if self._help is not None:
            return self._help.press(key) or self._leave_help(key)
        focused = self.focused
        if isinstance(focused, Part):
            if focused.press(key):
                return True
        elif focused is not None and (key.is_printable or key.key in _EDITING):
            return False
        return self._pass_focus(key) or self._run(key) or self._digit(key) or True

    def _leave_help(self, key: events.Key) -> bool:
        if key.key in {"escape", "f1"} or key.character == "?":
            self.close_help()
        return True

    def _pass_focus(self, key: events.Key) -> bool:
        if key.key in {"tab", "f6"}:
            self.focus_next()
        elif key.key == "shift+tab":
            self.focus_previous()
        else:
            return False
        self.keys_changed()
        return True

    def _run(self, key: events.Key, *, urgent_only: bool = False) -> bool:
        command = self.command_for(key)
        if command is None or (urgent_only and not command.urgent):
            return False
        if why := command.reason():
            self.prompt.refuse(f"{command.label}: {why}")
        else:
            self.desk.run_command(command.act)
        return True

    def command_for(self, key: events.Key) -> Command | None:
        """The command of a key."""
        return self._commands.get(key.key) or self._commands.get(key.character or "")

    def _digit(self, key: events.Key) -> bool:
        """A digit typed in a list belongs to the search box."""
        if self.search is None or not key.character or not key.character.isdigit():
            return False
        self._take_text(key.character)
        return True

    def _take_text(self, text: str) -> None:
        """Pasted and scanned text goes to whoever takes text; it is never a verb."""
        if self.prompt.asking:
            self.prompt.insert(text)
        elif isinstance(self.focused, Part) and self.focused.takes_text:
            self.focused.insert(text)
        elif self.search is not None and self._help is None:
            self.focus_on(self.search)
            self.search.insert(text)

    @property
    def _typing(self) -> bool:
        if self.prompt.asking:
            return self.prompt.typing
        focused = self.focused
        return focused is not None and (not isinstance(focused, Part) or focused.takes_text)

    # Textual's side

    def update_pointer_shape(self) -> None:
        """There is no pointer."""

    def compose(self) -> ComposeResult:
        """The frame."""
        yield self.desk.header()
        with Body(id="body"):
            yield from self.body()
        yield self.prompt
        yield self.prompt.above
        yield self.keys
        yield self.too_small()

    def too_small(self) -> TextLines:
        """What is said where the window is too small for a frame."""
        small = _("La ventana es muy pequeña: agrandarla a {} × {} o más.").format(*SMALLEST)
        return TextLines(f" {small}", id="small")

    def on_mount(self) -> None:
        """Keys first, then what the screen starts with."""
        table = [*self.commands(), *self.desk.common_commands(self)]
        self._commands = by_key(table)
        self.started()
        self.keys_changed()

    def on_unmount(self) -> None:
        """Let go of the rendered lines."""
        release(self)

    def on_screen_resume(self) -> None:
        """In front again."""
        if self._commands:
            self.keys_changed()
            self.resumed()

    def _shrink(self, small: bool) -> None:
        """Textual takes the focus from what is hidden: it goes back to where it was."""
        if small and not self.has_class("-small"):
            self._focused_before = self.focused or self._focused_before
        self.set_class(small, "-small")
        if not small and self._focused_before is not None:
            self.call_after_refresh(self._focus_again)

    def _focus_again(self) -> None:
        before = self._focused_before
        if not self.has_class("-small") and before is not None:
            self._focused_before = None
            if before.is_mounted and before.display and self.focused is not before:
                self.set_focus(before)
                self.keys_changed()

    def on_resize(self, event: events.Resize) -> None:
        """Too small for a frame: say so instead."""
        self.desk.redraw_if_resized()
        width, height = event.size
        self._shrink(width < SMALLEST[0] or height < SMALLEST[1])
        self.set_class(width >= WIDE, "-wide")
        if self._help is not None:
            self._help.styles.height = height - 3
