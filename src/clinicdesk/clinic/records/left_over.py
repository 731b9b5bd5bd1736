"""Ending what a closed day left over: the turn, and the visit that it left open."""

from __future__ import annotations

from sqlalchemy import func, select

from clinicdesk.clinic.admissions.days import EndTurn, end_left
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.usecases import Tx, use_case


@use_case("day.resolve", needs=Permission.DAY_CLOSE, answer=turns.TurnAnswer, explain=turns.explain_hop)
def resolve(tx: Tx, order: EndTurn) -> turns.TurnAnswer:
    """End one turn of a closed day, and its visit.

    Raises DayNotClosed, IllegalHop, ReasonNeeded, TurnChanged.
    """
    answer = end_left(tx, order)
    tx.write(select(func.charts.end_visit(order.patient_id, order.turn_id)))
    return answer
