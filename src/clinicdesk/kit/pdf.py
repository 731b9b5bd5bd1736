"""Paper: A4 documents of wrapped text and tables, with one running head and foot on every page.

Lengths are PDF points (1/72 inch), measured down from the top of the page. Importing this module costs
what fpdf2 costs: only what prints imports it, and only when it prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from typing import Final

from fpdf import FPDF

from clinicdesk.kit.ink import Bold, Ink, Line, Span, let_go
from clinicdesk.kit.words import _

_MARGIN: Final = 48.0
_EDGE: Final = 34.0
BODY: Final = 9.0
SMALL: Final = 7.5
_HEADING: Final = 10.5
_TITLE: Final = 17.0
_LEADING: Final = 1.38
_PAD: Final = 5.0
_ROW: Final = 4.0
_BLACK: Final = 0
_GREY: Final = 85
_RULE: Final = 150
_SHADE: Final = 236
_HEAD_LINES: Final = 3
_FOOT_LINES: Final = 2
_KEPT_LINES: Final = 3
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Running:
    """What surrounds the body of every page.

    `subject` and its `facts` stand top left (whom the paper is about), `kind` and `origin` top right
    (what it is and where it comes from), `printed` at the foot beside the page count.
    """

    subject: str
    facts: str
    kind: str
    origin: str
    printed: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a table's column; figures stand to the right."""

    text: str
    right: bool = False


class Document:
    """A document as it is written, block after block; `finish` gives the file.

    The same blocks with the same `created` give the same bytes.
    """

    def __init__(self, running: Running, created: datetime, *, landscape: bool = False) -> None:
        self._pdf = pdf = FPDF("landscape" if landscape else "portrait", "pt", "A4")
        pdf.set_auto_page_break(False)
        pdf.set_draw_color(_RULE)
        pdf.set_line_width(0.5)
        self._ink = Ink(pdf)
        self._running = running
        self._describe(created)
        self.width = pdf.w - 2 * _MARGIN
        self._head = self._running_head()
        self._foot = self._ink.fold([running.printed], SMALL, self.width * 0.8)[:_FOOT_LINES]
        self._top = _EDGE + self._head_height() + 16
        self._bottom = pdf.h - _EDGE - SMALL * _LEADING * len(self._foot) - 12
        self._carried = ""
        self._page()

    @property
    def missing(self) -> tuple[str, ...]:
        """The characters that no font has, printed as `‹U+XXXX›`."""
        return self._ink.missing

    def title(self, text: str) -> None:
        """The paper's name, once, on its first page."""
        self._flow(self._ink.fold([Bold(text)], _TITLE, self.width), _TITLE)
        self.gap(4)

    def heading(self, text: str) -> None:
        """A section's heading over a rule; never the last thing on a page."""
        lines = self._ink.fold([Bold(text)], _HEADING, self.width)
        self.gap(10)
        self.keep(len(lines) * _HEADING * _LEADING + _KEPT_LINES * BODY * _LEADING + 8)
        self.mark(text)
        self._flow(lines, _HEADING)
        self._y += 2
        self._rule(self._y)
        self._y += 6

    def mark(self, text: str, level: int = 0) -> None:
        """A place in the outline that readers of the file show beside it."""
        self._pdf.set_y(self._y)
        self._pdf.start_section(self._ink.line(text), level, strict=False)

    def paragraph(
        self,
        *spans: Span,
        size: float = BODY,
        indent: float = 0.0,
        after: float = 3.0,
        below: float = 0.0,
        grey: bool = False,
    ) -> None:
        """Wrapped text that keeps its own line breaks; no single line of it is left alone on a page.

        `below` is room that its last line leaves free on its page, for what belongs under it.
        """
        self._pdf.set_text_color(_GREY if grey else _BLACK)
        self._flow(self._ink.fold(spans, size, self.width - indent), size, indent, below + after)
        self._pdf.set_text_color(_BLACK)
        self.gap(after)

    def box(self, *spans: Span) -> None:
        """A framed paragraph for what must not be missed; unbroken unless it is longer than a page."""
        lines = self._ink.fold(spans, BODY, self.width - 16)
        height = len(lines) * BODY * _LEADING + 8
        if height > self._bottom - self._top:
            self._flow(lines, BODY)
            return
        self.keep(height)
        self._pdf.rect(_MARGIN, self._y, self.width, height)
        self._y += 4
        self._flow(lines, BODY, 8)
        self._y += 4
        self.gap(4)

    def band(self, left: str, right: str = "") -> None:
        """A shaded strip that opens a block: bold text left, plain text right, whole beside its start."""
        room = self.width * (0.6 if right else 1) - 8
        lefts = self._ink.fold([Bold(left)], BODY, room)
        taken = max(self._long(line, BODY) for line in lefts)
        rights = self._ink.fold([right], BODY, self.width - taken - 24) if right else []
        height = max(len(lefts), len(rights)) * BODY * _LEADING + 4
        self.keep(height + _KEPT_LINES * BODY * _LEADING)
        self._shade(height)
        self._y += 1
        self._lines(lefts, BODY, 6)
        self._lines(rights, BODY, 6, right=True)
        self._y += height + 2

    def carry(self, text: str) -> None:
        """What a page that opens inside the coming blocks says first; "" ends it."""
        self._carried = text

    def table(
        self,
        heads: Sequence[Head],
        rows: Iterable[Sequence[str]],
        *,
        total: Sequence[str] | None = None,
        size: float = BODY,
        like: Iterable[Sequence[str]] = (),
    ) -> None:
        """Rows of wrapped cells and a bold total; the heads come again on each page.

        A row is broken over two pages only when it is longer than one. Tables that are given each
        other's rows in `like` have columns of the same width.
        """
        grid = [[self._ink.line(cell) for cell in row] for row in rows]
        last = [[self._ink.line(cell) for cell in total]] if total else []
        others = [[self._ink.line(cell) for cell in row] for row in like]
        widths = self._columns(heads, grid + others, last, size)
        top = [self._cell([Bold(head.text)], wide, size) for head, wide in zip(heads, widths, strict=True)]
        self._table_head(heads, widths, top, size, least=2)
        for number, row in enumerate(grid):
            cells = [self._cell([cell], wide, size) for cell, wide in zip(row, widths, strict=True)]
            # The last row never stands alone under the heads of a new page.
            pair = 1 < len(grid) == number + _PAIR
            self._whole_row(heads, widths, top, cells, size, below=size * _LEADING + _ROW if pair else 0.0)
        for row in last:
            cells = [self._cell([Bold(cell)], wide, size) for cell, wide in zip(row, widths, strict=True)]
            self._whole_row(heads, widths, top, cells, size)
        self.gap(8)

    def square(self, text: str, side: float, *beside: Span, size: float = SMALL) -> None:
        """A text as a square code (QR) with wrapped text beside it; both on one page."""
        from clinicdesk.kit.codes import draw_squares

        lines = self._ink.fold(beside, size, self.width - side - 12)
        height = max(side, len(lines) * size * _LEADING + _PAD)
        self.keep(height)
        draw_squares(self._pdf, text, _MARGIN, self._y, side)
        self._y += _PAD
        self._lines(lines, size, side + 12)
        self._y += height - _PAD

    def gap(self, height: float) -> None:
        """Blank space, none at the top of a page."""
        if self._y > self._body_top:
            self._y += height

    def keep(self, height: float) -> None:
        """Turn the page unless this much of it is left."""
        if height > self._room() and self._y > self._body_top:
            self._page()

    def turn(self) -> None:
        """The next page, unless this one is still blank."""
        if self._y > self._body_top:
            self._page()

    def finish(self) -> bytes:
        """The file. The document is closed by it."""
        total = self._pdf.page
        for number in range(1, total + 1):
            self._draw_foot(number, total)
        try:
            return bytes(self._pdf.output())
        finally:
            let_go(self._pdf)

    def _describe(self, created: datetime) -> None:
        self._pdf.set_creation_date(created)
        self._pdf.set_title(self._ink.line(self._running.kind))
        self._pdf.set_creator("clinicdesk")
        self._pdf.set_lang("es")

    def _room(self) -> float:
        return self._bottom - self._y

    def _page(self) -> None:
        self._pdf.add_page()
        color = self._pdf.text_color
        self._pdf.set_text_color(_BLACK)
        self._draw_head()
        self._y = self._top
        if self._carried:
            self._pdf.set_text_color(_GREY)
            lines = self._ink.fold([_("{what} (continúa)").format(what=self._carried)], SMALL, self.width)
            self._lines(lines[:1], SMALL, 0)
            self._y += SMALL * _LEADING + 4
        self._body_top = self._y
        self._pdf.text_color = color

    def _flow(self, lines: list[Line], size: float, indent: float = 0.0, below: float = 0.0) -> None:
        """Write lines down the page and over as many pages as they need, two at least on either side."""
        leading = size * _LEADING
        while lines:
            taken = self._fitting(len(lines), size, below)
            if not taken:
                self._page()
                lines = list(dropwhile(_is_blank, lines)) or lines[-1:]
                taken = self._fitting(len(lines), size, below) or 1
            taken = _broken(lines, taken)
            self._lines(lines[:taken], size, indent)
            self._y += taken * leading
            lines = lines[taken:]

    def _fitting(self, wanted: int, size: float, below: float) -> int:
        """How many of so many lines go on this page; 0 where turning it leaves a better break."""
        leading = size * _LEADING
        room = int(self._room() // leading)
        if self._room() - below >= wanted * leading:
            return wanted
        taken = min(room, wanted - _PAIR)
        if taken >= _PAIR:
            return taken
        return min(room, wanted) if self._y <= self._body_top else 0

    def _lines(self, lines: list[Line], size: float, indent: float, *, right: bool = False) -> None:
        y = self._y
        for line in lines:
            self._line(line, _MARGIN + indent, y, size, self.width - 2 * indent if right else None)
            y += size * _LEADING

    def _line(self, line: Line, x: float, top: float, size: float, right_of: float | None = None) -> None:
        """One line from its top; with `right_of` it ends that far right of x."""
        if right_of is not None:
            x += right_of - self._long(line, size)
        for piece in line:
            if piece[0].strip():
                self._ink.write(x, top + size * 1.06, piece, size)
            x += self._ink.width(*piece) * size / 1000

    def _long(self, line: Line, size: float) -> float:
        return sum(self._ink.width(*piece) for piece in line) * size / 1000

    def _rule(self, y: float) -> None:
        self._pdf.line(_MARGIN, y, _MARGIN + self.width, y)

    def _shade(self, height: float) -> None:
        """A light ground; the fill is black again after it, as each text expects."""
        self._pdf.set_fill_color(_SHADE)
        self._pdf.rect(_MARGIN, self._y, self.width, height, style="F")
        self._pdf.set_fill_color(_BLACK)

    def _cell(self, spans: Sequence[Span], width: float, size: float) -> list[Line]:
        return self._ink.fold(spans, size, width - 2 * _PAD)

    def _columns(
        self, heads: Sequence[Head], grid: list[list[str]], last: list[list[str]], size: float
    ) -> list[float]:
        """Widths that fill the page: each column what it needs, the widest ones sharing what is left."""
        bold = [[self._ink.line(head.text) for head in heads], *last]
        needs = [
            max(
                *(self._ink.width(row[place], "B") for row in bold),
                *(self._ink.width(row[place], "") for row in grid),
                0.0,
            )
            for place in range(len(heads))
        ]
        return share([need * size / 1000 + 2 * _PAD + 0.1 for need in needs], self.width)

    def _whole_row(
        self,
        heads: Sequence[Head],
        widths: list[float],
        top: list[list[Line]],
        cells: list[list[Line]],
        size: float,
        below: float = 0.0,
    ) -> None:
        """One row, on the next page under the heads again where it does not fit with `below` on this one."""
        while any(cells):
            taken = self._row_lines(max(map(len, cells)), size, below)
            if not taken:
                self._page()
                self._table_head(heads, widths, top, size, least=0)
                taken = self._row_lines(max(map(len, cells)), size) or 1
            self._table_row(heads, widths, [cell[:taken] for cell in cells], size)
            cells = [cell[taken:] for cell in cells]

    def _table_head(
        self, heads: Sequence[Head], widths: list[float], cells: list[list[Line]], size: float, *, least: int
    ) -> None:
        height = max(map(len, cells)) * size * _LEADING + _ROW
        self.keep(height + least * (size * _LEADING + _ROW))
        self._shade(height)
        self._table_row(heads, widths, cells, size)

    def _table_row(
        self, heads: Sequence[Head], widths: list[float], cells: list[list[Line]], size: float
    ) -> None:
        x = _MARGIN
        for head, wide, lines in zip(heads, widths, cells, strict=True):
            for number, line in enumerate(lines):
                top = self._y + 1.5 + number * size * _LEADING
                self._line(line, x + _PAD, top, size, wide - 2 * _PAD if head.right else None)
            x += wide
        self._y += max(map(len, cells)) * size * _LEADING + _ROW
        self._rule(self._y - 0.5)

    def _row_lines(self, wanted: int, size: float, below: float = 0.0) -> int:
        """How many lines of a row go on this page: all, or 0 unless the row outgrows a whole page."""
        leading = size * _LEADING
        room = int((self._room() - _ROW) // leading)
        if room >= wanted:
            return 0 if self._room() - below < wanted * leading + _ROW else wanted
        a_page = int((self._bottom - self._top) // leading) - 2 * _HEAD_LINES
        return room if wanted > a_page and room >= _KEPT_LINES else 0

    def _running_head(self) -> tuple[list[Line], list[Line], list[Line]]:
        """Subject, facts, and what stands on the right, each cut to the lines the head has."""
        running, left = self._running, self.width * 0.62
        right, under = self.width - left - 10, "\n" * bool(running.origin) + running.origin
        return (
            self._ink.fold([Bold(running.subject)], _HEADING, left)[:_HEAD_LINES],
            self._ink.fold([running.facts], BODY, left)[:_HEAD_LINES] if running.facts else [],
            self._ink.fold([Bold(running.kind), under], BODY, right)[:_HEAD_LINES],
        )

    def _head_height(self) -> float:
        subject, facts, right = self._head
        left = len(subject) * _HEADING * _LEADING + len(facts) * BODY * _LEADING
        return max(left, len(right) * BODY * _LEADING + 2) + 4

    def _draw_head(self) -> None:
        subject, facts, right = self._head
        self._y = _EDGE
        self._lines(subject, _HEADING, 0)
        self._y += len(subject) * _HEADING * _LEADING
        self._lines(facts, BODY, 0)
        self._y = _EDGE + 2
        self._lines(right, BODY, 0, right=True)
        self._rule(_EDGE + self._head_height())

    def _draw_foot(self, number: int, total: int) -> None:
        """The foot of a page, once it is known how many there are; a page left behind forgets its font."""
        self._pdf.page, self._pdf.current_font_is_set_on_page = number, False
        self._rule(self._bottom + 6)
        self._y = self._bottom + 9
        self._lines(self._foot, SMALL, 0)
        count = _("Página {number} de {total}").format(number=number, total=total)
        self._lines([[(count, "B")]], SMALL, 0, right=True)


def _broken(lines: list[Line], taken: int) -> int:
    """Where a text is broken best: one line of a paragraph of it is left alone on neither page."""
    if not _PAIR < taken < len(lines):
        return taken
    ahead = lines[taken + 1 : taken + 2]
    begins = _is_blank(lines[taken - 2]) and not _is_blank(lines[taken])
    ends = not _is_blank(lines[taken]) and (not ahead or _is_blank(ahead[0]))
    return taken - 1 if begins or (ends and not _is_blank(lines[taken - 1])) else taken


def _is_blank(line: Line) -> bool:
    return not any(text.strip() for text, _style in line)


def share(needs: Sequence[float], room: float) -> list[float]:
    """Widths that sum to `room`: needs are met smallest first, the rest shares what is left evenly.

    Where all needs fit, what is over goes to the columns in proportion to their needs.
    """
    if (total := sum(needs)) <= room:
        return [need * room / total for need in needs]
    widths: dict[int, float] = {}
    for done, place in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        widths[place] = min(needs[place], (room - sum(widths.values())) / (len(needs) - done))
    return [widths[place] for place in range(len(needs))]
