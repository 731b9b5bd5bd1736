"""When the rules of a zone change: turns stay where they are on the wall, their instants follow.

A turn keeps wall time, zone and instant. People were told the wall time, so that is the promise; the
instant and the claims made with it are reckoned again from wall time and zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Interval,
    Row,
    bindparam,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics, zone_rules
from clinicdesk.clinic.turns import claims, rules
from clinicdesk.clinic.turns.errors import SlotTaken
from clinicdesk.clinic.turns.model import bookings, turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit import clock, zones

# Who writes without our locks (raw SQL) can take a time between the look and the claim.
_TRIES: Final = 3
# A walk-in's instant is when somebody came, and their wall time follows from it; what is over is history.
_PROMISED: Final = (
    turns.c.kind != "walk_in",
    turns.c.state != State.FINALIZADO.value,
    turns.c.voided_reason.is_(None),
)
_EXPECTED: Final = (
    turns.c.kind != "walk_in",
    turns.c.voided_reason.is_(None),
    turns.c.state.in_([state.value for state in rules.HOLDS_CLAIMS]),
)


@dataclass(frozen=True, slots=True)
class RulesQuery:
    """The whole network."""


@dataclass(frozen=True, slots=True)
class RulesRow:
    """The release of the rules that instants were last reckoned with, and since when."""

    at: datetime
    version: str
    retimed: int


@dataclass(frozen=True, slots=True)
class AstrayDay:
    """A day of a clinic on which `count` turns stand at another instant than their wall time says."""

    clinic_id: int
    clinic: str
    day: date
    count: int


@dataclass(frozen=True, slots=True)
class LeftRow:
    """A turn to come that somebody has to move, and why. `wall_start` is the clinic's.

    `place`: another turn holds its doctor, room or patient at that time. `hour`: the clock there never
    shows its hour on that day.
    """

    why: str
    patient_id: UUID
    id: UUID
    clinic: str
    doctor: str
    wall_start: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retime(Order):
    """Reckon the instants of a clinic's day again."""

    clinic_id: int
    day: date


@dataclass(frozen=True, slots=True)
class Retimed:
    """How many turns were given another instant, and which of them another turn keeps from their place."""

    turns: int
    overlapping: tuple[tuple[UUID, UUID], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptRules(Order):
    """From now on instants are reckoned with this release. `retimed`: how many turns followed it."""

    version: str
    retimed: int


@dataclass(frozen=True, slots=True)
class Adopted:
    """The release that holds."""

    version: str


@view("zone.rules", needs=Permission.SITE_READ)
def rules_in_force(tx: Reader, _query: RulesQuery) -> tuple[RulesRow, ...]:
    """The last release adopted; nothing in a database that never knew one."""
    statement = select(zone_rules.c.at, zone_rules.c.version, zone_rules.c.retimed)
    return tx.into(RulesRow, statement.order_by(zone_rules.c.at.desc()).limit(1))


@view("zone.astray", needs=Permission.SITE_MANAGE)
def astray(tx: Reader, _query: RulesQuery) -> tuple[AstrayDay, ...]:
    """The days to reckon again, the nearest first: those on which an instant is not the wall time's."""
    when = (turns.c.day, turns.c.wall_start, turns.c.zone, turns.c.starts_at)
    facts = (turns.c.clinic_id, clinics.c.code, *when)
    statement = (
        select(*facts, func.count().label("how_many"))
        .join(clinics, clinics.c.id == turns.c.clinic_id)
        .where(*_PROMISED, turns.c.day >= _earliest_today(tx.now))
        .group_by(*facts)
    )
    found: dict[tuple[int, str, date], int] = {}
    for row in tx.rows(statement):
        if row.day >= clock.local_day(tx.now, row.zone) and _instant(row) != row.starts_at:
            place = (row.clinic_id, row.code, row.day)
            found[place] = found.get(place, 0) + row.how_many
    return tuple(AstrayDay(*place, found[place]) for place in sorted(found, key=lambda place: place[::-1]))


@view("zone.left", needs=Permission.SITE_MANAGE)
def left(tx: Reader, _query: RulesQuery) -> tuple[LeftRow, ...]:
    """Turns to come without a place of their own, then those at an hour that is skipped; each by time."""
    hours = tx.rows(select(turns.c.zone, turns.c.wall_start).distinct().where(*_EXPECTED, _to_come(tx.now)))
    skipped = [(row.zone, row.wall_start) for row in hours if not clock.exists(row.wall_start, row.zone)]
    at_skipped = tuple_(turns.c.zone, turns.c.wall_start).in_(skipped)
    return (*_left(tx, "place", _is_kept_out()), *(_left(tx, "hour", at_skipped) if skipped else ()))


def _to_come(now: datetime) -> ColumnElement[bool]:
    return turns.c.ends_at > now


def _is_kept_out() -> ColumnElement[bool]:
    """Whether a turn has given back a claim on its own time, on doctor, room or patient, and has no other.

    By order of arrival nobody has claims, an overbook has its patient's alone: what never was is not missed.
    """
    given, held = bookings.alias("given"), bookings.alias("held")
    own = (given.c.resource_id.in_([turns.c.doctor_id, turns.c.room_id])) | (given.c.resource_id < 0)
    again = exists().where(
        held.c.turn_id == given.c.turn_id, held.c.active, held.c.resource_id == given.c.resource_id
    )
    return exists().where(
        given.c.patient_id == turns.c.patient_id,
        given.c.turn_id == turns.c.id,
        ~given.c.active,
        func.lower(given.c.during) == turns.c.starts_at,
        own,
        ~again,
    )


def _left(tx: Reader, why: str, which: ColumnElement[bool]) -> tuple[LeftRow, ...]:
    who = (turns.c.patient_id, turns.c.id, clinics.c.code, people.c.family)
    statement = (
        select(literal(why), *who, turns.c.wall_start, turns.c.state)
        .join(clinics, clinics.c.id == turns.c.clinic_id)
        .join(people, people.c.id == turns.c.doctor_id)
        .where(*_EXPECTED, _to_come(tx.now), which)
        .order_by(turns.c.starts_at, turns.c.id)
    )
    return tx.into(LeftRow, statement)


@use_case("zone.retime", needs=Permission.SITE_MANAGE, answer=Retimed, purpose="ADMIN")
def retime(tx: Tx, order: Retime) -> Retimed:
    """Give a clinic's day the instants of its wall times, claims with them.

    Locks turns, then resources, as a hop does, so desks work on meanwhile. Claims step aside together
    and come back in the order the turns were booked; where a turn that did not move holds the time, or
    one booked earlier, the later one is left without (`left` lists it).
    """
    moved = _to_move(tx, order)
    if not moved:
        return Retimed(0)
    held = _claims_of(tx, [row.id for row in moved])
    claims.lock(tx, tuple({claim.resource_id for claim in held}))
    _let_go(tx, held)
    for delta, starts in _by_delta(moved).items():
        # A claim on an earlier time of the turn stays where it was.
        _shift(tx, delta, starts, [each.id for each in held if starts.get(each.turn_id) == each.start])
    lost = _take_back(tx, [claim for claim in held if claim.active])
    ids = tuple(_pair(row) for row in moved)
    tx.changed(Change(Kind.TURN, tx.act, order.clinic_id, order.day, ids))
    return Retimed(len(ids), tuple(pair for pair in ids if pair[1] in lost))


@use_case("zone.adopt", needs=Permission.SITE_MANAGE, answer=Adopted, purpose="ADMIN")
def adopt(tx: Tx, order: AdoptRules) -> Adopted:
    """Write down which release holds, for desks that start with another one to say so."""
    tx.write(zone_rules.insert(), {"at": tx.now, "version": order.version, "retimed": order.retimed})
    return Adopted(order.version)


@dataclass(frozen=True, slots=True)
class Followed:
    """What following this process's rules did: the release before, the one now, and each day's outcome."""

    before: str | None
    version: str
    days: tuple[tuple[AstrayDay, Retimed], ...]

    @property
    def turns(self) -> int:
        """How many turns were given another instant."""
        return sum(done.turns for _day, done in self.days)


def follow_rules(desk: Desk) -> Followed:
    """Reckon every turn to come by the rules of this process, a day at a time, and write the release down.

    Can be run again at any time: what agrees already is left alone. Raises Refusal.
    """
    known = desk.see(rules_in_force, RulesQuery())
    before = known[0].version if known else None
    done = tuple((day, _insisted(desk, day)) for day in desk.see(astray, RulesQuery()))
    followed = Followed(before, zones.version(), done)
    if before != followed.version or followed.turns:
        desk.do(adopt, AdoptRules(version=followed.version, retimed=followed.turns))
    return followed


def _insisted(desk: Desk, day: AstrayDay) -> Retimed:
    for _try in range(_TRIES - 1):
        try:
            return desk.do(retime, Retime(clinic_id=day.clinic_id, day=day.day))
        except SlotTaken:
            continue
    return desk.do(retime, Retime(clinic_id=day.clinic_id, day=day.day))


def _earliest_today(now: datetime) -> date:
    """A day that is not over anywhere on earth."""
    return now.date() - timedelta(days=1)


def _to_move(tx: Tx, order: Retime) -> list[Row[Any]]:
    """The day's turns whose instant is not that of their wall time, locked."""
    statement = (
        select(turns.c.patient_id, turns.c.id, turns.c.wall_start, turns.c.zone, turns.c.starts_at)
        .where(*_PROMISED, turns.c.clinic_id == order.clinic_id, turns.c.day == order.day)
        .order_by(turns.c.id)
        .with_for_update()
    )
    return [row for row in tx.rows(statement) if _instant(row) != row.starts_at]


def _instant(row: Row[Any]) -> datetime:
    return clock.instant(row.wall_start, row.zone)


def _pair(row: Row[Any]) -> tuple[UUID, UUID]:
    return row.patient_id, row.id


def _claims_of(tx: Tx, turn_ids: Sequence[UUID]) -> list[Row[Any]]:
    """Their claims, those given back too: a reopened turn takes them again. In the order of booking."""
    start, end = func.lower(bookings.c.during), func.upper(bookings.c.during)
    columns = (bookings.c.id, bookings.c.resource_id, bookings.c.turn_id, bookings.c.active)
    statement = (
        select(*columns, start.label("start"), end.label("end"))
        .where(bookings.c.turn_id.in_(turn_ids))
        .order_by(bookings.c.turn_id, bookings.c.id)
    )
    return tx.rows(statement)


def _let_go(tx: Tx, held: Sequence[Row[Any]]) -> None:
    ids = [claim.id for claim in held if claim.active]
    mine = bookings.c.turn_id.in_({claim.turn_id for claim in held}) & bookings.c.id.in_(ids)
    tx.write(update(bookings).where(mine).values(active=False))


def _by_delta(moved: Sequence[Row[Any]]) -> dict[timedelta, dict[UUID, datetime]]:
    """Turns, each with its instant so far, by how far that moves: on most days all by the same."""
    groups: dict[timedelta, dict[UUID, datetime]] = {}
    for row in moved:
        groups.setdefault(_instant(row) - row.starts_at, {})[row.id] = row.starts_at
    return groups


def _shift(tx: Tx, delta: timedelta, turn_ids: Iterable[UUID], claim_ids: Sequence[UUID]) -> None:
    by = bindparam("delta", delta, Interval)
    moved = update(turns).where(turns.c.id.in_(turn_ids))
    tx.write(moved.values(starts_at=turns.c.starts_at + by, ends_at=turns.c.ends_at + by))
    during = func.tstzrange(func.lower(bookings.c.during) + by, func.upper(bookings.c.during) + by, "[)")
    mine = bookings.c.turn_id.in_(turn_ids) & bookings.c.id.in_(claim_ids)
    tx.write(update(bookings).where(mine).values(during=during))


def _take_back(tx: Tx, wanted: Sequence[Row[Any]]) -> set[UUID]:
    """Claims come back where nobody holds the time; the turns of which one could not."""
    whose = {claim.turn_id for claim in wanted}
    now = {claim.id: claim for claim in _claims_of(tx, list(whose))}
    taken = _held_by_others(tx, list(now.values()))
    back, lost = [], set()
    for claim in (now[each.id] for each in wanted):
        times = taken.setdefault(claim.resource_id, [])
        if any(start < claim.end and claim.start < end for start, end in times):
            lost.add(claim.turn_id)
        else:
            times.append((claim.start, claim.end))
            back.append(claim.id)
    mine = bookings.c.turn_id.in_(whose) & bookings.c.id.in_(back)
    tx.write(update(bookings).where(mine).values(active=True))
    return lost


def _held_by_others(tx: Tx, claims_now: Sequence[Row[Any]]) -> dict[int, list[tuple[datetime, datetime]]]:
    """When these resources are held within the time of these claims."""
    if not claims_now:
        return {}
    span = func.tstzrange(min(each.start for each in claims_now), max(each.end for each in claims_now))
    start, end = func.lower(bookings.c.during), func.upper(bookings.c.during)
    statement = select(bookings.c.resource_id, start.label("start"), end.label("end")).where(
        bookings.c.resource_id.in_({each.resource_id for each in claims_now}),
        bookings.c.active,
        bookings.c.during.op("&&")(span),
    )
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for row in tx.rows(statement):
        found.setdefault(row.resource_id, []).append((row.start, row.end))
    return found
