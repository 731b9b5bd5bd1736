"""ClinicScreen: a screen of somebody who is logged in, kept up to date by the desk."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast
from uuid import UUID

from clinicdesk.kit.words import _
from clinicdesk.tui.parts import DeskScreen, HeaderBar

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.clinic.records.service import SaveDraft
    from clinicdesk.clinic.rights import Actor
    from clinicdesk.clinic.usecases import AnswerT, OrderT, QueryT, RowsT, UseCase, View
    from clinicdesk.tui.app import ClinicDesk
    from clinicdesk.tui.day import Day
    from clinicdesk.tui.desk_link import DeskLink

T = TypeVar("T")


class ClinicScreen(DeskScreen):
    """Base of the homes, the board, the forms: who acts, the way to the domain, and what changes.

    `do` and `see` reach the domain. The desk calls `turns_changed`, `changed`, `minute` and
    `line_changed` on every open screen; each does nothing unless overridden.
    """

    f3_words: ClassVar[tuple[str, str]] = (_("Tablero"), _("tablero de turnos"))
    """What F3 is called here: in the bar, and in the help."""

    @property
    def desk(self) -> ClinicDesk:
        """The app, as the clinic's desk."""
        return cast("ClinicDesk", self.app)

    @property
    def link(self) -> DeskLink:
        """The session of who is logged in."""
        return self.desk.link

    @property
    def actor(self) -> Actor:
        """Who is logged in, in which role and clinic."""
        return self.link.session.actor

    @property
    def day(self) -> Day:
        """Today's turns of the clinic, always as they are now. Only for roles with turn.read."""
        return self.desk.day

    async def do(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
        """Carry out an order. Raises Refusal, which the desk shows in the prompt line."""
        answer = await self.link.do(case, order)
        self._was_about(order)
        return answer

    async def see(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        """Read rows. Raises Refusal."""
        rows = await self.link.see(view, query)
        if view.act:
            self._was_about(query)
        return rows

    def _was_about(self, asked: object) -> None:
        """Whom an act was about is one of this login's last patients."""
        patient_id = getattr(asked, "patient_id", None)
        if isinstance(patient_id, UUID):
            self.desk.recent.add(patient_id)

    def now(self) -> datetime:
        """This instant, as the desk's clock has it (UTC)."""
        return self.desk.now()

    def today(self) -> datetime:
        """The same on the clinic's wall clock."""
        return self.desk.clock()

    # What the desk tells its screens

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """These turns of `day` are other now; None: all were read again."""

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """Rows of any kind changed somewhere in the network; empty: anything may have."""

    def minute(self) -> None:
        """Another minute on the wall clock: waits have grown."""

    def line_changed(self) -> None:
        """The line to the database was lost, or is back (`desk.offline`)."""

    async def leaving(self) -> None:
        """The person logs out, or the desk is locked: save what must not be lost. Must not raise."""

    @property
    def pressing(self) -> bool:
        """Whether what Enter will do now must not stand behind news."""
        return False

    @property
    def unsaved(self) -> bool:
        """Whether something typed stands here alone: it would be lost if the screen were closed."""
        return False

    def rest(self) -> SaveDraft | None:
        """The save of a draft that the database did not take, for the person's next login at this desk."""
        return None

    async def unlocked(self) -> None:
        """The person is back, after a lock that ended what was open at the server."""

    # What screens ask

    def no_line(self) -> str | None:
        """Why a key that needs the database cannot work now; for `why_not` of commands."""
        return _("necesita la base de datos, y no hay línea") if self.desk.offline else None

    def resumed(self) -> None:
        """In front again: the header catches up."""
        self.query_one(HeaderBar).connection(self.desk.connection)
        self.line_changed()

    def in_background(self, work: Awaitable[None]) -> None:
        """Run something nobody waits for; its refusal goes to the prompt line, a bug is logged."""
        self.desk.in_background(work)
