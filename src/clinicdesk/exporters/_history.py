"""What a history is made of, read through the slices' own queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from clinicdesk.clinic.attachments import queries as attachments
from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.letters import queries as letters
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.prescriptions import queries as prescriptions
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records.measured import VitalRow, vitals_of
from clinicdesk.clinic.records.queries import Chart, ChartQuery, chart
from clinicdesk.clinic.results import queries as results
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, Tx, View
from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a history is asked for: days of the clinic (both included), kinds of entry, and their order."""

    since: date | None = None
    until: date | None = None
    kinds: tuple[str, ...] = ()
    oldest_first: bool = False

    @property
    def partial(self) -> bool:
        """Whether something may be left out."""
        return bool(self.since or self.until or self.kinds)

    def holds(self, at: datetime, zone: str) -> bool:
        """Whether a moment lies within the days asked for."""
        if self.since is None and self.until is None:
            return True
        day = clock.local(at, zone).date()
        return (self.since or day) <= day <= (self.until or day)


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Whose history leaves the program, as what, how much of it, and who asked for it, if anybody did."""

    patient_id: UUID
    subject: str | None = None
    selection: Selection = Selection()
    request: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Everything on record about one patient; instants carry a zone. `vitals` by sign, oldest first.

    `delivery` is the act of handing it out. Of a partial one, allergies, problems and medication are whole.
    """

    chart: Chart
    vitals: tuple[VitalRow, ...]
    prescribed: tuple[PrescribedRow, ...]
    observed: tuple[ObservationRow, ...]
    selection: Selection = Selection()
    request: str = ""
    delivery: UUID | None = None
    attachments: tuple[AttachmentRow, ...] = ()
    letters: tuple[LetterRow, ...] = ()


def read(tx: Reader, query: HistoryQuery) -> History:
    """The history, no entry of the selection left out. Raises PatientNotFound."""
    patient_id = query.patient_id
    made = History(
        chart(tx, ChartQuery(patient_id, limit=None)),
        vitals_of(tx, patient_id),
        prescriptions.of_patient(tx, patient_id),
        results.of_patient(tx, patient_id),
        query.selection,
        query.request,
        tx.act if isinstance(tx, Tx) else None,
        attachments.of_patient(tx, patient_id),
        letters.of_patient(tx, patient_id),
    )
    return selected(made, tx.actor.at.zone) if query.selection.partial else made


def selected(history: History, zone: str) -> History:
    """The history with what its selection leaves."""
    asked = history.selection

    def within(rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(row for row in rows if asked.holds(row.at, zone))

    entries = within(history.chart.entries)
    if asked.kinds:
        entries = tuple(entry for entry in entries if entry.kind in asked.kinds)
    vitals = within(history.vitals)
    last = tuple({row.code: row for row in vitals}.values())
    left = replace(history.chart, entries=entries, vitals=last)
    return replace(
        history,
        chart=left,
        vitals=vitals,
        observed=within(history.observed),
        attachments=within(history.attachments),
        letters=within(history.letters),
    )


# Handing a history out is an act of its own, whichever the format.
HISTORY: Final = View("history.export", Permission.HISTORY_EXPORT, read, act=True, purpose="COPY", chart=True)
