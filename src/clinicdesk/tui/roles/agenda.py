"""F4: the agenda of a doctor's day: give, move, cancel, confirm and overbook, hour by hour, day by day."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import agenda_day, moving, overbooking, service, slots
from clinicdesk.clinic.turns.agenda_day import AgendaDay, AgendaQuery, AgendaRow, Kind
from clinicdesk.clinic.turns.errors import AlreadyBooked, SlotTaken
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.agenda_lists import agenda_lines, day_strip, title_words
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Cell, Command, LineList, Rule, TextLines, day_text
from clinicdesk.tui.parts.bits import Bit, spread
from clinicdesk.tui.turn_verbs import NO_OVERBOOK, NO_RIGHT, TurnVerbs, order

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.clinic.patients.queries import PatientRow

_DAYS_AHEAD: Final = 90


class Agenda(TurnVerbs):
    """A doctor's day; who was chosen at the counter comes along."""

    NAME = _("Agenda")

    def __init__(
        self,
        doctor_id: int | None = None,
        patient: tuple[UUID, str] | None = None,
        moved: TurnRow | None = None,
    ) -> None:
        """`patient` is who gets a place by Enter; `moved` the turn that looks for another one."""
        super().__init__()
        self._doctor_id, self._patient, self._moved = doctor_id, patient, moved
        self._day: date | None = moved.day if moved is not None else None
        self._agenda: AgendaDay | None = None
        self._again: set[str] = set()
        self._reading = asyncio.Lock()
        self.top = TextLines()
        self.strip = TextLines()
        self.list = LineList[AgendaRow](
            lambda row: row.id,
            draw=self._draw,
            empty=_("Ese día no hay agenda."),
            on_move=lambda _row: self._announce(),
        )

    def body(self) -> Iterable[Widget]:
        """Title, days, the hours."""
        yield from (self.top, self.strip, self.list, Rule())

    def commands(self) -> Iterable[Command]:
        """Giving first, then the verbs on a turn."""
        yield Command("enter", _("Dar"), self.enter, _("dar el lugar; elegir al paciente"), self.no_line)
        yield Command("t", _("Turno"), self.next_free, _("próximo lugar libre"), self.no_line)
        yield Command("o", _("Otro"), self.other_doctor, _("otro profesional"), self.no_line)
        yield Command("s", _("Sobreturno"), self.overbook, _("sobreturno a esa hora"), self._no_overbook)
        yield from self.verbs(in_bar="mx")
        yield Command("left", _("Día"), lambda: self.step_day(-1), _("día anterior"), shown_as="←→")
        yield Command("right", _("Día"), lambda: self.step_day(1), _("día siguiente"), bar=False)
        yield Command("/", _("Buscar"), self.find_patient, _("elegir un paciente"), self.no_line, bar=False)
        yield Command("escape", _("Volver"), self.back, _("dejar de mover; volver"), bar=False)

    def started(self) -> None:
        """Read behind the first frame."""
        self._day = self._day or self.today().date()
        self.focus_on(self.list)
        self.in_background(self._read(fresh=True))

    # Rows

    async def _read(self, *, fresh: bool = False) -> None:
        """Read the day; one after the other, so that an older answer never wins."""
        async with self._reading:
            await self._read_now(fresh=fresh)

    async def _read_now(self, *, fresh: bool) -> None:
        asked = AgendaQuery(self.actor.at.clinic_id, self._doctor_id, self._day)
        found = await self.see(agenda_day.agenda_day, asked)
        if (self._doctor_id, self._day) != (asked.doctor_id, asked.day):
            return  # another day or doctor was asked for meanwhile: that answer follows
        self._agenda, self._doctor_id = found, found.doctor_id
        self._again = _repeated(found.rows)
        if fresh:
            self.list.show(found.rows)
            self._select_free()
        else:
            self.list.renew(found.rows)
        self._texts()

    def _select_free(self) -> None:
        """The first place that can be given, else the first that is to come."""
        for row in self.list.rows:
            if row.is_offered(self.now()) and not row.kept_for:
                self.list.select(row.id)
                return

    def _draw(self, row: AgendaRow, width: int) -> Sequence[Cell]:
        lines = agenda_lines(row, width, self.now(), self.actor.at.zone, again=row.id in self._again)
        first = lines[0]
        if row.id == self._next_id and isinstance(first, list):
            return [[*first, Bit(_("próximo libre"))]]
        return lines

    @property
    def _next_id(self) -> str | None:
        rows = self._agenda.rows if self._agenda is not None else ()
        free = (row.id for row in rows if row.is_offered(self.now()) and not row.kept_for)
        return next(free, None)

    def _texts(self) -> None:
        if self._agenda is None:
            return
        left, right = title_words(self._agenda)
        self.top.set(spread([Bit(left, Tone.TITLE)], right, self.size.width))
        self.strip.set(day_strip(self._agenda, self.now()))
        self._announce()

    def _announce(self) -> None:
        if self.is_mounted:
            self.prompt.hint(self._hint())
            self.keys_changed()

    def _hint(self) -> str:
        row = self.list.current
        if row is None:
            return _("← →: otro día. o: otro profesional.")
        if row.is_offered(self.now()):
            return self._free_hint(row)
        if row.kind is Kind.TURN and row.turn is not None:
            return _("{} {}. Enter lo elige. m mover, x cancelar.").format(
                words.number_or_hour(row.turn), words.patient_name(row.turn)
            )
        return row.why or _("Ese lugar ya pasó.")

    def _free_hint(self, row: AgendaRow) -> str:
        if self._moved is not None:
            return _("Enter: mover a {} a las {:%H:%M}. Esc: dejarlo donde está.").format(
                words.patient_name(self._moved), row.wall_start
            )
        if self._patient is None:
            return _("Libre {:%H:%M}. Enter: elegir un paciente y dárselo.").format(row.wall_start)
        return _("Libre {:%H:%M}. Enter: dar a {}.").format(row.wall_start, self._patient[1])

    # What it points at

    def turn(self) -> TurnRow | None:
        """The turn pointed at."""
        row = self.list.current
        return row.turn if row is not None else None

    def patient(self) -> tuple[UUID, str] | None:
        """Who was chosen."""
        return self._patient

    # News

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Today's, perhaps of this doctor."""
        if self._agenda is not None and self._agenda.day == self.day.today:
            self.in_background(self._read())

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """Another day of the clinic."""
        mine = self.actor.at.clinic_id
        if not changes or any(each.clinic_id == mine and each.day in {None, self._day} for each in changes):
            await self._read()

    def minute(self) -> None:
        """Waits tick, and places pass."""
        self.in_background(self._read())

    async def _refresh(self, patient_id: UUID, turn_id: UUID) -> None:
        await super()._refresh(patient_id, turn_id)
        await self._read()

    # Moving about

    async def step_day(self, step: int) -> None:
        """← and →: the day before or after with an agenda."""
        if self._agenda is None:
            return
        days = self._agenda.days
        at = days.index(self._agenda.day) + step
        if 0 <= at < len(days):
            self._day = days[at]
            await self._read(fresh=True)

    async def other_doctor(self) -> None:
        """`o`: the next one who works that day."""
        if self._agenda is None or not self._agenda.doctors:
            return
        doctors = self._agenda.doctors
        at = doctors.index(self._agenda.doctor_id) + 1 if self._agenda.doctor_id in doctors else 0
        self._doctor_id = doctors[at % len(doctors)]
        await self._read(fresh=True)

    async def next_free(self) -> None:
        """`t`: the next place of this doctor that can be given, on whatever day."""
        if self._agenda is None:
            return
        clinic_id = self.actor.at.clinic_id
        asked = slots.SlotsQuery(clinic_id, self._agenda.doctor_id, days=_DAYS_AHEAD, limit=1)
        found = await self.see(slots.slots, asked)
        if not found:
            self.prompt.refuse(_("No hay lugar en los próximos {} días. o: otro.").format(_DAYS_AHEAD))
            return
        self._day = found[0].starts_at.date()
        await self._read(fresh=True)
        self.list.select(found[0].id)

    def back(self) -> None:
        """Esc: what is being moved stays; without that, back."""
        if self._moved is not None:
            self._moved = None
            self._announce()
        elif not self.desk.at_home:
            self.desk.pop_screen()

    # Giving

    async def enter(self) -> None:
        """What the reserved line says."""
        row = self.list.current
        if row is None:
            return
        if row.kind is Kind.TURN and row.turn is not None:
            self._patient = (row.turn.patient_id, words.patient_name(row.turn))
            self.prompt.say(_("Elegido: {}. t: próximo libre.").format(self._patient[1]))
        elif row.slot is None or not row.is_offered(self.now()):
            self.prompt.refuse(self._hint())
        elif self._moved is not None:
            await self._move_here(self._moved, row.slot)
        elif self._patient is None:
            await self.find_patient()
        else:
            await self._give(self._patient, row.slot, row)

    async def find_patient(self) -> None:
        """`/`: who gets the place."""
        from clinicdesk.tui.roles.find_patient import FindPatient

        await self.desk.push_screen(FindPatient(_("Enter elige a {}."), self._found))

    async def _found(self, patient: PatientRow) -> None:
        self._patient = (patient.patient_id, full_name(patient.family, patient.given))
        self._announce()

    async def _give(self, who: tuple[UUID, str], slot: str, row: AgendaRow) -> None:
        if not self.actor.may(Permission.TURN_BOOK):
            self.prompt.refuse(NO_RIGHT)
            return
        try:
            answer = await self._once_more(service.book_turn, service.BookTurn(patient_id=who[0], slot=slot))
        except SlotTaken as taken:
            await self._read()
            self.prompt.refuse(_("{} t: ofrecer el próximo.").format(taken))
            return
        if answer is not None:
            await self._given(who[1], answer, row, _("turno"))

    async def _once_more(self, case: Any, asked: Any) -> service.TurnAnswer | None:
        """Do it; where the same procedure is still to come only once that was seen. None: better not."""
        try:
            answer: service.TurnAnswer = await self.do(case, asked)
        except AlreadyBooked as refusal:
            found: Any = refusal.fields["turns"]
            if not await self.prompt.confirm(refusal.for_desk()):
                return None
            seen = tuple(each.id for each in found)
            answer = await self.do(case, replace(asked, acknowledged=seen))
        return answer

    async def _given(self, name: str, answer: service.TurnAnswer, row: AgendaRow, what: str) -> None:
        when = f"{day_text(row.wall_start.date())} {row.wall_start:%H:%M}"
        self._undoable(f"{what} {when}", None, answer)
        await self._refresh(answer.patient_id, answer.id)
        self.prompt.say(_("{} {}: {}. z deshace.").format(what.capitalize(), when, name))

    # Overbooks

    def _no_overbook(self) -> str | None:
        if not self.actor.may(Permission.TURN_OVERBOOK):
            return NO_OVERBOOK
        row = self.list.current
        if row is None or row.kind is Kind.SHUT:
            return _("no hay una hora señalada")
        return self.no_line() or (None if self._patient else _("no hay un paciente elegido: / busca"))

    async def overbook(self) -> None:
        """`s`: one more at this hour; the answer that Enter gives is no."""
        row, who = self.list.current, self._patient
        slot = _slot_of(row) if row is not None else None
        if row is None or who is None or slot is None or self._agenda is None:
            self.prompt.refuse(_("En esa hora no hay un lugar de la agenda."))
            return
        used, most = max((each.number for each in self._agenda.rows), default=0), self._agenda.overbooks
        beyond = used >= most and self.actor.may(Permission.TURN_OVERBOOK_BEYOND)
        said = _("¿Sobreturno {} de {} a las {:%H:%M} para {}? Por defecto: no.").format(
            used + 1, most, row.wall_start, who[1]
        )
        if not await self.prompt.confirm(said):
            return
        case = overbooking.overbook_beyond if beyond else overbooking.overbook
        answer = await self._once_more(case, overbooking.Overbook(patient_id=who[0], slot=slot))
        if answer is not None:
            await self._given(who[1], answer, row, _("sobreturno"))

    # Moving turns

    async def move(self, turn: TurnRow) -> None:
        """`m`: this turn looks for another place; Enter on a free one takes it there."""
        self._moved = turn
        await self.next_free()
        self._announce()

    async def _move_here(self, turn: TurnRow, slot: str) -> None:
        seen = order(service.Hop, turn)
        asked = moving.MoveTurn(
            patient_id=turn.patient_id, turn_id=turn.id, seq=seen.seq, from_state=seen.from_state, slot=slot
        )
        answer = await self._hop(moving.move, asked)
        self._moved = None
        stood = f"{turn.block_id}.{turn.wall_start:%Y%m%dT%H%M}" if turn.block_id else None
        await self._read()
        said = _("{} quedó {} {:%H:%M}.").format(
            words.patient_name(turn), day_text(answer.starts_at.date()), answer.starts_at
        )
        if stood is not None:
            self._undoable(_("movimiento"), None, answer, stood)
            said = f"{said} {_('z deshace.')}"
        self.prompt.say(said)


def _slot_of(row: AgendaRow) -> str | None:
    """The slot at a row's hour, free or given."""
    if row.slot is not None:
        return row.slot
    return f"{row.turn.block_id}.{row.wall_start:%Y%m%dT%H%M}" if row.turn and row.turn.block_id else None


def _repeated(rows: Sequence[AgendaRow]) -> set[str]:
    """Rows whose hour is that of the row above."""
    pairs = itertools.pairwise(rows)
    return {below.id for above, below in pairs if above.wall_start == below.wall_start}
