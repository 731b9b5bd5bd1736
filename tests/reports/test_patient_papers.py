"""A patient's card, labels and summary: what they say, what they fit, who prints them, and the scan back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import select, text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.patients import papers, queries, service
from clinicdesk.clinic.patients.cards import card_text, proof_of, read_own_card
from clinicdesk.clinic.patients.details import (
    AuthorisationRow,
    ConsentRow,
    ContactRow,
    CoverageRow,
    DocumentRow,
    PatientDetails,
    PhoneRow,
)
from clinicdesk.clinic.patients.errors import PatientNotFound, SealedOnPaper
from clinicdesk.clinic.patients.papers import PaperKind, PaperQuery
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.kit import clock, codes
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.slips import MM
from clinicdesk.reports import _patient_slips as slips
from clinicdesk.reports._patient_papers import written
from clinicdesk.reports._patient_summary import Summed, summary
from tests.factories import Network, followed, new_patient
from tests.tui.counter import Counter

LogIn = Callable[..., Session]
ZONE: Final = "America/Argentina/Buenos_Aires"
STAMP: Final = Stamp(
    "Sosa, Marta", clock.local(datetime(2026, 11, 23, 12, 42, tzinfo=UTC), ZONE), ZONE, "Centro Norte"
)
ROW: Final = PatientRow(
    UUID(int=123456789123), 4417, "Quispe Mamani", "Rosa Elena", "F", date(1981, 3, 7), False, None,
    "11 5555-4444", None, "Rivadavia 1234", "Rosario", "registradas", 1, "DNI 28.431.907", "IOMA",
)  # fmt: skip
LONG: Final = replace(
    ROW,
    family="Fernández de la Reguera Ibáñez Παπαδόπουλος",
    given="María de los Ángeles Надежда 王 Íñigo Joaquín Maximiliano de Todos los Santos",
)
ID: Final = UUID(int=1)
WHOLE: Final = PatientDetails(
    ROW,
    documents=(
        DocumentRow("AR", "DNI", "28431907", None),
        DocumentRow("AR", "PAS", "XX123", date(2026, 2, 1)),
        DocumentRow("AR", "DNI", "99", None, "era de otra"),
    ),
    phones=(PhoneRow(ID, "+541144446666", "trabajo", "de tarde"),),
    coverages=(CoverageRow(ID, "IOMA", "210", "123-4", date(2020, 1, 1), None),),
    authorisations=(AuthorisationRow(ID, ID, "Resonancia", "A-77", None, date(2026, 12, 31), 10),),
    contacts=(
        ContactRow(ID, "conyuge", "Luis Paz", "+541144447777", None, False, True),
        ContactRow(ID, "madre", "Eva Paz", None, None, True, False),
    ),
    consents=(
        ConsentRow(ID, "avisos", "+541144446666", True, "dicho acá", datetime(2026, 1, 1, tzinfo=UTC), 1),
    ),
)
# Drawn once, printed as a picture and read by a reader of another maker (ZXing): these are the modules.
BARS: Final = (
    "1101001000010001000110100011011101011000100010110001110101110111101101100110010001101110100111001101"
    "110111011011110111010100001101001100011101011"
)
SQUARES: Final = """
    #######..#.#..####### #.....#..####.#.....# #.###.#.#.#...#.###.# #.###.#..##.#.#.###.#
    #.###.#.##.##.#.###.# #.....#.#.###.#.....# #######.#.#.#.####### .........####........
    .#..#.#.######.##.#.. ...#......#...##.##.# ..#.###.##...#####... .#####.#.####.#######
    ##.#####..#..###.#.## ........#.#.#.###..#. #######...#.##.####.. #.....#...##...###.##
    #.###.#.#...###...#.# #.###.#..#..##....### #.###.#..#..#....#... #.....#.#.###...##..#
    #######....#.###..###
"""


def said(made: bytes, page: int = 0) -> str:
    """The text of a page."""
    return re.sub(r"\s+", " ", PdfReader(io.BytesIO(made)).pages[page].extract_text())


def size(made: bytes) -> tuple[float, float]:
    """Width and height of the first page, in millimetres."""
    box = PdfReader(io.BytesIO(made)).pages[0].mediabox
    return round(float(box.width) / MM, 1), round(float(box.height) / MM, 1)


def summed(known: PatientDetails, allergies: list[AllergyRow] | None = None) -> Summed:
    """As the summary takes it, without turns."""
    return Summed(known, None if allergies is None else tuple(allergies), (), {}, "AR")


# What is drawn


def test_the_codes_are_those_a_reader_has_read() -> None:
    assert card_text(ROW.chart_number, ROW.patient_id) == "CLDK0044174877"
    assert codes.bar_modules("CLDK0044174877") == BARS
    drawn = ["".join(".#"[dark] for dark in row) for row in codes.square_modules("CLDK0044174877")]
    assert drawn == SQUARES.split()


def test_a_card_has_the_size_of_a_card_and_the_number_for_eyes() -> None:
    made, missing = slips.card(ROW, STAMP)
    assert (size(made), missing) == ((85.6, 54.0), ())
    assert said(made) == "Centro Norte Quispe Mamani, Rosa Elena DNI 28.431.907 Nac. 07/03/1981 HC 004417"


def test_long_names_of_any_script_fit_and_what_has_no_glyph_is_named() -> None:
    made, missing = slips.card(LONG, STAMP)
    assert missing == ("王",)
    assert "Παπαδόπουλος" in said(made)
    assert "Надежда ‹U+738B›" in said(made)
    assert "… DNI" in said(made)
    label, _missing = slips.labels(LONG, STAMP, 1)
    assert "Fernández de la Reguera" in said(label)
    assert "HC 004417" in said(label)


def test_labels_are_pages_for_their_printer_or_stand_on_a_sheet() -> None:
    made, _missing = slips.labels(ROW, STAMP, 3)
    assert size(made) == (50.0, 25.0)
    assert len(PdfReader(io.BytesIO(made)).pages) == 3
    sheets, _missing = slips.sheet(ROW, STAMP, slips.SHEET + 2)
    assert size(sheets) == (210.0, 297.0)
    assert [said(sheets, page).count("HC 004417") for page in (0, 1)] == [44, 2]


def test_the_same_paper_twice_is_the_same_bytes() -> None:
    assert slips.card(ROW, STAMP) == slips.card(ROW, STAMP)


@pytest.mark.parametrize(
    ("status", "known", "words"),
    [
        ("sin_preguntar", None, "Alergias Sin preguntar."),
        ("ninguna", None, "Alergias Ninguna conocida."),
        ("registradas", None, "Alergias Registradas en la historia clínica; este papel no dice cuáles."),
        ("registradas", [AllergyRow(UUID(int=1), "penicilina", None, "urticaria", "severa", None, None)],
         "penicilina severa urticaria"),
    ],
)  # fmt: skip
def test_the_summary_says_what_is_known(status: str, known: list[AllergyRow] | None, words: str) -> None:
    told = replace(WHOLE, patient=replace(ROW, allergy_status=status))
    made, missing = summary(summed(told, known), STAMP)
    page = said(made)
    assert missing == ()
    assert words in page
    for each in (
        "Documentos: DNI 28.431.907, PAS XX123 (vencido el 01/02/2026)",
        "Nacimiento: 07/03/1981, 45 a",
        "Grupo sanguíneo: desconocido",
        "Teléfonos: 11 5555-4444; 011 4444-6666 (trabajo, de tarde)",
        "Correo: sin registrar",
        "responsable Eva Paz madre",
        "emergencia Luis Paz cónyuge 011 4444-7777",
        "IOMA 210 123-4 01/01/2020",
        "A-77 IOMA Resonancia 10 31/12/2026",
        "avisos sí 011 4444-6666 dicho acá",
        "Impreso por Sosa, Marta el 23/11/2026 09:42",
        "Página 1 de 1",
    ):
        assert each in page
    assert "era de otra" not in page


def test_the_summary_of_somebody_of_whom_nothing_is_known_says_so() -> None:
    nobody = replace(
        ROW, document="", birth=None, phone=None, address=None, city=None, payer=None, given="",
        allergy_status="sin_preguntar", provisional="nn", name_in_use="Pelado", gender="varon_trans",
        dependent=True, united=(12, 345),
    )  # fmt: skip
    page = said(summary(summed(PatientDetails(nobody)), STAMP)[0])
    for each in (
        "Nombre: Quispe Mamani",
        "Nombre en uso: Pelado",
        "Identidad temporaria: sin identificar (NN)",
        "Documentos: sin documento",
        "Género: varón trans",
        "Fichas unidas: HC 000012, HC 000345",
        "Teléfono: sin registrar",
        "No tiene anotado quién responde por la persona. Ninguno registrado.",
        "Consentimientos Sin preguntar.",
        "Próximos turnos Ninguno.",
    ):
        assert each in page


def test_many_of_each_with_long_names_go_on_over_pages() -> None:
    many = replace(
        WHOLE,
        patient=LONG,
        documents=WHOLE.documents * 12,
        phones=WHOLE.phones * 20,
        contacts=tuple(replace(each, name=f"{LONG.family}, {LONG.given}") for each in WHOLE.contacts) * 15,
        coverages=tuple(replace(each, payer="Obra Social " * 8) for each in WHOLE.coverages) * 15,
        consents=tuple(replace(each, evidence="firmó el papel " * 20) for each in WHOLE.consents) * 15,
    )
    made, missing = summary(summed(many), STAMP)
    pages = len(PdfReader(io.BytesIO(made)).pages)
    assert missing == ("王",)
    assert pages > 3
    assert said(made, pages - 1).endswith(f"Página {pages} de {pages}")
    whole = " ".join(said(made, page) for page in range(pages))
    assert whole.count("cónyuge") == 15
    assert whole.count("de tarde") == 20


def test_a_minor_nobody_answers_for_is_said_on_paper() -> None:
    child = replace(ROW, birth=date(2020, 1, 1))
    assert "Es menor y no tiene responsable anotado." in said(
        summary(summed(PatientDetails(child)), STAMP)[0]
    )
    guarded = replace(WHOLE, patient=child)
    assert "Es menor" not in said(summary(summed(guarded), STAMP)[0])


# The scan back


@pytest.mark.parametrize("typed", ["CLDK0044174877", "cldk0044174877", " CLDK0044174877 "])
def test_a_scan_is_told_from_what_somebody_types(typed: str) -> None:
    read = read_own_card(typed)
    assert read is not None
    assert (read.chart_number, read.proof) == (4417, 4877)


@pytest.mark.parametrize("typed", ["HC 4417", "CLDK4417", "XCLDK0044174877", "CLDK00441748771234567", "4417"])
def test_other_texts_are_no_card_of_the_house(typed: str) -> None:
    assert read_own_card(typed) is None


def test_the_card_finds_its_holder_and_one_of_another_network_nobody(log_in: LogIn) -> None:
    desk = log_in("msosa").desk()
    made = new_patient(log_in("msosa"))
    own = card_text(made.chart_number, made.patient_id)
    (found,) = desk.see(queries.search, queries.SearchQuery(own)).rows
    assert found.patient_id == made.patient_id
    assert desk.see(queries.find, queries.DocumentQuery(own)).patient_id == made.patient_id
    other = f"{own[:-4]}{(proof_of(made.patient_id) + 1) % 9973:04d}"
    assert desk.see(queries.search, queries.SearchQuery(other)).rows == ()
    with pytest.raises(PatientNotFound):
        desk.see(queries.find, queries.DocumentQuery(other))


# Who may


def test_printing_is_an_act_that_says_what(network: Network, log_in: LogIn) -> None:
    session = log_in("msosa")
    made = new_patient(session)
    for kind in PaperKind:
        printed = written(session.desk(), made.patient_id, kind, None, STAMP)
        assert printed.chart_number == made.chart_number
        assert printed.file.startswith(b"%PDF")
    mine = select(acts.c.subject).where(
        acts.c.what == "patient.print", acts.c.patient_id == made.patient_id, acts.c.outcome == "done"
    )
    with network.owner.connect() as owner:
        assert sorted(owner.execute(mine).scalars()) == ["card", "label", "sheet", "summary"]


def test_who_may_not_see_patients_prints_none(log_in: LogIn) -> None:
    made = new_patient(log_in("msosa"))
    with pytest.raises(NotAllowed):
        log_in("admin").desk().see(papers.paper, PaperQuery(made.patient_id, PaperKind.CARD))
    with pytest.raises(PatientNotFound):
        log_in("msosa").desk().see(papers.paper, PaperQuery(new_id(), PaperKind.CARD))


def test_a_sealed_patient_is_printed_by_those_alone_who_see_them(network: Network, log_in: LogIn) -> None:
    counter = Counter(network, log_in("cruiz"))
    person = counter.patient("Sellada Impresa", "Ana")
    seal = service.SealPatient(patient_id=person.patient_id, sealed=True)
    log_in("priva").desk().do(service.seal_patient, seal)
    query = PaperQuery(person.patient_id, PaperKind.CARD)
    assert log_in("priva").desk().see(papers.paper, query).patient.document
    with pytest.raises(SealedOnPaper):
        log_in("sur").desk().see(papers.paper, query)


def test_the_summary_has_the_turns_to_come_and_a_carers_the_allergies(
    network: Network, log_in: LogIn
) -> None:
    counter = Counter(network, log_in("cruiz"))
    person = counter.patient("Resumida Paz", "Ana")
    turn = counter.booked(person)
    with network.owner.begin() as owner:
        row = {"who": person.patient_id, "id": new_id()}
        owner.execute(
            text("INSERT INTO allergies (patient_id, id, substance) VALUES (:who, :id, 'látex')"), row
        )
        owner.execute(
            text("UPDATE patients SET allergy_status = 'registradas' WHERE patient_id = :who"),
            {"who": person.patient_id},
        )
    clerk, doctor = log_in("cruiz"), log_in("lpaz")
    followed(log_in("secre"), person.patient_id, doctor)
    stamp = replace(STAMP, at=turn.starts_at)
    page = said(written(clerk.desk(), person.patient_id, PaperKind.SUMMARY, None, stamp).file)
    assert f"{turn.starts_at:%d/%m/%Y %H:%M} Centro Norte Paz" in page
    assert "este papel no dice cuáles" in page
    assert "látex" not in page
    assert "látex" in said(written(doctor.desk(), person.patient_id, PaperKind.SUMMARY, None, stamp).file)
