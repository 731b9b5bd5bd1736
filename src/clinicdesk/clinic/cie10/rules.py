"""What a code of the CIE-10 is, where it stands, and what is meant by a line in the search box. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from clinicdesk.kit.folding import folded, is_one_slip, one_slip
from clinicdesk.kit.text import clean_line

_CODE: Final = re.compile(r"([A-Z]\d[0-9A-Z])\.?([0-9A-Z]{0,4})")
_PREFIX: Final = re.compile(r"[A-Z](\d([0-9A-Z]([0-9A-Z]{0,4}))?)?")
_RANGE: Final = re.compile(r"([A-Z]\d[0-9A-Z])\s*[-–—]\s*([A-Z]\d[0-9A-Z])")
_MARKS: Final = "†*+‡ "
"""Dagger and asterisk say how two codes go together; they are not part of the code."""
_CATEGORY: Final = 3
_FILLED: Final = 4
# Where each chapter of the WHO's tenth revision begins.
_CHAPTERS: Final = (
    ("A00", 1), ("C00", 2), ("D50", 3), ("E00", 4), ("F00", 5), ("G00", 6), ("H00", 7), ("H60", 8),
    ("I00", 9), ("J00", 10), ("K00", 11), ("L00", 12), ("M00", 13), ("N00", 14), ("O00", 15), ("P00", 16),
    ("Q00", 17), ("R00", 18), ("S00", 19), ("U00", 22), ("V00", 20), ("Z00", 21),
)  # fmt: skip
_ROMAN: Final = (
    *("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"),
    *("XVII", "XVIII", "XIX", "XX", "XXI", "XXII"),
)
_SILENT: Final = frozenset(
    {*"aeouy", "al", "con", "de", "del", "el", "en", "la", "las", "lo", "los", "para", "por", "un", "una"}
)
_STEM: Final = 5
_LONGEST: Final = 40
_MOST_WORDS: Final = 8
_TYPO: Final = 4
"""Shorter words have too many neighbours to be taken for mistyped ones."""
_HEAD: Final = 3


def code_of(said: str) -> str | None:
    """`e119`, `E11.9†` → `E11.9`; `i10x` → `I10`; None for what has not the shape of a code."""
    found = _CODE.fullmatch(said.strip().upper().rstrip(_MARKS))
    if found is None:
        return None
    category, more = found[1], found[2]
    return category if more in {"", "X"} else f"{category}.{more}"


def heading_of(said: str) -> str | None:
    """`A00–B99`, `IX`, `Cap. IX` → a block or chapter as stored; None for what is none."""
    text = said.strip().upper()
    if found := _RANGE.fullmatch(text):
        return f"{found[1]}-{found[2]}"
    roman = re.sub(r"^CAP([IÍ]TULO)?\.?\s*", "", text)
    return roman if roman in _ROMAN else None


def chapter_of(code: str) -> int | None:
    """The number of the chapter that a code or block belongs to: `I10` → 9."""
    if code in _ROMAN:
        return _ROMAN.index(code) + 1
    category = code[:_CATEGORY].upper()
    found = None
    for first, number in _CHAPTERS:
        if category >= first:
            found = number
    return found


def roman(chapter: int | None) -> str:
    """A chapter's number as it is written; nothing where there is none."""
    return _ROMAN[chapter - 1] if chapter else ""


def parent_of(code: str) -> str | None:
    """The code one step above: `E11.9` → `E11`; a category has none."""
    key = code.replace(".", "")
    return code_of(key[:-1]) if len(key) > _CATEGORY else None


def key_of(code: str) -> str:
    """A code without its point."""
    return code.replace(".", "")


@dataclass(frozen=True, slots=True)
class Short:
    """An abbreviation of clinical notes: the codes it stands for, by their beginnings, and its words."""

    roots: tuple[str, ...]
    words: tuple[str, ...]


@cache
def abbreviations() -> dict[str, Short]:
    """What is abbreviated, in small letters → what it means. Source and form: abbreviations.tsv."""
    found: dict[str, Short] = {}
    text = files(__package__).joinpath("abbreviations.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            names, roots, meaning = line.split("\t")
            short = Short(tuple(roots.split()), tuple(meant(meaning)))
            found |= dict.fromkeys(names.split(), short)
    return found


def meant(text: str) -> list[str]:
    """The folded words of a text that say something; all of them where none does."""
    every = folded(text).split()
    return [word for word in every if word not in _SILENT] or every


def stem(word: str) -> str:
    """A word without its plural and gender, so that `infecciones urinarias` finds `infección urinaria`."""
    for end in ("es", "as", "os", "s", "a", "o", "e"):
        if word.endswith(end) and len(word) - len(end) >= _STEM:
            return word[: -len(end)]
    return word


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed: perhaps the beginning of a code, else words, each with what it may be short for."""

    prefix: str | None
    words: tuple[tuple[str, Short | None], ...]

    @property
    def roots(self) -> tuple[str, ...]:
        """The beginnings of codes that its abbreviations stand for, in order."""
        return tuple(root for _word, short in self.words if short for root in short.roots)


def asked(text: str) -> Asked:
    """What a line in the search box asks for."""
    line = clean_line(text)[:200]
    compact = line.upper().replace(".", "").rstrip(_MARKS)
    prefix = compact if _PREFIX.fullmatch(compact) else None
    if prefix and len(prefix) == _FILLED and prefix.endswith("X"):
        prefix = prefix[:-1]
    every = [word[:_LONGEST] for word in folded(line).split()]
    return Asked(prefix, tuple(_shortened(every)[:_MOST_WORDS]))


def _shortened(every: list[str]) -> list[tuple[str, Short | None]]:
    """Words with what they are short for; `dm 2` and `dm tipo 2` as one, `dm2`."""
    known = abbreviations()
    joined: list[str] = []
    for word in every:
        if joined and f"{joined[-1]}{word}" in known and word.isdigit():
            joined[-1] += word
        elif not (word == "tipo" and joined and any(f"{joined[-1]}{n}" in known for n in "12")):
            joined.append(word)
    telling = [word for word in joined if word not in _SILENT or word in known] or joined
    return [(word, known.get(word)) for word in telling]


def heads(word: str) -> list[str]:
    """The first three letters of every word that this one may be a slip of."""
    first, four = word[:_HEAD], word[: _HEAD + 1]
    slipped = {each[:_HEAD] for each in one_slip(first) | one_slip(four) if len(each) >= _HEAD}
    return sorted(slipped | {first})


def may_be_mistyped(word: str) -> bool:
    """Whether a word is long enough to look for one slip in it."""
    return len(word) >= _TYPO and not word.isdigit()


def begins_nearly(word: str, candidate: str) -> bool:
    """Whether a word of the catalogue begins as this one would without one slip of the finger."""
    ends = (candidate[:long] for long in range(len(word) - 1, len(word) + 2))
    return any(end == word or is_one_slip(word, end) for end in ends)


def fits(sex: str | None, from_days: int | None, until_days: int | None, who: str, days: int | None) -> bool:
    """Whether a code can be somebody's, of a sex and `days` lived; what is not known fits."""
    if sex is not None and who in {"F", "M"} and who != sex:
        return False
    return days is None or ((from_days or 0) <= days and (until_days is None or days <= until_days))
