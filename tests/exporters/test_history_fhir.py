"""The history as a FHIR R4 document: valid by the published schema, complete in itself, nothing lost."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.queries import CosignRow
from clinicdesk.exporters import History, Selection, history_fhir
from clinicdesk.exporters._fhir import is_ucum
from clinicdesk.kit.sheet import Stamp
from tests.exporters.fhir_documents import Json, faults, of, read, sound, unresolved
from tests.exporters.histories import (
    FIRST,
    STAMP,
    diagnosis,
    entry,
    follow_up,
    history,
    letter,
    note,
    patient,
    treatment,
    varied,
)

HOSTILE = "a\x1b]52;c;QUJD\x07b\x9b\u202e ñ \U0001f600 <script>&amp; \u00a0\x0b\x00\n]]> fin"


def code_of(resource: Json) -> str | None:
    """The first code of a document's type."""
    return next((each["code"] for each in resource["type"].get("coding", ())), None)


def test_it_is_valid_whole_and_resolves() -> None:
    sound(read(varied()))


@pytest.mark.parametrize(
    ("kind", "harm"),
    [
        ("Encounter", {"status": "done"}),
        ("Condition", {"subject": {"reference": ""}}),
        ("Observation", {"colour": "red"}),
        ("DocumentReference", {"date": "ayer"}),
        ("CarePlan", {"status": "hecho"}),
        ("Provenance", {"recorded": ""}),
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
    titles = ["Persona", "Alergias", "Problemas", "Tratamientos y controles", "Medicación", "Signos vitales"]
    titles += ["Resultados", "Atenciones", "Certificados y pedidos", "Adjuntos"]
    assert [section["title"] for section in sections] == titles
    reasons = [section["emptyReason"]["coding"][0]["code"] for section in sections[1:]]
    assert reasons == ["notasked", *["unavailable"] * 8]
    none = History(replace(empty.chart, patient=patient(allergy_status="ninguna")), (), (), ())
    second = sound(read(none))["entry"][0]["resource"]["section"][1]
    assert second["emptyReason"]["coding"][0]["code"] == "nilknown"


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
    (own,) = words["code"]["coding"]
    assert (own["system"], own["code"]) == ("urn:clinicdesk:catalogue:Synthea", "x y")


def test_numbers_keep_their_digits() -> None:
    out = BytesIO()
    history_fhir.EXPORTER.write(history(), STAMP, out)
    assert b'"value":6.40,' in out.getvalue()


def test_a_note_says_who_signed_it_and_an_addendum_what_it_adds_to() -> None:
    bundle = read(varied())
    notes = of(bundle, "DocumentReference")
    first = next(each for each in notes if each["masterIdentifier"]["value"].endswith(str(UUID(int=1))))
    addendum = next(each for each in notes if code_of(each) == "81222-2")
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


def test_every_signature_is_told_with_its_digest() -> None:
    said = CosignRow(UUID(int=1), "cofirmada", None, "Ibarra, Jorge", "MP 7", FIRST, b"\x07" * 32)
    back = replace(said, verdict="devuelta", reason="falta dosis", hash=b"\x08" * 32)
    signed = note(1, supervised=True, cosignatures=(back, said))
    bundle = sound(read(replace(history((entry(1, notes=(signed,)),)), letters=(letter(),))))
    (written, issued) = of(bundle, "DocumentReference")
    assert written["docStatus"] == "final"
    digests = {}
    for each in of(bundle, "Provenance"):
        (made,) = each["signature"]
        target = each["target"][0]["reference"].removeprefix("urn:uuid:")
        digests[base64.b64decode(made["data"])] = (target, made["type"][0]["display"], made["who"]["display"])
    assert digests == {
        signed.hash: (written["id"], "Author's Signature", "Paz, Lucía"),
        said.hash: (written["id"], "Verification Signature", "Ibarra, Jorge"),
        back.hash: (written["id"], "Review Signature", "Ibarra, Jorge"),
        letter().hash: (issued["id"], "Author's Signature", "Paz, Lucía"),
    }


def test_structured_attributes_keep_their_names_values_and_types() -> None:
    held: Json = {
        "peso_kg": 72.5,
        "pasos": 3_000_000_000,
        "cigarrillos": 3,
        "fuma": False,
        "nada": None,
        "viajes": ["Perú", "Chile"],
        "presion": {"sistolica": 120, "brazo": "izq"},
        "hijos": [{"nombre": "Ana"}, {"nombre": "Luz"}],
        "texto_sin_firma": "Refiere «dolor».",
    }
    row = entry(1, kind="control", schema_version=3, attributes=held, notes=())
    bundle = sound(read(history((row,))))
    (made,) = of(bundle, "QuestionnaireResponse")
    assert made["questionnaire"] == "urn:clinicdesk:record-type:control|3"

    def values(items: list[Json]) -> Iterator[tuple[str, Any]]:
        for item in items:
            for answer in item.get("answer", ()):
                ((kind, value),) = answer.items()
                yield item["linkId"], (kind.removeprefix("value"), value)
            yield from values(item.get("item", []))

    assert list(values(made["item"])) == [
        ("peso_kg", ("Decimal", 72.5)),
        ("pasos", ("Decimal", 3_000_000_000)),
        ("cigarrillos", ("Integer", 3)),
        ("fuma", ("Boolean", False)),
        ("viajes", ("String", "Perú")),
        ("viajes", ("String", "Chile")),
        ("presion.sistolica", ("Integer", 120)),
        ("presion.brazo", ("String", "izq")),
        ("hijos.nombre", ("String", "Ana")),
        ("hijos.nombre", ("String", "Luz")),
    ]
    assert [item["text"] for item in made["item"]][:5] == ["peso_kg", "pasos", "cigarrillos", "fuma", "nada"]
    (waiting,) = of(bundle, "DocumentReference")
    assert (waiting["docStatus"], "authenticator" in waiting) == ("preliminary", False)
    assert base64.b64decode(waiting["content"][0]["attachment"]["data"]).decode() == "Refiere «dolor»."


def test_treatments_and_controls_say_how_they_stand() -> None:
    made = replace(varied(), chart=replace(varied().chart, treatments=(treatment(),)))
    bundle = sound(read(made))
    plans = {each["description"]: each for each in of(bundle, "CarePlan")}
    assert plans.keys() == {"Enalapril 10 mg", "Dieta"}
    assert plans["Enalapril 10 mg"]["status"] == "active"
    assert plans["Enalapril 10 mg"]["period"] == {"start": "2026-11-20", "end": "2026-12-22"}
    assert plans["Dieta"]["status"] == "revoked"
    assert plans["Dieta"]["note"][-1] == {"text": "edema"}
    (control,) = of(bundle, "ServiceRequest")
    assert (control["status"], control["intent"], control["occurrenceDateTime"]) == (
        "active",
        "plan",
        "2026-12-21",
    )
    old = treatment(until=date(2026, 11, 21))
    past = entry(1, treatments=(old,), follow_ups=(follow_up(due_on=date(2026, 11, 21)),))
    bundle = sound(read(history((past,))))
    assert [each["status"] for each in of(bundle, "CarePlan")] == ["completed"]
    assert [each["status"] for each in of(bundle, "ServiceRequest")] == ["unknown"]


def test_files_are_told_and_their_bytes_come_when_asked_for() -> None:
    made, bodies = varied(), {"eco.pdf": b"%PDF" + bytes(range(256)) * 4000}
    told = sound(read(made))
    assert of(told, "Binary") == []
    files = [each for each in of(told, "DocumentReference") if code_of(each) == "77599-9"]
    known = files[0]["content"][0]["attachment"]
    assert (known["contentType"], known["size"], known["title"]) == ("application/pdf", 35_000, "eco.pdf")
    assert known["extension"][0]["valueString"] == hashlib.sha256(b"eco.pdf").hexdigest()
    assert [each["status"] for each in files] == ["current", "entered-in-error"]
    assert "de otra persona" in files[1]["description"]
    out = BytesIO()
    assert history_fhir.EXPORTER.write_files is not None
    history_fhir.EXPORTER.write_files(made, STAMP, out, lambda row: bodies[row.name])
    bundle = sound(json.loads(out.getvalue()))
    (binary,) = of(bundle, "Binary")
    assert base64.b64decode(binary["data"]) == bodies["eco.pdf"]
    files = [each for each in of(bundle, "DocumentReference") if code_of(each) == "77599-9"]
    urls = [each["content"][0]["attachment"].get("url") for each in files]
    assert urls == [f"urn:uuid:{binary['id']}", None]


def test_letters_carry_number_and_digest_and_one_taken_back_says_why() -> None:
    bundle = sound(read(varied()))
    issued = [each for each in of(bundle, "DocumentReference") if len(each.get("identifier", ())) == 2]
    assert [each["status"] for each in issued] == ["current", "entered-in-error"]
    assert [each["value"] for each in issued[0]["identifier"]] == ["7", letter().hash.hex()]
    assert issued[1]["description"].endswith(": otra fecha")
    assert base64.b64decode(issued[0]["content"][0]["attachment"]["data"]).decode() == letter().text


def test_a_letter_points_to_the_one_it_replaces_and_one_that_came_here_holds() -> None:
    mark = Misplaced(
        *(
            UUID(int=37),
            "in",
            "letter",
            UUID(int=2),
            UUID(int=3),
            77,
            "era de ella",
            FIRST,
            "Paz",
            UUID(int=4),
        )
    )
    old = letter(7, voided_at=FIRST, void_reason="otra fecha", replaced_by=8)
    given = (letter(8, replaces=7), old, letter(9, misplaced=mark), letter(10, replaces=99))
    bundle = sound(read(replace(history((), vitals=()), letters=given)))
    eight, seven, nine, ten = (each for each in of(bundle, "DocumentReference") if "identifier" in each)
    assert eight["relatesTo"] == [
        {"code": "replaces", "target": {"reference": f"urn:uuid:{seven['id']}"}},
    ]
    assert "relatesTo" not in ten
    assert (nine["status"], "era de ella" in nine["description"]) == ("current", True)


def test_what_the_registry_knows_of_the_person_is_told() -> None:
    who = patient(
        guardian="Mamani, Juana",
        gender="mujer",
        blood_group="A-",
        dependent=True,
        birth_estimated=True,
        united=(77,),
        provisional="nn",
        sealed=True,
    )
    bundle = sound(read(history(patient=who)))
    (told,) = of(bundle, "Patient")
    assert told["contact"][0]["name"]["text"] == "Mamani, Juana"
    assert [(each["use"], each["value"]) for each in told["identifier"]] == [
        ("usual", "002210"),
        ("old", "000077"),
    ]
    assert told["name"][0]["use"] == "temp"
    assert bundle["entry"][0]["resource"]["confidentiality"] == "R"
    assert of(bundle, "Coverage")[0]["payor"] == [{"display": "PAMI"}]
    blood = next(each for each in of(bundle, "Observation") if "valueCodeableConcept" in each)
    assert blood["valueCodeableConcept"]["text"] == "A-"


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
