"""What tests of the counter put into the database, and ask it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.kit import clock
from tests.factories import Network, new_patient

_documents = itertools.count(51_000_001)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as tests type them."""

    patient_id: UUID
    document: str
    family: str
    given: str


class Counter:
    """An admission clerk behind the screens: the same orders, without keys."""

    def __init__(self, network: Network, session: Session) -> None:
        self.network, self.session = network, session

    def patient(self, family: str = "Quispe Mamani", given: str = "Rosa Elena", **more: Any) -> Person:
        """Somebody with a document nobody else has, unless one is given."""
        number = more.pop("document", str(next(_documents)))
        made = new_patient(
            self.session, document=Document("AR", "DNI", number), family=family, given=given, **more
        )
        return Person(made.patient_id, number, family, given)

    def at(self, moment: datetime) -> Desk:
        """The clerk's desk at another moment."""
        return Desk(self.session.engine, self.session.actor, now=lambda: moment)

    def dawn(self, day: date | None = None) -> datetime:
        """The first instant of a day at the clinic: before all its slots."""
        zone = self.session.actor.at.zone
        return clock.day_bounds(day or clock.local_day(clock.now(), zone), zone)[0]

    def booked(self, person: Person, doctor: str = "lpaz", when: datetime | None = None) -> turns.TurnAnswer:
        """A turn today, or on the day of `when`: the first free one from that moment on."""
        zone = self.session.actor.at.zone
        day = clock.local_day(when or clock.now(), zone)
        early = self.at(self.dawn(day))
        query = agenda.SlotsQuery(
            self.session.actor.at.clinic_id, self.network.person_ids[doctor], since=day, days=1, limit=400
        )
        slots = early.see(agenda.slots, query)
        slot = next(slot for slot in slots if when is None or slot.starts_at >= when)
        return early.do(turns.book_turn, turns.BookTurn(patient_id=person.patient_id, slot=slot.id))

    def hop(self, case: Any, turn: turns.TurnAnswer, at: datetime, **more: Any) -> turns.TurnAnswer:
        """Move a turn on at a moment."""
        made = admissions.Admit if case is admissions.admit else turns.Hop
        order = made(patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, **more)
        answer: turns.TurnAnswer = self.at(at).do(case, order)
        return answer

    def admitted(self, person: Person, doctor: str = "lpaz") -> turns.TurnAnswer:
        """Somebody who waits, having had a turn."""
        return self.hop(admissions.admit, self.booked(person, doctor), clock.now() - timedelta(minutes=1))

    def turns_of(self, person: Person) -> list[Any]:
        """Their turns as the database has them, the oldest first."""
        statement = text(
            "SELECT state, kind, triage, ticket, reason, calls, voided_reason, doctor_id, day FROM turns"
            " WHERE patient_id = :id ORDER BY id"
        )
        with self.network.owner.connect() as connection:
            return list(connection.execute(statement, {"id": person.patient_id}))

    def scalar(self, statement: str, **values: Any) -> Any:
        """One value, asked as the owner."""
        with self.network.owner.connect() as connection:
            return connection.execute(text(statement), values).scalar_one()
