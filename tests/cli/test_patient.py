"""`clinicdesk patient`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from clinicdesk.clinic.patients.model import patient_documents
from tests.cli.conftest import Done, added
from tests.factories import Network

Cli = Callable[..., Done]
NAMES = ("--given", "Martina", "--family", "Villafañe Ocampo", "--birth", "1990-02-28", "--sex", "F")


def rows_of(network: Network, number: str) -> int:
    """How many patients hold an Argentine DNI."""
    with network.owner.connect() as owner:
        held = select(func.count()).where(patient_documents.c.document_key == f"AR:DNI:{number}")
        return int(owner.execute(held).scalar_one())


def test_a_person_is_registered_with_every_field(cli: Cli) -> None:
    contact = ("--phone", "11 5555-4444", "--email", "m@example.org", "--coverage", "OSDE", "--city", "Salta")
    done = cli("msosa", "patient", "add", "--document", "DNI:40.100.001", *NAMES, *contact, "--json")
    assert done.code == 0, done.err
    patient = done.data
    assert patient["document"] == "AR:DNI:40100001"
    assert (patient["given"], patient["family"]) == ("Martina", "Villafañe Ocampo")
    assert (patient["birth"], patient["sex"]) == ("1990-02-28", "F")
    assert (patient["phone"], patient["email"]) == ("+541155554444", "m@example.org")
    assert (patient["coverage"], patient["city"]) == ("OSDE", "Salta")
    assert len(patient["id"]) == 64
    assert isinstance(patient["chart_number"], int)


@pytest.mark.parametrize(
    "words",
    ["40100002", "DNI:40100002", "AR:DNI:40.100.002", "ID", "HC"],
)
def test_a_patient_is_shown_by_any_name_of_theirs(cli: Cli, words: str) -> None:
    shown = cli("msosa", "patient", "show", "40100002", "--json")
    patient = shown.data if shown.code == 0 else added(cli, "40100002")
    known = {"ID": patient["id"], "HC": f"HC {patient['chart_number']}"}
    done = cli("msosa", "patient", "show", known.get(words, words), "--json")
    assert done.data["id"] == patient["id"]


def test_people_read_one_fact_a_line_name_first(cli: Cli) -> None:
    added(cli, "40100003")
    lines = cli("msosa", "patient", "show", "40100003").out.splitlines()
    assert lines[0] == "Quispe Mamani, Rosa Elena"
    assert "Documento: DNI 40.100.003" in lines
    assert "Sexo: F" in lines
    assert "Nacimiento: 02/08/1981" in lines


def test_a_known_document_is_a_conflict_that_shows_whose_it_is(cli: Cli, network: Network) -> None:
    first = added(cli, "40100004")
    done = cli("msosa", "patient", "add", "--document", "40100004", *NAMES, "--json")
    assert done.code == 5
    assert done.data["id"] == first["id"]
    assert "ya es de Quispe Mamani, Rosa Elena" in done.err
    plain = cli("msosa", "patient", "add", "--document", "40100004", *NAMES)
    assert plain.code == 5
    assert plain.out.startswith("Quispe Mamani, Rosa Elena\n")
    assert rows_of(network, "40100004") == 1


def test_the_same_key_gives_the_first_answer_and_one_row(cli: Cli, network: Network) -> None:
    order = ("patient", "add", "--document", "40100005", *NAMES, "--json", "--key", str(uuid4()))
    first, again = cli("msosa", *order), cli("msosa", *order)
    assert first.code == again.code == 0
    assert first.out == again.out
    assert rows_of(network, "40100005") == 1


def test_a_key_of_another_order_is_invalid(cli: Cli, network: Network) -> None:
    key = ("--key", str(uuid4()))
    assert cli("msosa", "patient", "add", "--document", "40100006", *NAMES, *key).code == 0
    done = cli("msosa", "patient", "add", "--document", "40100007", *NAMES, *key)
    assert done.code == 6
    assert "--key" in done.err
    assert rows_of(network, "40100007") == 0


def test_every_problem_is_named_at_once(cli: Cli) -> None:
    bad = ("--document", "DNI:??", "--family", " ", "--birth", "1990-02-30", "--sex", "Q")
    done = cli("msosa", "patient", "add", *bad)
    assert done.code == 6
    assert done.out == ""
    for said in ("«DNI:??»", "Falta el apellido", "«1990-02-30» no existe", "El sexo es F, M o X"):
        assert said in done.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--birth", "2999-01-01"), "futuro"),
        (("--birth", "1700-01-01"), "1880"),
        (("--birth", "ayer"), "«ayer» no existe"),
        (("--family", "a" * 100_000), "120 caracteres"),
        (("--coverage", "a" * 200), "cobertura"),
        (("--document", "ZZZ:1234"), "ZZZ"),
        (("--document", "1" * 500), "no se entiende"),
    ],
)
def test_what_cannot_be_is_invalid_input(cli: Cli, change: tuple[str, str], said: str) -> None:
    done = cli("msosa", "patient", "add", "--document", "40100008", *NAMES, *change)
    assert done.code == 6
    assert said in done.err
    assert cli("msosa", "patient", "show", "40100008").code == 3


def test_a_blank_coverage_is_none(cli: Cli) -> None:
    done = cli("msosa", "patient", "add", "--document", "40100012", *NAMES, "--coverage", " ", "--json")
    assert (done.code, done.data["coverage"]) == (0, None)


def test_data_are_corrected_and_the_rest_stays(cli: Cli) -> None:
    added(cli, "40100011", phone="11 5555-0001", city="Salta")
    said = ("--phone", "011 15-6123-4567", "--city", "")
    edit = ("patient", "edit", "40100011", *said, "--json", "--key", str(uuid4()))
    first = cli("msosa", *edit)
    assert first.code == 0, first.err
    assert (first.data["phone"], first.data["city"], first.data["version"]) == ("+5491161234567", None, 2)
    assert first.data["family"] == "Quispe Mamani"
    assert cli("msosa", *edit).out == first.out
    assert cli("enfe", "patient", "edit", "40100011", "--phone", "+541155550333").code == 4
    assert cli("msosa", "patient", "edit", "49999999", "--phone", "+541155550333").code == 3
    names = ("--family", "Quispe", "--given", "Rosa", "--sex", "X")
    born = ("--birth", "1982-08-02", "--birth-estimated")
    second = cli("msosa", "patient", "edit", "40100011", *names, *born, "--json")
    told = ("family", "given", "birth", "birth_estimated", "sex", "phone", "version")
    assert [second.data[name] for name in told] == [
        "Quispe",
        "Rosa",
        "1982-08-02",
        True,
        "X",
        "+5491161234567",
        3,
    ]
    found = cli("msosa", "patient", "search", "quispe", "rosa", "1982", "--json").rows
    assert second.data["id"] in {row["id"] for row in found}


def test_a_version_behind_shows_what_the_other_wrote(cli: Cli) -> None:
    added(cli, "40100013", phone="+541155550111")
    edit = ("patient", "edit", "40100013", "--version", "1")
    assert cli("cruiz", *edit, "--phone", "+541155550222").code == 0
    for shown in (("--json",), ()):
        done = cli("msosa", *edit, "--phone", "+541155550333", *shown)
        assert done.code == 5
        assert "0222" in done.out
        assert "Teléfono: antes +54 11 5555-0111, ahora +54 11 5555-0222 (Ruiz, Carla, " in done.err
        assert "Ruiz cambió el teléfono hace " in done.err
        assert "F5" not in done.err
    assert cli("msosa", "patient", "show", "40100013", "--json").data["phone"] == "+541155550222"
    assert cli("msosa", *edit[:3], "--version", "2", "--phone", "+541155550333").code == 0


def test_changes_are_listed_newest_first(cli: Cli) -> None:
    patient = added(cli, "40100014", phone="+541155550111")
    assert "Nadie cambió sus datos" in cli("msosa", "patient", "changes", "40100014").err
    assert cli("cruiz", "patient", "edit", "40100014", "--phone", "", "--birth", "1980-01-31").code == 0
    assert cli("msosa", "patient", "edit", "40100014", "--family", "Quispe [b]x[/]").code == 0
    rows = cli("enfe", "patient", "changes", "40100014", "--json").rows
    names = ("login", "person", "version", "field", "before", "after")
    assert [[row[name] for name in names] for row in rows] == [
        ["u_msosa", "Sosa, Marta", 3, "family", "Quispe Mamani", "Quispe [b]x[/]"],
        ["u_cruiz", "Ruiz, Carla", 2, "birth", patient["birth"], "1980-01-31"],
        ["u_cruiz", "Ruiz, Carla", 2, "phone", "+541155550111", None],
    ]
    table = cli("enfe", "patient", "changes", "40100014", "--limit", "2").out
    assert "Quispe [b]x[/]" in table
    assert "31/01/1980" in table
    assert "Teléfono" not in table
    assert cli("admin", "patient", "changes", "40100014").code == 4
    assert cli("msosa", "patient", "changes", "49999999").code == 3


def test_a_correction_that_cannot_be_is_invalid(cli: Cli) -> None:
    added(cli, "40100015")
    for wrong in (("--birth", "ayer"), ("--family", ""), ("--sex", "Q"), ("--birth", "")):
        assert cli("msosa", "patient", "edit", "40100015", *wrong).code == 6
    assert cli("msosa", "patient", "show", "40100015", "--json").data["version"] == 1


def test_a_document_nobody_has_is_not_found(cli: Cli) -> None:
    done = cli("msosa", "patient", "show", "49999999")
    assert (done.code, done.out) == (3, "")
    assert "49999999" in done.err


def test_a_person_without_papers_has_a_chart_number(cli: Cli) -> None:
    done = cli("msosa", "patient", "add", "--family", "NN", "--sex", "X", "--json")
    assert done.code == 0, done.err
    assert done.data["document"] is None
    shown = cli("msosa", "patient", "show", f"HC {done.data['chart_number']}", "--json")
    assert shown.data["family"] == "NN"


def test_search_finds_names_in_any_order_and_prints_json_lines(cli: Cli) -> None:
    patient = added(cli, "40100009", given="Ñusta", family="Zegarra Huamán")
    for words in (["zegarra", "nusta"], ["huaman ñusta"], ["40100009"]):
        found = cli("msosa", "patient", "search", *words, "--json")
        assert [row["id"] for row in found.rows] == [patient["id"]]
    table = cli("msosa", "patient", "search", "zegarra").out
    assert "Zegarra Huamán, Ñusta" in table
    assert "DNI 40.100.009" in table


def test_search_that_finds_nobody_is_an_empty_list(cli: Cli) -> None:
    done = cli("msosa", "patient", "search", "xyzzyx", "--json")
    assert (done.code, done.out) == (0, "")
    assert "Nadie coincide" in done.err


HOSTILE = "A\x1b]52;c;cm0gLXJm\x07\x1b[2J\u202eB [/b] [@click=app.exit]x[/]"


def test_a_hostile_name_reaches_no_terminal(cli: Cli) -> None:
    added(cli, "40100010", family=HOSTILE, given="\x9b31mRojo\u2066")
    for order in (["show", "40100010"], ["search", "40100010"]):
        out = cli("msosa", "patient", *order).out
        assert "[/b] [@click=app.exit]x[/]" in out
        assert not any(char in out for char in "\x1b\x07\x9b\u202e\u2066\x7f")
    raw = cli("msosa", "patient", "show", "40100010", "--json").out
    assert not any(char in raw for char in "\x1b\x07\x9b\u202e\u2066")
    assert "[/b]" in json.loads(raw)["family"]


def test_an_argument_that_is_no_text_is_invalid(program: Cli) -> None:
    latin = b"Mu\xf1oz".decode(errors="surrogateescape")
    done = program("msosa", "patient", "add", "--family", latin, "--sex", "F")
    assert done.code == 6
    assert "argumento 4" in done.err


def test_whoever_stands_twice_is_listed_until_called_distinct(cli: Cli) -> None:
    twin = ("--given", "Zoraida", "--family", "Yrigoyen Uriburu", "--birth", "1966-06-06", "--sex", "F")
    for number in ("40166001", "40166002"):
        assert cli("msosa", "patient", "add", "--document", number, *twin).code == 0
    done = cli("secre", "patient", "duplicates", "--scan", "--json")
    assert done.code == 0, done.err
    assert "Personas comparadas: " in done.err
    both = {"AR:DNI:40166001", "AR:DNI:40166002"}
    (pair,) = [row for row in done.rows if {row["document"], row["other_document"]} == both]
    assert pair["likeness"] >= 85
    assert pair["name"] == pair["other_name"] == "Yrigoyen Uriburu, Zoraida"
    assert cli("msosa", "patient", "duplicates", "--scan").code == 4
    distinct = cli("msosa", "patient", "distinct", "40166002", "40166001", "--json")
    assert (distinct.code, {distinct.data["id"], distinct.data["other_id"]}) == (
        0,
        {pair["id"], pair["other_id"]},
    )
    again = cli("secre", "patient", "duplicates", "--scan", "--json").rows
    assert [row for row in again if {row["document"], row["other_document"]} == both] == []
    same = cli("msosa", "patient", "distinct", "40166001", "40166001")
    assert (same.code, "Son la misma ficha" in same.err) == (6, True)


def test_a_search_says_how_many_more_fit(cli: Cli) -> None:
    for year in range(3):
        who = ("--given", "Tadeo", "--family", "Umbert Xirau", "--birth", f"196{year}-01-01", "--sex", "M")
        assert cli("msosa", "patient", "add", "--document", f"4017700{year}", *who).code == 0
    done = cli("msosa", "patient", "search", "umber", "chirau", "--limit", "2", "--json")
    assert len(done.rows) == 2
    assert "Hay 1 más: agregar año o documento." in done.err
    narrowed = cli("msosa", "patient", "search", "tadeo", "umbert", "1962", "--json").rows
    assert narrowed[0]["birth"] == "1962-01-01"


@pytest.mark.parametrize("kind", ["card", "label", "sheet", "summary"])
def test_papers_are_printed_from_the_prompt(cli: Cli, tmp_path: Path, kind: str) -> None:
    number = f"4018{['card', 'label', 'sheet', 'summary'].index(kind)}801"
    who = ("--given", "Tadeo", "--family", "Impreso Xirau", "--birth", "1962-01-01", "--sex", "M")
    assert cli("msosa", "patient", "add", "--document", number, *who).code == 0
    paper = tmp_path / f"{kind}.pdf"
    done = cli("msosa", "patient", "print", number, "--kind", kind, "-o", str(paper))
    assert (done.code, done.out) == (0, ""), done.err
    assert f"Escrito en {paper}." in done.err
    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.stat().st_mode & 0o077 == 0
    assert cli("admin", "patient", "print", number, "--kind", kind, "-o", str(paper)).code == 4


def test_a_paper_that_is_none_and_a_patient_that_is_none(cli: Cli, tmp_path: Path) -> None:
    paper = tmp_path / "x.pdf"
    done = cli("msosa", "patient", "print", "40189999", "--kind", "poster", "-o", str(paper))
    assert (done.code, "no es card, label, sheet ni summary" in done.err) == (6, True)
    assert cli("msosa", "patient", "print", "40189999", "-o", str(paper)).code == 3
    assert not paper.exists()
