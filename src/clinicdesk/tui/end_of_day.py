"""The end of a clinic's day at the desk: closed, opened again, and what it left over ended one by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.admissions import queries
from clinicdesk.clinic.admissions.days import CloseDay, Ending, EndTurn, OpenDay, close_day, open_day
from clinicdesk.clinic.admissions.queries import LeftRow
from clinicdesk.clinic.records.left_over import resolve
from clinicdesk.clinic.turns.queries import DayQuery
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import TURN_STATES
from clinicdesk.tui.site_sections import parsed_day

if TYPE_CHECKING:
    from clinicdesk.tui.roles.board import Board

_LEAVE: Final = "9"
_HERE: Final = {"1": Ending.FINALIZADO, "2": Ending.SE_RETIRO}
_EXPECTED: Final = {"1": Ending.AUSENTE}
_ENDINGS: Final = {
    State.EN_ESPERA: _HERE,
    State.EN_CURSO: _HERE,
    State.REGISTRADO: _EXPECTED,
    State.CONFIRMADO: _EXPECTED,
}
_WORDS: Final = {
    Ending.FINALIZADO: _("finalizado"),
    Ending.SE_RETIRO: _("se retiró"),
    Ending.AUSENTE: _("ausente"),
}
_NAME: Final = 16
_REASON_MOST: Final = 200
_NEVER_CAME: Final = (State.REGISTRADO, State.CONFIRMADO)


async def end_of_day(board: Board) -> None:
    """Ask on the board what is to be done with which day, and do it. Raises Refusal."""
    today, clinic_id = board.today().date(), board.actor.at.clinic_id
    is_closed = (await board.see(queries.show_day, DayQuery(clinic_id, today))).closed
    rows = await board.see(queries.exceptions, DayQuery(clinic_id))
    options = {"1": _("abrir hoy") if is_closed else _("cerrar hoy"), "2": _("otro día")}
    if rows:
        options["3"] = _("terminar lo que quedó: {}").format(len(rows))
    chosen = await board.prompt.pick(_("El día:"), options, at_once=True)
    if chosen == "3":
        await _end_left(board, None)
        return
    day = await _other_day(board, today) if chosen == "2" else today
    if chosen is None or day is None:
        return
    state = await board.see(queries.show_day, DayQuery(clinic_id, day))
    await (_open(board, state) if state.closed else _close(board, state))


async def _other_day(board: Board, today: date) -> date | None:
    """Which one: yesterday, unless another is typed."""

    def check(text: str) -> str | None:
        return None if parsed_day(text) else _("El día se escribe así: {}.").format(f"{today:%d/%m/%Y}")

    typed = await board.prompt.ask(_("Día"), default=f"{today - timedelta(days=1):%d/%m/%Y}", check=check)
    return parsed_day(typed) if typed is not None else None


async def _close(board: Board, state: queries.DayState) -> None:
    counts, day = state.counts, f"{state.day:%d/%m}"
    to_come = _to_come(board, state.day)
    early = _("Por venir el {}: {}. Pasan a ausente. ¿Seguir?").format(
        day, plural(to_come, _("turno"), _("turnos"))
    )
    if to_come and not await board.prompt.confirm(early):
        return
    absent = plural(sum(counts[each] for each in _NEVER_CAME), _("ausente"), _("ausentes"))
    asked = _("Día {}: {}; siguen en espera {}, en curso {}. ¿Cerrar?").format(
        day, absent, counts[State.EN_ESPERA], counts[State.EN_CURSO]
    )
    if not await board.prompt.confirm(asked):
        return
    answer = await board.do(close_day, CloseDay(day=state.day, early=to_come > 0))
    await board.day.reread()
    ended = await _end_left(board, state.day) if answer.exceptions else 0
    changed = plural(answer.changed, _("ausente"), _("ausentes"))
    said = _("Día {} cerrado: {}.").format(day, changed)
    if answer.exceptions > ended:
        said += " " + _("Sin terminar: {}; tecla 3.").format(answer.exceptions - ended)
    else:
        said += " " + _("Nada quedó sin terminar.")
    board.prompt.say(said)


def _to_come(board: Board, day: date) -> int:
    """How many of today's turns have their hour still before them; another day has none."""
    if day != board.today().date():
        return 0
    return sum(1 for turn in board.day.rows if turn.state in _NEVER_CAME and turn.starts_at > board.now())


async def _open(board: Board, state: queries.DayState) -> None:
    day = f"{state.day:%d/%m}"
    asked = _("El {} está cerrado: los ausentes por el cierre vuelven. ¿Abrirlo?").format(day)
    if not await board.prompt.confirm(asked):
        return
    answer = await board.do(open_day, OpenDay(day=state.day))
    await board.day.reread()
    said = _("Día {} abierto: {}.").format(
        day, plural(answer.changed, _("turno volvió"), _("turnos volvieron"))
    )
    if answer.kept:
        said += " " + _("Siguen ausentes {}: su hora ya es de otro.").format(answer.kept)
    board.prompt.say(said)


async def _end_left(board: Board, day: date | None) -> int:
    """End what closed days left over, one by one until Esc; how many ended. The board shows them alone."""
    rows = await board.see(queries.exceptions, DayQuery(board.actor.at.clinic_id, day))
    ended = 0
    with board.showing_only(frozenset(row.id for row in rows)):
        for at, row in enumerate(rows, 1):
            board.point_at(row.id)
            order = await _asked(board, row, _("{} de {}").format(at, len(rows)))
            if order is None:
                break
            if order.ending:
                await board.do(resolve, order)
                await board.day.refresh([(row.patient_id, row.id)])
                ended += 1
    board.prompt.say(_("Terminados: {}. Quedan: {}.").format(ended, len(rows) - ended))
    return ended


async def _asked(board: Board, row: LeftRow, place: str) -> EndTurn | None:
    """How it ended and who says so; without an ending it is left as it is. None after Esc."""
    endings = _ENDINGS[State(row.state)]
    name = short_name(row.family, row.given or "", _NAME) if row.family else _("§ sellado")
    is_today = row.day == board.today().date()
    when = (row.ticket or f"{row.wall_start:%H:%M}") if is_today else f"{row.day:%d/%m}"
    asked = f"{place} {when} {name}, {TURN_STATES[row.state].word}:"
    options = {key: _WORDS[ending] for key, ending in endings.items()} | {_LEAVE: _("dejar")}
    chosen = await board.prompt.pick(asked, options, at_once=True)
    if chosen is None:
        return None
    reason, ending = "", ""
    if chosen != _LEAVE:
        ending = endings[chosen].value
        said = await board.prompt.ask(
            _("{}, {}: quién lo dice, o qué pasó").format(name, _WORDS[endings[chosen]]),
            check=lambda text: None if text.strip() else _("Hace falta quién lo dice, o qué pasó."),
            most=_REASON_MOST,
        )
        if said is None:
            return None
        reason = said
    return EndTurn(
        patient_id=row.patient_id,
        turn_id=row.id,
        seq=row.seq,
        from_state=row.state,
        reason=reason,
        ending=ending,
    )
