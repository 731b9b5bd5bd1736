"""`clinicdesk patient` with everything that is kept of a person."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from tests.cli.conftest import Done, added

Cli = Callable[..., Done]


def done(cli: Cli, *words: str, user: str = "msosa") -> Done:
    """An order that has to succeed."""
    told = cli(user, "patient", *words)
    assert told.code == 0, told.err
    return told


def test_a_person_is_registered_and_shown_whole(cli: Cli) -> None:
    words = (
        *("add", "--document", "47200001", "--document", "PAS:AAC200001", "--family", "Quispe", "--sex", "F"),
        *("--given", "Rosa", "--birth", "1990-02-28", "--name-in-use", "Rosi", "--gender", "mujer"),
        *("--blood-group", "0+", "--phone", "11 5555-4444", "--phone", "011 15-6123-4567"),
        *("--coverage", "OSDE", "--plan", "310", "--member", "61-1"),
        *("--emergency", "hermano:Quispe, Luis:11 5555-0000", "--consent", "avisos", "--consent", "datos"),
        *("--evidence", "firmó", "--allergy", "penicilina:severa"),
    )
    done(cli, *words)
    found = done(cli, "show", "PAS:AAC200001", "--json").data
    assert found["document"] == "AR:DNI:47200001"
    assert {each["document"] for each in found["documents"]} == {"AR:DNI:47200001", "AR:PAS:AAC200001"}
    assert (found["name_in_use"], found["gender"], found["blood_group"]) == ("Rosi", "mujer", "0+")
    assert [each["number"] for each in found["phones"]] == ["+5491161234567"]
    assert (found["coverages"][0]["payer"], found["coverages"][0]["plan"]) == ("OSDE", "310")
    assert found["contacts"][0]["phone"] == "+541155550000"
    assert {(each["purpose"], each["number"]) for each in found["consents"]} == {
        ("avisos", "+541155554444"),
        ("datos", None),
    }
    assert found["allergy_status"] == "registradas"
    assert found["allergies"] is None
    lines = done(cli, "show", "47200001").out.splitlines()
    for line in (
        "Nombre en uso: Rosi",
        "Documento: PAS AAC200001",
        "Otro teléfono: 011 15-6123-4567 · celular",
        "Cobertura: OSDE · 310 · 61-1",
        "Contacto: Quispe, Luis · hermano · emergencia · 011 5555-0000",
        "Consentimiento: avisos · 011 5555-4444 · sí · firmó",
        "Alergias: registradas",
    ):
        assert line in lines
    told = done(cli, "show", "47200001", user="lpaz").out
    assert "Alergia: penicilina · severa" in told


def test_every_problem_of_a_whole_person_is_named_at_once(cli: Cli) -> None:
    wrong = cli(
        *("msosa", "patient", "add", "--document", "EC:CI:1714307104", "--family", "Q", "--sex", "F"),
        *("--birth", "1990-01-01", "--phone", "1", "--email", "x", "--gender", "z", "--guardian", "vecino:"),
    )
    assert (wrong.code, wrong.out) == (6, "")
    for said in ("dígito verificador", "«1»", "«x»", "«z»", "«vecino»", "nombre del contacto"):
        assert said in wrong.err


def test_facts_are_added_and_ended_by_verbs_of_their_own(cli: Cli) -> None:
    added(cli, "47200002")
    who, key = "47200002", ("--key", str(uuid4()))
    first = done(cli, "phone", "add", who, "351 555-7302", "--kind", "trabajo", "--json", *key).data
    assert done(cli, "phone", "add", who, "351 555-7302", "--kind", "trabajo", "--json", *key).data == first
    assert cli("msosa", "patient", "phone", "add", who, "351 555-7302").code == 5
    assert cli("msosa", "patient", "phone", "add", who, "12").code == 6
    assert cli("enfe", "patient", "phone", "add", who, "351 555-7303").code == 4
    coverage = done(cli, "coverage", "add", who, "--payer", "PAMI", "--since", "2020-01-01", "--json").data
    code = done_elsewhere(cli)
    done(cli, "coverage", "authorise", coverage["id"], "--procedure", code, "--number", "A-1", "--times", "5")
    assert (
        cli(
            "msosa", "patient", "coverage", "authorise", coverage["id"], "--procedure", "ZZ", "--number", "1"
        ).code
        == 3
    )
    contact = ("contact", "add", who, "--relation", "madre", "--name", "Ana", "--guardian", "--json")
    close = done(cli, *contact).data
    assert cli("msosa", "patient", "contact", "add", who, "--relation", "tutor", "--related", who).code == 6
    done(cli, "consent", "grant", who, "avisos", "--evidence", "firmó", "--number", "11 5555-4444")
    done(cli, "consent", "withdraw", who, "avisos", "--evidence", "llamó", "--number", "11 5555-4444")
    done(cli, "allergy", "none", who)
    done(cli, "allergy", "add", who, "látex", "--severity", "leve")
    assert cli("msosa", "patient", "allergy", "none", who).code == 5
    found = done(cli, "show", who, "--json", user="lpaz").data
    assert [each["granted"] for each in found["consents"]] == [False]
    assert (found["authorisations"][0]["number"], found["authorisations"][0]["times"]) == ("A-1", 5)
    assert cli("cruiz", "patient", "allergy", "end", found["allergies"][0]["id"]).code == 4
    done(cli, "allergy", "end", found["allergies"][0]["id"], user="lpaz")
    for verb in (
        ("phone", "remove", first["id"]),
        ("contact", "remove", close["id"]),
        ("coverage", "end", coverage["id"]),
    ):
        done(cli, *verb)
        assert cli("msosa", "patient", *verb).code == 3
    after = done(cli, "show", who, "--json").data
    assert (after["phones"], after["contacts"], after["allergy_status"]) == ([], [], "sin_preguntar")
    assert after["coverages"][0]["until"] is not None


def done_elsewhere(cli: Cli) -> str:
    """The code of some practice."""
    listed = cli("admin", "procedure", "list", "--json")
    assert listed.code == 0, listed.err
    code: str = listed.rows[0]["code"]
    return code


def test_documents_are_added_renewed_and_voided(cli: Cli) -> None:
    added(cli, "47200003")
    added(cli, "47200004")
    paper = "PAS:XX7200003"
    done(cli, "document", "add", "47200003", paper, "--expires", "2020-01-01")
    assert "venció el 01/01/2020" in done(cli, "show", "47200003").out
    done(cli, "document", "add", "47200003", paper, "--expires", "2050-01-01")
    assert "vence el 01/01/2050" in done(cli, "show", "47200003").out
    assert cli("msosa", "patient", "document", "add", "47200004", paper).code == 5
    done(cli, "document", "void", "47200003", paper, "--reason", "era de otra persona")
    done(cli, "document", "add", "47200004", paper)
    assert done(cli, "show", paper, "--json").data["document"] == "AR:DNI:47200004"
    assert "anulado: era de otra persona" in done(cli, "show", "47200003").out
    assert cli("msosa", "patient", "document", "void", "47200003", paper, "--reason", "x").code == 3


def test_nobody_known_is_registered_found_and_identified(cli: Cli) -> None:
    made = done(cli, "add", "--nn", "--sex", "X", "--json").data
    assert (made["provisional"], made["document"], made["family"]) == ("nn", None, "NN")
    chart = f"HC {made['chart_number']}"
    assert f"NN-{made['chart_number']:06d}" in done(cli, "show", chart).out
    named = (
        "identify",
        chart,
        "--document",
        "47200005",
        "--family",
        "Sosa",
        "--sex",
        "M",
        "--birth",
        "1970-01-01",
    )
    who = done(cli, *named, "--json").data
    assert (who["id"], who["chart_number"], who["provisional"]) == (made["id"], made["chart_number"], None)
    assert done(cli, "show", "47200005", "--json").data["id"] == made["id"]
    again = cli("msosa", "patient", *named)
    assert again.code == 5
    more = ("--name-in-use", "Pepe", "--gender", "varon", "--blood-group", "A+", "--dependent")
    done(cli, "edit", "47200005", *more)
    assert cli("msosa", "patient", "edit", "47200005", "--gender", "z", "--blood-group", "C").code == 6
    after = done(cli, "show", f"NN-{made['chart_number']}", "--json").data
    told = ("name_in_use", "gender", "blood_group", "dependent")
    assert [after[name] for name in told] == ["Pepe", "varon", "A+", True]
    changes = done(cli, "changes", "47200005").out
    assert "NN" in changes
    assert "Sosa" in changes


def test_a_newborn_bears_its_mother_s_name(cli: Cli) -> None:
    added(cli, "47200006", family="Mamani")
    made = done(cli, "add", "--newborn", "--mother", "47200006", "--sex", "F", "--json").data
    assert made["family"] == "RN de Mamani"
    assert [(each["relation"], each["guardian"]) for each in made["contacts"]] == [("madre", True)]


def test_a_death_is_written_and_taken_back(cli: Cli) -> None:
    added(cli, "47200007")
    assert cli("msosa", "patient", "death", "47200007", "--on", "2999-01-01").code == 6
    told = done(cli, "death", "47200007", "--on", "2026-01-01", "--json").data
    assert told["cancelled"] == 0
    assert done(cli, "show", "47200007", "--json").data["deceased_on"] == "2026-01-01"
    refused = cli("msosa", "admission", "add", "47200007", "--doctor", "lpaz", "--reason", "control")
    assert refused.code == 5
    assert "falleció el 01/01/2026" in refused.err
    done(cli, "death", "47200007", "--undo")
    assert done(cli, "show", "47200007", "--json").data["deceased_on"] is None
    assert cli("msosa", "patient", "death", "47200007", "--undo").code == 5
