"""Backups for tests: homes, keys, and a second opinion on whether two databases hold the same."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from clinicdesk.kit import embedded
from tests.cli.conftest import PROGRAM, Done
from tests.cli.homes import Home

PATIENCE: Final = 60.0
OURS: Final = """
  SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname !~ '^pg_|^information_schema$' ORDER BY 1, 2"""
SHAPE: Final = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_'"
    " ORDER BY 1, 2, 3",
    "SELECT c.oid::regclass::text, c.relowner::regrole::text, c.relacl::text, c.relrowsecurity"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname !~ '^pg_|^information' ORDER BY 1",
    "SELECT p.oid::regprocedure::text, p.proowner::regrole::text, p.proacl::text, p.prosrc FROM pg_proc p"
    " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_|^information' ORDER BY 1",
    "SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1, 2",
    "SELECT rolname, rolcanlogin, rolconnlimit, rolvaliduntil::text, rolsuper, rolcreaterole FROM pg_roles"
    " WHERE rolname ~ '^[ku]_' ORDER BY 1",
    "SELECT rolname, rolpassword FROM pg_authid WHERE rolname ~ '^u_' ORDER BY 1",
    "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members"
    " WHERE member::regrole::text ~ '^u_' OR roleid::regrole::text ~ '^k_' ORDER BY 1, 2",
    "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2",
)


def key_file(folder: Path) -> Path:
    """A key of its own, as `db key` makes it."""
    from clinicdesk.kit.backup import new_key

    path = folder / "llave"
    path.touch(mode=0o600)
    path.write_text(new_key() + "\n")
    return path


def dsn(home: Home) -> str:
    """The owner's way into a home's database."""
    return embedded.start(home.path, durable=False).owner_dsn


def rows(url: str, question: str) -> list[tuple[Any, ...]]:
    """What the owner sees."""
    with psycopg.connect(url) as owner:
        return owner.execute(question.encode()).fetchall()


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Rows and a digest of each table, made by the server in its own way: table → (count, md5)."""
    found = {}
    with psycopg.connect(url) as owner:
        owner.execute("SET TimeZone = 'UTC'")
        for schema, name in owner.execute(OURS.encode()).fetchall():
            question = sql.SQL(
                "SELECT count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), ''))"
                " FROM {} t"
            ).format(sql.Identifier(schema, name))
            row = owner.execute(question).fetchone()
            assert row is not None
            found[f"{schema}.{name}"] = row
    return found


def shape(url: str) -> list[list[tuple[Any, ...]]]:
    """Constraints, indexes, owners, rights, functions, policies, roles, verifiers, memberships, sequences."""
    return [rows(url, question) for question in SHAPE]


def fed(home: Home, stdin: str, *arguments: str, **changes: str) -> Done:
    """The installed program with something typed into it that is no terminal."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        check=False,
        capture_output=True,
        input=stdin.encode(),
        env=home.environ(**changes),
        timeout=120,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def until(what: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
