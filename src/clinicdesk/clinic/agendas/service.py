"""Use cases of agendas that touch no turn: blocks are added, drafted and published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas import queries, rules
from clinicdesk.clinic.agendas.errors import (
    BadException,
    BlockNotFound,
    BlocksOverlap,
    ExceptionNotFound,
    NotOwnDraft,
    RoomUnfit,
)
from clinicdesk.clinic.agendas.model import (
    agenda_blocks,
    agenda_exceptions,
    block_procedures,
    block_quotas,
    spans,
)
from clinicdesk.clinic.agendas.rules import Block, BlockState
from clinicdesk.clinic.rights import Permission, Role
from clinicdesk.clinic.sites import editing
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.sites import rules as sites_rules
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.errors import DoctorNotFound, ProcedureNotFound, SiteRowNotFound
from clinicdesk.clinic.sites.model import procedures, rooms
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.words import _

# What an edit may change; another doctor, room or weekday is another block.
EDITABLE: Final = (
    *("starts", "ends", "slot_minutes", "capacity", "overbooks", "release_hours", "valid_from", "valid_to"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddBlock(Order):
    """A weekly block of a doctor in a room. `procedures` are ids, the first its own; wall times.

    `capacity` None: slots of `slot_minutes`; a number: by order of arrival. `publish`: offered at once.
    """

    clinic_id: int
    doctor_id: int
    room_id: int
    procedures: tuple[int, ...]
    weekday: int
    starts: time
    ends: time
    slot_minutes: int
    capacity: int | None = None
    overbooks: int = 0
    release_hours: int = rules.RELEASE_HOURS
    quotas: tuple[tuple[str, int], ...] = ()
    valid_from: date
    valid_to: date | None = None
    publish: bool = False


def _explain(tx: Reader, order: AddBlock, refusal: Refusal) -> Refusal:
    """Which block is in the way."""
    return overlapped(tx, _made(order), order) if isinstance(refusal, BlocksOverlap) else refusal


def overlapped(tx: Reader, block: Block, _order: object = None) -> BlocksOverlap:
    """The refusal that names the block in the way of another."""
    claimed = _spans(block)
    doctor_or_room = (agenda_blocks.c.doctor_id == block.doctor_id) | (
        agenda_blocks.c.room_id == block.room_id
    )
    statement = (
        select(agenda_blocks.c.id, people.c.family, agenda_blocks.c.starts, agenda_blocks.c.ends)
        .join(people, people.c.id == agenda_blocks.c.doctor_id)
        .where(
            doctor_or_room,
            agenda_blocks.c.id != block.id,
            agenda_blocks.c.minutes.op("&&")(claimed["minutes"]),
            agenda_blocks.c.valid.op("&&")(claimed["valid"]),
        )
    )
    found = tx.first(statement)
    if found is None:
        return BlocksOverlap()
    which = _(": el {}, {}, {:%H:%M} a {:%H:%M}").format(found.id, found.family, found.starts, found.ends)
    return BlocksOverlap(which=which)


@use_case("agenda.add", needs=Permission.AGENDA_MANAGE, answer=SiteAnswer, purpose="ADMIN", explain=_explain)
def add_block(tx: Tx, order: AddBlock) -> SiteAnswer:
    """Add a block at the clinic one acts in, as a draft or published.

    Raises InvalidInput with all that is wrong, BlocksOverlap, DoctorNotFound, SiteRowNotFound, RoomUnfit.
    """
    return _added(tx, order, BlockState.PUBLICADO if order.publish else BlockState.BORRADOR)


@use_case("agenda.draft", needs=Permission.AGENDA_OWN, answer=SiteAnswer, purpose="ADMIN", explain=_explain)
def draft_block(tx: Tx, order: AddBlock) -> SiteAnswer:
    """A doctor drafts a block of their own, within the clinic's hours; who manages publishes it.

    Raises NotOwnDraft, InvalidInput, BlocksOverlap, SiteRowNotFound.
    """
    if order.doctor_id != tx.actor.person_id or order.publish:
        raise NotOwnDraft
    demand_in_hours(tx, _made(order))
    return _added(tx, order, BlockState.BORRADOR)


def demand_in_hours(tx: Reader, block: Block) -> None:
    """Raises InvalidInput where the clinic is not open for the whole block."""
    first, last = _minutes(block)
    spans_open = sites_rules.open_spans(sites.hours_of(tx, block.clinic_id), block.weekday)
    if not any(opens <= first and last <= closes for opens, closes in spans_open):
        raise InvalidInput(_("El centro no abre todo ese horario ese día."))


def _minutes(block: Block) -> tuple[int, int]:
    return block.starts.hour * 60 + block.starts.minute, block.ends.hour * 60 + block.ends.minute


def _added(tx: Tx, order: AddBlock, state: BlockState) -> SiteAnswer:
    block = _made(order)
    demand_right(block)
    _demand_place(tx, order)
    values = {
        "clinic_id": block.clinic_id,
        "doctor_id": block.doctor_id,
        "room_id": block.room_id,
        "procedure_id": block.procedure_id,
        "weekday": block.weekday,
        "state": state.value,
        **{name: getattr(block, name) for name in EDITABLE},
    }
    answer = editing.add(tx, agenda_blocks, "", values)
    write_parts(tx, answer.id, block)
    return replace(answer, code=str(answer.id))


def _made(order: AddBlock) -> Block:
    return Block(
        0,
        order.clinic_id,
        order.doctor_id,
        order.room_id,
        next(iter(order.procedures), 0),
        order.weekday,
        order.starts,
        order.ends,
        order.slot_minutes,
        order.valid_from,
        order.valid_to,
        capacity=order.capacity,
        overbooks=order.overbooks,
        release_hours=order.release_hours,
        quotas=order.quotas,
        procedures=order.procedures,
    )


def demand_right(block: Block) -> None:
    """Raises InvalidInput with everything that is wrong with a block."""
    problems = rules.block_problems(block)
    if not block.procedures:
        problems = (*problems, _("Falta la práctica."))
    if problems:
        raise InvalidInput(*problems)


def _demand_place(tx: Reader, order: AddBlock) -> None:
    """The clinic acted in, one of its doctors, one of its rooms, known procedures."""
    here = tx.actor.at.clinic_id
    room = tx.first(select(rooms.c.id).where(rooms.c.id == order.room_id, rooms.c.clinic_id == here))
    if order.clinic_id != here or room is None:
        raise SiteRowNotFound(what=_("un consultorio de este centro"), code=order.room_id)
    works = select(clinic_roles.c.person_id).where(
        clinic_roles.c.person_id == order.doctor_id,
        clinic_roles.c.clinic_id == here,
        clinic_roles.c.role == Role.MEDICO.value,
    )
    if tx.first(works) is None:
        raise DoctorNotFound(doctor=order.doctor_id)
    _demand_fit(tx, order.room_id, order.procedures)


def _demand_fit(tx: Reader, room_id: int, wanted: Iterable[int]) -> None:
    """The room is of the kind, and holds the equipment, of all that is done in it.

    Raises ProcedureNotFound, RoomUnfit.
    """
    asked = (procedures.c.id, procedures.c.code, procedures.c.room_kind, procedures.c.equipment)
    known = {row.id: row for row in tx.rows(select(*asked).where(procedures.c.id.in_(tuple(wanted))))}
    room = tx.run(select(rooms.c.code, rooms.c.kind, rooms.c.equipment).where(rooms.c.id == room_id)).one()
    for each in wanted:
        if (done := known.get(each)) is None:
            raise ProcedureNotFound(code=each)
        missing = [done.room_kind] if done.room_kind not in {None, room.kind} else []
        missing += sorted(set(done.equipment) - set(room.equipment))
        if missing:
            raise RoomUnfit(room=room.code, procedure=done.code, missing=", ".join(missing))


def write_parts(tx: Tx, block_id: int, block: Block) -> None:
    """A block's quotas and further procedures, in place of those it had."""
    tx.write(delete(block_quotas).where(block_quotas.c.block_id == block_id))
    tx.write(delete(block_procedures).where(block_procedures.c.block_id == block_id))
    for channel, places in block.quotas:
        tx.write(insert(block_quotas), {"block_id": block_id, "channel": channel, "places": places})
    for each in _further(block):
        tx.write(insert(block_procedures), {"block_id": block_id, "procedure_id": each})


def _further(block: Block) -> Iterable[int]:
    return sorted(set(block.procedures) - {block.procedure_id})


def _spans(block: Block) -> dict[str, Any]:
    return spans(
        block.doctor_id,
        block.room_id,
        block.weekday,
        block.starts,
        block.ends,
        block.valid_from,
        block.valid_to,
    )


def write_block(tx: Tx, before: Block, after: Block) -> SiteAnswer:
    """Write what changed of a block read in its edition.

    Raises SiteChanged, BlocksOverlap, InvalidInput, ProcedureNotFound, RoomUnfit.
    """
    demand_right(after)
    if after.procedures != before.procedures:
        _demand_fit(tx, after.room_id, after.procedures)
    values = {
        "procedure_id": after.procedure_id,
        "state": after.state,
        **{name: getattr(after, name) for name in EDITABLE},
    }
    parts = ("quotas", "procedures")
    also = tuple(name for name in parts if getattr(before, name) != getattr(after, name))
    claimed = {name: span for name, span in _spans(after).items() if span != _spans(before)[name]}
    answer = editing.edit(
        tx,
        agenda_blocks,
        before.id,
        before.version,
        str(before.id),
        values | claimed,
        also,
        clinic_id=tx.actor.at.clinic_id,
    )
    if also:
        write_parts(tx, before.id, after)
    return answer


def block_here(tx: Reader, block_id: int) -> Block:
    """A block of the clinic acted in. Raises BlockNotFound."""
    found = queries.block(tx, block_id)
    if found is None or found.clinic_id != tx.actor.at.clinic_id:
        raise BlockNotFound(block=block_id)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishBlock(Order):
    """A draft that is to be offered."""

    block_id: int
    version: int = as_read()

    @property
    def subject(self) -> str:
        """Which block."""
        return str(self.block_id)


@use_case("agenda.publish", needs=Permission.AGENDA_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def publish_block(tx: Tx, order: PublishBlock) -> SiteAnswer:
    """Offer a draft's slots from now on. Raises BlockNotFound, SiteChanged."""
    before = replace(block_here(tx, order.block_id), version=order.version)
    return write_block(tx, before, replace(before, state=BlockState.PUBLICADO.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditBlock(Order):
    """A block as it is from now on; `seen` is what the list of turns that fall out stood for."""

    block_id: int
    version: int = as_read()
    procedures: tuple[int, ...]
    starts: time
    ends: time
    slot_minutes: int
    capacity: int | None = None
    overbooks: int = 0
    release_hours: int = rules.RELEASE_HOURS
    quotas: tuple[tuple[str, int], ...] = ()
    valid_from: date
    valid_to: date | None = None
    seen: str = as_read()

    @property
    def subject(self) -> str:
        """Which block."""
        return str(self.block_id)


def edited(before: Block, order: EditBlock) -> Block:
    """The block as an edit leaves it."""
    return replace(
        before,
        version=order.version,
        procedure_id=next(iter(order.procedures), before.procedure_id),
        procedures=order.procedures,
        quotas=tuple(sorted(order.quotas)),
        **{name: getattr(order, name) for name in EDITABLE},
    )


def explain_edit(tx: Reader, order: EditBlock, refusal: Refusal) -> Refusal:
    """Which block is in the way."""
    if not isinstance(refusal, BlocksOverlap):
        return refusal
    return overlapped(tx, edited(block_here(tx, order.block_id), order))


@use_case(
    "agenda.redraft", needs=Permission.AGENDA_OWN, answer=SiteAnswer, purpose="ADMIN", explain=explain_edit
)
def edit_draft(tx: Tx, order: EditBlock) -> SiteAnswer:
    """A doctor changes a draft of their own. Raises NotOwnDraft, BlockNotFound, SiteChanged, InvalidInput."""
    before = block_here(tx, order.block_id)
    if before.doctor_id != tx.actor.person_id or before.state != BlockState.BORRADOR:
        raise NotOwnDraft
    after = edited(before, order)
    demand_in_hours(tx, after)
    return write_block(tx, replace(before, version=order.version), after)


def record_exception(tx: Tx, values: Mapping[str, Any]) -> int:
    """A leave or a suspension, made at the clinic acted in; its id. Raises BadException."""
    reason = str(values["reason"]).strip()
    if not reason:
        raise BadException
    made = {"clinic_id": tx.actor.at.clinic_id, "made_by": tx.actor.person_id, "made_at": tx.now}
    row = tx.run(
        insert(agenda_exceptions)
        .values(**{**values, "reason": reason}, **made)
        .returning(agenda_exceptions.c.id)
    )
    return int(row.scalar_one())


def lift_exception(tx: Tx, exception_id: int) -> Row[Any]:
    """It no longer shuts anything; the row as it was. Raises ExceptionNotFound."""
    statement = (
        update(agenda_exceptions)
        .where(
            agenda_exceptions.c.id == exception_id,
            agenda_exceptions.c.clinic_id == tx.actor.at.clinic_id,
            agenda_exceptions.c.lifted_at.is_(None),
        )
        .values(lifted_at=tx.now, lifted_by=tx.actor.person_id)
        .returning(*agenda_exceptions.c)
    )
    if (row := tx.first(statement)) is None:
        raise ExceptionNotFound(exception=exception_id)
    return row
