"""Leases, break-glass, sealed patients and the hourly limit, met as people and by raw SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed, TooManyCharts
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import service as patients
from clinicdesk.clinic.patients.errors import PatientNotFound
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.privacy import queries, service
from clinicdesk.clinic.privacy.errors import AlertNotFound, BadClass, OwnAlert, ReasonTooShort
from clinicdesk.clinic.records import adding
from clinicdesk.clinic.records import queries as history
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.kit.ids import new_id
from tests.clinic.test_notes import in_course, signed
from tests.factories import Network, broken_glass, followed, new_patient, proven

LogIn = Callable[..., Session]
REASON = "Convulsiona en la sala de espera"


@pytest.fixture
def privacy(log_in: LogIn) -> Session:
    """The officer of privacy."""
    return log_in("priva")


@pytest.fixture
def results(log_in: LogIn) -> Session:
    """Who delivers copies."""
    return log_in("copias")


def notes_seen(session: Session, patient_id: UUID) -> int:
    """Signed notes that raw SQL shows this login."""
    with session.engine.connect() as connection:
        statement = text("SELECT count(*) FROM notes WHERE patient_id = :patient")
        return int(connection.execute(statement, {"patient": patient_id}).scalar_one())


def glass(doctor: Session, patient_id: UUID, **changes: object) -> service.BreakGlass:
    order = service.BreakGlass(patient_id=patient_id, reason=REASON, **proven(doctor))
    return replace(order, **changes)  # type: ignore[arg-type]


def owner_does(network: Network, statement: str, **values: object) -> None:
    with network.owner.begin() as owner:
        owner.execute(text(statement), values)


def test_a_chart_is_closed_without_a_relation_and_open_with_one(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    stranger = log_in("dvidal")
    query = history.ChartQuery(visit.patient_id)
    with pytest.raises(NoCareRelation):
        stranger.desk().see(history.open_chart, query)
    assert notes_seen(stranger, visit.patient_id) == 0
    followed(log_in("secre"), visit.patient_id, stranger)
    assert notes_seen(stranger, visit.patient_id) == 0
    assert len(stranger.desk().see(history.open_chart, query).entries) == 1
    assert notes_seen(stranger, visit.patient_id) == 1


def test_a_relation_that_ended_opens_nothing(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    doctor, secretary = log_in("dvidal"), log_in("secre")
    followed(secretary, visit.patient_id, doctor)
    (held,) = secretary.desk().see(queries.relations, queries.RelationsQuery(visit.patient_id))
    assert held.person == "Vidal, Delia"
    secretary.desk().do(
        service.end_relation, service.EndRelation(patient_id=visit.patient_id, relation_id=held.id)
    )
    with pytest.raises(NoCareRelation):
        doctor.desk().see(history.open_chart, history.ChartQuery(visit.patient_id))


def test_a_lease_slides_while_it_is_used_and_ends_by_itself(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    doctor, who = log_in("lpaz"), {"patient": visit.patient_id}
    mine = "WHERE login = 'u_lpaz' AND patient_id = :patient"
    until = f"SELECT until - clock_timestamp() > interval '12 minutes' FROM chart_leases {mine}"
    move = f"UPDATE chart_leases SET until = clock_timestamp() + :left * interval '1 minute' {mine}"
    owner_does(network, move, left=3, **who)
    doctor.desk().see(history.reread_chart, history.ChartQuery(visit.patient_id))
    with network.owner.connect() as owner:
        assert owner.execute(text(until), who).scalar_one()
    owner_does(network, move, left=-1, **who)
    assert notes_seen(doctor, visit.patient_id) == 0
    doctor.desk().see(history.reread_chart, history.ChartQuery(visit.patient_id))
    assert notes_seen(doctor, visit.patient_id) == 1
    opened = (
        "SELECT count(*) FROM acts WHERE what = 'chart.open' AND person = 'u_lpaz' AND patient_id = :patient"
    )
    with network.owner.connect() as owner:
        assert owner.execute(text(opened), who).scalar_one() == 2


def test_closing_ends_every_lease(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    doctor = log_in("lpaz")
    assert notes_seen(doctor, visit.patient_id) == 1
    doctor.desk().do(service.close_charts, service.CloseCharts())
    assert notes_seen(doctor, visit.patient_id) == 0


def test_breaking_the_glass_needs_a_reason_a_class_and_the_password(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    doctor = log_in("jibarra")
    for change, refusal in (
        ({"reason": "urgente"}, ReasonTooShort),
        ({"reason": "a" * 30}, ReasonTooShort),
        ({"urgency": "copia"}, BadClass),
        ({"urgency": "curiosidad"}, BadClass),
        ({"proof": None}, ProofNeeded),
    ):
        with pytest.raises(refusal):
            doctor.desk().do(service.break_glass, glass(doctor, visit.patient_id, **change))
    assert notes_seen(doctor, visit.patient_id) == 0
    with pytest.raises(NotAllowed):
        log_in("msosa").desk().do(service.break_glass, glass(doctor, visit.patient_id))
    answer = doctor.desk().do(service.break_glass, glass(doctor, visit.patient_id))
    assert notes_seen(doctor, visit.patient_id) == 1
    assert doctor.desk().see(history.open_chart, history.ChartQuery(visit.patient_id)).entries
    assert answer.patient_id == visit.patient_id


def test_a_broken_glass_does_not_slide(network: Network, log_in: LogIn) -> None:
    visit, _note = signed(network, log_in)
    doctor = log_in("dvidal")
    broken_glass(doctor, visit.patient_id)
    mine = " WHERE login = 'u_dvidal'"
    owner_does(network, "UPDATE chart_leases SET until = clock_timestamp() + interval '2 minutes'" + mine)
    doctor.desk().see(history.reread_chart, history.ChartQuery(visit.patient_id))
    with network.owner.connect() as owner:
        left = "SELECT max(until) < clock_timestamp() + interval '2 minutes' FROM chart_leases" + mine
        assert owner.execute(text(left)).scalar_one()


def test_privacy_sees_the_alert_and_who_opened_what(
    network: Network, log_in: LogIn, privacy: Session
) -> None:
    visit, _note = signed(network, log_in)
    doctor = log_in("enfe")
    followed(log_in("secre"), visit.patient_id, log_in("dvidal"))
    elsewhere(network, visit.patient_id)
    with pytest.raises(NoCareRelation):
        doctor.desk().see(history.open_chart, history.ChartQuery(visit.patient_id))
    broken_glass(doctor, visit.patient_id)
    desk = privacy.desk()
    alert = desk.see(queries.alerts, queries.AlertsQuery())[0]
    assert (alert.person, alert.reason, alert.urgency) == ("Roldán, Inés", REASON, "urgencia")
    answer = desk.do(service.review_alert, service.ReviewAlert(alert_id=alert.id, outcome="justificado"))
    assert answer.outcome == "justificado"
    assert alert.id not in {row.id for row in desk.see(queries.alerts, queries.AlertsQuery())}
    with pytest.raises(AlertNotFound):
        desk.do(service.review_alert, service.ReviewAlert(alert_id=alert.id, outcome="injustificado"))
    log = desk.see(queries.access_log, queries.AccessLogQuery(visit.patient_id))
    assert {("Roldán, Inés", "chart.break_glass", "BTG"), ("Paz, Lucía", "note.sign", "TREAT")} <= {
        (row.person, row.what, row.purpose) for row in log
    }
    assert notes_seen_refused(privacy, visit.patient_id)


def notes_seen_refused(session: Session, patient_id: UUID) -> bool:
    try:
        notes_seen(session, patient_id)
    except DBAPIError as error:
        return "permission denied" in str(error)
    return False


def elsewhere(network: Network, patient_id: UUID) -> None:
    """The patient's turns move to the other clinic, where the nurse does not work."""
    owner_does(network, "UPDATE turns SET clinic_id = :clinic WHERE patient_id = :patient",
               clinic=network.clinic_ids[1], patient=patient_id)  # fmt: skip


def test_nobody_reviews_their_own_opening(network: Network, log_in: LogIn, privacy: Session) -> None:
    visit, _note = signed(network, log_in)
    broken_glass(log_in("jibarra"), visit.patient_id)
    owner_does(
        network,
        "UPDATE chart_alerts SET login = 'u_priva' WHERE patient_id = :patient",
        patient=visit.patient_id,
    )
    (alert,) = [
        row for row in privacy.desk().see(queries.alerts, queries.AlertsQuery()) if row.login == "u_priva"
    ]
    with pytest.raises(OwnAlert):
        privacy.desk().do(service.review_alert, service.ReviewAlert(alert_id=alert.id, outcome="justificado"))


def test_more_charts_than_an_hour_holds_are_refused(
    network: Network, log_in: LogIn, privacy: Session
) -> None:
    doctor, front, secretary = log_in("dvidal"), log_in("msosa"), log_in("secre")
    privacy.desk().do(service.limit_charts, service.LimitCharts(role="medico", charts_per_hour=3))
    owner_does(network, "DELETE FROM chart_leases WHERE login = 'u_dvidal'")
    try:
        some = [followed(secretary, new_patient(front).patient_id, doctor) for _ in range(4)]
        for patient_id in some[:3]:
            doctor.desk().see(history.open_chart, history.ChartQuery(patient_id))
        with pytest.raises(TooManyCharts):
            doctor.desk().see(history.open_chart, history.ChartQuery(some[3]))
        doctor.desk().see(history.open_chart, history.ChartQuery(some[0]))
    finally:
        privacy.desk().do(service.limit_charts, service.LimitCharts(role="medico", charts_per_hour=60))
    doctor.desk().see(history.open_chart, history.ChartQuery(some[3]))


def test_a_sealed_patient_is_found_whole_and_seen_by_their_carers(
    network: Network, log_in: LogIn, privacy: Session
) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    patient_id = new_patient(
        front,
        family="Barrios Leal",
        given="Nahuel",
        document=Document("AR", "DNI", "44902318"),
        phone="11 5555-4444",
    ).patient_id
    privacy.desk().do(patients.seal_patient, patients.SealPatient(patient_id=patient_id, sealed=True))
    for session in (front, doctor):
        desk = session.desk()
        assert desk.see(registry.search, registry.SearchQuery("barrios nahuel")).rows == ()
        assert desk.see(registry.search, registry.SearchQuery("4490231")).rows == ()
        (face,) = desk.see(registry.search, registry.SearchQuery("44902318")).rows
        assert (face.family, face.closed, face.phone, face.document) == ("Barrios Leal", True, None, "")
        with session.engine.connect() as connection:
            row = "SELECT count(*) FROM patients WHERE patient_id = :patient"
            assert connection.execute(text(row), {"patient": patient_id}).scalar_one() == 0
    with pytest.raises(NoCareRelation):
        doctor.desk().see(history.open_chart, history.ChartQuery(patient_id))
    broken_glass(doctor, patient_id)
    chart = doctor.desk().see(history.open_chart, history.ChartQuery(patient_id))
    assert (chart.patient.phone, chart.patient.sealed, chart.patient.closed) == ("+541155554444", True, False)
    assert privacy.desk().see(registry.search, registry.SearchQuery("barrios nahuel")).rows


def test_the_counter_sees_a_sealed_patient_whom_it_expects(
    network: Network, log_in: LogIn, privacy: Session
) -> None:
    visit = in_course(network, log_in)
    privacy.desk().do(patients.seal_patient, patients.SealPatient(patient_id=visit.patient_id, sealed=True))
    for username, sees in (("cruiz", True), ("enfe", True), ("lpaz", True), ("sur", False)):
        row = log_in(username).desk().see(registry.show, registry.PatientQuery(visit.patient_id))
        assert row.closed is not sees, username


def test_who_is_hidden_by_a_seal_is_given_a_turn_and_expected_then(
    network: Network, log_in: LogIn, privacy: Session
) -> None:
    front = log_in("msosa")
    patient_id = new_patient(front, phone="11 5555-4444").patient_id
    privacy.desk().do(patients.seal_patient, patients.SealPatient(patient_id=patient_id, sealed=True))
    shown = registry.PatientQuery(patient_id)
    assert front.desk().see(registry.show, shown).closed
    order = admissions.WalkIn(patient_id=patient_id, doctor_id=network.person_ids["lpaz"], reason="dolor")
    front.desk().do(admissions.walk_in, order)
    assert front.desk().see(registry.show, shown).phone == "+541155554444"
    (turn,) = [row for row in front.desk().see(agenda.day_turns, agenda.DayQuery(network.clinic_ids[0]))
               if row.patient_id == patient_id]  # fmt: skip
    assert turn.sealed
    with pytest.raises(PatientNotFound):
        front.desk().do(admissions.walk_in, replace(order, key=new_id(), patient_id=new_id()))


def test_allergies_are_told_to_carers_without_the_chart_and_written_down(
    network: Network, log_in: LogIn, privacy: Session
) -> None:
    patient_id = new_patient(log_in("msosa"), phone="11 5555-4444").patient_id
    known = "INSERT INTO allergies (patient_id, id, substance) VALUES (:patient, :id, 'penicilina')"
    owner_does(network, known, patient=patient_id, id=new_id())
    query = registry.PatientQuery(patient_id)
    for username in ("dvidal", "enfe"):
        facts = log_in(username).desk().see(registry.safety_facts, query)
        assert [row.substance for row in facts.allergies] == ["penicilina"]
        assert facts.patient.phone == "+541155554444"
    privacy.desk().do(patients.seal_patient, patients.SealPatient(patient_id=patient_id, sealed=True))
    facts = log_in("dvidal").desk().see(registry.safety_facts, query)
    assert [row.substance for row in facts.allergies] == ["penicilina"]
    assert facts.patient.phone is None
    for username in ("msosa", "secre", "copias", "priva"):
        with pytest.raises(NotAllowed):
            log_in(username).desk().see(registry.safety_facts, query)
    told = (
        "SELECT count(*) FROM acts"
        " WHERE what = 'patient.safety_facts' AND outcome = 'done' AND patient_id = :id"
    )
    with network.owner.connect() as owner:
        assert owner.execute(text(told), {"id": patient_id}).scalar_one() == 3


def test_a_copy_is_opened_on_request(network: Network, log_in: LogIn, results: Session) -> None:
    visit, _note = signed(network, log_in)
    query = history.ChartQuery(visit.patient_id)
    with pytest.raises(NoCareRelation):
        results.desk().see(history.open_chart, query)
    order = service.OpenCopy(patient_id=visit.patient_id, reason="Pide copia su hija, con poder firmado")
    with pytest.raises(ReasonTooShort):
        results.desk().do(service.open_copy, replace(order, key=new_id(), reason="copia"))
    results.desk().do(service.open_copy, order)
    assert results.desk().see(history.open_chart, query).entries
    with pytest.raises(NotAllowed):
        log_in("lpaz").desk().do(service.open_copy, replace(order, key=new_id()))


STEP = (
    "INSERT INTO turn_events (patient_id, turn_id, seq, prev_seq, from_state, to_state, at, person_id, act)"
    " VALUES (:patient, :turn, :seq, :seq - 1, 'en_curso', 'finalizado', now(), :person, gen_random_uuid())"
)


def test_a_step_of_a_turn_is_its_doers_own(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    step = {"patient": visit.patient_id, "turn": visit.turn_id, "seq": visit.seq + 1}
    with doctor.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(text(STEP), step | {"person": network.person_ids["jibarra"]})
    with doctor.engine.connect() as connection:
        assert connection.execute(text(STEP), step | {"person": network.person_ids["lpaz"]}).rowcount == 1


def test_a_turn_is_changed_at_its_own_clinic_alone(network: Network, log_in: LogIn) -> None:
    visit = in_course(network, log_in)
    change = text("UPDATE turns SET calls = calls + 1 WHERE patient_id = :patient")
    for username, changed in (("sur", 0), ("cruiz", 1)):
        with log_in(username).engine.connect() as connection:
            assert connection.execute(change, {"patient": visit.patient_id}).rowcount == changed


def test_a_doctor_signs_nothing_in_anothers_name(network: Network, log_in: LogIn) -> None:
    patient_id = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, log_in("lpaz"))
    doctor = log_in("lpaz")
    doctor.desk().do(adding.add_record, adding.AddRecord(patient_id=patient_id, kind="otro"))
    forged = text(
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id)"
        " VALUES (:patient, gen_random_uuid(), 'otro', now(), :clinic, :doctor)"
    )
    row = {"patient": patient_id, "clinic": network.clinic_ids[0]}
    with doctor.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(forged, row | {"doctor": network.person_ids["jibarra"]})
    with doctor.engine.connect() as connection:
        assert connection.execute(forged, row | {"doctor": network.person_ids["lpaz"]}).rowcount == 1
