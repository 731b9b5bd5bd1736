"""A room or a clinic out of work while somebody is being booked there: one of the two is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.agendas import errors as refused
from clinicdesk.clinic.agendas import service as agendas
from clinicdesk.clinic.agendas.rules import Slot
from clinicdesk.clinic.turns import overbooking, places, room_closing
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import RoomTurnsChanged
from clinicdesk.clinic.usecases import Tx
from tests.clinic.test_agendas import _no_blocks_later as no_blocks_later  # noqa: F401 - a fixture
from tests.clinic.test_agendas import a_monday, booked, free, order
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def shut(network: Network, room_id: int, day: date | None) -> None:
    """The room out of use on a day, behind everybody's back; None: back in use."""
    values = {"room": room_id, "day": day, "state": "mantenimiento" if day else "disponible"}
    with network.owner.begin() as owner:
        owner.execute(
            text(
                "UPDATE rooms SET state = :state, state_reason = CASE WHEN :state = 'disponible' THEN NULL"
                " ELSE 'obra' END, state_from = :day, state_until = :day WHERE id = :room"
            ),
            values,
        )


def test_the_database_looks_at_the_room_and_at_the_clinic_too(network: Network, log_in: LogIn) -> None:
    """What a booking asks last, under its locks, whatever the agenda offered before."""
    secre = log_in("secre")
    day = a_monday(secre)
    blocks = order(network, day)
    made = secre.desk().do(agendas.add_block, blocks)
    at = datetime.combine(day, time(9))
    ask = select(func.demand_open_block(made.id, at, at + timedelta(minutes=20)))

    def is_open() -> bool:
        with secre.engine.connect() as connection:
            try:
                connection.execute(ask)
            except DBAPIError as error:
                if "agenda closed" not in str(error):
                    raise
                return False
        return True

    def close_clinic(since: date | None) -> None:
        closing = text("UPDATE clinics SET closed_on = :day WHERE id = :clinic")
        with network.owner.begin() as owner:
            owner.execute(closing, {"day": since, "clinic": network.clinic_ids[0]})

    try:
        assert is_open()
        shut(network, blocks.room_id, day)
        assert not is_open()
        shut(network, blocks.room_id, None)
        close_clinic(day + timedelta(days=1))
        assert is_open()
        close_clinic(day)
        assert not is_open()
    finally:
        shut(network, blocks.room_id, None)
        close_clinic(None)
    assert is_open()


@pytest.mark.parametrize("kind", ["by_hour", "overbook", "by_arrival"])
def test_a_room_closes_after_who_is_being_booked_in_it_or_before(
    network: Network, log_in: LogIn, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A booking has looked and not yet ended; who closes the room meanwhile waits, and is told of it."""
    secre = log_in("secre")
    day = a_monday(secre)
    more = {"capacity": 3} if kind == "by_arrival" else {}
    blocks = order(network, day, overbooks=2, **more)
    secre.desk().do(agendas.add_block, blocks)
    slot, who = free(secre, network, day)[0].id, new_patient(secre).patient_id
    admin = log_in("admin").desk()
    query = room_closing.RoomDaysQuery(blocks.room_id, day, day)
    with network.owner.connect() as owner:
        row = owner.execute(
            text("SELECT version, code FROM rooms WHERE id = :room"), {"room": blocks.room_id}
        ).one()
    closing = room_closing.SetRoomState(
        clinic_id=network.clinic_ids[0],
        room_id=blocks.room_id,
        code=row.code,
        version=row.version,
        state="mantenimiento",
        reason="obra",
        since=day,
        until=day,
        seen=admin.see(room_closing.affected_by_room, query).seen,
    )
    looked, go_on, demand_open = threading.Event(), threading.Event(), places.demand_open

    def look_and_linger(tx: Tx, at: Slot) -> None:
        demand_open(tx, at)
        tx.run(select(1)).all()
        looked.set()
        assert go_on.wait(60)

    def book() -> str:
        if kind == "overbook":
            beyond = overbooking.Overbook(patient_id=who, slot=slot, reason="pedido", acknowledged=())
            return secre.desk().do(overbooking.overbook, beyond).state
        return secre.desk().do(turns.book_turn, turns.BookTurn(patient_id=who, slot=slot)).state

    monkeypatch.setattr(places, "demand_open", look_and_linger)
    try:
        with ThreadPoolExecutor(2) as pool:
            booking = pool.submit(book)
            assert looked.wait(60)
            closed = pool.submit(admin.do, room_closing.set_room_state, closing)
            while not closed.done() and not waits_for_a_lock(network):
                threading.Event().wait(0.02)
            go_on.set()
            assert booking.result(60) == "registrado"
            with pytest.raises(RoomTurnsChanged):
                closed.result(60)
        monkeypatch.undo()
        shut(network, blocks.room_id, day)
        with pytest.raises(refused.BlockClosed):
            booked(secre, slot)
    finally:
        go_on.set()
        shut(network, blocks.room_id, None)


def waits_for_a_lock(network: Network) -> bool:
    question = """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"""
    with network.owner.connect() as owner:
        return bool(owner.execute(text(question)).scalar_one())
