"""What the turn board shows of each turn: cards in columns, rows in the table, the detail below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from clinicdesk.clinic.patients.rules import folded
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import sex_age, short_name
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import SEALED, TRIAGE, TRIAGE_MINUTES, TURN_STATES
from clinicdesk.tui.parts import Bit, Cell, Column, LineList, mark_cell
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


def fits(turn: TurnRow, wanted: Iterable[str]) -> bool:
    """Whether each wanted word (folded) begins a word of the turn."""
    level = TRIAGE.get(turn.triage or 0)
    facts = (
        turn.ticket or "",
        words.hour(turn),
        words.mark(turn).word,
        turn.family,
        turn.given,
        turn.doctor_family,
        turn.room_code or "",
        turn.procedure or "",
        f"{level.glyph} {level.word}" if level else "",
    )
    known = folded(" ".join(facts)).split()
    return all(any(word.startswith(each) for word in known) for each in wanted)


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
        bits = [Bit(words.hour(turn))]
    return [*bits, *_more(bits, width, turn.family, turn.given)]


def _more(bits: list[Bit], width: int, family: str, given: str, least: int = _LEAST_NAME) -> list[Bit]:
    """A name in what is left of the card."""
    room = width - width_of(bits) - 1
    return [Bit(f" {short_name(family, given, room)}")] if room >= least else []


def turn_table(now: Now, on_move: OnMove) -> LineList[TurnRow]:
    """All turns as a table."""

    def columns(width: int) -> Sequence[Column[TurnRow]]:
        wide = width >= _WIDE
        name = 30 if wide else 23
        practice = (Column[TurnRow](_("Práctica"), 14, lambda turn: turn.procedure or ""),) if wide else ()
        return (
            Column[TurnRow](_("Nro."), 4, lambda turn: turn.ticket or ""),
            Column[TurnRow](_("Hora"), 5, words.hour),
            Column[TurnRow](_("Estado"), 12, lambda turn: mark_cell(words.mark(turn))),
            Column[TurnRow](_("Tr"), 2, words.triage),
            Column[TurnRow](_("Espera"), 8, lambda turn: words.wait(turn, now()), align="right", gap=2),
            Column[TurnRow](_("Paciente"), 0, lambda turn: words.patient_short(turn, name)),
            Column[TurnRow](_("Edad"), 6, lambda turn: sex_age(turn.sex, turn.birth, now())),
            Column[TurnRow](
                _("Prof."), 12 if wide else 6, lambda turn: words.doctor(turn, 12 if wide else 6)
            ),
            *practice,
            Column[TurnRow](_("Cons"), 8 if wide else 4, lambda turn: turn.room_code or ""),
        )

    return LineList[TurnRow](lambda turn: turn.id, columns, heads=True, on_move=on_move, id="table")


def detail_lines(turn: TurnRow, now: datetime, zone: str) -> list[Cell]:
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
    level = TRIAGE.get(turn.triage or 0)
    if level is not None:
        most = f" {_('máx.')} {TRIAGE_MINUTES[turn.triage or 5]}"
        first += [Bit("  "), Bit(f"{level.glyph} {level.word}", level.tone), Bit(most)]
    what = _("demanda espontánea") if turn.kind == "walk_in" else f"{_('turno')} {words.hour(turn)}"
    facts = [words.doctor(turn, 20), turn.procedure or "", turn.room_code or ""]
    second = f"      {what} {', '.join(filter(None, facts))}"
    return [first, f"{second}  {_('motivo')}: {turn.reason}" if turn.reason else second]
