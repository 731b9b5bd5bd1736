"""A blank in the search box: the last patients of this login, each opening an act as any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from clinicdesk.clinic.patients import service as patients
from clinicdesk.tui.recent import Recent
from tests.factories import Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

Open = Callable[..., Desk]
OPENINGS = (
    "SELECT count(*) FROM acts WHERE what = 'patient.show' AND outcome = 'done' AND person = :person"
    " AND patient_id = :id AND at >= :since"
)


def chosen(desk: Desk, *people: Person) -> None:
    """Each looked up and chosen at the counter, the last one last; then an empty search."""
    for person in people:
        desk.press(f"{person.document}<Enter>")
        desk.line_shows(person.family)
        desk.press("<Esc><Esc>")
        desk.wait_for("Escribir documento")


def opened(counter: Counter, person: Person, by: str, since: datetime) -> int:
    """How often somebody opened a patient since then."""
    return int(counter.scalar(OPENINGS, person=f"u_{by}", id=person.patient_id, since=since))


def test_ten_at_most_the_newest_first_each_once() -> None:
    recent = Recent()
    for number in [*range(12), 3]:
        recent.add(UUID(int=number))
    assert [each.int for each in recent.ids] == [3, 11, 10, 9, 8, 7, 6, 5, 4, 2]


def test_a_blank_lists_them_and_arrows_choose(open_desk: Open, counter: Counter) -> None:
    people = [counter.patient(f"Reciente {name}", "Ana") for name in ("Uno", "Dos", "Tres")]
    since = datetime.now(UTC)
    desk = open_desk("cruiz")
    desk.press(" ")
    desk.line_shows("Todavía no se atendió a nadie en esta sesión.")
    desk.press("<Esc>")
    chosen(desk, *people)
    before = opened(counter, people[0], "cruiz", since)
    desk.press(" ")
    desk.wait_for("3 últimos")
    desk.line_shows("Enter elige a Reciente Tres, Ana.")
    desk.settle()
    rows = [line[1:].split(",")[0].strip() for line in desk.lines[2:5]]
    assert rows == ["Reciente Tres", "Reciente Dos", "Reciente Uno"]
    assert opened(counter, people[0], "cruiz", since) == before
    desk.press("<Down><Down><Enter>")
    desk.line_shows("Reciente Uno, Ana: sin turno hoy")


def test_a_blank_and_enter_typed_ahead_open_the_last_one(open_desk: Open, counter: Counter) -> None:
    people = [counter.patient(f"Adelantada {name}", "Ana") for name in ("Uno", "Dos")]
    since = datetime.now(UTC)
    desk = open_desk("cruiz")
    chosen(desk, *people)
    desk.send(" \r")
    desk.line_shows("Adelantada Dos, Ana: sin turno hoy")
    assert opened(counter, people[1], "cruiz", since) == 1


def test_space_in_a_list_shows_them_and_letters_go_on_to_a_search(open_desk: Open, counter: Counter) -> None:
    person = counter.patient("Listada Reciente", "Ana")
    desk = open_desk("cruiz")
    chosen(desk, person)
    desk.press("<Tab> ")
    desk.wait_for("1 último")
    desk.press("lista")
    desk.wait_for("1 candidato")
    desk.line_shows("Enter elige a Listada Reciente, Ana.")


def test_another_login_begins_with_none(open_desk: Open, counter: Counter) -> None:
    person = counter.patient("Olvidada Reciente", "Ana")
    desk = open_desk("cruiz")
    chosen(desk, person)
    desk.press("<F10>1")
    desk.wait_for("Usuario")
    desk.log_in("msosa")
    desk.press(" ")
    desk.line_shows("Todavía no se atendió a nadie en esta sesión.")
    desk.settle()
    assert "Olvidada" not in desk.text


def test_the_list_bypasses_no_seal(open_desk: Open, counter: Counter, network: Network) -> None:
    """Sealed since: the list shows what anybody would see, and so does the opening."""
    person = counter.patient("Sellada Reciente", "Ana", phone="11 5555-0000")
    desk = open_desk("cruiz")
    chosen(desk, person)
    order = patients.SealPatient(patient_id=person.patient_id, sealed=True)
    network.log_in("priva").desk().do(patients.seal_patient, order)
    desk.press(" ")
    desk.wait_for("1 último")
    desk.wait_for("§ SELLADO")
    desk.settle()
    assert person.document[-3:] not in desk.lines[2]
    desk.press("<Enter><F2>")
    desk.wait_for("El paciente restringió quién ve sus datos.")
    desk.settle()
    assert "5555-0000" not in desk.text
    with network.owner.begin() as owner:
        opens = "UPDATE patients SET sealed = false WHERE patient_id = :id"
        owner.execute(text(opens), {"id": person.patient_id})


def test_a_screen_that_finds_people_shows_them_too(open_desk: Open, counter: Counter) -> None:
    person = counter.patient("Hallada Reciente", "Ana")
    desk = open_desk("copias")
    desk.press(f"{person.document}<Enter>")
    desk.wait_for("Quién pide la copia de Hallada Reciente, Ana")
    desk.press("La pide su hija para otro centro<Enter>")
    desk.wait_for("HC")
    desk.wait_for("Alergias:")
    desk.press("<Esc><Esc>")
    desk.wait_for("Escribir documento")
    desk.press(" ")
    desk.wait_for("1 último")
    desk.line_shows("Enter pide el motivo y abre la historia de Hallada Reciente, Ana.")
    desk.press("<Enter>")
    desk.wait_for("Quién pide la copia de Hallada Reciente, Ana")
