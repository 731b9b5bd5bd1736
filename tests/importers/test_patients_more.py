"""Lists say more than who somebody is: what they say of gender, blood, contacts, consents and allergies."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, Final

import pytest

from clinicdesk.clinic.patients import additions, particulars
from clinicdesk.clinic.patients.additions import AddParticular, EndParticular, NoAllergies
from clinicdesk.clinic.patients.merging import MergePatients, merge
from clinicdesk.importers import ImportResult
from clinicdesk.importers.patients import IMPORTER
from clinicdesk.kit.errors import InvalidInput
from tests.importers.places import Place

HEAD: Final = (
    "Apellido;Nombre;Sexo;Celular;Correo;Nombre en uso;Identidad de género;Grupo sanguíneo;Factor RH;"
    "Alergias;Contacto de emergencia;Teléfono de emergencia;Parentesco;Acepta avisos;Autoriza resultados;"
    "Consentimiento teleconsulta;Constancia"
)
COLUMNS: Final = HEAD.split(";")
ANA: Final = {
    "Apellido": "Núñez",
    "Nombre": "Ana",
    "Sexo": "F",
    "Celular": "341 555-1234",
    "Correo": "ana@example.org",
    "Nombre en uso": "Alex",
    "Identidad de género": "No binario",
    "Grupo sanguíneo": "O",
    "Factor RH": "Positivo",
    "Alergias": "Penicilina (severa); ácaros, ácaros",
    "Contacto de emergencia": "Marta Núñez",
    "Teléfono de emergencia": "341 444-5555",
    "Parentesco": "Mamá",
    "Acepta avisos": "sí",
    "Autoriza resultados": "No",
    "Consentimiento teleconsulta": "X",
    "Constancia": "formulario 7",
}
STATED: Final = "SELECT name_in_use, gender, blood_group, allergy_status FROM patients ORDER BY family, given"
ALLERGIES: Final = "SELECT substance, severity FROM allergies ORDER BY 1"
CONTACTS: Final = (
    "SELECT relation, name, phone, emergency, ended_at IS NULL FROM contacts ORDER BY name, added_at"
)
CONSENTS: Final = "SELECT purpose, number, granted, evidence FROM consents ORDER BY at, purpose"


def listed(*rows: dict[str, str]) -> str:
    """A list with these rows."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=";", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def run(place: Place, path: Path, content: str, **options: Any) -> ImportResult:
    path.write_text(content, encoding="utf-8")
    with place.as_person("admin") as session:
        return IMPORTER.run(session.desk(), path, **options)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.accepted, result.updated, result.unchanged, result.rejected


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pacientes.csv"


def test_all_that_a_list_says_is_stored_and_comes_again_unchanged(place: Place, file: Path) -> None:
    result = run(place, file, listed(ANA))
    assert counts(result) == (1, 0, 0, 0), result.rejects
    assert not any("no se leen" in note for note in result.notes)
    assert place.rows(STATED) == [("Alex", "no_binario", "0+", "registradas")]
    assert place.rows(ALLERGIES) == [("Penicilina", "severa"), ("ácaros", None)]
    assert place.rows(CONTACTS) == [("madre", "Marta Núñez", "+543414445555", True, True)]
    assert place.rows(CONSENTS) == [
        ("avisos", "+543415551234", True, "formulario 7"),
        ("resultados", "+543415551234", False, "formulario 7"),
        ("teleconsulta", None, True, "formulario 7"),
    ]
    before = place.contents()
    assert counts(run(place, file, listed(ANA))) == (0, 0, 1, 0)
    assert place.contents() == before


def test_none_known_is_an_answer_and_silence_is_none(place: Place, file: Path) -> None:
    said = ("Ninguna", "niega", "Sin alergias conocidas", "", "s/d", "No sabe", "-", "látex")
    rows = [
        {"Apellido": f"P{at}", "Nombre": "Luz", "Sexo": "F", "Alergias": word} for at, word in enumerate(said)
    ]
    assert counts(run(place, file, listed(*rows))) == (len(said), 0, 0, 0)
    asked = ["ninguna"] * 3 + ["sin_preguntar"] * 4 + ["registradas"]
    assert [row[3] for row in place.rows(STATED)] == asked
    assert place.rows(ALLERGIES) == [("látex", None)]


BLOOD: Final = {
    "A+": "A+",
    "0 Rh-": "0-",
    "Grupo AB factor positivo": "AB+",
    "o neg.": "0-",
    "B (−)": "B-",
    "s/d": "desconocido",
}
REFUSED: Final = (
    ("Grupo sanguíneo", "A", "unknown_value", "A+"),
    ("Identidad de género", "azul", "unknown_value", "varón trans"),
    ("Alergias", "sí", "which_allergy", "cuáles"),
    ("Alergias", "ninguna; penicilina", "allergies_and_none", "a la vez"),
    ("Teléfono de emergencia", "123", "bad_phone", "código de área"),
    ("Teléfono de emergencia", "", "missing", "falta"),
    ("Contacto de emergencia", "", "missing", "falta"),
    ("Parentesco", "astronauta", "unknown_value", "madre"),
    ("Acepta avisos", "quizás", "unknown_value", "sí, no"),
    ("Nombre en uso", "A" * 121, "too_long", "120"),
)


def test_what_is_not_understood_is_told_with_what_would_be(place: Place, file: Path, tmp_path: Path) -> None:
    good = [
        {"Apellido": f"B{at}", "Nombre": "Luz", "Sexo": "F", "Grupo sanguíneo": said}
        for at, said in enumerate(BLOOD)
    ]
    bad = [
        {**ANA, "Factor RH": "", "Grupo sanguíneo": "A+", column: said} for column, said, *_rest in REFUSED
    ]
    nowhere = {**ANA, "Factor RH": "", "Grupo sanguíneo": "A+", "Celular": "", "Correo": ""}
    rejects = tmp_path / "no.csv"
    result = run(place, file, listed(*good, *bad, nowhere), rejects=rejects)
    assert counts(result) == (len(good), 0, 0, len(bad) + 1)
    assert [row[2] for row in place.rows(STATED)] == list(BLOOD.values())
    told = [(each.line, each.column, each.code) for each in result.rejects]
    first = len(good) + 2
    expected = [(first + at, column, code) for at, (column, _said, code, _like) in enumerate(REFUSED)]
    assert told == [*expected, (first + len(bad), "Acepta avisos", "no_number")]
    assert all(like in each.reason for each, (*_row, like) in zip(result.rejects, REFUSED, strict=False))
    kept = list(csv.DictReader(io.StringIO(rejects.read_text("utf-8"))))
    assert [row["Constancia"] for row in kept] == ["formulario 7"] * (len(bad) + 1)


def test_a_map_names_and_a_constant_fills_what_is_more(place: Place, file: Path) -> None:
    mapped = file.with_name("mapa.toml")
    mapped.write_text(
        '[columns]\nGR = "blood_group"\nOK = "consent:datos"\nSI_PASA_ALGO = "contact"\n'
        'TEL2 = "contact_phone"\n'
        '[constants]\n"consent:teleconsulta" = "no"\nconsent_evidence = "convenio 2026"\n',
        encoding="utf-8",
    )
    rows = "apellido;sexo;GR;OK;SI_PASA_ALGO;TEL2\nPaz;F;B-;si;Juan Paz;351 444-0000\n"
    result = run(place, file, rows, map=str(mapped), source="hospital")
    assert counts(result) == (1, 0, 0, 0), result.rejects
    assert place.rows(CONSENTS) == [
        ("datos", None, True, "convenio 2026"),
        ("teleconsulta", None, False, "convenio 2026"),
    ]
    assert place.rows(CONTACTS) == [("otro", "Juan Paz", "+543514440000", True, True)]
    with pytest.raises(InvalidInput, match="contact_phone"):
        run(place, file, "apellido;sexo;contacto de emergencia\nPaz;F;Juan\n")


def test_what_people_said_since_is_never_overwritten_by_a_list(place: Place, file: Path) -> None:
    run(place, file, listed(ANA))
    patient_id = place.value("SELECT patient_id FROM patients")
    (contact_id,) = place.rows("SELECT id FROM contacts")[0]
    withdrawn = particulars.Consent("avisos", False, "lo pidió por teléfono", "+543415551234")
    with place.as_person("msosa") as session:
        desk = session.desk()
        desk.do(
            additions.end_particular, EndParticular(patient_id=patient_id, row_id=contact_id, kind="contact")
        )
        desk.do(additions.add_particular, AddParticular(patient_id=patient_id, fact=withdrawn))
    # The list goes on saying what it said: nothing happens, and nothing is given back.
    assert counts(run(place, file, listed(ANA))) == (0, 0, 1, 0)
    # What it changes besides goes through, and touches no answer.
    more = {**ANA, "Nombre en uso": "Alexis", "Alergias": "Penicilina (severa); polen"}
    assert counts(run(place, file, listed(more))) == (0, 1, 0, 0)
    assert place.rows(ALLERGIES) == [("Penicilina", "severa"), ("polen", None), ("ácaros", None)]
    # It changes an answer: the whole row is told, with the one that it would undo.
    other = {**more, "Nombre en uso": "Álex", "Autoriza resultados": "sí"}
    result = run(place, file, listed(other))
    assert [(each.column, each.value, each.code) for each in result.rejects] == [
        ("Acepta avisos", "sí", "edited_since")
    ]
    assert place.rows(STATED)[0][0] == "Alexis"
    # Once it agrees, the rest goes through; the contact that was ended stays so.
    assert counts(run(place, file, listed({**other, "Acepta avisos": "no"}))) == (0, 1, 0, 0)
    assert place.rows(STATED)[0][0] == "Álex"
    assert [row[4] for row in place.rows(CONTACTS)] == [False]
    answers = place.rows(CONSENTS)
    assert [row[2] for row in answers if row[0] == "avisos"] == [True, False]
    assert [row[2] for row in answers if row[0] == "resultados"] == [False, True]


def test_a_list_may_take_back_its_own_answer(place: Place, file: Path) -> None:
    run(place, file, listed(ANA))
    assert counts(run(place, file, listed({**ANA, "Acepta avisos": "no"}))) == (0, 1, 0, 0)
    assert counts(run(place, file, listed(ANA))) == (0, 1, 0, 0)
    answers = [row[2] for row in place.rows(CONSENTS) if row[0] == "avisos"]
    assert answers == [True, False, True]


def test_who_is_known_gets_what_nobody_answered_and_loses_no_allergy(place: Place, file: Path) -> None:
    born = {"Apellido": "Paz", "Nombre": "Luz", "Sexo": "F"}
    paper = "DNI;Nacimiento;" + HEAD
    plain = listed(born).splitlines()[1]
    run(place, file, f"{paper}\n20111222;1980-05-06;{plain}\n", source="uno")
    patient_id = place.value("SELECT patient_id FROM patients")
    with place.as_person("msosa") as session:
        session.desk().do(additions.no_allergies, NoAllergies(patient_id=patient_id))
    row = listed({**ANA, **born}).splitlines()[1]
    assert counts(run(place, file, f"{paper}\n20111222;1980-05-06;{row}\n", source="dos")) == (0, 1, 0, 0)
    assert place.rows(STATED) == [("Alex", "no_binario", "0+", "registradas")]
    none = listed({**ANA, **born, "Alergias": "ninguna", "Grupo sanguíneo": "A"}).splitlines()[1]
    assert counts(run(place, file, f"{paper}\n20111222;1980-05-06;{none}\n", source="tres")) == (0, 0, 1, 0)
    assert place.rows(STATED) == [("Alex", "no_binario", "0+", "registradas")]
    assert len(place.rows(ALLERGIES)) == 2
    trace = place.rows("SELECT field, before, after FROM patient_edits WHERE version = 2 ORDER BY 1")
    assert ("blood_group", "desconocido", "0+") in trace


def test_rows_about_a_merged_chart_go_to_the_one_that_stands(place: Place, file: Path) -> None:
    head = "id;DNI;Nacimiento;" + HEAD
    luz = {"Apellido": "Paz", "Nombre": "Luz", "Sexo": "F"}
    one = f"1;20111222;1980-05-06;{listed({**luz, 'Celular': '351 444-0000'}).splitlines()[1]}"
    two = f"2;AR:PAS:AB123456;1980-05-06;{listed({**luz, 'Apellido': 'Paz Soto'}).splitlines()[1]}"
    assert counts(run(place, file, f"{head}\n{one}\n{two}\n")) == (2, 0, 0, 0)
    ids = dict(place.rows("SELECT l.key, l.patient_id FROM import_ledger l"))
    kept, retired = ids["id:1"], ids["id:2"]
    with place.as_person("secre") as session:
        session.desk().do(
            merge, MergePatients(patient_id=kept, retired_id=retired, reason="es la misma persona")
        )
    told = {**luz, "Apellido": "Paz Soto", "Correo": "luz@example.org", "Alergias": "polen"}
    again = f"2;AR:PAS:AB123456;1980-05-06;{listed(told).splitlines()[1]}"
    result = run(place, file, f"{head}\n{again}\n")
    assert counts(result) == (0, 1, 0, 0), result.rejects
    assert place.rows("SELECT email FROM patients WHERE patient_id = %s", kept) == [("luz@example.org",)]
    assert place.rows("SELECT email, version FROM patients WHERE patient_id = %s", retired)[0][0] is None
    assert place.rows("SELECT patient_id FROM allergies") == [(kept,)]
    # Known by the retired chart's document in another system's list: the one that stands gets what was blank.
    third = {**luz, "Apellido": "Paz Soto", "Grupo sanguíneo": "A+", "Correo": "otra@example.org"}
    other = f"9;AR:PAS:AB123456;1980-05-06;{listed(third).splitlines()[1]}"
    assert counts(run(place, file, f"{head}\n{other}\n", source="otro")) == (0, 1, 0, 0)
    stands = place.rows("SELECT email, blood_group FROM patients WHERE patient_id = %s", kept)
    assert stands == [("luz@example.org", "A+")]
    assert place.value("SELECT count(*) FROM patients") == 2
