"""What of a patient goes on paper: card, labels, summary. Each printing is an act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.patients import one_person, queries, rules
from clinicdesk.clinic.patients.errors import SealedOnPaper
from clinicdesk.clinic.patients.model import coverages, patient_documents
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


class PaperKind(StrEnum):
    """What is printed."""

    CARD = "card"
    LABEL = "label"
    SHEET = "sheet"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class PaperQuery:
    """A patient, and what is printed of them."""

    patient_id: UUID
    kind: PaperKind

    @property
    def subject(self) -> str:
        """What the act tells of it."""
        return self.kind.value


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A coverage; `until` has ended it."""

    payer: str
    member_number: str | None
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A patient as papers need them; `documents` in reading form, the valid ones."""

    patient: PatientRow
    documents: tuple[str, ...]
    coverages: tuple[CoverageRow, ...]


@view("patient.print", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def paper(tx: Reader, query: PaperQuery) -> Paper:
    """What goes on paper: printing it is an act. Raises PatientNotFound, SealedOnPaper."""
    patient = queries.header(tx, query.patient_id)
    if patient.closed:
        raise SealedOnPaper
    held = patient_documents.c
    documents = select(held.country, held.kind, held.number).where(
        one_person.of(held.patient_id, query.patient_id), held.valid, held.kind != "HC"
    )
    cover = coverages.c
    covers = (
        select(cover.payer, cover.member_number, cover.since, cover.until)
        .where(one_person.of(cover.patient_id, query.patient_id))
        .order_by(cover.until.desc().nulls_first(), cover.id.desc())
    )
    return Paper(
        patient,
        tuple(
            rules.shown_document(row.country, row.kind, row.number)
            for row in tx.rows(documents.order_by(held.document_key))
        ),
        tx.into(CoverageRow, covers),
    )
