"""Walk-ins for a service: they wait without a doctor, any doctor of it may call them, and becomes theirs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import queries, series, triage
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions.errors import NobodyWaits, NoQueue, NotAService, NotYourService
from clinicdesk.clinic.agendas.errors import BlockFull
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import queries as board
from clinicdesk.clinic.turns.errors import TurnChanged
from clinicdesk.clinic.turns.service import TurnAnswer
from clinicdesk.clinic.turns.services import ServicesQuery, services
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


@pytest.fixture
def service(network: Network, log_in: LogIn) -> int:
    """The one service of the clinic."""
    (row,) = log_in("msosa").desk().see(services, ServicesQuery(network.clinic_ids[0]))
    assert (row.code, row.name) == ("CLM", "Clínica médica")
    return row.specialty_id


@pytest.fixture(autouse=True)
def _nobody_waits_yet(network: Network) -> None:
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE turns SET voided_reason = 'otra prueba' WHERE state = 'en_espera'"))


def asked(session: Session, **whom: Any) -> TurnAnswer:
    order = admissions.WalkIn(patient_id=new_patient(session).patient_id, reason="fiebre", **whom)
    return session.desk().do(admissions.walk_in, order)


def row_of(session: Session, turn: TurnAnswer) -> board.TurnRow:
    return session.desk().see(board.turns_by_ids, board.TurnsQuery(((turn.patient_id, turn.id),)))[0]


def test_any_doctor_of_a_service_calls_who_waits_for_it_and_is_theirs(
    network: Network, log_in: LogIn, service: int
) -> None:
    front = log_in("msosa")
    waits = asked(front, specialty_id=service, triage=3)
    row = row_of(front, waits)
    assert (row.doctor_id, row.doctor_family, row.specialty) == (None, "Clínica médica", "Clínica médica")
    doctor = log_in("jibarra")
    visit = doctor.desk().do(records.call_next, records.CallNext())
    assert visit.turn_id == waits.id
    row = row_of(front, waits)
    assert (row.doctor_id, row.doctor_family, row.state) == (doctor.actor.person_id, "Ibarra", "en_curso")
    with pytest.raises(NobodyWaits):
        log_in("lpaz").desk().do(records.call_next, records.CallNext())


def test_they_stand_in_the_queue_of_each_doctor_by_level_and_arrival(
    network: Network, log_in: LogIn, service: int
) -> None:
    front, mine = log_in("msosa"), network.person_ids["lpaz"]
    late_own = asked(front, doctor_id=mine, triage=4)
    ahead = asked(front, specialty_id=service, triage=3)
    asked(front, doctor_id=network.person_ids["dvidal"], triage=1)

    def why(**what: Any) -> Any:
        return front.desk().see(queries.why_next, queries.WhyQuery(**what))

    assert (why(doctor_id=mine).turn.id, why(doctor_id=mine).of) == (ahead.id, 2)
    assert why(turn_id=late_own.id).place == 2
    assert (why(turn_id=ahead.id).place, why(turn_id=ahead.id).of) == (1, 1)
    assert log_in("lpaz").desk().do(records.call_next, records.CallNext()).turn_id == ahead.id


def test_of_two_doctors_who_call_at_once_one_is_theirs(network: Network, log_in: LogIn, service: int) -> None:
    waits = asked(log_in("msosa"), specialty_id=service)
    ends: list[str] = []
    barrier = threading.Barrier(2)

    def calls(username: str) -> None:
        with closing(network.log_in(username)) as doctor:
            barrier.wait(60)
            try:
                doctor.desk().do(records.call_next, records.CallNext())
                ends.append(username)
            except (TurnChanged, NobodyWaits):
                ends.append("")

    both = [threading.Thread(target=calls, args=(name,)) for name in ("lpaz", "jibarra")]
    for each in both:
        each.start()
    for each in both:
        each.join(120)
    assert sorted(ends)[0] == ""
    winner = max(ends)
    assert row_of(log_in("msosa"), waits).doctor_id == network.person_ids[winner]


def test_who_is_not_of_the_service_neither_finds_nor_takes_them(
    network: Network, log_in: LogIn, service: int
) -> None:
    doctor = network.person_ids["dvidal"]
    change = text("UPDATE agenda_blocks SET state = :state WHERE doctor_id = :doctor")
    with network.owner.begin() as owner:
        owner.execute(change, {"state": "borrador", "doctor": doctor})
    try:
        front, other = log_in("msosa"), log_in("dvidal")
        waits = asked(front, specialty_id=service)
        with pytest.raises(NobodyWaits):
            other.desk().do(records.call_next, records.CallNext())
        seen: dict[str, Any] = {
            "patient_id": waits.patient_id,
            "turn_id": waits.id,
            "seq": 1,
            "from_state": "en_espera",
        }
        with pytest.raises(NotYourService, match="Clínica médica"):
            other.desk().do(records.start_visit, records.StartVisit(**seen))
        assert log_in("lpaz").desk().do(records.start_visit, records.StartVisit(**seen)).state == "en_curso"
    finally:
        with network.owner.begin() as owner:
            owner.execute(change, {"state": "publicado", "doctor": doctor})


def test_they_are_moved_to_one_doctors_queue(network: Network, log_in: LogIn, service: int) -> None:
    front = log_in("msosa")
    waits = asked(front, specialty_id=service)
    order = triage.Transfer(
        patient_id=waits.patient_id, turn_id=waits.id, doctor_id=network.person_ids["lpaz"], seen=None
    )
    answer = log_in("enfe").desk().do(triage.transfer, order)
    assert (answer.before, answer.doctor) == (None, "Paz")
    assert row_of(front, waits).doctor_family == "Paz"


def test_a_walk_in_waits_for_a_doctor_or_for_a_service_of_the_clinic(
    network: Network, log_in: LogIn, service: int
) -> None:
    front = log_in("msosa")
    for whom in ({}, {"doctor_id": network.person_ids["lpaz"], "specialty_id": service}):
        with pytest.raises(NoQueue):
            asked(front, **whom)
    with network.owner.begin() as owner:
        made = text("INSERT INTO specialties (code, name) VALUES ('DER', 'Dermatología') RETURNING id")
        nobodys = owner.execute(made).scalar_one()
    with pytest.raises(NotAService):
        asked(front, specialty_id=nobodys)


def test_their_number_is_of_the_services_series(network: Network, log_in: LogIn, service: int) -> None:
    admin = log_in("admin")
    admin.desk().do(series.set_series, series.SetSeries(specialty="CLM", series="M"))
    try:
        assert (asked(log_in("msosa"), specialty_id=service).ticket or "").startswith("M")
    finally:
        admin.desk().do(series.set_series, series.SetSeries(specialty="CLM", series=None))


@pytest.fixture
def by_arrival(network: Network) -> Iterator[None]:
    """Two doctors who see one and two people a day by order of arrival."""
    change = text("UPDATE agenda_blocks SET capacity = :most WHERE doctor_id = :doctor")
    with network.owner.begin() as owner:
        owner.execute(change, {"most": 1, "doctor": network.person_ids["dvidal"]})
        owner.execute(change, {"most": 2, "doctor": network.person_ids["jibarra"]})
    yield
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM block_places"))
        owner.execute(text("UPDATE agenda_blocks SET capacity = NULL"))


@pytest.mark.usefixtures("by_arrival")
def test_they_take_the_places_of_any_doctor_of_the_service(
    network: Network, log_in: LogIn, service: int
) -> None:
    front = log_in("msosa")
    for _each in range(3):
        asked(front, specialty_id=service, triage=4)
    with pytest.raises(BlockFull, match="Los 3 lugares"):
        asked(front, specialty_id=service, triage=4)
    assert asked(front, specialty_id=service, triage=2).state == "en_espera"


def test_raw_sql_brings_nobody_in_without_a_doctor(network: Network, log_in: LogIn, service: int) -> None:
    front = log_in("msosa")
    waits = asked(front, specialty_id=service)
    change = text("UPDATE turns SET doctor_id = :doctor WHERE id = :turn")
    none = text("UPDATE turns SET kind = 'booked' WHERE id = :turn")
    with front.engine.connect() as mine, pytest.raises(DBAPIError, match="turns_doctor_ck"):
        mine.execute(none, {"turn": waits.id})
    with front.engine.begin() as mine:
        row = {"turn": waits.id, "doctor": network.person_ids["lpaz"]}
        assert mine.execute(change, row).rowcount == 1
        assert mine.execute(none, row).rowcount == 1
