"""One slot, many desks: booked once, and the others learn it by a refusal, never by an error."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.clinic.turns.model import bookings, turns
from clinicdesk.kit import clock
from clinicdesk.kit.errors import DatabaseUnreachable
from tests.factories import Network, new_patient
from tests.races import race

PROCESSES = 16
SLOTS = 12


@pytest.mark.parametrize(("advisory_locks", "days_ahead"), [(True, 10), (False, 11)])
def test_a_contested_slot_is_booked_once(network: Network, advisory_locks: bool, days_ahead: int) -> None:
    session = network.log_in("msosa")
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=days_ahead)
    ask = agenda.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=1, limit=SLOTS)
    slots = [slot.id for slot in session.desk().see(agenda.slots, ask)]
    patients: list[UUID] = [new_patient(session).patient_id for _ in range(PROCESSES)]
    session.close()
    outcome = race(network, slots, patients, processes=PROCESSES, advisory_locks=advisory_locks)
    assert outcome.unexpected() == set()
    assert outcome.ends["booked"] == SLOTS
    with network.owner.connect() as owner:
        held = owner.execute(
            select(turns.c.starts_at, func.count())
            .where(turns.c.day == day, turns.c.doctor_id == network.person_ids["lpaz"])
            .group_by(turns.c.starts_at)
        ).all()
        claims = owner.execute(
            select(func.count()).where(
                bookings.c.resource_id == network.person_ids["lpaz"],
                bookings.c.active,
                bookings.c.turn_id.in_(select(turns.c.id).where(turns.c.day == day)),
            )
        ).scalar_one()
    assert [count for _start, count in held] == [1] * SLOTS
    assert claims == SLOTS


def test_backends_that_die_under_orders_leave_each_done_once(network: Network) -> None:
    session, calm = network.log_in("ncano"), network.log_in("msosa")
    patients = [new_patient(calm).patient_id for _ in range(4)]
    orders = [
        admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason="tos")
        for patient in patients
        for _ in range(20)
    ]
    over = threading.Event()

    def kill() -> None:
        one = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'u_ncano' LIMIT 1")
        while not over.wait(0.02):
            with network.owner.begin() as owner:
                owner.execute(one)

    def send(order: admissions.WalkIn) -> bool:
        try:
            return session.desk().do(admissions.walk_in, order).id == order.turn_id
        except DatabaseUnreachable:
            return False

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(4) as desks:
            done = list(desks.map(send, orders))
    finally:
        over.set()
        killer.join()
    assert any(done)
    assert all(send(order) for order in orders)
    session.close()
    calm.close()
    count = text("SELECT count(*) FROM turns WHERE patient_id = ANY(:patients)")
    with network.owner.connect() as owner:
        assert owner.execute(count, {"patients": patients}).scalar_one() == len(orders)
