"""`e`: a person's data corrected; what somebody else changes meanwhile stands beside what is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import editing, history
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.errors import PatientChanged, PatientClosed
from clinicdesk.clinic.patients.facts import FACTS
from clinicdesk.clinic.patients.history import EditRow
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.text import fit
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Body, Cell, Command, PatientStrip, Rule, TextLines
from clinicdesk.tui.patient_header import patient_line
from clinicdesk.tui.roles.guardian import note_guardian
from clinicdesk.tui.roles.patient_form import LABEL, PatientForm, from_form, in_form
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_words import clock_time, day_time

_MINE: Final = "1"
_THEIRS: Final = "2"
_ONE_BY_ONE: Final = "enter"
_LAST: Final = 7
_READ: Final = 60
_WHO: Final = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """What was left in the form: the row it began with, and each field that says something else."""

    seen: PatientRow
    typed: dict[str, str]


def texts_of(patient: PatientRow, country: str) -> dict[str, str]:
    """A patient as the fields of the form hold them."""
    return {name: in_form(fact, fact.text(getattr(patient, name)), country) for name, fact in FACTS.items()}


class EditForm(PatientForm):
    """The facts of a person; F8 saves, F5 compares with what somebody else saved, Esc keeps what is typed."""

    NAME = _("Corregir datos")

    def __init__(
        self, patient: PatientRow, edits: tuple[EditRow, ...], done: Callable[[PatientRow, str], None]
    ) -> None:
        """`done` takes the patient as saved, and what to say."""
        super().__init__()
        self._patient_id, self._edits, self._done = patient.patient_id, edits, done
        self.fields = {name: self.field_of(fact) for name, fact in FACTS.items()}
        self.strip = PatientStrip()
        self.latest = TextLines(tall=_LAST + 1)
        self._seen = patient
        """The row that what is typed goes by."""
        self._fresh: PatientRow | None = None
        """The row as somebody else has saved it since."""
        self._theirs: dict[str, str] = {}
        """Fields in which both wrote, and the text of the two that the field does not hold."""
        self._who = ""

    def body(self) -> Iterable[Widget]:
        """Who, the fields, what was changed last."""
        title = TextLines(Bit(f" {_('Corregir datos')}", Tone.TITLE))
        yield Body(self.strip, title, *self.fields.values(), self.latest)
        yield Rule()

    def commands(self) -> Iterable[Command]:
        """Fields, save, compare, leave."""
        yield Command("enter", _("Campo"), self.next_field, _("campo siguiente"), bar=False)
        yield Command("down", _("Campo"), self.next_field, bar=False)
        yield Command("tab", _("Campo"), self.next_field, _("campo siguiente"))
        yield Command("up", _("Campo"), self.previous_field, _("campo anterior"), bar=False)
        yield Command("f5", _("Comparar"), self.compare, _("comparar con lo que otro cambió; releer"))
        answers = _("anotar quién responde por la persona")
        yield Command("pagedown", _("Responsable"), self.note_guardian, answers, self.no_line)
        yield Command("f8", _("Guardar"), self.save, _("guardar"), why_not=self.no_line)
        yield Command("escape", _("Volver"), self.back, _("volver; lo escrito se conserva"))

    def started(self) -> None:
        """What is known is filled in, and what was left here before over it."""
        draft = self.desk.patient_drafts.pop(self._patient_id, None)
        now = self._seen
        if draft is not None:
            self._seen = draft.seen
        self.strip.show(patient_line(now, self.today().date()))
        for field, text in (self._texts(self._seen) | (draft.typed if draft is not None else {})).items():
            self.fields[field].value = text
        self._show_edits()
        self.focus_on(next(iter(self.fields.values())))
        self._hint()
        self._tell(now)

    def _hint(self) -> None:
        self.prompt.hint(_("F8 guarda. AvPág: anotar responsable. Esc vuelve y conserva lo escrito."))

    def _show_edits(self) -> None:
        lines: list[Cell] = [Bit(f" {_('Últimos cambios')}", Tone.TITLE)]
        lines += [edit_line(each, self.actor.at.zone) for each in self._edits[:_LAST]]
        self.latest.set(*(lines if self._edits else ()))

    # What is typed

    @property
    def unsaved(self) -> bool:
        """Whether something was typed that is nowhere else."""
        return bool(self._typed())

    def _texts(self, patient: PatientRow) -> dict[str, str]:
        return texts_of(patient, self.actor.at.country)

    def _typed(self) -> dict[str, str]:
        """Each field that says something else than the row it goes by."""
        before = self._texts(self._seen)
        return {name: field.value for name, field in self.fields.items() if field.value != before[name]}

    def back(self) -> None:
        """Esc: what was typed waits for the next time."""
        typed = self._typed()
        if typed:
            self.desk.patient_drafts[self._patient_id] = Draft(self._seen, typed)
        self.desk.pop_screen()

    async def note_guardian(self) -> None:
        """AvPág: who answers for the person is written at once; what is typed in the form stays."""
        name = await note_guardian(self, self._patient_id)
        if name is None:
            return
        said = _("Responsable anotado: {}.").format(name)
        if self.unsaved:
            self.prompt.say(said)
            await self._read()
            return
        now = await self.see(registry.reread, registry.PatientQuery(self._patient_id))
        self.desk.pop_screen()
        self._done(now, said)

    async def save(self) -> None:
        """F8. Nothing goes over what somebody else wrote and was not compared."""
        order = editing.EditPatient(
            patient_id=self._patient_id, version=self._seen.version, said=self._said()
        )
        try:
            await self.do(editing.edit, order)
        except PatientChanged:
            await self._read()
            raise
        saved = await self.see(registry.reread, registry.PatientQuery(self._patient_id))
        self.desk.pop_screen()
        self._done(saved, _("Datos guardados: {}.").format(full_name(saved.family, saved.given)))

    def _said(self) -> dict[str, str]:
        """The changes as an order says them. Raises InvalidInput, and marks the field."""
        said: dict[str, str] = {}
        for name, text in self._typed().items():
            try:
                said[name] = from_form(FACTS[name], text)
            except InvalidInput:
                self.fields[name].wrong()
                self.focus_on(self.fields[name])
                raise
        return said

    # What somebody else changed

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """This person, perhaps."""
        if not changes or any(map(self._is_here, changes)):
            await self._read()

    def _is_here(self, change: Change) -> bool:
        ids = {patient_id for patient_id, _row in change.ids}
        return change.kind is Kind.PATIENT and (not ids or self._patient_id in ids)

    async def _read(self) -> None:
        now = await self.see(registry.reread, registry.PatientQuery(self._patient_id))
        if now.version != (self._fresh or self._seen).version:
            query = history.ChangesQuery(self._patient_id, _READ)
            self._edits = await self.see(history.changes_on, query)
            self.strip.show(patient_line(now, self.today().date()))
            self._show_edits()
            self._tell(now)

    def _tell(self, now: PatientRow) -> None:
        """Say at once who changed what since; nothing typed is touched."""
        edits = tuple(each for each in self._edits if each.version > self._seen.version)
        if now.version == self._seen.version or not edits:
            return
        self._fresh = now
        told = history.said_of(edits, self.now(), self.actor.at.zone)
        self._who = told["who"]
        self.prompt.refuse(PatientChanged(**told).for_desk())
        at = clock_time(edits[0].at, self.actor.at.zone)
        self.prompt.hint(_("{} cambió {} a las {}. F5: comparar.").format(told["who"], told["what"], at))

    async def compare(self) -> None:
        """F5: both texts of each field side by side, then which of the two stays."""
        field = self._chosen()
        if self._fresh is not None:
            await self._compare(self._fresh)
        elif field is not None:
            self._swap(field)
        else:
            await self.desk.refresh_all()

    async def _compare(self, fresh: PatientRow) -> None:
        typed, before, now = self._typed(), self._texts(self._seen), self._texts(fresh)
        self._seen, self._fresh = fresh, None
        self._theirs = {
            name: now[name] for name, text in typed.items() if now[name] not in {before[name], text}
        }
        for name, field in self.fields.items():
            if name not in typed and now[name] != before[name]:
                field.value = now[name]
                field.note(_("antes: {}").format(before[name] or _("vacío")))
        self._show_theirs()
        self._hint()
        if self._theirs:
            await self._choose()

    async def _choose(self) -> None:
        who = self._who or _("la otra persona")
        options = {_MINE: _("lo escrito"), _THEIRS: _("lo de {}").format(who)}
        words = _("Los dos cambiaron {}. Enter: uno por uno.").format(self._names())
        chosen = await self.prompt.pick(words, options, at_once=True, enter=_ONE_BY_ONE)
        if chosen == _THEIRS:
            for name in tuple(self._theirs):
                self._swap(name)
        if chosen in {_MINE, _THEIRS}:
            self._theirs = {}
            return
        self.focus_on(self.fields[next(iter(self._theirs))])
        self.prompt.hint(_("F5 pone en este dato lo otro. F8 guarda lo que se ve. Esc vuelve."))

    def _names(self) -> str:
        names = [FACTS[name].noun for name in self._theirs]
        return names[0] if len(names) == 1 else _("{} datos").format(len(names))

    def _chosen(self) -> str | None:
        """The field with the focus, where both wrote in it."""
        return next((name for name in self._theirs if self.fields[name] is self.focused), None)

    def _swap(self, name: str) -> None:
        field = self.fields[name]
        self._theirs[name], field.value = field.value, self._theirs[name]
        self._show_theirs()

    def _show_theirs(self) -> None:
        now = self._texts(self._seen)
        for name, other in self._theirs.items():
            whose = _("ahora: {}") if other == now.get(name) else _("escrito: {}")
            self.fields[name].note(Bit(whose.format(other or _("vacío")), Tone.ERROR))


def edit_line(edit: EditRow, zone: str) -> Cell:
    """`21/11/26 09:42 Ruiz   Teléfono     111 → 222`."""
    fact, nothing = edit.fact, _("vacío")
    who = fit(short_name(edit.family or edit.login, "", _WHO), _WHO)
    return (
        f"  {day_time(edit.at, zone)} {who} {fit(fact.short_label, LABEL)} "
        f"{fact.shown(edit.before) or nothing} → {fact.shown(edit.after) or nothing}"
    )


async def edit_patient(
    screen: ClinicScreen, patient_id: UUID, done: Callable[[PatientRow, str], None]
) -> None:
    """Open the form of a person's data: an act. What is typed ahead waits for it. Raises PatientClosed."""
    patient = await screen.see(registry.show, registry.PatientQuery(patient_id))
    if patient.closed:
        raise PatientClosed
    edits = await screen.see(history.changes_on, history.ChangesQuery(patient.patient_id, _READ))
    await screen.desk.push_screen(EditForm(patient, edits, done))
