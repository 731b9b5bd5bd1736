"""The search across charts at the desk: a line, its headers, the chart at that entry, and back to the row."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from tests.factories import PASSWORD, Network
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery

OpenDesk = Callable[..., Desk]
CTRL_F = "\x06"
SEARCHES = "SELECT count(*) FROM acts WHERE what = 'record.search' AND person = :who"
OPENED = "SELECT count(*) FROM acts WHERE what = 'chart.open' AND person = :who AND patient_id = :id"
FOUND = "SELECT find_records(array_agg(patient_id), array_agg(id)) FROM records WHERE patient_id = :id"
KINDS = (
    ("control", "I10", "Hipertensión esencial", "Refiere zumbidos al despertar."),
    ("imagen", "Z01.6", "Mamografía", ""),
)


def cares_for(surgery: Surgery, family: str, entries: int = 0) -> UUID:
    """Somebody with two entries, and so many bare ones, which a search finds."""
    patient = surgery.patient(family, "Ana")
    surgery.history(patient, KINDS)
    if entries:
        surgery.long_history(patient, entries)
    with surgery.network.owner.begin() as owner:
        owner.execute(text(FOUND), {"id": patient})
    return patient


def test_a_line_finds_entries_of_all_charts_and_opens_the_chart_there(
    network: Network, log_in: Callable[..., object], open_desk: OpenDesk
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), family="Zurbano")  # type: ignore[arg-type]
    first = cares_for(surgery, "Abascal Rey")
    cares_for(surgery, "Belmonte Sol", 60)
    who = f"u_{surgery.username}"
    desk = open_desk(surgery.username)
    desk.wait_for("Mi cola")
    desk.send(CTRL_F)
    desk.shows("Historias »", "Por qué se puede buscar", "dx:I10")
    desk.line_shows("Escribir qué se busca, y Enter.")
    desk.press("dr:zurb")
    desk.shows("Profesional que atendió", "Zurbano, Lucía")
    desk.press("<Down><Enter>")
    desk.shows('Historias » dr:"Zurbano Lucía"')
    desk.press("dx:i10 zumbid<Enter>")
    desk.shows("2 registros", "Abascal Rey, Ana", "Belmonte Sol, Ana", "I10 Hipertensión esencial")
    desk.hides("Refiere")
    desk.press("<Home><Down>")
    desk.line_shows("Enter abre el registro del 16/10/26 de Abascal Rey, Ana.")
    assert surgery.scalar(SEARCHES, who=who) == 1
    opened = surgery.scalar(OPENED, who=who, id=first)
    desk.press("<Enter>")
    desk.shows("Refiere zumbidos al despertar.", "Abascal Rey, Ana")
    desk.line_shows("Esc: a la búsqueda.")
    assert surgery.scalar(OPENED, who=who, id=first) == opened + 1
    desk.press("<Esc>")
    desk.shows("2 registros")
    desk.line_shows("Enter abre el registro del 16/10/26 de Abascal Rey, Ana.")
    desk.press("<Enter>")
    desk.shows("Refiere zumbidos al despertar.")
    desk.press("1")
    desk.shows("Historia · 2 registros")
    desk.press("<Esc>")
    desk.line_shows("Enter abre el registro del 16/10/26 de Abascal Rey, Ana.")
    desk.press("<Esc>")
    desk.line_shows("Enter busca otra vez.")
    desk.press("<Esc>")
    desk.shows("Mi cola")
    desk.send(CTRL_F)
    desk.shows('Historias » dr:"Zurbano Lucía" dx:i10 zumbid', "Por qué se puede buscar")
    desk.press("tos")
    desk.shows("Historias » tos")
    desk.hides("zumbid")
    assert surgery.scalar(SEARCHES, who=who) == 1


def test_words_that_narrow_one_history_go_on_to_all_by_pages_and_an_old_entry_is_reached(
    network: Network, log_in: Callable[..., object], open_desk: OpenDesk
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), family="Yrurtia")  # type: ignore[arg-type]
    patient = cares_for(surgery, "Dorrego Paz", 260)
    surgery.inside(patient)
    desk = open_desk(surgery.username)
    desk.wait_for("Historia · 262 registros")
    desk.press("/i10 yrurtia 2026<Enter>")
    desk.shows("Historia · 1 de 262")
    desk.line_shows("Esc quita el filtro. Ctrl+F: en todas.")
    desk.send(CTRL_F)
    desk.shows("Historias » i10 dr:yrurtia 2026")
    desk.press("<Enter>")
    desk.shows("1 registro", "Dorrego Paz, Ana")
    desk.press("/")
    desk.send("\x15")
    desk.press("dr:yrur foo:x<Enter>")
    desk.line_shows("«foo:» no se entiende. Hay dx, tipo, dr,")
    desk.shows("dr:yrur foo:x")
    desk.press("<Back><Back><Back><Back><Back><Enter>")
    desk.shows("50 o más")
    desk.press("<End>")
    desk.shows("100 o más")
    desk.press("<F5>/")
    desk.send("\x15")
    desk.press("visita 259<Enter>")
    desk.shows("1 registro", "Visita 259")
    desk.press("<Enter>")
    desk.line_shows("1: toda la historia. Esc: a la búsqueda.")
    desk.press("1")
    desk.shows("Visita 259", "Visita 258")
    desk.press("<Esc>")
    desk.line_shows("Enter abre el registro")
    desk.press("/")
    desk.send("\x15")
    desk.press("visita yrurt<Enter>")
    desk.line_shows("Ninguno: «yrurt» se buscó en el texto. Probar con dr:yrurt.")
    desk.shows("Historias » visita yrurt", "Ningún registro coincide.")


def test_nursing_finds_entries_and_a_closed_chart_is_asked_for(
    network: Network, log_in: Callable[..., object], open_desk: OpenDesk
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), family="Yturbe")  # type: ignore[arg-type]
    cares_for(surgery, "Escalada Ruiz")
    desk = open_desk("enfe")
    desk.wait_for("sin triaje")
    desk.press("<F10>7")
    desk.shows("Historias »")
    desk.press("dr:yturbe tipo:imag<Enter>")
    desk.shows("1 registro", "Escalada Ruiz, Ana", "Mamografía")
    desk.press("<Enter>")
    desk.shows("Historia cerrada", "Escalada Ruiz, Ana")
    desk.press("<Esc>")
    desk.line_shows("Enter abre el registro del 02/09/26 de Escalada Ruiz, Ana.")
    desk.press("<Enter>")
    desk.shows("Por defecto: no.")
    desk.press("Convulsiona en la sala de espera<F8>")
    desk.line_shows("Clave de")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.shows("02/09/2026", "Mamografía", "Sin nota firmada en este registro.")
    desk.press("<Esc>")
    desk.line_shows("Enter abre el registro del 02/09/26 de Escalada Ruiz, Ana.")
