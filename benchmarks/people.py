"""Finding one person among many, registering them once, and who stands there twice: the bars of the registry.

    python -m benchmarks.people [--people 100000] [--only search,typing,registration,scan] [--keep FOLDER]
        [--queries 10000] [--typed 300] [--registrations 300] [--doubles 10000] [--seed 5] [--names south]
    python -m benchmarks.people --growth [--keep FOLDER] [--queries 2000]

Made-up people with real frequencies (made_people.py; `--names spain` has those of Spain), 24 kinds of
queries (asked_people.py). Prints recall where at most ten people fit what was meant, and that of the others
beside its ceiling; milliseconds end to end through the desk, whole and as one types, beside one hand-written
statement over a bare connection, interleaved; registration with and without looking for duplicates; the
scan of the registry with duplicates put in; what is kept in memory. `--growth` goes through 100,000, 300,000
and 1,000,000 people. Beside the time that passed stands the processor time of program and server, which
depends less on what else runs. Exit 1 where a bar is missed. `--keep` leaves the people in a folder, for the
next run: it makes them anew only where the schema, the keys of names or the made-up names have changed.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import Final

from benchmarks.bars import Bars
from benchmarks.people_search import searches, typing
from benchmarks.people_twice import registering, scanned
from benchmarks.registry import Order, Registry, cluster, registry, top_surname

_PARTS: Final = ("search", "typing", "registration", "scan")
_SIZES: Final = (100_000, 300_000, 1_000_000)
_SHARE_OF_TOP: Final = 3.0


def main() -> int:
    """Build or find, measure, judge."""
    said = _arguments()
    bars = Bars()
    with cluster(said.keep) as (server, network):
        for count in _SIZES if said.growth else (said.people,):
            bars.begin(f"{count:,} people")
            with registry(server, network, Order(count, said.seed, said.names)) as found:
                gc.collect()
                gc.freeze()  # a million people are no work of the program that is measured
                _measured(found, said, bars)
    return bars.judged()


def _measured(found: Registry, said: argparse.Namespace, bars: Bars) -> None:
    print("load of the machine {:.1f}".format(*os.getloadavg()))
    name, share = top_surname(found.people)
    bars.at_least(f"share of {name}", share, _SHARE_OF_TOP, "%")
    if "search" in said.only:
        searches(found, said.queries, said.seed + 1, bars)
    if "typing" in said.only:
        typing(found, said.typed, said.seed + 3, bars)
    if "scan" in said.only:
        scanned(found, min(said.doubles, len(found.people) // 10), bars)
    if "registration" in said.only:
        registering(found, said.registrations, said.seed + 2, bars)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--only", type=lambda text: text.split(","), default=_PARTS)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--typed", type=int, default=300)
    parser.add_argument("--registrations", type=int, default=300)
    parser.add_argument("--doubles", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--names", choices=("south", "spain"), default="south")
    parser.add_argument("--growth", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
