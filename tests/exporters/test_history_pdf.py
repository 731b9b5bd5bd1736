"""The printed history, read back page by page."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pytest
from pypdf import PdfReader

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.planning import FollowUpRow, TreatmentRow
from clinicdesk.clinic.records.rules import UNSIGNED, DiagnosisEntry
from clinicdesk.exporters import HISTORY, History, HistoryQuery, Selection, history_pdf
from clinicdesk.exporters._history import selected
from clinicdesk.kit.errors import Refusal
from tests.exporters.histories import (
    FIRST,
    STAMP,
    ZONE,
    allergy,
    attachment,
    diagnosis,
    entry,
    history,
    letter,
    medication,
    note,
    observation,
    patient,
)
from tests.factories import Network, new_patient, proven

HEAD = "Quispe Mamani, Rosa Elena DNI 28.431.907 · F 45 a · nacimiento 03/02/1981 · HC 002210"
FOOT = "Impreso por Sosa, Marta el 23/11/2026 09:42 (UTC-03:00, America/Argentina/Buenos_Aires)"


def pages_of(made: History) -> list[str]:
    """The text of each page with blanks and line ends as single spaces."""
    out = BytesIO()
    history_pdf.EXPORTER.write(made, STAMP, out)
    return [" ".join(page.extract_text().split()) for page in PdfReader(out).pages]


def text_of(made: History) -> str:
    """All pages."""
    return " ".join(pages_of(made))


def test_a_short_history_says_everything() -> None:
    text = text_of(history())
    for said in (
        "Historia clínica",
        "Centro Norte",
        "Cobertura: PAMI",
        "!! Penicilina · severa · urticaria · desde 01/05/1999",
        "! Polen",
        "I10 Hipertensión esencial (primaria) principal · confirmado · crónico 01/03/2010",
        "E11.9 Diabetes mellitus no insulinodependiente principal · presuntivo",
        "Enalapril 10 mg, 1 comprimido cada 12 h hipertensión Paz 16/10/2026",
        "Tensión sistólica 150 mmHg ▲ alto 16/10/2026 09:40",
        "Potasio 6,40 mmol/L sin rango 16/10/2026 09:40 2",
        "Todos los resultados · 2 valores",
        "18/07/2026 09:40 Potasio 4,1 mmol/L sin rango",
        "Atenciones · 3 registros",
        "16/10/2026 09:40 · Consulta Paz, Lucía · Centro Norte",
        "Motivo: «dolor» torácico desde ayer, niega náuseas.",
        "Saturación ≥ 95 % → alta.",
        "Firmado por Paz, Lucía · MN 123.456 · 16/10/2026 10:02 · huella 6b86b273ff34fce1",
    ):
        assert said in text
    assert "Amoxicilina" not in text


def test_reading_order_is_alerts_then_state_then_entries_newest_first() -> None:
    text = text_of(history((entry(3), entry(1), entry(2))))
    places = [
        text.index(mark)
        for mark in (
            "Penicilina",
            "Diabetes",
            "Enalapril",
            "Tensión sistólica",
            "Potasio",
            "16/10/2026 09:40 · Consulta",
            "09/10/2026 09:40 · Consulta",
            "02/10/2026 09:40 · Consulta",
            "Fin de la historia clínica",
        )
    ]
    assert places == sorted(places)


def test_forty_pages_carry_head_foot_and_count() -> None:
    pages = pages_of(
        history(tuple(entry(number, notes=(note(number, text_for(number)),)) for number in range(1, 230)))
    )
    assert len(pages) >= 40
    for number, page in enumerate(pages, 1):
        assert page.startswith(f"{HEAD} Historia clínica Centro Norte")
        assert page.endswith(f"{FOOT} Página {number} de {len(pages)}")
    whole = " ".join(pages)
    assert all(f"nota-{number}-fin" in whole for number in range(1, 230))


def text_for(number: int) -> str:
    """A note of a dozen lines that ends in its number."""
    return "\n".join(["Evolución sin cambios, «afebril», tolera la dieta."] * 11) + f"\nnota-{number}-fin"


def test_a_signature_stands_under_the_last_line_it_signs() -> None:
    pages = pages_of(
        history(tuple(entry(number, notes=(note(number, text_for(number)),)) for number in range(1, 120)))
    )
    for number in range(1, 120):
        (page,) = [page for page in pages if f"nota-{number}-fin" in page]
        assert f"nota-{number}-fin Firmado por" in page


def test_an_entry_that_runs_over_names_itself_again() -> None:
    pages = pages_of(history((entry(1, notes=(note(1, "línea\n" * 150),)),)))
    assert "16/10/2026 09:40 · Consulta (continúa)" in pages[2]
    assert "continúa" not in pages[0] + pages[1]


def test_an_addendum_says_so_and_keeps_its_own_signature() -> None:
    later = FIRST + timedelta(days=2)
    added = note(9, "Se corrige la dosis.", amends_id=UUID(int=1), author_name="Gil, Álvaro", signed_at=later)
    text = text_of(history((entry(1, notes=(note(1), added)),)))
    assert "Adenda Se corrige la dosis. Firmado por Gil, Álvaro · MN 123.456 · 18/10/2026 09:40" in text


def test_an_empty_history_says_so() -> None:
    empty = History(
        history(
            (), allergies=(), problems=(), vitals=(), patient=patient(allergy_status="sin_preguntar")
        ).chart,
        (),
        (),
        (),
    )
    cover, text = pages_of(empty)
    assert "Alergias Sin preguntar." in cover
    assert "Contenido: 0 registros, 0 notas firmadas" in cover
    assert "Problemas Sin registros." in text
    assert "Medicación vigente Sin registros." in text
    assert "Atenciones Sin registros." in text
    assert "signos vitales" not in text


@pytest.mark.parametrize(
    ("status", "said"),
    [("ninguna", "Alergias Ninguna conocida."), ("sin_preguntar", "Alergias Sin preguntar.")],
)
def test_never_asked_and_none_known_are_told_apart(status: str, said: str) -> None:
    assert said in text_of(history(allergies=(), patient=patient(allergy_status=status)))


def test_an_allergy_that_is_over_is_no_alert() -> None:
    over = allergy("Látex", "severa", until=date(2020, 1, 1))
    text = text_of(history(allergies=(over, allergy("Ibuprofeno", "leve"))))
    assert "Látex" not in text
    assert "! Ibuprofeno · leve" in text


def test_severe_allergies_come_first() -> None:
    rows = (
        allergy("Abejas", "leve"),
        allergy("Zinc", "severa"),
        allergy("Maní", "moderada"),
        allergy("Ácaros"),
    )
    text = text_of(history(allergies=rows))
    places = [text.index(name) for name in ("!! Zinc", "! Maní", "! Abejas", "! Ácaros")]
    assert places == sorted(places)


def test_who_died_is_printed_with_the_age_they_reached() -> None:
    text = text_of(history(patient=patient(deceased_on=date(2020, 2, 2))))
    assert "F 38 a · nacimiento 03/02/1981 · fallecimiento 02/02/2020" in text


def test_unknowns_are_words() -> None:
    text = text_of(history(patient=patient(document="", birth=None)))
    assert "sin documento · F · nacimiento sin dato · HC 002210" in text


def test_an_imported_entry_names_its_source_and_its_place() -> None:
    made = entry(
        1, notes=(), source="synthea", place="Hospital Ñandú", doctor="", title="Encounter (procedure)"
    )
    text = text_of(history((made,)))
    assert "16/10/2026 09:40 · Consulta Hospital Ñandú Encounter (procedure)" in text
    assert "Sin nota. Registro importado de synthea." in text


def test_attributes_are_spelled_out() -> None:
    attributes = {"peso_kg": 72, "fumador": False, "viajes": ["Perú", {"país": "Bolivia"}], "nada": None}
    text = text_of(history((entry(1, attributes=attributes),)))
    assert "peso_kg: 72 · fumador: no · viajes: Perú, país: Bolivia · nada:" in text


def test_a_code_of_another_catalogue_names_it() -> None:
    text = text_of(
        history((entry(1, diagnoses=(diagnosis("444814009", "Viral sinusitis", system="SNOMED-CT"),)),))
    )
    assert "444814009 Viral sinusitis · principal · confirmado · SNOMED-CT" in text
    assert "I10 Hipertensión esencial (primaria) principal · confirmado · crónico 01/03/2010" in text


HOSTILE = ["A[/b]B", "[@click=app.exit]x[/]", "{nb}", "**x** __y__", "<b>&amp;", "\\) Tj (x", "U+0041"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_printed_literally_wherever_it_stands(text: str) -> None:
    made = history(
        (
            entry(
                1,
                title=f"uno {text}",
                place=f"dos {text}",
                kind=f"tres {text}",
                attributes={f"cuatro {text}": f"cinco {text}"},
                diagnoses=(diagnosis(text=f"seis {text}"),),
                notes=(note(1, f"siete {text}", author_name=f"ocho {text}"),),
            ),
        ),
        patient=patient(family=f"nueve {text}", payer=f"diez {text}"),
        allergies=(allergy(f"once {text}"),),
    )
    printed = text_of(
        History(made.chart, (), (medication(f"doce {text}"),), (observation(None, value_text=text),))
    )
    for mark in [
        "uno",
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce",
    ]:
        assert f"{mark} {text}" in printed


def test_escapes_and_direction_marks_are_marks() -> None:
    text = text_of(history((entry(1, notes=(note(1, "a\x1b]52;c;QUJD\x07b \u202eabc\u202c fin"),)),)))
    assert "a·]52;c;QUJD·b ·abc· fin" in text


def test_a_long_name_is_whole_on_every_page() -> None:
    family, given = (
        "Fernández de la Reguera Ibáñez y Goicoechea-Etcheverry Urrutia",
        "María de los Ángeles Guadalupe",
    )
    pages = pages_of(history(tuple(map(entry, range(1, 30))), patient=patient(family=family, given=given)))
    assert len(pages) > 2
    assert all(f"{family}, {given}" in page for page in pages)


def test_letters_without_a_glyph_come_back() -> None:
    out = BytesIO()
    made = history((entry(1, notes=(note(1, "Nombre: 王小明"),)),), patient=patient(given="Али"))
    assert history_pdf.EXPORTER.write(made, STAMP, out) == ("王", "小", "明")
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(out).pages]
    assert all("Quispe Mamani, Али" in page for page in pages)
    assert "Nombre: ‹U+738B›‹U+5C0F›‹U+660E›" in " ".join(pages)
    listed = pages[-1][pages[-1].index("Caracteres que la letra no tiene") :]
    assert "U+738B CJK UNIFIED IDEOGRAPH-738B U+5C0F CJK UNIFIED IDEOGRAPH-5C0F" in listed


def test_where_no_letter_is_missing_none_is_listed() -> None:
    assert "Caracteres que" not in text_of(history())


def test_the_cover_says_for_whom_and_how_much_there_is() -> None:
    made = replace(history(), request="Oficio 221 del juzgado civil 4", delivery=UUID(int=77))
    cover = pages_of(made)[0]
    for said in (
        "Entregada por: Sosa, Marta, Centro Norte, 23/11/2026 09:42",
        "Pedido: Oficio 221 del juzgado civil 4",
        f"Entrega: {UUID(int=77)}",
        "Período: toda la historia, del 02/10/2026 al 16/10/2026",
        "Tipos de registro: todos",
        "Orden: del más nuevo al más viejo",
        "Contenido: 3 registros, 3 notas firmadas, 0 adendas, 2 problemas, 2 medicamentos indicados",
        "Cómo comprobarla",
        "note verify",
    ):
        assert said in cover
    assert "Copia parcial" not in cover
    assert "Atenciones" not in cover


def test_a_part_says_that_it_is_one_and_keeps_what_may_save_a_life() -> None:
    rows = (entry(1, kind="control"), entry(2), entry(3, kind="control"), entry(30, kind="control"))
    asked = Selection(date(2026, 10, 2), date(2026, 10, 16), ("control",))
    made = selected(replace(history(rows), selection=asked), ZONE)
    assert [row.id.int for row in made.chart.entries] == [1001, 1003]
    assert [row.value_number for row in made.observed] == [Decimal("6.40")]
    text = text_of(made)
    for said in (
        "Período: desde 02/10/2026 hasta 16/10/2026",
        "Tipos de registro: Control",
        "Copia parcial. Trae 2 de 4 registros; 2 quedan afuera.",
        "!! Penicilina",
        "E11.9 Diabetes",
        "Enalapril",
    ):
        assert said in text


def test_the_days_of_a_part_are_the_clinics() -> None:
    late = entry(1, at=datetime(2026, 10, 17, 2, 30, tzinfo=UTC))  # 23:30 of the 16th in Buenos Aires
    asked = Selection(until=date(2026, 10, 16))
    assert len(selected(replace(history((late,)), selection=asked), ZONE).chart.entries) == 1


def test_the_oldest_may_lead() -> None:
    text = text_of(replace(history(), selection=Selection(oldest_first=True)))
    assert text.index("02/10/2026 09:40 · Consulta") < text.index("16/10/2026 09:40 · Consulta")
    assert "Orden: del más viejo al más nuevo" in text


WORDS = (
    "ñandú",
    "Ελληνικά",
    "ὀξύς",
    "кириллица",
    "Ёж",
    "q\u0302\u0323",
    "e\u0301",
    "ĳ",
    "Ǆ",
    "½",
    "→",
    "«ß»",
)


def test_two_thousand_visits_read_back_word_for_word() -> None:
    """Latin, Greek, Cyrillic and combining marks; what has a composed form comes back composed."""
    texts = [f"n{number} " + " ".join(WORDS[number % 7 :] + WORDS[: number % 7]) for number in range(2000)]
    rows = [
        entry(number + 1, at=FIRST - timedelta(hours=number), notes=(note(number + 1, texts[number]),))
        for number in range(2000)
    ]
    out = BytesIO()
    assert history_pdf.EXPORTER.write(history(tuple(rows)), STAMP, out) == ()
    read = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(out).pages)
    place = 0
    for text in texts:
        place = read.index(f"{unicodedata.normalize('NFC', text)} Firmado", place)


@pytest.mark.parametrize(
    ("code", "unit", "value", "said"),
    [
        ("8480-6", "mm[Hg]", "85", "▼▼ CRÍTICO bajo"),
        ("8480-6", "mm[Hg]", "230", "▲▲ CRÍTICO alto"),
        ("8480-6", "mm[Hg]", "120", "en rango"),
        ("8480-6", "kPa", "20", "sin rango"),
        ("8310-5", "Cel", "35.5", "▼ bajo"),
    ],
)
def test_an_abnormal_value_is_marked_in_a_sign_and_a_word(
    code: str, unit: str, value: str, said: str
) -> None:
    row = VitalRow(FIRST, code, "Signo", Decimal(value), unit, UUID(int=12), UUID(int=1))
    assert f"Signo {value.replace('.', ',')} {unit} {said} 16/10/2026" in text_of(history(vitals=(row,)))


def test_the_same_history_is_the_same_file() -> None:
    first, second = BytesIO(), BytesIO()
    history_pdf.EXPORTER.write(history(), STAMP, first)
    history_pdf.EXPORTER.write(history(), STAMP, second)
    assert first.getvalue() == second.getvalue()


def signed_history(network: Network, log_in, text: str) -> tuple[History, UUID]:  # type: ignore[no-untyped-def]
    """A walk-in admitted, seen and written up by real people, read back for export."""
    front, doctor = log_in("msosa"), log_in("lpaz")
    made = new_patient(front, family="Ñandutí Echeverría", given="Ítalo")
    waiting = front.desk().do(
        admissions.walk_in,
        admissions.WalkIn(
            patient_id=made.patient_id, doctor_id=network.person_ids["lpaz"], reason="dolor de cabeza"
        ),
    )
    start = records.StartVisit(
        patient_id=made.patient_id, turn_id=waiting.id, seq=waiting.seq, from_state=waiting.state
    )
    called = doctor.desk().do(records.start_visit, start)
    order = records.SignNote(
        patient_id=made.patient_id,
        visit_id=called.visit_id,
        text=text,
        diagnoses=(DiagnosisEntry("R51", "Cefalea"),),
        **proven(doctor),
    )
    doctor.desk().do(records.sign_note, order)
    done = records.FinishVisit(
        patient_id=made.patient_id, turn_id=called.turn_id, seq=called.seq, from_state="en_curso"
    )
    doctor.desk().do(records.finish_visit, done)
    return doctor.desk().see(HISTORY, HistoryQuery(made.patient_id)), made.patient_id


def test_a_signed_note_goes_from_the_desk_to_paper(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    made, _ = signed_history(network, log_in, "Refiere «cefalea» desde ayer.\nControl en una semana.")
    text = text_of(made)
    assert "Ñandutí Echeverría, Ítalo" in text
    assert "R51 Cefalea principal · confirmado" in text
    assert "Refiere «cefalea» desde ayer. Control en una semana. Firmado por Paz, Lucía" in text
    digest = made.chart.entries[0].notes[0].hash.hex()[:16]
    assert f"huella {digest}" in text


def test_who_may_not_export_gets_no_history(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    _, patient_id = signed_history(network, log_in, "Texto.")
    with pytest.raises(Refusal):
        log_in("msosa").desk().see(HISTORY, HistoryQuery(patient_id))


def test_what_a_note_orders_and_when_it_was_typed_is_on_paper() -> None:
    who = (UUID(int=1), UUID(int=70), UUID(int=1001))
    dose = TreatmentRow(*who, "Enalapril 10 mg", date(2026, 11, 23), date(2026, 12, 22), "Paz, Lucía")
    ended = replace(dose, what="Dieta", until=None, ended_on=date(2026, 11, 30), ended_why="edema")
    control = FollowUpRow(UUID(int=71), UUID(int=1001), date(2026, 12, 21), 5, "Paz, Lucía", "laboratorio")
    late = entry(
        treatments=(dose, ended),
        follow_ups=(control,),
        late_reason="corte de luz",
        written_at=FIRST + timedelta(hours=4, minutes=25),
    )
    read = text_of(history((late,), treatments=(dose,)))
    assert "Tratamientos activos" in read
    assert "Tratamiento: Enalapril 10 mg · desde 23/11/2026 · hasta 22/12/2026" in read
    assert "suspendido 30/11/2026: edema" in read
    assert "Control 21/12/2026 con Paz: laboratorio" in read
    hours = f"{FIRST.astimezone(STAMP.at.tzinfo):%H:%M}"
    assert f"Atendido {hours}, escrito" in read
    assert ": corte de luz" in read


def test_files_are_listed_with_what_tells_them_apart_and_those_in_error_say_so() -> None:
    wrong = {"voided_reason": "de otra persona", "voided_by": "Paz, Lucía", "voided_at": FIRST}
    files = (attachment("eco.pdf"), attachment("otra.pdf", **wrong))
    text = text_of(replace(history(), attachments=files))
    digests = [row.sha256[:8].hex() for row in files]
    assert f"eco.pdf · Ecografía de Rawson application/pdf 34 KB {digests[0]}" in text
    assert "ANULADO: de otra persona" in text
    assert digests[1] in text
    assert "Adjuntos" not in text_of(history())


def test_letters_stand_whole_with_their_codes_and_what_became_of_them() -> None:
    taken = {"voided_at": FIRST, "void_reason": "eran tres días", "replaced_by": 12}
    given = (letter(12, replaces=11), letter(11, "Se indica reposo por 2 días.", **taken))
    text = text_of(replace(history(), letters=given))
    assert "Documentos emitidos" in text
    assert "2 documentos emitidos" in text
    for row in given:
        assert f"Certificado médico n.º {row.number}" in text
        assert row.text in text
        assert f"Emitido por Paz, Lucía · {row.author_license} · verificación {row.code}" in text
    assert ": eran tres días Lo reemplaza el n.º 12." in text
    assert "Documentos emitidos" not in text_of(history())


def test_what_is_known_of_the_person_and_who_entered_an_entry_are_told() -> None:
    who = patient(guardian="Mamani, Juana", blood_group="A-", phone="+541155554444", united=(77,))
    waiting = entry(
        1, notes=(), entered_by="Vega, Nora", corrects_id=UUID(int=1002), attributes={UNSIGNED: "Espera."}
    )
    text = text_of(history((waiting, entry(2)), patient=who))
    for said in (
        "Responsable: Mamani, Juana",
        "Grupo sanguíneo: A-",
        "Historias unidas: 000077",
        "Cargado por Vega, Nora Corrige el registro 09/10/2026 09:40",
        "Sin firmar: Espera. Sin nota firmada.",
    ):
        assert said in text
    assert UNSIGNED not in text
