"""`clinicdesk note verify`, as a script uses it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from tests.cli.conftest import Done
from tests.factories import Network

Cli = Callable[..., Done]


def test_a_forgery_is_told_with_its_note_and_exit_5(
    cli: Cli, network: Network, admitted: Callable[..., tuple[str, str]]
) -> None:
    patient, turn = admitted("42390001")
    assert cli("jibarra", "turn", "start", turn).code == 0
    signed = cli("jibarra", "note", "sign", turn, "--text", "Refiere cefalea.", "--json").data
    clean = cli("jibarra", "note", "verify", "42390001")
    assert (clean.code, clean.out) == (0, "1 nota firmada de 1 paciente.\nSin alteraciones.\n"), clean.err
    whole = cli("priva", "note", "verify", "--all", "--json")
    assert (whole.code, whole.data["clean"]) == (0, True), whole.err
    assert whole.data["notes"] >= 1
    change = text("UPDATE notes SET text = :text WHERE patient_id = :patient")
    with network.owner.begin() as owner:
        owner.execute(change, {"text": "Refiere migraña.", "patient": patient[:32]})
    try:
        told = cli("jibarra", "note", "verify", "42390001")
        assert told.code == 5
        assert told.out.splitlines()[0] == f"nota que no corresponde a su firma: {signed['id']}"
        assert told.out.endswith("1 hallazgo.\n")
        all_told = cli("priva", "note", "verify", "--all", "--json")
        assert all_told.code == 5
        assert all_told.data["findings"] == [
            {"finding": "altered", "patient": f"{patient[:32]}{patient[:32]}", "note": signed["id"]}
        ]
        assert "migraña" not in all_told.out + all_told.err
    finally:
        with network.owner.begin() as owner:
            owner.execute(change, {"text": "Refiere cefalea.", "patient": patient[:32]})


def test_who_may_not_and_what_is_missing_is_said(cli: Cli) -> None:
    assert cli("jibarra", "note", "verify", "--all").code == 4
    assert cli("priva", "note", "verify", "42390001").code in {3, 4}
    neither = cli("priva", "note", "verify")
    assert (neither.code, neither.out) == (2, "")
    assert "--all" in neither.err


def test_a_residents_note_is_listed_given_back_and_co_signed(
    cli: Cli, network: Network, admitted: Callable[..., tuple[str, str]]
) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    told = cli("admin", "user", "supervise", "jibarra", until)
    assert told.code == 0, told.err
    assert told.out.startswith("jibarra: lo que firme espera cofirma")
    assert "\nResidente hasta " in cli("admin", "user", "show", "jibarra").out
    try:
        _patient, turn = admitted("42390002")
        assert cli("jibarra", "turn", "start", turn).code == 0
        assert cli("jibarra", "note", "draft", turn, "--text", "Tos.").code == 0
        (draft,) = cli("jibarra", "note", "list", "--json").rows
        assert draft["id"] == turn
        note = cli("jibarra", "note", "sign", turn, "--json").data["id"]
        (row,) = [
            each for each in cli("dvidal", "note", "list", "--to-cosign", "--json").rows if each["id"] == note
        ]
        assert (row["state"], row["author"]) == ("pendiente", "Ibarra, Jorge")
        back = cli("dvidal", "note", "cosign", note, "--return", "Falta el plan", "--json")
        assert (back.code, back.data["verdict"]) == (0, "devuelta"), back.err
        assert cli("jibarra", "note", "addend", note, "--text", "Plan: reposo.").code == 0
        assert cli("jibarra", "note", "cosign", note).code == 4
        done = cli("dvidal", "note", "cosign", note)
        assert (done.code, done.out[:19]) == (0, "2 notas cofirmadas,"), done.err
        assert cli("dvidal", "note", "cosign", note).code == 5
        shown = cli("dvidal", "history", "show", "42390002").out
        assert "Devuelta por Vidal, Delia" in shown
        assert shown.count("Cofirmada por Vidal, Delia") == 2
        assert "falta cofirma" not in shown
    finally:
        assert cli("admin", "user", "supervise", "jibarra", "never").code == 0
    assert cli("admin", "user", "show", "jibarra", "--json").data["supervised_until"] is None
