"""Cancellations with who asked and how late; absences, cancellations and errors taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import service, undo
from clinicdesk.clinic.turns.errors import IllegalHop, SlotTaken, TurnInCourse, TurnNotFound, UndoneTooLate
from clinicdesk.clinic.turns.model import turn_events
from clinicdesk.clinic.turns.rules import Asker
from tests.clinic.test_moving import booked, free, held, standing
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def order(turn: service.TurnAnswer, made: Any = service.Hop, **more: Any) -> Any:
    """A hop from where the turn stands."""
    seen = {"patient_id": turn.patient_id, "turn_id": turn.id, "seq": turn.seq, "from_state": turn.state}
    return made(**(seen | more))


def on(session: Session, turn: service.TurnAnswer, **later: int) -> Desk:
    """The person's desk at the hour of the turn."""
    return Desk(session.engine, session.actor, now=lambda: turn.starts_at + timedelta(**later))


def events(network: Network, turn: service.TurnAnswer) -> list[Any]:
    """The turn's events, the oldest first."""
    mine = select(turn_events).where(turn_events.c.turn_id == turn.id).order_by(turn_events.c.seq)
    with network.owner.connect() as owner:
        return list(owner.execute(mine))


@pytest.mark.parametrize(
    ("asked_by", "hours", "late"), [("paciente", 23, True), ("centro", 24, False), ("paciente", 200, False)]
)
def test_a_cancellation_says_who_asked_and_whether_it_was_late(
    network: Network, log_in: LogIn, asked_by: str, hours: int, late: bool
) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 70)
    desk = on(front, turn, hours=-hours)
    gone = desk.do(service.cancel, order(turn, reason="viaja", asked_by=Asker(asked_by)))
    row, event = standing(network, turn), events(network, turn)[-1]
    assert (row.cancelled_by, row.cancelled_late) == (asked_by, late)
    assert (event.asked_by, event.late, event.reason) == (asked_by, late, "viaja")
    back = desk.do(service.reopen, order(gone))
    assert (back.state, standing(network, turn).cancelled_by) == ("registrado", None)


def test_raw_sql_cancels_nothing_without_saying_who_asked(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 71)
    said = "patient_id, turn_id, seq, prev_seq, from_state, to_state, person_id, act, at"
    values = ":patient, :turn, 2, 1, 'registrado', 'cancelado', :person, gen_random_uuid(), now()"
    row = {"patient": turn.patient_id, "turn": turn.id, "person": front.actor.person_id}
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="turn_events_asked_ck"):
        connection.execute(text(f"INSERT INTO turn_events ({said}) VALUES ({values})"), row)
    whole = f"INSERT INTO turn_events ({said}, asked_by, late) VALUES ({values}, 'centro', false)"
    with front.engine.connect() as connection:
        assert connection.execute(text(whole), row).rowcount == 1


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_mistaken_absence_is_undone_on_its_day(network: Network, log_in: LogIn, confirmed: bool) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 72)
    if confirmed:
        turn = front.desk().do(service.confirm, order(turn))
    gone = on(front, turn).do(service.absent, order(turn, reason="no vino"))
    assert held(network, turn) == []
    back = on(front, turn, minutes=2).do(undo.unabsent, order(gone))
    assert (back.state, len(held(network, turn))) == (turn.state, 3)
    assert [event.how for event in events(network, turn)][-1] == "undo"
    assert on(front, turn, minutes=3).do(admissions.admit, order(back, admissions.Admit)).ticket


def test_an_absence_stands_once_its_day_is_over(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 73)
    gone = on(front, turn).do(service.absent, order(turn, reason="no vino"))
    with pytest.raises(UndoneTooLate):
        on(front, turn, days=1).do(undo.unabsent, order(gone))
    assert standing(network, turn).state == "ausente"


def test_an_absence_whose_time_is_anothers_now_is_not_undone(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 74, at=30)
    gone = on(front, turn, minutes=-5).do(service.absent, order(turn, reason="avisó"))
    slot = free(network, front, "lpaz", 74, 30)
    assert slot.starts_at == turn.starts_at
    front.desk().do(
        service.book_turn, service.BookTurn(patient_id=new_patient(front).patient_id, slot=slot.id)
    )
    with pytest.raises(SlotTaken):
        on(front, turn).do(undo.unabsent, order(gone))
    assert standing(network, turn).state == "ausente"


def test_nothing_else_is_undone_that_way(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 75)
    for session_turn in (turn, front.desk().do(service.cancel, order(turn, reason="viaja"))):
        with pytest.raises(IllegalHop):
            on(front, turn).do(undo.unabsent, order(session_turn))


def test_raw_sql_undoes_no_absence_into_a_state_it_did_not_leave(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 76)
    on(front, turn).do(service.absent, order(turn, reason="no vino"))
    back = text(
        "INSERT INTO turn_events"
        " (patient_id, turn_id, seq, prev_seq, back_seq, from_state, to_state, how, person_id, act, at)"
        " VALUES (:patient, :turn, 3, 2, 1, 'ausente', :to, 'undo', :person, gen_random_uuid(), now())"
    )
    row = {"patient": turn.patient_id, "turn": turn.id, "person": front.actor.person_id}
    with front.engine.connect() as connection, pytest.raises(DBAPIError, match="turn_events_back_fk"):
        connection.execute(back, row | {"to": "confirmado"})
    with front.engine.connect() as connection:
        assert connection.execute(back, row | {"to": "registrado"}).rowcount == 1


def test_a_turn_entered_by_error_leaves_an_event(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    turn = booked(network, front, 77)
    void = undo.Void(patient_id=turn.patient_id, turn_id=turn.id, reason="era otra persona")
    answer = front.desk().do(undo.void, void)
    event = events(network, turn)[-1]
    assert (event.how, event.from_state, event.to_state) == ("void", "registrado", "registrado")
    assert (event.reason, answer.seq, held(network, turn)) == ("era otra persona", 2, [])


def test_who_is_with_the_doctor_is_not_voided_before_the_visit_ends(network: Network, log_in: LogIn) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    turn = booked(network, front, 78)
    waits = on(front, turn).do(admissions.admit, order(turn, admissions.Admit))
    inside = on(doctor, turn).do(records.start_visit, order(waits, records.StartVisit))
    void = undo.Void(patient_id=turn.patient_id, turn_id=turn.id, reason="era otra persona")
    with pytest.raises(TurnInCourse):
        on(front, turn).do(undo.void, void)
    assert standing(network, turn).voided_reason is None
    ends = records.FinishVisit(
        patient_id=turn.patient_id, turn_id=turn.id, seq=inside.seq, from_state="en_curso"
    )
    on(doctor, turn).do(records.finish_visit, ends)
    again = undo.Void(patient_id=turn.patient_id, turn_id=turn.id, reason="era otra persona")
    assert on(front, turn).do(undo.void, again).state == "finalizado"


def test_a_clinic_confirms_and_cancels_for_another_but_admits_for_none(
    network: Network, log_in: LogIn
) -> None:
    front, south = log_in("msosa"), log_in("sur")
    turn = booked(network, front, 79)
    turn = south.desk().do(service.confirm, order(turn))
    turn = south.desk().do(service.cancel, order(turn, reason="llamó a otro centro"))
    turn = south.desk().do(service.reopen, order(turn))
    assert (turn.state, len(held(network, turn))) == ("registrado", 3)
    with pytest.raises(TurnNotFound):
        on(south, turn).do(service.absent, order(turn, reason="no vino"))
    with pytest.raises(TurnNotFound):
        on(south, turn).do(admissions.admit, order(turn, admissions.Admit))
    assert on(front, turn).do(admissions.admit, order(turn, admissions.Admit)).state == "en_espera"
    with network.owner.connect() as owner:
        doers = owner.execute(select(turn_events.c.person_id).where(turn_events.c.turn_id == turn.id))
        assert south.actor.person_id in {row.person_id for row in doers}
