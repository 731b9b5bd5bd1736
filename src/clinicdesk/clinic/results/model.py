"""Results and their observations, as the history shows them and imports fill them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Numeric, Uuid

from clinicdesk.clinic.tables import by_patient, instant, patient_fk, words

results: Final = by_patient(
    "results",
    Column("visit_id", Uuid),
    Column("doctor_id", BigInteger),
    instant("at"),
    words("title"),
    words("category"),
    patient_fk("results", "visit_id", "visits"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="results_doctor_fk"),
)

observations: Final = by_patient(
    "observations",
    Column("result_id", Uuid, nullable=False),
    instant("at"),
    words("system"),
    words("code"),
    words("name"),
    Column("value_number", Numeric),
    words("value_text", nullable=True),
    words("unit", nullable=True),
    patient_fk("observations", "result_id", "results"),
    CheckConstraint("value_number IS NOT NULL OR value_text IS NOT NULL", name="observations_value_ck"),
    Index("observations_at_ix", "patient_id", "at"),
)
