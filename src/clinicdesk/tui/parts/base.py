"""What all parts share: they draw lines, repaint only what changed, and take keys one by one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from clinicdesk.tui.look import Look
from clinicdesk.tui.parts.bits import Bit, strip_of

if TYPE_CHECKING:
    from clinicdesk.tui.engine import DeskApp


def release(widget: Widget) -> None:
    """Empty the line cache of a widget that has gone: Textual (8.2) keeps 1,024 of these caches alive."""
    widget._styles_cache.clear()


class Part(Widget):
    """A widget made of lines.

    Subclasses draw a line (`line`) and call `repaint` whenever something may have changed: only the
    lines that did are rendered, and of them only the cells that did are sent (wire.py).
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "Part { height: 1; width: 1fr; }"
    takes_text: ClassVar[bool] = False
    """Whether every printable key is text here."""

    _painted: dict[int, Strip]
    _painted_width = -1

    @property
    def desk(self) -> DeskApp:
        """The app, as the desk it is."""
        return cast("DeskApp", self.app)

    @property
    def look(self) -> Look:
        """What the terminal can show."""
        return self.desk.look

    @abstractmethod
    def line(self, y: int, width: int) -> Sequence[Bit]:
        """What stands in line `y`, at most `width` columns; what is missing is blank."""

    def bold_line(self, _y: int) -> bool:
        """Whether all of a line is bold."""
        return False

    def press(self, _key: events.Key) -> bool:
        """Take a key; False if it means nothing here."""
        return False

    def insert(self, _text: str) -> None:
        """Take pasted or scanned text (only where `takes_text`)."""

    def render_line(self, y: int) -> Strip:
        """One line for Textual; drawn again only after a change of width or a `repaint`."""
        width = self.size.width
        if width != self._painted_width:
            self._painted, self._painted_width = {}, width
        if y not in self._painted:
            self._painted[y] = self._strip(y, width)
        return self._painted[y]

    def repaint(self, lines: Iterable[int] | None = None) -> None:
        """Send what changed in these lines (all by default); nothing where nothing did."""
        width, height = self.size
        if width != self._painted_width or not self.is_mounted:
            self._painted_width = -1  # hidden, perhaps: neither cache holds what it will show
            release(self)
            return
        for y in range(height) if lines is None else lines:
            if (old := self._painted.get(y)) is None:
                continue  # never asked for: not on the screen, or about to be painted anyway
            new = self._strip(y, width)
            if new != old:
                self._painted[y] = new
                self.refresh(Region(0, y, width, 1))

    def redraw(self) -> None:
        """Draw and send every line."""
        self._painted_width = -1
        self.refresh()

    def _strip(self, y: int, width: int) -> Strip:
        return strip_of(self.line(y, width), width, self.look, bold=self.bold_line(y))

    def on_unmount(self) -> None:
        """Let go of the rendered lines."""
        release(self)

    def _on_focus(self, event: events.Focus) -> None:
        """Textual would repaint the whole widget: the parts know what their focus changes."""
        event.prevent_default()
        self.has_focus = True
        self.repaint()

    def _on_blur(self, event: events.Blur) -> None:
        event.prevent_default()
        self.has_focus = False
        self.repaint()
