"""A day of a network by real processes, and how long a change takes to each board, beside bare NOTIFY.

    python -m benchmarks.day [--clinics 20] [--turns 300] [--screens 2]

In each clinic a reception, a nurse and two doctors work, each a process with its login, and one terminal
listens (the live feed and the day of a real desk); `--screens` more are real desks in pseudo-terminals.
At the end every acknowledged order is looked up in the database, and each board compared with it. Times
are from an acknowledgement to the board that has read the turn again; the floor is a bare NOTIFY to a
connection that reads the row again, sent all the while on the same busy machine. Exits 1 where a board or
the database lacks anything.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.clusters import fresh_network
from benchmarks.live import bare_notify, show
from benchmarks.transition import booked
from clinicdesk.clinic.turns.service import TurnAnswer
from tests.boards import Shown, boards, comes_to_show
from tests.crowd import Told, in_order, nothing_lost, on_boards
from tests.factories import Network
from tests.simulated import Place, heads, places, plan, run
from tests.tui.desk import Desk
from tests.tui.test_simulated_day import shown_heads

_NEVER_SECONDS: Final = 86_400.0


def main() -> int:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clinics", type=int, default=20)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--screens", type=int, default=2)
    wanted = parser.parse_args()
    with fresh_network() as network:
        where = places(network, wanted.clinics)
        session = network.log_in("msosa")
        (some_turn,) = booked(network, session, 1)
        session.close()
        return simulated(network, where, wanted.turns, wanted.screens, some_turn)


def simulated(
    network: Network, where: Sequence[Place], turns: int, screens: int, some_turn: TurnAnswer
) -> int:
    """A day at these clinics; the exit code."""
    day, floor = plan(network, turns), list[float]()
    with contextlib.ExitStack() as stack:
        desks = [stack.enter_context(opened) for opened in _screens(network, where[:screens], day.at)]
        listening = [stack.enter_context(boards(network.url, (place.nurse,), day.at))[0] for place in where]

        def meanwhile() -> None:
            floor.extend(bare_notify(network, 3, some_turn))
            for desk in desks:
                desk.listen(0.05)

        started = time.perf_counter()
        told = run(day, where, meanwhile=meanwhile)
        seconds = time.perf_counter() - started
        in_order(network.owner)
        nothing_lost(network.owner, told)
        wanted = [on_boards(network, place.clinic_id, day.day) for place in where]
        shown = [comes_to_show(board, all_of) for board, all_of in zip(listening, wanted, strict=True)]
        equal = sum(board.turns == all_of for board, all_of in zip(shown, wanted, strict=True))
        for desk, board in zip(desks, shown, strict=False):
            desk.becomes(lambda desk=desk: shown_heads(desk), heads(board.counts))  # type: ignore[misc]
    steps = len(told.done)
    print(
        f"{len(where)} clinics × {turns} turns: {steps} orders acknowledged, {steps / seconds:.0f} a second"
    )
    print(", ".join(f"{name} {count}" for name, count in told.ends.most_common()))
    print(f"all of them in the database; boards equal to it: {equal} of {len(where)}, screens {len(desks)}")
    show("acknowledged → read again by the board", _waits(told, shown))
    show("bare NOTIFY → row read again", floor)
    return 0 if equal == len(where) else 1


def _screens(network: Network, where: Sequence[Place], at: object) -> Iterator[Desk]:
    for place in where:
        environment, stands = {"CLINICDESK_DATABASE_URL": network.url}, f"{at:%Y-%m-%dT%H:%M:%S%z}"
        # Nobody touches these screens, and the day must not end under their lock.
        desk = Desk(environment, size=(120, 36), at=stands, lock=_NEVER_SECONDS)
        desk.log_in(place.nurse).press("<F3>")
        desk.wait_for("Tablero de turnos")
        yield desk


def _waits(told: Told, shown: Sequence[Shown]) -> list[float]:
    """Seconds from each acknowledged step to its board; steps that later ones overtook there are left out."""
    seen = {turn: at for board in shown for turn, at in board.seen_at.items()}
    steps = ((done.turn_id, done.seq, done.at) for done in told.done if done.turn_id is not None)
    return [max(0.0, seen[turn, seq] - at) for turn, seq, at in steps if (turn, seq) in seen]


if __name__ == "__main__":
    sys.exit(main())
