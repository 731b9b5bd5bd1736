"""`t`: the next free slot, offered in the reserved line; Enter gives it, `o` offers another doctor's."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from clinicdesk.clinic.records import planning
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import service, slots, unmet, waiting_list
from clinicdesk.clinic.turns.errors import AlreadyBooked, SlotTaken
from clinicdesk.clinic.turns.requirements import RequirementsQuery, requirements_of
from clinicdesk.clinic.turns.slots import SlotRow
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command, day_text
from clinicdesk.tui.turn_verbs import NO_OVERBOOK, NO_RIGHT, TurnVerbs

_GIVE = "enter"
# So short that the patient's whole name and the other keys stand on the line.
_DOCTOR_WIDTH = 10
_OTHER = "o"
_WAIT = "a"
_DAYS_FIRST = 2
_DAYS_AHEAD = 30
_MOST_SLOTS = 500


class Booking(TurnVerbs):
    """A screen that gives turns."""

    @abstractmethod
    def patient(self) -> tuple[UUID, str] | None:
        """Id and whole name of the person pointed at."""

    def booking_commands(self) -> Iterable[Command]:
        """The next place, and the agenda for one more."""
        yield Command(
            "t", _("Turno"), self.book_next, _("dar el próximo turno libre"), why_not=self._no_booking
        )
        yield Command(
            "s",
            _("Sobreturno"),
            self.desk.show_agenda,
            _("sobreturno, en la agenda"),
            why_not=self._no_overbook,
            bar=False,
        )

    def _no_overbook(self) -> str | None:
        return None if self.actor.may(Permission.TURN_OVERBOOK) else NO_OVERBOOK

    def _no_booking(self) -> str | None:
        if not self.actor.may(Permission.TURN_BOOK):
            return NO_RIGHT
        return self.no_line() or (None if self.patient() else _("no hay un paciente señalado"))

    async def book_next(self) -> None:
        """Offer slots until one is taken; the person is the one pointed at when the key came."""
        who, turn = self.patient(), self.turn()
        if who is None:
            return
        due = await self.see(planning.due_of, planning.DueQuery(who[0]))
        own = turn.doctor_id if turn else due[0].doctor_id if due else None
        days, at = _DAYS_FIRST, 0
        slots = await self._next_of_each(own, days)
        while True:
            if at >= len(slots) and days < _DAYS_AHEAD:
                days = _DAYS_AHEAD
                slots = await self._next_of_each(own, days)
            if not slots:
                await self._no_place(who, own)
                return
            slot = slots[at % len(slots)]
            answer = await self._offer(slot, who[1], suggested(due))
            if answer != _OTHER:
                break
            at += 1
        if answer == _GIVE:
            await self._give(who, slot)
        elif answer == _WAIT:
            await self._wait(who, slot.doctor_id, offered=True)

    async def _no_place(self, who: tuple[UUID, str], doctor_id: int | None) -> None:
        said = _("No hay lugar en los próximos {} días.").format(_DAYS_AHEAD)
        if await self.prompt.pick(said, {_WAIT: _("lista de espera")}, at_once=True):
            await self._wait(who, doctor_id, offered=False)

    async def _wait(self, who: tuple[UUID, str], doctor_id: int | None, *, offered: bool) -> None:
        """On the list, and counted as one who got nothing, with the reason."""
        asked = unmet.GoneWithout(self.actor.at.clinic_id, doctor_id, offered=offered)
        why = await self.see(unmet.gone_without, asked)
        clinic_id = self.actor.at.clinic_id
        order = waiting_list.Wait(patient_id=who[0], clinic_id=clinic_id, doctor_id=doctor_id, unmet=why)
        await self.do(waiting_list.wait, order)
        self.prompt.say(_("En lista de espera: {}.").format(who[1]))

    async def _offer(self, slot: SlotRow, name: str, suggested: str) -> str | None:
        words = suggested + _("{}, {}. Enter: dar a {}.").format(
            slot_words(slot), short_name(slot.doctor, "", _DOCTOR_WIDTH), name
        )
        options = {_OTHER: _("otro"), _WAIT: _("espera")}
        return await self.prompt.pick(words, options, at_once=True, enter=_GIVE)

    async def _give(self, who: tuple[UUID, str], slot: SlotRow) -> None:
        try:
            answer = await self._booked(service.BookTurn(patient_id=who[0], slot=slot.id))
        except SlotTaken as taken:
            self.prompt.refuse(_("{} t: ofrecer el próximo.").format(taken))
            return
        if answer is None:
            return
        self._undoable(_("turno {}").format(slot_words(slot)), None, answer)
        await self._refresh(answer.patient_id, answer.id)
        asked = await self.see(requirements_of, RequirementsQuery(answer.patient_id, answer.id))
        if asked:
            words = _("Turno {}. z deshace. Requisitos: {}")
            self.prompt.say(words.format(slot_words(slot), " ".join(asked.split())))
        else:
            self.prompt.say(_("Turno {}: {}, {}. z deshace.").format(slot_words(slot), who[1], slot.doctor))

    async def _booked(self, order: service.BookTurn) -> service.TurnAnswer | None:
        """Book it; where the same procedure is still to come only once that was seen. None: better not."""
        try:
            return await self.do(service.book_turn, order)
        except AlreadyBooked as refusal:
            found: Any = refusal.fields["turns"]
            if not await self.prompt.confirm(refusal.for_desk()):
                return None
        return await self.do(service.book_turn, replace(order, acknowledged=tuple(each.id for each in found)))

    async def _next_of_each(self, doctor_id: int | None, days: int) -> list[SlotRow]:
        """The first free slot of each doctor by time, the patient's own doctor first."""
        clinic_id = self.actor.at.clinic_id
        found: dict[int, SlotRow] = {}
        if doctor_id is not None:
            own = slots.SlotsQuery(clinic_id, doctor_id, days=days, limit=1)
            found = {slot.doctor_id: slot for slot in await self.see(slots.slots, own)}
        ask = slots.SlotsQuery(clinic_id, days=days, limit=_MOST_SLOTS)
        for slot in await self.see(slots.slots, ask):
            found.setdefault(slot.doctor_id, slot)
        return list(found.values())


def suggested(due: Sequence[planning.DueRow]) -> str:
    """The first control that a note asks for and no turn was given for: day and doctor."""
    if not due:
        return ""
    family = due[0].doctor.partition(",")[0]
    return _("Control sugerido: {} con {}.").format(f"{due[0].due_on:%d/%m/%Y}", family) + " "


def slot_words(slot: SlotRow) -> str:
    """`lun 23 nov 11:00`."""
    return f"{day_text(slot.starts_at.date())} {slot.starts_at:%H:%M}"
