"""Typed entries of the history from outside a visit, and their correction by another entry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from clinicdesk.clinic.access.rules import Proof
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients.errors import MovedAlready
from clinicdesk.clinic.patients.misplaced import marks_of
from clinicdesk.clinic.records import lateness, planning, rules, schemas, service, types
from clinicdesk.clinic.records.errors import (
    CorrectedElsewhere,
    NoteTooLong,
    ReservedAttribute,
)
from clinicdesk.clinic.records.model import records
from clinicdesk.clinic.records.plan import NOTHING, Plan
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case
from clinicdesk.kit.text import clean_line


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRecord(Order):
    """A typed entry of the history from outside a visit: another institution's, an older one's, or one's own.

    `late_reason`: why something that was attended here is entered only now; it takes `at`.
    The doctor is who enters it, unless another one of the network (`doctor_id`) or a name from outside
    (`doctor_name`) is said. `corrects_id` is the entry of the same chart that this one puts right.
    """

    patient_id: UUID
    record_id: UUID = new_row()
    note_id: UUID = new_row()
    kind: str
    at: datetime | None = None
    title: str | None = None
    institution: str | None = None
    doctor_id: int | None = None
    doctor_name: str | None = None
    text: str = ""
    diagnoses: tuple[DiagnosisEntry, ...] = ()
    plan: Plan = NOTHING
    late_reason: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    corrects_id: UUID | None = None
    sign: bool = True
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """The entry that was added; `note_id` where a note was signed with it."""

    patient_id: UUID
    id: UUID
    note_id: UUID | None = None


@use_case("record.add", needs=Permission.NOTE_WRITE, answer=RecordAnswer, purpose="TREAT", chart=True)
def add_record(tx: Tx, order: AddRecord) -> RecordAnswer:
    """Add an entry with its diagnoses; a text is signed with it and asks for proof, or waits (`sign` False).

    Raises BadRecordKind, BadAttributes, RecordOutOfTime, RecordBeforeBirth, LateReason, ReservedAttribute,
    ProofNeeded, NoteTooLong, BadTreatment, BadFollowUp, TwoDoctors, CorrectedAlready, CorrectedElsewhere,
    MovedAlready.
    """
    lateness.demand_good_record(tx, order.patient_id, order.at, order.late_reason)
    text = rules.typed_text(order.text)
    waits = {} if order.sign or not text else {rules.UNSIGNED: text}
    if waits and len(text) > rules.NOTE_MOST:
        raise NoteTooLong
    patient_id = _whose(tx, order)
    record = {
        "patient_id": patient_id,
        "id": order.record_id,
        "at": order.at or tx.now,
        "clinic_id": None if order.institution else tx.actor.at.clinic_id,
        "institution": order.institution,
        "title": order.title,
        "corrects_id": order.corrects_id,
        "written_at": tx.now,
        "late_reason": order.late_reason,
        **_doctor(tx, order),
        **_typed(tx, order, waits),
    }
    tx.write(insert(records), record)
    service.write_diagnoses(tx, record, order.diagnoses)
    planning.write_plan(tx, patient_id, order.record_id, order.plan)
    if not text or waits:
        service.find_anew(tx, patient_id, order.record_id)
        tx.changed(Change(Kind.RECORD, tx.act, ids=((patient_id, order.record_id),)))
        return RecordAnswer(patient_id, order.record_id)
    service.demand_proof(tx, order.proof)
    words = replace(order, patient_id=patient_id)
    signed = service.write_note(tx, words, order.record_id)
    return RecordAnswer(patient_id, order.record_id, signed.note_id)


def _typed(tx: Tx, order: AddRecord, waits: dict[str, str]) -> dict[str, Any]:
    """Type and attributes, checked by the type's schema in force, whose version stays with the entry."""
    if rules.UNSIGNED in order.attributes:
        raise ReservedAttribute(name=rules.UNSIGNED)
    kind = types.given(tx, order.kind)
    attributes = schemas.bounded(order.attributes)
    if kind.schema is not None:
        schemas.check(attributes, kind.schema)
    return {
        "kind": kind.code,
        "schema_version": kind.schema_version or None,
        "attributes": attributes | waits,
    }


def _doctor(tx: Tx, order: AddRecord) -> dict[str, Any]:
    """Who attended, and who enters it where that is somebody else."""
    name = clean_line(order.doctor_name or "") or None
    me = tx.actor.person_id
    doctor_id = order.doctor_id if order.doctor_id is not None or name else me
    return {
        "doctor_id": doctor_id,
        "doctor_name": name,
        "entered_by": None if doctor_id == me and name is None else me,
    }


def _whose(tx: Tx, order: AddRecord) -> UUID:
    """Whose chart the entry joins: a correction stands under the one of what it corrects."""
    if order.corrects_id is None:
        return order.patient_id
    mine = one_person.of(records.c.patient_id, order.patient_id)
    found = tx.first(select(records.c.patient_id).where(mine, records.c.id == order.corrects_id))
    if found is None:
        raise CorrectedElsewhere
    mark = marks_of(tx, order.patient_id).get(order.corrects_id)
    if mark is not None and mark.gone:
        raise MovedAlready
    whose: UUID = found.patient_id
    return whose
