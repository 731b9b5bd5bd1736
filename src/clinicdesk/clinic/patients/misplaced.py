"""What was entered for the wrong person: marked in both charts, and changed in neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients.model import misfiled
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit.words import _

VITALS: Final = "vitals"

PlacedT = TypeVar("PlacedT", bound=Any)
"""A frozen row with `patient_id`, `own_chart` and `misplaced`."""


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
    act: UUID

    @property
    def gone(self) -> bool:
        """Whether it belongs to the other person."""
        return self.way == "out"

    @property
    def words(self) -> str:
        """Whose it is and why, or from where it came."""
        said = _("Pasó a HC {:06d}: {}") if self.gone else _("Vino de HC {:06d}: {}")
        return said.format(self.other_chart, self.reason)


def origin_words(own_chart: int | None, mark: Misplaced | None) -> str:
    """`de HC 000123`, `vino de HC 000123`: under which other number a row was entered; "" for none."""
    if mark is not None and not mark.gone:
        return _("vino de HC {:06d}").format(mark.other_chart)
    return _("de HC {:06d}").format(own_chart) if own_chart is not None else ""


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
            of.act,
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
    retired: dict[UUID, int]
    """Chart numbers of the person's entries that lead to the one that stands."""

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

    def placed(self, rows: Iterable[PlacedT], entry: Callable[[PlacedT], UUID | None]) -> tuple[PlacedT, ...]:
        """The rows with their marks, and the chart number they were entered under where it is a retired one.

        `entry` is the id that a row is marked by.
        """
        if not self.marks and not self.retired:
            return tuple(rows)
        return tuple(self._placed(row, self.marks.get(entry(row) or row.patient_id)) for row in rows)

    def _placed(self, row: PlacedT, mark: Misplaced | None) -> PlacedT:
        return replace(row, misplaced=mark, own_chart=None if mark else self.retired.get(row.patient_id))


def whose(tx: Reader, patient_id: UUID) -> Whose:
    """What belongs to a person's chart, and what does not any more."""
    return Whose(patient_id, marks_of(tx, patient_id), one_person.retired_charts(tx, patient_id))
