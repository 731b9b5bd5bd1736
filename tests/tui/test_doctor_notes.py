"""A note in a real terminal: written, kept through a kill, signed as shown; addenda and diagnoses."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.records import service as records
from clinicdesk.kit import clock
from tests.factories import PASSWORD, Network
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery

OpenDesk = Callable[..., Desk]
SIGNED = "SELECT text FROM notes WHERE patient_id = :id AND amends_id IS NULL"


@pytest.fixture
def surgery(network: Network, log_in: Callable[..., object]) -> Surgery:
    """A doctor nobody else queues for."""
    return new_surgery(network, log_in("cruiz"))  # type: ignore[arg-type]


@pytest.fixture
def writing(surgery: Surgery, open_desk: OpenDesk) -> Callable[..., tuple[Desk, records.VisitAnswer]]:
    """`writing()` → the doctor's desk with an empty note open, and the visit it is for."""

    def start(**more: object) -> tuple[Desk, records.VisitAnswer]:
        visit = surgery.inside(surgery.patient())
        desk: Desk = open_desk(surgery.username, **more)
        desk.wait_for("DNI")
        desk.press("e")
        desk.wait_for("Subjetivo:")
        return desk, visit

    return start


def test_a_note_is_on_the_server_while_it_is_typed_and_comes_back_after_a_kill(
    surgery: Surgery, open_desk: OpenDesk, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    desk.becomes(lambda: desk.lines[5], " Motivo: control de presión." + " " * 24 + "│ Diagnósticos · 0")
    desk.press("Niñez sin asma.<Tab>Cefalea desde hace")
    desk.wait_for(lambda: "Cefalea desde hace" in (surgery.draft(visit.patient_id) or ""))
    desk.line_shows("Borrador guardado", "2 líneas, solo suyo")
    desk.kill(signal.SIGKILL)
    desk.wait_end()
    again: Desk = open_desk(surgery.username)
    again.line_shows("Hay un borrador suyo de las", "2 líneas. Enter: seguirlo. Esc: dejarlo.")
    again.row_shows("»A", "borr.")
    again.wait_for("Sin firmar: 1 nota")
    again.press("<Enter>")
    again.shows("Subjetivo: Cefalea desde hace", "Niñez sin asma.")
    again.press(" dos días<F8>")
    again.wait_for(lambda: "dos días" in (surgery.draft(visit.patient_id) or ""))


def test_closing_the_terminal_loses_no_letter(
    surgery: Surgery, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    desk.press("Refiere tos")
    desk.wait_for("Refiere tos")
    desk.hang_up()
    assert desk.wait_end() == 128 + signal.SIGHUP
    assert "Refiere tos" in (surgery.draft(visit.patient_id) or "")


def test_signing_takes_three_keys_and_a_wrong_password_keeps_everything(
    surgery: Surgery, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    desk.press("<Tab>Tos seca.<F9>")
    desk.shows("se firmará tal como se ve", "Subjetivo: Tos seca.")
    desk.wait_for(lambda: desk.line.startswith("Firmar como Lagos"))
    desk.hides("Objetivo:")
    desk.press("otra clave<Enter>")
    desk.wait_for("La clave no es correcta. La nota sigue como borrador.")
    assert surgery.scalar(SIGNED, id=visit.patient_id) is None
    desk.press("<Esc>")
    desk.wait_for("Objetivo:")
    desk.press("<F9>")
    desk.wait_for("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.line_shows("Nota firmada", "f finaliza la atención.")
    assert (
        surgery.scalar(SIGNED, id=visit.patient_id) == "Motivo: control de presión.\n\nSubjetivo: Tos seca."
    )
    assert surgery.draft(visit.patient_id) is None
    desk.wait_for("Historia · 1 registro")
    assert b"otra clave" not in desk.output
    desk.press("e")
    desk.wait_for("la nota ya está firmada")
    desk.press("f")
    desk.wait_for("finalizada. n llama al siguiente.")
    assert surgery.state(visit.patient_id) == "finalizado"


def test_an_empty_note_cannot_be_signed_and_leaves_no_draft(
    surgery: Surgery, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    desk.wait_for(lambda: "(F9 Firmar)" in desk.lines[23])
    desk.press("<F9>")
    desk.wait_for("Firmar: la nota está vacía")
    desk.press("x")
    desk.wait_for(" F9 Firmar")
    desk.press("<Back><Esc>")
    desk.wait_for("Mi cola")
    desk.wait_for(
        lambda: "Sin firmar" not in desk.text or "control" in (surgery.draft(visit.patient_id) or "")
    )


def test_diagnoses_are_typed_turned_taken_out_and_signed(
    surgery: Surgery, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    desk.press("Control.<Tab><Tab><Tab><Tab>")
    desk.wait_for("» Dx")
    desk.press("hta<Enter>")
    desk.wait_for("Empezar por el código de la CIE-10")
    desk.press("<Back><Back><Back>i10 HTA esencial<Enter>e119 DM2<Enter>r51 Cefalea<Enter>")
    desk.wait_for("Diagnósticos · 3")
    desk.press("<Tab>")
    desk.wait_for("F8 Guardar x Quitar")
    desk.press("x<Up><Enter>")
    desk.wait_for("I10:  p presuntivo")
    desk.press("3")
    desk.wait_for("conf. princ. crónico")
    desk.press("<Down><Enter>p")
    desk.wait_for("presunt. rel.")
    desk.press("<F9>")
    desk.wait_for("E11.9 DM2")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    found = surgery.scalar(
        "SELECT string_agg(concat_ws(' ', code, text, certainty, kind, chronic), '|' ORDER BY code)"
        " FROM diagnoses WHERE patient_id = :id",
        id=visit.patient_id,
    )
    assert found == "E11.9 DM2 presuntivo relacionado f|I10 HTA esencial confirmado principal t"


def test_an_addendum_to_the_third_entry_takes_four_keys(surgery: Surgery, open_desk: OpenDesk) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    surgery.history(
        patient,
        [
            ("control", "I10", "HTA", "Uno."),
            ("control", "I10", "HTA", "Dos."),
            ("control", "I10", "HTA", "Tres."),
        ],
    )
    desk: Desk = open_desk(surgery.username)
    desk.wait_for("Historia · 3 registros")
    assert desk.press("1<Down><Down>a") == 4
    desk.shows("Adenda ·", "a la nota del 20/07/26")
    desk.press("Se agrega.<F9>")
    desk.wait_for("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    amended = (
        "SELECT first.text || ' ' || later.text FROM notes later"
        " JOIN notes first ON first.patient_id = later.patient_id AND first.id = later.amends_id"
        " WHERE later.patient_id = :id"
    )
    assert surgery.scalar(amended, id=patient) == "Tres. Se agrega."
    desk.wait_for("1 adenda")


def test_two_desks_on_one_draft_keep_both_texts(
    surgery: Surgery, open_desk: OpenDesk, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    other = surgery.log_in()
    draft = records.SaveDraft(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="Escrito en el otro puesto.", version=1
    )
    other.desk().do(records.save_draft, draft)
    other.close()
    desk.press("Escrito en este puesto, más largo.")
    desk.shows("── Texto guardado en otro puesto,", "Escrito en el otro puesto.")
    desk.wait_for("Motivo: control de presión. Escrito en")

    def both() -> bool:
        kept = surgery.draft(visit.patient_id) or ""
        return "este puesto, más largo." in kept and "Escrito en el otro puesto." in kept

    desk.wait_for(both)


def test_a_note_longer_than_the_screen_is_signed_page_by_page(
    surgery: Surgery, writing: Callable[..., tuple[Desk, records.VisitAnswer]]
) -> None:
    desk, visit = writing()
    desk.send("\x1b[200~" + "\n".join(f"Renglón {number}" for number in range(60)) + "\x1b[201~")
    desk.wait_for("Renglón 59")
    desk.press("<F9>")
    desk.wait_for("se firmará tal como se ve · página 1 de")
    desk.hides("Renglón 59")
    desk.press("<PageDown>")
    desk.wait_for("página 2 de")
    desk.press("<PageDown><PageDown><PageDown>")
    desk.wait_for("Al firmar: la nota queda cerrada")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    assert "Renglón 59" in str(surgery.scalar(SIGNED, id=visit.patient_id))


def test_a_draft_of_another_day_is_found_and_signed(surgery: Surgery, open_desk: OpenDesk) -> None:
    patient = surgery.patient()
    visit = surgery.inside(patient)
    doctor = surgery.log_in()
    draft = records.SaveDraft(
        patient_id=patient, visit_id=visit.visit_id, text="Quedó sin firmar.", version=1
    )
    doctor.desk().do(records.save_draft, draft)
    doctor.close()
    with surgery.network.owner.begin() as owner:
        owner.exec_driver_sql(
            "UPDATE turns SET day = day - 3 WHERE patient_id = %(id)s", {"id": str(patient)}
        )
    desk: Desk = open_desk(surgery.username)
    desk.shows("Sin firmar: 1 nota", "Mi cola · 0 esperan")
    desk.press("<Enter>")
    desk.wait_for("Hay un borrador suyo de las")
    desk.press("<F9>")
    desk.wait_for("Quedó sin firmar.")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    assert surgery.scalar(SIGNED, id=patient) == "Quedó sin firmar."


def test_plan_signs_of_today_template_and_hour_are_kept_and_signed_with_the_note(
    surgery: Surgery, open_desk: OpenDesk
) -> None:
    patient = surgery.patient()
    surgery.allergic(patient, ("penicilina", "severa"))
    visit = surgery.inside(patient)
    surgery.measured(patient, clock.now(), high=152, low=94, pulse=88)
    desk: Desk = open_desk(surgery.username)
    desk.wait_for("DNI")
    desk.press("e")
    desk.wait_for("Subjetivo:")
    desk.send("\x0f")
    desk.wait_for("Objetivo: PA 152/94, FC 88.")
    desk.press("<F2>")
    desk.shows("PA 152/94 ▲", "penicilina (severa)")
    desk.press("<F2>")
    desk.wait_for("Diagnósticos · 0")
    desk.send("\x14")
    desk.wait_for("Plantilla:")
    desk.press("2")
    desk.hides("Subjetivo:")
    desk.wait_for("Objetivo: PA 152/94, FC 88.")
    desk.press("<Tab><Tab><Tab>")
    desk.wait_for("» Trat.")
    desk.press("Enalapril 10 mg por 30 días<Enter>")
    desk.wait_for("Tratamiento: Enalapril 10 mg")
    desk.press("<Tab>30<F9>")
    desk.wait_for("hay un tratamiento o control sin agregar")
    desk.press("<Enter>")
    desk.wait_for("con Lagos")
    desk.send("\x12")
    desk.wait_for("Atendido a las")
    desk.press("00:01<Enter>")
    desk.wait_for("Por qué se escribe después")
    desk.press("corte de luz<Enter>")
    desk.wait_for("Evolución · consulta · atendido")
    desk.wait_for(lambda: surgery.scalar(KEPT, id=patient))
    desk.press("<F9>")
    desk.wait_for("Firmar como")
    desk.shows("Tratamiento: Enalapril 10 mg", "Atendido 00:01, escrito", "corte de luz")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    assert surgery.scalar(ORDERED, id=patient) == "Enalapril 10 mg 30 corte de luz"
    assert visit.patient_id == patient


KEPT = "SELECT late IS NOT NULL AND plan <> '{}' FROM note_drafts WHERE patient_id = :id"
ORDERED = (
    "SELECT concat_ws(' ', t.what, f.due_on - t.since, r.late_reason) FROM treatments t"
    " JOIN follow_ups f USING (patient_id, record_id)"
    " JOIN records r ON r.patient_id = t.patient_id AND r.id = t.record_id WHERE t.patient_id = :id"
)


LATE = (
    "SELECT concat_ws('|', n.text, r.late_reason, v.turn_id IS NULL) FROM notes n"
    " JOIN records r ON r.patient_id = n.patient_id AND r.id = n.record_id"
    " JOIN visits v ON v.patient_id = r.patient_id AND v.id = r.visit_id WHERE n.patient_id = :id"
)
ENDED = "SELECT why FROM treatment_ends WHERE patient_id = :id"
MINE = "SELECT body FROM note_templates WHERE name = :name"


def test_a_note_without_a_turn_gaps_and_a_template_of_its_own_then_a_treatment_ended(
    surgery: Surgery, open_desk: OpenDesk
) -> None:
    patient = surgery.patient(document=Document("AR", "DNI", "47190321"))
    surgery.history(patient, [("control", "I10", "HTA", "Uno.")])
    desk: Desk = open_desk(surgery.username)
    desk.wait_for("Mi cola")
    desk.press("/")
    desk.line_shows("Escribir documento")
    desk.press("47190321")
    desk.line_shows("Enter abre la historia de Quispe")
    desk.press("<Enter>")
    desk.wait_for("Historia · 1 registro")
    desk.press("e")
    desk.wait_for("Atendido a las")
    desk.press("00:01<Enter>")
    desk.wait_for("Por qué se escribe después")
    desk.press("corte de luz<Enter>")
    desk.wait_for("Subjetivo:")
    desk.press("Control.<Tab><Tab>PA ___<F9>")
    desk.line_shows("1 lugar por completar.", "1 ir al primero", "f firmar así")
    desk.shows("Por completar: Objetivo: PA ___.")
    assert surgery.scalar(LATE, id=patient) is None
    desk.press("<Enter>")
    desk.line_shows("Lo que se escriba reemplaza")
    desk.press("120/80 Quispe")
    desk.wait_for("Objetivo: PA 120/80 Quispe")
    desk.send("\x14")
    desk.line_shows("Plantilla:", "1 SOAP", "a guardar esta", "f favorita")
    desk.press("a")
    desk.line_shows("los encabezados")
    desk.press("2")
    desk.line_shows("Nombre de la plantilla:")
    name = f"Mía {surgery.person_id}"
    desk.press(f"{name}<Enter>")
    desk.line_shows("guardada, solo suya.")
    kept = str(surgery.scalar(MINE, name=name))
    assert ("Objetivo: PA ___/___" in kept, "Quispe" in kept) == (True, False)
    desk.send("\x14")
    desk.line_shows(name, "e nombre", "x retirar")
    desk.press("<Esc>")
    desk.wait_for("Borrador guardado")
    desk.press("<Tab><Tab><Tab><Tab>")
    desk.wait_for("» Trat.")
    desk.press("Enalapril 10 mg<Enter>")
    desk.wait_for("Tratamiento: Enalapril 10 mg")
    desk.press("<F9>")
    desk.wait_for("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    signed = surgery.scalar(LATE, id=patient)
    assert signed == "Motivo: Control.\n\nObjetivo: PA 120/80 Quispe|corte de luz|t"
    desk.press("4")
    desk.wait_for("Diagnósticos · 1 · Tratamientos · 1")
    desk.press("<Down>x")
    desk.line_shows("Suspender Enalapril 10 mg. Motivo:")
    desk.press("tos<Enter>")
    desk.line_shows("Suspendido: Enalapril 10 mg. Queda en la historia.")
    desk.wait_for("Diagnósticos · 1 ")
    desk.hides("Tratamientos · 1")
    assert surgery.scalar(ENDED, id=patient) == "tos"
