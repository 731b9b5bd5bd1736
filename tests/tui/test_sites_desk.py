"""Clinics and rooms at the desk: added, corrected, put out of use, by who may, in a real terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.sites import places, queries
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.slots import SlotsQuery, slots
from tests.factories import Network, new_patient
from tests.tui.desk import Desk

Open = Callable[..., Desk]
SNAPSHOTS: Final = Path(__file__).parent / "snapshots"


@pytest.fixture(scope="module")
def secretary(desk_environment: dict[str, str], network: Network) -> Iterator[Desk]:
    """A secretary among the rooms of her clinic."""
    desk = Desk(desk_environment)
    desk.log_in("secre")
    desk.press("2")
    desk.wait_for("Consultorios · Centro Norte")
    yield desk
    desk.close()


@pytest.fixture
def rooms(secretary: Desk) -> Desk:
    """The same with no filter, at the rooms."""
    secretary.press("3")
    secretary.wait_for(lambda: "Filtrar »" not in secretary.text)
    secretary.wait_for("Consultorios · Centro Norte")
    secretary.wait_for("»")
    return secretary


def value(network: Network, question: str, **values: Any) -> Any:
    with network.owner.connect() as owner:
        return owner.execute(text(question), values).scalar()


def pointed_at(desk: Desk, code: str) -> None:
    desk.press(f"/{code}<Enter>")
    desk.wait_for(f"»{code}")
    desk.wait_for(f"Consultorio {code}")


def test_a_room_is_added_and_corrected(rooms: Desk, network: Network) -> None:
    rooms.press("a")
    rooms.wait_for("Consultorio · agregar · Centro Norte")
    rooms.press("VAC1<Tab>0<Tab>vacunatorio<Tab>Heladera, camilla<F8>")
    rooms.line_shows("Consultorio VAC1 agregado.")
    pointed_at(rooms, "VAC1")
    rooms.wait_for("Equipos: camilla, heladera")
    rooms.press("<Enter>")
    rooms.wait_for("Consultorio VAC1 · Centro Norte")
    rooms.press("<Tab><Tab><Back><Back><Back><Back><Back><Back><Back><Back><Back><Back><Back>sala<F8>")
    rooms.line_shows("Consultorio VAC1 guardado.")
    rooms.wait_for("Clase: sala")
    assert value(network, "SELECT version FROM rooms WHERE code = 'VAC1'") == 2


def test_what_is_wrong_stays_in_the_form(rooms: Desk) -> None:
    rooms.press("a")
    rooms.wait_for("Consultorio · agregar")
    rooms.press("C.1<Tab>x<F8>")
    rooms.line_shows("El piso es un número.")
    rooms.press("<Back>0<F8>")
    rooms.line_shows("Ese centro ya tiene un consultorio con ese código.")
    rooms.press("<Esc>")
    rooms.line_shows("Dejar lo escrito sin guardar:")
    rooms.press("<Esc>")
    rooms.wait_for("Consultorio · agregar")
    rooms.press("<Esc>s")
    rooms.wait_for("Consultorios · Centro Norte")


def test_somebody_elses_edit_stands_beside_what_was_typed(
    rooms: Desk, network: Network, log_in: Callable[..., Session]
) -> None:
    admin, clinic_id = log_in("admin").desk(), network.clinic_ids[0]
    admin.do(places.add_room, places.AddRoom(clinic_id=clinic_id, floor=0, code="ZETA", kind="sala"))
    rooms.wait_for("ZETA")
    pointed_at(rooms, "ZETA")
    rooms.press("e")
    rooms.wait_for("Consultorio ZETA · Centro Norte")
    row = next(
        each for each in admin.see(queries.list_rooms, queries.SitesQuery(clinic_id)) if each.code == "ZETA"
    )
    order = places.EditRoom(
        clinic_id=clinic_id,
        room_id=row.id,
        version=1,
        floor=0,
        code="ZETA",
        kind="depósito",
        equipment=("grúa",),
    )
    admin.do(places.edit_room, order)
    rooms.press("<Tab><Tab><Tab>camilla<F8>")
    rooms.line_shows("Iriarte cambió estos datos hace ", "F5: comparar")
    rooms.wait_for("ahora: depósito")
    rooms.wait_for("ahora: grúa")
    rooms.press("<F5>")
    rooms.wait_for("ahora: depósito")
    rooms.press("<F8>")
    rooms.line_shows("Guardar lo escrito sobre lo que dice ahora:")
    rooms.press("<Enter>")
    rooms.wait_for("ahora: depósito")
    assert value(network, "SELECT kind FROM rooms WHERE code = 'ZETA'") == "depósito"
    rooms.press("<F8>s")
    rooms.line_shows("Consultorio ZETA guardado.")
    assert value(network, "SELECT kind || equipment::text FROM rooms WHERE code = 'ZETA'") == "sala{camilla}"


def test_a_room_out_of_use_shows_what_it_touches_first(
    rooms: Desk, network: Network, log_in: Callable[..., Session]
) -> None:
    clerk = log_in("msosa")
    query = SlotsQuery(network.clinic_ids[0], doctor_id=network.person_ids["jibarra"], days=2)
    order = turns.BookTurn(
        patient_id=new_patient(clerk).patient_id, slot=clerk.desk().see(slots, query)[-1].id
    )
    clerk.desk().do(turns.book_turn, order)
    pointed_at(rooms, "C.2")
    rooms.press("b2")
    rooms.line_shows("Motivo")
    rooms.press("<Enter>")
    rooms.line_shows("lleva su motivo")
    rooms.press("Pintura<Enter>")
    rooms.line_shows("Desde el día")
    rooms.press("<Enter>")
    rooms.line_shows("Hasta el día")
    rooms.press("31/2/2030<Enter>")
    rooms.line_shows("Se espera día/mes/año")
    rooms.press("<Back>" * 9 + "<Enter>")
    rooms.line_shows("C.2: 1 turno y 7 bloques quedan sin consultorio. Seguir:")
    rooms.wait_for("C.2 · se ven afectados")
    rooms.wait_for("Ibarra registrado")
    assert value(network, "SELECT state FROM rooms WHERE code = 'C.2'") == "disponible"
    rooms.press("<Enter>")
    rooms.line_shows("No se cambió nada.")
    assert value(network, "SELECT state FROM rooms WHERE code = 'C.2'") == "disponible"
    rooms.press("b2Pintura<Enter><Enter><Enter>")
    rooms.line_shows("quedan sin consultorio. Seguir:")
    rooms.press("s")
    rooms.line_shows("Consultorio C.2: mantenimiento.")
    rooms.wait_for("Hasta: nuevo aviso")
    rooms.press("b1")
    rooms.line_shows("Consultorio C.2: disponible.")
    assert value(network, "SELECT state_reason FROM rooms WHERE code = 'C.2'") is None


def test_a_holiday_of_the_clinic_comes_and_goes(rooms: Desk, network: Network) -> None:
    rooms.press("4")
    rooms.wait_for("Feriados · Centro Norte")
    rooms.press("a")
    rooms.wait_for("Feriado · agregar · Centro Norte")
    rooms.press("24/12/2039<Tab>Desinfección<F8>")
    rooms.line_shows("Feriado 2039-12-24 agregado.")
    rooms.press("/desinf<Enter>")
    rooms.wait_for("»24/12/2039")
    rooms.press("x")
    rooms.line_shows("Quitar el feriado 24/12/2039, Desinfección:")
    rooms.press("s")
    rooms.line_shows("Feriado 24/12/2039 quitado.")
    assert value(network, "SELECT count(*) FROM holidays WHERE day = '2039-12-24'") == 0


def test_what_is_the_networks_says_so(rooms: Desk) -> None:
    for section, title in (("1", "Centros"), ("2", "Pisos ·"), ("5", "Especialidades"), ("6", "Prácticas")):
        rooms.press(section)
        rooms.wait_for(title)
        rooms.wait_for("(a Agregar)")
        rooms.press("a")
        rooms.line_shows("lo cambia administración")


def test_an_administrator_keeps_the_rooms_of_another_clinic(open_desk: Open, network: Network) -> None:
    desk = open_desk("admin")
    desk.press("2")
    desk.wait_for("Consultorios · Centro Norte")
    desk.press("1")
    desk.wait_for("»NORTE")
    desk.press("<Down>")
    desk.wait_for("»SUR")
    desk.press("<Enter>")
    desk.wait_for("Consultorios · Centro Sur")
    desk.press("a")
    desk.wait_for("Consultorio · agregar · Centro Sur")
    desk.press("S.1<F8>")
    desk.line_shows("Consultorio S.1 agregado.")
    desk.press("1")
    desk.wait_for("»NORTE")
    desk.press("<Down>")
    desk.wait_for("»SUR")
    desk.press("e")
    desk.wait_for("Centro SUR")
    desk.press("<Tab>" * 6 + "-95<Tab>-58.4<Tab>lun-vie 8-20; sab 8-12<F8>")
    desk.line_shows("Latitud (-90 a 90) y longitud (-180 a 180)")
    desk.press("<Esc>s")
    desk.wait_for("»SUR")
    desk.press("e")
    desk.wait_for("Centro SUR")
    desk.press("<Tab>" * 6 + "-34.6<Tab>-58.4<Tab>lun-vie 8-20; sab 8-12<F8>")
    desk.line_shows("Centro SUR guardado.")
    desk.wait_for("Latitud: -34.6")
    desk.wait_for("lun-vie 08:00-20:00;")
    desk.press("5a")
    desk.wait_for("Especialidad · agregar")
    desk.press("NEU<Tab>Neumonología<F8>")
    desk.line_shows("Especialidad NEU agregado.")
    desk.press("6a")
    desk.wait_for("Práctica · agregar")
    desk.press("ESPIRO<Tab>Espirometría<Tab>30<Tab>neu<Tab>Sin fumar 4 h<F8>")
    desk.line_shows("Práctica ESPIRO agregado.")
    assert value(network, "SELECT requirements FROM procedures WHERE code = 'ESPIRO'") == "Sin fumar 4 h"


def test_who_keeps_no_rooms_is_told_who_does(open_desk: Open) -> None:
    desk = open_desk("gestion")
    desk.press("2")
    desk.line_shows("los llevan secretaría y administración")


def same_as_kept(desk: Desk, name: str) -> None:
    """The screen at rest is what the file says, but what a clock or a test before moves."""
    desk.settle()
    shown = "\n".join(_still(line) for line in desk.lines[1:]) + "\n"
    file = SNAPSHOTS / f"sites-{name}-{desk.columns}x{desk.rows}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(shown, "utf-8")
    assert shown == file.read_text("utf-8")


def _still(line: str) -> str:
    return re.sub(r"\d+ de \d+", "n de n", line).rstrip()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_as_rendered(open_desk: Open, size: tuple[int, int]) -> None:
    desk = open_desk("vmora", size=size)
    desk.press("2")
    desk.wait_for("Consultorios · Centro Norte")
    desk.press("/consultorio 1<Enter>")
    desk.wait_for("1 de ")
    desk.wait_for("»C.1")
    desk.wait_for("Estado: disponible")
    same_as_kept(desk, "rooms")
    desk.press("e")
    desk.wait_for("Consultorio C.1 · Centro Norte")
    same_as_kept(desk, "form")
    desk.press("<Esc>")
    desk.wait_for("»C.1")
    desk.press("?")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "keys")
