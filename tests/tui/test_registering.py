"""The registration's second page: what there is time for, who has no name yet, and what cannot be so."""

from __future__ import annotations

from tests.tui.counter import Counter
from tests.tui.desk import Desk


def test_the_second_page_takes_what_there_is_time_for(front: Desk, counter: Counter) -> None:
    front.press("62000011<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("Entera<Tab>Ana<Tab>f070319901144445555<Tab><Tab>OSDE<Tab><Tab><Tab>n")
    front.wait_for("» Alergias     ninguna conocida")
    front.press("<PageDown>")
    front.wait_for("» Alérgico a")
    front.hides("Domicilio")
    front.shows("Entera, Ana", "RePág: primeros datos")
    front.press("<Tab>aa<Tab>m<Tab>Nita<Tab>s<Tab><Tab>210<Tab>123/4<Tab>Luis Paz<Tab>p<Tab>1144446666")
    front.wait_for("Grupo sang.  A+")
    front.wait_for("teléfono   1144446666")
    front.press("<PageUp>")
    front.wait_for("» Documento")
    front.shows("Cobertura    OSDE")
    front.press("<F8>")
    front.line_shows("Registro HC", "Entera, Ana")
    found = (
        "SELECT concat_ws(' | ', p.allergy_status, p.blood_group, p.gender, p.name_in_use, p.birth_estimated,"
        " c.payer, c.plan, c.member_number, k.relation, k.name, k.phone, k.emergency) FROM patients p"
        " JOIN patient_documents d USING (patient_id) JOIN coverages c USING (patient_id)"
        " JOIN contacts k USING (patient_id) WHERE d.number = '62000011'"
    )
    said = "ninguna | A+ | mujer | Nita | t | OSDE | 210 | 123/4 | padre | Luis Paz | +541144446666 | t"
    assert counter.scalar(found) == said
    front.press("<F2>")
    front.wait_for("Cobertura    OSDE 210 n.º 123/4")
    front.press("<Tab><PageDown>")
    front.wait_for("Luis Paz (padre)")
    front.press("<Esc>")
    front.wait_for("Turnos de hoy")


def test_somebody_unconscious_is_registered_without_a_name(front: Desk, counter: Counter) -> None:
    front.press("62000012<Enter><Enter>")
    front.wait_for("» Apellidos")
    front.press("<Up>")
    front.send("\x15")
    front.press("<Tab><Tab><Tab>x<PageDown>")
    front.wait_for("» Alérgico a")
    front.press("<Tab><Tab><Tab><Tab><Tab>s")
    front.wait_for("Temporaria   sin identificar (NN)")
    front.press("<F8>")
    front.wait_for("Registrar sin documento")
    front.press("s")
    front.wait_for("Registro HC")
    found = "SELECT concat_ws(' | ', family, given, sex, provisional) FROM patients WHERE provisional = 'nn'"
    assert counter.scalar(found) == "NN |  | X | nn"


def test_a_newborn_bears_the_mothers_name_and_she_answers_for_them(front: Desk, counter: Counter) -> None:
    mother = counter.patient("Nacedora", "Eva", sex="F")
    front.press("62000013<Enter><Enter>")
    front.wait_for("» Apellidos")
    front.press("<Up>")
    front.send("\x15")
    front.press("<Tab><Tab><Tab>f<PageDown>")
    front.wait_for("» Alérgico a")
    front.press("<Tab><Tab><Tab><Tab><Tab>r<Tab>62999999<F8>")
    front.wait_for("! Madre (doc.)")
    front.shows("No hay paciente con")
    front.send("\x15")
    front.press(f"{mother.document}<F8>")
    front.wait_for("Registrar sin documento")
    front.press("s")
    front.wait_for("Registro HC")
    found = (
        "SELECT concat_ws(' | ', p.family, p.provisional, k.relation, k.guardian, k.related_id)"
        " FROM patients p JOIN contacts k USING (patient_id) WHERE p.provisional = 'recien_nacido'"
    )
    assert counter.scalar(found) == f"RN de Nacedora | recien_nacido | madre | t | {mother.patient_id}"


def test_what_the_second_page_cannot_say_is_marked_and_nothing_is_lost(front: Desk, counter: Counter) -> None:
    front.press("62000014<Enter><Enter>")
    front.wait_for("» Apellidos")
    front.press("Marcada<Tab>Ana<Tab>f15081951<PageDown>")
    front.wait_for("» Alérgico a")
    front.press("<Up>s")
    front.wait_for("Avisos SMS   sí")
    front.press("<PageUp>")
    front.wait_for("» Documento")
    front.press("<F8>")
    front.wait_for("! Teléfono")
    front.shows("El consentimiento es para un teléfono o correo: falta cuál.")
    front.press("1144445555<PageDown>")
    front.wait_for("» Alérgico a")
    front.press("látex<Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab>Luis Paz<PageUp>")
    front.wait_for("» Documento")
    front.press("<F8>")
    front.wait_for("Un contacto de emergencia necesita teléfono.")
    front.shows("!   teléfono", "Marcada, Ana")
    front.press("<Esc>")
    front.wait_for("No hay paciente con DNI 62.000.014")
    front.press("<Enter>")
    front.wait_for("Apellidos    Marcada")
    front.press("<PageDown>")
    front.wait_for("Emergencia   Luis Paz")
    front.shows("Alérgico a   látex", "Avisos SMS   sí")
    assert counter.scalar("SELECT count(*) FROM patients WHERE family = 'Marcada'") == 0
    front.press("<Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab>1144446666<F8>")
    front.line_shows("Registro HC", "Marcada, Ana")
    found = (
        "SELECT concat_ws(' | ', p.allergy_status, a.substance, k.name, c.purpose, c.granted, c.number)"
        " FROM patients p JOIN allergies a USING (patient_id) JOIN contacts k USING (patient_id)"
        " JOIN consents c USING (patient_id) WHERE p.family = 'Marcada'"
    )
    assert counter.scalar(found) == "registradas | látex | Luis Paz | avisos | t | +541144445555"
