"""What a note is written about: the visit or the note it adds to, and what is known of the patient."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from clinicdesk.clinic.records.plan import Late
from clinicdesk.clinic.records.plan_words import Doctors
from clinicdesk.clinic.records.queries import DiagnosisRow, DraftRow
from clinicdesk.clinic.records.rules import RecordKind
from clinicdesk.clinic.records.templates import BUILT_IN, TemplateRow
from clinicdesk.tui.parts import PatientLine
from clinicdesk.tui.roles.chart import Contents


@dataclass(frozen=True, slots=True)
class NoteJob:
    """What is written: the note of `visit_id`, or with `amends_id` an addendum to a signed note.

    Without a visit an addendum has no draft on the server. `about` names the entry it is added to;
    `problems` are the patient's, to be named by code alone; `sex` and `days` lived tell which codes are not.
    `contents` is the chart that stands beside. The first of `templates` comes by itself; what is taken in its
    place is remembered for `specialty` (its name, blank for none). `doctors` are whom a control may be with,
    and `person_id` whom it is with where nobody is named. `late`: the visit was entered after it.
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
    contents: Contents | None = None
    templates: tuple[TemplateRow, ...] = BUILT_IN
    specialty: str = ""
    doctors: Doctors = ()
    person_id: int = 0
    late: Late | None = None

    def __post_init__(self) -> None:
        """A job without both is a mistake of the program."""
        if self.visit_id is None and self.amends_id is None:
            raise ValueError("a note needs its visit")
