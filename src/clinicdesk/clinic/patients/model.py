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
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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

_E164: Final = "'^[+][1-9][0-9]{6,14}$'"
PHONE_BACKWARDS: Final = r"reverse(regexp_replace(phone, '\D', '', 'g'))"

chart_numbers: Final = Sequence("chart_numbers", metadata=metadata, data_type=BigInteger)

patients: Final = Table(
    "patients",
    metadata,
    Column("patient_id", Uuid, nullable=False),
    Column("chart_number", BigInteger, nullable=False),
    words("given"),
    words("family"),
    # The name they are called by, where it is another: it is the one shown first.
    words("name_in_use", nullable=True),
    words("sex"),
    words("gender", server_default="sin_preguntar"),
    Column("birth", Date),
    Column("birth_estimated", Boolean, nullable=False, server_default=text("false")),
    Column("deceased_on", Date),
    words("phone", nullable=True),
    words("email", nullable=True),
    words("address", nullable=True),
    words("city", nullable=True),
    words("blood_group", server_default="desconocido"),
    words("allergy_status", server_default="sin_preguntar"),
    # Who stands for this one since they were found to be one person: set by one_person.sql alone.
    Column("merged_into", Uuid),
    # Of age, and yet somebody else answers for them.
    Column("dependent", Boolean, nullable=False, server_default=text("false")),
    # The identity is temporary: nobody knows who it is, or a newborn has no name of its own yet.
    words("provisional", nullable=True),
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
    CheckConstraint("length(name_in_use) BETWEEN 1 AND 120", name="patients_name_in_use_ck"),
    CheckConstraint(
        "gender IN ('sin_preguntar', 'mujer', 'varon', 'mujer_trans', 'varon_trans', 'travesti',"
        " 'no_binario', 'otro', 'no_responde')",
        name="patients_gender_ck",
    ),
    CheckConstraint(
        "blood_group IN ('desconocido', '0-', '0+', 'A-', 'A+', 'B-', 'B+', 'AB-', 'AB+')",
        name="patients_blood_ck",
    ),
    CheckConstraint("provisional IN ('nn', 'recien_nacido')", name="patients_provisional_ck"),
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
    Column("expires_on", Date),
    PrimaryKeyConstraint("document_key", name="patient_documents_pk"),
    CheckConstraint("length(document_key) BETWEEN 3 AND 80", name="patient_documents_key_ck"),
    CheckConstraint("valid OR kind <> 'HC'", name="patient_documents_chart_ck"),
    # A chart number is looked up by its key; its beginning is nothing that people type.
    Index("patient_documents_number_ix", "number", postgresql_where=text("kind <> 'HC'")),
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

# What was added to a person's other facts since they were registered (phones, coverages, contacts, consents,
# documents, allergies), ended or answered: insert-only, by whom and when as of `patient_edits`. Of an allergy
# it says that there is one and not which: who reads this may read none.
fact_edits: Final = by_patient(
    "fact_edits",
    words("field"),
    words("before", nullable=True),
    words("after", nullable=True),
    instant("at", server_default=text("clock_timestamp()")),
    words("person", server_default=text("session_user")),
    Column("act", Uuid, nullable=False),
    CheckConstraint("before IS DISTINCT FROM after", name="fact_edits_other_ck"),
    CheckConstraint("length(field) BETWEEN 2 AND 40", name="fact_edits_field_ck"),
)

# When the whole registry was last compared with itself.
registry_scans: Final = reference(
    "registry_scans",
    instant("at"),
    Column("people", Integer, nullable=False),
    Column("pairs", Integer, nullable=False),
    CheckConstraint("people >= 0 AND pairs >= 0", name="registry_scans_count_ck"),
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
    # Who wrote it down and when, filled by tell_allergy; NULL for what came from elsewhere.
    words("told_by", nullable=True),
    instant("told_at", nullable=True),
    CheckConstraint(
        "severity IS NULL OR severity IN ('leve', 'moderada', 'severa')", name="allergies_severity_ck"
    ),
    CheckConstraint("length(substance) BETWEEN 1 AND 300", name="allergies_substance_ck"),
)

coverages: Final = by_patient(
    "coverages",
    words("payer"),
    words("plan", nullable=True),
    words("member_number", nullable=True),
    Column("since", Date),
    Column("until", Date),
    CheckConstraint("length(payer) BETWEEN 1 AND 120", name="coverages_payer_ck"),
    CheckConstraint("length(plan) <= 120 AND length(member_number) <= 60", name="coverages_plan_ck"),
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

# The number by which a coverage authorised a practice. It hangs on both, not on a turn: the payer gives it
# before there is one, it may be good for ten sessions, and a turn that is moved keeps it.
authorisations: Final = by_patient(
    "authorisations",
    Column("coverage_id", Uuid, nullable=False),
    Column("procedure_id", BigInteger, nullable=False),
    words("number"),
    Column("since", Date),
    Column("until", Date),
    Column("times", SmallInteger, nullable=False, server_default=text("1")),
    instant("added_at"),
    patient_fk("authorisations", "coverage_id", "coverages"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="authorisations_procedure_fk"),
    UniqueConstraint("patient_id", "coverage_id", "procedure_id", "number", name="authorisations_once_uq"),
    CheckConstraint("length(number) BETWEEN 1 AND 60", name="authorisations_number_ck"),
    CheckConstraint("until >= since", name="authorisations_period_ck"),
    CheckConstraint("times BETWEEN 1 AND 99", name="authorisations_times_ck"),
)

# Phones besides the first, which stands with the patient. In E.164, each once while it is used.
phones: Final = by_patient(
    "phones",
    words("number"),
    words("kind", server_default="celular"),
    words("note", nullable=True),
    instant("added_at"),
    instant("ended_at", nullable=True),
    CheckConstraint(f"number ~ {_E164}", name="phones_number_ck"),
    CheckConstraint("kind IN ('celular', 'fijo', 'trabajo', 'familiar', 'otro')", name="phones_kind_ck"),
    CheckConstraint("length(note) BETWEEN 1 AND 120", name="phones_note_ck"),
    Index("phones_once_uq", "patient_id", "number", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("phones_backwards_ix", text('(reverse(substr(number, 2))) COLLATE "C"')),
)

# Whom to call, who answers for a minor or dependant, whose child somebody is. `related_id` is another
# patient, on whichever machine: a key of theirs cannot be held here.
contacts: Final = by_patient(
    "contacts",
    words("relation"),
    words("name"),
    words("phone", nullable=True),
    Column("related_id", Uuid),
    Column("guardian", Boolean, nullable=False, server_default=text("false")),
    Column("emergency", Boolean, nullable=False, server_default=text("false")),
    instant("added_at"),
    instant("ended_at", nullable=True),
    CheckConstraint(
        "relation IN ('madre', 'padre', 'tutor', 'conyuge', 'hijo', 'hermano', 'abuelo', 'otro_familiar',"
        " 'cuidador', 'amistad', 'otro')",
        name="contacts_relation_ck",
    ),
    CheckConstraint("length(name) BETWEEN 1 AND 120", name="contacts_name_ck"),
    CheckConstraint(f"phone ~ {_E164}", name="contacts_phone_ck"),
    CheckConstraint("related_id <> patient_id", name="contacts_other_ck"),
)

# Insert-only: what was said last to a purpose, for a number or address, is what holds.
consents: Final = by_patient(
    "consents",
    words("purpose"),
    words("number", nullable=True),
    Column("granted", Boolean, nullable=False),
    words("evidence"),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="consents_person_fk"),
    CheckConstraint(
        "purpose IN ('avisos', 'resultados', 'seguimiento', 'campanas', 'teleconsulta', 'datos')",
        name="consents_purpose_ck",
    ),
    CheckConstraint("(purpose IN ('teleconsulta', 'datos')) = (number IS NULL)", name="consents_number_ck"),
    CheckConstraint(
        f"number ~ {_E164} OR (position('@' IN number) > 1 AND length(number) <= 120)",
        name="consents_form_ck",
    ),
    CheckConstraint("length(evidence) BETWEEN 1 AND 400", name="consents_evidence_ck"),
)

# Insert-only: a document taken from a patient, why and by whom. Its key may name somebody else since.
former_documents: Final = by_patient(
    "former_documents",
    words("country", nullable=True),
    words("kind"),
    words("number"),
    Column("expires_on", Date),
    words("reason"),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="former_documents_person_fk"),
    CheckConstraint("length(reason) BETWEEN 1 AND 200", name="former_documents_reason_ck"),
)

# What was entered for the wrong person and belongs to another: one row in each chart, insert-only, by
# one_person.sql alone. The entry itself stays where it was signed; of a turn, `other_entry` is the one of
# the other chart. `other_chart` is the number that the other person had then.
misfiled: Final = by_patient(
    "misfiled",
    words("way"),
    words("kind"),
    Column("entry_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    Column("other_entry", Uuid, nullable=False),
    Column("other_chart", BigInteger, nullable=False),
    words("reason"),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    Column("act", Uuid, nullable=False),
    UniqueConstraint("patient_id", "entry_id", name="misfiled_once_uq"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="misfiled_person_fk"),
    CheckConstraint("way IN ('out', 'in')", name="misfiled_way_ck"),
    CheckConstraint(
        "kind IN ('turn', 'record', 'result', 'prescription', 'vitals', 'letter')",
        name="misfiled_kind_ck",
    ),
    CheckConstraint("other_id <> patient_id", name="misfiled_two_ck"),
    CheckConstraint("length(reason) BETWEEN 1 AND 400", name="misfiled_reason_ck"),
)
