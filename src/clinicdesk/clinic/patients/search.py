"""Finding people by what was typed: words corrected by the vocabulary, people by keys, ranked here.

Two or three statements for most searches. Where too few fit, every word is corrected; where nobody does,
each word is left out in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import nsmallest
from typing import Final
from uuid import UUID

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from clinicdesk.clinic.patients.asking import Wanted
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.patients.ranking import Ranker, TypedWord
from clinicdesk.clinic.patients.spelling import PREFIX_LETTERS, initial_key, year_key
from clinicdesk.clinic.usecases import Reader

ENOUGH: Final = 10
"""So many good fits, and nothing is looked for any further."""
_GOOD: Final = 0.75
_CAP: Final = 1000
_MOST_GROUPS: Final = 4
_PHONE_TAIL: Final = 7
_PHONE_WHOLE: Final = 9
_FOUR: Final = 4
# A document that begins like a year names fewer people than the year: they would be lost among them.
_NUMBER_FIRST: Final = 0.01


@dataclass(slots=True)
class Ranked:
    """Ids best first; `total` people fit, and more than that where `capped`."""

    ids: list[UUID] = field(default_factory=list)
    total: int = 0
    capped: bool = False


def find_people(tx: Reader, wanted: Wanted, limit: int) -> Ranked:
    """Who fits: by number first, and by words where no number does."""
    wanted = wanted.by(tx.now.year)
    if wanted.document:
        found = _by_number(tx, wanted, limit)
        if found.ids or not (wanted.words or wanted.initial):
            return found
    if wanted.initial:
        return _NameSearch(tx, wanted).of_keys([wanted.initial], limit)
    if not any(len(word) >= PREFIX_LETTERS for word in wanted.words):
        return Ranked()
    return _NameSearch(tx, wanted).run(limit)


def _by_number(tx: Reader, wanted: Wanted, limit: int) -> Ranked:
    """Documents that begin so, then phones that end so. Of a long number the last digits will do."""
    backwards = wanted.phone[::-1]
    if len(backwards) >= _PHONE_WHOLE:
        backwards = backwards[:_PHONE_TAIL]
    called = func.search_numbers(wanted.document, backwards, 2 * limit + 1).table_valued("patient_id", "rank")
    ids = [row.patient_id for row in tx.rows(select(called).order_by(called.c.rank))]
    persons = _persons(tx, ids) if len(ids) > limit else ids
    return Ranked(persons[: limit + 1], min(len(persons), limit + 1), capped=len(persons) > limit)


def _persons(tx: Reader, ids: Sequence[UUID]) -> list[UUID]:
    """The first entry of each person, in their order: those who are merged have more than one."""
    asked = cast(func.string_to_array(listed(map(str, ids)), " "), ARRAY(Uuid))
    retired = select(patients.c.patient_id, patients.c.merged_into).where(
        patients.c.merged_into.is_not(None), patients.c.patient_id == func.any(asked)
    )
    stands = {row.patient_id: row.merged_into for row in tx.rows(retired)}
    first = {stands.get(each, each): each for each in reversed(ids)}
    return [each for each in ids if first[stands.get(each, each)] == each]


def listed(words: Iterable[str] | None) -> object:
    """A list of words as the functions take it."""
    return cast(None if words is None else " ".join(filter(None, words)), Text)


def vocabulary(tx: Reader, words: Sequence[TypedWord], *, slips: bool) -> None:
    """Let each word know which words of names it may stand for; with `slips` mistyped too."""
    if not words:
        return
    written = [each for word in words for each in ((word.word, *word.slips) if slips else (word.word,))]
    heard = [each for word in words for each in ((word.sound, *word.sound_slips) if slips else (word.sound,))]
    starts = [word.word for word in words if len(word.word) != PREFIX_LETTERS or word.is_short]
    sound_starts = [word.sound for word in words if slips and len(word.sound) > PREFIX_LETTERS]
    called = func.search_words(*map(listed, (written, heard, starts, sound_starts))).table_valued(
        "word", "sound", "people"
    )
    known = {row.word: (row.sound, row.people) for row in tx.rows(select(called))}
    for typed in words:
        typed.learn(known)


class _NameSearch:
    """One search by words: what is known of them, who was seen, what was asked already."""

    def __init__(self, tx: Reader, wanted: Wanted) -> None:
        self._tx, self._wanted = tx, wanted
        self._words = [TypedWord(word) for word in dict.fromkeys(wanted.words)]
        self._seen: dict[UUID, tuple[str, date | None]] = {}
        self._weights: dict[UUID, tuple[float, int]] = {}
        self._asked: set[tuple[tuple[tuple[str, ...], ...], str]] = set()
        self._numbered: set[UUID] = set()
        self._capped = False

    def of_keys(self, keys: list[str], limit: int) -> Ranked:
        """Everybody under one of these keys."""
        self._look([keys])
        ids = list(self._seen)
        persons = _persons(self._tx, ids) if len(ids) > limit else ids
        return Ranked(persons[: limit + 1], len(persons), self._capped)

    def run(self, limit: int) -> Ranked:
        """Known words as they are and beginnings, then corrected, then without one of them."""
        self._learn(self._words, slips=False)
        unknown = [word for word in self._words if not word.known() and not word.is_short]
        if unknown:
            self._learn(unknown, slips=True)
        self._look_for(self._words, corrected=unknown)
        if self._good() < ENOUGH:
            self._learn([word for word in self._words if word not in unknown], slips=True)
            self._look_for(self._words, corrected=self._words)
        if not self._fitting() and len(self._words) > 1:
            for left_out in self._words:
                rest = [word for word in self._words if word is not left_out]
                self._look_for(rest, corrected=rest)
        return self._ranked(limit)

    def _look_for(self, words: Sequence[TypedWord], *, corrected: Sequence[TypedWord]) -> None:
        """People with one key of every word, of the year and of the digits."""
        last = self._words[-1]
        groups = [(word, word.keys(corrected=word in corrected, last=word is last)) for word in words]
        groups.sort(key=lambda pair: pair[0].weight(pair[1]))
        chosen = [keys for _word, keys in groups][:_MOST_GROUPS]
        if self._wanted.year is not None:
            years = [year_key(self._wanted.year + step) for step in (0, -1, 1)]
            chosen = [*chosen[: _MOST_GROUPS - 1], years]
        if self._wanted.digits:
            self._look_with_digits(chosen)
        else:
            self._look(chosen)
        if self._wanted.either:
            self._look([keys for _word, keys in groups][:_MOST_GROUPS], self._wanted.either)
        if self._wanted.year is not None and not self._seen:
            self._look([keys for _word, keys in groups][:_MOST_GROUPS])

    def _look_with_digits(self, groups: list[list[str]]) -> None:
        digits = self._wanted.digits
        self._look(groups, digits)
        if len(digits) == _FOUR:
            initials = list(dict.fromkeys(initial_key(word.word, digits) for word in self._words))
            self._look([initials, *groups[: _MOST_GROUPS - 1]])

    def _look(self, groups: list[list[str]], digits: str = "") -> None:
        asked = (tuple(map(tuple, groups)), digits)
        if not groups or asked in self._asked:
            return
        self._asked.add(asked)
        particles = [each for each in self._wanted.particles if len(each) >= PREFIX_LETTERS]
        padded = [*groups, *[None] * (_MOST_GROUPS - len(groups))]
        called = func.search_people(*map(listed, padded), digits).table_valued("patient_id", "names", "birth")
        rows = self._tx.rows(select(called))
        self._capped = self._capped or len(rows) >= _CAP
        for row in rows:
            self._seen[row.patient_id] = (row.names, row.birth)
        if digits and digits == self._wanted.either:
            self._numbered.update(row.patient_id for row in rows)
            self._weights.clear()
        if particles and len(rows) >= _CAP and len(groups) < _MOST_GROUPS:
            self._look([[f"3{each[:PREFIX_LETTERS]}" for each in particles], *groups], digits)

    def _learn(self, words: Sequence[TypedWord], *, slips: bool) -> None:
        """What is known of the words decides what everybody seen costs."""
        vocabulary(self._tx, words, slips=slips)
        self._weights.clear()

    def _weighed(self) -> dict[UUID, tuple[float, int]]:
        """Cost and words without an answer of everybody seen, each weighed once."""
        ranker = Ranker(self._words, self._wanted.particles, self._wanted.year)
        numbered = Ranker(self._words, self._wanted.particles, None)
        for patient_id, (names, birth) in self._seen.items():
            if patient_id not in self._weights:
                by = numbered if patient_id in self._numbered else ranker
                cost, missing = by.cost(names, birth)
                self._weights[patient_id] = cost - _NUMBER_FIRST * (by is numbered), missing
        return self._weights

    def _good(self) -> int:
        return sum(1 for cost, missing in self._weighed().values() if not missing and cost < _GOOD)

    def _fitting(self) -> int:
        return sum(1 for _cost, missing in self._weighed().values() if not missing)

    def _ranked(self, limit: int) -> Ranked:
        weighed = self._weighed()
        least = min((missing for _cost, missing in weighed.values()), default=0)
        fitting = [patient_id for patient_id, (_cost, missing) in weighed.items() if missing <= least]
        if len(fitting) <= limit:
            best = nsmallest(limit + 1, weighed, key=lambda each: (*weighed[each], each))
            return Ranked(best, len(fitting), self._capped)
        persons = _persons(self._tx, sorted(fitting, key=lambda each: (*weighed[each], each)))
        return Ranked(persons[: limit + 1], len(persons), self._capped)
