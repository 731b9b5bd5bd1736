"""Fonts and line breaking: what can be written on paper, how wide it is, and where its lines end.

Importing this module costs what fpdf2 costs; see pdf.py.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

from clinicdesk.kit.text import shown

# The fonts come as Python modules of pymupdf-fonts. The spare ones are read only for a sign that the
# main family lacks, in this order. All have TrueType outlines: fpdf2 mislabels the other kind.
_FAMILY: Final = "main"
_MAIN: Final = {"": "NotoSans_Regular", "B": "NotoSans_Bold"}
_SPARE: Final = ("FiraGO_Regular", "CascadiaMono_Regular")

_SHAPING: Final = frozenset({b"GDEF", b"GPOS", b"GSUB"})

# Punctuation, numbers and symbols. Letters are never borrowed: the spare fonts have scripts that need
# joining or run from right to left, and a name set wrongly is worse than its code points.
_SIGNS: Final = frozenset("PNS")

# fontTools reports each font table it leaves out of a subset; nobody who prints can act upon that.
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Bold:
    """A stretch of bold text inside a paragraph."""

    text: str


Span = str | Bold
Piece = tuple[str, str]  # text without line breaks, style ("" or "B")
Line = list[Piece]


class Ink:
    """The fonts of one document: what can be written, how wide it is, and writing it."""

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf
        self._faces = {style: _add_font(pdf, _FAMILY, style, module) for style, module in _MAIN.items()}
        self._widths = {style: dict(face.cw) for style, face in self._faces.items()}
        self._own = frozenset(map(chr, set.intersection(*(set(face.cmap) for face in self._faces.values()))))
        self._spare: list[tuple[str, TTFFont]] = []
        self._borrowed: dict[str, str] = {}
        self._missing: dict[str, None] = {}
        self._chosen: tuple[int, tuple[str, str, float]] | None = None
        self.width = lru_cache(maxsize=20_000)(self._width)

    @property
    def missing(self) -> tuple[str, ...]:
        """The characters printed as their code point because no font has them, in order of appearance."""
        return tuple(self._missing)

    def lines(self, text: str) -> list[str]:
        """The text's own lines, each as it can be printed: nothing invisible, nothing without a glyph."""
        text = unicodedata.normalize("NFC", text).expandtabs(4).replace("\r\n", "\n").replace("\r", "\n")
        return [self._printable(shown(line)) for line in text.split("\n")]

    def line(self, text: str) -> str:
        """The text as one printable line."""
        return " ".join(self.lines(text))

    def _width(self, text: str, style: str) -> float:
        """Width in thousandths of the font size."""
        widths = self._widths[style]
        return sum(widths[ord(char)] for char in text)

    def write(self, x: float, baseline: float, piece: Piece, size: float) -> None:
        """Write one piece on one line, borrowing the spare fonts where the main one has no glyph."""
        text, style = piece
        if self._borrowed.keys().isdisjoint(text):
            self._write(x, baseline, text, (_FAMILY, style, size))
            return
        for run, family in self._runs(text):
            self._write(x, baseline, run, (family, style if family == _FAMILY else "", size))
            x += self.width(run, style) * size / 1000

    def _write(self, x: float, baseline: float, text: str, font: tuple[str, str, float]) -> None:
        if (self._pdf.page, font) != self._chosen:
            self._pdf.set_font(*font)
            self._chosen = (self._pdf.page, font)
        self._pdf.text(x, baseline, text)

    def _runs(self, text: str) -> Iterator[tuple[str, str]]:
        """The text in stretches of one font family each."""
        for family, run in groupby(text, lambda char: self._borrowed.get(char, _FAMILY)):
            yield "".join(run), family

    def _printable(self, line: str) -> str:
        odd = set(line) - self._own - self._borrowed.keys()
        if not odd:
            return line
        lost = {char for char in odd if not self._borrow(char)}
        for char in line:
            if char in lost:
                self._missing[char] = None
        return "".join(f"‹U+{ord(char):04X}›" if char in lost else char for char in line)

    def _borrow(self, char: str) -> bool:
        """Take the sign from the first spare font that has it."""
        if char in self._missing or unicodedata.category(char)[0] not in _SIGNS:
            return False
        for family, face in self._spares():
            if ord(char) in face.cmap:
                self._borrowed[char] = family
                for widths in self._widths.values():
                    widths[ord(char)] = face.cw[ord(char)]
                return True
        return False

    def _spares(self) -> Iterator[tuple[str, TTFFont]]:
        yield from self._spare
        for module in _SPARE[len(self._spare) :]:
            family = module.lower().replace("_", "")
            self._spare.append((family, _add_font(self._pdf, family, "", module)))
            yield self._spare[-1]

    def fold(self, spans: Sequence[Span], size: float, width: float) -> list[Line]:
        """Break spans into lines no wider than `width`, at blanks, or inside a word wider than a line."""
        fold = _Fold(self, width * 1000 / size)
        for span in spans:
            text, style = (span.text, "B") if isinstance(span, Bold) else (span, "")
            for number, line in enumerate(self.lines(text)):
                if number:
                    fold.next_line()
                fold.add(line, style)
        return fold.finished()


class _Fold:
    """Greedy line breaking over pieces of two weights."""

    def __init__(self, ink: Ink, limit: float) -> None:
        self._ink = ink
        self._limit = limit
        self._done: list[Line] = []
        self._line: Line = []
        self._used = 0.0

    def next_line(self) -> None:
        """End the line where it stands."""
        self._done.append(self._line)
        self._line, self._used = [], 0.0

    def finished(self) -> list[Line]:
        """All lines; a piece with nothing in it is an empty line."""
        return [*self._done, self._line]

    def add(self, text: str, style: str) -> None:
        """Set the words of one span; it continues the line that is open."""
        blank = self._ink.width(" ", style)
        words: list[str] = []
        for number, word in enumerate(text.split(" ")):
            wide, gap = self._ink.width(word, style), blank if number else 0.0
            if self._used and self._used + gap + wide > self._limit:
                self._close(words, style)
                words, gap = [], 0.0
            rest, wide = (word, wide) if wide <= self._limit else self._cut(word, style)
            self._used += gap + wide
            words.append(rest)
        self._put(words, style)

    def _close(self, words: list[str], style: str) -> None:
        self._put(words, style)
        self.next_line()

    def _put(self, words: list[str], style: str) -> None:
        if words:
            self._line.append((" ".join(words), style))

    def _cut(self, word: str, style: str) -> tuple[str, float]:
        """Put whole lines of an over-long word and give back its rest."""
        start, used = 0, 0.0
        for place, char in enumerate(word):
            wide = self._ink.width(char, style)
            if used + wide > self._limit and place > start:
                self._close([word[start:place]], style)
                start, used = place, 0.0
            used += wide
        return word[start:], used


def _add_font(pdf: FPDF, family: str, style: str, module: str) -> TTFFont:
    """Read a font into the document. fpdf2 takes a path and keeps the file open, so the name may go."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{module}.ttf"
        path.write_bytes(_font_file(module))
        pdf.add_font(family, style, path)
    return cast(TTFFont, pdf.fonts[family + style])


@cache
def _font_file(module: str) -> bytes:
    """A font that does not name its tables for shaping: nothing here asks them, every subset would read them.

    The directory of an OpenType file is 12 bytes, then 16 for each table: its tag first.
    """
    data: bytes = import_module(f"pymupdf_fonts.{module}").fontbuffer
    count = int.from_bytes(data[4:6], "big")
    entries = [data[12 + 16 * number : 28 + 16 * number] for number in range(count)]
    kept = [entry for entry in entries if entry[:4] not in _SHAPING]
    directory = b"".join(kept).ljust(16 * count, b"\0")
    return data[:4] + len(kept).to_bytes(2, "big") + data[6:12] + directory + data[12 + 16 * count :]


def let_go(pdf: FPDF) -> None:
    """Close the font files, and empty fpdf2's caches, which would keep each document's fonts for ever."""
    for face in pdf.fonts.values():
        if isinstance(face, TTFFont):
            face.close()
    SubsetMap.pick.cache_clear()
    SubsetMap.get_glyph.cache_clear()
