"""Turns, notes and results put on the wrong person: moved with trace, both charts showing it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.cli.charts import chart_lines
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
from clinicdesk.clinic.patients.misplaced import marks_of, origin_words
from clinicdesk.clinic.prescriptions import queries as pills
from clinicdesk.clinic.prescriptions.model import prescription_items, prescriptions
from clinicdesk.clinic.records import adding, measuring, misplacing, queries, service
from clinicdesk.clinic.records import measured as vital_reads
from clinicdesk.clinic.records.model import notes, vitals
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.results import queries as results
from clinicdesk.clinic.results.model import observations
from clinicdesk.clinic.results.model import results as result_rows
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import NotToMove, PatientBusy, ReasonNeeded, TurnNotFound
from clinicdesk.clinic.turns.model import bookings
from clinicdesk.clinic.usecases import Reader
from clinicdesk.exporters import HISTORY, HistoryQuery
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from clinicdesk.tui.parts.bits import bits_of
from clinicdesk.tui.roles import chart_text as words
from clinicdesk.tui.roles.merge_people import parted_words
from tests.clinic.test_merging import booked, merged, slot
from tests.exporters.test_history_pdf import text_of
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


def note(doctor: Session, patient_id: UUID, words: str = "Tos seca.") -> adding.RecordAnswer:
    """A signed entry of the doctor's in somebody's chart."""
    order = adding.AddRecord(
        **proven(doctor),
        patient_id=patient_id,
        kind="consulta",
        title="Control",
        text=words,
        diagnoses=(DiagnosisEntry("J06.9", "Catarro", chronic=True),),
    )
    return doctor.desk().do(adding.add_record, order)


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
    result = observed(network, wrong.patient_id)
    chart(doctor, wrong.patient_id)
    assert moved(doctor, wrong.patient_id, result, right.patient_id).kind == "result"
    chart(doctor, right.patient_id)
    (left,) = doctor.desk().see(results.observed, queries.ChartQuery(wrong.patient_id))
    assert left.value_number is None
    assert f"Pasó a HC {right.chart_number:06d}" in (left.value_text or "")
    (found,) = doctor.desk().see(results.observed, queries.ChartQuery(right.patient_id))
    assert found.value_number == 6
    assert found.unit == "mmol/L"
    assert origin_words(found.own_chart, found.misplaced) == f"vino de HC {wrong.chart_number:06d}"


def measured(session: Session, patient_id: UUID, *said: tuple[str, str]) -> UUID:
    """Signs taken by the session's person: the id of the first value."""
    order = measuring.TakeVitals(
        patient_id=patient_id, measures=tuple(measuring.Measure(sign, value) for sign, value in said)
    )
    session.desk().do(measuring.take_vitals, order)
    return order.vitals_id


def moved_vitals(session: Session, patient_id: UUID, value: UUID, to: UUID) -> misplacing.MovedEntry:
    order = misplacing.MoveEntry(patient_id=patient_id, entry_id=value, to_id=to, reason="otra cama")
    return session.desk().do(misplacing.move_vitals, order)


def series(session: Session, patient_id: UUID, code: str = "8867-4") -> list[int]:
    query = vital_reads.VitalsQuery(patient_id, code)
    return [int(row.value) for row in session.desk().see(vital_reads.vital_series, query)]


def test_a_measurement_goes_whole_and_counts_where_it_belongs(
    people: tuple[Session, Any, Any], network: Network, log_in: LogIn
) -> None:
    doctor, wrong, right = people
    nurse = log_in("enfe")
    for each in (wrong, right):
        broken_glass(nurse, each.patient_id)
    measured(nurse, wrong.patient_id, ("fc", "70"))
    measured(nurse, right.patient_id, ("fc", "80"))
    value = measured(nurse, wrong.patient_id, ("fc", "120"), ("temp", "39"))
    for other in (doctor, nurse):
        chart(other, wrong.patient_id)
    with pytest.raises(NotYourEntry):  # not the doctor's, who measured nothing
        moved(doctor, wrong.patient_id, value, right.patient_id)
    assert moved_vitals(nurse, wrong.patient_id, value, right.patient_id).kind == "vitals"
    left, found = chart(doctor, wrong.patient_id), chart(doctor, right.patient_id)
    assert [(row.code, int(row.value)) for row in left.vitals] == [("8867-4", 70)]
    (gone,) = left.vitals_gone
    assert (gone.count, gone.misplaced.other_chart, gone.misplaced.reason) == (
        2,
        right.chart_number,
        "otra cama",
    )
    assert {(row.code, int(row.value)) for row in found.vitals} == {("8867-4", 120), ("8310-5", 39)}
    assert all(row.misplaced and row.misplaced.other_chart == wrong.chart_number for row in found.vitals)
    assert found.vitals_gone == ()
    assert series(doctor, wrong.patient_id) == [70]
    assert series(doctor, right.patient_id) == [80, 120]
    with pytest.raises(MovedAlready):
        moved_vitals(nurse, wrong.patient_id, value, right.patient_id)
    with network.owner.connect() as owner:
        mine = text("SELECT count(*) FROM vitals WHERE patient_id = :wrong")
        assert owner.execute(mine, {"wrong": wrong.patient_id}).scalar_one() == 3, "nothing was changed"


def test_a_nurse_moves_nothing_but_what_she_measured(
    people: tuple[Session, Any, Any], network: Network, log_in: LogIn
) -> None:
    doctor, wrong, right = people
    nurse = log_in("enfe")
    broken_glass(nurse, wrong.patient_id)
    made, pill, taken = note(doctor, wrong.patient_id), prescribed(network, wrong.patient_id), clock.now()
    came = {"patient_id": wrong.patient_id, "id": new_id(), "at": taken, "system": "LOINC", "code": "8867-4"}
    with network.owner.begin() as owner:
        owner.execute(insert(vitals), came | {"name": "FC", "value": 60, "unit": "/min"})
    for entry in (made.id, pill, came["id"], measured(doctor, wrong.patient_id, ("fc", "61"))):
        with pytest.raises(NotYourEntry):
            moved_vitals(nurse, wrong.patient_id, entry, right.patient_id)
    # What came from elsewhere is nobody's: a doctor who reads it says whose it is.
    assert moved(doctor, wrong.patient_id, came["id"], right.patient_id).kind == "vitals"


def prescribed(network: Network, patient_id: UUID) -> UUID:
    """Metformin in force, prescribed elsewhere."""
    head = {"patient_id": patient_id, "id": new_id(), "state": "vigente", "starts_at": clock.now()}
    item = {"patient_id": patient_id, "id": new_id(), "prescription_id": head["id"], "text": "Metformina"}
    with network.owner.begin() as owner:
        owner.execute(insert(prescriptions), head)
        owner.execute(insert(prescription_items), item)
    return UUID(str(head["id"]))


def test_a_prescription_is_in_force_for_whom_it_is(
    people: tuple[Session, Any, Any], network: Network
) -> None:
    doctor, wrong, right = people
    pill = prescribed(network, wrong.patient_id)
    chart(doctor, wrong.patient_id)
    assert moved(doctor, wrong.patient_id, pill, right.patient_id).kind == "prescription"
    chart(doctor, right.patient_id)
    (left,) = doctor.desk().see(pills.prescribed, queries.ChartQuery(wrong.patient_id))
    assert (left.state, left.code, left.reason) == ("", None, None)
    assert f"Pasó a HC {right.chart_number:06d}" in left.text
    (found,) = doctor.desk().see(pills.prescribed, queries.ChartQuery(right.patient_id))
    assert (found.text, found.state) == ("Metformina", "vigente")
    assert origin_words(found.own_chart, found.misplaced) == f"vino de HC {wrong.chart_number:06d}"


def test_what_a_merged_chart_brought_says_so(
    people: tuple[Session, Any, Any], network: Network, log_in: LogIn
) -> None:
    """Prescriptions, signs, results and problems as entries do: on the screen, at the prompt and on paper."""
    doctor, kept, gone = people
    for each in (kept, gone):
        note(doctor, each.patient_id)
        prescribed(network, each.patient_id)
        observed(network, each.patient_id)
    measured(doctor, gone.patient_id, ("fc", "70"))
    merged(log_in("secre"), kept.patient_id, gone.patient_id)
    found, query = chart(doctor, kept.patient_id), queries.ChartQuery(kept.patient_id)
    assert [row.own_chart for row in found.vitals] == [gone.chart_number]
    assert [row.own_chart for row in found.problems] == [gone.chart_number]
    for rows in (doctor.desk().see(pills.prescribed, query), doctor.desk().see(results.observed, query)):
        assert {row.own_chart for row in rows} == {None, gone.chart_number}
    said, whole = f"de HC {gone.chart_number:06d}", doctor.desk().see(pills.prescribed, query)
    told = [
        *(words.vital_line(row, 60, "UTC") for row in found.vitals),
        *(words.diagnosis_lines(row, 90)[-1] for row in found.problems),
        *(words.prescribed_lines(row, 60, "UTC")[1] for row in whole if row.own_chart),
        *(
            words.observed_line(row, 60, "UTC")
            for row in doctor.desk().see(results.observed, query)
            if row.own_chart
        ),
    ]
    assert len(told) == 4
    assert all(said in "".join(bit.text for bit in bits_of(line)) for line in told)
    printed = "\n".join(chart_lines(found, whole, clock.now().date(), UTC))
    assert printed.count(f" · {said}") == 3
    history = doctor.desk().see(HISTORY, HistoryQuery(kept.patient_id, "pdf"))
    assert text_of(history).count(said) >= 3


def observed(network: Network, patient_id: UUID) -> UUID:
    """A potassium that nobody of the house asked for."""
    result, owned = new_id(), {"patient_id": patient_id, "at": clock.now()}
    seen = {"id": new_id(), "result_id": result, "system": "LOINC", "code": "2823-3", "name": "Potasio"}
    with network.owner.begin() as owner:
        owner.execute(insert(result_rows), owned | {"id": result, "title": "Química", "category": "lab"})
        owner.execute(insert(observations), owned | seen | {"value_number": 6, "unit": "mmol/L"})
    return result


ATTACKS = (
    ("msosa", "SELECT misfile_entry(:new, :wrong, :entry, :right, 'x', :new)", "permission denied"),
    ("enfe", "SELECT misfile_entry(:new, :wrong, :entry, :right, 'x', :new)", "no open chart"),
    ("gestion", "SELECT misfile_entry(:new, :wrong, :entry, :right, 'x', :new)", "permission denied"),
    ("enfe", "UPDATE vitals SET patient_id = :right WHERE patient_id = :wrong", "permission denied"),
    ("lpaz", "UPDATE prescriptions SET patient_id = :right WHERE patient_id = :wrong", "permission denied"),
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


def test_what_was_given_and_signed_while_two_were_one_stays_and_is_said(
    people: tuple[Session, Any, Any], network: Network, log_in: LogIn
) -> None:
    doctor, gone, kept = people
    secre = log_in("secre")
    booked(secre, kept.patient_id, slot(network, secre, 61))
    note(doctor, kept.patient_id, "De antes.")
    merged(secre, kept.patient_id, gone.patient_id)
    turn = booked(secre, kept.patient_id, slot(network, secre, 62))
    made = note(doctor, kept.patient_id, "Mientras eran una.")
    elsewhere = note(doctor, kept.patient_id, "De una tercera.")
    moved(doctor, kept.patient_id, elsewhere.id, new_patient(secre).patient_id)
    answer = secre.desk().do(
        merging.unmerge, merging.UnmergePatients(patient_id=gone.patient_id, reason="eran dos")
    )
    assert [(row.kind, row.doctor) for row in answer.entered] == [("turn", "Paz"), ("note", "Paz")]
    assert answer.entered[0].at == turn.starts_at
    assert {row.id for row in of(secre, kept.patient_id)} >= {turn.id}
    assert made.id in {entry.id for entry in chart(doctor, kept.patient_id).entries}
    said = list(parted_words(answer))
    assert said[-1].startswith(f"Se dio mientras tanto y queda en HC {kept.chart_number:06d}: 1 turno (")
    # Of a merge that was not taken back, and for who may not merge, nothing is told.
    found = "SELECT count(*) FROM public.entered_while_one(:id)"
    with secre.engine.connect() as connection:
        assert connection.execute(text(found), {"id": kept.patient_id}).scalar_one() == 0
    with doctor.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(found), {"id": gone.patient_id})
