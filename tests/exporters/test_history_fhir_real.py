"""FHIR documents of people as the database holds them: everything, merged, empty, hostile, other letters."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.attachments import queries as attachments
from clinicdesk.clinic.attachments import service as files
from clinicdesk.clinic.letters import service as letters
from clinicdesk.clinic.letters.rules import Said
from clinicdesk.clinic.patients import merging
from clinicdesk.clinic.patients.particulars import Allergy, Contact
from clinicdesk.clinic.records import adding, measuring, planning, service
from clinicdesk.clinic.records.plan import FollowUpEntry, Plan, TreatmentEntry
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.exporters import HISTORY, History, HistoryQuery, history_fhir
from clinicdesk.exporters._fhir import text as plain
from clinicdesk.kit import clock
from clinicdesk.kit.sheet import Stamp
from tests.data import shared
from tests.exporters.fhir_documents import Json, of, read, sound
from tests.factories import ZONE, Network, followed, new_patient, proven

LogIn = Callable[..., Session]
PNG = b"\x89PNG\r\n\x1a\n cortado"


def stamp() -> Stamp:
    return Stamp("Paz, Lucía", clock.local(clock.now(), ZONE), ZONE, "Centro Norte")


def exported(doctor: Session, patient_id: UUID) -> History:
    return doctor.desk().see(HISTORY, HistoryQuery(patient_id))


def person(log_in: LogIn, **said: Any) -> UUID:
    """Somebody new whom Dr. Paz follows."""
    made = new_patient(log_in("msosa"), **said).patient_id
    return followed(log_in("secre"), made, log_in("lpaz"))


def recorded(doctor: Session, patient_id: UUID, **said: Any) -> adding.RecordAnswer:
    order = adding.AddRecord(patient_id=patient_id, **({"kind": "control"} | proven(doctor) | said))
    return doctor.desk().do(adding.add_record, order)


def everything(log_in: LogIn) -> UUID:
    """Somebody with something of all that a chart holds."""
    doctor = log_in("lpaz")
    today = clock.local_day(clock.now(), ZONE)
    patient_id = person(
        log_in,
        name_in_use="Rosi",
        gender="mujer",
        blood_group="A-",
        payer="PAMI",
        allergies=(Allergy("Penicilina", "severa", "urticaria", "medicamento"),),
        contacts=(Contact("madre", "Mamani, Juana", guardian=True),),
    )
    plan = Plan(
        (
            TreatmentEntry("Enalapril 10 mg", today, today + timedelta(days=29)),
            TreatmentEntry("Dieta", today),
        ),
        (FollowUpEntry(today + timedelta(days=30), doctor.actor.person_id, "traer laboratorio"),),
    )
    made = recorded(
        doctor,
        patient_id,
        text="Refiere «cefalea».\nControl en un mes.",
        diagnoses=(DiagnosisEntry("R51", "Cefalea"), DiagnosisEntry("I10", "Hipertensión", chronic=True)),
        plan=plan,
        attributes={"peso_kg": 72.5, "presion": {"sistolica": 120}, "viajes": ["Perú", "Chile"]},
    )
    assert made.note_id is not None
    addendum = service.AddendNote(
        patient_id=patient_id, amends_id=made.note_id, text="Se corrige la dosis.", **proven(doctor)
    )
    doctor.desk().do(service.addend_note, addendum)
    recorded(doctor, patient_id, text="Espera su firma.", sign=False, proof=None)
    doctor.desk().do(
        measuring.take_vitals,
        measuring.TakeVitals(patient_id=patient_id, measures=(measuring.Measure("sistolica", "150"),)),
    )
    first = exported(doctor, patient_id).chart.treatments[0]
    ending = planning.EndTreatment(patient_id=patient_id, treatment_id=first.id, why="tos seca")
    doctor.desk().do(planning.end_treatment, ending)
    for body, name in ((PNG, "eco.png"), (b"Informe viejo.\n", "viejo.txt")):
        order = files.Attach.of(body, patient_id=patient_id, record_id=made.id, name=name)
        last = doctor.desk().do(files.attach, order)
    doctor.desk().do(
        files.void, files.VoidAttachment(patient_id=patient_id, attachment_id=last.id, reason="era de otra")
    )
    for _ in range(2):
        letter = letters.IssueLetter(
            patient_id=patient_id, kind="certificado", said=Said(days=3, since=today), **proven(doctor)
        )
        issued = doctor.desk().do(letters.issue_letter, letter)
    doctor.desk().do(
        letters.void_letter,
        letters.VoidLetter(patient_id=patient_id, letter_id=issued.id, reason="fecha equivocada"),
    )
    return patient_id


def test_the_document_of_somebody_with_everything(network: Network, log_in: LogIn) -> None:
    doctor, patient_id = log_in("lpaz"), everything(log_in)
    made = exported(doctor, patient_id)
    bundle = sound(read(made, stamp()))
    kinds = {each["resource"]["resourceType"]: 0 for each in bundle["entry"]}
    assert set(kinds) >= {
        *("Composition", "Patient", "Practitioner", "Organization", "Coverage", "AllergyIntolerance"),
        *("Condition", "CarePlan", "ServiceRequest", "Observation", "Encounter", "DocumentReference"),
        *("QuestionnaireResponse", "Provenance"),
    }
    signed = {
        base64.b64decode(each["signature"][0]["data"]) for each in of(bundle, "Provenance")
    }  # fmt: skip
    notes = {note.hash for entry in made.chart.entries for note in entry.notes}
    assert signed == notes | {letter.hash for letter in made.letters}
    assert [each["statusReason"] for each in of(bundle, "CarePlan") if "statusReason" in each] == []
    assert sorted(each["status"] for each in of(bundle, "CarePlan")) == ["active", "revoked"]
    assert sorted(each["status"] for each in of(bundle, "DocumentReference")) == [
        *["current"] * 5,
        *["entered-in-error"] * 2,
    ]

    def body_of(row: attachments.AttachmentRow) -> bytes:
        return doctor.desk().see(attachments.body, attachments.BodyQuery(patient_id, row.id)).body

    out = BytesIO()
    assert history_fhir.EXPORTER.write_files is not None
    history_fhir.EXPORTER.write_files(made, stamp(), out, body_of)
    (binary,) = of(sound(json.loads(out.getvalue())), "Binary")
    assert base64.b64decode(binary["data"]) == PNG


def test_the_document_of_a_merged_person_is_one_of_both_charts(network: Network, log_in: LogIn) -> None:
    doctor, secre = log_in("lpaz"), log_in("secre")
    kept, gone = person(log_in), person(log_in)
    for patient_id, said in ((kept, "Nota de una."), (gone, "Nota de la otra.")):
        recorded(doctor, patient_id, text=said, diagnoses=(DiagnosisEntry("J00", "Rinofaringitis"),))
    files_of = files.Attach.of(b"Del legajo viejo.\n", patient_id=gone, name="viejo.txt")
    doctor.desk().do(files.attach, files_of)
    secre.desk().do(
        merging.merge, merging.MergePatients(patient_id=kept, retired_id=gone, reason="ficha duplicada")
    )
    made = exported(doctor, kept)
    bundle = sound(read(made, stamp()))
    (who,) = of(bundle, "Patient")
    assert [each["use"] for each in who["identifier"]].count("old") == 1
    assert len(of(bundle, "Encounter")) == 2
    said = json.dumps(bundle, ensure_ascii=False)
    assert "Nota de una." in said
    assert "Nota de la otra." in said
    assert "Ingresado en HC" in said

    def body_of(row: attachments.AttachmentRow) -> bytes:
        return doctor.desk().see(attachments.body, attachments.BodyQuery(kept, row.id)).body

    out = BytesIO()
    assert history_fhir.EXPORTER.write_files is not None
    history_fhir.EXPORTER.write_files(made, stamp(), out, body_of)
    (binary,) = of(sound(json.loads(out.getvalue())), "Binary")
    assert base64.b64decode(binary["data"]) == b"Del legajo viejo.\n"


def test_the_documents_of_an_empty_chart_and_of_a_name_in_cyrillic(network: Network, log_in: LogIn) -> None:
    doctor = log_in("lpaz")
    bundle = sound(read(exported(doctor, person(log_in, birth=date(1990, 1, 1))), stamp()))
    assert len(of(bundle, "Encounter")) == 0
    named = sound(read(exported(doctor, person(log_in, family="Ёжиков", given="Али")), stamp()))
    assert of(named, "Patient")[0]["name"][0]["text"] == "Ёжиков, Али"


def test_the_document_of_naughty_strings(network: Network, log_in: LogIn) -> None:
    """All of them as attributes and as lines of one note: each is there, and the document is sound."""
    strings = list(dict.fromkeys(json.loads(shared("naughty-strings", "blns.json").read_text("utf-8"))))
    doctor = log_in("lpaz")
    patient_id = person(log_in, given="<script>alert(0)</script>", address="'; DROP TABLE patients --")
    recorded(
        doctor,
        patient_id,
        text="\n".join(strings),
        title="../../../../etc/passwd%00",
        attributes={f"k{number}": said for number, said in enumerate(strings)},
    )
    made = exported(doctor, patient_id)
    bundle = sound(read(made, stamp()))
    (answers,) = of(bundle, "QuestionnaireResponse")
    told: Json = {item["linkId"]: item.get("answer", [{}])[0].get("valueString") for item in answers["item"]}
    stored = made.chart.entries[0].attributes
    assert told == {name: plain(said) for name, said in stored.items()}
    (written,) = of(bundle, "DocumentReference")
    body = base64.b64decode(written["content"][0]["attachment"]["data"]).decode()
    assert body == made.chart.entries[0].notes[0].text
