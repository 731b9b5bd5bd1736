"""A list of patients comes in whole or not at all: killed, raced, raw, real and hostile."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.importers import ImportResult
from clinicdesk.importers.patients import IMPORTER
from clinicdesk.kit.text import clean_line
from tests.data import ROOT, shared
from tests.importers.places import Place
from tests.importers.test_importing_safely import eventually, everyone_is_gone, locked

PROGRAM: Final = """
import sys
from pathlib import Path
from tests.importers.test_patients_safely import run
from tests.importers.places import Place
run(Place(sys.argv[1]), Path(sys.argv[2]))
"""
ROWS: Final = 3000
SETS: Final = ("synthea-csv-27", "synthea-csv-unmc")
MAP: Final = """
source = "synthea"
[columns]
Id = "key"
SSN = "document:SSN"
DRIVERS = "document:DL"
PASSPORT = "document:PAS"
FIRST = "given"
MIDDLE = "given2"
LAST = "family"
COUNTY = "-"
[constants]
country = "US"
"""


def run(place: Place, path: Path, **options: Any) -> ImportResult:
    """An import by the administrator."""
    with place.as_person("admin") as session:
        return IMPORTER.run(session.desk(), path, **options)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.accepted, result.updated, result.unchanged, result.rejected


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Some thousands of people."""
    path = tmp_path / "muchos.csv"
    rows = "".join(f"P{at};Ana;F;1970-01-01;{20_000_000 + at}\n" for at in range(ROWS))
    path.write_text(f"apellido;nombre;sexo;nacimiento;dni\n{rows}", encoding="utf-8")
    return path


# While the rows are read, and in the middle of the merge with the documents already written.
@pytest.mark.parametrize("table", ["staging_registry", "patients"])
def test_a_list_killed_in_the_middle_leaves_nothing_and_comes_in_once(
    place: Place, many: Path, table: str
) -> None:
    before = {name: rows for name, rows in place.contents().items() if name != "sequences"}
    with locked(place, table) as waiting:
        program = subprocess.Popen([sys.executable, "-c", PROGRAM, place.url, str(many)], cwd=ROOT)
        waiting()
        program.send_signal(signal.SIGKILL)
        program.wait(timeout=300)
    eventually(lambda: everyone_is_gone(place))
    assert {name: rows for name, rows in place.contents().items() if name != "sequences"} == before
    assert counts(run(place, many)) == (ROWS, 0, 0, 0)
    assert counts(run(place, many)) == (0, 0, ROWS, 0)
    assert place.value("SELECT count(*) FROM patients") == ROWS


def test_who_may_not_import_reaches_none_of_it(place: Place) -> None:
    calls = (
        "SELECT * FROM import_registry('x', gen_random_uuid(), now(), false)",
        "SELECT registry_new(gen_random_uuid(), now(), false)",
        "INSERT INTO staging_fates (batch) VALUES (gen_random_uuid())",
        "SELECT count(*) FROM staging_registry",
        "SELECT count(*) FROM import_ledger",
    )
    for username in ("msosa", "lpaz", "gestion"):
        for call in calls:
            assert "denied" in refused(place, username, call)
    assert "needs an act" in refused(place, "admin", calls[0])
    assert "denied" in refused(place, "admin", calls[1])


def refused(place: Place, username: str, call: str) -> str:
    """What the database says to a person who calls this by hand."""
    with (
        place.as_person(username) as session,
        session.engine.connect() as connection,
        pytest.raises(DBAPIError) as told,
    ):
        connection.execute(text(call))
    return str(told.value)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8-sig"), ("\t", "cp1252"), (",", "utf-16")])
def test_real_lists_come_in_with_every_value(
    place: Place, tmp_path: Path, name: str, separator: str, encoding: str
) -> None:
    with shared(name, "patients.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    path, mapped = tmp_path / "p.csv", tmp_path / "mapa.toml"
    mapped.write_text(MAP, encoding="utf-8")
    with path.open("w", encoding=encoding, newline="") as file:
        # The columns the other way round.
        csv.writer(file, delimiter=separator).writerows(row[::-1] for row in [head, *rows])
    said = {"map": str(mapped)} if "MIDDLE" in head else {"map": str(_without(mapped, "MIDDLE"))}
    result = run(place, path, **said)
    assert counts(result) == (len(rows), 0, 0, 0), result.rejects
    stored = place.rows(
        "SELECT l.key, p.family, p.given, p.sex, p.birth::text, coalesce(p.deceased_on::text, ''), p.address,"
        " p.city, ARRAY(SELECT d.kind || d.number FROM patient_documents d WHERE d.patient_id = p.patient_id"
        "  AND d.kind <> 'HC' ORDER BY 1)"
        " FROM import_ledger l JOIN patients p USING (patient_id) ORDER BY 1"
    )
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert stored == sorted(
        (
            f"id:{row['Id']}",
            row["LAST"],
            " ".join(filter(None, (row["FIRST"], row.get("MIDDLE", "")))),
            row["GENDER"],
            row["BIRTHDATE"],
            row["DEATHDATE"],
            row["ADDRESS"],
            row["CITY"],
            sorted(
                kind + row[column].replace("-", "")
                for kind, column in (("SSN", "SSN"), ("DL", "DRIVERS"), ("PAS", "PASSPORT"))
                if row[column]
            ),
        )
        for row in told
    )
    assert counts(run(place, path, **said)) == (0, 0, len(rows), 0)


def _without(mapped: Path, column: str) -> Path:
    lines = mapped.read_text("utf-8").splitlines()
    mapped.write_text("\n".join(line for line in lines if not line.startswith(column)), "utf-8")
    return mapped


HEAD: Final = (
    "id",
    "apellido",
    "nombre",
    "sexo",
    "domicilio",
    "localidad",
    "cobertura",
    "plan",
    "nro afiliado",
)
STORED: Final = (
    "SELECT l.key, p.family, p.given, p.sex, p.address, p.city, c.payer, c.plan, c.member_number"
    " FROM import_ledger l JOIN patients p USING (patient_id) LEFT JOIN coverages c USING (patient_id)"
)


def test_naughty_strings_in_every_column_are_stored_as_they_are_or_refused(
    place: Place, tmp_path: Path
) -> None:
    strings = json.loads(shared("naughty-strings", "blns.json").read_text("utf-8"))
    path, rejects = tmp_path / "x.csv", tmp_path / "no.csv"
    rows = []
    for at, each in enumerate(strings):
        for column in range(1, len(HEAD)):
            good = [f"{at}-{column}", "Paz", "Ana", "F", "Calle", "Salta", "OSDE", "210", "1"]
            rows.append([*good[:column], each, *good[column + 1 :]])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])
    result = run(place, path, rejects=rejects)
    assert result.read == len(rows) == result.accepted + result.rejected
    stored = {row[0]: row[1:] for row in place.rows(STORED)}
    for row in rows:
        if found := stored.get(f"id:{row[0]}"):
            cleaned = [clean_line(cell) or None for cell in row[1:]]
            cleaned[1] = cleaned[1] or ""
            if cleaned[5] is None:
                cleaned[5:] = [None, None, None]
            assert list(found) == [*cleaned[:2], "F" if cleaned[2] == "F" else found[2], *cleaned[3:]], row
    told = list(csv.reader(rejects.open(encoding="utf-8", newline="")))
    assert len(told) == result.rejected + 1
    refused = {row[3 + 3] for row in told[1:]}
    assert len(refused) == result.rejected
    # Every string is somebody's address, surname and city; what is refused is a sex, or too long.
    assert {row[2].strip(" |") for row in told[1:]} <= set(HEAD)
    assert result.accepted > len(strings) * 6
