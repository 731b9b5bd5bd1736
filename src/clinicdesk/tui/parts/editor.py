"""Editor: text of many lines in a pane. It wraps words, scrolls by half a page, and sends what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from textual import events

from clinicdesk.kit.text import cells, cut, shown
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit
from clinicdesk.tui.parts.prose import MOST_CHARACTERS, Place, Prose, RowOf, after_letter

Heading = Callable[[str], int]
"""A paragraph → how many of its first characters are a heading, 0 for none."""

_MARGIN: Final = 1
_MOVES: Final[Mapping[str, Callable[[Prose], object]]] = MappingProxyType(
    {
        "left": lambda prose: prose.go(prose.before(prose.cursor)),
        "right": lambda prose: prose.go(prose.after(prose.cursor)),
        "ctrl+left": lambda prose: prose.go(prose.word_before(prose.cursor)),
        "ctrl+right": lambda prose: prose.go(prose.word_after(prose.cursor)),
        "home": lambda prose: prose.go(prose.row_home()),
        "end": lambda prose: prose.go(prose.row_end()),
        "ctrl+home": lambda prose: prose.go(Place()),
        "ctrl+end": lambda prose: prose.go(prose.end),
        "up": lambda prose: prose.move_rows(-1),
        "down": lambda prose: prose.move_rows(1),
    }
)
_EDITS: Final[Mapping[str, Callable[[Prose], object]]] = MappingProxyType(
    {
        "enter": lambda prose: prose.insert("\n"),
        "backspace": lambda prose: prose.rub_out(),
        "delete": lambda prose: prose.delete(),
        "ctrl+w": lambda prose: prose.rub_out_word(),
    }
)


class Editor(Part):
    """A text under the cursor. Keys: letters, Enter, arrows, Inicio, Fin, RePág, AvPág, Retroceso, Supr.

    `on_change(keys)` hears of each change of the text and how many characters it was about; Tab goes to
    the next heading that `heading` finds, and past the last one leaves the pane.
    """

    can_focus = True
    takes_text = True
    DEFAULT_CSS = "Editor { height: 1fr; }"

    def __init__(
        self,
        text: str = "",
        *,
        most: int = MOST_CHARACTERS,
        heading: Heading | None = None,
        on_change: Callable[[int], None] | None = None,
        on_full: Callable[[], None] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`on_full` hears that something typed or pasted did not fit whole."""
        super().__init__(id=id)
        self.prose = Prose(text, most=most)
        self._heading = heading or (lambda _paragraph: 0)
        self._on_change, self._on_full = on_change, on_full
        self._top = Place()
        self._rows: list[RowOf] | None = None
        self._offered: tuple[Place, Place, int] | None = None

    @property
    def text(self) -> str:
        """All of the text."""
        return self.prose.text

    def set(self, text: str, cursor: Place | None = None) -> None:
        """Another text, not told to `on_change`; the cursor where given, or at the end."""
        self.prose.set(text)
        if cursor is not None:
            self.prose.go(cursor)
        self._show()

    def press(self, key: events.Key) -> bool:
        """Edit or move; False for a key that means nothing in a text."""
        if key.character and key.character.isprintable() and len(key.character) == 1:
            self.insert(key.character)
        elif key.key in _EDITS:
            self._change(lambda: _EDITS[key.key](self.prose), 1)
        elif key.key in _MOVES:
            _MOVES[key.key](self.prose)
            self._show()
        elif key.key in {"pageup", "pagedown"}:
            page = max(1, self.size.height - 1)
            self.prose.move_rows(page if key.key == "pagedown" else -page)
            self._show()
        else:
            return key.key in {"tab", "shift+tab"} and self._to_heading(1 if key.key == "tab" else -1)
        return True

    def insert(self, text: str) -> None:
        """Put typed or pasted text at the cursor, its line ends kept."""
        self._change(lambda: self._insert(text), len(text))

    def offer(self, start: Place, end: Place) -> None:
        """The cursor behind some words; what is typed there next takes their place."""
        self.prose.go(end)
        self._offered = (start, self.prose.cursor, self.prose.change)
        self._show()

    def _insert(self, text: str) -> None:
        offered, self._offered = self._offered, None
        if offered is not None and offered[1:] == (self.prose.cursor, self.prose.change):
            self.prose.remove(offered[0], offered[1])
        if not self.prose.insert(text) and self._on_full is not None:
            self._on_full()

    def _change(self, edit: Callable[[], object], keys: int) -> None:
        before = self.prose.change
        edit()
        self._show()
        if self.prose.change != before and self._on_change is not None:
            self._on_change(keys)

    def _to_heading(self, step: int) -> bool:
        """The cursor to the end of what stands under the next heading, or the one before."""
        prose, number = self.prose, self.prose.cursor.paragraph
        heads = [at for at in range(prose.paragraphs) if self._heading(prose.paragraph(at))]
        wanted = (
            [at for at in heads if at > number] if step > 0 else [at for at in heads if at <= number][:-1]
        )
        if not wanted:
            return False
        head = wanted[0] if step > 0 else wanted[-1]
        after = next((at for at in heads if at > head), prose.paragraphs)
        last = max(
            (at for at in range(head, after) if prose.paragraph(at).strip()),
            default=head,
        )
        prose.go(Place(last, len(prose.paragraph(last))))
        self._show()
        return True

    # Drawing

    def line(self, y: int, width: int) -> list[Bit]:
        """A row of the text, its heading bold, the cursor reversed."""
        rows = self._visible()
        if y >= len(rows):
            return []
        row = rows[y]
        text = self.prose.text_of(row)
        bold = max(0, self._heading(self.prose.paragraph(row.paragraph)) - row.start)
        bits = [Bit(" " * _MARGIN)]
        if not self._has_cursor(row):
            return [*bits, Bit(shown(text[:bold]), Tone.TITLE), Bit(shown(text[bold:]))]
        at = self.prose.cursor.at - row.start
        return [*bits, *_with_cursor(text, at, bold, width - _MARGIN)]

    def _has_cursor(self, row: RowOf) -> bool:
        cursor = self.prose.cursor
        if not self.has_focus or cursor.paragraph != row.paragraph:
            return False
        return row.start <= cursor.at < row.end or (row.last and cursor.at == row.end)

    def _visible(self) -> list[RowOf]:
        """The rows in the window, read once per change."""
        if self._rows is None:
            first = self.prose.row_at(self._top)
            self._rows = list(islice(self.prose.rows_from(first), max(1, self.size.height)))
        return self._rows

    def _show(self) -> None:
        """After any change: the cursor in sight, what changed repainted."""
        self._rows = None
        self._keep_in_sight()
        self.repaint()

    def _keep_in_sight(self) -> None:
        """Scroll so that the cursor's row is in the middle, if it is outside; keep the window full."""
        prose, height = self.prose, max(1, self.size.height)
        self._top = min(self._top, prose.end)
        cursor = prose.row_at(prose.cursor)
        if cursor not in self._visible():
            self._top = _place(self._above(cursor, height // 2))
        self._rows = None

    def _above(self, row: RowOf, rows: int) -> RowOf:
        for above in islice(self.prose.rows_before(row), rows):
            row = above
        return row

    def _on_resize(self, _event: events.Resize) -> None:
        self.prose.set_width(max(2, self.size.width - _MARGIN - 1))
        self._show()


def _place(row: RowOf) -> Place:
    return Place(row.paragraph, row.start)


def _with_cursor(text: str, at: int, bold: int, width: int) -> list[Bit]:
    """A row in three pieces around the cursor, or more where a heading ends in one of them."""
    end = after_letter(text, at) if at < len(text) else at
    under = shown(text[at:end]) or " "
    bits: list[Bit] = []
    for start, stop in ((0, at), (end, len(text))):
        middle = min(max(bold, start), stop)
        bits += [Bit(shown(text[start:middle]), Tone.TITLE), Bit(shown(text[middle:stop]))]
    bits.insert(2, Bit(cut(under, max(1, width), ""), Tone.CURSOR))
    return [bit for bit in bits if cells(bit.text)]
