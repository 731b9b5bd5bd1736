"""The day of a clinic: closed, it has ended every turn or lists it; opened again, it is as it was."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import queries
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions.days import (
    CloseDay,
    DayAnswer,
    EndTurn,
    OpenDay,
    close_day,
    open_day,
)
from clinicdesk.clinic.admissions.errors import DayClosed, DayNotClosed, DayNotOver, DayToCome
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.records.left_over import resolve
from clinicdesk.clinic.records.model import visits
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as offer
from clinicdesk.clinic.turns.errors import IllegalHop, ReasonNeeded, TurnChanged
from clinicdesk.clinic.turns.model import bookings, turn_events
from clinicdesk.clinic.turns.model import turns as stored
from clinicdesk.clinic.turns.queries import DayQuery
from clinicdesk.kit import clock
from clinicdesk.reports import ReportQuery
from clinicdesk.reports.day import REPORT
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
_days = itertools.count(200)
NEVER_CAME = ("registrado", "confirmado")


@dataclass
class Day:
    """A day of its own, in the evening: everybody's clock stands there."""

    network: Network
    log_in: LogIn
    day: date
    evening: datetime

    def desk(self, username: str) -> Desk:
        session = self.log_in(username)
        return Desk(session.engine, session.actor, now=lambda: self.evening)

    def turn(self, state: str, place: int = 0) -> turns.TurnAnswer:
        """A turn of the day, in the first place free or a later one, that has come so far."""
        session, desk = self.log_in("msosa"), self.desk("msosa")
        ask = offer.SlotsQuery(
            self.network.clinic_ids[0], self.network.person_ids["lpaz"], since=self.day, days=1
        )
        slot = session.desk().see(offer.slots, ask)[place]
        order = turns.BookTurn(patient_id=new_patient(session).patient_id, slot=slot.id)
        answer = session.desk().do(turns.book_turn, order)
        path = {
            "registrado": (),
            "confirmado": ((turns.confirm, turns.Hop),),
            "en_espera": ((admissions.admit, admissions.Admit),),
            "en_curso": ((admissions.admit, admissions.Admit), (records.start_visit, records.StartVisit)),
            "cancelado": ((turns.cancel, turns.Hop),),
            "ausente": ((turns.absent, turns.Hop),),
        }[state]
        case: Any
        made: Any
        for case, made in path:
            who = self.desk("lpaz") if case is records.start_visit else desk
            hop = made(
                patient_id=order.patient_id,
                turn_id=order.turn_id,
                seq=answer.seq,
                from_state=answer.state,
                reason="prueba",
            )
            moved: Any = who.do(case, hop)
            answer = turns.TurnAnswer(
                order.patient_id, order.turn_id, moved.seq, moved.state, answer.starts_at
            )
        return answer

    def close(self, **more: Any) -> DayAnswer:
        return self.desk("secre").do(close_day, CloseDay(day=self.day, **more))

    def open(self) -> DayAnswer:
        return self.desk("secre").do(open_day, OpenDay(day=self.day))

    def states(self) -> dict[UUID, str]:
        with self.network.owner.connect() as owner:
            mine = (stored.c.day == self.day) & (stored.c.clinic_id == self.network.clinic_ids[0])
            return {
                row.id: row.state for row in owner.execute(select(stored.c.id, stored.c.state).where(mine))
            }

    def left(self) -> set[UUID]:
        query = DayQuery(self.network.clinic_ids[0], self.day)
        return {row.id for row in self.desk("secre").see(queries.exceptions, query)}


@pytest.fixture
def once(log_in: LogIn) -> LogIn:
    """Each person logs in once a test: the gate counts logins."""
    return functools.cache(log_in)


@pytest.fixture
def a_day(network: Network, once: LogIn) -> Day:
    return fresh(network, once, once("secre").actor.at.zone)


def fresh(network: Network, log_in: LogIn, zone: str) -> Day:
    day = clock.local_day(clock.now(), zone) + timedelta(days=next(_days))
    return Day(network, log_in, day, clock.day_bounds(day, zone)[1] - timedelta(minutes=5))


def test_who_never_came_is_absent_and_who_is_here_is_listed(a_day: Day) -> None:
    made = {
        state: a_day.turn(state)
        for state in ("registrado", "confirmado", "en_espera", "en_curso", "cancelado")
    }
    answer = a_day.close()
    assert (answer.closed, answer.changed, answer.exceptions) == (True, 2, 2)
    states = a_day.states()
    assert {state: states[turn.id] for state, turn in made.items()} == {
        "registrado": "ausente",
        "confirmado": "ausente",
        "en_espera": "en_espera",
        "en_curso": "en_curso",
        "cancelado": "cancelado",
    }
    assert a_day.left() == {made["en_espera"].id, made["en_curso"].id}
    assert answer.counts == {
        **dict.fromkeys(("registrado", "confirmado", "finalizado"), 0),
        "ausente": 2,
        "en_espera": 1,
        "en_curso": 1,
        "cancelado": 1,
    }
    with a_day.network.owner.connect() as owner:
        reasons = owner.execute(
            select(turn_events.c.reason).where(turn_events.c.turn_id == made["registrado"].id)
        ).scalars()
        active = owner.execute(
            select(bookings.c.active).where(bookings.c.turn_id == made["registrado"].id)
        ).scalars()
        assert list(reasons)[-1] == "cierre del día"
        assert not any(active)


def test_closing_again_changes_nothing_and_a_repeated_key_gives_the_first_answer(a_day: Day) -> None:
    a_day.turn("registrado")
    desk, order = a_day.desk("secre"), CloseDay(day=a_day.day)
    first = desk.do(close_day, order)
    assert desk.do(close_day, order) == first
    again = desk.do(close_day, CloseDay(day=a_day.day))
    assert (again.closed, again.changed, again.counts) == (True, 0, first.counts)
    with a_day.network.owner.connect() as owner:
        rows = owner.execute(text("SELECT count(*) FROM day_closings WHERE day = :day"), {"day": a_day.day})
        assert rows.scalar_one() == 1


def test_the_report_of_the_day_agrees(a_day: Day) -> None:
    for state in ("registrado", "en_espera", "cancelado", "ausente"):
        a_day.turn(state)
    answer = a_day.close()
    table = a_day.desk("secre").see(REPORT.view, ReportQuery(a_day.day, a_day.day))
    facts = {fact.key: fact.value for fact in table.facts}
    assert facts["turns"] == sum(answer.counts.values()) == 4


def test_opening_takes_the_closing_back_and_no_other_absence(a_day: Day) -> None:
    made = {state: a_day.turn(state) for state in ("registrado", "confirmado", "ausente")}
    a_day.close()
    answer = a_day.open()
    assert (answer.closed, answer.changed, answer.kept, answer.exceptions) == (False, 2, 0, 0)
    states = a_day.states()
    assert {state: states[turn.id] for state, turn in made.items()} == {state: state for state in made}
    with a_day.network.owner.connect() as owner:
        held = owner.execute(
            select(bookings.c.active).where(bookings.c.turn_id == made["registrado"].id)
        ).scalars()
        assert list(held) == [True] * 3
    assert a_day.open().changed == 0
    assert a_day.close().changed == 2


def test_who_lost_their_time_meanwhile_stays_absent(a_day: Day) -> None:
    turn = a_day.turn("registrado")
    a_day.close()
    session = a_day.log_in("msosa")
    with a_day.network.owner.connect() as owner:
        block = owner.execute(select(stored.c.block_id).where(stored.c.id == turn.id)).scalar_one()
    slot = f"{block}.{turn.starts_at:%Y%m%dT%H%M}"
    other = turns.BookTurn(patient_id=new_patient(session).patient_id, slot=slot)
    session.desk().do(turns.book_turn, other)
    assert a_day.left() == {other.turn_id}, "booked on a closed day: listed, since nobody will admit it"
    answer = a_day.open()
    assert (answer.changed, answer.kept) == (0, 1)
    assert a_day.states()[turn.id] == "ausente"


def test_nobody_arrives_on_a_closed_day(a_day: Day) -> None:
    late = a_day.turn("registrado")
    a_day.close()
    desk, session = a_day.desk("msosa"), a_day.log_in("msosa")
    shown = f"{a_day.day:%d/%m/%Y}"
    arrival = admissions.Admit(patient_id=late.patient_id, turn_id=late.id, seq=2, from_state="ausente")
    with pytest.raises(DayClosed, match=shown):
        desk.do(admissions.admit, arrival)
    walk = admissions.WalkIn(
        patient_id=new_patient(session).patient_id, doctor_id=a_day.network.person_ids["lpaz"], reason="tos"
    )
    with pytest.raises(DayClosed, match=shown):
        desk.do(admissions.walk_in, walk)
    a_day.open()
    assert desk.do(admissions.walk_in, walk).ticket == "A001"


def test_only_days_that_are_over(a_day: Day) -> None:
    turn = a_day.turn("registrado", place=5)
    early = Desk(
        a_day.log_in("secre").engine,
        a_day.log_in("secre").actor,
        now=lambda: turn.starts_at - timedelta(minutes=1),
    )
    with pytest.raises(DayNotOver, match="1 turno"):
        early.do(close_day, CloseDay(day=a_day.day))
    with pytest.raises(DayToCome):
        early.do(close_day, CloseDay(day=a_day.day + timedelta(days=1)))
    assert a_day.states()[turn.id] == "registrado"
    assert early.do(close_day, CloseDay(day=a_day.day, early=True)).changed == 1


def test_only_the_secretary_closes(a_day: Day) -> None:
    for username in ("msosa", "lpaz", "enfe", "gestion"):
        with pytest.raises(NotAllowed):
            a_day.desk(username).do(close_day, CloseDay(day=a_day.day))
    statement = text(
        "INSERT INTO day_closings (clinic_id, day, seq, prev_seq, closed, at, person_id, act)"
        " VALUES (:clinic, :day, :seq, :prev, :closed, now(), :me, gen_random_uuid())"
    )
    ids = a_day.network.person_ids
    clinic = a_day.network.clinic_ids
    row = {"clinic": clinic[0], "day": a_day.day, "seq": 1, "prev": None, "closed": True, "me": ids["secre"]}
    with a_day.log_in("msosa").engine.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
        raw.execute(statement, row | {"me": ids["msosa"]})
    wrong: dict[str, Any]
    for wrong in (
        {"closed": False},
        {"seq": 3, "prev": 2},
        {"seq": 2, "prev": None, "closed": False},
        {"me": ids["msosa"]},
        {"clinic": clinic[1]},
    ):
        with a_day.log_in("secre").engine.connect() as raw, pytest.raises(DBAPIError):
            raw.execute(statement, row | wrong)
    with a_day.log_in("secre").engine.begin() as raw:
        raw.execute(statement, row)
    with a_day.log_in("secre").engine.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
        raw.execute(text("DELETE FROM day_closings"))


def ending(turn: turns.TurnAnswer, how: str, reason: str = "lo dijo la doctora") -> EndTurn:
    return EndTurn(
        patient_id=turn.patient_id,
        turn_id=turn.id,
        seq=turn.seq,
        from_state=turn.state,
        ending=how,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("state", "how", "ends"),
    [
        ("en_espera", "finalizado", "finalizado"),
        ("en_espera", "se_retiro", "cancelado"),
        ("en_curso", "finalizado", "finalizado"),
        ("en_curso", "se_retiro", "cancelado"),
    ],
)
def test_what_is_left_ends_one_by_one(a_day: Day, state: str, how: str, ends: str) -> None:
    turn, other = a_day.turn(state), a_day.turn("en_espera")
    secretary = a_day.desk("secre")
    with pytest.raises(DayNotClosed):
        secretary.do(resolve, ending(turn, how))
    a_day.close()
    with pytest.raises(ReasonNeeded):
        secretary.do(resolve, ending(turn, how, reason=" "))
    with pytest.raises(IllegalHop):
        secretary.do(resolve, ending(turn, "ausente"))
    order = ending(turn, how)
    assert secretary.do(resolve, order).state == ends
    assert secretary.do(resolve, order).state == ends, "sent again under its key"
    with pytest.raises(TurnChanged):
        secretary.do(resolve, ending(turn, how))
    assert a_day.left() == {other.id}
    with pytest.raises(NotAllowed):
        a_day.desk("msosa").do(resolve, ending(other, "finalizado"))


def ended(a_day: Day, turn: turns.TurnAnswer) -> list[datetime | None]:
    with a_day.network.owner.connect() as owner:
        mine = visits.c.turn_id == turn.id
        return list(owner.execute(select(visits.c.ended_at).where(mine)).scalars())


@pytest.mark.parametrize("how", ["finalizado", "se_retiro"])
def test_the_visit_of_who_was_left_in_the_room_ends_with_the_turn(a_day: Day, how: str) -> None:
    turn, other = a_day.turn("en_curso"), a_day.turn("en_curso")
    a_day.close()
    a_day.desk("secre").do(resolve, ending(turn, how))
    assert (ended(a_day, turn), ended(a_day, other)) == ([a_day.evening], [None])


def test_by_raw_sql_a_visit_ends_with_its_turn_alone(a_day: Day) -> None:
    turn = a_day.turn("en_curso")
    statement = text("SELECT charts.end_visit(:patient, :turn)")
    of = {"patient": turn.patient_id, "turn": turn.id}
    with a_day.log_in("secre").engine.begin() as raw:
        raw.execute(statement, of)
    assert ended(a_day, turn) == [None]
    for read in ("SELECT started_at FROM visits", "UPDATE visits SET ended_at = now()"):
        with (
            a_day.log_in("secre").engine.connect() as raw,
            pytest.raises(DBAPIError, match="permission denied"),
        ):
            raw.execute(text(read))
    with a_day.log_in("msosa").engine.connect() as raw, pytest.raises(DBAPIError, match="permission denied"):
        raw.execute(statement, of)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    states=st.lists(
        st.sampled_from(["registrado", "confirmado", "en_espera", "en_curso", "cancelado", "ausente"]),
        min_size=1,
        max_size=6,
    )
)
def test_every_turn_ends_or_is_listed(network: Network, once: LogIn, states: list[str]) -> None:
    day = fresh(network, once, once("secre").actor.at.zone)
    made = [day.turn(state) for state in states]
    before = day.states()
    answer = day.close()
    after, left = day.states(), day.left()
    assert {each.id for each in made} == set(after)
    assert all(
        (state in {"finalizado", "cancelado", "ausente"}) != (each in left) for each, state in after.items()
    )
    assert answer.exceptions == len(left)
    assert sum(answer.counts.values()) == len(made)
    day.open()
    assert day.states() == before


def test_admissions_and_a_closing_at_once_leave_nobody_out(a_day: Day) -> None:
    """Whatever came first: who was admitted waits and is listed, everybody else is absent or refused."""
    made = [a_day.turn("registrado") for _ in range(8)]
    ends: list[str] = []

    def arrive(turn: turns.TurnAnswer, desk: Desk) -> None:
        order = admissions.Admit(patient_id=turn.patient_id, turn_id=turn.id, seq=1, from_state="registrado")
        try:
            ends.append(desk.do(admissions.admit, order).state)
        except (DayClosed, TurnChanged) as refused:
            ends.append(refused.code)

    desks = [a_day.desk(name) for name in ("msosa", "cruiz", "ncano", "rleon")]
    workers = [threading.Thread(target=arrive, args=(turn, desks[n % 4])) for n, turn in enumerate(made)]
    closing = threading.Thread(target=lambda: ends.append(f"closed {closed_in_the_end(a_day)}"))
    for worker in (*workers[:4], closing, *workers[4:]):
        worker.start()
    for worker in (*workers, closing):
        worker.join(120)
    assert "closed True" in ends
    after, left = a_day.states(), a_day.left()
    waiting = {each for each, state in after.items() if state == "en_espera"}
    assert left == waiting
    assert len(waiting) == ends.count("en_espera")
    assert set(after.values()) <= {"en_espera", "ausente"}


def closed_in_the_end(day: Day) -> bool:
    """A closing that met a change is refused whole, and made again."""
    from clinicdesk.clinic.admissions.errors import DayMoved

    for _try in range(20):
        try:
            return day.close().closed
        except DayMoved:
            continue
    return False
