"""The registration's second page: what there is time for, who has no name yet, and what cannot be so."""

from __future__ import annotations

from clinicdesk.kit import clock
from tests.tui.counter import Counter
from tests.tui.desk import Desk


def test_the_second_page_takes_what_there_is_time_for(front: Desk, counter: Counter) -> None:
    front.press("62000011<Enter><Enter>")
    front.wait_for("Registrar paciente nuevo")
    front.press("Entera<Tab>Ana<Tab>f070319901144445555<Tab><Tab>OSDE<Tab><Tab><Tab>n")
    front.wait_for("» Alergias     ninguna conocida")
    front.press("<PageDown>")
    front.wait_for("» Alérgico a")
    front.shows("(polen, látex:severa)")
    front.hides("Domicilio")
    front.shows("Entera, Ana", "RePág: primeros datos")
    front.press("<Tab>aa<Tab>m<Tab>Nita<Tab>s<Tab><Tab>210<Tab>123/4<Tab>pas:AA123456<Tab>01022040")
    front.wait_for("» Otro tel.")
    front.press("1144447777")
    front.shows("Grupo sang.  A+", "vence      01/02/2040")
    front.press("<PageDown>")
    front.wait_for("» Responsable")
    front.press("<Up><Up><Up>")
    front.wait_for("» Otra emerg.")
    front.press("Eva Sol<Tab>aa<Tab>1144448888<Up><Up><Up><Up><Up>Luis Paz<Tab>p<Tab>1144446666")
    front.wait_for("teléfono   1144446666")
    front.press("<PageDown>")
    front.wait_for("» Documento")
    front.shows("Cobertura    OSDE")
    front.press("<F8>")
    front.line_shows("Registro HC", "Entera, Ana")
    found = (
        "SELECT concat_ws(' | ', p.allergy_status, p.blood_group, p.gender, p.name_in_use, p.birth_estimated,"
        " c.payer, c.plan, c.member_number, n.number, e.expires_on,"
        " (SELECT string_agg(concat_ws(',', k.relation, k.name, k.phone, k.emergency), ' | ' ORDER BY k.name)"
        "  FROM contacts k WHERE k.patient_id = p.patient_id)) FROM patients p"
        " JOIN patient_documents d USING (patient_id) JOIN coverages c USING (patient_id)"
        " JOIN patient_documents e USING (patient_id) JOIN phones n USING (patient_id)"
        " WHERE d.number = '62000011' AND e.kind = 'PAS'"
    )
    said = (
        "ninguna | A+ | mujer | Nita | t | OSDE | 210 | 123/4 | +541144447777 | 2040-02-01"
        " | amistad,Eva Sol,+541144448888,t | padre,Luis Paz,+541144446666,t"
    )
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
    front.press("látex, penicilina:severa<PageDown>")
    front.wait_for("» Responsable")
    front.press("<Tab><Tab><Tab><Tab><Tab><Tab>Luis Paz<F8>")
    front.wait_for("Un contacto de emergencia necesita teléfono.")
    front.shows("!   teléfono", "Marcada, Ana")
    front.press("<Esc>")
    front.wait_for("No hay paciente con DNI 62.000.014")
    front.press("<Enter>")
    front.wait_for("Apellidos    Marcada")
    front.press("<PageDown>")
    front.shows("Alérgico a   látex, penicilina:severa", "Avisos SMS   sí")
    front.press("<PageDown>")
    front.wait_for("Emergencia   Luis Paz")
    assert counter.scalar("SELECT count(*) FROM patients WHERE family = 'Marcada'") == 0
    front.press("<Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab>1144446666<F8>")
    front.line_shows("Registro HC", "Marcada, Ana")
    found = (
        "SELECT concat_ws(' | ', p.allergy_status, k.name, c.purpose, c.granted, c.number,"
        " (SELECT string_agg(concat_ws(',', a.substance, a.severity), ' | ' ORDER BY a.substance)"
        "  FROM allergies a WHERE a.patient_id = p.patient_id))"
        " FROM patients p JOIN contacts k USING (patient_id)"
        " JOIN consents c USING (patient_id) WHERE p.family = 'Marcada'"
    )
    said = "registradas | Luis Paz | avisos | t | +541144445555 | látex | penicilina,severa"
    assert counter.scalar(found) == said


def test_a_minor_without_a_guardian_is_said_until_somebody_answers(front: Desk, counter: Counter) -> None:
    born = clock.local_day(clock.now(), counter.session.actor.at.zone).year - 5
    front.press("62000015<Enter><Enter>")
    front.wait_for("» Apellidos")
    front.press("Menor<Tab>Ana<Tab>f")
    front.wait_for("» Nacimiento")
    front.send(f"\x1b[200~0101{born}\x1b[201~")
    front.wait_for(f"Nacimiento   01/01/{born}")
    front.press("<F8>")
    front.line_shows("Registro HC", "Es menor y no tiene responsable anotado.")
    front.press("<Down>")
    front.line_shows("Menor, Ana: sin turno hoy.", "Es menor y no tiene responsable anotado.")
    front.press("e")
    front.wait_for("AvPág: anotar responsable")
    front.press("<PageDown>")
    front.shows("Responde por la persona:", "1 madre")
    front.press("1")
    front.line_shows("Apellidos y nombres")
    front.press("Menor, Eva<Enter>")
    front.line_shows("Teléfono de Menor, Eva")
    front.press("12<Enter>")
    front.line_shows("El teléfono «12» no existe")
    front.press("<Back><Back>1144449999<Enter>")
    front.line_shows("Responsable anotado: Menor, Eva.")
    front.press("<Down>")
    front.line_shows("Menor, Ana: sin turno hoy.")
    front.hides("Es menor")
    held = "SELECT concat_ws(' | ', relation, name, phone, guardian) FROM contacts WHERE name = 'Menor, Eva'"
    assert counter.scalar(held) == "madre | Menor, Eva | +541144449999 | t"
