"""The chart of one patient over the whole screen, to be read: for who writes no notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.changes import Change
from clinicdesk.clinic.desk import NoCareRelation
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.privacy.service import LeaseAnswer
from clinicdesk.clinic.records import queries
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import QueryT, RowsT, View
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Cell, Command, DeskScreen, PatientStrip
from clinicdesk.tui.patient_header import names, patient_line
from clinicdesk.tui.roles import chart_letters, giving
from clinicdesk.tui.roles.break_glass import BreakGlass
from clinicdesk.tui.roles.chart import SECTIONS, ChartPane, Contents, Reading
from clinicdesk.tui.roles.chart_closed import ChartClosed, urgency_words
from clinicdesk.tui.roles.find_patient import FindPatient
from clinicdesk.tui.roles.joint import Joint
from clinicdesk.tui.roles.letters import AGAIN, letter_words, print_letter
from clinicdesk.tui.roles.patient_page import patient_page
from clinicdesk.tui.roles.printing import FORMATS, print_history
from clinicdesk.tui.roles.timeline import Timeline

if TYPE_CHECKING:
    from clinicdesk.tui.app import ClinicDesk

_RESULTS: Final = 2


async def find_chart(desk: ClinicDesk) -> None:
    """F2: anybody of the network by document, name or chart number, and then their chart."""

    async def chosen(patient: PatientRow) -> None:
        await show_chart(desk, patient.patient_id)

    await desk.push_screen(FindPatient(_("Enter abre la historia de {}."), chosen))


async def show_chart(
    desk: ClinicDesk, patient_id: UUID, request: str = "", entry: tuple[datetime, UUID] | None = None
) -> None:
    """Open a chart; a closed one is asked for by emergency, where the role may. Raises Refusal.

    `request` is who asked for a copy and why: it stands on what is printed. With `entry` (its time and id)
    that one is read at once, and Esc leads back to where it was found.
    """
    screen = ChartScreen(patient_id, request, entry)
    await desk.push_screen(screen)
    try:
        await screen.open()
    except Refusal:
        desk.pop_screen()
        raise


class ChartScreen(Timeline):
    """History, prescriptions, results and the rest, by section; what may be printed, printed."""

    NAME = _("Historia")

    def __init__(
        self, patient_id: UUID, request: str = "", entry: tuple[datetime, UUID] | None = None
    ) -> None:
        """Empty until `open`."""
        super().__init__()
        self._patient_id, self._request, self._sought = patient_id, request, entry
        self._just_found = False
        """Whether the entry that was sought is still what is read."""
        self._urgent_until: datetime | None = None
        self._asked = False
        self.reading = Reading(self.see)
        self.strip = PatientStrip()
        self.over, self.under = (Joint("─", lambda _width: ()) for _each in range(2))

    @property
    def zone(self) -> str:
        """The clinic's time zone."""
        return self.actor.at.zone

    # The frame

    def body(self) -> Iterable[Widget]:
        """Who it is, and the chart."""
        self.chart = ChartPane(self.zone, lambda _entry: self.announce(), self._read_older)
        yield from (self.strip, self.over, self.chart, self.under)

    def commands(self) -> Iterable[Command]:
        """Read, print, leave."""
        yield Command("enter", _("Abrir"), self.enter, _("abrir lo señalado"))
        help_text = _("secciones; 1 es la historia")
        yield Command("1", _("Sección"), lambda: self.section(0), help_text, shown_as="1-6")
        for number, name in enumerate(SECTIONS[1:], start=1):
            yield self._section_key(number, name)
        help_text = _("buscar en la historia")
        yield Command("/", _("Buscar"), self.find_in_history, help_text, self._no_reading)
        yield from self.timeline_commands()
        yield Command("p", _("Imprimir"), self.print_history, _("entregar la historia"), self._no_print)
        if self.actor.may(Permission.VITALS_WRITE) or self.actor.may(Permission.NOTE_WRITE):
            yield Command("m", _("Mover"), self.give, _("es de otra persona"), self._no_giving, bar=False)
        yield Command("7", _("Adjuntos"), self.files, _("archivos del paciente"), self._no_chart, bar=False)
        yield Command("f2", _("Paciente"), self.show_patient, _("datos del paciente"), self._no_chart)
        yield Command("escape", _("Volver"), self.back, _("un paso atrás"))

    def _section_key(self, number: int, name: str) -> Command:
        return Command(str(number + 1), name.capitalize(), lambda: self.section(number), name, bar=False)

    def started(self) -> None:
        """Nothing is read yet."""
        self.chart.show(None)
        self.focus_on(self.chart.visible_part)

    def on_resize(self, event: events.Resize) -> None:
        """The summary is laid out anew."""
        super().on_resize(event)
        self.chart.lay_out()

    def resumed(self) -> None:
        """In front again: back to where it was asked for, if it was not opened after all."""
        super().resumed()
        if self._asked and self.chart.contents is None:
            self.call_later(self._go)

    def _go(self) -> None:
        if self.desk.screen is self:
            self.desk.pop_screen()

    # Opening and closing

    async def open(self) -> None:
        """Read it: an act of its own. Raises Refusal."""
        try:
            await self._open()
        except NoCareRelation:
            if not self.actor.may(Permission.CHART_BREAK_GLASS):
                raise
            patient = await self.see(registry.reread, registry.PatientQuery(self._patient_id))
            self._asked = True
            await self.desk.push_screen(BreakGlass(patient, self._opened))

    async def _opened(self, lease: LeaseAnswer) -> None:
        self._urgent_until = lease.until
        await self._open()
        self.prompt.say(f"{urgency_words(lease.until, self.zone)}. {_('Privacidad fue avisada.')}")

    async def _open(self) -> None:
        contents = await self.reading.whole(self._patient_id, opening=True)
        if self._sought is not None:
            contents = await self.reading.down_to(contents, self._sought)
        self._show(contents)

    def _show(self, contents: Contents) -> None:
        self.chart.show(contents)
        self._fill(contents)
        if self._sought is not None:
            self._just_found = self.chart.history.select(self._sought[1])
            if self._just_found:
                self.chart.open_entry()
            else:
                self.prompt.refuse(_("Ese registro ya no está en esta historia."))
        self.focus_on(self.chart.visible_part)
        self.keys_changed()
        self.announce()

    def _fill(self, contents: Contents) -> None:
        chart = contents.chart
        self.strip.show(patient_line(chart.patient, self.today().date(), chart.allergies))
        until = self._urgent_until
        self.over.say(urgency_words(until, self.zone) if until is not None and until > self.now() else "")

    async def see(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        """Read rows. Raises ChartClosed where what is on the screen may not be read any more."""
        try:
            return await super().see(view, query)
        except NoCareRelation as refusal:
            if view is queries.open_chart:
                raise
            raise ChartClosed from refusal

    async def _look_again(self) -> None:
        """The chart as it is now; one that is closed by now leaves the screen."""
        if self.chart.contents is None:
            return
        try:
            contents = await self.reading.whole(self._patient_id, opening=False)
        except ChartClosed as closed:
            self._close(closed)
            return
        self.chart.renew(contents)
        self._fill(contents)

    def _close(self, closed: ChartClosed) -> None:
        """Nothing of it stays on the screen, whatever is in front."""
        self.chart.show(None)
        self.strip.show(None)
        self.over.say("")
        self._asked = True
        self._go()
        front = self.desk.screen
        if isinstance(front, DeskScreen):
            front.prompt.alarm(str(closed))

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """What somebody wrote in this chart, or anything."""
        if names(changes, self._patient_id):
            await self._look_again()

    def minute(self) -> None:
        """A half hour that is over ends here too."""
        until = self._urgent_until
        if until is not None and until <= self.now():
            self._urgent_until = None
            self.in_background(self._look_again())

    # Reading

    async def enter(self) -> None:
        """The entry pointed at, whole; of a problem, its entries."""
        if self.focused is self.chart.history:
            self.chart.open_entry()
            self.focus_on(self.chart.visible_part)
            self.announce()
        elif self.focused is self.chart.by_problem:
            await self.open_problem()

    async def section(self, number: int) -> None:
        """One of the six sections; results are read when they are asked for."""
        self._just_found = False
        contents = self.chart.contents
        self.chart.go_to(number)
        self.focus_on(self.chart.visible_part)
        self.announce()
        if number == _RESULTS and contents is not None and contents.observed is None:
            found = await self.reading.results(contents)
            if self.chart.contents is contents:
                self.chart.extend(found)

    async def files(self) -> None:
        """7: what is attached to the chart."""
        from clinicdesk.tui.roles.attachments import Attachments

        if self.chart.contents is not None:
            await self.desk.push_screen(Attachments(self.chart.contents.patient_id))

    def show_patient(self) -> None:
        """F2: what the registry knows."""
        contents = self.chart.contents
        if contents is None:
            return
        chart, today = contents.chart, self.today().date()

        def page(width: int) -> list[Cell]:
            return patient_page(chart.patient, chart.allergies, today, width)

        self.chart.read(f" {_('Paciente')}", page)
        self.focus_on(self.chart.visible_part)
        self.announce()

    def back(self) -> None:
        """Esc: text, section, screen; one at a time, and from what was sought back to where that was."""
        if self._just_found and self.chart.reads_entry:
            self.desk.pop_screen()
        elif self.chart.back():
            self.focus_on(self.chart.visible_part)
            self.announce()
        else:
            self.desk.pop_screen()

    def _in_front(self) -> None:
        self._just_found = False
        super()._in_front()

    # On the wrong person

    def _no_giving(self) -> str | None:
        return giving.why_not(self, self.chart)

    async def give(self) -> None:
        """`m`: what is pointed at is somebody else's."""
        await giving.give_pointed(self, self.chart, self._after_giving)

    async def _after_giving(self) -> None:
        await self._look_again()
        if self.chart.section == _RESULTS and self.chart.contents is not None:
            self.chart.extend(await self.reading.results(self.chart.contents))

    # Paper

    async def print_history(self) -> None:
        """`p`: the whole history into the account's home folder, in the format chosen."""
        contents = self.chart.contents
        if contents is None:
            return
        words = {key: word for key, (word, _exporter) in FORMATS.items()} | letter_words(self, self.chart)
        enter = AGAIN if AGAIN in words else None
        key = await self.prompt.pick(_("Entregar como:"), words, at_once=True, enter=enter)
        if key is None or await print_letter(self, self.chart, key):
            return
        self.prompt.say(_("Preparando la historia…"))
        patient = contents.chart.patient
        path = await print_history(self.link, patient, self.now(), FORMATS[key][1], self._request)
        self.prompt.say(_("Historia guardada en {}, que solo lee esta cuenta.").format(path))

    def _no_print(self) -> str | None:
        if not self.actor.may(Permission.HISTORY_EXPORT):
            return _("su rol no entrega historias")
        return self.no_line() or self._no_chart()

    def _no_reading(self) -> str | None:
        return self.no_line() or self._no_chart()

    def _no_chart(self) -> str | None:
        return None if self.chart.contents is not None else _("la historia no está abierta")

    # What the reserved line announces

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self.announce()

    def announce(self) -> None:
        """Row 23: what Enter will do."""
        entry = self.chart.history.current
        if self.desk.offline:
            self.prompt.hint(_("Sin línea: lo que está a la vista puede haber cambiado."))
        elif self.chart.contents is None:
            self.prompt.hint("")
        elif self._just_found and self.chart.reads_entry:
            more = _("AvPág sigue leyendo. ") if self.chart.pager.long else ""
            self.prompt.hint(more + _("← → otro registro. 1: toda la historia. Esc: a la búsqueda."))
        elif hint := self.history_hint():
            self.prompt.hint(hint)
        elif entry is not None:
            self.prompt.hint(chart_letters.opens(entry, self.zone))
        else:
            self.prompt.hint(_("Sin registros todavía."))
