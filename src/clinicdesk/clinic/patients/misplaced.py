"""What was entered for the wrong person: marked in both charts, and changed in neither."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients.model import misfiled
from clinicdesk.clinic.usecases import Reader


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A mark in a chart: what `entry_id` is of another person now (`out`), or has come from one.

    `other_chart` is that person's number, `other_entry` the row in their chart.
    """

    entry_id: UUID
    way: str
    kind: str
    other_id: UUID
    other_entry: UUID
    other_chart: int
    reason: str
    at: datetime
    person: str

    @property
    def gone(self) -> bool:
        """Whether it belongs to the other person."""
        return self.way == "out"


def marks_of(tx: Reader, patient_id: UUID) -> dict[UUID, Misplaced]:
    """The marks in a person's charts, by entry."""
    of = misfiled.c
    statement = (
        select(
            of.entry_id,
            of.way,
            of.kind,
            of.other_id,
            of.other_entry,
            of.other_chart,
            of.reason,
            of.at,
            people.c.family,
        )
        .join(people, people.c.id == of.person_id)
        .where(one_person.of(of.patient_id, patient_id))
    )
    return {row.entry_id: row for row in tx.into(Misplaced, statement)}


@dataclass(frozen=True, slots=True)
class Whose:
    """Which rows a person's chart shows: those under any of their entries, and those from elsewhere."""

    patient_id: UUID
    marks: dict[UUID, Misplaced]

    def shows(
        self, patient: ColumnElement[UUID], entry: ColumnElement[UUID], *, gone: bool = False
    ) -> ColumnElement[bool]:
        """That a row of an entry is in the chart; with `gone` also of one that belongs to another person."""
        own = one_person.of(patient, self.patient_id)
        out = [mark.entry_id for mark in self.marks.values() if mark.gone]
        came = [(mark.other_id, mark.entry_id) for mark in self.marks.values() if not mark.gone]
        if out and not gone:
            own = and_(own, or_(entry.is_(None), entry.not_in(out)))
        return or_(own, tuple_(patient, entry).in_(came)) if came else own


def whose(tx: Reader, patient_id: UUID) -> Whose:
    """What belongs to a person's chart, and what does not any more."""
    return Whose(patient_id, marks_of(tx, patient_id))
