"""The waiting list and unmet demand: in order, one at a time, and counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.turns import service, unmet, waiting_list
from clinicdesk.clinic.turns.errors import BadWish, WishChanged, WishNotFound
from clinicdesk.clinic.turns.rules import HalfDay, Resolution, Unmet, half_day_of
from clinicdesk.kit import clock
from tests.clinic.test_moving import free
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def waits(session: Session, **what: Any) -> waiting_list.WishAnswer:
    """Somebody new who waits."""
    order = waiting_list.Wait(patient_id=new_patient(session).patient_id, **what)
    return session.desk().do(waiting_list.wait, order)


def test_a_place_is_offered_by_priority_then_by_who_asked_first(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    doctor = network.person_ids["jibarra"]
    first, second = (waits(front, doctor_id=doctor) for _ in range(2))
    urgent = waits(front, doctor_id=doctor, priority=1)
    waits(front, doctor_id=network.person_ids["dvidal"])
    waits(front, doctor_id=doctor, clinic_id=network.clinic_ids[1])
    slot = free(network, front, "jibarra", 3)
    later = slot.starts_at.date() + timedelta(days=1)
    waits(front, doctor_id=doctor, from_day=later)
    half = half_day_of(slot.starts_at)
    other = next(each for each in HalfDay if each is not half)
    waits(front, doctor_id=doctor, half_day=other)
    fits = waits(front, doctor_id=doctor, half_day=half, priority=3)
    found = front.desk().see(waiting_list.candidates, waiting_list.CandidatesQuery(slot.id))
    assert [row.id for row in found] == [urgent.id, first.id, second.id, fits.id]
    assert found[0].patient.family == "Quispe Mamani"


def test_an_offer_is_made_once_and_ends_with_the_turn(network: Network, log_in: LogIn) -> None:
    front, other = log_in("msosa"), log_in("cruiz")
    wish = waits(front, doctor_id=network.person_ids["lpaz"])
    slot = free(network, front, "lpaz", 4)
    seen: dict[str, Any] = {"patient_id": wish.patient_id, "wish_id": wish.id}
    offered = front.desk().do(waiting_list.offer, waiting_list.Offer(**seen, version=1, slot=slot.id))
    assert (offered.state, offered.version) == ("ofrecido", 2)
    with pytest.raises(WishChanged, match="ofrecido"):
        other.desk().do(waiting_list.offer, waiting_list.Offer(**seen, version=1, slot=slot.id))
    turn = front.desk().do(service.book_turn, service.BookTurn(patient_id=wish.patient_id, slot=slot.id))
    ends = waiting_list.Resolve(**seen, version=2, resolution=Resolution.TURNO_DADO, turn_id=turn.id)
    assert front.desk().do(waiting_list.resolve, ends).state == "resuelto"
    again = waiting_list.Resolve(**seen, version=3, resolution=Resolution.OTRO)
    with pytest.raises(WishChanged, match="resuelto"):
        other.desk().do(waiting_list.resolve, again)
    mine = waiting_list.WishesQuery(patient_id=wish.patient_id)
    assert front.desk().see(waiting_list.wishes, mine) == ()


def test_what_is_no_wish_is_refused(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    with pytest.raises(BadWish):
        waits(front)
    with pytest.raises(BadWish):
        waits(front, doctor_id=network.person_ids["lpaz"], priority=9)
    wish = waits(front, doctor_id=network.person_ids["lpaz"])
    seen: dict[str, Any] = {"patient_id": wish.patient_id, "wish_id": wish.id}
    order = waiting_list.Resolve(**seen, version=1, resolution=Resolution.TURNO_DADO)
    with pytest.raises(BadWish):
        front.desk().do(waiting_list.resolve, order)
    stranger = {"patient_id": new_patient(front).patient_id, "wish_id": wish.id}
    lost = waiting_list.Resolve(**stranger, version=1, resolution=Resolution.OTRO)
    with pytest.raises(WishNotFound):
        front.desk().do(waiting_list.resolve, lost)


def test_who_goes_without_is_counted_with_the_reason(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    wish = waits(front, doctor_id=network.person_ids["lpaz"], unmet=Unmet.SIN_LUGAR)
    asks = unmet.Ask(patient_id=new_patient(front).patient_id, reason=Unmet.OFERTA_RECHAZADA)
    front.desk().do(unmet.ask, asks)
    start, end = clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)
    query = unmet.DemandQuery(network.clinic_ids[0], start, end)
    found = {row.patient_id: row for row in front.desk().see(unmet.demand, query)}
    assert (found[wish.patient_id].reason, found[wish.patient_id].doctor) == ("sin_lugar", "Paz")
    assert (found[asks.patient_id].reason, found[asks.patient_id].person) == ("oferta_rechazada", "Sosa")


def test_raw_sql_reopens_no_wait_and_writes_none_in_anothers_name(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    wish = waits(front, doctor_id=network.person_ids["lpaz"])
    seen: dict[str, Any] = {"patient_id": wish.patient_id, "wish_id": wish.id}
    change = text("UPDATE waitlist SET changed_by = :me, state = 'esperando' WHERE id = :id")
    row = {"me": front.actor.person_id, "id": wish.id}
    with front.engine.connect() as connection:
        assert connection.execute(change, row).rowcount == 1
    other = row | {"me": network.person_ids["cruiz"]}
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(change, other)
    front.desk().do(
        waiting_list.resolve, waiting_list.Resolve(**seen, version=1, resolution=Resolution.NO_QUIERE)
    )
    with front.engine.connect() as connection:
        assert connection.execute(change, row).rowcount == 0
