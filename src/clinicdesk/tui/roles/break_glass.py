"""A closed chart: what will happen if it is opened by emergency, why, and the password. The default is no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import PatientRow, SafetyFacts
from clinicdesk.clinic.privacy import rules, service
from clinicdesk.clinic.privacy.errors import ReasonTooShort
from clinicdesk.kit.text import fit
from clinicdesk.kit.words import _
from clinicdesk.tui.look import SELECTION, Tone
from clinicdesk.tui.parts import Bit, Body, Cell, Command, Field, PatientStrip, Rule, TextLines
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.parts.pager import Pager
from clinicdesk.tui.patient_header import OfPatient, patient_line
from clinicdesk.tui.roles.patient_page import allergy_lines
from clinicdesk.tui.turn_lists import sealed_bit
from clinicdesk.tui.turn_words import clock_time

CLASSES: Final = MappingProxyType(
    {
        "1": (rules.Urgency.URGENCIA, _("urgencia vital")),
        "2": (rules.Urgency.INTERCONSULTA, _("interconsulta")),
        "3": (rules.Urgency.OTRO, _("otro")),
    }
)
_OPEN_FOR: Final = timedelta(minutes=30)
_LABEL: Final = 10


class ReasonField(Field):
    """A field whose label stands in the line above it."""

    def _head(self, mark: str) -> str:
        return f" {mark} "


class ClassChoice(Part):
    """`Clase   » 1 urgencia vital   2 interconsulta   3 otro`: a digit or an arrow chooses."""

    can_focus = True

    def __init__(self) -> None:
        """The first one."""
        super().__init__(id="class")
        self.key = "1"

    def press(self, key: events.Key) -> bool:
        """A digit, or the neighbour."""
        keys = list(CLASSES)
        at = keys.index(self.key)
        if key.character in CLASSES:
            self.key = key.character or self.key
        elif key.key in {"left", "right"}:
            self.key = keys[max(0, min(at + (1 if key.key == "right" else -1), len(keys) - 1))]
        else:
            return False
        self.repaint()
        return True

    def line(self, _y: int, _width: int) -> list[Bit]:
        """The chosen one marked; reversed while the keys are heard here."""
        bits = [Bit(f" {SELECTION if self.has_focus else ' '} {_('Clase')} ")]
        for key, (_value, word) in CLASSES.items():
            chosen = key == self.key
            tone = (Tone.SELECTED if self.has_focus else Tone.TITLE) if chosen else Tone.TEXT
            bits += [Bit(f"  {SELECTION if chosen else ' '} "), Bit(f"{key} {word}", tone)]
        return bits


class BreakGlass(OfPatient):
    """Mock-up (m): who it is, what follows, reason, class. F8 asks the password and opens."""

    NAME = _("Historia cerrada")

    def __init__(self, patient: PatientRow, opened: Callable[[service.LeaseAnswer], Awaitable[None]]) -> None:
        """`opened` hears of the lease before this screen goes."""
        super().__init__()
        self._patient, self._opened = patient, opened
        self.strip = PatientStrip()
        self._order: service.BreakGlass | None = None
        self.follows = TextLines(tall=6)
        self.count = TextLines()
        self.reason = ReasonField(most=rules.REASON_MOST, on_change=self._counted, id="reason")
        self.choice = ClassChoice()
        self.facts = Pager(margin=3, id="facts")

    # The frame

    def body(self) -> Iterable[Widget]:
        """Rows 2 to 22; the facts cover the question while they are read."""
        yield self.strip
        yield Rule()
        yield TextLines(Bit(f" {_('Historia cerrada')}", Tone.TITLE), self._seal(), "")
        offer = TextLines(
            "",
            f"   {_('Sin abrir la historia puede ver: alergias y contacto.')}",
            f"   {_('F2 muestra esos datos y no pide motivo.')}",
        )
        blank = TextLines("")
        yield Body(self.follows, TextLines(""), self.count, self.reason, blank, self.choice, offer, id="ask")
        yield self.facts
        yield Rule()

    def commands(self) -> Iterable[Command]:
        """Open, look, leave."""
        yield Command(
            "f8", _("Pedir clave y abrir"), self.open, _("abrir la historia por urgencia"), self.no_line
        )
        yield Command(
            "f2", _("Datos vitales"), self.show_facts, _("alergias y contacto, sin motivo"), self.no_line
        )
        yield Command("escape", _("No abrir"), self.leave, _("no abrir, volver"))
        yield Command("enter", _("Campo"), self._next_field, _("campo siguiente"), bar=False)

    def keys_changed(self) -> None:
        """While the password is asked only its two keys stand in the bar."""
        super().keys_changed()
        if self.prompt.asking:
            accept = Command("enter", _("Abrir la historia"), self.open)
            self.keys.set([accept, Command("escape", _("No abrir"), self.leave)])

    def started(self) -> None:
        """The reason first."""
        self.strip.show(patient_line(self._patient, self.today().date()))
        self.facts.display = False
        self._tell()
        self._counted("")
        self.focus_on(self.reason)
        self._announce()

    def on_resize(self, event: events.Resize) -> None:
        """The count stands at the right end of any width."""
        super().on_resize(event)
        self._counted("")

    def minute(self) -> None:
        """The half hour begins now, whenever now is."""
        self._tell()

    @property
    def patient_id(self) -> UUID:
        """Whose chart is closed."""
        return self._patient.patient_id

    def _seal(self) -> Cell:
        if not self._patient.sealed:
            return ""
        return [Bit("   "), sealed_bit(), Bit(f"   {_('El paciente restringió su historia.')}")]

    def _tell(self) -> None:
        until = clock_time(self.now() + _OPEN_FOR, self.actor.at.zone)
        self.follows.set(
            f"   {_('Usted no tiene hoy turno, atención ni seguimiento de este paciente.')}",
            f"   {_('Puede abrir la historia por urgencia. Si la abre:')}",
            "",
            f"     · {_('queda abierta 30 minutos, hasta las {};').format(until)}",
            f"     · {_('se avisa a Privacidad, con su nombre y el motivo;')}",
            f"     · {_('alguien revisará el acceso, y el paciente puede pedir saberlo.')}",
        )

    # The reason

    def _counted(self, _text: str) -> None:
        said = self.reason.value
        least, most = rules.REASON_LEAST, rules.REASON_MOST
        count = str(len(said))
        if len(said) < least:
            count = _("{} · faltan {}").format(len(said), least - len(said))
        elif not rules.is_reason(said):
            count = _("{} · la misma letra no es un motivo").format(len(said))
        label = _("Motivo (de {} a {} letras)").format(least, most)
        self.count.set(spread(f"   {label}", f"{count}   ", max(40, self.size.width)))

    def _next_field(self) -> None:
        if self.facts.display:
            return
        self.focus_on(self.choice if self.focused is self.reason else self.reason)

    # Opening

    async def open(self) -> None:
        """F8: the reason, then the password; a wrong one leaves everything as it is."""
        self._show_question()
        if not rules.is_reason(self.reason.value):
            self.reason.wrong()
            self.focus_on(self.reason)
            raise ReasonTooShort(least=rules.REASON_LEAST, most=rules.REASON_MOST)
        answer = await self._open_with_password(self._ordered())
        if answer is not None:
            await self._opened(answer)
            self.desk.pop_screen()

    async def _open_with_password(self, order: service.BreakGlass) -> service.LeaseAnswer | None:
        ask = _("¿Abrir por urgencia? Clave de {}").format(self.actor.name)
        while (password := await self.prompt.ask_secret(ask)) is not None:
            try:
                proof = await self.link.prove(password, order.key)
            except LoginRefused:
                ask = _("La clave no es correcta. La historia sigue cerrada. Clave")
                continue
            return await self.do(service.break_glass, replace(order, proof=proof))
        return None

    def _ordered(self) -> service.BreakGlass:
        """The order; the same one again, under its key, while nothing of it changed."""
        urgency, _word = CLASSES[self.choice.key]
        order = service.BreakGlass(
            patient_id=self._patient.patient_id, urgency=urgency.value, reason=self.reason.value
        )
        if self._order is None or self._order.digest("") != order.digest(""):
            self._order = order
        return self._order

    # What may be seen without opening

    async def show_facts(self) -> None:
        """F2: read each time, since each reading is an act."""
        query = registry.PatientQuery(self._patient.patient_id)
        facts = await self.see(registry.safety_facts, query)
        self.facts.show(Bit(f"   {_('Datos vitales')}", Tone.TITLE), lambda width: _fact_lines(facts, width))
        self.query_one("#ask").display, self.facts.display = False, True
        self.focus_on(self.facts)
        self._announce()

    def _show_question(self) -> None:
        if self.facts.display:
            self.query_one("#ask").display, self.facts.display = True, False
            self.focus_on(self.reason)
            self._announce()

    def leave(self) -> None:
        """Esc: from the facts to the question, from the question back; the chart stays closed."""
        if self.facts.display:
            self._show_question()
        else:
            self.desk.pop_screen()

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self._announce()

    def _announce(self) -> None:
        if self.facts.display:
            self.prompt.hint(_("Esc vuelve. La historia sigue cerrada."))
        elif self.desk.offline:
            self.prompt.hint(_("Sin línea no se abre. Lo escrito sigue aquí."), Tone.ALARM)
        else:
            self.prompt.hint(_("¿Abrir la historia por urgencia? F8 pide la clave. Por defecto: no."))


def _fact_lines(facts: SafetyFacts, width: int) -> Sequence[Cell]:
    """Allergies one a line, then how to reach the patient or why that is not shown."""
    patient = facts.patient
    lines: list[Cell] = ["", Bit(_("Alergias"), Tone.TITLE)]
    lines += [*allergy_lines(patient, facts.allergies, width), "", Bit(_("Contacto"), Tone.TITLE)]
    if patient.closed:
        return [*lines, _("reservado: el paciente restringió sus datos")]
    lines.append(f"{fit(_('Teléfono'), _LABEL)} {phones.shown(patient.phone) or _('sin registrar')}")
    lines.append(f"{fit(_('Correo'), _LABEL)} {patient.email or _('sin registrar')}")
    return lines
