"""The page of a person says everything that is known of them, and of one who is closed nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from uuid import UUID

from clinicdesk.clinic.patients.details import (
    AuthorisationRow,
    ConsentRow,
    ContactRow,
    CoverageRow,
    DocumentRow,
    PatientDetails,
    PhoneRow,
)
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.tui.look import Look
from clinicdesk.tui.parts.bits import bits_of, strip_of
from clinicdesk.tui.person_facts import fact_lines

TODAY = date(2026, 11, 23)
ID = UUID(int=1)
PERSON = PatientRow(
    patient_id=ID,
    chart_number=1,
    family="Quispe",
    given="Rosa",
    sex="F",
    birth=date(1990, 3, 7),
    birth_estimated=True,
    deceased_on=date(2026, 11, 1),
    phone="+541144445555",
    email="r@example.org",
    address="Calle 1",
    city="Salta",
    allergy_status="ninguna",
    version=1,
    document="DNI 28.431.907",
    payer="OSDE",
    name_in_use="Nita",
    provisional="nn",
    gender="mujer_trans",
    blood_group="AB+",
    dependent=True,
)
WHOLE = PatientDetails(
    PERSON,
    documents=(
        DocumentRow("AR", "DNI", "28431907", date(2026, 1, 2)),
        DocumentRow("AR", "DNI", "99", None, "era de otra"),
    ),
    phones=(PhoneRow(ID, "+541144446666", "trabajo", "de tarde"),),
    coverages=(
        CoverageRow(ID, "OSDE", "210", "123/4", date(2026, 1, 1), None),
        CoverageRow(ID, "PAMI", None, None, None, date(2025, 12, 31)),
    ),
    authorisations=(AuthorisationRow(ID, ID, "Resonancia", "A-77", None, date(2026, 12, 31), 10),),
    contacts=(
        ContactRow(ID, "conyuge", "Luis Paz", "+541144447777", None, False, True),
        ContactRow(ID, "otro_familiar", "Eva Paz", None, None, True, False),
        ContactRow(ID, "amistad", "Ema Sol", None, None, False, False),
    ),
    consents=(
        ConsentRow(ID, "avisos", "+541144445555", True, "dicho acá", datetime(2026, 1, 1, tzinfo=UTC), 1),
        ConsentRow(
            ID, "resultados", "r@example.org", False, "por escrito", datetime(2026, 1, 1, tzinfo=UTC), 1
        ),
    ),
)


def page(known: PatientDetails, width: int = 78) -> list[str]:
    return [
        strip_of(bits_of(cell), width, Look()).text[1:].rstrip()
        for cell in fact_lines(known, "AR", TODAY, width)
    ]


def test_everything_is_said() -> None:
    assert page(WHOLE) == [
        "Nacimiento   07/03/1990 (estimada)",
        "Teléfono     011 4444-5555",
        "             011 4444-6666 (trabajo, de tarde)",
        "Correo       r@example.org",
        "Domicilio    Calle 1",
        "Localidad    Salta",
        "Cobertura    OSDE 210 n.º 123/4 (desde 01/01/2026)",
        "Falleció     01/11/2026",
        "Temporaria   sin identificar (NN)",
        "En uso       Nita",
        "Género       mujer trans",
        "Grupo sang.  AB+",
        "Dependiente  a cargo de otra persona",
        "Cob. antes   PAMI (hasta 31/12/2025)",
        "Autorización A-77: Resonancia × 10 (hasta 31/12/2026)",
        "Emergencia   Luis Paz (cónyuge) 011 4444-7777",
        "Responsable  Eva Paz (otro familiar)",
        "Contacto     Ema Sol (amistad)",
        "Documentos   DNI 28.431.907 (vencido 02/01/2026)",
        "             DNI 99 (ya no vale: era de otra)",
        "Permisos     avisos: sí, 011 4444-5555 (dicho acá)",
        "             resultados: no, r@example.org (por escrito)",
    ]


def test_of_whom_nothing_is_known_it_is_said_in_one_page() -> None:
    blank = replace(PERSON, birth=None, birth_estimated=False, deceased_on=None, name_in_use=None)
    blank = replace(blank, provisional=None, phone=None, email=None, address=None, city=None)
    blank = replace(blank, gender="sin_preguntar", blood_group="desconocido", dependent=False)
    assert page(PatientDetails(blank)) == [
        "Nacimiento   sin fecha",
        "Teléfono     sin registrar",
        "Correo       sin registrar",
        "Domicilio    sin registrar",
        "Localidad    sin registrar",
        "Cobertura    particular",
    ]


def test_long_texts_go_on_in_the_next_line_whole() -> None:
    said = " ".join(f"palabra{number}" for number in range(30))
    lines = page(replace(WHOLE, patient=replace(PERSON, address=said)), 60)
    assert all(len(line) < 60 for line in lines)
    assert said in " ".join(line.removeprefix("Domicilio").strip() for line in lines)


def test_of_a_closed_person_nothing_is_said_whatever_was_read() -> None:
    said = " ".join(page(replace(WHOLE, patient=replace(PERSON, closed=True))))
    assert "restringió" in said
    texts = [str(getattr(PERSON, each.name)) for each in fields(PERSON)]
    assert [text for text in (*texts, "OSDE", "Luis", "AB+") if len(text) > 2 and text in said] == []
