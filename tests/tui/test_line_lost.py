"""The line to the database breaks and comes back: nothing typed is lost, nothing is written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clinicdesk.kit import embedded
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk
from tests.tui.wire_cut import Line

Open = Callable[..., Desk]


@pytest.fixture
def line(server: embedded.Server) -> Iterator[Line]:
    """A line of this test's own."""
    made = Line(next(server.socket_dir.glob(".s.PGSQL.????")))
    yield made
    made.close()


@pytest.fixture
def desk(open_desk: Open, line: Line, network: Network) -> Desk:
    """Admission, over that line."""
    url = f"postgresql://clinicdesk@/{network.database}?host={line.folder}&port=5432"
    return open_desk("msosa", env={"CLINICDESK_DATABASE_URL": url})


def test_what_is_typed_stays_and_is_searched_when_the_line_is_back(
    desk: Desk, line: Line, counter: Counter
) -> None:
    person = counter.patient("Barrios Leal", "Nahuel")
    counter.booked(person)
    desk.press(person.document[:3])
    line.cut()
    desk.wait_for("SIN CONEXIÓN")
    desk.wait_for(lambda: "Se perdió la línea con la base de datos" in desk.lines[2])
    desk.press(person.document[3:])
    desk.shows(f"Se buscará {person.document} al volver", "(datos de ")
    desk.wait_for(lambda: "(Enter Elegir)" in desk.lines[-1])
    desk.press("<Enter>")
    desk.wait_for("necesita la base de datos")
    line.mend()
    desk.press("<F5>")
    desk.wait_for("Hay línea desde las")
    desk.wait_for("Barrios Leal, Nahuel")
    desk.wait_for(lambda: desk.lines[1].startswith(f" Paciente » {person.document}"))
    desk.press("<Enter><Enter>")
    desk.wait_for("z deshace")
    assert [turn.state for turn in counter.turns_of(person)] == ["en_espera"]


def test_it_reconnects_by_itself_and_shows_what_happened_meanwhile(
    desk: Desk, line: Line, counter: Counter
) -> None:
    line.cut()
    desk.wait_for("SIN CONEXIÓN")
    desk.press("<F3>")
    desk.wait_for("Tablero de turnos")
    desk.press("v")
    desk.wait_for("tabla · orden")
    counter.booked(counter.patient("Mientras", "Tanto"))
    desk.hides("Mientras")
    desk.wait_for(lambda: "(l Llamar)" in desk.lines[-1])
    line.mend()
    desk.shows("en vivo", "Mientras, Tanto")
    desk.hides("Falló")


def test_a_verb_on_a_line_that_breaks_is_refused_in_words(desk: Desk, line: Line, counter: Counter) -> None:
    person = counter.patient("Corte", "Ana")
    counter.booked(person)
    desk.press(f"{person.document}<Enter>u1")
    desk.wait_for("motivo:")
    line.cut()
    desk.press("<Enter>")
    desk.wait_for("No hay línea con la base de datos")
    assert [turn.state for turn in counter.turns_of(person)] == ["registrado"]
    line.mend()
    desk.press("<F5>")
    desk.wait_for("en vivo")
    desk.wait_for("Hay línea")
    desk.press("u1<Enter>")
    desk.wait_for("pasó a ausente")
