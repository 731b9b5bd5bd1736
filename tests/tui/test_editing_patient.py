"""A person's data corrected at the desk: few keys, and nothing lost when two write at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import editing
from clinicdesk.clinic.patients import service as registering
from clinicdesk.clinic.records import adding
from clinicdesk.clinic.records.plan import FollowUpEntry, Plan
from clinicdesk.kit import clock
from tests.factories import ZONE, followed, proven
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

Open = Callable[..., Desk]
DELETE_LINE = "\x15"


def opened(front: Desk, person: Person) -> None:
    """The form of a person found at the home."""
    front.press(f"{person.document}<Enter>")
    front.line_shows(f"{person.family}, {person.given}: sin turno hoy")
    front.press("e")
    front.wait_for("Corregir datos")
    front.wait_for(f"Apellidos    {person.family}")


def retyped(front: Desk, name: str, text: str) -> None:
    """Go down to a field and write another text."""
    for _each in range(16):
        if f"» {name}" in front.text:
            break
        front.press("<Tab>")
        front.settle()
    front.send(DELETE_LINE)
    front.press(text)
    front.wait_for(f"» {name}")
    front.settle()


def edited_by(session: Session, person: Person, version: int, **said: str) -> None:
    """Somebody else saves."""
    order = editing.EditPatient(patient_id=person.patient_id, version=version, said=said)
    session.desk().do(editing.edit, order)


def stored(counter: Counter, person: Person) -> str:
    """Family, phone and town as the database has them."""
    words = "SELECT concat_ws(' | ', family, phone, city) FROM patients WHERE patient_id = :id"
    return str(counter.scalar(words, id=person.patient_id))


@pytest.fixture
def other(log_in: Callable[..., Session]) -> Session:
    """Another clerk, Ruiz."""
    return log_in("cruiz")


def test_a_phone_is_corrected_in_six_keys_and_its_digits(front: Desk, counter: Counter) -> None:
    person = counter.patient("Corrales", "Ana")
    front.press(f"{person.document}<Enter>")
    front.line_shows("Corrales, Ana: sin turno hoy")
    assert front.press("e<Up><Up><Up><Up>1144445555<F8>") == 6 + 10
    front.line_shows("Datos guardados: Corrales, Ana.")
    assert stored(counter, person) == "Corrales | +541144445555"


def test_what_changed_stands_on_the_page(front: Desk, counter: Counter, other: Session) -> None:
    person = counter.patient("Historiada", "Ana", phone="+541155550111")
    edited_by(other, person, 1, phone="+541155550222", birth="1980-01-31")
    front.press(f"{person.document}<Enter>")
    front.line_shows("Historiada, Ana: sin turno hoy")
    front.press("<F2>")
    front.wait_for("Turnos desde hoy · 0")
    front.shows("Nacimiento   31/01/1980", "Teléfono     011 5555-0222")
    front.press("v")
    front.wait_for("Cambios de sus datos · 2")
    front.shows("Antes", "Después", "31/01/1980")
    front.wait_for(lambda: "Ruiz Teléfono +54 11 5555-0111 +54 11 5555-0222" in " ".join(front.text.split()))
    front.press("v")
    front.wait_for("Turnos desde hoy · 0")
    edited_by(other, person, 2, phone="+541155550333")
    front.wait_for("Teléfono     011 5555-0333")
    front.press("e")
    front.wait_for("Corregir datos")
    front.wait_for("Últimos cambios")
    front.press("<Esc><Esc>")
    front.wait_for("Turnos de hoy")


def test_a_change_elsewhere_is_told_at_once_and_touches_nothing_typed(
    front: Desk, counter: Counter, other: Session
) -> None:
    person = counter.patient("Dosmanos", "Ana", phone="+541155550111", city="Salta")
    opened(front, person)
    retyped(front, "Teléfono", "011 5555-0333")
    edited_by(other, person, 1, phone="+541155550222", city="Jujuy")
    front.line_shows("Ruiz cambió estos datos hace ", "Se conserva lo escrito. F5: comparar.")
    front.shows("Teléfono     011 5555-0333", "Localidad    Salta")
    front.press("<F8>")
    front.line_shows("Ruiz cambió estos datos hace ", "F5: comparar.")
    assert stored(counter, person) == "Dosmanos | +541155550222 | Jujuy"
    front.press("<F5>")
    front.line_shows("Los dos cambiaron el teléfono.", "1 lo escrito", "2 lo de Ruiz")
    front.shows("Teléfono     011 5555-0333", "ahora: 011 5555-0222", "Localidad    Jujuy", "antes: Salta")
    front.press("1<F8>")
    front.line_shows("Datos guardados: Dosmanos, Ana.")
    assert stored(counter, person) == "Dosmanos | +541155550333 | Jujuy"


def test_theirs_is_taken_with_one_key(front: Desk, counter: Counter, other: Session) -> None:
    person = counter.patient("Tomada", "Ana", phone="+541155550111", city="Salta")
    opened(front, person)
    retyped(front, "Apellidos", "Tomada Paz")
    retyped(front, "Teléfono", "011 5555-0333")
    edited_by(other, person, 1, phone="+541155550222")
    front.line_shows("Ruiz cambió el teléfono hace ")
    front.press("<F5>2")
    front.wait_for("escrito: 011 5555-0333")
    front.shows("Teléfono     011 5555-0222", "Apellidos    Tomada Paz")
    front.press("<F8>")
    front.line_shows("Datos guardados: Tomada Paz, Ana.")
    assert stored(counter, person) == "Tomada Paz | +541155550222 | Salta"


def test_each_field_is_chosen_by_itself(front: Desk, counter: Counter, other: Session) -> None:
    person = counter.patient("Elegida", "Ana", phone="+541155550111", city="Salta")
    opened(front, person)
    retyped(front, "Teléfono", "011 5555-0333")
    retyped(front, "Localidad", "Tigre")
    edited_by(other, person, 1, phone="+541155550222", city="Jujuy")
    front.line_shows("Ruiz cambió estos datos hace ")
    front.press("<F5>")
    front.line_shows("Los dos cambiaron 2 datos.")
    front.press("<Enter>")
    front.line_shows("F5 pone en este dato lo otro.")
    front.shows("» Teléfono     011 5555-0333", "ahora: 011 5555-0222", "ahora: Jujuy")
    front.press("<F5>")
    front.wait_for("escrito: 011 5555-0333")
    front.press("<F8>")
    front.line_shows("Datos guardados: Elegida, Ana.")
    assert stored(counter, person) == "Elegida | +541155550222 | Tigre"


def test_what_was_left_by_esc_is_there_again_and_meets_what_changed(
    front: Desk, counter: Counter, other: Session
) -> None:
    person = counter.patient("Borrador", "Ana", phone="+541155550111")
    opened(front, person)
    retyped(front, "Teléfono", "011 5555-0333")
    front.press("<Esc>")
    front.hides("Corregir datos")
    edited_by(other, person, 1, phone="+541155550222")
    front.press("e")
    front.wait_for("Corregir datos")
    front.line_shows("Ruiz cambió el teléfono hace ")
    front.shows("Teléfono     011 5555-0333")
    front.press("<F5>")
    front.wait_for("ahora: 011 5555-0222")
    front.press("<Esc><Esc>")
    front.hides("Corregir datos")
    assert stored(counter, person) == "Borrador | +541155550222"


def test_what_cannot_be_is_marked_and_stays(front: Desk, counter: Counter) -> None:
    person = counter.patient("Errada", "Ana")
    opened(front, person)
    front.press("<Tab><Tab><Tab><Tab><Tab>")
    front.wait_for("» Nacimiento")
    front.send(DELETE_LINE)
    front.press("31022000")
    front.wait_for("» Estimada")
    front.press("<F8>")
    front.line_shows("La fecha de nacimiento no existe")
    front.shows("! Nacimiento   31/02/2000")
    assert counter.scalar("SELECT version FROM patients WHERE patient_id = :id", id=person.patient_id) == 1
    front.press("<Esc>")
    front.hides("Corregir datos")


def test_what_a_person_is_called_and_who_answers_is_corrected_too(
    front: Desk, counter: Counter, other: Session
) -> None:
    person = counter.patient("Llamada Sol", "Ana")
    opened(front, person)
    front.shows("Grupo sang.  desconocido", "A cargo      N")
    retyped(front, "En uso", "Nita")
    retyped(front, "Género", "n")
    front.wait_for("Género       no binario")
    retyped(front, "Grupo sang.", "b")
    front.press("<Tab>s")
    front.wait_for("A cargo      S")
    edited_by(other, person, 1, gender="mujer", blood_group="A+", dependent="true")
    front.line_shows("Ruiz cambió estos datos hace ")
    front.press("<F5>")
    front.line_shows("Los dos cambiaron 2 datos.")
    front.shows("Género       no binario", "ahora: mujer", "Grupo sang.  B-", "ahora: A+", "A cargo      S")
    front.press("1<F8>")
    front.line_shows("Datos guardados: Llamada Sol, Ana.")
    front.press("<Down>")
    front.line_shows("No tiene anotado quién responde por la persona.")
    words = "SELECT concat_ws(' | ', name_in_use, gender, blood_group, dependent) FROM patients p"
    assert (
        counter.scalar(f"{words} WHERE patient_id = :id", id=person.patient_id)
        == "Nita | no_binario | B- | t"
    )


def test_who_restricts_their_data_is_not_corrected(
    front: Desk, counter: Counter, log_in: Callable[..., Session]
) -> None:
    person = counter.patient("Reservada", "Ana")
    seal = registering.SealPatient(patient_id=person.patient_id, sealed=True)
    log_in("priva").desk().do(registering.seal_patient, seal)
    front.press(f"{person.document}<Enter>")
    front.line_shows("SELLADO")
    front.press("e")
    front.line_shows("Datos: el paciente restringió quién ve sus datos")


def test_the_page_gives_moves_and_cancels_turns(front: Desk, counter: Counter) -> None:
    person = counter.patient("Turnera", "Ana")
    front.press(f"{person.document}<Enter><F2>")
    front.wait_for("Turnos desde hoy · 0")
    front.press("t<Enter>")
    front.wait_for("Turnos desde hoy · 1")
    front.line_shows("Turnera, Ana", "z deshace")
    front.press("x1<Enter>")
    front.line_shows("Turnera, Ana pasó a cancelado.")
    front.wait_for("× cancelado")
    front.press("z")
    front.line_shows("Deshecho: cancelación")
    front.wait_for("° registrado")
    front.press("dp24<Enter>")
    front.wait_for("Turnos desde hoy · 2")
    assert [turn.state for turn in counter.turns_of(person)] == ["registrado", "en_espera"]
    front.press("<Esc>")
    front.wait_for("Turnos de hoy")


def test_a_turn_is_offered_with_the_control_that_a_note_asks_for(
    front: Desk, counter: Counter, log_in: Callable[..., Session]
) -> None:
    person, doctor = counter.patient("Controlada", "Ana"), log_in("lpaz")
    followed(log_in("secre"), person.patient_id, doctor)
    due = clock.local_day(clock.now(), ZONE) + timedelta(days=30)
    plan = Plan((), (FollowUpEntry(due, doctor.actor.person_id, "traer laboratorio"),))
    order = adding.AddRecord(
        patient_id=person.patient_id, kind="control", text="Vuelve.", plan=plan, **proven(doctor)
    )
    doctor.desk().do(adding.add_record, order)
    front.press(f"{person.document}<Enter>")
    front.line_shows("Controlada, Ana: sin turno hoy")
    front.press("t")
    front.wait_for(f"Control sugerido: {due:%d/%m/%Y} con Paz.")
    front.press("<Enter>")
    front.line_shows("Paz", "z deshace")
    front.hides("laboratorio")
    assert [turn.doctor_id for turn in counter.turns_of(person)] == [doctor.actor.person_id]
