"""What privacy reads: alerts, and who opened what. Who and when, never the text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.model import logins, people
from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.privacy.model import care_relations, chart_alerts, chart_limits
from clinicdesk.clinic.rights import GROUP_ROLE, Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view

_NAME = func.concat_ws(", ", people.c.family, func.nullif(people.c.given, ""))


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An opening without a care relation. `urgency` is its class; `outcome` None: nobody has looked yet."""

    id: int
    at: datetime
    login: str
    person: str
    patient_id: UUID
    patient: str
    chart_number: int
    urgency: str
    reason: str
    reviewed_by: str | None
    reviewed_at: datetime | None
    outcome: str | None
    comment: str | None
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class AlertsQuery:
    """The alerts that wait, or all; newest first."""

    only_open: bool = True
    limit: int = 200


@view("privacy.alerts", needs=Permission.PRIVACY_REVIEW, purpose="AUDIT")
def alerts(tx: Reader, query: AlertsQuery) -> tuple[AlertRow, ...]:
    """Openings by emergency and on request, with who and why."""
    statement = (
        select(
            chart_alerts.c.id,
            chart_alerts.c.at,
            chart_alerts.c.login,
            func.coalesce(_NAME, chart_alerts.c.login),
            chart_alerts.c.patient_id,
            func.concat_ws(", ", patients.c.family, func.nullif(patients.c.given, "")),
            patients.c.chart_number,
            chart_alerts.c["class"],
            chart_alerts.c.reason,
            chart_alerts.c.reviewed_by,
            chart_alerts.c.reviewed_at,
            chart_alerts.c.outcome,
            chart_alerts.c.comment,
            patients.c.sealed,
        )
        .join(patients, patients.c.patient_id == chart_alerts.c.patient_id)
        .outerjoin(logins, "u_" + logins.c.username == chart_alerts.c.login)
        .outerjoin(people, people.c.id == logins.c.person_id)
        .order_by(chart_alerts.c.at.desc(), chart_alerts.c.id.desc())
        .limit(query.limit)
    )
    if query.only_open:
        statement = statement.where(
            chart_alerts.c.reviewed_at.is_(None) | (chart_alerts.c.outcome == "aclarar")
        )
    return tx.into(AlertRow, statement)


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One act on a patient: when, who, in which role, from where, what and why."""

    key: UUID
    at: datetime
    login: str
    person: str
    role: str
    host: str
    clinic: str
    what: str
    purpose: str
    outcome: str


@dataclass(frozen=True, slots=True)
class AccessLogQuery:
    """Who touched a patient's data, newest first; `before` is the time of the last row read."""

    patient_id: UUID
    before: datetime | None = None
    limit: int = 200


@view("patient.access_log", needs=Permission.PRIVACY_REVIEW, act=True, purpose="AUDIT")
def access_log(tx: Reader, query: AccessLogQuery) -> tuple[AccessRow, ...]:
    """Every act on a patient. Reading it is an act too."""
    statement = (
        select(
            acts.c.key,
            acts.c.at,
            acts.c.person,
            func.coalesce(_NAME, acts.c.person),
            acts.c.role,
            acts.c.host,
            func.coalesce(clinics.c.name, ""),
            acts.c.what,
            acts.c.purpose,
            acts.c.outcome,
        )
        .outerjoin(logins, "u_" + logins.c.username == acts.c.person)
        .outerjoin(people, people.c.id == logins.c.person_id)
        .outerjoin(clinics, clinics.c.id == acts.c.clinic_id)
        .where(one_person.of(acts.c.patient_id, query.patient_id))
        .order_by(acts.c.at.desc(), acts.c.key.desc())
        .limit(query.limit)
    )
    if query.before is not None:
        statement = statement.where(acts.c.at < query.before)
    return tx.into(AccessRow, statement)


@dataclass(frozen=True, slots=True)
class RelationRow:
    """A standing relation of a patient."""

    id: UUID
    person_id: int
    person: str
    kind: str
    since: date
    until: date | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RelationsQuery:
    """The standing relations of a patient, ended ones too."""

    patient_id: UUID


@view("care.list", needs=Permission.CARE_RELATE, purpose="ADMIN")
def relations(tx: Reader, query: RelationsQuery) -> tuple[RelationRow, ...]:
    """Who follows a patient."""
    statement = (
        select(
            care_relations.c.id,
            care_relations.c.person_id,
            _NAME,
            care_relations.c.kind,
            care_relations.c.since,
            care_relations.c.until,
            care_relations.c.ended_at,
        )
        .join(people, people.c.id == care_relations.c.person_id)
        .where(one_person.of(care_relations.c.patient_id, query.patient_id))
        .order_by(care_relations.c.since.desc(), care_relations.c.id)
    )
    return tx.into(RelationRow, statement)


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A role's hourly limit."""

    role: str
    charts_per_hour: int


@dataclass(frozen=True, slots=True)
class LimitsQuery:
    """All roles' limits."""


@view("privacy.limits", needs=Permission.PRIVACY_REVIEW, purpose="AUDIT")
def limits(tx: Reader, _query: LimitsQuery) -> tuple[LimitRow, ...]:
    """How many charts each role may open in an hour."""
    statement = select(chart_limits.c.group_role, chart_limits.c.charts_per_hour).order_by(
        chart_limits.c.group_role
    )
    by_group = {group: role.value for role, group in GROUP_ROLE.items()}
    return tuple(LimitRow(by_group[row.group_role], row.charts_per_hour) for row in tx.rows(statement))
