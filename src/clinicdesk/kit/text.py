"""Text hygiene: what is stored (`clean`), what may reach a terminal (`shown`) and how wide it is there.

Stored text is kept as it came, save what no database or encoding can hold. The screen is another
matter: a name may carry an escape sequence, a bidi override or a joiner, and a terminal would obey.
`shown` gives text that is one line, printable, and as wide on every terminal as `cells` says.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal

from rich.cells import cell_len, get_character_cell_size

Align = Literal["left", "right"]

MARK: Final = "·"
"""Stands for one character that must not reach a terminal."""

_ELLIPSIS: Final = "…"
_MOST_ACCENTS: Final = 3
_VIRAMA: Final = 9
"""Combining class of the signs that join two letters."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SPACES: Final = re.compile(r"\s+")
# Printable by category, yet blank, ignorable or of a width on which terminals differ.
_DECEPTIVE: Final = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC, 0x1171E),
        *range(0x180B, 0x1810),  # Mongolian selectors
        *range(0xFE00, 0xFE10),  # variation selectors
        *range(0xE0100, 0xE01F0),
        *range(0x1F1E6, 0x1F200),  # regional indicators
        *range(0x1F3FB, 0x1F400),  # skin tones
    )
)


def clean(text: str) -> str:
    """The text as stored: NFC, `\\n` line ends, no blanks at the ends; NUL and lone surrogates become U+FFFD.

    Idempotent. Escape sequences and the like stay: they are data, and `shown` disarms them.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", lines)).strip()


def clean_line(text: str) -> str:
    """`clean` for a field of one line: every run of blanks, line ends too, is one space."""
    if text.isprintable() and "  " not in text and unicodedata.is_normalized("NFC", text):
        return text.strip()
    return _SPACES.sub(" ", clean(text)).strip()


def shown(text: str) -> str:
    """Any text as one printable line: whatever a terminal could obey is one `·` each, blanks are spaces.

    Control characters, escape sequences' first byte, bidi and zero-width characters, private use,
    unassigned, surrogates, accents without a letter and characters of uncertain width are marked;
    other combining marks stay on their letter, three at most. Never markup: brackets are brackets.
    """
    if text.isascii() and text.isprintable():
        return text
    return _shown(text)


def has_control(text: str) -> bool:
    """Whether `shown` must mark anything in this text."""
    return not (text.isascii() and text.isprintable()) and any(
        _kind(char) == "marked" for char in unicodedata.normalize("NFC", text)
    )


def cells(text: str) -> int:
    """Columns the text takes on a terminal; meaningful for text that went through `shown`."""
    return cell_len(text)


def cut(text: str, width: int, tail: str = _ELLIPSIS) -> str:
    """The text in at most `width` columns, its end replaced by `tail` where it is too long.

    A wide character is never halved, a combining mark never parted from its letter.
    """
    if cell_len(text) <= width:
        return text
    room = width - cell_len(tail)
    if room < 0:
        return ""
    used = 0
    for at, char in enumerate(text):
        used += get_character_cell_size(char)
        if used > room:
            return text[:at] + tail
    return text


def fit(text: str, width: int, align: Align = "left") -> str:
    """Exactly `width` columns of `shown` text: cut with `…` or filled with blanks on the other side."""
    line = cut(shown(text), width)
    blank = " " * (width - cell_len(line))
    return line + blank if align == "left" else blank + line


@lru_cache(maxsize=8192)
def _shown(text: str) -> str:
    line: list[str] = []
    accents: int | None = None  # on the letter before; None where there is none to lean on
    for char in unicodedata.normalize("NFC", text):
        kind = _kind(char)
        if kind == "accent" and accents is not None:
            accents += 1
            line += [char] * (accents <= _MOST_ACCENTS)
        else:
            accents = None if kind == "blank" else 0
            line.append(" " if kind == "blank" else char if kind == "plain" else MARK)
    return "".join(line)


@lru_cache(maxsize=4096)
def _kind(char: str) -> Literal["plain", "accent", "blank", "marked"]:
    """What `shown` does with one character of a normalised text."""
    category = unicodedata.category(char)
    if category == "Zs":
        return "blank"
    if category[0] == "C" or category in {"Zl", "Zp", "Mc"} or ord(char) in _DECEPTIVE:
        return "marked"
    if get_character_cell_size(char) == 0:
        joins = unicodedata.combining(char) == _VIRAMA  # two letters into one, on some terminals
        return "accent" if category[0] == "M" and not joins else "marked"
    return "plain"
