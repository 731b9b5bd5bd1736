"""Turns as they stand, without a name: what moves many of them at once reads no patient's row.

A sealed patient's row may be hidden from who closes a day; their turn is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.turns.model import bookings, turn_events, turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Reader


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a turn stands."""

    patient_id: UUID
    id: UUID
    seq: int
    state: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Swept:
    """A turn that became absent for a reason, where it stood before, and whether its time is still free."""

    turn: Standing
    stood: str
    free: bool


_STANDING = (turns.c.patient_id, turns.c.id, turns.c.seq, turns.c.state, turns.c.starts_at)


def standing(tx: Reader, clinic_id: int, day: date, states: Iterable[State]) -> tuple[Standing, ...]:
    """The turns of a clinic's day that stand in these states."""
    statement = select(*_STANDING).where(
        turns.c.clinic_id == clinic_id,
        turns.c.day == day,
        turns.c.state.in_([state.value for state in states]),
        turns.c.voided_reason.is_(None),
    )
    return tx.into(Standing, statement)


def day_of(tx: Reader, patient_id: UUID, turn_id: UUID) -> date | None:
    """The clinic's day of a turn, None where there is none."""
    statement = select(turns.c.day).where(turns.c.patient_id == patient_id, turns.c.id == turn_id)
    found = tx.first(statement)
    return found.day if found else None


def count_by_state(tx: Reader, clinic_id: int, day: date) -> dict[str, int]:
    """How many turns of a clinic's day are in each state; those voided count nowhere."""
    statement = (
        select(turns.c.state, func.count())
        .where(turns.c.clinic_id == clinic_id, turns.c.day == day, turns.c.voided_reason.is_(None))
        .group_by(turns.c.state)
    )
    found: list[Any] = tx.rows(statement)
    return {state.value: 0 for state in State} | {row[0]: row[1] for row in found}


def swept(tx: Reader, clinic_id: int, day: date, reason: str) -> tuple[Swept, ...]:
    """The turns of a clinic's day that are absent for this reason."""
    taken = bookings.alias()
    gone = (
        select(taken.c.id)
        .join(
            bookings,
            (bookings.c.resource == taken.c.resource) & bookings.c.during.op("&&")(taken.c.during),
        )
        .where(bookings.c.turn_id == turns.c.id, taken.c.turn_id != turns.c.id, taken.c.active)
        .exists()
    )
    statement = (
        select(*_STANDING, turn_events.c.from_state, (~gone).label("free"))
        .join(
            turn_events,
            (turn_events.c.patient_id == turns.c.patient_id)
            & (turn_events.c.turn_id == turns.c.id)
            & (turn_events.c.seq == turns.c.seq),
        )
        .where(
            turns.c.clinic_id == clinic_id,
            turns.c.day == day,
            turns.c.state == State.AUSENTE.value,
            turns.c.voided_reason.is_(None),
            turn_events.c.reason == reason,
        )
    )
    return tuple(
        Swept(Standing(row.patient_id, row.id, row.seq, row.state, row.starts_at), row.from_state, row.free)
        for row in tx.rows(statement)
    )
