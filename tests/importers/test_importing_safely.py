"""An import is one act of one rightful person: whole or not at all, once, and it opens nothing to them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.clinic import changes
from clinicdesk.clinic.desk import KeyReused, NotAllowed
from clinicdesk.importers import ImportResult
from clinicdesk.importers._batch import ImportRunning
from clinicdesk.importers.synthea import IMPORTER
from clinicdesk.kit.ids import new_id
from tests.data import ROOT
from tests.importers.folders import put, sample, write
from tests.importers.places import Place, fresh

PROGRAM: Final = """
import sys
from pathlib import Path
from tests.importers.places import Place, fresh
Place(sys.argv[1]).imported(Path(sys.argv[2]), rejects=Path(sys.argv[3]))
"""
CLINICAL: Final = (
    "patients",
    "patient_documents",
    "patient_search",
    "allergies",
    "coverages",
    "visits",
    "records",
    "notes",
    "note_drafts",
    "diagnoses",
    "vitals",
    "prescriptions",
    "prescription_items",
    "results",
    "observations",
    "import_ledger",
    "staging_people",
    "staging_patients",
    "staging_coverages",
    "staging_allergies",
    "staging_visits",
    "staging_diagnoses",
    "staging_prescriptions",
    "staging_observations",
    "staging_rejects",
)
DENIED: Final = "permission denied|needs k_admin"


@contextmanager
def locked(place: Place, table: str) -> Iterator[Callable[[], int]]:
    """While open, whoever writes the table waits; the function gives the pid of the first who does."""
    with psycopg.connect(place.url) as owner:
        owner.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())

        def waiting() -> int:
            query = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
            return int(eventually(lambda: place.rows(query, table))[0][0])

        yield waiting


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` finds once it finds something; a minute is for slow machines, not for a rule."""
    for _turn in range(1200):
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


def everyone_is_gone(place: Place) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename ^@ 'u_'"
    return bool(place.value(query) == 0)


# In the middle of reading, and in the middle of the merge with the patients already written.
@pytest.mark.parametrize("table", ["staging_visits", "visits"])
@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT])
def test_an_import_that_dies_leaves_nothing(
    place: Place, tmp_path: Path, table: str, with_signal: signal.Signals
) -> None:
    folder, rejects = write(tmp_path / "set"), tmp_path / "out" / "rejects.csv"
    rejects.parent.mkdir()
    deeds = "SELECT key FROM acts WHERE what NOT IN ('login', 'session.logout')"
    before, acts = place.contents(), place.rows(deeds)
    with locked(place, table) as waiting:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, place.url, str(folder), str(rejects)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        waiting()
        program.send_signal(with_signal)
        _out, said = program.communicate(timeout=300)
    assert program.returncode != 0
    assert (b"KeyboardInterrupt" in said) == (with_signal == signal.SIGINT)
    eventually(lambda: everyone_is_gone(place))
    after = place.contents()
    # Numbers drawn and given up are gaps: sequences do not go back.
    assert {name: rows for name, rows in after.items() if name != "sequences"} == {
        name: rows for name, rows in before.items() if name != "sequences"
    }
    assert place.rows(deeds) == acts
    assert not rejects.exists()
    assert place.imported(folder).accepted == 8


@pytest.mark.parametrize("table", ["staging_visits", "visits"])
def test_a_line_lost_in_the_middle_is_taken_up_again_once(place: Place, tmp_path: Path, table: str) -> None:
    results: list[ImportResult] = []
    thread = threading.Thread(target=lambda: results.append(place.imported(write(tmp_path))))
    with locked(place, table) as waiting:
        thread.start()
        assert place.value("SELECT pg_terminate_backend(%s)", waiting())
    thread.join(300)
    assert [each.accepted for each in results] == [8]
    assert place.value("SELECT count(*) FROM visits") == 1
    assert place.rows("SELECT outcome FROM acts WHERE what = 'import.synthea'") == [("done",)]


def test_imports_go_one_at_a_time(place: Place, tmp_path: Path) -> None:
    folder = write(tmp_path)
    results: list[ImportResult] = []
    first = threading.Thread(target=lambda: results.append(place.imported(folder)))
    with locked(place, "visits") as waiting:
        first.start()
        waiting()
        with pytest.raises(ImportRunning):
            place.imported(folder)
    first.join(300)
    assert [each.accepted for each in results] == [8]
    assert place.imported(folder).unchanged == 8


def test_a_key_is_good_for_one_import(place: Place, tmp_path: Path) -> None:
    folder, key = write(tmp_path), new_id()
    trial = place.imported(folder, key=key, dry_run=True)
    first = place.imported(folder, key=key)
    again = place.imported(folder, key=key)
    assert trial.files == first.files == again.files
    assert first.accepted == 8
    assert place.rows("SELECT key FROM acts WHERE what = 'import.synthea'") == [(key,)]
    put(folder, "patients", [sample("patients", CITY="Otra")])
    with pytest.raises(KeyReused):
        place.imported(folder, key=key)
    assert place.rows("SELECT city FROM patients") == [("Omaha",)]


def test_the_answer_kept_holds_no_value_of_a_row(place: Place, tmp_path: Path) -> None:
    place.imported(write(tmp_path, patients=[sample("patients", GENDER="?")]))
    (kept,) = place.rows("SELECT answer::text FROM act_answers")
    assert '"rejected": 1' in kept[0]
    assert not any(word in kept[0] for word in ("Núñez", "999", "?"))


@pytest.mark.parametrize("username", ["msosa", "lpaz", "secre", "enfe", "gestion"])
def test_other_roles_are_refused_by_the_desk_and_by_the_database(
    place: Place, tmp_path: Path, username: str
) -> None:
    folder = write(tmp_path)
    with place.as_person(username) as session:
        with pytest.raises(NotAllowed):
            IMPORTER.run(session.desk(), folder)
        for statement in (
            "INSERT INTO staging_people (batch, line, key, given, family)"
            " VALUES (gen_random_uuid(), 1, 'a', 'b', 'c')",
            "SELECT import_begin('synthea', gen_random_uuid())",
            "SELECT * FROM import_merge('synthea', gen_random_uuid(), now(), false)",
            "SELECT * FROM import_rejects('synthea', gen_random_uuid())",
            "SELECT import_patients('synthea', gen_random_uuid(), now(), false)",
        ):
            assert denied(session.engine, statement)
    assert place.value("SELECT count(*) FROM patients") == 0
    assert place.rows("SELECT what, refusal FROM acts WHERE outcome = 'refused'") == [
        ("import.synthea", "NotAllowed")
    ]


@pytest.mark.parametrize("table", CLINICAL)
def test_who_imports_reads_none_of_it(imported_place: Place, table: str) -> None:
    with imported_place.as_person("admin") as session:
        assert denied(session.engine, f"SELECT * FROM {table}")
        assert denied(session.engine, f"DELETE FROM {table}")


def test_who_imports_writes_by_the_merge_alone(imported_place: Place) -> None:
    with imported_place.as_person("admin") as session:
        assert denied(session.engine, "UPDATE patients SET family = 'x'")
        assert denied(session.engine, "UPDATE import_ledger SET hash = NULL")
        assert denied(session.engine, "INSERT INTO import_ledger DEFAULT VALUES")
        assert denied(session.engine, "SELECT import_patients('synthea', gen_random_uuid(), now(), false)")


def test_a_merge_needs_an_act_of_the_person_who_runs_it(imported_place: Place) -> None:
    merge = "SELECT * FROM import_merge('synthea', '{}', now(), false)"
    with imported_place.as_person("admin") as session:
        assert denied(session.engine, merge.format(new_id()), "needs an act")
        own = imported_place.value("SELECT key FROM acts WHERE what = 'import.synthea'")
        with session.engine.begin() as connection:
            assert len(connection.execute(text(merge.format(own))).all()) == 8
    with psycopg.connect(imported_place.url) as owner:
        owner.execute("UPDATE acts SET person = 'u_otra'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="needs an act"):
            owner.execute(merge.format(own).encode())


@pytest.fixture(scope="module")
def imported_place(
    server: Any, imports_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A place with one import in it."""
    for place in fresh(server, imports_template):
        assert place.imported(write(tmp_path_factory.mktemp("set"))).accepted == 8
        yield place


def denied(engine: Any, statement: str, why: str = DENIED) -> bool:
    """Whether the database says no for want of a right."""
    with engine.connect() as connection, pytest.raises(DBAPIError, match=why) as refused:
        connection.execute(text(statement))
    return bool(refused.value.orig.sqlstate == "42501")  # type: ignore[union-attr]


def test_terminals_hear_of_an_import_once_and_of_a_trial_never(place: Place, tmp_path: Path) -> None:
    folder = write(tmp_path)
    with psycopg.connect(place.url, autocommit=True) as listener:
        listener.execute(f"LISTEN {changes.CHANNEL}".encode())
        place.imported(folder, dry_run=True)
        assert list(listener.notifies(timeout=0)) == []
        place.imported(folder)
        heard = [changes.parsed(each.payload) for each in listener.notifies(timeout=60, stop_after=1)]
        assert [(each.kind, each.ids) for each in heard if each] == [(changes.Kind.PATIENT, ())]
        place.imported(folder)
        assert list(listener.notifies(timeout=0)) == []


def test_names_that_give_orders_are_stored_as_they_are(place: Place, tmp_path: Path) -> None:
    names = (
        "A[/b]B",
        "[@click=app.exit]x[/]",
        "\x1b]52;c;aGk=\x07",
        "\u202eAna",
        "Robert'); DROP TABLE patients;--",
    )
    rows = [
        sample("patients", Id=f"p{place_}", LAST=name, SSN="", DRIVERS="", PASSPORT="")
        for place_, name in enumerate(names)
    ]
    place.imported(write(tmp_path, patients=rows))
    assert {name for (name,) in place.rows("SELECT family FROM patients")} == set(names)


def test_the_trial_of_a_reader_who_may_not_write_the_rejects_file_never_starts(
    place: Place, tmp_path: Path
) -> None:
    from clinicdesk.kit.sheet import CannotWrite

    with pytest.raises(CannotWrite):
        place.imported(write(tmp_path / "set"), rejects=tmp_path / "nowhere" / "rejects.csv")
    assert place.value("SELECT count(*) FROM patients") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
