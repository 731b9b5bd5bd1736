"""The 250 Spanish cases of CodiEsp: entries with their codes, and their words and codes find them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinicdesk.clinic.cie10.rules import code_of
from clinicdesk.clinic.records import searching
from clinicdesk.importers._batch import FilesMissing, FolderNotFound
from clinicdesk.importers.codiesp import IMPORTER
from clinicdesk.kit import embedded
from clinicdesk.kit.folding import folded
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


def test_the_words_and_codes_of_the_cases_find_them(place: Place) -> None:
    """Of cases in a doctor's care: the longest words of a text, and a code that was given to it."""
    with place.as_owner() as owner:
        owner.execute(
            "INSERT INTO care_relations (patient_id, id, person_id, kind, since)"
            " SELECT p.patient_id, gen_random_uuid(), l.person_id, 'equipo', DATE '2020-01-01'"
            " FROM patients p, logins l WHERE l.username = 'lpaz'"
        )
    rows = place.rows(
        "SELECT r.id, r.attributes ->> 'texto_sin_firma', d.code FROM records r"
        " JOIN LATERAL (SELECT code FROM diagnoses d WHERE d.patient_id = r.patient_id AND d.record_id = r.id"
        " ORDER BY length(code) DESC, code LIMIT 1) d ON true ORDER BY r.id LIMIT 12"
    )
    with place.as_person("lpaz") as session:
        for record_id, text, code in rows:
            longest = sorted(set(folded(text).split()), key=lambda word: (-len(word), word))[:3]
            by_words = session.desk().see(searching.search_records, searching.RecordsQuery(" ".join(longest)))
            assert record_id in {row.id for row in by_words.rows}, longest
            by_code = session.desk().see(searching.search_on, searching.RecordsQuery(codes=(code,)))
            assert record_id in {row.id for row in by_code.rows}, code
