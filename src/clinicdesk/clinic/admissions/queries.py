"""Reads of admission: why somebody is next, what triage said, the days and what they left over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.admissions import rules
from clinicdesk.clinic.admissions.errors import NeverArrived
from clinicdesk.clinic.admissions.model import day_closings, triage_events
from clinicdesk.clinic.admissions.rules import Why
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns.errors import TurnNotFound
from clinicdesk.clinic.turns.model import turns
from clinicdesk.clinic.turns.queries import DayQuery, TurnRow, TurnsQuery
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.services import ServicesQuery, services
from clinicdesk.clinic.turns.standing import count_by_state
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class WhyQuery:
    """Why a turn stands where it stands; without one, whoever is next at the clinic or for a doctor."""

    turn_id: UUID | None = None
    doctor_id: int | None = None


@view("turn.why_next", needs=Permission.TURN_READ)
def why_next(tx: Reader, query: WhyQuery) -> Why[TurnRow] | None:
    """The place of a turn in its doctor's queue with the reasons; None where it is in none."""
    here = tx.actor.at.clinic_id
    day = agenda.day_turns.run(tx, DayQuery(here))
    waiting = [each for each in day if each.state == State.EN_ESPERA]
    asked = next((each for each in waiting if each.id == query.turn_id), None)
    doctor_id = asked.doctor_id if asked is not None else query.doctor_id
    if asked is not None and asked.doctor_id is None:
        queue = [each for each in waiting if rules.waits_for(each, None, {asked.specialty_id})]
    elif doctor_id is None:
        queue = waiting
    else:
        mine = {each.specialty_id for each in services.run(tx, ServicesQuery(here, doctor_id))}
        queue = [each for each in waiting if rules.waits_for(each, doctor_id, mine)]
    return rules.why(query.turn_id, queue, tx.now)


def next_of(tx: Reader, clinic_id: int, doctor_id: int) -> TurnRow | None:
    """Whom a doctor calls next: of their own and of who waits for one of their services; None: nobody."""
    mine = tuple(each.specialty_id for each in services.run(tx, ServicesQuery(clinic_id, doctor_id)))
    day = agenda.day_turns.run(tx, DayQuery(clinic_id, doctor_id=doctor_id, or_services=mine))
    waiting = (each for each in day if each.state == State.EN_ESPERA)
    return min(waiting, key=lambda each: rules.queue_key(each, tx.now), default=None)


@dataclass(frozen=True, slots=True)
class TriageRow:
    """One level that was given, by whom and when."""

    seq: int
    level: int
    at: datetime
    person: str
    reason: str | None


@view("turn.levels", needs=Permission.TURN_READ)
def triage_of(tx: Reader, query: TurnsQuery) -> tuple[TriageRow, ...]:
    """What triage said of the first turn named, oldest first."""
    patient_id, turn_id = query.ids[0]
    statement = (
        select(
            triage_events.c.seq,
            triage_events.c.level,
            triage_events.c.at,
            people.c.family,
            triage_events.c.reason,
        )
        .join(people, people.c.id == triage_events.c.person_id)
        .where(triage_events.c.patient_id == patient_id, triage_events.c.turn_id == turn_id)
        .order_by(triage_events.c.seq)
    )
    return tx.into(TriageRow, statement)


@dataclass(frozen=True, slots=True)
class DayState:
    """A clinic's day: how many turns in each state, whether it is closed, since when and by whom."""

    day: date
    counts: dict[str, int]
    closed: bool
    at: datetime | None
    person: str | None


@view("day.show", needs=Permission.TURN_READ)
def show_day(tx: Reader, query: DayQuery) -> DayState:
    """How a day stands."""
    day = query.day or agenda.today_at(tx, query.clinic_id)
    counts = count_by_state(tx, query.clinic_id, day)
    last = tx.first(
        select(day_closings.c.closed, day_closings.c.at, people.c.family)
        .join(people, people.c.id == day_closings.c.person_id)
        .where(day_closings.c.clinic_id == query.clinic_id, day_closings.c.day == day)
        .order_by(day_closings.c.seq.desc())
        .limit(1)
    )
    if last is None:
        return DayState(day, counts, closed=False, at=None, person=None)
    return DayState(day, counts, last.closed, last.at, last.family)


# What a closed day should not hold any more.
UNENDED = (State.REGISTRADO, State.CONFIRMADO, State.EN_ESPERA, State.EN_CURSO)


@dataclass(frozen=True, slots=True)
class LeftRow:
    """A turn that a closed day left without an end. No name where the patient is sealed and hidden."""

    patient_id: UUID
    id: UUID
    seq: int
    state: str
    day: date
    wall_start: datetime
    kind: str
    ticket: str | None
    arrived_at: datetime | None
    doctor: str
    family: str | None
    given: str | None


@view("day.exceptions", needs=Permission.TURN_READ)
def exceptions(tx: Reader, query: DayQuery) -> tuple[LeftRow, ...]:
    """The turns that a closed day left without an end, oldest first; of one day, or of all closed ones.

    Not a list that is kept: whatever is left on a closed day stands here, however it came to be left.
    """
    statement = (
        select(
            turns.c.patient_id,
            turns.c.id,
            turns.c.seq,
            turns.c.state,
            turns.c.day,
            turns.c.wall_start,
            turns.c.kind,
            turns.c.ticket,
            turns.c.arrived_at,
            func.coalesce(people.c.family, agenda.SERVICE.c.name),
            patients.c.family,
            patients.c.given,
        )
        .outerjoin(people, people.c.id == turns.c.doctor_id)
        .outerjoin(agenda.SERVICE, agenda.SERVICE.c.id == turns.c.specialty_id)
        .outerjoin(patients, patients.c.patient_id == turns.c.patient_id)
        .where(
            turns.c.clinic_id == query.clinic_id,
            turns.c.day.in_(_closed_days(tx, query)),
            turns.c.state.in_([state.value for state in UNENDED]),
            turns.c.voided_reason.is_(None),
        )
        .order_by(turns.c.day, turns.c.starts_at, turns.c.id)
    )
    return tx.into(LeftRow, statement)


def _closed_days(tx: Reader, query: DayQuery) -> list[date]:
    statement = (
        select(day_closings.c.day, day_closings.c.closed)
        .where(day_closings.c.clinic_id == query.clinic_id)
        .order_by(day_closings.c.day, day_closings.c.seq)
    )
    if query.day is not None:
        statement = statement.where(day_closings.c.day == query.day)
    return [day for day, closed in {row.day: row.closed for row in tx.rows(statement)}.items() if closed]


@dataclass(frozen=True, slots=True)
class AttendanceQuery:
    """The turn that somebody came for."""

    patient_id: UUID
    turn_id: UUID


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """What a certificate of attendance says: who was at the clinic, from when until when, and no more.

    `ended_at` None: they are still here.
    """

    family: str
    given: str
    document: str
    clinic: str
    city: str | None
    zone: str
    ticket: str | None
    arrived_at: datetime
    ended_at: datetime | None


@view("admission.certificate", needs=Permission.TURN_CALL, act=True, purpose="OPER")
def attendance(tx: Reader, query: AttendanceQuery) -> AttendanceRow:
    """Who was here: handing it out is written down. Raises TurnNotFound, NeverArrived."""
    found = agenda.by_ids(tx, ((query.patient_id, query.turn_id),))
    if not found or found[0].clinic_id != tx.actor.at.clinic_id:
        raise TurnNotFound
    turn = found[0]
    if turn.arrived_at is None or turn.state not in _WAS_HERE:
        raise NeverArrived
    (patient,) = registry.by_ids(tx, (query.patient_id,)) or (None,)
    place = tx.run(select(clinics.c.name, clinics.c.city).where(clinics.c.id == turn.clinic_id)).one()
    return AttendanceRow(
        turn.family,
        turn.given,
        patient.document if patient else "",
        place.name,
        place.city,
        tx.actor.at.zone,
        turn.ticket,
        turn.arrived_at,
        turn.state_at if turn.state == State.FINALIZADO else None,
    )


_WAS_HERE = (State.EN_ESPERA, State.EN_CURSO, State.FINALIZADO)
