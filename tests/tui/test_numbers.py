"""Numbers on paper from the desk: printed behind the admission, again by `p`, and a printer that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.tui.counter import Counter
from tests.tui.desk import Desk


@pytest.fixture
def counter_desk(desk_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], Desk]]:
    """`counter_desk("escpos:/dev/…")` → admission on a host with that printer, its files in a folder."""
    opened: list[Desk] = []

    def start(printer: str) -> Desk:
        more = {"CLINICDESK_PRINTER": printer, "HOME": str(tmp_path)}
        opened.append(Desk({**desk_environment, **more}))
        return opened[-1].log_in("msosa")

    yield start
    for desk in opened:
        desk.close()


def test_an_admission_prints_its_number_and_p_prints_it_again(
    counter_desk: Callable[[str], Desk], counter: Counter, tmp_path: Path
) -> None:
    person, device = counter.patient("Impresa", "Eva"), tmp_path / "lp0"
    counter.booked(person)
    device.touch()
    desk = counter_desk(f"escpos:{device}")
    assert desk.press(f"{person.document}<Enter><Enter>") == len(person.document) + 2
    desk.wait_for("Número impreso. z deshace.")
    (turn,) = counter.turns_of(person)
    desk.wait_for(lambda: turn.ticket.encode() in device.read_bytes())
    assert b"Impresa" not in device.read_bytes()
    device.write_bytes(b"")
    assert desk.press("p<Enter>") == 2
    desk.wait_for(f"Número {turn.ticket} impreso.")
    desk.wait_for(lambda: turn.ticket.encode() in device.read_bytes())
    desk.press("p2<Enter>")
    desk.wait_for("Constancia en")
    (made,) = tmp_path.glob("clinicdesk-constancia-*.pdf")
    assert "Impresa, Eva" in PdfReader(made).pages[0].extract_text()


def test_a_printer_that_fails_undoes_nothing(counter_desk: Callable[[str], Desk], counter: Counter) -> None:
    person = counter.patient("Sinpapel", "Luz")
    counter.booked(person)
    desk = counter_desk("escpos:/nada/lp0")
    desk.press(f"{person.document}<Enter><Enter>")
    desk.wait_for("La admisión quedó. p: otra vez.")
    assert [turn.state for turn in counter.turns_of(person)] == ["en_espera"]
    desk.press("p")
    desk.wait_for("Imprimir:")
    desk.press("<Enter>")
    desk.wait_for("Sin imprimir: la impresora no responde. La admisión quedó.")
