"""`m` on what stands under the wrong person: the right one by the finder, both in sight, and the question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clinicdesk.bootstrap import Session
from tests.factories import Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk
from tests.tui.surgery import FIRST, new_surgery

Open = Callable[..., Desk]
_VOIDED = "SELECT count(*) FROM turns WHERE patient_id = :id AND voided_reason IS NOT NULL"
_MARKS = "SELECT count(*) FROM misfiled WHERE patient_id = :id AND way = 'in' AND kind = :kind"


def goes_to(desk: Desk, right: Person) -> int:
    """From the search box to the end; how many keys that took."""
    desk.shows("Pasar a otra persona")
    keys = desk.press(right.document)
    desk.wait_for("1 candidato")
    desk.shows(right.family, "HC")
    keys += desk.press("<Enter>")
    desk.line_shows("¿Por qué estaba mal?", "1 se llaman igual")
    keys += desk.press("1")
    desk.line_shows(f" a {right.family}, {right.given}", "Por defecto: no.")
    return keys + desk.press("s")


def test_a_turn_of_the_wrong_person_is_given_to_the_right_one_in_thirteen_keys(
    open_desk: Open, counter: Counter
) -> None:
    wrong, right = counter.patient("Ledesma Roca", "Ana"), counter.patient("Ledesma Rocca", "Ana")
    counter.booked(wrong)
    desk = open_desk("msosa")
    desk.press(f"{wrong.document}<Enter>")
    desk.wait_for("Enter admite a Ledesma Roca, Ana")
    keys = desk.press("m")
    desk.wait_for("Agenda · ")
    desk.settle()
    keys += desk.press("m")
    assert keys + goes_to(desk, right) == 13
    desk.line_shows("Pasado a Ledesma Rocca, Ana: el turno")
    desk.becomes(lambda: [turn.state for turn in counter.turns_of(right)], ["registrado"])
    assert counter.scalar(_VOIDED, id=wrong.patient_id) == 1


def test_who_waits_under_the_wrong_name_is_given_on_and_esc_moves_nothing(
    open_desk: Open, counter: Counter
) -> None:
    wrong, right = counter.patient("Arrieta Paz", "Luis"), counter.patient("Arrieta Páez", "Luis")
    counter.admitted(wrong)
    desk = open_desk("msosa")
    desk.press(f"{wrong.document}<Enter>")
    desk.wait_for("Arrieta Paz, Luis")
    desk.settle()
    desk.press("m")
    desk.line_shows("Pasar a", "1 es de otra persona")
    desk.press("1<Enter>")
    desk.shows("Pasar a otra persona", "Arrieta Paz")
    desk.press(f"{wrong.document}<Enter>")
    desk.line_shows("Ya está en la historia de Arrieta Paz, Luis")
    desk.press("<Esc>")
    desk.hides("Pasar a otra persona")
    assert counter.scalar(_VOIDED, id=wrong.patient_id) == 0
    desk.press("m")
    desk.line_shows("1 es de otra persona")
    desk.press("1<Enter>")
    goes_to(desk, right)
    desk.line_shows("Pasado a Arrieta Páez, Luis")
    desk.becomes(lambda: [turn.state for turn in counter.turns_of(right)], ["en_espera"])


def test_a_prescription_and_a_measurement_go_from_the_doctor_s_chart(
    open_desk: Open, network: Network, log_in: Callable[..., Session], counter: Counter
) -> None:
    surgery = new_surgery(network, log_in("cruiz"))
    wrong, right = counter.patient("Molina Sáez", "Eva"), counter.patient("Molina Sanz", "Eva")
    surgery.prescribed(wrong.patient_id, "Metformina 850 mg")
    surgery.measured(wrong.patient_id, FIRST, high=131, low=84)
    surgery.inside(wrong.patient_id)
    desk = open_desk(surgery.username)
    desk.wait_for("Molina Sáez, Eva")
    desk.settle()
    keys = desk.press("2")
    desk.line_shows("m: es de otra persona.")
    keys += desk.press("m")
    assert keys + goes_to(desk, right) == 13
    desk.line_shows("en esta historia queda la marca.")
    desk.shows("ingresada por error", "Pasó a HC")
    desk.press("5")
    desk.shows("Vitales · 2")
    desk.press("m")
    goes_to(desk, right)
    desk.line_shows("en esta historia queda la marca.")
    desk.shows("2 signos: Pasó a HC")
    for kind, count in (("prescription", 1), ("vitals", 2)):
        marks: Any = counter.scalar(_MARKS, id=right.patient_id, kind=kind)
        assert marks == count
    desk.press("m")
    desk.line_shows("Mover: ya está marcado como de otra historia")
