"""The history as a FHIR R4 document: valid by the published schema, complete in itself, nothing lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft6Validator

from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.exporters import History, Selection, history_fhir
from clinicdesk.exporters._fhir import is_ucum
from clinicdesk.kit.sheet import Stamp
from tests.data import shared
from tests.exporters.histories import (
    FIRST,
    STAMP,
    diagnosis,
    entry,
    history,
    medication,
    note,
    observation,
    patient,
)

Json = dict[str, Any]
HOSTILE = "a\x1b]52;c;QUJD\x07b\x9b\u202e ñ \U0001f600 <script>&amp; \u00a0\x0b\x00\n]]> fin"


@cache
def schema() -> Json:
    """FHIR's own JSON schema."""
    found: Json = json.loads(shared("fhir-r4-schema", "fhir-r4.schema.json").read_text("utf-8"))
    return found


@cache
def validator(name: str) -> Draft6Validator:
    """Of one kind of resource."""
    return Draft6Validator({**schema(), "oneOf": [{"$ref": f"#/definitions/{name}"}]})


def faults(bundle: Json) -> list[str]:
    """What a document breaks of FHIR's schema: the frame, then each resource by its own kind."""
    frame = {**bundle, "entry": [{"fullUrl": each["fullUrl"]} for each in bundle["entry"]]}
    found = [error.message[:300] for error in validator("Bundle").iter_errors(frame)]
    for each in bundle["entry"]:
        resource = each["resource"]
        for error in validator(resource["resourceType"]).iter_errors(resource):
            deep = [inner.message[:200] for inner in error.context or ()]
            found.append(f"{resource['resourceType']}: {deep or error.message[:300]}")
    return found


def unresolved(bundle: Json) -> list[str]:
    """References that lead out of the document, and resources that nothing leads to."""
    held = {each["fullUrl"] for each in bundle["entry"]}
    named = set(references(bundle))
    return sorted(named - held) + sorted(held - named - {bundle["entry"][0]["fullUrl"]})


def references(value: Any) -> Iterator[str]:
    """Every reference in a value."""
    if isinstance(value, dict):
        for name, held in value.items():
            if name == "reference":
                yield held
            else:
                yield from references(held)
    elif isinstance(value, list):
        for held in value:
            yield from references(held)


def sound(bundle: Json) -> Json:
    """The document, once it has been found valid and whole."""
    assert faults(bundle) == []
    assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
    assert unresolved(bundle) == []
    assert "null" not in json.dumps(bundle).replace('"', " ").split()
    urls = [each["fullUrl"] for each in bundle["entry"]]
    assert len(urls) == len(set(urls))
    return bundle


def read(made: History) -> Json:
    """The document written."""
    out = BytesIO()
    assert history_fhir.EXPORTER.write(made, STAMP, out) == ()
    loaded: Json = json.loads(out.getvalue())
    return loaded


def of(bundle: Json, kind: str) -> list[Json]:
    """The resources of a kind."""
    found = (each["resource"] for each in bundle["entry"])
    return [each for each in found if each["resourceType"] == kind]


def varied() -> History:
    """Something of all that a history may have."""
    mark = Misplaced(
        UUID(int=1), "out", "record", UUID(int=2), UUID(int=3), 77, "otra persona", FIRST, "Paz", UUID(int=4)
    )
    addendum = note(9, "Se corrige la dosis.", amends_id=UUID(int=1), author_name="Gil, Álvaro")
    rows = (
        entry(1, notes=(note(1), addendum), diagnoses=(diagnosis(record_id=UUID(int=1001)),)),
        entry(2, kind="urgencia", notes=(), title="Caída", attributes={"peso_kg": 72.5, "viajes": ["Perú"]},
              diagnoses=()),
        entry(3, notes=(), diagnoses=(), misplaced=mark),
        entry(4, kind="laboratorio", place="", doctor="", source="synthea", own_chart=12, diagnoses=()),
        # A text signed later: note and entry share their id.
        entry(5, notes=(note(5, id=UUID(int=1005)),), diagnoses=()),
    )  # fmt: skip
    made = history(
        rows, patient=patient(document_key="AR:DNI:28431907", name_in_use="Rosi", phone="11 5555-4444")
    )
    return replace(
        made,
        prescribed=(
            *made.prescribed,
            medication(
                "Metformina", "anulada", id=UUID(int=60), code="860975", system="RxNorm", ends_at=FIRST
            ),
        ),
        observed=(
            *made.observed,
            observation(
                None, id=UUID(int=61), value_text="Negativo", code="x y", system="Synthea", unit=None
            ),
        ),
        request="Oficio 221",
        delivery=UUID(int=99),
    )


def test_it_is_valid_whole_and_resolves() -> None:
    sound(read(varied()))


@pytest.mark.parametrize(
    ("kind", "harm"),
    [
        ("Encounter", {"status": "done"}),
        ("Condition", {"subject": {"reference": ""}}),
        ("Observation", {"colour": "red"}),
        ("DocumentReference", {"date": "ayer"}),
        ("Composition", {"title": ""}),
    ],
)
def test_what_is_not_valid_would_be_found(kind: str, harm: Json) -> None:
    bundle = read(varied())
    of(bundle, kind)[0].update(harm)
    assert faults(bundle) != []


def test_an_empty_history_is_a_document_that_says_so() -> None:
    nobody = patient(allergy_status="sin_preguntar", document="", birth=None, given="")
    empty = History(history((), allergies=(), problems=(), vitals=(), patient=nobody).chart, (), (), ())
    bundle = sound(read(empty))
    sections = bundle["entry"][0]["resource"]["section"]
    assert len(sections) == 6
    reasons = [section["emptyReason"]["coding"][0]["code"] for section in sections]
    assert reasons == ["notasked", *["unavailable"] * 5]
    none = History(replace(empty.chart, patient=patient(allergy_status="ninguna")), (), (), ())
    first = sound(read(none))["entry"][0]["resource"]["section"][0]
    assert first["emptyReason"]["coding"][0]["code"] == "nilknown"


def test_hostile_text_stays_valid_and_a_note_comes_back_letter_by_letter() -> None:
    rows = (
        entry(
            1,
            title=HOSTILE,
            place=HOSTILE,
            doctor=HOSTILE,
            attributes={HOSTILE: HOSTILE},
            diagnoses=(diagnosis(HOSTILE, HOSTILE), diagnosis("", "", id=UUID(int=50))),
            notes=(note(1, HOSTILE, author_name=HOSTILE, author_license=HOSTILE),),
        ),
    )
    made = history(rows, patient=patient(family=HOSTILE, given=" \x0b ", document_key=f"AR:DNI:{HOSTILE}"))
    bundle = sound(read(made))
    (written,) = of(bundle, "DocumentReference")
    data = base64.b64decode(written["content"][0]["attachment"]["data"]).decode()
    assert data == HOSTILE
    div = of(bundle, "Encounter")[0]["text"]["div"]
    assert "<script" not in div
    assert "&lt;script&gt;&amp;amp;" in div
    out = BytesIO()
    history_fhir.EXPORTER.write(made, STAMP, out)
    assert not set(out.getvalue().decode()) & set("\x1b\x07\x9b\u202e\x00")


def test_codes_carry_their_systems() -> None:
    bundle = read(varied())
    (who,) = of(bundle, "Patient")
    assert [(each["system"], each["value"]) for each in who["identifier"]] == [
        ("http://www.renaper.gob.ar/dni", "28431907"),
        ("urn:clinicdesk:chart", "002210"),
    ]
    assert who["name"][0] == {
        "use": "official",
        "text": "Quispe Mamani, Rosa Elena",
        "family": "Quispe Mamani",
        "given": ["Rosa", "Elena"],
    }
    assert (who["gender"], who["birthDate"]) == ("female", "1981-02-03")
    condition = next(each for each in of(bundle, "Condition") if "recordedDate" in each)
    assert condition["code"]["coding"] == [
        {
            "system": "http://hl7.org/fhir/sid/icd-10",
            "code": "I10",
            "display": "Hipertensión esencial (primaria)",
        }
    ]
    potassium = next(each for each in of(bundle, "Observation") if each["code"]["text"] == "Potasio")
    assert potassium["code"]["coding"][0]["system"] == "http://loinc.org"
    assert potassium["valueQuantity"]["system"] == "http://unitsofmeasure.org"
    assert potassium["valueQuantity"]["code"] == "mmol/L"
    pressure = next(each for each in of(bundle, "Observation") if each["category"][0].get("coding"))
    assert pressure["valueQuantity"] == {
        "value": 142,
        "unit": "mmHg",
        "system": "http://unitsofmeasure.org",
        "code": "mm[Hg]",
    }
    assert pressure["interpretation"][0]["coding"][0]["code"] == "H"
    drug = next(each for each in of(bundle, "MedicationRequest") if each["status"] == "cancelled")
    assert drug["medicationCodeableConcept"]["coding"][0]["system"].endswith("/rxnorm")
    words = next(each for each in of(bundle, "Observation") if "valueString" in each)
    assert "coding" not in words["code"]


def test_numbers_keep_their_digits() -> None:
    out = BytesIO()
    history_fhir.EXPORTER.write(history(), STAMP, out)
    assert b'"value":6.40,' in out.getvalue()


def test_a_note_says_who_signed_it_and_an_addendum_what_it_adds_to() -> None:
    bundle = read(varied())
    notes = of(bundle, "DocumentReference")
    first = next(each for each in notes if each["masterIdentifier"]["value"].endswith(str(UUID(int=1))))
    addendum = next(each for each in notes if each["type"]["coding"][0]["code"] == "81222-2")
    assert addendum["relatesTo"][0]["code"] == "appends"
    assert addendum["relatesTo"][0]["target"]["reference"] == f"urn:uuid:{first['id']}"
    assert first["identifier"][0]["value"] == note(1).hash.hex()
    signer = next(
        each
        for each in of(bundle, "Practitioner")
        if f"urn:uuid:{each['id']}" == first["author"][0]["reference"]
    )
    assert signer["identifier"][0]["value"] == "MN 123.456"
    assert signer["name"][0]["family"] == "Paz"


def test_a_note_that_waits_for_its_supervisor_is_preliminary() -> None:
    bundle = sound(read(history((entry(1, notes=(note(1, supervised=True),)), entry(2)))))
    assert [each["docStatus"] for each in of(bundle, "DocumentReference")] == ["preliminary", "final"]


def test_a_late_entry_says_when_it_was_typed() -> None:
    late = entry(1, written_at=FIRST + timedelta(hours=4), late_reason="corte de luz")
    (visit,) = of(sound(read(history((late,)))), "Encounter")
    assert "Atendido 09:40, escrito 13:40: corte de luz" in visit["text"]["div"]


def test_what_was_entered_for_the_wrong_person_is_marked_and_says_nothing_more() -> None:
    (gone,) = (each for each in of(read(varied()), "Encounter") if each["status"] == "entered-in-error")
    assert "Pasó a HC 000077: otra persona" in gone["text"]["div"]


def test_a_part_says_that_it_is_one() -> None:
    made = replace(
        varied(), selection=Selection(since=date(2026, 1, 1), kinds=("consulta",), oldest_first=True)
    )
    bundle = sound(read(made))
    assert "Copia parcial" in bundle["entry"][0]["resource"]["text"]["div"]
    starts = [each["period"]["start"] for each in of(bundle, "Encounter")]
    assert starts == sorted(starts)


def test_a_problem_that_an_entry_states_is_one_condition() -> None:
    row = diagnosis(record_id=UUID(int=1001))
    bundle = sound(read(history((entry(1, diagnoses=(row,)),), problems=(row,))))
    (only,) = of(bundle, "Condition")
    assert {each["coding"][0]["code"] for each in only["category"]} == {
        "problem-list-item",
        "encounter-diagnosis",
    }


def test_two_thousand_visits_are_one_valid_document() -> None:
    rows = tuple(
        entry(number, diagnoses=(diagnosis(id=UUID(int=10_000 + number)),)) for number in range(1, 2001)
    )
    bundle = read(history(rows))
    assert unresolved(bundle) == []
    assert len(of(bundle, "Encounter")) == len(of(bundle, "DocumentReference")) == 2000
    bundle["entry"] = bundle["entry"][:40]
    assert faults(bundle) == []


@pytest.mark.parametrize(
    ("unit", "known"),
    [
        ("mm[Hg]", True), ("kg/m2", True), ("10*3/uL", True), ("mg/dL", True), ("{score}", True), ("%", True),
        ("mL/min/{1.73_m2}", True), ("[iU]/L", True), ("/min", True), ("mmHg", False), ("mg / dL", False),
        ("comprimidos", False), ("", False), ("mg/", False), ("µg", False),
    ],
)  # fmt: skip
def test_units_are_ucums_or_plain_words(unit: str, known: bool) -> None:
    assert is_ucum(unit) is known


def test_a_value_without_a_range_is_not_called_normal() -> None:
    row = VitalRow(FIRST, "8480-6", "Presión", Decimal(120), "kPa", UUID(int=12), UUID(int=1))
    bundle = read(History(history(vitals=(row,)).chart, (row,), (), ()))
    (only,) = of(bundle, "Observation")
    assert "interpretation" not in only


def test_a_stamp_without_a_zone_is_a_bug() -> None:
    naive = Stamp("a", datetime(2026, 1, 1), "z", "c")  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        history_fhir.EXPORTER.write(history(), naive, BytesIO())
