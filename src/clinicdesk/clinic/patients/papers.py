"""What of a patient goes on paper: card, labels, summary. Each printing is an act."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from clinicdesk.clinic.patients import details
from clinicdesk.clinic.patients.details import PatientDetails
from clinicdesk.clinic.patients.errors import SealedOnPaper
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


@view("patient.print", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def paper(tx: Reader, query: PaperQuery) -> PatientDetails:
    """What goes on paper: printing it is an act. Raises PatientNotFound, SealedOnPaper."""
    known = details.whole(tx, query.patient_id)
    if known.patient.closed:
        raise SealedOnPaper
    return known
