"""What a seal holds and what breaks it: pure, so that a shipped copy is judged as the database is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final

# Every column of an act, in the order in which it is hashed; `at` as microseconds since 1970.
COLUMNS: Final = (
    *("key", "person", "at", "role", "host", "clinic_id", "patient_id", "what", "purpose", "outcome"),
    *("refusal", "order_key", "subject", "session"),
)
AT: Final = COLUMNS.index("at")
ActText = tuple[str | None, ...]
FIRST_PREV: Final = "00" * 32
_FORM: Final = "clinicdesk.seal/1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal. Times are microseconds since 1970 as text, hashes hexadecimal."""

    n: int
    at: str
    settled_at: str | None
    count: int
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Item:
    """One act as a seal names it: `act` None where no such act is left."""

    n: int
    key: str
    leaf: str
    act: ActText | None


class Break(StrEnum):
    """What can be wrong, as scripts see it."""

    ALTERED = "altered"
    DELETED = "deleted"
    INSERTED = "inserted"
    SEAL_ALTERED = "seal_altered"
    SEAL_MISSING = "seal_missing"
    SEAL_REWRITTEN = "seal_rewritten"
    CHAIN_BROKEN = "chain_broken"
    TAIL_CUT = "tail_cut"
    UNSEALED = "unsealed"
    COPY_CUT = "copy_cut"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: the seal it belongs to, its act where it is one's, `until` the last seal of many."""

    kind: Break
    seal: int | None = None
    act: str | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known from elsewhere: anchored hashes by seal, the time now, how long an act may wait."""

    anchor: Mapping[int, str]
    now: datetime
    unsealed_minutes: int


def microseconds(at: datetime) -> str:
    """A time as acts and seals are hashed with it."""
    return str((at - _EPOCH) // _MICROSECOND)


def instant(text: str) -> datetime | None:
    """The time again; None where a calendar has no such time, which no honest act holds."""
    try:
        return _EPOCH + int(text) * _MICROSECOND
    except (ValueError, OverflowError):
        return None


def leaf(act: Sequence[str | None]) -> str:
    """The hash of one act, as `audit.seal` makes it."""
    return hashlib.sha256(json.dumps(list(act), ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def seal_hash(seal: Seal, items: Sequence[Item]) -> str:
    """The hash that a seal must have over the acts it names."""
    listed = b"".join(bytes.fromhex(each.key.replace("-", "") + each.leaf) for each in items)
    digest = hashlib.sha256(listed).hexdigest()
    lines = (_FORM, str(seal.n), seal.at, seal.settled_at or "-", str(len(items)), seal.prev, digest)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Check:
    """One verification: events in, findings out; the counts afterwards.

    Events are seals and items ordered by seal, items by key; nothing is held but one seal's items.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.seals = 0
        self.acts = 0
        self.unsealed = 0
        self.last: Seal | None = None
        self._bounds = bounds
        self._next = 1

    def sealed(self, events: Iterable[Seal | Item]) -> Iterator[Finding]:
        """What is wrong with seals and the acts in them."""
        for n, group in groupby(events, key=lambda each: each.n):
            if n > self._next:
                yield Finding(Break.SEAL_MISSING, self._next, until=n - 1)
            self._next = n + 1
            yield from self._one(n, list(group))
        anchored = max(self._bounds.anchor, default=0)
        if anchored >= self._next:
            yield Finding(Break.TAIL_CUT, self._next, until=anchored)

    def _one(self, n: int, group: Sequence[Seal | Item]) -> Iterator[Finding]:
        items = [each for each in group if isinstance(each, Item)]
        yield from self._acts(items)
        seals = [each for each in group if isinstance(each, Seal)]
        if not seals:
            yield Finding(Break.SEAL_MISSING, n, until=n)
            return
        for seal in seals:
            yield from self._seal(seal, items)

    def _acts(self, items: Iterable[Item]) -> Iterator[Finding]:
        settled = _number(self.last.settled_at) if self.last else None
        for each in items:
            self.acts += 1
            if each.act is None:
                yield Finding(Break.DELETED, each.n, each.key)
            elif leaf(each.act) != each.leaf:
                yield Finding(Break.ALTERED, each.n, each.key)
            elif _before(each.act, settled):
                yield Finding(Break.INSERTED, each.n, each.key)

    def _seal(self, seal: Seal, items: Sequence[Item]) -> Iterator[Finding]:
        self.seals += 1
        before, self.last = self.last, seal
        if seal.count != len(items) or seal_hash(seal, items) != seal.hash:
            yield Finding(Break.SEAL_ALTERED, seal.n)
        if seal.prev != (before.hash if before else FIRST_PREV):
            yield Finding(Break.CHAIN_BROKEN, seal.n)
        if self._bounds.anchor.get(seal.n, seal.hash) != seal.hash:
            yield Finding(Break.SEAL_REWRITTEN, seal.n)

    def waiting(self, acts: Iterable[ActText]) -> Iterator[Finding]:
        """What is wrong with acts that no seal names: dated before what is settled, or left too long."""
        settled = _number(self.last.settled_at) if self.last else None
        due = self._bounds.now - timedelta(minutes=self._bounds.unsealed_minutes)
        due_us = int(microseconds(due))
        asleep = self.last is None or (_number(self.last.at) or 0) < due_us
        for act in acts:
            self.unsealed += 1
            if _before(act, settled):
                yield Finding(Break.INSERTED, act=act[0])
            elif asleep and _before(act, due_us):
                yield Finding(Break.UNSEALED, act=act[0])


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def _before(act: ActText, limit: int | None) -> bool:
    """Whether an act bears a time before the limit; one without a calendar's time does."""
    at = _number(act[AT])
    return limit is not None and (at is None or at < limit)
