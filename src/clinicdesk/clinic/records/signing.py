"""Signing what the server already holds: a draft of a visit, an entry whose text waits for a signature.

The order names it and carries no text, so that sent again under its key it is the same order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.rules import Proof
from clinicdesk.clinic.records import headings, queries, service, templates
from clinicdesk.clinic.records.errors import NoteEmpty, NotYourVisit, RecordNotFound
from clinicdesk.clinic.records.model import records
from clinicdesk.clinic.records.plan import Late, Plan
from clinicdesk.clinic.records.rules import UNSIGNED, DiagnosisEntry, RecordKind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDraft(Order):
    """The actor's draft of a visit, as the server holds it, signed; what is given in place of the draft's."""

    patient_id: UUID
    visit_id: UUID
    record_id: UUID = new_row()
    note_id: UUID = new_row()
    kind: str = RecordKind.CONSULTA.value
    diagnoses: tuple[DiagnosisEntry, ...] | None = None
    plan: Plan | None = None
    late: Late | None = None
    as_it_stands: bool = False
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@use_case(
    "note.sign_draft", needs=Permission.NOTE_WRITE, answer=service.NoteAnswer, purpose="TREAT", chart=True
)
def sign_draft(tx: Tx, order: SignDraft) -> service.NoteAnswer:
    """Sign the saved draft of one's own visit, without the headings that nothing stands under.

    Raises what sign_note raises; NoteEmpty without a draft.
    """
    found = queries.drafts.run(tx, queries.DraftsQuery(order.patient_id, order.visit_id))
    if not found:
        raise NoteEmpty
    signed = service.SignNote(
        key=order.key,
        patient_id=order.patient_id,
        visit_id=order.visit_id,
        record_id=order.record_id,
        note_id=order.note_id,
        kind=order.kind,
        text=headings.tidy(found[0].text, templates.known_headings(tx)),
        diagnoses=found[0].diagnoses if order.diagnoses is None else order.diagnoses,
        plan=found[0].plan if order.plan is None else order.plan,
        late=order.late or found[0].late,
        as_it_stands=order.as_it_stands,
        draft_version=found[0].version,
        proof=order.proof,
    )
    return service.sign_note.run(tx, signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRecord(Order):
    """One's own entry without a signature, signed."""

    patient_id: UUID
    record_id: UUID
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class _Words:
    """The entry's text as a note. Its id is the entry's own: the primary key lets it be signed once."""

    patient_id: UUID
    note_id: UUID
    text: str


@use_case("record.sign", needs=Permission.NOTE_WRITE, answer=service.NoteAnswer, purpose="TREAT", chart=True)
def sign_record(tx: Tx, order: SignRecord) -> service.NoteAnswer:
    """Sign an entry's text, once; NoteEmpty where none waits.

    Raises ProofNeeded, RecordNotFound, NotYourVisit, NoteSigned.
    """
    service.demand_proof(tx, order.proof)
    mine = (records.c.patient_id == order.patient_id) & (records.c.id == order.record_id)
    found = tx.first(
        select(
            func.coalesce(records.c.entered_by, records.c.doctor_id).label("author_id"), records.c.attributes
        ).where(mine)
    )
    if found is None:
        raise RecordNotFound
    if found.author_id != tx.actor.person_id:
        raise NotYourVisit(doctor="otro profesional")
    if UNSIGNED not in found.attributes:
        raise NoteEmpty
    words = _Words(order.patient_id, order.record_id, found.attributes[UNSIGNED])
    return service.write_note(tx, words, order.record_id)
