"""Drafts that wait for their author's signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal_column, select

from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.records.model import note_drafts, visits
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class UnsignedRow:
    """A visit with a draft of the actor's: whose, since when, and when it was last saved."""

    patient_id: UUID
    visit_id: UUID
    turn_id: UUID | None
    started_at: datetime
    saved_at: datetime
    family: str
    given: str


@dataclass(frozen=True, slots=True)
class AllDrafts:
    """Every draft of the actor's."""


@view("note.unsigned", needs=Permission.NOTE_WRITE)
def unsigned(tx: Reader, _query: AllDrafts) -> tuple[UnsignedRow, ...]:
    """The actor's drafts with the patient's name, the visit that began first leading."""
    statement = (
        select(
            note_drafts.c.patient_id,
            note_drafts.c.visit_id,
            visits.c.turn_id,
            visits.c.started_at,
            note_drafts.c.saved_at,
            patients.c.family,
            patients.c.given,
        )
        .join(
            visits,
            (visits.c.patient_id == note_drafts.c.patient_id) & (visits.c.id == note_drafts.c.visit_id),
        )
        .join(patients, patients.c.patient_id == note_drafts.c.patient_id)
        .where(note_drafts.c.author == literal_column("session_user"))
        .order_by(visits.c.started_at, note_drafts.c.id)
    )
    return tx.into(UnsignedRow, statement)
