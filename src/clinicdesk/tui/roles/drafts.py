"""A draft kept on the server while it is typed: every 20 keys or 2 seconds, again until it is there.

The version counts the saves. A save whose answer was lost is repeated word for word before the next
one, so that the server tells its own draft from another desk's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from clinicdesk.clinic.records.errors import DraftChanged
from clinicdesk.clinic.records.plan import NOTHING, Late, Plan
from clinicdesk.clinic.records.queries import DraftRow
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.records.service import DraftAnswer, SaveDraft
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.ids import new_id

MOST_KEYS: Final = 20
MOST_SECONDS: Final = 2.0
_LAST_RETRY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the editor."""

    text: str
    diagnoses: tuple[DiagnosisEntry, ...] = ()
    plan: Plan = NOTHING
    late: Late | None = None

    def put_in(self, order: SaveDraft, version: int) -> SaveDraft:
        """The save of it as that version, under a key of its own."""
        return replace(
            order,
            key=new_id(),
            text=self.text,
            diagnoses=self.diagnoses,
            plan=self.plan,
            late=self.late,
            version=version,
        )


class Editing(Protocol):
    """The screen that a draft is typed in."""

    def written(self) -> Written:
        """What stands there now."""

    def join(self, theirs: DraftRow) -> None:
        """Another desk saved this draft too: show both texts. Raises Refusal if they do not fit."""

    def draft_state(self) -> None:
        """The state of the draft is another one: say so."""

    def draft_bug(self, error: Exception) -> None:
        """A save failed for no reason a person can act upon: log it."""


Save = Callable[[SaveDraft], Awaitable[DraftAnswer]]
Read = Callable[[], Awaitable[DraftRow | None]]


class DraftKeeper:
    """Saves what is typed. `run` does it until cancelled; `save` does it now and raises what went wrong."""

    def __init__(self, first: SaveDraft, editing: Editing, save: Save, read: Read, held: str = "") -> None:
        """`first` names patient, visit and draft; `held` is that version's text (0: none) on the server."""
        self._order, self._editing, self._send, self._read = first, editing, save, read
        self.version = first.version
        self.held = held
        """The text on the server, as this desk knew it last."""
        self.saved_at: datetime | None = None
        self.failing_since: datetime | None = None
        """When a save first failed, None while all is well."""
        self._unsure: SaveDraft | None = None
        self._keys = 0
        self._due: float | None = None
        self._wake = asyncio.Event()
        self._saving = asyncio.Lock()

    @property
    def dirty(self) -> bool:
        """Whether something is not on the server yet."""
        return self._due is not None

    def touch(self, keys: int) -> None:
        """So many characters changed."""
        self._keys += keys
        if self._due is None:
            self._due = _time() + MOST_SECONDS
        if self._keys >= MOST_KEYS:
            self._due = min(self._due, _time())
        self._wake.set()

    def hurry(self) -> None:
        """The line is back: do not wait for the next try."""
        if self._due is not None:
            self._due = _time()
            self._wake.set()

    async def run(self) -> None:
        """Save what is due, as long as the screen is open; no error ends it."""
        pause = MOST_SECONDS
        while True:
            await self._until_due()
            try:
                await self._save_due()
                pause = MOST_SECONDS
            except Exception as error:  # noqa: BLE001 - after a bug too the next try may save the text
                if not isinstance(error, Refusal):
                    self._editing.draft_bug(error)
                self._due = _time() + pause
                pause = min(2 * pause, _LAST_RETRY_SECONDS)

    async def _until_due(self) -> None:
        while self._due is None or self._due > _time():
            self._wake.clear()
            wait = None if self._due is None else max(0.0, self._due - _time())
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                return

    def rest(self) -> SaveDraft | None:
        """The save that is still owed, None where the server has everything."""
        if not self.dirty:
            return None
        return self._editing.written().put_in(self._order, self.version + 1)

    async def save(self) -> None:
        """Everything to the server, now, also what is on its way there. Raises Refusal; it stays due then."""
        while self.dirty or self._saving.locked():
            await self._save_due()

    async def _save_due(self) -> None:
        async with self._saving:
            due, keys = self._due, self._keys
            if due is None:
                return
            self._due, self._keys = None, 0
            try:
                await self._save_once()
            except BaseException:
                self._due, self._keys = due if self._due is None else self._due, keys + self._keys
                self.failing_since = self.failing_since or clock.now()
                self._editing.draft_state()
                raise

    async def _save_once(self) -> None:
        try:
            if self._unsure is not None:
                await self._put(self._unsure)
            await self._put(self._editing.written().put_in(self._order, self.version + 1))
        except DraftChanged:
            await self._join()

    async def _put(self, order: SaveDraft) -> None:
        try:
            answer = await self._send(order)
        except Refusal as refusal:
            self._unsure = order if refusal.exit is Exit.UNREACHABLE else None
            raise
        self._unsure = None
        self.version, self.saved_at, self.failing_since = answer.version, answer.saved_at, None
        self.held = order.text
        self._editing.draft_state()

    async def _join(self) -> None:
        """Take the other desk's text under ours, and save both as the next version.

        Where there is no room for both each stays where it is: theirs on the server, ours on the screen.
        """
        theirs = await self._read()
        self._unsure = None
        if theirs is not None:
            self._editing.join(theirs)
        self.version, self.held = (theirs.version, theirs.text) if theirs is not None else (0, "")
        self.touch(MOST_KEYS)


def _time() -> float:
    return asyncio.get_running_loop().time()
