"""`e`: a screen that points at a person corrects their data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from uuid import UUID

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_verbs import CLOSED, NO_RIGHT


class Correcting(ClinicScreen):
    """A screen from which a person's data are corrected."""

    @abstractmethod
    def patient(self) -> tuple[UUID, str] | None:
        """Id and whole name of the person pointed at."""

    @abstractmethod
    def sees_a_face(self) -> bool:
        """Whether of that person the identity alone is seen."""

    @abstractmethod
    def corrected(self, patient: PatientRow, said: str) -> None:
        """The form has closed with this person; `said` tells what became of it."""

    def correcting_commands(self, *, in_bar: bool = True) -> Iterable[Command]:
        """Its one key."""
        yield Command("e", _("Datos"), self.correct, _("corregir sus datos"), self._no_correcting, in_bar)

    def _no_correcting(self) -> str | None:
        if not self.actor.may(Permission.PATIENT_WRITE):
            return NO_RIGHT
        if self.sees_a_face():
            return CLOSED
        return self.no_line() or (None if self.patient() else _("no hay un paciente señalado"))

    async def correct(self) -> None:
        """Open the form of the person pointed at when the key came."""
        from clinicdesk.tui.roles.edit_patient import edit_patient

        who = self.patient()
        if who is not None:
            await edit_patient(self, who[0], self.corrected)
