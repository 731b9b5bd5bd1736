"""Opening charts without a care relation, closing them, standing relations, and what privacy reviews."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update

from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.access.rules import Proof
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.privacy import rules
from clinicdesk.clinic.privacy.errors import AlertNotFound, BadClass, BadLimit, BadOutcome, ReasonTooShort
from clinicdesk.clinic.privacy.model import care_relations, chart_limits
from clinicdesk.clinic.rights import GROUP_ROLE, Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """A chart that is open until then."""

    patient_id: UUID
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass(Order):
    """A chart opened by emergency; `proof` says that the password was typed just now."""

    patient_id: UUID
    urgency: str = rules.Urgency.URGENCIA.value
    reason: str
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@use_case("chart.break_glass", needs=Permission.CHART_BREAK_GLASS, answer=LeaseAnswer, purpose="BTG")
def break_glass(tx: Tx, order: BreakGlass) -> LeaseAnswer:
    """Open a chart without a care relation for half an hour; privacy is told.

    Raises ProofNeeded, ReasonTooShort, BadClass, TooManyCharts.
    """
    if order.proof is None or not order.proof.holds(tx.actor.username, tx.act, tx.now):
        raise ProofNeeded
    if order.urgency not in {each.value for each in rules.Urgency}:
        raise BadClass
    _demand_reason(order.reason)
    at = tx.actor.at
    opened = func.charts.break_glass(
        order.key, order.patient_id, order.urgency, order.reason, at.role.value, tx.actor.host, at.clinic_id
    )
    until: datetime = tx.run(select(opened)).scalar_one()
    tx.changed(Change(Kind.ALERT, tx.act))
    return LeaseAnswer(order.patient_id, until)


def _demand_reason(reason: str) -> None:
    if not rules.is_reason(reason):
        raise ReasonTooShort(least=rules.REASON_LEAST, most=rules.REASON_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCopy(Order):
    """A history opened to hand out a copy, and for whom."""

    patient_id: UUID
    reason: str


@use_case("chart.copy", needs=Permission.CHART_COPY, answer=LeaseAnswer, purpose="COPY")
def open_copy(tx: Tx, order: OpenCopy) -> LeaseAnswer:
    """Open a history for a quarter of an hour, on a request with its reason. Raises ReasonTooShort."""
    _demand_reason(order.reason)
    at = tx.actor.at
    opened = func.charts.open_copy(
        order.key, order.patient_id, order.reason, at.role.value, tx.actor.host, at.clinic_id
    )
    return LeaseAnswer(order.patient_id, tx.run(select(opened)).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCharts(Order):
    """The person leaves the desk: lock, logout, end of session."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Every lease of the person has ended."""


# Whatever one's role: SITE_READ is what every role has.
@use_case("chart.close", needs=Permission.SITE_READ, answer=Closed)
def close_charts(tx: Tx, _order: CloseCharts) -> Closed:
    """End the person's leases, in all their sessions."""
    tx.write(select(func.charts.leave()))
    return Closed()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAlert(Order):
    """What privacy found about an opening."""

    alert_id: int
    outcome: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """The alert that was reviewed."""

    alert_id: int
    outcome: str


@use_case("privacy.review", needs=Permission.PRIVACY_REVIEW, answer=ReviewAnswer, purpose="AUDIT")
def review_alert(tx: Tx, order: ReviewAlert) -> ReviewAnswer:
    """Close an alert, or ask for an explanation (`aclarar` stays open). Raises AlertNotFound, OwnAlert."""
    if order.outcome not in {each.value for each in rules.Outcome}:
        raise BadOutcome
    reviewed = select(func.charts.review(order.alert_id, order.outcome, order.comment))
    if not tx.run(reviewed).scalar_one():
        raise AlertNotFound
    tx.changed(Change(Kind.ALERT, tx.act))
    return ReviewAnswer(order.alert_id, order.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relate(Order):
    """A standing relation: this professional follows this patient, until a day or until ended."""

    patient_id: UUID
    relation_id: UUID = new_row()
    person_id: int
    kind: str = "referente"
    until: date | None = None


@dataclass(frozen=True, slots=True)
class RelationAnswer:
    """A standing relation of a patient."""

    patient_id: UUID
    id: UUID


@use_case("care.relate", needs=Permission.CARE_RELATE, answer=RelationAnswer, purpose="ADMIN")
def relate(tx: Tx, order: Relate) -> RelationAnswer:
    """Enter a standing relation from today on."""
    row = {
        "patient_id": order.patient_id,
        "id": order.relation_id,
        "person_id": order.person_id,
        "kind": order.kind,
        "since": tx.now.date(),
        "until": order.until,
    }
    tx.write(insert(care_relations), row)
    return RelationAnswer(order.patient_id, order.relation_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRelation(Order):
    """A standing relation that ends now."""

    patient_id: UUID
    relation_id: UUID


@use_case("care.end", needs=Permission.CARE_RELATE, answer=RelationAnswer, purpose="ADMIN")
def end_relation(tx: Tx, order: EndRelation) -> RelationAnswer:
    """End a standing relation."""
    held = (care_relations.c.patient_id == order.patient_id) & (care_relations.c.id == order.relation_id)
    ended = update(care_relations).where(held).values(ended_at=tx.now)
    tx.write(ended)
    return RelationAnswer(order.patient_id, order.relation_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCharts(Order):
    """How many charts one login of a role may open in an hour."""

    role: str
    charts_per_hour: int


@dataclass(frozen=True, slots=True)
class LimitAnswer:
    """The limit of a role."""

    role: str
    charts_per_hour: int


@use_case("privacy.limit", needs=Permission.PRIVACY_REVIEW, answer=LimitAnswer, purpose="ADMIN")
def limit_charts(tx: Tx, order: LimitCharts) -> LimitAnswer:
    """Set a role's hourly limit. Raises BadLimit."""
    groups = {role.value: group for role, group in GROUP_ROLE.items()}
    limited = (
        update(chart_limits)
        .where(chart_limits.c.group_role == groups.get(order.role))
        .values(charts_per_hour=order.charts_per_hour)
        .returning(chart_limits.c.charts_per_hour)
    )
    if tx.first(limited) is None:
        raise BadLimit
    return LimitAnswer(order.role, order.charts_per_hour)
