"""The desk killed (SIGKILL) 200 times in mid-typing, in a real terminal: seconds of typing that each took.

    python -m benchmarks.kills [--kills 200] [--seed 1] [--most-seconds 2]

After each kill the draft on the server must be what was typed up to some character, be there once, be nobody
else's, and be offered at the next login. Exits 1 where one took more than so many seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import make_network
from tests.tui.kills import kill_often, table
from tests.tui.surgery import new_surgery


def main() -> int:
    """Kill, on a cluster of their own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--most-seconds", type=float, default=2.0)
    wanted = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o755)
    try:
        server = embedded.start(folder / "home")
        owner = engine_for(server.owner_dsn)
        migrate.upgrade(owner)
        network = make_network(owner, server.owner_dsn)
        clerk, other = network.log_in("cruiz"), network.log_in("jibarra")
        environment = dict(os.environ) | {
            "CLINICDESK_DATABASE_URL": network.url,
            "CLINICDESK_HOME": str(folder / "desk"),
        }
        kills = kill_often(
            network, new_surgery(network, clerk), other, environment, kills=wanted.kills, seed=wanted.seed
        )
        for session in (clerk, other):
            session.close()
        owner.dispose()
    finally:
        embedded.stop(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(table(kills)), flush=True)
    return 0 if max(kill.seconds for kill in kills) <= wanted.most_seconds else 1


if __name__ == "__main__":
    sys.exit(main())
