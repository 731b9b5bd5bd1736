"""What words typed over a history mean, pure: texts that begin so, codes, years, months, days."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

MOST_WORDS: Final = 8
WORD_MOST: Final = 60
# Letters that are written with a mark or without: a typed plain one stands for each of them.
_ALIKE: Final = {
    "a": "aáàâäãå",
    "c": "cç",
    "e": "eéèêë",
    "i": "iíìîï",
    "n": "nñ",
    "o": "oóòôöõ",
    "u": "uúùûü",
    "y": "yýÿ",
}
_YEAR: Final = re.compile(r"(?:19|20)\d\d", re.ASCII)
_MONTH: Final = re.compile(r"(\d{1,2})/((?:19|20)\d\d)", re.ASCII)
_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})", re.ASCII)
_CODE: Final = re.compile(r"[a-z]?[\d.]*\d[\d.a-z]*", re.ASCII)
_CENTURY: Final = 2000
_SHORT_YEAR: Final = 100


@dataclass(frozen=True, slots=True)
class Word:
    """One word typed: the days it stands for (both included), or the texts and codes that begin with it.

    `pattern` is a regular expression of PostgreSQL, to be matched without regard to case; `code` the
    beginning of a code without its point, "" where the word is the beginning of none.
    """

    pattern: str = ""
    code: str = ""
    days: tuple[date, date] | None = None


def understood(typed: str) -> tuple[Word, ...]:
    """The words of what was typed; more than any history needs are left out."""
    return tuple(_word(word) for word in typed.split()[:MOST_WORDS])


def _word(typed: str) -> Word:
    days = days_of(typed)
    if days is not None:
        return Word(days=days)
    plain = _folded(typed)[:WORD_MOST]
    return Word(_pattern(plain), _code(plain))


def _folded(typed: str) -> str:
    """Small letters without their marks."""
    apart = unicodedata.normalize("NFD", typed.lower())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _pattern(plain: str) -> str:
    """A word that begins so, its plain letters standing for the marked ones too."""
    made = "".join(_letters(char) for char in plain)
    return rf"\m{made}" if plain[:1].isalnum() else made


def _letters(char: str) -> str:
    alike = _ALIKE.get(char)
    if alike is not None:
        return f"[{alike}{alike.upper()}]"
    return char if char.isalnum() else f"[{char}]" if char not in "^\\[]" else f"\\{char}"


def _code(plain: str) -> str:
    """`e11.9` → `E119`, `i10x` → `I10`."""
    if not _CODE.fullmatch(plain):
        return ""
    bare = plain.replace(".", "").upper()
    return bare.removesuffix("X") if bare[:1].isalpha() else bare


def period(typed: str) -> tuple[date, date] | None:
    """`2025`, `3/2025`, `16/10/26`, `1/3/25 a 30/6/25`: its first day and its last; None for no period."""
    first, _between, last = typed.strip().partition(" a ")
    begins, ends = days_of(first.strip()), days_of((last or first).strip())
    if begins is None or ends is None or begins[0] > ends[1]:
        return None
    return begins[0], ends[1]


def days_of(typed: str) -> tuple[date, date] | None:
    """`2025`, `3/2025`, `16/10/26`: the days that it stands for, None where it is no date."""
    try:
        if _YEAR.fullmatch(typed):
            return date(int(typed), 1, 1), date(int(typed), 12, 31)
        if found := _MONTH.fullmatch(typed):
            month, year = int(found[1]), int(found[2])
            following = date(year + month // 12, month % 12 + 1, 1)
            return date(year, month, 1), date.fromordinal(following.toordinal() - 1)
        if found := _DAY.fullmatch(typed):
            year = int(found[3])
            day = date(year + _CENTURY if year < _SHORT_YEAR else year, int(found[2]), int(found[1]))
            return day, day
    except ValueError:
        return None
    return None
