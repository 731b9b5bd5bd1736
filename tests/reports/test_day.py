"""The day's report: each number against turns counted by hand, and against a real day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.sheet import Table, to_csv, to_json, to_terminal
from clinicdesk.reports import ReportQuery
from clinicdesk.reports.day import REPORT, table
from tests.factories import ZONE, Network, new_patient

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


def turn(
    doctor: int = 1,
    state: str = "registrado",
    *,
    arrived: int | None = None,
    called: int | None = None,
    kind: str = "booked",
) -> TurnRow:
    """A turn; arrival and call in minutes after the hour."""
    names = {1: ("Paz", "Lucía"), 2: ("Ibarra", "Jorge"), 3: ("Ábalos", "Ana")}
    row = TurnRow(
        patient_id=UUID(int=1),
        id=UUID(int=2),
        seq=1,
        state=state,
        state_at=NOW,
        kind=kind,
        starts_at=NOW,
        ends_at=NOW + timedelta(minutes=20),
        wall_start=datetime(2026, 11, 23, 12, 0),  # noqa: DTZ001 - a wall time
        day=DAY,
        clinic_id=1,
        doctor_id=doctor,
        doctor_family=names[doctor][0],
        doctor_given=names[doctor][1],
        room_code=None,
        procedure=None,
        triage=None,
        ticket=None,
        arrived_at=None,
        called_at=None,
        calls=0,
        reason=None,
        voided_reason=None,
        family="Quispe",
        given="Rosa",
        sex="F",
        birth=None,
        chart_number=1,
    )
    return replace(row, arrived_at=_after(arrived), called_at=_after(called))


def _after(minutes: int | None) -> datetime | None:
    return None if minutes is None else NOW + timedelta(minutes=minutes, seconds=5)


def counted(*rows: TurnRow) -> Table:
    """The report on these turns."""
    return table(rows, "Centro Norte", DAY, NOW, ZoneInfo("America/Argentina/Buenos_Aires"))


def by_key(made: Table, row: tuple[Any, ...] | None) -> dict[str, Any]:
    """One row of the table by its columns' keys."""
    assert row is not None
    return dict(zip([column.key for column in made.columns], row, strict=True))


def test_states_are_counted_by_doctor_and_add_up() -> None:
    rows = [turn(1, state) for state in State] + [turn(1, "cancelado"), turn(2, "en_espera")]
    made = counted(*rows)
    ibarra, paz = (by_key(made, row) for row in made.rows)
    assert (ibarra["doctor"], paz["doctor"]) == ("Ibarra, Jorge", "Paz, Lucía")
    assert [paz[state] for state in State] == [1, 1, 1, 1, 1, 2, 1]
    assert [ibarra[state] for state in State] == [0, 0, 1, 0, 0, 0, 0]
    total = by_key(made, made.total)
    assert [total[state] for state in State] == [1, 1, 2, 1, 1, 2, 1]
    assert (paz["turns"], ibarra["turns"], total["turns"]) == (8, 1, 9)


def test_columns_follow_the_states_of_the_domain() -> None:
    assert [column.key for column in counted().columns][1:8] == list(State)


def test_waits_have_their_n_median_and_maximum() -> None:
    made = counted(
        turn(1, "en_curso", arrived=0, called=9),
        turn(1, "finalizado", arrived=0, called=12),
        turn(1, "finalizado", arrived=3, called=34),
        turn(2, "finalizado", arrived=10, called=10),
        turn(1, "en_espera", arrived=5),
        turn(1, "registrado"),
    )
    ibarra, paz = (by_key(made, row) for row in made.rows)
    assert (paz["called"], paz["wait_median"], paz["wait_max"]) == (3, 12, 31)
    assert (ibarra["called"], ibarra["wait_median"], ibarra["wait_max"]) == (1, 0, 0)
    total = by_key(made, made.total)
    assert (total["called"], total["wait_median"], total["wait_max"]) == (4, 10.5, 31)
    facts = {fact.key: fact.value for fact in made.facts}
    assert (facts["arrived"], facts["called"]) == (5, 4)


def test_a_call_before_the_arrival_is_no_wait() -> None:
    made = counted(turn(1, "en_espera", arrived=30, called=2))
    row = by_key(made, made.rows[0])
    assert (row["called"], row["wait_median"], row["wait_max"]) == (0, None, None)


def test_walk_ins_and_overbooks_are_told() -> None:
    made = counted(turn(kind="walk_in"), turn(kind="walk_in"), turn(kind="overbook"), turn())
    facts = {fact.key: fact.value for fact in made.facts}
    assert (facts["turns"], facts["walk_in"], facts["overbook"]) == (4, 2, 1)


def test_an_empty_day_has_a_total_of_zeros_and_no_wait() -> None:
    made = counted()
    assert made.rows == ()
    total = by_key(made, made.total)
    assert {total[state] for state in State} == {0}
    assert (total["turns"], total["called"], total["wait_median"], total["wait_max"]) == (0, 0, None, None)
    assert "Total" in to_terminal(made, width=80)
    assert to_csv(made).count(b"\r\n") == 1


def test_every_format_tells_the_same_numbers() -> None:
    made = counted(turn(1, "en_curso", arrived=0, called=74), turn(3, "ausente"))
    read = json.loads(to_json(made))
    assert read["name"] == "day"
    assert read["day"] == "2026-11-23"
    assert read["at"] == "2026-11-23T12:00:00-03:00"
    assert [row["doctor"] for row in read["rows"]] == ["Paz, Lucía", "Ábalos, Ana"]
    assert read["total"]["wait_max"] == 74
    assert b'"Paz, Luc\xc3\xada",0,0,0,1,0,0,0,1,1,74,74' in to_csv(made)
    shown = to_terminal(made, width=80)
    assert max(map(len, shown.splitlines())) <= 80
    assert "1 h 14" in shown


def test_two_doctors_of_one_name_stay_two() -> None:
    twin = replace(turn(2), doctor_family="Paz", doctor_given="Lucía")
    assert [row[0] for row in counted(turn(1), twin).rows] == ["Paz, Lucía", "Paz, Lucía"]


def test_a_real_day_is_counted_once(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front, doctor, manager = log_in("msosa"), log_in("jibarra"), log_in("gestion")
    before = manager.desk().see(REPORT.view, ReportQuery())
    made = new_patient(front)
    order = admissions.WalkIn(
        patient_id=made.patient_id, doctor_id=network.person_ids["jibarra"], reason="control"
    )
    front.desk().do(admissions.walk_in, order)
    doctor.desk().do(records.call_next, records.CallNext())
    after = manager.desk().see(REPORT.view, ReportQuery())
    was, now = by_key(before, before.total), by_key(after, after.total)
    assert now["turns"] == was["turns"] + 1
    assert now["called"] == was["called"] + 1
    assert now["en_curso"] == was["en_curso"] + 1
    today = clock.local_day(clock.now(), ZONE)
    assert manager.desk().see(REPORT.view, ReportQuery(today, today)).rows == after.rows
    far = manager.desk().see(REPORT.view, ReportQuery(date(2001, 1, 1)))
    assert far.rows == ()


def test_a_period_is_refused(log_in) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput, match="un solo día"):
        log_in("gestion").desk().see(REPORT.view, ReportQuery(DAY, DAY + timedelta(days=1)))


def test_who_may_not_read_reports_is_refused(log_in) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refusal):
        log_in("lpaz").desk().see(REPORT.view, ReportQuery())
