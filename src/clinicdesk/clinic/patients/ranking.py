"""How well a person fits what was typed, from spelling alone. Pure; lower is better.

The weights are those measured with ten thousand queries over a million Spanish-American names
(benchmarks/people.py prints what they reach).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from math import log10
from typing import Final
from weakref import WeakMethod

from clinicdesk.clinic.patients.spelling import PREFIX_LETTERS, one_slip, prefix_key, sound

_PREFIX, _EACH_LETTER, _SOUND, _SLIP, _FIRST_LETTER = 0.10, 0.01, 0.12, 0.30, 0.06
_SOUND_PREFIX, _SOUND_SLIP, _UNMATCHED = 0.28, 0.45, 0.90
_RARE, _COMMONEST = 0.02, 6.0
_NO_SURNAME, _NO_GIVEN, _EXTRA = 0.15, 0.12, 0.01
_NEXT_YEAR, _OTHER_YEAR, _NO_YEAR, _NO_PARTICLE, _TWICE = 0.35, 0.80, 0.50, 0.08, 0.25
MOST_ALTERNATIVES: Final = 120
"""More make the planner read the whole table."""
_SHORTEST_SLIP: Final = 3
Known = tuple[str, int]
"""How a word of the vocabulary sounds, and how many people bear it."""


class _Costs(dict[str, float]):
    """What each stored word costs as a reading of one that was typed, reckoned when first asked for.

    The typed word is not held: thousands of costs go when their search ends, not when the collector comes.
    """

    def __init__(self, weigh: Callable[[str], float]) -> None:
        super().__init__()
        self._weigh = WeakMethod(weigh)

    def __missing__(self, word: str) -> float:
        weigh = self._weigh()
        if weigh is None:
            raise KeyError(word)
        cost = self[word] = weigh(word)
        return cost


class TypedWord:
    """One word as typed, and what each stored word costs as a reading of it."""

    def __init__(self, word: str) -> None:
        """A folded word."""
        self.word = word
        self.costs = _Costs(self._weighed)
        self._known: dict[str, Known] = {}

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

    def learn(self, words: Mapping[str, Known]) -> None:
        """The words of names it may stand for, how they sound and how many people bear them."""
        self._known.update(words)
        self.costs.clear()

    def known(self) -> bool:
        """Whether somebody bears this very word."""
        return self.word in self._known

    def _weighed(self, word: str) -> float:
        """Nothing but a beginning can be a reading that the vocabulary did not name."""
        if word == self.word:
            return 0.0
        heard, people = self._known.get(word, (None, 1))
        found = self._spelled(word, heard)
        return found if found >= _UNMATCHED else found + _RARE * (_COMMONEST - log10(max(people, 1)))

    def _spelled(self, word: str, heard: str | None) -> float:
        if word.startswith(self.word):
            return _PREFIX + _EACH_LETTER * (len(word) - len(self.word))
        if heard is None:
            return _UNMATCHED
        if heard == self.sound:
            return _SOUND
        if word in self.slips:
            return _SLIP + _FIRST_LETTER * (word[0] != self.word[0])
        if len(self.sound) >= PREFIX_LETTERS and heard.startswith(self.sound):
            return _SOUND_PREFIX
        return _SOUND_SLIP if heard in self.sound_slips else _UNMATCHED

    def keys(self, *, corrected: bool, last: bool) -> list[str]:
        """The stored words it may stand for, the likeliest first: itself, beginnings, corrections."""
        beginning = last or self.is_short or corrected
        found = {self.word: 0.0}
        for word in self._known:
            cost = self.costs[word]
            if cost < _UNMATCHED and (corrected or (beginning and word.startswith(self.word))):
                found[word] = cost
        whole = prefix_key(self.word) if beginning and len(self.word) == PREFIX_LETTERS else ""
        if whole:
            found = {word: cost for word, cost in found.items() if not word.startswith(self.word)}
        best = sorted(found, key=lambda word: (found[word], word))[:MOST_ALTERNATIVES]
        return [whole, *best] if whole else best

    def weight(self, keys: Iterable[str]) -> int:
        """How many people the keys may lead to: the rarest word is asked for first."""
        if len(self.word) == PREFIX_LETTERS:
            return 10 * sum(people for _sound, people in self._known.values())
        return sum(self._known[key][1] for key in keys if key in self._known)


class Ranker:
    """Weighs people against all that was typed."""

    def __init__(self, words: Iterable[TypedWord], particles: Iterable[str], year: int | None) -> None:
        self._costs = tuple(word.costs for word in words)
        self._particles = tuple(particles)
        self._year = year

    def cost(self, stored: str, birth: date | None) -> tuple[float, int]:
        """The cost of a person, names as `SearchNames.stored`, and how many typed words nothing answers to.

        Called for a thousand people between two keys typed: no object is made for any of them.
        """
        family, given, joined = (part.split() for part in stored.split("|"))
        words = [*family, *given, *joined]
        missing, named, total = 0, set[str](), 0.0
        for costs in self._costs:
            best, answering = _UNMATCHED, ""
            for word in words:
                cost = costs[word]
                if cost < best:
                    best, answering = cost, word
            total += best if answering not in named else best + _TWICE
            if answering:
                named.add(answering)
            else:
                missing += 1
        total += self._names(family, given, joined, named)
        if self._year is not None:
            total += self._born(birth)
        if self._particles:
            total += self._particle_cost(words)
        return total, missing

    @staticmethod
    def _names(family: list[str], given: list[str], joined: list[str], named: set[str]) -> float:
        """Who is named by the first surname and the first given name is likelier meant."""
        surname = not family or family[0] in named
        if not surname and joined:
            surname = any(each in named and each.endswith(family[0]) for each in joined)
        first = not given or given[0] in named
        extra = len(family) + len(given) - len(named)
        return _NO_SURNAME * (not surname) + _NO_GIVEN * (not first) + _EXTRA * max(extra, 0)

    def _born(self, birth: date | None) -> float:
        if birth is None or self._year is None:
            return _NO_YEAR
        apart = abs(birth.year - self._year)
        return 0.0 if apart == 0 else _NEXT_YEAR if apart == 1 else _OTHER_YEAR

    def _particle_cost(self, words: list[str]) -> float:
        return _NO_PARTICLE * sum(
            not any(word.startswith(particle) for word in words) for particle in self._particles
        )
