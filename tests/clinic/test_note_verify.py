"""Tampering with signed notes is found, whatever a superuser does; what is honest looks clean."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.patients import merging
from clinicdesk.clinic.records import misplacing, queries, verifying
from tests.clinic import victims
from tests.factories import Network, followed, new_patient
from tests.forging import FORGERIES, forged, judged, judged_here, patients_of

LogIn = Callable[..., Session]
TRIES: Final = 5
"""Forgeries of each kind; benchmarks/notes.py makes a thousand."""


@pytest.fixture(scope="module")
def patients(network: Network) -> list[UUID]:
    """Six patients with four signed notes each."""
    return patients_of(network, 6)


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_every_forgery_is_found_by_the_database_and_by_the_program(
    network: Network, patients: list[UUID], name: str
) -> None:
    assert patients
    for seed in range(TRIES):
        with forged(network.owner, FORGERIES[name], seed) as (connection, victim):
            found = judged(connection)
            ours = judged_here(connection, victim.patient_id) | judged_here(connection, victim.other_id)
        assert found, f"seed {seed}"
        assert found == ours
        assert {each.patient_id for each in found} <= {victim.patient_id, victim.other_id}


def test_what_is_honest_looks_clean_each_time(network: Network, patients: list[UUID]) -> None:
    for seed in range(TRIES * 4):
        with network.owner.connect() as connection:
            assert judged(connection) == set()
            assert judged_here(connection, random.Random(seed).choice(patients)) == set()


def test_merged_and_taken_apart_moved_and_read_stays_clean(
    network: Network, log_in: LogIn, patients: list[UUID]
) -> None:
    doctor, officer, secretary = log_in("lpaz"), log_in("priva"), log_in("secre")
    kept, gone, other = patients[:3]
    entry = doctor.desk().see(queries.open_chart, queries.ChartQuery(kept)).entries[0]
    doctor.desk().do(
        misplacing.move_entry,
        misplacing.MoveEntry(patient_id=kept, entry_id=entry.id, to_id=other, reason="Es de otra persona"),
    )
    merge = merging.MergePatients(patient_id=kept, retired_id=gone, reason="La misma persona, dos fichas")
    secretary.desk().do(merging.merge, merge)
    whole = doctor.desk().see(verifying.verify_person, verifying.PersonQuery(gone))
    assert (whole.clean, whole.notes) == (True, 8)
    assert verifying.verify_all(officer.desk()).clean
    undo = merging.UnmergePatients(patient_id=gone, reason="Eran dos personas")
    secretary.desk().do(merging.unmerge, undo)
    half = doctor.desk().see(verifying.verify_person, verifying.PersonQuery(gone))
    assert (half.clean, half.notes) == (True, 4)
    assert verifying.verify_all(officer.desk()).clean


def test_a_registry_is_verified_by_privacy_and_a_chart_by_whom_it_is_open_to(
    network: Network, log_in: LogIn, patients: list[UUID]
) -> None:
    heard: list[tuple[int, int]] = []
    verdict = verifying.verify_all(log_in("priva").desk(), lambda done, total: heard.append((done, total)))
    assert (verdict.clean, verdict.patients, verdict.notes) == (True, len(patients), 4 * len(patients))
    assert heard == [(24, 24)]
    for username in ("lpaz", "admin", "gestion", "secre"):
        with pytest.raises(NotAllowed):
            verifying.verify_all(log_in(username).desk())
    page = f"SELECT count(*) FROM audit.verify_notes('{UUID(int=0)}', 4000)"
    assert victims.asked(log_in("priva"), page) == len(patients)
    for username in ("lpaz", "admin", "gestion", "secre", "enfe", "copias", "msosa"):
        assert victims.asked(log_in(username), page) == "42501"


def test_the_acts_of_signing_are_told_to_whom_the_chart_is_open(log_in: LogIn, patients: list[UUID]) -> None:
    asked = f"SELECT count(*) FROM charts.signings('{patients[4]}')"
    other = log_in("jibarra")
    assert victims.asked(other, asked) == 0
    followed(log_in("secre"), patients[4], other)
    other.desk().see(queries.open_chart, queries.ChartQuery(patients[4]))
    assert victims.asked(other, asked) == 4 + 3


def test_nothing_is_stated_in_an_entry_that_is_signed(
    network: Network, log_in: LogIn, patients: list[UUID]
) -> None:
    state = (
        "INSERT INTO diagnoses (patient_id, id, record_id, system, code, text, certainty, kind)"
        " SELECT patient_id, gen_random_uuid(), id, 'CIE-10', 'F20', 'x', 'confirmado', 'relacionado'"
        f" FROM records WHERE patient_id = '{patients[5]}'"
    )
    doctor = log_in("lpaz")
    doctor.desk().see(queries.open_chart, queries.ChartQuery(patients[5]))
    assert victims.asked(doctor, state) == "42501"
    unsigned = (
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id)"
        f" VALUES ('{patients[5]}', gen_random_uuid(), 'otro', now(), {network.clinic_ids[0]},"
        f" {doctor.actor.person_id})"
    )
    with victims.raw(doctor) as raw:
        raw.execute(unsigned)
        done = raw.execute(state + " AND kind = 'otro'")
        assert done.rowcount == 1


def test_a_person_without_notes_has_nothing_wrong(log_in: LogIn) -> None:
    doctor = log_in("lpaz")
    patient_id = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, doctor)
    verdict = doctor.desk().see(verifying.verify_person, verifying.PersonQuery(patient_id))
    assert (verdict.clean, verdict.notes) == (True, 0)


@pytest.mark.parametrize(("notes", "charts"), [(1, 1), (2, 1), (4, 1), (5, 2), (8, 2), (9, 3), (4000, 6)])
def test_a_page_holds_whole_charts_up_to_its_notes(
    network: Network, patients: list[UUID], notes: int, charts: int
) -> None:
    page = text("SELECT patient_id, notes FROM audit.verify_notes(CAST(:zero AS uuid), :notes)")
    with network.owner.connect() as owner:
        rows = owner.execute(page, {"zero": UUID(int=0), "notes": notes}).all()
    assert sorted((row.patient_id, row.notes) for row in rows) == [
        (each, 4) for each in sorted(patients)[:charts]
    ]


def test_small_pages_find_what_one_page_finds(
    network: Network, patients: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chart whose notes are all gone is on a page of its own acts, wherever that page ends."""
    assert patients
    for name in ("delete_all", "delete_note", "insert_note"):
        with forged(network.owner, FORGERIES[name], 1) as (connection, _victim):
            whole = judged(connection)
            monkeypatch.setattr(verifying, "PAGE", 3)
            assert judged(connection) == whole != set()
            monkeypatch.undo()
