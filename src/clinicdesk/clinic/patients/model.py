"""The registry of people cared for: identity, documents, contact, coverage, allergies."""

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
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from clinicdesk.clinic.tables import TableClass, by_patient, instant, keyed, metadata, patient_fk, words

PHONE_BACKWARDS: Final = r"reverse(regexp_replace(phone, '\D', '', 'g'))"

chart_numbers: Final = Sequence("chart_numbers", metadata=metadata, data_type=BigInteger)

patients: Final = Table(
    "patients",
    metadata,
    Column("patient_id", Uuid, nullable=False),
    Column("chart_number", BigInteger, nullable=False),
    words("given"),
    words("family"),
    words("sex"),
    Column("birth", Date),
    Column("birth_estimated", Boolean, nullable=False, server_default=text("false")),
    Column("deceased_on", Date),
    words("phone", nullable=True),
    words("email", nullable=True),
    words("address", nullable=True),
    words("city", nullable=True),
    words("allergy_status", server_default="sin_preguntar"),
    # Who stands for this one since they were found to be one person: set by one_person.sql alone.
    Column("merged_into", Uuid),
    Column("sealed", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    instant("created_at"),
    PrimaryKeyConstraint("patient_id", name="patients_pk"),
    CheckConstraint("sex IN ('F', 'M', 'X')", name="patients_sex_ck"),
    CheckConstraint("length(family) BETWEEN 1 AND 120 AND length(given) <= 120", name="patients_name_ck"),
    CheckConstraint("birth IS NULL OR birth >= DATE '1880-01-01'", name="patients_birth_ck"),
    CheckConstraint("deceased_on IS NULL OR birth IS NULL OR deceased_on >= birth", name="patients_death_ck"),
    CheckConstraint(
        "allergy_status IN ('sin_preguntar', 'ninguna', 'registradas')", name="patients_allergy_ck"
    ),
    CheckConstraint("chart_number > 0", name="patients_chart_ck"),
    CheckConstraint("merged_into <> patient_id", name="patients_merged_ck"),
    Index("patients_merged_ix", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("patients_sealed_ix", "patient_id", postgresql_where=text("sealed")),
    # The digits of the phone from its end: what is remembered of a phone is how it ends.
    Index("patients_phone_ix", text(f'({PHONE_BACKWARDS}) COLLATE "C"')),
    info={"class": TableClass.BY_PATIENT},
)

# Inserted before the patient, in the patient's transaction: what makes a document and a chart
# number unique over the whole network, on whichever machine the patient's rows live.
patient_documents: Final = keyed(
    "patient_documents",
    "document_key",
    words("document_key"),
    Column("patient_id", Uuid, nullable=False),
    words("country", nullable=True),
    words("kind"),
    words("number"),
    Column("valid", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("document_key", name="patient_documents_pk"),
    CheckConstraint("length(document_key) BETWEEN 3 AND 80", name="patient_documents_key_ck"),
    Index("patient_documents_number_ix", "number"),
    Index("patient_documents_patient_ix", "patient_id"),
)

# Written by the program with the patient; read through the definer functions of people.sql alone.
# `names` are the folded words, `family|given|joined`; `n` the keys they are found under (spelling.py).
patient_search: Final = keyed(
    "patient_search",
    "patient_id",
    Column("patient_id", Uuid, nullable=False),
    words("names"),
    Column("birth", Date),
    Column("n", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("patient_id", name="patient_search_pk"),
    Index("patient_search_n_ix", "n", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
)

# Every word of a name, how it sounds and about how many people bear it: what a mistyped word is
# corrected by. No word is ever taken out, and the number is an estimate that no registration waits for.
name_words: Final = keyed(
    "name_words",
    "word",
    Column("word", Text(collation="C"), nullable=False),
    Column("sound", Text(collation="C"), nullable=False),
    Column("people", Integer, nullable=False),
    PrimaryKeyConstraint("word", name="name_words_pk"),
    CheckConstraint("length(word) BETWEEN 1 AND 120 AND length(sound) <= 120", name="name_words_length_ck"),
    CheckConstraint("people > 0", name="name_words_people_ck"),
    Index("name_words_sound_ix", "sound"),
)

# Two people whom somebody has looked at: alike, and not the same. `patient_id` is the lesser of both.
distinct_people: Final = keyed(
    "distinct_people",
    "patient_id",
    Column("patient_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    words("person"),
    instant("at"),
    PrimaryKeyConstraint("patient_id", "other_id", name="distinct_people_pk"),
    CheckConstraint("patient_id < other_id", name="distinct_people_order_ck"),
)

# The work list of the last scan: pairs that are likely one person. `likeness` is in percent.
likely_duplicates: Final = keyed(
    "likely_duplicates",
    "patient_id",
    Column("patient_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    Column("likeness", Integer, nullable=False),
    instant("found_at"),
    PrimaryKeyConstraint("patient_id", "other_id", name="likely_duplicates_pk"),
    CheckConstraint("patient_id < other_id", name="likely_duplicates_order_ck"),
    CheckConstraint("likeness BETWEEN 0 AND 100", name="likely_duplicates_likeness_ck"),
)

# What a patient's row said before each change and says since, a row for each fact. `person` and `at` are
# filled by the database: no change can be written in another's name or back-dated. `version` is the one it
# made. Nobody holds the right to update or delete.
patient_edits: Final = Table(
    "patient_edits",
    metadata,
    Column("patient_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    words("field"),
    words("before", nullable=True),
    words("after", nullable=True),
    instant("at", server_default=text("clock_timestamp()")),
    words("person", server_default=text("session_user")),
    Column("act", Uuid, nullable=False),
    PrimaryKeyConstraint("patient_id", "version", "field", name="patient_edits_pk"),
    ForeignKeyConstraint(["patient_id"], ["patients.patient_id"], name="patient_edits_patient_fk"),
    CheckConstraint("version > 1", name="patient_edits_version_ck"),
    CheckConstraint("before IS DISTINCT FROM after", name="patient_edits_other_ck"),
    CheckConstraint("length(field) BETWEEN 2 AND 40", name="patient_edits_field_ck"),
    info={"class": TableClass.BY_PATIENT},
)

allergies: Final = by_patient(
    "allergies",
    words("substance"),
    words("system", nullable=True),
    words("code", nullable=True),
    words("category", nullable=True),
    words("reaction", nullable=True),
    words("severity", nullable=True),
    Column("since", Date),
    Column("until", Date),
    CheckConstraint(
        "severity IS NULL OR severity IN ('leve', 'moderada', 'severa')", name="allergies_severity_ck"
    ),
    CheckConstraint("length(substance) BETWEEN 1 AND 300", name="allergies_substance_ck"),
)

coverages: Final = by_patient(
    "coverages",
    words("payer"),
    words("member_number", nullable=True),
    Column("since", Date),
    Column("until", Date),
    CheckConstraint("length(payer) BETWEEN 1 AND 120", name="coverages_payer_ck"),
    CheckConstraint("until IS NULL OR since IS NULL OR until >= since", name="coverages_period_ck"),
)

# Who was found to be whom: of a retired one, odd rows merge, even rows take the merge before them back.
# Insert-only, by one_person.sql alone; with both rows as they were.
patient_merges: Final = by_patient(
    "patient_merges",
    Column("seq", Integer, nullable=False),
    Column("survivor_id", Uuid, nullable=False),
    words("way"),
    Column("undoes_id", Uuid),
    words("reason"),
    Column("survivor_before", JSONB, nullable=False),
    Column("retired_before", JSONB, nullable=False),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    Column("act", Uuid, nullable=False),
    UniqueConstraint("patient_id", "seq", name="patient_merges_seq_uq"),
    UniqueConstraint("patient_id", "undoes_id", name="patient_merges_undone_uq"),
    patient_fk("patient_merges", "undoes_id", "patient_merges"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="patient_merges_person_fk"),
    CheckConstraint("survivor_id <> patient_id", name="patient_merges_two_ck"),
    CheckConstraint(
        "(way = 'merge') = (undoes_id IS NULL) AND (way = 'merge') = (mod(seq, 2) = 1)",
        name="patient_merges_turns_ck",
    ),
    CheckConstraint("way IN ('merge', 'unmerge')", name="patient_merges_way_ck"),
    CheckConstraint("length(reason) BETWEEN 1 AND 400", name="patient_merges_reason_ck"),
    Index("patient_merges_survivor_ix", "survivor_id"),
)
