"""Reads of the whole network's day: no patient's name, and after the first time only what is other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Select, bindparam, cast, func, literal, select, tuple_

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics, procedures, rooms, specialties, triage_levels
from clinicdesk.clinic.turns.model import turns
from clinicdesk.clinic.turns.queries import OWN_LEVEL, SERVICE, TurnsQuery
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class NetworkTurn:
    """A turn as the network's board counts it. Instants are UTC; `wall_start` is the clinic's wall time."""

    patient_id: UUID
    id: UUID
    clinic_id: int
    day: date
    seq: int
    calls: int
    state: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    wall_start: datetime
    arrived_at: datetime | None
    triage: int | None
    ticket: str | None
    doctor_id: int | None
    doctor_family: str
    doctor_given: str
    room_code: str | None
    procedure: str | None
    specialty: str | None
    voided_reason: str | None
    triage_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class ClinicDay:
    """A clinic and its day now, in sums: the same sums, the same turns.

    `hops` adds up their `seq`, `calls` their calls, `levels` their triage levels, `starts` the seconds
    of their hours.
    """

    id: int
    code: str
    name: str
    zone: str
    day: date
    turns: int
    hops: int
    calls: int
    levels: int
    starts: int


@dataclass(frozen=True, slots=True)
class NetworkQuery:
    """The day that it is at the instant `at` in each of these clinics; of all where None."""

    at: datetime
    clinic_ids: tuple[int, ...] | None = None


@view("network.clinics", needs=Permission.TURN_READ)
def network_clinics(tx: Reader, query: NetworkQuery) -> tuple[ClinicDay, ...]:
    """Every clinic by code: one small row for each, however many turns it has."""
    today = _today(query).label("today")
    sums = (
        select(
            func.count().label("turns"),
            _sum(turns.c.seq).label("hops"),
            _sum(turns.c.calls).label("calls"),
            _sum(turns.c.triage).label("levels"),
            _sum(func.extract("epoch", turns.c.starts_at)).label("starts"),
        )
        .where(turns.c.clinic_id == clinics.c.id, turns.c.day == today, turns.c.voided_reason.is_(None))
        .lateral("sums")
    )
    facts = (clinics.c.id, clinics.c.code, clinics.c.name, clinics.c.zone, today)
    return tx.into(ClinicDay, select(*facts, sums).select_from(clinics, sums).order_by(clinics.c.code))


def _today(query: NetworkQuery) -> Any:
    """The calendar day on the clinic's wall."""
    return cast(func.timezone(clinics.c.zone, literal(query.at, DateTime(timezone=True))), Date)


def _sum(values: Any) -> Any:
    return cast(func.coalesce(func.sum(values), 0), BigInteger)


def _turns() -> Select[Any]:
    return (
        select(
            turns.c.patient_id,
            turns.c.id,
            turns.c.clinic_id,
            turns.c.day,
            turns.c.seq,
            turns.c.calls,
            turns.c.state,
            turns.c.kind,
            turns.c.starts_at,
            turns.c.ends_at,
            turns.c.wall_start,
            turns.c.arrived_at,
            turns.c.triage,
            turns.c.ticket,
            turns.c.doctor_id,
            func.coalesce(people.c.family, SERVICE.c.name),
            func.coalesce(people.c.given, ""),
            rooms.c.code,
            procedures.c.name,
            func.coalesce(specialties.c.name, SERVICE.c.name, people.c.specialty),
            turns.c.voided_reason,
            triage_levels.c.most_minutes,
        )
        .outerjoin(people, people.c.id == turns.c.doctor_id)
        .outerjoin(SERVICE, SERVICE.c.id == turns.c.specialty_id)
        .outerjoin(rooms, rooms.c.id == turns.c.room_id)
        .outerjoin(procedures, procedures.c.id == turns.c.procedure_id)
        .outerjoin(specialties, specialties.c.id == procedures.c.specialty_id)
        .outerjoin(triage_levels, OWN_LEVEL)
    )


# Made once: a board reads it at every change.
_BY_IDS = _turns().where(tuple_(turns.c.patient_id, turns.c.id).in_(bindparam("ids", expanding=True)))


@view("network.day", needs=Permission.TURN_READ)
def network_day(tx: Reader, query: NetworkQuery) -> tuple[NetworkTurn, ...]:
    """All turns of these clinics' day, in no order; those voided by mistake are left out."""
    statement = (
        _turns()
        .join(clinics, clinics.c.id == turns.c.clinic_id)
        .where(turns.c.day == _today(query), turns.c.voided_reason.is_(None))
    )
    if query.clinic_ids is not None:
        statement = statement.where(turns.c.clinic_id.in_(query.clinic_ids))
    return tx.into(NetworkTurn, statement)


@view("network.turns", needs=Permission.TURN_READ)
def network_turns(tx: Reader, query: TurnsQuery) -> tuple[NetworkTurn, ...]:
    """Turns by (patient, turn) ids, voided ones too: what a Change named."""
    if not query.ids:
        return ()
    return tx.into(NetworkTurn, _BY_IDS, {"ids": list(query.ids)})
