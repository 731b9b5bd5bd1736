"""How well a person fits what was typed, from spelling alone. Pure; lower is better.

The weights are those measured with ten thousand queries over a million Spanish-American names
(benchmarks/people.py prints what they reach).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from math import log10
from typing import Final

from clinicdesk.clinic.patients.spelling import (
    PREFIX_LETTERS,
    SearchNames,
    one_slip,
    prefix_key,
    sound,
)

_PREFIX, _EACH_LETTER, _SOUND, _SLIP, _FIRST_LETTER = 0.10, 0.01, 0.12, 0.30, 0.06
_SOUND_PREFIX, _SOUND_SLIP, _UNMATCHED = 0.28, 0.45, 0.90
_RARE, _COMMONEST = 0.02, 6.0
_NO_SURNAME, _NO_GIVEN, _EXTRA = 0.15, 0.12, 0.01
_NEXT_YEAR, _OTHER_YEAR, _NO_YEAR, _NO_PARTICLE = 0.35, 0.80, 0.50, 0.02
MOST_ALTERNATIVES: Final = 120
"""More make the planner read the whole table."""
_SHORTEST_SLIP: Final = 3


class TypedWord:
    """One word as typed, and what each stored word costs as a reading of it."""

    def __init__(self, word: str) -> None:
        """A folded word."""
        self.word = word
        self._costs: dict[str, float | None] = {}
        self._people: dict[str, int] = {}

    @cached_property
    def sound(self) -> str:
        """How it sounds."""
        return sound(self.word)

    @cached_property
    def slips(self) -> frozenset[str]:
        """What a slip of a finger may have been meant as; nothing for the shortest words."""
        return one_slip(self.word) if len(self.word) >= _SHORTEST_SLIP else frozenset()

    @cached_property
    def sound_slips(self) -> frozenset[str]:
        """The same of how it sounds."""
        return one_slip(self.sound) if len(self.sound) >= _SHORTEST_SLIP else frozenset()

    @property
    def is_short(self) -> bool:
        """Whether it can only be a beginning, or one of the few short names."""
        return len(self.word) <= PREFIX_LETTERS

    def learn(self, people: Mapping[str, int]) -> None:
        """How many people bear each word that is known."""
        self._people.update(people)
        self._costs.clear()

    def known(self) -> bool:
        """Whether somebody bears this very word."""
        return self.word in self._people

    def cost(self, word: str) -> float | None:
        """What it costs to read the typed word as this one; None where it cannot be."""
        if word not in self._costs:
            self._costs[word] = self._weighed(word)
        return self._costs[word]

    def _weighed(self, word: str) -> float | None:
        if word == self.word:
            return 0.0
        found = self._spelled(word)
        if found is None:
            return None
        return found + _RARE * (_COMMONEST - log10(max(self._people.get(word, 1), 1)))

    def _spelled(self, word: str) -> float | None:
        if word.startswith(self.word):
            return _PREFIX + _EACH_LETTER * (len(word) - len(self.word))
        heard = sound(word)
        if heard == self.sound:
            return _SOUND
        if word in self.slips:
            return _SLIP + _FIRST_LETTER * (word[0] != self.word[0])
        if len(self.sound) >= PREFIX_LETTERS and heard.startswith(self.sound):
            return _SOUND_PREFIX
        return _SOUND_SLIP if heard in self.sound_slips else None

    def keys(self, *, corrected: bool, last: bool) -> list[str]:
        """The stored words it may stand for, the likeliest first: itself, beginnings, corrections."""
        beginning = last or self.is_short or corrected
        found = {self.word: 0.0}
        for word in self._people:
            cost = self.cost(word)
            if cost is not None and (corrected or (beginning and word.startswith(self.word))):
                found[word] = cost
        best = sorted(found, key=lambda word: (found[word], word))[:MOST_ALTERNATIVES]
        return [prefix_key(self.word), *best] if beginning and len(self.word) == PREFIX_LETTERS else best

    def weight(self, keys: Iterable[str]) -> int:
        """How many people the keys may lead to: the rarest word is asked for first."""
        if len(self.word) == PREFIX_LETTERS:
            return 10 * sum(self._people.values())
        return sum(self._people.get(key, 0) for key in keys)


class Ranker:
    """Weighs people against all that was typed."""

    def __init__(self, words: Iterable[TypedWord], particles: Iterable[str], year: int | None) -> None:
        self._words = tuple(words)
        self._particles = tuple(particles)
        self._year = year

    def cost(self, names: SearchNames, birth: date | None) -> tuple[float, int]:
        """The cost of a person, and how many of the words typed nothing answers to."""
        missing, named, total = 0, set(), 0.0
        for typed in self._words:
            best, answering = self._best(typed, names)
            missing += answering is None
            total += best
            named.add(answering)
        return total + self._names(names, named) + self._born(birth) + self._particle_cost(names), missing

    @staticmethod
    def _best(typed: TypedWord, names: SearchNames) -> tuple[float, str | None]:
        best, answering = _UNMATCHED, None
        for word in names.words:
            cost = typed.cost(word)
            if cost is not None and cost < best:
                best, answering = cost, word
        return best, answering

    @staticmethod
    def _names(names: SearchNames, named: set[str | None]) -> float:
        """Who is named by the first surname and the first given name is likelier meant."""
        joined = {each for each in named if each in names.joined}
        ends = tuple(names.family[:1])
        surname = not ends or ends[0] in named or any(each.endswith(ends[0]) for each in joined if each)
        given = not names.given or names.given[0] in named or len(names.given[0]) < 1
        extra = len(names.family) + len(names.given) - len(named - {None})
        return _NO_SURNAME * (not surname) + _NO_GIVEN * (not given) + _EXTRA * max(extra, 0)

    def _born(self, birth: date | None) -> float:
        if self._year is None:
            return 0.0
        if birth is None:
            return _NO_YEAR
        apart = abs(birth.year - self._year)
        return 0.0 if apart == 0 else _NEXT_YEAR if apart == 1 else _OTHER_YEAR

    def _particle_cost(self, names: SearchNames) -> float:
        words = names.words
        return _NO_PARTICLE * sum(
            not any(word.startswith(particle) for word in words) for particle in self._particles
        )
