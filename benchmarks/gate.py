"""A login through the gate beside a bare psycopg SCRAM login, and whether refusals can be told apart.

    python -m benchmarks.gate [--rounds 60]

Interleaved on a durable server. Prints medians in milliseconds: the bare login, the slow hash alone, the
gate's login, its ratio; then a wrong password, a made-up name and a closed login (aim: within 5 %).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import psycopg
from sqlalchemy import text

from benchmarks.clusters import fresh_network
from clinicdesk.clinic.access import administration, gate, rules
from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.kit import db, secrets
from tests.factories import PASSWORD, Network

CLOSED = "secre"


def refused(network: Network, user: str, password: str) -> None:
    """A login that must not go well."""
    try:
        gate.let_in(network.url, user, password, "banco").engine.dispose()
    except LoginRefused:
        return
    raise AssertionError(user)


def let_in(network: Network) -> str:
    """A login through the gate; its derived secret."""
    arrival = gate.let_in(network.url, "msosa", PASSWORD, "banco")
    arrival.engine.dispose()
    return arrival.secret


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def measured(network: Network, rounds: int) -> dict[str, float]:
    """Medians by name, all kinds in each round, the counts of tries taken away between rounds."""
    secret, salt = let_in(network), secrets.new_salt()
    bare = db.conninfo(network.url, rules.role_of("msosa"), secret, "banco")
    kinds: dict[str, Callable[[], object]] = {
        "bare": lambda: psycopg.connect(bare).close(),
        "hash": lambda: secrets.derived(PASSWORD, salt),
        "gate": lambda: let_in(network),
        "wrong": lambda: refused(network, "msosa", "no es la clave"),
        "unknown": lambda: refused(network, "nadie.asi", "no es la clave"),
        "closed": lambda: refused(network, CLOSED, PASSWORD),
    }
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _round in range(rounds):
        with network.owner.begin() as owner:
            owner.execute(text("DELETE FROM gate_attempts"))
        for name, work in kinds.items():
            times[name].append(timed(work))
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with fresh_network() as network:
        admin = network.log_in("admin")
        admin.desk().do(administration.enable_user, administration.EnableUser(username=CLOSED, enabled=False))
        admin.close()
        found = measured(network, rounds)
    for name, label in (
        ("bare", "bare SCRAM login"),
        ("hash", "argon2id alone"),
        ("gate", "login at the gate"),
    ):
        print(f"{label:<24}{found[name]:8.1f} ms")
    print(f"{'gate / (bare + hash)':<24}{found['gate'] / (found['bare'] + found['hash']):8.2f}")
    for name in ("wrong", "unknown", "closed"):
        print(f"refused, {name:<15}{found[name]:8.1f} ms{found[name] / found['wrong']:8.2f}")


if __name__ == "__main__":
    main()
