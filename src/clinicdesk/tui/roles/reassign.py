"""Suspended turns at the desk: who was told, the place proposed for each, given one by one or all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import notices, queries, reassignment
from clinicdesk.clinic.turns.errors import AlreadyBooked
from clinicdesk.clinic.turns.notices import NoticeRow, NoticesQuery, Reassign
from clinicdesk.clinic.turns.reassignment import Proposal
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.agenda_lists import NOTICES
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Column, Command, LineList, Rule, TextLines, day_text
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.roles.booking import slot_words
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_verbs import NO_RIGHT

if TYPE_CHECKING:
    from clinicdesk.clinic.turns.service import TurnAnswer
    from clinicdesk.tui.app import ClinicDesk

Fits = Callable[[Proposal, Proposal | None], bool]
"""Whether a place will do after the one proposed now."""

_NAME, _WIDE_NAME, _WIDE = 24, 44, 100
_DETAIL: Final = 3


class Reassignments(ClinicScreen):
    """One list; Enter gives the place proposed, `c` notes that the patient was told."""

    NAME = _("Turnos suspendidos")

    def __init__(self, exception_id: int | None = None) -> None:
        """Those of one leave or suspension, or all that the clinic still has to arrange."""
        super().__init__()
        self._exception_id = exception_id
        self._rows: dict[UUID, NoticeRow] = {}
        self._places: dict[UUID, Proposal] = {}
        self._others: dict[UUID, list[Proposal]] = {}
        self._refused: dict[UUID, str] = {}
        self.top = TextLines()
        self.list = LineList[NoticeRow](
            lambda row: row.turn_id,
            self._columns,
            heads=True,
            empty=_("Ningún turno suspendido por arreglar."),
            on_move=lambda _row: self._texts(),
            id="suspended",
        )
        self.detail = TextLines(tall=_DETAIL)

    def _columns(self, width: int) -> Sequence[Column[NoticeRow]]:
        name = _NAME if width < _WIDE else _WIDE_NAME
        return (
            Column[NoticeRow](_("Suspendido"), 11, lambda row: f"{row.wall_start:%d/%m %H:%M}"),
            Column[NoticeRow](_("Paciente"), name, lambda row: short_name(row.family, row.given, name)),
            Column[NoticeRow](_("Prof."), 8, lambda row: short_name(row.doctor, "", 8)),
            Column[NoticeRow](_("Aviso"), 12, lambda row: NOTICES[row.state]),
            Column[NoticeRow](_("Otro lugar"), 0, self._place_cell),
        )

    def _place_cell(self, row: NoticeRow) -> Cell:
        if row.new_wall_start is not None:
            return f"• {row.new_wall_start:%d/%m %H:%M} {short_name(row.new_doctor or '', '', 7)}"
        if row.turn_id in self._refused:
            return Bit(_("! no se pudo"), Tone.ERROR)
        place = self._places.get(row.turn_id)
        if place is None:
            return _("sin lugar")
        return f"→ {place.slot.starts_at:%d/%m %H:%M} {short_name(place.slot.doctor, '', 7)}"

    def body(self) -> Iterable[Widget]:
        """Title, list, the one pointed at."""
        return (self.top, self.list, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Giving first, then telling."""
        yield Command("enter", _("Dar"), self.give, _("dar el lugar propuesto"), self._no_place)
        yield Command("t", _("Turno"), self.next_place, _("proponer el próximo lugar"), self._not_open)
        yield Command("o", _("Otro"), self.other_doctor, _("proponer otro profesional"), self._not_open)
        yield Command("m", _("Mover"), self.by_hand, _("buscar el lugar en la agenda"), self._no_row)
        yield Command("c", _("Confirmar"), self.told, _("el paciente ya fue avisado"), self._no_row)
        yield Command("u", _("Ausente"), self.not_told, _("no hay cómo avisarle"), self._no_row)
        yield Command("f8", _("Todos"), self.give_all, _("dar todos los lugares propuestos"), self._none_left)
        yield Command("escape", _("Volver"), self.back, _("volver"), bar=False)

    def started(self) -> None:
        """The rows come with `read`."""
        self.focus_on(self.list)
        self._texts()

    # Reading

    async def read(self, pointed: UUID | None = None) -> None:
        """The notices, then a place for each turn that has none. Raises Refusal."""
        query = NoticesQuery(self.actor.at.clinic_id, self._exception_id)
        self._rows = {row.turn_id: row for row in await self.see(notices.notices, query)}
        self._refused.clear()
        self.list.show(self._rows.values())
        if pointed is not None:
            self.list.select(pointed)
        await self._propose()

    async def _propose(self) -> None:
        """A free place for each that waits for one, no place twice. Raises Refusal."""
        open_rows = [row for row in self._rows.values() if row.new_id is None]
        ids = tuple((row.patient_id, row.turn_id) for row in open_rows)
        found = await self.see(reassignment.proposals, reassignment.ProposalsQuery(ids)) if ids else ()
        self._places = {each.turn_id: each for each in found}
        self._others.clear()
        self.list.repaint()
        self._texts()

    async def changed(self, changes: tuple[object, ...]) -> None:
        """After F5 or a lost line; what others do meanwhile is refused with its reason when it matters."""
        if not changes:
            await self.read()

    def resumed(self) -> None:
        """Back from the agenda, where a place may have been found by hand."""
        super().resumed()
        self.in_background(self.read(self.list.current.turn_id if self.list.current else None))

    def back(self) -> None:
        """Esc: the screen before."""
        self.desk.pop_screen()

    # Texts

    def _texts(self) -> None:
        if not self.is_mounted:
            return
        rows = self._rows.values()
        open_rows = sum(1 for row in rows if row.new_id is None)
        untold = sum(1 for row in rows if row.state == "pendiente")
        title = f" {self.NAME} · {self.actor.at.clinic_name}"
        counts = _("{} sin otro lugar, {} por avisar ").format(open_rows, untold)
        self.top.set(spread([Bit(title, Tone.TITLE)], counts, self.size.width))
        row = self.list.current
        self.detail.set(*(self._facts(row) if row is not None else ()))
        self.prompt.hint(self._hint(row))
        self.keys_changed()

    def _facts(self, row: NoticeRow) -> list[str]:
        phone = f"{_('Tel.')} {row.phone}" if row.phone else _("sin teléfono")
        told = _("avisó {}").format(row.told_by) if row.told_by else NOTICES[row.state]
        was = f"{day_text(row.wall_start.date())} {row.wall_start:%H:%M}"
        facts = (_("Tenía {} con {}").format(was, row.doctor), (row.procedure or "").lower(), phone, told)
        return [f" {' · '.join(filter(None, facts))}", f" {self._place_words(row)}"]

    def _place_words(self, row: NoticeRow) -> str:
        if row.new_wall_start is not None:
            now = f"{day_text(row.new_wall_start.date())} {row.new_wall_start:%H:%M}"
            return _("Tiene en su lugar {} con {}, {}.").format(now, row.new_doctor, row.new_clinic)
        if row.turn_id in self._refused:
            return _("No se pudo: {}").format(self._refused[row.turn_id])
        place = self._places.get(row.turn_id)
        if place is None:
            return _("Sin lugar en 90 días: m busca en la agenda.")
        said = _("Propuesto ({}): {} con {}, {}, {}.")
        slot = place.slot
        return said.format(place.why, slot_words(slot), slot.doctor, slot.clinic, slot.room)

    def _hint(self, row: NoticeRow | None) -> str:
        if row is None:
            return _("Nada que dar. Esc: volver.")
        name = self._who(row)
        if row.new_wall_start is not None:
            return _("{} ya tiene otro turno. c: avisado. m: moverlo.").format(name)
        place = self._places.get(row.turn_id)
        if place is None:
            return _("{}: sin lugar propuesto. m: buscarlo en la agenda.").format(name)
        return _("Enter: dar {} con {} a {}.").format(slot_words(place.slot), place.slot.doctor, name)

    def _who(self, row: NoticeRow) -> str:
        return full_name(row.family, row.given) if row.family else _("§ sellado")

    # Why a key cannot work

    def _no_row(self) -> str | None:
        if not self.actor.may(Permission.TURN_BOOK):
            return NO_RIGHT
        return self.no_line() or (None if self.list.current else _("no hay un turno señalado"))

    def _not_open(self) -> str | None:
        row = self.list.current
        done = row is not None and row.new_id is not None
        return self._no_row() or (_("ya tiene otro turno") if done else None)

    def _no_place(self) -> str | None:
        row = self.list.current
        none = row is not None and row.turn_id not in self._places
        return self._not_open() or (_("no hay un lugar propuesto") if none else None)

    def _none_left(self) -> str | None:
        return self._no_row() or (None if self._to_give() else _("no hay lugares propuestos"))

    # Giving

    def _to_give(self) -> list[NoticeRow]:
        rows = self._rows.values()
        return [row for row in rows if row.new_id is None and row.turn_id in self._places]

    async def give(self) -> None:
        """Enter: the place proposed, and on to the next turn."""
        row = self.list.current
        if row is None or (answer := await self._given(row, ask=True)) is None:
            return
        left = [each for each in self.list.rows if each.new_id is None]
        after = [each for each in left if each.wall_start >= row.wall_start]
        if nxt := next(iter(after or left), None):
            self.list.select(nxt.turn_id)
        self._texts()
        when = f"{day_text(answer.starts_at.date())} {answer.starts_at:%H:%M}"
        said = _("{}: {} con {}. Falta avisarle: c.").format(self._who(row), when, self._doctor(row))
        self.prompt.say(said if row.state != "hecho" else said.removesuffix(_(" Falta avisarle: c.")))

    def _doctor(self, row: NoticeRow) -> str:
        return self._rows[row.turn_id].new_doctor or ""

    async def _given(self, row: NoticeRow, *, ask: bool) -> TurnAnswer | None:
        """Book it and link it. None: the patient has the procedure to come already, and better not."""
        place = self._places[row.turn_id]
        order = Reassign(patient_id=row.patient_id, turn_id=row.turn_id, slot=place.slot.id)
        try:
            answer = await self.do(notices.reassign, order)
        except AlreadyBooked as refusal:
            if not ask or not await self.prompt.confirm(refusal.for_desk()):
                if not ask:
                    raise
                return None
            found: Any = refusal.fields["turns"]
            seen = tuple(each.id for each in found)
            answer = await self.do(notices.reassign, replace(order, acknowledged=seen))
        self._refused.pop(row.turn_id, None)
        self._renew(
            replace(
                row,
                new_id=answer.id,
                new_wall_start=place.slot.starts_at.replace(tzinfo=None),
                new_doctor=place.slot.doctor,
                new_clinic=place.slot.clinic,
            )
        )
        return answer

    def _renew(self, row: NoticeRow) -> None:
        self._rows[row.turn_id] = row
        self.list.update_row(row.turn_id, row)
        self._texts()

    async def give_all(self) -> None:
        """F8: every place proposed, one after the other; what is refused stays with its reason."""
        rows = self._to_give()
        asked = _("¿Dar {} en lugar de los suspendidos? Por defecto: no.")
        if not await self.prompt.confirm(asked.format(plural(len(rows), _("turno"), _("turnos")))):
            return
        given = 0
        for row in rows:
            try:
                given += await self._given(row, ask=False) is not None
            except Refusal as refusal:
                self._refused[row.turn_id] = refusal.for_desk()
                self.list.repaint()
        failed = len(rows) - given
        if failed:
            await self._propose()
        said = _("Dados: {}.").format(given)
        self.prompt.say(
            f"{said} {_('No se pudo con {}: Enter los intenta de a uno.').format(failed)}" if failed else said
        )

    # Another place

    async def next_place(self) -> None:
        """`t`: the next of the places for this turn."""
        await self._turn_over(lambda _each, _now: True)

    async def other_doctor(self) -> None:
        """`o`: the next place with another doctor."""
        await self._turn_over(lambda each, now: now is None or each.slot.doctor_id != now.slot.doctor_id)

    async def _turn_over(self, fits: Fits) -> None:
        row = self.list.current
        if row is None:
            return
        now = self._places.get(row.turn_id)
        if row.turn_id not in self._others:
            query = reassignment.PlacesQuery(row.patient_id, row.turn_id, self.today().date())
            found = await self.see(reassignment.places, query)
            self._others[row.turn_id] = list(found)
        others = self._others[row.turn_id]
        ids = [each.slot.id for each in others]
        at = ids.index(now.slot.id) + 1 if now is not None and now.slot.id in ids else 0
        for place in [*others[at:], *others[:at]]:
            if fits(place, now) and (now is None or place.slot.id != now.slot.id):
                self._places[row.turn_id] = place
                self._refused.pop(row.turn_id, None)
                self.list.repaint()
                self._texts()
                return
        self.prompt.refuse(_("No hay otro lugar para ofrecer. m: buscarlo en la agenda."))

    async def by_hand(self) -> None:
        """`m`: the agenda, where Enter gives a place instead; of one that has another, that is moved."""
        from clinicdesk.tui.roles.agenda import Agenda

        row = self.list.current
        if row is None:
            return
        if row.new_id is None:
            first = max(row.wall_start.date(), self.today().date())
            await self.desk.push_screen(Agenda(instead=row, first=first))
            return
        query = queries.TurnsQuery(((row.patient_id, row.new_id),))
        for turn in await self.see(queries.turns_by_ids, query):
            await self.desk.push_screen(Agenda(turn.doctor_id, moved=turn))

    # Telling

    async def told(self) -> None:
        """`c`: the patient knows."""
        await self._tell(reached=True)

    async def not_told(self) -> None:
        """`u`: there is nothing to tell them by."""
        await self._tell(reached=False)

    async def _tell(self, *, reached: bool) -> None:
        row = self.list.current
        if row is None:
            return
        order = notices.NoticeGiven(patient_id=row.patient_id, notice_id=row.id, reached=reached)
        answer = await self.do(notices.notice_given, order)
        by = self.actor.name.partition(",")[0] if reached else None
        self._renew(replace(row, state=answer.state, told_by=by))
        self.prompt.say(f"{self._who(row)}: {NOTICES[answer.state]}.")


async def open_reassign(
    desk: ClinicDesk, exception_id: int | None = None, pointed: UUID | None = None
) -> None:
    """Open the work list with its rows read: keys typed ahead find them there. Raises Refusal."""
    screen = Reassignments(exception_id)
    await desk.push_screen(screen)
    await screen.read(pointed)
