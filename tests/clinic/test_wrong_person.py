"""Turns, notes and results put on the wrong person: moved with trace, both charts showing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import misgiven
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.patients import merging
from clinicdesk.clinic.patients.errors import (
    EntryNotFound,
    MarkReason,
    MovedAlready,
    NotYourEntry,
    OnePerson,
    PatientNotFound,
)
from clinicdesk.clinic.patients.misplaced import marks_of
from clinicdesk.clinic.records import misplacing, queries, service
from clinicdesk.clinic.records.model import notes
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.results import queries as results
from clinicdesk.clinic.results.model import observations
from clinicdesk.clinic.results.model import results as result_rows
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import NotToMove, PatientBusy, ReasonNeeded, TurnNotFound
from clinicdesk.clinic.turns.model import bookings
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.clinic.test_merging import booked, merged, slot
from tests.factories import Network, broken_glass, followed, new_patient, proven

LogIn = Callable[..., Session]


def given(session: Session, turn: turns.TurnAnswer, to: UUID, **more: Any) -> turns.TurnAnswer:
    said: dict[str, Any] = {"patient_id": turn.patient_id, "turn_id": turn.id, "to_id": to}
    order = misgiven.GiveTo(**(said | {"reason": "homónimas"} | more))
    return session.desk().do(misgiven.give_to, order)


def hopped(session: Session, case: Any, turn: turns.TurnAnswer, **more: Any) -> turns.TurnAnswer:
    made = admissions.Admit if case is admissions.admit else turns.Hop
    order = made(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, **more)
    answer: turns.TurnAnswer = session.desk().do(case, order)
    return answer


def of(session: Session, patient_id: UUID) -> tuple[agenda.TurnRow, ...]:
    return session.desk().see(agenda.patient_turns, agenda.PatientTurnsQuery(patient_id))


def marks(session: Session, patient_id: UUID) -> list[tuple[str, str, int]]:
    with session.engine.connect() as connection:
        found = marks_of(Reader(connection, session.actor, clock.now()), patient_id).values()
    return [(mark.way, mark.kind, mark.other_chart) for mark in found]


def test_a_turn_goes_to_the_right_person_as_it_stood(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    wrong, right = new_patient(clerk), new_patient(clerk)
    turn = hopped(clerk, turns.confirm, booked(clerk, wrong.patient_id, slot(network, clerk, 70)))
    (before,) = of(clerk, wrong.patient_id)
    answer = given(clerk, turn, right.patient_id)
    assert of(clerk, wrong.patient_id) == ()
    (after,) = of(clerk, right.patient_id)
    assert (after.id, after.state) == (answer.id, "confirmado")
    for name in ("starts_at", "ends_at", "doctor_id", "room_code", "procedure", "block_id", "kind", "slots"):
        assert getattr(after, name) == getattr(before, name)
    assert marks(clerk, wrong.patient_id) == [("out", "turn", right.chart_number)]
    assert marks(clerk, right.patient_id) == [("in", "turn", wrong.chart_number)]
    held = select(bookings.c.turn_id, bookings.c.resource_id).where(
        bookings.c.turn_id.in_([turn.id, answer.id]), bookings.c.active
    )
    with network.owner.connect() as owner:
        rows = owner.execute(held).all()
    assert {row.turn_id for row in rows} == {answer.id}
    assert -right.chart_number in {row.resource_id for row in rows}
    # The wrong person is free then.
    booked(clerk, wrong.patient_id, slot(network, clerk, 70, doctor="jibarra"))


def test_who_waits_under_the_wrong_name_keeps_number_and_place(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    wrong, right = new_patient(clerk), new_patient(clerk)
    order = admissions.WalkIn(
        patient_id=wrong.patient_id, doctor_id=network.person_ids["lpaz"], reason="tos", triage=3
    )
    turn = clerk.desk().do(admissions.walk_in, order)
    answer = given(clerk, turn, right.patient_id)
    (row,) = of(clerk, right.patient_id)
    assert (row.id, row.state, row.ticket, row.triage, row.reason) == (
        answer.id,
        "en_espera",
        turn.ticket,
        3,
        "tos",
    )
    assert row.arrived_at is not None
    doctor = log_in("lpaz")
    start = service.StartVisit(
        patient_id=answer.patient_id, turn_id=answer.id, seq=answer.seq, from_state=answer.state
    )
    visit = doctor.desk().do(service.start_visit, start)
    with pytest.raises(NotToMove):
        given(
            clerk, turns.TurnAnswer(visit.patient_id, visit.turn_id, 0, "", row.starts_at), wrong.patient_id
        )


def test_what_cannot_be_given_on_is_refused_and_nothing_changes(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    wrong, right = new_patient(clerk), new_patient(clerk)
    where = slot(network, clerk, 71)
    turn = booked(clerk, wrong.patient_id, where)
    booked(clerk, right.patient_id, slot(network, clerk, 71, doctor="jibarra"))
    refusals: tuple[tuple[type[Exception], UUID, dict[str, Any]], ...] = (
        (PatientBusy, right.patient_id, {}),
        (OnePerson, wrong.patient_id, {}),
        (PatientNotFound, new_id(), {}),
        (ReasonNeeded, new_patient(clerk).patient_id, {"reason": " "}),
        (TurnNotFound, right.patient_id, {"turn_id": new_id()}),
    )
    for refusal, to, more in refusals:
        with pytest.raises(refusal):
            given(clerk, turn, to, **more)
    (row,) = of(clerk, wrong.patient_id)
    assert (row.id, row.state) == (turn.id, "registrado")
    assert marks(clerk, wrong.patient_id) == []


def note(doctor: Session, patient_id: UUID, words: str = "Tos seca.") -> service.RecordAnswer:
    """A signed entry of the doctor's in somebody's chart."""
    order = service.AddRecord(
        **proven(doctor),
        patient_id=patient_id,
        kind="consulta",
        title="Control",
        text=words,
        diagnoses=(DiagnosisEntry("J06.9", "Catarro", chronic=True),),
    )
    return doctor.desk().do(service.add_record, order)


def moved(doctor: Session, patient_id: UUID, entry_id: UUID, to: UUID, reason: str = "homónimas") -> Any:
    order = misplacing.MoveEntry(patient_id=patient_id, entry_id=entry_id, to_id=to, reason=reason)
    return doctor.desk().do(misplacing.move_entry, order)


def chart(session: Session, patient_id: UUID) -> queries.Chart:
    return session.desk().see(queries.open_chart, queries.ChartQuery(patient_id))


@pytest.fixture
def people(log_in: LogIn) -> tuple[Session, Any, Any]:
    """A doctor, and two people in her care: the wrong one and the right one."""
    doctor, clerk, secre = log_in("lpaz"), log_in("msosa"), log_in("secre")
    wrong, right = new_patient(clerk), new_patient(clerk)
    for each in (wrong, right):
        followed(secre, each.patient_id, doctor)
    return doctor, wrong, right


def test_a_signed_note_is_marked_in_one_chart_and_read_in_the_other(
    people: tuple[Session, Any, Any], network: Network
) -> None:
    doctor, wrong, right = people
    made = note(doctor, wrong.patient_id)
    with network.owner.connect() as owner:
        signed = owner.execute(select(notes).where(notes.c.record_id == made.id)).one()
    moved(doctor, wrong.patient_id, made.id, right.patient_id)
    left = chart(doctor, wrong.patient_id)
    (stub,) = left.entries
    assert (stub.id, stub.title, stub.notes, stub.diagnoses) == (made.id, None, (), ())
    assert stub.misplaced is not None
    assert (stub.misplaced.gone, stub.misplaced.other_chart) == (True, right.chart_number)
    assert (stub.misplaced.reason, stub.misplaced.person) == ("homónimas", "Paz")
    assert left.problems == ()
    found = chart(doctor, right.patient_id)
    (entry,) = found.entries
    assert [each.text for each in entry.notes] == ["Tos seca."]
    assert entry.title == "Control"
    assert entry.misplaced is not None
    assert (entry.misplaced.gone, entry.misplaced.other_chart) == (False, wrong.chart_number)
    assert [row.code for row in found.problems] == ["J06.9"]
    assert (found.entries_total, left.entries_total) == (1, 1)
    with network.owner.connect() as owner:
        assert owner.execute(select(notes).where(notes.c.record_id == made.id)).one() == signed
    # Both chains go on as they were.
    for each in (wrong, right):
        note(doctor, each.patient_id, "Otra.")


def test_whose_an_entry_is_says_its_author_once_and_why(
    people: tuple[Session, Any, Any], log_in: LogIn
) -> None:
    doctor, wrong, right = people
    made = note(doctor, wrong.patient_id)
    other = log_in("jibarra")
    broken_glass(other, wrong.patient_id)
    with pytest.raises(NotYourEntry):
        moved(other, wrong.patient_id, made.id, right.patient_id)
    with pytest.raises(MarkReason):
        moved(doctor, wrong.patient_id, made.id, right.patient_id, " ")
    with pytest.raises(OnePerson):
        moved(doctor, wrong.patient_id, made.id, wrong.patient_id)
    with pytest.raises(EntryNotFound):
        moved(doctor, wrong.patient_id, new_id(), right.patient_id)
    moved(doctor, wrong.patient_id, made.id, right.patient_id)
    with pytest.raises(MovedAlready):
        moved(doctor, wrong.patient_id, made.id, right.patient_id)


def test_a_result_shows_no_value_in_the_wrong_chart_and_all_in_the_right_one(
    people: tuple[Session, Any, Any], network: Network
) -> None:
    doctor, wrong, right = people
    result, at = new_id(), clock.now()
    owned = {"patient_id": wrong.patient_id, "at": at}
    with network.owner.begin() as owner:
        owner.execute(insert(result_rows), owned | {"id": result, "title": "Química", "category": "lab"})
        seen = {"id": new_id(), "result_id": result, "system": "LOINC", "code": "2823-3", "name": "Potasio"}
        owner.execute(insert(observations), owned | seen | {"value_number": 6, "unit": "mmol/L"})
    chart(doctor, wrong.patient_id)
    assert moved(doctor, wrong.patient_id, result, right.patient_id).kind == "result"
    chart(doctor, right.patient_id)
    (left,) = doctor.desk().see(results.observed, queries.ChartQuery(wrong.patient_id))
    assert left.value_number is None
    assert f"Pasó a HC {right.chart_number:06d}" in (left.value_text or "")
    (found,) = doctor.desk().see(results.observed, queries.ChartQuery(right.patient_id))
    assert found.value_number == 6
    assert found.unit == "mmol/L"
    assert f"vino de HC {wrong.chart_number:06d}" in found.title


ATTACKS = (
    ("msosa", "SELECT misfile_entry(:new, :wrong, :entry, :right, 'x', :new)", "permission denied"),
    ("enfe", "SELECT misfile_entry(:new, :wrong, :entry, :right, 'x', :new)", "permission denied"),
    ("jibarra", "SELECT misfile_entry(:new, :wrong, :entry, :right, 'x', :new)", "no open chart"),
    ("msosa", "SELECT misfile_turn(:new, :wrong, :entry, :right, :entry, 'x', :new)", "no such turns"),
    (
        "lpaz",
        "SELECT write_misfiled(:new, 'record', :wrong, :entry, :right, :entry, 'x', :new)",
        "permission",
    ),
    ("lpaz", "DELETE FROM misfiled", "permission denied"),
    ("lpaz", "UPDATE notes SET patient_id = :right WHERE record_id = :entry", "permission denied"),
)


@pytest.mark.parametrize(("username", "statement", "why"), ATTACKS)
def test_raw_sql_takes_nobodys_entries_elsewhere(
    username: str, statement: str, why: str, people: tuple[Session, Any, Any], log_in: LogIn
) -> None:
    doctor, wrong, right = people
    made = note(doctor, wrong.patient_id)
    values = {"wrong": wrong.patient_id, "right": right.patient_id, "entry": made.id, "new": new_id()}
    asked = {name: value for name, value in values.items() if f":{name}" in statement}
    with log_in(username).engine.connect() as connection, pytest.raises(DBAPIError, match=why):
        connection.execute(text(statement), asked)


def test_charts_of_one_person_are_read_as_one(people: tuple[Session, Any, Any], log_in: LogIn) -> None:
    """Whoever cares for one of them opens both, by either number; each entry says where it was entered."""
    doctor, kept, gone = people
    note(doctor, kept.patient_id, "Una.")
    second = note(doctor, gone.patient_id, "Otra.")
    other, secre = log_in("dvidal"), log_in("secre")
    followed(secre, gone.patient_id, other)
    merged(secre, kept.patient_id, gone.patient_id)
    for patient_id in (kept.patient_id, gone.patient_id):
        found = chart(other, patient_id)
        assert found.patient.patient_id == kept.patient_id
        assert [(row.notes[0].text, row.own_chart) for row in found.entries] == [
            ("Otra.", gone.chart_number),
            ("Una.", None),
        ]
        assert len(found.problems) == 1
    assert second.note_id is not None
    add = service.AddendNote(
        **proven(doctor), patient_id=gone.patient_id, amends_id=second.note_id, text="Y más."
    )
    doctor.desk().do(service.addend_note, add)
    back = merging.UnmergePatients(patient_id=gone.patient_id, reason="eran dos")
    secre.desk().do(merging.unmerge, back)
    assert [row.own_chart for row in chart(other, gone.patient_id).entries] == [None]
    (entry,) = chart(doctor, gone.patient_id).entries
    assert [each.text for each in entry.notes] == ["Otra.", "Y más."]
    assert len(chart(doctor, kept.patient_id).entries) == 1
