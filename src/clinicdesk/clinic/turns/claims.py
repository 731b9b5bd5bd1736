"""Claims on doctor, room and patient: what keeps each of them in one place at a time."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from psycopg.types.range import Range
from sqlalchemy import insert, select, text, update

from clinicdesk.clinic.turns import places, rules
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


def free(tx: Tx, turn_id: UUID) -> None:
    """Give a turn's time back."""
    tx.write(update(bookings).where(bookings.c.turn_id == turn_id, bookings.c.active).values(active=False))


def follow(tx: Tx, row: Any, from_state: State, to_state: State) -> None:
    """Cancelled and absent free the claims, going back to the agenda takes them again, finishing cuts them.

    Somebody who came late holds none: their time may be another's by now.
    """
    if row.kind == "walk_in":
        return
    mine = bookings.c.turn_id == row.id
    if to_state in rules.FREES_CLAIMS:
        places.free(tx, row.id)
        tx.write(update(bookings).where(mine, bookings.c.active).values(active=False))
    elif to_state in rules.HOLDS_CLAIMS and from_state not in rules.HOLDS_CLAIMS:
        freed = mine & ~bookings.c.active
        if claimed := tx.rows(select(bookings.c.resource_id).where(freed)):
            lock(tx, tuple(claim.resource_id for claim in claimed))
            tx.write(update(bookings).where(freed).values(active=True))
    elif to_state is State.FINALIZADO and row.starts_at < tx.now < row.ends_at:
        during = Range(row.starts_at, tx.now, "[)")
        tx.write(update(bookings).where(mine, bookings.c.active).values(during=during))
    elif to_state is State.FINALIZADO and tx.now <= row.starts_at:
        tx.write(update(bookings).where(mine, bookings.c.active).values(active=False))
