"""`clinicdesk note` with a plan and another hour; `treatment`, `followup` and `template`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from clinicdesk.kit import clock
from tests.cli.conftest import Done
from tests.factories import ZONE

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]


def test_what_a_note_orders_is_listed_ended_and_told_to_reception(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("42400001")
    assert cli("jibarra", "turn", "start", turn).code == 0
    at = clock.local(clock.now() - timedelta(hours=3), ZONE)
    plan = ("--treatment", "Enalapril 10 mg por 30 días", "--follow-up", "30 con paz: traer laboratorio")
    late = ("--at", f"{at:%Y-%m-%dT%H:%M}", "--late", "corte de luz")
    drafted = cli("jibarra", "note", "draft", turn, "--text", "Control.", *plan, *late, "--json")
    assert drafted.code == 0, drafted.err
    assert drafted.data["treatments"][0]["what"] == "Enalapril 10 mg"
    unfilled = cli("jibarra", "note", "sign", turn, "--text", "PA ___", *plan)
    assert (unfilled.code, "PA ___" in unfilled.err, "--as-it-stands" in unfilled.err) == (6, True, True)
    signed = cli("jibarra", "note", "sign", turn, "--json")
    assert signed.code == 0, signed.err
    entry = cli("jibarra", "record", "show", signed.data["record_id"], "--json").data
    assert entry["late_reason"] == "corte de luz"
    assert entry["at"].startswith(f"{at:%Y-%m-%dT%H:%M}")
    assert "Atendido" in cli("jibarra", "record", "show", signed.data["record_id"]).out
    (due,) = cli("msosa", "followup", "show", "42400001", "--json").rows
    assert due["doctor_name"] == "Paz, Lucía"
    assert "laboratorio" not in cli("msosa", "followup", "show", "42400001", "--json").out
    assert cli("enfe", "followup", "list").code == 4
    (row,) = cli("jibarra", "treatment", "list", "42400001", "--json").rows
    assert (row["what"], row["state"]) == ("Enalapril 10 mg", "activo")
    assert cli("jibarra", "treatment", "end", row["id"], "--reason", "tos").code == 0
    assert cli("jibarra", "treatment", "end", row["id"], "--reason", "tos").code == 5
    assert cli("jibarra", "treatment", "list", "42400001", "--json").rows == []
    (ended,) = cli("jibarra", "treatment", "list", "42400001", "--all", "--json").rows
    assert (ended["state"], ended["ended_why"]) == ("suspendido", "tos")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--treatment", " "), "Un tratamiento dice qué"),
        (("--follow-up", "pronto"), "Empezar por los días"),
        (("--follow-up", "30 con nadie"), "«nadie»"),
        (("--at", "10:05"), "--late"),
        (("--at", "2099-01-01T10:00", "--late", "corte de luz"), "futuro"),
    ],
)
def test_a_plan_that_cannot_be_says_why_and_signs_nothing(
    cli: Cli, admitted: Admitted, options: tuple[str, ...], said: str
) -> None:
    _patient, turn = admitted(f"4240{sum(map(ord, said)) % 9000 + 1000}")
    assert cli("jibarra", "turn", "start", turn).code == 0
    done = cli("jibarra", "note", "sign", turn, "--text", "x", *options)
    assert (done.code, said in done.err) == (6, True), done.err


def test_templates_are_the_networks_and_management_keeps_them(cli: Cli) -> None:
    body = "Motivo:\n\nExamen:"
    named = ("--name", "Clínica corta", "--body", body, "--specialty", "CLM", "--first")
    assert cli("gestion", "template", "add", *named).code == 0
    assert cli("admin", "template", "add", *named).code == 5
    assert cli("lpaz", "template", "add", *named).code == 4
    assert cli("admin", "template", "add", "--name", "Otra", "--body", "x", "--specialty", "NADA").code == 3
    assert cli("admin", "template", "edit", "Clínica corta", "--body", body + "\n\nPlan:").code == 0
    shown = cli("lpaz", "template", "show", "Clínica corta", "--json").data
    assert (shown["body"], shown["specialty"], shown["first"]) == (body + "\n\nPlan:", "CLM", True)
    assert cli("gestion", "template", "retire", "Clínica corta").code == 0
    assert cli("lpaz", "template", "show", "Clínica corta", "--json").data["active"] is False
    assert cli("lpaz", "template", "show", "Ninguna").code == 3


def test_a_doctor_keeps_templates_of_their_own_by_command(cli: Cli) -> None:
    named = ("--name", "HTA mía", "--body", "Motivo:\n\nPA ___")
    assert cli("lpaz", "template", "add", *named, "--mine").code == 0
    assert cli("lpaz", "template", "add", *named, "--mine").code == 5
    assert cli("lpaz", "template", "add", *named, "--mine", "--first").code == 2
    assert cli("enfe", "template", "add", *named, "--mine").code == 4
    assert cli("jibarra", "template", "show", "HTA mía").code == 3
    assert cli("lpaz", "template", "favourite", "HTA mía").code == 0
    first, *_rest = cli("lpaz", "template", "list", "--mine", "--json").rows
    assert (first["name"], first["own"], first["favourite"]) == ("HTA mía", True, True)
    assert cli("lpaz", "template", "pick", "Libre", "--specialty", "CLM").code == 0
    about = cli("lpaz", "template", "list", "--mine", "--specialty", "CLM", "--json").rows
    assert about[0]["name"] == "Libre"
    assert cli("lpaz", "template", "edit", "HTA mía", "--name", "Presión").code == 0
    assert cli("lpaz", "template", "share", "Presión").code == 4
    assert cli("lpaz", "template", "retire", "Presión").code == 0
    assert cli("lpaz", "template", "show", "Presión", "--json").data["active"] is False
    assert "Presión" not in cli("lpaz", "template", "list", "--mine").out
