"""The doctor's home: my queue left, the chart of who is inside beside it, one key for each step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.desk import NoCareRelation
from clinicdesk.clinic.records import waiting
from clinicdesk.clinic.records.cosigning import ToCosign, ToCosignRow, to_cosign
from clinicdesk.clinic.records.planning import TreatmentRow
from clinicdesk.clinic.records.queries import EntryRow
from clinicdesk.clinic.records.waiting import AllDrafts, UnsignedRow
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.services import ServicesQuery, services
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words
from clinicdesk.tui.look import TURN_STATES, Tone
from clinicdesk.tui.parts import Bar, Body, Cell, Command, LineList, PatientStrip, Row, Rule, TextLines
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.patient_header import patient_line
from clinicdesk.tui.roles import chart_letters, doctor_queue, giving, note_text
from clinicdesk.tui.roles.attending import UNDERWAY, Attended
from clinicdesk.tui.roles.chart import SECTIONS, ChartPane, Contents, Reading
from clinicdesk.tui.roles.chart_closed import ChartClosed
from clinicdesk.tui.roles.chart_summary import side_lines
from clinicdesk.tui.roles.doctor_queue import Place
from clinicdesk.tui.roles.guarded import Guarded
from clinicdesk.tui.roles.joint import Joint
from clinicdesk.tui.roles.patient_page import patient_page
from clinicdesk.tui.roles.timeline import Timeline
from clinicdesk.tui.triage import give_level

_LEFT, _WIDE_LEFT, _SIDE = 26, 34, 26
_RESULTS: Final = 2


def _bars(width: int) -> Sequence[int]:
    return (_WIDE_LEFT, width - _SIDE - 1) if width >= WIDE else (_LEFT,)


class DoctorHome(Guarded, Timeline):
    """Queue and chart. Verbs are about the open chart; Enter and `l` are about the row pointed at."""

    NAME = _("Atención")
    DEFAULT_CSS = f"""
    DoctorHome #left {{ width: {_LEFT}; }}
    DoctorHome.-wide #left {{ width: {_WIDE_LEFT}; }}
    DoctorHome #side, DoctorHome #side-bar {{ display: none; }}
    DoctorHome.-wide #side {{ display: block; width: {_SIDE}; height: 1fr; }}
    DoctorHome.-wide #side-bar {{ display: block; }}
    """

    def __init__(self) -> None:
        """Nobody inside yet."""
        super().__init__()
        self._offering = False
        self._unsigned: tuple[UnsignedRow, ...] = ()
        self._to_cosign: tuple[ToCosignRow, ...] = ()
        self._services: set[int] = set()
        self._states: dict[UUID, str] = {}
        self._opening = 0
        self.reading = Reading(self.see)
        self.strip = PatientStrip()
        self.over = Joint("┬", _bars)
        self.queue = LineList[Place](
            lambda place: place.id,
            draw=lambda place, width: doctor_queue.place_lines(place, width, self.now(), self.zone),
            empty=_("Nadie espera."),
            on_move=lambda _place: self.announce(),
            id="queue",
        )
        self.counts = TextLines(tall=2, id="counts")
        self.side = TextLines(id="side")

    # The frame

    def body(self) -> Iterable[Widget]:
        """Patient; queue, chart and what holds today, side by side."""
        self.chart = ChartPane(self.zone, lambda _entry: self.announce(), self._read_older)
        self.side.styles.height = "1fr"
        left = Body(self.queue, Rule(), self.counts, id="left")
        yield self.strip
        yield self.over
        yield Row(left, Bar(), self.chart, Bar(id="side-bar"), self.side)
        yield Joint("┴", _bars)

    def started(self) -> None:
        """The queue as it is; whoever is inside already comes back on the screen."""
        self._remember()
        self._fill_queue(fresh=True)
        self.chart.show(None)
        self.focus_on(self.queue)
        inside = [place.turn for place in self.queue.rows if self._is_inside(place)]
        self.desk.run_command(lambda: self._come_in(inside[-1] if inside else None))

    def commands(self) -> Iterable[Command]:
        """The verbs of an attention, with those of the chart among them."""
        verbs = list(self.verbs())
        yield Command("enter", _("Abrir"), self.enter, _("abrir lo señalado"), bar=False)
        yield from verbs[:4]
        help_text = _("secciones; 1 es la historia")
        yield Command("1", _("Sección"), lambda: self.section(0), help_text, self._no_chart, shown_as="1-6")
        for number, name in enumerate(SECTIONS[1:], start=1):
            yield self._section_key(number, name)
        yield from verbs[4:]
        yield Command(
            "g", _("Triaje"), self.triage, _("triaje de quien está señalado"), self._no_triage, bar=False
        )
        help_text = _("en la historia, o un paciente")
        yield Command("/", _("Buscar"), self.look_for, help_text, self.no_line)
        yield from self.timeline_commands()
        yield Command("7", _("Adjuntos"), self.files, _("archivos del paciente"), self._no_chart, bar=False)
        yield Command("f2", _("Paciente"), self.show_patient, _("datos del paciente"), self._no_chart)
        yield Command("escape", _("Volver"), self.back, _("un paso atrás"), bar=False)

    def _section_key(self, number: int, name: str) -> Command:
        return Command(
            str(number + 1), name.capitalize(), lambda: self.section(number), name, self._no_chart, bar=False
        )

    def on_resize(self, event: events.Resize) -> None:
        """Two lines a turn where names fit whole."""
        super().on_resize(event)
        self.queue.tall(2 if event.size.width >= WIDE else 1)
        self.chart.lay_out()
        self._fill_side()

    # What changes by itself

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """The queue in place; what others did to it is said."""
        news = (
            []
            if ids is None or self.acting
            else [turn for each in ids if (turn := self.day.get(each)) is not None]
        )
        before = dict(self._states)
        self._remember()
        self._fill_queue(fresh=self.acting)
        for turn in news:
            if turn.doctor_id == self.actor.person_id and before.get(turn.id, turn.state) != turn.state:
                at = turn_words.clock_time(turn.state_at, self.zone)
                said = _("* {} {} pasó a {} {}.")
                word = TURN_STATES[turn.state].word
                number = turn_words.number_or_hour(turn)
                self.prompt.say(said.format(number, turn_words.patient_name(turn), word, at))
        self.keys_changed()

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """The open chart again, if it is about this patient."""
        attended = self.attended
        ours = any(
            change.kind in {Kind.RECORD, Kind.PATIENT} and self._names(change, attended) for change in changes
        )
        if not changes:
            await self._read_unsigned()
        if attended is not None and (ours or not changes):
            await self.look_again()

    async def look_again(self) -> None:
        """The open chart as it is now; one that is closed by now leaves the screen."""
        attended = self.attended
        if attended is None:
            return
        try:
            contents = await self._read_again(attended.patient_id)
        except ChartClosed as closed:
            self.say_goodbye(closed)
            return
        if self.attended is not None and self.attended.patient_id == attended.patient_id:
            self.chart.renew(contents)
            self._fill_strip(contents)

    async def _read_again(self, patient_id: UUID) -> Contents:
        """The chart as it is now: an answer that another one overtook is not shown over that one."""
        while True:
            before = self.chart.contents
            contents = await self.reading.whole(patient_id, opening=False)
            if self.chart.contents is before:
                return contents

    @staticmethod
    def _names(change: Change, attended: Attended | None) -> bool:
        return attended is not None and any(patient == attended.patient_id for patient, _row in change.ids)

    def minute(self) -> None:
        """Waits grow, and with them the order may change."""
        super().minute()
        self._fill_queue(fresh=False)
        self.queue.repaint()

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self.announce()

    def _remember(self) -> None:
        self._states = {turn.id: turn.state for turn in self.day.rows}

    def _fill_queue(self, *, fresh: bool) -> None:
        mine = self.actor.person_id
        found = doctor_queue.places(
            self.day.rows, self._unsigned, mine, self.now(), self._services, self._to_cosign
        )
        (self.queue.show if fresh else self.queue.renew)(found)
        waiting = doctor_queue.waiting_count(found)
        self.queue.title(f"{_('Mi cola')} · {plural(waiting, _('espera'), _('esperan'))}")
        owed = doctor_queue.owed_text(len(self._unsigned), len(self._to_cosign))
        self.counts.set(f" {doctor_queue.counts_text(self.day.rows, mine)}", f" {owed}" if owed else "")

    async def _read_unsigned(self, *, fresh: bool = False) -> None:
        self._unsigned, self._to_cosign = await asyncio.gather(
            self.see(waiting.unsigned, AllDrafts()), self.see(to_cosign, ToCosign())
        )
        self._fill_queue(fresh=fresh)

    # Triage of the row pointed at

    def _no_triage(self) -> str | None:
        place = self.queue.current
        if place is None or place.turn is None or place.turn.state not in UNDERWAY:
            return _("no está en espera ni en curso")
        return self.no_line()

    async def triage(self) -> None:
        """Another level for who stands there."""
        place = self.queue.current
        if place is None or place.turn is None:
            return
        said = await give_level(self, place.turn)
        if said is not None:
            await self.day.refresh([(place.patient_id, place.turn.id)])
            self.prompt.say(said)

    # Opening a chart

    async def _come_in(self, inside: TurnRow | None) -> None:
        asked = ServicesQuery(self.actor.at.clinic_id, self.actor.person_id)
        self._services = {each.specialty_id for each in await self.see(services, asked)}
        await self._read_unsigned(fresh=True)
        if inside is not None and not self._opening:
            await self.open_chart(inside.patient_id, inside.id)

    async def enter(self) -> None:
        """What row 23 says."""
        if self.focused is self.queue:
            place = self.queue.current
            if place is None:
                return
            if self._is_open(place):
                self.focus_on(self.chart.visible_part)
            else:
                await self.open_chart(place.patient_id, place.turn.id if place.turn else None, place.unsigned)
                if place.cosign is not None:
                    self.chart.history.select(place.cosign.record_id)
        elif self._offering:
            await self.write()
        elif self.focused is self.chart.history:
            self.chart.open_entry()
            self.focus_on(self.chart.visible_part)
        elif self.focused is self.chart.by_problem:
            await self.open_problem()

    async def look_for(self) -> None:
        """`/`: in the history where that has the focus; else anybody of the network."""
        if self.chart.contents is not None and self.focused is not self.queue:
            self._offering = False
            await self.find_in_history()
        else:
            await self.find_patient()

    async def open_chart(
        self, patient_id: UUID, turn_id: UUID | None, unsigned: UnsignedRow | None = None
    ) -> None:
        """Bring a chart on the screen: an act of its own. The last one asked for is the one that opens."""
        self._opening += 1
        mine = self._opening
        try:
            contents, attended = await asyncio.gather(
                self.reading.whole(patient_id, opening=True), self.attended_by(patient_id, turn_id, unsigned)
            )
        except NoCareRelation:
            if mine == self._opening:
                await self.ask_urgently(patient_id, turn_id)
            return
        if mine != self._opening:
            return
        self.attended = attended
        self.chart.show(contents)
        self._fill_strip(contents)
        self._offering = attended.draft is not None
        if self.pressing:
            self.prompt.hush()
        if turn_id is not None:
            self.queue.select(turn_id)
        self.focus_on(self.chart.visible_part)

    async def show_again(self, *, signed: bool) -> None:
        """The chart and the queue after a note was written."""
        before = self.attended
        if before is None:
            return
        try:
            contents, visit, unsigned, self._to_cosign = await asyncio.gather(
                self._read_again(before.patient_id),
                self.attended_by(before.patient_id, before.turn_id),
                self.see(waiting.unsigned, AllDrafts()),
                self.see(to_cosign, ToCosign()),
            )
        except ChartClosed as closed:  # what was written is safe: its screen may go
            self.say_goodbye(closed)
            return
        draft = next((row for row in unsigned if row.visit_id == before.visit_id), None)
        self._unsigned = unsigned
        if before.turn_id is None:
            visit = await self.attended_by(before.patient_id, None, draft)
        self.attended = visit
        if signed:
            self.chart.show(contents)
        else:
            self.chart.renew(contents)
        self._offering = visit.draft is not None
        self._fill_queue(fresh=True)

    @property
    def pressing(self) -> bool:
        """A draft waits to be gone on with."""
        return self._offering

    @property
    def contents(self) -> Contents | None:
        """The open chart."""
        return self.chart.contents

    def place(self) -> Place | None:
        """The row of the queue pointed at."""
        return self.queue.current

    def entry(self) -> EntryRow | None:
        """The entry of the history pointed at."""
        return self.chart.entry

    def treatment(self) -> TreatmentRow | None:
        """The treatment pointed at."""
        return self.chart.treatment

    def to_the_queue(self) -> None:
        """Done with this one."""
        self._offering = False
        self.focus_on(self.queue)

    def _fill_strip(self, contents: Contents | None) -> None:
        line = None
        if contents is not None:
            chart = contents.chart
            line = patient_line(chart.patient, self.today().date(), chart.allergies)
        self.strip.show(line)
        self.over.say(self.urgency_of(contents.patient_id) if contents is not None else "")
        self._fill_side()

    def _fill_side(self) -> None:
        height = self.chart.size.height
        self.side.set(*side_lines(self.chart.contents, height, self.zone))

    # In the chart

    async def section(self, number: int) -> None:
        """One of the six sections."""
        self._offering = False
        contents = self.chart.contents
        self.chart.go_to(number)
        self.focus_on(self.chart.visible_part)
        if number == _RESULTS and contents is not None and contents.observed is None:
            found = await self.reading.results(contents)
            if self.chart.contents is contents:
                self.chart.extend(found)
                self.chart.go_to(number)

    def no_move(self) -> str | None:
        """In the queue, why nobody goes to another one; in the chart, why nothing to another person."""
        return super().no_move() if self.focused is self.queue else giving.why_not(self, self.chart)

    async def move(self) -> None:
        """`m`: who is pointed at in the queue, or what is in the chart."""
        if self.focused is self.queue:
            await super().move()
        else:
            await giving.give_pointed(self, self.chart, self._after_giving)

    async def _after_giving(self) -> None:
        await self.look_again()
        if self.chart.section == _RESULTS and self.chart.contents is not None:
            self.chart.extend(await self.reading.results(self.chart.contents))

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

    def back(self) -> None:
        """Esc: draft, text, section, pane, chart; one at a time."""
        if self._offering and self.focused is not self.queue:
            self._offering = False
            self.announce()
        elif self.focused is not self.queue:
            self.focus_on(self.chart.visible_part if self.chart.back() else self.queue)
        elif self.chart.back():
            self.announce()
        else:
            self.close_chart()

    def keys_changed(self) -> None:
        """What works may be other now, and so may be what Enter does."""
        super().keys_changed()
        self.announce()

    def announce(self) -> None:
        """Row 23: what Enter will do."""
        if self.desk.offline:
            at = f"{self.desk.news.lost_at:%H:%M}" if self.desk.news.lost_at else ""
            self.prompt.hint(
                _("Sin línea desde las {}: lo que está a la vista es de esa hora.").format(at), Tone.ALARM
            )
        elif self.focused is self.queue:
            self.prompt.hint(self._queue_hint())
        elif self._offering:
            self.prompt.hint(self._draft_hint())
        else:
            self.prompt.hint(self.history_hint() or self._entry_hint())

    def _entry_hint(self) -> str:
        row = self.chart.history.current
        if row is not None:
            more = " " + _("F9: cofirmar.") if self.to_cosign() else ""
            return chart_letters.opens(row, self.zone) + more
        return _("Sin registros todavía.") + ("" if self._no_note() else " " + _("e: escribir la nota."))

    def _queue_hint(self) -> str:
        place = self.place()
        if place is None:
            return _("Nadie espera ni está por venir.")
        if self._is_open(place):
            return _("Enter pasa a la historia de {}.").format(place.name)
        return _("Enter abre la historia de {}.").format(place.name)

    def _draft_hint(self) -> str:
        draft = self._draft()
        if draft is None:
            return ""
        at = turn_words.clock_time(draft.saved_at, self.zone)
        lines = plural(note_text.lines_of(draft.text), _("línea"), _("líneas"))
        if self._signed():
            return _("Hay una adenda suya sin firmar de las {}, {}. Enter: seguirla. Esc: dejarla.").format(
                at, lines
            )
        return _("Hay un borrador suyo de las {}, {}. Enter: seguirlo. Esc: dejarlo.").format(at, lines)

    def _is_open(self, place: Place) -> bool:
        attended = self.attended
        if attended is None or attended.patient_id != place.patient_id:
            return False
        return place.turn is None or attended.turn_id == place.turn.id

    @staticmethod
    def _is_inside(place: Place) -> bool:
        return place.turn is not None and place.turn.state == State.EN_CURSO

    def close_chart(self) -> None:
        """Nobody's chart is on the screen."""
        self.attended = None
        self._offering = False
        self.chart.show(None)
        self._fill_strip(None)
        self.focus_on(self.queue)
