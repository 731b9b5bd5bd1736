"""`clinicdesk init`: the first real installation, on the embedded server and on servers of others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk import bootstrap
from clinicdesk.kit import embedded
from tests.cli.conftest import PROGRAM
from tests.cli.homes import FIRST, Home, Server, debian_15, embedded_18, home
from tests.factories import PASSWORD
from tests.terminal import Terminal


@pytest.fixture(scope="module")
def installed(open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a first installation, made with options and a password file."""
    with home(open_tmp, tmp_path_factory.mktemp("init"), "init") as made:
        done = made.program("init", *FIRST, "--json")
        assert done.code == 0, done.err
        assert done.data == {"user": "ana", "clinic": "CENTRAL", "home": str(made.path)}
        yield made


@pytest.fixture
def fresh(open_tmp: Path, tmp_path: Path) -> Iterator[Home]:
    """A home whose server runs and which nobody has installed anything in."""
    with home(open_tmp, tmp_path, f"fresh-{tmp_path.name[-12:]}") as made:
        yield made


def owner_rows(made: Home, question: str) -> list[tuple[Any, ...]]:
    """What the owner of an embedded database sees."""
    with psycopg.connect(embedded.start(made.path).owner_dsn) as owner:
        return owner.execute(question.encode()).fetchall()


def test_it_begins_with_one_clinic_and_one_administrator(installed: Home) -> None:
    me = installed.run("whoami", "--json", user="ana").data
    assert (me["name"], me["role"], me["clinic"]) == ("Ñandutí, Ana", "administrador", "CENTRAL")
    assert me["must_change_password"] is False
    (clinic,) = installed.run("clinic", "list", "--json", user="ana").rows
    assert (clinic["code"], clinic["country"], clinic["zone"]) == ("CENTRAL", "UY", "America/Montevideo")
    (user,) = installed.run("user", "list", "--json", user="ana").rows
    assert (user["user"], user["roles"]) == ("ana", [{"role": "administrador", "clinic": "CENTRAL"}])


def test_nobody_has_a_login_by_default(installed: Home) -> None:
    can_log_in = owner_rows(installed, "SELECT rolname FROM pg_roles WHERE rolcanlogin ORDER BY 1")
    assert [name for (name,) in can_log_in] == ["clinicdesk", "k_display", "k_gate", "u_ana"]
    assert owner_rows(installed, "SELECT count(*) FROM logins WHERE is_demo") == [(0,)]
    gate = embedded.start(installed.path).dsn("k_gate").replace("k_gate@", "k_gate:gate@")
    with psycopg.connect(gate) as door:
        for table in ("logins", "people", "clinics", "patients"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                door.execute(f"SELECT 1 FROM public.{table}".encode())
            door.rollback()


def test_it_is_an_act_and_the_password_is_in_no_table(installed: Home) -> None:
    acts = owner_rows(installed, "SELECT person, what FROM acts WHERE outcome = 'done' ORDER BY at")
    assert acts[0] == ("clinicdesk", "install")
    answers = str(owner_rows(installed, "SELECT answer, order_hash FROM act_answers"))
    assert PASSWORD not in answers


def test_a_second_one_is_refused_and_changes_nothing(installed: Home) -> None:
    done = installed.run("init", *FIRST[:-6], "--admin", "otra", "--given", "O", "--family", "P")
    assert (done.code, done.out) == (5, "")
    assert "user add" in done.err
    assert owner_rows(installed, "SELECT count(*) FROM logins") == [(1,)]
    assert owner_rows(installed, "SELECT count(*) FROM clinics") == [(1,)]


def test_a_real_installation_does_not_become_a_demo(installed: Home) -> None:
    done = installed.run("demo", "--no-tui", "--json", CLINICDESK_PASSWORD_FILE="")
    assert (done.code, done.out) == (5, "")
    assert owner_rows(installed, "SELECT count(*) FROM logins") == [(1,)]
    removed = installed.run("demo", "--remove", "--yes")
    assert removed.code == 3
    assert (installed.path / "data").is_dir()


def test_four_at_once_install_once(fresh: Home) -> None:
    started = [
        subprocess.Popen(
            [PROGRAM, "init", *FIRST[:-5], f"ana{number}", *FIRST[-4:]],
            env=fresh.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(4)
    ]
    assert sorted(each.wait(timeout=300) for each in started) == [0, 5, 5, 5]
    assert owner_rows(fresh, "SELECT count(*) FROM logins") == [(1,)]
    assert owner_rows(fresh, "SELECT count(*) FROM clinics") == [(1,)]


def test_what_is_wrong_is_said_and_nothing_is_begun(fresh: Home, tmp_path: Path) -> None:
    short = tmp_path / "corta"
    short.touch(mode=0o600)
    short.write_text("corta")
    options = dict(zip(FIRST[::2], FIRST[1::2], strict=True))

    def wrong(changes: dict[str, str], **environ: str) -> int:
        words = [word for pair in (options | changes).items() for word in pair]
        return fresh.run("init", *words, **environ).code

    assert wrong({"--admin": "Con Espacio"}) == 6
    assert wrong({"--country": "URUGUAY"}) == 6
    assert wrong({"--clinic-code": "con espacio"}) == 6
    assert wrong({"--zone": "America/Nunca"}) == 6
    assert wrong({"--family": ""}) in {2, 6}
    assert wrong({}, CLINICDESK_PASSWORD_FILE=str(short)) == 6
    assert fresh.run("init", "--admin", "ana").code == 2
    assert fresh.run("init", *FIRST, "--password", PASSWORD).code == 2
    found = owner_rows(fresh, "SELECT to_regclass('public.logins') IS NULL")
    assert found == [(True,)] or owner_rows(fresh, "SELECT count(*) FROM logins") == [(0,)]
    assert wrong({}) == 0


def test_at_a_terminal_it_asks_and_shows_no_password(fresh: Home) -> None:
    environ: dict[str, str | None] = {**fresh.environ(), "CLINICDESK_PASSWORD_FILE": None}
    with Terminal([PROGRAM, "init"], env=environ, size=(100, 40)) as terminal:
        for asked, typed in (
            ("Código del centro", "norte"),
            ("Nombre del centro", "Centro Norte"),
            ("País", "CL"),
            ("Zona horaria [America/Santiago]", "America/Punta_Arenas"),
            ("Usuario de quien administra", "raul"),
            ("Sus nombres", "Raúl"),
            ("Sus apellidos", "Íñiguez Soto"),
            ("Clave nueva de raul", PASSWORD),
            ("Otra vez", PASSWORD),
        ):
            terminal.wait_for(asked)
            terminal.send(f"{typed}\n")
        assert terminal.wait_end(60) == 0
        assert "Instalación lista" in terminal.text
        assert PASSWORD not in terminal.text
    (clinic,) = fresh.run("clinic", "list", "--json", user="raul").rows
    assert (clinic["code"], clinic["zone"]) == ("NORTE", "America/Punta_Arenas")


# On a server that somebody else runs.


@pytest.fixture(scope="module", params=[debian_15, embedded_18], ids=["15", "18"])
def server(request: pytest.FixtureRequest, open_tmp: Path) -> Iterator[Server]:
    """Each supported server."""
    with request.param(open_tmp) as made:
        yield made


@pytest.fixture(scope="module")
def away(open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A desk without a server of its own."""
    secrets = tmp_path_factory.mktemp("away")
    with home(open_tmp, secrets, "away", started=False) as made:
        return made


def places(server: Server, owner: str, database: str) -> dict[str, str]:
    """The settings of a desk and of its owner."""
    return {
        "CLINICDESK_DATABASE_URL": server.url("clinicdesk", "", database).replace(":@", "@"),
        "CLINICDESK_OWNER_URL": server.url(owner, "d", database),
    }


def forget_everything(server: Server, database: str) -> None:
    """Drop the database and every role it needed: roles belong to the cluster."""
    server.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        found = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^(u|k)_'").fetchall()
    server.execute(*(f'DROP ROLE "{name}"' for (name,) in found))


@pytest.fixture
def owner(server: Server, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An owner (with the attributes that the test asks for) and the name of the database they own."""
    attributes = getattr(request, "param", "CREATEROLE")
    server.execute(f"CREATE ROLE duena LOGIN {attributes} PASSWORD 'd'", "CREATE DATABASE red OWNER duena")
    yield "duena", "red"
    forget_everything(server, "red")
    server.execute("DROP OWNED BY duena", "DROP ROLE duena")


@pytest.mark.parametrize("owner", ["SUPERUSER", "CREATEROLE"], indirect=True)
def test_a_server_is_installed_and_works_as_the_embedded_one(
    server: Server, owner: tuple[str, str], away: Home, tmp_path: Path
) -> None:
    both = places(server, *owner)
    desk = {"CLINICDESK_DATABASE_URL": both["CLINICDESK_DATABASE_URL"]}
    done = away.run("init", *FIRST, "--json", **both)
    assert done.code == 0, done.err
    assert done.data["home"] is None
    assert away.run("init", *FIRST, **both).code == 5
    given = tmp_path / "clave"
    given.touch(mode=0o600)
    given.write_text("la clave de bea")
    added = away.run(
        "user", "add", "bea", "--family", "Gil", "--role", "medico", "--json", user="ana", **desk
    )
    assert added.code == 0, added.err
    code = tmp_path / "codigo"
    code.touch(mode=0o600)
    code.write_text(added.data["code"])
    set_password = ("login", "bea", "--code-file", str(code), "--password-file", str(given))
    first = away.run(*set_password, **desk)
    assert first.code == 0, first.err
    assert away.run("logout", **desk).code == 0
    bea = desk | {"CLINICDESK_PASSWORD_FILE": str(given)}
    assert away.run("whoami", user="bea", **bea).code == 0
    status = away.run("db", "status", "--json", user="bea", **bea).data
    assert (status["role"], status["revision"], status["up_to_date"]) == ("u_bea", "0001", True)
    assert status["server_version"].startswith(server.version)
    asked = ("db", "psql", "--", "-Atc", "SELECT session_user")
    assert away.program(*asked, user="bea", **bea).out == "u_bea\n"
    session = bootstrap.log_in(desk["CLINICDESK_DATABASE_URL"], "bea", "la clave de bea", host="prueba")
    with session.engine.connect() as connection:
        assert away.run("user", "disable", "bea", user="ana", **desk).code == 0
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    session.close()
    assert away.run("whoami", user="bea", **bea).code == 4
    assert not (away.path / "data").exists(), "nothing embedded was started"


@pytest.mark.parametrize("owner", ["CREATEROLE"], indirect=True)
def test_the_owners_url_alone_names_the_server(server: Server, owner: tuple[str, str], away: Home) -> None:
    only = {"CLINICDESK_OWNER_URL": server.url(owner[0], "d", owner[1])}
    done = away.run("init", *FIRST, **only)
    assert done.code == 0, done.err
    assert "CLINICDESK_DATABASE_URL" in done.err
    assert not (away.path / "data").exists()


@pytest.mark.parametrize("owner", ["NOCREATEROLE"], indirect=True)
def test_an_owner_who_cannot_make_roles_is_told(server: Server, owner: tuple[str, str], away: Home) -> None:
    done = away.run("init", *FIRST, **places(server, *owner))
    assert (done.code, done.out) == (4, "")
    assert "CREATEROLE" in done.err


@pytest.mark.parametrize("owner", ["CREATEROLE CREATEDB"], indirect=True)
def test_a_missing_database_is_made_by_an_owner_who_may(
    server: Server, owner: tuple[str, str], away: Home
) -> None:
    server.execute("DROP DATABASE red")
    done = away.run("init", *FIRST, **places(server, *owner))
    assert done.code == 0, done.err


@pytest.mark.parametrize("owner", ["CREATEROLE"], indirect=True)
def test_a_missing_database_and_a_wrong_password_are_told_apart(
    server: Server, owner: tuple[str, str], away: Home
) -> None:
    absent = away.run("init", *FIRST, **places(server, owner[0], "nada"))
    assert absent.code == 7
    assert "createdb -O duena nada" in absent.err
    wrong = places(server, *owner)
    wrong["CLINICDESK_OWNER_URL"] = wrong["CLINICDESK_OWNER_URL"].replace(":d@", ":x@")
    refused = away.run("init", *FIRST, **wrong)
    assert refused.code == 4
    assert "password authentication failed" in refused.err
    nowhere = wrong["CLINICDESK_OWNER_URL"].partition("?")[0] + "?host=/nonexistent"
    assert away.run("init", *FIRST, **(wrong | {"CLINICDESK_OWNER_URL": nowhere})).code == 7
