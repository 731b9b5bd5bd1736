"""Reads of the clinical history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, literal, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.misplaced import Misplaced, Whose, whose
from clinicdesk.clinic.records import measured, planning
from clinicdesk.clinic.records.errors import RecordNotFound
from clinicdesk.clinic.records.model import cosignatures, diagnoses, note_drafts, notes, records, visits
from clinicdesk.clinic.records.plan import NOTHING, Late, Plan
from clinicdesk.clinic.records.planning import FollowUpRow, TreatmentRow, by_record
from clinicdesk.clinic.records.rules import COSIGNED, UNSIGNED, DiagnosisEntry
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class DiagnosisRow:
    """A diagnosis of the history. `system` names the code's catalogue.

    `own_chart` and `misplaced` as of entries: of a problem, for in an entry the entry says so.
    """

    id: UUID
    record_id: UUID | None
    system: str
    code: str
    text: str
    certainty: str
    kind: str
    chronic: bool
    onset: date | None
    abated: date | None
    patient_id: UUID
    own_chart: int | None = None
    misplaced: Misplaced | None = None


class Standing(StrEnum):
    """How a signed note stands: by itself, or under supervision waiting, given back, co-signed."""

    SIGNED = "firmada"
    WAITS = "falta cofirma"
    RETURNED = "devuelta"
    COSIGNED = "cofirmada"


@dataclass(frozen=True, slots=True)
class CosignRow:
    """What a supervisor said of a note: `cofirmada`, or `devuelta` with the reason."""

    note_id: UUID
    verdict: str
    reason: str | None
    person_name: str
    person_license: str
    at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A signed note, or an addendum to one (`amends_id`); `cosignatures` as they were given."""

    id: UUID
    record_id: UUID
    amends_id: UUID | None
    text: str
    author_id: int
    author_name: str
    author_license: str
    signed_at: datetime
    hash: bytes
    supervised: bool = False
    cosignatures: tuple[CosignRow, ...] = ()

    @property
    def standing(self) -> Standing:
        """Whether a co-signature is missing; a note given back still waits for one."""
        if not self.supervised:
            return Standing.SIGNED
        said = {each.verdict for each in self.cosignatures}
        if COSIGNED in said:
            return Standing.COSIGNED
        return Standing.RETURNED if said else Standing.WAITS


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One typed entry of the history with its diagnoses and notes. `place` is clinic or institution.

    `entered_by` where that is not the doctor; `corrects_id` is the entry that this one puts right,
    `corrected_id` the one that puts this right. `patient_id` is whom it was entered for; `own_chart` that
    chart's number, where another one stands for it. Of one that belongs to another person, this chart shows
    that it was there, and the mark. With a `late_reason` it was typed at `written_at`, after it was.
    """

    id: UUID
    visit_id: UUID | None
    kind: str
    at: datetime
    place: str
    doctor: str
    title: str | None
    attributes: dict[str, Any]
    source: str | None
    patient_id: UUID
    written_at: datetime | None = None
    late_reason: str | None = None
    schema_version: int | None = None
    entered_by: str | None = None
    corrects_id: UUID | None = None
    corrected_id: UUID | None = None
    diagnoses: tuple[DiagnosisRow, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    treatments: tuple[TreatmentRow, ...] = ()
    follow_ups: tuple[FollowUpRow, ...] = ()
    own_chart: int | None = None
    misplaced: Misplaced | None = None


@dataclass(frozen=True, slots=True)
class ChartQuery:
    """A patient's chart; at most `limit` entries, newest first (None: all), those that follow `after`."""

    patient_id: UUID
    limit: int | None = 200
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class EntriesQuery:
    """The next entries of a chart that is open: older than `before`, the time and id of the last one read."""

    patient_id: UUID
    before: tuple[datetime, UUID]
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Chart:
    """What a doctor sees of a patient: identity, alerts, problems, last vitals, entries newest first.

    `vitals_gone` are the measurements that turned out to be another person's, newest first. `treatments`
    are those that are followed today.
    """

    patient: registry.PatientRow
    allergies: tuple[registry.AllergyRow, ...]
    problems: tuple[DiagnosisRow, ...]
    vitals: tuple[measured.VitalRow, ...]
    entries: tuple[EntryRow, ...]
    entries_total: int
    vitals_gone: tuple[measured.MovedVitals, ...] = ()
    treatments: tuple[TreatmentRow, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit of a patient."""

    patient_id: UUID
    id: UUID
    turn_id: UUID | None
    doctor_id: int | None
    started_at: datetime
    ended_at: datetime | None
    late_reason: str | None = None


@dataclass(frozen=True, slots=True)
class DraftRow:
    """An unsigned note, readable by its author alone."""

    patient_id: UUID
    id: UUID
    visit_id: UUID
    text: str
    diagnoses: tuple[DiagnosisEntry, ...]
    version: int
    saved_at: datetime
    plan: Plan = NOTHING
    late: Late | None = None


@dataclass(frozen=True, slots=True)
class DraftsQuery:
    """The actor's own drafts: of one visit, or all."""

    patient_id: UUID | None = None
    visit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class VisitQuery:
    """The visit of a turn."""

    patient_id: UUID
    turn_id: UUID


@view("chart.open", needs=Permission.CHART_READ, act=True, chart=True)
def open_chart(tx: Reader, query: ChartQuery) -> Chart:
    """A patient's chart: opening it is an act. Raises PatientNotFound."""
    return chart(tx, query)


@view("chart.again", needs=Permission.CHART_READ, chart=True)
def reread_chart(tx: Reader, query: ChartQuery) -> Chart:
    """An open chart as it is now: goes on with an opening that is already written down."""
    return chart(tx, query)


@view("chart.more", needs=Permission.CHART_READ, chart=True)
def older_entries(tx: Reader, query: EntriesQuery) -> tuple[EntryRow, ...]:
    """The next entries of an open chart, newest first."""
    at, entry_id = query.before
    older = tuple_(records.c.at, records.c.id) < tuple_(literal(at), literal(entry_id))
    mine = whose(tx, query.patient_id)
    return _read(tx, mine, entries_of(mine).where(older).limit(query.limit))


def entries_by_id(tx: Reader, mine: Whose, ids: list[UUID]) -> tuple[EntryRow, ...]:
    """Some entries of a chart, newest first."""
    return _read(tx, mine, entries_of(mine).where(records.c.id.in_(ids))) if ids else ()


def _read(tx: Reader, mine: Whose, statement: Select[Any]) -> tuple[EntryRow, ...]:
    bare = _bare_entries(tx, mine, statement)
    return _whole(tx, mine, bare, [entry.id for entry in bare])


def chart(tx: Reader, query: ChartQuery) -> Chart:
    """The chart, for views of other slices and faces that write the act themselves."""
    patient_id, mine = query.patient_id, whose(tx, query.patient_id)
    today = clock.local_day(tx.now, tx.actor.at.zone)
    return Chart(
        patient=registry.header(tx, patient_id),
        allergies=registry.allergies_of(tx, patient_id),
        problems=_problems(tx, mine),
        vitals=measured.last_vitals(tx, mine),
        entries=_entries(tx, mine, query),
        entries_total=tx.run(
            select(func.count())
            .select_from(records)
            .where(mine.shows(records.c.patient_id, records.c.id, gone=True))
        ).scalar_one(),
        vitals_gone=measured.vitals_gone(tx, mine),
        treatments=tuple(row for row in planning.treatments_of(tx, mine) if row.is_active(today)),
    )


def _entries(tx: Reader, mine: Whose, query: ChartQuery) -> tuple[EntryRow, ...]:
    """Raises RecordNotFound where `after` is none of the chart's."""
    statement = entries_of(mine).limit(query.limit)
    if query.after is not None:
        own = mine.shows(records.c.patient_id, records.c.id, gone=True)
        last = tx.first(select(records.c.at, records.c.id).where(own, records.c.id == query.after))
        if last is None:
            raise RecordNotFound
        statement = statement.where(tuple_(records.c.at, records.c.id) < tuple_(*map(literal, last)))
    bare = _bare_entries(tx, mine, statement)
    return _whole(tx, mine, bare, None if query.limit is None else [entry.id for entry in bare])


_writers: Final = people.alias("writers")
_later: Final = records.alias("later")
_corrected: Final = (
    select(_later.c.id)
    .where(_later.c.patient_id == records.c.patient_id, _later.c.corrects_id == records.c.id)
    .scalar_subquery()
)


def entries_of(mine: Whose) -> Select[Any]:
    """The entries that a person's chart shows, newest first."""
    return (
        select(
            records.c.id,
            records.c.visit_id,
            records.c.kind,
            records.c.at,
            func.coalesce(clinics.c.name, records.c.institution, ""),
            func.coalesce(people.c.family + ", " + people.c.given, records.c.doctor_name, ""),
            records.c.title,
            records.c.attributes,
            records.c.source,
            records.c.patient_id,
            records.c.written_at,
            records.c.late_reason,
            records.c.schema_version,
            _writers.c.family + ", " + _writers.c.given,
            records.c.corrects_id,
            _corrected,
        )
        .outerjoin(clinics, clinics.c.id == records.c.clinic_id)
        .outerjoin(people, people.c.id == records.c.doctor_id)
        .outerjoin(_writers, _writers.c.id == records.c.entered_by)
        .where(mine.shows(records.c.patient_id, records.c.id, gone=True))
        .order_by(records.c.at.desc(), records.c.id.desc())
    )


def _bare_entries(tx: Reader, mine: Whose, statement: Select[Any]) -> tuple[EntryRow, ...]:
    return tuple(map(_without_words, mine.placed(tx.into(EntryRow, statement), lambda entry: entry.id)))


def _without_words(entry: EntryRow) -> EntryRow:
    """Of what belongs to another person, that it was here and where it is."""
    if entry.misplaced is None or not entry.misplaced.gone:
        return entry
    return replace(entry, title=None, attributes={}, source=None)


def _whole(
    tx: Reader, mine: Whose, bare: tuple[EntryRow, ...], ids: list[UUID] | None
) -> tuple[EntryRow, ...]:
    """Entries with their diagnoses, notes and what they order; `ids` None where they are all there are."""
    stated, written = by_record(_diagnoses(tx, mine, ids)), by_record(_notes(tx, mine, ids))
    ordered = by_record(planning.treatments_of(tx, mine, ids))
    due = by_record(planning.follow_ups_of(tx, mine, ids))
    return tuple(
        replace(
            _with(entry, stated.get(entry.id, ()), written.get(entry.id, ())),
            treatments=tuple(ordered.get(entry.id, ())),
            follow_ups=tuple(due.get(entry.id, ())),
        )
        for entry in bare
    )


def _with(entry: EntryRow, stated: Iterable[DiagnosisRow], written: Iterable[NoteRow]) -> EntryRow:
    """An entry whose text was signed shows the note alone."""
    attributes = {
        name: value for name, value in entry.attributes.items() if not (written and name == UNSIGNED)
    }
    return replace(entry, attributes=attributes, diagnoses=tuple(stated), notes=tuple(written))


_DIAGNOSIS: Final = (
    diagnoses.c.id,
    diagnoses.c.record_id,
    diagnoses.c.system,
    diagnoses.c.code,
    diagnoses.c.text,
    diagnoses.c.certainty,
    diagnoses.c.kind,
    diagnoses.c.chronic,
    diagnoses.c.onset,
    diagnoses.c.abated,
    diagnoses.c.patient_id,
)


def _diagnoses(tx: Reader, mine: Whose, record_ids: list[UUID] | None) -> tuple[DiagnosisRow, ...]:
    """A patient's diagnoses, or those of some entries."""
    stated = mine.shows(diagnoses.c.patient_id, diagnoses.c.record_id)
    statement = select(*_DIAGNOSIS).where(stated).order_by(diagnoses.c.kind, diagnoses.c.id)
    if record_ids is not None:
        statement = statement.where(diagnoses.c.record_id.in_(record_ids))
    return tx.into(DiagnosisRow, statement)


def _problems(tx: Reader, mine: Whose) -> tuple[DiagnosisRow, ...]:
    """Open problems, one per code: the latest statement of each, in the order they were first stated.

    Its onset is that of the earliest statement that is still open.
    """
    code = (diagnoses.c.system, diagnoses.c.code)
    first = func.first_value(diagnoses.c.id).over(partition_by=code, order_by=diagnoses.c.id)
    onset = func.min(diagnoses.c.onset).filter(diagnoses.c.abated.is_(None)).over(partition_by=code)
    shown = [onset.label("onset") if column is diagnoses.c.onset else column for column in _DIAGNOSIS]
    latest = (
        select(*shown, first.label("first"))
        .where(mine.shows(diagnoses.c.patient_id, diagnoses.c.record_id))
        .ext(distinct_on(*code))
        .order_by(*code, diagnoses.c.id.desc())
        .subquery()
    )
    held = (latest.c[column.name] for column in _DIAGNOSIS)
    statement = select(*held).where(latest.c.abated.is_(None)).order_by(latest.c.first)
    return mine.placed(tx.into(DiagnosisRow, statement), lambda row: row.record_id)


def _notes(tx: Reader, mine: Whose, record_ids: list[UUID] | None) -> tuple[NoteRow, ...]:
    """A patient's signed notes, or those of some entries."""
    statement = (
        select(
            notes.c.id,
            notes.c.record_id,
            notes.c.amends_id,
            notes.c.text,
            notes.c.author_id,
            notes.c.author_name,
            notes.c.author_license,
            notes.c.signed_at,
            notes.c.hash,
            notes.c.supervised,
        )
        .where(mine.shows(notes.c.patient_id, notes.c.record_id))
        .order_by(notes.c.signed_at, notes.c.id)
    )
    if record_ids is not None:
        statement = statement.where(notes.c.record_id.in_(record_ids))
    return _with_cosignatures(tx, mine, tx.into(NoteRow, statement))


def _with_cosignatures(tx: Reader, mine: Whose, found: tuple[NoteRow, ...]) -> tuple[NoteRow, ...]:
    """Supervised notes with what was said of each."""
    supervised = [note.id for note in found if note.supervised]
    if not supervised:
        return found
    columns = [cosignatures.c[each.name] for each in fields(CosignRow)]
    statement = (
        select(*columns)
        .where(mine.shows(cosignatures.c.patient_id, cosignatures.c.record_id))
        .where(cosignatures.c.note_id.in_(supervised))
        .order_by(cosignatures.c.at, cosignatures.c.id)
    )
    said: dict[UUID, list[CosignRow]] = {}
    for row in tx.into(CosignRow, statement):
        said.setdefault(row.note_id, []).append(row)
    return tuple(replace(note, cosignatures=tuple(said.get(note.id, ()))) for note in found)


_VISIT = (
    visits.c.patient_id,
    visits.c.id,
    visits.c.turn_id,
    visits.c.doctor_id,
    visits.c.started_at,
    visits.c.ended_at,
    visits.c.late_reason,
)


@view("visit.show", needs=Permission.CHART_READ)
def visit_of_turn(tx: Reader, query: VisitQuery) -> VisitRow | None:
    """The visit that a turn opened, None before it was called."""
    statement = select(*_VISIT).where(
        visits.c.patient_id == query.patient_id, visits.c.turn_id == query.turn_id
    )
    found = tx.into(VisitRow, statement)
    return found[0] if found else None


def visit(tx: Reader, patient_id: UUID, visit_id: UUID) -> VisitRow | None:
    """A visit by id."""
    statement = select(*_VISIT).where(visits.c.patient_id == patient_id, visits.c.id == visit_id)
    found = tx.into(VisitRow, statement)
    return found[0] if found else None


@view("note.drafts", needs=Permission.NOTE_WRITE)
def drafts(tx: Reader, query: DraftsQuery) -> tuple[DraftRow, ...]:
    """The actor's drafts, the last saved first."""
    statement = (
        select(
            note_drafts.c.patient_id,
            note_drafts.c.id,
            note_drafts.c.visit_id,
            note_drafts.c.text,
            note_drafts.c.diagnoses,
            note_drafts.c.version,
            note_drafts.c.saved_at,
            note_drafts.c.plan,
            note_drafts.c.late,
        )
        .where(note_drafts.c.author == literal_column("session_user"))
        .order_by(note_drafts.c.saved_at.desc())
    )
    if query.patient_id is not None:
        statement = statement.where(one_person.of(note_drafts.c.patient_id, query.patient_id))
    if query.visit_id is not None:
        statement = statement.where(note_drafts.c.visit_id == query.visit_id)
    return tuple(_draft(row) for row in tx.rows(statement))


def _draft(row: Any) -> DraftRow:
    stated = msgspec.convert(row.diagnoses, tuple[DiagnosisEntry, ...])
    plan, late = msgspec.convert(row.plan, Plan), msgspec.convert(row.late, Late | None)
    return DraftRow(
        row.patient_id, row.id, row.visit_id, row.text, stated, row.version, row.saved_at, plan, late
    )
