"""Admissions: who arrived with which number, and the counter of a clinic's day."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Uuid,
)

from clinicdesk.clinic.tables import by_patient, instant, local, patient_fk, words

admissions: Final = by_patient(
    "admissions",
    Column("turn_id", Uuid, nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    instant("at"),
    words("ticket"),
    Column("day", Date, nullable=False),
    Column("person_id", BigInteger, nullable=False),
    patient_fk("admissions", "turn_id", "turns"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="admissions_clinic_fk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="admissions_person_fk"),
)

tickets: Final = local(
    "tickets",
    Column("clinic_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("clinic_id", "day", name="tickets_pk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="tickets_clinic_fk"),
    CheckConstraint("last BETWEEN 1 AND 99999", name="tickets_last_ck"),
)
