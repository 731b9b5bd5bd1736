"""1,000 forgeries of signed notes by a superuser, as many looks at what is honest; notes verified a second.

    python -m benchmarks.notes [--patients 40] [--forgeries 1000] [--clean 1000] [--more 0]

Each forgery is drawn from a seed, judged by the database and by the program, and rolled back. `--more` signs
so many patients more before the registry is verified as privacy does it. Exits 1 on a miss or a false alarm.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

from clinicdesk.clinic.records import verifying
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import Network, make_network
from tests.forging import FORGERIES, forged, judged, judged_here, patients_of


def forge_often(network: Network, many: int) -> int:
    """So many forgeries, each kind in its turn; how many went unseen by either."""
    names = sorted(FORGERIES)
    missed: Counter[str] = Counter()
    for seed in range(many):
        name = names[seed % len(names)]
        with forged(network.owner, FORGERIES[name], seed) as (connection, victim):
            by_database = judged(connection)
            here = judged_here(connection, victim.patient_id) | judged_here(connection, victim.other_id)
        missed[name] += not by_database or by_database != here
    unseen = sum(missed.values())
    print(f"{many} forgeries of {len(names)} kinds: {many - unseen} found, {unseen} missed {dict(+missed)}")
    return unseen


def look_often(network: Network, patients: list[UUID], many: int) -> int:
    """So many looks at honest notes; how many false alarms."""
    chance = random.Random(1)
    alarms = 0
    with network.owner.connect() as connection:
        for _ in range(many):
            alarms += bool(judged(connection) or judged_here(connection, chance.choice(patients)))
    print(f"{many} clean looks: {alarms} false alarms")
    return alarms


def whole_registry(network: Network) -> bool:
    """Verify all notes as privacy does."""
    session = network.log_in("priva")
    started = time.perf_counter()
    verdict = verifying.verify_all(session.desk())
    seconds = time.perf_counter() - started
    session.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"verify --all: {verdict.notes} notes of {verdict.patients} patients, {seconds:.2f} s,"
        f" {verdict.notes / seconds:,.0f} notes/s, {most:.0f} MiB at most, clean: {verdict.clean}"
    )
    return verdict.clean


def main() -> int:
    """Everything, on a cluster of its own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--patients", type=int, default=40)
    arguments.add_argument("--forgeries", type=int, default=1000)
    arguments.add_argument("--clean", type=int, default=1000)
    arguments.add_argument("--more", type=int, default=0)
    wanted = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o755)
    try:
        server = embedded.start(folder / "home")
        owner = engine_for(server.owner_dsn)
        migrate.upgrade(owner)
        network = make_network(owner, server.owner_dsn)
        patients = patients_of(network, wanted.patients)
        wrong = forge_often(network, wanted.forgeries) + look_often(network, patients, wanted.clean)
        if wanted.more:
            patients_of(network, wanted.more)
        clean = whole_registry(network)
        owner.dispose()
    finally:
        embedded.stop(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if clean and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
