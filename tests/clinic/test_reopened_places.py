"""A cancelled turn that is reopened takes its counted place again, or what is full refuses it by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.agendas import errors as refused
from clinicdesk.clinic.agendas import service as agendas
from clinicdesk.clinic.turns import overbooking
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.model import block_places
from tests.clinic.test_agendas import _no_blocks_later, a_monday, booked, free, order, state_of
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
Give = Callable[[Session, list[str]], turns.TurnAnswer]
ended = _no_blocks_later
"""The factories' blocks end in three weeks here too."""


def hop(session: Session, turn: turns.TurnAnswer, case: Any) -> turns.TurnAnswer:
    now = state_of(session, turn)
    said = turns.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=now.seq, from_state=now.state, reason="no puede"
    )
    answer: turns.TurnAnswer = session.desk().do(case, said)
    return answer


def used(network: Network, turn: turns.TurnAnswer) -> int:
    with network.owner.connect() as owner:
        count = select(func.count()).select_from(block_places).where(block_places.c.turn_id == turn.id)
        return int(owner.execute(count).scalar_one())


def over(session: Session, slots: list[str]) -> turns.TurnAnswer:
    who = new_patient(session).patient_id
    return session.desk().do(overbooking.overbook, overbooking.Overbook(patient_id=who, slot=slots[0]))


@pytest.mark.parametrize(
    ("block", "give", "full"),
    [
        ({"capacity": 1}, lambda session, slots: booked(session, slots[0]), refused.BlockFull),
        # Of six places five are a doctor's: the desk has one, at whichever hour.
        (
            {"quotas": (("profesional", 5),)},
            lambda session, slots: booked(session, slots.pop(0)),
            refused.QuotaFull,
        ),
        ({"overbooks": 1}, over, refused.OverbookLimit),
    ],
    ids=["capacity", "quota", "overbook"],
)
def test_a_reopened_turn_takes_its_place_again_or_is_refused(
    network: Network, log_in: LogIn, block: dict[str, Any], give: Give, full: type[Exception]
) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day, **block))
    slots = [slot.id for slot in free(secre, network, day)]
    first = give(secre, slots)
    hop(secre, first, turns.cancel)
    assert used(network, first) == 0
    second = give(secre, slots)
    with pytest.raises(full):
        hop(secre, first, turns.reopen)
    assert (state_of(secre, first).state, used(network, first)) == ("cancelado", 0)
    hop(secre, second, turns.cancel)
    assert hop(secre, first, turns.reopen).state == "registrado"
    assert used(network, first) == 1
    with pytest.raises(full):
        hop(secre, second, turns.reopen)
    assert used(network, second) == 0
