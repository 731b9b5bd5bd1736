"""What a doctor does with who is inside: call, write, sign, finish. The screen shows; this acts."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from clinicdesk.clinic.records import lateness, planning, queries, service, templates
from clinicdesk.clinic.records.headings import tidy
from clinicdesk.clinic.records.plan import is_reason
from clinicdesk.clinic.records.planning import TreatmentRow
from clinicdesk.clinic.records.queries import DraftRow, EntryRow, NoteRow
from clinicdesk.clinic.records.rules import COSIGNED, RecordKind
from clinicdesk.clinic.records.waiting import UnsignedRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import UseCase
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words
from clinicdesk.tui.parts import Command, PatientStrip
from clinicdesk.tui.roles import chart_text, cosign_desk
from clinicdesk.tui.roles.chart import ChartPane, Contents
from clinicdesk.tui.roles.doctor_queue import Place
from clinicdesk.tui.roles.letters import AGAIN, letter_words, no_void, print_letter, void_letter
from clinicdesk.tui.roles.note_editor import NoteScreen
from clinicdesk.tui.roles.note_job import NoteJob
from clinicdesk.tui.roles.note_tools import ask_late
from clinicdesk.tui.roles.printing import print_history
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.transfer import to_other_queue
from clinicdesk.tui.turn_verbs import HopT, order

UNDERWAY: Final = frozenset({State.EN_ESPERA, State.EN_CURSO})


@dataclass(frozen=True, slots=True)
class Attended:
    """Whose chart is open, and the visit that its note belongs to."""

    patient_id: UUID
    turn_id: UUID | None = None
    visit_id: UUID | None = None
    draft: DraftRow | None = None


class Attending(ClinicScreen):
    """The verbs of an attention. They are about the open chart; `l` is about the row pointed at."""

    attended: Attended | None = None
    acting = False
    strip: PatientStrip
    chart: ChartPane

    # What the screen shows

    @property
    def zone(self) -> str:
        """The clinic's time zone."""
        return self.actor.at.zone

    @property
    @abstractmethod
    def contents(self) -> Contents | None:
        """The open chart."""

    @abstractmethod
    def place(self) -> Place | None:
        """The row of the queue pointed at."""

    @abstractmethod
    def entry(self) -> EntryRow | None:
        """The entry of the history pointed at."""

    @abstractmethod
    async def open_chart(
        self, patient_id: UUID, turn_id: UUID | None, unsigned: UnsignedRow | None = None
    ) -> None:
        """Bring a chart on the screen."""

    @abstractmethod
    async def show_again(self, *, signed: bool) -> None:
        """The open chart after its note was written or signed."""

    @abstractmethod
    def to_the_queue(self) -> None:
        """The open chart is done with."""

    def verbs(self) -> Iterable[Command]:
        """The keys, in the order of the key bar."""
        yield Command("n", _("Siguiente"), self.next, _("llamar al siguiente"), self.no_line)
        yield Command("e", _("Nota"), self.write, _("escribir la nota"), self._no_note)
        yield Command("r", _("Repetir"), self.repeat, _("repetir el llamado"), self._no_repeat)
        yield Command("f", _("Fin"), self.finish, _("finalizar la atención"), self._not_inside)
        yield Command("f9", _("Firmar"), self.sign, _("firmar el borrador"), self._no_signing)
        yield Command("a", _("Adenda"), self.addend, _("agregar a la nota señalada"), self._no_addendum)
        yield Command("p", _("Imprimir"), self.print_history, _("historia en PDF"), self._no_print)
        yield Command(
            "x",
            _("Suspender"),
            self.suspend,
            _("suspender o anular"),
            self._no_suspending,
            bar=False,
        )
        yield Command("w", _("A espera"), self.requeue, _("volver a la espera"), self._not_inside)
        yield Command("l", _("Llamar"), self.call, _("llamar al señalado"), self._no_call)
        yield Command("m", _("Mover"), self.move, _("a otra cola, a otra persona"), self.no_move, bar=False)

    async def next(self) -> None:
        """`n`: whoever is first comes in, and the chart opens by itself; asks where somebody is inside."""
        inside = self._inside()
        if inside is not None:
            who = f"{turn_words.number_or_hour(inside)} {turn_words.patient_name(inside)}"
            if not await self.prompt.accept(
                _("Adentro sigue {}. Enter: llamar igual. Esc: volver.").format(who)
            ):
                return
        with self._acting():
            answer = await self.do(service.call_next, service.CallNext())
            await self._came_in(answer)

    def _inside(self) -> TurnRow | None:
        """Who is with this doctor now."""
        mine = (each for each in self.day.rows if each.doctor_id == self.actor.person_id)
        return next((each for each in mine if each.state == State.EN_CURSO), None)

    async def call(self) -> None:
        """`l`: the one pointed at comes in, whatever the order."""
        place = self.place()
        if place is None or place.turn is None:
            return
        turn = place.turn
        with self._acting():
            try:
                answer = await self.do(service.start_visit, order(service.StartVisit, turn))
            except Refusal:
                await self.day.refresh([(turn.patient_id, turn.id)])
                raise
            await self._came_in(answer)

    async def move(self) -> None:
        """`m`: the one pointed at goes to another doctor's queue."""
        place = self.place()
        if place is None or place.turn is None:
            return
        with self._acting():
            said = await to_other_queue(self, place.turn)
            await self.day.refresh([(place.turn.patient_id, place.turn.id)])
        if said is not None:
            self.prompt.say(said)

    async def _came_in(self, answer: service.VisitAnswer) -> None:
        who = (answer.patient_id, answer.turn_id)
        await asyncio.gather(self.day.refresh([who]), self.open_chart(*who))
        turn = self.day.get(answer.turn_id)
        if turn is not None:
            number, name = turn_words.number_or_hour(turn), turn_words.patient_name(turn)
            room = f" {_('a')} {turn.room_code}" if turn.room_code else ""
            self.prompt.say(_("Llamado{}: {} {}. r repite el llamado.").format(room, number, name))

    async def repeat(self) -> None:
        """`r`: call once more."""
        turn = self._turn()
        if turn is None:
            return
        await self.do(turns.call, turns.Call(patient_id=turn.patient_id, turn_id=turn.id))
        await self.day.refresh([(turn.patient_id, turn.id)])
        now = self.day.get(turn.id) or turn
        times = plural(now.calls, _("vez"), _("veces"))
        at = turn_words.clock_time(now.called_at or self.now(), self.zone)
        number = turn_words.number_or_hour(now)
        self.prompt.say(
            _("{} {}: llamado {}, la última {}.").format(number, turn_words.patient_name(now), times, at)
        )

    async def finish(self) -> None:
        """`f`: the patient leaves; asks only where the note is not signed."""
        turn = self._turn()
        if turn is None:
            return
        if not self._signed():
            why = (
                _("La nota está sin firmar.")
                if self._draft() is not None
                else _("No hay nota de esta atención.")
            )
            if not await self.prompt.accept(f"{why} {_('Enter: finalizar igual. Esc: volver.')}"):
                return
        await self._hop(service.finish_visit, order(service.FinishVisit, turn))
        self.to_the_queue()
        name = turn_words.patient_name(turn)
        self.prompt.say(_("Atención de {} finalizada. n llama al siguiente.").format(name))

    async def requeue(self) -> None:
        """`w`: back to the queue, in the place the arrival gave; what was written stays."""
        turn = self._turn()
        if turn is not None:
            await self._hop(turns.requeue, order(turns.Hop, turn))
            self.to_the_queue()
            self.prompt.say(_("{} volvió a la espera.").format(turn_words.patient_name(turn)))

    async def _hop(self, case: UseCase[HopT, turns.TurnAnswer], hop: HopT) -> None:
        with self._acting():
            try:
                await self.do(case, hop)
            finally:
                await self.day.refresh([(hop.patient_id, hop.turn_id)])

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """What this desk does itself is no news to it."""
        self.acting = True
        try:
            yield
        finally:
            self.acting = False

    # The note

    async def write(self) -> None:
        """`e`: the note of this visit; the draft where there is one, also that of an addendum."""
        if self._signed():
            await self._edit(await self._addendum_job(self._entry_of_visit()))
        elif self._without_turn():
            await self._write_late()
        else:
            await self._edit(await self._note_job())

    async def _write_late(self) -> None:
        """Somebody was attended without a turn: when and why, then the note of that visit."""
        attended = self.attended
        late = await ask_late(self)
        if attended is None or late is None:
            return
        order = lateness.EnterVisit(patient_id=attended.patient_id, at=late.at, reason=late.reason)
        entered = await self.do(lateness.enter_visit, order)
        self.attended = replace(attended, visit_id=entered.visit_id)
        job = await self._note_job()
        await self._edit(replace(job, late=late) if job else None)

    def _without_turn(self) -> bool:
        """Whether the open chart is of somebody who has no turn here today, and no visit yet."""
        attended = self.attended
        return attended is not None and attended.turn_id is None and attended.visit_id is None

    async def sign(self) -> None:
        """F9: the draft as it will be signed, at once; without one, what waits for a co-signature."""
        if self._no_draft_to_sign():
            await self._cosign()
            return
        screen = await self._edit(await self._note_job())
        if screen is not None:
            await screen.sign()

    async def _cosign(self) -> None:
        """Stand by the note pointed at, or give it back."""
        entry = self.entry()
        if entry is None:
            return
        answer = await cosign_desk.cosign(self, entry)
        if answer is None:
            return
        await self.show_again(signed=False)
        at = turn_words.clock_time(answer.at, self.zone)
        given = answer.verdict == COSIGNED
        self.prompt.say((_("Nota cofirmada {}.") if given else _("Nota devuelta {}.")).format(at))

    async def addend(self) -> None:
        """`a`: something more to the signed note pointed at."""
        await self._edit(await self._addendum_job(self.entry()))

    async def _edit(self, job: NoteJob | None) -> NoteScreen | None:
        if job is None:
            return None
        screen = NoteScreen(job, self._written)
        await self.desk.push_screen(screen)
        return screen

    async def _written(self, signed: service.NoteAnswer | None) -> None:
        """Before the editor closes: what is under it is up to date when it does."""
        await self.show_again(signed=signed is not None)
        if signed is None:
            return
        at = turn_words.clock_time(signed.signed_at, self.zone)
        more = "" if self._not_inside() else " " + _("f finaliza la atención.")
        self.prompt.say(_("Nota firmada {}.").format(at) + more)

    async def _note_job(self) -> NoteJob | None:
        attended, contents, line = self.attended, self.contents, self.strip.patient
        if attended is None or contents is None or line is None or attended.visit_id is None:
            return None
        turn = self._turn()
        specialty = (turn.specialty if turn else None) or ""
        offered, doctors = await asyncio.gather(
            self.see(templates.my_templates, templates.MyTemplatesQuery(specialty)),
            self.see(sites.list_doctors, sites.SitesQuery(self.actor.at.clinic_id)),
        )
        return NoteJob(
            line,
            attended.patient_id,
            attended.visit_id,
            kind=_kind_of(turn),
            reason=turn.reason if turn else None,
            draft=attended.draft,
            problems=contents.chart.problems,
            sex=contents.chart.patient.sex,
            days=_days_lived(contents.chart.patient.birth, self.today().date()),
            contents=contents,
            templates=offered,
            specialty=specialty,
            doctors=tuple((row.person_id, row.family) for row in doctors),
            person_id=self.actor.person_id,
        )

    async def _addendum_job(self, entry: EntryRow | None) -> NoteJob | None:
        attended, line, note = self.attended, self.strip.patient, _first_note(entry)
        if attended is None or line is None or entry is None or note is None:
            return None
        draft = None
        if entry.visit_id is not None:
            query = queries.DraftsQuery(entry.patient_id, entry.visit_id)
            found = await self.see(queries.drafts, query)
            draft = found[0] if found else None
        about = _(", a la nota del {}").format(chart_text.day_short(entry.at, self.zone))
        # Under the chart that the note was entered in, which may be another one of the same person.
        return NoteJob(line, entry.patient_id, entry.visit_id, amends_id=note.id, about=about, draft=draft)

    async def attended_by(
        self, patient_id: UUID, turn_id: UUID | None, unsigned: UnsignedRow | None = None
    ) -> Attended:
        """The visit of a turn and the draft of its note."""
        visit_id = unsigned.visit_id if unsigned else None
        if turn_id is not None:
            visit = await self.see(queries.visit_of_turn, queries.VisitQuery(patient_id, turn_id))
            visit_id = visit.id if visit else None
        if visit_id is None:
            return Attended(patient_id, turn_id)
        found = await self.see(queries.drafts, queries.DraftsQuery(patient_id, visit_id))
        written = [row for row in found if row.diagnoses or tidy(row.text)]
        return Attended(patient_id, turn_id, visit_id, written[0] if written else None)

    def _no_suspending(self) -> str | None:
        """Why `x` cannot work: of a letter pointed at, or of a treatment."""
        return no_void(self, self.chart) if self.chart.letter is not None else self._no_treatment()

    async def suspend(self) -> None:
        """`x`: the letter pointed at holds no more, or the treatment is followed no more."""
        if self.chart.letter is None:
            await self._end_treatment()
        elif await void_letter(self, self.chart):
            await self.show_again(signed=False)

    async def _end_treatment(self) -> None:
        """The treatment pointed at is followed no more, and why."""
        row, attended = self.treatment(), self.attended
        if row is None or attended is None:
            return
        why = await self.prompt.ask(
            _("Suspender {}. Motivo:").format(row.what),
            check=lambda text: None if is_reason(text) else _("El motivo lleva de 3 a 400 letras."),
        )
        if why is not None:
            order = planning.EndTreatment(patient_id=attended.patient_id, treatment_id=row.id, why=why)
            answer = await self.do(planning.end_treatment, order)
            await self.show_again(signed=False)
            self.prompt.say(_("Suspendido: {}. Queda en la historia.").format(answer.what))

    @abstractmethod
    def treatment(self) -> TreatmentRow | None:
        """The treatment pointed at."""

    def _no_treatment(self) -> str | None:
        if why := self.no_line() or self._no_chart():
            return why
        return None if self.treatment() else _("señalar un tratamiento en la sección 4")

    # Paper

    async def print_history(self) -> None:
        """`p`, Enter: the whole history as PDF, into the account's home folder; or a letter."""
        contents = self.contents
        if contents is None:
            return
        words = {"1": _("historia"), **letter_words(self, self.chart)}
        enter = AGAIN if AGAIN in words else "1"
        key = await self.prompt.pick(_("Imprimir:"), words, at_once=True, enter=enter)
        if key is None or await print_letter(self, self.chart, key):
            return
        self.prompt.say(_("Preparando la historia en PDF…"))
        path = await print_history(self.link, contents.chart.patient, self.now())
        self.prompt.say(_("Historia guardada en {}, que solo lee esta cuenta.").format(path))

    # Why not

    def _no_chart(self) -> str | None:
        return None if self.attended is not None else _("no hay una historia abierta")

    def _turn(self) -> TurnRow | None:
        """The turn of the open chart, as it is now."""
        attended = self.attended
        return self.day.get(attended.turn_id) if attended and attended.turn_id else None

    def _draft(self) -> DraftRow | None:
        return self.attended.draft if self.attended else None

    def _entry_of_visit(self) -> EntryRow | None:
        attended, contents = self.attended, self.contents
        if attended is None or contents is None or attended.visit_id is None:
            return None
        entries = contents.chart.entries
        return next((each for each in entries if each.visit_id == attended.visit_id and each.notes), None)

    def _signed(self) -> bool:
        return self._entry_of_visit() is not None

    def _no_note(self) -> str | None:
        if why := self.no_line() or self._no_chart():
            return why
        if self._without_turn():
            return None
        if self.attended is None or self.attended.visit_id is None:
            return _("todavía no fue llamado")
        if self._signed() and self._draft() is None:
            return _("la nota ya está firmada; a: adenda")
        return None

    def _no_signing(self) -> str | None:
        if why := self.no_line() or self._no_chart():
            return why
        if not self._no_draft_to_sign() or self.to_cosign():
            return None
        return _("no hay una nota sin firmar")

    def _no_draft_to_sign(self) -> bool:
        return self._draft() is None or self._signed()

    def to_cosign(self) -> bool:
        """Whether the entry pointed at waits for a co-signature."""
        return bool(cosign_desk.waiting(self.entry(), self.actor.person_id))

    def _no_addendum(self) -> str | None:
        if why := self.no_line() or self._no_chart():
            return why
        return None if _first_note(self.entry()) else _("ese registro no tiene una nota firmada")

    def _no_print(self) -> str | None:
        if not self.actor.may(Permission.HISTORY_EXPORT):
            return _("su rol no entrega historias")
        return self.no_line() or self._no_chart()

    def _no_repeat(self) -> str | None:
        if why := self.no_line() or self._no_chart():
            return why
        turn = self._turn()
        return None if turn is not None and turn.state in UNDERWAY else _("no está en espera ni en curso")

    def _not_inside(self) -> str | None:
        if why := self.no_line() or self._no_chart():
            return why
        turn = self._turn()
        return None if turn is not None and turn.state == State.EN_CURSO else _("no está en curso")

    def no_move(self) -> str | None:
        """Why `m` cannot work."""
        return self._no_call()

    def _no_call(self) -> str | None:
        if why := self.no_line():
            return why
        place = self.place()
        waits = place is not None and place.turn is not None and place.turn.state == State.EN_ESPERA
        return None if waits else _("el señalado no está en espera")


def _first_note(entry: EntryRow | None) -> NoteRow | None:
    """The signed note that addenda add to."""
    return next((note for note in entry.notes if note.amends_id is None), None) if entry else None


def _kind_of(turn: TurnRow | None) -> str:
    """`control` for a turn whose practice is one; a plain attention otherwise."""
    name = (turn.procedure or "").lower() if turn else ""
    return name if name in list(RecordKind) else RecordKind.CONSULTA.value


def _days_lived(birth: date | None, today: date) -> int | None:
    return (today - birth).days if birth else None
