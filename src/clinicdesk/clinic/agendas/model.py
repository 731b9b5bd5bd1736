"""Agendas: the weekly blocks in which doctors offer turns."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Time,
    text,
)

from clinicdesk.clinic.tables import reference

agenda_blocks: Final = reference(
    "agenda_blocks",
    Column("clinic_id", BigInteger, nullable=False),
    Column("doctor_id", BigInteger, nullable=False),
    Column("room_id", BigInteger, nullable=False),
    Column("procedure_id", BigInteger, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("starts", Time, nullable=False),
    Column("ends", Time, nullable=False),
    Column("slot_minutes", Integer, nullable=False),
    Column("overbooks", Integer, nullable=False, server_default=text("0")),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="agenda_blocks_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="agenda_blocks_doctor_fk"),
    ForeignKeyConstraint(["room_id"], ["rooms.id"], name="agenda_blocks_room_fk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="agenda_blocks_procedure_fk"),
    CheckConstraint("weekday BETWEEN 1 AND 7", name="agenda_blocks_weekday_ck"),
    CheckConstraint("ends > starts", name="agenda_blocks_hours_ck"),
    CheckConstraint("slot_minutes BETWEEN 1 AND 480", name="agenda_blocks_slot_ck"),
    CheckConstraint("overbooks BETWEEN 0 AND 50", name="agenda_blocks_overbooks_ck"),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="agenda_blocks_valid_ck"),
    Index("agenda_blocks_clinic_ix", "clinic_id", "weekday"),
)
