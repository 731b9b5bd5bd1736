"""`/` or F2: look somebody up by document, name or chart number, from a screen without a search box."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from textual.widget import Widget

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.asking import understood
from clinicdesk.clinic.patients.queries import Found, PatientRow
from clinicdesk.kit.words import _
from clinicdesk.tui.finder import Burst, Finder
from clinicdesk.tui.parts import Column, Command, LineList, Rule
from clinicdesk.tui.recent import LATEST
from clinicdesk.tui.roles.counter_parts import (
    NO_LATEST,
    PatientBox,
    exact,
    found_words,
    latest,
    latest_command,
    many_words,
)
from clinicdesk.tui.roles.everywhere import everywhere
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_lists import age, document, person_cell, whole_name

_MOST: Final = 50
_NAME: Final = 38


class Finding(ClinicScreen):
    """A search box over its candidates; Enter takes one."""

    def __init__(self, announced: str) -> None:
        """`announced` is what Enter does to `{}`."""
        super().__init__()
        self._announced = announced
        self.box = PatientBox(_("Paciente"), on_change=self._typed)
        self.search = self.box
        self.finder: Finder[Found] = Finder(self._find, self._show)
        self.burst = Burst()
        self.candidates = LineList[PatientRow](
            lambda patient: patient.patient_id, self._columns, on_move=lambda _row: self._announce()
        )

    def body(self) -> Iterable[Widget]:
        """Rows 2 to 22."""
        yield from (self.box, Rule(), self.candidates, Rule())

    def commands(self) -> Iterable[Command]:
        """Choose, move, leave."""
        yield Command("enter", _("Elegir"), self.enter, _("elegir al señalado"), self.no_line)
        yield Command("down", _("Mover"), self._into_list, _("ir a los candidatos"), shown_as="↓↑")
        yield Command("/", _("Buscar"), self._to_box, _("volver a la búsqueda"), bar=False)
        yield latest_command(self._show_latest)
        yield from everywhere(self, lambda: self.box.value)
        yield Command("escape", _("Volver"), self.leave, _("un paso atrás"))

    def started(self) -> None:
        """Type at once."""
        self.focus_on(self.box)
        self._announce()

    def _columns(self, _width: int) -> Sequence[Column[PatientRow]]:
        return (
            Column[PatientRow]("", _NAME, lambda patient: person_cell(patient, _NAME - 1)),
            Column[PatientRow]("", 6, lambda row: "" if row.closed else age(row, self.today())),
            Column[PatientRow]("", 20, document),
            Column[PatientRow]("", 0, _chart_number),
        )

    # Searching

    def _typed(self, _text: str) -> None:
        self.finder.want(self.box.asked)
        self._announce()

    async def _find(self, text: str) -> Found:
        if text == LATEST:
            return await latest(self)
        if self.desk.offline or understood(text).empty:
            return Found()
        view = registry.search_on if self.burst.goes_on(text) else registry.search
        found = await self.see(view, registry.SearchQuery(text, _MOST))
        self.burst.asked(text)
        return exact(text, found)

    def _show(self, text: str, found: Found) -> None:
        if self.is_mounted:
            self.candidates.show(found.rows)
            if text == LATEST and found.rows:
                self.candidates.select(found.rows[0].patient_id)
            self.box.note(found_words(text, found, offline=self.desk.offline))
            self._announce()

    async def enter(self) -> None:
        """The candidate marked, of exactly the text typed."""
        text = self.box.asked
        if not text:
            return
        seen = self.finder.shown(text) is not None
        found = await self.finder.answer(text)
        if not found.rows:
            self.prompt.refuse(NO_LATEST if text == LATEST else _("No hay paciente con «{}».").format(text))
        elif text == LATEST:
            chosen = self.candidates.current or found.rows[0]
            await self.take_patient(await self.see(registry.show, registry.PatientQuery(chosen.patient_id)))
        elif seen or len(found.rows) == 1:
            await self.take_patient(self.candidates.current or found.rows[0])

    @abstractmethod
    async def take_patient(self, patient: PatientRow) -> None:
        """What Enter does."""

    # Moving

    def _into_list(self) -> None:
        if len(self.candidates):
            rows = self.candidates.rows
            self.candidates.select(rows[min(1, len(rows) - 1)].patient_id)
            self.focus_on(self.candidates)

    def _show_latest(self) -> None:
        self._to_box()
        self.box.insert(LATEST)

    def _to_box(self) -> None:
        self.box.spent = bool(self.box.entry.text)
        self.focus_on(self.box)

    def leave(self) -> None:
        """Esc: from the list to the box, from the box `away`."""
        if self.focused is self.box:
            self.away()
        else:
            self._to_box()

    @abstractmethod
    def away(self) -> None:
        """Esc in the box."""

    def line_changed(self) -> None:
        """The same text again, once there is a line."""
        if not self.desk.offline and self.is_mounted:
            self.finder.again()
        self._announce()

    def _announce(self) -> None:
        text = self.box.asked
        found = self.finder.shown(text) if text else None
        patient = self.candidates.current
        if self.desk.offline:
            self.prompt.hint(_("Buscar necesita la base de datos."))
        elif not text:
            self.prompt.hint(_("Escribir documento, apellido y nombre, o HC y el número de historia."))
        elif found is not None and found.rows and patient is not None:
            said = self._announced
            whole = said.format(whole_name(patient))
            self.prompt.hint(many_words(said, patient, found) if found.more else whole)
        elif found is not None and text == LATEST:
            self.prompt.hint(NO_LATEST)
        elif found is not None and understood(text).empty:
            self.prompt.hint(_("Faltan letras: tres o más."))
        elif found is not None:
            self.prompt.hint(_("Ninguno. Un paciente sellado aparece con el documento entero."))
        else:
            self.prompt.hint("")


class FindPatient(Finding):
    """The same as a screen of its own, that closes once somebody was taken."""

    NAME = _("Buscar paciente")

    def __init__(self, announced: str, chosen: Callable[[PatientRow], Awaitable[None]]) -> None:
        """`chosen` does what is announced, once this screen is gone."""
        super().__init__(announced)
        self._chosen = chosen

    async def take_patient(self, patient: PatientRow) -> None:
        """Back, and on with this one."""
        self.desk.pop_screen()
        await self._chosen(patient)

    def away(self) -> None:
        """Back without anybody."""
        self.desk.pop_screen()


def _chart_number(patient: PatientRow) -> str:
    return "" if patient.closed or not patient.document else f"{_('HC')} {patient.chart_number:06d}"
