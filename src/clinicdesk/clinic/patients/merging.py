"""Two entries of the registry that are one person, and taking that back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person, queries
from clinicdesk.clinic.patients.errors import (
    MergeOverlap,
    NotMerged,
    PatientChanged,
    PatientNotFound,
    SamePatient,
)
from clinicdesk.clinic.patients.model import distinct_people, patient_merges, patients
from clinicdesk.clinic.patients.queries import DocumentQuery, PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal


@dataclass(frozen=True, slots=True)
class Overlap:
    """A turn to come that is at the time of another one of the other entry. `starts_at` has its offset."""

    patient_id: UUID
    turn_id: UUID
    chart_number: int
    starts_at: datetime
    doctor: str
    clinic: str


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """Two entries: the one to stand, and the one to be retired."""

    patient_id: UUID
    retired_id: UUID


@dataclass(frozen=True, slots=True)
class MergePlan:
    """Both as they are and the one as it would read; `overlaps` keep them from being merged.

    `distinct`: somebody has said that they are two people.
    """

    kept: PatientRow
    retired: PatientRow
    result: PatientRow
    overlaps: tuple[Overlap, ...] = ()
    distinct: bool = False


@view("patient.merge_plan", needs=Permission.PATIENT_MERGE, act=True, purpose="OPER")
def plan(tx: Reader, query: PlanQuery) -> MergePlan:
    """What a merge would make of two entries. Raises PatientNotFound, SamePatient."""
    kept, retired = _both(tx, query.patient_id, query.retired_id)
    return MergePlan(
        kept,
        retired,
        queries.as_one(tx, kept.patient_id, retired.patient_id),
        _overlaps(tx, kept.patient_id, retired.patient_id),
        _called_distinct(tx, kept.patient_id, retired.patient_id),
    )


def _both(tx: Reader, one: UUID, other: UUID) -> tuple[PatientRow, PatientRow]:
    kept, retired = queries.header(tx, one), queries.header(tx, other)
    if kept.patient_id == retired.patient_id:
        raise SamePatient
    return kept, retired


def _overlaps(tx: Reader, one: UUID, other: UUID) -> tuple[Overlap, ...]:
    names = ("patient_id", "turn_id", "chart_number", "starts_at", "zone", "doctor", "clinic")
    rows = tx.rows(select(func.merge_overlaps(one, other).table_valued(*names)))
    return tuple(
        Overlap(
            row.patient_id,
            row.turn_id,
            row.chart_number,
            clock.local(row.starts_at, row.zone),
            row.doctor,
            row.clinic,
        )
        for row in rows
    )


def _called_distinct(tx: Reader, one: UUID, other: UUID) -> bool:
    first, second = sorted((one, other))
    known = distinct_people.c
    statement = select(known.patient_id).where(known.patient_id == first, known.other_id == second)
    return tx.first(statement) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePatients(Order):
    """Two entries are one person: `patient_id` stands from now on, `retired_id` leads to it.

    `seen`: the versions of both when they were shown; another one refuses.
    """

    patient_id: UUID
    retired_id: UUID
    merge_id: UUID = new_row()
    reason: str
    seen: tuple[int, int] | None = field(default=None, metadata={"made": True})

    @property
    def subject(self) -> str:
        """Whom the act retires."""
        return str(self.retired_id)


@dataclass(frozen=True, slots=True)
class MergeAnswer:
    """The entry that stands, and the one that leads to it."""

    patient_id: UUID
    chart_number: int
    retired_id: UUID
    retired_chart: int


def _explain(tx: Reader, order: MergePatients, refusal: Refusal) -> Refusal:
    """Turns at one time, taken between the look and the merge, are named too."""
    if getattr(refusal, "constraint", "") != "bookings_no_overlap":
        return refusal
    return _refused(_overlaps(tx, order.patient_id, order.retired_id)) or refusal


def _refused(overlaps: tuple[Overlap, ...]) -> MergeOverlap | None:
    if not overlaps:
        return None
    first = overlaps[0]
    return MergeOverlap(
        turns=overlaps,
        count=len(overlaps),
        first=f"{first.starts_at:%d/%m %H:%M}, {first.doctor} (HC {first.chart_number:06d})",
    )


@use_case("patient.merge", needs=Permission.PATIENT_MERGE, answer=MergeAnswer, explain=_explain)
def merge(tx: Tx, order: MergePatients) -> MergeAnswer:
    """Retire an entry: its number, documents and id lead to the other, which shows what both know.

    Raises SamePatient, PatientNotFound, PatientChanged, AlreadyMerged, MergeOverlap with the turns, and
    where one of them is sealed MergeSealed or MergeHidden.
    """
    kept, retired = _both(tx, order.patient_id, order.retired_id)
    if order.seen is not None and order.seen != (kept.version, retired.version):
        raise PatientChanged
    if refused := _refused(_overlaps(tx, kept.patient_id, order.retired_id)):
        raise refused
    called = func.merge_patients(order.merge_id, kept.patient_id, order.retired_id, order.reason, tx.act)
    tx.write(select(called))
    _announce(tx, kept.patient_id, order.retired_id)
    return MergeAnswer(kept.patient_id, kept.chart_number, order.retired_id, retired.chart_number)


def _announce(tx: Tx, *ids: UUID) -> None:
    tx.changed(Change(Kind.PATIENT, tx.act, ids=tuple((each, each) for each in ids)))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergePatients(Order):
    """An entry that was retired stands for itself again."""

    patient_id: UUID
    unmerge_id: UUID = new_row()
    reason: str


@dataclass(frozen=True, slots=True)
class EnteredRow:
    """A turn given, a note signed or a letter issued (`kind`) for who stood, while both were one.

    `at` has its offset.
    """

    kind: str
    at: datetime
    doctor: str
    clinic: str


@dataclass(frozen=True, slots=True)
class UnmergeAnswer:
    """Both entries; `changed` names what was edited of the one that stood, which stays so.

    `entered` is what was given and signed for that one meanwhile: nobody but a person knows whose it is, so
    it stays there, to be moved by who knows.
    """

    patient_id: UUID
    chart_number: int
    survivor_id: UUID
    survivor_chart: int
    changed: tuple[str, ...] = ()
    entered: tuple[EnteredRow, ...] = ()


@use_case("patient.unmerge", needs=Permission.PATIENT_MERGE, answer=UnmergeAnswer)
def unmerge(tx: Tx, order: UnmergePatients) -> UnmergeAnswer:
    """Take a merge back: both read as before it, with what was entered in each since. Raises NotMerged."""
    row = retired(tx, order.patient_id)
    if row.survivor_id is None:
        raise NotMerged
    called = func.unmerge_patients(order.unmerge_id, order.patient_id, order.reason, tx.act)
    changed = tx.run(select(called)).scalar_one()
    _announce(tx, order.patient_id, row.survivor_id)
    both = (order.patient_id, row.chart_number, row.survivor_id, row.survivor_chart or 0)
    return UnmergeAnswer(*both, tuple(changed), _entered(tx, order.patient_id))


def _entered(tx: Tx, retired_id: UUID) -> tuple[EnteredRow, ...]:
    names = ("kind", "at", "zone", "doctor", "clinic")
    rows = tx.rows(select(func.entered_while_one(retired_id).table_valued(*names)))
    return tuple(EnteredRow(row.kind, clock.local(row.at, row.zone), row.doctor, row.clinic) for row in rows)


@dataclass(frozen=True, slots=True)
class RetiredRow:
    """An entry as it is, whoever stands for it; `survivor_id` None where it stands for itself."""

    patient_id: UUID
    chart_number: int
    survivor_id: UUID | None = None
    survivor_chart: int | None = None


@view("patient.find_retired", needs=Permission.PATIENT_MERGE)
def find_retired(tx: Reader, query: DocumentQuery) -> RetiredRow:
    """The entry of a document itself, for the act that takes its merge back. Raises PatientNotFound."""
    return retired(tx, queries.holder(tx, query.document))


def retired(tx: Reader, patient_id: UUID) -> RetiredRow:
    """An entry and who stands for it. Raises PatientNotFound."""
    row = tx.first(
        select(patients.c.chart_number, patients.c.merged_into).where(patients.c.patient_id == patient_id)
    )
    if row is None:
        raise PatientNotFound(what="ese número interno")
    if row.merged_into is None:
        return RetiredRow(patient_id, row.chart_number)
    stands = queries.header(tx, row.merged_into)
    return RetiredRow(patient_id, row.chart_number, stands.patient_id, stands.chart_number)


@dataclass(frozen=True, slots=True)
class MergesQuery:
    """What became of a person's entries."""

    patient_id: UUID


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge, or one taken back (`way`), the latest first: which chart, into which, by whom and why."""

    id: UUID
    way: str
    patient_id: UUID
    chart_number: int
    survivor_chart: int
    at: datetime
    person: str
    reason: str


@view("patient.merges", needs=Permission.PATIENT_READ)
def merges(tx: Reader, query: MergesQuery) -> tuple[MergeRow, ...]:
    """Every merge that an entry of the person was part of."""
    ids = one_person.members(tx, query.patient_id)
    of = patient_merges.c
    statement = (
        select(of.id, of.way, of.patient_id, of.survivor_id, of.at, people.c.family, of.reason)
        .join(people, people.c.id == of.person_id)
        .where(of.patient_id.in_(ids) | of.survivor_id.in_(ids))
        .order_by(of.at.desc(), of.id.desc())
    )
    rows: list[Any] = tx.rows(statement)
    numbers = one_person.charts(tx, {each for row in rows for each in (row.patient_id, row.survivor_id)})
    return tuple(
        MergeRow(
            row.id,
            row.way,
            row.patient_id,
            numbers.get(row.patient_id, 0),
            numbers.get(row.survivor_id, 0),
            row.at,
            row.family,
            row.reason,
        )
        for row in rows
    )
