"""Lists of turns as several screens show them, narrow at 80 columns and with heads and whole names at 120."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from textual import events

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import full_name, sex_age, short_name
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import SEALED
from clinicdesk.tui.parts import Bit, Cell, Column, LineList, mark_cell

R = TypeVar("R")
Now = Callable[[], datetime]

_HEADS_FROM: Final = 40
"""Lists at least so wide have column heads on a wide screen."""
_WIDE: Final = 100
_WIDE_LIST: Final = 60
_WIDE_QUEUE: Final = 40


class WideHeads(LineList[R]):
    """A list that has column heads where its screen is wide."""

    def _on_resize(self, event: events.Resize) -> None:
        self._heads = self.app.size.width >= _WIDE
        super()._on_resize(event)


def day_list(now: Now, on_move: Callable[[TurnRow | None], None]) -> LineList[TurnRow]:
    """All turns of the day, by time."""
    narrow = (
        Column[TurnRow]("", 6, lambda turn: f" {words.hour(turn)}"),
        Column[TurnRow]("", 1, words.state_glyph),
        Column[TurnRow]("", 0, lambda turn: words.patient_short(turn, 21)),
        Column[TurnRow]("", 6, lambda turn: words.doctor(turn, 6)),
        Column[TurnRow]("", 10, words.state_word),
    )
    wide = (
        Column[TurnRow](f" {_('Hora')}", 6, lambda turn: f" {words.hour(turn)}"),
        Column[TurnRow](_("Estado"), 12, lambda turn: mark_cell(words.mark(turn))),
        Column[TurnRow](_("Paciente"), 0, lambda turn: words.patient_short(turn, 31)),
        Column[TurnRow](_("Prof."), 8, lambda turn: words.doctor(turn, 8)),
        Column[TurnRow](_("Práctica"), 12, lambda turn: turn.procedure or ""),
    )
    return WideHeads[TurnRow](
        lambda turn: turn.id,
        lambda width: wide if width >= _WIDE_LIST else narrow,
        title=_("Turnos de hoy"),
        empty=_("No hay turnos hoy."),
        on_move=on_move,
        id="turns",
    )


def queue_list(now: Now, on_move: Callable[[TurnRow | None], None]) -> LineList[TurnRow]:
    """Who waits at the clinic, in the order of calling. One who left meanwhile says where to."""

    def wait(turn: TurnRow) -> Cell:
        return words.wait(turn, now()) if turn.state == State.EN_ESPERA else words.state_glyph(turn)

    def columns(width: int) -> Sequence[Column[TurnRow]]:
        name = width - 18
        wide = (Column[TurnRow]("", 1, lambda _turn: "", gap=0),) if width >= _WIDE_QUEUE else ()
        return (
            *wide,
            Column[TurnRow](_("Nro."), 4, lambda turn: turn.ticket or ""),
            Column[TurnRow](_("Tr"), 2, words.triage),
            Column[TurnRow](_("Espera"), 8, wait, align="right"),
            Column[TurnRow](_("Paciente"), 0, lambda turn: words.patient_short(turn, name)),
        )

    return WideHeads[TurnRow](
        lambda turn: turn.id,
        columns,
        title=_("Cola de admisión"),
        empty=_("Nadie espera."),
        on_move=on_move,
        id="queue",
    )


def candidate_list(
    today: Now, turn_of: Callable[[PatientRow], TurnRow | None], on_move: Callable[[PatientRow | None], None]
) -> LineList[PatientRow]:
    """People who fit what was typed, each with today's turn."""

    def turn(patient: PatientRow, *, practice: bool) -> Cell:
        if patient.closed:
            return ""
        if patient.deceased_on is not None:
            return Bit(_("falleció {:%d/%m/%Y}").format(patient.deceased_on))
        found = turn_of(patient)
        if found is None:
            return _("sin turno hoy")
        done = f", {found.procedure}" if practice and found.procedure else ""
        return [words.state_glyph(found), Bit(f" {words.hour(found)} {words.doctor(found, 12)}{done}")]

    def columns(width: int) -> Sequence[Column[PatientRow]]:
        wide = width >= _WIDE
        name = 38 if wide else 30
        cover = (Column[PatientRow]("", 13, lambda patient: patient.payer or ""),) if wide else ()
        return (
            Column[PatientRow]("", name + 1, lambda patient: [Bit(" "), *person_cell(patient, name)]),
            Column[PatientRow]("", 6, lambda patient: "" if patient.closed else age(patient, today())),
            Column[PatientRow]("", 18 if wide else 15, document),
            *cover,
            Column[PatientRow]("", 0, lambda patient: turn(patient, practice=wide)),
        )

    return LineList[PatientRow](lambda patient: patient.patient_id, columns, on_move=on_move, id="candidates")


def person_cell(patient: PatientRow, width: int) -> list[Bit]:
    """The name in so many columns; with `§` after it where it is sealed and the reader sees the rest."""
    if not patient.sealed or patient.closed:
        return [Bit(short_name(patient.family, patient.given, width))]
    name = short_name(patient.family, patient.given, width - 2)
    return [Bit(name), Bit(" "), Bit(SEALED.glyph, SEALED.tone)]


def age(patient: PatientRow, today: datetime) -> str:
    """`F 45 a`."""
    return sex_age(patient.sex, patient.birth, today)


def document(patient: PatientRow) -> Cell:
    """The document, else the chart number; of a patient whose data are closed the seal alone."""
    if patient.closed:
        return sealed_bit()
    return patient.document or f"{_('HC')} {patient.chart_number:06d}"


def sealed_bit() -> Bit:
    """`§ SELLADO`."""
    return Bit(f"{SEALED.glyph} {SEALED.word}", SEALED.tone)


def whole_name(patient: PatientRow) -> str:
    """The name as prompts say it."""
    return full_name(patient.family, patient.given)
