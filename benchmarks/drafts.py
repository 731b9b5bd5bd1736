"""8 desks of one author save 5,000 times each, on one draft and on a draft each: silent overwrites, seconds.

    python -m benchmarks.drafts [--editors 8] [--saves 5000]

A desk that loses a race is told so, reads the winner's text and saves both. Prints saves, races told lost,
overwrites that nobody was told of, and saves a second. Exits 1 on any such overwrite or lost save.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.clusters import fresh_network
from tests.clinic.test_notes import in_course
from tests.editors import Visit, type_together
from tests.factories import Network


def one_round(network: Network, editors: int, saves: int, *, one_draft: bool) -> bool:
    """All desks at once; True where nothing went unseen."""
    open_ones = [network.log_in(name) for name in ("msosa", "lpaz")]
    sessions = {session.actor.username: session for session in open_ones}
    made = [in_course(network, sessions.__getitem__) for _ in range(1 if one_draft else editors)]
    visits: list[Visit] = [(each.patient_id, each.visit_id) for each in made]
    started = time.perf_counter()
    outcome = type_together(network, "lpaz", visits * (editors if one_draft else 1), saves)
    seconds = time.perf_counter() - started
    for session in open_ones:
        session.close()
    where = "one draft" if one_draft else "a draft each"
    print(
        f"{where:<13} {editors} editors × {saves} saves: {outcome.saves} saved, {outcome.conflicts} races"
        f" told lost, {len(outcome.silent)} silent, {seconds:.1f} s, {outcome.saves / seconds:.0f} saves/s",
        flush=True,
    )
    for each in outcome.silent[:10]:
        print(f"  {each}")
    return not outcome.silent and outcome.saves == editors * saves


def main() -> int:
    """Run both rounds on a cluster of their own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--editors", type=int, default=8)
    arguments.add_argument("--saves", type=int, default=5000)
    wanted = arguments.parse_args()
    with fresh_network() as network:
        sound = [
            one_round(network, wanted.editors, wanted.saves, one_draft=one_draft)
            for one_draft in (True, False)
        ]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
