"""Rows that cannot be taken: each is named by file, line, column and value, and nothing else is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clinicdesk.clinic.patients.rules import Document
from clinicdesk.importers import Reject
from clinicdesk.importers._batch import FilesMissing, FolderNotFound
from clinicdesk.importers._csv import LineTooLong
from clinicdesk.kit.errors import Exit, InvalidInput
from tests.factories import new_patient
from tests.importers.folders import ANA, DOCTOR, LUZ, VISIT, Row, put, sample, write
from tests.importers.places import Place

OTHER: Row = {"Id": LUZ, "SSN": "999-00-0002", "DRIVERS": "", "PASSPORT": "", "LAST": "Paz"}
TELLS_NOT = "ffffffff-0000-4000-8000-000000000000"


def told(rejects: tuple[Reject, ...]) -> list[tuple[str, int, str, str, str]]:
    return [(each.file, each.line, each.column, each.value, each.code) for each in rejects]


WRONG = [
    ("patients", {"BIRTHDATE": "1970-02-30"}, "BIRTHDATE", "bad_date"),
    ("patients", {"BIRTHDATE": "03/02/1970"}, "BIRTHDATE", "bad_date"),
    ("patients", {"BIRTHDATE": "20200101"}, "BIRTHDATE", "bad_date"),
    ("patients", {"BIRTHDATE": ""}, "BIRTHDATE", "missing"),
    ("patients", {"BIRTHDATE": "1879-12-31"}, "BIRTHDATE", "too_early"),
    ("patients", {"BIRTHDATE": "2999-01-01"}, "BIRTHDATE", "future"),
    ("patients", {"DEATHDATE": "1969-01-01"}, "DEATHDATE", "before"),
    ("patients", {"GENDER": "Q"}, "GENDER", "unknown_value"),
    ("patients", {"LAST": "  "}, "LAST", "missing"),
    ("patients", {"LAST": "Ñ" * 121}, "LAST", "too_long"),
    ("patients", {"FIRST": "A" * 121}, "FIRST", "too_long"),
    ("patients", {"LAST": "a\x00b"}, "LAST", "nul"),
    ("patients", {"SSN": "99–?"}, "SSN", "bad_document"),
    ("providers", {"NAME": ""}, "NAME", "missing"),
    ("payer_transitions", {"PAYER": TELLS_NOT}, "PAYER", "unknown_reference"),
    ("payer_transitions", {"END_YEAR": "2013"}, "END_YEAR", "before"),
    ("payer_transitions", {"PATIENT": TELLS_NOT}, "PATIENT", "unknown_patient"),
    ("allergies", {"SEVERITY1": "AWFUL"}, "SEVERITY1", "unknown_value"),
    ("allergies", {"PATIENT": TELLS_NOT}, "PATIENT", "unknown_patient"),
    ("encounters", {"START": "2023-01-27T25:17:47Z"}, "START", "bad_date"),
    ("encounters", {"START": "2023-01-27T16:17:47"}, "START", "bad_date"),
    ("encounters", {"STOP": "2023-01-27T16:17:46Z"}, "STOP", "before"),
    ("encounters", {"STOP": "2023-01-27T19:00:00+05:00"}, "STOP", "before"),
    ("encounters", {"ORGANIZATION": TELLS_NOT}, "ORGANIZATION", "unknown_reference"),
    ("encounters", {"PROVIDER": TELLS_NOT}, "PROVIDER", "unknown_person"),
    ("encounters", {"PATIENT": TELLS_NOT}, "PATIENT", "unknown_patient"),
    ("encounters", {"START": "1969-01-27T16:17:47Z"}, "START", "before_birth"),
    ("encounters", {"DESCRIPTION": "x" * 401}, "DESCRIPTION", "too_long"),
    ("conditions", {"STOP": "2023-01-26"}, "STOP", "before"),
    ("conditions", {"CODE": ""}, "CODE", "missing"),
    ("conditions", {"ENCOUNTER": TELLS_NOT}, "ENCOUNTER", "unknown_visit"),
    ("conditions", {"PATIENT": TELLS_NOT}, "PATIENT", "unknown_patient"),
    ("conditions", {"PATIENT": LUZ}, "ENCOUNTER", "visit_of_another"),
    ("medications", {"DISPENSES": "-1"}, "DISPENSES", "bad_number"),
    ("medications", {"DISPENSES": "9999999999"}, "DISPENSES", "bad_number"),
    ("medications", {"ENCOUNTER": TELLS_NOT}, "ENCOUNTER", "unknown_visit"),
    ("observations", {"VALUE": "NaN"}, "VALUE", "bad_number"),
    ("observations", {"VALUE": "1e400"}, "VALUE", "bad_number"),
    ("observations", {"VALUE": "١٢"}, "VALUE", "bad_number"),
    ("observations", {"VALUE": ""}, "VALUE", "missing"),
    ("observations", {"VALUE": "1279"}, "VALUE", "implausible"),
    ("observations", {"TYPE": "blob"}, "TYPE", "unknown_value"),
    ("observations", {"ENCOUNTER": TELLS_NOT}, "ENCOUNTER", "unknown_visit"),
]


@pytest.fixture(scope="module")
def wrong_rows() -> dict[str, list[Row]]:
    """A good row of each file, then every wrong one."""
    files = {name: [sample(name)] for name in dict.fromkeys(each[0] for each in WRONG)}
    files["patients"].append(sample("patients", **OTHER))
    for number, (name, changes, _column, _code) in enumerate(WRONG):
        own = {"Id": f"wrong-{number}"} if name in ("patients", "providers", "encounters") else {}
        plain = {"SSN": "", "DRIVERS": "", "PASSPORT": ""} if name == "patients" else {}
        files[name].append(sample(name, **(own | plain | changes)))
    return files


def test_each_wrong_row_is_rejected_with_line_column_and_value(
    place: Place, tmp_path: Path, wrong_rows: dict[str, list[Row]]
) -> None:
    result = place.imported(write(tmp_path / "set", **wrong_rows))
    next_line = {name: 4 if name == "patients" else 3 for name in wrong_rows}
    expected = set()
    for name, changes, column, code in WRONG:
        value = changes.get(column, sample(name)[column])
        expected.add((f"{name}.csv", next_line[name], column, value, code))
        next_line[name] += 1
    assert set(told(result.rejects)) == expected
    assert result.rejected == len(WRONG)
    assert result.exit is Exit.PARTLY
    assert {each.file: each.accepted for each in result.files} == {
        f"{name}.csv": 2 if name == "patients" else 1 for name in wrong_rows
    }
    assert all(each.read == each.accepted + each.rejected for each in result.files)


def test_a_reject_falls_back_on_what_hangs_on_it(place: Place, tmp_path: Path) -> None:
    result = place.imported(write(tmp_path, patients=[sample("patients", GENDER="?")]))
    assert [(each.file, each.line, each.code) for each in result.rejects] == [
        ("patients.csv", 2, "unknown_value"),
        ("payer_transitions.csv", 2, "unknown_patient"),
        ("allergies.csv", 2, "unknown_patient"),
        ("encounters.csv", 2, "unknown_patient"),
        ("conditions.csv", 2, "unknown_patient"),
        ("medications.csv", 2, "unknown_patient"),
        ("observations.csv", 2, "unknown_patient"),
    ]
    assert place.value("SELECT count(*) FROM patients") == 0


def test_the_first_of_two_rows_with_one_key_is_taken(place: Place, tmp_path: Path) -> None:
    twice = {
        "patients": [sample("patients"), sample("patients", LAST="Otra", SSN="", DRIVERS="", PASSPORT="")],
        "providers": [sample("providers"), sample("providers")],
        "encounters": [sample("encounters"), sample("encounters", DESCRIPTION="otra")],
    }
    result = place.imported(write(tmp_path, **twice))
    assert told(result.rejects) == [
        ("providers.csv", 3, "Id", DOCTOR, "repeated"),
        ("patients.csv", 3, "Id", ANA, "repeated"),
        ("encounters.csv", 3, "Id", VISIT, "repeated"),
    ]
    assert place.rows("SELECT family FROM patients") == [("Núñez",)]
    assert place.rows("SELECT title FROM records") == [("Encounter for symptom",)]


def test_a_document_of_somebody_else_is_a_reject(place: Place, tmp_path: Path) -> None:
    with place.as_person("msosa") as front:
        new_patient(front, document=Document("US", "SSN", "999175017"), family="Registrada")
    rows = [
        sample("patients"),
        sample("patients", **(OTHER | {"PASSPORT": "X1"})),
        sample("patients", **(OTHER | {"Id": "third", "SSN": "", "PASSPORT": " x1 "})),
    ]
    result = place.imported(write(tmp_path, patients=rows))
    patients = [each for each in told(result.rejects) if each[0] == "patients.csv"]
    assert patients == [
        ("patients.csv", 2, "SSN", "999-17-5017", "document_taken"),
        ("patients.csv", 4, "PASSPORT", " x1 ", "document_taken"),
    ]
    assert place.rows("SELECT family FROM patients ORDER BY 1") == [("Paz",), ("Registrada",)]


def test_rows_that_are_no_rows_have_their_first_physical_line(place: Place, tmp_path: Path) -> None:
    text = (
        "\ufeffId , name\r\n"
        f'"{DOCTOR}","two\r\nlines"\r\n'
        "\r\n"
        "short\r\n"
        "a,b,c\r\n"
        'x,"y"z\r\n'
        "last,Good\r\n"
        'open,"never closed\r\n'
        "swallowed,row\r\n"
    )
    result = place.imported(write(tmp_path, organizations=text, encounters=[]))
    rejects = [each for each in result.rejects if each.file == "organizations.csv"]
    assert [(each.line, each.column, each.value, each.code) for each in rejects] == [
        (5, "name", "short", "too_few_cells"),
        (6, "", "c", "too_many_cells"),
        (7, "", 'x,"y"z', "bad_quotes"),
        (9, "", "swallowed,row", "bad_quotes"),
    ]
    assert "9–10" in rejects[-1].reason


def test_a_cell_that_is_no_utf8_rejects_its_row_alone(place: Place, tmp_path: Path) -> None:
    put(tmp_path, "patients", [sample("patients", **(OTHER | {"LAST": "Peña"}))])
    latin = (tmp_path / "patients.csv").read_text().splitlines()[1].encode("latin-1")
    folder = write(tmp_path / "set", patients=_text(tmp_path, "patients").encode() + latin)
    result = place.imported(folder)
    assert told(result.rejects) == [("patients.csv", 3, "LAST", "Pe\udcf1a", "not_text")]


def _text(folder: Path, name: str) -> str:
    put(folder, name, [sample(name)])
    return (folder / f"{name}.csv").read_text()


def test_the_rejects_file_holds_all_in_file_order_and_no_formula(place: Place, tmp_path: Path) -> None:
    rows = [sample("conditions", CODE="", ENCOUNTER=VISIT)] * 60 + [
        sample("conditions", PATIENT='=HYPERLINK("x")')
    ] * 90
    out = tmp_path / "out" / "rejects.csv"
    out.parent.mkdir()
    result = place.imported(write(tmp_path / "set", conditions=rows), rejects=out)
    assert (result.rejected, len(result.rejects)) == (150, 100)
    with out.open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [int(row["line"]) for row in written] == list(range(2, 152))
    assert written[-1]["value"] == '\'=HYPERLINK("x")'
    assert written[0] == {
        "file": "conditions.csv",
        "line": "2",
        "column": "CODE",
        "value": "",
        "code": "missing",
        "reason": "falta el valor",
    }
    assert out.stat().st_mode & 0o077 == 0
    assert [path.name for path in out.parent.iterdir()] == ["rejects.csv"]


def test_a_missing_folder_or_file_is_named(place: Place, tmp_path: Path) -> None:
    with pytest.raises(FolderNotFound, match="nada") as refused:
        place.imported(tmp_path / "nada")
    assert refused.value.exit is Exit.NOT_FOUND
    write(tmp_path / "set")
    (tmp_path / "set" / "patients.csv").unlink()
    with pytest.raises(FilesMissing, match=r"patients\.csv"):
        place.imported(tmp_path / "set")


def test_everything_wrong_with_the_files_is_named_at_once(place: Place, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "set",
        patients="Id;BIRTHDATE\n1;2\n",
        encounters="",
        conditions="START,STOP,PATIENT,ENCOUNTER,CODE,CODE,DESCRIPTION\n",
        medications=b"\xff\xfeS\x00T\x00",
    )
    with pytest.raises(InvalidInput) as refused:
        place.imported(folder, rejects=tmp_path / "rejects.csv")
    problems = {text.partition(":")[0]: text for text in refused.value.problems}
    assert set(problems) == {"patients.csv", "encounters.csv", "conditions.csv", "medications.csv"}
    assert "BIRTHDATE" in problems["patients.csv"]
    assert "CODE" in problems["conditions.csv"]
    assert "UTF-8" in problems["medications.csv"]
    assert not (tmp_path / "rejects.csv").exists()


def test_a_file_of_one_endless_line_is_refused(place: Place, tmp_path: Path) -> None:
    folder = write(tmp_path, observations=_text(tmp_path, "observations") + "x" * 2_000_000)
    with pytest.raises(LineTooLong, match="observations"):
        place.imported(folder)
    assert place.value("SELECT count(*) FROM patients") == 0


def test_files_that_are_not_there_are_not_missed(place: Place, tmp_path: Path) -> None:
    folder = write(tmp_path)
    for name in ("organizations", "payers", "payer_transitions", "providers", "observations", "allergies"):
        (folder / f"{name}.csv").unlink()
    (folder / "claims.csv").write_text("Id\n1\n")
    result = place.imported(folder)
    assert (result.accepted, result.rejected, result.ignored) == (4, 0, ("claims.csv",))
    assert place.rows("SELECT institution, doctor_id FROM visits") == [
        (sample("encounters")["ORGANIZATION"], None)
    ]
