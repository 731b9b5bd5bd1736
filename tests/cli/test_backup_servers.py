"""Backups of servers that others run: what rights they need, and across versions and clusters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from clinicdesk import bootstrap
from tests.cli.copies import contents, dsn, key_file, rows, shape
from tests.cli.homes import FIRST, Home, Server, debian_15, embedded_18, home
from tests.factories import PASSWORD

GRANT: Final = "GRANT SELECT (rolname, rolpassword) ON pg_authid TO duena"


@pytest.fixture(scope="module")
def made(open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An installation on its own cluster."""
    with home(open_tmp, tmp_path_factory.mktemp("own"), "bk-own") as one:
        assert one.run("init", *FIRST).code == 0
        yield one


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_file(tmp_path_factory.mktemp("bk-key"))


@pytest.fixture(scope="module", params=[debian_15, embedded_18], ids=["15", "18"])
def server(request: pytest.FixtureRequest, open_tmp: Path) -> Iterator[Server]:
    """Each supported server, with an owner who is no superuser and two databases."""
    with request.param(open_tmp) as found:
        found.execute(
            "CREATE ROLE duena LOGIN CREATEROLE CREATEDB PASSWORD 'd'",
            "CREATE DATABASE red OWNER duena",
            "CREATE DATABASE otra OWNER duena",
        )
        yield found


def settings(server: Server, database: str = "red") -> dict[str, str]:
    """The settings of a desk and of its owner."""
    url = server.url("clinicdesk", "", database).replace(":@", "@")
    return {"CLINICDESK_DATABASE_URL": url, "CLINICDESK_OWNER_URL": server.url("duena", "d", database)}


def test_a_backup_goes_to_a_server_of_another_version_and_back(
    made: Home, key: Path, server: Server, open_tmp: Path, tmp_path: Path
) -> None:
    """One test: the roles of a cluster outlive a database, so each step stands on the one before."""
    with home(open_tmp, tmp_path, f"bk-away-{server.version}", started=False) as away:
        first = tmp_path / "propia"
        words = ("--key-file", str(key))
        assert made.run("db", "backup", "-o", str(first), *words).code == 0
        there = settings(server)
        done = away.run("db", "restore", str(first), *words, "--json", **there)
        assert done.code == 0, done.err
        owner = there["CLINICDESK_OWNER_URL"]
        assert contents(owner) == contents(dsn(made))
        bootstrap.log_in(there["CLINICDESK_DATABASE_URL"], "ana", PASSWORD, host="prueba").close()

        second = tmp_path / "del-servidor"
        refused = away.run("db", "backup", "-o", str(second), *words, **there)
        assert (refused.code, refused.out) == (4, "")
        assert GRANT in refused.err
        assert not second.exists()
        with psycopg.connect(server.superuser.replace("/postgres?", "/red?").replace("/clinicdesk?", "/red?"),
                             autocommit=True) as root:  # fmt: skip
            root.execute(GRANT.encode())
        done = away.run("db", "backup", "-o", str(second), *words, "--json", **there)
        assert done.code == 0, done.err
        assert done.data["server_version"].startswith(server.version)

        clash = away.run("db", "restore", str(second), *words, **settings(server, "otra"))
        assert (clash.code, clash.out) == (5, ""), (
            "who may not read verifiers cannot tell that they are the same"
        )
        assert "u_ana" in clash.err
        with home(open_tmp, tmp_path, f"bk-back-{server.version}") as back:
            done = back.run("db", "restore", str(second), *words)
            assert done.code == 0, done.err
            assert contents(dsn(back)) == contents(owner)
            verifiers = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname ~ '^u_'"
            assert rows(dsn(back), verifiers) == rows(dsn(made), verifiers)
            assert shape(dsn(back)) == shape(dsn(made))
            assert back.run("whoami", user="ana").code == 0
        assert not (away.path / "data").exists(), "nothing embedded was started"


def test_a_missing_database_is_made(made: Home, key: Path, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "propia"
    assert made.run("db", "backup", "-o", str(file), "--key-file", str(key)).code == 0
    with psycopg.connect(server.superuser, autocommit=True) as root:
        found = root.execute("SELECT rolname FROM pg_roles WHERE rolname = 'u_ana'").fetchall()
        for database in ("red", "otra", "nueva"):
            root.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
        for (name,) in found:
            root.execute(f"DROP ROLE {name}".encode())
    words = ("db", "restore", str(file), "--key-file", str(key), "--json")
    done = made.run(*words, **settings(server, "nueva"))
    assert done.code == 0, done.err
    assert contents(settings(server, "nueva")["CLINICDESK_OWNER_URL"]) == contents(dsn(made))


def test_a_server_without_an_owner_says_what_is_missing(made: Home, key: Path, server: Server) -> None:
    url = settings(server)["CLINICDESK_DATABASE_URL"]
    done = made.run("db", "backup", "-o", "x", "--key-file", str(key), CLINICDESK_DATABASE_URL=url)
    assert done.code == 6
    assert "CLINICDESK_OWNER_URL" in done.err
