"""The counter when hands are faster than lists, when somebody was first, and when there is much to choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, insert

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.turns import service
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.kit import clock
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

Open = Callable[..., Desk]


def test_blind_enters_over_several_people_admit_nobody(front: Desk, counter: Counter) -> None:
    twins = [counter.patient("Trampazo", given) for given in ("Una", "Otra")]
    for twin in twins:
        counter.booked(twin)
    front.send("trampaz\r\r")
    front.wait_for("2 candidatos")
    front.settle()
    states = [turn.state for twin in twins for turn in counter.turns_of(twin)]
    assert states == ["registrado", "registrado"]


def test_text_typed_after_an_admission_is_a_new_search(front: Desk, counter: Counter) -> None:
    one, two = counter.patient("Primera", "Ana"), counter.patient("Segunda", "Eva")
    for person in (one, two):
        counter.booked(person)
    front.press(f"{one.document}<Enter><Enter>{two.document}<Enter><Enter>")
    front.wait_for("Segunda, Eva. z deshace")
    assert [turn.state for turn in counter.turns_of(one)] == ["en_espera"]
    assert [turn.state for turn in counter.turns_of(two)] == ["en_espera"]


def test_a_prompt_keeps_the_turn_it_was_opened_on(front: Desk, counter: Counter) -> None:
    mine = counter.patient("Fija", "Ana")
    counter.booked(mine)
    front.press(f"{mine.document}<Enter>x")
    front.wait_for("Cancelar, motivo:")
    early = counter.patient("Antes", "Que Todos")
    counter.hop(service.confirm, counter.booked(early), clock.now())
    front.settle()
    front.press("1<Enter>")
    front.wait_for("Fija, Ana pasó a cancelado")
    assert [turn.state for turn in counter.turns_of(mine)] == ["cancelado"]
    assert [turn.state for turn in counter.turns_of(early)] == ["confirmado"]


def test_a_turn_moved_by_somebody_else_is_refused_and_shown(front: Desk, counter: Counter) -> None:
    person = counter.patient("Disputa", "Ana")
    turn = counter.booked(person)
    front.press(f"{person.document}<Enter>u2")
    front.wait_for("motivo:")
    counter.hop(admissions.admit, turn, clock.now())
    front.press("<Enter>")
    front.wait_for("Otra persona cambió este turno: ahora está")
    front.wait_for(
        lambda: any(
            "Disputa, Ana" in line and ("en espera" in line or "≡" in line) for line in front.lines[:-2]
        )
    )
    assert [row.state for row in counter.turns_of(person)] == ["en_espera"]


def test_a_slot_taken_meanwhile_names_who_took_it(front: Desk, counter: Counter) -> None:
    slow, quick = counter.patient("Lenta", "Ana"), counter.patient("Rápida", "Eva")
    front.press(f"{slow.document}<Enter>t")
    front.wait_for("Enter: dar a Lenta, Ana")
    query = agenda.SlotsQuery(counter.session.actor.at.clinic_id, days=1, limit=50)
    desk = counter.session.desk()
    first: dict[int, str] = {}
    for slot in desk.see(agenda.slots, query):
        first.setdefault(slot.doctor_id, slot.id)
    taken = next(iter(first.values()))
    desk.do(service.book_turn, service.BookTurn(patient_id=quick.patient_id, slot=taken))
    front.press("<Enter>")
    front.line_shows("ya está tomado", "Ruiz")
    assert counter.turns_of(slow) == []


def test_a_known_document_shows_whose_it_is_and_f2_opens_them(front: Desk, counter: Counter) -> None:
    known = counter.patient("Villafañe", "Marta", document="62000001")
    front.press("62000002<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("Otra<Tab>Persona<Tab>f07031996<Up><Up><Up><Up><Up>")
    front.send("\x15")
    front.press("62000001<F8>")
    front.wait_for("Ese DNI ya es de Villafañe, Marta")
    front.press("<F2>")
    front.wait_for("Villafañe, Marta: sin turno hoy")
    front.wait_for(lambda: known.document in front.lines[1].replace(".", ""))
    found = "SELECT count(*) FROM patient_documents WHERE number IN ('62000001', '62000002')"
    assert counter.scalar(found) == 1


def test_what_is_missing_in_the_form_is_marked(front: Desk) -> None:
    front.press("62000003<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("<F8>")
    front.shows("Falta el apellido.", "\n! Apellidos")
    front.press("Sin Fecha<Tab>Ana<Tab>x31022000<F8>")
    front.wait_for("La fecha de nacimiento no existe")
    front.press("<Esc>")
    front.wait_for("No hay paciente con DNI 62.000.003")
    front.press("<Esc>")
    front.wait_for("Escribir documento")


def test_calls_are_counted_and_told(front: Desk, counter: Counter) -> None:
    person = counter.patient("Llamada", "Ana")
    ticket = counter.admitted(person).ticket
    front.press(f"{person.document}<Enter>l")
    front.wait_for(f"{ticket} Llamada, Ana: llamado 1 vez.")
    front.press("r")
    front.wait_for("llamado 2 veces.")
    assert counter.turns_of(person)[0].calls == 2


def test_one_who_waited_and_left_is_cancelled_with_that_reason(front: Desk, counter: Counter) -> None:
    person = counter.patient("Cansada", "Ana")
    counter.admitted(person)
    front.press(f"{person.document}<Enter>u1<Enter>")
    front.wait_for("Cansada, Ana pasó a cancelado")
    assert [turn.state for turn in counter.turns_of(person)] == ["cancelado"]


def test_the_last_patient_comes_back_with_a_blank(front: Desk, counter: Counter) -> None:
    person = counter.patient("Última", "Ana")
    front.press(f"{person.document}<Enter>")
    front.wait_for("Última, Ana: sin turno hoy")  # Esc while it is looked for forgets what was typed ahead
    front.press("<Esc><Esc>")
    front.wait_for("Escribir documento")
    front.press(" <Enter>")
    front.wait_for("Última, Ana: sin turno hoy")


@pytest.fixture
def many_doctors(network: Network) -> Iterator[int]:
    """Fourteen doctors at the clinic of the south, which else has none."""
    south = network.clinic_ids[1]
    with network.owner.begin() as owner:
        ids = [
            owner.execute(
                insert(people).values(family=f"Apellido {n:02}", given="Ana").returning(people.c.id)
            ).scalar_one()
            for n in range(14)
        ]
        rows = [{"person_id": each, "clinic_id": south, "role": "medico"} for each in ids]
        owner.execute(insert(clinic_roles), rows)
    yield ids[13]
    with network.owner.begin() as owner:
        owner.execute(delete(clinic_roles).where(clinic_roles.c.person_id.in_(ids)))


def test_many_doctors_are_listed_above_the_question(
    open_desk: Open, network: Network, many_doctors: int
) -> None:
    desk = open_desk("sur")
    session = network.log_in("sur")
    counter = Counter(network, session)
    person = counter.patient("Sureña", "Ana")
    desk.press(f"{person.document}<Enter>d")
    desk.wait_for("Apellido 13")
    desk.settle()
    letter = desk.row_of("Apellido 13").split("Apellido 13")[0].split()[-1]
    desk.press(f"{letter}1<Enter>0<Enter>")
    desk.wait_for("Apellido 13. z deshace")
    session.close()
    (turn,) = counter.turns_of(person)
    assert (turn.doctor_id, turn.triage, turn.reason) == (many_doctors, None, "fiebre")
    desk.wait_for(lambda: "Sureña, Ana" in desk.lines[2])


def test_a_form_left_by_esc_is_taken_up_by_the_same_search(front: Desk) -> None:
    front.press("50505051<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("Prueba<Tab>Ana<Esc>")
    front.wait_for("No hay paciente con DNI 50.505.051")
    front.press("<Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.wait_for("Apellidos    Prueba")
    front.wait_for("Nombres      Ana")
