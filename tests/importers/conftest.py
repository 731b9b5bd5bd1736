"""A network of its own for each test of imports, with the staff of the worker's network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg
import pytest
from psycopg import sql

from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import Network
from tests.importers.places import Place, fresh

_TEMPLATE: Final = "imports_template"
# Parents first. Logins are roles of the cluster, so the copies are the same people with the same passwords.
_STAFF: Final = ("clinics", "people", "logins", "clinic_roles")


@pytest.fixture(scope="session")
def imports_template(server: embedded.Server, pristine: Network) -> str:
    """A migrated database with the network's staff and nothing else."""
    url = server.dsn("clinicdesk", _TEMPLATE)
    with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
    owner = engine_for(url)
    migrate.upgrade(owner)
    with psycopg.connect(pristine.url) as source, psycopg.connect(url) as target:
        for table in _STAFF:
            _copied(source, target, table)
        target.execute("SELECT setval('resource_ids', 100000)")
    owner.dispose()
    return _TEMPLATE


def _copied(source: psycopg.Connection, target: psycopg.Connection, table: str) -> None:
    name = sql.Identifier(table)
    with (
        source.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as out,
        target.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(name)) as into,
    ):
        for block in out:
            into.write(block)


@pytest.fixture
def place(server: embedded.Server, imports_template: str) -> Iterator[Place]:
    """An empty network of its own."""
    yield from fresh(server, imports_template)
