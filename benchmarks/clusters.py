"""A durable cluster of one run's own, gone with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import Network, make_network


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder that the server's account can enter; what runs in its `home` is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        embedded.stop(folder / "home")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def network_in(folder: Path) -> Iterator[Network]:
    """A network on a server in the folder's `home`."""
    server = embedded.start(folder / "home")
    owner = engine_for(server.owner_dsn)
    migrate.upgrade(owner)
    yield make_network(owner, server.owner_dsn)
    owner.dispose()


@contextmanager
def fresh_network() -> Iterator[Network]:
    """A network on a server of its own."""
    with fresh_folder() as folder, network_in(folder) as network:
        yield network
