"""The whole road of a first day through Desk, as the people who walk it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.errors import DocumentKnown
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.records import queries as history
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.clinic.turns.errors import PatientBusy, SlotTaken
from clinicdesk.kit import clock
from tests.factories import Network, new_patient, proven


def test_a_patient_is_booked_admitted_seen_and_written_up(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front, doctor = log_in("msosa"), log_in("dvidal")
    patient = new_patient(front)
    query = agenda.SlotsQuery(network.clinic_ids[0], doctor_id=network.person_ids["dvidal"], days=2)
    slot = front.desk().see(agenda.slots, query)[0]
    booked = front.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient.patient_id, slot=slot.id))
    admitted = front.desk().do(
        admissions.admit,
        admissions.Admit(
            patient_id=patient.patient_id, turn_id=booked.id, seq=booked.seq, from_state=booked.state
        ),
    )
    assert admitted.state == "en_espera"
    assert admitted.ticket
    called = doctor.desk().do(records.call_next, records.CallNext())
    assert (called.turn_id, called.state) == (booked.id, "en_curso")
    draft = records.SaveDraft(
        patient_id=patient.patient_id, visit_id=called.visit_id, text="Refiere cefalea", version=1
    )
    doctor.desk().do(records.save_draft, draft)
    kept = doctor.desk().see(history.drafts, history.DraftsQuery(visit_id=called.visit_id))
    assert [row.text for row in kept] == ["Refiere cefalea"]
    order = records.SignNote(
        patient_id=patient.patient_id,
        visit_id=called.visit_id,
        text="Refiere cefalea. Control.",
        diagnoses=(DiagnosisEntry("R51", "Cefalea"),),
        **proven(doctor),
    )
    signed = doctor.desk().do(records.sign_note, order)
    assert doctor.desk().do(records.sign_note, order) == signed
    finish = records.FinishVisit(
        patient_id=patient.patient_id, turn_id=booked.id, seq=called.seq, from_state="en_curso"
    )
    assert doctor.desk().do(records.finish_visit, finish).state == "finalizado"
    chart = doctor.desk().see(history.open_chart, history.ChartQuery(patient.patient_id))
    assert [note.text for entry in chart.entries for note in entry.notes] == ["Refiere cefalea. Control."]
    assert [row.code for row in chart.problems] == ["R51"]
    assert doctor.desk().see(history.drafts, history.DraftsQuery(visit_id=called.visit_id)) == ()


def test_a_known_document_is_refused_with_the_patient_found(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    document = Document("AR", "DNI", "28431907")
    first = new_patient(front, document=document, family="Quispe Mamaní Conocida")
    with pytest.raises(DocumentKnown) as refused:
        new_patient(front, document=document, given="Otra")
    assert refused.value.fields["patient"].patient_id == first.patient_id  # type: ignore[attr-defined]
    found = front.desk().see(registry.search, registry.SearchQuery("28.431.907"))
    assert [row.patient_id for row in found.rows] == [first.patient_id]
    by_name = front.desk().see(registry.search, registry.SearchQuery("rosa quispe conoc"))
    assert first.patient_id in {row.patient_id for row in by_name.rows}


def test_two_patients_cannot_hold_one_slot_nor_one_patient_two(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("cruiz")
    one, two = new_patient(front), new_patient(front)
    day = clock.local_day(clock.now(), front.actor.at.zone) + timedelta(days=3)
    ask = agenda.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=1)
    slot = front.desk().see(agenda.slots, ask)[0]
    first = front.desk().do(turns.book_turn, turns.BookTurn(patient_id=one.patient_id, slot=slot.id))
    with pytest.raises(SlotTaken, match="Ruiz"):
        front.desk().do(turns.book_turn, turns.BookTurn(patient_id=two.patient_id, slot=slot.id))
    same_time = agenda.SlotsQuery(network.clinic_ids[0], network.person_ids["jibarra"], since=day, days=1)
    other = front.desk().see(agenda.slots, same_time)[0]
    again = turns.BookTurn(patient_id=one.patient_id, slot=other.id, acknowledged=(first.id,))
    with pytest.raises(PatientBusy, match="Paz"):
        front.desk().do(turns.book_turn, again)


def test_front_desk_cannot_read_notes_by_raw_sql(log_in) -> None:  # type: ignore[no-untyped-def]
    front, doctor = log_in("msosa"), log_in("lpaz")
    with doctor.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar_one() >= 0
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("SELECT text FROM notes"))


def test_a_name_with_digits_and_a_passport_are_both_found(log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    numbered = new_patient(front, family="Schmidt332", given="Curt84")
    abroad = new_patient(front, document=Document("AR", "PAS", "AAB123456"))
    for typed, patient in (("schmidt332", numbered), ("Curt84 Schmidt332", numbered), ("aab123", abroad)):
        found = front.desk().see(registry.search, registry.SearchQuery(typed))
        assert [row.patient_id for row in found.rows] == [patient.patient_id]
