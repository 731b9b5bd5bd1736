"""Queues: nobody starves, the order explains itself, triage and transfers are events of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import queries, rules
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions.errors import (
    BadTriage,
    ReasonTooLong,
    SameQueue,
    TransferLate,
    Transferred,
    TriageChanged,
)
from clinicdesk.clinic.admissions.model import transfers, triage_events
from clinicdesk.clinic.admissions.rules import Because
from clinicdesk.clinic.admissions.triage import GiveLevel, Transfer, give_level, transfer
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.sites import triage as sites
from clinicdesk.clinic.sites.errors import BadTriageLevel, DoctorNotFound
from clinicdesk.clinic.sites.queries import SitesQuery
from clinicdesk.clinic.sites.rules import MANCHESTER_MINUTES
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit import clock
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a queue."""

    triage: int | None
    arrived_at: datetime | None
    id: UUID
    triage_minutes: int | None = None


def person(number: int, level: int | None, minute: int) -> Person:
    return Person(level, NOW + timedelta(minutes=minute), UUID(int=number + 1))


levels = st.one_of(st.none(), st.integers(1, 5))
arrivals = st.lists(st.tuples(levels, st.integers(0, 900)), min_size=1, max_size=60)


def lift_bound(level: int | None) -> int:
    """Minutes after which nobody but a rojo who comes later goes before somebody of this level."""
    counted = level or 4
    return max(0, counted - 2) * MANCHESTER_MINUTES[counted]


@settings(max_examples=120, deadline=None)
@given(arrivals=arrivals, pace=st.integers(3, 45))
def test_everybody_is_called_within_a_bound(arrivals: list[tuple[int | None, int]], pace: int) -> None:
    """However many more urgent ones keep coming: who has waited their bound is passed by a rojo alone."""
    coming = [person(n, level, minute) for n, (level, minute) in enumerate(arrivals)]
    waiting: list[Person] = []
    minute = 0
    while coming or waiting:
        now = NOW + timedelta(minutes=minute)
        waiting += [each for each in coming if each.arrived_at and each.arrived_at <= now]
        coming = [each for each in coming if each.arrived_at and each.arrived_at > now]
        if waiting:
            called = rules.in_order(waiting, now)[0]
            waiting.remove(called)
            for left in waiting:
                waited = rules.wait_minutes(left.arrived_at, now)
                if waited >= lift_bound(left.triage) and left.triage != 1:
                    earlier = (called.arrived_at, called.id) < (left.arrived_at, left.id)
                    assert called.triage == 1 or earlier, (called, left, waited)
        minute += pace


def test_azul_is_called_though_urgent_ones_never_stop_coming() -> None:
    """One naranja a call, for ever: the azul goes after twelve hours, and never without ageing."""
    azul, numbers = person(0, 5, 0), itertools.count(1)
    waiting, minute = [azul], 0
    while azul in waiting:
        waiting.append(person(next(numbers), 2, minute))
        waiting.remove(rules.in_order(waiting, NOW + timedelta(minutes=minute))[0])
        minute += 10
        assert minute <= lift_bound(5) + 10
    assert minute > 240


@given(
    people=st.lists(st.tuples(levels, st.integers(0, 600)), min_size=1, max_size=25), at=st.integers(600, 900)
)
def test_the_reasons_agree_with_the_order(people: list[tuple[int | None, int]], at: int) -> None:
    queue = [person(n, level, minute) for n, (level, minute) in enumerate(people)]
    now = NOW + timedelta(minutes=at)
    ordered = rules.in_order(queue, now)
    for place, each in enumerate(ordered, start=1):
        why = rules.why(each.id, queue, now)
        assert why is not None
        assert (why.place, why.of) == (place, len(queue))
        assert [other.turn for other in why.ahead] == ordered[: place - 1]
        assert [other.turn for other in why.behind] == ordered[place:]
        for other in why.ahead:
            same_level = rules.level_of(other.turn) == why.level
            if other.because is Because.LEVEL:
                assert rules.level_of(other.turn) < why.level
            if other.because is Because.ARRIVAL:
                assert (other.turn.arrived_at or now) < (each.arrived_at or now)
            assert not (same_level and other.because is Because.LEVEL)
    assert rules.why(None, queue, now) == rules.why(ordered[0].id, queue, now)
    assert rules.why(UUID(int=999_999), queue, now) is None


def test_a_clinics_own_maximum_lifts_and_is_overdue() -> None:
    usual = person(0, 4, 0)
    shorter = replace(usual, id=UUID(int=7), triage_minutes=30)
    later = NOW + timedelta(minutes=31)
    assert [rules.is_overdue(each, later) for each in (usual, shorter)] == [False, True]
    assert rules.in_order([usual, shorter], later)[0] == shorter


# On the database


def waiting(network: Network, session: Session, **more: Any) -> turns.TurnAnswer:
    """Somebody who came without a turn."""
    values: dict[str, Any] = {"doctor_id": network.person_ids["lpaz"], "reason": "fiebre"} | more
    order = admissions.WalkIn(patient_id=new_patient(session).patient_id, **values)
    return session.desk().do(admissions.walk_in, order)


def row_of(session: Session, turn: turns.TurnAnswer) -> TurnRow:
    return session.desk().see(agenda.turns_by_ids, agenda.TurnsQuery(((turn.patient_id, turn.id),)))[0]


def level_order(turn: turns.TurnAnswer, level: int, **more: Any) -> GiveLevel:
    return GiveLevel(patient_id=turn.patient_id, turn_id=turn.id, level=level, **more)


def levels_of(session: Session, turn: turns.TurnAnswer) -> list[tuple[int, str, str | None]]:
    found = session.desk().see(queries.triage_of, agenda.TurnsQuery(((turn.patient_id, turn.id),)))
    return [(each.level, each.person, each.reason) for each in found]


def test_a_level_given_again_is_another_event(network: Network, log_in: LogIn) -> None:
    front, nurse, doctor = log_in("msosa"), log_in("enfe"), log_in("lpaz")
    turn = waiting(network, front, triage=4)
    answer = nurse.desk().do(give_level, level_order(turn, 2, seen=4, reason="dolor de pecho"))
    assert (answer.level, answer.before) == (2, 4)
    doctor.desk().do(give_level, level_order(turn, 3, seen=2))
    assert row_of(nurse, turn).triage == 3
    assert levels_of(nurse, turn) == [(4, "Sosa", None), (2, "Roldán", "dolor de pecho"), (3, "Paz", None)]


def test_two_nurses_at_once_one_is_told(network: Network, log_in: LogIn) -> None:
    front, nurse = log_in("msosa"), log_in("enfe")
    turn = waiting(network, front)
    first = level_order(turn, 2)
    nurse.desk().do(give_level, first)
    with pytest.raises(TriageChanged):
        nurse.desk().do(give_level, level_order(turn, 5))
    assert nurse.desk().do(give_level, first).level == 2, "sent again under its key it is the same answer"
    assert row_of(nurse, turn).triage == 2
    assert len(levels_of(nurse, turn)) == 1


@pytest.mark.parametrize("level", [0, 6, -1, 99])
def test_levels_outside_the_table(network: Network, log_in: LogIn, level: int) -> None:
    turn = waiting(network, log_in("msosa"))
    with pytest.raises(BadTriage):
        log_in("enfe").desk().do(give_level, level_order(turn, level))


def test_a_reason_without_end_and_a_patient_who_left(network: Network, log_in: LogIn) -> None:
    front, nurse = log_in("msosa"), log_in("enfe")
    turn = waiting(network, front)
    with pytest.raises(ReasonTooLong):
        nurse.desk().do(give_level, level_order(turn, 2, reason="x" * 401))
    left = turns.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, reason="se retiró"
    )
    front.desk().do(turns.cancel, left)
    with pytest.raises(TriageChanged):
        nurse.desk().do(give_level, level_order(turn, 2))


def test_the_counter_gives_the_first_level_and_no_other(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = waiting(network, front, triage=5)
    with pytest.raises(NotAllowed):
        front.desk().do(give_level, level_order(turn, 1, seen=5))
    with front.engine.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
        raw.execute(text("UPDATE turns SET triage = 1 WHERE id = :id"), {"id": turn.id})
    event = {"p": turn.patient_id, "t": turn.id, "me": network.person_ids["msosa"]}
    statement = text(
        "INSERT INTO triage_events (patient_id, id, turn_id, seq, level, at, person_id, act)"
        " VALUES (:p, gen_random_uuid(), :t, 2, 1, now(), :me, gen_random_uuid())"
    )
    with front.engine.connect() as raw, pytest.raises(DBAPIError, match="row-level security"):
        raw.execute(statement, event)
    with front.engine.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
        raw.execute(text("DELETE FROM triage_events"))


def test_raw_sql_gives_no_level_in_anothers_name(network: Network, log_in: LogIn) -> None:
    turn, nurse = waiting(network, log_in("msosa")), log_in("enfe")
    statement = text(
        "INSERT INTO triage_events (patient_id, id, turn_id, seq, level, at, person_id, act)"
        " VALUES (:p, gen_random_uuid(), :t, 1, :level, now(), :me, gen_random_uuid())"
    )
    mine = {"p": turn.patient_id, "t": turn.id, "me": network.person_ids["enfe"], "level": 2}
    for wrong in ({"me": network.person_ids["lpaz"]}, {"level": 6}, {"level": 0}):
        with nurse.engine.connect() as raw, pytest.raises(DBAPIError):
            raw.execute(statement, mine | wrong)
    with nurse.engine.begin() as raw:
        raw.execute(statement, mine)
    with nurse.engine.connect() as raw, pytest.raises(DBAPIError, match="triage_events_seq_uq"):
        raw.execute(statement, mine)


def test_a_clinic_sets_its_levels(network: Network, log_in: LogIn) -> None:
    admin, nurse, front = log_in("admin"), log_in("enfe"), log_in("msosa")
    turn = waiting(network, front, triage=5)
    try:
        admin.desk().do(sites.set_level, sites.SetTriageLevel(level=5, most_minutes=90))
        admin.desk().do(sites.set_level, sites.SetTriageLevel(level=3, most_minutes=60, in_use=False))
        assert row_of(nurse, turn).triage_minutes == 90
        shown = nurse.desk().see(sites.levels, SitesQuery(network.clinic_ids[0]))
        assert [(each.most_minutes, each.in_use) for each in shown] == [
            (0, True),
            (10, True),
            (60, False),
            (120, True),
            (90, True),
        ]
        with pytest.raises(BadTriage):
            nurse.desk().do(give_level, level_order(turn, 3, seen=5))
        other = log_in("sur").desk().see(sites.levels, SitesQuery(network.clinic_ids[1]))
        assert [each.most_minutes for each in other] == list(MANCHESTER_MINUTES.values())
    finally:
        with network.owner.begin() as owner:
            owner.execute(text("DELETE FROM triage_levels"))


@pytest.mark.parametrize(
    "wrong", [{"level": 6}, {"most_minutes": -1}, {"most_minutes": 9999}, {"level": 1, "in_use": False}]
)
def test_levels_that_cannot_be_set(log_in: LogIn, wrong: dict[str, Any]) -> None:
    values: dict[str, Any] = {"level": 2, "most_minutes": 0} | wrong
    with pytest.raises(BadTriageLevel):
        log_in("admin").desk().do(sites.set_level, sites.SetTriageLevel(**values))
    with pytest.raises(NotAllowed):
        log_in("enfe").desk().do(sites.set_level, sites.SetTriageLevel(level=2, most_minutes=5))


def moved(network: Network, turn: turns.TurnAnswer, to: str, *, seen: str = "lpaz", **more: Any) -> Transfer:
    return Transfer(
        patient_id=turn.patient_id,
        turn_id=turn.id,
        doctor_id=network.person_ids[to],
        seen=network.person_ids[seen],
        **more,
    )


def test_a_transfer_is_an_event_and_goes_back_before_the_admission_does(
    network: Network, log_in: LogIn
) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    turn = waiting(network, front)
    order = moved(network, turn, "jibarra", reason="lo pide traumatología")
    assert doctor.desk().do(transfer, order).doctor == "Ibarra"
    assert doctor.desk().do(transfer, order).doctor == "Ibarra", "sent again under its key"
    assert row_of(front, turn).doctor_id == network.person_ids["jibarra"]
    back = turns.Hop(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state)
    with pytest.raises(Transferred):
        front.desk().do(admissions.unadmit, back)
    front.desk().do(transfer, moved(network, turn, "lpaz", seen="jibarra"))
    with network.owner.connect() as owner:
        count = owner.execute(
            select(func.count()).select_from(transfers).where(transfers.c.turn_id == turn.id)
        ).scalar_one()
    assert count == 2
    assert front.desk().do(admissions.unadmit, back).state == "confirmado"


def test_transfers_that_cannot_be(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = waiting(network, front)
    with pytest.raises(SameQueue):
        front.desk().do(transfer, moved(network, turn, "lpaz"))
    with pytest.raises(DoctorNotFound):
        front.desk().do(transfer, moved(network, turn, "enfe"))
    with pytest.raises(TransferLate):
        front.desk().do(transfer, moved(network, turn, "dvidal", seen="jibarra"))
    assert row_of(front, turn).doctor_id == network.person_ids["lpaz"]
    with network.owner.connect() as owner:
        mine = transfers.c.turn_id == turn.id
        assert owner.execute(select(func.count()).select_from(transfers).where(mine)).scalar_one() == 0


def test_a_booked_turn_keeps_its_room_when_it_comes_back(network: Network, log_in: LogIn) -> None:
    from clinicdesk.clinic.turns import slots as offer

    front = log_in("msosa")
    day = clock.local_day(clock.now(), front.actor.at.zone) + timedelta(days=17)
    ask = offer.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=1)
    slot = front.desk().see(offer.slots, ask)[0]
    patient = new_patient(front).patient_id
    made = front.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient, slot=slot.id))
    there = Desk(front.engine, front.actor, now=lambda: slot.starts_at)
    arrival = admissions.Admit(patient_id=patient, turn_id=made.id, seq=1, from_state="registrado")
    turn = there.do(admissions.admit, arrival)
    there.do(transfer, moved(network, turn, "dvidal"))
    assert row_of(front, turn).room_code is None
    there.do(transfer, moved(network, turn, "lpaz", seen="dvidal"))
    assert row_of(front, turn).room_code == "C.1"


def test_why_next_speaks_of_the_doctors_own_queue(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    doctor = network.person_ids["dvidal"]
    first = waiting(network, front, doctor_id=doctor, triage=3)
    urgent = waiting(network, front, doctor_id=doctor, triage=2)
    waiting(network, front, triage=1)
    late = Desk(front.engine, front.actor, now=lambda: clock.now() + timedelta(minutes=1))
    next_one = late.see(queries.why_next, queries.WhyQuery(doctor_id=doctor))
    assert next_one is not None
    assert (next_one.turn.id, next_one.place) == (urgent.id, 1)
    behind = {each.turn.id: each.because for each in next_one.behind}
    assert behind[first.id] is Because.LEVEL
    second = late.see(queries.why_next, queries.WhyQuery(first.id))
    assert second is not None
    assert [(each.turn.id, each.because) for each in second.ahead][-1] == (urgent.id, Because.LEVEL)
    assert (second.level, second.most_minutes) == (3, 60)
    nobody = replace(queries.WhyQuery(), turn_id=UUID(int=5))
    assert late.see(queries.why_next, nobody) is None


def test_events_of_triage_count(network: Network, log_in: LogIn) -> None:
    """A walk-in without a level leaves none, one with a level leaves one."""
    front = log_in("msosa")
    without, given_one = waiting(network, front), waiting(network, front, triage=3)
    with network.owner.connect() as owner:
        counted = [
            owner.execute(
                select(func.count()).select_from(triage_events).where(triage_events.c.turn_id == each.id)
            ).scalar_one()
            for each in (without, given_one)
        ]
    assert counted == [0, 1]
