"""The search across charts at the desk: a line, its headers, the chart at that entry, and back to the row."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text

from tests.factories import Network
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
    assert surgery.scalar(SEARCHES, who=who) == 1


def test_pages_follow_and_what_is_not_understood_is_told_and_stays(
    network: Network, log_in: Callable[..., object], open_desk: OpenDesk
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), family="Ybarguren")  # type: ignore[arg-type]
    cares_for(surgery, "Cifuentes Mar", 120)
    desk = open_desk(surgery.username)
    desk.wait_for("Mi cola")
    desk.press("<F10>7")
    desk.shows("Historias »")
    desk.press("dr:ybarg foo:x<Enter>")
    desk.line_shows("«foo:» no se entiende. Se busca por dx,")
    desk.shows("dr:ybarg foo:x")
    desk.press("<Back><Back><Back><Back><Back><Enter>")
    desk.shows("50 o más")
    desk.press("<End>")
    desk.shows("100 o más")
    desk.press("<End>")
    desk.shows("122 registros")
    desk.press("<End><Enter>")
    desk.shows("Visita 120")
    desk.line_shows("Esc: a la búsqueda.")
    desk.press("<Esc>")
    desk.shows("122 registros", "Visita 120")
    desk.press("/")
    desk.send("\x15")
    desk.press("visita ybarguren<Enter>")
    desk.line_shows("Ninguno: «ybarguren» se buscó en el texto. Probar con dr:ybarguren.")
    desk.shows("Historias » visita ybarguren", "Ningún registro coincide.")
