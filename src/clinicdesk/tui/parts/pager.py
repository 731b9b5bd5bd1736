"""Pager: a long text to be read, page by page, laid out for whatever width there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from textual import events

from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, Cell, fit_cell, spread
from clinicdesk.tui.parts.prose import wrap

Layout = Callable[[int], Sequence[Cell]]
"""Columns there are → the lines of the text."""


def wrapped(text: str, width: int, tone: Tone = Tone.TEXT, indent: str = "") -> list[Cell]:
    """A text as lines of at most `width` columns, words whole, its own line ends kept."""
    room = max(2, width - len(indent))
    lines: list[Cell] = []
    for paragraph in text.split("\n"):
        starts = [*wrap(paragraph, room), len(paragraph)]
        for start, end in pairwise(starts):
            lines.append(Bit(indent + paragraph[start:end].rstrip(), tone))
    return lines


class Pager(Part):
    """A title over a text. Keys: ↑ ↓ some lines, RePág AvPág a page, Inicio Fin."""

    can_focus = True
    DEFAULT_CSS = "Pager { height: 1fr; }"

    def __init__(self, *, margin: int = 1, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """Blank; `margin` columns stay free at both sides."""
        super().__init__(id=id)
        self._margin = margin
        self._title: Cell = ""
        self._note = ""
        self._layout: Layout = lambda _width: ()
        self._lines: Sequence[Cell] = ()
        self._laid = -1
        self._top = 0

    def show(self, title: Cell, layout: Layout, note: str = "") -> None:
        """Another text, from its start; `note` stands at the right of the title, before the page."""
        self._title, self._layout, self._note = title, layout, note
        self._laid, self._top = -1, 0
        self.repaint()

    def renew(self, layout: Layout) -> None:
        """The same text as it is now, where it was being read."""
        self._layout, self._laid = layout, -1
        self.repaint()

    @property
    def long(self) -> bool:
        """Whether it takes more than one page."""
        return len(self._lines) > self._rows

    def press(self, key: events.Key) -> bool:
        """Turn pages."""
        step = max(1, self._rows // 3)
        tops = {
            "up": self._top - step,
            "down": self._top + step,
            "pageup": self._top - self._rows,
            "pagedown": self._top + self._rows,
            "home": 0,
            "end": len(self._lines),
        }
        if key.key not in tops:
            return False
        self._go(tops[key.key])
        return True

    def line(self, y: int, width: int) -> list[Bit]:
        """Title with the page, then the text."""
        self._lay_out(width - 2 * self._margin)
        if y == 0:
            return spread(self._title, f"{self._page} " if self._page else "", width)
        at = self._top + y - 1
        if at >= len(self._lines):
            return []
        return [Bit(" " * self._margin), *fit_cell(self._lines[at], width - self._margin)]

    def _lay_out(self, width: int) -> None:
        if width != self._laid:
            self._lines, self._laid = self._layout(max(2, width)), width
            self._top = max(0, min(self._top, len(self._lines) - 1))

    @property
    def _rows(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def _page(self) -> str:
        if len(self._lines) <= self._rows:
            return self._note
        last = -(-len(self._lines) // self._rows)
        page = min(last, -(-(self._top + self._rows) // self._rows))
        return " · ".join(filter(None, (self._note, f"{_('página')} {page} {_('de')} {last}")))

    def _go(self, top: int) -> None:
        self._top = max(0, min(top, len(self._lines) - self._rows))
        self.repaint()

    def _on_resize(self, _event: events.Resize) -> None:
        self._laid = -1
        self.repaint()
