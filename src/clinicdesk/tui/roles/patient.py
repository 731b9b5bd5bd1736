"""F2: one patient's page at the counter: who they are, how to reach them, their turns from today on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.papers import print_of_patient
from clinicdesk.tui.parts import (
    Bit,
    Cell,
    Column,
    Command,
    LineList,
    PatientStrip,
    Rule,
    TextLines,
    day_text,
    mark_cell,
)
from clinicdesk.tui.patient_header import names, patient_line
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_lists import sealed_bit

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change


class PatientPage(ClinicScreen):
    """Read only."""

    NAME = _("Ficha del paciente")

    def __init__(self, patient_id: UUID) -> None:
        """Empty until read."""
        super().__init__()
        self._patient_id = patient_id
        self._opened = False
        self.strip = PatientStrip()
        self.facts = TextLines(tall=7)
        self.turns = LineList[TurnRow](
            lambda turn: turn.id,
            (
                Column[TurnRow](_("Día"), 10, lambda turn: day_text(turn.day)),
                Column[TurnRow](_("Hora"), 5, words.hour),
                Column[TurnRow](_("Estado"), 12, lambda turn: mark_cell(words.mark(turn))),
                Column[TurnRow](_("Profesional"), 20, lambda turn: words.doctor(turn, 20)),
                Column[TurnRow](_("Práctica"), 0, lambda turn: turn.procedure or ""),
            ),
            title=_("Turnos desde hoy"),
            heads=True,
            empty=_("Sin turnos."),
        )

    def body(self) -> Iterable[Widget]:
        """Identity, facts, turns."""
        yield from (self.strip, Rule(), self.facts, Rule(), self.turns)

    def commands(self) -> Iterable[Command]:
        """Back."""
        yield Command("p", _("Imprimir"), self.print_paper, _("tarjeta, etiquetas, resumen"), self._no_paper)
        yield Command("escape", _("Volver"), self.leave, _("volver"))

    def started(self) -> None:
        """Read behind the first frame."""
        self.focus_on(self.turns)
        self.in_background(self._read())

    def leave(self) -> None:
        """Back to where F2 was pressed."""
        self.desk.pop_screen()

    def _no_paper(self) -> str | None:
        return self.no_line() or (None if self._opened else _("todavía no se leyó el paciente"))

    async def print_paper(self) -> None:
        """`p`: asked which; a file in the account's home folder."""
        await print_of_patient(self, self._patient_id)

    async def _read(self) -> None:
        view = registry.reread if self._opened else registry.show
        patient = await self.see(view, registry.PatientQuery(self._patient_id))
        self._opened = True
        self.keys_changed()
        self.strip.show(patient_line(patient, self.today().date()))
        self.facts.set(*_facts(patient, self.actor.at.country))
        since = self.today().date()
        turns = await self.see(agenda.patient_turns, agenda.PatientTurnsQuery(self._patient_id, since))
        self.turns.show(turns)
        self.turns.title(f"{_('Turnos desde hoy')} · {len(turns)}")

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """What somebody else wrote of this patient."""
        if self._opened and names(changes, self._patient_id):
            await self._read()

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Perhaps one of these."""
        if ids is None or any(turn.id in ids for turn in self.turns.rows):
            self.in_background(self._read())


def _facts(patient: PatientRow, country: str) -> list[Cell]:
    if patient.closed:
        return [
            [Bit("  "), sealed_bit(), Bit(f"  {_('El paciente restringió quién ve sus datos.')}")],
            f"  {_('Los ve quien lo atiende, y la recepción que hoy lo espera.')}",
        ]
    unknown = _("sin registrar")
    born = f"{patient.birth:%d/%m/%Y}" if patient.birth else _("sin fecha")
    facts = [
        (_("Nacimiento"), f"{born} {_('(estimada)')}" if patient.birth_estimated else born),
        (_("Teléfono"), phones.shown(patient.phone, country) or unknown),
        (_("Correo"), patient.email or unknown),
        (_("Domicilio"), patient.address or unknown),
        (_("Localidad"), patient.city or unknown),
        (_("Cobertura"), patient.payer or _("particular")),
    ]
    if patient.deceased_on is not None:
        facts.append((_("Falleció"), f"{patient.deceased_on:%d/%m/%Y}"))
    return [f"  {label:<12} {text}" for label, text in facts]
