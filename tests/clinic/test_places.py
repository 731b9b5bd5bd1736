"""Clinics, floors, rooms, holidays, specialties and procedures kept by several people at once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.sites import catalogue, places, queries, service
from clinicdesk.clinic.sites import errors as refused
from clinicdesk.clinic.turns import room_closing as closing
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import RoomTurnsChanged
from clinicdesk.clinic.turns.slots import SlotsQuery, slots
from clinicdesk.clinic.usecases import Order, UseCase
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput, Refusal
from tests.data import shared
from tests.factories import ZONE, Network, new_patient

LogIn = Callable[..., Session]
_numbers = count(1)


def new_room(desk: Desk, clinic_id: int, **changes: Any) -> queries.RoomRow:
    code = f"T.{next(_numbers)}"
    values: dict[str, Any] = {"clinic_id": clinic_id, "floor": 0, "code": code, "kind": "consultorio"}
    desk.do(places.add_room, places.AddRoom(**(values | changes)))
    return room(desk, str((values | changes)["code"]), clinic_id)


def room(desk: Desk, code: str, clinic_id: int) -> queries.RoomRow:
    rows = desk.see(queries.list_rooms, queries.SitesQuery(clinic_id))
    return next(row for row in rows if row.code == code)


def edited(row: queries.RoomRow, **changes: Any) -> places.EditRoom:
    names = ("clinic_id", "code", "kind", "equipment", "version")
    values: dict[str, Any] = {name: getattr(row, name) for name in names} | {"room_id": row.id, "floor": 0}
    return places.EditRoom(**(values | changes))


def test_an_edit_of_an_older_edition_says_who_was_first_and_writes_nothing(
    network: Network, log_in: LogIn
) -> None:
    admin, secretary, clinic_id = log_in("admin").desk(), log_in("secre").desk(), network.clinic_ids[0]
    seen = new_room(admin, clinic_id)
    answer = secretary.do(
        places.edit_room, edited(seen, kind="vacunatorio", equipment=("Heladera", "camilla"))
    )
    assert (answer.version, answer.changed) == (2, ("kind", "equipment"))
    with pytest.raises(refused.SiteChanged) as caught:
        admin.do(places.edit_room, edited(seen, kind="laboratorio"))
    assert str(caught.value).startswith("Vega cambió estos datos hace ")
    now = room(admin, seen.code, clinic_id)
    assert (now.kind, now.equipment, now.version) == ("vacunatorio", ("camilla", "heladera"), 2)


def test_the_same_edit_sent_twice_is_one(network: Network, log_in: LogIn) -> None:
    admin, clinic_id = log_in("admin").desk(), network.clinic_ids[0]
    order = edited(new_room(admin, clinic_id), kind="sala")
    assert admin.do(places.edit_room, order) == admin.do(places.edit_room, order)


def test_a_secretary_keeps_her_own_clinic_alone(network: Network, log_in: LogIn) -> None:
    secretary, admin = log_in("secre").desk(), log_in("admin").desk()
    norte, sur = network.clinic_ids
    assert new_room(secretary, norte).version == 1
    with pytest.raises(NotAllowed):
        new_room(secretary, sur)
    theirs = new_room(admin, sur)
    with pytest.raises(NotAllowed):
        secretary.do(places.edit_room, edited(theirs, kind="sala"))
    with pytest.raises(refused.SiteRowNotFound):  # another clinic's room under her own clinic's name
        secretary.do(places.edit_room, edited(theirs, clinic_id=norte, kind="sala"))
    with pytest.raises(NotAllowed):
        secretary.do(places.add_holiday, _holiday(None, country="AR"))
    with pytest.raises(NotAllowed):
        log_in("msosa").desk().do(places.add_holiday, _holiday(norte))
    assert secretary.do(places.add_holiday, _holiday(norte)).version == 1


def _holiday(clinic_id: int | None, **changes: Any) -> places.AddHoliday:
    day = date(2032, 1, 1) + timedelta(days=next(_numbers))
    return places.AddHoliday(**({"clinic_id": clinic_id, "day": day, "name": "Desinfección"} | changes))


SECRETARYS = (
    "UPDATE rooms SET kind = 'mía' WHERE clinic_id = {clinic} RETURNING id",
    "UPDATE holidays SET name = 'mío' WHERE clinic_id = {clinic} RETURNING id",
    "DELETE FROM holidays WHERE clinic_id = {clinic} RETURNING id",
)


def test_raw_sql_of_a_secretary_reaches_her_own_clinic_alone(network: Network, log_in: LogIn) -> None:
    admin, engine = log_in("admin").desk(), log_in("secre").engine
    norte, sur = network.clinic_ids
    for clinic_id in (norte, sur):
        new_room(admin, clinic_id)
        admin.do(places.add_holiday, _holiday(clinic_id))
    admin.do(places.add_holiday, _holiday(None, country="AR"))
    for statement in SECRETARYS:
        with engine.connect() as connection:
            assert connection.execute(text(statement.format(clinic=sur))).all() == []
            assert connection.execute(text(statement.format(clinic=norte))).all() != []
    with engine.connect() as connection:
        assert connection.execute(text("DELETE FROM holidays WHERE country = 'AR' RETURNING id")).all() == []
    refusals = (
        (f"INSERT INTO holidays (clinic_id, day, name) VALUES ({sur}, '2033-01-01', 'x')", "row-level"),
        ("INSERT INTO holidays (country, day, name) VALUES ('AR', '2033-01-01', 'x')", "permission denied"),
        ("UPDATE floors SET name = 'x'", "permission denied"),
        ("UPDATE clinics SET name = 'x'", "permission denied"),
        ("DELETE FROM rooms", "permission denied"),
    )
    for statement, said in refusals:
        with engine.connect() as connection, pytest.raises(DBAPIError, match=said):
            connection.execute(text(statement))


CONSTRAINED = (
    ("UPDATE rooms SET state = 'roto'", "rooms_state_ck"),
    ("UPDATE rooms SET state = 'clausurado'", "rooms_state_reason_ck"),
    ("UPDATE rooms SET state_from = '2030-01-01'", "rooms_state_reason_ck"),
    (
        "UPDATE rooms SET state = 'clausurado', state_reason = 'x', state_from = '2030-01-02',"
        " state_until = '2030-01-01'",
        "rooms_state_days_ck",
    ),
    (
        "UPDATE rooms SET state = 'baja', state_reason = 'x', state_from = '2030-01-01',"
        " state_until = '2030-01-02'",
        "rooms_baja_ck",
    ),
    ("UPDATE rooms SET floor_id = (SELECT max(id) FROM floors), clinic_id = 1", "rooms_floor_fk"),
    ("INSERT INTO clinic_hours VALUES (1, 8, 0, 60)", "clinic_hours_weekday_ck"),
    ("INSERT INTO clinic_hours VALUES (1, 1, 60, 60)", "clinic_hours_span_ck"),
    ("INSERT INTO clinic_hours VALUES (1, 1, 0, 1441)", "clinic_hours_span_ck"),
    ("INSERT INTO clinic_hours VALUES (1, 1, 0, 60, 30)", "clinic_hours_break_ck"),
    ("INSERT INTO clinic_hours VALUES (1, 1, 0, 60, 30, 60)", "clinic_hours_break_ck"),
    ("INSERT INTO holidays (day, name) VALUES ('2030-01-01', 'x')", "holidays_whose_ck"),
    (
        "INSERT INTO holidays (day, name, country, works) VALUES ('2030-01-01', 'x', 'AR', true)",
        "holidays_works_ck",
    ),
    ("INSERT INTO floors (clinic_id, number, name) VALUES (1, 0, 'Otra')", "floors_number_uq"),
    ("INSERT INTO specialties (code, name) VALUES ('CLM', 'Otra')", "specialties_code_uq"),
    ("INSERT INTO procedures (code, name, minutes) VALUES ('X', 'x', 0)", "procedures_minutes_ck"),
)


@pytest.mark.parametrize(("statement", "constraint"), CONSTRAINED)
def test_raw_sql_meets_the_constraint(
    network: Network, log_in: LogIn, statement: str, constraint: str
) -> None:
    """As the administrator, who may write these tables; and each has its Spanish refusal."""
    with log_in("admin").engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(statement))
    assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]
    assert constraint in Refusal.by_constraint


def test_a_clinic_is_edited_with_its_hours(network: Network, log_in: LogIn) -> None:
    admin = log_in("admin").desk()
    order = service.NewClinic(
        code="OESTE", name="Centro Oeste", country="AR", zone=ZONE, hours="lun-vie 8-20"
    )
    clinic_id = admin.do(service.add_clinic, order).id
    row = next(row for row in admin.see(queries.list_clinics, queries.SitesQuery()) if row.id == clinic_id)
    assert row.hours == "lun-vie 08:00-20:00"
    names = ("code", "name", "country", "zone", "city", "address", "version")
    same: dict[str, Any] = {name: getattr(row, name) for name in names} | {"clinic_id": clinic_id}
    weekly = "lun-vie 8-13 14-20:30; SABADO 8-12; dom 0-24"
    answer = admin.do(
        service.edit_clinic, service.EditClinic(**(same | {"hours": weekly, "city": "  Morón "}))
    )
    assert answer.changed == ("city", "hours")
    row = next(row for row in admin.see(queries.list_clinics, queries.SitesQuery()) if row.id == clinic_id)
    assert (row.city, row.version) == ("Morón", 2)
    assert row.hours == "lun-vie 08:00-13:00 14:00-20:30; sáb 08:00-12:00; dom 00:00-24:00"
    with pytest.raises(refused.SiteChanged, match="Iriarte cambió estos datos hace "):
        admin.do(service.edit_clinic, service.EditClinic(**(same | {"hours": weekly, "city": "Otra"})))
    with pytest.raises(InvalidInput) as wrong:
        admin.do(
            service.edit_clinic, service.EditClinic(**(same | {"version": 2, "hours": "lum 8-9; mar 9-8"}))
        )
    assert "«lum»" in str(wrong.value)
    assert "«9-8»" in str(wrong.value)
    gone = service.EditClinic(**(same | {"version": 2, "hours": row.hours, "closed_on": date(2034, 5, 30)}))
    assert admin.do(service.edit_clinic, gone).changed == ("city", "closed_on")


def test_a_holiday_is_corrected_and_taken_away(network: Network, log_in: LogIn) -> None:
    admin = log_in("admin").desk()
    order = _holiday(None, country="AR", name="Malvinas")
    holiday_id = admin.do(places.add_holiday, order).id
    with pytest.raises(refused.HolidayTaken):
        admin.do(places.add_holiday, places.AddHoliday(clinic_id=None, country="AR", day=order.day, name="x"))
    change: dict[str, Any] = {
        "clinic_id": None,
        "country": "AR",
        "day": order.day,
        "name": "Día del Veterano",
    }
    fresh = places.EditHoliday(**change, holiday_id=holiday_id, version=1)
    assert admin.do(places.edit_holiday, fresh).version == 2
    gone: dict[str, Any] = {"clinic_id": None, "holiday_id": holiday_id, "day": order.day}
    with pytest.raises(refused.SiteChanged):
        admin.do(places.remove_holiday, places.RemoveHoliday(**gone, version=1))
    admin.do(places.remove_holiday, places.RemoveHoliday(**gone, version=2))
    since = queries.HolidaysQuery(network.clinic_ids[0], order.day)
    assert holiday_id not in {row.id for row in admin.see(queries.list_holidays, since)}
    with pytest.raises(refused.SiteRowNotFound):
        admin.do(places.remove_holiday, places.RemoveHoliday(**gone, version=2))


def test_a_procedure_says_what_it_takes(network: Network, log_in: LogIn) -> None:
    admin = log_in("admin").desk()
    admin.do(catalogue.add_specialty, catalogue.AddSpecialty(code="ECO", name="Ecografía"))
    new: dict[str, Any] = {
        "code": "ECOABD",
        "name": "Ecografía abdominal",
        "minutes": 30,
        "specialty": "ECO",
        "requirements": "Ayuno de 8 h.\nTraer la orden.",
        "room_kind": "imágenes",
        "equipment": ("Ecógrafo",),
    }
    made = admin.do(catalogue.add_procedure, catalogue.AddProcedure(**new))
    row = next(r for r in admin.see(queries.list_procedures, queries.SitesQuery()) if r.id == made.id)
    assert (row.requirements, row.equipment, row.specialty) == (new["requirements"], ("ecógrafo",), "ECO")
    edit = catalogue.EditProcedure(**(new | {"active": False}), procedure_id=made.id, version=1)
    assert admin.do(catalogue.edit_procedure, edit).changed == ("active",)
    with pytest.raises(refused.ProcedureTaken):
        admin.do(catalogue.add_procedure, catalogue.AddProcedure(**new))
    with pytest.raises(refused.SpecialtyNotFound):
        admin.do(catalogue.add_procedure, catalogue.AddProcedure(**(new | {"code": "Z", "specialty": "NO"})))
    with pytest.raises(refused.BadProcedure):
        admin.do(catalogue.add_procedure, catalogue.AddProcedure(**(new | {"code": "Z", "minutes": 0})))


def _booked(front: Session, network: Network) -> Any:
    patient = new_patient(front)
    query = SlotsQuery(network.clinic_ids[0], doctor_id=network.person_ids["dvidal"], days=3)
    slot = front.desk().see(slots, query)[-1]
    return front.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient.patient_id, slot=slot.id)), slot


def test_a_room_closes_as_its_turns_were_shown(network: Network, log_in: LogIn) -> None:
    front, admin = log_in("msosa"), log_in("admin").desk()
    first, slot = _booked(front, network)
    seen_room = room(admin, "C.3", network.clinic_ids[0])
    today = clock.local_day(clock.now(), ZONE)
    query = closing.RoomDaysQuery(seen_room.id, today, today + timedelta(days=5))
    shown = admin.see(closing.affected_by_room, query)
    assert [each.turn_id for each in shown.turns] == [first.id]
    assert shown.turns[0].wall_start == slot.starts_at.replace(tzinfo=None)
    assert {each.doctor for each in shown.blocks} == {"Vidal"}
    order = closing.SetRoomState(
        clinic_id=network.clinic_ids[0],
        room_id=seen_room.id,
        code="C.3",
        version=seen_room.version,
        state="mantenimiento",
        reason="Pintura",
        since=query.since,
        until=query.until,
        seen=shown.seen,
    )
    second, _slot = _booked(front, network)
    with pytest.raises(RoomTurnsChanged) as caught:
        admin.do(closing.set_room_state, order)
    assert "2 turnos" in str(caught.value)
    assert room(admin, "C.3", network.clinic_ids[0]).state == "disponible"
    again = admin.see(closing.affected_by_room, query)
    assert {each.turn_id for each in again.turns} == {first.id, second.id}
    values: dict[str, Any] = asdict(order) | {"seen": again.seen}
    del values["key"]
    assert admin.do(closing.set_room_state, closing.SetRoomState(**values)).version == seen_room.version + 1
    now = room(admin, "C.3", network.clinic_ids[0])
    assert (now.state, now.state_reason, now.state_until) == ("mantenimiento", "Pintura", query.until)
    assert now.out_of_use(today)
    assert not now.out_of_use(today + timedelta(days=6))
    back: dict[str, Any] = {
        "state": "disponible",
        "reason": None,
        "since": None,
        "until": None,
        "version": now.version,
    }
    admin.do(closing.set_room_state, closing.SetRoomState(**(values | back)))
    assert room(admin, "C.3", network.clinic_ids[0]).state_reason is None


def test_who_closes_rooms_sees_no_patient(network: Network, log_in: LogIn) -> None:
    engine = log_in("admin").engine
    with engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("SELECT reason FROM turns"))
    with log_in("msosa").engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("SELECT * FROM room_turns(1, '2020-01-01', NULL)"))


@pytest.mark.parametrize("kind", ["room", "specialty", "holiday", "clinic"])
def test_hostile_names_are_kept_or_refused_in_words(network: Network, log_in: LogIn, kind: str) -> None:
    """Every string of the list is stored as `clean_line` leaves it, or refused; none is a bug."""
    admin, clinic_id = log_in("admin").desk(), network.clinic_ids[0]
    strings = json.loads((shared("naughty-strings") / "blns.json").read_text("utf-8"))[::7]
    stored = 0
    for hostile in strings:
        use_case, order = _named(kind, hostile, clinic_id)
        with contextlib.suppress(Refusal):
            admin.do(use_case, order)
            stored += 1
    assert stored > len(strings) / 2


def _named(kind: str, name: str, clinic_id: int) -> tuple[UseCase[Any, Any], Order]:
    code = f"H{next(_numbers)}"
    if kind == "room":
        return places.add_room, places.AddRoom(clinic_id=clinic_id, floor=0, code=code, kind=name)
    if kind == "specialty":
        return catalogue.add_specialty, catalogue.AddSpecialty(code=code, name=name)
    if kind == "holiday":
        return places.add_holiday, _holiday(clinic_id, name=name)
    return service.add_clinic, service.NewClinic(code=code, name=name, country="AR", zone=ZONE)
