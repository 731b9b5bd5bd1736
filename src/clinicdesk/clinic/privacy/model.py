"""Who may read which chart, for how long and why: leases, standing relations, alerts and their review."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Uuid,
    text,
)

from clinicdesk.clinic.tables import by_patient, instant, local, words

# A lease is an audited read: without a live one the row policies of clinical tables show nothing.
# Ended leases stay a day, since the hourly limit counts charts opened.
chart_leases: Final = local(
    "chart_leases",
    words("login"),
    Column("patient_id", Uuid, nullable=False),
    words("purpose"),
    instant("opened_at"),
    instant("until"),
    PrimaryKeyConstraint("login", "patient_id", name="chart_leases_pk"),
    CheckConstraint("purpose IN ('TREAT', 'BTG', 'COPY')", name="chart_leases_purpose_ck"),
)

# A doctor of reference, a team: what gives the chart without a turn.
care_relations: Final = by_patient(
    "care_relations",
    Column("person_id", BigInteger, nullable=False),
    words("kind"),
    Column("since", Date, nullable=False),
    Column("until", Date),
    instant("ended_at", nullable=True),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="care_relations_person_fk"),
    CheckConstraint("kind IN ('referente', 'equipo')", name="care_relations_kind_ck"),
    CheckConstraint("until IS NULL OR until >= since", name="care_relations_period_ck"),
    Index("care_relations_person_ix", "patient_id", "person_id"),
)

# Charts that one login may open in an hour, by role: more than a day's work needs, less than a theft.
chart_limits: Final = local(
    "chart_limits",
    words("group_role"),
    Column("charts_per_hour", Integer, nullable=False),
    PrimaryKeyConstraint("group_role", name="chart_limits_pk"),
    CheckConstraint("charts_per_hour BETWEEN 1 AND 10000", name="chart_limits_range_ck"),
)

# Each opening without a care relation, until somebody of privacy has looked at it. Written by the
# functions of schema charts alone.
chart_alerts: Final = local(
    "chart_alerts",
    Column("id", BigInteger, Identity(), nullable=False),
    Column("act", Uuid, nullable=False),
    words("login"),
    Column("patient_id", Uuid, nullable=False),
    words("class"),
    words("reason"),
    instant("at"),
    words("reviewed_by", nullable=True),
    instant("reviewed_at", nullable=True),
    words("outcome", nullable=True),
    words("comment", nullable=True),
    PrimaryKeyConstraint("id", name="chart_alerts_pk"),
    CheckConstraint("length(reason) BETWEEN 20 AND 400", name="chart_alerts_reason_ck"),
    CheckConstraint("class IN ('urgencia', 'interconsulta', 'otro', 'copia')", name="chart_alerts_class_ck"),
    CheckConstraint("outcome IN ('justificado', 'injustificado', 'aclarar')", name="chart_alerts_outcome_ck"),
    CheckConstraint("length(comment) <= 400", name="chart_alerts_comment_ck"),
    CheckConstraint(
        "(reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (outcome IS NULL)",
        name="chart_alerts_review_ck",
    ),
    Index("chart_alerts_open_ix", "at", postgresql_where=text("reviewed_at IS NULL")),
)
