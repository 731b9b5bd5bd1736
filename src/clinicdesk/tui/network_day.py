"""The day of every clinic at once, as counts kept by difference: a change reads the turns it names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from clinicdesk.clinic.admissions import rules as queueing
from clinicdesk.clinic.turns import network, queries
from clinicdesk.clinic.turns.board import late_minutes
from clinicdesk.clinic.turns.network import ClinicDay, NetworkTurn
from clinicdesk.clinic.turns.rules import HOLDS_CLAIMS, State
from clinicdesk.kit import clock
from clinicdesk.tui.look import TURN_STATES
from clinicdesk.tui.turn_filter import fits, words_of

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.tui.desk_link import DeskLink


class ClinicTurns:
    """One clinic's turns of the day: counts and sums move with each turn that comes, goes or changes."""

    def __init__(self, clinic: ClinicDay) -> None:
        """None yet."""
        self.clinic = clinic
        self.turns: dict[UUID, NetworkTurn] = {}
        self.counts = dict.fromkeys(TURN_STATES, 0)
        self._sums = [0, 0, 0, 0, 0]
        self._open: set[UUID] = set()
        """Who waits or is still expected: the only ones whom time makes late."""
        self._words: dict[UUID, tuple[str, ...]] = {}

    def put(self, turn_id: UUID, turn: NetworkTurn | None) -> bool:
        """A turn as it is now, None where it is no longer here; whether that is news."""
        old = self.turns.get(turn_id)
        if old == turn:
            return False
        self._words.pop(turn_id, None)
        if old is not None:
            self._count(old, -1)
        if turn is None:
            del self.turns[turn_id]
        else:
            self.turns[turn_id] = turn
            self._count(turn, 1)
        return True

    def _count(self, turn: NetworkTurn, step: int) -> None:
        self.counts[turn.state] += step
        seconds = int(turn.starts_at.timestamp())
        for at, value in enumerate((1, turn.seq, turn.calls, turn.triage or 0, seconds)):
            self._sums[at] += step * value
        if turn.state == State.EN_ESPERA or turn.state in HOLDS_CLAIMS:
            (self._open.add if step > 0 else self._open.discard)(turn.id)

    def is_of(self, clinic: ClinicDay) -> bool:
        """Whether this is still that clinic's day, whatever its turns."""
        old = self.clinic
        return (old.code, old.name, old.zone, old.day) == (clinic.code, clinic.name, clinic.zone, clinic.day)

    def agrees(self, clinic: ClinicDay) -> bool:
        """Whether these are the turns that the database has, as far as sums tell."""
        told = [clinic.turns, clinic.hops, clinic.calls, clinic.levels, clinic.starts]
        return told == self._sums

    def waiting(self, now: datetime) -> list[NetworkTurn]:
        """Who waits, the worst first: furthest over their level's target, else nearest to it."""
        queue = [self.turns[each] for each in self._open if self.turns[each].state == State.EN_ESPERA]
        return sorted(queue, key=lambda turn: (-_share(turn, now), turn.arrived_at or now, turn.id))

    def late(self, now: datetime) -> list[NetworkTurn]:
        """Who is expected and past their hour, by hour."""
        every = (self.turns[each] for each in self._open)
        return sorted(
            (turn for turn in every if late_minutes(turn, now)), key=lambda turn: (turn.starts_at, turn.id)
        )

    def found(self, wanted: Sequence[str], now: datetime) -> list[NetworkTurn]:
        """The turns that fit the words."""
        return [
            turn
            for turn in self.turns.values()
            if fits(self._words_of(turn), wanted, is_late=late_minutes(turn, now) > 0, is_free=False)
        ]

    def _words_of(self, turn: NetworkTurn) -> tuple[str, ...]:
        if turn.id not in self._words:
            self._words[turn.id] = words_of(turn)
        return self._words[turn.id]


def _share(turn: NetworkTurn, now: datetime) -> float:
    """The wait as a share of what the level allows; without a level as one of green."""
    most = max(1, queueing.most_minutes(turn))
    return queueing.wait_minutes(turn.arrived_at, now) / most


@dataclass(frozen=True, slots=True)
class ClinicRow:
    """A clinic as the network's board shows it; `worst` waits longest for its level."""

    id: int
    code: str
    name: str
    zone: str
    counts: tuple[int, ...]
    """In the order of `TURN_STATES`."""
    late: int
    over: int
    """How many wait longer than their level allows."""
    worst: NetworkTurn | None
    turns: int


class NetworkDay:
    """Every clinic's day. Reads never overlap, so an older answer never wins."""

    def __init__(self, link: DeskLink, on_change: Callable[[], None], now: clock.Now = clock.now) -> None:
        """Empty until the first `take_in`; `on_change` hears that counts are other."""
        self._link, self._on_change, self._now = link, on_change, now
        self._reading = asyncio.Lock()
        self.clinics: dict[int, ClinicTurns] = {}
        """By id, in the order of their codes."""

    async def take_in(self, changes: Iterable[Change]) -> None:
        """Read the turns that these changes name; no change at all: make sure of all. Raises Refusal."""
        every = [change for change in changes if change.kind == "turn"]
        async with self._reading:
            news = False
            if not self.clinics or not every:
                news = await self._make_sure()
            else:
                for_whole = {each.clinic_id for each in every if not each.ids and each.clinic_id is not None}
                pairs = tuple(dict.fromkeys(pair for each in every for pair in each.ids))
                news = await self._read_named(pairs)
                news = await self._read_whole(for_whole) or news
        if news:
            self._on_change()

    async def _make_sure(self) -> bool:
        """One small row for each clinic; the turns only of those that have other sums."""
        rows = await self._link.see(network.network_clinics, network.NetworkQuery(self._now()))
        known, self.clinics = self.clinics, {}
        for row in rows:
            held = known.get(row.id)
            self.clinics[row.id] = held if held is not None and held.is_of(row) else ClinicTurns(row)
        differ = {row.id for row in rows if not self.clinics[row.id].agrees(row)}
        others = [*known.values()] != [*self.clinics.values()]
        return await self._read_whole(differ) or others

    async def _read_whole(self, clinic_ids: set[int]) -> bool:
        ids = clinic_ids & self.clinics.keys()
        if not ids:
            return False
        found = await self._link.see(
            network.network_day, network.NetworkQuery(self._now(), tuple(sorted(ids)))
        )
        by_clinic: dict[int, dict[UUID, NetworkTurn]] = {each: {} for each in ids}
        for turn in found:
            by_clinic[turn.clinic_id][turn.id] = turn
        news = False
        for clinic_id, turns in by_clinic.items():
            held = self.clinics[clinic_id]
            for gone in held.turns.keys() - turns.keys():
                news = held.put(gone, None) or news
            for turn in turns.values():
                news = held.put(turn.id, turn) or news
        return news

    async def _read_named(self, pairs: tuple[tuple[UUID, UUID], ...]) -> bool:
        if not pairs:
            return False
        rows = await self._link.see(network.network_turns, queries.TurnsQuery(pairs))
        now = {row.id: row for row in rows if row.voided_reason is None}
        news = False
        for _of, each in pairs:
            turn = now.get(each)
            for held in self.clinics.values():
                here = turn is not None and self._belongs(turn, held)
                if here or each in held.turns:
                    news = held.put(each, turn if here else None) or news
        return news

    @staticmethod
    def _belongs(turn: NetworkTurn, held: ClinicTurns) -> bool:
        return turn.clinic_id == held.clinic.id and turn.day == held.clinic.day

    def rows(self, wanted: Sequence[str], now: datetime) -> list[ClinicRow]:
        """One for each clinic; with words, of those that have turns which fit, counting these alone."""
        if not wanted:
            return [_row(each, each.counts, len(each.turns), None, now) for each in self.clinics.values()]
        rows = []
        for each in self.clinics.values():
            if found := each.found(wanted, now):
                counts = dict.fromkeys(TURN_STATES, 0)
                for turn in found:
                    counts[turn.state] += 1
                rows.append(_row(each, counts, len(found), {turn.id for turn in found}, now))
        return rows

    @property
    def total(self) -> int:
        """How many turns there are today."""
        return sum(len(each.turns) for each in self.clinics.values())


def _row(
    held: ClinicTurns, counts: dict[str, int], turns: int, only: set[UUID] | None, now: datetime
) -> ClinicRow:
    waiting = [each for each in held.waiting(now) if only is None or each.id in only]
    late = [each for each in held.late(now) if only is None or each.id in only]
    clinic = held.clinic
    return ClinicRow(
        clinic.id,
        clinic.code,
        clinic.name,
        clinic.zone,
        tuple(counts[state] for state in TURN_STATES),
        len(late),
        sum(1 for each in waiting if queueing.is_overdue(each, now)),
        waiting[0] if waiting else None,
        turns,
    )
