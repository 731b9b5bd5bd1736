"""Editions of fee schedules: the real nomenclator, and lists that are wrong in every way a list can be."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.importers import ImportResult
from clinicdesk.importers._json import json_rows
from clinicdesk.importers._one_file import FileMissing
from clinicdesk.importers.fees import IMPORTER
from clinicdesk.kit.db import engine_for
from clinicdesk.kit.errors import Exit, InvalidInput
from tests.data import shared
from tests.importers.places import Place

REAL: Final = ("nomenclador-pami", "estudios.json")
ITEMS: Final = (
    "SELECT c.code, i.name, i.units, i.price, lower(i.valid), upper(i.valid) FROM fee_items i"
    " JOIN fee_codes c ON c.id = i.fee_code_id JOIN fee_schedules s ON s.id = c.schedule_id"
    " WHERE s.code = %s ORDER BY c.code, lower(i.valid)"
)
JAN, APR, JUL = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)
Fees = Callable[..., ImportResult]


@pytest.fixture
def fees(place: Place, tmp_path: Path) -> Fees:
    """`fees(file or text, "2026-01-01")` imports an edition of X as the administrator."""

    def run(what: Path | str, since: str = "2026-01-01", **options: Any) -> ImportResult:
        path = what if isinstance(what, Path) else tmp_path / options.pop("file", "x.csv")
        if isinstance(what, str):
            path.write_text(what, encoding="utf-8")
        with place.as_person("admin") as session:
            return IMPORTER.run(session.desk(), path, **({"schedule": "X", "from": since} | options))

    return run


def counts(result: ImportResult) -> tuple[int, ...]:
    return result.read, result.accepted, result.updated, result.unchanged, result.rejected


def items(place: Place) -> list[tuple[Any, ...]]:
    return place.rows(ITEMS, "X")


def test_the_real_nomenclator_whole(place: Place, fees: Fees) -> None:
    path = shared(*REAL)
    trial = fees(path, dry_run=True)
    assert counts(trial) == (4739, 4739, 0, 0, 0)
    assert place.value("SELECT count(*) FROM fee_items") == 0
    first = fees(path)
    assert counts(first) == (4739, 4739, 0, 0, 0)
    assert first.exit is Exit.DONE
    assert first.extra == {"repaired": 407, "closed": 0}
    assert "407 códigos" in first.notes[0]
    assert "37107 → 037107" in first.notes[0]
    stored = {row[0]: row[1] for row in items(place)}
    said = {str(each["code"]).zfill(6): each["name"].strip() for each in json.loads(path.read_text())}
    assert {len(code) for code in stored} == {6}
    assert {code: " ".join(name.split()) for code, name in said.items()} == stored
    again = fees(path)
    assert counts(again) == (4739, 0, 0, 4739, 0)
    assert len(items(place)) == 4739


def test_a_new_edition_closes_the_older_rows(place: Place, fees: Fees) -> None:
    fees("code,name,units,price\n01,A,1.5,100\n02,B,2,\n03,C,,7\n")
    result = fees("code,name,units,price\n01,A,1.50,100.00\n02,B,2.5,\n04,D,1,1\n", "2026-04-01")
    assert counts(result) == (3, 1, 1, 1, 0)
    assert result.extra["closed"] == 1
    wanted = [
        ("01", "A", Decimal("1.5"), Decimal(100), JAN, None),
        ("02", "B", Decimal(2), None, JAN, APR),
        ("02", "B", Decimal("2.5"), None, APR, None),
        ("03", "C", None, Decimal(7), JAN, APR),
        ("04", "D", Decimal(1), Decimal(1), APR, None),
    ]
    assert items(place) == wanted
    assert counts(fees("code,name,units,price\n01,A,1.5,100\n02,B,2,\n03,C,,7\n")) == (3, 0, 0, 3, 0)
    assert items(place) == wanted


def test_an_edition_between_two_lasts_until_the_next(place: Place, fees: Fees) -> None:
    fees("code,name\n01,enero\n")
    fees("code,name\n01,julio\n", "2026-07-01")
    fees("code,name\n01,abril\n02,nuevo\n", "2026-04-01")
    assert [(row[0], row[1], row[4], row[5]) for row in items(place)] == [
        ("01", "enero", JAN, APR),
        ("01", "abril", APR, JUL),
        ("01", "julio", JUL, None),
        ("02", "nuevo", APR, None),
    ]


def test_the_same_edition_corrected_is_corrected_in_place(place: Place, fees: Fees) -> None:
    fees("code,name,price\n01,A,1\n02,B,2\n")
    assert counts(fees("code,name,price\n01,A,3\n02,B,2\n")) == (2, 0, 1, 1, 0)
    assert [(row[0], row[3], row[5]) for row in items(place)] == [("01", 3, None), ("02", 2, None)]


def test_a_code_whose_row_is_bad_is_not_taken_for_dropped(place: Place, fees: Fees) -> None:
    fees("code,name,units\n01,A,1\n02,B,1\n")
    result = fees("code,name,units\n01,A,uno\n", "2026-04-01")
    assert (result.rejected, result.extra["closed"]) == (1, 1)
    assert [(row[0], row[5]) for row in items(place)] == [("01", None), ("02", APR)]


BAD = (
    ("code,name\n,sin código\n", (2, "code", "", "missing")),
    ("code,name\n01,\n", (2, "name", "", "missing")),
    ("code,name\n01,a\n01,b\n", (3, "code", "01", "repeated")),
    ("code,name\n000001,a\n000002,b\n1,c\n", (4, "code", "000001", "repeated")),
    ("code,name,units\n01,a,-1\n", (2, "units", "-1", "bad_number")),
    ("code,name,units\n01,a,1e3\n", (2, "units", "1e3", "bad_number")),
    ("code,name,units\n01,a,NaN\n", (2, "units", "NaN", "bad_number")),
    ('code,name,units\n01,a,"1,234"\n', (2, "units", "1,234", "ambiguous")),
    ("code;name;price\n01;a;1.234\n", (2, "price", "1.234", "ambiguous")),
    ("code,name\n" + "9" * 21 + ",a\n", (2, "code", "9" * 21, "too_long")),
    ("code,name\n01," + "ñ" * 301 + "\n", (2, "name", "ñ" * 301, "too_long")),
    ("code,name\n01,a,b\n", (2, "", "b", "too_many_cells")),
    ("code,name\n01,a\x00b\n", (2, "name", "a\x00b", "nul")),
)


@pytest.mark.parametrize(("content", "wanted"), BAD)
def test_a_bad_row_is_named_and_the_others_stay(
    place: Place, fees: Fees, tmp_path: Path, content: str, wanted: tuple[Any, ...]
) -> None:
    found = tmp_path / "rejects.csv"
    result = fees(content, rejects=found)
    assert result.exit is Exit.PARTLY
    (reject,) = result.rejects
    assert (reject.line, reject.column, reject.value, reject.code) == wanted
    assert reject.reason
    (row,) = csv.DictReader(found.open(encoding="utf-8-sig"))
    assert (row["line"], row["column"]) == (str(wanted[0]), wanted[1])
    assert result.read == result.accepted + result.rejected
    assert len(items(place)) == result.accepted


@pytest.mark.parametrize(
    ("content", "file", "price"),
    [
        ("code,name,price\n01,a,1234.5\n", "x.csv", "1234.5"),
        ('code,name,price\n01,a,"1,234.50"\n', "x.csv", "1234.5"),
        ("código;descripción;importe\n01;a;1.234,50\n", "x.csv", "1234.5"),
        ("código;descripción;importe\n01;a;1234,5\n", "x.txt", "1234.5"),
        ("\ufeffCODIGO\tNOMBRE\tPRECIO\n01\ta\t1.234.567,25\n", "x.tsv", "1234567.25"),
        ('[{"codigo": "01", "nombre": "a", "precio": 1234.50}]', "x.json", "1234.5"),
        ('[{"code": "01", "name": "a", "price": "1234.5", "otro": [1]}]', "x", "1234.5"),
    ],
)
def test_commas_semicolons_tabs_and_json(
    place: Place, fees: Fees, content: str, file: str, price: str
) -> None:
    assert counts(fees(content, file=file)) == (1, 1, 0, 0, 0)
    assert items(place)[0][:4] == ("01", "a", None, Decimal(price))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"code": 1}', "línea 1, columna 1: se espera una lista"),
        ('[\n {"code": 1,}]', "línea 2, columna 1"),
        ('[{"code": 1} {"code": 2}]', "se espera una coma"),
        ('[{"code": 1},]', "sobra una coma"),
        ("[] []", "sobra texto"),
        ('[{"code": NaN}]', "no es de una lista"),
        ("[" * 100_000, "no es de una lista"),
        ("", "se espera una lista"),
    ],
)
def test_what_is_no_list_is_refused_with_its_place(fees: Fees, content: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        fees(content, file="x.json")
    assert said in str(refused.value)


def test_elements_that_are_no_rows_are_rejected_one_by_one(place: Place, fees: Fees) -> None:
    content = '[1,\n {"code": {"a": 1}, "name": "x"},\n null,\n {"code": "07", "name": "bien"}]'
    result = fees(content, file="x.json")
    assert [(each.line, each.column, each.code) for each in result.rejects] == [
        (1, "", "no_row"),
        (2, "code", "no_row"),
        (3, "", "no_row"),
    ]
    assert counts(result) == (4, 1, 0, 0, 3)


def test_digits_are_repaired_as_told(place: Place, fees: Fees) -> None:
    content = "code,name\n123456,a\n654321,b\n12345,c\nA1,d\n"
    assert fees(content, digits="0").extra["repaired"] == 0
    assert [row[0] for row in items(place)] == ["12345", "123456", "654321", "A1"]
    result = fees(content, "2026-04-01", digits="7")
    assert result.extra["repaired"] == 3
    assert "12345 → 0012345" in result.notes[0]


@pytest.mark.parametrize(
    "options",
    [{"schedule": "con blancos"}, {"schedule": ""}, {"from": "ayer"}, {"digits": "x"}, {"digits": "21"}],
)
def test_options_that_cannot_be(fees: Fees, options: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        fees("code,name\n01,a\n", **options)


def test_files_that_cannot_be_read(fees: Fees, tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        fees(tmp_path / "nada.csv")
    with pytest.raises(FileMissing):
        fees(tmp_path)
    with pytest.raises(InvalidInput, match="faltan las columnas NAME"):
        fees("code,otra\n01,a\n")
    latin = tmp_path / "latin.json"
    latin.write_bytes('[{"code": 1, "name": "Radiografía"}]'.encode("latin-1"))
    with pytest.raises(InvalidInput, match="UTF-8"):
        fees(latin)


def test_hostile_names_come_in_as_text_or_are_rejected(place: Place, fees: Fees, tmp_path: Path) -> None:
    strings = json.loads((shared("naughty-strings") / "blns.json").read_text("utf-8"))
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"code": f"H{at}", "name": each} for at, each in enumerate(strings)]))
    result = fees(path)
    assert result.read == len(strings) == result.accepted + result.rejected
    assert result.accepted > len(strings) * 0.9
    assert len(items(place)) == result.accepted


def test_the_database_keeps_a_code_from_being_valid_twice(place: Place, fees: Fees) -> None:
    """Nobody writes items but the import; and no import could write this."""
    fees("code,name\n01,a\n")
    overlap = (
        "INSERT INTO fee_items (fee_code, fee_code_id, valid, name)"
        " SELECT fee_code, fee_code_id, '[2027-01-01,)', 'otra' FROM fee_items"
    )
    with (
        place.as_person("admin") as session,
        session.engine.connect() as connection,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        connection.execute(text(overlap))
    owner = engine_for(place.url)
    with owner.connect() as connection, pytest.raises(DBAPIError, match="fee_items_no_overlap"):
        connection.execute(text(overlap))
    with owner.connect() as connection, pytest.raises(DBAPIError, match="fee_items_code_ck"):
        connection.execute(text("UPDATE fee_items SET fee_code = '[1,9]'"))
    owner.dispose()


def test_the_merge_wants_an_act_of_whoever_calls_it(place: Place) -> None:
    call = "SELECT * FROM import_fees('X', NULL, '2026-01-01', '{}', gen_random_uuid())"
    for who, said in (("admin", "needs an act"), ("msosa", "permission denied")):
        with (
            place.as_person(who) as session,
            session.engine.connect() as connection,
            pytest.raises(DBAPIError, match=said),
        ):
            connection.execute(text(call))


def test_lines_of_json_are_those_of_the_file() -> None:
    path = shared(*REAL)
    found = [line for line, _cells in json_rows(path, _layout(), lambda _line, _bad: None)]
    lines = path.read_text("utf-8").split("\n")
    assert len(found) == 4739
    assert all(lines[line - 1].strip() == "{" for line in found)


def _layout() -> Any:
    from clinicdesk.importers import fees as module

    return module._LAYOUT
