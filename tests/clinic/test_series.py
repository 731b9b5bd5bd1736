"""Series, overbooks and long turns: all or none, counted, and never in two places."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.agendas.errors import BlockClosed, OverbookLimit
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.sites.model import rooms
from clinicdesk.clinic.turns import overbooking, series, service, slots
from clinicdesk.clinic.turns.errors import (
    AlreadyBooked,
    BadSeries,
    PatientBusy,
    SeriesNotFound,
    SeriesRefused,
    SlotTaken,
)
from clinicdesk.clinic.turns.model import block_places, turns
from clinicdesk.clinic.turns.rules import Asker, Every
from clinicdesk.kit import clock
from tests.clinic.test_moving import free, held, standing
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def ten(patient: Any, slot: slots.SlotRow, **more: Any) -> series.BookSeries:
    """Ten weekly sessions."""
    values: dict[str, Any] = {"every": Every.WEEKLY, "times": 10}
    return series.BookSeries(patient_id=patient, slot=slot.id, **(values | more))


def count_of(network: Network, patient: Any) -> int:
    """How many turns a patient has."""
    mine = select(turns.c.id).where(turns.c.patient_id == patient)
    with network.owner.connect() as owner:
        return len(owner.execute(mine).all())


def test_ten_sessions_are_given_at_once_at_one_hour(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient, slot = new_patient(front).patient_id, free(network, front, "lpaz", 80)
    order = ten(patient, slot)
    answer = front.desk().do(series.book_series, order)
    walls = [each.starts_at.replace(tzinfo=None) for each in answer.turns]
    assert walls == [slot.starts_at.replace(tzinfo=None) + timedelta(days=7 * n) for n in range(10)]
    assert all(len(held(network, each)) == 3 for each in answer.turns)
    assert {standing(network, each).series_id for each in answer.turns} == {order.series_id}
    assert front.desk().do(series.book_series, order) == answer
    assert count_of(network, patient) == 10


def test_one_session_taken_and_none_is_given(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient, slot = new_patient(front).patient_id, free(network, front, "lpaz", 81, 4)
    third = f"{slot.id.partition('.')[0]}.{slot.starts_at + timedelta(days=14):%Y%m%dT%H%M}"
    front.desk().do(service.book_turn, service.BookTurn(patient_id=new_patient(front).patient_id, slot=third))
    with pytest.raises(SeriesRefused, match="fallan 1 de 10") as refused:
        front.desk().do(series.book_series, ten(patient, slot))
    sessions: Any = refused.value.fields["sessions"]
    assert [each.n for each in sessions if each.why] == [3]
    assert count_of(network, patient) == 0
    asked = series.SeriesQuery(patient, slot.id, Every.WEEKLY, 10)
    assert [each.n for each in front.desk().see(series.plan, asked) if each.why] == [3]
    biweekly = ten(patient, slot, every=Every.DAILY, times=5)
    assert len(front.desk().do(series.book_series, biweekly).turns) == 5


def test_a_session_on_a_day_off_says_so(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient, slot = new_patient(front).patient_id, free(network, front, "dvidal", 82)
    out = (slot.starts_at + timedelta(days=7)).date()
    shut = {"state": "clausurado", "state_reason": "inundación", "state_from": out, "state_until": out}
    with network.owner.begin() as owner:
        owner.execute(update(rooms).where(rooms.c.code == slot.room).values(**shut))
    asked = series.SeriesQuery(patient, slot.id, Every.WEEKLY, 3)
    assert [each.why for each in front.desk().see(series.plan, asked)] == ["", "inundación", ""]
    open_again = {"state": "disponible", "state_reason": None, "state_from": None, "state_until": None}
    with network.owner.begin() as owner:
        owner.execute(update(rooms).where(rooms.c.code == slot.room).values(**open_again))
    assert {each.why for each in front.desk().see(series.plan, asked)} == {""}


@pytest.mark.parametrize("times", [0, 1, 61])
def test_a_series_has_two_turns_to_sixty(network: Network, log_in: LogIn, times: int) -> None:
    front = log_in("msosa")
    patient, slot = new_patient(front).patient_id, free(network, front, "lpaz", 83)
    with pytest.raises(BadSeries):
        front.desk().do(series.book_series, ten(patient, slot, times=times))


def test_a_series_beyond_the_horizon_is_refused_whole(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient, slot = new_patient(front).patient_id, free(network, front, "lpaz", 84)
    with pytest.raises(SeriesRefused, match="fallan"):
        front.desk().do(series.book_series, ten(patient, slot, times=60))
    assert count_of(network, patient) == 0


def test_two_series_that_race_give_one_whole(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    people = [new_patient(front).patient_id for _ in range(4)]
    slot = free(network, front, "jibarra", 85)
    ends: list[str] = []

    def run(patient: Any) -> None:
        try:
            front.desk().do(series.book_series, ten(patient, slot))
        except (SeriesRefused, SlotTaken):
            ends.append("refused")
        else:
            ends.append("given")

    racers = [threading.Thread(target=run, args=(patient,)) for patient in people]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert sorted(ends) == ["given"] + ["refused"] * 3
    assert sorted(count_of(network, patient) for patient in people) == [0, 0, 0, 10]


def test_the_rest_of_a_series_is_cancelled_together(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient, slot = new_patient(front).patient_id, free(network, front, "lpaz", 86, 9)
    given = front.desk().do(series.book_series, ten(patient, slot))
    order = series.CancelSeries(
        patient_id=patient,
        series_id=given.series_id,
        since=given.turns[4].starts_at,
        reason="terminó el tratamiento",
        asked_by=Asker.CENTRO,
    )
    gone = front.desk().do(series.cancel_series, order)
    assert [each.id for each in gone.turns] == [each.id for each in given.turns[4:]]
    states = [standing(network, each).state for each in given.turns]
    assert states == ["registrado"] * 4 + ["cancelado"] * 6
    assert {standing(network, each).cancelled_by for each in gone.turns} == {"centro"}
    again = series.CancelSeries(
        patient_id=patient, series_id=given.series_id, since=given.turns[4].starts_at, reason="otra vez"
    )
    with pytest.raises(SeriesNotFound):
        front.desk().do(series.cancel_series, again)


def test_the_same_procedure_again_is_asked_of_a_series_too(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient = new_patient(front).patient_id
    first = free(network, front, "lpaz", 87)
    turn = front.desk().do(service.book_turn, service.BookTurn(patient_id=patient, slot=first.id))
    slot = free(network, front, "lpaz", 88)
    with pytest.raises(AlreadyBooked):
        front.desk().do(series.book_series, ten(patient, slot, times=2))
    front.desk().do(series.book_series, ten(patient, slot, times=2, acknowledged=(turn.id,)))
    assert count_of(network, patient) == 3


# Overbooks


@pytest.fixture
def two_overbooks(network: Network) -> None:
    """Two a day in Paz's blocks."""
    with network.owner.begin() as owner:
        owner.execute(
            update(agenda_blocks)
            .where(agenda_blocks.c.doctor_id == network.person_ids["lpaz"])
            .values(overbooks=2)
        )


def more(session: Session, slot: str) -> overbooking.Overbook:
    """One more patient at a slot's hour."""
    return overbooking.Overbook(patient_id=new_patient(session).patient_id, slot=slot, reason="urgente")


def test_overbooks_are_counted_up_to_the_blocks_limit(
    network: Network, log_in: LogIn, two_overbooks: None
) -> None:
    front, secretary, manager = log_in("msosa"), log_in("secre"), log_in("gestion")
    slot = free(network, front, "lpaz", 89)
    front.desk().do(
        service.book_turn, service.BookTurn(patient_id=new_patient(front).patient_id, slot=slot.id)
    )
    with pytest.raises(NotAllowed):
        front.desk().do(overbooking.overbook, more(front, slot.id))
    made = [secretary.desk().do(overbooking.overbook, more(front, slot.id)) for _ in range(2)]
    for each in made:
        row = standing(network, each)
        assert (row.kind, row.state, row.starts_at) == ("overbook", "registrado", slot.starts_at)
        assert len(held(network, each)) == 1
    with pytest.raises(OverbookLimit, match="Van 2 sobreturnos de 2"):
        secretary.desk().do(overbooking.overbook, more(front, slot.id))
    with pytest.raises(NotAllowed):
        secretary.desk().do(overbooking.overbook_beyond, more(front, slot.id))
    third = manager.desk().do(overbooking.overbook_beyond, more(front, slot.id))
    with network.owner.connect() as owner:
        place = owner.execute(select(block_places).where(block_places.c.turn_id == third.id)).one()
    assert (place.pool, place.n) == ("overbook", 3)
    cancel = service.Hop(
        patient_id=made[0].patient_id, turn_id=made[0].id, seq=1, from_state="registrado", reason="no viene"
    )
    gone = front.desk().do(service.cancel, cancel)
    fourth = secretary.desk().do(overbooking.overbook, more(front, slot.id))
    assert fourth.state == "registrado"
    back = service.Hop(patient_id=gone.patient_id, turn_id=gone.id, seq=gone.seq, from_state="cancelado")
    with pytest.raises(OverbookLimit):
        secretary.desk().do(service.reopen, back)


def test_an_overbook_is_one_patient_in_one_place(
    network: Network, log_in: LogIn, two_overbooks: None
) -> None:
    front, secretary = log_in("msosa"), log_in("secre")
    there = free(network, front, "jibarra", 90)
    patient = new_patient(front).patient_id
    turn = front.desk().do(service.book_turn, service.BookTurn(patient_id=patient, slot=there.id))
    block = network.block_ids["lpaz"] + there.starts_at.weekday()
    same = f"{block}.{there.starts_at:%Y%m%dT%H%M}"
    order = overbooking.Overbook(patient_id=patient, slot=same, acknowledged=(turn.id,))
    with pytest.raises(PatientBusy, match="Ibarra"):
        secretary.desk().do(overbooking.overbook, order)


def test_nothing_is_overbooked_into_a_block_that_is_not_worked(
    network: Network, log_in: LogIn, two_overbooks: None
) -> None:
    front, secretary, manager = log_in("msosa"), log_in("secre"), log_in("gestion")
    slot = free(network, front, "lpaz", 91)
    day = slot.starts_at.date()
    away = text(
        "INSERT INTO agenda_exceptions"
        " (kind, clinic_id, doctor_id, block_id, first_day, last_day, reason, made_by, made_at)"
        " VALUES ('suspension', :clinic, :doctor, :block, :day, :day, 'congreso', :doctor, now())"
    )
    row = {
        "clinic": network.clinic_ids[0],
        "doctor": network.person_ids["lpaz"],
        "block": int(slot.id.partition(".")[0]),
        "day": day,
    }
    with network.owner.begin() as owner:
        owner.execute(away, row)
    for session, case in ((secretary, overbooking.overbook), (manager, overbooking.overbook_beyond)):
        with pytest.raises(BlockClosed, match="congreso"):
            session.desk().do(case, more(front, slot.id))
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM agenda_exceptions"))
    assert secretary.desk().do(overbooking.overbook, more(front, slot.id)).state == "registrado"


def test_of_many_who_overbook_the_limit_holds(network: Network, log_in: LogIn, two_overbooks: None) -> None:
    front, secretary = log_in("msosa"), log_in("secre")
    slot = free(network, front, "lpaz", 92)
    orders = [more(front, slot.id) for _ in range(8)]
    ends: list[str] = []

    def run(order: overbooking.Overbook) -> None:
        try:
            secretary.desk().do(overbooking.overbook, order)
        except OverbookLimit:
            ends.append("full")
        else:
            ends.append("given")

    racers = [threading.Thread(target=run, args=(order,)) for order in orders]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert sorted(ends) == ["full"] * 6 + ["given"] * 2


def test_raw_sql_overbooks_nothing_without_the_right_nor_beyond_the_limit(
    network: Network, log_in: LogIn, two_overbooks: None
) -> None:
    front = log_in("msosa")
    day = clock.local_day(clock.now(), front.actor.at.zone) + timedelta(days=93)
    place = text(
        "INSERT INTO block_places (block_id, day, pool, n, patient_id, turn_id)"
        " VALUES (:block, :day, 'overbook', :n, gen_random_uuid(), gen_random_uuid())"
    )
    row = {"block": network.block_ids["lpaz"], "day": day}
    for username, number in (("msosa", 1), ("secre", 3), ("lpaz", 1)):
        engine = log_in(username).engine
        with engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
            connection.execute(place, row | {"n": number})
    for username, number in (("secre", 2), ("gestion", 3)):
        with log_in(username).engine.connect() as connection:
            assert connection.execute(place, row | {"n": number}).rowcount == 1
