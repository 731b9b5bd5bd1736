"""F2: one patient's page at the counter: who they are, how to reach them, their turns, what was changed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import details, history
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.history import EditRow
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import Tone
from clinicdesk.tui.papers import print_of_patient
from clinicdesk.tui.parts import (
    Bit,
    Column,
    Command,
    LineList,
    PatientStrip,
    Rule,
    TextLines,
    day_text,
    mark_cell,
)
from clinicdesk.tui.parts.pager import Layout, Pager
from clinicdesk.tui.patient_header import patient_line
from clinicdesk.tui.person_facts import fact_lines
from clinicdesk.tui.roles.booking import Booking
from clinicdesk.tui.roles.correcting import Correcting
from clinicdesk.tui.roles.merge_people import Uniting
from clinicdesk.tui.roles.walk_in import WalkIns

_FACT_ROWS = 8
_FACT_LABEL = 12


class PatientPage(WalkIns, Booking, Correcting, Uniting):
    """Facts above, turns below; `v` shows in their place what was changed."""

    NAME = _("Ficha del paciente")
    DEFAULT_CSS = f"""
    PatientPage #facts {{ height: {_FACT_ROWS}; }}
    PatientPage #banner {{ height: {_FACT_ROWS}; display: none; }}
    PatientPage.-wide #facts {{ height: 16; }}
    PatientPage #edits {{ display: none; }}
    """

    def __init__(self, patient_id: UUID) -> None:
        """Empty until read."""
        super().__init__()
        self._patient_id = patient_id
        self._patient: PatientRow | None = None
        self.strip = PatientStrip()
        self.facts = Pager(id="facts")
        self.banner = TextLines(tall=_FACT_ROWS, id="banner")
        self.turns = LineList[TurnRow](
            lambda turn: turn.id,
            (
                Column[TurnRow](_("Día"), 10, lambda turn: day_text(turn.day)),
                Column[TurnRow](_("Hora"), 5, words.hour),
                Column[TurnRow](_("Estado"), 12, lambda turn: mark_cell(words.mark(turn))),
                Column[TurnRow](_("Profesional"), 20, lambda turn: words.doctor(turn, 20)),
                Column[TurnRow](_("Práctica"), 0, lambda turn: turn.procedure or ""),
            ),
            title=_("Turnos desde hoy"),
            heads=True,
            empty=_("Sin turnos."),
            on_move=lambda _row: self._announce(),
        )
        self.edits = LineList[EditRow](
            lambda edit: (edit.act, edit.patient_id, edit.field),
            (
                Column[EditRow](_("Cuándo"), 14, lambda edit: words.day_time(edit.at, self.actor.at.zone)),
                Column[EditRow](_("Quién"), 14, lambda edit: short_name(edit.family or edit.login, "", 14)),
                Column[EditRow](_("Dato"), _FACT_LABEL, lambda edit: edit.fact.label),
                Column[EditRow](_("Antes"), 0, lambda edit: edit.fact.shown(edit.before) or _("vacío")),
                Column[EditRow](_("Después"), 0, lambda edit: edit.fact.shown(edit.after) or _("vacío")),
            ),
            title=_("Cambios de sus datos"),
            heads=True,
            empty=_("Nadie cambió sus datos desde que se registró."),
            id="edits",
        )

    def body(self) -> Iterable[Widget]:
        """Identity, facts, turns or changes."""
        yield from (self.strip, Rule(), self.facts, self.banner, Rule(), self.turns, self.edits)

    def commands(self) -> Iterable[Command]:
        """What can be done to the person, then to the turn pointed at."""
        yield Command(
            "enter", _("Admitir"), self.enter, _("admitir por el turno señalado"), self.no_line, False
        )
        yield from self.correcting_commands()
        yield from self.booking_commands()
        yield from self.walk_in_commands()
        yield Command("v", _("Vista"), self.switch_view, _("turnos o cambios de sus datos"), self.no_line)
        yield Command("p", _("Imprimir"), self.print_paper, _("tarjeta, etiquetas, resumen"), self._no_paper)
        yield from self.verbs(in_bar="mx", without="p")
        yield from self.uniting_commands()
        yield Command("escape", _("Volver"), self.leave, _("volver"), bar=False)

    def started(self) -> None:
        """Read behind the first frame."""
        self.focus_on(self.turns)
        self.in_background(self._read())

    def leave(self) -> None:
        """Back to where F2 was pressed."""
        self.desk.pop_screen()

    def _no_paper(self) -> str | None:
        return self.no_line() or (None if self._patient else _("todavía no se leyó el paciente"))

    async def print_paper(self) -> None:
        """`p`: asked which; a file in the account's home folder."""
        await print_of_patient(self, self._patient_id)

    # What it points at

    def turn(self) -> TurnRow | None:
        """The turn pointed at, while turns are shown."""
        return self.turns.current if self.turns.display else None

    def patient(self) -> tuple[UUID, str] | None:
        """Whose page it is."""
        known = self._patient
        return (self._patient_id, full_name(known.family, known.given)) if known is not None else None

    async def enter(self) -> None:
        """What the reserved line says."""
        turn = self.turn()
        if turn is not None and self._admits(turn):
            await self.admit(turn)

    def _admits(self, turn: TurnRow) -> bool:
        here = turn.clinic_id == self.actor.at.clinic_id and turn.day == self.today().date()
        return here and turn.state in words.ADMISSIBLE and self.actor.may(Permission.TURN_ADMIT)

    def _announce(self) -> None:
        if not self.is_mounted:
            return
        turn, said = self.turn(), ""
        if turn is not None and self._admits(turn):
            said = _("Enter admite: {}, {}.").format(words.hour(turn), words.doctor(turn, 20))
        self.prompt.hint(said)
        self.keys_changed()

    # Reading

    async def _read(self) -> None:
        view = registry.reread if self._patient is not None else registry.show
        patient = await self.see(view, registry.PatientQuery(self._patient_id))
        known, self._patient = self._patient, patient
        self.shown = patient
        self.strip.show(patient_line(patient, self.today().date()))
        show = self.facts.renew if known is not None else self._first_facts
        known_of = await self.see(details.details, registry.PatientQuery(self._patient_id))
        country, today = self.actor.at.country, self.today().date()
        show(lambda width: fact_lines(known_of, country, today, width))
        await self._read_turns()
        if self.edits.display:
            await self._read_edits()

    async def read_again(self) -> None:
        """After a merge, or one taken back."""
        await self._read()

    async def _read_turns(self) -> None:
        since = self.today().date()
        turns = await self.see(agenda.patient_turns, agenda.PatientTurnsQuery(self._patient_id, since))
        self.turns.renew(turns)
        self.turns.title(f"{_('Turnos desde hoy')} · {len(turns)}")
        self._announce()

    async def _read_edits(self) -> None:
        edits = await self.see(history.changes_on, history.ChangesQuery(self._patient_id))
        self.edits.renew(edits)
        self.edits.title(f"{_('Cambios de sus datos')} · {len(edits)}")

    def _first_facts(self, layout: Layout) -> None:
        self.facts.show(Bit(f" {_('Datos')}", Tone.TITLE), layout)

    async def _refresh(self, patient_id: UUID, turn_id: UUID) -> None:
        await super()._refresh(patient_id, turn_id)
        with contextlib.suppress(Refusal):
            await self._read_turns()

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Perhaps one of these."""
        if ids is None or any(turn.id in ids for turn in self.turns.rows):
            self.in_background(self._read_turns())

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """The person, or a turn of theirs anywhere."""
        if not changes or any(map(self._is_here, changes)):
            await self._read()

    def _is_here(self, change: Change) -> bool:
        if change.kind not in {Kind.PATIENT, Kind.TURN}:
            return False
        return not change.ids or any(of == self._patient_id for of, _row in change.ids)

    # What can be done

    def show_options(self, lines: Sequence[str] | None) -> None:
        """In the place of the facts."""
        self.banner.display, self.facts.display = lines is not None, lines is None
        self.banner.set(*(lines or ()))

    def switch_view(self) -> None:
        """`v`: the turns, or what was changed."""
        shows = not self.edits.display
        self.edits.display, self.turns.display = shows, not shows
        self.focus_on(self.edits if shows else self.turns)
        self._announce()
        if shows:
            self.in_background(self._read_edits())

    def sees_a_face(self) -> bool:
        """Whether they restrict their data."""
        return self._patient is not None and self._patient.closed

    def corrected(self, patient: PatientRow, said: str) -> None:
        """The form of their data has closed."""
        self.in_background(self._read())
        self.prompt.say(said)
