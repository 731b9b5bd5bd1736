"""Attachments: what is known of a file, its bytes, and the mark of one that was attached in error."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    text,
)

from clinicdesk.clinic.tables import by_patient, instant, patient_fk, reference, words

# Written by charts.attach alone, which counts the bytes and makes the digest itself.
attachments: Final = by_patient(
    "attachments",
    Column("record_id", Uuid),
    words("name"),
    words("media_type"),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    words("described", nullable=True),
    Column("person_id", BigInteger, nullable=False),
    instant("at"),
    patient_fk("attachments", "record_id", "records"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="attachments_person_fk"),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="attachments_name_ck"),
    CheckConstraint("media_type ~ '^[a-z]+/[a-z0-9.+-]{1,100}$'", name="attachments_type_ck"),
    CheckConstraint("length(described) BETWEEN 1 AND 500", name="attachments_described_ck"),
    CheckConstraint("size_bytes > 0 AND length(sha256) = 32", name="attachments_bytes_ck"),
    CheckConstraint("(width > 0) = (height > 0)", name="attachments_size_ck"),
)

# Held by nobody: charts.attached gives them to whom the chart is open.
attachment_bodies: Final = by_patient(
    "attachment_bodies",
    Column("body", LargeBinary, nullable=False),
    patient_fk("attachment_bodies", "id", "attachments"),
)

attachment_voids: Final = by_patient(
    "attachment_voids",
    Column("attachment_id", Uuid, nullable=False),
    words("reason"),
    Column("person_id", BigInteger, nullable=False),
    instant("at"),
    patient_fk("attachment_voids", "attachment_id", "attachments"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="attachment_voids_person_fk"),
    UniqueConstraint("patient_id", "attachment_id", name="attachment_voids_uq"),
    CheckConstraint("length(reason) BETWEEN 3 AND 300", name="attachment_voids_reason_ck"),
)

# One row: what a file and all of a person's files may weigh.
attachment_limits: Final = reference(
    "attachment_limits",
    Column("file_bytes", BigInteger, nullable=False),
    Column("patient_bytes", BigInteger, nullable=False),
    Column("megapixels", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("id = 1", name="attachment_limits_one_ck"),
    CheckConstraint("file_bytes BETWEEN 1024 AND 67108864", name="attachment_limits_file_ck"),
    CheckConstraint("patient_bytes BETWEEN file_bytes AND 10737418240", name="attachment_limits_patient_ck"),
    CheckConstraint("megapixels BETWEEN 1 AND 500", name="attachment_limits_pixels_ck"),
)
