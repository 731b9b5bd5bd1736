"""A search of charts typed in one line: every part understood, or named in one sentence with nothing lost."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.clinic.records import asking
from clinicdesk.clinic.records.asking import Known, understood
from clinicdesk.clinic.records.searching import Condition, RecordsQuery
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import ZONE

TODAY: Final = date(2026, 11, 22)
KNOWN: Final = Known(
    ((1, "NORTE", "Centro Norte"), (2, "SUR", "Centro Sur")),
    (("imagen", "Imagen"), ("internacion", "Internación"), ("control", "Control")),
)


def midnight(year: int, month: int, day: int) -> datetime:
    """When that day begins in the clinic."""
    return clock.instant(datetime(year, month, day), ZONE)  # noqa: DTZ001 - wall time of the clinic


def query(typed: str) -> RecordsQuery | str:
    """What is asked, or the first thing that cannot be."""
    asked = understood(typed, TODAY)
    return asked.problems[0].says if asked.problems else asking.query_of(asked, KNOWN, ZONE)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("tos seca", {"words": "tos seca"}),
        ('"dolor al orinar" fiebre', {"words": "dolor al orinar fiebre"}),
        ("dx:I10", {"codes": ("I10",)}),
        ("dx:i10 dx:E11", {"codes": ("I10", "E11")}),
        ("dx:hipertensión", {"stated": "hipertensión"}),
        ('diagnóstico:"capítulo IX"', {"codes": ("I",)}),
        ("DX: I10 tos", {"codes": ("I10",), "words": "tos"}),
        ("tipo:imagen", {"kinds": ("imagen",)}),
        ("tipo:INTERNACIÓN tipo:control", {"kinds": ("internacion", "control")}),
        ("tipo:i", {"kinds": ("imagen", "internacion")}),
        ("dra:paz", {"doctor": "paz"}),
        ('profesional:"paz lucía', {"doctor": "paz lucía"}),
        ("centro:norte", {"clinic_id": 1}),
        ("centro:SUR", {"clinic_id": 2}),
        ('inst:"hospital italiano"', {"institution": "hospital italiano"}),
        (
            "desde:01/10/2026 hasta:31/10/2026",
            {"since": midnight(2026, 10, 1), "until": midnight(2026, 11, 1)},
        ),
        ("desde:10/2026", {"since": midnight(2026, 10, 1)}),
        ("hasta:2025", {"until": midnight(2026, 1, 1)}),
        ("desde:2026-10-01", {"since": midnight(2026, 10, 1)}),
        ("desde:ayer", {"since": midnight(2026, 11, 21)}),
        ("16/10/26", {"since": midnight(2026, 10, 16), "until": midnight(2026, 10, 17)}),
        ("tos 2025", {"words": "tos", "since": midnight(2025, 1, 1), "until": midnight(2026, 1, 1)}),
        ('"2025"', {"words": "2025"}),
        ("presion.sistolica>140", {"attributes": (Condition("presion.sistolica", ">", "140"),)}),
        ("peso ≥ 90,5", {"attributes": (Condition("peso", ">=", "90.5"),)}),
        ('"frecuencia cardíaca"<=60', {"attributes": (Condition("frecuencia cardíaca", "<=", "60"),)}),
        ('brazo="el izquierdo"', {"attributes": (Condition("brazo", "=", "el izquierdo"),)}),
        ("10:30", {"words": "10:30"}),
        ("a:b", None),
    ],
)
def test_a_line_asks_for(typed: str, wanted: dict[str, Any] | None) -> None:
    found = query(typed)
    assert isinstance(found, str) if wanted is None else found == RecordsQuery(**wanted)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("tos foo:bar", "«foo:» no se entiende. Hay dx, tipo, dr, centro, inst, desde, hasta, pac."),
        ("dx:", "Falta qué va después de «dx:»."),
        ("dx: tipo:imagen", "Falta qué va después de «dx:»."),
        ("desde:31/02/2026", "«desde:31/02/2026» no es una fecha: 01/10/2026, 10/2026 o 2026."),
        ("hasta:mañana", "«hasta:mañana» no es una fecha: 01/10/2026, 10/2026 o 2026."),
        ("peso>mucho", "«peso>mucho»: después de > va un número."),
        ("peso>", "«peso>»: falta el nombre del dato o su valor."),
        ("dr:paz dr:ibarra", "«dr:» está dos veces."),
        ("tos %%% &", "«%%%» no tiene letras ni números que buscar."),
        ("dr:***", "«***» no tiene letras ni números que buscar."),
        ("tipo:xx", "No hay un tipo «xx». Están: imagen, internacion, control."),
        ("centro:este", "No hay un centro «este». Están: Centro Norte, Centro Sur."),
        ("centro:centro", "«centro:centro» puede ser Centro Norte, Centro Sur: escribir más letras."),
        (" ".join(f"p{n}" for n in range(13)), "Son demasiadas palabras: hasta 12 y 400 letras."),
        ("x" * 401, "Son demasiadas palabras: hasta 12 y 400 letras."),
    ],
)
def test_what_is_not_understood_is_told(typed: str, says: str) -> None:
    assert query(typed) == says


def test_each_problem_is_named_with_its_place_and_the_rest_stands() -> None:
    asked = understood("dx:I10 foo:1 desde:ayer pac: hasta:x", TODAY)
    assert [problem.end for problem in asked.problems] == [12, 28, 36]
    assert (asked.diagnoses, asked.since) == (["I10"], date(2026, 11, 21))
    assert understood("  ", TODAY).empty
    assert not understood("tos", TODAY).empty


def test_a_patient_is_a_document_or_a_chart_number() -> None:
    assert understood("pac:28.431.907 tos", TODAY).patient == "28.431.907"
    assert understood("hc:4417", TODAY).patient == "HC 4417"
    somebody = new_id()
    found = asking.query_of(understood("hc:4417", TODAY), KNOWN, ZONE, somebody)
    assert found == RecordsQuery(patient_id=somebody)


@pytest.mark.parametrize(
    ("typed", "at", "text", "line"),
    [
        ("tos dr:pa", 9, 'dr:"Paz Lucía"', 'tos dr:"Paz Lucía"'),
        ("tos dr:pa fiebre", 8, "dr:paz", "tos dr:paz fiebre"),
        ("tos ", 4, "dx:", "tos dx:"),
        ("", 0, "dx:", "dx:"),
    ],
)
def test_what_is_chosen_takes_the_place_of_what_was_typed(typed: str, at: int, text: str, line: str) -> None:
    made, behind = asking.replaced(typed, asking.piece_at(typed, at), text)
    assert (made, made[:behind].endswith(text)) == (line, True)


@given(st.text(max_size=120))
def test_any_text_is_understood_or_told_and_every_part_of_it_looked_at(typed: str) -> None:
    found = asking.pieces(typed)
    covered = "".join(typed[piece.start : piece.end] for piece in found)
    assert "".join(covered.split()) == "".join(typed.split())
    asked = understood(typed, TODAY)
    if not asked.problems:
        assert asked.empty == (not found)
        asking.query_of(asked, KNOWN, ZONE)


@given(st.text("ábñ \"'", max_size=30))
def test_a_quoted_value_is_read_back(value: str) -> None:
    bare = " ".join(value.replace('"', " ").split())
    (piece, *_rest) = asking.pieces(f"dr:{asking.quoted(value)}")
    assert (piece.value, piece.name) == (bare, "dr")
