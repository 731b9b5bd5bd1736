"""Reads of turns: the day's board, queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Time,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas.model import agenda_blocks, agenda_exceptions
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import procedures, rooms, specialties, triage_levels
from clinicdesk.clinic.sites.rules import UNTRIAGED
from clinicdesk.clinic.turns import rules
from clinicdesk.clinic.turns.model import turn_events, turns
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock
from clinicdesk.kit.words import _


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn as boards and lists show it. Instants are UTC; `wall_start` is the clinic's wall time.

    `doctor_id` None: they wait for a service (`specialty_id`), whose name stands for the doctor's.
    """

    patient_id: UUID
    id: UUID
    seq: int
    state: str
    state_at: datetime
    kind: str
    starts_at: datetime
    ends_at: datetime
    wall_start: datetime
    day: date
    clinic_id: int
    doctor_id: int | None
    doctor_family: str
    doctor_given: str
    room_code: str | None
    procedure: str | None
    triage: int | None
    ticket: str | None
    arrived_at: datetime | None
    called_at: datetime | None
    calls: int
    reason: str | None
    voided_reason: str | None
    family: str
    given: str
    sex: str
    birth: date | None
    chart_number: int
    sealed: bool = False
    cancelled_by: str | None = None
    cancelled_late: bool | None = None
    slots: int = 1
    series_id: UUID | None = None
    block_id: int | None = None
    specialty: str | None = None
    triage_minutes: int | None = None
    """The longest wait of its level at its clinic, where that is not the usual one."""
    place_closed: bool = False
    """Of a cancelled or absent one: whether doctor, block or room are away then."""
    specialty_id: int | None = None
    merged_into: UUID | None = None
    """Who stands for the patient it was given to, whose name and number the row shows."""
    own_chart: int | None = None
    """The chart number it was given under, where that leads to another one."""

    @property
    def standing_id(self) -> UUID:
        """Who stands for the patient."""
        return self.merged_into or self.patient_id


@dataclass(frozen=True, slots=True)
class DayQuery:
    """The turns of a clinic's day; of one doctor where given. `day` None is today there.

    `or_services`: beside the doctor's own, who waits for one of these specialties.
    """

    clinic_id: int
    day: date | None = None
    doctor_id: int | None = None
    or_services: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnsQuery:
    """Turns by (patient, turn) ids: what a Change named."""

    ids: tuple[tuple[UUID, UUID], ...]


@dataclass(frozen=True, slots=True)
class PatientTurnsQuery:
    """All turns of a patient from a day on."""

    patient_id: UUID
    since: date | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """One hop of a turn, with who made it."""

    seq: int
    from_state: str
    to_state: str
    at: datetime
    person: str
    reason: str | None


# What the clinic has set for the level that counts; who has none counts as untriaged.
OWN_LEVEL = (triage_levels.c.clinic_id == turns.c.clinic_id) & (
    triage_levels.c.level == func.coalesce(turns.c.triage, UNTRIAGED)
)


# What somebody waits for who has no doctor yet.
SERVICE = specialties.alias("service")


def _closed() -> ColumnElement[bool]:
    """Whether leave, a suspension of the block, or the room's state takes the turn's place away."""
    away, at = agenda_exceptions.c, cast(turns.c.wall_start, Time)
    suspended = exists().where(
        away.doctor_id == turns.c.doctor_id,
        or_(away.block_id.is_(None), away.block_id == turns.c.block_id),
        away.lifted_at.is_(None),
        away.first_day <= turns.c.day,
        or_(away.last_day.is_(None), away.last_day >= turns.c.day),
        or_(away.from_time.is_(None), and_(away.from_time <= at, away.to_time > at)),
    )
    shut = exists().where(agenda_blocks.c.id == turns.c.block_id, agenda_blocks.c.state != "publicado")
    out = and_(
        rooms.c.state != "disponible",
        or_(rooms.c.state_from.is_(None), rooms.c.state_from <= turns.c.day),
        or_(rooms.c.state_until.is_(None), rooms.c.state_until >= turns.c.day),
    )
    return or_(suspended, shut, func.coalesce(out, false()))


def _turns() -> Select[Any]:
    """Every query of turns joins by patient_id, so that it stays on one shard."""
    return (
        select(
            turns.c.patient_id,
            turns.c.id,
            turns.c.seq,
            turns.c.state,
            turns.c.state_at,
            turns.c.kind,
            turns.c.starts_at,
            turns.c.ends_at,
            turns.c.wall_start,
            turns.c.day,
            turns.c.clinic_id,
            turns.c.doctor_id,
            func.coalesce(people.c.family, SERVICE.c.name),
            func.coalesce(people.c.given, ""),
            rooms.c.code,
            procedures.c.name,
            turns.c.triage,
            turns.c.ticket,
            turns.c.arrived_at,
            turns.c.called_at,
            turns.c.calls,
            turns.c.reason,
            turns.c.voided_reason,
            # A sealed patient's row is hidden from who is not concerned; the turn is there all the same.
            func.coalesce(patients.c.family, _("Paciente sellado")),
            func.coalesce(patients.c.given, ""),
            func.coalesce(patients.c.sex, ""),
            patients.c.birth,
            func.coalesce(patients.c.chart_number, 0),
            func.coalesce(patients.c.sealed, True),
            turns.c.cancelled_by,
            turns.c.cancelled_late,
            turns.c.slots,
            turns.c.series_id,
            turns.c.block_id,
            func.coalesce(specialties.c.name, SERVICE.c.name, people.c.specialty),
            triage_levels.c.most_minutes,
            and_(turns.c.state.in_([state.value for state in rules.FREES_CLAIMS]), _closed()),
            turns.c.specialty_id,
            patients.c.merged_into,
        )
        .outerjoin(patients, patients.c.patient_id == turns.c.patient_id)
        .outerjoin(people, people.c.id == turns.c.doctor_id)
        .outerjoin(SERVICE, SERVICE.c.id == turns.c.specialty_id)
        .outerjoin(rooms, rooms.c.id == turns.c.room_id)
        .outerjoin(procedures, procedures.c.id == turns.c.procedure_id)
        .outerjoin(specialties, specialties.c.id == procedures.c.specialty_id)
        .outerjoin(triage_levels, OWN_LEVEL)
    )


# Made once: a board reads it at every change.
_BY_IDS = _turns().where(tuple_(turns.c.patient_id, turns.c.id).in_(bindparam("ids", expanding=True)))
_BY_TIME = (turns.c.starts_at, turns.c.id)


@view("turn.day", needs=Permission.TURN_READ)
def day_turns(tx: Reader, query: DayQuery) -> tuple[TurnRow, ...]:
    """The turns of a day by time; those voided by mistake are left out."""
    day = query.day or today_at(tx, query.clinic_id)
    statement = _turns().where(
        turns.c.clinic_id == query.clinic_id, turns.c.day == day, turns.c.voided_reason.is_(None)
    )
    if query.doctor_id is not None:
        unclaimed = and_(turns.c.doctor_id.is_(None), turns.c.specialty_id.in_(query.or_services))
        own = turns.c.doctor_id == query.doctor_id
        statement = statement.where(or_(own, unclaimed) if query.or_services else own)
    return known(tx, tx.into(TurnRow, statement.order_by(*_BY_TIME)))


@view("turn.show", needs=Permission.TURN_READ)
def turns_by_ids(tx: Reader, query: TurnsQuery) -> tuple[TurnRow, ...]:
    """Turns by id, in no order; ids that are gone are left out."""
    return by_ids(tx, query.ids)


def by_ids(tx: Reader, ids: Sequence[tuple[UUID, UUID]]) -> tuple[TurnRow, ...]:
    """Turns by (patient, turn) id."""
    if not ids:
        return ()
    return known(tx, tx.into(TurnRow, _BY_IDS, {"ids": list(ids)}))


def known(tx: Reader, rows: tuple[TurnRow, ...]) -> tuple[TurnRow, ...]:
    """Turns under the name and number of who stands for their patient."""
    merged = {row.merged_into for row in rows if row.merged_into is not None}
    if not merged:
        return rows
    standing = registry.rows_of(tx, merged)
    return tuple(
        _under(row, standing.get(row.merged_into)) if row.merged_into is not None else row for row in rows
    )


def _under(row: TurnRow, stands: registry.PatientRow | None) -> TurnRow:
    if stands is None:
        return row
    names = ("family", "given", "sex", "birth", "chart_number", "sealed")
    known_as: dict[str, Any] = {name: getattr(stands, name) for name in names}
    return replace(row, **known_as, own_chart=row.chart_number)


@view("turn.patient", needs=Permission.TURN_READ)
def patient_turns(tx: Reader, query: PatientTurnsQuery) -> tuple[TurnRow, ...]:
    """A patient's turns, in any clinic, by time."""
    mine = one_person.of(turns.c.patient_id, query.patient_id)
    statement = _turns().where(mine, turns.c.voided_reason.is_(None))
    if query.since is not None:
        statement = statement.where(turns.c.day >= query.since)
    return known(tx, tx.into(TurnRow, statement.order_by(*_BY_TIME)))


@view("turn.events", needs=Permission.TURN_READ)
def events(tx: Reader, query: TurnsQuery) -> tuple[EventRow, ...]:
    """The hops of the first turn named, oldest first."""
    patient_id, turn_id = query.ids[0]
    statement = (
        select(
            turn_events.c.seq,
            turn_events.c.from_state,
            turn_events.c.to_state,
            turn_events.c.at,
            people.c.family,
            turn_events.c.reason,
        )
        .join(people, people.c.id == turn_events.c.person_id)
        .where(turn_events.c.patient_id == patient_id, turn_events.c.turn_id == turn_id)
        .order_by(turn_events.c.seq)
    )
    return tx.into(EventRow, statement)


def was_called_in_by(tx: Reader, patient_id: UUID, turn_id: UUID, person_id: int) -> bool:
    """Whether a person moved the turn to en_curso."""
    statement = select(turn_events.c.seq).where(
        turn_events.c.patient_id == patient_id,
        turn_events.c.turn_id == turn_id,
        turn_events.c.to_state == rules.State.EN_CURSO.value,
        turn_events.c.person_id == person_id,
    )
    return tx.first(statement) is not None


def today_at(tx: Reader, clinic_id: int) -> date:
    """Today on the clinic's wall clock."""
    return clock.local_day(tx.now, sites.zone_of(tx, clinic_id))
