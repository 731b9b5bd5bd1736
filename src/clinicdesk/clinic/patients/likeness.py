"""How likely two entries of the registry are one person. Pure.

Weights as ANDES has them: at registration the document decides; in audits of stored data wrong documents are
common and the name decides. DOMAIN.md gives document and name for audits; what they leave stands here as
sex .20 and birth .30, since half the registry shares a sex. Two rules beside the weights, measured:
an equal document always suggests, and without one a name of .9 with an equal birth does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from clinicdesk.clinic.patients.spelling import SearchNames, is_one_slip, sound

SUGGEST, SAME = 0.80, 0.94
AUDIT_SUGGEST, AUDIT_SAME = 0.75, 0.85
_NAME_ALONE: Final = 0.9
_SAME_SOUND, _SLIP_NAME, _BEGINNING = 0.95, 0.85, 0.8
PART_OF_BIRTH: Final = 0.5
_UNKNOWN: Final = 0.5
_EACH_EXTRA: Final = 0.05
_EXCHANGED: Final = 0.02
_ROUNDING: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Weights:
    """What each agreement is worth; all of them make 1."""

    document: float
    sex: float
    name: float
    birth: float
    suggest: float
    same: float


TYPING: Final = Weights(0.55, 0.30, 0.10, 0.05, SUGGEST, SAME)
AUDIT: Final = Weights(0.10, 0.20, 0.40, 0.30, AUDIT_SUGGEST, AUDIT_SAME)


@dataclass(frozen=True, slots=True)
class Identity:
    """What is compared: names as searched, sex F, M or X (or empty), birth, numbers of documents."""

    names: SearchNames
    sex: str
    birth: date | None
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, given: str, family: str, sex: str, birth: date | None, *numbers: str) -> Identity:
        """From what was written."""
        return cls(SearchNames.of(given, family), sex, birth, tuple(filter(None, numbers)))


@dataclass(frozen=True, slots=True)
class Likeness:
    """From 0 to 1; `suggests` and `same` say what is to be done about it."""

    score: float
    suggests: bool
    same: bool


def likeness(one: Identity, other: Identity, weights: Weights = TYPING) -> Likeness:
    """Compare two people; the order does not matter.

    Names take longest: where they cannot make the pair one to suggest, they count as nothing.
    """
    document = _documents(one.numbers, other.numbers)
    birth = _births(one.birth, other.birth)
    score = weights.document * document + weights.sex * (one.sex == other.sex != "") + weights.birth * birth
    no_document = not one.numbers or not other.numbers
    needed = (weights.suggest - score) / weights.name - _ROUNDING
    if document == 1.0:
        needed = 0.0
    elif no_document and birth == 1.0:
        needed = min(needed, _NAME_ALONE)
    name = _names(one.names, other.names, needed) if needed <= 1.0 else 0.0
    score += weights.name * name
    by_rule = document == 1.0 or (no_document and name >= _NAME_ALONE and birth == 1.0)
    score = round(score, 6)
    return Likeness(score, by_rule or score >= weights.suggest, score >= weights.same)


def may_suggest(document: float | None, birth: float, *, same_sex: bool, weights: Weights = TYPING) -> bool:
    """Whether names that agree wholly would suggest the pair; `document` None where one side has none.

    For whoever compares millions: names take longest.
    """
    if document == 1.0 or (document is None and birth == 1.0):
        return True
    most = weights.document * (document or 0) + weights.sex * same_sex + weights.name + weights.birth * birth
    return round(most, 6) >= weights.suggest


def _documents(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """1 for an equal number; nearly 1 for one digit wrong; 0 else or where either has none."""
    if not one or not other:
        return 0.0
    if one == other or not set(one).isdisjoint(other):
        return 1.0
    pairs = ((mine, theirs) for mine in one for theirs in other)
    near = (max(len(mine), len(theirs)) for mine, theirs in pairs if is_one_slip(mine, theirs))
    longest = max(near, default=1)
    return 1 - 1 / longest


def _births(one: date | None, other: date | None) -> float:
    """1 for the same day; a half for day and month exchanged, or one of day, month, year wrong."""
    if one is None or other is None:
        return 0.0
    if one == other:
        return 1.0
    mine, theirs = (one.year, one.month, one.day), (other.year, other.month, other.day)
    exchanged = mine == (theirs[0], theirs[2], theirs[1])
    equal = sum(a == b for a, b in zip(mine, theirs, strict=True))
    return PART_OF_BIRTH if exchanged or equal == len(mine) - 1 else 0.0


def _names(one: SearchNames, other: SearchNames, needed: float) -> float:
    """The best of both orders of surnames and given names, since the fields are often exchanged.

    An order that cannot reach `needed` is left after its first half; less than that is nothing.
    """
    half = 2 * needed - 1
    best = 0.0
    given = _words(one.given, other.given)
    if given >= half:
        best = (given + _words(one.family, other.family)) / 2
    if best == 1.0:
        return best
    crossed = _words(one.family, other.given)
    if crossed >= half:
        best = max(best, (crossed + _words(one.given, other.family)) / 2 - _EXCHANGED)
    return best if best >= needed else 0.0


def _words(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """How well the words of one part answer each other; a second one that only one side has costs little."""
    if one == other:
        return 1.0
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    if not few:
        return _UNKNOWN if many else 1.0
    best = _answered(few, many)
    if len(few) == len(many):
        return min(best, _answered(many, few))
    return max(best - _EACH_EXTRA * min(len(many) - len(few), 2), 0.0)


def _answered(some: tuple[str, ...], others: tuple[str, ...]) -> float:
    if len(others) == 1:
        only = others[0]
        return (
            _word(some[0], only) if len(some) == 1 else sum([_word(mine, only) for mine in some]) / len(some)
        )
    return sum([max([_word(mine, theirs) for theirs in others]) for mine in some]) / len(some)


@lru_cache(maxsize=50_000)
def _word(one: str, other: str) -> float:
    if one == other:
        return 1.0
    heard, told = sound(one), sound(other)
    if heard == told:
        return _SAME_SOUND
    if is_one_slip(one, other) or is_one_slip(heard, told):
        return _SLIP_NAME
    return _BEGINNING if one.startswith(other) or other.startswith(one) else 0.0
