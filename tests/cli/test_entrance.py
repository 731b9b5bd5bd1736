"""Who works from the command line: environment, kept login, and what is refused."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from clinicdesk.cli import kept_login
from clinicdesk.kit import clock
from clinicdesk.kit.settings import SESSION_SECONDS, Settings
from tests.cli.conftest import Done
from tests.factories import PASSWORD, Network

Cli = Callable[..., Done]
LOOK = ("clinic", "list", "--json")


def test_nobody_is_not_logged_in(cli: Cli) -> None:
    done = cli(None, *LOOK)
    assert (done.code, done.out) == (4, "")
    assert "clinicdesk login" in done.err


@pytest.mark.parametrize("user", ["nadie", "MSOSA ", "u_msosa", "msosa'--", "k_owner"])
def test_who_is_unknown_reads_the_same_as_a_wrong_password(cli: Cli, user: str, tmp_path: Path) -> None:
    wrong = tmp_path / "mal"
    wrong.touch(mode=0o600)
    wrong.write_text("no es la clave")
    assert cli("msosa", *LOOK).code == 0, "a login begins the count again"
    bad = cli("msosa", *LOOK, CLINICDESK_PASSWORD_FILE=str(wrong))
    done = cli(user, *LOOK)
    if user.strip().lower() == "msosa":
        assert done.code == 0
    else:
        assert (done.code, done.out, done.err) == (4, "", bad.err)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_password_file_that_others_read_is_refused_with_the_cure(
    cli: Cli, secret_file: Path, mode: int
) -> None:
    secret_file.chmod(mode)
    done = cli("msosa", *LOOK)
    assert (done.code, done.out) == (4, "")
    assert f"chmod 600 {secret_file}" in done.err
    secret_file.chmod(0o400)
    assert cli("msosa", *LOOK).code == 0


def test_a_password_file_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    done = cli("msosa", *LOOK, CLINICDESK_PASSWORD_FILE=str(tmp_path / "no"))
    assert done.code == 4
    assert str(tmp_path / "no") in done.err
    assert cli("msosa", *LOOK, CLINICDESK_PASSWORD_FILE=str(tmp_path)).code == 4


def test_a_password_comes_through_a_descriptor(program: Cli) -> None:
    done = program("msosa", *LOOK, stdin=f"{PASSWORD}\n".encode(), CLINICDESK_PASSWORD_FILE="/dev/stdin")
    assert done.code == 0, done.err


def test_a_clinic_or_role_that_one_does_not_hold(cli: Cli) -> None:
    assert cli("msosa", *LOOK, "--clinic", "NORTE").code == 0
    assert cli("msosa", *LOOK, CLINICDESK_CLINIC="NORTE").code == 0
    for options in (("--clinic", "SUR"), ("--clinic", "x\x1by"), ("--role", "medico")):
        done = cli("msosa", *LOOK, *options)
        assert (done.code, done.out) == (4, "")
        assert "\x1b" not in done.err


def where(environment: dict[str, str]) -> Settings:
    """The settings that the environment stands for."""
    return Settings(
        home=Path(environment["CLINICDESK_HOME"]), database_url=environment["CLINICDESK_DATABASE_URL"]
    )


def keep(network: Network, settings: Settings, user: str) -> None:
    """A kept login, as `clinicdesk login` leaves it."""
    session = network.log_in(user)
    kept_login.keep(settings, user, session.secret)
    session.close()


@pytest.fixture
def kept(
    environment: Callable[..., dict[str, str]], network: Network, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """msosa's kept login, as `clinicdesk login` leaves it."""
    settings = where(environment(None))
    monkeypatch.setenv("XDG_STATE_HOME", environment(None)["XDG_STATE_HOME"])
    keep(network, settings, "msosa")
    return kept_login.path_of(settings)


def test_a_kept_login_serves_the_commands_that_follow(cli: Cli, kept: Path) -> None:
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PASSWORD not in kept.read_text()
    assert cli(None, *LOOK).code == 0
    assert cli(None, "patient", "search", "xyzzyx").code == 0
    assert cli(None, *LOOK, CLINICDESK_USER="msosa").code == 0
    assert cli(None, *LOOK, CLINICDESK_USER="cruiz").code == 4


def test_a_kept_login_ends_after_its_hours(cli: Cli, kept: Path) -> None:
    stored = json.loads(kept.read_text())
    left = clock.now() + timedelta(seconds=SESSION_SECONDS)
    assert abs(left.fromisoformat(stored["until"]) - left) < timedelta(minutes=5)
    over = (clock.now() - timedelta(seconds=1)).isoformat()
    kept.write_text(json.dumps(stored | {"until": over}))
    assert cli(None, *LOOK).code == 4


def test_a_kept_login_that_others_read_or_that_is_torn(cli: Cli, kept: Path) -> None:
    kept.chmod(0o644)
    done = cli(None, *LOOK)
    assert done.code == 4
    assert "chmod 600" in done.err
    kept.chmod(0o600)
    kept.write_text('{"username": "ms')
    assert cli(None, *LOOK).code == 4


def test_a_kept_login_is_good_for_one_database(
    environment: Callable[..., dict[str, str]], kept: Path, tmp_path: Path
) -> None:
    settings = where(environment(None))
    elsewhere = Settings(home=settings.home, database_url="postgresql://otra/base")
    assert kept_login.kept(settings) is not None
    assert kept_login.kept(elsewhere) is None
    assert kept_login.forget(settings) is True
    assert kept_login.forget(settings) is False
    assert kept_login.kept(settings) is None


def test_a_wrong_home_is_told_and_nothing_is_made_in_it(program: Cli, tmp_path: Path) -> None:
    empty = tmp_path / "vacia"
    done = program("msosa", *LOOK, CLINICDESK_DATABASE_URL="", CLINICDESK_HOME=str(empty))
    assert (done.code, done.out) == (7, "")
    assert "clinicdesk init" in done.err
    assert not empty.exists()


def test_a_database_without_an_installation_is_told(cli: Cli, network: Network) -> None:
    with network.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.execute(text("CREATE DATABASE vacia"))
    try:
        done = cli("msosa", *LOOK, CLINICDESK_DATABASE_URL=network.elsewhere("vacia"))
    finally:
        with network.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
            owner.execute(text("DROP DATABASE vacia WITH (FORCE)"))
    assert done.code == 7
    assert "clinicdesk init" in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_secret_of_another_account_is_refused(cli: Cli, secret_file: Path) -> None:
    os.chown(secret_file, 12345, 12345)
    assert cli("msosa", *LOOK).code == 4


def test_signing_asks_for_the_password_although_somebody_is_logged_in(
    cli: Cli, environment: Callable[..., dict[str, str]], network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = where(environment(None))
    monkeypatch.setenv("XDG_STATE_HOME", environment(None)["XDG_STATE_HOME"])
    keep(network, settings, "jibarra")
    assert cli("msosa", "patient", "add", "--document", "44500001", "--family", "Paz", "--sex", "F",
               "--birth", "1990-01-01").code == 0  # fmt: skip
    assert cli("msosa", "admission", "add", "44500001", "--doctor", "jibarra", "--reason", "tos").code == 0
    add = ("record", "add", "44500001", "--type", "otro", "--text", "x", "--json")
    assert cli(None, *add).code == 0
    assert cli(None, *add, "--sign").code == 4
    assert cli("jibarra", *add, "--sign").data["signed"] is True
