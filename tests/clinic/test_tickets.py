"""Ticket numbers: a clinic's day has no gap, in any series, however many desks admit at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import date, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import series
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions.errors import BadSeries, BadTriage, SeriesTaken
from clinicdesk.clinic.admissions.model import tickets
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.sites.errors import SpecialtyNotFound
from clinicdesk.clinic.sites.queries import SitesQuery
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as offer
from clinicdesk.clinic.turns.model import turns as stored
from clinicdesk.kit import clock
from tests.factories import PASSWORD, Network, new_patient

LogIn = Callable[..., Session]
DESKS = ("msosa", "cruiz", "secre", "ncano", "rleon")
PROCESSES = 10
EACH = 6


def numbers(network: Network, clinic: int, day: date, letter: str = "A") -> list[int]:
    with network.owner.connect() as owner:
        mine = (tickets.c.clinic_id == network.clinic_ids[clinic]) & (tickets.c.day == day)
        found = select(tickets.c.n).where(mine, tickets.c.series == letter).order_by(tickets.c.n)
        return list(owner.execute(found).scalars())


def _desk(url: str, username: str, patients: list[UUID], doctor_id: int, barrier: Barrier, told: Any) -> None:
    session = bootstrap.log_in(url, username, PASSWORD, host="prueba")
    barrier.wait(120)
    for patient in patients:
        order = admissions.WalkIn(patient_id=patient, doctor_id=doctor_id, reason="fiebre")
        told.append(session.desk().do(admissions.walk_in, order).ticket)
    session.close()


def test_sixty_admissions_by_ten_processes_leave_no_gap(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    zone = front.actor.at.zone
    day = clock.local_day(clock.now(), zone)
    before = len(numbers(network, 0, day))
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    with context.Manager() as manager:
        told = manager.list()
        workers = [
            context.Process(
                target=_desk,
                args=(
                    network.url,
                    DESKS[number % len(DESKS)],
                    [new_patient(front).patient_id for _ in range(EACH)],
                    network.person_ids["lpaz"],
                    barrier,
                    told,
                ),
            )
            for number in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(300)
        given = list(told)
    assert len(given) == len(set(given)) == PROCESSES * EACH
    assert sorted(given) == [f"A{n:03d}" for n in range(before + 1, before + 1 + PROCESSES * EACH)]
    assert numbers(network, 0, day) == list(range(1, before + 1 + PROCESSES * EACH))
    with network.owner.connect() as owner:
        waiting = select(stored.c.ticket).where(stored.c.day == day, stored.c.ticket.in_(given))
        assert sorted(owner.execute(waiting).scalars()) == sorted(given)


def test_an_admission_that_fails_gives_its_number_back(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    day = clock.local_day(clock.now(), front.actor.at.zone)
    order = admissions.WalkIn(
        patient_id=new_patient(front).patient_id,
        doctor_id=network.person_ids["lpaz"],
        reason="fiebre",
        triage=9,
    )
    before = numbers(network, 0, day)
    with pytest.raises(BadTriage):
        front.desk().do(admissions.walk_in, order)
    assert numbers(network, 0, day) == before


def test_raw_sql_makes_no_gap_and_takes_no_number_back(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    statement = text(
        "INSERT INTO tickets (clinic_id, day, series, n, prev_n, patient_id, turn_id)"
        " VALUES (:clinic, :day, :series, :n, :prev, gen_random_uuid(), gen_random_uuid())"
    )
    day = date(2031, 3, 3)
    right: dict[str, Any] = {"clinic": network.clinic_ids[0], "day": day, "series": "A", "n": 1, "prev": None}
    for wrong in (
        {"n": 2},
        {"n": 5, "prev": 4},
        {"n": 0},
        {"series": "a"},
        {"series": ""},
        {"n": 3, "prev": 1},
    ):
        with front.engine.connect() as raw, pytest.raises(DBAPIError, match="tickets_"):
            raw.execute(statement, right | wrong)
    with front.engine.begin() as raw:
        raw.execute(statement, right)
    with front.engine.connect() as raw, pytest.raises(DBAPIError, match="tickets_pk"):
        raw.execute(statement, right)
    for undo in ("DELETE FROM tickets", "UPDATE tickets SET n = 9"):
        with front.engine.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
            raw.execute(text(undo))


def test_a_service_counts_for_itself(network: Network, log_in: LogIn) -> None:
    front, admin = log_in("msosa"), log_in("admin")
    zone = front.actor.at.zone
    day = clock.local_day(clock.now(), zone) + timedelta(days=44)
    with pytest.raises(SpecialtyNotFound):
        admin.desk().do(series.set_series, series.SetSeries(specialty="NADA", series="B"))
    with pytest.raises(BadSeries):
        admin.desk().do(series.set_series, series.SetSeries(specialty="CLM", series="A"))
    with pytest.raises(NotAllowed):
        front.desk().do(series.set_series, series.SetSeries(specialty="CLM", series="C"))
    given = [admitted(network, front, day)]
    try:
        admin.desk().do(series.set_series, series.SetSeries(specialty="CLM", series="C"))
        assert front.desk().see(series.list_series, SitesQuery())[0].series == "C"
        given += [admitted(network, front, day), admitted(network, front, day)]
        with network.owner.begin() as owner:
            owner.execute(text("INSERT INTO specialties (code, name) VALUES ('PED', 'Pediatría')"))
        with pytest.raises(SeriesTaken):
            admin.desk().do(series.set_series, series.SetSeries(specialty="PED", series="C"))
    finally:
        admin.desk().do(series.set_series, series.SetSeries(specialty="CLM", series=None))
    given.append(admitted(network, front, day))
    assert given == ["A001", "C001", "C002", "A002"]
    assert (numbers(network, 0, day), numbers(network, 0, day, "C")) == ([1, 2], [1, 2])


def admitted(network: Network, front: Session, day: date) -> str | None:
    """The number of somebody with a turn for the control of a specialty, admitted on that day."""
    ask = offer.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=1)
    slot = front.desk().see(offer.slots, ask)[0]
    patient = new_patient(front).patient_id
    made = front.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient, slot=slot.id))
    there = Desk(front.engine, front.actor, now=lambda: slot.starts_at)
    arrival = admissions.Admit(patient_id=patient, turn_id=made.id, seq=1, from_state="registrado")
    return there.do(admissions.admit, arrival).ticket
