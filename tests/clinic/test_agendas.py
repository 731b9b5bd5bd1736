"""Blocks, leave and suspensions on a real database: what is refused, what falls, and what comes back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.agendas import errors as refused
from clinicdesk.clinic.agendas import service as agendas
from clinicdesk.clinic.agendas.queries import BlocksQuery, list_blocks
from clinicdesk.clinic.agendas.rules import Block
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.sites.errors import SiteChanged
from clinicdesk.clinic.turns import notices, suspension
from clinicdesk.clinic.turns import queries as board
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as offer
from clinicdesk.clinic.turns.errors import SlotTaken
from clinicdesk.clinic.turns.model import turn_notices, turn_reassigned
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
# Some weeks from today, where the network's own blocks have been ended: each test takes a week of its own.
_weeks: Iterator[int] = itertools.count(5)


@pytest.fixture(scope="module", autouse=True)
def _no_blocks_later(network: Network) -> None:
    """The factories' blocks fill every hour of every day: they end in three weeks."""
    until = date.today() + timedelta(days=20)  # noqa: DTZ011 - a bound far away
    with network.owner.begin() as owner:
        owner.execute(
            text("UPDATE agenda_blocks SET valid_to = :day, valid = daterange(valid_from, :day, '[]')"),
            {"day": until},
        )


def a_monday(session: Session) -> date:
    """A Monday that no other test uses, within the year for which turns are given."""
    today = clock.local_day(clock.now(), session.actor.at.zone)
    return today - timedelta(days=today.weekday()) + timedelta(weeks=next(_weeks))


def order(network: Network, day: date, **changes: Any) -> agendas.AddBlock:
    """Two hours of a day in slots of 20 minutes, published."""
    with network.owner.connect() as owner:
        room = owner.execute(text("SELECT id FROM rooms WHERE code = 'C.1'")).scalar_one()
        done = owner.execute(text("SELECT min(id) FROM procedures")).scalar_one()
    values: dict[str, Any] = {
        "clinic_id": network.clinic_ids[0],
        "doctor_id": network.person_ids["lpaz"],
        "room_id": room,
        "procedures": (done,),
        "weekday": day.isoweekday(),
        "starts": time(9),
        "ends": time(11),
        "slot_minutes": 20,
        "valid_from": day,
        "valid_to": day + timedelta(days=6),
        "publish": True,
    }
    return agendas.AddBlock(**(values | changes))


def block_of(session: Session, block_id: int, day: date) -> Block:
    found = session.desk().see(list_blocks, BlocksQuery(session.actor.at.clinic_id, since=day))
    return next(row.block for row in found if row.block.id == block_id)


def free(session: Session, network: Network, day: date, days: int = 1) -> list[offer.SlotRow]:
    ask = offer.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=days)
    found = session.desk().see(offer.slots, ask)
    return list(found)


def booked(session: Session, slot: str, **patient: Any) -> turns.TurnAnswer:
    who = new_patient(session, **patient).patient_id
    return session.desk().do(turns.book_turn, turns.BookTurn(patient_id=who, slot=slot))


def editing(block: Block, **changes: Any) -> agendas.EditBlock:
    names = {f.name for f in fields(agendas.EditBlock)} & set(Block.__slots__)
    values = {name: getattr(block, name) for name in names}
    return agendas.EditBlock(**(values | {"block_id": block.id, "seen": ""} | changes))


def state_of(session: Session, turn: turns.TurnAnswer) -> board.TurnRow:
    return session.desk().see(board.turns_by_ids, board.TurnsQuery(((turn.patient_id, turn.id),)))[0]


def test_a_block_is_offered_once_published(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    made = secre.desk().do(agendas.add_block, order(network, day, publish=False))
    assert free(secre, network, day) == []
    block = block_of(secre, made.id, day)
    assert block.state == "borrador"
    secre.desk().do(agendas.publish_block, agendas.PublishBlock(block_id=made.id, version=block.version))
    assert [f"{slot.starts_at:%H:%M}" for slot in free(secre, network, day)][:2] == ["09:00", "09:20"]
    with pytest.raises(SiteChanged):
        secre.desk().do(agendas.publish_block, agendas.PublishBlock(block_id=made.id, version=block.version))


def test_everything_wrong_with_a_block_is_said_at_once(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    bad = order(
        network,
        day,
        weekday=9,
        ends=time(8),
        overbooks=-1,
        quotas=(("fax", 3),),
        valid_to=day - timedelta(days=1),
        procedures=(),
    )
    with pytest.raises(InvalidInput) as caught:
        secre.desk().do(agendas.add_block, bad)
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize(("doctor", "room"), [("lpaz", "C.2"), ("jibarra", "C.1")])
def test_blocks_of_one_doctor_or_one_room_do_not_overlap(
    network: Network, log_in: LogIn, doctor: str, room: str
) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day))
    with network.owner.connect() as owner:
        room_id = owner.execute(text("SELECT id FROM rooms WHERE code = :c"), {"c": room}).scalar_one()
    person = network.person_ids[doctor]
    other = order(network, day, doctor_id=person, room_id=room_id, starts=time(10, 40), ends=time(12))
    with pytest.raises(refused.BlocksOverlap, match="Paz, 09:00 a 11:00"):
        secre.desk().do(agendas.add_block, other)
    beside = replace(other, key=new_id(), starts=time(11))
    assert secre.desk().do(agendas.add_block, beside).version == 1


RAW = (
    ("UPDATE agenda_blocks SET ends = starts WHERE id = {0}", "agenda_blocks_hours_ck"),
    ("UPDATE agenda_blocks SET ends = ends + interval '1 hour' WHERE id = {0}", "agenda_blocks_spans_ck"),
    ("UPDATE agenda_blocks SET state = 'abierto' WHERE id = {0}", "agenda_blocks_state_ck"),
    ("UPDATE agenda_blocks SET capacity = 0 WHERE id = {0}", "agenda_blocks_capacity_ck"),
    ("INSERT INTO block_quotas VALUES ({0}, 'fax', 1)", "block_quotas_channel_ck"),
    (
        "INSERT INTO agenda_blocks (clinic_id, doctor_id, room_id, procedure_id, weekday, starts, ends,"
        " slot_minutes, valid_from, valid_to, doctor_span, room_span, minutes, valid)"
        " SELECT clinic_id, doctor_id, room_id, procedure_id, weekday, starts, ends, slot_minutes,"
        " valid_from, valid_to, doctor_span, room_span, minutes, valid FROM agenda_blocks WHERE id = {0}",
        "agenda_blocks_(doctor|room)_ex",
    ),
)


@pytest.mark.parametrize(("statement", "constraint"), RAW, ids=[each[1] for each in RAW])
def test_raw_sql_is_refused_by_name(network: Network, log_in: LogIn, statement: str, constraint: str) -> None:
    secre = log_in("secre")
    made = secre.desk().do(agendas.add_block, order(network, a_monday(secre)))
    with secre.engine.connect() as connection, pytest.raises(DBAPIError, match=constraint):
        connection.execute(text(statement.format(made.id)))
    with secre.engine.begin() as connection:  # a rightful change of the same row
        connection.execute(text(f"UPDATE agenda_blocks SET overbooks = 3 WHERE id = {made.id}"))


def test_a_doctor_keeps_drafts_of_their_own_alone(network: Network, log_in: LogIn) -> None:
    doctor, secre = log_in("lpaz"), log_in("secre")
    day = a_monday(secre)
    draft = doctor.desk().do(agendas.draft_block, order(network, day, publish=False))
    with pytest.raises(refused.NotOwnDraft):
        doctor.desk().do(agendas.draft_block, order(network, day, starts=time(12), ends=time(13)))
    theirs = order(network, day, doctor_id=network.person_ids["jibarra"], publish=False)
    with pytest.raises(refused.NotOwnDraft):
        doctor.desk().do(agendas.draft_block, theirs)
    with pytest.raises(NotAllowed):
        doctor.desk().do(agendas.publish_block, agendas.PublishBlock(block_id=draft.id, version=1))
    block = block_of(secre, draft.id, day)
    assert doctor.desk().do(agendas.edit_draft, editing(block, overbooks=2)).version == 2
    raw = f"UPDATE agenda_blocks SET state = 'publicado' WHERE id = {draft.id} RETURNING id"
    with doctor.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(text(raw))
    secre.desk().do(agendas.publish_block, agendas.PublishBlock(block_id=draft.id, version=2))
    with pytest.raises(refused.NotOwnDraft):
        doctor.desk().do(agendas.edit_draft, editing(block_of(secre, draft.id, day), overbooks=4))
    mine = f"UPDATE agenda_blocks SET overbooks = 4 WHERE id = {draft.id} RETURNING id"
    with doctor.engine.connect() as connection:
        assert connection.execute(text(mine)).all() == [], "it is no draft any more"


def suspended(
    network: Network, secre: Session, day: date, people: tuple[dict[str, Any], ...]
) -> tuple[suspension.CascadeAnswer, list[turns.TurnAnswer], int]:
    """A block with a turn for each person, suspended for its day."""
    made = secre.desk().do(agendas.add_block, order(network, day))
    given = [
        booked(secre, slot.id, **who) for slot, who in zip(free(secre, network, day), people, strict=False)
    ]
    query = suspension.AwayQuery(network.person_ids["lpaz"], day, day, block_id=made.id)
    seen = secre.desk().see(suspension.fallen_by_absence, query)
    assert [each.turn_id for each in seen.turns] == [turn.id for turn in given]
    say = suspension.SuspendBlock(
        block_id=made.id, first_day=day, last_day=day, reason="congreso", seen=seen.seen
    )
    return secre.desk().do(suspension.suspend_block, say), given, made.id


SIX: tuple[dict[str, Any], ...] = (
    *({"phone": "+54 11 4444-0001"} for _ in range(4)),
    *({"phone": None} for _ in range(2)),
)


def test_suspending_cancels_queues_notices_and_is_undone(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    answer, given, block_id = suspended(network, secre, day, SIX)
    assert (answer.cancelled, answer.notices, answer.without_phone) == (6, 4, 2)
    assert {state_of(secre, turn).state for turn in given} == {"cancelado"}
    assert free(secre, network, day) == []
    with pytest.raises(refused.BlockClosed, match="congreso"):
        booked(secre, f"{block_id}.{day:%Y%m%d}T0900")
    rows = secre.desk().see(notices.notices, notices.NoticesQuery(network.clinic_ids[0], answer.id))
    assert sorted(row.state for row in rows) == ["pendiente"] * 4 + ["sin_medio"] * 2
    back = secre.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=answer.id))
    assert (back.restored, back.not_restored) == (6, 0)
    assert {state_of(secre, turn).state for turn in given} == {"registrado"}
    with pytest.raises(SlotTaken):
        booked(secre, f"{block_id}.{day:%Y%m%d}T0900")
    with pytest.raises(refused.ExceptionNotFound):
        secre.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=answer.id))


def test_a_new_turn_is_linked_with_the_one_it_replaces(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    answer, given, _block = suspended(network, secre, day, SIX[:2])
    evening = order(network, day, starts=time(18), ends=time(19), valid_to=day)
    secre.desk().do(agendas.add_block, evening)
    slot = free(secre, network, day)[0]
    new = secre.desk().do(
        notices.reassign,
        notices.Reassign(patient_id=given[0].patient_id, turn_id=given[0].id, slot=slot.id),
    )
    rows = secre.desk().see(notices.notices, notices.NoticesQuery(network.clinic_ids[0], answer.id))
    assert {row.turn_id: row.new_id for row in rows} == {given[0].id: new.id, given[1].id: None}
    with network.owner.connect() as owner:
        links = owner.execute(select(turn_reassigned).where(turn_reassigned.c.id == new.id)).all()
    assert [link.was_id for link in links] == [given[0].id]
    back = secre.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=answer.id))
    assert (back.restored, back.not_restored) == (1, 1)
    assert state_of(secre, given[0]).state == "cancelado"


def test_what_came_in_meanwhile_is_shown_before_it_falls(network: Network, log_in: LogIn) -> None:
    secre, front = log_in("secre"), log_in("msosa")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day))
    query = suspension.AwayQuery(network.person_ids["lpaz"], day, day)
    seen = secre.desk().see(suspension.fallen_by_absence, query).seen
    late = booked(front, free(front, network, day)[0].id)
    leave = suspension.Leave(
        doctor_id=network.person_ids["lpaz"],
        first_day=day,
        last_day=day,
        leave_kind="enfermedad",
        reason="gripe",
        seen=seen,
    )
    with pytest.raises(refused.AffectedChanged) as caught:
        secre.desk().do(suspension.grant_leave, leave)
    assert isinstance(caught.value.affected, suspension.Fallen)
    assert [each.turn_id for each in caught.value.affected.turns] == [late.id]
    assert state_of(secre, late).state == "registrado"
    again = replace(leave, key=new_id())
    with pytest.raises(refused.AffectedChanged):
        secre.desk().do(suspension.grant_leave, again)


def test_hours_of_leave_shut_those_hours_alone(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    made = secre.desk().do(agendas.add_block, order(network, day))
    stays = booked(secre, free(secre, network, day)[0].id)
    query = suspension.AwayQuery(network.person_ids["lpaz"], day, day, time(10), time(10, 30))
    seen = secre.desk().see(suspension.fallen_by_absence, query)
    assert seen.turns == ()
    leave = suspension.Leave(
        doctor_id=query.doctor_id,
        first_day=day,
        last_day=day,
        from_time=query.from_time,
        to_time=query.to_time,
        leave_kind="gremial",
        reason="asamblea",
        seen=seen.seen,
    )
    answer = secre.desk().do(suspension.grant_leave, leave)
    left = [f"{slot.starts_at:%H:%M}" for slot in free(secre, network, day)]
    assert left == ["09:20", "09:40", "10:40"]
    assert state_of(secre, stays).state == "registrado"
    with pytest.raises(refused.BlockClosed, match="asamblea"):
        booked(secre, f"{made.id}.{day:%Y%m%d}T1000")
    secre.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=answer.id))
    assert len(free(secre, network, day)) == 5


def test_the_database_itself_says_that_a_block_is_shut(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    answer, _given, block_id = suspended(network, secre, day, SIX[:1])
    at = datetime.combine(day, time(9))
    ask = select(func.demand_open_block(block_id, at, at + timedelta(minutes=20)))
    with secre.engine.connect() as connection, pytest.raises(DBAPIError, match="agenda closed"):
        connection.execute(ask)
    secre.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=answer.id))
    with secre.engine.connect() as connection:
        connection.execute(ask)


def test_an_edit_shows_what_falls_out_and_takes_it(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    made = secre.desk().do(agendas.add_block, order(network, day))
    first, *_between, last = (slot.id for slot in free(secre, network, day))
    early, late = booked(secre, first), booked(secre, last)
    block = block_of(secre, made.id, day)
    change = editing(block, ends=time(10))
    seen = secre.desk().see(suspension.fallen_by_edit, change)
    assert [each.turn_id for each in seen.turns] == [late.id]
    with pytest.raises(refused.AffectedChanged):
        secre.desk().do(suspension.edit_block, change)
    answer = secre.desk().do(suspension.edit_block, editing(block, ends=time(10), seen=seen.seen))
    assert answer.cancelled == 1
    assert [state_of(secre, turn).state for turn in (early, late)] == ["registrado", "cancelado"]
    with network.owner.connect() as owner:
        told = owner.execute(select(turn_notices).where(turn_notices.c.turn_id == late.id)).one()
    assert (told.kind, told.exception_id) == ("suspendido", None)


def test_a_clinic_that_closes_down_offers_nothing_from_that_day_on(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day))

    def offered(closed_on: date | None) -> int:
        closing = text("UPDATE clinics SET closed_on = :day WHERE id = :clinic")
        with network.owner.begin() as owner:
            owner.execute(closing, {"day": closed_on, "clinic": network.clinic_ids[0]})
        return len(free(secre, network, day))

    try:
        assert [offered(each) for each in (None, day + timedelta(days=1), day)] == [6, 6, 0]
    finally:
        assert offered(None) == 6


def test_holidays_and_rooms_shut_a_block_but_not_an_extra_day(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day))
    extra = order(network, day, starts=time(15), ends=time(16), valid_to=day)
    secre.desk().do(agendas.add_block, extra)
    assert len(free(secre, network, day)) == 9
    with network.owner.begin() as owner:
        owner.execute(
            text("INSERT INTO holidays (country, day, name) VALUES ('AR', :day, 'Patrio')"), {"day": day}
        )
    assert [f"{slot.starts_at:%H:%M}" for slot in free(secre, network, day)] == ["15:00", "15:20", "15:40"]
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM holidays WHERE day = :day"), {"day": day})
        owner.execute(
            text(
                "UPDATE rooms SET state = 'mantenimiento', state_reason = 'obra', state_from = :day,"
                " state_until = :day WHERE id = :room"
            ),
            {"day": day, "room": extra.room_id},
        )
    try:
        assert free(secre, network, day) == []
    finally:
        with network.owner.begin() as owner:
            owner.execute(
                text(
                    "UPDATE rooms SET state = 'disponible', state_reason = NULL, state_from = NULL,"
                    " state_until = NULL"
                )
            )


def test_by_order_of_arrival_places_are_counted(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day, capacity=2))
    slots = free(secre, network, day)
    assert len(slots) == 1
    kept = [booked(secre, slots[0].id) for _ in range(2)]
    with pytest.raises(refused.BlockFull):
        booked(secre, slots[0].id)
    secre.desk().do(
        turns.cancel,
        turns.Hop(
            patient_id=kept[0].patient_id,
            turn_id=kept[0].id,
            seq=1,
            from_state="registrado",
            reason="no puede",
        ),
    )
    assert booked(secre, slots[0].id).state == "registrado"


def test_a_quota_keeps_places_for_its_channel(network: Network, log_in: LogIn) -> None:
    """Six places, four kept for doctors: the desk gets two, a doctor the others."""
    secre, doctor = log_in("secre"), log_in("lpaz")
    day = a_monday(secre)
    secre.desk().do(agendas.add_block, order(network, day, quotas=(("profesional", 4),)))
    slots = [slot.id for slot in free(secre, network, day)]
    assert len(slots) == 6
    for slot in slots[:2]:
        booked(secre, slot)
    with pytest.raises(refused.QuotaFull, match="profesional"):
        booked(secre, slots[2])
    for slot in slots[2:]:
        booked(doctor, slot)


@pytest.mark.parametrize("advisory_locks", [True, False])
def test_of_many_who_race_for_the_last_places_as_many_as_there_are_get_one(
    network: Network, log_in: LogIn, advisory_locks: bool
) -> None:
    secre = log_in("secre")
    day = a_monday(secre)
    made = secre.desk().do(agendas.add_block, order(network, day, capacity=3))
    slot = free(secre, network, day)[0].id
    racers = [log_in(name) for name in ("msosa", "cruiz", "ncano", "rleon", "vmora", "jibarra")]
    people = [new_patient(secre).patient_id for _racer in racers]
    start = threading.Barrier(len(racers))

    def book(session: Session, who: UUID) -> str:
        desk = Desk(session.engine, session.actor, advisory_locks=advisory_locks)
        start.wait(60)
        try:
            return desk.do(turns.book_turn, turns.BookTurn(patient_id=who, slot=slot)).state
        except refused.BlockFull:
            return "full"

    with ThreadPoolExecutor(len(racers)) as pool:
        ends = list(pool.map(book, racers, people))
    assert sorted(ends) == ["full"] * 3 + ["registrado"] * 3
    with network.owner.connect() as owner:
        taken = owner.execute(
            text("SELECT n FROM block_places WHERE block_id = :block AND pool = 'capacity' ORDER BY n"),
            {"block": made.id},
        ).scalars()
        assert list(taken) == [1, 2, 3]


def test_a_block_stands_in_a_room_that_is_fit_for_what_is_done(network: Network, log_in: LogIn) -> None:
    secre = log_in("secre")
    with network.owner.begin() as owner:
        made = text(
            "INSERT INTO procedures (code, name, minutes, room_kind, equipment)"
            " VALUES ('ECO', 'Ecografía', 20, 'imágenes', '{ecógrafo}') RETURNING id"
        )
        scan = owner.execute(made).scalar_one()
    day = a_monday(secre)
    with pytest.raises(refused.RoomUnfit, match=r"C\.1 no sirve para ECO: falta imágenes, ecógrafo"):
        secre.desk().do(agendas.add_block, order(network, day, procedures=(scan,)))
    done = secre.desk().do(agendas.add_block, order(network, day))
    block = block_of(secre, done.id, day)
    with pytest.raises(refused.RoomUnfit):
        edited(secre, block, procedures=(*block.procedures, scan))
    fit = text("UPDATE rooms SET kind = :kind, equipment = :equipment WHERE code = 'C.1'")
    with network.owner.begin() as owner:
        owner.execute(fit, {"kind": "imágenes", "equipment": ["camilla", "ecógrafo"]})
    try:
        edited(secre, block, procedures=(*block.procedures, scan))
        assert scan in block_of(secre, done.id, day).procedures
    finally:
        with network.owner.begin() as owner:
            owner.execute(fit, {"kind": "consultorio", "equipment": []})


def edited(session: Session, block: Block, **changes: Any) -> None:
    asked = editing(block, **changes)
    seen = session.desk().see(suspension.fallen_by_edit, asked).seen
    session.desk().do(suspension.edit_block, replace(asked, seen=seen))
