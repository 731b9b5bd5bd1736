"""A secretary ends the day at the board: asked first, what was left ended one by one, opened again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import Desk as ClinicalDesk
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import service as turns
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk


@pytest.fixture(scope="module")
def secretary(desk_environment: dict[str, str], network: Network) -> Iterator[Desk]:
    """The secretary's board, 80×24."""
    terminal = Desk(desk_environment)
    yield terminal.log_in("secre")
    terminal.close()


def in_course(network: Network, counter: Counter, turn: turns.TurnAnswer, at: datetime) -> None:
    here = counter.hop(admissions.admit, turn, at)
    doctor = network.log_in("lpaz")
    start = records.StartVisit(
        patient_id=turn.patient_id, turn_id=turn.id, seq=here.seq, from_state=here.state
    )
    ClinicalDesk(doctor.engine, doctor.actor, now=lambda: at).do(records.start_visit, start)
    doctor.close()


def test_yesterday_is_closed_resolved_and_opened_again(
    secretary: Desk, counter: Counter, network: Network
) -> None:
    yesterday = clock.local_day(clock.now(), ZONE) - timedelta(days=1)
    dawn = counter.dawn(yesterday)
    later = dawn + timedelta(hours=2)
    people = [counter.patient(family, "Ana") for family in ("Nuncavino", "Esperaba", "Adentro")]
    _never, waits, inside = (counter.booked(person, when=dawn) for person in people)
    counter.hop(admissions.admit, waits, later)
    in_course(network, counter, inside, later)

    def closings() -> int:
        return int(counter.scalar("SELECT count(*) FROM day_closings WHERE day = :day", day=yesterday))

    secretary.press("3")
    secretary.line_shows("El día:", "1 cerrar hoy", "2 otro día")
    secretary.press("2")
    secretary.line_shows("Día »", f"{yesterday:%d/%m/%Y}")
    secretary.press("<Enter>")
    asked = f"Día {yesterday:%d/%m}: 1 ausente; siguen en espera 1, en curso 1. ¿Cerrar?"
    secretary.line_shows(asked, "s sí")
    secretary.press("<Enter>")
    secretary.wait_for(lambda: "¿Cerrar?" not in secretary.line)
    assert closings() == 0, "Enter is no"

    secretary.press("32<Enter>")
    secretary.line_shows(asked)
    secretary.press("s")
    secretary.line_shows("1 de 2", "Esperaba, Ana, en espera:", "1 finalizado", "2 se retiró", "9 dejar")
    assert closings() == 1
    secretary.press("2")
    secretary.line_shows("Esperaba, Ana, se retiró: quién lo dice, o qué pasó")
    secretary.press("<Enter>")
    secretary.line_shows("Hace falta quién lo dice")
    secretary.press("se fue sin avisar<Enter>")
    secretary.line_shows("2 de 2", "Adentro, Ana, en curso:")
    secretary.press("9")
    secretary.line_shows(f"Día {yesterday:%d/%m} cerrado: 1 ausente.", "Sin terminar: 1; tecla 3.")

    secretary.press("3")
    secretary.line_shows("3 terminar lo que quedó: 1")
    secretary.press("3")
    secretary.line_shows("1 de 1", "Adentro, Ana, en curso:")
    secretary.press("1la doctora Paz<Enter>")
    secretary.line_shows("Terminados: 1. Quedan: 0.")
    states = [counter.turns_of(person)[0].state for person in people]
    assert states == ["ausente", "cancelado", "finalizado"]
    open_visits = "SELECT count(*) FROM visits WHERE turn_id = :id AND ended_at IS NULL"
    assert counter.scalar(open_visits, id=inside.id) == 0

    secretary.press("32<Enter>")
    secretary.line_shows(f"El {yesterday:%d/%m} está cerrado", "¿Abrirlo?")
    secretary.press("s")
    secretary.line_shows(f"Día {yesterday:%d/%m} abierto: 1 turno volvió.")
    assert counter.turns_of(people[0])[0].state == "registrado"


def test_what_today_leaves_stands_alone_in_the_table(secretary: Desk, counter: Counter) -> None:
    waits, expected = counter.patient("Quedada", "Eva"), counter.patient("Faltante", "Leo")
    counter.admitted(waits)
    now = clock.now()
    is_to_come = clock.local_day(now + timedelta(hours=2), ZONE) == clock.local_day(now, ZONE)
    counter.booked(expected, when=now + timedelta(hours=1) if is_to_come else None)
    secretary.shows("REGISTRADO 1", "EN ESPERA 1")
    secretary.press("31")
    if is_to_come:
        secretary.line_shows("Por venir el", "1 turno. Pasan a ausente. ¿Seguir?")
        secretary.press("s")
    secretary.line_shows("¿Cerrar?")
    secretary.press("s")
    secretary.line_shows("1 de 1", "Quedada, Eva, en espera:")
    secretary.shows("tabla · sin terminar", "Quedada, Eva")
    secretary.hides("Faltante")
    secretary.press("<Esc>")
    secretary.line_shows("cerrado: 1 ausente.", "Sin terminar: 1; tecla 3.")
    secretary.shows("REGISTRADO 0", "EN ESPERA 1")
    assert counter.turns_of(expected)[0].state == "ausente"
    secretary.press("3")
    secretary.line_shows("1 abrir hoy", "3 terminar lo que quedó: 1")
    secretary.press("1s")
    secretary.line_shows("abierto: 1 turno volvió.")
    secretary.shows("REGISTRADO 1")
    assert counter.turns_of(expected)[0].state == "registrado"


def test_who_may_not_close_has_no_such_key(desk_environment: dict[str, str], network: Network) -> None:
    with Desk(desk_environment) as terminal:
        terminal.log_in("msosa")
        terminal.press("<F3>")
        terminal.wait_for("Tablero de turnos")
        terminal.press("<F1>")
        terminal.wait_for("Teclas de esta pantalla")
        terminal.settle()
        assert "cerrar el día" not in terminal.text
