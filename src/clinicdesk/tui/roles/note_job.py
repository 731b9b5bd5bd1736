"""What a note is written about: the visit or the note it adds to, and what is known of the patient."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from clinicdesk.clinic.records.queries import DiagnosisRow, DraftRow
from clinicdesk.clinic.records.rules import RecordKind
from clinicdesk.tui.parts import PatientLine


@dataclass(frozen=True, slots=True)
class NoteJob:
    """What is written: the note of `visit_id`, or with `amends_id` an addendum to a signed note.

    Without a visit an addendum has no draft on the server. `about` names the entry it is added to;
    `problems` are the patient's, to be named by code alone; `sex` and `days` lived tell which codes are not.
    """

    patient: PatientLine
    patient_id: UUID
    visit_id: UUID | None
    kind: str = RecordKind.CONSULTA.value
    reason: str | None = None
    amends_id: UUID | None = None
    about: str = ""
    draft: DraftRow | None = None
    problems: tuple[DiagnosisRow, ...] = ()
    sex: str = ""
    days: int | None = None

    def __post_init__(self) -> None:
        """A job without both is a mistake of the program."""
        if self.visit_id is None and self.amends_id is None:
            raise ValueError("a note needs its visit")
