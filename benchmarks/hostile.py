"""Every payload on every screen: how many control bytes came out, and what was not to be seen.

Usage: python -m benchmarks.hostile [SCREEN ...]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import make_network
from tests.tui import hostile
from tests.tui.hostile_clinic import Stage, build
from tests.tui.hostile_stage import SCENES


@contextmanager
def stage() -> Iterator[Stage]:
    """The clinic, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        server = embedded.start(home, durable=False)
        try:
            owner = engine_for(server.owner_dsn)
            migrate.upgrade(owner)
            network = make_network(owner, server.dsn("clinicdesk"))
            environment = {"CLINICDESK_DATABASE_URL": network.url, "CLINICDESK_HOME": str(home)}
            yield build(network, environment, Path(folder))
            owner.dispose()
        finally:
            embedded.stop(home)


def shown(stage: Stage, name: str, texts: list[str]) -> bool:
    """Walk one screen and print what came of it; whether all was as it must be."""
    scene, began = SCENES[name], monotonic()
    wardrobe = hostile.Wardrobe(stage.network.owner, texts, scene.fields)
    wardrobe.dress()
    with scene.open(stage) as desk:
        rounds = 1 if scene.bare else scene.rounds
        hostile.walk(desk, wardrobe, scene.steps(stage), rounds=rounds, bare=scene.bare)
        strange, missing = hostile.strangers(desk), {} if scene.bare else wardrobe.missing
        seen = len(wardrobe.seen)
        print(
            f"{name:<14}{seen:>6} of {len(texts)} seen{len(strange):>6} control bytes"
            f"{len(desk.output):>12,} bytes out{monotonic() - began:>8.0f} s",
            flush=True,
        )
    for text in missing.values():
        print(f"   not seen: {text!a}"[:150])
    return not strange and not missing


def stood(stage: Stage, name: str, texts: list[str]) -> bool:
    """The same; a walk that stopped is told, and the next one begins."""
    try:
        return shown(stage, name, texts)
    except AssertionError as stopped:
        print(f"{name:<14} STOPPED: {str(stopped)[:2000]}", flush=True)
        return False


def main(names: list[str]) -> int:
    """The whole matrix, or some screens of it; 1 if anything came out or was not to be seen."""
    texts = [*hostile.payloads(), *(each for each in hostile.naughty() if not hostile.MARK.search(each))]
    print(f"{len(texts)} payloads, {len(hostile.naughty())} of them from the big list of naughty strings")
    with stage() as built:
        kept = [stood(built, name, texts) for name in names or SCENES]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
