"""Who stands in the registry twice: everybody compared with those they share a block with. Pure, linear.

A block holds those with one key in common: the same birth and the sound of a surname or a given name, the
same names and half of a document, the same document. Whoever is registered twice with one thing wrong,
be it a name, the birth or a digit, shares one. Blocks of common keys are compared with neighbours alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from sys import intern
from typing import Final
from uuid import UUID

from clinicdesk.clinic.patients.likeness import (
    AUDIT,
    Identity,
    likeness,
    likeness_of_births,
    likeness_of_numbers,
    may_suggest,
)
from clinicdesk.clinic.patients.spelling import SearchNames, sound

_ROW_BITS: Final = 26
_ROW_MASK: Final = (1 << _ROW_BITS) - 1
_HASH_MASK: Final = (1 << (63 - _ROW_BITS)) - 1
_NEIGHBOURS: Final = 40
_HALF: Final = 4
_NEARLY: Final = 0.99
"""More than two numbers that are not equal can reach."""


class Scan:
    """Takes people one by one and then gives the pairs; some 250 bytes for each of them."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._ids = bytearray()
        self._names: list[str] = []
        self._numbers: list[str] = []
        self._births: list[date | None] = []
        self._days: dict[date | None, date | None] = {}
        self._sexes: list[str] = []
        self._blocks: list[array[int]] = [array("q") for _ in range(_Keys.COUNT)]

    def __len__(self) -> int:
        """How many have been taken."""
        return len(self._names)

    def add(
        self,
        patient_id: UUID,
        given: str,
        family: str,
        sex: str,
        birth: date | None,
        numbers: tuple[str, ...],
    ) -> None:
        """One more entry of the registry."""
        names = SearchNames.of(given, family)
        at = len(self._names)
        self._ids += patient_id.bytes
        self._names.append(names.stored)
        self._numbers.append(" ".join(numbers))
        self._births.append(self._days.setdefault(birth, birth))
        self._sexes.append(intern(sex))
        for block, key in zip(self._blocks, _Keys.of(names, birth, numbers), strict=True):
            if key:
                block.append((hash(key) & _HASH_MASK) << _ROW_BITS | at)

    def pairs(self) -> Iterator[tuple[UUID, UUID, float]]:
        """Likely duplicates, the lesser id first, with their likeness; each pair once."""
        seen: set[int] = set()
        while self._blocks:
            for one, other in _sharing(self._blocks.pop()):
                if not self._promising(one, other) or (pair := one << _ROW_BITS | other) in seen:
                    continue
                how = likeness(self._identity(one), self._identity(other), AUDIT)
                if how.suggests:
                    seen.add(pair)
                    first, second = sorted((self._id(one), self._id(other)))
                    yield first, second, how.score

    def _promising(self, one: int, other: int) -> bool:
        """Whether all but the names leaves them a chance; most pairs have none."""
        mine, theirs = self._numbers[one], self._numbers[other]
        birth = likeness_of_births(self._births[one], self._births[other])
        same_sex = self._sexes[one] == self._sexes[other] != ""
        document = None if not (mine and theirs) else 1.0 if mine == theirs else _NEARLY
        if document == _NEARLY and (" " in mine or " " in theirs):
            document = likeness_of_numbers(tuple(mine.split()), tuple(theirs.split()))
        if not may_suggest(document, birth, same_sex=same_sex, weights=AUDIT):
            return False
        if document == _NEARLY:
            document = likeness_of_numbers((mine,), (theirs,))
        return may_suggest(document, birth, same_sex=same_sex, weights=AUDIT)

    def _id(self, at: int) -> UUID:
        return UUID(bytes=bytes(self._ids[16 * at : 16 * at + 16]))

    def _identity(self, at: int) -> Identity:
        names = SearchNames.parsed(self._names[at])
        return Identity(names, self._sexes[at], self._births[at], tuple(self._numbers[at].split()))


def _sharing(block: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Pairs of rows with one key; of a key that very many share, neighbours in the order of entry."""
    last, members = -1, list[int]()
    for each in sorted(block):
        key, row = each >> _ROW_BITS, each & _ROW_MASK
        if key != last:
            last = key
            members.clear()
        for other in members:
            yield other, row
        members.append(row)
        if len(members) > _NEIGHBOURS:
            del members[0]


class _Keys:
    """The keys of one person, always as many and in the same order; an empty one shares nothing."""

    COUNT: Final = 9

    @classmethod
    def of(cls, names: SearchNames, birth: date | None, numbers: tuple[str, ...]) -> tuple[str, ...]:
        """By birth, by names, by documents."""
        family, given = (sound(part[0]) if part else "" for part in (names.family, names.given))
        number = numbers[0] if numbers else ""
        whole = "|".join(sorted((family, given))) if family and given else ""
        return (
            *cls._born(names, family, given, birth),
            *cls._named(whole, birth),
            *cls._numbered(whole, number),
        )

    @staticmethod
    def _born(names: SearchNames, family: str, given: str, birth: date | None) -> tuple[str, ...]:
        if birth is None:
            return ("", "", "")
        second = sound(names.family[1]) if len(names.family) > 1 else ""
        return tuple(f"{name}|{birth.isoformat()}" if name else "" for name in (family, given, second))

    @staticmethod
    def _named(whole: str, birth: date | None) -> tuple[str, ...]:
        """The same names, and two of day, month and year; day and month in either order."""
        if not whole or birth is None:
            return ("", "", "")
        low, high = sorted((birth.day, birth.month))
        return (
            f"{whole}|{birth.year}|{low}.{high}",
            f"{whole}|{birth.month}-{birth.day}",
            f"{whole}|{birth.year}-{birth.month}",
        )

    @staticmethod
    def _numbered(whole: str, number: str) -> tuple[str, ...]:
        if not number:
            return ("", "", "")
        halves = (f"{whole}|{number[:_HALF]}", f"{whole}|~{number[-_HALF:]}") if whole else ("", "")
        return (number, *halves)
