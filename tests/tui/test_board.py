"""The turn board on a second terminal: live, in columns and as a table, filtered, hostile names as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions import triage
from clinicdesk.clinic.turns import service
from clinicdesk.clinic.turns.queries import TurnsQuery, turns_by_ids
from clinicdesk.kit import clock
from clinicdesk.tui import turn_words as words
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

Open = Callable[..., Desk]
HEADS = ("° REGISTRADO", "+ CONFIRMADO", "≡ EN ESPERA", "▶ EN CURSO", "• FINALIZADO")


@pytest.fixture(scope="module")
def wall(desk_environment: dict[str, str], network: Network) -> Iterator[Desk]:
    """The board of management, wide, open all the time."""
    terminal = Desk(desk_environment, size=(120, 36))
    yield terminal.log_in("gestion")
    terminal.close()


@pytest.fixture
def board(wall: Desk) -> Desk:
    """In columns, without a filter."""
    wall.press("<Esc>")
    wall.hides("Filtrar »")
    if "tabla" in wall.lines[1]:
        wall.press("v")
    wall.wait_for("REGISTRADO")
    wall.settle()
    return wall


def column_of(board: Desk, text: str) -> int | None:
    """In which column (0–4) the text stands; None if it does not."""
    for line in board.lines[4:30]:
        if text in line:
            return line[: line.index(text)].count("│")
    return None


def test_each_state_shows_on_another_terminal(board: Desk, counter: Counter) -> None:
    person = counter.patient("Zelaya", "Íñigo")
    turn = counter.booked(person)
    board.wait_for(lambda: column_of(board, "Zelaya") == 0)
    turn = counter.hop(service.confirm, turn, clock.now())
    board.wait_for(lambda: column_of(board, "Zelaya") == 1)
    turn = counter.hop(admissions.admit, turn, clock.now())
    board.wait_for(lambda: column_of(board, "Zelaya") == 2)
    board.line_shows(f"{turn.ticket} Zelaya, Íñigo pasó a en espera")
    turn = counter.hop(service.cancel, turn, clock.now(), reason="se retiró")
    board.wait_for(lambda: column_of(board, "Zelaya") is None or "→ cancelado" in board.text)


def test_the_news_say_what_happened(board: Desk, counter: Counter, network: Network) -> None:
    """What was no step is no step in words either: a level, another level, another doctor, another hour."""
    person = counter.patient("Ledesma", "Ciro")
    turn = counter.admitted(person)
    board.line_shows(f"{turn.ticket} Ledesma, Ciro pasó a en espera")
    nurse = network.log_in("enfe")

    def level(number: int, seen: int | None) -> None:
        order = triage.GiveLevel(
            patient_id=turn.patient_id, turn_id=turn.id, level=number, reason=None, seen=seen
        )
        nurse.desk().do(triage.give_level, order)

    level(3, None)
    board.line_shows(f"{turn.ticket} Ledesma, Ciro: triaje AMARILLO.")
    level(2, 3)
    board.line_shows(f"{turn.ticket} Ledesma, Ciro: triaje NARANJA, antes AMARILLO.")
    ids = network.person_ids
    over = triage.Transfer(
        patient_id=turn.patient_id, turn_id=turn.id, doctor_id=ids["jibarra"], seen=ids["lpaz"]
    )
    counter.session.desk().do(triage.transfer, over)
    board.line_shows(f"{turn.ticket} Ledesma, Ciro: pasó de Paz a Ibarra.")
    nurse.close()


def test_a_move_is_told_from_where_to_where(network: Network) -> None:
    found = network.log_in("msosa")
    counter = Counter(network, found)
    made = counter.booked(counter.patient("Movida", "Una"))
    query = TurnsQuery(((made.patient_id, made.id),))
    (before,) = found.desk().see(turns_by_ids, query)
    found.close()
    later = replace(before, seq=2, wall_start=before.wall_start.replace(hour=9, minute=40))
    sooner = replace(before, wall_start=before.wall_start.replace(hour=8, minute=0))
    assert "Movida, Una: movido de 08:00 a 09:40." in words.news(later, "UTC", sooner)
    other_day = replace(sooner, day=before.day - timedelta(days=1))
    assert f"movido de {sooner.wall_start:%d/%m} 08:00 a " in words.news(later, "UTC", other_day)
    came = replace(before, state="en_espera", triage=2, wall_start=later.wall_start)
    assert "pasó a en espera" in words.news(came, "UTC", before), "a step is said before what came with it"


def test_counts_stand_in_the_heads(board: Desk, counter: Counter) -> None:
    counter.booked(counter.patient("Contada", "Una"))
    waiting = counter.scalar(
        "SELECT count(*) FROM turns WHERE state = 'registrado' AND day = :day AND clinic_id = :clinic"
        " AND voided_reason IS NULL",
        day=clock.local_day(clock.now(), counter.session.actor.at.zone),
        clinic=counter.network.clinic_ids[0],
    )
    board.row_shows(f"{HEADS[0]} {waiting} ", *HEADS)


def test_the_table_filters_while_one_types(board: Desk, counter: Counter) -> None:
    counter.booked(counter.patient("Barragán Iturbe", "Sol"), "jibarra")
    counter.booked(counter.patient("Barragán Iturbe", "Luna"), "lpaz")
    board.press("v")
    board.wait_for("tabla · orden")
    board.press("/barragan iba")
    board.wait_for(lambda: "Barragán Iturbe, Sol" in board.text and "Luna" not in board.text)
    board.wait_for(lambda: "1 de " in board.lines[1])
    board.press("<Enter>")
    board.settle()
    board.wait_for("Filtrar » barragan iba")
    board.press("<Esc>")
    board.wait_for("Luna")
    board.press("/nadiesellamaasi")
    board.wait_for("Ningún turno coincide con «nadiesellamaasi»")


def test_f3_opens_the_board_and_esc_goes_back_with_the_text_kept(open_desk: Open) -> None:
    desk = open_desk("msosa")
    desk.press("quis<F3>")
    desk.wait_for("Tablero de turnos")
    desk.press("<F3>")
    desk.wait_for("Tablero de la red")
    desk.press("<F3><Esc>")
    desk.wait_for("Paciente » quis")


def test_the_detail_names_turn_and_reason(board: Desk, counter: Counter) -> None:
    person = counter.patient("Godoy", "Bruno Ariel")
    order = admissions.WalkIn(
        patient_id=person.patient_id,
        doctor_id=counter.network.person_ids["lpaz"],
        reason="caída, dolor de muñeca",
        triage=1,
    )
    answer = counter.session.desk().do(admissions.walk_in, order)
    board.wait_for(f"{answer.ticket} R1")
    board.press("/godoy<Enter>")
    board.shows("motivo: caída, dolor de muñeca", "R1 ROJO máx. 0", "demanda espontánea Paz")
