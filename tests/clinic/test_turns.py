"""Turns through Desk and by raw SQL: the whole state table, claims, tickets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions.errors import BadTriage, NotToday
from clinicdesk.clinic.agendas.errors import SlotNotFound
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns import service, undo
from clinicdesk.clinic.turns import slots as offer
from clinicdesk.clinic.turns.errors import (
    IllegalHop,
    PatientDeceased,
    ReasonNeeded,
    SlotPast,
    SlotTaken,
    TurnChanged,
    TurnNotFound,
)
from clinicdesk.clinic.turns.model import bookings, turn_events, turns
from clinicdesk.clinic.turns.rules import HOPS, State, may_hop
from clinicdesk.clinic.turns.undo import reinstate
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

VERBS: dict[State | tuple[State, State], tuple[Any, type[service.Hop]]] = {
    (State.EN_ESPERA, State.CONFIRMADO): (admissions.unadmit, service.Hop),
    (State.CANCELADO, State.REGISTRADO): (service.reopen, service.Hop),
    (State.EN_CURSO, State.EN_ESPERA): (service.requeue, service.Hop),
    State.CONFIRMADO: (service.confirm, service.Hop),
    State.REGISTRADO: (service.unconfirm, service.Hop),
    State.EN_ESPERA: (admissions.admit, admissions.Admit),
    State.EN_CURSO: (records.start_visit, records.StartVisit),
    State.FINALIZADO: (records.finish_visit, records.FinishVisit),
    State.CANCELADO: (service.cancel, service.Hop),
    State.AUSENTE: (service.absent, service.Hop),
}
LogIn = Callable[..., Session]
_days = itertools.count(20)


def a_day(session: Session) -> Any:
    """A future day that no other test books in."""
    return clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=next(_days))


def booked(network: Network, session: Session, *, doctor: str = "lpaz") -> service.TurnAnswer:
    """A patient with a turn on a day of its own."""
    ask = offer.SlotsQuery(network.clinic_ids[0], network.person_ids[doctor], since=a_day(session), days=1)
    slot = session.desk().see(offer.slots, ask)[0]
    order = service.BookTurn(patient_id=new_patient(session).patient_id, slot=slot.id)
    return session.desk().do(service.book_turn, order)


def hop(session: Session, turn: service.TurnAnswer, to_state: State, **more: Any) -> service.TurnAnswer:
    """Move a turn by the verb that leads from its state to another."""
    case, order = VERBS.get((State(turn.state), to_state)) or VERBS[to_state]
    values: dict[str, Any] = {"patient_id": turn.patient_id, "turn_id": turn.id}
    values |= {"seq": turn.seq, "from_state": turn.state}
    on_its_day = Desk(session.engine, session.actor, now=lambda: turn.starts_at)
    answer = on_its_day.do(case, order(**(values | {"reason": "prueba"} | more)))
    state = answer.state
    return service.TurnAnswer(turn.patient_id, turn.id, answer.seq, state, turn.starts_at)


def active_claims(network: Network, turn: service.TurnAnswer) -> int:
    """How many resources a turn holds."""
    mine = select(func.count()).where(bookings.c.turn_id == turn.id, bookings.c.active)
    with network.owner.connect() as owner:
        return int(owner.execute(mine).scalar_one())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=st.lists(st.sampled_from(list(State)), min_size=1, max_size=9))
def test_any_stream_of_hops_ends_where_the_table_says(
    network: Network, log_in: LogIn, stream: list[State]
) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    turn = booked(network, front)
    for wanted in stream:
        attends = State.EN_CURSO in {State(turn.state), wanted} or wanted is State.FINALIZADO
        who = doctor if attends else front
        if may_hop(State(turn.state), wanted):
            turn = hop(who, turn, wanted)
            assert turn.state == wanted
        else:
            with pytest.raises(IllegalHop):
                hop(who, turn, wanted)
    with network.owner.connect() as owner:
        stored = owner.execute(select(turns.c.state, turns.c.seq).where(turns.c.id == turn.id)).one()
        events = owner.execute(
            select(turn_events.c.from_state, turn_events.c.to_state)
            .where(turn_events.c.turn_id == turn.id)
            .order_by(turn_events.c.seq)
        ).all()
    assert (stored.state, stored.seq) == (turn.state, len(events))
    assert all(earlier.to_state == later.from_state for earlier, later in itertools.pairwise(events))


def test_the_second_desk_learns_that_the_turn_moved_on(network: Network, log_in: LogIn) -> None:
    front, other = log_in("msosa"), log_in("cruiz")
    turn = booked(network, front)
    hop(front, turn, State.CONFIRMADO)
    with pytest.raises(TurnChanged, match="confirmado"):
        hop(other, turn, State.CANCELADO)


def test_cancelled_frees_the_slot_and_reopening_asks_for_it_back(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    assert active_claims(network, turn) == 3
    cancelled = hop(front, turn, State.CANCELADO)
    assert active_claims(network, turn) == 0
    order = service.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=cancelled.seq, from_state=cancelled.state
    )
    reopened = front.desk().do(service.reopen, order)
    assert (reopened.state, active_claims(network, turn)) == ("registrado", 3)


@pytest.mark.parametrize("stood", [State.REGISTRADO, State.CONFIRMADO, State.EN_ESPERA])
def test_a_cancellation_taken_back_leaves_the_turn_where_it_stood(
    network: Network, log_in: LogIn, stood: State
) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    before = turn if stood is State.REGISTRADO else hop(front, turn, stood)
    gone = hop(front, before, State.CANCELADO)
    order = service.Hop(patient_id=turn.patient_id, turn_id=turn.id, seq=gone.seq, from_state=gone.state)
    on_its_day = Desk(front.engine, front.actor, now=lambda: turn.starts_at)
    back = on_its_day.do(reinstate, order)
    assert (back.state, active_claims(network, turn)) == (stood, 3)
    row = front.desk().see(agenda.turns_by_ids, agenda.TurnsQuery(((turn.patient_id, turn.id),)))[0]
    assert (row.ticket is not None) is (row.arrived_at is not None) is (stood is State.EN_ESPERA)


def test_a_reopened_turn_whose_time_is_gone_is_refused(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    day = a_day(front)
    ask = offer.SlotsQuery(network.clinic_ids[0], network.person_ids["jibarra"], since=day, days=1)
    slot = front.desk().see(offer.slots, ask)[0]
    one, two = new_patient(front), new_patient(front)
    first = front.desk().do(service.book_turn, service.BookTurn(patient_id=one.patient_id, slot=slot.id))
    cancelled = hop(front, first, State.CANCELADO)
    front.desk().do(service.book_turn, service.BookTurn(patient_id=two.patient_id, slot=slot.id))
    with pytest.raises(SlotTaken):
        front.desk().do(
            service.reopen,
            service.Hop(
                patient_id=one.patient_id, turn_id=first.id, seq=cancelled.seq, from_state="cancelado"
            ),
        )
    assert active_claims(network, first) == 0


def test_a_late_arrival_taken_back_does_not_share_a_slot_that_was_given_away(
    network: Network, log_in: LogIn
) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    late = hop(front, hop(front, turn, State.AUSENTE), State.EN_ESPERA)
    assert active_claims(network, turn) == 0
    back = hop(front, late, State.CONFIRMADO)
    assert (back.state, active_claims(network, turn)) == ("confirmado", 3)
    late = hop(front, hop(front, back, State.AUSENTE), State.EN_ESPERA)
    with network.owner.connect() as owner:
        block = owner.execute(select(turns.c.block_id).where(turns.c.id == turn.id)).scalar_one()
    slot = f"{block}.{turn.starts_at:%Y%m%dT%H%M}"
    other = service.BookTurn(patient_id=new_patient(front).patient_id, slot=slot)
    front.desk().do(service.book_turn, other)
    with pytest.raises(SlotTaken):
        hop(front, late, State.CONFIRMADO)
    assert active_claims(network, turn) == 0


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("confirm", [State.EN_ESPERA]),
        ("unadmit", []),
        ("unconfirm", [State.CANCELADO]),
        ("reopen", [State.CONFIRMADO]),
        ("admit", [State.EN_ESPERA, State.EN_CURSO]),
        ("requeue", []),
        ("requeue", [State.AUSENTE]),
    ],
)
def test_a_verb_makes_no_other_verbs_hop(
    network: Network, log_in: LogIn, verb: str, path: list[State]
) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    turn = booked(network, front)
    for state in path:
        turn = hop(doctor if state is State.EN_CURSO else front, turn, state)
    who = doctor if verb == "requeue" else front
    order = admissions.Admit if verb == "admit" else service.Hop
    case = getattr(admissions if verb in {"admit", "unadmit"} else service, verb)
    on_its_day = Desk(who.engine, who.actor, now=lambda: turn.starts_at)
    seen = order(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state)
    with pytest.raises(IllegalHop):
        on_its_day.do(case, seen)


def test_cancelling_needs_a_reason(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    with pytest.raises(ReasonNeeded):
        hop(front, booked(network, front), State.CANCELADO, reason="  ")


def test_nobody_is_admitted_for_another_day(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    order = admissions.Admit(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state)
    with pytest.raises(NotToday, match=turn.starts_at.strftime("%d/%m/%Y")):
        front.desk().do(admissions.admit, order)
    assert hop(front, turn, State.EN_ESPERA).state == "en_espera"


def test_nobody_is_admitted_at_another_clinic(network: Network, log_in: LogIn) -> None:
    turn = booked(network, log_in("msosa"))
    with pytest.raises(TurnNotFound):
        hop(log_in("sur"), turn, State.EN_ESPERA)
    assert hop(log_in("sur"), turn, State.CONFIRMADO).state == "confirmado"


@pytest.mark.parametrize(
    ("slot", "refusal"),
    [
        ("", SlotNotFound),
        ("x.y", SlotNotFound),
        ("999999.20270101T0000", SlotNotFound),
        *((f"{block}.99991231T2355", SlotNotFound) for block in range(1, 8)),
    ],
)
def test_slots_that_no_agenda_offers(log_in: LogIn, slot: str, refusal: type[Exception]) -> None:
    front = log_in("msosa")
    order = service.BookTurn(patient_id=new_patient(front).patient_id, slot=slot)
    with pytest.raises(refusal):
        front.desk().do(service.book_turn, order)


def test_past_slots_and_hours_between_slots(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient = new_patient(front).patient_id
    yesterday = clock.local_day(clock.now(), front.actor.at.zone) - timedelta(days=1)
    block = network.block_ids["lpaz"] + yesterday.weekday()
    past = service.BookTurn(patient_id=patient, slot=f"{block}.{yesterday:%Y%m%d}T1000")
    with pytest.raises(SlotPast):
        front.desk().do(service.book_turn, past)
    between = service.BookTurn(patient_id=patient, slot=f"{block}.{yesterday:%Y%m%d}T1003")
    with pytest.raises(SlotNotFound):
        front.desk().do(service.book_turn, between)


def test_the_dead_get_no_turns(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient = new_patient(front).patient_id
    with network.owner.begin() as owner:
        died = update(patients).where(patients.c.patient_id == patient)
        owner.execute(died.values(deceased_on=text("current_date")))
    order = admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason="control")
    with pytest.raises(PatientDeceased):
        front.desk().do(admissions.walk_in, order)


def test_void_marks_and_frees(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    order = undo.Void(patient_id=turn.patient_id, turn_id=turn.id, reason="cargado por error")
    front.desk().do(undo.void, order)
    assert active_claims(network, turn) == 0
    seen = agenda.PatientTurnsQuery(turn.patient_id)
    assert front.desk().see(agenda.patient_turns, seen) == ()


def test_a_voided_turn_keeps_its_reason_and_is_called_by_nobody(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = hop(front, booked(network, front), State.EN_ESPERA)
    order = undo.Void(patient_id=turn.patient_id, turn_id=turn.id, reason="otra persona")
    front.desk().do(undo.void, order)
    with pytest.raises(TurnNotFound):
        front.desk().do(undo.void, replace(order, key=new_id(), reason="tapado"))
    with pytest.raises(TurnNotFound):
        front.desk().do(service.call, service.Call(patient_id=turn.patient_id, turn_id=turn.id))
    with network.owner.connect() as owner:
        kept = owner.execute(select(turns.c.voided_reason).where(turns.c.id == turn.id)).scalar_one()
    assert kept == "otra persona"


@pytest.mark.parametrize("triage", [0, 6])
def test_a_level_of_triage_outside_the_table(network: Network, log_in: LogIn, triage: int) -> None:
    front = log_in("msosa")
    doctor = network.person_ids["lpaz"]
    patient = new_patient(front).patient_id
    order = admissions.WalkIn(patient_id=patient, doctor_id=doctor, reason="tos", triage=triage)
    with pytest.raises(BadTriage):
        front.desk().do(admissions.walk_in, order)
    made = front.desk().do(admissions.walk_in, replace(order, key=new_id(), triage=3))
    by_hand = text("UPDATE turns SET triage = :triage WHERE id = :turn")
    with pytest.raises(DBAPIError, match="turns_triage_ck"), network.owner.begin() as owner:
        owner.execute(by_hand, {"triage": triage, "turn": made.id})


def raw_event(turn: service.TurnAnswer, person_id: int, **changes: Any) -> tuple[str, dict[str, Any]]:
    """An INSERT of an event as a person with psql would write it."""
    values = {
        "patient_id": turn.patient_id,
        "turn_id": turn.id,
        "seq": 2,
        "prev_seq": 1,
        "from_state": "registrado",
        "to_state": "confirmado",
        "person_id": person_id,
        "act": new_id(),
    } | changes
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    return f"INSERT INTO turn_events ({names}, at) VALUES ({marks}, now())", values


ILLEGAL: list[tuple[str, dict[str, Any], str]] = [
    ("jump", {"to_state": "finalizado"}, "turn_events_transition_fk"),
    ("unknown state", {"to_state": "volando"}, "turn_events_transition_fk"),
    ("from a state it is not in", {"from_state": "en_espera", "to_state": "en_curso"}, "turn_events_prev_fk"),
    ("a gap in the chain", {"seq": 3, "prev_seq": 2}, "turn_events_prev_fk"),
    ("a loose first event", {"seq": 1, "prev_seq": None, "from_state": ""}, "turn_events_pk|_transition_fk"),
    ("no predecessor", {"prev_seq": None}, "turn_events_chain_ck"),
]


@pytest.mark.parametrize(
    ("changes", "constraint"), [(each[1], each[2]) for each in ILLEGAL], ids=[e[0] for e in ILLEGAL]
)
def test_raw_sql_cannot_make_an_illegal_hop(
    network: Network, log_in: LogIn, changes: dict[str, Any], constraint: str
) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    legal, values = raw_event(turn, network.person_ids["msosa"])
    with front.engine.connect() as connection:
        assert connection.execute(text(legal), values).rowcount in {1, -1}
        connection.rollback()
    illegal, values = raw_event(turn, network.person_ids["msosa"], **changes)
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match=constraint):
        connection.execute(text(illegal), values)


def test_raw_sql_cannot_set_a_state_by_hand_nor_fork_a_turn(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    by_hand = text("UPDATE turns SET state = 'finalizado' WHERE patient_id = :p AND id = :t")
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="turns_state_fk"):
        connection.execute(by_hand, {"p": turn.patient_id, "t": turn.id})
    hop(front, turn, State.CONFIRMADO)
    fork, values = raw_event(turn, network.person_ids["msosa"], to_state="ausente")
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="turn_events_pk"):
        connection.execute(text(fork), values)
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("UPDATE turn_events SET to_state = 'ausente'"))


def test_raw_sql_cannot_overlap_a_claim(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front)
    twin = text(
        "INSERT INTO bookings SELECT resource, resource_id, gen_random_uuid(), patient_id, turn_id, during,"
        " true FROM bookings WHERE turn_id = :t"
    )
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="bookings_no_overlap"):
        connection.execute(twin, {"t": turn.id})


def test_the_table_of_hops_has_no_way_out_of_finalizado() -> None:
    assert HOPS[State.FINALIZADO] == ()
    assert set(HOPS) == set(State)


def test_a_requeued_turn_keeps_its_visit(network: Network, log_in: LogIn) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    turn = hop(doctor, hop(front, booked(network, front), State.EN_ESPERA), State.EN_CURSO)
    order = service.Hop(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state)
    back = doctor.desk().do(service.requeue, order)
    again = records.StartVisit(
        patient_id=turn.patient_id, turn_id=turn.id, seq=back.seq, from_state=back.state
    )
    answer = doctor.desk().do(records.start_visit, again)
    assert answer.visit_id != again.visit_id
