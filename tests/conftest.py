"""One embedded cluster per pytest worker, one small network in it; tests connect as people."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from clinicdesk import bootstrap
from clinicdesk.clinic.access.rules import role_of
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import STAFF, Network, make_network

# A busy machine is slow, not wrong: no property is judged by the clock.
# The same examples each time: a delivery is not refused for what chance finds. EXPLORE=1 looks further.
settings.register_profile(
    "clinicdesk",
    deadline=None,
    derandomize=not os.environ.get("EXPLORE"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("clinicdesk")


@pytest.fixture(scope="session")
def open_tmp() -> Iterator[Path]:
    """A folder that the server's system account can enter: pytest's own are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(open_tmp: Path) -> Iterator[embedded.Server]:
    """This worker's own cluster, without fsync."""
    home = open_tmp / "home"
    yield embedded.start(home, durable=False)
    embedded.stop(home)


@pytest.fixture(scope="session")
def pristine(server: embedded.Server) -> Network:
    """The migrated database with two clinics and one person of each role. Nobody works in it."""
    owner = engine_for(server.owner_dsn)
    migrate.upgrade(owner)
    made = make_network(owner, server.owner_dsn)
    owner.dispose()
    return made


@pytest.fixture(scope="module")
def network(server: embedded.Server, pristine: Network) -> Iterator[Network]:
    """A copy for each file of tests, so that no file meets what another one left."""
    name = f"copy_{uuid4().hex[:12]}"
    url = server.dsn("clinicdesk", name)
    with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as admin:
        _copy(admin, name)
        admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
        admin.execute(f"GRANT CONNECT ON DATABASE {name} TO k_staff, k_gate, k_display".encode())
        owner = engine_for(url)
        yield replace(pristine, url=url, owner=owner)
        owner.dispose()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        for role in _others(admin):
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _copy(admin: psycopg.Connection[tuple[str]], name: str) -> None:
    """The server waits five seconds for who just left the template; a busy machine needs more."""
    for _try in range(11):
        with contextlib.suppress(psycopg.errors.ObjectInUse):
            admin.execute(f"CREATE DATABASE {name} TEMPLATE clinicdesk".encode())
            return
    admin.execute(f"CREATE DATABASE {name} TEMPLATE clinicdesk".encode())


def _others(admin: psycopg.Connection[tuple[str]]) -> list[str]:
    """Login roles that a file of tests made: roles belong to the cluster and outlive the copy."""
    staff = [role_of(each[0]) for each in STAFF]
    made = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'u\\_%%' AND rolname <> ALL (%s)"
    return [row[0] for row in admin.execute(made, (staff,))]


@pytest.fixture
def log_in(network: Network) -> Iterator[object]:
    """`log_in("msosa")` → a Session, closed after the test."""
    sessions: list[bootstrap.Session] = []

    def enter(username: str, **where: str) -> bootstrap.Session:
        sessions.append(network.log_in(username, **where))
        return sessions[-1]

    yield enter
    for session in sessions:
        session.close()


@pytest.fixture(scope="module")
def desk_environment(server: embedded.Server, network: Network) -> dict[str, str]:
    """The environment of a desk on this worker's database, for tests that run the installed program."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    home = str(server.home.parent / "desk-home")
    return {**kept, "CLINICDESK_DATABASE_URL": network.url, "CLINICDESK_HOME": home}
