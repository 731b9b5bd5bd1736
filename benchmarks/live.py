"""From COMMIT to the repaint on another desk, beside a bare NOTIFY; and the bytes of one row that changes.

    python -m benchmarks.live [--rounds 60] [--desks 20] [--screens 1000]

A clerk's session commits; a nurse's board in a real pseudo-terminal repaints. Both clocks start when
the commit has returned. The floor is a bare psycopg connection that listens, and reads the row again
when another has notified: no screen, no terminal. Changes
within 60 ms of the last are coalesced; the rounds are spaced wider.
"""

from __future__ import annotations

import argparse
import select
import statistics
import sys
import time
from typing import Final

import psycopg

from benchmarks.clusters import fresh_network
from clinicdesk.clinic.turns import service
from clinicdesk.kit import clock
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

BYTES_AIM: Final = 190
MILLI: Final = 1000
KIB: Final = 1024
VIEWERS: Final = ("enfe", "gestion", "secre", "vmora", "msosa")
ELSEWHERE_AT_HOME: Final = frozenset({"msosa", "enfe"})
ROUND: Final = (
    ("\x1bOR", "REGISTRADO"),
    ("\x1bOR", "Tablero de la red"),
    ("\x1bOR", "REGISTRADO"),
    ("\x1b", "Paciente »"),
)
"""F3, F3, F3, Esc: what is sent and what must come."""
PAUSE_SECONDS: Final = 0.25
ROW: Final = (
    "SELECT t.*, p.family, p.given, p.sex, p.birth FROM turns t JOIN patients p USING (patient_id)"
    " WHERE t.patient_id = %s AND t.id = %s"
)


def main() -> int:
    """Measure and print; 1 if a row costs more bytes than the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--desks", type=int, default=0, help="also on so many boards at once, such as 20")
    parser.add_argument("--screens", type=int, default=0, help="memory over so many screens, such as 1000")
    asked = parser.parse_args()
    rounds = asked.rounds
    with fresh_network() as network:
        session = network.log_in("msosa")
        counter = Counter(network, session)
        for number in range(40):
            counter.booked(counter.patient(f"Apellido {number:02}", "Ana"), "lpaz")
        turn = counter.booked(counter.patient("Zelaya Ríos", "Íñigo"))
        if asked.screens:
            memory(network, asked.screens)
        if asked.desks:
            crowd(network, counter, asked.desks, rounds)
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
    """Seconds until the first byte, and bytes until quiet, of each change seen on a board's table."""
    with Desk({"CLINICDESK_DATABASE_URL": network.url}) as desk:
        assert isinstance(desk, Desk)
        desk.log_in("gestion")
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


def crowd(network: Network, counter: Counter, count: int, rounds: int) -> None:
    """Seconds until each of many boards has begun to repaint a change."""
    turn = counter.booked(counter.patient("Zelaya Ríos", "Ana"))
    boards: list[Desk] = []
    try:
        for number in range(count):
            boards.append(Desk({"CLINICDESK_DATABASE_URL": network.url}))
            boards[-1].log_in(VIEWERS[number % len(VIEWERS)])
            boards[-1].press("<F3>" if VIEWERS[number % len(VIEWERS)] in ELSEWHERE_AT_HOME else "v")
        times: list[float] = []
        for _round in range(rounds):
            for board in boards:
                board.press("<Up>")  # nobody's desk locks while all are awaited
            for board in boards:
                board.settle(PAUSE_SECONDS)
            case = service.confirm if turn.state == "registrado" else service.unconfirm
            turn = counter.hop(case, turn, clock.now())
            times += until_all_readable([board.fd for board in boards])
        kib = statistics.median(board.private_kib() for board in boards)
    finally:
        for board in boards:
            board.close()
    show(f"COMMIT → repaint on each of {count} desks", times)
    print(f"private memory of a desk: {kib / KIB:.1f} MiB")


def until_all_readable(descriptors: list[int]) -> list[float]:
    """For each, the seconds from now until there is something to read."""
    start, waiting, found = time.perf_counter(), set(descriptors), []
    while waiting:
        ready = select.select(list(waiting), [], [], 10)[0]
        if not ready:
            raise TimeoutError(f"{len(waiting)} boards got nothing")
        found += [time.perf_counter() - start] * len(ready)
        waiting -= set(ready)
    return found


def memory(network: Network, changes: int) -> None:
    """Private memory of a desk that goes between home, board and network, and how it grows."""
    with Desk({"CLINICDESK_DATABASE_URL": network.url}) as desk:
        assert isinstance(desk, Desk)
        desk.log_in("msosa")
        start = desk.private_kib()
        for number in range(changes // len(ROUND)):
            for key, wanted in ROUND:
                desk.send(key)
                desk.wait_for(wanted)
            if number in {24, changes // len(ROUND) - 1}:
                now = desk.private_kib()
                done = (number + 1) * len(ROUND)
                print(f"private memory: {start / KIB:.1f} MiB at home, {now / KIB:.1f} after {done} screens")


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
