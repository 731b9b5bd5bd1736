"""Clinics, rooms, hours and holidays on a real server, as the people who look after them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import insert

from clinicdesk import bootstrap
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries
from clinicdesk.clinic.sites.model import clinic_hours, holidays
from clinicdesk.clinic.sites.rules import DayHours, open_spans, out_of_use
from clinicdesk.clinic.usecases import Reader, view
from tests.factories import Network


@view("test.sites", needs=Permission.SITE_READ)
def _holidays(tx: Reader, query: tuple[int, date, date]) -> dict[date, str]:
    return queries.holidays_between(tx, *query)


@view("test.hours", needs=Permission.SITE_READ)
def _hours(tx: Reader, clinic_id: int) -> tuple[DayHours, ...]:
    return queries.hours_of(tx, clinic_id)


def test_holidays_of_the_country_and_of_the_clinic(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    norte, sur = network.clinic_ids
    may, june = date(2031, 5, 25), date(2031, 6, 20)
    with network.owner.begin() as owner:
        owner.execute(insert(holidays).values(country="AR", day=may, name="Revolución de Mayo"))
        owner.execute(insert(holidays).values(country="AR", day=june, name="Belgrano"))
        owner.execute(insert(holidays).values(country="UY", day=date(2031, 6, 19), name="Artigas"))
        owner.execute(insert(holidays).values(clinic_id=sur, day=june, name="Guardia", works=True))
        owner.execute(insert(holidays).values(clinic_id=norte, day=date(2031, 6, 1), name="Desinfección"))
    desk: bootstrap.Session = log_in("msosa")
    year = (date(2031, 1, 1), date(2031, 12, 31))
    assert desk.desk().see(_holidays, (norte, *year)) == {
        may: "Revolución de Mayo",
        date(2031, 6, 1): "Desinfección",
        june: "Belgrano",
    }
    assert desk.desk().see(_holidays, (sur, *year)) == {may: "Revolución de Mayo"}
    assert desk.desk().see(_holidays, (norte, may, may)) == {may: "Revolución de Mayo"}


def test_a_clinic_that_never_said_its_hours_is_open(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    desk, clinic_id = log_in("msosa").desk(), network.clinic_ids[1]
    assert open_spans(desk.see(_hours, clinic_id), 7) == ((0, 1440),)
    with network.owner.begin() as owner:
        row = {"clinic_id": clinic_id, "weekday": 1, "opens_minute": 480, "closes_minute": 1200}
        owner.execute(insert(clinic_hours).values(**row, break_from_minute=780, break_to_minute=840))
    hours = desk.see(_hours, clinic_id)
    assert open_spans(hours, 1) == ((480, 780), (840, 1200))
    assert open_spans(hours, 7) == ()


def test_a_room_is_out_of_use_on_the_days_of_its_state() -> None:
    first, last = date(2031, 3, 2), date(2031, 3, 4)
    days = [date(2031, 3, day) for day in (1, 2, 4, 5)]
    assert [out_of_use("mantenimiento", first, last, day) for day in days] == [False, True, True, False]
    assert [out_of_use("baja", first, None, day) for day in days] == [False, True, True, True]
    assert not any(out_of_use("disponible", None, None, day) for day in days)
