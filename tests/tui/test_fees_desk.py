"""Fee schedules at the desk: a code or words find it, with its price and every edition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from psycopg.types.range import Range
from sqlalchemy import func, insert

from clinicdesk.clinic.sites.model import fee_codes, fee_items, fee_schedules
from tests.factories import Network
from tests.tui.desk import Desk

Open = Callable[..., Desk]


@pytest.fixture(scope="module", autouse=True)
def prices(network: Network) -> None:
    """Two codes, the first with an edition of the past."""
    past, now = date(2020, 1, 1), date(2024, 1, 1)
    with network.owner.begin() as owner:
        made = insert(fee_schedules).values(code="PAMI", name="Nomenclador PAMI")
        schedule = owner.execute(made.returning(fee_schedules.c.id)).scalar_one()
        for code, name, editions in (
            ("037107", "Hemograma completo", ((past, now, 900), (now, None, 12345.6))),
            ("041002", "Radiografía de tórax", ((past, None, 5000),)),
        ):
            row = insert(fee_codes).values(schedule_id=schedule, code=code).returning(fee_codes.c.id)
            code_id = owner.execute(row).scalar_one()
            for first, last, price in editions:
                item = {"fee_code": func.int8range(code_id, code_id, "[]"), "fee_code_id": code_id}
                item |= {"valid": Range(first, last, "[)"), "name": name, "price": price}
                owner.execute(insert(fee_items).values(**item))


def test_words_or_a_code_find_it_and_enter_shows_every_edition(open_desk: Open) -> None:
    desk = open_desk("secre")
    desk.press("2")
    desk.wait_for("Consultorios · ")
    desk.press("7")
    desk.wait_for("Nomenclador PAMI")
    desk.press("a")
    desk.line_shows("Agregar: los nomencladores se importan")
    desk.press("<Enter>")
    desk.wait_for("2 de 2")
    desk.press("torax")
    desk.wait_for("1 de 2")
    desk.row_shows("041002", "5.000,00")
    desk.press("<Esc>")
    desk.wait_for("2 de 2")
    desk.press("0371")
    desk.wait_for("1 de 2")
    desk.press("<Enter>")
    desk.shows("12.345,60", "900,00", "Desde: 01/01/2020", "Hasta: 31/12/2023")
    desk.press("<Esc><Esc>")
    desk.wait_for("Nomencladores")
