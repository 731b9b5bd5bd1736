"""What each verb of a turn sends: statements, and how often it waits for an answer. Counted, never timed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import psycopg

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import moving, service
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.clinic.turns.service import TurnAnswer
from clinicdesk.kit import clock
from tests.factories import Network, new_patient

_SENT: Final = ("Execute", "Query")
_WAITED: Final = "ReadyForQuery"


@dataclass(frozen=True, slots=True)
class Count:
    """Statements sent, BEGIN and COMMIT among them, and answers waited for."""

    statements: int
    round_trips: int


def counted(session: Session, act: Callable[[], Any]) -> tuple[Count, Any]:
    """What an act sends over the session's line, as libpq tells it, and its answer."""
    with session.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
    with tempfile.TemporaryFile("w+") as told:
        raw.pgconn.trace(told.fileno())
        raw.pgconn.set_trace_flags(psycopg.pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            answer = act()
        finally:
            raw.pgconn.untrace()
        told.seek(0)
        lines = [line.split("\t") for line in told.read().splitlines()]
    sent = sum(1 for line in lines if line[0] == "F" and line[2].split(" ")[0] in _SENT)
    waited = sum(1 for line in lines if line[0] == "B" and line[2].split(" ")[0] == _WAITED)
    return Count(sent, waited), answer


def verbs(network: Network) -> Iterator[tuple[str, Count]]:
    """Each verb on turns of its own, on fresh lines."""
    with_turns = _Counter(network)
    try:
        yield from with_turns.run()
    finally:
        with_turns.close()


class _Counter:
    """A counter's desk and a doctor's."""

    def __init__(self, network: Network) -> None:
        self.front, self.doctor = network.log_in("msosa"), network.log_in("lpaz")
        self.clinic_id, self.doctor_id = network.clinic_ids[0], network.person_ids["lpaz"]

    def close(self) -> None:
        self.front.close()
        self.doctor.close()

    def run(self) -> Iterator[tuple[str, Count]]:
        front, doctor = self.front, self.doctor
        later, other = self._slots(3)[:2]
        book = service.BookTurn(patient_id=new_patient(front).patient_id, slot=later)
        count, turn = counted(front, lambda: front.desk().do(service.book_turn, book))
        yield "book", count
        count, turn = counted(front, lambda: front.desk().do(service.confirm, service.Hop(**_seen(turn))))
        yield "confirm", count
        move = moving.MoveTurn(**_seen(turn), slot=other)
        count, turn = counted(front, lambda: front.desk().do(moving.move, move))
        yield "move", count
        cancel = service.Hop(**_seen(turn), reason="no puede")
        yield "cancel", counted(front, lambda: front.desk().do(service.cancel, cancel))[0]
        today = service.BookTurn(patient_id=new_patient(front).patient_id, slot=self._slots(0)[0])
        admit = admissions.Admit(**_seen(front.desk().do(service.book_turn, today)))
        count, turn = counted(front, lambda: front.desk().do(admissions.admit, admit))
        yield "arrive", count
        call = service.Call(patient_id=turn.patient_id, turn_id=turn.id)
        yield "call", counted(front, lambda: front.desk().do(service.call, call))[0]
        start = records.StartVisit(**_seen(turn))
        count, visit = counted(doctor, lambda: doctor.desk().do(records.start_visit, start))
        yield "start", count
        finish = records.FinishVisit(
            patient_id=turn.patient_id, turn_id=turn.id, seq=visit.seq, from_state=visit.state
        )
        yield "finish", counted(doctor, lambda: doctor.desk().do(records.finish_visit, finish))[0]
        who = new_patient(front).patient_id
        walk_in = admissions.WalkIn(patient_id=who, doctor_id=self.doctor_id, reason="fiebre", triage=4)
        yield "walk-in", counted(front, lambda: front.desk().do(admissions.walk_in, walk_in))[0]

    def _slots(self, ahead: int) -> list[str]:
        day = clock.local_day(clock.now(), self.front.actor.at.zone) + timedelta(days=ahead)
        ask = agenda.SlotsQuery(self.clinic_id, self.doctor_id, since=day, days=1)
        return [slot.id for slot in self.front.desk().see(agenda.slots, ask)]


def _seen(turn: TurnAnswer) -> dict[str, Any]:
    return {
        "patient_id": turn.patient_id,
        "turn_id": turn.id,
        "seq": turn.seq,
        "from_state": turn.state,
    }
