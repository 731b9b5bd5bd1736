"""Charts are lent: a closed one is asked for, one whose time is over leaves the screen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from clinicdesk.clinic.desk import NoCareRelation
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.privacy.service import LeaseAnswer
from clinicdesk.clinic.records import queries
from clinicdesk.clinic.usecases import QueryT, RowsT, View
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words
from clinicdesk.tui.parts import Command
from clinicdesk.tui.roles.attending import Attending
from clinicdesk.tui.roles.break_glass import BreakGlass
from clinicdesk.tui.roles.chart_closed import ChartClosed, urgency_words
from clinicdesk.tui.roles.find_patient import FindPatient


class Guarded(Attending):
    """A home whose open chart may be closed, and which finds people who are not in its queue."""

    farewell = ""
    """Why the chart went, told once this screen is in front."""

    def __init__(self) -> None:
        """Nothing was opened by emergency."""
        super().__init__()
        self._urgent: dict[UUID, datetime] = {}

    @abstractmethod
    def close_chart(self) -> None:
        """Take the chart off the screen."""

    @abstractmethod
    async def look_again(self) -> None:
        """Read the open chart once more."""

    def finding_commands(self) -> Iterable[Command]:
        """Its one key."""
        yield Command("/", _("Buscar"), self.find_patient, _("buscar un paciente"), self.no_line)

    # Finding

    async def find_patient(self) -> None:
        """`/`: anybody of the network; whose chart is closed is asked for."""
        await self.desk.push_screen(FindPatient(_("Enter abre la historia de {}."), self._open_found))

    async def _open_found(self, patient: PatientRow) -> None:
        mine = [turn for turn in self.day.rows if turn.doctor_id == self.actor.person_id]
        own = turn_words.turn_of_today(turn for turn in mine if turn.standing_id == patient.patient_id)
        await self.open_chart(patient.patient_id, own.id if own else None)

    # By emergency

    async def ask_urgently(self, patient_id: UUID, turn_id: UUID | None) -> None:
        """The chart is closed: say so, and what opens it."""
        patient = await self.see(registry.reread, registry.PatientQuery(patient_id))
        opened = partial(self._opened, patient_id, turn_id)
        await self.desk.push_screen(BreakGlass(patient, opened))

    async def _opened(self, patient_id: UUID, turn_id: UUID | None, lease: LeaseAnswer) -> None:
        self._urgent[patient_id] = lease.until
        await self.open_chart(patient_id, turn_id)
        self.prompt.say(f"{self.urgency_of(patient_id)}. {_('Privacidad fue avisada.')}")

    def urgency_of(self, patient_id: UUID) -> str:
        """`Historia abierta por urgencia hasta las 11:50`, or nothing."""
        until = self._urgent.get(patient_id)
        if until is None or until <= self.now():
            return ""
        return urgency_words(until, self.zone)

    # Closing by itself

    async def see(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        """Read rows. Raises ChartClosed where the chart on the screen is closed by now."""
        try:
            return await super().see(view, query)
        except NoCareRelation as refusal:
            attended, about = self.attended, getattr(query, "patient_id", None)
            if view is queries.open_chart or attended is None or attended.patient_id != about:
                raise
            self._urgent.pop(attended.patient_id, None)
            self.close_chart()
            raise ChartClosed from refusal

    def minute(self) -> None:
        """A chart whose half hour is over is read again: it closes, unless there is a care relation now."""
        super().minute()
        attended = self.attended
        until = self._urgent.get(attended.patient_id) if attended is not None else None
        if attended is not None and until is not None and until <= self.now():
            del self._urgent[attended.patient_id]
            self.in_background(self.look_again())

    def say_goodbye(self, closed: ChartClosed) -> None:
        """Tell why the chart went, now or when this screen is in front again."""
        if self.desk.screen is self:
            self.prompt.alarm(str(closed))
        else:
            self.farewell = str(closed)

    def resumed(self) -> None:
        """In front again."""
        super().resumed()
        if self.farewell:
            self.prompt.alarm(self.farewell)
            self.farewell = ""
