"""What the turn board shows of each turn: cards in columns, rows in the table, the detail below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from clinicdesk.clinic.admissions.rules import most_minutes
from clinicdesk.clinic.turns.board import late_minutes
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import sex_age, short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import SEALED, TRIAGE, TURN_STATES, Tone
from clinicdesk.tui.parts import Bit, Cell, Column, LineList, mark_cell, wait_text
from clinicdesk.tui.parts.bits import width_of

COLUMNS: Final = (
    State.REGISTRADO,
    State.CONFIRMADO,
    State.EN_ESPERA,
    State.EN_CURSO,
    State.FINALIZADO,
)
_TABLE_ORDER: Final = (
    State.EN_ESPERA,
    State.EN_CURSO,
    State.CONFIRMADO,
    State.REGISTRADO,
    State.FINALIZADO,
    State.AUSENTE,
    State.CANCELADO,
)
_LEAST_DOCTOR: Final = 4
_LEAST_NAME: Final = 6
"""Columns below which a name on a card says nothing."""
_WIDE: Final = 100

Now = Callable[[], datetime]
OnMove = Callable[[TurnRow | None], None]
Freed = Callable[[], frozenset[UUID]]


def in_column(turns: Iterable[TurnRow], state: State, now: datetime) -> list[TurnRow]:
    """The turns of a column: who waits in the order of calling, who is done latest first, else by time."""
    here = [turn for turn in turns if turn.state == state]
    if state is State.EN_ESPERA:
        return words.waiting(here, now)
    if state in {State.EN_CURSO, State.FINALIZADO}:
        return sorted(here, key=lambda turn: turn.state_at, reverse=True)
    return here


def in_table(turns: Sequence[TurnRow], now: datetime) -> list[TurnRow]:
    """All turns: who waits first, in the order of calling."""
    rest = sorted(
        (turn for turn in turns if turn.state != State.EN_ESPERA),
        key=lambda turn: (_TABLE_ORDER.index(State(turn.state)), turn.starts_at),
    )
    return [*words.waiting(turns, now), *rest]


def board_column(state: State, now: Now, on_move: OnMove) -> LineList[TurnRow]:
    """One column of the board: a turn needs one row, its detail stands below the board."""

    def card(turn: TurnRow, width: int) -> Sequence[Cell]:
        if turn.state != state:
            return [[Bit(f"{words.number_or_hour(turn)} → "), words.state_word(turn)]]
        return [_card(turn, width, now())]

    return LineList[TurnRow](lambda turn: turn.id, draw=card, on_move=on_move, pointing=False)


def _card(turn: TurnRow, width: int, now: datetime) -> list[Bit]:
    if turn.state == State.EN_ESPERA:
        bits = [Bit(f"{turn.ticket or '':<4} "), words.triage(turn), Bit(" ")]
        wait = words.wait(turn, now, most=6)
        bits += [Bit(" " * (6 - len(wait.text))), wait]
    elif turn.state == State.EN_CURSO:
        bits = [Bit(f"{words.number_or_hour(turn)} {turn.room_code or ''}".rstrip())]
        return [*bits, *_more(bits, width, turn.doctor_family, "", _LEAST_DOCTOR)]
    elif turn.state == State.FINALIZADO:
        bits = [Bit(f"{words.number_or_hour(turn)} {turn.state_at.astimezone(now.tzinfo):%H:%M}")]
    else:
        bits = [words.expected(turn, now)]
    return [*bits, *_more(bits, width, turn.family, turn.given)]


def _more(bits: list[Bit], width: int, family: str, given: str, least: int = _LEAST_NAME) -> list[Bit]:
    """A name in what is left of the card."""
    room = width - width_of(bits) - 1
    return [Bit(f" {short_name(family, given, room)}")] if room >= least else []


def turn_table(now: Now, freed: Freed, on_move: OnMove) -> LineList[TurnRow]:
    """All turns as a table: who is late and which place is free again stand where others wait."""

    def wait(turn: TurnRow) -> Bit:
        if turn.id in freed():
            return Bit(f"{words.FREED} {_('libre')}", Tone.STRONG)
        return words.late(turn, now()) if late_minutes(turn, now()) else words.wait(turn, now())

    def columns(width: int) -> Sequence[Column[TurnRow]]:
        wide = width >= _WIDE
        name = 30 if wide else 22
        practice = (Column[TurnRow](_("Práctica"), 14, lambda turn: turn.procedure or ""),) if wide else ()
        return (
            Column[TurnRow](_("Nro."), 4, lambda turn: turn.ticket or ""),
            Column[TurnRow](_("Hora"), 6, lambda turn: words.expected(turn, now())),
            Column[TurnRow](_("Estado"), 12, lambda turn: mark_cell(words.mark(turn))),
            Column[TurnRow](_("Tr"), 2, words.triage),
            Column[TurnRow](_("Espera"), 8, wait, align="right", gap=2),
            Column[TurnRow](_("Paciente"), 0, lambda turn: words.patient_short(turn, name)),
            Column[TurnRow](_("Edad"), 6, lambda turn: sex_age(turn.sex, turn.birth, now())),
            Column[TurnRow](
                _("Prof."), 12 if wide else 6, lambda turn: words.doctor(turn, 12 if wide else 6)
            ),
            *practice,
            Column[TurnRow](_("Cons"), 8 if wide else 4, lambda turn: turn.room_code or ""),
        )

    return LineList[TurnRow](lambda turn: turn.id, columns, heads=True, on_move=on_move, id="table")


def freed_words(turns: Iterable[TurnRow], freed: frozenset[UUID]) -> str:
    """`─ 2 libres: 10:40 Paz, 11:20 Ibarra`; nothing where there is none."""
    places = [f"{words.hour(turn)} {words.doctor(turn)}" for turn in turns if turn.id in freed]
    if not places:
        return ""
    return f"{words.FREED} {plural(len(places), _('libre'), _('libres'))}: {', '.join(places)}"


def detail_lines(turn: TurnRow, now: datetime, zone: str, *, is_free: bool = False) -> list[Cell]:
    """Two lines about one turn: who and how it stands, then what for."""
    mark = TURN_STATES[turn.state]
    since = words.clock_time(turn.state_at, zone)
    first: list[Bit] = [
        Bit(f" {turn.ticket + ' ' if turn.ticket else ''}{words.patient_name(turn)}"),
        *([Bit("  "), Bit(f"{SEALED.glyph} {SEALED.word}", SEALED.tone)] if turn.sealed else []),
        Bit(f"  {sex_age(turn.sex, turn.birth, now.date())}  "),
        Bit(f"{mark.glyph} {mark.word}", mark.tone),
        Bit(f" {_('desde')} {since}"),
    ]
    if late := late_minutes(turn, now):
        first += [Bit("  "), Bit(f"! {_('tarde')} {wait_text(late)}", Tone.OVERDUE)]
    if is_free:
        first += [Bit("  "), Bit(f"{words.FREED} {_('lugar libre')}", Tone.STRONG)]
    level = TRIAGE.get(turn.triage or 0)
    if level is not None:
        most = f" {_('máx.')} {most_minutes(turn)}"
        first += [Bit("  "), Bit(f"{level.glyph} {level.word}", level.tone), Bit(most)]
    what = _("demanda espontánea") if turn.kind == "walk_in" else f"{_('turno')} {words.hour(turn)}"
    facts = [words.doctor(turn, 20), turn.procedure or "", turn.room_code or ""]
    second = f"      {what} {', '.join(filter(None, facts))}"
    return [first, f"{second}  {_('motivo')}: {turn.reason}" if turn.reason else second]
