"""Where care happens: clinics, floors, rooms; what is done there: specialties and procedures."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from clinicdesk.clinic.access.model import resource_ids
from clinicdesk.clinic.tables import TableClass, metadata, reference, words

clinics: Final = reference(
    "clinics",
    words("code"),
    words("name"),
    words("country"),
    words("zone"),
    words("city", nullable=True),
    words("address", nullable=True),
    UniqueConstraint("code", name="clinics_code_uq"),
    CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{0,11}$'", name="clinics_code_ck"),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="clinics_country_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 80", name="clinics_name_ck"),
)

floors: Final = reference(
    "floors",
    Column("clinic_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    words("name"),
    UniqueConstraint("clinic_id", "number", name="floors_number_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="floors_clinic_fk"),
    CheckConstraint("number BETWEEN -9 AND 99", name="floors_number_ck"),
)

rooms: Final = Table(
    "rooms",
    metadata,
    Column("id", BigInteger, resource_ids, server_default=resource_ids.next_value(), nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    Column("floor_id", BigInteger, nullable=False),
    words("code"),
    words("kind"),
    words("state", server_default="disponible"),
    PrimaryKeyConstraint("id", name="rooms_pk"),
    UniqueConstraint("clinic_id", "code", name="rooms_code_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="rooms_clinic_fk"),
    ForeignKeyConstraint(["floor_id"], ["floors.id"], name="rooms_floor_fk"),
    CheckConstraint("state IN ('disponible', 'mantenimiento', 'clausurado', 'baja')", name="rooms_state_ck"),
    CheckConstraint("length(code) BETWEEN 1 AND 12", name="rooms_code_ck"),
    info={"class": TableClass.REFERENCE},
)

specialties: Final = reference(
    "specialties",
    words("code"),
    words("name"),
    UniqueConstraint("code", name="specialties_code_uq"),
)

procedures: Final = reference(
    "procedures",
    words("code"),
    words("name"),
    Column("minutes", Integer, nullable=False),
    Column("specialty_id", BigInteger),
    UniqueConstraint("code", name="procedures_code_uq"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="procedures_specialty_fk"),
    CheckConstraint("minutes BETWEEN 1 AND 720", name="procedures_minutes_ck"),
)
