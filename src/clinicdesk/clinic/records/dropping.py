"""A draft that goes: it says nothing any more, or it was signed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select

from clinicdesk.clinic.records.errors import DraftChanged
from clinicdesk.clinic.records.model import note_drafts
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDraft(Order):
    """The actor's draft of a visit goes, as it was at `version`."""

    patient_id: UUID
    visit_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class DroppedDraft:
    """Whose draft, of which visit."""

    patient_id: UUID
    visit_id: UUID


@use_case("note.drop_draft", needs=Permission.NOTE_WRITE, answer=DroppedDraft, purpose="TREAT")
def drop_draft(tx: Tx, order: DropDraft) -> DroppedDraft:
    """Take back a draft that says nothing any more. Raises DraftChanged where it moved on meanwhile."""
    mine = (note_drafts.c.patient_id == order.patient_id) & (note_drafts.c.visit_id == order.visit_id)
    found = tx.first(select(note_drafts.c.version).where(mine).with_for_update())
    if found is not None and found.version != order.version:
        raise DraftChanged
    drop(tx, order.patient_id, order.visit_id)
    return DroppedDraft(order.patient_id, order.visit_id)


def drop(tx: Tx, patient_id: UUID, visit_id: UUID | None, version: int | None = None) -> None:
    """The actor's draft of a visit, if it is none later than `version`; policies spare everybody else's."""
    mine = (note_drafts.c.patient_id == patient_id) & (note_drafts.c.visit_id == visit_id)
    if version is not None:
        mine = mine & (note_drafts.c.version <= version)
    tx.write(delete(note_drafts).where(mine))
