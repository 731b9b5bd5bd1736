"""Places that are free again are offered to who waits for them: in order, to one person at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.rules import Block
from clinicdesk.clinic.agendas.service import EditBlock
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.turns import freed, moving, service, suspension, undo, waiting_list
from clinicdesk.clinic.turns.errors import PlaceOffered, SlotTaken, WishChanged
from clinicdesk.clinic.turns.rules import HalfDay, half_day_of
from clinicdesk.clinic.turns.slots import SlotRow, SlotsQuery, slots
from clinicdesk.clinic.turns.waiting_list import Accept, Offer, Refuse, WishAnswer
from clinicdesk.kit import clock
from tests.clinic.test_moving import moved
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def free(network: Network, session: Session, doctor: str, ahead: int, at: int = 0) -> SlotRow:
    """A free slot some days ahead, at ten or later: no clock change is near."""
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=ahead)
    asked = SlotsQuery(network.clinic_ids[0], network.person_ids[doctor], since=day, days=1, limit=300)
    return [slot for slot in session.desk().see(slots, asked) if slot.starts_at.hour >= 10][at]


def given(session: Session, slot: SlotRow) -> service.TurnAnswer:
    order = service.BookTurn(patient_id=new_patient(session).patient_id, slot=slot.id)
    return session.desk().do(service.book_turn, order)


def waits(session: Session, **what: Any) -> WishAnswer:
    order = waiting_list.Wait(patient_id=new_patient(session).patient_id, **what)
    return session.desk().do(waiting_list.wait, order)


def offers(network: Network, session: Session) -> dict[str, freed.FreedPlace]:
    """The freed places of the clinic by slot."""
    found = session.desk().see(freed.freed_places, freed.OffersQuery(network.clinic_ids[0], limit=500))
    return {each.slot.id: each for each in found}


def cancelled(session: Session, turn: service.TurnAnswer) -> None:
    order = service.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, reason="no puede"
    )
    session.desk().do(service.cancel, order)


def the(wish: WishAnswer, version: int = 1) -> dict[str, Any]:
    """A wish as it was seen."""
    return {"patient_id": wish.patient_id, "wish_id": wish.id, "version": version}


@pytest.fixture(autouse=True)
def _nobody_waits(network: Network) -> None:
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM waitlist_offers"))
        owner.execute(text("DELETE FROM waitlist"))


def test_a_cancelled_place_is_offered_to_who_waited_for_it_in_order(network: Network, log_in: LogIn) -> None:
    front, secre = log_in("msosa"), log_in("secre")
    slot = free(network, front, "lpaz", 3)
    turn = given(front, slot)
    doctor = network.person_ids["lpaz"]
    half = half_day_of(slot.starts_at)
    other = next(each for each in HalfDay if each is not half)
    first, second = (waits(front, doctor_id=doctor) for _each in range(2))
    urgent = waits(front, clinic_id=network.clinic_ids[0], priority=1)
    weekly = waits(front, doctor_id=doctor, weekdays=(slot.starts_at.isoweekday(),), half_day=half)
    for what in (
        {"doctor_id": network.person_ids["dvidal"]},
        {"doctor_id": doctor, "clinic_id": network.clinic_ids[1]},
        {"doctor_id": doctor, "half_day": other},
        {"doctor_id": doctor, "weekdays": (slot.starts_at.isoweekday() % 7 + 1,)},
        {"doctor_id": doctor, "from_day": slot.starts_at.date() + timedelta(days=1)},
    ):
        waits(front, **what)
    assert offers(network, secre) == {}
    cancelled(front, turn)
    late = waits(front, doctor_id=doctor, priority=1)
    place = offers(network, secre)[slot.id]
    assert [row.id for row in place.waiting] == [urgent.id, first.id, second.id]
    assert (place.waiters, place.why, place.offered) == (4, "cancelado", None)
    assert late.id not in {row.id for row in place.waiting}, "asked when it was free already"
    assert weekly.id not in {row.id for row in place.waiting}


def ended_by_error(session: Session, turn: service.TurnAnswer) -> None:
    order = undo.Void(patient_id=turn.patient_id, turn_id=turn.id, reason="otro paciente")
    session.desk().do(undo.void, order)


def test_moved_and_voided_turns_free_their_place(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    moves, void = (free(network, front, "jibarra", 5, at) for at in (0, 2))
    mover, mistake = given(front, moves), given(front, void)
    waits(front, doctor_id=network.person_ids["jibarra"])
    front.desk().do(moving.move, moved(mover, free(network, front, "jibarra", 6).id))
    ended_by_error(front, mistake)
    found = offers(network, front)
    assert {slot: each.why for slot, each in found.items()} == {moves.id: "movido", void.id: "anulado"}


def test_a_place_given_again_is_offered_no_more(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    slot = free(network, front, "lpaz", 7)
    turn = given(front, slot)
    waits(front, doctor_id=network.person_ids["lpaz"])
    cancelled(front, turn)
    assert set(offers(network, front)) == {slot.id}
    given(front, slot)
    assert offers(network, front) == {}


def test_a_suspension_taken_back_offers_what_it_had_shut(network: Network, log_in: LogIn) -> None:
    front, manager = log_in("msosa"), log_in("gestion")
    slot = free(network, front, "dvidal", 4)
    block, day = int(slot.id.partition(".")[0]), slot.starts_at.date()
    order = suspension.SuspendBlock(block_id=block, first_day=day, last_day=day, reason="x", seen="")
    query = suspension.AwayQuery(network.person_ids["dvidal"], day, day, block_id=block)
    seen = manager.desk().see(suspension.fallen_by_absence, query).seen
    made = manager.desk().do(suspension.suspend_block, replace(order, seen=seen))
    waits(front, doctor_id=network.person_ids["dvidal"], weekdays=(day.isoweekday(),))
    assert offers(network, front) == {}
    manager.desk().do(suspension.reinstate, suspension.Reinstate(exception_id=made.id))
    found = offers(network, front)
    assert slot.id in found
    assert {each.why for each in found.values()} == {"agenda"}
    assert {each.slot.starts_at.date() for each in found.values()} == {day}


def block_of(session: Session, block_id: int) -> Block:
    asked = agendas.BlocksQuery(session.actor.at.clinic_id)
    rows = session.desk().see(agendas.list_blocks, asked)
    return next(row.block for row in rows if row.block.id == block_id)


def edited(session: Session, block: Block, **changes: Any) -> None:
    names = {f.name for f in fields(EditBlock)} & set(Block.__slots__)
    values = {name: getattr(block, name) for name in names}
    order = EditBlock(**(values | {"block_id": block.id, "seen": ""} | changes))
    seen = session.desk().see(suspension.fallen_by_edit, order).seen
    session.desk().do(suspension.edit_block, replace(order, seen=seen))


def test_a_block_made_wider_offers_what_it_gained(network: Network, log_in: LogIn) -> None:
    front, manager = log_in("msosa"), log_in("gestion")
    slot = free(network, front, "dvidal", 9)
    block = block_of(manager, int(slot.id.partition(".")[0]))
    noon = slot.starts_at.replace(hour=9, minute=0).time()
    edited(manager, block, ends=noon)
    waits(front, doctor_id=network.person_ids["dvidal"], weekdays=(slot.starts_at.isoweekday(),))
    assert slot.id not in offers(network, front)
    edited(manager, block_of(manager, block.id), ends=block.ends)
    assert offers(network, front)[slot.id].why == "agenda"


def freed_slot(network: Network, front: Session, ahead: int, *, doctors: str = "lpaz") -> tuple[SlotRow, Any]:
    """A slot that two people wait for and that is free again; the wishes."""
    slot = free(network, front, doctors, ahead)
    turn = given(front, slot)
    wishes = [waits(front, doctor_id=network.person_ids[doctors]) for _each in range(2)]
    cancelled(front, turn)
    return slot, wishes


def test_a_place_is_offered_to_one_person_at_a_time_and_for_so_long(network: Network, log_in: LogIn) -> None:
    front, other = log_in("msosa"), log_in("cruiz")
    slot, (first, second) = freed_slot(network, front, 11)
    front.desk().do(waiting_list.offer, Offer(**the(first), slot=slot.id))
    place = offers(network, other)[slot.id]
    assert place.offered is not None
    assert place.offered.id == first.id
    assert [row.id for row in place.waiting] == [second.id]
    with pytest.raises(PlaceOffered, match=r"Sosa, \d\d:\d\d.*hasta las \d\d:\d\d"):
        other.desk().do(waiting_list.offer, Offer(**the(second), slot=slot.id))
    with pytest.raises(PlaceOffered, match="Sosa"):
        other.desk().do(waiting_list.accept, Accept(**the(second), slot=slot.id))
    later = Desk(other.engine, other.actor, now=lambda: clock.now() + timedelta(minutes=31))
    later.do(waiting_list.offer, Offer(**the(second), slot=slot.id))
    assert ledger(network, slot) == [(first.id, "vencida"), (second.id, None)]
    wish = front.desk().see(waiting_list.wishes, waiting_list.WishesQuery(patient_id=first.patient_id))[0]
    assert (wish.state, wish.offered_slot) == ("esperando", None)


def ledger(network: Network, slot: SlotRow) -> list[tuple[Any, str | None]]:
    asked = text("SELECT wish_id, answer FROM waitlist_offers WHERE slot = :slot ORDER BY offered_at, id")
    with network.owner.connect() as owner:
        return [tuple(row) for row in owner.execute(asked, {"slot": slot.id})]


def test_who_refuses_goes_on_waiting_and_the_next_is_offered(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    slot, (first, second) = freed_slot(network, front, 13)
    front.desk().do(waiting_list.offer, Offer(**the(first), slot=slot.id))
    refused = front.desk().do(waiting_list.refuse, Refuse(**the(first, 2), note="trabaja"))
    assert refused.state == "esperando"
    assert ledger(network, slot) == [(first.id, "rechazada")]
    assert [row.id for row in offers(network, front)[slot.id].waiting] == [second.id]
    unmet = text("SELECT reason FROM unmet_demand WHERE patient_id = :patient")
    with network.owner.connect() as owner:
        assert owner.execute(unmet, {"patient": first.patient_id}).scalars().all() == ["oferta_rechazada"]


def test_who_accepts_has_the_turn_and_waits_no_more(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    slot, (first, second) = freed_slot(network, front, 15)
    front.desk().do(waiting_list.offer, Offer(**the(first), slot=slot.id))
    order = Accept(**the(first, 2), slot=slot.id)
    turn = front.desk().do(waiting_list.accept, order)
    assert front.desk().do(waiting_list.accept, order) == turn, "sent again: the same answer"
    assert (turn.state, turn.starts_at) == ("registrado", slot.starts_at)
    row = text("SELECT state, resolution, turn_id FROM waitlist WHERE id = :wish")
    with network.owner.connect() as owner:
        assert tuple(owner.execute(row, {"wish": first.id}).one()) == ("resuelto", "turno_dado", turn.id)
    assert ledger(network, slot) == [(first.id, "aceptada")]
    assert offers(network, front) == {}
    with pytest.raises(SlotTaken, match="Sosa"):
        front.desk().do(waiting_list.accept, Accept(**the(second), slot=slot.id))


def race(network: Network, orders: list[Accept]) -> list[str]:
    """Two desks accept at once: how each ended."""
    ends: list[str] = []
    barrier = threading.Barrier(len(orders))

    def at_a_desk(username: str, order: Accept) -> None:
        with closing(network.log_in(username)) as session:
            barrier.wait(60)
            try:
                session.desk().do(waiting_list.accept, order)
                ends.append("won")
            except (WishChanged, SlotTaken) as refusal:
                ends.append(str(refusal))

    desks = [
        threading.Thread(target=at_a_desk, args=each) for each in zip(("cruiz", "vmora"), orders, strict=True)
    ]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join(120)
    return sorted(ends, key=lambda end: end != "won")


def test_of_two_desks_that_accept_one_wins_and_the_other_learns_who(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    slot, (first, _second) = freed_slot(network, front, 17)
    won, lost = race(network, [Accept(**the(first), slot=slot.id) for _each in range(2)])
    assert won == "won"
    assert any(name in lost for name in ("Ruiz", "Mora")), lost
    slot, wishes = freed_slot(network, front, 19)
    won, lost = race(network, [Accept(**the(each), slot=slot.id) for each in wishes])
    assert won == "won"
    assert any(name in lost for name in ("Ruiz", "Mora")), lost
    held = text("SELECT count(*) FROM turns WHERE starts_at = :at AND state = 'registrado'")
    with network.owner.connect() as owner:
        assert owner.execute(held, {"at": slot.starts_at}).scalar_one() == 1


def test_raw_sql_makes_no_offer_in_anothers_name_and_reopens_none(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    slot, (first, _second) = freed_slot(network, front, 21)
    made = text(
        "INSERT INTO waitlist_offers"
        " (slot, id, patient_id, wish_id, clinic_id, offered_at, offered_by, until) VALUES"
        " (:slot, gen_random_uuid(), :patient, :wish, :clinic, now(), :by, now() + interval '9 minutes')"
    )
    row = {
        "slot": slot.id,
        "patient": first.patient_id,
        "wish": first.id,
        "clinic": network.clinic_ids[0],
        "by": front.actor.person_id,
    }
    with front.engine.begin() as mine:
        mine.execute(made, row)
    with front.engine.connect() as mine, pytest.raises(DBAPIError, match="waitlist_offers_open_uq"):
        mine.execute(made, row)
    other = row | {"slot": "1.20300101T1000", "by": network.person_ids["cruiz"]}
    with front.engine.connect() as mine, pytest.raises(DBAPIError, match="row-level security"):
        mine.execute(made, other)
    answer = text(
        "UPDATE waitlist_offers SET answer = 'rechazada', answered_at = now(), answered_by = :by"
        " WHERE slot = :slot"
    )
    with front.engine.connect() as mine, pytest.raises(DBAPIError, match="row-level security"):
        mine.execute(answer, row | {"by": other["by"]})
    with front.engine.begin() as mine:
        assert mine.execute(answer, row).rowcount == 1
        assert mine.execute(answer, row).rowcount == 0, "what was answered stays so"
