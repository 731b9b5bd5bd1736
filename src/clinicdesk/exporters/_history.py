"""What a history is made of, read through the slices' own queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from clinicdesk.clinic.prescriptions import queries as prescriptions
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records.measured import VitalRow, vitals_of
from clinicdesk.clinic.records.queries import Chart, ChartQuery, chart
from clinicdesk.clinic.results import queries as results
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, View


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Whose history leaves the program, and as what."""

    patient_id: UUID
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Everything on record about one patient; instants carry a zone. `vitals` by sign, oldest first."""

    chart: Chart
    vitals: tuple[VitalRow, ...]
    prescribed: tuple[PrescribedRow, ...]
    observed: tuple[ObservationRow, ...]


def read(tx: Reader, query: HistoryQuery) -> History:
    """The whole history, no entry left out. Raises PatientNotFound."""
    patient_id = query.patient_id
    return History(
        chart(tx, ChartQuery(patient_id, limit=None)),
        vitals_of(tx, patient_id),
        prescriptions.of_patient(tx, patient_id),
        results.of_patient(tx, patient_id),
    )


# Handing a history out is an act of its own, whichever the format.
HISTORY: Final = View("history.export", Permission.HISTORY_EXPORT, read, act=True, purpose="COPY", chart=True)
