"""The clinical history: visits, typed records, insert-only signed notes, drafts, diagnoses, vitals."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from clinicdesk.clinic.sites.model import edited
from clinicdesk.clinic.tables import (
    TableClass,
    by_patient,
    instant,
    keyed,
    metadata,
    patient_fk,
    reference,
    words,
)

visits: Final = by_patient(
    "visits",
    Column("turn_id", Uuid),
    Column("clinic_id", BigInteger),
    words("institution", nullable=True),
    Column("doctor_id", BigInteger),
    words("kind"),
    instant("started_at"),
    instant("ended_at", nullable=True),
    words("reason", nullable=True),
    # Why a visit without a turn was entered after it: it opens no chart by itself.
    words("late_reason", nullable=True),
    patient_fk("visits", "turn_id", "turns"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="visits_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="visits_doctor_fk"),
    UniqueConstraint("patient_id", "turn_id", name="visits_turn_uq"),
    CheckConstraint("clinic_id IS NOT NULL OR length(institution) >= 1", name="visits_place_ck"),
    CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="visits_period_ck"),
    CheckConstraint("length(late_reason) BETWEEN 3 AND 400", name="visits_late_ck"),
    Index("visits_doctor_ix", "doctor_id", "started_at"),
)

# What an entry may be. `schema_version` is the schema that new entries are checked by, 0 where there is none.
record_types: Final = reference(
    "record_types",
    words("code"),
    words("name"),
    Column("schema_version", Integer, nullable=False, server_default=text("0")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    *edited("record_types"),
    UniqueConstraint("code", name="record_types_code_uq"),
    CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,29}$'", name="record_types_code_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 60", name="record_types_name_ck"),
)

# Insert-only: an entry says by which version it was checked.
record_schemas: Final = reference(
    "record_schemas",
    words("code"),
    Column("version", Integer, nullable=False),
    Column("schema", JSONB, nullable=False),
    Column("made_by", BigInteger),
    instant("made_at"),
    ForeignKeyConstraint(["code"], ["record_types.code"], name="record_schemas_code_fk"),
    ForeignKeyConstraint(["made_by"], ["people.id"], name="record_schemas_made_by_fk"),
    UniqueConstraint("code", "version", name="record_schemas_version_uq"),
    CheckConstraint("version >= 1", name="record_schemas_version_ck"),
)

# Insert-only. The doctor is somebody of the network, or a name from outside; `entered_by` where that is
# somebody else. What was wrong in an entry is said in another one, which names it (`corrects_id`). Attributes
# are bounded here too, wider than by schemas.py: nobody writes what the program could not read back.
records: Final = by_patient(
    "records",
    Column("visit_id", Uuid),
    words("kind"),
    Column("schema_version", Integer),
    instant("at"),
    Column("clinic_id", BigInteger),
    words("institution", nullable=True),
    Column("doctor_id", BigInteger),
    words("doctor_name", nullable=True),
    Column("entered_by", BigInteger),
    Column("corrects_id", Uuid),
    words("title", nullable=True),
    Column("attributes", JSONB, nullable=False, server_default=text("'{}'")),
    words("source", nullable=True),
    # When it was typed; `at` is when it was. With a reason the two stand beside each other.
    instant("written_at", server_default=text("now()")),
    words("late_reason", nullable=True),
    patient_fk("records", "visit_id", "visits"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="records_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="records_doctor_fk"),
    ForeignKeyConstraint(["entered_by"], ["people.id"], name="records_entered_by_fk"),
    ForeignKeyConstraint(["kind"], ["record_types.code"], name="records_kind_fk"),
    ForeignKeyConstraint(
        ["kind", "schema_version"],
        ["record_schemas.code", "record_schemas.version"],
        name="records_schema_fk",
    ),
    patient_fk("records", "corrects_id", "records"),
    UniqueConstraint("patient_id", "corrects_id", name="records_corrects_uq"),
    CheckConstraint("corrects_id <> id", name="records_corrects_ck"),
    CheckConstraint("length(doctor_name) BETWEEN 1 AND 160", name="records_doctor_name_ck"),
    CheckConstraint("doctor_name IS NULL OR doctor_id IS NULL", name="records_one_doctor_ck"),
    CheckConstraint(
        "jsonb_typeof(attributes) = 'object' AND octet_length(attributes::text) <= 2000000"
        " AND NOT attributes @? '$.**{9}' AND NOT attributes @? '$.** ? (@ >= 1e40 || @ <= -1e40)'",
        name="records_attributes_ck",
    ),
    CheckConstraint(
        "NOT attributes ? 'texto_sin_firma' OR jsonb_typeof(attributes -> 'texto_sin_firma') = 'string'"
        " AND length(attributes ->> 'texto_sin_firma') BETWEEN 1 AND 200000",
        name="records_unsigned_ck",
    ),
    CheckConstraint("length(late_reason) BETWEEN 3 AND 400", name="records_late_ck"),
    Index("records_at_ix", "patient_id", "at"),
    # What a doctor stated last, whoever the patient: the codes offered first.
    Index("records_doctor_ix", "doctor_id", "at"),
)

# What entries are found by, granted to nobody and written by find_record() alone (records.sql). `person_id`
# is whose the entry is, `n` its folded words and keys.
record_search: Final = keyed(
    "record_search",
    "patient_id",
    Column("patient_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    instant("at"),
    Column("clinic_id", BigInteger),
    Column("doctor_id", BigInteger),
    Column("n", TSVECTOR, nullable=False),
    PrimaryKeyConstraint("patient_id", "id", name="record_search_pk"),
    Index("record_search_at_ix", "at", "id"),
    Index("record_search_clinic_ix", "clinic_id", "at", "id"),
    Index("record_search_doctor_ix", "doctor_id", "at", "id"),
    Index("record_search_person_ix", "person_id", "at", "id"),
    Index("record_search_n_ix", "n", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
)

# Insert-only: nobody holds UPDATE or DELETE. A visit has one note; an addendum is a note of its own
# that names the first and no visit.
notes: Final = by_patient(
    "notes",
    Column("record_id", Uuid, nullable=False),
    Column("visit_id", Uuid),
    Column("amends_id", Uuid),
    words("text"),
    Column("author_id", BigInteger, nullable=False),
    words("author_name"),
    words("author_license"),
    # Written under supervision: it stands signed, and waits for a co-signature.
    Column("supervised", Boolean, nullable=False, server_default=text("false")),
    # Whose session wrote the row, filled by the database: the author's own, or the note is forged.
    words("login", server_default=text("session_user")),
    instant("signed_at"),
    Column("prev_hash", LargeBinary),
    Column("hash", LargeBinary, nullable=False),
    patient_fk("notes", "record_id", "records"),
    patient_fk("notes", "visit_id", "visits"),
    patient_fk("notes", "amends_id", "notes"),
    UniqueConstraint("patient_id", "visit_id", name="notes_visit_uq"),
    ForeignKeyConstraint(["author_id"], ["people.id"], name="notes_author_fk"),
    UniqueConstraint("patient_id", "prev_hash", name="notes_chain_uq", postgresql_nulls_not_distinct=True),
    CheckConstraint("length(text) BETWEEN 1 AND 200000", name="notes_text_ck"),
    CheckConstraint("length(hash) = 32 AND length(prev_hash) = 32", name="notes_hash_ck"),
    # What a co-signature names of the note it is over.
    UniqueConstraint("patient_id", "id", "hash", "author_id", "supervised", name="notes_signed_uq"),
    # What hangs on an entry is read with it, however long the chart is.
    Index("notes_record_ix", "patient_id", "record_id"),
    Index("notes_supervised_ix", "patient_id", "id", postgresql_where=text("supervised")),
)

# What a supervisor says of a supervised note: insert-only as the note. The foreign key holds it to that
# note's hash and author, so that it can be over no other, and over nobody's own.
cosignatures: Final = by_patient(
    "cosignatures",
    Column("record_id", Uuid, nullable=False),
    Column("note_id", Uuid, nullable=False),
    Column("note_hash", LargeBinary, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("supervised", Boolean, nullable=False, server_default=text("true")),
    words("verdict"),
    words("reason", nullable=True),
    Column("person_id", BigInteger, nullable=False),
    words("person_name"),
    words("person_license"),
    words("login", server_default=text("session_user")),
    instant("at"),
    Column("hash", LargeBinary, nullable=False),
    patient_fk("cosignatures", "record_id", "records"),
    ForeignKeyConstraint(
        ["patient_id", "note_id", "note_hash", "author_id", "supervised"],
        ["notes.patient_id", "notes.id", "notes.hash", "notes.author_id", "notes.supervised"],
        name="cosignatures_note_fk",
    ),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="cosignatures_person_fk"),
    CheckConstraint("supervised", name="cosignatures_supervised_ck"),
    CheckConstraint("person_id <> author_id", name="cosignatures_own_ck"),
    CheckConstraint("verdict IN ('cofirmada', 'devuelta')", name="cosignatures_verdict_ck"),
    CheckConstraint(
        "CASE verdict WHEN 'devuelta' THEN length(reason) BETWEEN 5 AND 1000 AND reason IS NOT NULL"
        " ELSE reason IS NULL END",
        name="cosignatures_reason_ck",
    ),
    CheckConstraint("length(hash) = 32", name="cosignatures_hash_ck"),
    Index(
        "cosignatures_once_uq",
        *("patient_id", "note_id"),
        unique=True,
        postgresql_where=text("verdict = 'cofirmada'"),
    ),
)

# One live draft per visit and author; rows leave when the note is signed.
note_drafts: Final = by_patient(
    "note_drafts",
    Column("visit_id", Uuid, nullable=False),
    words("author", server_default=text("session_user")),
    words("text"),
    Column("diagnoses", JSONB, nullable=False, server_default=text("'[]'")),
    Column("plan", JSONB, nullable=False, server_default=text("'{}'")),
    Column("late", JSONB(none_as_null=True)),
    Column("version", Integer, nullable=False),
    instant("saved_at"),
    patient_fk("note_drafts", "visit_id", "visits"),
    UniqueConstraint("patient_id", "visit_id", "author", name="note_drafts_author_uq"),
    CheckConstraint("length(text) <= 200000", name="note_drafts_text_ck"),
)

diagnoses: Final = by_patient(
    "diagnoses",
    Column("record_id", Uuid),
    Column("visit_id", Uuid),
    words("system"),
    words("code"),
    words("text"),
    words("certainty"),
    words("kind"),
    Column("chronic", Boolean, nullable=False, server_default=text("false")),
    Column("onset", Date),
    Column("abated", Date),
    patient_fk("diagnoses", "record_id", "records"),
    patient_fk("diagnoses", "visit_id", "visits"),
    CheckConstraint("certainty IN ('presuntivo', 'confirmado')", name="diagnoses_certainty_ck"),
    CheckConstraint("kind IN ('principal', 'relacionado')", name="diagnoses_kind_ck"),
    CheckConstraint("length(code) BETWEEN 1 AND 40 AND length(text) <= 400", name="diagnoses_text_ck"),
    CheckConstraint("abated IS NULL OR onset IS NULL OR abated >= onset", name="diagnoses_period_ck"),
    Index("diagnoses_record_ix", "patient_id", "record_id"),
)

# What a note orders, signed with it: insert-only. What ends a treatment is a row of its own.
treatments: Final = by_patient(
    "treatments",
    Column("record_id", Uuid, nullable=False),
    words("what"),
    Column("since", Date, nullable=False),
    Column("until", Date),
    patient_fk("treatments", "record_id", "records"),
    CheckConstraint("length(what) BETWEEN 1 AND 400", name="treatments_what_ck"),
    CheckConstraint("until IS NULL OR until >= since", name="treatments_period_ck"),
    Index("treatments_record_ix", "patient_id", "record_id"),
)

treatment_ends: Final = by_patient(
    "treatment_ends",
    Column("treatment_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    words("why"),
    Column("person_id", BigInteger, nullable=False),
    instant("at"),
    patient_fk("treatment_ends", "treatment_id", "treatments"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="treatment_ends_person_fk"),
    UniqueConstraint("patient_id", "treatment_id", name="treatment_ends_once_uq"),
    CheckConstraint("length(why) BETWEEN 3 AND 400", name="treatment_ends_why_ck"),
)

# The next control that a note asks for. Who gives turns learns day and doctor of it (follow_ups.sql).
follow_ups: Final = by_patient(
    "follow_ups",
    Column("record_id", Uuid, nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    Column("doctor_id", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    words("what", server_default=text("''")),
    patient_fk("follow_ups", "record_id", "records"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="follow_ups_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="follow_ups_doctor_fk"),
    CheckConstraint("length(what) <= 400", name="follow_ups_what_ck"),
    Index("follow_ups_due_ix", "clinic_id", "due_on"),
    Index("follow_ups_record_ix", "patient_id", "record_id"),
)

# Beginnings of a note, for one specialty or for all: the network's, a clinic's (`clinic_id`), or a doctor's
# own (`login`, to whom alone row policies show it). Lines that end in a colon are headings, `___` waits for
# words. One that is no `active` is offered no more.
note_templates: Final = reference(
    "note_templates",
    words("login", nullable=True),
    Column("clinic_id", BigInteger),
    Column("specialty_id", BigInteger),
    words("name"),
    words("body"),
    Column("first", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    *edited("note_templates"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="note_templates_specialty_fk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="note_templates_clinic_fk"),
    UniqueConstraint("login", "name", name="note_templates_name_uq", postgresql_nulls_not_distinct=True),
    CheckConstraint("login IS NULL OR NOT first AND clinic_id IS NULL", name="note_templates_own_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 40", name="note_templates_name_ck"),
    CheckConstraint("length(body) BETWEEN 1 AND 8000", name="note_templates_body_ck"),
)

# What a doctor begins notes with: kept at hand, and taken last for each specialty (its name, blank for none).
# `template` is the id of one, or the name of one that the program brings.
template_favourites: Final = Table(
    "template_favourites",
    metadata,
    words("login", server_default=text("session_user")),
    words("template"),
    instant("at"),
    PrimaryKeyConstraint("login", "template", name="template_favourites_pk"),
    CheckConstraint("length(template) BETWEEN 1 AND 20", name="template_favourites_template_ck"),
    info={"class": TableClass.REFERENCE},
)

template_picks: Final = Table(
    "template_picks",
    metadata,
    words("login", server_default=text("session_user")),
    words("specialty"),
    words("template"),
    instant("at"),
    PrimaryKeyConstraint("login", "specialty", "template", name="template_picks_pk"),
    CheckConstraint(
        "length(template) BETWEEN 1 AND 20 AND length(specialty) <= 120", name="template_picks_template_ck"
    ),
    info={"class": TableClass.REFERENCE},
)

vitals: Final = by_patient(
    "vitals",
    Column("visit_id", Uuid),
    instant("at"),
    words("system"),
    words("code"),
    words("name"),
    Column("value", Numeric, nullable=False),
    words("unit"),
    # Who measured; NULL for what came from elsewhere.
    Column("person_id", BigInteger),
    patient_fk("vitals", "visit_id", "visits"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="vitals_person_fk"),
    Index("vitals_at_ix", "patient_id", "at"),
)
