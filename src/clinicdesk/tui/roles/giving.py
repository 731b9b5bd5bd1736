"""What stands under the wrong person goes to the right one: a turn, and what is pointed at in a chart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from clinicdesk.clinic.admissions import misgiven
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records import misplacing
from clinicdesk.clinic.records.measured import MovedVitals, VitalRow
from clinicdesk.clinic.records.queries import EntryRow
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit import clock
from clinicdesk.kit.names import full_name
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words
from clinicdesk.tui.roles.chart import ChartPane
from clinicdesk.tui.roles.chart_text import day_short
from clinicdesk.tui.roles.give_to import GiveTo
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_verbs import NO_RIGHT

_WHAT: Final = 24
_NOTHING: Final = _("no hay nada señalado")
_MARKED: Final = _("ya está marcado como de otra historia")

After = Callable[[], Awaitable[None]]


async def give_turn(screen: ClinicScreen, turn: TurnRow, after: After | None = None) -> None:
    """Ask whose a turn is, and give it to them as it stands. Raises Refusal."""
    whose = await screen.see(registry.reread, registry.PatientQuery(turn.patient_id))

    async def give(other: PatientRow, reason: str) -> str:
        order = misgiven.GiveTo(
            patient_id=turn.patient_id, turn_id=turn.id, to_id=other.patient_id, reason=reason
        )
        answer = await screen.do(misgiven.give_to, order)
        await screen.day.refresh([(turn.patient_id, turn.id), (answer.patient_id, answer.id)])
        if after is not None:
            await after()
        return _("Pasado a {}: {}.").format(full_name(other.family, other.given), _of(turn))

    await screen.desk.push_screen(GiveTo(_of(turn), whose, give))


def _of(turn: TurnRow) -> str:
    return _("el turno {} con {}").format(turn_words.number_or_hour(turn), turn_words.doctor(turn, _WHAT))


@dataclass(frozen=True, slots=True)
class Pointed:
    """What may be moved: under which entry of the registry it stands, its id, its name in a sentence."""

    patient_id: UUID
    entry_id: UUID
    what: str
    measured: bool = False
    marked: Misplaced | None = None


def pointed(pane: ChartPane, zone: str) -> Pointed | None:
    """What of a chart is pointed at; a problem goes with the entry that stated it."""
    row = pane.current
    if isinstance(row, EntryRow):
        said = _("el registro del {}").format(day_short(row.at, zone))
        return Pointed(row.patient_id, row.id, said, marked=row.misplaced)
    if isinstance(row, LetterRow):
        return Pointed(row.patient_id, row.id, row.title.lower(), marked=row.misplaced)
    if isinstance(row, PrescribedRow):
        said = _("la receta «{}»").format(cut(shown(row.text), _WHAT))
        return Pointed(row.patient_id, row.prescription_id, said, marked=row.misplaced)
    if isinstance(row, ObservationRow):
        said = _("el resultado «{}»").format(cut(shown(row.title), _WHAT))
        return Pointed(row.patient_id, row.result_id, said, marked=row.misplaced)
    if isinstance(row, VitalRow):
        said = _("los signos del {:%d/%m/%y %H:%M}").format(clock.local(row.at, zone))
        return Pointed(row.patient_id, row.id, said, measured=True, marked=row.misplaced)
    if isinstance(row, MovedVitals):
        return Pointed(row.misplaced.other_id, row.id, "", measured=True, marked=row.misplaced)
    return None


def why_not(screen: ClinicScreen, pane: ChartPane) -> str | None:
    """Why what is pointed at cannot be moved."""
    found = pointed(pane, screen.actor.at.zone)
    measures = found is not None and found.measured
    if not screen.actor.may(Permission.VITALS_WRITE if measures else Permission.NOTE_WRITE):
        return NO_RIGHT
    if found is None:
        return _NOTHING
    return _MARKED if found.marked is not None else screen.no_line()


def section_hint(screen: ClinicScreen, pane: ChartPane) -> str:
    """What the keys do in a section that is not the history."""
    movable = pane.section and why_not(screen, pane) is None
    return (_("m: es de otra persona. ") if movable else "") + _("1 o Esc vuelve a la historia.")


async def give_pointed(screen: ClinicScreen, pane: ChartPane, after: After) -> None:
    """Ask whose it is; the row stays where it was written, marked in both charts. Raises Refusal."""
    found, contents = pointed(pane, screen.actor.at.zone), pane.contents
    if found is None or contents is None:
        return

    async def give(other: PatientRow, reason: str) -> str:
        order = misplacing.MoveEntry(
            patient_id=found.patient_id, entry_id=found.entry_id, to_id=other.patient_id, reason=reason
        )
        case = misplacing.move_vitals if found.measured else misplacing.move_entry
        answer = await screen.do(case, order)
        await after()
        said = _("Pasó a HC {:06d}; en esta historia queda la marca.")
        return said.format(answer.chart_number)

    await screen.desk.push_screen(GiveTo(found.what, contents.chart.patient, give))
