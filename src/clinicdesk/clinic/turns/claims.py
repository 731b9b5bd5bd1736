"""Claims on doctor, room and patient: what keeps each of them in one place at a time."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from psycopg.types.range import Range
from sqlalchemy import func, insert, or_, select, text, tuple_, update

from clinicdesk.clinic.turns import offers, places, rules
from clinicdesk.clinic.turns.model import bookings
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Tx
from clinicdesk.kit.ids import new_id

# The advisory locks of claims live in a key space of their own: (this, resource folded to 31 bits).
_LOCK_SPACE: Final = 7301
_LOCK: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK_SPACE}, :resource)")


def lock(tx: Tx, resources: tuple[int, ...]) -> None:
    """One writer per resource at a time, in one order for all: claims queue up instead of deadlocking."""
    if tx.advisory_locks:
        for folded in sorted({resource & 0x7FFFFFFF for resource in resources}):
            tx.write(_LOCK, {"resource": folded})


def take(tx: Tx, patient_id: UUID, turn_id: UUID, resources: tuple[int, ...], during: Range[Any]) -> None:
    """Claim each resource for a time; the database refuses an overlap at the next flush."""
    lock(tx, resources)
    _insert(tx, patient_id, turn_id, resources, during)


def _insert(tx: Tx, patient_id: UUID, turn_id: UUID, resources: tuple[int, ...], during: Range[Any]) -> None:
    for resource in resources:
        claim = {
            "resource": Range(resource, resource, "[]"),
            "resource_id": resource,
            "id": new_id(),
            "patient_id": patient_id,
            "turn_id": turn_id,
            "during": during,
            "active": True,
        }
        tx.write(insert(bookings), claim)


def exchange(
    tx: Tx, patient_id: UUID, turn_id: UUID, old: tuple[int, ...], new: tuple[int, ...], during: Range[Any]
) -> None:
    """Give a turn's claims back and take others, all of them locked first and in one order."""
    lock(tx, (*old, *new))
    free(tx, turn_id)
    _insert(tx, patient_id, turn_id, new, during)


def free(tx: Tx, turn_id: UUID) -> None:
    """Give a turn's time back."""
    tx.write(update(bookings).where(bookings.c.turn_id == turn_id, bookings.c.active).values(active=False))


def follow(tx: Tx, row: Any, from_state: State, to_state: State) -> None:
    """Cancelled and absent free the claims, going back to the agenda takes them again, finishing cuts them.

    Somebody who came late holds none: their time may be another's by now.
    """
    if to_state in rules.FREES_CLAIMS:
        places.free(tx, row.id)
        free(tx, row.id)
    elif row.kind == "walk_in":
        return
    elif to_state in rules.HOLDS_CLAIMS and from_state not in rules.HOLDS_CLAIMS:
        _take_again(tx, row)
    elif to_state is State.FINALIZADO and row.starts_at < tx.now < row.ends_at:
        during = Range(row.starts_at, tx.now, "[)")
        mine = (bookings.c.turn_id == row.id) & bookings.c.active
        tx.write(update(bookings).where(mine).values(during=during))
    elif to_state is State.FINALIZADO and tx.now <= row.starts_at:
        free(tx, row.id)


def _take_again(tx: Tx, row: Any) -> None:
    """The claims a turn had where it stands now, and its counted places; none of where it stood before."""
    held = tx.rows(
        select(bookings.c.resource, bookings.c.resource_id, bookings.c.id, bookings.c.active)
        .where(
            bookings.c.turn_id == row.id,
            func.lower(bookings.c.during) == row.starts_at,
            or_(bookings.c.resource_id.in_([row.doctor_id, row.room_id]), bookings.c.resource_id < 0),
        )
        .order_by(bookings.c.id)
    )
    last = {claim.resource_id: claim for claim in held}
    freed = [claim for claim in last.values() if not claim.active]
    if freed:
        lock(tx, tuple(claim.resource_id for claim in freed))
        these = tuple_(bookings.c.resource, bookings.c.id).in_([(each.resource, each.id) for each in freed])
        tx.write(update(bookings).where(these).values(active=True))
    if row.block_id is not None:
        offers.take_again(tx, row)
