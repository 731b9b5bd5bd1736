"""What notes order, written and read: treatments, the act that ends one, controls that are due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, insert, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients.misplaced import Whose, whose
from clinicdesk.clinic.records.errors import BadFollowUp, BadTreatment, EndReason, TreatmentNotFound
from clinicdesk.clinic.records.model import follow_ups, records, treatment_ends, treatments
from clinicdesk.clinic.records.plan import (
    MOST_FOLLOW_UPS,
    MOST_TREATMENTS,
    Plan,
    is_follow_up,
    is_reason,
    is_treatment,
)
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.text import clean_line

MOST_DUE: Final = 500


@dataclass(frozen=True, slots=True)
class TreatmentRow:
    """A treatment of a signed entry. `ended_on` is the day somebody ended it, and `ended_why` the reason."""

    patient_id: UUID
    id: UUID
    record_id: UUID
    what: str
    since: date
    until: date | None
    doctor: str
    ended_on: date | None = None
    ended_why: str | None = None

    def is_active(self, today: date) -> bool:
        """Whether it is followed today."""
        return self.ended_on is None and (self.until is None or self.until >= today)


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """A control that a signed entry asks for."""

    id: UUID
    record_id: UUID
    due_on: date
    doctor_id: int
    doctor: str
    what: str


@dataclass(frozen=True, slots=True)
class DueRow:
    """A control as who gives turns sees it: whose, by when, with whom. No word of the note.

    `turn_day` is the day of the turn they already have with that doctor, after the note.
    """

    patient_id: UUID
    id: UUID
    due_on: date
    doctor_id: int
    doctor: str
    family: str
    given: str
    chart_number: int
    phone: str | None
    turn_day: date | None


@dataclass(frozen=True, slots=True)
class DueQuery:
    """The controls of one patient that still lie ahead or were missed: no turn was given for them."""

    patient_id: UUID


@dataclass(frozen=True, slots=True)
class ClinicDueQuery:
    """The controls due at the actor's clinic between two days; with `given` those with a turn too."""

    since: date
    until: date
    given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTreatment(Order):
    """A treatment of a person's chart is followed no more, under whichever entry of theirs it stands."""

    patient_id: UUID
    treatment_id: UUID
    end_id: UUID = new_row()
    why: str


@dataclass(frozen=True, slots=True)
class EndedAnswer:
    """The treatment, and since when it has ended."""

    patient_id: UUID
    treatment_id: UUID
    day: date
    what: str


def write_plan(tx: Tx, patient_id: UUID, record_id: UUID, plan: Plan) -> None:
    """The rows of what an entry orders, before it is signed. Raises BadTreatment, BadFollowUp."""
    demand_good(plan, clock.local_day(tx.now, tx.actor.at.zone))
    mine: dict[str, Any] = {"patient_id": patient_id, "record_id": record_id}
    for entry in plan.treatments:
        row: dict[str, Any] = {"id": new_id(), "since": entry.since, "until": entry.until}
        tx.write(insert(treatments), mine | row | {"what": clean_line(entry.what)})
    for control in plan.follow_ups:
        row = {"id": new_id(), "due_on": control.due_on, "doctor_id": control.doctor_id}
        words = {"what": clean_line(control.what), "clinic_id": tx.actor.at.clinic_id}
        tx.write(insert(follow_ups), mine | row | words)


def demand_good(plan: Plan, today: date) -> None:
    """Raises BadTreatment, BadFollowUp for what no note orders."""
    if len(plan.treatments) > MOST_TREATMENTS or not all(map(is_treatment, plan.treatments)):
        raise BadTreatment
    if len(plan.follow_ups) > MOST_FOLLOW_UPS or not all(
        is_follow_up(each, today) for each in plan.follow_ups
    ):
        raise BadFollowUp


@use_case("treatment.end", needs=Permission.NOTE_WRITE, answer=EndedAnswer, purpose="TREAT", chart=True)
def end_treatment(tx: Tx, order: EndTreatment) -> EndedAnswer:
    """End a treatment today, once; the note that ordered it stays as it was.

    Raises TreatmentNotFound, TreatmentEnded, EndReason.
    """
    if not is_reason(order.why):
        raise EndReason
    of = treatments.c
    here = whose(tx, order.patient_id).shows(of.patient_id, of.record_id)
    found = tx.first(select(of.patient_id, of.record_id, of.what).where(here, of.id == order.treatment_id))
    if found is None:
        raise TreatmentNotFound
    day = clock.local_day(tx.now, tx.actor.at.zone)
    row = {
        "patient_id": found.patient_id,
        "id": order.end_id,
        "treatment_id": order.treatment_id,
        "day": day,
        "why": clean_line(order.why),
        "person_id": tx.actor.person_id,
        "at": tx.now,
    }
    tx.write(insert(treatment_ends), row)
    charts = dict.fromkeys((order.patient_id, found.patient_id))
    tx.changed(Change(Kind.RECORD, tx.act, ids=tuple((chart, found.record_id) for chart in charts)))
    return EndedAnswer(order.patient_id, order.treatment_id, day, found.what)


def treatments_of(tx: Reader, mine: Whose, record_ids: list[UUID] | None = None) -> tuple[TreatmentRow, ...]:
    """A person's treatments in the order they were stated, or those of some entries."""
    ends = treatment_ends.c
    statement = (
        _with_doctor(
            select(
                treatments.c.patient_id,
                treatments.c.id,
                treatments.c.record_id,
                treatments.c.what,
                treatments.c.since,
                treatments.c.until,
                func.coalesce(people.c.family + ", " + people.c.given, ""),
                ends.day,
                ends.why,
            ).select_from(treatments),
            treatments.c,
        )
        .outerjoin(
            treatment_ends,
            and_(ends.patient_id == treatments.c.patient_id, ends.treatment_id == treatments.c.id),
        )
        .where(mine.shows(treatments.c.patient_id, treatments.c.record_id))
        .order_by(treatments.c.id)
    )
    if record_ids is not None:
        statement = statement.where(treatments.c.record_id.in_(record_ids))
    return tx.into(TreatmentRow, statement)


def _with_doctor(statement: Select[Any], of: Any) -> Select[Any]:
    """Joined to the doctor of the entry."""
    entry = and_(records.c.patient_id == of.patient_id, records.c.id == of.record_id)
    return statement.join(records, entry).outerjoin(people, people.c.id == records.c.doctor_id)


def follow_ups_of(tx: Reader, mine: Whose, record_ids: list[UUID] | None = None) -> tuple[FollowUpRow, ...]:
    """The controls that a person's entries ask for, by day."""
    of = follow_ups.c
    statement = (
        select(of.id, of.record_id, of.due_on, of.doctor_id, people.c.family + ", " + people.c.given, of.what)
        .join(people, people.c.id == of.doctor_id)
        .where(mine.shows(of.patient_id, of.record_id))
        .order_by(of.due_on, of.id)
    )
    if record_ids is not None:
        statement = statement.where(of.record_id.in_(record_ids))
    return tx.into(FollowUpRow, statement)


_DUE: Final = (
    *("patient_id", "id", "due_on", "doctor_id", "doctor", "family", "given", "chart_number", "phone"),
    "turn_day",
)


@view("followup.of", needs=Permission.TURN_BOOK)
def due_of(tx: Reader, query: DueQuery) -> tuple[DueRow, ...]:
    """What notes ask for and no turn was given for yet, of one patient, by day."""
    due = func.charts.follow_ups_of(query.patient_id).table_valued(*_DUE)
    return _due(tx, select(*(due.c[name] for name in _DUE)).where(due.c.turn_day.is_(None)), due)


@view("followup.list", needs=Permission.TURN_BOOK, act=True, purpose="OPER")
def due_at_clinic(tx: Reader, query: ClinicDueQuery) -> tuple[DueRow, ...]:
    """The controls due at the actor's clinic, by day, at most MOST_DUE."""
    until = min(query.until, query.since + timedelta(days=731))
    due = func.charts.follow_ups_at(tx.actor.at.clinic_id, query.since, until).table_valued(*_DUE)
    statement = select(*(due.c[name] for name in _DUE)).limit(MOST_DUE)
    return _due(tx, statement if query.given else statement.where(due.c.turn_day.is_(None)), due)


def _due(tx: Reader, statement: Select[Any], due: Any) -> tuple[DueRow, ...]:
    return tx.into(DueRow, statement.order_by(due.c.due_on, due.c.id))


def by_record(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    """Rows of entries, by entry."""
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.record_id, []).append(row)
    return found
