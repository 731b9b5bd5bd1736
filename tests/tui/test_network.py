"""The network's board: counts of every clinic, kept by the changes alone; into a clinic and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.sites.model import floors, procedures, rooms
from clinicdesk.clinic.turns import service
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

LogIn = Callable[..., Session]
AT = clock.instant(datetime(2037, 11, 23, 9, 42), ZONE)  # noqa: DTZ001 - the wall clock there


@pytest.fixture(scope="module")
def two(network: Network) -> Network:
    """A network whose second clinic works too: with a room and an agenda of Mora's."""
    south = network.clinic_ids[1]
    with network.owner.begin() as owner:
        floor = owner.execute(select(floors.c.id).where(floors.c.clinic_id == south)).scalar_one()
        room: dict[str, Any] = {"clinic_id": south, "floor_id": floor, "code": "S.9", "kind": "consultorio"}
        room_id = owner.execute(insert(rooms).values(room).returning(rooms.c.id)).scalar_one()
        control = owner.execute(select(procedures.c.id)).scalars().first()
        held = {"person_id": network.person_ids["vmora"], "clinic_id": south, "role": "medico"}
        owner.execute(insert(clinic_roles).values(held))
        block = {
            "clinic_id": south,
            "doctor_id": network.person_ids["vmora"],
            "room_id": room_id,
            "procedure_id": control,
            "weekday": 1,
            "starts": time(8),
            "ends": time(18),
            "slot_minutes": 20,
            "state": "publicado",
            "valid_from": date(2020, 1, 1),
        }
        owner.execute(insert(agenda_blocks).values(block))
    return network


@pytest.fixture
def south(two: Network, log_in: LogIn) -> Counter:
    """The counter of the second clinic."""
    return Counter(two, log_in("sur"))


@pytest.fixture(scope="module")
def wall(desk_environment: dict[str, str], two: Network) -> Iterator[Desk]:
    """A secretary's board of the network, on a day of its own."""
    terminal = Desk(desk_environment, at=AT.isoformat())
    terminal.log_in("secre")
    terminal.press("<F3>")
    terminal.wait_for("Tablero de la red")
    yield terminal
    terminal.close()


@pytest.fixture
def board(wall: Desk) -> Desk:
    """The network's clinics, unfiltered."""
    for _each in range(3):
        if "Tablero de la red" not in wall.lines[1] or "Filtrar »" in wall.text:
            wall.press("<Esc>")
            wall.settle()
    wall.wait_for(lambda: counts_of(wall, "Centro Norte") != [""])
    wall.settle()
    return wall


def counts_of(desk: Desk, clinic: str) -> list[str]:
    """What stands right of a clinic's name."""
    row = next((line for line in desk.lines[3:] if f" {clinic} " in line), "")
    return row.partition(clinic)[2].split() or [""]


def doctor_of(counter: Counter) -> str:
    """Who attends at the counter's clinic."""
    return "jibarra" if counter.session.actor.at.clinic_code == "NORTE" else "vmora"


def waits(counter: Counter, name: str, triage: int, minutes: int) -> service.TurnAnswer:
    """Somebody who came without a turn so long ago."""
    order = admissions.WalkIn(
        patient_id=counter.patient(name, "Ana").patient_id,
        doctor_id=counter.network.person_ids[doctor_of(counter)],
        reason="dolor",
        triage=triage,
    )
    return counter.at(AT - timedelta(minutes=minutes)).do(admissions.walk_in, order)


def expected(counter: Counter, name: str, minutes: int) -> service.TurnAnswer:
    """Somebody whose hour is in so many minutes, or was."""
    return counter.booked(counter.patient(name, "Ana"), doctor_of(counter), AT + timedelta(minutes=minutes))


def test_counts_late_and_worst_wait_of_each_clinic(board: Desk, counter: Counter, south: Counter) -> None:
    expected(counter, "Prado", 60)
    expected(south, "Tardía", -42)
    long = waits(south, "Luna", 2, 71)
    waits(south, "Gil", 5, 90)
    board.row_shows("Centro Sur", "1!", f"{long.ticket} N2 1 h 11!")
    board.wait_for(
        lambda: counts_of(board, "Centro Sur")[7:] == ["1!", "1!", long.ticket, "N2", "1", "h", "11!"]
    )
    board.wait_for(lambda: counts_of(board, "Centro Norte")[0] == "1")
    board.line_shows("Tarde: 1. Espera excedida: 1.")
    board.press("<Down>")
    board.row_shows("Esperan:", f"{long.ticket} N2 1 h 11! Mora")
    board.row_shows("Tarde:", "09:00 Mora")
    board.hides("Luna", "Tardía")


def test_words_narrow_what_is_counted(board: Desk, counter: Counter, south: Counter) -> None:
    expected(south, "Prado", 80)
    turn = waits(counter, "Sola", 1, 3)
    board.press("/mora s.9 regis")
    board.wait_for(lambda: counts_of(board, "Centro Norte") == [""])
    board.wait_for(lambda: " de " in board.lines[1])
    board.press("<Esc>")
    board.wait_for("Centro Norte")
    board.press(f"/{turn.ticket} espera rojo<Enter>")
    board.line_shows("1 de ", "Esc quita el filtro")
    gone = counter.hop(service.cancel, turn, AT, reason="se retiró")
    assert gone.state == "cancelado"
    board.wait_for("Ningún turno coincide")


def test_into_a_clinic_and_back(board: Desk, south: Counter) -> None:
    turn = waits(south, "Zelaya Ríos", 3, 12)
    board.press("<Home><Down>")
    board.line_shows("Enter abre Centro Sur.")
    board.press("<Enter>")
    board.wait_for("Tablero de turnos · Centro Sur · hoy")
    board.shows(f"{turn.ticket} A3 12 min")
    board.press("l")
    board.line_shows("Llamar: el turno es de otro centro")
    turn = south.hop(service.cancel, turn, AT, reason="se retiró")
    board.line_shows("Zelaya Ríos", "cancelado")
    board.press("<F3>")
    board.wait_for("Tablero de la red")
    board.press("<F3>")
    board.wait_for("Tablero de turnos · Centro Norte")
    board.press("<F3>")
    board.wait_for(lambda: counts_of(board, "Centro Norte") != [""])
    board.press("<Home><Enter>")
    board.wait_for("Tablero de turnos · Centro Norte")
    board.press("<F3>")
    board.wait_for("Tablero de la red")


def test_the_board_equals_the_database_after_many_changes(
    board: Desk, counter: Counter, south: Counter
) -> None:
    for number in range(12):
        each = (counter, south)[number % 2]
        turn = expected(each, f"Serie {number}", 100 + 20 * number)
        if number % 3:
            turn = each.hop(service.confirm, turn, AT)
        if number % 3 == 2:
            each.hop(service.absent, turn, AT, reason="no vino")
    north, sur = _counted(counter, "NORTE"), _counted(counter, "SUR")
    board.wait_for(lambda: counts_of(board, "Centro Norte")[:7] == north)
    board.wait_for(lambda: counts_of(board, "Centro Sur")[:7] == sur)


def _counted(counter: Counter, code: str) -> list[str]:
    statement = text(
        "SELECT state, count(*) FROM turns t JOIN clinics c ON c.id = t.clinic_id"
        " WHERE c.code = :code AND day = :day AND voided_reason IS NULL GROUP BY state"
    )
    states = ("registrado", "confirmado", "en_espera", "en_curso", "finalizado", "cancelado", "ausente")
    with counter.network.owner.connect() as connection:
        rows = connection.execute(statement, {"code": code, "day": clock.local_day(AT, ZONE)}).all()
    found = {row[0]: row[1] for row in rows}
    return [str(found.get(state, 0)) for state in states]
