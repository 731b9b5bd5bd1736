"""The day sheet: tomorrow's turns as the counter needs them when the system is down, and no more."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from clinicdesk import bootstrap
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.patients import rules as patient_rules
from clinicdesk.clinic.patients import service as patients
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.slots import SlotsQuery, slots
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.sheet import Stamp, Table, to_csv, to_json, to_terminal
from clinicdesk.reports import ReportQuery
from clinicdesk.reports.day_sheet import REPORT, paper
from tests.factories import ZONE, Network, new_patient

REASON: Final = "dolor que no va al papel"


def tomorrow() -> date:
    return clock.local_day(clock.now(), ZONE) + timedelta(days=1)


def booked(network: Network, front: bootstrap.Session, doctor: str, **person: Any) -> turns.TurnAnswer:
    """A turn for tomorrow, somewhere in the doctor's day."""
    patient = new_patient(front, **person)
    query = SlotsQuery(network.clinic_ids[0], network.person_ids[doctor], since=tomorrow(), days=1)
    free = front.desk().see(slots, query)
    order = turns.BookTurn(patient_id=patient.patient_id, slot=free[len(free) // 2].id, reason=REASON)
    return front.desk().do(turns.book_turn, order)


def sheet(session: bootstrap.Session, query: ReportQuery | None = None) -> Table:
    return session.desk().see(REPORT.view, query or ReportQuery())


def by_patient(made: Table) -> dict[Any, dict[str, Any]]:
    """Rows by the patient's name, by the columns' keys."""
    keys = [column.key for column in made.columns]
    return {row[3]: dict(zip(keys, row, strict=True)) for row in made.rows}


def stamp() -> Stamp:
    return Stamp("Sosa, Marta", clock.local(clock.now(), ZONE), ZONE, "Centro Norte")


def printed(made: Table) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(paper(made, stamp()))).pages]


def test_tomorrows_turns_with_what_the_counter_needs(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    document = patient_rules.Document("AR", "DNI", "28431907")
    made = booked(
        network, front, "lpaz", family="Ñandú", given="Rosa", document=document, phone="+54 11 4444-5555"
    )
    row = by_patient(sheet(front))["Ñandú, Rosa"]
    wall = made.starts_at.astimezone(ZoneInfo(ZONE))
    assert row == {
        "doctor": "Paz, Lucía",
        "room": "C.1",
        "hour": f"{wall:%H:%M}",
        "patient": "Ñandú, Rosa",
        "document": "DNI 28.431.907",
        "phone": "011 4444-5555",
        "procedure": "Control",
        "state": "registrado",
    }


def test_the_day_is_tomorrow_unless_said(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    booked(network, front, "lpaz", family="Mañanero")
    facts = {fact.key: fact.value for fact in sheet(front).facts}
    assert facts["day"] == tomorrow()
    assert sheet(front, ReportQuery(tomorrow(), tomorrow())).rows == sheet(front).rows
    today = tomorrow() - timedelta(days=1)
    assert "Mañanero, Rosa Elena" not in by_patient(sheet(front, ReportQuery(today, today)))
    with pytest.raises(InvalidInput, match="un solo día"):
        sheet(front, ReportQuery(today, tomorrow()))


def test_cancelled_turns_are_counted_and_left_out(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    before = {fact.key: fact.value for fact in sheet(front).facts}
    gone = booked(network, front, "jibarra", family="Cancelada")
    hop = turns.Hop(
        patient_id=gone.patient_id, turn_id=gone.id, seq=gone.seq, from_state=gone.state, reason="no viene"
    )
    front.desk().do(turns.cancel, hop)
    after = {fact.key: fact.value for fact in sheet(front).facts}
    assert after["turns"] == before["turns"]
    assert after["cancelled"] == int(str(before["cancelled"])) + 1
    assert "Cancelada, Rosa Elena" not in by_patient(sheet(front))


def test_rows_stand_by_doctor_and_then_by_time(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    for doctor in ("lpaz", "jibarra", "lpaz"):
        booked(network, front, doctor)
    rows = [(row[0], row[2]) for row in sheet(front).rows]
    assert rows == sorted(rows)
    assert {row[0] for row in rows} >= {"Paz, Lucía", "Ibarra, Jorge"}


def test_every_format_holds_the_rows_and_none_the_reason(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    booked(network, front, "lpaz", family="=HYPERLINK", given="1+1", phone="+54 9 11 6123-4567")
    made = sheet(front)
    read = json.loads(to_json(made))
    assert [row["patient"] for row in read["rows"]] == [row[3] for row in made.rows]
    table = list(csv.DictReader(io.StringIO(to_csv(made).decode())))
    assert [row["hour"] for row in table] == [row[2] for row in made.rows]
    assert "'=HYPERLINK, 1+1" in {row["patient"] for row in table}, "a spreadsheet runs nothing"
    pages = "".join(printed(made))
    for form in (to_json(made).decode(), to_csv(made).decode(), to_terminal(made), pages):
        assert "HYPERLINK" in form
        assert REASON not in form
        assert "dolor" not in form


def test_the_paper_says_what_by_whom_when_and_how_many_pages(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    booked(network, front, "lpaz", family="Depapel")
    made = sheet(front)
    many = Table(made.name, made.title, made.columns, made.rows[:1] * 90, made.zone, made.facts)
    pages = printed(many)
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"Página {number} de {len(pages)}" in page
        assert "Impreso por Sosa, Marta" in page
        assert f"{tomorrow():%d/%m/%Y}" in page
        assert "Centro Norte" in page
    assert sum(page.count("⬜") for page in pages) == 90, "a box to tick for each"
    assert "90 turnos" in pages[0]
    assert "continúa" in pages[1]
    assert "Llegó" in pages[1], "the heads come again"
    assert "Sin turno" in pages[-1]


def test_the_paper_is_a4_upright(log_in) -> None:  # type: ignore[no-untyped-def]
    box = PdfReader(io.BytesIO(paper(sheet(log_in("msosa")), stamp()))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)


def test_a_day_without_turns_is_still_a_sheet(log_in) -> None:  # type: ignore[no-untyped-def]
    made = sheet(log_in("msosa"), ReportQuery(date(2001, 1, 1), date(2001, 1, 1)))
    assert made.rows == ()
    (page,) = printed(made)
    assert re.search(r"lunes 01/01/2001", page)
    assert "0 turnos" in page


def test_who_reads_no_turns_gets_none(log_in) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refusal):
        sheet(log_in("admin"))


def test_another_clinics_turns_are_not_on_it(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    booked(network, log_in("msosa"), "lpaz", family="Delnorte")
    assert "Delnorte, Rosa Elena" in by_patient(sheet(log_in("msosa")))
    assert sheet(log_in("sur")).rows == ()


def test_a_list_of_people_that_leaves_the_screen_is_an_act(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    asked = text("SELECT count(*) FROM acts WHERE what = 'report.day-sheet' AND person = 'u_cruiz'")
    with network.owner.connect() as owner:
        before = owner.execute(asked).scalar_one()
    sheet(log_in("cruiz"))
    with network.owner.connect() as owner:
        assert owner.execute(asked).scalar_one() == before + 1


def test_the_hour_is_the_clinics(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    made = booked(network, log_in("msosa"), "dvidal", family="Horaria")
    row = by_patient(sheet(log_in("msosa")))["Horaria, Rosa Elena"]
    hour = datetime.strptime(str(row["hour"]), "%H:%M").time()  # noqa: DTZ007 - a wall time
    assert hour == made.starts_at.astimezone(ZoneInfo(ZONE)).time()


def test_a_sealed_patients_turn_stands_without_a_name_until_the_day_it_is_expected(
    network: Network, log_in: Callable[..., bootstrap.Session]
) -> None:
    front, officer = log_in("msosa"), log_in("priva")
    turn = booked(network, front, "jibarra", family="Secreta Reservada", given="Ana", phone="11 5555-9876")
    before = sheet(front)
    assert "Secreta Reservada, Ana" in by_patient(before)
    officer.desk().do(patients.seal_patient, patients.SealPatient(patient_id=turn.patient_id, sealed=True))
    after = sheet(front)
    assert len(after.rows) == len(before.rows), "the slot is taken, and the paper says so"
    row = by_patient(after)["Paciente sellado"]
    assert (row["document"], row["phone"]) == ("", None)
    for form in (to_json(after).decode(), to_csv(after).decode(), to_terminal(after), *printed(after)):
        assert "Secreta" not in form


def test_a_sealed_patient_is_named_on_the_sheet_of_the_day_they_are_expected(
    network: Network, log_in: Callable[..., bootstrap.Session]
) -> None:
    front, officer = log_in("msosa"), log_in("priva")
    patient = new_patient(front, family="Secreta de Hoy", given="Ana", phone="11 5555-9876")
    walk_in = admissions.WalkIn(
        patient_id=patient.patient_id, doctor_id=network.person_ids["jibarra"], reason=REASON
    )
    front.desk().do(admissions.walk_in, walk_in)
    seal = patients.SealPatient(patient_id=patient.patient_id, sealed=True)
    officer.desk().do(patients.seal_patient, seal)
    today = clock.local_day(clock.now(), ZONE)
    here = sheet(front, ReportQuery(since=today))
    assert by_patient(here)["Secreta de Hoy, Ana"]["phone"] == "011 5555-9876"
    assert "Secreta" not in to_terminal(sheet(log_in("gestion"), ReportQuery(since=today)))
