"""`clinicdesk admission`, `turn why-next` and `day`, in the words of a script."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pypdf import PdfReader

from clinicdesk.kit import clock
from tests.cli.conftest import Done
from tests.factories import ZONE

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]
_documents = itertools.count(45_610_000)


def test_a_level_by_its_colour_and_why_it_is_next(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("45500001")
    done = cli("enfe", "admission", "triage", turn, "naranja", "--reason", "dolor de pecho", "--json")
    assert (done.code, done.data["level"], done.data["before"]) == (0, 2, None), done.err
    why = cli("enfe", "turn", "why-next", turn, "--json")
    assert (why.code, why.data["level"], why.data["most_minutes"]) == (0, 2, 10), why.err
    assert {"place", "of", "ahead", "behind", "waited_minutes", "reached"} <= set(why.data)
    said = cli("lpaz", "turn", "why-next", turn).out
    assert "Nivel naranja." in said
    assert "de 10 como máximo" in said


def test_a_level_repeated_with_its_key_is_one_event(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("45500002")
    key = ("--key", str(uuid4()))
    first = cli("enfe", "admission", "triage", turn, "3", *key, "--json")
    again = cli("enfe", "admission", "triage", turn, "3", *key, "--json")
    assert (first.code, again.code, again.data) == (0, 0, first.data), again.err


@pytest.mark.parametrize(
    ("who", "words", "code", "said"),
    [
        ("enfe", ("triage", "A999", "rojo"), 3, "número"),
        ("enfe", ("triage", "TURN", "violeta"), 6, "violeta"),
        ("enfe", ("triage", "TURN", "0"), 6, "«0»"),
        ("msosa", ("triage", "TURN", "rojo"), 4, "turn.triage"),
        ("msosa", ("transfer", "TURN", "--doctor", "nadie"), 3, "nadie"),
        ("gestion", ("transfer", "TURN", "--doctor", "lpaz"), 4, "turn.call"),
        ("admin", ("levels", "rojo", "--minutes", "5"), 6, "rojo siempre"),
        ("msosa", ("levels", "verde", "--minutes", "5"), 4, "site.manage"),
        ("admin", ("series", "NADA", "--letter", "B"), 3, "«NADA»"),
    ],
)
def test_what_admission_refuses(
    cli: Cli, admitted: Admitted, who: str, words: tuple[str, ...], code: int, said: str
) -> None:
    turn = admitted(str(next(_documents)))[1] if "TURN" in words else ""
    done = cli(who, "admission", *(turn if word == "TURN" else word for word in words))
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_transfer_and_the_lists(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("45500003")
    done = cli("enfe", "admission", "transfer", turn, "--doctor", "dvidal", "--json")
    assert (done.code, done.data["doctor"]) == (0, "dvidal"), done.err
    listed = {row["turn_id"]: row for row in cli("msosa", "admission", "list", "--json").rows}
    assert listed[turn]["doctor"] == "dvidal"
    levels = cli("msosa", "admission", "levels", "--json").rows
    assert [row["most_minutes"] for row in levels] == [0, 10, 60, 120, 240]
    assert cli("msosa", "admission", "series", "--json").rows == []


def test_nobody_waits_for_a_doctor_without_a_queue(cli: Cli) -> None:
    done = cli("msosa", "turn", "why-next", "--doctor", "nadie")
    assert (done.code, "«nadie»" in done.err) == (3, True)


def test_a_day_closes_opens_and_ends_what_it_left(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("45500004")
    today = str(clock.local_day(clock.now(), ZONE))
    refused = cli("msosa", "day", "close")
    assert (refused.code, "day.close" in refused.err) == (4, True), refused.err
    tomorrow = str(clock.local_day(clock.now(), ZONE) + timedelta(days=1))
    assert cli("secre", "day", "close", "--day", tomorrow).code == 6
    assert cli("secre", "day", "resolve", turn, "--as", "finalizado", "--reason", "x").code == 5
    key = ("--key", str(uuid4()))
    done = cli("secre", "day", "close", "--early", "--yes", *key, "--json")
    assert (done.code, done.data["closed"], done.data["day"]) == (0, True, today), done.err
    try:
        assert cli("secre", "day", "close", "--early", "--yes", *key, "--json").data == done.data
        left = cli("secre", "day", "exceptions", "--json").rows
        assert done.data["exceptions"] == len(left)
        assert turn in {row["id"] for row in left}
        assert "Sin terminar" in cli("secre", "day", "close", "--early", "--yes").out
        late = cli("msosa", "admission", "add", "45500004", "--doctor", "lpaz", "--reason", "tos")
        assert (late.code, "cerrado" in late.err) == (5, True), late.err
        wrong = cli("secre", "day", "resolve", turn, "--as", "nada", "--reason", "x")
        assert (wrong.code, "«nada»" in wrong.err) == (6, True)
        ended = cli("secre", "day", "resolve", turn, "--as", "se_retiro", "--reason", "se fue", "--json")
        assert (ended.code, ended.data["state"]) == (0, "cancelado"), ended.err
        assert turn not in {row["id"] for row in cli("secre", "day", "exceptions", "--json").rows}
    finally:
        opened = cli("secre", "day", "open", "--json")
    assert (opened.code, opened.data["closed"]) == (0, False), opened.err
    shown = cli("msosa", "day", "show", "--json")
    assert (shown.data["closed"], shown.data["counts"]) == (False, opened.data["counts"])


def test_a_number_is_printed_again_and_a_certificate_handed_out(
    cli: Cli, admitted: Admitted, tmp_path: Path
) -> None:
    _patient, turn = admitted("45500005", family="Constancia Ruiz")
    device, paper = tmp_path / "lp0", tmp_path / "constancia.pdf"
    device.touch()
    none = cli("msosa", "admission", "print", turn)
    assert (none.code, "CLINICDESK_PRINTER" in none.err) == (3, True), none.err
    done = cli("msosa", "admission", "print", turn, "--json", CLINICDESK_PRINTER=f"escpos:{device}")
    assert (done.code, done.data["ticket"].encode() in device.read_bytes()) == (0, True), done.err
    broken = cli("msosa", "admission", "print", turn, CLINICDESK_PRINTER="escpos:/nada/lp0")
    assert (broken.code, "La admisión quedó" in broken.err) == (7, True), broken.err
    made = cli("msosa", "admission", "certificate", turn, "-o", str(paper))
    assert (made.code, made.out) == (0, ""), made.err
    assert "Constancia Ruiz" in PdfReader(paper).pages[0].extract_text()
    assert cli("gestion", "admission", "certificate", turn, "-o", str(paper)).code == 4
