"""Series: several turns at the same hour, given together or not at all; cancelled from one on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.rules import Block, Busy, Calendar, Slot, slots_of
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import offers, rules, slots
from clinicdesk.clinic.turns.errors import BadSeries, ReasonNeeded, SeriesNotFound, SeriesRefused, SlotTaken
from clinicdesk.clinic.turns.model import turns
from clinicdesk.clinic.turns.offers import Offer
from clinicdesk.clinic.turns.rules import Asker, Every, State
from clinicdesk.clinic.turns.service import Hop, TurnAnswer, claimed, hop, living
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.ids import derived_id, made_at
from clinicdesk.kit.words import _


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """The sessions that would be: the slot of the first, how often, how many, how many slots each."""

    patient_id: UUID
    slot: str
    every: Every
    times: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a series: its wall time, its slot, and why it cannot be given; empty where it can."""

    n: int
    wall_start: datetime
    slot: str | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSeries(Order):
    """Turns at the hour of a slot, `times` of them, all or none."""

    patient_id: UUID
    series_id: UUID = new_row()
    slot: str
    every: Every
    times: int
    length: int = 1
    reason: str | None = None
    acknowledged: tuple[UUID, ...] = field(default=(), metadata={"made": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSeries(Order):
    """The turns of a series that are to come, from an instant on."""

    patient_id: UUID
    series_id: UUID
    since: datetime | None = None
    reason: str
    asked_by: Asker = Asker.PACIENTE


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """The turns that were given or cancelled, by time."""

    patient_id: UUID
    series_id: UUID
    turns: tuple[TurnAnswer, ...]


@view("turn.series_plan", needs=Permission.TURN_READ)
def plan(tx: Reader, query: SeriesQuery) -> tuple[Session, ...]:
    """What a series would give, and which sessions cannot be: said before anything is booked.

    Raises BadSeries, and what `offers` refuses of the first.
    """
    if not 1 < query.times <= rules.MOST_SESSIONS:
        raise BadSeries(most=rules.MOST_SESSIONS)
    first = offers.offered(tx, query.slot, query.length)
    chart = people_cared_for.header(tx, query.patient_id).chart_number
    days = rules.session_days(first.day, query.every, query.times)
    wanted = agendas.BlocksQuery(first.block.clinic_id, first.block.doctor_id)
    found = tuple(
        block
        for block in agendas.blocks(tx, wanted, days[0], days[-1])
        if first.block.procedure_id in block.procedures and block.capacity is None
    )
    bounds = clock.day_bounds(days[0], first.zone)[0], clock.day_bounds(days[-1], first.zone)[1]
    busy = slots.busy(tx, {-chart, *_resources(found)}, *bounds)
    agenda = _Agenda(found, agendas.calendar(tx, found, days[0], days[-1]), busy, chart, first)
    last = offers.last_day(tx, first)
    return tuple(agenda.session(n, day, last, query.length) for n, day in enumerate(days, start=1))


def _resources(blocks: Sequence[Block]) -> set[int]:
    return {each for block in blocks for each in (block.doctor_id, block.room_id)}


@dataclass(frozen=True, slots=True)
class _Agenda:
    """What the doctor of the first session offers, and who holds what, over the days of a series."""

    blocks: tuple[Block, ...]
    calendar: Calendar
    busy: tuple[Busy, ...]
    chart: int
    first: Offer

    def session(self, n: int, day: date, last: date, length: int) -> Session:
        """One session, with why it cannot be."""
        wall = datetime.combine(day, self.first.wall_start.time())
        if day > last:
            return Session(n, wall, None, _("se dan turnos hasta el {:%d/%m/%Y}").format(last))
        span = self._span(wall, length)
        if not span:
            return Session(n, wall, None, self._why_none(wall))
        why = self._taken(span)
        return Session(n, wall, None if why else span[0].id, why)

    def _span(self, wall: datetime, length: int) -> tuple[Slot, ...]:
        for block in self.blocks:
            offered = slots_of(block, wall.date(), self.first.zone, self.calendar)
            found = tuple(slot for slot in offered if slot.wall_start >= wall)[:length]
            joined = all(one.ends_at == other.starts_at for one, other in itertools.pairwise(found))
            if len(found) == length and found[0].wall_start == wall and joined:
                return found
        return ()

    def _why_none(self, wall: datetime) -> str:
        end = wall + (self.first.ends_at - self.first.starts_at)
        worked = (block for block in self.blocks if block.holds_on(wall.date()))
        shut = (self.calendar.why_shut(block, wall, end) for block in worked)
        return next(filter(None, shut), None) or _("la agenda no ofrece ese horario")

    def _taken(self, span: tuple[Slot, ...]) -> str:
        starts_at, ends_at, block = span[0].starts_at, span[-1].ends_at, span[0].block
        at_once = (each for each in self.busy if each.starts_at < ends_at and starts_at < each.ends_at)
        held = {each.resource_id for each in at_once}
        if -self.chart in held:
            return _("el paciente tiene otro turno")
        return _("ya está tomado") if {block.doctor_id, block.room_id} & held else ""


def _explain(tx: Reader, order: BookSeries, refusal: Refusal) -> Refusal:
    """Who was first took some of the sessions: which, as the plan says it now."""
    if not isinstance(refusal, SlotTaken):
        return refusal
    failed = _refused(plan.run(tx, _asked(order)))
    return failed or refusal


def _asked(order: BookSeries) -> SeriesQuery:
    return SeriesQuery(order.patient_id, order.slot, order.every, order.times, order.length)


def _refused(sessions: tuple[Session, ...]) -> SeriesRefused | None:
    failed = [each for each in sessions if each.why]
    if not failed:
        return None
    first = f"{failed[0].wall_start:%d/%m %H:%M}: {failed[0].why}."
    return SeriesRefused(sessions=sessions, count=len(failed), times=len(sessions), first=first)


@use_case("turn.book_series", needs=Permission.TURN_BOOK, answer=SeriesAnswer, explain=_explain)
def book_series(tx: Tx, order: BookSeries) -> SeriesAnswer:
    """Give every session in one transaction, or none.

    Raises SeriesRefused with what cannot be and why, BadSeries, AlreadyBooked, and what `offers` refuses.
    """
    sessions = plan.run(tx, _asked(order))
    if refused := _refused(sessions):
        raise refused
    offer = offers.named(tx, order.slot, order.length)
    chart = living(tx, order.patient_id, offer.day)
    offers.demand_unbooked(tx, order.patient_id, offer.block.procedure_id, order.acknowledged)
    made = tuple(_booked(tx, order, each, chart) for each in sessions)
    return SeriesAnswer(order.patient_id, order.series_id, made)


def _booked(tx: Tx, order: BookSeries, session: Session, chart: int) -> TurnAnswer:
    turn_id = derived_id(made_at(order.series_id), order.series_id.hex, str(session.n))
    offer = offers.named(tx, session.slot or "", order.length)
    more = {"reason": order.reason, "series_id": order.series_id}
    return claimed(tx, order.patient_id, turn_id, offer, chart, more)


@use_case("turn.cancel_series", needs=Permission.TURN_BOOK, answer=SeriesAnswer)
def cancel_series(tx: Tx, order: CancelSeries) -> SeriesAnswer:
    """Cancel what is to come of a series, all together. Raises SeriesNotFound, ReasonNeeded, TurnChanged."""
    if not order.reason.strip():
        raise ReasonNeeded
    since = max(order.since or tx.now, tx.now)
    coming = tx.rows(
        select(turns.c.patient_id, turns.c.id, turns.c.seq, turns.c.state)
        .where(
            one_person.of(turns.c.patient_id, order.patient_id),
            turns.c.series_id == order.series_id,
            turns.c.starts_at >= since,
            turns.c.state.in_([state.value for state in rules.HOLDS_CLAIMS]),
            turns.c.voided_reason.is_(None),
        )
        .order_by(turns.c.starts_at)
    )
    if not coming:
        raise SeriesNotFound
    return SeriesAnswer(
        order.patient_id,
        order.series_id,
        tuple(_cancelled(tx, order, row) for row in coming),
    )


def _cancelled(tx: Tx, order: CancelSeries, row: Any) -> TurnAnswer:
    step = Hop(
        key=order.key,
        patient_id=row.patient_id,
        turn_id=row.id,
        seq=row.seq,
        from_state=row.state,
        reason=order.reason,
        asked_by=order.asked_by,
    )
    return hop(tx, step, State.CANCELADO)
