"""Drafts are their author's, signed notes are nobody's to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.errors import LoginRefused, ProofNeeded
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import adding, queries, rules, service, verifying
from clinicdesk.clinic.records.errors import (
    DraftChanged,
    NoteEmpty,
    NoteSigned,
    NotYourVisit,
    ReservedAttribute,
    VisitNotFound,
)
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import PASSWORD, STAFF, Network, followed, new_patient, proven

LogIn = Callable[..., Session]


def in_course(network: Network, log_in: LogIn) -> service.VisitAnswer:
    """A walk-in patient inside Dr. Paz's room."""
    front, doctor = log_in("msosa"), log_in("lpaz")
    patient = new_patient(front).patient_id
    order = admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason="cefalea")
    waiting = front.desk().do(admissions.walk_in, order)
    start = service.StartVisit(
        patient_id=patient, turn_id=waiting.id, seq=waiting.seq, from_state=waiting.state
    )
    return doctor.desk().do(service.start_visit, start)


def signed(network: Network, log_in: LogIn) -> tuple[service.VisitAnswer, service.NoteAnswer]:
    """A visit with its signed note."""
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    order = service.SignNote(
        patient_id=visit.patient_id,
        visit_id=visit.visit_id,
        text="Buen estado general.",
        **proven(doctor),
    )
    return visit, doctor.desk().do(service.sign_note, order)


def test_a_draft_saved_twice_with_other_diagnoses_is_a_lost_race(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz").desk()
    first = service.SaveDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, text="Refiere", version=1)
    doctor.do(service.save_draft, first)
    stated = (rules.DiagnosisEntry("I10", "Hipertensión"),)
    with pytest.raises(DraftChanged):
        doctor.do(service.save_draft, replace(first, key=new_id(), diagnoses=stated))


def test_a_draft_needs_a_visit(network: Network, log_in: LogIn) -> None:
    visit = in_course(network, log_in)
    order = service.SaveDraft(patient_id=visit.patient_id, visit_id=new_id(), text="x", version=1)
    with pytest.raises(VisitNotFound):
        log_in("lpaz").desk().do(service.save_draft, order)


def test_whoever_attended_a_requeued_patient_signs_too(network: Network, log_in: LogIn) -> None:
    visit, first, second = in_course(network, log_in), log_in("lpaz"), log_in("jibarra")
    followed(log_in("secre"), visit.patient_id, second, log_in("dvidal"))
    step: dict[str, Any] = {"patient_id": visit.patient_id, "turn_id": visit.turn_id}
    order = service.SignNote(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="Sin fiebre.", **proven(second)
    )
    with pytest.raises(NotYourVisit):
        second.desk().do(service.sign_note, order)
    back = first.desk().do(turns.requeue, turns.Hop(**step, seq=visit.seq, from_state=visit.state))
    second.desk().do(service.start_visit, service.StartVisit(**step, seq=back.seq, from_state=back.state))
    assert second.desk().do(service.sign_note, replace(order, **proven(second))).note_id == order.note_id
    third = log_in("dvidal")
    again = replace(order, **proven(third))
    with pytest.raises(NotYourVisit):
        third.desk().do(service.sign_note, again)


def test_a_note_tells_whose_session_wrote_it(network: Network, log_in: LogIn) -> None:
    visit, note = signed(network, log_in)
    other = log_in("jibarra")
    followed(log_in("secre"), visit.patient_id, other)
    other.desk().see(queries.open_chart, queries.ChartQuery(visit.patient_id))
    doctor = other.engine
    forge = (
        "INSERT INTO notes (patient_id, id, record_id, amends_id, text, author_id, author_name,"
        " author_license, signed_at, prev_hash, hash{}) SELECT patient_id, gen_random_uuid(), record_id,"
        " n.id, 'Falsa', {}, p.family || ', ' || p.given, p.license, signed_at, hash, sha256(hash){}"
        " FROM notes n, people p WHERE n.id = :note AND p.id = charts.me()"
    )
    with doctor.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text(forge.format(", login", "author_id", ", login")), {"note": note.note_id})
    with doctor.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(text(forge.format("", "author_id", "")), {"note": note.note_id})
    with doctor.begin() as connection:
        connection.execute(text(forge.format("", other.actor.person_id, "")), {"note": note.note_id})
    who = text("SELECT login FROM notes WHERE patient_id = :patient ORDER BY login")
    with network.owner.connect() as owner:
        assert list(owner.execute(who, {"patient": visit.patient_id}).scalars()) == ["u_jibarra", "u_lpaz"]


def test_a_draft_is_saved_version_by_version_and_a_lost_race_says_so(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz").desk()
    first = service.SaveDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, text="Refiere", version=1)
    doctor.do(service.save_draft, first)
    assert doctor.do(service.save_draft, first).version == 1
    second = replace(first, key=new_id(), text="Refiere dolor", version=2)
    doctor.do(service.save_draft, second)
    with pytest.raises(DraftChanged):
        doctor.do(service.save_draft, replace(first, key=new_id(), text="Otro puesto", version=2))
    kept = doctor.see(queries.drafts, queries.DraftsQuery(visit_id=visit.visit_id))
    assert [(row.text, row.version) for row in kept] == [("Refiere dolor", 2)]


def test_a_draft_is_read_by_its_author_alone(network: Network, log_in: LogIn) -> None:
    visit, author, other = in_course(network, log_in), log_in("lpaz"), log_in("jibarra")
    order = service.SaveDraft(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="solo mío", version=1
    )
    author.desk().do(service.save_draft, order)
    everything = text("SELECT text FROM note_drafts")
    with author.engine.connect() as connection:
        assert "solo mío" in connection.execute(everything).scalars().all()
    with other.engine.connect() as connection:
        assert connection.execute(everything).scalars().all() == []
    for username in ("msosa", "admin", "enfe"):
        with log_in(username).engine.connect() as connection, pytest.raises(DBAPIError, match="denied"):
            connection.execute(everything)


def test_signing_asks_for_the_password_of_the_signer_just_now(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    order = service.SignNote(patient_id=visit.patient_id, visit_id=visit.visit_id, text="Nota.")
    with pytest.raises(ProofNeeded):
        doctor.desk().do(service.sign_note, order)
    with pytest.raises(LoginRefused):
        doctor.prove("otra clave")
    fresh = doctor.prove(PASSWORD, order.key)
    stale = replace(fresh, at=fresh.at - timedelta(minutes=5))
    foreign = log_in("jibarra").prove(PASSWORD, order.key)
    of_another_order, of_none = doctor.prove(PASSWORD, new_id()), doctor.prove(PASSWORD)
    for proof in (stale, foreign, of_another_order, of_none):
        with pytest.raises(ProofNeeded):
            doctor.desk().do(service.sign_note, replace(order, proof=proof))
    doctor.desk().do(service.sign_note, replace(order, proof=fresh))


def test_one_proof_signs_one_order(network: Network, log_in: LogIn) -> None:
    doctor = log_in("lpaz")
    first, second = in_course(network, log_in), in_course(network, log_in)
    proof = proven(doctor)
    order = service.SignNote(patient_id=first.patient_id, visit_id=first.visit_id, text="Una.", **proof)
    doctor.desk().do(service.sign_note, order)
    more = service.SignNote(
        patient_id=second.patient_id, visit_id=second.visit_id, text="Otra.", proof=order.proof
    )
    with pytest.raises(ProofNeeded):
        doctor.desk().do(service.sign_note, more)
    doctor.desk().do(service.sign_note, replace(more, **proven(doctor)))


def test_an_empty_note_and_anothers_visit_are_not_signed(network: Network, log_in: LogIn) -> None:
    visit, doctor, other = in_course(network, log_in), log_in("lpaz"), log_in("jibarra")
    followed(log_in("secre"), visit.patient_id, other)
    blank = service.SignNote(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text=" \n ", **proven(doctor)
    )
    with pytest.raises(NoteEmpty):
        doctor.desk().do(service.sign_note, blank)
    with pytest.raises(NotYourVisit):
        other.desk().do(service.sign_note, replace(blank, text="Nota.", **proven(other)))


def test_a_visit_is_signed_once_and_grows_by_addenda(network: Network, log_in: LogIn) -> None:
    (visit, note), doctor = signed(network, log_in), log_in("lpaz")
    twice = service.SignNote(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="Otra.", **proven(doctor)
    )
    with pytest.raises(NoteSigned):
        doctor.desk().do(service.sign_note, twice)
    addendum = service.AddendNote(
        patient_id=visit.patient_id,
        amends_id=note.note_id,
        text="Agrego: alta.",
        **proven(doctor),
    )
    doctor.desk().do(service.addend_note, addendum)
    chart = doctor.desk().see(queries.open_chart, queries.ChartQuery(visit.patient_id))
    texts = [(row.text, row.amends_id) for entry in chart.entries for row in entry.notes]
    assert texts == [("Buen estado general.", None), ("Agrego: alta.", note.note_id)]


def test_each_hash_covers_the_note_and_the_one_before(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    stated = (
        rules.DiagnosisEntry("I10", "Hipertensión: «ñ» 🩺", chronic=True),
        rules.DiagnosisEntry("E11.9", "", certainty="presuntivo", kind="relacionado"),
    )
    order = service.SignNote(
        patient_id=visit.patient_id,
        visit_id=visit.visit_id,
        text="Peso 70\nTalla 1,70",
        diagnoses=stated,
        **proven(doctor),
    )
    first = doctor.desk().do(service.sign_note, order)
    addendum = service.AddendNote(
        patient_id=visit.patient_id, amends_id=first.note_id, text="Agrego: alta.", **proven(doctor)
    )
    doctor.desk().do(service.addend_note, addendum)
    with network.owner.connect() as owner:
        reader = Reader(owner, doctor.actor, clock.now())
        ours = [
            (rules.note_hash(note.prev_hash, note.signed), note.hash)
            for note in verifying.held_notes(reader, visit.patient_id)
        ]
        theirs = (
            "SELECT charts.note_hash(notes), hash FROM notes WHERE patient_id = :id ORDER BY signed_at, id"
        )
        in_sql = [tuple(map(bytes, row)) for row in owner.execute(text(theirs), {"id": visit.patient_id})]
    assert len(ours) == 2
    assert ours == in_sql
    assert all(made == kept for made, kept in ours)
    assert ours[0][1].hex() == first.hash


@pytest.mark.parametrize("username", [each[0] for each in STAFF])
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE notes SET text = 'otra cosa'",
        "UPDATE notes SET signed_at = now() - interval '1 day'",
        "DELETE FROM notes",
        "TRUNCATE notes",
        "UPDATE acts SET person = 'u_nadie'",
        "ALTER TABLE notes DISABLE TRIGGER ALL",
    ],
)
def test_no_role_changes_a_signed_note_or_an_act(log_in: LogIn, username: str, attack: str) -> None:
    session = log_in(username)
    with (
        session.engine.connect() as connection,
        pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(attack))


def test_the_doctor_who_may_not_change_notes_may_read_them(network: Network, log_in: LogIn) -> None:
    _visit, note = signed(network, log_in)
    with log_in("lpaz").engine.connect() as connection:
        read = connection.execute(text("SELECT text FROM notes WHERE id = :id"), {"id": note.note_id})
        assert read.scalars().all() == ["Buen estado general."]


def test_no_attribute_takes_the_place_of_an_unsigned_text(log_in: LogIn) -> None:
    patient = new_patient(log_in("msosa")).patient_id
    order = adding.AddRecord(patient_id=patient, kind="consulta", attributes={rules.UNSIGNED: "firmar esto"})
    with pytest.raises(ReservedAttribute):
        log_in("lpaz").desk().do(adding.add_record, order)
