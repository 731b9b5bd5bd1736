"""A clinic's day by real processes: all that was acknowledged is there, and each board ends equal to it."""

from __future__ import annotations

import re

from clinicdesk.clinic.turns.rules import State
from tests.boards import boards, comes_to_show
from tests.crowd import in_order, nothing_lost, on_boards
from tests.factories import Network
from tests.simulated import heads, places, plan, run
from tests.tui.desk import Desk

TURNS = 100
REFUSED = {"NobodyWaits", "TurnChanged", "TurnNotFound"}
_HEAD = re.compile(r"(REGISTRADO|CONFIRMADO|EN ESPERA|EN CURSO|FINALIZADO) (\d+)")


def shown_heads(desk: Desk) -> dict[str, int]:
    """The counts in the heads of the columns."""
    return {word: int(count) for word, count in _HEAD.findall(desk.text)}


def test_three_boards_end_equal_to_a_day_of_a_hundred_turns(
    network: Network, desk_environment: dict[str, str]
) -> None:
    (place,) = places(network, 1)
    day = plan(network, TURNS)
    listeners = (place.reception, place.doctors[0])
    wall = Desk(desk_environment, size=(120, 36), at=day.at.isoformat())
    with wall as screen, boards(network.url, listeners, day.at) as listening:
        assert isinstance(screen, Desk)
        screen.log_in(place.nurse)
        screen.press("<F3>")
        screen.wait_for("Tablero de turnos")
        told = run(day, [place], meanwhile=lambda: screen.listen(0.05))
        assert set(told.ends) <= {"done"} | REFUSED, told.ends
        in_order(network.owner)
        nothing_lost(network.owner, told)
        wanted = on_boards(network, place.clinic_id, day.day)
        assert len(wanted) == TURNS
        for board in listening:
            shown = comes_to_show(board, wanted)
            assert shown.turns == wanted
        counts = shown.counts
        assert counts[State.FINALIZADO] > TURNS // 2
        assert counts[State.EN_ESPERA] == counts[State.EN_CURSO] == 0
        screen.becomes(lambda: shown_heads(screen), heads(counts))
