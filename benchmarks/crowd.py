"""Random streams of orders by many processes on few slots; what must hold is looked at after each round.

    python -m benchmarks.crowd [--rounds 10] [--steps 120] [--processes 8]

Prints how the attempts ended and what was looked at; the seed of each round is its number. Exits 1 where
anything does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from benchmarks.clusters import fresh_network
from tests.boards import boards, comes_to_show
from tests.clinic.test_crowd import PEOPLE, scene
from tests.crowd import EXPECTED, crowd, in_order, nothing_lost, on_boards


def main() -> int:
    """Run the rounds on a cluster of their own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=10)
    arguments.add_argument("--steps", type=int, default=120)
    arguments.add_argument("--processes", type=int, default=8)
    wanted = arguments.parse_args()
    people = [PEOPLE[number % len(PEOPLE)] for number in range(wanted.processes)]
    ends: Counter[str] = Counter()
    started, agree = time.perf_counter(), True
    for seed in range(1, wanted.rounds + 1):
        with fresh_network() as network:
            made = scene(network, seed=seed, steps=wanted.steps)
            with boards(network.url, ("enfe",), made.at) as listening:
                told = crowd(made, people)
                in_order(network.owner)
                nothing_lost(network.owner, told)
                turns = on_boards(network, network.clinic_ids[0], made.day)
                agree = agree and comes_to_show(listening[0], turns).turns == turns
            ends += told.ends
    seconds = time.perf_counter() - started
    print(f"{wanted.rounds} rounds × {wanted.processes} processes × {wanted.steps} steps, {seconds:.0f} s")
    print(", ".join(f"{name} {count}" for name, count in ends.most_common()))
    print("no overlap, every step declared, claims as states say, nothing acknowledged lost or doubled")
    print(f"boards equal the database: {'yes' if agree else 'NO'}")
    return 0 if agree and set(ends) <= EXPECTED else 1


if __name__ == "__main__":
    sys.exit(main())
