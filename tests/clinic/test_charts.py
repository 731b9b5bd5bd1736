"""What a doctor's screen reads of a chart: page by page, again, and the notes still to be signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import adding, dropping, measured, queries, service, waiting
from clinicdesk.clinic.records.errors import DraftChanged
from clinicdesk.clinic.records.model import diagnoses, vitals
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.ids import new_id
from tests.clinic.test_notes import in_course, signed
from tests.factories import Network, followed, new_patient, proven

LogIn = Callable[..., Session]
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def with_entries(log_in: LogIn, count: int) -> UUID:
    """A patient with so many entries, a day apart, two of each day's at one instant."""
    doctor = log_in("lpaz")
    patient = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, log_in("lpaz"))
    for number in range(count):
        order = adding.AddRecord(
            patient_id=patient,
            kind="consulta",
            at=FIRST + timedelta(days=number // 2),
            title=str(number),
            diagnoses=(DiagnosisEntry("R51", f"Cefalea {number}"),),
        )
        doctor.desk().do(adding.add_record, order)
    return patient


def test_a_chart_is_read_page_by_page_and_no_entry_is_missed(log_in: LogIn) -> None:
    patient, doctor = with_entries(log_in, 9), log_in("lpaz").desk()
    chart = doctor.see(queries.open_chart, queries.ChartQuery(patient, limit=3))
    assert chart.entries_total == 9
    found = list(chart.entries)
    while page := doctor.see(
        queries.older_entries, queries.EntriesQuery(patient, (found[-1].at, found[-1].id), limit=3)
    ):
        found += page
    whole = doctor.see(queries.open_chart, queries.ChartQuery(patient, limit=None)).entries
    assert tuple(found) == whole
    assert sorted(entry.title or "" for entry in found) == [str(number) for number in range(9)]
    assert all(entry.diagnoses[0].text == f"Cefalea {entry.title}" for entry in found)


def test_the_notes_of_a_page_are_those_of_its_entries(network: Network, log_in: LogIn) -> None:
    visit, note = signed(network, log_in)
    chart = log_in("lpaz").desk().see(queries.open_chart, queries.ChartQuery(visit.patient_id, limit=1))
    assert [each.id for each in chart.entries[0].notes] == [note.note_id]


def test_opening_a_chart_is_written_down_and_going_on_with_it_is_not(network: Network, log_in: LogIn) -> None:
    patient, session = with_entries(log_in, 1), log_in("jibarra")
    doctor = session.desk()
    followed(log_in("secre"), patient, session)
    for view in (queries.open_chart, queries.reread_chart, queries.reread_chart):
        doctor.see(view, queries.ChartQuery(patient))
    with network.owner.connect() as owner:
        looked = owner.execute(
            text("SELECT count(*) FROM acts WHERE patient_id = :patient AND person = 'u_jibarra'"),
            {"patient": patient},
        )
        assert looked.scalar_one() == 1


def test_the_series_of_a_vital_sign_ends_with_the_last_value(network: Network, log_in: LogIn) -> None:
    patient = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, log_in("lpaz"))
    rows = [
        {
            "patient_id": patient,
            "id": new_id(),
            "at": FIRST + timedelta(days=day),
            "system": "LOINC",
            "code": "8480-6",
            "name": "PA sistólica",
            "value": 120 + day,
            "unit": "mm[Hg]",
        }
        for day in (4, 1, 3, 2)
    ]
    with network.owner.begin() as owner:
        owner.execute(insert(vitals), rows)
    found = log_in("lpaz").desk().see(measured.vital_series, measured.VitalsQuery(patient, "8480-6", limit=3))
    assert [int(row.value) for row in found] == [122, 123, 124]


def test_unsigned_drafts_are_listed_for_their_author_with_the_patient(
    network: Network, log_in: LogIn
) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz").desk()
    order = service.SaveDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, text="Refiere", version=1)
    doctor.do(service.save_draft, order)
    mine = {row.visit_id: row for row in doctor.see(waiting.unsigned, waiting.AllDrafts())}
    assert (mine[visit.visit_id].family, mine[visit.visit_id].turn_id) == ("Quispe Mamani", visit.turn_id)
    other = log_in("jibarra").desk().see(waiting.unsigned, waiting.AllDrafts())
    assert visit.visit_id not in {row.visit_id for row in other}


def test_a_signed_addendum_takes_its_draft_along(network: Network, log_in: LogIn) -> None:
    visit, note = signed(network, log_in)
    doctor = log_in("lpaz")
    draft = service.SaveDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, text="Olvidé", version=1)
    doctor.desk().do(service.save_draft, draft)
    order = service.AddendNote(
        patient_id=visit.patient_id,
        amends_id=note.note_id,
        text="Olvidé decir.",
        **proven(doctor),
    )
    doctor.desk().do(service.addend_note, order)
    assert doctor.desk().see(queries.drafts, queries.DraftsQuery(visit_id=visit.visit_id)) == ()


def test_a_draft_is_dropped_as_it_was_seen_and_only_by_its_author(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz").desk()
    for version in (1, 2):
        draft = service.SaveDraft(
            patient_id=visit.patient_id, visit_id=visit.visit_id, text=f"Uno {version}", version=version
        )
        doctor.do(service.save_draft, draft)
    drop = dropping.DropDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, version=1)
    with pytest.raises(DraftChanged):
        doctor.do(dropping.drop_draft, drop)
    now = replace(drop, key=new_id(), version=2)
    log_in("jibarra").desk().do(dropping.drop_draft, replace(now, key=new_id()))
    mine = queries.DraftsQuery(visit_id=visit.visit_id)
    assert len(doctor.see(queries.drafts, mine)) == 1
    doctor.do(dropping.drop_draft, now)
    assert doctor.see(queries.drafts, mine) == ()


def test_problems_are_the_latest_statement_of_each_code_while_it_is_open(
    network: Network, log_in: LogIn
) -> None:
    patient = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, log_in("lpaz"))
    rows = [
        ("I10", "HTA", "presuntivo", None),
        ("J06.9", "Resfrío", "confirmado", None),
        ("I10", "HTA esencial", "confirmado", None),
        ("J06.9", "Resfrío", "confirmado", FIRST.date()),
        ("E11.9", "DM2", "confirmado", None),
    ]
    with network.owner.begin() as owner:
        for code, name, certainty, abated in rows:
            row = {"code": code, "text": name, "certainty": certainty, "abated": abated, "kind": "principal"}
            owner.execute(
                insert(diagnoses), {"patient_id": patient, "id": new_id(), "system": "CIE-10", **row}
            )
    chart = log_in("lpaz").desk().see(queries.open_chart, queries.ChartQuery(patient))
    found = [(row.code, row.text, row.certainty) for row in chart.problems]
    assert found == [("I10", "HTA esencial", "confirmado"), ("E11.9", "DM2", "confirmado")]
