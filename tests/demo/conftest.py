"""A small demo network in a cluster of its own, as `clinicdesk demo` makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from clinicdesk.demo import Demo, Size, prepare
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for

SMALL = Size(clinics=2, patients=50)
# A Friday, in the middle of the morning at the first clinic; long ago, so that it is never the real today.
MORNING = datetime(2026, 5, 15, 12, 50, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo_server(open_tmp: Path) -> Iterator[embedded.Server]:
    """A cluster for demos alone: logins belong to a cluster, so they must not meet the other tests'."""
    home = open_tmp / "demo"
    yield embedded.start(home, durable=False)
    embedded.stop(home)


@pytest.fixture(scope="session")
def demo_owner(demo_server: embedded.Server) -> Iterator[Engine]:
    """The owner of the migrated, still empty database."""
    owner = engine_for(demo_server.owner_dsn)
    migrate.upgrade(owner)
    yield owner
    owner.dispose()


@pytest.fixture(scope="session")
def demo(demo_owner: Engine) -> Demo:
    """The network as it stands in the morning."""
    return prepare(demo_owner, SMALL, lambda _said: None, lambda: MORNING)


@pytest.fixture
def ask(demo_owner: Engine, demo: Demo) -> Callable[[str], list[tuple[Any, ...]]]:
    """`ask("SELECT …")` → rows."""

    def rows(question: str) -> list[tuple[Any, ...]]:
        with demo_owner.connect() as connection:
            return [tuple(row) for row in connection.execute(text(question))]

    return rows
