"""After a suspension: patients are told, and given another turn in place of the one they had."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, insert, literal, or_, select, update

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics, procedures
from clinicdesk.clinic.turns import offers
from clinicdesk.clinic.turns import service as desk
from clinicdesk.clinic.turns.errors import AlreadyReassigned, NoticeNotFound, TurnNotFound
from clinicdesk.clinic.turns.model import turn_notices, turn_reassigned, turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view

_NOBODY: Final = {"done_at": None, "done_by": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassign(Order):
    """A new turn in a free slot, in place of one that was suspended."""

    patient_id: UUID
    turn_id: UUID
    new_id: UUID = new_row()
    slot: str
    # As in BookTurn: the turns to come of the same procedure that were shown before.
    acknowledged: tuple[UUID, ...] = field(default=(), metadata={"made": True})


@use_case("turn.reassign", needs=Permission.TURN_BOOK, answer=desk.TurnAnswer, explain=offers.explain_taken)
def reassign(tx: Tx, order: Reassign) -> desk.TurnAnswer:
    """Book the new turn and link it with the old one, which stays as history.

    Raises TurnNotFound unless the old one is cancelled, AlreadyReassigned, and what booking raises.
    """
    of = turn_reassigned.c
    renewed = select(of.id).where(of.patient_id == turns.c.patient_id, of.was_id == turns.c.id).exists()
    old = select(turns.c.reason, turns.c.slots, renewed.label("renewed")).where(
        turns.c.patient_id == order.patient_id,
        turns.c.id == order.turn_id,
        turns.c.state == State.CANCELADO.value,
    )
    if (was := tx.first(old)) is None:
        raise TurnNotFound
    if was.renewed:  # said first: booking would speak of the turn it has
        raise AlreadyReassigned
    book = desk.BookTurn(
        key=order.key,
        patient_id=order.patient_id,
        turn_id=order.new_id,
        slot=order.slot,
        reason=was.reason,
        length=was.slots,
        acknowledged=order.acknowledged,
    )
    answer = desk.book_turn.run(tx, book)
    link = {"patient_id": order.patient_id, "id": order.new_id, "was_id": order.turn_id}
    tx.write(insert(turn_reassigned), link)
    return answer


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A patient to be told of a suspended turn; who told them, and the turn they have instead, if any.

    Times of turns are wall times of their clinics. Of a sealed patient whose data are closed the name is
    empty.
    """

    patient_id: UUID
    id: UUID
    turn_id: UUID
    state: str
    wall_start: datetime
    doctor: str
    family: str
    given: str
    phone: str | None
    new_id: UUID | None
    exception_id: int | None = None
    procedure: str | None = None
    told_by: str | None = None
    new_wall_start: datetime | None = None
    new_doctor: str | None = None
    new_clinic: str | None = None


@dataclass(frozen=True, slots=True)
class NoticesQuery:
    """Notices of a clinic still to be given, or all those of one leave or suspension."""

    clinic_id: int
    exception_id: int | None = None


@view("turn.notices", needs=Permission.TURN_READ, act=True)
def notices(tx: Reader, query: NoticesQuery) -> tuple[NoticeRow, ...]:
    """Who is to be told, by the time of the turn that fell."""
    of, new, by, theirs = turn_notices.c, turns.alias("new"), people.alias("by"), people.alias("theirs")
    statement = (
        select(
            of.patient_id,
            of.id,
            of.turn_id,
            of.state,
            turns.c.wall_start,
            people.c.family,
            func.coalesce(patients.c.family, literal("")),
            func.coalesce(patients.c.given, literal("")),
            patients.c.phone,
            turn_reassigned.c.id,
            of.exception_id,
            procedures.c.name,
            by.c.family,
            new.c.wall_start,
            theirs.c.family,
            clinics.c.name,
        )
        .join(turns, and_(turns.c.patient_id == of.patient_id, turns.c.id == of.turn_id))
        .join(people, people.c.id == turns.c.doctor_id)
        .outerjoin(patients, patients.c.patient_id == of.patient_id)
        .outerjoin(
            turn_reassigned,
            and_(turn_reassigned.c.patient_id == of.patient_id, turn_reassigned.c.was_id == of.turn_id),
        )
        .outerjoin(procedures, procedures.c.id == turns.c.procedure_id)
        .outerjoin(by, by.c.id == of.done_by)
        .outerjoin(
            new, and_(new.c.patient_id == turn_reassigned.c.patient_id, new.c.id == turn_reassigned.c.id)
        )
        .outerjoin(theirs, theirs.c.id == new.c.doctor_id)
        .outerjoin(clinics, clinics.c.id == new.c.clinic_id)
        .where(turns.c.clinic_id == query.clinic_id, of.state != "anulado")
        .order_by(turns.c.wall_start, of.id)
    )
    if query.exception_id is None:
        statement = statement.where(or_(of.state == "pendiente", turn_reassigned.c.id.is_(None)))
    else:
        statement = statement.where(of.exception_id == query.exception_id)
    return tx.into(NoticeRow, statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Order):
    """Somebody told the patient; `reached` False: there is nothing to tell them by."""

    patient_id: UUID
    notice_id: UUID
    reached: bool = True


@dataclass(frozen=True, slots=True)
class NoticeAnswer:
    """The notice after the act."""

    id: UUID
    state: str


@use_case("turn.notice", needs=Permission.TURN_BOOK, answer=NoticeAnswer)
def notice_given(tx: Tx, order: NoticeGiven) -> NoticeAnswer:
    """The patient knows, or cannot be told. Raises NoticeNotFound: none such, or it was withdrawn."""
    of = turn_notices.c
    state = "hecho" if order.reached else "sin_medio"
    by = {"done_at": tx.now, "done_by": tx.actor.person_id} if order.reached else _NOBODY
    done = (
        update(turn_notices)
        .where(of.patient_id == order.patient_id, of.id == order.notice_id, of.state != "anulado")
        .values(state=state, **by)
        .returning(of.id)
    )
    if tx.first(done) is None:
        raise NoticeNotFound
    return NoticeAnswer(order.notice_id, state)
