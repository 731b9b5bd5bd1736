"""LineList: a list of frozen rows, as cheap with 100,000 of them as with 50.

The selection follows a row's id, never its place. While the list has the focus rows keep their
place: a new order is taken at the next key, or after 20 s without one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from textual import events
from textual.timer import Timer

from clinicdesk.kit.text import Align
from clinicdesk.tui.look import CHANGED, SELECTION, Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, Cell, bits_of, fit_cell, spread

R = TypeVar("R")

FADE_SECONDS: Final = 20.0
"""How long a change stays marked, and a new order waits, when no key comes."""


@dataclass(frozen=True)  # no slots: Column[Row](...) could not be made then, on Python 3.11
class Column(Generic[R]):
    """One column: its head, its width in columns (0 takes what is left), and what it shows of a row."""

    head: str
    width: int
    cell: Callable[[R], Cell]
    align: Align = "left"
    gap: int = 1
    """Blank columns after it."""


Columns = Sequence[Column[R]] | Callable[[int], Sequence[Column[R]]]
Draw = Callable[[R, int], Sequence[Cell]]
"""Row and width → the lines of the row, where columns will not do."""


class LineList(Part, Generic[R]):
    """Rows under an optional title and column heads. Keys: ↑ ↓ RePág AvPág Inicio Fin."""

    can_focus = True
    DEFAULT_CSS = "LineList { height: 1fr; }"

    def __init__(
        self,
        row_id: Callable[[R], Hashable],
        columns: Columns[R] = (),
        *,
        draw: Draw[R] | None = None,
        tall: int = 1,
        title: str = "",
        heads: bool = False,
        empty: str = "",
        on_move: Callable[[R | None], None] | None = None,
        pointing: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """A list without rows yet.

        `columns` may be a function of the width; `draw` with `tall` lines a row replaces them.
        `empty` is said where there are no rows; `on_move` hears of each newly selected row.
        Without `pointing` the selection is marked only while the list has the focus.
        """
        super().__init__(id=id)
        self._row_id, self._columns, self._draw, self._tall = row_id, columns, draw, tall
        self._title, self._note, self._heads, self._empty = title, "", heads, empty
        self._on_move, self._pointing = on_move, pointing
        self._rows: dict[Hashable, R] = {}
        self._order: list[Hashable] = []
        self._place: dict[Hashable, int] = {}
        self._pending: list[Hashable] | None = None
        self._changed: dict[Hashable, R | None] = {}
        """What is marked, as it was before; None for what is new."""
        self._chosen: Hashable = None
        self._top = 0
        self._fading: Timer | None = None

    # Reading

    @property
    def current(self) -> R | None:
        """The selected row."""
        return self._rows.get(self._chosen)

    @property
    def rows(self) -> list[R]:
        """The rows in the order shown."""
        return [self._rows[each] for each in self._order]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._order)

    # Changing

    def show(self, rows: Iterable[R]) -> None:
        """Other rows, in this order, now and unmarked: a new search, a new day.

        The selection stays on its id if that is among them, else goes to the first.
        """
        self._rows = {self._row_id(row): row for row in rows}
        self._changed = {each: old for each, old in self._changed.items() if each in self._rows}
        self._place = {}
        self._take(list(self._rows))

    def renew(self, rows: Iterable[R]) -> None:
        """The same list read again: what is new or other is marked; with the focus here nobody moves yet."""
        if not self._rows:
            self.show(rows)
            return
        new = {self._row_id(row): row for row in rows}
        changed = [each for each, row in new.items() if self._rows.get(each) != row]
        for each in changed:
            self._mark(each)
        self._rows = (self._rows if self.has_focus else {}) | new
        order = list(new)
        kept = self._order + [each for each in new if each not in self._place] if self.has_focus else order
        if kept == self._order:
            self._pending = None
            self._repaint_rows(changed)
        else:
            self._take(kept)
        if kept != order:
            self._pending = order
            self._settle_soon()

    def update_row(self, row_id: Hashable, row: R, *, mark: bool = True) -> bool:
        """One row is other now; False if it is not in the list. Sends its line, or nothing if out of sight.

        `mark=False` is for what ticks by itself, such as a wait.
        """
        if row_id not in self._rows:
            return False
        if self._rows[row_id] != row:
            if mark:
                self._mark(row_id)
            self._rows[row_id] = row
            self._repaint_rows([row_id])
        return True

    def title(self, title: str, note: str = "") -> None:
        """Another title, with a note at its right end."""
        self._title, self._note = title, note
        self.repaint([0])

    def empty(self, words: str) -> None:
        """Other words for where there are no rows."""
        if words != self._empty:
            self._empty = words
            self.repaint()

    def tall(self, lines: int) -> None:
        """Another number of lines a row, as `draw` gives them."""
        if lines != self._tall:
            self._tall = lines
            self._keep_in_sight()
            self.repaint()

    def select(self, row_id: Hashable) -> bool:
        """Select a row by its id; False if it is not here."""
        if row_id not in self._place:
            return False
        self._go(self._place[row_id])
        return True

    def settle(self) -> None:
        """A key came, or 20 s passed: unmark, and take the order that waited."""
        if self._fading is not None:
            self._fading.stop()
            self._fading = None
        marked, self._changed = self._changed, {}
        if self._pending is not None:
            order, self._pending = self._pending, None
            self._rows = {each: self._rows[each] for each in order}
            self._take(order)
        elif marked:
            self._repaint_rows(marked)

    # Keys

    def press(self, key: events.Key) -> bool:
        """Move the selection."""
        at = self._place.get(self._chosen, 0)
        steps = {
            "up": at - 1,
            "down": at + 1,
            "pageup": at - self._page,
            "pagedown": at + self._page,
            "home": 0,
            "end": len(self._order) - 1,
        }
        if key.key not in steps:
            return False
        self._go(steps[key.key])
        return True

    # Drawing

    def line(self, y: int, width: int) -> list[Bit]:
        """Title, heads, a line of a row, or the word that there is none."""
        top = self._head_lines
        if y < top:
            return self._title_line(width) if y == 0 and self._title else self._heads_line(width)
        index, part = divmod(y - top, self._tall)
        index += self._top
        if index < len(self._order):
            return self._row_line(self._order[index], part, width)
        return [Bit(f" {self._empty}")] if not self._order and y == top else []

    def bold_line(self, y: int) -> bool:
        """New rows are bold, and those without columns that changed; of the others what changed is."""
        if not self._changed or y < self._head_lines:
            return False
        index = self._top + (y - self._head_lines) // self._tall
        each = self._order[index] if index < len(self._order) else None
        return each in self._changed and (self._draw is not None or self._changed[each] is None)

    def _title_line(self, width: int) -> list[Bit]:
        title = Bit(f" {self._title} ", Tone.FOCUS if self.has_focus else Tone.TITLE)
        return spread([title], f"{self._note} " if self._note else "", width)

    def _heads_line(self, width: int) -> list[Bit]:
        columns = self._columns_at(width)
        return self._laid_out(
            [Bit(column.head, Tone.TITLE) for column in columns], columns, " ", Tone.TITLE, width
        )

    def _row_line(self, each: Hashable, part: int, width: int) -> list[Bit]:
        row, chosen, changed = self._rows[each], each == self._chosen, each in self._changed
        points = chosen and (self.has_focus or (self._pointing and not changed))
        mark = SELECTION if points else CHANGED if changed else " "
        tone = Tone.CHANGED if changed else Tone.TEXT
        if self._draw is not None:
            lines = self._draw(row, width - 1)
            bits = [Bit(mark if part == 0 else " ", tone)]
            bits += fit_cell(lines[part] if part < len(lines) else "", width - 1, "left", tone)
        else:
            columns = self._columns_at(width)
            values = [column.cell(row) for column in columns]
            before = self._changed.get(each)
            if before is not None:
                values = _marked(values, [column.cell(before) for column in columns])
            rest = Tone.TEXT if before is not None else tone
            bits = [Bit(mark, tone), *self._laid_out(values, columns, "", rest, width)[1:]]
        return [Bit(bit.text, Tone.SELECTED, bit.bold) for bit in bits] if chosen and self.has_focus else bits

    def _laid_out(
        self, values: Sequence[Cell], columns: Sequence[Column[R]], mark: str, tone: Tone, width: int
    ) -> list[Bit]:
        """Mark and cells side by side; columns of width 0 share what is left."""
        fixed = 1 + sum(column.width + column.gap for column in columns) - (columns[-1].gap if columns else 0)
        flexible = sum(1 for column in columns if not column.width)
        room = max(0, width - fixed) // flexible if flexible else 0
        bits = [Bit(mark, tone)]
        for column, value in zip(columns, values, strict=True):
            bits += fit_cell(value, column.width or room, column.align, tone)
            bits.append(Bit(" " * column.gap, tone))
        return bits

    def _columns_at(self, width: int) -> Sequence[Column[R]]:
        return self._columns(width) if callable(self._columns) else self._columns

    # Place

    @property
    def _head_lines(self) -> int:
        return bool(self._title) + bool(self._heads)

    @property
    def _page(self) -> int:
        return max(1, (self.size.height - self._head_lines) // self._tall)

    def _take(self, order: list[Hashable]) -> None:
        """Show this order; the selection keeps its id, or its place if the id is gone."""
        was = self._place.get(self._chosen, 0)
        self._order, self._pending = order, None
        self._place = {each: at for at, each in enumerate(order)}
        before = self._chosen
        if before not in self._place:
            self._chosen = order[min(was, len(order) - 1)] if order else None
        self._keep_in_sight()
        self.repaint()
        if self._on_move is not None and (before != self._chosen or not order):
            self._on_move(self.current)

    def _go(self, at: int) -> None:
        """Select the row at a place, or the nearest there is."""
        if not self._order:
            return
        before, self._chosen = self._chosen, self._order[min(max(at, 0), len(self._order) - 1)]
        if before == self._chosen:
            return
        if self._keep_in_sight():
            self.repaint()
        else:
            self._repaint_rows([before, self._chosen])
        if self._on_move is not None:
            self._on_move(self.current)

    def _keep_in_sight(self) -> bool:
        """Scroll to the selection if need be, to the middle: each scroll repaints all, so few of them."""
        if not self.size.height:
            return False  # laid out later: there is no middle yet
        at, page = self._place.get(self._chosen, 0), self._page
        before = self._top
        if not before <= at < before + page:
            self._top = at - page // 2
        self._top = max(0, min(self._top, len(self._order) - page))
        return self._top != before

    def _repaint_rows(self, which: Iterable[Hashable]) -> None:
        places = (self._place[each] - self._top for each in which if each in self._place)
        seen = [at for at in places if 0 <= at < self._page]
        if seen:
            self.repaint(
                self._head_lines + at * self._tall + part for at in seen for part in range(self._tall)
            )

    def _on_resize(self, _event: events.Resize) -> None:
        self._keep_in_sight()
        self.repaint()

    # Marks

    def _mark(self, each: Hashable) -> None:
        self._changed.setdefault(each, self._rows.get(each))
        self._settle_soon()

    def _settle_soon(self) -> None:
        if self._fading is None and self.is_mounted:
            self._fading = self.set_timer(FADE_SECONDS, self.settle)
            self.desk.at_next_key(self.settle)


def _marked(values: Sequence[Cell], before: Sequence[Cell]) -> list[Cell]:
    """The first cell and those that are other now, in bold: the eye finds the row, then what of it."""
    cells: list[Cell] = []
    for at, (value, old) in enumerate(zip(values, before, strict=True)):
        if at and value == old:
            cells.append(value)
        else:
            bits = bits_of(value, Tone.CHANGED)
            cells.append([Bit(bit.text, bit.tone, bold=True) for bit in bits])
    return cells
