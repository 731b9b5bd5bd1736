"""`clinicdesk login|logout|whoami|passwd`."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.kit import clock, secrets
from tests.cli.conftest import PROGRAM, Done
from tests.factories import PASSWORD, Network, followed, give_password, new_patient
from tests.terminal import Terminal

Cli = Callable[..., Done]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where this account's kept logins lie."""
    return tmp_path / "state" / "clinicdesk" / "logins"


@pytest.fixture
def secret(tmp_path: Path) -> Callable[[str], str]:
    """`secret("clave")` → the path of a closed file that holds it."""

    def made(text: str) -> str:
        path = tmp_path / f"secreto-{abs(hash(text))}"
        path.touch(mode=0o600)
        path.write_text(f"{text}\n")
        return str(path)

    return made


def logged_in(cli: Cli, secret: Callable[[str], str], user: str, password: str = PASSWORD) -> Done:
    """Log in for the commands that follow."""
    return cli(None, "login", user, "--json", CLINICDESK_PASSWORD_FILE=secret(password))


def employ(
    cli: Cli, network: Network, user: str, role: str, password: str, *, provisional: bool = True
) -> None:
    """Somebody new with a password, which only the database's owner can give."""
    added = cli("admin", "user", "add", user, "--family", "Gil", "--role", role)
    assert added.code == 0, added.err
    give_password(network, user, password, provisional=provisional)


def test_a_login_is_kept_for_the_commands_that_follow(
    cli: Cli, secret: Callable[[str], str], state: Path
) -> None:
    done = logged_in(cli, secret, "msosa")
    assert done.code == 0, done.err
    assert (done.data["user"], done.data["name"]) == ("msosa", "Sosa, Marta")
    me = cli(None, "whoami", "--json")
    assert me.data == {
        "user": "msosa",
        "name": "Sosa, Marta",
        "role": "admisionista",
        "clinic": "NORTE",
        "clinic_name": "Centro Norte",
        "roles": [{"role": "admisionista", "clinic": "NORTE"}],
        "must_change_password": False,
    }
    assert cli(None, "whoami").out.splitlines()[0] == "msosa"
    (file,) = state.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert PASSWORD not in file.read_text()


def test_logging_out_ends_it(cli: Cli, secret: Callable[[str], str], state: Path) -> None:
    assert logged_in(cli, secret, "msosa").code == 0
    assert cli(None, "logout", "--json").data == {"logged_out": True}
    assert list(state.iterdir()) == []
    assert cli(None, "whoami").code == 4
    assert cli(None, "logout", "--json").data == {"logged_out": False}


def test_logging_out_ends_the_charts_that_were_open(
    cli: Cli, secret: Callable[[str], str], network: Network, log_in: Callable[..., Session]
) -> None:
    leases = text("SELECT count(*) FROM chart_leases WHERE login = 'u_dvidal' AND until > now()")
    document = "27400731"
    clerk = log_in("cruiz")
    patient = new_patient(clerk, document=Document("AR", "DNI", document))
    followed(log_in("secre"), patient.patient_id, log_in("dvidal"))

    def held() -> int:
        with network.owner.connect() as owner:
            return int(owner.execute(leases).scalar_one())

    assert logged_in(cli, secret, "dvidal").code == 0
    assert cli(None, "history", "show", document).code == 0
    assert held() == 1
    assert cli(None, "logout").code == 0
    assert held() == 0


def test_it_lasts_twelve_hours(
    cli: Cli, secret: Callable[[str], str], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert logged_in(cli, secret, "msosa").code == 0
    almost, over = clock.now() + timedelta(hours=11, minutes=59), clock.now() + timedelta(hours=12, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: almost)
    assert cli(None, "whoami").code == 0
    monkeypatch.setattr(clock, "now", lambda: over)
    assert cli(None, "whoami").code == 4


def test_a_kept_login_that_is_none_counts_as_none(
    cli: Cli, secret: Callable[[str], str], state: Path
) -> None:
    assert logged_in(cli, secret, "msosa").code == 0
    (path,) = state.iterdir()
    stored = json.loads(path.read_text())
    for broken in ("", "[]", "{}", json.dumps(stored | {"until": "2999-01-01"})):
        path.write_text(broken)
        assert cli(None, "whoami").code == 4


def test_it_belongs_to_one_database(cli: Cli, secret: Callable[[str], str], network: Network) -> None:
    assert logged_in(cli, secret, "msosa").code == 0
    other = network.elsewhere("otra")
    assert cli(None, "whoami", CLINICDESK_DATABASE_URL=other).code == 4


def test_the_environment_wins_over_the_kept_login(cli: Cli, secret: Callable[[str], str]) -> None:
    assert logged_in(cli, secret, "msosa").code == 0
    assert cli("lpaz", "whoami", "--json").data["user"] == "lpaz"


def test_wrong_unknown_and_closed_read_the_same_and_cost_the_same(
    cli: Cli,
    secret: Callable[[str], str],
    state: Path,
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    employ(cli, network, "cerrada", "gestion", "la clave de otra")
    assert cli("admin", "user", "disable", "cerrada").code == 0
    assert cli("admin", "user", "disable", "vmora").code == 0
    counted: list[bytes] = []
    derived = secrets.derived

    def counting(password: str, salt: bytes) -> str:
        counted.append(salt)
        return derived(password, salt)

    monkeypatch.setattr(secrets, "derived", counting)
    told = []
    for user, password in (
        ("msosa", "no es la clave"),
        ("nadie.asi", "no es la clave"),
        ("cerrada", "la clave de otra"),
        ("vmora", "no es la clave"),
    ):
        counted.clear()
        done = logged_in(cli, secret, user, password)
        told.append((done.code, done.out, done.err, len(counted), len(counted[0])))
    assert set(told) == {(4, "", told[0][2], 1, 16)}
    assert not state.exists() or list(state.iterdir()) == []
    assert cli("admin", "user", "enable", "vmora").code == 0


def test_a_failed_login_leaves_the_kept_one(cli: Cli, secret: Callable[[str], str]) -> None:
    assert logged_in(cli, secret, "msosa").code == 0
    assert logged_in(cli, secret, "lpaz", "no es la clave").code == 4
    assert cli(None, "whoami", "--json").data["user"] == "msosa"


def test_one_changes_ones_own_password(cli: Cli, secret: Callable[[str], str], network: Network) -> None:
    employ(cli, network, "nueva", "admisionista", "clave provisoria")
    first = logged_in(cli, secret, "nueva", "clave provisoria")
    assert first.code == 0
    assert "clinicdesk passwd" in first.err
    mine = {"CLINICDESK_PASSWORD_FILE": secret("clave provisoria")}
    changed = cli("nueva", "passwd", "--password-file", secret("mi propia clave"), **mine)
    assert changed.code == 0, changed.err
    assert cli("nueva", "whoami", **mine).code == 4
    now = cli("nueva", "whoami", "--json", CLINICDESK_PASSWORD_FILE=secret("mi propia clave"))
    assert now.data["must_change_password"] is False
    assert "passwd" not in now.err


def test_a_new_password_must_be_long_and_the_old_one_right(cli: Cli, secret: Callable[[str], str]) -> None:
    short = cli("cruiz", "passwd", "--password-file", secret("corta"))
    assert short.code == 6
    assert "8" in short.err
    for refused in ("iloveyou", "cruiz2026", "Carla Ruiz", "centro norte"):
        done = cli("cruiz", "passwd", "--password-file", secret(refused))
        assert (done.code, done.out) == (6, ""), refused
        assert refused not in done.err
    assert cli("cruiz", "whoami").code == 0


def test_the_kept_login_follows_a_changed_password(
    cli: Cli, secret: Callable[[str], str], network: Network
) -> None:
    employ(cli, network, "seguida", "gestion", "clave provisoria")
    assert logged_in(cli, secret, "seguida", "clave provisoria").code == 0
    old = secret("clave provisoria")
    assert cli("seguida", "passwd", "--password-file", secret("mi propia clave"),
               CLINICDESK_PASSWORD_FILE=old).code == 0  # fmt: skip
    assert cli(None, "whoami", "--json").data["user"] == "seguida"


def test_the_password_is_typed_unseen(environment: Callable[..., dict[str, str]], state: Path) -> None:
    """At a terminal: user and password are asked for, and the password is not echoed."""
    env: dict[str, Any] = environment(None)
    with Terminal([PROGRAM, "login"], env=env) as terminal:
        terminal.wait_for("Usuario")
        terminal.send("msosa\n")
        terminal.wait_for("Clave de msosa")
        terminal.send(f"{PASSWORD}\n")
        assert terminal.wait_end() == 0
        assert "Ingresó Sosa, Marta" in terminal.text
        assert PASSWORD not in terminal.text
    (file,) = state.iterdir()
    assert json.loads(file.read_text())["username"] == "msosa"


def test_a_code_sets_a_password_and_lets_in(cli: Cli, secret: Callable[[str], str], state: Path) -> None:
    added = cli("admin", "user", "add", "olvida", "--family", "Gil", "--role", "gestion", "--json")
    code, chosen = added.data["code"], secret("una frase que elijo")
    words = ("login", "olvida", "--json", "--code-file", secret(code), "--password-file")
    for bad in ("corta", "olvida 2026"):
        done = cli(None, *words, secret(bad))
        assert (done.code, done.out) == (6, ""), done.err
    first = cli(None, *words, chosen)
    assert first.code == 0, first.err
    assert first.data["code_used_at"] is None
    assert cli(None, "whoami", "--json").data["must_change_password"] is False
    assert cli(None, *words, chosen).code == 4, "a code works once"
    again = cli("admin", "user", "reset", "olvida", "--json").data
    assert cli("olvida", "whoami", CLINICDESK_PASSWORD_FILE=chosen).code == 0, "the old one still stands"
    words = ("login", "olvida", "--json", "--code-file", secret(again["code"]), "--password-file")
    assert cli(None, *words, secret("otra frase que elijo")).code == 0
    assert cli("olvida", "whoami", CLINICDESK_PASSWORD_FILE=chosen).code == 4
    told = logged_in(cli, secret, "olvida", "otra frase que elijo")
    assert told.data["code_used_at"]
    assert "Un código cambió su clave" in told.err


def test_a_code_is_typed_unseen(environment: Callable[..., dict[str, str]], cli: Cli) -> None:
    added = cli("admin", "user", "add", "escribe", "--family", "Gil", "--role", "gestion")
    code = added.out.strip()
    assert code not in added.err
    env: dict[str, Any] = environment(None)
    with Terminal([PROGRAM, "login", "escribe", "--code"], env=env) as terminal:
        terminal.wait_for("Código de un solo uso")
        terminal.send(f"{code.lower()}\n")
        terminal.wait_for("Clave nueva de escribe")
        terminal.send("una frase que elijo\n")
        terminal.wait_for("Otra vez")
        terminal.send("una frase que elijo\n")
        assert terminal.wait_end() == 0
        assert "Clave nueva puesta" in terminal.text
        for secret_word in (code, code.lower(), "una frase"):
            assert secret_word not in terminal.text
