"""`clinicdesk db`: the embedded server's life, looking it over, psql as a person."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clinicdesk.kit import embedded, zones
from tests.cli.conftest import Done
from tests.cli.homes import Home, home
from tests.factories import Network

Cli = Callable[..., Done]


@pytest.fixture
def own(open_tmp: Path, tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing has been started yet."""
    with home(open_tmp, tmp_path, f"db-{tmp_path.name[-12:]}", started=False) as made:
        yield made


def codes(done: Done) -> dict[str, bool]:
    """What a doctor found: code → whether it is well."""
    return {row["code"]: row["ok"] for row in done.rows}


def test_the_embedded_server_lives_from_start_to_stop(own: Home) -> None:
    before = own.run("db", "status", "--json").data
    assert (before["running"], before["initialised"]) == (False, False)
    assert not own.path.exists(), "looking changes nothing"
    embedded.start(own.path, durable=False)
    started = own.run("db", "start", "--json").data
    assert started["running"] is True
    assert started["database_url"].startswith("postgresql://")
    status = own.run("db", "status", "--json").data
    assert (status["running"], status["pid"], status["revision"]) == (True, started["pid"], None)
    assert status["server_version"] == started["version"]
    assert status["up_to_date"] is False
    rules = {"rules": zones.version(), "retimed": 0, "days": [], "left": []}
    first = own.run("db", "upgrade", "--json").data
    assert first == {"from": None, "to": "0001", "rules_before": None} | rules
    second = own.run("db", "upgrade", "--json").data
    assert second == {"from": "0001", "to": "0001", "rules_before": zones.version()} | rules
    status = own.run("db", "status", "--json").data
    assert (status["revision"], status["up_to_date"], status["missing_roles"]) == ("0001", True, [])
    assert own.run("db", "stop", "--json").data == {"running": False, "was_running": True}
    assert own.run("db", "stop", "--json").data == {"running": False, "was_running": False}
    after = own.run("db", "status", "--json").data
    assert (after["running"], after["initialised"]) == (False, True)
    assert "En marcha: no" in own.run("db", "status").out


def test_start_works_before_init_in_an_empty_home(own: Home) -> None:
    done = own.run("db", "start")
    assert done.code == 0, done.err
    assert str(own.path) in done.out


def test_a_doctor_finds_everything_well_and_says_what_is_not(own: Home) -> None:
    embedded.start(own.path, durable=False)
    own.run("db", "upgrade")
    well = own.run("db", "doctor", "--json")
    found = codes(well)
    assert {"home", "data", "hba", "checksums", "socket", "listen", "locale", "schema", "roles"} <= set(found)
    assert found.pop("durable") is False, "tests run without fsync, and that is noticed"
    assert all(found.values()), found
    with psycopg.connect(embedded.start(own.path).owner_dsn, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '0000'")
        owner.execute("ALTER ROLE k_privacidad RENAME TO otra")
    ill = own.run("db", "doctor", "--json")
    assert ill.code == 5
    assert {code for code, ok in codes(ill).items() if not ok} == {"durable", "schema", "roles"}
    with (own.path / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("local all all trust\n")
    open_door = own.run("db", "doctor")
    assert open_door.code == 5
    assert "✗ hba" in open_door.out
    assert "local all all trust" in open_door.out


def test_a_doctor_says_when_nobody_seals_and_when_strangers_were_not_shut_out(own: Home) -> None:
    server = embedded.start(own.path, durable=False)
    own.run("db", "upgrade")
    with psycopg.connect(server.owner_dsn, autocommit=True) as owner:
        act = "INSERT INTO acts (key, role, host, what, purpose, outcome, at) VALUES (gen_random_uuid(),"
        act += " 'administrador', 'x', 'turn.book', 'OPER', 'done', now() - interval '{} minutes')"
        owner.execute(act.format(8).encode())
        assert codes(own.run("db", "doctor", "--json"))["seals"]
        owner.execute(act.format(12).encode())
        assert not codes(own.run("db", "doctor", "--json"))["seals"]
        owner.execute("SELECT audit.seal(1000, true)")
        owner.execute("GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC")
        found = codes(own.run("db", "doctor", "--json"))
        assert (found["seals"], found["closed"]) == (True, False)


def test_a_database_of_a_newer_program_is_left_alone(own: Home) -> None:
    server = embedded.start(own.path, durable=False)
    own.run("db", "upgrade")
    with psycopg.connect(server.owner_dsn, autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '9999'")
    done = own.run("db", "upgrade")
    assert (done.code, done.out) == (5, "")
    assert "9999" in done.err


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_server_of_others_is_neither_started_nor_stopped(cli: Cli, verb: str) -> None:
    done = cli(None, "db", verb)
    assert (done.code, done.out) == (2, "")
    assert "CLINICDESK_DATABASE_URL" in done.err


def test_upgrading_a_server_needs_its_owner(cli: Cli) -> None:
    done = cli("admin", "db", "upgrade")
    assert done.code == 6
    assert "CLINICDESK_OWNER_URL" in done.err


def test_status_tells_each_person_their_own_groups(cli: Cli) -> None:
    mine = cli("msosa", "db", "status", "--json").data
    assert (mine["role"], mine["member_of"]) == ("u_msosa", ["k_admision", "k_staff"])
    assert (mine["revision"], mine["up_to_date"], mine["missing_roles"]) == ("0001", True, [])
    nobodys = cli(None, "db", "status", "--json").data
    assert (nobodys["role"], nobodys["member_of"]) == ("k_gate", ["k_gate"])
    assert (nobodys["revision"], nobodys["up_to_date"]) == ("?", None)


def test_a_doctor_of_a_server_looks_at_passwords_schema_and_roles(cli: Cli) -> None:
    done = cli("msosa", "db", "doctor", "--json")
    assert done.code == 0, done.err
    assert codes(done) == dict.fromkeys(
        ("passwords", "gate", "messages", "closed", "postgresql", "schema", "roles"), True
    )


def test_no_server_is_unreachable(cli: Cli) -> None:
    nowhere = {"CLINICDESK_DATABASE_URL": "postgresql:///clinicdesk?host=/nonexistent"}
    for words in (("db", "status"), ("db", "psql"), ("whoami",)):
        done = cli("msosa", *words, **nowhere)
        assert (done.code, done.out) == (7, ""), words


def test_psql_is_the_person(program: Cli, network: Network) -> None:
    def ask(user: str, question: str) -> Done:
        return program(user, "db", "psql", "--", "-X", "-At", "-c", question)

    assert ask("msosa", "SELECT session_user, current_database()").out == f"u_msosa|{network.database}\n"
    refused = ask("msosa", "SELECT text FROM notes")
    assert (refused.code, refused.out) == (6, "")
    assert "permission denied" in refused.err
    assert ask("lpaz", "SELECT count(*) >= 0 FROM notes").out == "t\n"


def test_psql_of_somebody_with_a_wrong_password_does_not_open(program: Cli, tmp_path: Path) -> None:
    wrong = tmp_path / "mal"
    wrong.touch(mode=0o600)
    wrong.write_text("no es la clave")
    done = program("msosa", "db", "psql", "--", "-c", "SELECT 1", CLINICDESK_PASSWORD_FILE=str(wrong))
    assert (done.code, done.out) == (4, "")
    assert "La clave no es correcta" in done.err


def test_the_secret_is_in_the_childs_environment_alone(program: Cli, tmp_path: Path) -> None:
    """psql shows its own environment and command line; the history of its questions goes nowhere."""
    script = tmp_path / "mira.sql"
    script.write_text("\\! tr '\\\\0' ' ' < /proc/$PPID/cmdline; echo; echo $PSQL_HISTORY ${#PGPASSWORD}\n")
    done = program("msosa", "db", "psql", "--", "-X", "-f", str(script))
    command, environment = done.out.splitlines()
    history, length = environment.split()
    assert (history, int(length) > 20) == (os.devnull, True)
    assert "password=" not in command
    assert "PGPASSWORD" not in os.environ


def test_help_is_there_for_every_verb(cli: Cli) -> None:
    verbs: Any = cli(None, "db", "--help").out
    assert all(verb in verbs for verb in ("start", "stop", "status", "doctor", "upgrade", "psql"))
