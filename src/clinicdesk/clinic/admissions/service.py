"""Use cases of admission: who is at the counter, with a turn or without."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Exists, ScalarSelect, Uuid, func, insert, literal, select, text

from clinicdesk.clinic.admissions import rules, triage
from clinicdesk.clinic.admissions.errors import DayClosed, NoQueue, NotAService, NotToday, Transferred
from clinicdesk.clinic.admissions.model import admissions, day_closings, ticket_series, tickets
from clinicdesk.clinic.admissions.rules import COMMON_SERIES
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.rules import CAPACITY
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import procedures
from clinicdesk.clinic.turns import places, services
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import ReasonNeeded
from clinicdesk.clinic.turns.model import turns as booked
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.service import TurnAnswer
from clinicdesk.clinic.turns.services import ServicesQuery
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case
from clinicdesk.kit import clock

_WALK_IN_MINUTES: Final = 15
_LOCK_SPACE: Final = 7303
_LOCK: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK_SPACE}, :day)")
# From the agenda, or late: from the room somebody goes back to the queue by `requeue`, with their ticket.
_ARRIVES: Final = (State.REGISTRADO, State.CONFIRMADO, State.AUSENTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkIn(Order):
    """Somebody without a turn who wants to be seen today: born waiting, holds no slot, needs a reason.

    For a doctor, or for a service (`specialty_id`) of which any doctor may call them.
    """

    patient_id: UUID
    turn_id: UUID = new_row()
    admission_id: UUID = new_row()
    triage_id: UUID = new_row()
    doctor_id: int | None = None
    specialty_id: int | None = None
    reason: str
    triage: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit(turns.Hop):
    """The patient of a turn is at the counter."""

    admission_id: UUID = new_row()


@use_case("admission.walk_in", needs=Permission.TURN_ADMIT, answer=TurnAnswer)
def walk_in(tx: Tx, order: WalkIn) -> TurnAnswer:
    """Admit somebody without a turn: a ticket and a place in a doctor's queue or a service's, no slot.

    Where the doctor, or some doctor of the service, sees people by order of arrival now, one of the day's
    places is theirs: raises BlockFull. Who cannot wait (rojo, naranja) is admitted whatever was given, and
    takes none. Raises ReasonNeeded, NoQueue, DoctorNotFound, NotAService.
    """
    if not order.reason.strip():
        raise ReasonNeeded
    turns.living(tx, order.patient_id)
    turns.demand_living(tx, order.patient_id)
    at = tx.actor.at
    _demand_queue(tx, order)
    place = turns.Place(
        at.clinic_id,
        order.doctor_id,
        None,
        None,
        None,
        "walk_in",
        tx.now,
        tx.now + timedelta(minutes=_WALK_IN_MINUTES),
        at.zone,
    )
    day = clock.local_day(tx.now, at.zone)
    if order.triage not in rules.CANNOT_WAIT:
        _count(tx, order, day)
    ticket = _ticket(tx, order.patient_id, order.turn_id, day, order.specialty_id)
    waiting = {"reason": order.reason, "triage": order.triage, "ticket": ticket, "arrived_at": tx.now}
    waiting |= {"specialty_id": order.specialty_id}
    answer = turns.born(tx, order.patient_id, order.turn_id, place, State.EN_ESPERA, waiting)
    _admission(tx, order.patient_id, order.admission_id, order.turn_id, ticket, day)
    if order.triage is not None:
        triage.first(tx, order.patient_id, order.triage_id, order.turn_id, order.triage)
    return answer


def _demand_queue(tx: Tx, order: WalkIn) -> None:
    """A doctor of this clinic or one of its services, one of the two."""
    if (order.doctor_id is None) == (order.specialty_id is None):
        raise NoQueue
    if order.doctor_id is not None:
        turns.works_here(tx, order.doctor_id)
        return
    known = services.services.run(tx, ServicesQuery(tx.actor.at.clinic_id))
    if order.specialty_id not in {each.specialty_id for each in known}:
        raise NotAService


def _count(tx: Tx, order: WalkIn, day: date) -> None:
    at = tx.actor.at
    wall = clock.local(tx.now, at.zone).replace(tzinfo=None)
    worked = agendas.by_arrival_at(tx, at.clinic_id, order.doctor_id, wall)
    if order.specialty_id is not None:
        worked = services.serving(tx, worked, order.specialty_id)
    places.take_any(tx, worked, day, CAPACITY, (order.patient_id, order.turn_id))


@use_case("turn.admit", needs=Permission.TURN_ADMIT, answer=TurnAnswer, explain=turns.explain_hop)
def admit(tx: Tx, order: Admit) -> TurnAnswer:
    """The patient has arrived: a ticket, and a place in the doctor's queue. Raises NotToday."""
    at = tx.actor.at
    day = clock.local_day(tx.now, at.zone)
    turns.demand_living(tx, order.patient_id)
    ticket = _ticket(tx, order.patient_id, order.turn_id, day)
    answer = turns.hop(tx, order, State.EN_ESPERA, {"ticket": ticket, "arrived_at": tx.now}, leaving=_ARRIVES)
    if answer.starts_at.date() != day:
        raise NotToday(day=answer.starts_at.strftime("%d/%m/%Y"))
    _admission(tx, order.patient_id, order.admission_id, order.turn_id, ticket, day)
    return answer


@use_case("turn.unadmit", needs=Permission.TURN_ADMIT, answer=TurnAnswer, explain=turns.explain_hop)
def unadmit(tx: Tx, order: turns.Hop) -> TurnAnswer:
    """Take an admission back; the ticket number stays used.

    Raises Transferred; SlotTaken where a late one's time is gone.
    """
    if triage.is_elsewhere(tx, order.patient_id, order.turn_id):
        raise Transferred
    return turns.hop(tx, order, State.CONFIRMADO, {"arrived_at": None}, leaving=(State.EN_ESPERA,))


def _ticket(tx: Tx, patient_id: UUID, turn_id: UUID, day: date, specialty_id: int | None = None) -> str:
    """The next number of the clinic's day, in its service's series: without gaps. Raises DayClosed.

    One admission at a time numbers itself on a clinic's day; a closing waits for it, and it for a closing.
    """
    clinic_id = tx.actor.at.clinic_id
    one_at_a_time(tx, clinic_id, day)
    own = _series_of(turn_id, patient_id) if specialty_id is None else _series_for(specialty_id, clinic_id)
    series = func.coalesce(own, COMMON_SERIES)
    last = (
        select(func.coalesce(func.max(tickets.c.n), 0).label("n"), series.label("series"))
        .where(tickets.c.clinic_id == clinic_id, tickets.c.day == day, tickets.c.series == series)
        .subquery()
    )
    written = ("clinic_id", "day", "series", "n", "prev_n", "patient_id", "turn_id")
    follows = select(
        literal(clinic_id, BigInteger),
        literal(day),
        last.c.series,
        last.c.n + 1,
        func.nullif(last.c.n, 0),
        literal(patient_id, Uuid),
        literal(turn_id, Uuid),
    ).where(~closed_on(clinic_id, day))
    made = tx.first(insert(tickets).from_select(written, follows).returning(tickets.c.n, tickets.c.series))
    if made is None:
        raise DayClosed(day=day.strftime("%d/%m/%Y"))
    return rules.ticket_text(made.n, made.series)


def _series_of(turn_id: UUID, patient_id: UUID) -> ScalarSelect[str]:
    """The letter of the service that the turn is for, NULL for everybody else's."""
    return (
        select(ticket_series.c.series)
        .join(procedures, procedures.c.specialty_id == ticket_series.c.specialty_id)
        .join(booked, booked.c.procedure_id == procedures.c.id)
        .where(
            booked.c.patient_id == patient_id,
            booked.c.id == turn_id,
            ticket_series.c.clinic_id == booked.c.clinic_id,
        )
        .scalar_subquery()
    )


def _series_for(specialty_id: int, clinic_id: int) -> ScalarSelect[str]:
    """The letter of a service that somebody asked for."""
    of = ticket_series.c
    mine = (of.specialty_id == specialty_id) & (of.clinic_id == clinic_id)
    return select(of.series).where(mine).scalar_subquery()


def one_at_a_time(tx: Tx, clinic_id: int, day: date) -> None:
    """Numbers of a clinic's day are given, and the day closed, by one transaction at a time."""
    tx.write(_LOCK, {"day": zlib.crc32(f"{clinic_id}.{day}".encode()) & 0x7FFFFFFF})


def closed_on(clinic_id: int, day: date) -> Exists:
    """Whether the last row of a clinic's day closes it."""
    later = day_closings.alias()
    return (
        select(day_closings.c.seq)
        .where(
            day_closings.c.clinic_id == clinic_id,
            day_closings.c.day == day,
            day_closings.c.closed,
            ~select(later.c.seq)
            .where(
                later.c.clinic_id == day_closings.c.clinic_id,
                later.c.day == day_closings.c.day,
                later.c.prev_seq == day_closings.c.seq,
            )
            .exists(),
        )
        .exists()
    )


def _admission(tx: Tx, patient_id: UUID, admission_id: UUID, turn_id: UUID, ticket: str, day: date) -> None:
    row = {
        "patient_id": patient_id,
        "id": admission_id,
        "turn_id": turn_id,
        "clinic_id": tx.actor.at.clinic_id,
        "at": tx.now,
        "ticket": ticket,
        "day": day,
        "person_id": tx.actor.person_id,
    }
    tx.write(insert(admissions), row)
