"""The agendas of a clinic at a secretary's desk: a block from its draft to its suspension and back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as offer
from clinicdesk.kit import clock
from tests.factories import ZONE, Network, new_patient
from tests.tui.desk import Desk

WEEKDAYS = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
TOMORROW = clock.local_day(clock.now(), ZONE) + timedelta(days=10)


@pytest.fixture(scope="module")
def desk(desk_environment: dict[str, str], network: Network) -> Iterator[Desk]:
    """A secretary's, in a clinic where one doctor is free of blocks."""
    with network.owner.begin() as owner:
        owner.execute(
            text("DELETE FROM agenda_blocks WHERE doctor_id = :doctor"),
            {"doctor": network.person_ids["dvidal"]},
        )
    terminal = Desk(desk_environment)
    terminal.log_in("secre").wait_for("REGISTRADO")
    terminal.press("e")
    terminal.wait_for("Bloques de la semana")
    yield terminal
    terminal.close()


def given(network: Network, session: Session) -> str:
    """A turn with the new block, and its family name."""
    ask = offer.SlotsQuery(network.clinic_ids[0], network.person_ids["dvidal"], since=TOMORROW, days=1)
    slot = session.desk().see(offer.slots, ask)[0]
    who = new_patient(session, family="Zubiría", phone=None)
    session.desk().do(turns.book_turn, turns.BookTurn(patient_id=who.patient_id, slot=slot.id))
    return slot.id


def test_a_block_is_made_published_suspended_and_brought_back(desk: Desk, network: Network) -> None:
    with network.owner.connect() as owner:
        code = owner.execute(text("SELECT min(code) FROM procedures")).scalar_one()
    day = WEEKDAYS[TOMORROW.weekday()]
    desk.press("a")
    desk.line_shows("Usuario del profesional")
    desk.press("nadie<Enter>")
    desk.line_shows("No está")
    desk.press("<Back><Back><Back><Back><Back>dvidal<Enter>")
    for asked, typed in (
        ("Consultorio", "C.3"),
        ("Práctica", code),
        ("Día", day),
        ("Desde", "09:00"),
        ("Hasta", "10:00"),
        ("Minutos por turno", ""),
    ):
        desk.line_shows(asked)
        desk.press(f"{typed}<Enter>")
    desk.line_shows("borrador. h lo publica")
    desk.wait_for("borrador")
    desk.press("<End>")
    desk.wait_for("»Vidal")
    desk.press("h")
    desk.line_shows("publicado")
    session = network.log_in("msosa")
    given(network, session)
    desk.press("x")
    desk.line_shows("Desde el día")
    desk.press(f"{TOMORROW:%d/%m/%Y}<Enter>")
    desk.line_shows("Hasta el día")
    desk.press(f"{TOMORROW:%d/%m/%Y}<Enter>")
    desk.line_shows("Motivo")
    desk.press("congreso<Enter>")
    desk.line_shows("1 turno se cancela")
    desk.wait_for("Zubiría")
    desk.wait_for("sin teléfono")
    desk.press("s")
    desk.line_shows("1 cancelados, 0 avisos en cola, 1 sin teléfono")
    desk.wait_for("suspensión")
    desk.press("h")
    desk.line_shows("Turnos que vuelven: 1")
    session.close()


def test_esc_goes_back_to_the_board(desk: Desk) -> None:
    desk.press("<Esc>")
    desk.wait_for("REGISTRADO")
    desk.press("e")
    desk.wait_for("Bloques de la semana")


def test_the_keys_as_drawn(desk: Desk) -> None:
    """Below the header, whose clock goes on."""
    desk.wait_for("Cupos:")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    desk.settle()
    file = Path(__file__).parent / "snapshots" / "agendas-keys-80x24.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        desk.settle(0.5)
        file.write_text(below(desk), "utf-8")
    kept = file.read_text("utf-8")
    desk.wait_for(lambda: below(desk) == kept)


def below(desk: Desk) -> str:
    return "\n".join(desk.lines[1:]) + "\n"
