"""The history as JSON: complete, and told in the clinic's hours."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.records.measured import MovedVitals
from clinicdesk.clinic.records.queries import Chart, CosignRow
from clinicdesk.exporters import History, history_json
from clinicdesk.kit.sheet import Stamp
from tests.exporters.histories import (
    FIRST,
    STAMP,
    attachment,
    entry,
    follow_up,
    history,
    letter,
    note,
    observation,
    patient,
    treatment,
)
from tools.history_schema import DOCUMENT, ROWS, SCHEMA, described, schema


def read(made: History) -> dict[str, Any]:
    """The object written."""
    out = BytesIO()
    assert history_json.EXPORTER.write(made, STAMP, out) == ()
    assert out.getvalue().endswith(b"}\n")
    loaded: dict[str, Any] = json.loads(out.getvalue())
    return loaded


def test_it_has_every_part_of_the_history() -> None:
    made = read(history())
    assert made["format"] == "clinicdesk.history/1"
    assert list(made)[1:] == [
        "printed",
        "selection",
        "request",
        "delivery",
        "patient",
        "allergies",
        "problems",
        "treatments",
        "vitals",
        "vitals_gone",
        "prescriptions",
        "results",
        "attachments",
        "letters",
        "entries",
        "entries_total",
    ]
    assert made["printed"] == {
        "by": "Sosa, Marta",
        "at": "2026-11-23T09:42:00-03:00",
        "zone": "America/Argentina/Buenos_Aires",
        "clinic": "Centro Norte",
    }
    assert made["patient"]["family"] == "Quispe Mamani"
    assert made["patient"]["birth"] == "1981-02-03"
    assert [row["state"] for row in made["prescriptions"]] == ["vigente", "vencida"]
    assert len(made["results"]) == 2
    assert [row["value"] for row in made["vitals"]] == [142, 150]


def test_an_entry_has_its_diagnoses_its_notes_and_whole_hashes() -> None:
    made = read(history((entry(1, attributes={"peso_kg": 72.5, "viajes": ["Perú"]}),)))
    (row,) = made["entries"]
    assert row["at"] == "2026-10-16T09:40:00-03:00"
    assert row["attributes"] == {"peso_kg": 72.5, "viajes": ["Perú"]}
    assert row["diagnoses"][0]["code"] == "I10"
    (written,) = row["notes"]
    assert written["hash"] == note(1).hash.hex()
    assert written["text"] == note(1).text
    assert written["id"] == str(UUID(int=1))


def test_every_time_carries_its_offset() -> None:
    def times(value: Any) -> list[datetime]:
        if isinstance(value, dict):
            return [found for held in value.values() for found in times(held)]
        if isinstance(value, list):
            return [found for held in value for found in times(held)]
        if isinstance(value, str) and "T" in value and value[:4].isdigit():
            return [datetime.fromisoformat(value)]
        return []

    found = times(read(history()))
    assert len(found) > 8
    assert all(at.tzinfo is not None for at in found)


@pytest.mark.parametrize(
    ("number", "told"), [("6.40", 6.4), ("150", 150), ("0.001", 0.001), ("1E+2", 100), ("-3", -3)]
)
def test_numbers_are_numbers(number: str, told: float) -> None:
    made = read(History(history().chart, (), (), (observation(number),)))
    assert made["results"][0]["value_number"] == told
    assert Decimal(str(told)) == Decimal(number)


def test_text_comes_back_as_it_was_and_holds_no_raw_control() -> None:
    hostile = "a\x1b]52;c;QUJD\x07b\x9b\u202e ñ \U0001f600\nfin"
    made = history((entry(1, notes=(note(1, hostile),)),), patient=patient(given=hostile))
    out = BytesIO()
    history_json.EXPORTER.write(made, STAMP, out)
    text = out.getvalue().decode()
    assert json.loads(text)["entries"][0]["notes"][0]["text"] == hostile
    assert json.loads(text)["patient"]["given"] == hostile
    assert not set(text) & set("\x1b\x07\x9b\u202e")


def test_a_stamp_without_a_zone_is_a_bug() -> None:
    naive = Stamp("a", datetime(2026, 1, 1), "z", "c")  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        history_json.EXPORTER.write(history(), naive, BytesIO())


def restored(kind: Any, value: Any) -> Any:
    """A value of the file as the row that it was."""
    if value is None:
        return None
    arguments = [each for each in get_args(kind) if each is not type(None)]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{part.name: restored(hints[part.name], value[part.name]) for part in fields(kind)})
    if get_origin(kind) is tuple:
        return tuple(restored(arguments[0], held) for held in value)
    if get_origin(kind) in (Union, UnionType):
        return restored(arguments[0], value)
    readers: dict[Any, Callable[[Any], Any]] = {
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
        UUID: UUID,
        bytes: bytes.fromhex,
        Decimal: lambda number: Decimal(str(number)),
    }
    return readers.get(kind, lambda held: held)(value)


def test_a_program_reads_back_what_was_written() -> None:
    """Each part of the file is the rows it was made of, field by field: the names are those of the rows."""
    made = history((entry(1, attributes={"peso_kg": 72.5, "viajes": ["Perú"]}), entry(2)))
    letters = (letter(12, replaces=11, visit_id=UUID(int=3), codes=("I10",)), letter(11, replaced_by=12))
    made = replace(made, attachments=(attachment("eco.pdf"),), letters=letters)
    told = read(made)
    hints = get_type_hints(Chart)
    for name in ("patient", "allergies", "problems", "entries"):
        assert restored(hints[name], told[name]) == getattr(made.chart, name), name
    whole = get_type_hints(History)
    assert restored(whole["vitals"], told["vitals"]) == made.vitals
    assert restored(whole["prescribed"], told["prescriptions"]) == made.prescribed
    assert restored(whole["observed"], told["results"]) == made.observed
    assert restored(whole["attachments"], told["attachments"]) == made.attachments
    assert restored(whole["letters"], told["letters"]) == made.letters
    assert told["entries_total"] == made.chart.entries_total


def test_the_document_and_the_schema_are_those_of_the_rows() -> None:
    """Each field has a meaning and its type; `python tools/history_schema.py` writes both again."""
    document = DOCUMENT.read_text("utf-8")
    assert described(document) == document
    assert schema(document) == SCHEMA.read_text("utf-8")
    with pytest.raises(ValueError, match="Letter"):
        schema(document.replace("| `void_reason` |", "| `reason` |"))


def rows_in(value: Any) -> set[type]:
    """The classes of rows in a value."""
    if isinstance(value, tuple):
        return set().union(*map(rows_in, value))
    if not dataclasses.is_dataclass(value):
        return set()
    return {type(value)}.union(*(rows_in(getattr(value, part.name)) for part in fields(value)))


def test_exports_are_valid_by_the_schema_and_hold_every_kind_of_row() -> None:
    known = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(known)
    validator = Draft202012Validator(known, format_checker=Draft202012Validator.FORMAT_CHECKER)
    empty = history((), allergies=(), problems=(), vitals=(), patient=patient(birth=None))
    for made in (whole(), History(empty.chart, (), (), ())):
        assert [error.message for error in validator.iter_errors(read(made))] == []
    assert rows_in(whole()) >= set(ROWS.values())
    harms: list[dict[str, Any]] = [{"format": "otra"}, {"letters": [{}]}, {"patient": None}, {"printed": {}}]
    for harm in harms:
        assert not validator.is_valid(read(whole()) | harm)


def whole() -> History:
    """A history with every kind of row."""
    mark = Misplaced(
        *(UUID(int=1), "in", "record", UUID(int=2), UUID(int=3), 77, "era de otra", FIRST, "Paz", UUID(int=4))
    )
    said = CosignRow(UUID(int=1), "cofirmada", None, "Ibarra, Jorge", "MP 7", FIRST, b"\x07" * 32)
    row = entry(
        1,
        notes=(note(1, supervised=True, cosignatures=(said,)),),
        attributes={"peso_kg": 72.5},
        treatments=(treatment(),),
        follow_ups=(follow_up(),),
        misplaced=mark,
    )
    made = history(
        (row,), vitals_gone=(MovedVitals(UUID(int=90), FIRST, 3, mark),), treatments=(treatment(),)
    )
    return replace(made, attachments=(attachment("eco.pdf"),), letters=(letter(),), delivery=UUID(int=99))
