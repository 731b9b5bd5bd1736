"""Words as they are searched: folded to bare letters, and one slip of a finger away. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Final

_JOINERS: Final = re.compile(r"['’`´]")
_BREAKS: Final = re.compile(r"[\W_]+")
_PLAIN: Final = str.maketrans("áéíóúüñ", "aeiouun")
_SWAPPED: Final = 2
"""Letters that change at most, in words of one length."""


def folded(text: str) -> str:
    """Lower case without marks: ñ → n, ü → u; apostrophes vanish, other punctuation becomes a blank."""
    quick = text.lower().translate(_PLAIN)
    if quick.isascii() and quick.replace(" ", "").isalnum():
        return " ".join(quick.split())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return _BREAKS.sub(" ", _JOINERS.sub("", plain)).strip()


def one_slip(word: str) -> frozenset[str]:
    """Every word that one letter more, less, other or changed about would make of this one."""
    return frozenset(_slips(word)) - {word, ""}


def _slips(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in ascii_lowercase)


def is_one_slip(one: str, other: str) -> bool:
    """Whether two words are one letter more, less, other or changed about apart."""
    long, short = (one, other) if len(one) >= len(other) else (other, one)
    if len(long) - len(short) > 1 or one == other:
        return False
    if len(short) > _SWAPPED and long[0] != short[0] and long[-1] != short[-1]:
        return False  # one slip leaves one of both ends, and costs less to see
    at = 0
    while at < len(short) and long[at] == short[at]:
        at += 1
    if len(long) > len(short):
        return long[at + 1 :] == short[at:]
    changed = long[at : at + 2] == short[at : at + 2][::-1] and long[at + 2 :] == short[at + 2 :]
    return changed or long[at + 1 :] == short[at + 1 :]
