"""One turn transition through Desk beside the same statements in bare psycopg, interleaved.

    python -m benchmarks.transition [--rounds 300]

The floor sends the very statements that Desk sends (recorded from one real call), unpipelined and
pipelined, on a durable server. Prints medians in milliseconds and the ratios (aim: at most 2), and what
each verb of a turn sends: statements, and answers waited for (bare SQL waits once for each statement).
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import event

from benchmarks.clusters import fresh_network
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.turns import service
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.kit import clock, ids
from clinicdesk.kit.db import listener
from tests.factories import Network, new_patient
from tests.round_trips import verbs


def booked(network: Network, session: Session, count: int) -> list[service.TurnAnswer]:
    """Turns to confirm, one patient each."""
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=3)
    ask = agenda.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=9, limit=count)
    slots = session.desk().see(agenda.slots, ask)
    return [
        session.desk().do(
            service.book_turn,
            service.BookTurn(patient_id=new_patient(session).patient_id, slot=slot.id),
        )
        for slot in slots
    ]


def order_of(turn: service.TurnAnswer) -> service.Hop:
    """The confirmation of a turn."""
    return service.Hop(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state)


def recorded(session: Session, turn: service.TurnAnswer) -> list[tuple[str, dict[str, Any]]]:
    """The statements of one confirmation as they reach the driver."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, dict(values)))

    event.listen(session.engine, "before_cursor_execute", listen)
    session.desk().do(service.confirm, order_of(turn))
    event.remove(session.engine, "before_cursor_execute", listen)
    return seen


def for_turn(
    statements: list[tuple[str, dict[str, Any]]], old: service.TurnAnswer, new: service.TurnAnswer
) -> list[tuple[str, dict[str, Any]]]:
    """The recorded statements, about another turn and with keys of their own."""
    key = ids.new_id()
    swap = {old.patient_id: new.patient_id, old.id: new.id}
    return [
        (
            statement,
            {
                name: key
                if name in {"key", "act"}
                else swap.get(value, value)
                if not isinstance(value, dict)
                else value
                for name, value in values.items()
            },
        )
        for statement, values in statements
    ]


def bare(
    raw: psycopg.Connection[Any], statements: list[tuple[str, dict[str, Any]]], *, pipeline: bool
) -> None:
    """The floor: the same statements, each answer awaited, or all in one pipeline."""
    if not pipeline:
        with raw.transaction():
            for statement, values in statements:
                raw.execute(statement, values)
        return
    with raw.pipeline(), raw.transaction():
        for statement, values in statements:
            raw.execute(statement, values)


def timed(function: Any, *arguments: Any, **options: Any) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    function(*arguments, **options)
    return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Interleave the three ways and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with fresh_network() as network:
        print("verb        statements  round trips")
        for verb, count in verbs(network):
            print(f"{verb:10s} {count.statements:11d} {count.round_trips:12d}")
        session = network.log_in("msosa")
        turns = booked(network, session, rounds * 3 + 1)
        first = turns.pop()
        statements = recorded(session, first)
        raw = listener(session.engine)
        took: dict[str, list[float]] = {"desk": [], "bare": [], "bare pipelined": []}
        for _ in range(len(turns) // 3):
            desk = session.desk()
            took["desk"].append(timed(desk.do, service.confirm, order_of(turns.pop())))
            for name, pipeline in (("bare", False), ("bare pipelined", True)):
                mine = for_turn(statements, first, turns.pop())
                took[name].append(timed(bare, raw, mine, pipeline=pipeline))
        raw.close()
        session.close()
    medians = {name: statistics.median(times) for name, times in took.items()}
    print(f"{len(statements)} statements a transition, {len(took['desk'])} rounds each")
    for name, median in medians.items():
        print(f"{name:15s} median {median:6.2f} ms  ratio desk/this {medians['desk'] / median:5.2f}")


if __name__ == "__main__":
    main()
