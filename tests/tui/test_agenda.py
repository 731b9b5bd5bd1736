"""F4: a doctor's day at the counter: giving, moving, overbooking, another day, another doctor, live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import insert, text, update

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.sites.model import rooms
from clinicdesk.clinic.turns import service
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

AT: Final = clock.instant(datetime(2037, 11, 23, 9, 42), ZONE)  # noqa: DTZ001 - the wall clock there
"""A Monday, 09:42 at the clinic: beyond what turns are given for today, near for a desk of that day."""


@pytest.fixture(scope="module")
def doctor(network: Network) -> int:
    """A doctor with twelve places a morning, every day, two overbooks, in a room of their own."""
    with network.owner.begin() as owner:
        made = insert(people).values(family="Abad", given="Zoe", specialty="Clínica médica")
        person = int(owner.execute(made.returning(people.c.id)).scalar_one())
        owner.execute(
            insert(clinic_roles).values(person_id=person, clinic_id=network.clinic_ids[0], role="medico")
        )
        floor = owner.execute(
            text("SELECT id FROM floors WHERE clinic_id = :clinic"), {"clinic": network.clinic_ids[0]}
        ).scalar_one()
        room = owner.execute(
            insert(rooms)
            .values(clinic_id=network.clinic_ids[0], floor_id=floor, code="C.9", kind="consultorio")
            .returning(rooms.c.id)
        ).scalar_one()
        procedure = owner.execute(text("SELECT id FROM procedures WHERE code = 'CONTROL'")).scalar_one()
        for weekday in range(1, 8):
            row: dict[str, Any] = {"clinic_id": network.clinic_ids[0], "doctor_id": person, "room_id": room}
            row |= {"procedure_id": procedure, "weekday": weekday, "starts": time(8), "ends": time(12)}
            row |= {"slot_minutes": 20, "overbooks": 2, "state": "publicado", "valid_from": date(2020, 1, 1)}
            owner.execute(insert(agenda_blocks).values(**row))
    return person


@pytest.fixture(scope="module")
def morning(network: Network, doctor: int) -> Iterator[Counter]:
    """Four turns of that morning."""
    session = network.log_in("cruiz")
    counter = Counter(network, session)
    network.person_ids["abad"] = doctor
    early = AT - timedelta(hours=2)
    for family, given, hour, fate in (
        ("Cardozo Vera", "Hugo", "08:00", "confirmado"),
        ("Lencina", "Alicia", "09:40", "cancelado"),
        ("Aguirre Núñez", "Sofía", "10:00", "confirmado"),
        ("Maldonado", "María", "10:40", "registrado"),
    ):
        wall = datetime.strptime(f"2037-11-23 {hour}", "%Y-%m-%d %H:%M")  # noqa: DTZ007
        turn = counter.booked(counter.patient(family, given), "abad", clock.instant(wall, ZONE))
        if fate == "confirmado":
            counter.hop(service.confirm, turn, early)
        elif fate == "cancelado":
            counter.hop(service.cancel, turn, early, reason="viaja")
    yield counter
    session.close()


Open = Callable[..., Desk]


def at_the_agenda(open_desk: Open) -> Desk:
    """A desk of that Monday, its agenda open."""
    desk = open_desk("msosa", at=AT.replace(tzinfo=None).isoformat() + "+00:00")
    desk.press("<F4>")
    desk.wait_for("Agenda · Abad, Zoe · Clínica médica · C.9")
    desk.wait_for("Maldonado, María")
    return desk


def test_the_day_is_shown_hour_by_hour(open_desk: Open, morning: Counter) -> None:
    desk = at_the_agenda(open_desk)
    desk.wait_for("lun 23 nov · 20 min")
    desk.wait_for("3 turnos, 4 libres")
    desk.settle()
    assert "confirmado" in desk.row_of("10:00 + Aguirre Núñez, Sofía")
    assert "cancelado: paciente <24 h" in desk.row_of("09:40 × Lencina, Alicia")
    assert "08:20 pasó, no se ofrece" in desk.row_of("08:20   ─ libre ─")
    assert "próximo libre" in desk.row_of("10:20   ─ libre ─")
    desk.wait_for("Enter: elegir un paciente y dárselo.")


def test_enter_gives_the_next_place_and_z_takes_it_back(open_desk: Open, morning: Counter) -> None:
    person = morning.patient("Coria", "Pedro")
    desk = open_desk("msosa")
    desk.press(f"{person.document}<Enter>")
    desk.wait_for("Coria, Pedro: sin turno hoy")
    desk.press("<F4>")
    desk.wait_for("Agenda · Abad, Zoe")
    desk.press("o")
    desk.wait_for("Agenda · Ibarra, Jorge")
    desk.wait_for("Enter: dar a Coria, Pedro.")
    assert desk.press("<Enter>") == 1
    desk.wait_for("z deshace")
    assert [turn.state for turn in morning.turns_of(person)] == ["registrado"]
    desk.wait_for(lambda: "registrado" in desk.row_of("° Coria, Pedro"))
    desk.press("z")
    desk.wait_for("Deshecho")
    desk.wait_for(lambda: "Coria, Pedro" not in "".join(desk.lines[3:21]))


def test_a_turn_is_moved_with_two_keys_and_back_with_one(open_desk: Open, morning: Counter) -> None:
    person = morning.patient("Mudanza", "Ana")
    turn = morning.booked(person, "jibarra", clock.now() + timedelta(hours=1))
    desk = open_desk("msosa")
    desk.press(f"{person.document}<Enter>")
    desk.wait_for("Enter admite a Mudanza, Ana")
    desk.press("m")
    desk.wait_for("Enter: mover a Mudanza, Ana")
    desk.press("<Enter>")
    desk.wait_for("Mudanza, Ana quedó")
    stands = text("SELECT starts_at FROM turns WHERE id = :id")
    with morning.network.owner.connect() as owner:
        assert owner.execute(stands, {"id": turn.id}).scalar_one() < turn.starts_at
    desk.press("z")
    desk.wait_for("Deshecho: movimiento")
    with morning.network.owner.connect() as owner:
        assert owner.execute(stands, {"id": turn.id}).scalar_one() == turn.starts_at


@pytest.fixture
def two_overbooks(network: Network) -> Iterator[None]:
    """Two a day in Ibarra's blocks."""
    mine = update(agenda_blocks).where(agenda_blocks.c.doctor_id == network.person_ids["jibarra"])
    with network.owner.begin() as owner:
        owner.execute(mine.values(overbooks=2))
    yield
    with network.owner.begin() as owner:
        owner.execute(mine.values(overbooks=0))


def test_an_overbook_needs_the_right(open_desk: Open, morning: Counter) -> None:
    desk = at_the_agenda(open_desk)
    desk.press("s")
    desk.line_shows("Sobreturno:", "derecho «sobreturno»")


def test_an_overbook_is_asked_and_enter_says_no(
    open_desk: Open, morning: Counter, two_overbooks: None
) -> None:
    person = morning.patient("Sobrante", "Ema")
    morning.booked(morning.patient("Primero", "Sol"), "jibarra", clock.now())
    desk = open_desk("secre")
    desk.press("<F4>")  # the board points at a turn of Ibarra's
    desk.wait_for("Agenda · Ibarra, Jorge")
    desk.press("/")
    desk.wait_for("Escribir documento")
    desk.press(f"{person.document}<Enter>")
    desk.wait_for("dar a Sobrante, Ema")
    desk.press("s")
    desk.wait_for("Por defecto: no.")
    desk.press("<Enter>")
    desk.hides("Por defecto: no.")
    assert morning.turns_of(person) == []
    desk.press("s")
    desk.wait_for("¿Sobreturno 1 de 2")
    desk.press("s")
    desk.wait_for("z deshace")
    assert [turn.kind for turn in morning.turns_of(person)] == ["overbook"]
    desk.wait_for("sobreturno 1 de 2 (Vega)")


def test_arrows_change_the_day_o_the_doctor_and_news_come_by_themselves(
    open_desk: Open, morning: Counter
) -> None:
    desk = at_the_agenda(open_desk)
    person = morning.patient("Novedad", "Eva")
    wall = datetime(2037, 11, 23, 11, 40)  # noqa: DTZ001 - the wall clock there
    turn = morning.booked(person, "abad", clock.instant(wall, ZONE))
    desk.wait_for("11:40 ° Novedad, Eva")
    morning.hop(service.cancel, turn, AT, reason="viaja")
    desk.wait_for(lambda: "cancelado" in desk.row_of("11:40 × Novedad, Eva"))
    desk.press("<Right>")
    desk.wait_for("mar 24 nov · 20 min")
    desk.wait_for("0 turnos, 12 libres")
    desk.press("<Left>")
    desk.wait_for("lun 23 nov · 20 min")
    desk.press("o")
    desk.wait_for("Agenda · Ibarra, Jorge")
    desk.press("<Esc>")
    desk.wait_for("Escribir documento")
