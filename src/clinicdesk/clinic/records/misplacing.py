"""What was entered for the wrong person: its author says whose it is, and both charts show it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEntry(Order):
    """`entry_id` of `patient_id` belongs to `to_id`: a record, result, prescription, or a value measured."""

    patient_id: UUID
    entry_id: UUID
    to_id: UUID
    mark_id: UUID = new_row()
    reason: str

    @property
    def subject(self) -> str:
        """Whose it is."""
        return str(self.to_id)


@dataclass(frozen=True, slots=True)
class MovedEntry:
    """The entry, where it stays, and whose it is."""

    patient_id: UUID
    entry_id: UUID
    to_id: UUID
    chart_number: int
    kind: str


@use_case("record.move", needs=Permission.NOTE_WRITE, answer=MovedEntry, purpose="TREAT", chart=True)
def move_entry(tx: Tx, order: MoveEntry) -> MovedEntry:
    """Mark an entry of one's own as another person's, once; what was signed stays where it is, word for word.

    Raises RecordNotFound, NotYourEntry, MovedAlready, MarkReason, OnePerson, PatientNotFound.
    """
    return _move(tx, order)


@use_case("vitals.move", needs=Permission.VITALS_WRITE, answer=MovedEntry, purpose="TREAT", chart=True)
def move_vitals(tx: Tx, order: MoveEntry) -> MovedEntry:
    """The same of a measurement, whole, by whoever measures. Raises the same."""
    return _move(tx, order)


def _move(tx: Tx, order: MoveEntry) -> MovedEntry:
    whose = registry.header(tx, order.to_id)
    called = func.misfile_entry(
        order.mark_id, order.patient_id, order.entry_id, whose.patient_id, order.reason, tx.act
    )
    kind: str = tx.run(select(called)).scalar_one()
    ids = ((order.patient_id, order.entry_id), (whose.patient_id, order.entry_id))
    tx.changed(Change(Kind.RECORD, tx.act, ids=ids))
    return MovedEntry(order.patient_id, order.entry_id, whose.patient_id, whose.chart_number, kind)
