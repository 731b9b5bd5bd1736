"""The 250 Spanish cases of CodiEsp: entries with their codes, and their words and codes find them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinicdesk.clinic.cie10.rules import code_of
from clinicdesk.importers._batch import FilesMissing, FolderNotFound
from clinicdesk.importers.codiesp import IMPORTER
from clinicdesk.kit import embedded
from tests.data import shared
from tests.importers.places import Place, fresh


@pytest.fixture(scope="module")
def place(server: embedded.Server, imports_template: str) -> Iterator[Place]:
    """One network with the cases in it."""
    folder = shared("codiesp-dev")
    for made in fresh(server, imports_template):
        with made.as_person("admin") as session:
            result = IMPORTER.run(session.desk(), folder)
        assert (result.read, result.accepted, result.rejected) == (3177, 3177, 0)
        yield made


def test_every_case_is_an_entry_with_its_text_and_its_codes(place: Place) -> None:
    folder = shared("codiesp-dev")
    wanted: dict[str, set[str]] = defaultdict(set)
    with (folder / "devD.tsv").open(encoding="utf-8", newline="") as file:
        for case, code in csv.reader(file, delimiter="\t"):
            wanted[case].add(str(code_of(code)))
    found: dict[str, set[str]] = defaultdict(set)
    for case, code in place.rows(
        "SELECT p.given, d.code FROM diagnoses d JOIN patients p USING (patient_id) WHERE d.system = 'CIE-10'"
    ):
        found[case].add(code)
    assert found == wanted
    texts = dict(
        place.rows(
            "SELECT p.given, r.attributes ->> 'texto_sin_firma' FROM records r"
            " JOIN patients p USING (patient_id)"
        )
    )
    assert len(texts) == 250
    for case, text in texts.items():
        said = (folder / "text_files" / f"{case}.txt").read_text(encoding="utf-8-sig").strip()
        assert " ".join(text.split()) == " ".join(said.split())
    assert place.value("SELECT count(*) FROM notes") == 0
    assert place.value("SELECT DISTINCT source FROM records") == "codiesp"


def test_the_cases_again_change_nothing(place: Place) -> None:
    with place.as_person("admin") as session:
        again = IMPORTER.run(session.desk(), shared("codiesp-dev"))
    assert (again.accepted, again.updated, again.unchanged, again.rejected) == (0, 0, 3177, 0)


def test_a_folder_of_something_else_is_refused(place: Place, tmp_path: Path) -> None:
    with place.as_person("admin") as session:
        with pytest.raises(FolderNotFound):
            IMPORTER.run(session.desk(), tmp_path / "nada")
        with pytest.raises(FilesMissing):
            IMPORTER.run(session.desk(), tmp_path)
