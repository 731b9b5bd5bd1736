"""What a change of an agenda does to turns: they are shown first, then cancelled with it, told and replaced.

An edit, a suspension and a leave go one way: lock doctor and block, look which turns fall out, compare
with what the person saw, write the change, cancel the turns by the clinic and queue a notice for each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import BigInteger, Select, and_, bindparam, func, insert, literal, select, update

from clinicdesk.clinic.agendas import service as blocks
from clinicdesk.clinic.agendas.errors import AffectedChanged
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.agendas.rules import Away, Block, BlockState, slot_changes, stays
from clinicdesk.clinic.agendas.service import EditBlock
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.turns import claims, places
from clinicdesk.clinic.turns import service as desk
from clinicdesk.clinic.turns.model import bookings, turn_notices, turn_reassigned, turns
from clinicdesk.clinic.turns.rules import HOLDS_CLAIMS, Asker, State
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.words import _

_AHEAD_DAYS = 90


@dataclass(frozen=True, slots=True)
class FallenTurn:
    """A turn to come that a change leaves without its time. `phone` None: nothing to tell them by."""

    patient_id: UUID
    turn_id: UUID
    seq: int
    state: str
    clinic_id: int
    wall_start: datetime
    wall_end: datetime
    family: str
    given: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Fallen:
    """What a change takes: turns by time, and slots lost and gained in the next 90 days.

    `seen` stands for exactly these turns in an order.
    """

    turns: tuple[FallenTurn, ...]
    slots_lost: int = 0
    slots_gained: int = 0

    @property
    def seen(self) -> str:
        """The same for the same turns in the same edition."""
        said = "\n".join(f"{each.turn_id} {each.seq}" for each in self.turns)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class AwayQuery:
    """Days without a doctor, or without one block of theirs; `last_day` None: until further notice."""

    doctor_id: int
    first_day: date
    last_day: date | None = None
    from_time: time | None = None
    to_time: time | None = None
    block_id: int | None = None


@view("agenda.fallen", needs=Permission.AGENDA_MANAGE, act=True)
def fallen_by_absence(tx: Reader, query: AwayQuery) -> Fallen:
    """The turns that a leave or a suspension would cancel, by time."""
    return _absent(tx, query)


@view("agenda.fallen_by_edit", needs=Permission.AGENDA_MANAGE, act=True)
def fallen_by_edit(tx: Reader, order: EditBlock) -> Fallen:
    """The turns that an edit would leave outside the block, by time."""
    before = blocks.block_here(tx, order.block_id)
    return _edited_out(tx, before, blocks.edited(before, order))


def _absent(tx: Reader, query: AwayQuery) -> Fallen:
    away = _away_of(query)
    where = [turns.c.doctor_id == query.doctor_id, turns.c.day >= query.first_day]
    if query.block_id is not None:
        where.append(turns.c.block_id == query.block_id)
    if query.last_day is not None:
        where.append(turns.c.day <= query.last_day)
    found = tx.into(FallenTurn, _to_come(tx).where(*where))
    return Fallen(tuple(each for each in found if _inside(away, each)))


def _inside(away: Away, turn: FallenTurn) -> bool:
    if away.from_time is None or away.to_time is None:
        return True
    return turn.wall_start.time() < away.to_time and away.from_time < turn.wall_end.time()


def _away_of(query: AwayQuery) -> Away:
    return Away(
        query.doctor_id, query.block_id, query.first_day, query.last_day, query.from_time, query.to_time
    )


def _edited_out(tx: Reader, before: Block, after: Block) -> Fallen:
    found = tx.into(FallenTurn, _to_come(tx).where(turns.c.block_id == before.id))
    out = tuple(each for each in found if not stays(after, each.wall_start, each.wall_end))
    zone = sites.zone_of(tx, before.clinic_id)
    today = clock.local_day(tx.now, zone)
    lost, gained = slot_changes(before, after, (today + timedelta(n) for n in range(_AHEAD_DAYS)), zone)
    return Fallen(out, lost, gained)


def _to_come(tx: Reader) -> Select[Any]:
    """Turns whose time has not come and whose patient has not either."""
    return (
        select(
            turns.c.patient_id,
            turns.c.id,
            turns.c.seq,
            turns.c.state,
            turns.c.clinic_id,
            turns.c.wall_start,
            (turns.c.wall_start + (turns.c.ends_at - turns.c.starts_at)).label("wall_end"),
            func.coalesce(patients.c.family, literal("")),
            func.coalesce(patients.c.given, literal("")),
            patients.c.phone,
        )
        .outerjoin_from(turns, patients, patients.c.patient_id == turns.c.patient_id)
        .where(
            turns.c.ends_at > tx.now,
            turns.c.state.in_([each.value for each in HOLDS_CLAIMS]),
            turns.c.voided_reason.is_(None),
        )
        .order_by(turns.c.wall_start, turns.c.id)
    )


class _Turn(Protocol):
    """What a hop needs to know of a turn."""

    @property
    def patient_id(self) -> UUID: ...
    @property
    def turn_id(self) -> UUID: ...
    @property
    def seq(self) -> int: ...


@dataclass(frozen=True, slots=True)
class CascadeAnswer:
    """The change that was made: turns cancelled, notices to give and those with nothing to give them by."""

    id: int
    cancelled: int = 0
    notices: int = 0
    without_phone: int = 0
    restored: int = 0
    not_restored: int = 0


def _lock(tx: Tx, doctor_id: int, block_ids: Iterable[int]) -> None:
    claims.lock(tx, (doctor_id,))
    for each in sorted(block_ids):
        places.lock(tx, each)


def _demand_seen(fallen: Fallen, seen: str) -> None:
    if fallen.seen != seen:
        raise AffectedChanged(turns=len(fallen.turns), affected=fallen)


def _cascade(tx: Tx, fallen: Fallen, reason: str, exception_id: int | None) -> CascadeAnswer:
    """Cancel each turn by the clinic, with the reason, and queue its notice."""
    for each in fallen.turns:
        _hop(tx, each, each.state, State.CANCELADO, reason)
        tx.write(insert(turn_notices), _notice(tx, each, exception_id))
    reached = sum(1 for each in fallen.turns if each.phone)
    count = len(fallen.turns)
    return CascadeAnswer(exception_id or 0, count, reached, count - reached)


def _hop(tx: Tx, turn: _Turn, from_state: str, to_state: State, reason: str | None = None) -> None:
    order = desk.Hop(
        patient_id=turn.patient_id,
        turn_id=turn.turn_id,
        seq=turn.seq,
        from_state=from_state,
        reason=reason,
        asked_by=Asker.CENTRO,
    )
    desk.hop(tx, order, to_state)


def _notice(tx: Tx, turn: FallenTurn, exception_id: int | None) -> dict[str, object]:
    return {
        "patient_id": turn.patient_id,
        "id": new_id(),
        "turn_id": turn.turn_id,
        "exception_id": exception_id,
        "kind": "suspendido",
        "seq": turn.seq + 1,
        "state": "pendiente" if turn.phone else "sin_medio",
        "made_at": tx.now,
    }


@use_case(
    "agenda.edit",
    needs=Permission.AGENDA_MANAGE,
    answer=CascadeAnswer,
    purpose="ADMIN",
    explain=blocks.explain_edit,
)
def edit_block(tx: Tx, order: EditBlock) -> CascadeAnswer:
    """Change a block; turns that it leaves outside are cancelled with it.

    Raises AffectedChanged, BlockNotFound, SiteChanged, BlocksOverlap, InvalidInput.
    """
    before = blocks.block_here(tx, order.block_id)
    _lock(tx, before.doctor_id, (before.id,))
    after = blocks.edited(before, order)
    blocks.demand_right(after)
    fallen = _edited_out(tx, before, after)
    _demand_seen(fallen, order.seen)
    written = blocks.write_block(tx, replace(before, version=order.version), after)
    return replace(_cascade(tx, fallen, _("cambio de agenda"), None), id=written.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendBlock(Order):
    """A block not worked from a day to another (None: until it is reinstated); wall days of the clinic."""

    block_id: int
    first_day: date
    last_day: date | None = None
    reason: str
    seen: str = as_read()

    @property
    def subject(self) -> str:
        """Which block."""
        return str(self.block_id)


@use_case("agenda.suspend", needs=Permission.AGENDA_MANAGE, answer=CascadeAnswer, purpose="ADMIN")
def suspend_block(tx: Tx, order: SuspendBlock) -> CascadeAnswer:
    """Suspend a block and its turns at once. Raises AffectedChanged, BlockNotFound, BadException."""
    block = blocks.block_here(tx, order.block_id)
    _lock(tx, block.doctor_id, (block.id,))
    query = AwayQuery(block.doctor_id, order.first_day, order.last_day, block_id=block.id)
    fallen = _absent(tx, query)
    _demand_seen(fallen, order.seen)
    made = _except(tx, query, order.reason, None)
    today = clock.local_day(tx.now, tx.actor.at.zone)
    if order.last_day is None and order.first_day <= today and block.state == BlockState.PUBLICADO:
        blocks.write_block(tx, block, replace(block, state=BlockState.SUSPENDIDO.value))
    return _cascade(tx, fallen, order.reason, made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Order):
    """A doctor's leave from a day to another, whole days or the same hours of each; wall time."""

    doctor_id: int
    first_day: date
    last_day: date | None = None
    from_time: time | None = None
    to_time: time | None = None
    leave_kind: str
    reason: str
    seen: str = as_read()

    @property
    def subject(self) -> str:
        """Whose."""
        return str(self.doctor_id)


@use_case("agenda.leave", needs=Permission.AGENDA_MANAGE, answer=CascadeAnswer, purpose="ADMIN")
def grant_leave(tx: Tx, order: Leave) -> CascadeAnswer:
    """A doctor is away: in every clinic nothing of theirs is offered, and their turns are suspended.

    Raises AffectedChanged, BadException.
    """
    query = AwayQuery(order.doctor_id, order.first_day, order.last_day, order.from_time, order.to_time)
    mine = tx.rows(select(agenda_blocks.c.id).where(agenda_blocks.c.doctor_id == order.doctor_id))
    _lock(tx, order.doctor_id, (row.id for row in mine))
    fallen = _absent(tx, query)
    _demand_seen(fallen, order.seen)
    return _cascade(tx, fallen, order.reason, _except(tx, query, order.reason, order.leave_kind))


def _except(tx: Tx, query: AwayQuery, reason: str, leave_kind: str | None) -> int:
    values = {
        "kind": "suspension" if query.block_id else "licencia",
        "leave_kind": leave_kind,
        "reason": reason,
        **{name: getattr(query, name) for name in query.__slots__},
    }
    return blocks.record_exception(tx, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate(Order):
    """A leave or a suspension that is over, or was a mistake."""

    exception_id: int

    @property
    def subject(self) -> str:
        """Which one."""
        return str(self.exception_id)


@use_case("agenda.reinstate", needs=Permission.AGENDA_MANAGE, answer=CascadeAnswer, purpose="ADMIN")
def reinstate(tx: Tx, order: Reinstate) -> CascadeAnswer:
    """Lift it: what it shut is offered again.

    On the day it was made its turns stand again too, those whose time is still free and that were not
    given elsewhere. Raises ExceptionNotFound.
    """
    lifted = blocks.lift_exception(tx, order.exception_id)
    if lifted.block_id is not None:
        block = blocks.block_here(tx, lifted.block_id)
        if block.state == BlockState.SUSPENDIDO:
            blocks.write_block(tx, block, replace(block, state=BlockState.PUBLICADO.value))
    zone = tx.actor.at.zone
    if clock.local_day(lifted.made_at, zone) != clock.local_day(tx.now, zone):
        return CascadeAnswer(lifted.id)
    return _restore(tx, lifted.id, lifted.doctor_id)


def _restore(tx: Tx, exception_id: int, doctor_id: int) -> CascadeAnswer:
    claims.lock(tx, (doctor_id,))
    suspended = tx.rows(_suspended_by(exception_id).where(turns.c.ends_at > tx.now))
    restored = 0
    for each in suspended:
        if each.has_new or each.taken:
            continue
        _hop(tx, each, State.CANCELADO.value, State.REGISTRADO)
        tx.write(
            update(turn_notices)
            .where(
                turn_notices.c.patient_id == each.patient_id,
                turn_notices.c.turn_id == each.turn_id,
                turn_notices.c.state.in_(["pendiente", "sin_medio"]),
            )
            .values(state="anulado")
        )
        restored += 1
    return CascadeAnswer(exception_id, restored=restored, not_restored=len(suspended) - restored)


def _suspended_by(exception_id: int) -> Select[Any]:
    """Its turns that are still cancelled, each with whether its time is another's, and a new turn."""
    held, theirs = bookings.alias("held"), bookings.alias("theirs")
    taken = (
        select(held.c.id)
        .join(theirs, and_(theirs.c.resource == held.c.resource, theirs.c.during.op("&&")(held.c.during)))
        .where(held.c.turn_id == turns.c.id, ~held.c.active, theirs.c.active)
        .exists()
    )
    renewed = (
        select(turn_reassigned.c.id)
        .where(turn_reassigned.c.patient_id == turns.c.patient_id, turn_reassigned.c.was_id == turns.c.id)
        .exists()
    )
    return (
        select(
            turns.c.patient_id,
            turns.c.id.label("turn_id"),
            turns.c.seq,
            taken.label("taken"),
            renewed.label("has_new"),
        )
        .join(
            turn_notices,
            and_(turn_notices.c.patient_id == turns.c.patient_id, turn_notices.c.turn_id == turns.c.id),
        )
        .where(
            turn_notices.c.exception_id == bindparam("of_exception", exception_id, BigInteger),
            turn_notices.c.kind == "suspendido",
            turns.c.state == State.CANCELADO.value,
            turns.c.voided_reason.is_(None),
        )
        .order_by(turns.c.starts_at, turns.c.id)
    )
