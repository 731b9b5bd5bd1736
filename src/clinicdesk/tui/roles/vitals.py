"""Vital signs of one patient: a form whose fields say what is usual; F8 saves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.records import measuring
from clinicdesk.clinic.records.signs import SIGNS, Sign, Standing, is_plausible, parsed, standing, usual_text
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Body, Command, Field, PatientStrip, Rule, TextLines
from clinicdesk.tui.patient_header import OfPatient
from clinicdesk.tui.screens import ClinicScreen

_LABEL: Final = 26
_MOST: Final = 8
_UNITS: Final = {"mm[Hg]": "mmHg", "/min": "/min", "Cel": "°C", "{score}": ""}
_SAID: Final = {
    Standing.CRITICAL_HIGH: (_("▲ CRÍTICO"), Tone.CRITICAL),
    Standing.CRITICAL_LOW: (_("▼ CRÍTICO"), Tone.CRITICAL),
    Standing.HIGH: (_("▲ alto"), Tone.STRONG),
    Standing.LOW: (_("▼ bajo"), Tone.STRONG),
    Standing.USUAL: (_("habitual"), Tone.TEXT),
    Standing.NO_RANGE: (_("sin rango"), Tone.TEXT),
}


class VitalsForm(OfPatient):
    """One field a sign; an empty one was not measured."""

    NAME = _("Signos vitales")
    under_lease = True

    def __init__(self, turn: TurnRow) -> None:
        """Whose signs."""
        super().__init__()
        self.of = turn
        self.strip = PatientStrip()
        self.fields = {name: self._field(sign) for name, sign in SIGNS.items()}
        self.told = ""

    def _field(self, sign: Sign) -> Field:
        unit = _UNITS.get(sign.unit, sign.unit)
        label = f"{sign.shown}{f', {unit}' if unit else ''}"
        return Field(
            label,
            label_width=_LABEL + 8,
            most=_MOST,
            note=_usual(sign),
            on_change=lambda _text: self._typed(sign),
        )

    def body(self) -> Iterable[Widget]:
        """The patient stays above."""
        title = TextLines(Bit(f" {self._title()}", Tone.TITLE), "")
        yield from (self.strip, Rule(), Body(title, *self.fields.values()), Rule())

    def commands(self) -> Iterable[Command]:
        """Fields, save, leave."""
        yield Command("enter", _("Campo"), self.focus_next_field, _("campo siguiente"))
        yield Command("down", _("Campo"), self.focus_next_field, bar=False)
        yield Command("tab", _("Campo"), self.focus_next_field, _("campo siguiente"), bar=False)
        yield Command("up", _("Campo"), self.focus_previous_field, _("campo anterior"), bar=False)
        yield Command("f8", _("Guardar"), self.save, _("guardar lo medido"), why_not=self.no_line)
        yield Command("escape", _("Volver"), self.back, _("volver sin guardar"))

    def started(self) -> None:
        """The first field."""
        self.in_background(self._read_whom())
        self.focus_on(next(iter(self.fields.values())))
        self.prompt.hint(_("Lo que no se midió queda vacío. F8 guarda con su nombre."))

    @property
    def patient_id(self) -> UUID:
        """Whose signs."""
        return self.of.patient_id

    def _title(self) -> str:
        """What is written, for which turn, and why they came."""
        return " · ".join(filter(None, (_("Signos vitales"), words.number_or_hour(self.of), self.of.reason)))

    async def _read_whom(self) -> None:
        await self.read_header()

    @property
    def unsaved(self) -> bool:
        """Whether something is typed."""
        return any(field.value for field in self.fields.values())

    def focus_next_field(self) -> None:
        """Down one."""
        self.focus_next()
        self.keys_changed()

    def focus_previous_field(self) -> None:
        """Up one."""
        self.focus_previous()
        self.keys_changed()

    def back(self) -> None:
        """Esc: what is typed goes; a second Esc where there is any."""
        if self.unsaved and self.told != "esc":
            self.told = "esc"
            self.prompt.say(_("Hay signos sin guardar. F8 los guarda; otro Esc los deja."))
            return
        self.desk.pop_screen()

    def _typed(self, sign: Sign) -> None:
        """How the value stands, beside it."""
        self.told = ""
        field = self.fields[sign.name]
        value = parsed(field.value) if field.value else None
        if value is None or not is_plausible(sign, value):
            field.note(_usual(sign))
            return
        word, tone = _SAID[standing(sign, value, self.of.birth, self.today().date())]
        field.note([Bit(word, tone), Bit("  "), Bit(_usual(sign))])

    async def save(self) -> None:
        """F8: all that was typed, or the first field that cannot be."""
        measures = []
        for name, field in self.fields.items():
            if not field.value:
                continue
            value = parsed(field.value)
            if value is None or not is_plausible(SIGNS[name], value):
                return self._refuse(SIGNS[name], field)
            measures.append(measuring.Measure(name, str(value)))
        order = measuring.TakeVitals(patient_id=self.of.patient_id, measures=tuple(measures))
        answer = await self.do(measuring.take_vitals, order)
        self.desk.pop_screen()
        taken = plural(answer.count, _("signo"), _("signos"))
        said = _("{}: {} guardados en su historia.").format(words.patient_name(self.of), taken)
        front = self.desk.screen
        if isinstance(front, ClinicScreen):
            front.prompt.say(said)
        return None

    def _refuse(self, sign: Sign, field: Field) -> None:
        field.wrong()
        self.focus_on(field)
        low, high = sign.plausible
        self.prompt.refuse(
            _("{}: entre {} y {}. Lo demás se conserva.").format(sign.shown, f"{low:g}", f"{high:g}")
        )


def _usual(sign: Sign) -> str:
    usual = usual_text(sign)
    return _("habitual {}").format(usual) if usual else ""
