"""Reads of turns: the day's board, queues, free slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Select, cast, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import clinics, procedures, rooms
from clinicdesk.clinic.turns import rules
from clinicdesk.clinic.turns.model import agenda_blocks, bookings, turn_events, turns
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn as boards and lists show it. Instants are UTC; `wall_start` is the clinic's wall time."""

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
    doctor_id: int
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


@dataclass(frozen=True, slots=True)
class DayQuery:
    """The turns of a clinic's day; of one doctor where given. `day` None is today there."""

    clinic_id: int
    day: date | None = None
    doctor_id: int | None = None


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
class SlotsQuery:
    """Free slots at a clinic: of one doctor or all; of one procedure, of one specialty (codes), or all."""

    clinic_id: int
    doctor_id: int | None = None
    procedure: str | None = None
    specialty: str | None = None
    since: date | None = None
    days: int = 14
    limit: int = 200


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A free slot. `starts_at` and `ends_at` carry the clinic's offset."""

    id: str
    starts_at: datetime
    ends_at: datetime
    doctor: str
    doctor_id: int
    room: str
    clinic: str
    procedure: str


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A weekly block with the names of its doctor and room and the code of its procedure."""

    doctor: str
    room: str
    procedure: str
    block: rules.Block


@dataclass(frozen=True, slots=True)
class EventRow:
    """One hop of a turn, with who made it."""

    seq: int
    from_state: str
    to_state: str
    at: datetime
    person: str
    reason: str | None


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
            people.c.family,
            people.c.given,
            rooms.c.code,
            procedures.c.name,
            turns.c.triage,
            turns.c.ticket,
            turns.c.arrived_at,
            turns.c.called_at,
            turns.c.calls,
            turns.c.reason,
            turns.c.voided_reason,
            patients.c.family,
            patients.c.given,
            patients.c.sex,
            patients.c.birth,
            patients.c.chart_number,
            patients.c.sealed,
        )
        .join(patients, patients.c.patient_id == turns.c.patient_id)
        .join(people, people.c.id == turns.c.doctor_id)
        .outerjoin(rooms, rooms.c.id == turns.c.room_id)
        .outerjoin(procedures, procedures.c.id == turns.c.procedure_id)
    )


_BY_TIME = (turns.c.starts_at, turns.c.id)


@view("turn.day", needs=Permission.TURN_READ)
def day_turns(tx: Reader, query: DayQuery) -> tuple[TurnRow, ...]:
    """The turns of a day by time; those voided by mistake are left out."""
    day = query.day or today_at(tx, query.clinic_id)
    statement = _turns().where(
        turns.c.clinic_id == query.clinic_id, turns.c.day == day, turns.c.voided_reason.is_(None)
    )
    if query.doctor_id is not None:
        statement = statement.where(turns.c.doctor_id == query.doctor_id)
    return tx.into(TurnRow, statement.order_by(*_BY_TIME))


@view("turn.show", needs=Permission.TURN_READ)
def turns_by_ids(tx: Reader, query: TurnsQuery) -> tuple[TurnRow, ...]:
    """Turns by id, in no order; ids that are gone are left out."""
    return by_ids(tx, query.ids)


def by_ids(tx: Reader, ids: Sequence[tuple[UUID, UUID]]) -> tuple[TurnRow, ...]:
    """Turns by (patient, turn) id."""
    if not ids:
        return ()
    wanted = tuple_(turns.c.patient_id, turns.c.id).in_(list(ids))
    return tx.into(TurnRow, _turns().where(wanted))


@view("turn.patient", needs=Permission.TURN_READ)
def patient_turns(tx: Reader, query: PatientTurnsQuery) -> tuple[TurnRow, ...]:
    """A patient's turns, in any clinic, by time."""
    statement = _turns().where(turns.c.patient_id == query.patient_id, turns.c.voided_reason.is_(None))
    if query.since is not None:
        statement = statement.where(turns.c.day >= query.since)
    return tx.into(TurnRow, statement.order_by(*_BY_TIME))


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
    return clock.local_day(tx.now, zone_of(tx, clinic_id))


def zone_of(tx: Reader, clinic_id: int) -> str:
    """The clinic's zone: the actor's own without a query."""
    for held in tx.actor.roles:
        if held.clinic_id == clinic_id:
            return held.zone
    return str(tx.run(select(clinics.c.zone).where(clinics.c.id == clinic_id)).scalar_one())


_BLOCK = (
    agenda_blocks.c.id,
    agenda_blocks.c.clinic_id,
    agenda_blocks.c.doctor_id,
    agenda_blocks.c.room_id,
    agenda_blocks.c.procedure_id,
    agenda_blocks.c.weekday,
    agenda_blocks.c.starts,
    agenda_blocks.c.ends,
    agenda_blocks.c.slot_minutes,
    agenda_blocks.c.valid_from,
    agenda_blocks.c.valid_to,
)


def block(tx: Reader, block_id: int) -> rules.Block | None:
    """One agenda block."""
    found = tx.into(rules.Block, select(*_BLOCK).where(agenda_blocks.c.id == block_id))
    return found[0] if found else None


@view("agenda.list", needs=Permission.SITE_READ)
def list_blocks(tx: Reader, query: SlotsQuery) -> tuple[BlockRow, ...]:
    """The weekly blocks of a clinic that hold now or later, by doctor and weekday."""
    since = query.since or clock.local_day(tx.now, zone_of(tx, query.clinic_id))
    found = _blocks(tx, query, date.max, since)
    doctors = _names(tx, people.c.id, people.c.family)
    places = _names(tx, rooms.c.id, rooms.c.code)
    done = _names(tx, procedures.c.id, procedures.c.code)
    rows = (
        BlockRow(doctors[each.doctor_id], places[each.room_id], done[each.procedure_id], each)
        for each in found
    )
    return tuple(sorted(rows, key=lambda row: (row.doctor, row.block.weekday, row.block.starts)))


@view("turn.slots", needs=Permission.TURN_READ)
def slots(tx: Reader, query: SlotsQuery) -> tuple[SlotRow, ...]:
    """Free slots by time, at most `limit`, over at most 90 days.

    Raises ProcedureNotFound, SpecialtyNotFound.
    """
    zone = zone_of(tx, query.clinic_id)
    first = max(query.since or date.min, clock.local_day(tx.now, zone))
    days = [first + timedelta(days=n) for n in range(min(max(query.days, 1), 90))]
    blocks = _blocks(tx, query, days[0], days[-1])
    busy = _busy(tx, blocks, clock.day_bounds(days[0], zone)[0], clock.day_bounds(days[-1], zone)[1])
    return _slot_rows(tx, rules.free_slots(blocks, busy, days, zone, tx.now)[: query.limit], zone)


def _blocks(tx: Reader, query: SlotsQuery, first: date, last: date) -> tuple[rules.Block, ...]:
    statement = select(*_BLOCK).where(
        agenda_blocks.c.clinic_id == query.clinic_id,
        agenda_blocks.c.valid_from <= last,
        or_(agenda_blocks.c.valid_to.is_(None), agenda_blocks.c.valid_to >= first),
    )
    if query.doctor_id is not None:
        statement = statement.where(agenda_blocks.c.doctor_id == query.doctor_id)
    if query.procedure is not None or query.specialty is not None:
        wanted = sites.procedure_ids(tx, query.procedure, query.specialty)
        statement = statement.where(agenda_blocks.c.procedure_id.in_(wanted))
    return tx.into(rules.Block, statement)


def _busy(
    tx: Reader, blocks: Sequence[rules.Block], start: datetime, end: datetime
) -> tuple[rules.Busy, ...]:
    resources = {each for block in blocks for each in (block.doctor_id, block.room_id)}
    wanted = (
        func.unnest(cast(sorted(resources), ARRAY(BigInteger)))
        .table_valued("id", name="wanted")
        .render_derived()
    )
    # One probe of the GiST index per resource; IN would read a doctor's whole past.
    statement = (
        select(bookings.c.resource_id, func.lower(bookings.c.during), func.upper(bookings.c.during))
        .select_from(wanted)
        .join(bookings, bookings.c.resource == func.int8range(wanted.c.id, wanted.c.id, "[]"))
        .where(bookings.c.active, bookings.c.during.op("&&")(func.tstzrange(start, end)))
    )
    return tx.into(rules.Busy, statement)


def _slot_rows(tx: Reader, found: Sequence[rules.Slot], zone: str) -> tuple[SlotRow, ...]:
    doctors = _names(tx, people.c.id, people.c.family)
    places = _names(tx, rooms.c.id, rooms.c.code)
    done = _names(tx, procedures.c.id, procedures.c.name)
    codes = _names(tx, clinics.c.id, clinics.c.code)
    return tuple(
        SlotRow(
            id=slot.id,
            starts_at=clock.local(slot.starts_at, zone),
            ends_at=clock.local(slot.ends_at, zone),
            doctor=doctors[slot.block.doctor_id],
            doctor_id=slot.block.doctor_id,
            room=places[slot.block.room_id],
            clinic=codes[slot.block.clinic_id],
            procedure=done[slot.block.procedure_id],
        )
        for slot in found
    )


def _names(tx: Reader, key: Column[Any], name: Column[Any]) -> dict[int, str]:
    rows: list[Any] = tx.rows(select(key, name))
    return {row[0]: row[1] for row in rows}


def holder_of(tx: Reader, slot: rules.Slot) -> str:
    """Who booked a slot and when: `Ruiz, 09:41`; empty when nobody holds it any more."""
    statement = (
        select(people.c.family, turn_events.c.at)
        .join(turns, (turns.c.patient_id == turn_events.c.patient_id) & (turns.c.id == turn_events.c.turn_id))
        .join(people, people.c.id == turn_events.c.person_id)
        .where(
            turns.c.doctor_id == slot.block.doctor_id,
            turns.c.starts_at < slot.ends_at,
            turns.c.ends_at > slot.starts_at,
            turns.c.state.not_in([state.value for state in rules.FREES_CLAIMS]),
        )
        .order_by(turn_events.c.seq)
    )
    found = tx.first(statement)
    if found is None:
        return ""
    return f"{found.family}, {clock.local(found.at, tx.actor.at.zone):%H:%M}"
