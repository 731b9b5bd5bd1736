"""Everything the registry knows of one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from clinicdesk.clinic.patients import one_person, queries, rules
from clinicdesk.clinic.patients.model import (
    authorisations,
    consents,
    contacts,
    coverages,
    former_documents,
    patient_documents,
    phones,
)
from clinicdesk.clinic.patients.queries import AllergyRow, PatientQuery, PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import procedures
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document; `void_reason` says why one no longer names this person. `expires_on` is its last day."""

    country: str | None
    kind: str
    number: str
    expires_on: date | None
    void_reason: str | None = None

    @property
    def key(self) -> str:
        """As commands take it."""
        return ":".join(filter(None, (self.country, self.kind, self.number)))

    @property
    def shown(self) -> str:
        """In reading form."""
        return rules.shown_document(self.country, self.kind, self.number)

    def has_expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.expires_on is not None and self.expires_on < today


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A further phone, in E.164."""

    id: UUID
    number: str
    kind: str
    note: str | None


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A coverage; without `until` it goes on."""

    id: UUID
    payer: str
    plan: str | None
    member_number: str | None
    since: date | None
    until: date | None

    def is_over(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until < today


@dataclass(frozen=True, slots=True)
class AuthorisationRow:
    """A number by which a coverage authorised a practice."""

    id: UUID
    coverage_id: UUID
    procedure: str
    number: str
    since: date | None
    until: date | None
    times: int


@dataclass(frozen=True, slots=True)
class ContactRow:
    """Somebody close to the patient; `related_id` where they are a patient too."""

    id: UUID
    relation: str
    name: str
    phone: str | None
    related_id: UUID | None
    guardian: bool
    emergency: bool


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """What the person last said to a purpose, for a number or address."""

    id: UUID
    purpose: str
    number: str | None
    granted: bool
    evidence: str
    at: datetime
    person_id: int


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """One person whole, but for their allergies, which not every role reads. Closed: the identity."""

    patient: PatientRow
    documents: tuple[DocumentRow, ...] = ()
    phones: tuple[PhoneRow, ...] = ()
    coverages: tuple[CoverageRow, ...] = ()
    authorisations: tuple[AuthorisationRow, ...] = ()
    contacts: tuple[ContactRow, ...] = ()
    consents: tuple[ConsentRow, ...] = ()


@view("patient.details", needs=Permission.PATIENT_READ)
def details(tx: Reader, query: PatientQuery) -> PatientDetails:
    """Everything of one patient, for a page that is open already. Raises PatientNotFound."""
    return whole(tx, query.patient_id)


def whole(tx: Reader, patient_id: UUID) -> PatientDetails:
    """One person with all that is known besides. Raises PatientNotFound."""
    person = queries.header(tx, patient_id)
    return (
        PatientDetails(person) if person.closed else PatientDetails(person, **_parts(tx, person.patient_id))
    )


def _parts(tx: Reader, patient_id: UUID) -> dict[str, Any]:
    return {
        "documents": documents_of(tx, patient_id),
        "phones": tx.into(PhoneRow, _of(phones, patient_id, PhoneRow).where(phones.c.ended_at.is_(None))),
        "coverages": tx.into(CoverageRow, _of(coverages, patient_id, CoverageRow)),
        "authorisations": _authorisations(tx, patient_id),
        "contacts": tx.into(
            ContactRow, _of(contacts, patient_id, ContactRow).where(contacts.c.ended_at.is_(None))
        ),
        "consents": current_consents(tx, patient_id),
    }


@view("patient.allergies", needs=Permission.CHART_READ, act=True)
def allergies(tx: Reader, query: PatientQuery) -> tuple[AllergyRow, ...]:
    """A patient's allergies, those closed too: an act."""
    return queries.allergies_of(tx, query.patient_id)


def _of(table: Table, patient_id: UUID, row: type[Any]) -> Any:
    """The columns of a row class, of one patient, in the order in which they were entered."""
    columns = (table.c[name] for name in row.__slots__)
    return select(*columns).where(one_person.of(table.c.patient_id, patient_id)).order_by(table.c.id)


def documents_of(tx: Reader, patient_id: UUID) -> tuple[DocumentRow, ...]:
    """Those that name the patient, then those that no longer do; the chart number is none of them."""
    of, was = patient_documents.c, former_documents.c
    held = select(of.country, of.kind, of.number, of.expires_on).where(
        one_person.of(of.patient_id, patient_id), of.valid, of.kind != "HC"
    )
    former = select(was.country, was.kind, was.number, was.expires_on, was.reason).where(
        one_person.of(was.patient_id, patient_id)
    )
    theirs = tx.into(DocumentRow, held.order_by(of.document_key))
    return theirs + tx.into(DocumentRow, former.order_by(was.id))


def _authorisations(tx: Reader, patient_id: UUID) -> tuple[AuthorisationRow, ...]:
    of = authorisations.c
    statement = (
        select(of.id, of.coverage_id, procedures.c.name, of.number, of.since, of.until, of.times)
        .join(procedures, procedures.c.id == of.procedure_id)
        .where(one_person.of(of.patient_id, patient_id))
        .order_by(of.id)
    )
    return tx.into(AuthorisationRow, statement)


def current_consents(tx: Reader, patient_id: UUID) -> tuple[ConsentRow, ...]:
    """The last word on each purpose and number: what was said before it holds no longer."""
    of = consents.c
    statement = (
        select(*(of[name] for name in ConsentRow.__slots__))
        .where(one_person.of(of.patient_id, patient_id))
        .order_by(of.purpose, of.number, of.at, of.id)
    )
    last = {(row.purpose, row.number): row for row in tx.into(ConsentRow, statement)}
    return tuple(last.values())
