"""Places that are free again, beside those of the waiting list who asked for one like them, in order.

Nothing is kept for it: a place is offered by itself as long as it is free and somebody waits for it who
asked before it became so. What frees one: a turn cancelled, missed, voided or moved away; a block, its room
or its doctor back at work, and a block made wider.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Select, and_, case, cast, func, literal, null, or_, select, union_all

from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.model import agenda_blocks, agenda_exceptions
from clinicdesk.clinic.agendas.rules import Block, BlockState
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.model import procedures, rooms
from clinicdesk.clinic.turns import rules, slots
from clinicdesk.clinic.turns.model import turn_events, turn_moves, turns, waitlist, waitlist_offers
from clinicdesk.clinic.turns.offered import Answer
from clinicdesk.clinic.turns.rules import FREES_CLAIMS
from clinicdesk.clinic.turns.slots import SlotRow, SlotsQuery
from clinicdesk.clinic.turns.waiting_list import WishRow, open_wishes, rows_of
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock

_AHEAD_DAYS: Final = 90
_MOST_SLOTS: Final = 500


@dataclass(frozen=True, slots=True)
class OffersQuery:
    """Places of a clinic that are free again, at most `limit`; `each`: so many of who wait for one."""

    clinic_id: int
    limit: int = 50
    each: int = 3


@dataclass(frozen=True, slots=True)
class FreedPlace:
    """A place that is free again. `starts_at` and `ends_at` carry the clinic's offset, the others are UTC.

    `why` is what freed it (a turn's state, `anulado`, `movido`, `agenda`). `waiting` are the first who are
    offered it, of `waiters`; `offered` whom it is on offer to until `offered_until`.
    """

    slot: SlotRow
    freed_at: datetime
    why: str
    waiting: tuple[WishRow, ...]
    waiters: int
    offered: WishRow | None = None
    offered_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Freed:
    """A stretch of a block, or all of it, that is free since an instant."""

    block_id: int
    starts_at: datetime | None
    ends_at: datetime | None
    at: datetime
    why: str

    def holds(self, slot: SlotRow) -> bool:
        """Whether a slot of its block lies in it."""
        if self.starts_at is None or self.ends_at is None:
            return True
        return self.starts_at < slot.ends_at and slot.starts_at < self.ends_at


@view("waitlist.offers", needs=Permission.TURN_READ)
def freed_places(tx: Reader, query: OffersQuery) -> tuple[FreedPlace, ...]:
    """The clinic's places that are free again and wanted, by time."""
    wishes = open_wishes(tx, query.clinic_id)
    if not wishes:
        return ()
    zone = sites.zone_of(tx, query.clinic_id)
    freed = _freed(tx, query.clinic_id, min(each.asked_at for each in wishes), zone)
    found = _slots(tx, query.clinic_id, freed, zone)
    blocks = _blocks(tx, {_block_id(slot) for slot in found})
    served = _specialties(tx, blocks.values())
    dealt = _dealt(tx, [slot.id for slot in found])
    places = [
        _Place(slot, *_since(slot, freed[_block_id(slot)]), blocks[_block_id(slot)], served, dealt, wishes)
        for slot in found
    ]
    wanted = [each for each in places if each.wanted or each.offer is not None][: query.limit]
    shown = {each.id for place in wanted for each in place.wanted[: query.each]}
    shown |= {place.offer.wish_id for place in wanted if place.offer is not None}
    people = {row.id: row for row in rows_of(tx, waitlist.c.id.in_(shown))} if shown else {}
    return tuple(place.row(people, query.each) for place in wanted)


class _Place:
    """A free slot with who may be offered it."""

    def __init__(
        self,
        slot: SlotRow,
        freed_at: datetime,
        why: str,
        block: Block,
        served: Mapping[int, int | None],
        dealt: Mapping[str, Sequence[Any]],
        wishes: Sequence[Any],
    ) -> None:
        self.slot, self.freed_at, self.why = slot, freed_at, why
        before = dealt.get(slot.id, ())
        self.offer = next((each for each in before if each.answer is None), None)
        refused = {each.wish_id for each in before}
        wanted = rules.OfferedPlace(
            block.clinic_id,
            block.doctor_id,
            frozenset(block.procedures),
            frozenset(filter(None, (served.get(each) for each in block.procedures))),
            slot.starts_at.replace(tzinfo=None),
        )
        self.wanted = [
            each
            for each in wishes
            if each.asked_at < freed_at and each.id not in refused and rules.is_served(each, wanted)
        ]

    def row(self, people: Mapping[UUID, WishRow], each: int) -> FreedPlace:
        """As it is shown; who is hidden from the reader is counted all the same."""
        first = tuple(people[wish.id] for wish in self.wanted[:each] if wish.id in people)
        offered = people.get(self.offer.wish_id) if self.offer is not None else None
        until = self.offer.until if self.offer is not None else None
        return FreedPlace(self.slot, self.freed_at, self.why, first, len(self.wanted), offered, until)


def _freed(tx: Reader, clinic_id: int, since: datetime, zone: str) -> dict[int, list[_Freed]]:
    """What became free at a clinic after an instant, by block."""
    asked = (
        _ended(clinic_id, since, tx.now),
        _moved(clinic_id, since, tx.now),
        _back(clinic_id, since, zone),
        _changed(clinic_id, since),
    )
    found: dict[int, list[_Freed]] = {}
    for each in tx.into(_Freed, union_all(*asked)):
        found.setdefault(each.block_id, []).append(each)
    return found


def _ended(clinic_id: int, since: datetime, now: datetime) -> Select[Any]:
    voided = turns.c.voided_reason.is_not(None)
    return select(
        turns.c.block_id,
        turns.c.starts_at,
        turns.c.ends_at,
        turns.c.state_at.label("at"),
        case((voided, literal("anulado")), else_=turns.c.state).label("why"),
    ).where(
        turns.c.clinic_id == clinic_id,
        turns.c.block_id.is_not(None),
        turns.c.ends_at > now,
        turns.c.state_at > since,
        or_(voided, turns.c.state.in_([state.value for state in FREES_CLAIMS])),
    )


def _moved(clinic_id: int, since: datetime, now: datetime) -> Select[Any]:
    of = turn_moves.c
    return (
        select(of.was_block_id, of.was_starts_at, of.was_ends_at, turn_events.c.at, literal("movido"))
        .join(
            turn_events,
            and_(
                turn_events.c.patient_id == of.patient_id,
                turn_events.c.turn_id == of.turn_id,
                turn_events.c.seq == of.seq,
            ),
        )
        .where(
            of.was_clinic_id == clinic_id,
            of.was_block_id.is_not(None),
            of.was_ends_at > now,
            turn_events.c.at > since,
        )
    )


_ALL: Final = (null().cast(DateTime(timezone=True)), null().cast(DateTime(timezone=True)))


def _back(clinic_id: int, since: datetime, zone: str) -> Select[Any]:
    """Blocks whose doctor is back, or that are worked again, on the days that were shut."""
    away = agenda_exceptions.c
    first, last = (cast(day, DateTime) for day in (away.first_day, away.last_day + 1))
    days = (
        case((away.last_day.is_not(None), func.timezone(zone, first))),
        func.timezone(zone, last),
    )
    return (
        select(agenda_blocks.c.id, *days, away.lifted_at, literal("agenda"))
        .join(
            agenda_exceptions,
            and_(
                away.doctor_id == agenda_blocks.c.doctor_id,
                or_(away.block_id.is_(None), away.block_id == agenda_blocks.c.id),
            ),
        )
        .where(agenda_blocks.c.clinic_id == clinic_id, away.lifted_at > since)
    )


def _changed(clinic_id: int, since: datetime) -> Select[Any]:
    """Blocks made, published or made wider, and those whose room came back into use."""
    at = case((rooms.c.changed_at > agenda_blocks.c.changed_at, rooms.c.changed_at))
    at = case((at.is_not(None), at), else_=agenda_blocks.c.changed_at)
    return (
        select(agenda_blocks.c.id, *_ALL, at, literal("agenda"))
        .join(rooms, rooms.c.id == agenda_blocks.c.room_id)
        .where(
            agenda_blocks.c.clinic_id == clinic_id,
            agenda_blocks.c.state == BlockState.PUBLICADO.value,
            at > since,
        )
    )


def _slots(tx: Reader, clinic_id: int, freed: Mapping[int, Sequence[_Freed]], zone: str) -> list[SlotRow]:
    """The free slots of these stretches, by time: what this person could give."""
    if not freed:
        return []
    today = clock.local_day(tx.now, zone)
    first, last = _days([each for of_block in freed.values() for each in of_block], today, zone)
    query = SlotsQuery(
        clinic_id, since=first, days=(last - first).days + 1, limit=_MOST_SLOTS, blocks=frozenset(freed)
    )
    found = slots.slots.run(tx, query)
    return [slot for slot in found if any(each.holds(slot) for each in freed[_block_id(slot)])]


def _days(freed: Iterable[_Freed], today: date, zone: str) -> tuple[date, date]:
    spans = list(freed)
    if any(each.starts_at is None for each in spans):
        return today, today.fromordinal(today.toordinal() + _AHEAD_DAYS - 1)
    known = [clock.local_day(each.starts_at, zone) for each in spans if each.starts_at is not None]
    return max(today, min(known)), max(today, *known)


def _block_id(slot: SlotRow) -> int:
    return int(slot.id.partition(".")[0])


def _since(slot: SlotRow, freed: Iterable[_Freed]) -> tuple[datetime, str]:
    """When a slot became free last, and by what."""
    return max((each.at, each.why) for each in freed if each.holds(slot))


def _blocks(tx: Reader, ids: Collection[int]) -> dict[int, Block]:
    rows = tx.rows(select(*agendas.BLOCK).where(agenda_blocks.c.id.in_(ids))) if ids else []
    return {block.id: block for block in (agendas.block_of(tuple(row)) for row in rows)}


def _specialties(tx: Reader, blocks: Iterable[Block]) -> dict[int, int | None]:
    ids = {each for block in blocks for each in block.procedures}
    statement = select(procedures.c.id, procedures.c.specialty_id).where(procedures.c.id.in_(ids))
    rows: list[Any] = tx.rows(statement) if ids else []
    return {row[0]: row[1] for row in rows}


def _dealt(tx: Reader, ids: Sequence[str]) -> dict[str, list[Any]]:
    """What was offered of these slots: still on offer (`answer` None), refused, or unanswered in time."""
    of = waitlist_offers.c
    statement = select(of.slot, of.wish_id, of.until, of.answer).where(
        of.slot.in_(ids),
        or_(
            of.answer.in_([Answer.RECHAZADA.value, Answer.VENCIDA.value]),
            and_(of.answer.is_(None), of.until > tx.now),
        ),
    )
    found: dict[str, list[Any]] = {}
    for row in tx.rows(statement) if ids else []:
        found.setdefault(row.slot, []).append(row)
    return found
