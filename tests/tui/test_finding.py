"""Finding at the counter: cards read by a scanner, how many more fit, and who may be registered already."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from clinicdesk.clinic.patients.queries import SearchQuery, search
from tests.tui.counter import Counter
from tests.tui.desk import Desk

CARD = "00123456789@ZZÁRATE ÑANDU@JUAN PABLO@M@{number}@A@07/03/1981@12/05/2015@200"


def test_a_card_finds_its_holder(front: Desk, counter: Counter) -> None:
    person = counter.patient("Con Carnet", "Ana")
    front.send(CARD.format(number=person.document) + "\r")
    front.wait_for("Con Carnet, Ana: sin turno hoy.")


@pytest.mark.parametrize("mark", ["@", '"'])
def test_a_card_of_somebody_new_fills_the_form(front: Desk, counter: Counter, mark: str) -> None:
    number = "47000001" if mark == "@" else "47000002"
    front.send(CARD.format(number=number).replace("@", mark) + "\r")
    front.wait_for(f"No hay paciente con DNI 47.000.00{number[-1]}. Enter: registrarlo.")
    front.press("<Enter>")
    front.wait_for("Registrar paciente nuevo")
    for filled in (f"AR:DNI:{number}", "Zzárate Ñandu", "Juan Pablo", "07/03/1981"):
        front.wait_for(filled)
    front.press("<F8>")
    front.wait_for("Zzárate Ñandu, Juan Pablo. d: demanda")
    (row,) = counter.session.desk().see(search, SearchQuery(number)).rows
    assert (row.family, row.given, row.sex, row.birth) == (
        "Zzárate Ñandu",
        "Juan Pablo",
        "M",
        date(1981, 3, 7),
    )


def test_how_many_more_fit_is_said(front: Desk, counter: Counter) -> None:
    for year in range(25):
        counter.patient("Umpiérrez Wolf", "Tadeo", birth=date(1960 + year, 5, 5))
    front.press("umpierrez")
    front.wait_for("20 de 25")
    front.wait_for("Hay 5 más: agregar año o documento.")
    front.press(" 1971")
    front.wait_for(lambda: "Hay" not in front.line and "elige a Umpiérrez Wolf, Tadeo" in front.line)


def test_who_is_very_alike_is_asked_about_once(front: Desk, counter: Counter) -> None:
    person = counter.patient("Ygualada Prat", "Nieves", document="46111222", birth=date(1970, 1, 2), sex="F")
    front.press("46111223<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("Ygualada Prat<Tab>Nieves<Tab>f02011970")
    front.wait_for("Personas parecidas · 1")
    front.wait_for("93 %")
    front.press("<F8>")
    front.wait_for("Ygualada Prat, Nieves. d: demanda")
    with counter.network.owner.connect() as owner:
        asked = text("SELECT count(*) FROM distinct_people WHERE :id IN (patient_id, other_id)")
        assert owner.execute(asked, {"id": person.patient_id}).scalar_one() == 1


def test_a_document_written_down_otherwise_is_asked_about(front: Desk, counter: Counter) -> None:
    counter.patient("Yrurtia Sanz", "Olga", document="46333444", birth=date(1970, 1, 2), sex="F")
    front.press("46999000<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("<Up>" + "<Back>" * 8 + "PAS:46333444<Tab>Yrurtia Sanz<Tab>Olga<Tab>f02011970")
    front.wait_for("100 %")
    front.press("<F8>")
    front.wait_for("Se parece a Yrurtia Sanz, Olga. F2: es esa persona. F8: es otra")
    front.press("<F2>")
    front.wait_for("Yrurtia Sanz, Olga: sin turno hoy.")
