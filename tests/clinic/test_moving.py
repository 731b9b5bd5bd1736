"""Moving turns: the same turn elsewhere, its history, who may, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.agendas.errors import BlockClosed
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.sites.model import rooms
from clinicdesk.clinic.turns import moving, service, slots
from clinicdesk.clinic.turns.errors import (
    DoctorNotThere,
    IllegalHop,
    OtherProcedure,
    PatientBusy,
    SamePlace,
    SlotPast,
    SlotTaken,
    TooFarAhead,
    TurnChanged,
    TurnNotFound,
    TurnPast,
)
from clinicdesk.clinic.turns.model import bookings, turn_events, turn_moves, turns
from clinicdesk.kit import clock
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def free(network: Network, session: Session, doctor: str, ahead: int, at: int = 0) -> slots.SlotRow:
    """A free slot of a doctor some days ahead."""
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=ahead)
    ask = slots.SlotsQuery(network.clinic_ids[0], network.person_ids[doctor], since=day, days=1)
    return session.desk().see(slots.slots, ask)[at]


def booked(
    network: Network, session: Session, ahead: int, *, doctor: str = "lpaz", at: int = 0
) -> service.TurnAnswer:
    """A new patient with a turn some days ahead."""
    slot = free(network, session, doctor, ahead, at)
    order = service.BookTurn(patient_id=new_patient(session).patient_id, slot=slot.id)
    return session.desk().do(service.book_turn, order)


def moved(turn: service.TurnAnswer, slot: str, **more: Any) -> moving.MoveTurn:
    """The order that moves a turn as it was answered."""
    seen: dict[str, Any] = {"patient_id": turn.patient_id, "turn_id": turn.id, "seq": turn.seq}
    seen |= {"from_state": turn.state}
    return moving.MoveTurn(**(seen | more), slot=slot)


def held(network: Network, turn: service.TurnAnswer) -> list[tuple[int, datetime]]:
    """Resource and beginning of each claim in force."""
    mine = select(bookings.c.resource_id, bookings.c.during).where(
        bookings.c.turn_id == turn.id, bookings.c.active
    )
    with network.owner.connect() as owner:
        return sorted((row.resource_id, row.during.lower) for row in owner.execute(mine))


def standing(network: Network, turn: service.TurnAnswer) -> Any:
    """The turn's row."""
    with network.owner.connect() as owner:
        return owner.execute(select(turns).where(turns.c.id == turn.id)).one()


def test_the_same_turn_stands_elsewhere_with_its_history(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 40)
    confirm = service.Hop(patient_id=turn.patient_id, turn_id=turn.id, seq=1, from_state="registrado")
    turn = front.desk().do(service.confirm, confirm)
    before = standing(network, turn)
    target = free(network, front, "jibarra", 41, 3)
    after = front.desk().do(moving.move, moved(turn, target.id, reason="viaja"))
    row = standing(network, turn)
    assert (after.id, after.state, after.starts_at) == (turn.id, "confirmado", target.starts_at)
    assert (row.doctor_id, row.starts_at, row.state) == (
        network.person_ids["jibarra"], target.starts_at, "confirmado",
    )  # fmt: skip
    assert (row.day, row.wall_start) == (target.starts_at.date(), target.starts_at.replace(tzinfo=None))
    claims = held(network, turn)
    assert {at for _resource, at in claims} == {target.starts_at}
    assert {resource for resource, _at in claims} >= {network.person_ids["jibarra"], row.room_id}
    assert len(claims) == 3
    with network.owner.connect() as owner:
        event = owner.execute(select(turn_events).where(turn_events.c.turn_id == turn.id)).all()[-1]
        story = owner.execute(select(turn_moves).where(turn_moves.c.turn_id == turn.id)).one()
    assert (event.how, event.from_state, event.to_state, event.reason) == (
        "move", "confirmado", "confirmado", "viaja",
    )  # fmt: skip
    assert (story.was_doctor_id, story.was_starts_at) == (before.doctor_id, before.starts_at)
    assert (story.doctor_id, story.starts_at, story.seq) == (row.doctor_id, row.starts_at, row.seq)
    assert free(network, front, "lpaz", 40).starts_at == before.starts_at


def test_a_move_that_fails_leaves_the_turn_whole(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn, other = booked(network, front, 42), booked(network, front, 43)
    taken = f"{standing(network, other).block_id}.{other.starts_at:%Y%m%dT%H%M}"
    before = held(network, turn)
    with pytest.raises(SlotTaken, match="Sosa"):
        front.desk().do(moving.move, moved(turn, taken))
    assert held(network, turn) == before
    row = standing(network, turn)
    assert (row.seq, row.starts_at) == (1, turn.starts_at)
    ok = front.desk().do(moving.move, moved(turn, free(network, front, "lpaz", 43).id))
    assert ok.seq == 2


def test_a_patient_is_not_moved_onto_another_of_their_turns(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 44)
    second = free(network, front, "jibarra", 45, 7)
    with network.owner.connect() as owner:
        seen = tuple(row.id for row in owner.execute(select(turns.c.id).where(turns.c.id == turn.id)))
    order = service.BookTurn(patient_id=turn.patient_id, slot=second.id, acknowledged=seen)
    front.desk().do(service.book_turn, order)
    with pytest.raises(PatientBusy, match="Ibarra"):
        front.desk().do(moving.move, moved(turn, free(network, front, "lpaz", 45, 7).id))


def test_a_turn_is_moved_within_its_own_time(network: Network, log_in: LogIn) -> None:
    """The claims are given back before others are taken: a longer turn may overlap where it stood."""
    front = log_in("msosa")
    slot = free(network, front, "lpaz", 46)
    order = service.BookTurn(patient_id=new_patient(front).patient_id, slot=slot.id, length=2)
    turn = front.desk().do(service.book_turn, order)
    row = standing(network, turn)
    assert (row.slots, row.ends_at - row.starts_at) == (2, timedelta(minutes=10))
    next_one = f"{row.block_id}.{slot.starts_at + timedelta(minutes=5):%Y%m%dT%H%M}"
    after = front.desk().do(moving.move, moved(turn, next_one))
    row = standing(network, after)
    assert (row.slots, row.starts_at - slot.starts_at) == (2, timedelta(minutes=5))
    assert row.ends_at - row.starts_at == timedelta(minutes=10)


def test_a_cancelled_turn_comes_back_by_a_move(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 47)
    first = service.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=1, from_state="registrado", reason="congreso"
    )
    gone = front.desk().do(service.cancel, first)
    back = front.desk().do(moving.move, moved(gone, free(network, front, "lpaz", 48, 2).id))
    assert (back.state, standing(network, turn).cancelled_by) == ("registrado", None)
    assert len(held(network, turn)) == 3
    again = service.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=3, from_state="registrado", reason="otra vez"
    )
    gone = front.desk().do(service.cancel, again)
    reopen = service.Hop(patient_id=turn.patient_id, turn_id=turn.id, seq=4, from_state="cancelado")
    front.desk().do(service.reopen, reopen)
    assert {at for _resource, at in held(network, turn)} == {back.starts_at}


def test_of_many_movers_of_one_turn_one_wins(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 49)
    targets = [free(network, front, "jibarra", 49, place).id for place in range(8)]
    ends: list[str] = []

    def run(slot: str) -> None:
        try:
            front.desk().do(moving.move, moved(turn, slot))
        except TurnChanged:
            ends.append("changed")
        else:
            ends.append("moved")

    racers = [threading.Thread(target=run, args=(slot,)) for slot in targets]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert sorted(ends) == ["changed"] * 7 + ["moved"]
    assert len(held(network, turn)) == 3
    assert standing(network, turn).seq == 2


def test_of_many_turns_moved_to_one_slot_one_arrives(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    many = [booked(network, front, 50, at=0) for _ in range(6)]
    target = free(network, front, "jibarra", 50).id
    ends: list[str] = []

    def run(turn: service.TurnAnswer) -> None:
        try:
            front.desk().do(moving.move, moved(turn, target))
        except SlotTaken:
            ends.append("taken")
        else:
            ends.append("moved")

    racers = [threading.Thread(target=run, args=(turn,)) for turn in many]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert sorted(ends) == ["moved"] + ["taken"] * 5
    assert all(len(held(network, turn)) == 3 for turn in many)


def test_what_cannot_be_moved_says_why(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 51)
    desk, row = front.desk(), standing(network, turn)
    here = f"{row.block_id}.{row.wall_start:%Y%m%dT%H%M}"
    with pytest.raises(SamePlace):
        desk.do(moving.move, moved(turn, here))
    with pytest.raises(SlotPast):
        desk.do(moving.move, moved(turn, slot_of(network, front, -1)))
    with pytest.raises(TooFarAhead):
        desk.do(moving.move, moved(turn, slot_of(network, front, 366)))
    with pytest.raises(IllegalHop):
        desk.do(moving.move, moved(turn, here, from_state="en_espera"))
    other = new_patient(front).patient_id
    with pytest.raises(TurnNotFound):
        desk.do(moving.move, moved(turn, here, patient_id=other))
    later = Desk(front.engine, front.actor, now=lambda: turn.starts_at + timedelta(days=2))
    with pytest.raises(TurnPast):
        later.do(moving.move, moved(turn, free(network, front, "lpaz", 60).id))


def slot_of(network: Network, session: Session, ahead: int) -> str:
    """Ten in the morning of a day, whether it may be given or not."""
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=ahead)
    return f"{network.block_ids['lpaz'] + day.weekday()}.{day:%Y%m%d}T1000"


def a_block(network: Network, **changes: Any) -> int:
    """A block of every hour in the south, of somebody who has no other; other things where they are given."""
    south = network.clinic_ids[1]
    with network.owner.begin() as owner:
        like = owner.execute(
            select(agenda_blocks).where(agenda_blocks.c.id == network.block_ids["lpaz"])
        ).one()
        known = owner.execute(select(rooms.c.id).where(rooms.c.clinic_id == south, rooms.c.code == "S.1"))
        room = known.scalar_one_or_none()
        if room is None:
            floor = owner.execute(text("SELECT id FROM floors WHERE clinic_id = :south"), {"south": south})
            made = insert(rooms).values(
                clinic_id=south, floor_id=floor.scalar_one(), code="S.1", kind="consultorio"
            )
            room = owner.execute(made.returning(rooms.c.id)).scalar_one()
        reckoned = {"id", "doctor_span", "room_span", "minutes", "valid"}
        values = {name: value for name, value in like._mapping.items() if name not in reckoned}
        values |= {"clinic_id": south, "room_id": room} | changes
        return int(
            owner.execute(insert(agenda_blocks).values(**values).returning(agenda_blocks.c.id)).scalar_one()
        )


def in_the_south(network: Network, session: Session, ahead: int, doctor: int, **changes: Any) -> str:
    """Noon of a day in the south, in a block of its own."""
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=ahead)
    on_day = {"weekday": day.isoweekday(), "valid_from": day, "valid_to": day}
    block = a_block(network, doctor_id=doctor, **on_day, **changes)
    return f"{block}.{day:%Y%m%d}T1200"


def works_in_the_south(network: Network, person_id: int) -> None:
    """The role of a doctor there."""
    row = {"person_id": person_id, "clinic_id": network.clinic_ids[1], "role": "medico"}
    with network.owner.begin() as owner:
        owner.execute(insert(clinic_roles).values(**row))


def somebody(network: Network) -> int:
    """A person who works nowhere yet."""
    with network.owner.begin() as owner:
        made = insert(people).values(family="Austral", given="Dora").returning(people.c.id)
        return int(owner.execute(made).scalar_one())


@pytest.fixture
def austral(network: Network) -> int:
    """A doctor of the south."""
    person_id = somebody(network)
    works_in_the_south(network, person_id)
    return person_id


def test_a_turn_goes_to_another_clinic_and_only_that_one_admits_it(
    network: Network, log_in: LogIn, austral: int
) -> None:
    front, south = log_in("msosa"), log_in("sur")
    turn = booked(network, front, 52)
    after = front.desk().do(moving.move, moved(turn, in_the_south(network, front, 53, austral)))
    assert standing(network, turn).clinic_id == network.clinic_ids[1]
    arrives = admissions.Admit(
        patient_id=turn.patient_id, turn_id=turn.id, seq=after.seq, from_state=after.state
    )
    for session, ends in ((front, TurnNotFound), (south, None)):
        there = Desk(session.engine, session.actor, now=lambda: after.starts_at)
        if ends is not None:
            with pytest.raises(ends):
                there.do(admissions.admit, arrives)
        else:
            assert there.do(admissions.admit, admissions.Admit(
                patient_id=turn.patient_id, turn_id=turn.id, seq=after.seq, from_state=after.state
            )).state == "en_espera"  # fmt: skip


def test_a_room_out_of_use_takes_no_turn_that_day(network: Network, log_in: LogIn, austral: int) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 54)
    slot = in_the_south(network, front, 55, austral)
    day = date.fromisoformat(f"{slot.partition('.')[2][:8]}")
    out = {"state": "mantenimiento", "state_reason": "pintura", "state_from": day, "state_until": day}
    mine = update(rooms).where(rooms.c.code == "S.1")
    with network.owner.begin() as owner:
        owner.execute(mine.values(**out))
    with pytest.raises(BlockClosed, match="pintura"):
        front.desk().do(moving.move, moved(turn, slot))
    back = {"state": "disponible", "state_reason": None, "state_from": None, "state_until": None}
    with network.owner.begin() as owner:
        owner.execute(mine.values(**back))
    assert front.desk().do(moving.move, moved(turn, slot)).seq == 2


def test_a_doctor_who_does_not_work_there_takes_no_turn(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 56)
    stranger = somebody(network)
    slot = in_the_south(network, front, 57, stranger)
    with pytest.raises(DoctorNotThere):
        front.desk().do(moving.move, moved(turn, slot))
    works_in_the_south(network, stranger)
    assert front.desk().do(moving.move, moved(turn, slot)).seq == 2


def test_a_turn_is_not_moved_to_another_procedure(network: Network, log_in: LogIn, austral: int) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 58)
    with network.owner.begin() as owner:
        made = text(
            "INSERT INTO procedures (code, name, minutes) VALUES ('ECO', 'Ecografía', 20) RETURNING id"
        )
        other = owner.execute(made).scalar_one()
    slot = in_the_south(network, front, 59, austral, procedure_id=other)
    with pytest.raises(OtherProcedure):
        front.desk().do(moving.move, moved(turn, slot))


# What the database says by itself


def test_raw_sql_arranges_turns_of_any_clinic_and_moves_none_that_has_begun(
    network: Network, log_in: LogIn
) -> None:
    front, south = log_in("msosa"), log_in("sur")
    turn = booked(network, front, 61)
    change = text("UPDATE turns SET calls = calls + 1 WHERE id = :turn")
    with south.engine.connect() as connection:
        assert connection.execute(change, {"turn": turn.id}).rowcount == 1
    there = Desk(front.engine, front.actor, now=lambda: turn.starts_at)
    arrives = admissions.Admit(patient_id=turn.patient_id, turn_id=turn.id, seq=1, from_state="registrado")
    there.do(admissions.admit, arrives)
    for session, changed in ((south, 0), (front, 1)):
        with session.engine.connect() as connection:
            assert connection.execute(change, {"turn": turn.id}).rowcount == changed


def test_raw_sql_admits_nobody_at_another_clinic(network: Network, log_in: LogIn) -> None:
    front, south = log_in("msosa"), log_in("sur")
    turn = booked(network, front, 62)
    event = text(
        "INSERT INTO turn_events"
        " (patient_id, turn_id, seq, prev_seq, from_state, to_state, person_id, act, at)"
        " VALUES (:patient, :turn, 2, 1, 'registrado', 'en_espera', :person, gen_random_uuid(), now())"
    )
    admit = text("UPDATE turns SET seq = 2, state = 'en_espera' WHERE id = :turn")
    row = {"patient": turn.patient_id, "turn": turn.id}
    with south.engine.connect() as connection:
        connection.execute(event, row | {"person": south.actor.person_id})
        with pytest.raises(DBAPIError, match="row-level security"):
            connection.execute(admit, row)
    with front.engine.connect() as connection:
        connection.execute(event, row | {"person": front.actor.person_id})
        assert connection.execute(admit, row).rowcount == 1


def test_raw_sql_writes_no_move_without_its_event(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 63)
    forged = text(
        "INSERT INTO turn_moves SELECT patient_id, gen_random_uuid(), id, seq,"
        " clinic_id, doctor_id, room_id, block_id, starts_at, ends_at, zone,"
        " clinic_id, doctor_id, room_id, block_id, starts_at, ends_at, zone FROM turns WHERE id = :turn"
    )
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(forged, {"turn": turn.id})
    event = text(
        "INSERT INTO turn_events"
        " (patient_id, turn_id, seq, prev_seq, from_state, to_state, how, person_id, act, at) VALUES"
        " (:patient, :turn, 2, 1, 'registrado', 'registrado', 'move', :person, gen_random_uuid(), now())"
    )
    row = {"patient": turn.patient_id, "turn": turn.id, "person": front.actor.person_id}
    with front.engine.connect() as connection:
        connection.execute(event, row)
        connection.execute(text("UPDATE turns SET seq = 2 WHERE id = :turn"), row)
        assert connection.execute(forged, row).rowcount == 1
