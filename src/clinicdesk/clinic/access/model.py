"""People with access: who they are, how they log in, in which clinics they hold which roles."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from clinicdesk.clinic.tables import TableClass, instant, local, metadata, words

# Doctors and rooms share one number space, so that a booking names either by one bigint.
resource_ids: Final = Sequence("resource_ids", metadata=metadata, data_type=BigInteger)

people: Final = Table(
    "people",
    metadata,
    Column("id", BigInteger, resource_ids, server_default=resource_ids.next_value(), nullable=False),
    words("given"),
    words("family"),
    words("license", nullable=True),
    words("specialty", nullable=True),
    words("email", nullable=True),
    words("source", nullable=True),
    words("source_id", nullable=True),
    # Until when what they sign waits for somebody's co-signature: a resident's.
    instant("supervised_until", nullable=True),
    PrimaryKeyConstraint("id", name="people_pk"),
    UniqueConstraint("source", "source_id", name="people_source_uq"),
    CheckConstraint("length(family) BETWEEN 1 AND 120 AND length(given) <= 120", name="people_name_ck"),
    CheckConstraint(
        "length(email) <= 254 AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="people_email_ck"
    ),
    info={"class": TableClass.REFERENCE},
)

logins: Final = local(
    "logins",
    words("username"),
    Column("person_id", BigInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=text("false")),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    instant("created_at", server_default=text("clock_timestamp()")),
    instant("disabled_at", nullable=True),
    instant("expires_at", nullable=True),
    words("kind", server_default=text("'person'")),
    PrimaryKeyConstraint("username", name="logins_pk"),
    UniqueConstraint("person_id", name="logins_person_uq"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="logins_person_fk"),
    CheckConstraint("username ~ '^[a-z][a-z0-9_.-]{1,30}$'", name="logins_username_ck"),
    CheckConstraint("length(salt) = 16", name="logins_salt_ck"),
    CheckConstraint("kind IN ('person', 'service')", name="logins_kind_ck"),
)

# The clinic's table stands higher on the ladder: its name is enough for the foreign key.
clinic_roles: Final = Table(
    "clinic_roles",
    metadata,
    Column("person_id", BigInteger, nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    words("role"),
    instant("until", nullable=True),
    PrimaryKeyConstraint("person_id", "clinic_id", "role", name="clinic_roles_pk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="clinic_roles_person_fk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="clinic_roles_clinic_fk"),
    CheckConstraint(
        "role IN ('admisionista', 'secretaria', 'medico', 'enfermeria', 'laboratorio', 'resultados',"
        " 'gestion', 'administrador', 'privacidad')",
        name="clinic_roles_role_ck",
    ),
    info={"class": TableClass.REFERENCE},
)

# Single permissions of a person at a clinic. Which permissions there are stands in rights.py alone.
personal_rights: Final = Table(
    "personal_rights",
    metadata,
    Column("person_id", BigInteger, nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    words("permission"),
    words("effect"),
    instant("until", nullable=True),
    words("reason", nullable=True),
    words("set_by", server_default=text("session_user")),
    instant("set_at", server_default=text("clock_timestamp()")),
    PrimaryKeyConstraint("person_id", "clinic_id", "permission", name="personal_rights_pk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="personal_rights_person_fk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="personal_rights_clinic_fk"),
    CheckConstraint("permission ~ '^[a-z]+[.][a-z_]+$'", name="personal_rights_permission_ck"),
    CheckConstraint("effect IN ('grant', 'deny')", name="personal_rights_effect_ck"),
    CheckConstraint("length(reason) <= 200", name="personal_rights_reason_ck"),
    info={"class": TableClass.REFERENCE},
)

# One row for each time somebody came in, however many connections their program then opens.
sessions: Final = local(
    "sessions",
    Column("id", Uuid, nullable=False),
    words("username"),
    words("host"),
    words("role"),
    Column("clinic_id", BigInteger, nullable=False),
    instant("started_at", server_default=text("clock_timestamp()")),
    instant("ended_at", nullable=True),
    words("ended_by", nullable=True),
    words("why", nullable=True),
    PrimaryKeyConstraint("id", name="sessions_pk"),
    ForeignKeyConstraint(["username"], ["logins.username"], name="sessions_username_fk"),
    CheckConstraint("length(host) <= 120", name="sessions_host_ck"),
    CheckConstraint("(ended_at IS NULL) = (why IS NULL)", name="sessions_end_ck"),
    Index("sessions_of", "username", "started_at"),
)

# Which server process belongs to which session; a process number is used again, so its last owner counts.
session_lines: Final = local(
    "session_lines",
    Column("pid", BigInteger, autoincrement=False, nullable=False),
    Column("session_id", Uuid, nullable=False),
    PrimaryKeyConstraint("pid", name="session_lines_pk"),
    ForeignKeyConstraint(["session_id"], ["sessions.id"], name="session_lines_session_fk"),
)

gate_secret: Final = local(
    "gate_secret",
    Column("id", BigInteger, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id", name="gate_secret_pk"),
    CheckConstraint("id = 1 AND length(secret) = 32", name="gate_secret_one_ck"),
)

# Tries at the gate that still count. Names are whatever was typed, so nothing here refers to a login.
gate_attempts: Final = local(
    "gate_attempts",
    Column("ticket", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    words("username"),
    words("origin"),
    Column("known", Boolean, nullable=False),
    instant("at", server_default=text("clock_timestamp()")),
    instant("failed_at", nullable=True),
    Column("told", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("ticket", name="gate_attempts_pk"),
    CheckConstraint("length(username) <= 64 AND length(origin) <= 120", name="gate_attempts_text_ck"),
    Index("gate_attempts_username_ix", "username", "at"),
    Index("gate_attempts_origin_ix", "origin", "at"),
    Index("gate_attempts_at_ix", "at"),
)

known_origins: Final = local(
    "known_origins",
    words("username"),
    words("origin"),
    instant("seen_at"),
    PrimaryKeyConstraint("username", "origin", name="known_origins_pk"),
    ForeignKeyConstraint(["username"], ["logins.username"], name="known_origins_username_fk"),
)

# Single-use codes that set a password. Only their hash is here: a hundred random bits need no slow one.
recovery_codes: Final = local(
    "recovery_codes",
    Column("hash", LargeBinary, nullable=False),
    words("username"),
    words("issued_by", server_default=text("session_user")),
    instant("issued_at", server_default=text("clock_timestamp()")),
    instant("expires_at"),
    instant("used_at", nullable=True),
    Column("is_first", Boolean, nullable=False),
    PrimaryKeyConstraint("hash", name="recovery_codes_pk"),
    ForeignKeyConstraint(["username"], ["logins.username"], name="recovery_codes_username_fk"),
    CheckConstraint("length(hash) = 32", name="recovery_codes_hash_ck"),
    Index("recovery_codes_username_ix", "username"),
)
