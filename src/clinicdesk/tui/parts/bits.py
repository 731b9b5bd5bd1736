"""Bits: text with a tone, the one currency between a screen's data and the terminal's cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from clinicdesk.kit.text import Align, cells, cut, fit, shown
from clinicdesk.tui.look import Look, Mark, Tone

_BOLD = Style(bold=True)
_WORD: Final = re.compile(" *[^ ]+| +")


@dataclass(frozen=True, slots=True)
class Bit:
    """A piece of text in one tone."""

    text: str
    tone: Tone = Tone.TEXT
    bold: bool = False
    """Bold whatever the tone is."""


Cell = str | Bit | Sequence[Bit]
"""What a column shows: plain text, one bit, or several in a row."""


def mark_cell(mark: Mark, *, word: bool = True) -> Bit:
    """A state as cell: `≡ en espera`, or the glyph alone."""
    return Bit(f"{mark.glyph} {mark.word}" if word else mark.glyph, mark.tone)


def bits_of(cell: Cell, tone: Tone = Tone.TEXT) -> list[Bit]:
    """The cell as bits; a plain text takes the tone."""
    if isinstance(cell, str):
        return [Bit(cell, tone)]
    return [cell] if isinstance(cell, Bit) else list(cell)


def width_of(bits: Iterable[Bit]) -> int:
    """Columns the bits take once shown."""
    return sum(cells(shown(bit.text)) for bit in bits)


def fit_cell(cell: Cell, width: int, align: Align = "left", tone: Tone = Tone.TEXT) -> list[Bit]:
    """The cell in exactly `width` columns; the blanks around it have the given tone."""
    if isinstance(cell, str):
        return [Bit(fit(cell, width, align), tone)]
    fitted: list[Bit] = []
    room = width
    for bit in bits_of(cell):
        text = cut(shown(bit.text), room)
        fitted.append(Bit(text, bit.tone, bit.bold))
        room -= cells(text)
    blank = Bit(" " * room, tone)
    return [blank, *fitted] if align == "right" else [*fitted, blank]


def spread(left: Cell, right: Cell, width: int, tone: Tone = Tone.TEXT) -> list[Bit]:
    """One line with a part at each end; where both do not fit the left one is cut."""
    end = bits_of(right, tone)
    room = max(0, width - width_of(end))
    return [*fit_cell(left, room, "left", tone), *fit_cell(end, width - room, "right", tone)]


def words_of(text: str, tone: Tone = Tone.TEXT) -> Iterator[Bit]:
    """The words of a text, each with the blanks before it."""
    return (Bit(word, tone) for word in _WORD.findall(text))


def flowed(bits: Iterable[Bit], width: int) -> list[list[Bit]]:
    """The bits over as many lines of `width` columns as they take, one at least.

    A bit is parted only where it is wider than a line; blanks at the start of a further line go.
    """
    lines: list[list[Bit]] = [[]]
    room = width
    for bit in bits:
        text = shown(bit.text)
        if cells(text) > room and room < width:
            lines.append([])
            text, room = text.lstrip(), width
        while cells(text) > width:
            lines[-1].append(replace(bit, text=cut(text, width, "")))
            text = text[len(lines[-1][-1].text) :]
            lines.append([])
        lines[-1].append(replace(bit, text=text))
        room = width - width_of(lines[-1])
    return lines


def strip_of(bits: Iterable[Bit], width: int, look: Look, *, bold: bool = False) -> Strip:
    """The bits as a strip of exactly `width` columns; neighbours of one style become one segment."""
    segments: list[tuple[str, Style]] = []
    room = width
    for bit in [*bits, Bit(" " * width)]:
        text = cut(shown(bit.text), room, "")
        if not text:
            continue
        room -= cells(text)
        style = look.style(bit.tone) + _BOLD if bold or bit.bold else look.style(bit.tone)
        if segments and segments[-1][1] == style:
            text = segments.pop()[0] + text
        segments.append((text, style))
    if room:  # a wide character did not fit into the last column
        segments.append((" " * room, look.style(Tone.TEXT)))
    return Strip([Segment(text, style) for text, style in segments], width)
