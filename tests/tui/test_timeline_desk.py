"""Finding an old note by key: words narrow the chart, `v` shows it by problem, ← → step through."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories import Network
from tests.tui.desk import Desk
from tests.tui.surgery import new_surgery

OpenDesk = Callable[..., Desk]

KINDS = (
    ("control", "I10", "HTA esencial", "Controla bien."),
    ("control", "E11.9", "Diabetes tipo 2", "Sin cambios."),
    ("urgencia", "I10", "HTA esencial", "Cefalea intensa."),
)


def test_an_old_note_is_nine_keys_away(
    network: Network, log_in: Callable[..., object], open_desk: OpenDesk
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), family="Lagos Paz")  # type: ignore[arg-type]
    patient = surgery.patient()
    surgery.history(patient, KINDS)
    surgery.long_history(patient, 260)
    surgery.inside(patient)
    desk = open_desk(surgery.username)
    desk.wait_for("Historia · 263 registros")
    desk.line_shows("Enter abre el registro del")
    assert desk.press("/i10 lag<Enter>") == 9
    desk.shows("Historia · 2 de 263", "«i10 lag»")
    desk.line_shows("Esc quita el filtro.")
    desk.press("<Enter>")
    desk.shows("Controla bien.")
    desk.line_shows("← → otro registro.")
    desk.press("<Right>")
    desk.shows("Cefalea intensa.")
    desk.press("<Left>")
    desk.shows("Controla bien.")
    desk.press("<Esc>")
    desk.shows("Historia · 2 de 263")
    desk.press("/visita 259<Enter>")
    desk.shows("Historia · 1 de 263", "Visita 259")
    desk.press("/nadadeeso<Enter>")
    desk.line_shows("Ningún registro coincide con «nadadeeso». Esc quita el filtro.")
    desk.shows("Historia · 0 de 263")
    desk.press("<Esc>")
    desk.shows("Historia · 263 registros", "/ buscar")
    desk.press("v")
    desk.shows("Por problema · 2", "2 registros, 20/07/26 a 16/10/26", "E11.9 Diabetes tipo 2")
    desk.line_shows("Enter muestra los registros de I10.")
    desk.press("<Enter>")
    desk.shows("Historia · 2 de 263", "«I10»")
    desk.press("<Esc>")
    desk.shows("Por problema · 2")
    desk.press("v")
    desk.shows("Historia · 263 registros")
    desk.press("0")
    desk.line_shows("Filtrar:", "1 período", "5 más viejos primero")
    desk.press("4")
    desk.line_shows("Diagnóstico:", "I10 HTA esencial (2)")
    desk.press("1")
    desk.shows("Historia · 2 de 263", "«I10»")
    desk.line_shows("I10. Enter abre el registro del 16/10/26. Esc quita el filtro.")
    desk.press("03")
    desk.line_shows("Tipo:", "Control (1)", "Urgencia (1)")
    desk.press("2")
    desk.shows("Historia · 1 de 263", "«I10 · urgencia»")
    desk.press("<Esc>")
    desk.shows("Historia · 263 registros", "/ buscar")
