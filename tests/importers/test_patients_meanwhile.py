"""While a list comes in: somebody corrects the same person, somebody watches, memory does not grow."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Final
from uuid import UUID

import pytest

from benchmarks.import_patients import PROGRAM
from clinicdesk.cli import imports
from clinicdesk.clinic.patients.editing import EditPatient, edit
from clinicdesk.clinic.patients.errors import PatientChanged
from clinicdesk.importers import ImportResult
from clinicdesk.importers.patients import IMPORTER
from clinicdesk.kit.text import cells
from tests.data import ROOT
from tests.factories import PASSWORD
from tests.importers.places import Place
from tests.importers.test_importing_safely import eventually

ROUNDS: Final = 5
FEW, MANY = 1_000, 9_000
MOST_MORE_MB: Final = 5.0
"""Eight thousand rows on their way would take ten."""


def listed(path: Path, phones: list[str]) -> Path:
    """A list of people with these phones."""
    rows = "".join(f"{at};P{at};F;{phone}\n" for at, phone in enumerate(phones))
    path.write_text(f"id;apellido;sexo;telefono\n{rows}", encoding="utf-8")
    return path


def run(place: Place, path: Path) -> ImportResult:
    with place.as_person("admin") as session:
        return IMPORTER.run(session.desk(), path)


def people(place: Place) -> dict[int, tuple[UUID, str]]:
    """Id and phone by place in the list."""
    rows = place.rows(
        "SELECT substr(l.key, 4)::int, p.patient_id, p.phone FROM import_ledger l"
        " JOIN patients p USING (patient_id) ORDER BY 1"
    )
    return {at: (patient_id, phone) for at, patient_id, phone in rows}


def test_a_correction_that_is_under_way_is_waited_for_and_stays(place: Place, tmp_path: Path) -> None:
    path = listed(tmp_path / "p.csv", ["341 555-0000", "341 555-0001"])
    run(place, path)
    patient_id = people(place)[0][0]
    listed(path, ["351 444-0000", "351 444-0001"])
    with ThreadPoolExecutor(1) as pool, place.as_owner() as owner:
        owner.execute(
            "UPDATE patients SET phone = '+543414440000', version = version + 1 WHERE patient_id = %s",
            (patient_id,),
        )
        result = pool.submit(run, place, path)
        eventually(lambda: place.rows("SELECT 1 FROM pg_locks WHERE NOT granted"))
        assert not result.done()
        owner.commit()
        told = result.result(timeout=300)
    assert (told.updated, told.rejected) == (1, 1)
    assert [(each.line, each.column, each.code) for each in told.rejects] == [(2, "telefono", "edited_since")]
    assert [phone for _id, phone in people(place).values()] == ["+543414440000", "+543514440001"]


def test_of_a_list_and_a_correction_at_once_one_is_told(place: Place, tmp_path: Path) -> None:
    """The correction wins and the row is told, or it is too late and its author is: none is lost unseen."""
    path = tmp_path / "p.csv"
    said = [f"341 555-000{at}" for at in range(ROUNDS)]
    run(place, listed(path, said))
    ids = {at: patient_id for at, (patient_id, _phone) in people(place).items()}
    with place.as_person("msosa") as counter:
        for at in range(ROUNDS):
            said[at] = f"351 444-000{at}"
            listed(path, said)
            start = Barrier(2)
            order = EditPatient(patient_id=ids[at], version=1, said={"phone": f"341 422-000{at}"})

            def correct(start: Barrier = start, order: EditPatient = order) -> bool:
                start.wait(60)
                try:
                    counter.desk().do(edit, order)
                except PatientChanged:
                    return False
                return True

            def come_in(start: Barrier = start) -> ImportResult:
                start.wait(60)
                return run(place, path)

            with ThreadPoolExecutor(2) as pool:
                corrected, result = pool.submit(correct), pool.submit(come_in)
            told = [(each.line, each.code) for each in result.result().rejects if each.line == at + 2]
            phone = people(place)[at][1]
            if corrected.result():
                assert (phone, told) == (f"+54341422000{at}", [(at + 2, "edited_since")])
            else:
                assert (phone, told) == (f"+54351444000{at}", [])


class Screen(io.StringIO):
    """A terminal that keeps all that was written to it."""

    def isatty(self) -> bool:
        return True


def test_a_bar_tells_how_far_a_long_list_is_and_goes_away(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 2_500
    path = listed(tmp_path / "p.csv", [f"341 555-{at:04}" for at in range(rows)])
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with imports._progress(path) as told, place.as_person("admin") as session:
        result = IMPORTER.run(session.desk(), path, progress=told)
    monkeypatch.undo()
    assert result.accepted == rows
    *seen, blank, end = screen.getvalue().split("\r")[1:]
    assert [state.split("] ")[1].strip() for state in seen] == [
        "40% línea 1.001 de 2.501",
        "80% línea 2.001 de 2.501",
    ]
    assert seen[0].count("#") * 2 == seen[1].count("#")
    assert not blank.strip()
    assert end == ""
    assert max(map(cells, seen)) <= cells(blank) <= 78


def test_no_bar_is_drawn_into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = listed(tmp_path / "p.csv", ["341 555-0000"]), io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    with imports._progress(path) as told:
        told(1)
    assert out.getvalue() == ""


def long_list(path: Path, count: int) -> Path:
    """Rows as long as real ones, of which every fifth has something wrong."""
    with path.open("w", encoding="utf-8") as file:
        file.write("id;apellidos;nombre;sexo;nacimiento;dni;telefono;mail;domicilio;cobertura\n")
        for at in range(count):
            phone = "123" if at % 5 == 0 else f"341 4{at % 100:02}-{at % 10_000:04}"
            names = f"García{at % 700} López;Ana María"
            told = f"F;01/02/1970;{20_000_000 + at};{phone};p{at}@example.org;{'Calle ' * 40}{at};OSDE"
            file.write(f"{at};{names};{told}\n")
    return path


def peak(place: Place, path: Path) -> tuple[int, int, float]:
    """Rows taken and rejected, and the peak memory in MiB of an import in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, place.url, PASSWORD, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    _seconds, taken, _unchanged, rejected, most = json.loads(done.stdout)
    return taken, rejected, most


def test_memory_does_not_grow_with_the_list(place: Place, tmp_path: Path) -> None:
    *counted, little = peak(place, long_list(tmp_path / "few.csv", FEW))
    assert counted == [FEW * 4 // 5, FEW // 5]
    *counted, much = peak(place, long_list(tmp_path / "many.csv", MANY))
    assert counted == [(MANY - FEW) * 4 // 5, MANY // 5]
    assert much - little < MOST_MORE_MB
