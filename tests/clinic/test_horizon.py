"""How far ahead turns are given is the clinic's own to say: slots, turns and series all keep to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites import service as clinics
from clinicdesk.clinic.turns import series, service, slots
from clinicdesk.clinic.turns.errors import SeriesRefused, TooFarAhead
from clinicdesk.clinic.turns.rules import Every
from clinicdesk.kit import clock
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
DAYS = 10


def edited(session: Session, clinic_id: int, **changes: Any) -> None:
    found = session.desk().see(sites.list_clinics, sites.SitesQuery())
    row = next(each for each in found if each.id == clinic_id)
    same = {name: getattr(row, name) for name in ("code", "name", "country", "zone", "version", "hours")}
    session.desk().do(clinics.edit_clinic, clinics.EditClinic(clinic_id=row.id, **same, **changes))


@pytest.fixture
def ten_days(network: Network, log_in: LogIn) -> Iterator[None]:
    """The clinic gives turns for ten days ahead."""
    admin = log_in("admin")
    edited(admin, network.clinic_ids[0], horizon_days=DAYS)
    yield
    edited(admin, network.clinic_ids[0], horizon_days=365)


def offered(network: Network, session: Session, ahead: int) -> list[str]:
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=ahead)
    asked = slots.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=1, limit=300)
    found = session.desk().see(slots.slots, asked)
    return [slot.id for slot in found if slot.starts_at.hour == 10]


@pytest.mark.usefixtures("ten_days")
def test_nothing_is_offered_or_given_beyond_the_clinics_days(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    assert offered(network, front, DAYS + 1) == []
    last = offered(network, front, DAYS)[0]
    who = new_patient(front).patient_id
    assert front.desk().do(service.book_turn, service.BookTurn(patient_id=who, slot=last)).id
    block, wall = last.split(".")
    day = clock.local_day(clock.now(), front.actor.at.zone) + timedelta(days=DAYS + 7)
    beyond = service.BookTurn(patient_id=who, slot=f"{block}.{day:%Y%m%d}{wall[8:]}")
    with pytest.raises(TooFarAhead):
        front.desk().do(service.book_turn, beyond)
    plan = series.BookSeries(
        patient_id=new_patient(front).patient_id,
        slot=offered(network, front, 5)[1],
        every=Every.WEEKLY,
        times=2,
    )
    with pytest.raises(SeriesRefused, match="se dan turnos hasta"):
        front.desk().do(series.book_series, plan)


def test_another_day_more_is_offered_where_nothing_else_was_said(network: Network, log_in: LogIn) -> None:
    assert offered(network, log_in("msosa"), DAYS + 1) != []


def test_the_database_keeps_it_within_two_years(network: Network) -> None:
    change = text("UPDATE clinics SET horizon_days = :days WHERE id = :clinic")
    with network.owner.connect() as owner:
        assert owner.execute(change, {"days": 730, "clinic": network.clinic_ids[0]}).rowcount == 1
        with pytest.raises(DBAPIError, match="clinics_horizon_ck"):
            owner.execute(change, {"days": 0, "clinic": network.clinic_ids[0]})
