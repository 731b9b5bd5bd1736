"""The wire to the terminal: of each frame only the cells that changed, and never a byte of the content's own.

A frame from Textual is read into cells (its grammar is small: cursor position, colours, text), compared
with what the terminal shows, and written anew. So whatever a widget or a name holds, the terminal gets
printable characters and the sequences built here, nothing else; and a row that changes one word costs
that word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size

from clinicdesk.kit.text import MARK, shown

BELL: Final = "\x07"
TO_THE_END: Final = "\x1b[K"
_LEAST_TAIL: Final = 4
"""So many changed blanks at the end of a line, and one more, are dearer than erasing them."""
_GAP: Final = 5
"""Unchanged cells that are cheaper written again than jumped over."""
_POSITION: Final = re.compile("\x1b\\[(\\d+);(\\d+)H")
_TOKEN: Final = re.compile("\x1b\\[([0-9;]*)m|([^\x00-\x1f\x7f-\x9f]+)")
_NARROW: Final = re.compile(
    "[ -~\xa1-\xac\xae-\u02ff\u2190-\u2195\u2500-\u259f\u2026\u2022\u2261\u25b2\u25b6\u25bc]*"
)
"""Characters one column wide on every terminal: Latin letters and the glyphs of look.py."""
_ATTRIBUTES: Final = frozenset("123456789")
_SEEN_ON_BLANKS: Final = frozenset("4579")
"""Underline, blink, reverse, strike."""
_WITH_MORE: Final = {"2": 4, "5": 2}
"""Parameters after 38 or 48: `2;r;g;b` and `5;n`."""


class Pen(NamedTuple):
    """Colours and attributes in force: SGR parameters as text."""

    attributes: frozenset[str] = frozenset()
    fore: str = ""
    back: str = ""


class Glyph(NamedTuple):
    """One cell: a character with its combining marks ("" in the second cell of a wide one), and its pen."""

    text: str
    pen: Pen


_PLAIN: Final = Pen()


class Wire:
    """What the terminal shows, and the shortest way to the next frame."""

    def __init__(self) -> None:
        """Nothing is known of the terminal."""
        self.erases_to: int | None = None
        """The last column, where erasing to it leaves the ground in force (terminfo's `bce`)."""
        self._lines: dict[int, dict[int, Glyph]] = {}
        self._last: dict[str, tuple[str, str]] = {}
        self._pen: Pen | None = None
        self._forget = False

    def forget(self) -> None:
        """The terminal may show anything (resized, scribbled on, frames lost): write all again."""
        self._forget = True

    def frame(self, data: str) -> str:
        """The bytes, as text, that bring the terminal to show this frame too; a lone bell passes."""
        if data == BELL:
            return data
        if self._forget:
            self._lines, self._last, self._pen, self._forget = {}, {}, None, False
        wanted: dict[int, dict[int, Glyph]] = {}
        pieces = iter(_POSITION.split(data)[1:])
        for row, column, drawn in zip(pieces, pieces, pieces, strict=True):
            if drawn and self._last.get(row) != (column, drawn):  # Textual often sends a screen twice
                self._last[row] = (column, drawn)
                _read(drawn, int(column), wanted.setdefault(int(row), {}))
        return "".join(part for y in wanted for part in self._write_line(y, wanted[y]))

    def _write_line(self, y: int, wanted: dict[int, Glyph]) -> Iterator[str]:
        known = self._lines.setdefault(y, {})
        uneven = any(len(glyph.text) != 1 for line in (wanted, known) for glyph in line.values())
        erased_from = None if uneven else _blank_from(wanted, self.erases_to)
        end = None
        for run in _whole(wanted, known) if uneven else _runs(wanted, known):
            yield _jump(y, run[0], None if uneven else end)
            if erased_from is not None and run[-1] - max(erased_from, run[0]) >= _LEAST_TAIL:
                yield from self._write_run([wanted[x] for x in run if x < erased_from])
                yield from self._erase(wanted[run[-1]])
                break
            yield from self._write_run([wanted[x] for x in run])
            end = run[-1]
        known.update(wanted)
        if uneven:
            _drop_halves(known)

    def _write_run(self, glyphs: list[Glyph]) -> Iterator[str]:
        for at, glyph in enumerate(glyphs):
            if glyph.pen != self._pen and not _is_same_blank(glyph, self._pen):
                yield from self._take(_pen_for(glyphs[at:]))
            yield glyph.text

    def _erase(self, blank: Glyph) -> Iterator[str]:
        if not _is_same_blank(blank, self._pen):
            yield from self._take(blank.pen)
        yield TO_THE_END

    def _take(self, pen: Pen) -> Iterator[str]:
        yield _turn(self._pen, pen)
        self._pen = pen


def _jump(y: int, x: int, end: int | None) -> str:
    """To a column; from the last one written in this line where that is known, in fewer bytes."""
    if end is not None:
        return f"\x1b[{x - end - 1}C"
    return f"\x1b[{y}H" if x == 1 else f"\x1b[{y};{x}H"


def _blank_from(wanted: dict[int, Glyph], last: int | None) -> int | None:
    """The column from which on a line is nothing but one ground; None where it may not be erased."""
    if last is None or (blank := wanted.get(last)) is None or blank.text != " " or blank.pen.attributes:
        return None
    return next((x + 1 for x in range(last - 1, 0, -1) if wanted.get(x) != blank), 1)


def _read(drawn: str, x: int, line: dict[int, Glyph]) -> None:
    """Lay what is drawn into the cells of a line from column `x` on; what is no colour or text is dropped."""
    pen = _PLAIN
    for sgr, text in _TOKEN.findall(drawn):
        if text:
            x = _put(line, x, text, pen)
        else:
            pen = _apply(pen, sgr)


def _put(line: dict[int, Glyph], x: int, text: str, pen: Pen) -> int:
    """Lay the text into the line; the column after it."""
    if _NARROW.fullmatch(text):
        blank = Glyph(" ", _ground(pen))
        line.update(enumerate([blank if char == " " else Glyph(char, pen) for char in text], x))
        return x + len(text)
    for char in shown(MARK + text)[len(MARK) :]:
        width = get_character_cell_size(char)
        if width:
            line[x] = Glyph(char, pen)
            line.update({x + more: Glyph("", pen) for more in range(1, width)})
            x += width
        elif (base := next((at for at in (x - 1, x - 2) if at in line and line[at].text), None)) is not None:
            line[base] = Glyph(line[base].text + char, line[base].pen)
    return x


@lru_cache(maxsize=4096)
def _ground(pen: Pen) -> Pen:
    """What a blank shows of a pen: its background, unless it is reversed or underlined."""
    return pen if pen.attributes & _SEEN_ON_BLANKS else Pen(frozenset(), "", pen.back)


def _is_same_blank(glyph: Glyph, pen: Pen | None) -> bool:
    """Whether a blank looks the same written with the pen in force."""
    return glyph.text == " " and pen is not None and _ground(pen) == glyph.pen


def _pen_for(glyphs: list[Glyph]) -> Pen:
    """The pen for the first of these: a blank takes that of the text after it, where it looks the same."""
    first = glyphs[0].pen
    after = next((glyph.pen for glyph in glyphs if glyph.text != " "), first)
    return after if _ground(after) == first else first


def _runs(wanted: dict[int, Glyph], known: dict[int, Glyph]) -> list[list[int]]:
    """Columns to write, in runs of neighbours; a gap of a few wanted cells is written along."""
    runs: list[list[int]] = []
    for x in sorted(x for x, glyph in wanted.items() if known.get(x) != glyph):
        between = range(runs[-1][-1] + 1, x) if runs else range(0)
        if runs and len(between) <= _GAP and all(each in wanted for each in between):
            runs[-1] += [*between, x]
        else:
            runs.append([x])
    return runs


def _whole(wanted: dict[int, Glyph], known: dict[int, Glyph]) -> list[list[int]]:
    """The same for a line with wide or combined characters: all of it, or nothing.

    Terminals differ on the width of some, so the place is told again after each: the rest stands right.
    """
    if all(known.get(x) == glyph for x, glyph in wanted.items()):
        return []
    runs: list[list[int]] = []
    for x in sorted(wanted):
        before = wanted.get(x - 1)
        if before is None or (len(before.text) != 1 and wanted[x].text):
            runs.append([x])
        else:
            runs[-1].append(x)
    return runs


def _drop_halves(line: dict[int, Glyph]) -> None:
    """Forget halves of wide characters whose other half was overwritten: terminals differ on what is left."""
    for x, glyph in list(line.items()):
        before, after = line.get(x - 1), line.get(x + 1)
        lost_start = not glyph.text and (before is None or not _is_wide(before))
        lost_end = _is_wide(glyph) and (after is None or after.text)
        if lost_start or lost_end:
            del line[x]


def _is_wide(glyph: Glyph) -> bool:
    return bool(glyph.text) and get_character_cell_size(glyph.text[0]) > 1


@lru_cache(maxsize=4096)
def _apply(pen: Pen, sgr: str) -> Pen:
    """The pen after one SGR sequence."""
    attributes, fore, back = set(pen.attributes), pen.fore, pen.back
    parts = sgr.split(";")
    at = 0
    while at < len(parts):
        code, size = parts[at], 1
        if code in {"38", "48"}:
            size += _WITH_MORE.get(parts[at + 1] if at + 1 < len(parts) else "", 1)
        whole = ";".join(parts[at : at + size])
        if code in {"", "0"}:
            attributes, fore, back = set(), "", ""
        elif code in _ATTRIBUTES:
            attributes.add(code)
        elif code[0] in "39" and code != "39":
            fore = whole
        elif code[0] in "41" and code != "49":
            back = whole
        elif code == "39":
            fore = ""
        elif code == "49":
            back = ""
        at += size
    return Pen(frozenset(attributes), fore, back)


@lru_cache(maxsize=4096)
def _turn(old: Pen | None, new: Pen) -> str:
    """The shortest SGR from one pen to another."""
    if old is None or not old.attributes <= new.attributes:
        codes = ["0", *sorted(new.attributes), new.fore, new.back]
        return f"\x1b[{';'.join(filter(None, codes))}m" if any(codes[1:]) else "\x1b[m"
    codes = sorted(new.attributes - old.attributes)
    if new.fore != old.fore:
        codes.append(new.fore or "39")
    if new.back != old.back:
        codes.append(new.back or "49")
    return f"\x1b[{';'.join(codes)}m"
