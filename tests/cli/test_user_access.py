"""`user grant|revoke|deny|expire|sessions|end|unlock` and accounts for scripts, as a shell sees them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Done
from tests.factories import Network

Cli = Callable[..., Done]
TOMORROW = f"{datetime.now(UTC).date() + timedelta(days=2)}"


def test_a_role_is_given_until_a_day_and_taken_back(cli: Cli) -> None:
    given = cli("admin", "user", "grant", "sur", "medico", "--clinic", "norte", "--until", TOMORROW, "--json")
    assert given.code == 0, given.err
    assert (given.data["user"], given.data["what"], given.data["clinic"]) == ("sur", "medico", "NORTE")
    shown = cli("admin", "user", "show", "sur", "--json").data
    held = {(each["role"], each["clinic"]): each.get("until") for each in shown["roles"]}
    assert held[("admisionista", "SUR")] is None
    assert held[("medico", "NORTE")] == given.data["until"]
    assert cli("sur", "whoami", "--clinic", "NORTE", "--json").data["role"] == "medico"
    assert cli("sur", "whoami", "--clinic", "SUR", "--role", "admisionista", "--json").code == 0
    said = cli("admin", "user", "show", "sur").out
    assert "medico NORTE hasta " in said
    assert cli("admin", "user", "revoke", "sur", "medico", "--clinic", "NORTE").code == 0
    again = cli("admin", "user", "revoke", "sur", "medico", "--clinic", "NORTE")
    assert (again.code, again.out) == (3, "")
    assert "«sur» no tiene medico en NORTE" in again.err
    assert cli("sur", "whoami", "--clinic", "NORTE").code == 4


def test_one_permission_is_given_denied_and_cleared(cli: Cli) -> None:
    assert cli("admin", "user", "grant", "msosa", "report.read", "--reason", "cierre").code == 0
    assert cli("msosa", "report", "day", "--format", "csv").code == 0
    denied = cli("admin", "user", "deny", "msosa", "report.read", "--json")
    assert denied.data == {"user": "msosa", "what": "report.read", "clinic": "NORTE"}
    assert cli("msosa", "report", "day", "--format", "csv").code == 4
    assert "Negado: report.read NORTE" in cli("admin", "user", "show", "msosa").out
    (held,) = cli("admin", "user", "show", "msosa", "--json").data["rights"]
    assert (held["effect"], held["set_by"]) == ("deny", "u_admin")
    assert cli("admin", "user", "revoke", "msosa", "report.read").code == 0
    assert cli("admin", "user", "show", "msosa", "--json").data["rights"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("grant", "msosa", "mago"), 6, "«mago» no es un rol ni un derecho"),
        (("deny", "msosa", "medico"), 6, "«medico» no es un rol ni un derecho"),
        (("grant", "nadie.asi", "medico"), 3, "«nadie.asi»"),
        (("grant", "msosa", "medico", "--clinic", "OESTE"), 3, "OESTE"),
        (("grant", "msosa", "medico", "--until", "mañana"), 6, "AAAA-MM-DD"),
        (("grant", "msosa", "medico", "--until", "2020-01-01"), 6, "ya pasó"),
        (("grant", "admin", "medico"), 4, "Nadie se da derechos"),
        (("grant", "msosa", "report.read", "--clinic", "SUR"), 5, "no tiene un rol en SUR"),
        (("revoke", "admin", "administrador"), 5, "sin quien administre"),
        (("expire", "admin", "never"), 4, "Nadie se da derechos"),
        (("end", "nadie.asi"), 3, "«nadie.asi»"),
        (("unlock", "nadie.asi"), 3, "«nadie.asi»"),
        (("sessions", "nadie.asi"), 3, "«nadie.asi»"),
        (("expire", "nadie.asi", "never"), 3, "«nadie.asi»"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    cli: Cli, arguments: tuple[str, ...], code: int, words: str
) -> None:
    before = cli("admin", "user", "list").out
    done = cli("admin", "user", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert cli("admin", "user", "list").out == before


@pytest.mark.parametrize(
    "verb", [("grant", "cruiz", "medico"), ("sessions",), ("end", "cruiz"), ("unlock", "cruiz")]
)
def test_only_administration_may(cli: Cli, verb: tuple[str, ...]) -> None:
    for username in ("msosa", "lpaz", "gestion"):
        assert cli(username, "user", *verb).code == 4


def test_a_login_ends_on_a_day(cli: Cli) -> None:
    assert cli("admin", "user", "expire", "vmora", TOMORROW).code == 0
    rows = {row["user"]: row for row in cli("admin", "user", "list", "--json").rows}
    assert rows["vmora"]["expires_at"]
    assert "vence " in cli("admin", "user", "show", "vmora").out
    assert cli("vmora", "whoami").code == 0
    assert cli("admin", "user", "expire", "vmora", "never").code == 0
    assert cli("admin", "user", "show", "vmora", "--json").data["expires_at"] is None


def test_sessions_are_listed_and_ended(cli: Cli, network: Network) -> None:
    session = network.log_in("secre")
    rows = cli("admin", "user", "sessions", "--json").rows
    (mine,) = [row for row in rows if row["id"] == str(session.entered.id)]
    assert (mine["user"], mine["host"], mine["role"], mine["clinic"]) == (
        "secre",
        "prueba",
        "secretaria",
        "NORTE",
    )
    assert mine["connections"] >= 1
    assert "secre" in cli("admin", "user", "sessions").out
    ended = cli("admin", "user", "end", mine["id"], "--json")
    assert ended.data == {"user": "secre", "ended": 1}
    assert cli("admin", "user", "end", mine["id"]).code == 3
    session.close()
    (past,) = [
        row for row in cli("admin", "user", "sessions", "secre", "--json").rows if row["id"] == mine["id"]
    ]
    assert (past["why"], past["ended_by"], past["connections"]) == ("ended", "u_admin", 0)
    assert cli("admin", "user", "end", "secre", "--json").data["user"] == "secre"
    assert cli("secre", "whoami").code == 0


def test_unlocking_is_for_whoever_used_up_their_tries(cli: Cli, network: Network, tmp_path: Path) -> None:
    wrong = tmp_path / "mala"
    wrong.touch(mode=0o600)
    wrong.write_text("no es esta\n")
    for _ in range(5):
        assert cli("rleon", "whoami", CLINICDESK_PASSWORD_FILE=str(wrong)).code == 4
    blocked = cli("rleon", "whoami")
    assert blocked.code == 4
    assert "Demasiados intentos" in blocked.err
    assert cli("admin", "user", "unlock", "rleon").code == 0
    assert cli("rleon", "whoami").code == 0


# Accounts for scripts


@pytest.fixture
def service(cli: Cli, tmp_path: Path) -> tuple[str, Path]:
    """An account that may see the board, and its file."""
    file = tmp_path / "guion.clave"
    name = f"guion.{os.urandom(3).hex()}"
    done = cli(
        "admin", "user", "add", "--service", name, "--verbs", "board", "--password-file", str(file), "--json"
    )
    assert done.code == 0, done.err
    assert done.data == {"user": name, "clinic": "NORTE", "verbs": ["board"], "password_file": str(file)}
    return name, file


def test_an_account_for_scripts_does_its_verbs_with_its_file(cli: Cli, service: tuple[str, Path]) -> None:
    name, file = service
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) == 40
    assert cli(name, "board", "--json", CLINICDESK_PASSWORD_FILE=str(file)).code == 0
    assert cli(name, "whoami", "--json", CLINICDESK_PASSWORD_FILE=str(file)).data["role"] == "servicio"
    refused = cli(name, "user", "list", CLINICDESK_PASSWORD_FILE=str(file))
    assert refused.code == 4
    assert "user.manage" in refused.err
    assert cli("admin", "user", "grant", name, "medico").code == 5


def test_its_file_must_be_its_owners_alone(cli: Cli, service: tuple[str, Path]) -> None:
    name, file = service
    for mode, code in ((0o640, 4), (0o604, 4), (0o400, 0)):
        file.chmod(mode)
        assert cli(name, "board", CLINICDESK_PASSWORD_FILE=str(file)).code == code


def test_it_keeps_no_login(cli: Cli, service: tuple[str, Path]) -> None:
    name, file = service
    kept = cli(name, "login", name, CLINICDESK_PASSWORD_FILE=str(file))
    assert kept.code == 4
    assert "cuenta es de guiones" in kept.err


def test_its_file_is_new_and_stays_only_with_the_account(cli: Cli, tmp_path: Path) -> None:
    there = tmp_path / "ya"
    there.write_text("algo")
    base = ("user", "add", "--service")
    taken = cli("admin", *base, "guion.uno", "--verbs", "board", "--password-file", str(there))
    assert (taken.code, there.read_text()) == (5, "algo")
    new = tmp_path / "nuevo"
    for verbs, name, code in (("magia", "guion.dos", 6), ("board", "MAL NOMBRE", 6), ("board", "msosa", 5)):
        done = cli("admin", *base, name, "--verbs", verbs, "--password-file", str(new))
        assert (done.code, new.exists()) == (code, False), done.err
    assert cli("admin", *base, "guion.tres", "--verbs", "board").code == 2
    assert cli("admin", *base, "guion.cuatro", "--verbs", "", "--password-file", str(new)).code == 6
    assert not new.exists()
    link = tmp_path / "enlace"
    link.symlink_to(tmp_path / "afuera")
    assert cli("admin", *base, "guion.seis", "--verbs", "board", "--password-file", str(link)).code == 5
    assert not (tmp_path / "afuera").exists()
