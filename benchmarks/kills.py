"""The desk ended 200 times in mid-typing, in a real terminal: what each end took of the typing.

    python -m benchmarks.kills [--how kill|drop|restart] [--kills 200] [--seed 1] [--most-seconds 2]

`kill` is SIGKILL, `drop` the end of an SSH line (SIGHUP or a terminal that is gone), `restart` a server that
is stopped at once and started again under a desk that types on. After each the draft on the server must be
what was typed up to some character, be there once, be nobody else's, and be offered at the next login; after
a restart nothing may be lost. Exits 1 where one took more than so many seconds of typing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.tui.kills import ENDS, begun, end_often, own_cluster, restart_often, restarts_table, table
from tests.tui.surgery import new_surgery


def measured(home: Path, wanted: argparse.Namespace) -> tuple[list[str], float]:
    """What to print, and the most seconds of typing that one took."""
    with own_cluster(home) as network:
        clerk = network.log_in("cruiz")
        draft = begun(network, new_surgery(network, clerk))
        clerk.close()
        environment = dict(os.environ) | {
            "CLINICDESK_DATABASE_URL": network.url,
            "CLINICDESK_HOME": str(home.parent / "desk"),
        }
        more = {"times": wanted.kills, "seed": wanted.seed}
        if wanted.how == "restart":
            return restarts_table(restart_often(draft, home, environment, **more)), 0.0
        ends = end_often(draft, environment, how=wanted.how, **more)
        return table(ends, wanted.how), max(each.seconds for each in ends)


def main() -> int:
    """End it so often, on a cluster of its own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--how", choices=[*ENDS, "restart"], default="kill")
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--most-seconds", type=float, default=2.0)
    wanted = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o755)
    try:
        lines, most = measured(folder / "home", wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(lines), flush=True)
    return 0 if most <= wanted.most_seconds else 1


if __name__ == "__main__":
    sys.exit(main())
