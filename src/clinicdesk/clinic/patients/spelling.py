"""How names are written, heard and mistyped: folding, Spanish sounds, one slip of a finger. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from clinicdesk.kit.folding import folded as folded
from clinicdesk.kit.folding import is_one_slip as is_one_slip
from clinicdesk.kit.folding import one_slip as one_slip

PARTICLES: Final = frozenset(
    {"de", "del", "la", "las", "los", "da", "das", "do", "dos", "di", "van", "von", "y"}
)
PREFIX_LETTERS: Final = 3
_KEPT_AS_ONE: Final = "ç"  # ch, which is no h to drop; no folded word has this letter
_SOUNDS: Final = tuple(
    (re.compile(written), heard)
    for written, heard in (
        ("ph", "f"),
        ("ch", _KEPT_AS_ONE),
        ("sh", "s"),
        ("h", ""),
        ("ll|y", "i"),
        ("v", "b"),
        ("qu(?=[ei])", "k"),
        ("c(?=[ei])", "s"),
        ("[cq]", "k"),
        ("[zx]", "s"),
        ("gu(?=[ei])", "g"),
        ("g(?=[ei])", "j"),
        ("w", "u"),
        (r"(.)\1+", r"\1"),
    )
)


def name_words(text: str) -> tuple[str, ...]:
    """The folded words of a name that tell people apart: particles go, unless they are all there is."""
    return _telling(folded(text).split())


def _telling(words: list[str]) -> tuple[str, ...]:
    if PARTICLES.isdisjoint(words):
        return tuple(words)
    return tuple(word for word in words if word not in PARTICLES) or tuple(words)


def _joined(words: list[str]) -> tuple[str, ...]:
    """Particles written together with the word they lead to: `De la Cruz` → `delacruz`."""
    found, leading = [], ""
    if PARTICLES.isdisjoint(words):
        return ()
    for word in words:
        if word in PARTICLES:
            leading += word
        else:
            found += [leading + word] if leading else []
            leading = ""
    return tuple(found)


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """How a folded word sounds in Spanish: h is mute, ll y i, v b, z x s, c s or k, g j."""
    for written, heard in _SOUNDS:
        word = written.sub(heard, word)
    return word


def number_slips(number: str) -> frozenset[str]:
    """Every number that one digit more, less, other or changed about would make of this one."""
    found = set()
    for at in range(len(number) + 1):
        head, tail = number[:at], number[at:]
        found |= {head + digit + tail for digit in "0123456789"}
        if tail:
            found |= {head + digit + tail[1:] for digit in ("", *"0123456789")}
        if len(tail) > 1:
            found.add(head + tail[1] + tail[0] + tail[2:])
    return frozenset(found) - {number, ""}


def prefix_key(word: str) -> str:
    """The key of all words that begin like this one: `3mar`."""
    return f"3{word[:PREFIX_LETTERS]}"


def year_key(year: int) -> str:
    """The key of a year of birth."""
    return f"y{year}"


def initial_key(word: str, digits: str) -> str:
    """The key of a surname's initial with the last four digits of a document: `g4321`."""
    return f"{word[:1]}{digits[-4:]}"


@dataclass(frozen=True, slots=True)
class SearchNames:
    """A person's names as they are searched: folded words, and particles joined to theirs."""

    family: tuple[str, ...]
    given: tuple[str, ...]
    joined: tuple[str, ...]

    @classmethod
    def of(cls, given: str, family: str) -> SearchNames:
        """Of the names as they are written."""
        last, first = folded(family).split(), folded(given).split()
        return cls(_telling(last), _telling(first), (*_joined(last), *_joined(first)))

    @property
    def words(self) -> tuple[str, ...]:
        """Each word once."""
        return tuple(dict.fromkeys((*self.family, *self.given, *self.joined)))

    @property
    def stored(self) -> str:
        """`garcia lopez|maria jose|delcarmen`, as the search table keeps it."""
        return "|".join(map(" ".join, (self.family, self.given, self.joined)))

    @classmethod
    def parsed(cls, stored: str) -> SearchNames:
        """What `stored` says."""
        family, given, joined = stored.split("|")
        return cls(tuple(family.split()), tuple(given.split()), tuple(joined.split()))

    def keys(self, birth_year: int | None, numbers: tuple[str, ...] = ()) -> list[str]:
        """What the person is found under; `numbers` are those of their documents."""
        words = self.words
        prefixes = dict.fromkeys(prefix_key(word) for word in words if len(word) >= PREFIX_LETTERS)
        years = [year_key(birth_year)] if birth_year else []
        surname = (self.family or self.given or ("",))[0]
        initials = dict.fromkeys(initial_key(surname, each) for each in numbers if each[-4:].isdigit())
        return [*words, *prefixes, *years, *initials]
