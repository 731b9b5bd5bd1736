"""The turns of the clinic's day, read once for all screens of a desk and kept as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from clinicdesk.clinic.turns import queries
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit import clock

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.tui.desk_link import DeskLink


@dataclass(frozen=True, slots=True)
class Place:
    """A clinic as boards need it; `zone` is its IANA time zone."""

    clinic_id: int
    name: str
    zone: str


Watch = Callable[[frozenset[UUID] | None], None]
"""Hears the ids of the turns that changed; None says that all were read again."""


class Day:
    """Today's turns of one clinic, by id. Reads never overlap, so an older answer never wins."""

    def __init__(
        self, link: DeskLink, on_change: Watch, now: clock.Now = clock.now, place: Place | None = None
    ) -> None:
        """Empty until the first `reread`; without a place it is the actor's own clinic."""
        self._now = now
        self._link, self._on_change = link, on_change
        at = link.session.actor.at
        self.place = place or Place(at.clinic_id, at.clinic_name, at.zone)
        self._turns: dict[UUID, TurnRow] = {}
        self._sorted: list[TurnRow] | None = None
        self._before: dict[UUID, TurnRow] = {}
        self._reading = asyncio.Lock()
        self.read_at = now()
        """When all of it was last read (UTC)."""

    @property
    def today(self) -> date:
        """The calendar day at the clinic."""
        return clock.local_day(self._now(), self.place.zone)

    @property
    def rows(self) -> list[TurnRow]:
        """All turns, by time."""
        if self._sorted is None:
            self._sorted = sorted(self._turns.values(), key=lambda turn: (turn.starts_at, turn.id))
        return self._sorted

    def get(self, turn_id: UUID) -> TurnRow | None:
        """One turn as it is now."""
        return self._turns.get(turn_id)

    def before(self, turn_id: UUID) -> TurnRow | None:
        """The turn as it was before what was told last; None where it was not known."""
        return self._before.get(turn_id)

    def of_patient(self, patient_id: UUID) -> list[TurnRow]:
        """A patient's turns of the day, by time."""
        return [turn for turn in self.rows if patient_id in (turn.patient_id, turn.standing_id)]

    async def reread(self) -> None:
        """Read the whole day. Raises Refusal."""
        async with self._reading:
            rows = await self._link.see(queries.day_turns, queries.DayQuery(self.place.clinic_id, self.today))
            new = {row.id: row for row in rows}
            same, self.read_at = new == self._turns, self._now()
            self._turns, self._sorted, self._before = new, None, {}
        if not same:
            self._on_change(None)

    async def refresh(self, ids: Iterable[tuple[UUID, UUID]]) -> None:
        """Read these (patient, turn) again. Raises Refusal."""
        wanted = tuple(dict.fromkeys(ids))
        if not wanted:
            return
        async with self._reading:
            rows = await self._link.see(queries.turns_by_ids, queries.TurnsQuery(wanted))
            found = {row.id: row for row in rows if self._belongs(row)}
            changed = frozenset(each for _of, each in wanted if self._turns.get(each) != found.get(each))
            known = {each: self._turns.pop(each, None) for each in changed}
            self._before = {each: row for each, row in known.items() if row is not None}
            self._turns |= found
            self._sorted = None
        if changed:
            self._on_change(changed)

    async def take_in(self, changes: Iterable[Change]) -> None:
        """Read again what of these changes is of this day; no change at all: all of it. Raises Refusal."""
        every = list(changes)
        ours = [change for change in every if change.kind == "turn" and self._concerns(change)]
        if not every or any(not change.ids for change in ours):
            await self.reread()
        elif ours:
            await self.refresh(pair for change in ours for pair in change.ids)

    def _concerns(self, change: Change) -> bool:
        """Whether it is of this clinic's day, or of a turn that was."""
        here = change.clinic_id == self.place.clinic_id and change.day in {self.today, None}
        return here or any(each in self._turns for _of, each in change.ids)

    async def read_patient(self, patient_id: UUID) -> None:
        """Make sure of one patient's turns, should news of them still be on the way. Raises Refusal."""
        query = queries.PatientTurnsQuery(patient_id, self.today)
        async with self._reading:
            rows = await self._link.see(queries.patient_turns, query)
            found = {row.id: row for row in rows if self._belongs(row)}
            changed = frozenset(each for each, row in found.items() if self._turns.get(each) != row)
            self._before = {each: self._turns[each] for each in changed if each in self._turns}
            self._turns |= found
            self._sorted = None
        if changed:
            self._on_change(changed)

    def _belongs(self, row: TurnRow) -> bool:
        return row.clinic_id == self.place.clinic_id and row.day == self.today and row.voided_reason is None
