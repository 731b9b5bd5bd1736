"""Who stands in the registry twice: everybody compared with those they share a block with. Pure, linear.

A block holds those with one key in common: the same birth and the sound of a surname or a given name, the
same names and half of a document, the same document. Whoever is registered twice with one thing wrong,
be it a name, the birth or a digit, shares one. Blocks of common keys are compared with neighbours alone.
"""

from __future__ import annotations

import gc
import heapq
import signal
from array import array
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import lru_cache
from itertools import chain
from multiprocessing import get_all_start_methods, get_context
from typing import Final
from uuid import UUID

from clinicdesk.clinic.patients.likeness import (
    AUDIT,
    PART_OF_BIRTH,
    Identity,
    likeness,
    may_suggest,
)
from clinicdesk.clinic.patients.spelling import SearchNames, sound

_ROW_BITS: Final = 26
_ROW_MASK: Final = (1 << _ROW_BITS) - 1
_HASH_MASK: Final = (1 << (63 - _ROW_BITS)) - 1
_NEIGHBOURS: Final = 40
_HALF: Final = 4
_NONE, _SEVERAL = 0, 1
_SORTED: Final = 250_000
_AT_HAND: Final = 256
"""Identities that are not unpacked anew: those who share a key come one after the other."""
_NEARLY: Final = 0.97
"""More than two numbers that are not equal can reach."""


class Scan:
    """Takes people one by one and then gives the pairs; some 200 bytes for each of them."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._ids = bytearray()
        self._texts, self._ends = bytearray(), array("q", [0])
        self._numbers, self._births, self._sexes = array("q"), array("i"), bytearray()
        self._blocks: list[array[int]] = [array("q") for _ in range(_Keys.COUNT)]

    def __len__(self) -> int:
        """How many have been taken."""
        return len(self._births)

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
        at = len(self)
        self._ids += patient_id.bytes
        self._texts += f"{names.stored}\t{' '.join(numbers)}".encode()
        self._ends.append(len(self._texts))
        self._numbers.append(_SEVERAL if len(numbers) > 1 else hash(numbers[0]) if numbers else _NONE)
        self._births.append(birth.year << 9 | birth.month << 5 | birth.day if birth else 0)
        self._sexes.append(ord(sex) if sex else 0)
        for block, key in zip(self._blocks, _Keys.of(names, birth, numbers), strict=True):
            if key:
                block.append((hash(key) & _HASH_MASK) << _ROW_BITS | at)

    def pairs(self, processes: int = 1) -> Iterator[tuple[UUID, UUID, float]]:
        """Likely duplicates, the lesser id first, with their likeness; each pair once.

        Several processes share the blocks where the system can fork: each sees the people without a copy.
        """
        seen: set[int] = set()
        for pair, score in chain.from_iterable(self._compared(processes)):
            if pair not in seen:
                seen.add(pair)
                first, second = sorted((self._id(pair >> _ROW_BITS), self._id(pair & _ROW_MASK)))
                yield first, second, score

    def _compared(self, processes: int) -> Iterator[list[tuple[int, float]]]:
        """What each block gives; those by birth, which hold most, come first."""
        if processes == 1 or "fork" not in get_all_start_methods():
            yield from map(self._alike, range(_Keys.COUNT))
            return
        with ProcessPoolExecutor(processes, get_context("fork"), _begin, (self,)) as pool:
            yield from pool.map(_alike_in, range(_Keys.COUNT))

    def _alike(self, number: int) -> list[tuple[int, float]]:
        """The likely duplicates of one block."""
        identity = lru_cache(maxsize=_AT_HAND)(self._identity)
        found = dict[int, float]()
        for one, other in _sharing(self._blocks[number]):
            pair = one << _ROW_BITS | other
            if pair in found or not self._promising(one, other):
                continue
            how = likeness(identity(one), identity(other), AUDIT)
            if how.suggests:
                found[pair] = how.score
        return list(found.items())

    def _promising(self, one: int, other: int) -> bool:
        """Whether all but the names leaves them a chance; most pairs have none."""
        birth = _births(self._births[one], self._births[other])
        mine, theirs = self._numbers[one], self._numbers[other]
        document = (
            None
            if _NONE in (mine, theirs)
            else 1.0
            if mine == theirs or _SEVERAL in (mine, theirs)
            else _NEARLY
        )
        same_sex = self._sexes[one] == self._sexes[other] != 0
        return may_suggest(document, birth, same_sex=same_sex, weights=AUDIT)

    def _id(self, at: int) -> UUID:
        return UUID(bytes=bytes(self._ids[16 * at : 16 * at + 16]))

    def _identity(self, at: int) -> Identity:
        packed = self._births[at]
        birth = date(packed >> 9, packed >> 5 & 15, packed & 31) if packed else None
        names, _, numbers = self._texts[self._ends[at] : self._ends[at + 1]].decode().partition("\t")
        sex = chr(self._sexes[at]) if self._sexes[at] else ""
        return Identity(SearchNames.parsed(names), sex, birth, tuple(numbers.split()))


def _births(one: int, other: int) -> float:
    """`likeness_of_births` at most, of births packed into whole numbers."""
    if one == other:
        return 1.0 if one else 0.0
    if not one or not other:
        return 0.0
    apart = one ^ other
    if (apart >> 9 != 0) + (apart >> 5 & 15 != 0) + (apart & 31 != 0) == 1:
        return PART_OF_BIRTH
    exchanged = one >> 9 == other >> 9 and one >> 5 & 15 == other & 31 and one & 31 == other >> 5 & 15
    return PART_OF_BIRTH if exchanged else 0.0


def _sorted(block: array[int]) -> Iterator[int]:
    """In order, a share at a time: whole numbers in a list take five times what they take in the block."""
    parts = [array("q", sorted(block[at : at + _SORTED])) for at in range(0, len(block), _SORTED)]
    return heapq.merge(*parts)


def _sharing(block: array[int]) -> Iterator[tuple[int, int]]:
    """Pairs of rows with one key; of a key that very many share, neighbours in the order of entry."""
    last, members = -1, list[int]()
    for each in _sorted(block):
        key = each >> _ROW_BITS
        if key != last:
            last, members = key, [each & _ROW_MASK]
            continue
        row = each & _ROW_MASK
        for other in members:
            yield other, row
        members.append(row)
        if len(members) > _NEIGHBOURS:
            del members[0]


_OURS: list[Scan] = []
"""In a process that helps: the scan it was born with."""


def _begin(scan: Scan) -> None:
    """A helping process: interrupted it goes without a word, and who it helps says what happened."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.freeze()  # the collector would write into pages that both share, and each would have its own
    _OURS.append(scan)


def _alike_in(number: int) -> list[tuple[int, float]]:
    return _OURS[0]._alike(number)


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
