"""Databases that a test of imports has for itself, and what stands in them as their owner sees it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from clinicdesk import bootstrap
from clinicdesk.importers import ImportResult
from clinicdesk.importers.synthea import IMPORTER
from clinicdesk.kit import embedded
from tests.factories import PASSWORD

_numbers: Final = itertools.count()


@dataclass(frozen=True, slots=True)
class Place:
    """One database: who works there, and what stands in it as its owner sees it."""

    url: str

    @contextmanager
    def as_person(self, username: str) -> Iterator[bootstrap.Session]:
        """A real login."""
        session = bootstrap.log_in(self.url, username, PASSWORD, host="prueba")
        try:
            yield session
        finally:
            session.close()

    def imported(self, folder: Path, **options: Any) -> ImportResult:
        """An import by the administrator."""
        with self.as_person("admin") as session:
            return IMPORTER.run(session.desk(), folder, **options)

    @contextmanager
    def as_owner(self) -> Iterator[psycopg.Connection]:
        """The owner's connection; what is done commits at the end."""
        with psycopg.connect(self.url) as owner:
            yield owner

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows as the owner reads them."""
        with psycopg.connect(self.url) as owner:
            return owner.execute(query.encode(), values or None).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        """The one value of a query."""
        return self.rows(query, *values)[0][0]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, sequences too; apart from acts (a refusal is one) and logins."""
        tables = self.rows(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind = 'r' AND c.relname NOT IN ('acts', 'act_answers',"
            " 'known_origins', 'gate_attempts', 'sessions', 'session_lines')"
        )
        found = {
            name: self.rows(f'SELECT t.*, t.xmin::text, t.ctid::text FROM "{name}" t') for (name,) in tables
        }
        found["sequences"] = self.rows("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
        return {name: sorted(rows, key=repr) for name, rows in found.items()}


def fresh(server: embedded.Server, template: str) -> Iterator[Place]:
    """A copy of the template, dropped afterwards."""
    name = f"imports_{next(_numbers)}"
    with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
        yield Place(server.dsn("clinicdesk", name))
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
