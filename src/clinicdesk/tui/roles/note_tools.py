"""The tools around a note's text: what is known of the patient, templates, another hour."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final

from clinicdesk.clinic.changes import Change
from clinicdesk.clinic.desk import NoCareRelation
from clinicdesk.clinic.records import unfilled
from clinicdesk.clinic.records.headings import HEADINGS, headings_of
from clinicdesk.clinic.records.plan import Late, is_reason
from clinicdesk.clinic.records.plan_words import moment_of
from clinicdesk.clinic.records.unfilled import Gap
from clinicdesk.kit import clock
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command, LineList, TextLines
from clinicdesk.tui.parts.editor import Editor
from clinicdesk.tui.parts.prose import Place
from clinicdesk.tui.patient_header import names
from clinicdesk.tui.roles import note_text
from clinicdesk.tui.roles.chart import Contents, Reading
from clinicdesk.tui.roles.note_beside import Fact, brief, facts, vitals_of_day
from clinicdesk.tui.roles.note_job import NoteJob
from clinicdesk.tui.roles.note_signing import NoteSigning, OnClose
from clinicdesk.tui.roles.note_templates import TemplateMenu
from clinicdesk.tui.screens import ClinicScreen

_NAMED: Final = 6


class NoteTools(NoteSigning):
    """What helps to write.

    `known` are the headings of all templates, `begun` is the body of the one in use, `blank` what the text
    began with.
    """

    editor: Editor

    def __init__(self, job: NoteJob, on_close: OnClose) -> None:
        """Of what is written about."""
        super().__init__(on_close)
        self.job = job
        draft = job.draft
        self.known = headings_of(*(each.body for each in job.templates))
        self.begun = "" if job.amends_id else job.templates[0].body
        self.blank = "" if job.amends_id else note_text.template(job.reason, self.begun)
        self.menu = TemplateMenu(self, job.templates, job.specialty, job.patient.name)
        self.late = (draft.late if draft else None) or job.late
        self.beside = LineList[Fact](
            lambda fact: fact.id, draw=lambda fact, width: fact.draw(width), on_move=self._point, id="beside"
        )
        self.title_line = TextLines("")
        self.contents: Contents | None = None

    @abstractmethod
    def typed(self, keys: int) -> None:
        """So many characters are other ones."""

    @abstractmethod
    def draft_state(self) -> None:
        """Row 23 says how the draft is."""

    def side_command(self) -> Command:
        """F2."""
        return Command("f2", _("Paciente"), self.turn_side, _("datos del paciente, o diagnósticos"))

    def tool_commands(self) -> Iterable[Command]:
        """Keys that stand beside the text's own."""
        yield Command("ctrl+o", _("Vitales"), self.insert_vitals, _("signos de hoy en Objetivo"))
        yield Command("ctrl+t", _("Plantilla"), self.choose_template, _("otra plantilla; nada se pierde"))
        yield Command("ctrl+r", _("Hora"), self.say_when, _("se atendió a otra hora"))

    # The patient beside the text

    def show_beside(self, contents: Contents | None) -> None:
        """What is known now."""
        self.contents = contents
        if contents is not None:
            rows = facts(contents, self.today().date(), self.actor.at.zone)
            self.beside.show(rows)
            self.show_brief(brief(rows))

    @abstractmethod
    def show_brief(self, lines: Sequence[Cell]) -> None:
        """The same under the diagnoses, where the patient does not stand beside them."""

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """What others write of this patient meanwhile: signs just taken, an allergy, a result."""
        await super().changed(changes)
        if self.contents is not None and names(changes, self.patient_id):
            with contextlib.suppress(NoCareRelation):
                self.show_beside(await Reading(self.see).whole(self.contents.patient_id, opening=False))

    def turn_side(self) -> None:
        """F2: diagnoses or the patient; on a wide screen both stand, and the focus goes there and back."""
        self.turn_side_to(beside=self.focused is not self.beside)

    def turn_side_to(self, *, beside: bool) -> None:
        """The patient has the focus, or the text."""
        self.set_class(beside, "-beside")
        if beside:
            self.focus_on(self.beside)
            self._point(self.beside.current)
        else:
            self.focus_on(self.editor)
            self.draft_state()

    def _point(self, fact: Fact | None) -> None:
        """Row 23 says the line whole, and what Enter does."""
        if fact is not None and self.focused is self.beside:
            self.prompt.hint(_("Enter pone en la nota: {}").format(fact.said))

    def insert_fact(self) -> None:
        """The line pointed at, where the cursor stands in the text."""
        fact = self.beside.current
        if fact is not None:
            before = self.editor.prose.text_before()
            self.editor.insert(fact.said if not before or before.isspace() else f" {fact.said}")
            self.turn_side_to(beside=False)

    def insert_vitals(self) -> None:
        """Ctrl+O: what was measured today, under Objetivo, or where the cursor stands."""
        contents = self.contents
        today = self.today().date()
        said = vitals_of_day(contents.chart, today, self.actor.at.zone) if contents else ""
        if not said:
            self.prompt.refuse(_("No hay signos vitales de hoy. F2 muestra los últimos."))
            return
        placed = note_text.under(self.editor.text, HEADINGS[2], said, self.known)
        if placed is None:
            self.editor.insert(f" {said}")
        else:
            self.editor.set(*placed)
            self.typed(len(said))
        self.turn_side_to(beside=False)

    # What is unfilled

    def gaps(self) -> tuple[Gap, ...]:
        """What the text leaves open, but for headings that go by themselves."""
        text = self.editor.text
        found = unfilled.gaps(text, () if self.job.amends_id else self.known) + note_text.seams(text)
        return tuple(sorted(found, key=lambda gap: (gap.line, gap.column)))

    def to_be_seen(self) -> Iterable[str]:
        """What is unfilled, and how much stands as the template brought it."""
        gaps = self.gaps()
        if gaps:
            yield _("Por completar: {}.").format(" · ".join(dict.fromkeys(gap.said for gap in gaps[:_NAMED])))
        came = () if self.job.amends_id else unfilled.as_it_came(self.editor.text, self.begun, self.known)
        if came:
            counted = plural(len(came), _("renglón está"), _("renglones están"))
            yield _("{} como vino en la plantilla: revisar.").format(counted)

    def go_to(self, gap: Gap) -> None:
        """The cursor behind it; what is typed takes its place."""
        start = Place(gap.line, gap.column)
        self.editor.offer(start, Place(gap.line, gap.column + gap.length))
        if gap.length:
            self.prompt.hint(_("Lo que se escriba reemplaza {}. F9: el que sigue.").format(gap.said))

    # Templates, and another hour

    async def choose_template(self) -> None:
        """Ctrl+T: another beginning, with all that was typed."""
        row = await self.menu.choose(self.editor.text, self.known)
        self.known = headings_of(*self.known, *(each.body for each in self.menu.rows))
        if row is None:
            return
        blank = note_text.template(self.job.reason, row.body)
        text = note_text.changed_to(self.editor.text, self.known, self.blank, blank)
        self.begun, self.blank = row.body, blank
        self.editor.set(text, note_text.first_place(text, self.known))
        self.typed(1)
        self.focus_on(self.editor)

    async def say_when(self) -> None:
        """Ctrl+R: it was at another hour than this one, and why it is typed only now."""
        late = await ask_late(self, self.late)
        if late is not None:
            self.was_at(late)
            self.typed(1)

    def was_at(self, late: Late | None) -> None:
        """It was then; the title says so."""
        self.late = late
        self.title_line.set(Bit(f" {self.about()}", Tone.TITLE))


async def ask_late(screen: ClinicScreen, before: Late | None = None) -> Late | None:
    """When it was, and why it is typed only now; None after Esc."""
    zone, now = screen.actor.at.zone, screen.now()
    known = f"{clock.local(before.at, zone):%d/%m %H:%M}" if before else ""

    def wrong(text: str) -> str | None:
        found = moment_of(text, now, zone)
        return found if isinstance(found, str) else None

    said = _("Atendido a las (10:05, o 20/11 10:05):")
    hour = await screen.prompt.ask(said, default=known, check=wrong)
    if hour is None:
        return None
    reason = await screen.prompt.ask(
        _("Por qué se escribe después:"),
        default=before.reason if before else "",
        check=lambda text: None if is_reason(text) else _("El motivo lleva de 3 a 400 letras."),
    )
    at = moment_of(hour, now, zone)
    return None if reason is None or isinstance(at, str) else Late(at, reason)
