"""The keystroke scripts of the manual: the exact keys, and what the database holds after them."""

from __future__ import annotations

from datetime import timedelta

from clinicdesk.clinic.turns import service
from tests.tui.counter import Counter
from tests.tui.desk import Desk


def test_a_patient_with_a_turn_is_admitted_with_two_keys(front: Desk, counter: Counter) -> None:
    person = counter.patient()
    counter.booked(person)
    assert front.press(f"{person.document}<Enter><Enter>") == len(person.document) + 2
    front.wait_for("z deshace")
    (turn,) = counter.turns_of(person)
    assert (turn.state, turn.kind) == ("en_espera", "booked")
    front.line_shows(f"Admisión {turn.ticket}: Quispe Mamani, Rosa Elena.")


def test_a_scan_and_one_key_admit(front: Desk, counter: Counter) -> None:
    person = counter.patient()
    counter.booked(person)
    front.send(f"{person.document}\r")
    assert front.press("<Enter>") == 1
    front.wait_for("z deshace")
    assert [turn.state for turn in counter.turns_of(person)] == ["en_espera"]


def test_a_scan_works_from_a_list_and_begins_a_new_search(front: Desk, counter: Counter) -> None:
    first, second = counter.patient(), counter.patient("Godoy", "Bruno")
    counter.booked(second)
    front.press(f"{first.document}<Enter><Tab><Down>")
    front.send(f"{second.document}\r")
    front.wait_for("Enter admite a Godoy, Bruno")
    front.press("<Enter>")
    front.wait_for("z deshace")
    assert counter.turns_of(first) == []
    assert [turn.state for turn in counter.turns_of(second)] == ["en_espera"]


def test_a_walk_in_for_a_service_takes_fourteen_keys(front: Desk, counter: Counter) -> None:
    person = counter.patient("Godoy", "Bruno")
    assert front.press(f"{person.document}<Enter>dc24<Enter>") == 14
    front.wait_for("z deshace")
    front.line_shows("Godoy, Bruno con Clínica médica.")
    (turn,) = counter.turns_of(person)
    assert (turn.state, turn.kind, turn.triage) == ("en_espera", "walk_in", 4)
    assert turn.doctor_id is None


def test_a_walk_in_takes_fourteen_keys(front: Desk, counter: Counter) -> None:
    person = counter.patient("Funes Rey", "Emilia")
    assert front.press(f"{person.document}<Enter>dp24<Enter>") == 14
    front.wait_for("z deshace")
    (turn,) = counter.turns_of(person)
    assert (turn.state, turn.kind, turn.triage) == ("en_espera", "walk_in", 4)
    assert turn.reason == "dolor"
    assert turn.doctor_id == counter.network.person_ids["lpaz"]


def test_a_reason_may_be_written(front: Desk, counter: Counter) -> None:
    person = counter.patient("Funes Rey", "Emilia")
    front.press(f"{person.document}<Enter>di0tos seca<Enter>3<Enter>")
    front.wait_for("z deshace")
    (turn,) = counter.turns_of(person)
    assert (turn.reason, turn.triage) == ("tos seca", 3)


def test_the_next_free_slot_takes_two_keys_and_any_doctor_three(front: Desk, counter: Counter) -> None:
    same, other = counter.patient("Coria", "Pedro"), counter.patient("Gil", "Álvaro")
    for person in (same, other):
        counter.hop(service.cancel, counter.booked(person, "jibarra"), counter.dawn(), reason="prueba")
    front.press(f"{same.document}<Enter>")
    assert front.press("t<Enter>") == 2
    front.wait_for("z deshace")
    front.press(f"{other.document}<Enter>")
    assert front.press("to<Enter>") == 3
    front.wait_for("Gil, Álvaro, Paz. z deshace")
    ids = counter.network.person_ids
    assert counter.turns_of(same)[-1].doctor_id == ids["jibarra"]
    assert counter.turns_of(other)[-1].doctor_id == ids["lpaz"]
    assert counter.turns_of(other)[-1].state == "registrado"


def test_the_same_procedure_again_is_asked_and_enter_says_no(front: Desk, counter: Counter) -> None:
    person = counter.patient("Ríos", "Juana")
    counter.booked(person, "jibarra", counter.dawn() + timedelta(days=9, hours=10))
    front.press(f"{person.document}<Enter>t<Enter>")
    front.wait_for("Ya tiene Control: ")
    front.line_shows("Ibarra", "¿Dar otro? Por defecto: no.")
    front.press("<Enter>")
    front.hides("¿Dar otro?")
    assert len(counter.turns_of(person)) == 1
    front.press("t<Enter>")
    front.wait_for("¿Dar otro?")
    front.press("s")
    front.wait_for("z deshace")
    assert len(counter.turns_of(person)) == 2


def test_absent_takes_three_keys_and_undo_one(front: Desk, counter: Counter) -> None:
    person = counter.patient("Vera", "Cecilia")
    counter.booked(person)
    front.press(f"{person.document}<Enter>")
    assert front.press("u2<Enter>") == 3
    front.wait_for("pasó a ausente")
    assert [turn.state for turn in counter.turns_of(person)] == ["ausente"]
    front.press("c")
    front.wait_for("Confirmar: el turno está ausente")
    assert front.press("z") == 1
    front.wait_for("Deshecho: ausencia")
    assert [turn.state for turn in counter.turns_of(person)] == ["registrado"]


def test_confirm_admit_and_take_both_back(front: Desk, counter: Counter) -> None:
    person = counter.patient("Luna", "Esteban")
    counter.booked(person)
    front.press(f"{person.document}<Enter>ci")
    front.wait_for("Admisión A")
    front.press("z")
    front.wait_for("Deshecho: admisión")
    assert [turn.state for turn in counter.turns_of(person)] == ["confirmado"]
    front.press("z")
    front.wait_for("Deshecho: confirmación")
    assert [turn.state for turn in counter.turns_of(person)] == ["registrado"]
    front.press("x1<Enter>")
    front.wait_for("pasó a cancelado")
    front.press("z")
    front.wait_for("Deshecho: cancelación")
    assert [turn.state for turn in counter.turns_of(person)] == ["registrado"]


def test_a_new_patient_takes_the_fields_and_five_keys(front: Desk, counter: Counter) -> None:
    document = "61002003"
    typed = ("Villafañe Ocampo", "Martina Sol", "f", "07031996", "1144445555")
    script = f"{document}<Enter><Enter>{typed[0]}<Tab>{typed[1]}<Tab>{''.join(typed[2:])}<F8>"
    assert front.press(script) == len(document) + sum(map(len, typed)) + 5
    front.wait_for("Registro HC")
    found = counter.scalar(
        "SELECT p.family || '|' || p.given || '|' || p.sex || '|' || p.birth || '|' || p.phone"
        " FROM patients p JOIN patient_documents d USING (patient_id) WHERE d.number = :number",
        number=document,
    )
    assert found == "Villafañe Ocampo|Martina Sol|F|1996-03-07|+541144445555"
    front.wait_for(lambda: "Villafañe Ocampo, Martina Sol" in front.lines[2])
    front.wait_for(lambda: "sin turno hoy" in front.lines[2])


def test_who_is_next_is_told_with_one_key(front: Desk, counter: Counter) -> None:
    person = counter.patient("Toledo", "Hernán")
    waiting = counter.admitted(person)
    front.press(f"{person.document}<Enter>")
    assert front.press("y") == 1
    front.line_shows(f"{waiting.ticket} es", "sin triaje")
    assert counter.scalar("SELECT count(*) FROM turns WHERE id = :id AND state = 'en_espera'", id=waiting.id)
