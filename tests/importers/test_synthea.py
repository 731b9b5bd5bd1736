"""The two real sets, counted and compared field by field with their files; then run again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.spelling import SearchNames
from clinicdesk.clinic.records import queries as history
from clinicdesk.exporters import HISTORY, HistoryQuery
from clinicdesk.importers import ImportResult
from clinicdesk.kit.ids import derived_id
from tests.data import shared
from tests.exporters.fhir_documents import of, sound
from tests.exporters.fhir_documents import read as fhir_of
from tests.factories import broken_glass
from tests.importers.folders import Row, read
from tests.importers.places import Place, fresh

SETS: Final = ("synthea-csv-27", "synthea-csv-unmc")
COUNTED: Final = {
    "providers": "SELECT count(*) FROM people WHERE source = 'synthea'",
    "patients": "SELECT count(*) FROM patients",
    "payer_transitions": "SELECT count(*) FROM coverages",
    "allergies": "SELECT count(*) FROM allergies",
    "encounters": "SELECT count(*) FROM visits",
    "conditions": "SELECT count(*) FROM diagnoses",
    "medications": "SELECT count(*) FROM prescriptions",
    "observations": "SELECT (SELECT count(*) FROM vitals) + (SELECT count(*) FROM observations)",
}
KINDS: Final = {
    "wellness": "control",
    "ambulatory": "consulta",
    "outpatient": "consulta",
    "emergency": "urgencia",
    "urgentcare": "urgencia",
    "inpatient": "internacion",
    "hospice": "internacion",
    "snf": "internacion",
    "virtual": "teleconsulta",
}
SEVERITIES: Final = ["", "MILD", "MODERATE", "SEVERE"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A set, the place it was imported to, and what the import said."""

    folder: Path
    place: Place
    result: ImportResult

    def of(self, name: str, patient: Row) -> list[Row]:
        """The rows of a file that can be taken, of one patient."""
        return [row for row in taken(self.folder, name) if row["PATIENT"] == patient["Id"]]

    def stored(self, query: str, patient: Row) -> list[tuple[Any, ...]]:
        """Rows of one patient, found by the name of the source's row."""
        return self.place.rows(
            f"{query} WHERE t.patient_id = (SELECT patient_id FROM import_ledger"
            " WHERE source = 'synthea' AND kind = 'patient' AND key = %s)",
            patient["Id"],
        )


def taken(folder: Path, name: str) -> list[Row]:
    """What a set holds, save the two prescriptions of the larger one that end before they begin."""
    return [row for row in read(folder, name) if not (row.get("STOP") and row["STOP"] < row["START"])]


@pytest.fixture(scope="module", params=SETS)
def loaded(request: pytest.FixtureRequest, server: Any, imports_template: str) -> Iterator[Loaded]:
    folder = shared(request.param)
    for place in fresh(server, imports_template):
        yield Loaded(folder, place, place.imported(folder))


def patients(loaded: Loaded) -> list[Row]:
    """Five patients chosen by a fixed seed, and one who died."""
    rows = read(loaded.folder, "patients")
    dead = next(row for row in rows if row["DEATHDATE"])
    return [*random.Random(20261123).sample(rows, 5), dead]


@pytest.mark.parametrize("name", COUNTED)
def test_each_file_has_as_many_rows_in_the_database(loaded: Loaded, name: str) -> None:
    assert loaded.place.value(COUNTED[name]) == len(taken(loaded.folder, name))


def test_the_counts_told_are_those_of_the_files(loaded: Loaded) -> None:
    told = {each.file: (each.read, each.accepted, each.rejected) for each in loaded.result.files}
    assert told == {
        f"{name}.csv": (len(rows), good, len(rows) - good)
        for name in COUNTED
        if (rows := read(loaded.folder, name))
        for good in [len(taken(loaded.folder, name))]
    }
    assert loaded.result.read == loaded.result.accepted + loaded.result.rejected
    assert (loaded.result.updated, loaded.result.unchanged) == (0, 0)


def test_what_ends_before_it_begins_is_rejected(loaded: Loaded) -> None:
    wrong = [
        (line, row["STOP"])
        for line, row in enumerate(read(loaded.folder, "medications"), start=2)
        if row["STOP"] and row["STOP"] < row["START"]
    ]
    found = [(each.line, each.value) for each in loaded.result.rejects]
    assert found == wrong
    assert {(each.file, each.column) for each in loaded.result.rejects} <= {("medications.csv", "STOP")}


def test_deaths_are_kept(loaded: Loaded) -> None:
    said = Counter(row["DEATHDATE"] for row in read(loaded.folder, "patients") if row["DEATHDATE"])
    stored = loaded.place.rows("SELECT deceased_on::text FROM patients WHERE deceased_on IS NOT NULL")
    assert Counter(day for (day,) in stored) == said


def test_patients_are_who_the_file_says(loaded: Loaded) -> None:
    for row in patients(loaded):
        (found,) = loaded.stored(
            "SELECT t.patient_id, family, given, sex, birth, deceased_on, address, city, t.version,"
            " (SELECT names FROM patient_search s WHERE s.patient_id = t.patient_id),"
            " (SELECT n FROM patient_search s WHERE s.patient_id = t.patient_id) FROM patients t",
            row,
        )
        born = date.fromisoformat(row["BIRTHDATE"])
        died = date.fromisoformat(row["DEATHDATE"]) if row["DEATHDATE"] else None
        told = (row["LAST"], row["FIRST"], row["GENDER"], born, died, row["ADDRESS"], row["CITY"])
        assert found[1:8] == told
        assert found[0] == derived_id(
            datetime(born.year, born.month, born.day, tzinfo=UTC), "synthea", "patient", row["Id"]
        )
        names = SearchNames.of(row["FIRST"], row["LAST"])
        numbers = [row[column].replace("-", "") for column in ("SSN", "DRIVERS", "PASSPORT") if row[column]]
        assert found[8:10] == (1, names.stored)
        assert sorted(found[10]) == sorted(names.keys(born.year, tuple(numbers)))


def test_documents_are_those_of_the_file_and_a_chart(loaded: Loaded) -> None:
    for row in patients(loaded):
        found = loaded.stored(
            "SELECT t.document_key, p.chart_number FROM patient_documents t"
            " JOIN patients p USING (patient_id)",
            row,
        )
        numbers = [("SSN", row["SSN"].replace("-", "")), ("DL", row["DRIVERS"]), ("PAS", row["PASSPORT"])]
        expected = {f"US:{kind}:{number}" for kind, number in numbers if number}
        assert {key for key, _chart in found} == expected | {f"chart:{found[0][1]:06}"}


def test_visits_and_records_are_the_encounters(loaded: Loaded) -> None:
    places = {row["Id"]: row["NAME"] for row in read(loaded.folder, "organizations")}
    doctors = {row["Id"]: row["NAME"] for row in read(loaded.folder, "providers")}
    for patient in patients(loaded):
        found = loaded.stored(
            "SELECT t.kind, t.started_at, t.ended_at, t.institution, d.given || ' ' || d.family, t.reason,"
            " r.kind, r.at, r.institution, r.doctor_id = t.doctor_id, r.title, r.source, r.attributes"
            " FROM visits t JOIN records r ON r.patient_id = t.patient_id AND r.visit_id = t.id"
            " JOIN people d ON d.id = t.doctor_id",
            patient,
        )
        expected = []
        for row in loaded.of("encounters", patient):
            kind, start, place = (
                KINDS[row["ENCOUNTERCLASS"]],
                moment(row["START"]),
                places[row["ORGANIZATION"]],
            )
            attributes = {
                "class": row["ENCOUNTERCLASS"],
                "system": "SNOMED-CT",
                "code": row["CODE"],
                "reason_code": row["REASONCODE"],
                "reason": row["REASONDESCRIPTION"],
            }
            visit = (
                kind,
                start,
                moment(row["STOP"]),
                place,
                doctors[row["PROVIDER"]],
                row["REASONDESCRIPTION"] or None,
            )
            entry = (kind, start, place, True, row["DESCRIPTION"], "synthea")
            expected.append((*visit, *entry, {name: said for name, said in attributes.items() if said}))
        assert same(found, expected)


def test_diagnoses_are_the_conditions(loaded: Loaded) -> None:
    reasons = {row["Id"]: row["REASONCODE"] for row in read(loaded.folder, "encounters")}
    for patient in patients(loaded):
        found = loaded.stored(
            "SELECT system, code, text, certainty, t.kind, onset::text, coalesce(abated::text, ''), l.key,"
            " r.visit_id = t.visit_id FROM diagnoses t"
            " JOIN records r ON r.patient_id = t.patient_id AND r.id = t.record_id"
            " JOIN import_ledger l ON l.patient_id = t.patient_id AND l.id = t.visit_id",
            patient,
        )
        expected = [
            (
                "SNOMED-CT",
                row["CODE"],
                row["DESCRIPTION"],
                "confirmado",
                "principal" if reasons[row["ENCOUNTER"]] == row["CODE"] else "relacionado",
                row["START"],
                row["STOP"],
                row["ENCOUNTER"],
                True,
            )
            for row in loaded.of("conditions", patient)
        ]
        assert same(found, expected)


def test_prescriptions_are_the_medications(loaded: Loaded) -> None:
    for patient in patients(loaded):
        found = loaded.stored(
            "SELECT t.state, starts_at, ends_at, coalesce(t.reason, ''), i.system, i.code, i.text,"
            " i.dispenses, l.key, t.doctor_id = v.doctor_id FROM prescriptions t"
            " JOIN prescription_items i ON i.patient_id = t.patient_id AND i.prescription_id = t.id"
            " JOIN visits v ON v.patient_id = t.patient_id AND v.id = t.visit_id"
            " JOIN import_ledger l ON l.patient_id = v.patient_id AND l.id = v.id",
            patient,
        )
        expected = [
            (
                "vencida" if row["STOP"] else "vigente",
                moment(row["START"]),
                moment(row["STOP"]) if row["STOP"] else None,
                row["REASONDESCRIPTION"],
                "RxNorm",
                row["CODE"],
                row["DESCRIPTION"],
                int(row["DISPENSES"]),
                row["ENCOUNTER"],
                True,
            )
            for row in loaded.of("medications", patient)
        ]
        assert same(found, expected)


def test_vital_signs_and_results_are_the_observations(loaded: Loaded) -> None:
    for patient in patients(loaded):
        rows = loaded.of("observations", patient)
        vital = [row for row in rows if row["CATEGORY"] == "vital-signs"]
        found = loaded.stored("SELECT at, code, name, value, unit FROM vitals t", patient)
        assert same(
            found,
            [
                (moment(row["DATE"]), row["CODE"], row["DESCRIPTION"], Decimal(row["VALUE"]), row["UNITS"])
                for row in vital
            ],
        )
        others = [row for row in rows if row["CATEGORY"] != "vital-signs"]
        found = loaded.stored(
            "SELECT t.at, t.code, t.name, t.value_number, t.value_text, coalesce(t.unit, ''), r.category,"
            " coalesce(l.key, '') FROM observations t"
            " JOIN results r ON r.patient_id = t.patient_id AND r.id = t.result_id"
            " LEFT JOIN import_ledger l ON l.patient_id = r.patient_id AND l.id = r.visit_id",
            patient,
        )
        assert same(found, [observed(row) for row in others])


def observed(row: Row) -> tuple[Any, ...]:
    """An observation as it is stored: a number or a text, "null" being no unit."""
    numeric = row["TYPE"] == "numeric"
    value = (Decimal(row["VALUE"]), None) if numeric else (None, row["VALUE"])
    unit = "" if row["UNITS"] == "null" else row["UNITS"]
    return (
        moment(row["DATE"]),
        row["CODE"],
        row["DESCRIPTION"],
        *value,
        unit,
        row["CATEGORY"] or "otro",
        row["ENCOUNTER"],
    )


def test_there_is_one_result_for_each_visit_or_moment_and_category(loaded: Loaded) -> None:
    groups = {
        (row["PATIENT"], row["ENCOUNTER"] or row["DATE"], row["CATEGORY"])
        for row in read(loaded.folder, "observations")
        if row["CATEGORY"] != "vital-signs"
    }
    assert loaded.place.value("SELECT count(*) FROM results") == len(groups)


def test_allergies_are_those_of_the_file(loaded: Loaded) -> None:
    names = {"MILD": "leve", "MODERATE": "moderada", "SEVERE": "severa"}
    allergic = {row["PATIENT"] for row in read(loaded.folder, "allergies")}
    chosen = [row for row in read(loaded.folder, "patients") if row["Id"] in allergic][:3]
    for patient in [*patients(loaded), *chosen]:
        rows = loaded.of("allergies", patient)
        found = loaded.stored(
            "SELECT substance, system, code, category, coalesce(reaction, ''), coalesce(severity, ''),"
            " since::text, until FROM allergies t",
            patient,
        )
        expected = [
            (
                row["DESCRIPTION"],
                row["SYSTEM"],
                row["CODE"],
                row["CATEGORY"],
                "; ".join(filter(None, (row["DESCRIPTION1"], row["DESCRIPTION2"]))),
                names.get(max(row["SEVERITY1"], row["SEVERITY2"], key=SEVERITIES.index), ""),
                row["START"],
                None,
            )
            for row in rows
        ]
        assert same(found, expected)
        ((status,),) = loaded.stored("SELECT allergy_status FROM patients t", patient)
        assert status == ("registradas" if rows else "sin_preguntar")


def test_coverages_are_the_payer_transitions(loaded: Loaded) -> None:
    payers = {row["Id"]: row["NAME"] for row in read(loaded.folder, "payers")} | {"": ""}
    for patient in patients(loaded):
        found = loaded.stored(
            "SELECT payer, coalesce(member_number, ''), since::text, until::text FROM coverages t", patient
        )
        expected = [
            (
                payers[row["PAYER"]].replace("NO_INSURANCE", "Sin cobertura"),
                row["MEMBERID"],
                row["START_YEAR"][:10],
                row["END_YEAR"][:10],
            )
            for row in loaded.of("payer_transitions", patient)
        ]
        assert same(found, expected)


def test_the_counter_finds_them_and_the_doctor_reads_their_chart(loaded: Loaded) -> None:
    row = max(read(loaded.folder, "patients"), key=lambda each: len(loaded.of("conditions", each)))
    with loaded.place.as_person("msosa") as front:
        by_number = front.desk().see(registry.search, registry.SearchQuery(row["SSN"]))
        by_name = front.desk().see(registry.search, registry.SearchQuery(f"{row['FIRST']} {row['LAST'][:4]}"))
    assert [each.family for each in by_number.rows] == [row["LAST"]]
    assert by_number.rows[0].patient_id in {each.patient_id for each in by_name.rows}
    with loaded.place.as_person("lpaz") as doctor:
        broken_glass(doctor, by_number.rows[0].patient_id)
        chart = doctor.desk().see(
            history.open_chart, history.ChartQuery(by_number.rows[0].patient_id, limit=None)
        )
    assert len(chart.entries) == len(loaded.of("encounters", row))
    written = [diagnosis.code for entry in chart.entries for diagnosis in entry.diagnoses]
    assert Counter(written) == Counter(each["CODE"] for each in loaded.of("conditions", row))


def test_their_histories_are_sound_fhir_documents(loaded: Loaded) -> None:
    """Whoever has the median of conditions, and one who died: all resolves, one of each shape is valid."""
    rows = read(loaded.folder, "patients")
    conditions = Counter(row["PATIENT"] for row in read(loaded.folder, "conditions"))
    middle = sorted(rows, key=lambda each: conditions[each["Id"]])[len(rows) // 2]
    for row in (middle, next(each for each in rows if each["DEATHDATE"])):
        with loaded.place.as_person("msosa") as front:
            found = front.desk().see(registry.search, registry.SearchQuery(row["SSN"])).rows[0]
        with loaded.place.as_person("lpaz") as doctor:
            broken_glass(doctor, found.patient_id)
            made = doctor.desk().see(HISTORY, HistoryQuery(found.patient_id))
        bundle = sound(fhir_of(made), every=False)
        assert len(of(bundle, "Encounter")) == len(loaded.of("encounters", row))
        assert len(of(bundle, "MedicationRequest")) == len(loaded.of("medications", row))


def test_providers_have_no_login(loaded: Loaded) -> None:
    query = "SELECT count(*) FROM people p JOIN logins l ON l.person_id = p.id WHERE p.source = 'synthea'"
    assert loaded.place.value(query) == 0


def test_a_second_run_touches_no_row(loaded: Loaded) -> None:
    before = loaded.place.contents()
    again = loaded.place.imported(loaded.folder)
    assert (again.accepted, again.updated) == (0, 0)
    assert again.unchanged == loaded.result.accepted
    assert again.rejects == loaded.result.rejects
    assert loaded.place.contents() == before


def test_a_dry_run_tells_the_truth_and_leaves_nothing(loaded: Loaded, place: Place) -> None:
    written = "SELECT key FROM acts WHERE what NOT IN ('login', 'session.logout')"
    before, acts = place.contents(), place.rows(written)
    trial = place.imported(loaded.folder, dry_run=True)
    assert trial.dry_run
    assert trial.files == loaded.result.files
    assert trial.rejects == loaded.result.rejects
    assert place.contents() == before
    assert place.rows(written) == acts


def moment(text: str) -> datetime:
    """An instant as the files write it."""
    return datetime.fromisoformat(text)


def same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> bool:
    """The same rows, as often, in any order; pytest shows both sides where they differ."""
    left, right = sorted(map(repr, map(plain, found))), sorted(map(repr, map(plain, expected)))
    assert left == right
    return True


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values of one form: instants in UTC, numbers without trailing zeros, objects in order of their keys."""

    def one(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat()
        if isinstance(value, Decimal):
            return str(value.normalize())
        return sorted(value.items()) if isinstance(value, dict) else value

    return tuple(map(one, row))
