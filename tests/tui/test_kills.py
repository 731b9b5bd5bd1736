"""The desk killed in mid-typing: the draft is whole, there once, its author's alone, and offered again."""

from __future__ import annotations

from collections.abc import Callable

from clinicdesk.bootstrap import Session
from tests.factories import Network
from tests.tui.kills import kill_often, table
from tests.tui.surgery import new_surgery

KILLS = 10
# benchmarks/kills.py holds the two seconds; a machine at its limit may answer later than it is asked.
MOST_SECONDS = 10.0


def test_a_kill_takes_little_of_the_typing_and_nothing_before_it(
    network: Network, log_in: Callable[[str], Session], desk_environment: dict[str, str]
) -> None:
    surgery = new_surgery(network, log_in("cruiz"))
    kills = kill_often(
        network, surgery, log_in("jibarra"), desk_environment, kills=KILLS, seed=7, longest=2.4
    )
    assert max(kill.seconds for kill in kills) <= MOST_SECONDS, table(kills)
    assert kills[0].lost == 0 < kills[0].typed
