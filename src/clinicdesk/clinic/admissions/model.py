"""Admissions: who arrived with which number, triage, transfers between queues, the closing of days."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    Uuid,
)

from clinicdesk.clinic.tables import by_patient, instant, local, patient_fk, reference, words

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

# Each number names the one before it, so that no day of a clinic has a gap, whoever writes here.
tickets: Final = local(
    "tickets",
    Column("clinic_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    words("series"),
    Column("n", Integer, nullable=False),
    Column("prev_n", Integer),
    Column("patient_id", Uuid, nullable=False),
    Column("turn_id", Uuid, nullable=False),
    PrimaryKeyConstraint("clinic_id", "day", "series", "n", name="tickets_pk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="tickets_clinic_fk"),
    CheckConstraint(
        "(n = 1 AND prev_n IS NULL) OR (n > 1 AND prev_n IS NOT NULL AND prev_n = n - 1)",
        name="tickets_chain_ck",
    ),
    CheckConstraint("n BETWEEN 1 AND 99999", name="tickets_n_ck"),
    CheckConstraint("series ~ '^[A-Z]$'", name="tickets_series_ck"),
    ForeignKeyConstraint(
        ["clinic_id", "day", "series", "prev_n"],
        ["tickets.clinic_id", "tickets.day", "tickets.series", "tickets.n"],
        name="tickets_prev_fk",
    ),
)

# A service that counts for itself: its specialty's turns get numbers of this letter. A is everybody else's.
ticket_series: Final = reference(
    "ticket_series",
    Column("clinic_id", BigInteger, nullable=False),
    Column("specialty_id", BigInteger, nullable=False),
    words("series"),
    UniqueConstraint("clinic_id", "specialty_id", name="ticket_series_specialty_uq"),
    UniqueConstraint("clinic_id", "series", name="ticket_series_letter_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="ticket_series_clinic_fk"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="ticket_series_specialty_fk"),
    CheckConstraint("series ~ '^[B-Z]$'", name="ticket_series_letter_ck"),
)

# Insert-only: a level given later is another row.
triage_events: Final = by_patient(
    "triage_events",
    Column("turn_id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("level", SmallInteger, nullable=False),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    words("reason", nullable=True),
    Column("act", Uuid, nullable=False),
    patient_fk("triage_events", "turn_id", "turns"),
    UniqueConstraint("patient_id", "turn_id", "seq", name="triage_events_seq_uq"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="triage_events_person_fk"),
    CheckConstraint("level BETWEEN 1 AND 5", name="triage_events_level_ck"),
    CheckConstraint("seq >= 1", name="triage_events_first_ck"),
    CheckConstraint("length(reason) BETWEEN 1 AND 400", name="triage_events_reason_ck"),
)

# From one doctor's queue, or a service's (NULL), to another's; insert-only.
transfers: Final = by_patient(
    "transfers",
    Column("turn_id", Uuid, nullable=False),
    Column("from_doctor_id", BigInteger),
    Column("to_doctor_id", BigInteger, nullable=False),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    words("reason", nullable=True),
    Column("act", Uuid, nullable=False),
    patient_fk("transfers", "turn_id", "turns"),
    ForeignKeyConstraint(["from_doctor_id"], ["people.id"], name="transfers_from_fk"),
    ForeignKeyConstraint(["to_doctor_id"], ["people.id"], name="transfers_to_fk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="transfers_person_fk"),
    CheckConstraint("from_doctor_id <> to_doctor_id", name="transfers_other_ck"),
    CheckConstraint("length(reason) BETWEEN 1 AND 400", name="transfers_reason_ck"),
)

# A clinic's day is closed and opened again in turns: odd rows close, even rows open, the last one holds.
day_closings: Final = local(
    "day_closings",
    Column("clinic_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("prev_seq", Integer),
    Column("closed", Boolean, nullable=False),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    Column("act", Uuid, nullable=False),
    PrimaryKeyConstraint("clinic_id", "day", "seq", name="day_closings_pk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="day_closings_clinic_fk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="day_closings_person_fk"),
    CheckConstraint(
        "(seq = 1 AND prev_seq IS NULL) OR (seq > 1 AND prev_seq IS NOT NULL AND prev_seq = seq - 1)",
        name="day_closings_chain_ck",
    ),
    CheckConstraint("closed = (mod(seq, 2) = 1)", name="day_closings_turns_ck"),
    ForeignKeyConstraint(
        ["clinic_id", "day", "prev_seq"],
        ["day_closings.clinic_id", "day_closings.day", "day_closings.seq"],
        name="day_closings_prev_fk",
    ),
)
