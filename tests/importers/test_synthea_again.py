"""Importing again: what changed in the files changes here, what people wrote since then stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clinicdesk.clinic.patients import editing
from clinicdesk.importers import FileCount
from tests.importers.folders import ANA, VISIT, put, sample, write
from tests.importers.places import Place


def counts(files: tuple[FileCount, ...], name: str) -> tuple[int, int, int]:
    (found,) = (each for each in files if each.file == f"{name}.csv")
    return found.accepted, found.updated, found.unchanged


CHANGES = [
    (
        "providers",
        {"SPECIALITY": "CARDIOLOGY"},
        "SELECT specialty FROM people WHERE source = 'synthea'",
        "CARDIOLOGY",
    ),
    ("patients", {"CITY": "Lincoln"}, "SELECT city FROM patients", "Lincoln"),
    ("patients", {"BIRTHDATE": "1970-02-04"}, "SELECT birth::text FROM patients", "1970-02-04"),
    ("patients", {"LAST": "Paz"}, "SELECT n[1] FROM patient_search", "paz"),
    ("payer_transitions", {"MEMBERID": "m-2"}, "SELECT member_number FROM coverages", "m-2"),
    ("allergies", {"STOP": "2010-01-01"}, "SELECT until::text FROM allergies", "2010-01-01"),
    (
        "encounters",
        {"START": "2023-01-27T16:00:00Z"},
        "SELECT to_char(started_at, 'HH24:MI') FROM visits",
        "16:00",
    ),
    ("encounters", {"START": "2023-01-27T16:00:00Z"}, "SELECT to_char(at, 'HH24:MI') FROM records", "16:00"),
    ("encounters", {"DESCRIPTION": "Control"}, "SELECT title FROM records", "Control"),
    ("encounters", {"PROVIDER": ""}, "SELECT count(doctor_id)::text FROM visits", "0"),
    ("conditions", {"STOP": ""}, "SELECT count(abated)::text FROM diagnoses", "0"),
    ("conditions", {"START": "2023-01-26"}, "SELECT onset::text FROM diagnoses", "2023-01-26"),
    ("medications", {"STOP": "2023-02-27T16:17:47Z"}, "SELECT state FROM prescriptions", "vencida"),
    ("medications", {"DISPENSES": "4"}, "SELECT dispenses::text FROM prescription_items", "4"),
    ("observations", {"VALUE": "128"}, "SELECT value::text FROM vitals", "128"),
]


@pytest.mark.parametrize(("name", "changes", "query", "expected"), CHANGES)
def test_a_changed_row_is_updated_in_its_place(
    place: Place, tmp_path: Path, name: str, changes: dict[str, str], query: str, expected: str
) -> None:
    folder = write(tmp_path)
    first = place.imported(folder)
    ids = place.rows("SELECT key, patient_id, id FROM import_ledger ORDER BY 1")
    put(folder, name, [sample(name, **changes)])
    again = place.imported(folder)
    assert counts(again.files, name) == (0, 1, 0)
    assert again.accepted == again.rejected == 0
    assert again.read == first.accepted
    assert place.value(query) == expected
    assert place.rows("SELECT key, patient_id, id FROM import_ledger ORDER BY 1") == ids


def test_an_observation_of_a_result_is_updated_with_it(place: Place, tmp_path: Path) -> None:
    lab: dict[str, Any] = {
        "CATEGORY": "laboratory",
        "CODE": "2339-0",
        "DESCRIPTION": "Glucose",
        "UNITS": "mg/dL",
    }
    folder = write(tmp_path, observations=[sample("observations", **lab)])
    place.imported(folder)
    put(folder, "observations", [sample("observations", **lab, VALUE="99", DATE="2023-01-27T16:20:00Z")])
    assert counts(place.imported(folder).files, "observations") == (0, 1, 0)
    rows = place.rows(
        "SELECT o.value_number::text, o.at = r.at FROM observations o JOIN results r ON r.id = o.result_id"
    )
    assert rows == [("99", True)]


def test_rows_that_repeat_a_prescription_are_each_kept(place: Place, tmp_path: Path) -> None:
    rows = [sample("medications", STOP=stop) for stop in ("2023-02-01T00:00:00Z", "2023-03-01T00:00:00Z")]
    folder = write(tmp_path, medications=rows)
    assert counts(place.imported(folder).files, "medications") == (2, 0, 0)
    assert counts(place.imported(folder).files, "medications") == (0, 0, 2)
    third = sample("medications", STOP="2023-04-01T00:00:00Z", START="2023-03-01T00:00:00Z")
    put(folder, "medications", [*rows, third])
    assert counts(place.imported(folder).files, "medications") == (1, 0, 2)
    assert place.value("SELECT count(DISTINCT ends_at) FROM prescriptions") == 3


def test_what_the_counter_corrected_stays_until_the_file_says_something_new(
    place: Place, tmp_path: Path
) -> None:
    folder = write(tmp_path)
    place.imported(folder)
    patient_id = place.value("SELECT patient_id FROM patients")
    with place.as_person("msosa") as front:
        said = {"phone": "11 5555-4444", "email": "", "address": "Calle 2", "city": "Omaha"}
        front.desk().do(editing.edit, editing.EditPatient(patient_id=patient_id, version=1, said=said))
    assert counts(place.imported(folder).files, "patients") == (0, 0, 1)
    assert place.rows("SELECT address, version FROM patients") == [("Calle 2", 2)]
    put(folder, "patients", [sample("patients", ADDRESS="Calle 3")])
    assert counts(place.imported(folder).files, "patients") == (0, 1, 0)
    assert place.rows("SELECT address, version FROM patients") == [("Calle 3", 3)]
    traced = "SELECT version, before, after FROM patient_edits WHERE field = 'address' ORDER BY version"
    before = place.value("SELECT before FROM patient_edits WHERE field = 'address' AND version = 2")
    assert place.rows(traced) == [(2, before, "Calle 2"), (3, "Calle 2", "Calle 3")]


def test_a_number_that_the_file_no_longer_gives_stops_naming_the_patient(
    place: Place, tmp_path: Path
) -> None:
    folder = write(tmp_path)
    place.imported(folder)
    valid = "SELECT document_key FROM patient_documents WHERE valid AND kind = 'SSN'"
    put(folder, "patients", [sample("patients", SSN="999-17-5018")])
    place.imported(folder)
    assert place.rows(valid) == [("US:SSN:999175018",)]
    put(folder, "patients", [sample("patients")])
    place.imported(folder)
    assert place.rows(valid) == [("US:SSN:999175017",)]
    assert place.value("SELECT count(*) FROM patient_documents WHERE kind = 'HC' AND valid") == 1


def test_a_visit_does_not_pass_to_another_patient(place: Place, tmp_path: Path) -> None:
    other = sample("patients", Id="other", SSN="", DRIVERS="", PASSPORT="")
    folder = write(tmp_path, patients=[sample("patients"), other])
    place.imported(folder)
    put(folder, "encounters", [sample("encounters", PATIENT="other")])
    result = place.imported(folder)
    (reject, *_hanging) = [each for each in result.rejects if each.file == "encounters.csv"]
    assert (reject.column, reject.value, reject.code) == ("PATIENT", "other", "visit_of_another")
    assert (
        place.value(
            "SELECT key FROM import_ledger l JOIN visits v USING (patient_id) WHERE l.kind = 'patient'"
        )
        == ANA
    )


def test_a_later_folder_may_name_what_an_earlier_one_brought(place: Place, tmp_path: Path) -> None:
    place.imported(write(tmp_path / "first"))
    later = sample("conditions", CODE="38341003", DESCRIPTION="Hypertension")
    result = place.imported(write(tmp_path / "second", encounters=[], conditions=[later]))
    assert counts(result.files, "conditions") == (1, 0, 0)
    query = (
        "SELECT l.key FROM diagnoses d JOIN import_ledger l ON l.id = d.visit_id WHERE d.code = '38341003'"
    )
    assert place.rows(query) == [(VISIT,)]


@pytest.mark.parametrize(
    ("rows", "status", "stored"),
    [
        ([sample("allergies", CODE="716186003", DESCRIPTION="No known allergy (situation)")], "ninguna", 0),
        ([sample("allergies"), sample("allergies", CODE="716186003")], "registradas", 1),
        ([], "sin_preguntar", 0),
    ],
)
def test_no_known_allergy_is_an_answer_and_not_an_allergy(
    place: Place, tmp_path: Path, rows: list[dict[str, str]], status: str, stored: int
) -> None:
    folder = write(tmp_path, allergies=rows)
    assert counts(place.imported(folder).files, "allergies")[0] == len(rows)
    assert place.rows("SELECT allergy_status FROM patients") == [(status,)]
    assert place.value("SELECT count(*) FROM allergies") == stored
    assert counts(place.imported(folder).files, "allergies") == (0, 0, len(rows))
