"""Who somebody is: the documents that name them, and an identity that was temporary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person, queries, rules
from clinicdesk.clinic.patients.additions import place_of
from clinicdesk.clinic.patients.errors import DocumentKnown, DocumentNotTheirs, NotTemporary
from clinicdesk.clinic.patients.finding import find_anew
from clinicdesk.clinic.patients.history import held, keep, note
from clinicdesk.clinic.patients.model import former_documents, patient_documents
from clinicdesk.clinic.patients.particulars import Faults
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

REASON_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDocument(Order):
    """One more document of a patient; one of theirs again renews it."""

    patient_id: UUID
    document: rules.Document
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class DocumentAnswer:
    """The patient, and the document as commands take it."""

    patient_id: UUID
    document: str


def explain_known(tx: Reader, order: Any, refusal: Refusal) -> Refusal:
    """A known document names whose it is."""
    if not isinstance(refusal, DocumentKnown):
        return refusal
    for document in documents_of(order):
        holder = queries.named_by(tx, document)
        if holder is not None and holder.patient_id != order.patient_id:
            return DocumentKnown(
                kind=document.kind,
                name=f"{holder.family}, {holder.given}",
                chart=f"{holder.chart_number:06d}",
                patient=holder,
            )
    return refusal


def documents_of(order: Any) -> tuple[rules.Document, ...]:
    """The documents that an order gives."""
    first = () if order.document is None else (order.document,)
    return (*first, *(paper.document for paper in getattr(order, "documents", ())))


def take(tx: Tx, patient_id: UUID, document: rules.Document, expires_on: date | None) -> None:
    """Queue a document's naming of a patient; the database refuses one that names somebody else."""
    parts = (document.country, document.kind, document.number)
    tx.write(select(func.take_document(patient_id, *parts, expires_on)))


def take_all(tx: Tx, order: Any) -> None:
    """Queue the documents that an order of registration gives."""
    if order.document is not None:
        take(tx, order.patient_id, order.document, order.document_expires)
    for paper in order.documents:
        take(tx, order.patient_id, paper.document, paper.expires_on)


@use_case("patient.document", needs=Permission.PATIENT_WRITE, answer=DocumentAnswer, explain=explain_known)
def add_document(tx: Tx, order: AddDocument) -> DocumentAnswer:
    """Add or renew a document. Raises InvalidInput, DocumentKnown with whose it is, PatientNotFound."""
    patient_id = queries.header(tx, order.patient_id).patient_id
    if problems := rules.document_problems(order.document):
        raise InvalidInput(*problems)
    known = _known(tx, order.document)
    take(tx, patient_id, order.document, order.expires_on)
    note(tx, patient_id, "documents", known, _told(order.document, order.expires_on))
    return _named(tx, patient_id, order.document)


def _known(tx: Tx, document: rules.Document) -> str | None:
    """What the registry says of a document that names somebody, where it is being renewed."""
    of = patient_documents.c
    row = tx.first(select(of.expires_on).where(of.document_key == document.key, of.valid))
    return None if row is None else _told(document, row.expires_on)


def _told(document: rules.Document, expires_on: date | None) -> str:
    shown = rules.shown_document(document.country, document.kind, document.number)
    return shown if expires_on is None else _("{}, vence {:%d/%m/%Y}").format(shown, expires_on)


def _named(tx: Tx, patient_id: UUID, document: rules.Document) -> DocumentAnswer:
    find_anew(tx, patient_id)
    tx.changed(Change(Kind.PATIENT, tx.act, ids=((patient_id, patient_id),)))
    return DocumentAnswer(patient_id, document.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidDocument(Order):
    """A document that does not name this patient: entered by mistake, or withdrawn."""

    patient_id: UUID
    row_id: UUID = new_row()
    document: rules.Document
    reason: str


@use_case("patient.document_void", needs=Permission.PATIENT_WRITE, answer=DocumentAnswer)
def void_document(tx: Tx, order: VoidDocument) -> DocumentAnswer:
    """Take a document from a patient, with the reason; whoever it is of can be given it then.

    Raises InvalidInput, DocumentNotTheirs.
    """
    faults = Faults()
    reason = faults.needed(order.reason, REASON_MOST, _("El motivo"))
    faults.settle()
    of = patient_documents.c
    theirs = one_person.of(of.patient_id, order.patient_id)
    void = (
        update(patient_documents)
        .where(of.document_key == order.document.key, theirs, of.valid)
        .values(valid=False)
        .returning(of.patient_id, of.country, of.kind, of.number, of.expires_on)
    )
    row = tx.first(void)
    if row is None:
        raise DocumentNotTheirs(document=order.document.key)
    said = {"reason": reason, "at": tx.now, "person_id": tx.actor.person_id}
    tx.write(insert(former_documents), {"id": order.row_id} | dict(row._mapping) | said)
    note(tx, row.patient_id, "documents", _told(order.document, row.expires_on), None)
    return _named(tx, row.patient_id, order.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify(Order):
    """Who somebody registered under a temporary identity is."""

    patient_id: UUID
    document: rules.Document | None
    given: str
    family: str
    sex: str
    birth: date | None
    birth_estimated: bool = False


@use_case("patient.identify", needs=Permission.PATIENT_WRITE, answer=DocumentAnswer, explain=explain_known)
def identify(tx: Tx, order: Identify) -> DocumentAnswer:
    """Give a temporary identity its names and document; chart and history stay the patient's.

    Raises InvalidInput, NotTemporary, DocumentKnown: then they have a chart already, and both are merged.
    """
    today = place_of(tx).today
    patient_id = queries.header(tx, order.patient_id).patient_id
    said = (order.given, order.family, order.sex, order.birth, order.document, today)
    faults = Faults(rules.problems_of(*said))
    if order.document is not None:
        faults.found += rules.document_problems(order.document)
    faults.settle()
    if order.document is not None:
        take(tx, patient_id, order.document, None)
    row = held(tx, patient_id)
    if row.provisional is None:
        raise NotTemporary
    new = {
        "given": clean_line(order.given),
        "family": clean_line(order.family),
        "sex": order.sex,
        "birth": order.birth,
        "birth_estimated": order.birth_estimated,
        "provisional": None,
    }
    keep(tx, row, {name: value for name, value in new.items() if getattr(row, name) != value})
    find_anew(tx, patient_id)
    return DocumentAnswer(patient_id, order.document.key if order.document else "")


def set_death(tx: Tx, patient_id: UUID, died_on: date | None) -> None:
    """Write the day a patient died, None for one who lives; what becomes of their turns is for turns.

    Raises PatientNotFound, PatientClosed.
    """
    for member in one_person.members(tx, patient_id):
        row = held(tx, member)
        wanted = died_on if died_on is None or member == patient_id else row.deceased_on
        if row.deceased_on != wanted:
            keep(tx, row, {"deceased_on": wanted})
