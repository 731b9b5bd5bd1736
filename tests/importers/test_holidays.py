"""A list of holidays: the country's, and those of single clinics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clinicdesk.importers import ImportResult
from clinicdesk.importers.holidays import IMPORTER
from clinicdesk.kit.errors import InvalidInput
from tests.importers.places import Place

ROWS = (
    "SELECT day::text, name, country, (SELECT code FROM clinics WHERE id = clinic_id), works FROM holidays"
    " ORDER BY day, country NULLS LAST"
)


def run(place: Place, path: Path, content: str, **options: Any) -> ImportResult:
    path.write_text(content, encoding="utf-8")
    with place.as_person("admin") as session:
        return IMPORTER.run(session.desk(), path, **options)


def test_holidays_come_in_once(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "feriados.csv"
    content = (
        "day,name,clinic,works\n2031-05-25,Revolución de Mayo,,\n2031-05-25,Guardia,SUR,sí\n"
        "2031-06-01,Desinfección,norte,\n"
    )
    first = run(place, path, content)
    assert (first.read, first.accepted, first.rejected) == (3, 3, 0)
    assert place.rows(ROWS) == [
        ("2031-05-25", "Revolución de Mayo", "AR", None, False),
        ("2031-05-25", "Guardia", None, "SUR", True),
        ("2031-06-01", "Desinfección", None, "NORTE", False),
    ]
    again = run(place, path, content)
    assert (again.accepted, again.updated, again.unchanged) == (0, 0, 3)
    other = run(place, path, content.replace("Guardia", "Guardia mínima"))
    assert (other.accepted, other.updated, other.unchanged) == (0, 1, 2)
    assert place.value("SELECT version FROM holidays WHERE works") == 2


def test_rows_that_cannot_be_are_named(place: Place, tmp_path: Path) -> None:
    content = (
        "fecha;feriado;centro;works\n2031-02-30;No existe;;\n2031-03-01;;;\n2031-03-02;Lejos;MARTE;\n"
        "2031-03-03;Uno;;\n2031-03-03;Dos;;\n2031-03-04;Abre;;sí\n2031-03-05;Quizás;NORTE;tal vez\n"
    )
    result = run(place, tmp_path / "x.csv", content, country="uy")
    assert [(each.line, each.column, each.code) for each in result.rejects] == [
        (2, "day", "bad_date"),
        (3, "name", "missing"),
        (4, "clinic", "unknown_clinic"),
        (6, "day", "repeated"),
        (7, "works", "unknown_reference"),
        (8, "works", "unknown_value"),
    ]
    assert (result.read, result.accepted) == (7, 1)
    assert place.rows(ROWS) == [("2031-03-03", "Uno", "UY", None, False)]


def test_a_country_that_is_not_served(place: Place, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="UY"):
        run(place, tmp_path / "x.csv", "day,name\n2031-01-01,x\n", country="ZZ")
