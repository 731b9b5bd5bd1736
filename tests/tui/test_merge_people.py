"""Two charts side by side, merged with the question in row 23, and taken apart from the patient's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from clinicdesk.kit import clock
from tests.factories import PASSWORD
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk


@pytest.fixture
def secretary(desk_environment: dict[str, str]) -> Iterator[Desk]:
    """A desk whose person may merge, at her board."""
    with Desk(desk_environment) as desk:
        assert isinstance(desk, Desk)
        yield desk.log_in("secre")


def page(desk: Desk, person: Person) -> None:
    """F2 and a document: the patient's page."""
    desk.press("<F2>")
    desk.wait_for("Escribir documento")
    desk.press(person.document)
    desk.wait_for("1 candidato")
    desk.press("<Enter>")
    desk.shows("Turnos desde hoy", person.family)


def compare(desk: Desk, kept: Person, gone: Person) -> None:
    """Both side by side, the page of the first below."""
    page(desk, kept)
    desk.press("<F8>")
    desk.wait_for("Escribir documento")
    desk.press(gone.document)
    desk.wait_for("1 candidato")
    desk.press("<Enter>")
    desk.shows("Unir fichas", "Queda", "Se retira", kept.family, gone.family)


def words(desk: Desk) -> str:
    """The screen's text, wherever its lines end."""
    return " ".join(desk.text.split())


def chart(counter: Counter, person: Person) -> str:
    number = counter.scalar("SELECT chart_number FROM patients WHERE patient_id = :id", id=person.patient_id)
    return f"HC {number:06d}"


def stands(counter: Counter, person: Person) -> UUID | None:
    found: UUID | None = counter.scalar(
        "SELECT merged_into FROM patients WHERE patient_id = :id", id=person.patient_id
    )
    return found


def test_two_charts_are_read_compared_merged_and_parted(secretary: Desk, counter: Counter) -> None:
    kept = counter.patient("Villafañe Ocampo", "Martina", phone="+54 11 4000 0001")
    gone = counter.patient("Villafane Ocampos", "Martina", email="m@example.org")
    one, other = chart(counter, kept), chart(counter, gone)
    compare(secretary, kept, gone)
    secretary.line_shows(f"F8 une {other} a {one}")
    secretary.shows("+54 11 4000-0001", "m@example.org")
    secretary.press("<F8>")
    secretary.line_shows("Motivo", "1 ficha duplicada")
    secretary.press("1")
    asked = f"¿Unir Villafane Ocampos, Martina ({other}) a Villafañe Ocampo, Martina ({one})?"
    secretary.becomes(lambda: asked in words(secretary), True)
    secretary.press("s")
    secretary.shows("lleva ahora a", "m@example.org", other)
    secretary.becomes(lambda: stands(counter, gone) == kept.patient_id, True)
    secretary.press("<F9>")
    secretary.line_shows("Motivo")
    secretary.press("3")
    secretary.wait_for("Motivo »")
    secretary.press("eran dos<Enter>")
    secretary.becomes(lambda: f"¿Separar {other} de" in words(secretary), True)
    secretary.press("s")
    secretary.shows("son otra vez dos fichas")
    secretary.becomes(lambda: stands(counter, gone) is None, True)
    secretary.hides("m@example.org")


def test_enter_and_esc_merge_nobody(secretary: Desk, counter: Counter) -> None:
    kept, gone = counter.patient("Quesada", "Ana"), counter.patient("Quezada", "Ana")
    compare(secretary, kept, gone)
    secretary.press("<F8>")
    secretary.line_shows("Motivo")
    secretary.press("1")
    secretary.wait_for("¿Unir")
    secretary.press("<Enter>")
    secretary.hides("¿Unir")
    secretary.press("<F8>")
    secretary.line_shows("Motivo")
    secretary.press("<Esc>")
    secretary.line_shows("F8 une")
    assert stands(counter, gone) is None


def test_an_arrow_changes_which_chart_stays(secretary: Desk, counter: Counter) -> None:
    kept, gone = counter.patient("Tabares", "Ana"), counter.patient("Tavares", "Ana")
    one, other = chart(counter, kept), chart(counter, gone)
    compare(secretary, kept, gone)
    secretary.line_shows(f"F8 une {other} a {one}")
    secretary.press("<Right>")
    secretary.line_shows(f"F8 une {one} a {other}")
    secretary.press("<Left>")
    secretary.line_shows(f"F8 une {other} a {one}")


def test_turns_at_one_time_are_listed_and_nothing_is_merged(secretary: Desk, counter: Counter) -> None:
    kept, gone = counter.patient("Choque", "Ana"), counter.patient("Chocke", "Ana")
    when = counter.dawn() + timedelta(days=3, hours=10)
    counter.booked(kept, "lpaz", when)
    turn = counter.booked(gone, "jibarra", when)
    at = clock.local(turn.starts_at, counter.session.actor.at.zone)
    compare(secretary, kept, gone)
    secretary.shows("2 turnos por venir se superponen", f"{at:%d/%m %H:%M}  Ibarra")
    secretary.line_shows("hay turnos a la misma hora")
    secretary.press("<F8>")
    secretary.wait_for("Unir: hay turnos a la misma hora")
    assert stands(counter, gone) is None


def test_the_lock_leaves_neither_name_and_gives_both_back(secretary: Desk, counter: Counter) -> None:
    kept, gone = counter.patient("Zelarrayán", "Ana"), counter.patient("Selarrayán", "Ana")
    compare(secretary, kept, gone)
    secretary.press("<F7>")
    secretary.wait_for("Puesto bloqueado")
    secretary.hides("Zelarrayán", "Selarrayán")
    secretary.send(PASSWORD)
    secretary.press("<Enter>")
    secretary.shows("Zelarrayán", "Selarrayán", "Se retira")


def test_who_may_not_merge_is_offered_nothing(front: Desk, counter: Counter) -> None:
    person = counter.patient("Unamuno", "Ana")
    front.press(person.document)
    front.wait_for("1 candidato")
    front.press("<Enter><F2>")
    front.shows("Turnos desde hoy", "Unamuno")
    front.hides("F8 Unir")
