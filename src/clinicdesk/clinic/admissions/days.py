"""Closing a clinic's day, opening it again, and ending one by one what a closed day left over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import insert, select

from clinicdesk.clinic.admissions import queries
from clinicdesk.clinic.admissions.errors import DayMoved, DayNotClosed, DayNotOver, DayToCome
from clinicdesk.clinic.admissions.model import day_closings
from clinicdesk.clinic.admissions.service import one_at_a_time
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import service
from clinicdesk.clinic.turns.errors import IllegalHop, ReasonNeeded, TurnChanged
from clinicdesk.clinic.turns.queries import DayQuery
from clinicdesk.clinic.turns.rules import How, State, said
from clinicdesk.clinic.turns.service import Hop, Step, TurnAnswer
from clinicdesk.clinic.turns.standing import Standing, day_of, standing, swept
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _

# What the absent of a closing have as their reason; a closing is taken back by it, so it is never shortened.
CLOSING: Final = _("cierre del día")
_NEVER_CAME: Final = (State.REGISTRADO, State.CONFIRMADO)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDay(Order):
    """Close a day of the actor's clinic; `early` says: even with turns to come, who become absent too."""

    day: date
    early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDay(Order):
    """Open a closed day again: who became absent by the closing stands where they stood."""

    day: date


@dataclass(frozen=True, slots=True)
class DayAnswer:
    """A day after the act: turns by state, how many the act changed, and how many wait for an end.

    `kept` counts who stays absent at an opening, since their time is another's by now.
    """

    day: date
    closed: bool
    counts: dict[str, int]
    changed: int
    exceptions: int
    kept: int = 0


def _explain(_tx: Reader, _order: Order, refusal: Refusal) -> Refusal:
    return DayMoved() if isinstance(refusal, TurnChanged) else refusal


@use_case("day.close", needs=Permission.DAY_CLOSE, answer=DayAnswer, explain=_explain)
def close_day(tx: Tx, order: CloseDay) -> DayAnswer:
    """Who did not come is absent, and the day admits nobody any more; a closed day is swept once more.

    Raises DayToCome, DayNotOver, DayMoved.
    """
    at = tx.actor.at
    if order.day > clock.local_day(tx.now, at.zone):
        raise DayToCome(day=_shown(order.day))
    one_at_a_time(tx, at.clinic_id, order.day)
    missing = standing(tx, at.clinic_id, order.day, _NEVER_CAME)
    to_come = [each for each in missing if each.starts_at > tx.now]
    if to_come and not order.early:
        raise DayNotOver(day=_shown(order.day), count=len(to_come))
    for turn in _one_order(missing):
        step = Step(turn.seq + 1, turn.state, State.AUSENTE, reason=CLOSING)
        service.take_step(tx, turn.patient_id, turn.id, step)
    _turn_day(tx, order.day, closed=True)
    return _answer(tx, order.day, len(missing))


@use_case("day.open", needs=Permission.DAY_CLOSE, answer=DayAnswer, explain=_explain)
def open_day(tx: Tx, order: OpenDay) -> DayAnswer:
    """Take a closing back; a day that is open stays so. Raises DayMoved."""
    clinic_id = tx.actor.at.clinic_id
    one_at_a_time(tx, clinic_id, order.day)
    closing = _last(tx, order.day)
    if closing is None or not closing.closed:
        return _answer(tx, order.day, 0)
    absent = swept(tx, clinic_id, order.day, CLOSING)
    free = {each.turn: State(each.stood) for each in absent if each.free}
    for turn in _one_order(free):
        step = Step(turn.seq + 1, turn.state, free[turn], How.UNDO, back_seq=turn.seq - 1)
        service.take_step(tx, turn.patient_id, turn.id, step)
    _turn_day(tx, order.day, closed=False)
    return replace(_answer(tx, order.day, len(free)), kept=len(absent) - len(free))


class Ending(StrEnum):
    """How somebody who was left over on a closed day ended."""

    FINALIZADO = "finalizado"
    SE_RETIRO = "se_retiro"
    AUSENTE = "ausente"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTurn(Hop):
    """One turn left over, as it was seen, and how it ended; `reason` says who knows it, or what happened."""

    ending: str


def end_left(tx: Tx, order: EndTurn) -> TurnAnswer:
    """End one turn of a closed day, for the slice that knows its visit.

    Raises DayNotClosed, IllegalHop, ReasonNeeded, TurnChanged.
    """
    if not (order.reason or "").strip():
        raise ReasonNeeded
    day = day_of(tx, order.patient_id, order.turn_id)
    closing = _last(tx, day) if day else None
    if day and (closing is None or not closing.closed):
        raise DayNotClosed(day=_shown(day))
    path = _PATHS.get((order.from_state, order.ending))
    if path is None:
        raise IllegalHop(from_state=said(order.from_state), to_state=said(order.ending))
    step: Hop = order
    for state in path:
        answer = service.hop(tx, step, state)
        step = replace(order, seq=answer.seq, from_state=answer.state)
    return answer


# Who waited and was seen all the same goes through the room; who is in the room was seen.
_PATHS: Final = {
    (State.EN_ESPERA.value, Ending.FINALIZADO.value): (State.EN_CURSO, State.FINALIZADO),
    (State.EN_ESPERA.value, Ending.SE_RETIRO.value): (State.CANCELADO,),
    (State.EN_CURSO.value, Ending.FINALIZADO.value): (State.FINALIZADO,),
    (State.EN_CURSO.value, Ending.SE_RETIRO.value): (State.EN_ESPERA, State.CANCELADO),
    (State.REGISTRADO.value, Ending.AUSENTE.value): (State.AUSENTE,),
    (State.CONFIRMADO.value, Ending.AUSENTE.value): (State.AUSENTE,),
}


def _one_order(found: Iterable[Standing]) -> list[Standing]:
    """By id: two that move the same turns queue up instead of deadlocking."""
    return sorted(found, key=lambda turn: (turn.patient_id, turn.id))


@dataclass(frozen=True, slots=True)
class _Closing:
    seq: int
    closed: bool


def _last(tx: Tx, day: date) -> _Closing | None:
    statement = (
        select(day_closings.c.seq, day_closings.c.closed)
        .where(day_closings.c.clinic_id == tx.actor.at.clinic_id, day_closings.c.day == day)
        .order_by(day_closings.c.seq.desc())
        .limit(1)
    )
    found = tx.into(_Closing, statement)
    return found[0] if found else None


def _turn_day(tx: Tx, day: date, *, closed: bool) -> None:
    """Another row of the day's closings, where it is not so already."""
    last = _last(tx, day)
    if (last.closed if last else False) is closed:
        return
    seq = last.seq if last else 0
    row = {
        "clinic_id": tx.actor.at.clinic_id,
        "day": day,
        "seq": seq + 1,
        "prev_seq": seq or None,
        "closed": closed,
        "at": tx.now,
        "person_id": tx.actor.person_id,
        "act": tx.act,
    }
    tx.write(insert(day_closings), row)


def _answer(tx: Tx, day: date, changed: int) -> DayAnswer:
    state = queries.show_day.run(tx, DayQuery(tx.actor.at.clinic_id, day))
    left = sum(state.counts[each] for each in queries.UNENDED) if state.closed else 0
    return DayAnswer(day, state.closed, state.counts, changed, left)


def _shown(day: date | datetime) -> str:
    return day.strftime("%d/%m/%Y")
