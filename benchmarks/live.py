"""From COMMIT to the repaint on another desk, beside a bare NOTIFY; and the bytes of one row that changes.

    python -m benchmarks.live [--rounds 60]

A clerk's session commits; a nurse's board in a real pseudo-terminal repaints. Both clocks start when
the commit has returned. The floor is a bare psycopg connection that listens, and reads the row again
when another has notified: no screen, no terminal. Textual paints at most sixty times a second, which
alone is 8 ms on average. Changes within 60 ms of the last are coalesced; the rounds are spaced wider.
"""

from __future__ import annotations

import argparse
import select
import statistics
import sys
import time
from typing import Final

import psycopg

from benchmarks.transition import fresh_network
from clinicdesk.clinic.turns import service
from clinicdesk.kit import clock
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

BYTES_AIM: Final = 190
MILLI: Final = 1000
PAUSE_SECONDS: Final = 0.25
ROW: Final = (
    "SELECT t.*, p.family, p.given, p.sex, p.birth FROM turns t JOIN patients p USING (patient_id)"
    " WHERE t.patient_id = %s AND t.id = %s"
)


def main() -> int:
    """Measure and print; 1 if a row costs more bytes than the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with fresh_network() as network:
        session = network.log_in("msosa")
        counter = Counter(network, session)
        for number in range(40):
            counter.booked(counter.patient(f"Apellido {number:02}", "Ana"), "lpaz")
        turn = counter.booked(counter.patient("Zelaya Ríos", "Íñigo"))
        ours, sizes = on_a_board(network, counter, rounds, turn)
        floor = bare_notify(network, rounds, turn)
        session.close()
    show("COMMIT → repaint on another desk", ours)
    show("bare NOTIFY → row read again", floor)
    print(f"p50 {statistics.median(ours) / statistics.median(floor):.1f} × the bare one")
    row, most = int(statistics.median(sizes)), max(sizes)
    print(f"bytes of one row change, with its news line: median {row}, most {most} (aim ≤ {BYTES_AIM})")
    return 0 if row <= BYTES_AIM else 1


def on_a_board(
    network: Network, counter: Counter, rounds: int, turn: service.TurnAnswer
) -> tuple[list[float], list[int]]:
    """Seconds until the first byte, and bytes until quiet, of each change seen on a nurse's table."""
    with Desk({"CLINICDESK_DATABASE_URL": network.url}) as desk:
        assert isinstance(desk, Desk)
        desk.log_in("enfe")
        desk.press("v")
        desk.settle(0.5)
        times, sizes = [], []
        for _round in range(rounds):
            case = service.confirm if turn.state == "registrado" else service.unconfirm
            turn = counter.hop(case, turn, clock.now())
            times.append(until_readable(desk.fd))
            sizes.append(len(desk.settle()))
            desk.press("\x1b[A")
            desk.settle(PAUSE_SECONDS)
    return times, sizes


def bare_notify(network: Network, rounds: int, wanted: service.TurnAnswer) -> list[float]:
    """Seconds from a committed NOTIFY until a bare listener has read the turn's row again."""
    times = []
    with (
        psycopg.connect(network.url, autocommit=True) as hearing,
        psycopg.connect(network.url, autocommit=True) as saying,
    ):
        hearing.execute("LISTEN bench")
        for _round in range(rounds):
            saying.execute("NOTIFY bench, 'x'")
            start = time.perf_counter()
            list(hearing.notifies(timeout=5, stop_after=1))
            hearing.execute(ROW, [wanted.patient_id, wanted.id]).fetchone()
            times.append(time.perf_counter() - start)
            time.sleep(PAUSE_SECONDS / 5)
    return times


def until_readable(descriptor: int) -> float:
    """Seconds from now until there is something to read."""
    start = time.perf_counter()
    if not select.select([descriptor], [], [], 5)[0]:
        raise TimeoutError("nothing came")
    return time.perf_counter() - start


def show(what: str, seconds: list[float]) -> None:
    """One line: p50 and p95 in milliseconds."""
    ordered = sorted(seconds)
    p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    print(f"{what:<36} p50 {p50 * MILLI:7.1f} ms   p95 {p95 * MILLI:7.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
