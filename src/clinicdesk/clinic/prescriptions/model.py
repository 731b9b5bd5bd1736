"""Prescriptions and their items, as the history shows them and imports fill them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    Uuid,
)

from clinicdesk.clinic.tables import by_patient, instant, patient_fk, words

prescriptions: Final = by_patient(
    "prescriptions",
    Column("visit_id", Uuid),
    Column("doctor_id", BigInteger),
    words("state"),
    instant("starts_at"),
    instant("ends_at", nullable=True),
    words("reason", nullable=True),
    patient_fk("prescriptions", "visit_id", "visits"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="prescriptions_doctor_fk"),
    CheckConstraint(
        "state IN ('vigente', 'pendiente', 'dispensada', 'suspendida', 'vencida', 'anulada')",
        name="prescriptions_state_ck",
    ),
    CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="prescriptions_period_ck"),
)

prescription_items: Final = by_patient(
    "prescription_items",
    Column("prescription_id", Uuid, nullable=False),
    words("system", nullable=True),
    words("code", nullable=True),
    words("text"),
    Column("dispenses", Integer),
    patient_fk("prescription_items", "prescription_id", "prescriptions"),
    CheckConstraint("length(text) BETWEEN 1 AND 400", name="prescription_items_text_ck"),
    CheckConstraint("dispenses >= 0", name="prescription_items_dispenses_ck"),
)
