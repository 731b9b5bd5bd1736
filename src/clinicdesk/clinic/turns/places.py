"""Counted places of a block's day: overbooks, people by order of arrival, quotas by channel.

The primary key of block_places says who got which; of N who race for the last one, one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Row, bindparam, column, delete, func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.agendas import rules
from clinicdesk.clinic.agendas.errors import BlockFull, OverbookLimit, QuotaFull
from clinicdesk.clinic.agendas.rules import CAPACITY, OVERBOOK, Block, Slot
from clinicdesk.clinic.turns.model import block_places
from clinicdesk.clinic.usecases import Tx
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal

# A key space of its own, taken after that of claims (7301) by whoever takes both.
_LOCK_SPACE: Final = 7302
_LOCK: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK_SPACE}, :block)")
_OPEN: Final = text("SELECT public.demand_open_block(:block, :starts, :ends)")

_of = block_places.c
_NUMBER: Final = (
    func.generate_series(1, bindparam("most")).table_valued(column("n"), name="number").render_derived()
)
_FIRST_FREE: Final = (
    select(
        bindparam("block", type_=BigInteger),
        bindparam("on_day", type_=_of.day.type),
        bindparam("of_pool", type_=_of.pool.type),
        _NUMBER.c.n,
        bindparam("of_patient", type_=_of.patient_id.type),
        bindparam("of_turn", type_=_of.turn_id.type),
    )
    .where(
        ~select(literal(1))
        .where(
            _of.block_id == bindparam("block"),
            _of.day == bindparam("on_day"),
            _of.pool == bindparam("of_pool"),
            _of.n == _NUMBER.c.n,
        )
        .exists()
    )
    .order_by(_NUMBER.c.n)
    .limit(1)
)
_TAKE: Final = (
    upsert(block_places)
    .from_select(["block_id", "day", "pool", "n", "patient_id", "turn_id"], _FIRST_FREE)
    .on_conflict_do_nothing(constraint="block_places_pk")
    .returning(_of.n)
)


def take(tx: Tx, block: Block, day: date, pool: str, most: int, holder: tuple[UUID, UUID]) -> int:
    """The first free place of a pool, 1 to `most`, for (patient, turn).

    Raises BlockFull, QuotaFull, OverbookLimit: whichever the pool stands for.
    """
    number = _try(tx, block, day, pool, most, holder)
    if number is None:
        raise _full(block, day, pool, most)
    return number


def take_any(tx: Tx, blocks: Sequence[Block], day: date, pool: str, holder: tuple[UUID, UUID]) -> None:
    """A place of the first of these blocks that has one left; of none of them, nothing. Raises BlockFull."""
    for block in sorted(blocks, key=lambda each: each.id):
        if _try(tx, block, day, pool, block.capacity or 0, holder) is not None:
            return
    if blocks:
        raise _full(blocks[0], day, pool, sum(block.capacity or 0 for block in blocks))


def _try(tx: Tx, block: Block, day: date, pool: str, most: int, holder: tuple[UUID, UUID]) -> int | None:
    lock(tx, block.id)
    values = {
        "block": block.id,
        "on_day": day,
        "of_pool": pool,
        "most": most,
        "of_patient": holder[0],
        "of_turn": holder[1],
    }
    # Where the lock is not to be had, somebody may take the same number meanwhile: then the next one.
    for _attempt in range(1 if tx.advisory_locks else max(most, 1)):
        if (row := tx.first(_TAKE, values)) is not None:
            return int(row.n)
    return None


def _full(block: Block, day: date, pool: str, most: int) -> Refusal:
    said = f"{day:%d/%m/%Y}"
    if pool == OVERBOOK:
        return OverbookLimit(most=most, day=said)
    if pool == CAPACITY:
        return BlockFull(most=most, day=said)
    kept = ", ".join(channel.replace("_", " ") for channel, _places in block.quotas)
    return QuotaFull(day=said, kept=kept, hours=block.release_hours)


def lock(tx: Tx, block_id: int) -> None:
    """One writer per block at a time: who counts, and who suspends."""
    if tx.advisory_locks:
        tx.write(_LOCK, {"block": block_id & 0x7FFFFFFF})


def free(tx: Tx, turn_id: UUID) -> None:
    """Give a turn's counted places back."""
    tx.write(delete(block_places).where(_of.turn_id == turn_id))


def held_by(tx: Tx, turn_id: UUID) -> tuple[Row[Any], ...]:
    """The counted places of a turn, to be given to its like by `hand_over` once they are free."""
    return tuple(tx.rows(select(block_places).where(_of.turn_id == turn_id)))


def hand_over(tx: Tx, held: Iterable[Row[Any]], holder: tuple[UUID, UUID]) -> None:
    """The same places, by number, for another (patient, turn)."""
    for place in held:
        lock(tx, place.block_id)
        row = {**place._mapping, "patient_id": holder[0], "turn_id": holder[1]}
        tx.write(insert(block_places), row)


def reserve(tx: Tx, slot: Slot, holder: tuple[UUID, UUID], channel: str | None = None) -> None:
    """What a booking takes besides its claims: a place of the day, of its channel; and the block is open.

    Claims come before it: it looks again, under their locks, whether the block is worked then. `channel`
    None is the usual one of the actor's role. Raises BlockClosed, BlockFull, QuotaFull.
    """
    block, wall = slot.block, slot.wall_start
    demand_open(tx, slot)
    if block.capacity is not None:
        take(tx, block, wall.date(), CAPACITY, block.capacity, holder)
    if not block.quotas:
        return
    today = clock.local_day(tx.now, _zone(tx))
    via = channel or rules.channel_of(tx.actor.at.role, wall.date(), today).value
    for pool, most in rules.pools(slot, via, tx.now, today):
        if _try(tx, block, wall.date(), pool, most, holder) is not None:
            return
    raise _full(block, wall.date(), via, 0)


def _zone(tx: Tx) -> str:
    return tx.actor.at.zone


def demand_open(tx: Tx, slot: Slot) -> None:
    """Queue the database's own look at whether a slot's block is worked then. Raises BlockClosed."""
    lock(tx, slot.block.id)
    ends = slot.wall_start + (slot.ends_at - slot.starts_at)
    tx.write(_OPEN, {"block": slot.block.id, "starts": slot.wall_start, "ends": ends})
