"""`p` on a patient's page writes card, labels or summary; the card scanned finds its holder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from clinicdesk.clinic.patients.cards import card_text
from clinicdesk.clinic.patients.model import patients
from tests.factories import Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

Open = Callable[..., Desk]


def chart_of(network: Network, person: Person) -> int:
    """A patient's chart number."""
    with network.owner.connect() as owner:
        held = select(patients.c.chart_number).where(patients.c.patient_id == person.patient_id)
        return int(owner.execute(held).scalar_one())


def test_a_card_of_the_house_finds_its_holder(front: Desk, counter: Counter, network: Network) -> None:
    person = counter.patient("Tarjeta Propia", "Ana")
    front.send(card_text(chart_of(network, person), person.patient_id) + "\r")
    front.wait_for("Tarjeta Propia, Ana: sin turno hoy.")


@pytest.mark.parametrize(
    ("key", "word", "kind"),
    [
        ("1", "Tarjeta", "card"),
        ("2", "Etiqueta", "label"),
        ("3", "Hoja de etiquetas", "sheet"),
        ("4", "Resumen", "summary"),
    ],
)
def test_p_writes_a_paper_of_the_patient(
    open_desk: Open, counter: Counter, network: Network, tmp_path: Path, key: str, word: str, kind: str
) -> None:
    person = counter.patient("Papeles", f"Ana {word.split()[0]}")
    desk = open_desk("msosa", env={"HOME": str(tmp_path)}, size=(160, 24))
    desk.press(f"{person.document}<Enter><F2>")
    desk.wait_for("Nacimiento")
    desk.press("p")
    desk.line_shows("Imprimir:", "1 tarjeta", "4 resumen")
    desk.press(key)
    desk.line_shows(f"{word} en ")
    paper = tmp_path / f"clinicdesk-HC-{chart_of(network, person):06d}-{kind}.pdf"
    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.stat().st_mode & 0o077 == 0
