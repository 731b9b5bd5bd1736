"""The doctor's screens over a line that breaks: what is typed stays, and is on the server once it is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from clinicdesk.kit import embedded
from tests.factories import PASSWORD, Network
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery
from tests.tui.wire_cut import Line


@pytest.fixture
def surgery(network: Network, log_in: Callable[..., object]) -> Surgery:
    """A doctor nobody else queues for."""
    return new_surgery(network, log_in("cruiz"))  # type: ignore[arg-type]


@pytest.fixture
def line(server: embedded.Server) -> Iterator[Line]:
    """A line of this test's own."""
    made = Line(next(server.socket_dir.glob(".s.PGSQL.????")))
    yield made
    made.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk], line: Line, surgery: Surgery, network: Network) -> Desk:
    """The doctor over that line, a patient inside."""
    surgery.inside(surgery.patient())
    url = f"postgresql://clinicdesk@/{network.database}?host={line.folder}&port=5432"
    desk: Desk = open_desk(surgery.username, env={"CLINICDESK_DATABASE_URL": url})
    desk.wait_for("Sin registros todavía.")
    return desk


def test_a_note_goes_on_without_a_line_and_is_saved_when_it_is_back(
    desk: Desk, line: Line, surgery: Surgery
) -> None:
    desk.press("e")
    desk.wait_for("Subjetivo:")
    desk.press("<Tab>Antes del corte. ")
    desk.wait_for("Borrador guardado")
    line.cut()
    desk.wait_for("SIN CONEXIÓN")
    desk.press("Después del corte.")
    desk.line_shows("Sin guardar desde", "sigue aquí")
    desk.press("<Esc>")
    desk.shows("No hay línea con la base de datos.", "Antes del corte. Después del corte.")
    desk.press("<F9>")
    desk.wait_for("Firmar: necesita la base de datos")
    line.mend()
    desk.wait_for("en vivo")
    patient = surgery.scalar(
        "SELECT patient_id FROM note_drafts WHERE author = :me", me=f"u_{surgery.username}"
    )
    desk.wait_for(lambda: "Después del corte." in (surgery.draft(patient) or ""))
    desk.press("<F8>")
    desk.wait_for("Borrador guardado")
    assert (surgery.draft(patient) or "").count("Antes del corte.") == 1
    desk.press("<F9>")
    desk.wait_for("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")


def test_the_home_says_since_when_it_is_old_and_comes_back(desk: Desk, line: Line, surgery: Surgery) -> None:
    line.cut()
    desk.wait_for("Sin línea desde las")
    desk.wait_for(lambda: "(n Siguiente)" in desk.lines[-1])
    waiting = surgery.patient("Rivas Pons", "Inés")
    surgery.waits(waiting)
    desk.press("n")
    desk.wait_for("Siguiente: necesita la base de datos")
    line.mend()
    desk.shows("Mi cola · 1 espera", "en vivo", "Hay línea desde las")
    desk.press("n")
    desk.wait_for("Adentro sigue")
    desk.press("<Enter>")
    desk.wait_for("Rivas Pons, Inés   F")
    assert surgery.state(waiting) == "en_curso"
