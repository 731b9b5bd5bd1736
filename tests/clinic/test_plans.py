"""What notes order: signed with them, ended by an act; controls that reception sees without any text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.patients import merging
from clinicdesk.clinic.records import (
    adding,
    lateness,
    misplacing,
    planning,
    queries,
    service,
    signing,
    templates,
)
from clinicdesk.clinic.records.errors import (
    BadFollowUp,
    BadTreatment,
    EndReason,
    FollowUpWith,
    LateReason,
    RecordBeforeBirth,
    RecordOutOfTime,
    TreatmentEnded,
    TreatmentNotFound,
)
from clinicdesk.clinic.records.plan import FollowUpEntry, Late, Plan, TreatmentEntry
from clinicdesk.clinic.records.plan_words import day_of, follow_up_of, moment_of, treatment_of
from clinicdesk.clinic.sites.errors import SiteChanged
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.clinic.test_notes import in_course
from tests.factories import ZONE, Network, followed, new_patient, proven

LogIn = Callable[..., Session]
TODAY = date(2026, 11, 23)
DOCTORS = ((1, "Paz"), (2, "Pazos"), (3, "Ibarra"), (4, "Ñandutí"))


def today() -> date:
    return clock.local_day(clock.now(), ZONE)


def plan_of(doctor_id: int, days: int = 30) -> Plan:
    first = TreatmentEntry("Amoxicilina 500 mg cada 8 h", today(), today() + timedelta(days=6))
    second = TreatmentEntry("Dieta sin sal", today())
    control = FollowUpEntry(today() + timedelta(days=days), doctor_id, "traer laboratorio")
    return Plan((first, second), (control,))


def signed(network: Network, log_in: LogIn, **more: Any) -> tuple[service.VisitAnswer, service.NoteAnswer]:
    """A visit of Dr. Paz's, signed with a plan."""
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    order = service.SignNote(
        patient_id=visit.patient_id,
        visit_id=visit.visit_id,
        text="Texto que nadie en recepción lee.",
        **{"plan": plan_of(doctor.actor.person_id)} | proven(doctor) | more,
    )
    return visit, doctor.desk().do(service.sign_note, order)


def chart_of(session: Session, patient_id: UUID) -> queries.Chart:
    return session.desk().see(queries.open_chart, queries.ChartQuery(patient_id))


def test_a_plan_is_kept_in_the_draft_and_signed_with_the_note(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    plan = plan_of(doctor.actor.person_id)
    draft = service.SaveDraft(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="Angina.", plan=plan, version=1
    )
    doctor.desk().do(service.save_draft, draft)
    assert doctor.desk().do(service.save_draft, draft).version == 1
    kept = doctor.desk().see(queries.drafts, queries.DraftsQuery(visit.patient_id, visit.visit_id))
    assert kept[0].plan == plan
    order = signing.SignDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, **proven(doctor))
    doctor.desk().do(signing.sign_draft, order)
    chart = chart_of(doctor, visit.patient_id)
    (entry,) = chart.entries
    assert [(row.what, row.since, row.until) for row in entry.treatments] == [
        (each.what, each.since, each.until) for each in plan.treatments
    ]
    assert [(row.due_on, row.what, row.doctor) for row in entry.follow_ups] == [
        (plan.follow_ups[0].due_on, "traer laboratorio", "Paz, Lucía")
    ]
    assert [row.what for row in chart.treatments] == ["Amoxicilina 500 mg cada 8 h", "Dieta sin sal"]


@pytest.mark.parametrize(
    ("plan", "refusal"),
    [
        (lambda: Plan((TreatmentEntry("  ", today()),)), BadTreatment),
        (lambda: Plan((TreatmentEntry("x", today(), today() - timedelta(days=1)),)), BadTreatment),
        (lambda: Plan((TreatmentEntry("x", today()),) * 21), BadTreatment),
        (lambda: Plan((), (FollowUpEntry(today(), 1),)), BadFollowUp),
        (lambda: Plan((), (FollowUpEntry(today() + timedelta(days=800), 1),)), BadFollowUp),
        (lambda: Plan((), (FollowUpEntry(today() + timedelta(days=8), 987654),)), FollowUpWith),
    ],
)
def test_what_no_note_orders_is_refused_and_nothing_is_signed(
    network: Network, log_in: LogIn, plan: Callable[[], Plan], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        signed(network, log_in, plan=plan())


def test_a_treatment_is_ended_once_with_a_reason_and_the_note_stays(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    doctor, other = log_in("lpaz"), log_in("jibarra")
    followed(log_in("secre"), visit.patient_id, other)
    row = chart_of(doctor, visit.patient_id).treatments[1]
    order = planning.EndTreatment(patient_id=visit.patient_id, treatment_id=row.id, why="edema")
    with pytest.raises(EndReason):
        doctor.desk().do(planning.end_treatment, replace(order, key=new_id(), why=" x "))
    with pytest.raises(TreatmentNotFound):
        doctor.desk().do(planning.end_treatment, replace(order, key=new_id(), treatment_id=new_id()))
    answer = other.desk().do(planning.end_treatment, order)
    assert other.desk().do(planning.end_treatment, order) == answer
    again = replace(order, key=new_id(), end_id=new_id())
    with pytest.raises(TreatmentEnded):
        doctor.desk().do(planning.end_treatment, again)
    chart = chart_of(doctor, visit.patient_id)
    assert [each.what for each in chart.treatments] == ["Amoxicilina 500 mg cada 8 h"]
    ended = chart.entries[0].treatments[1]
    assert (ended.what, ended.ended_on, ended.ended_why) == ("Dieta sin sal", today(), "edema")


@pytest.mark.parametrize("table", ["treatments", "treatment_ends", "follow_ups"])
def test_nobody_changes_what_was_ordered_and_who_may_not_read_it_reads_nothing(
    network: Network, log_in: LogIn, table: str
) -> None:
    visit, _note = signed(network, log_in)
    doctor, other = log_in("lpaz"), log_in("dvidal")
    treatment_id = chart_of(doctor, visit.patient_id).treatments[0].id
    order = planning.EndTreatment(patient_id=visit.patient_id, treatment_id=treatment_id, why="alergia")
    doctor.desk().do(planning.end_treatment, order)
    attacks = (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}")
    for attack in attacks:
        with doctor.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(attack))
    mine = text(f"SELECT count(*) FROM {table} WHERE patient_id = :id")
    with doctor.engine.connect() as connection:
        assert connection.execute(mine, {"id": visit.patient_id}).scalar_one() > 0
    with other.engine.connect() as connection:
        assert connection.execute(mine, {"id": visit.patient_id}).scalar_one() == 0
    for username in ("msosa", "secre", "gestion", "admin"):
        with log_in(username).engine.connect() as connection, pytest.raises(DBAPIError, match="denied"):
            connection.execute(mine, {"id": visit.patient_id})


def due_of(session: Session, patient_id: UUID) -> tuple[planning.DueRow, ...]:
    return session.desk().see(planning.due_of, planning.DueQuery(patient_id))


def test_reception_sees_day_and_doctor_of_a_control_until_a_turn_is_given(
    network: Network, log_in: LogIn
) -> None:
    visit, _note = signed(network, log_in)
    front = log_in("msosa")
    (row,) = due_of(front, visit.patient_id)
    assert (row.due_on, row.doctor, row.turn_day) == (today() + timedelta(days=30), "Paz, Lucía", None)
    assert "laboratorio" not in repr(row)
    ask = slots.SlotsQuery(
        network.clinic_ids[0], network.person_ids["lpaz"], since=today() + timedelta(days=29), days=1
    )
    where = front.desk().see(slots.slots, ask)[0]
    front.desk().do(turns.book_turn, turns.BookTurn(patient_id=visit.patient_id, slot=where.id))
    assert due_of(front, visit.patient_id) == ()
    span = planning.ClinicDueQuery(today(), today() + timedelta(days=60))
    listed = front.desk().see(planning.due_at_clinic, span)
    assert visit.patient_id not in {each.patient_id for each in listed}
    every = front.desk().see(planning.due_at_clinic, replace(span, given=True))
    assert {each.turn_day for each in every if each.patient_id == visit.patient_id} == {
        today() + timedelta(days=29)
    }


def test_the_clinics_list_is_its_own_and_for_who_gives_turns(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    span = planning.ClinicDueQuery(today(), today() + timedelta(days=60))
    seen = log_in("msosa").desk().see(planning.due_at_clinic, span)
    assert visit.patient_id in {each.patient_id for each in seen}
    assert visit.patient_id not in {
        each.patient_id for each in log_in("sur").desk().see(planning.due_at_clinic, span)
    }
    for username in ("enfe", "admin", "priva", "gestion"):
        with pytest.raises(NotAllowed):
            log_in(username).desk().see(planning.due_at_clinic, span)
    everything = "SELECT count(*) FROM charts.follow_ups_at(:clinic, '2000-01-01', '2100-01-01')"
    with log_in("enfe").engine.connect() as connection, pytest.raises(DBAPIError, match="denied"):
        connection.execute(text(everything), {"clinic": network.clinic_ids[0]})


def test_a_merged_persons_treatments_and_controls_are_one_list(network: Network, log_in: LogIn) -> None:
    secre, doctor = log_in("secre"), log_in("lpaz")
    visit, _note = signed(network, log_in)
    kept = new_patient(secre).patient_id
    order = merging.MergePatients(patient_id=kept, retired_id=visit.patient_id, reason="ficha duplicada")
    secre.desk().do(merging.merge, order)
    assert [row.patient_id for row in due_of(log_in("msosa"), kept)] == [kept]
    assert [row.what for row in chart_of(doctor, kept).treatments] == [
        "Amoxicilina 500 mg cada 8 h",
        "Dieta sin sal",
    ]


END = text(
    "INSERT INTO treatment_ends (patient_id, id, treatment_id, day, why, person_id, at)"
    " VALUES (:patient, :id, :treatment, current_date, 'tos seca', :me, now())"
)


def test_a_treatment_of_a_moved_entry_is_ended_where_it_belongs(network: Network, log_in: LogIn) -> None:
    visit, note = signed(network, log_in)
    author, secre = log_in("lpaz"), log_in("secre")
    there, here = (
        log_in("jibarra"),
        log_in("dvidal"),
    )  # the one reads the right chart, the other the wrong one
    right = followed(secre, new_patient(secre).patient_id, there)
    followed(secre, visit.patient_id, here)
    first, second = chart_of(author, visit.patient_id).treatments
    why = misplacing.MoveEntry(
        patient_id=visit.patient_id, entry_id=note.record_id, to_id=right, reason="homónimas"
    )
    author.desk().do(misplacing.move_entry, why)
    assert chart_of(here, visit.patient_id).treatments == ()
    assert [row.id for row in chart_of(there, right).treatments] == [first.id, second.id]
    order = planning.EndTreatment(patient_id=visit.patient_id, treatment_id=first.id, why="tos seca")
    with pytest.raises(TreatmentNotFound):
        here.desk().do(planning.end_treatment, order)
    answer = there.desk().do(planning.end_treatment, replace(order, key=new_id(), patient_id=right))
    assert (answer.patient_id, answer.what) == (right, first.what)
    again = replace(order, key=new_id(), end_id=new_id(), patient_id=right)
    with pytest.raises(TreatmentEnded):
        there.desk().do(planning.end_treatment, again)
    read = chart_of(there, right)
    assert [row.id for row in read.treatments] == [second.id]
    assert [row.ended_why for row in read.entries[0].treatments] == ["tos seca", None]

    values = {"patient": visit.patient_id, "treatment": second.id}
    for session, done in ((here, False), (there, True)):
        mine = values | {"id": new_id(), "me": session.actor.person_id}
        with session.engine.begin() as connection:
            if done:
                connection.execute(END, mine)
            else:
                with pytest.raises(DBAPIError, match="row-level security"):
                    connection.execute(END, mine)
    assert chart_of(there, right).treatments == ()


def test_a_doctor_begins_with_the_template_of_their_specialty(log_in: LogIn) -> None:
    manager, doctor = log_in("gestion").desk(), log_in("dvidal").desk()
    ask = templates.MyTemplatesQuery()
    assert [row.name for row in doctor.see(templates.my_templates, ask)] == ["SOAP", "Libre"]
    first = templates.AddTemplate(name="Zeta", body="Motivo:", specialty="CLM", first=True)
    manager.do(templates.add_template, first)
    made = manager.do(templates.add_template, templates.AddTemplate(name="Alfa", body="Motivo:"))
    mine = [row.name for row in doctor.see(templates.my_templates, ask)]
    assert mine == ["Zeta", "SOAP", "Libre", "Alfa"]
    gone = templates.EditTemplate(template_id=made.id, version=1, name="Alfa", body="Motivo:", active=False)
    manager.do(templates.edit_template, gone)
    assert [row.name for row in doctor.see(templates.my_templates, ask)] == ["Zeta", "SOAP", "Libre"]
    with pytest.raises(SiteChanged):
        manager.do(templates.edit_template, replace(gone, key=new_id(), active=True))
    with pytest.raises(NotAllowed):
        doctor.do(templates.add_template, templates.AddTemplate(name="Mía", body="x"))
    only = templates.AddTemplate(name="Del centro", body="Motivo:", here=True)
    manager.do(templates.add_template, only)
    assert "Del centro" in [row.name for row in doctor.see(templates.my_templates, ask)]
    elsewhere = log_in("sur").desk().see(templates.my_templates, ask)
    assert "Del centro" not in [row.name for row in elsewhere]
    assert [row.clinic for row in elsewhere if row.name == "Zeta"] == []


# What is typed later


def test_a_note_typed_later_keeps_both_hours_and_the_order_of_signing(
    network: Network, log_in: LogIn
) -> None:
    _visit, first = signed(network, log_in)
    at = clock.now() - timedelta(hours=4)
    visit, _second = signed(network, log_in, late=Late(at, "corte de luz"))
    (entry,) = chart_of(log_in("lpaz"), visit.patient_id).entries
    assert (entry.at, entry.late_reason) == (at, "corte de luz")
    assert entry.written_at is not None
    assert entry.written_at == entry.notes[0].signed_at > at + timedelta(hours=3)
    assert first.signed_at < entry.written_at


@pytest.mark.parametrize(
    ("late", "refusal"),
    [
        (lambda: Late(clock.now() + timedelta(hours=1), "corte de luz"), RecordOutOfTime),
        (lambda: Late(datetime(1981, 7, 30, tzinfo=UTC), "corte de luz"), RecordBeforeBirth),
        (lambda: Late(clock.now() - timedelta(hours=1), " a "), LateReason),
    ],
)
def test_another_hour_has_its_bounds_and_its_reason(
    network: Network, log_in: LogIn, late: Callable[[], Late], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        signed(network, log_in, late=late())


def test_who_was_attended_without_a_turn_gets_a_visit_that_opens_no_chart(
    network: Network, log_in: LogIn
) -> None:
    doctor, secre = log_in("jibarra"), log_in("secre")
    patient = new_patient(secre).patient_id
    followed(secre, patient, doctor)
    at = clock.now() - timedelta(hours=5)
    order = lateness.EnterVisit(patient_id=patient, at=at, reason="sin sistema")
    entered = doctor.desk().do(lateness.enter_visit, order)
    sign = service.SignNote(
        patient_id=patient, visit_id=entered.visit_id, text="Atendido en la guardia.", **proven(doctor)
    )
    doctor.desk().do(service.sign_note, sign)
    (entry,) = chart_of(doctor, patient).entries
    assert (entry.at, entry.late_reason) == (at, "sin sistema")
    with network.owner.begin() as owner:
        ended = text("UPDATE care_relations SET ended_at = now() WHERE patient_id = :id")
        owner.execute(ended, {"id": patient})
    called = in_course(network, log_in)
    paz = log_in("lpaz")
    for session in (doctor, paz):
        with session.engine.begin() as connection:
            connection.execute(text("SELECT charts.leave()"))
    with pytest.raises(NoCareRelation):
        chart_of(doctor, patient)
    assert chart_of(paz, called.patient_id).entries == ()


def test_a_record_says_why_it_comes_late_only_with_its_hour(log_in: LogIn) -> None:
    doctor, secre = log_in("jibarra"), log_in("secre")
    patient = new_patient(secre).patient_id
    followed(secre, patient, doctor)
    order = adding.AddRecord(patient_id=patient, kind="control", late_reason="sin línea")
    with pytest.raises(LateReason):
        doctor.desk().do(adding.add_record, order)
    at = clock.now() - timedelta(days=1)
    doctor.desk().do(adding.add_record, replace(order, key=new_id(), at=at))
    assert [(row.at, row.late_reason) for row in chart_of(doctor, patient).entries] == [(at, "sin línea")]


# As it is typed


@pytest.mark.parametrize(
    ("typed", "what", "until"),
    [
        ("Amoxicilina 500 mg cada 8 h por 7 días", "Amoxicilina 500 mg cada 8 h", date(2026, 11, 29)),
        ("Enalapril 10 mg  cada 12 h", "Enalapril 10 mg cada 12 h", None),
        ("Reposo hasta el 28/11", "Reposo", date(2026, 11, 28)),
        ("Yeso por 4 semanas.", "Yeso", date(2026, 12, 20)),
        ("Dieta hasta 3/1", "Dieta", date(2027, 1, 3)),
        ("Kinesiología por 2 meses", "Kinesiología", date(2027, 1, 21)),
        ("Levotiroxina 50 por la mañana", "Levotiroxina 50 por la mañana", None),
    ],
)
def test_a_treatment_as_typed(typed: str, what: str, until: date | None) -> None:
    assert treatment_of(typed, TODAY) == TreatmentEntry(what, TODAY, until)


@pytest.mark.parametrize(
    ("typed", "due", "doctor", "what"),
    [
        ("30", date(2026, 12, 23), 9, ""),
        ("30: traer laboratorio", date(2026, 12, 23), 9, "traer laboratorio"),
        ("30 d", date(2026, 12, 23), 9, ""),
        ("en 3 meses con Paz: traer laboratorio", date(2027, 2, 21), 1, "traer laboratorio"),
        ("2 sem con dr. ibarra", date(2026, 12, 7), 3, ""),
        ("21/12 curación", date(2026, 12, 21), 9, "curación"),
        ("21/12/27 con ñand", date(2027, 12, 21), 4, ""),
        ("5/1: con nanduti", date(2027, 1, 5), 4, ""),
    ],
)
def test_a_control_as_typed(typed: str, due: date, doctor: int, what: str) -> None:
    assert follow_up_of(typed, TODAY, DOCTORS, 9) == FollowUpEntry(due, doctor, what)


@pytest.mark.parametrize(
    "typed", ["", "pronto", "31/02", "0", "30 con Pérez", "30 con pa", "900 d", "23/11/26"]
)
def test_what_is_no_control_says_why(typed: str) -> None:
    assert isinstance(follow_up_of(typed, TODAY, DOCTORS, 9), str)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_understood_or_refused(typed: str) -> None:
    for found in (treatment_of(typed, TODAY), follow_up_of(typed, TODAY, DOCTORS, 9)):
        assert found
    assert day_of("29/2", TODAY) is None


def test_an_hour_as_typed_is_in_the_past() -> None:
    now = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
    zone = "America/Argentina/Buenos_Aires"
    assert moment_of("10:05", now, zone) == datetime(2026, 11, 23, 13, 5, tzinfo=UTC)
    assert moment_of("20/11 9.15", now, zone) == datetime(2026, 11, 20, 12, 15, tzinfo=UTC)
    assert moment_of("25/12 23:00", now, zone) == datetime(2025, 12, 26, 2, 0, tzinfo=UTC)
    for wrong in ("", "ayer", "10", "25:00", "14:31", "31/02 10:00", "1/1/99 25:10"):
        assert isinstance(moment_of(wrong, now, zone), str)
