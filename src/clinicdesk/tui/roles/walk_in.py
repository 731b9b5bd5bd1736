"""`d`: somebody without a turn is admitted, asked in the reserved line: for whom, why, triage."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.queries import DoctorRow
from clinicdesk.clinic.turns.services import ServiceRow, ServicesQuery, services
from clinicdesk.kit.names import short_name
from clinicdesk.kit.text import cells, fit
from clinicdesk.kit.words import _
from clinicdesk.tui import papers
from clinicdesk.tui.lettering import lettered, lettered_services
from clinicdesk.tui.look import TRIAGE
from clinicdesk.tui.parts import Command
from clinicdesk.tui.turn_verbs import NO_RIGHT, TurnVerbs

REASONS: Final = {
    "1": _("fiebre"),
    "2": _("dolor"),
    "3": _("control"),
    "4": _("golpe o herida"),
    "5": _("receta"),
    "0": _("otro"),
}
_OTHER: Final = "0"
_LEVELS: Final = {str(level): f"{mark.word.lower()}" for level, mark in TRIAGE.items()} | {
    "0": _("sin triaje")
}


def option_lines(options: Mapping[str, str], width: int) -> list[str]:
    """Options in columns as wide as the widest, read downwards: `p Paz   i Ibarra`."""
    each = [f" {key} {word}" for key, word in options.items()]
    column = max(map(cells, each)) + 2
    rows = -(-len(each) // max(1, width // column))
    return ["".join(fit(text, column) for text in each[row::rows]) for row in range(rows)]


def _whose(queue: DoctorRow | ServiceRow) -> tuple[int | None, int | None]:
    """The doctor or the specialty."""
    if isinstance(queue, ServiceRow):
        return None, queue.specialty_id
    return queue.person_id, None


def _short(queue: DoctorRow | ServiceRow, width: int) -> str:
    return short_name(queue.name if isinstance(queue, ServiceRow) else queue.family, "", width)


class WalkIns(TurnVerbs):
    """A screen that admits people without a turn."""

    @abstractmethod
    def patient(self) -> tuple[UUID, str] | None:
        """Id and whole name of the person pointed at."""

    def walk_in_commands(self) -> Iterable[Command]:
        """Its one key."""
        yield Command(
            "d", _("Demanda"), self.admit_walk_in, _("demanda espontánea"), why_not=self._no_walk_in
        )

    def _no_walk_in(self) -> str | None:
        if not self.actor.may(Permission.TURN_ADMIT):
            return NO_RIGHT
        return self.no_line() or (None if self.patient() else _("no hay un paciente señalado"))

    async def admit_walk_in(self) -> None:
        """Doctor or service, reason, triage; the person is the one pointed at when the key came."""
        who = self.patient()
        if who is None:
            return
        queue = await self._ask_queue()
        reason = await self._ask_reason() if queue else None
        if queue is None or reason is None:
            return
        level = await self.prompt.pick(_("Triaje, Enter:"), _LEVELS)
        if level is None:
            return
        doctor_id, specialty_id = _whose(queue)
        order = admissions.WalkIn(
            patient_id=who[0],
            doctor_id=doctor_id,
            specialty_id=specialty_id,
            reason=reason,
            triage=int(level) or None,
        )
        answer = await self.do(admissions.walk_in, order)
        self._undoable(_("admisión {}").format(answer.ticket), None, answer)
        await self._refresh(answer.patient_id, answer.id)
        said = _("Admisión {}: {} con {}.").format(answer.ticket, who[1], _short(queue, 16))
        self.prompt.say(f"{said} {_('z deshace.')}")
        papers.print_behind(self, answer.id, said)

    async def _ask_queue(self) -> DoctorRow | ServiceRow | None:
        """Services first: most who come without a turn ask for one."""
        here = self.actor.at.clinic_id
        found = await self.see(sites.list_doctors, sites.SitesQuery(here))
        doctors = lettered(found)
        if not doctors:
            self.prompt.refuse(_("Este centro no tiene profesionales."))
            return None
        offered = await self.see(services, ServicesQuery(here))
        queues: dict[str, DoctorRow | ServiceRow] = {**lettered_services(offered, doctors), **doctors}
        chosen = await self.pick_among(_("Con:"), {key: _short(row, 14) for key, row in queues.items()})
        return queues[chosen] if chosen else None

    async def pick_among(self, question: str, options: Mapping[str, str]) -> str | None:
        """A choice at once by its key; where the line has no room for all, they stand above it meanwhile."""
        room = self.size.width - cells(question) - 1
        if sum(len(key) + cells(word) + 3 for key, word in options.items()) <= room:
            return await self.prompt.pick(question, options, at_once=True)
        self.show_options(option_lines(options, self.size.width))
        try:
            return await self.prompt.pick(question, dict.fromkeys(options, ""), at_once=True)
        finally:
            self.show_options(None)

    @abstractmethod
    def show_options(self, lines: Sequence[str] | None) -> None:
        """Show these lines for the time of a question; None takes them away."""

    async def _ask_reason(self) -> str | None:
        chosen = await self.prompt.pick(_("Motivo:"), REASONS, at_once=True)
        if chosen != _OTHER:
            return REASONS[chosen] if chosen else None
        return await self.prompt.ask(
            _("Motivo"), check=lambda text: None if text else _("Falta el motivo."), most=200
        )
