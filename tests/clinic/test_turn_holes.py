"""What raw SQL tries around the agenda, as the people who may write: refused, and its rightful twin done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites import service as clinics
from clinicdesk.clinic.sites.errors import ClinicExpects
from clinicdesk.clinic.turns import moving, service, suspension
from clinicdesk.kit.ids import new_id
from tests.clinic.test_freed_places import cancelled, free, given
from tests.clinic.test_moving import moved
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
PLACES = "SELECT count(*) FROM block_places WHERE turn_id = :turn"
DELETE = "DELETE FROM block_places WHERE turn_id = :turn"


def places(network: Network, turn: service.TurnAnswer) -> int:
    with network.owner.connect() as owner:
        return int(owner.execute(text(PLACES), {"turn": turn.id}).scalar_one())


@pytest.fixture
def counted(network: Network) -> Iterator[str]:
    """A doctor whose day keeps a place for the web: each turn takes one of those that are left."""
    doctor = network.person_ids["dvidal"]
    quota = text(
        "INSERT INTO block_quotas (block_id, channel, places)"
        " SELECT id, 'web', 1 FROM agenda_blocks WHERE doctor_id = :doctor"
    )
    with network.owner.begin() as owner:
        owner.execute(quota, {"doctor": doctor})
    yield "dvidal"
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM block_quotas"))


@pytest.mark.parametrize("username", ["msosa", "secre", "enfe", "lpaz", "gestion"])
def test_a_place_goes_only_as_its_turn_goes(
    network: Network, log_in: LogIn, counted: str, username: str
) -> None:
    front = log_in("msosa")
    turn = given(front, free(network, front, counted, 25))
    assert places(network, turn) == 1
    with log_in(username).engine.begin() as connection:
        assert connection.execute(text(DELETE), {"turn": turn.id}).rowcount == 0
    assert places(network, turn) == 1
    cancelled(front, turn)
    assert places(network, turn) == 0, "and with it it goes"


def test_a_place_left_behind_by_a_turn_that_ended_may_go(
    network: Network, log_in: LogIn, counted: str
) -> None:
    front = log_in("msosa")
    turn = given(front, free(network, front, counted, 26))
    cancelled(front, turn)
    back = text(
        "INSERT INTO block_places (block_id, day, pool, n, patient_id, turn_id)"
        " SELECT block_id, day, 'libre', 400, patient_id, id FROM turns WHERE id = :turn"
    )
    with network.owner.begin() as owner:
        owner.execute(back, {"turn": turn.id})
    with front.engine.begin() as connection:
        assert connection.execute(text(DELETE), {"turn": turn.id}).rowcount == 1


def test_within_its_day_a_turn_keeps_its_place_and_elsewhere_it_takes_another(
    network: Network, log_in: LogIn, counted: str
) -> None:
    front = log_in("msosa")
    first, second = (free(network, front, counted, 27, at) for at in (0, 3))
    where = text("SELECT block_id, day, pool, n FROM block_places WHERE turn_id = :turn")

    def held(turn: service.TurnAnswer) -> list[tuple[Any, ...]]:
        with network.owner.connect() as owner:
            return [tuple(row) for row in owner.execute(where, {"turn": turn.id})]

    turn = given(front, first)
    before = held(turn)
    turn = front.desk().do(moving.move, moved(turn, second.id))
    assert held(turn) == before
    other = free(network, front, counted, 28)
    turn = front.desk().do(moving.move, moved(turn, other.id))
    assert [row[1] for row in held(turn)] == [other.starts_at.date()]
    turn = front.desk().do(moving.move, moved(turn, free(network, front, "lpaz", 28).id))
    assert held(turn) == []


CLAIM = (
    "INSERT INTO bookings (resource, resource_id, id, patient_id, turn_id, during, active) VALUES"
    " (int8range(:who, :who, '[]'), :who, gen_random_uuid(), :patient, :turn, tstzrange(:start, :end), true)"
)


def on_leave(manager: Session, doctor: int, day: date) -> suspension.CascadeAnswer:
    query = suspension.AwayQuery(doctor, day, day)
    seen = manager.desk().see(suspension.fallen_by_absence, query).seen
    order = suspension.Leave(
        doctor_id=doctor, first_day=day, last_day=day, leave_kind="congreso", reason="congreso", seen=seen
    )
    return manager.desk().do(suspension.grant_leave, order)


@pytest.mark.parametrize("username", ["msosa", "secre", "lpaz", "gestion"])
def test_nobody_is_claimed_within_their_leave(network: Network, log_in: LogIn, username: str) -> None:
    front, manager = log_in("msosa"), log_in("gestion")
    slot = free(network, front, "jibarra", 30)
    doctor = network.person_ids["jibarra"]
    leave = on_leave(manager, doctor, slot.starts_at.date())
    row = {
        "who": doctor,
        "patient": new_patient(front).patient_id,
        "turn": new_id(),
        "start": slot.starts_at,
        "end": slot.ends_at,
    }
    raw = log_in(username).engine
    with raw.connect() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(text(CLAIM), row)
    assert refused.value.orig.diag.constraint_name == "agenda_open"  # type: ignore[union-attr]
    manager.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=leave.id))
    with raw.connect() as connection:
        assert connection.execute(text(CLAIM), row).rowcount == 1


def test_no_claim_is_shifted_into_a_leave_and_a_visit_under_way_ends_all_the_same(
    network: Network, log_in: LogIn
) -> None:
    front, manager, doctor = log_in("msosa"), log_in("gestion"), log_in("dvidal")
    far = given(front, free(network, front, "dvidal", 33))
    today = given(front, _of_today(network, front))
    admit = admissions.Admit(
        patient_id=today.patient_id, turn_id=today.id, seq=today.seq, from_state=today.state
    )
    waits = front.desk().do(admissions.admit, admit)
    seen: dict[str, Any] = {"patient_id": waits.patient_id, "turn_id": waits.id, "seq": waits.seq}
    visit = doctor.desk().do(records.start_visit, records.StartVisit(**seen, from_state=waits.state))
    day = today.starts_at.date()
    leave = on_leave(manager, doctor.actor.person_id, day)
    shift = text(
        "UPDATE bookings SET during = tstzrange(:start, CAST(:start AS timestamptz) + interval '5 minutes')"
        " WHERE turn_id = :turn AND resource_id = :who"
    )
    row = {"start": today.starts_at + timedelta(hours=3), "turn": far.id, "who": doctor.actor.person_id}
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="agenda closed"):
        connection.execute(shift, row)
    with front.engine.connect() as connection:
        assert connection.execute(shift, row | {"start": far.starts_at}).rowcount == 1
    finish = records.FinishVisit(
        patient_id=visit.patient_id, turn_id=visit.turn_id, seq=visit.seq, from_state=visit.state
    )
    assert doctor.desk().do(records.finish_visit, finish).state == "finalizado"
    manager.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=leave.id))


def _of_today(network: Network, front: Session) -> Any:
    """A slot of today that is to come: it is morning where the network works."""
    return free(network, front, "dvidal", 0, 24)


HAND_SET = (
    "UPDATE turns SET state = 'cancelado', cancelled_by = 'centro', cancelled_late = false WHERE id = :turn"
)
STEP = (
    "INSERT INTO turn_events (patient_id, turn_id, seq, prev_seq, from_state, to_state, how, at, person_id,"
    " reason, asked_by, late, act) VALUES (:patient, :turn, 2, 1, 'registrado', 'cancelado', 'hop', now(),"
    " :me, 'x', 'centro', false, gen_random_uuid())"
)


def test_management_sets_no_state_by_hand(network: Network, log_in: LogIn) -> None:
    front, manager = log_in("msosa"), log_in("gestion")
    turn = given(front, free(network, front, "lpaz", 34))
    row = {"turn": turn.id, "patient": turn.patient_id, "me": manager.actor.person_id}
    with manager.engine.connect() as connection, pytest.raises(DBAPIError, match="turns_state_fk"):
        connection.execute(text(HAND_SET), row)
    with manager.engine.begin() as connection:
        connection.execute(text(STEP), row)
        assert connection.execute(text(HAND_SET.replace("SET ", "SET seq = 2, ")), row).rowcount == 1


def elsewhere(network: Network, turn: service.TurnAnswer, clinic_id: int) -> None:
    change = text("UPDATE turns SET clinic_id = :clinic WHERE id = :turn")
    with network.owner.begin() as owner:
        owner.execute(change, {"clinic": clinic_id, "turn": turn.id})


def test_management_arranges_turns_only_where_it_manages(network: Network, log_in: LogIn) -> None:
    front, manager = log_in("msosa"), log_in("gestion")
    turn = given(front, free(network, front, "lpaz", 35))
    touch = text("UPDATE turns SET state_at = now() WHERE id = :turn")
    elsewhere(network, turn, network.clinic_ids[1])
    with manager.engine.begin() as connection:
        assert connection.execute(touch, {"turn": turn.id}).rowcount == 0
    elsewhere(network, turn, network.clinic_ids[0])
    with manager.engine.begin() as connection:
        assert connection.execute(touch, {"turn": turn.id}).rowcount == 1


def test_a_leave_that_management_grants_reaches_the_doctors_turns_in_every_clinic(
    network: Network, log_in: LogIn
) -> None:
    front, manager = log_in("msosa"), log_in("gestion")
    turn = given(front, free(network, front, "lpaz", 36))
    elsewhere(network, turn, network.clinic_ids[1])
    leave = on_leave(manager, network.person_ids["lpaz"], turn.starts_at.date())
    assert leave.cancelled == 1
    lifted = manager.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=leave.id))
    assert (lifted.restored, lifted.not_restored) == (1, 0)


def closing(admin: Session, clinic_id: int, day: date | None) -> clinics.EditClinic:
    found = admin.desk().see(sites.list_clinics, sites.SitesQuery())
    row = next(each for each in found if each.id == clinic_id)
    same = {name: getattr(row, name) for name in ("code", "name", "country", "zone", "version", "hours")}
    return clinics.EditClinic(clinic_id=clinic_id, **same, closed_on=day)


def test_a_clinic_closes_once_nobody_is_expected_there(network: Network, log_in: LogIn) -> None:
    front, admin = log_in("msosa"), log_in("admin")
    here = network.clinic_ids[0]
    turn = given(front, free(network, front, "lpaz", 200))
    day = turn.starts_at.date()
    with pytest.raises(ClinicExpects, match="hay 1 turnos"):
        admin.desk().do(clinics.edit_clinic, closing(admin, here, day))
    cancelled(front, turn)
    admin.desk().do(clinics.edit_clinic, closing(admin, here, day))
    admin.desk().do(clinics.edit_clinic, closing(admin, here, None))


def test_a_closing_waits_for_who_is_booking_there(network: Network, log_in: LogIn) -> None:
    front, admin = log_in("msosa"), log_in("admin")
    here = network.clinic_ids[0]
    slot = free(network, front, "lpaz", 210)
    order = closing(admin, here, slot.starts_at.date())
    block = int(slot.id.partition(".")[0])
    ends: list[str] = []

    def closes() -> None:
        try:
            admin.desk().do(clinics.edit_clinic, order)
            ends.append("closed")
        except ClinicExpects:
            ends.append("expects")

    desk = threading.Thread(target=closes)
    with network.owner.begin() as booking:
        # What a booking holds until it commits.
        booking.execute(text("SELECT pg_advisory_xact_lock(7302, :block)"), {"block": block})
        desk.start()
        _until_it_waits(network)
        turn = given(front, free(network, front, "jibarra", 210))
    desk.join(60)
    assert ends == ["expects"]
    cancelled(front, turn)


def _until_it_waits(network: Network) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    for _try in range(600):
        with network.owner.connect() as owner:
            if owner.execute(waiting).scalar_one():
                return
        time.sleep(0.05)
    raise AssertionError("the closing took no lock that bookings take")


def test_the_policy_of_claims_leaves_their_index_to_whoever_looks_for_places(
    network: Network, log_in: LogIn
) -> None:
    asked = text(
        "EXPLAIN SELECT resource_id FROM bookings WHERE active AND resource = int8range(1, 1, '[]')"
        " AND during && tstzrange(now(), now() + interval '1 day')"
    )
    with log_in("msosa").engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.execute(asked).scalars())
    assert "bookings_no_overlap" in plan
    assert "Index Cond: ((resource = " in plan
    assert "during &&" in plan.partition("Index Cond")[2].partition("\n")[0]
