"""F4: the agenda of a doctor's day: give, move, cancel, confirm and overbook, hour by hour, day by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import moving, notices, overbooking, service
from clinicdesk.clinic.turns.agenda_day import AgendaRow, Kind
from clinicdesk.clinic.turns.errors import AlreadyBooked, SlotTaken
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.agenda_view import AgendaView
from clinicdesk.tui.parts import Command, day_text
from clinicdesk.tui.turn_verbs import NO_OVERBOOK, NO_RIGHT, order

if TYPE_CHECKING:
    from datetime import date

    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.turns.notices import NoticeRow

_DAYS_AHEAD: Final = 90


class Agenda(AgendaView):
    """A doctor's day; who was chosen at the counter comes along."""

    NAME = _("Agenda")

    def __init__(
        self,
        doctor_id: int | None = None,
        patient: tuple[UUID, str] | None = None,
        moved: TurnRow | None = None,
        instead: NoticeRow | None = None,
        first: date | None = None,
    ) -> None:
        """`patient` is who gets a place by Enter; `moved` the turn that looks for another one.

        `instead`: a suspended turn that gets another one in its place; `first`: the day shown first.
        """
        super().__init__(doctor_id, moved.day if moved is not None else first)
        self._patient, self._moved, self._instead = patient, moved, instead

    def commands(self) -> Iterable[Command]:
        """Giving first, then the verbs on a turn."""
        yield Command("enter", _("Dar"), self.enter, _("dar el lugar; elegir al paciente"), self.no_line)
        yield Command("t", _("Turno"), self.next_free, _("próximo lugar libre"), self.no_line)
        yield Command("o", _("Otro"), self.other_doctor, _("otro profesional"), self.no_line)
        yield Command("s", _("Sobreturno"), self.overbook, _("sobreturno a esa hora"), self._no_overbook)
        yield Command("m", _("Mover"), self.move_pointed, _("mover a otro lugar"), self._no_moving)
        yield from self.verbs(in_bar="x", without="m")
        yield Command("v", _("Vista"), self.other_view, _("el día o la semana"))
        yield Command("left", _("Día"), lambda: self.step_day(-1), _("día anterior"), shown_as="←→")
        yield Command("right", _("Día"), lambda: self.step_day(1), _("día siguiente"), bar=False)
        yield Command("/", _("Buscar"), self.find_patient, _("elegir un paciente"), self.no_line, bar=False)
        yield Command("escape", _("Volver"), self.back, _("dejar de mover; volver"), bar=False)

    def _hint(self) -> str:
        row = self.pointed
        if row is None:
            return _("← →: otro día. o: otro profesional.")
        if row.is_offered(self.now()):
            return self._free_hint(row)
        if row.kind in {Kind.SHUT, Kind.TOLD} or row.band:
            return self._shut_hint(row)
        if row.kind is Kind.TURN and row.turn is not None:
            return _("{} {}. Enter lo elige. m mover, x cancelar.").format(
                words.number_or_hour(row.turn), words.patient_name(row.turn)
            )
        return row.why or _("Ese lugar ya pasó.")

    def _shut_hint(self, row: AgendaRow) -> str:
        if row.turn is None:
            return _("Suspendido: {}. No admite turnos. m: dar otro lugar a sus turnos.").format(row.why)
        name = words.patient_name(row.turn)
        if row.again is not None:
            return _("{} tiene en su lugar {} {:%H:%M}.").format(name, day_text(row.again.date()), row.again)
        return _("{}: {:%H:%M} suspendido. m: darle otro lugar.").format(name, row.wall_start)

    def _free_hint(self, row: AgendaRow) -> str:
        if self._instead is not None:
            return _("Enter: dar a {} el {} {:%H:%M}, en lugar del suspendido. Esc: no.").format(
                full_name(self._instead.family, self._instead.given),
                day_text(row.wall_start.date()),
                row.wall_start,
            )
        if self._moved is not None:
            return _("Enter: mover a {} a las {:%H:%M}. m: es de otra persona. Esc: dejarlo.").format(
                words.patient_name(self._moved), row.wall_start
            )
        if self._patient is None:
            return _("Libre {:%H:%M}. Enter: elegir un paciente y dárselo.").format(row.wall_start)
        return _("Libre {:%H:%M}. Enter: dar a {}.").format(row.wall_start, self._patient[1])

    def patient(self) -> tuple[UUID, str] | None:
        """Who was chosen."""
        return self._patient

    def back(self) -> None:
        """Esc: what is being moved stays; the day again; without either, back."""
        if self._moved is not None:
            self._moved = None
            self._announce()
        elif not self.desk.at_home:
            self.desk.pop_screen()

    # Giving

    async def enter(self) -> None:
        """What the reserved line says."""
        row = self.pointed
        if row is None:
            return
        if row.band or row.kind in {Kind.SHUT, Kind.TOLD}:
            self.prompt.refuse(self._hint())
            return
        if row.kind is Kind.TURN and row.turn is not None:
            self._patient = (row.turn.patient_id, words.patient_name(row.turn))
            self.prompt.say(_("Elegido: {}. t: próximo libre.").format(self._patient[1]))
        elif row.slot is None or not row.is_offered(self.now()):
            self.prompt.refuse(self._hint())
        elif self._instead is not None:
            await self._give_instead(self._instead, row.slot)
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
        row = self.pointed
        if row is None or row.kind in {Kind.SHUT, Kind.TOLD}:
            return _("no hay una hora señalada")
        return self.no_line() or (None if self._patient else _("no hay un paciente elegido: / busca"))

    async def overbook(self) -> None:
        """`s`: one more at this hour; the answer that Enter gives is no."""
        row, who = self.pointed, self._patient
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

    def _no_moving(self) -> str | None:
        row = self.pointed
        if self._gives(row) or (row is not None and row.turn is None and row.kind in {Kind.SHUT, Kind.TOLD}):
            return self.no_line()
        return self.no_moving()

    def _gives(self, row: AgendaRow | None) -> bool:
        """Whether `m` is about the turn that is being moved: once more, it goes to another person."""
        if self._moved is None:
            return False
        return row is None or row.turn is None or row.turn.id == self._moved.id

    async def move_pointed(self) -> None:
        """`m`: a turn looks for another place, and by another `m` for whose it is.

        Those of a suspended block are given others.
        """
        row = self.pointed
        if self._moved is not None and self._gives(row):
            await self._to_other_person(self._moved)
            return
        if row is None:
            return
        if row.turn is None or (row.band and row.notice):
            await self.reassign(row.turn)
        else:
            await self.move(row.turn)

    async def _to_other_person(self, turn: TurnRow) -> None:
        from clinicdesk.tui.roles.giving import give_turn

        async def given() -> None:
            self._moved = None
            await self._read()

        await give_turn(self, turn, given)

    async def reassign(self, turn: TurnRow | None) -> None:
        """The work list of suspended turns, this one pointed at."""
        from clinicdesk.tui.roles.reassign import open_reassign

        await open_reassign(self.desk, pointed=turn.id if turn is not None else None)

    async def _give_instead(self, notice: NoticeRow, slot: str) -> None:
        """The place found by hand for a suspended turn; back to the work list."""
        asked = notices.Reassign(patient_id=notice.patient_id, turn_id=notice.turn_id, slot=slot)
        if await self._once_more(notices.reassign, asked) is not None:
            self.desk.pop_screen()

    async def move(self, turn: TurnRow) -> None:
        """`m`: this turn looks for another place; Enter on a free one takes it there."""
        if turn.state == State.EN_ESPERA:
            await self.to_other_queue(turn)
            return
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
