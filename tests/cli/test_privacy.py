"""`clinicdesk privacy`, and the verbs of `patient` and `history` about who may see whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Done, added, in_care

Cli = Callable[..., Done]
REASON = "Convulsiona en la sala de espera"


@pytest.fixture
def stranger(cli: Cli) -> str:
    """The document of a patient with a signed record by jibarra, in nobody else's care."""
    document = "43100001"
    if cli("msosa", "patient", "show", document).code != 0:
        in_care(cli, document)
        add = ("record", "add", document, "--type", "control", "--text", "Hipertensa.", "--sign")
        assert cli("jibarra", *add).code == 0
    return document


def test_a_doctor_without_a_relation_breaks_the_glass(cli: Cli, stranger: str) -> None:
    closed = cli("lpaz", "history", "show", stranger)
    assert (closed.code, closed.out) == (4, "")
    assert "Historia cerrada" in closed.err
    short = cli("lpaz", "patient", "break-glass", stranger, "--reason", "urgente")
    assert short.code == 6
    assert "20" in short.err
    assert cli("lpaz", "patient", "break-glass", stranger, "--reason", REASON, "--class", "copia").code == 6
    assert cli("msosa", "patient", "break-glass", stranger, "--reason", REASON).code == 4
    opened = cli("lpaz", "patient", "break-glass", stranger, "--reason", REASON, "--json")
    assert opened.code == 0, opened.err
    assert opened.data["until"]
    assert "Hipertensa." in cli("lpaz", "history", "show", stranger).out


def test_privacy_reviews_it_once_and_sees_who_opened_what(cli: Cli, stranger: str) -> None:
    assert cli("dvidal", "patient", "break-glass", stranger, "--reason", REASON).code == 0
    rows = [row for row in cli("priva", "privacy", "alerts", "--json").rows if row["login"] == "u_dvidal"]
    assert [(row["class"], row["reason"], row["outcome"]) for row in rows] == [("urgencia", REASON, None)]
    number = str(rows[0]["id"])
    assert cli("priva", "privacy", "review", number, "quizás").code == 6
    asked = cli("priva", "privacy", "review", number, "aclarar", "--comment", "Se le preguntó", "--json")
    assert asked.data == {"id": rows[0]["id"], "outcome": "aclarar"}
    assert cli("priva", "privacy", "review", number, "justificado").code == 0
    assert cli("priva", "privacy", "review", number, "justificado").code == 3
    assert cli("lpaz", "privacy", "alerts").code == 4
    log = cli("priva", "patient", "access-log", stranger, "--json").rows
    assert {("u_dvidal", "chart.break_glass", "BTG"), ("u_jibarra", "record.add", "TREAT")} <= {
        (row["login"], row["what"], row["purpose"]) for row in log
    }
    again = cli("priva", "patient", "access-log", stranger, "--json").rows
    assert again[0]["what"] == "patient.access_log"
    assert "Hipertensa" not in cli("priva", "patient", "access-log", stranger).out
    assert cli("lpaz", "patient", "access-log", stranger).code == 4


def test_following_a_patient_opens_the_chart_and_ending_it_closes_it(cli: Cli) -> None:
    document = "43100002"
    added(cli, document)
    assert cli("lpaz", "history", "show", document).code == 4
    assert cli("lpaz", "patient", "follow", document, "--doctor", "lpaz").code == 4
    assert cli("secre", "patient", "follow", document, "--doctor", "lpaz", "--until", "2001-01-01").code == 6
    assert cli("secre", "patient", "follow", document, "--doctor", "lpaz").code == 0
    assert cli("lpaz", "history", "show", document).code == 0
    ended = cli("secre", "patient", "unfollow", document, "--doctor", "lpaz", "--json")
    assert ended.data == {"ended": 1}


def test_a_sealed_patient_hides_from_the_counter(cli: Cli) -> None:
    document = "43100003"
    added(cli, document, family="Barrios Leal", phone="1155554444")
    assert cli("msosa", "patient", "seal", document).code == 4
    assert cli("priva", "patient", "seal", document, "--json").data["sealed"] is True
    assert cli("msosa", "patient", "search", "Barrios", "--json").rows == []
    shown = cli("msosa", "patient", "show", document, "--json").data
    assert (shown["family"], shown["phone"]) == ("Barrios Leal", None)
    assert cli("msosa", "patient", "edit", document, "--phone", "1").code != 0
    assert cli("priva", "patient", "unseal", document).code == 0
    assert cli("msosa", "patient", "show", document, "--json").data["phone"] == "+541155554444"


def test_a_copy_goes_out_on_request_alone(cli: Cli, stranger: str) -> None:
    assert cli("copias", "history", "export", stranger, "--format", "json").code == 4
    reason = ("--reason", "La pide la paciente en mesa de entradas")
    out = cli("copias", "history", "export", stranger, "--format", "json", *reason)
    assert out.code == 0, out.err
    assert "Hipertensa." in out.out
    assert cli("lpaz", "history", "export", stranger, "--format", "json", *reason).code == 4
    assert "copia" in {row["class"] for row in cli("priva", "privacy", "alerts", "--json").rows}


def test_the_hourly_limit_is_privacys_to_set(cli: Cli) -> None:
    before = {row["role"]: row["charts_per_hour"] for row in cli("priva", "privacy", "limits", "--json").rows}
    assert before == {"medico": 60, "enfermeria": 90, "resultados": 40}
    assert cli("priva", "privacy", "limit", "medico", "0").code == 6
    assert cli("priva", "privacy", "limit", "admisionista", "5").code == 6
    assert cli("priva", "privacy", "limit", "medico", "61", "--json").data["charts_per_hour"] == 61
    assert cli("msosa", "privacy", "limit", "medico", "61").code == 4
    assert cli("priva", "privacy", "limit", "medico", "60").code == 0
