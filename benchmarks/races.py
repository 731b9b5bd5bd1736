"""32 processes of 8 people race for each of 320 slots (10,240 races); with advisory locks and without.

    python -m benchmarks.races [--slots 320] [--processes 32]

Prints how the attempts ended, slots booked twice or lost, and seconds. Without the locks attempts wait in
circles until the server ends some, so there an attempt may end without an answer; never so with them.
Exits 1 on any double or loss.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta

from sqlalchemy import func, select

from benchmarks.clusters import fresh_network
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.clinic.turns.model import turns
from clinicdesk.kit import clock
from tests.factories import Network, new_patient
from tests.races import race


def one_round(network: Network, slots: int, processes: int, days_ahead: int, *, locks: bool) -> bool:
    """Race for the slots of a day; True where each was booked exactly once."""
    session = network.log_in("msosa")
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=days_ahead)
    doctor = network.person_ids["lpaz"]
    ask = agenda.SlotsQuery(network.clinic_ids[0], doctor, since=day, days=2, limit=slots)
    wanted = [slot.id for slot in session.desk().see(agenda.slots, ask)]
    patients = [new_patient(session).patient_id for _ in range(processes)]
    session.close()
    started = time.perf_counter()
    outcome = race(network, wanted, patients, processes=processes, advisory_locks=locks)
    seconds = time.perf_counter() - started
    with network.owner.connect() as owner:
        counted = owner.execute(
            select(turns.c.starts_at, func.count())
            .where(turns.c.day >= day, turns.c.day < day + timedelta(days=2), turns.c.doctor_id == doctor)
            .group_by(turns.c.starts_at)
        ).all()
    twice = sum(1 for _start, count in counted if count > 1)
    lost = len(wanted) - len(counted)
    print(
        f"advisory locks {'on ' if locks else 'off'}: {len(wanted)} slots × {processes} processes,", end=" "
    )
    print(f"{dict(outcome.ends)}, booked twice {twice}, lost {lost}, {seconds:.1f} s", flush=True)
    return not twice and not lost and not (locks and outcome.unexpected())


def main() -> int:
    """Run both rounds on a cluster of their own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--slots", type=int, default=320)
    arguments.add_argument("--processes", type=int, default=32)
    wanted = arguments.parse_args()
    with fresh_network() as network:
        sound = [
            one_round(network, wanted.slots, wanted.processes, ahead, locks=locks)
            for ahead, locks in ((5, True), (8, False))
        ]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
