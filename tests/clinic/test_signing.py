"""Signing what the server holds: drafts and entries that wait for a signature."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from clinicdesk import bootstrap
from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import adding, service, signing
from clinicdesk.clinic.records import queries as history
from clinicdesk.clinic.records.errors import (
    NoteEmpty,
    NoteSigned,
    NoteTooLong,
    NotYourVisit,
    RecordNotFound,
    RecordOutOfTime,
)
from clinicdesk.clinic.records.rules import NOTE_MOST, UNSIGNED, DiagnosisEntry
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, followed, new_patient, proven

STATED = (DiagnosisEntry("I10", "Hipertensión"),)


def entry_of(session: bootstrap.Session, patient_id: UUID) -> history.EntryRow:
    """The newest entry of a chart."""
    return session.desk().see(history.reread_chart, history.ChartQuery(patient_id)).entries[0]


def visit_of(network: Network, front: bootstrap.Session, doctor: bootstrap.Session) -> service.VisitAnswer:
    """A patient in the doctor's room."""
    patient_id = new_patient(front).patient_id
    admitted = front.desk().do(
        admissions.walk_in,
        admissions.WalkIn(patient_id=patient_id, doctor_id=doctor.actor.person_id, reason="control"),
    )
    start = service.StartVisit(
        patient_id=patient_id, turn_id=admitted.id, seq=admitted.seq, from_state=admitted.state
    )
    return doctor.desk().do(service.start_visit, start)


def test_a_draft_is_signed_as_the_server_holds_it_and_again_gives_the_first_answer(  # type: ignore[no-untyped-def]
    network: Network, log_in
) -> None:
    doctor = log_in("jibarra")
    visit = visit_of(network, log_in("msosa"), doctor)
    draft = service.SaveDraft(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="Sin cambios.", diagnoses=STATED, version=1
    )
    doctor.desk().do(service.save_draft, draft)
    order = signing.SignDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, **proven(doctor))
    first = doctor.desk().do(signing.sign_draft, order)
    again = replace(order, record_id=new_id(), note_id=new_id(), **proven(doctor, order.key))
    assert doctor.desk().do(signing.sign_draft, again) == first
    entry = entry_of(doctor, visit.patient_id)
    assert [note.text for note in entry.notes] == ["Sin cambios."]
    assert [row.code for row in entry.diagnoses] == ["I10"]
    with pytest.raises(NoteEmpty):
        doctor.desk().do(signing.sign_draft, replace(order, key=new_id()))


def test_an_entry_waits_for_its_signature_and_is_signed_once(log_in) -> None:  # type: ignore[no-untyped-def]
    doctor = log_in("jibarra")
    new = new_patient(log_in("msosa")).patient_id
    patient_id = followed(log_in("secre"), new, *map(log_in, ("lpaz", "jibarra", "dvidal")))
    added = doctor.desk().do(
        adding.add_record,
        adding.AddRecord(
            patient_id=patient_id, kind="control", text="TA 120/80", diagnoses=STATED, sign=False
        ),
    )
    assert added.note_id is None
    assert entry_of(doctor, patient_id).attributes == {UNSIGNED: "TA 120/80"}
    order = signing.SignRecord(patient_id=patient_id, record_id=added.id, **proven(doctor))
    doctor.desk().do(signing.sign_record, order)
    entry = entry_of(doctor, patient_id)
    assert [note.text for note in entry.notes] == ["TA 120/80"]
    assert entry.attributes == {}
    with pytest.raises(NoteSigned):
        doctor.desk().do(signing.sign_record, replace(order, **proven(doctor)))


def test_only_its_author_signs_an_entry_and_with_the_password(log_in) -> None:  # type: ignore[no-untyped-def]
    doctor, other = log_in("jibarra"), log_in("lpaz")
    new = new_patient(log_in("msosa")).patient_id
    patient_id = followed(log_in("secre"), new, *map(log_in, ("lpaz", "jibarra", "dvidal")))
    entry = adding.AddRecord(patient_id=patient_id, kind="control", text="tos", sign=False)
    added = doctor.desk().do(adding.add_record, entry)
    order = signing.SignRecord(patient_id=patient_id, record_id=added.id)
    with pytest.raises(ProofNeeded):
        doctor.desk().do(signing.sign_record, order)
    with pytest.raises(NotYourVisit):
        other.desk().do(signing.sign_record, replace(order, **proven(other)))
    lost = replace(order, record_id=new_id(), **proven(doctor))
    with pytest.raises(RecordNotFound):
        doctor.desk().do(signing.sign_record, lost)
    assert entry_of(doctor, patient_id).notes == ()


def test_an_entry_is_neither_out_of_time_nor_longer_than_a_note(log_in) -> None:  # type: ignore[no-untyped-def]
    doctor = log_in("jibarra")
    new = new_patient(log_in("msosa")).patient_id
    patient_id = followed(log_in("secre"), new, *map(log_in, ("lpaz", "jibarra", "dvidal")))
    now = clock.now()
    for at in (now + timedelta(hours=1), now.replace(year=1879)):
        with pytest.raises(RecordOutOfTime):
            doctor.desk().do(adding.add_record, adding.AddRecord(patient_id=patient_id, kind="otro", at=at))
    for sign in (True, False):
        long = adding.AddRecord(
            patient_id=patient_id,
            kind="otro",
            text="a" * (NOTE_MOST + 1),
            sign=sign,
            **proven(doctor),
        )
        with pytest.raises(NoteTooLong):
            doctor.desk().do(adding.add_record, long)
    assert doctor.desk().see(history.reread_chart, history.ChartQuery(patient_id)).entries == ()
