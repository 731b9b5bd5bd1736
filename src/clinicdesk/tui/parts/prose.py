"""Text of many lines, pure: word wrap by columns, and a buffer with a cursor that takes 200,000 characters.

A paragraph is what stands between two line ends; wrapping cuts it into rows. Rows are counted from the
paragraph they are in, never from the start of the text, so a key costs what the window shows.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rich.cells import get_character_cell_size

from clinicdesk.kit.text import cells, shown

MOST_CHARACTERS: Final = 200_000
_TAB: Final = "    "
# One column each on every terminal, and nothing that joins its neighbour.
_NARROW: Final = re.compile("[ -~\xa1-\xac\xae-\u02ff\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026]*")
_WORD_BACK: Final = re.compile(r"\S*\s*$")
_WORD_ON: Final = re.compile(r"\s*\S*")


def typed(text: str) -> str:
    """What was typed or pasted as it enters a text: NFC, line ends as `\\n`, no other control characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", _TAB)
    kept = (char if char.isprintable() or char == "\n" else _instead_of(char) for char in lines)
    return unicodedata.normalize("NFC", "".join(kept))


def _instead_of(char: str) -> str:
    category = unicodedata.category(char)
    return "\n" if category in {"Zl", "Zp"} else " " if category == "Zs" else ""


def wrap(text: str, width: int) -> tuple[int, ...]:
    """Where the rows of a paragraph begin, the first at 0; each takes at most `width` columns (2 or more).

    Rows end after a blank where there is one; the blank may stand one column outside.
    """
    starts = [0]
    while (end := _row_end(text, starts[-1], width)) < len(text):
        starts.append(end)
    return tuple(starts)


def _row_end(text: str, start: int, width: int) -> int:
    full = _filled(text, start, width)
    if full >= len(text):
        return len(text)
    if text[full] == " ":
        return full + 1
    blank = text.rfind(" ", start, full)
    return blank + 1 if blank >= 0 else full


def _filled(text: str, start: int, width: int) -> int:
    """The first index that does not fit into `width` columns any more, never inside a letter."""
    reach = min(len(text), start + width + 1)
    narrow = _NARROW.match(text, start, reach)
    if narrow and narrow.end() == reach:
        return min(len(text), start + width)
    at, used = start, 0
    while at < len(text):
        after = after_letter(text, at)
        used += cells(shown(text[at:after]))
        if used > width and at > start:
            return at
        at = after
    return at


def after_letter(text: str, at: int) -> int:
    """The index after the letter at `at` and the marks that sit on it."""
    at = min(at + 1, len(text))
    while at < len(text) and _sits_on(text[at]):
        at += 1
    return at


def before_letter(text: str, at: int) -> int:
    """The index of the letter that ends at `at`."""
    at = max(at - 1, 0)
    while at > 0 and _sits_on(text[at]):
        at -= 1
    return at


def _sits_on(char: str) -> bool:
    return not char.isascii() and get_character_cell_size(char) == 0


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Between two characters of a text: paragraph, and index in it."""

    paragraph: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class RowOf:
    """One row of a wrapped text: characters `start` to `end` of a paragraph. `last` in it or not."""

    paragraph: int
    start: int
    end: int
    last: bool


class Prose:
    """A text, a cursor, and the width it is wrapped to. Every change goes through here."""

    def __init__(self, text: str = "", *, most: int = MOST_CHARACTERS) -> None:
        """The cursor at the end; `most` characters at most, what is beyond is not taken."""
        self.most = most
        self.width = 80
        self.change = 0
        """Counts what happened to the text."""
        self.set(text)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self._paragraphs)

    @property
    def paragraphs(self) -> int:
        """How many lines a person would count."""
        return len(self._paragraphs)

    def text_before(self) -> str:
        """What stands before the cursor in its paragraph, nothing after a blank."""
        before = self._paragraphs[self.cursor.paragraph][: self.cursor.at]
        return "" if before.endswith(" ") else before

    def paragraph(self, number: int) -> str:
        """The text of one paragraph."""
        return self._paragraphs[number]

    def __len__(self) -> int:
        """Characters, line ends counted."""
        return self._size

    def set(self, text: str) -> None:
        """Another text, the cursor at its end."""
        whole = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))[: self.most]
        self._paragraphs = whole.split("\n")
        self._size = len(whole)
        self.change += 1
        self._wrapped: list[tuple[int, ...] | None] = [None] * len(self._paragraphs)
        self.cursor = Place(len(self._paragraphs) - 1, len(self._paragraphs[-1]))
        self._column: int | None = None

    def set_width(self, width: int) -> None:
        """Wrap to another width from now on."""
        if width != self.width:
            self.width = max(2, width)
            self._wrapped = [None] * len(self._paragraphs)

    def go(self, place: Place) -> None:
        """Put the cursor somewhere; outside the text it goes to the nearest place in it."""
        number = min(max(place.paragraph, 0), len(self._paragraphs) - 1)
        self.cursor = Place(number, min(max(place.at, 0), len(self._paragraphs[number])))
        self._column = None

    # Editing

    def insert(self, text: str) -> bool:
        """Put text at the cursor; False where it did not fit whole. A lone accent joins its letter."""
        new = typed(text)
        taken = new[: max(0, self.most - self._size)]
        number, at = self.cursor.paragraph, self.cursor.at
        line = self._paragraphs[number]
        first = before_letter(line, at)
        joined = unicodedata.normalize("NFC", line[first:at] + taken)
        lines = joined.split("\n")
        lines[0] = line[:first] + lines[0]
        end = Place(number + len(lines) - 1, len(lines[-1]))
        lines[-1] += line[at:]
        self._replace(number, number + 1, lines)
        self.go(end)
        return len(taken) == len(new)

    def remove(self, start: Place, end: Place) -> None:
        """Take out what stands between two places; the cursor goes there."""
        if start >= end:
            return
        head = self._paragraphs[start.paragraph][: start.at]
        tail = self._paragraphs[end.paragraph][end.at :]
        self._replace(start.paragraph, end.paragraph + 1, [head + tail])
        self.go(start)

    def _replace(self, first: int, after: int, lines: list[str]) -> None:
        old = self._paragraphs[first:after]
        self.change += old != lines
        self._size += sum(map(len, lines)) + len(lines) - sum(map(len, old)) - len(old)
        self._paragraphs[first:after] = lines
        self._wrapped[first:after] = [None] * len(lines)

    def rub_out(self) -> None:
        """The letter before the cursor goes, or the line end."""
        self.remove(self.before(self.cursor), self.cursor)

    def delete(self) -> None:
        """The letter after the cursor goes, or the line end."""
        self.remove(self.cursor, self.after(self.cursor))

    def rub_out_word(self) -> None:
        """The word before the cursor goes."""
        self.remove(self.word_before(self.cursor), self.cursor)

    # Places

    def before(self, place: Place) -> Place:
        """One letter back."""
        if place.at:
            return Place(place.paragraph, before_letter(self._paragraphs[place.paragraph], place.at))
        if place.paragraph:
            return Place(place.paragraph - 1, len(self._paragraphs[place.paragraph - 1]))
        return place

    def after(self, place: Place) -> Place:
        """One letter on."""
        line = self._paragraphs[place.paragraph]
        if place.at < len(line):
            return Place(place.paragraph, after_letter(line, place.at))
        return Place(place.paragraph + 1) if place.paragraph + 1 < len(self._paragraphs) else place

    def word_before(self, place: Place) -> Place:
        """The start of the word before."""
        if not place.at:
            return self.before(place)
        found = _WORD_BACK.search(self._paragraphs[place.paragraph][: place.at])
        return Place(place.paragraph, found.start() if found else 0)

    def word_after(self, place: Place) -> Place:
        """The end of the word after."""
        line = self._paragraphs[place.paragraph]
        if place.at == len(line):
            return self.after(place)
        found = _WORD_ON.match(line, place.at)
        return Place(place.paragraph, found.end() if found else len(line))

    @property
    def end(self) -> Place:
        """After the last character."""
        return Place(len(self._paragraphs) - 1, len(self._paragraphs[-1]))

    # Rows

    def row_at(self, place: Place) -> RowOf:
        """The row a place stands in; between two rows it is the later one."""
        index = bisect_right(self._starts(place.paragraph), place.at) - 1
        return self._row(place.paragraph, index)

    def rows_from(self, row: RowOf) -> Iterator[RowOf]:
        """This row and all after it."""
        first = self._starts(row.paragraph).index(row.start)
        for number in range(row.paragraph, len(self._paragraphs)):
            for index in range(first, len(self._starts(number))):
                yield self._row(number, index)
            first = 0

    def rows_before(self, row: RowOf) -> Iterator[RowOf]:
        """The rows before this one, the nearest first."""
        index = self._starts(row.paragraph).index(row.start)
        for number in range(row.paragraph, -1, -1):
            for earlier in range(index - 1, -1, -1):
                yield self._row(number, earlier)
            index = len(self._starts(number - 1)) if number else 0

    def text_of(self, row: RowOf) -> str:
        """The characters of a row."""
        return self._paragraphs[row.paragraph][row.start : row.end]

    def move_rows(self, rows: int) -> None:
        """The cursor some rows down (up where negative), in the column it came from."""
        here = self.row_at(self.cursor)
        column = self._column
        if column is None:
            column = self.column_of(self.cursor)
        passed = (
            islice(self.rows_from(here), 1, rows + 1) if rows > 0 else islice(self.rows_before(here), -rows)
        )
        way = list(passed)
        if way:
            self.go(self._in_column(way[-1], column))
        else:
            self.go(self.end if rows > 0 else Place())
        self._column = column

    def column_of(self, place: Place) -> int:
        """Columns between the start of the row and the place."""
        row = self.row_at(place)
        return cells(shown(self._paragraphs[place.paragraph][row.start : place.at]))

    def row_home(self) -> Place:
        """Start of the cursor's row."""
        return Place(self.cursor.paragraph, self.row_at(self.cursor).start)

    def row_end(self) -> Place:
        """End of the cursor's row: before the blank it was cut at, where it goes on."""
        row = self.row_at(self.cursor)
        line = self._paragraphs[row.paragraph]
        return Place(row.paragraph, row.end if row.last else before_letter(line, row.end))

    def _in_column(self, row: RowOf, column: int) -> Place:
        line, at = self._paragraphs[row.paragraph], row.start
        last = row.end if row.last else before_letter(line, row.end)
        while at < last and cells(shown(line[row.start : after_letter(line, at)])) <= column:
            at = after_letter(line, at)
        return Place(row.paragraph, at)

    def _row(self, number: int, index: int) -> RowOf:
        starts = self._starts(number)
        last = index + 1 == len(starts)
        end = len(self._paragraphs[number]) if last else starts[index + 1]
        return RowOf(number, starts[index], end, last)

    def _starts(self, number: int) -> tuple[int, ...]:
        found = self._wrapped[number]
        if found is None:
            found = self._wrapped[number] = wrap(self._paragraphs[number], self.width)
        return found
