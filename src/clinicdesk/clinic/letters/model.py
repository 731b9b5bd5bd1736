"""Letters: certificates, referrals, study orders. Written once and numbered; a void is a row of its own."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Sequence,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.sites.model import edited
from clinicdesk.clinic.tables import by_patient, instant, metadata, patient_fk, reference, words

letter_numbers: Final = Sequence("letter_numbers", metadata=metadata)

# Insert-only. `text` is the whole letter as it was issued; `hash` covers it, whom it is about, who and when.
letters: Final = by_patient(
    "letters",
    Column("number", BigInteger, nullable=False),
    words("kind"),
    Column("clinic_id", BigInteger, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    words("author_name"),
    words("author_license"),
    # Whom and where the paper names, as both were called that day.
    words("patient_name"),
    words("patient_document"),
    words("clinic_name"),
    # The visit whose note it quotes, signed by then or not, and the codes that it quotes of it.
    Column("visit_id", Uuid),
    Column("codes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # The number of the letter that it stands in for.
    Column("replaces", BigInteger),
    # Whose session wrote the row, filled by the database.
    words("login", server_default=text("session_user")),
    instant("issued_at"),
    words("text"),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("patient_id", "number", name="letters_number_uq"),
    UniqueConstraint("patient_id", "replaces", name="letters_replaces_uq"),
    patient_fk("letters", "visit_id", "visits"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="letters_clinic_fk"),
    ForeignKeyConstraint(["author_id"], ["people.id"], name="letters_author_fk"),
    CheckConstraint("kind IN ('certificado', 'interconsulta', 'estudios')", name="letters_kind_ck"),
    CheckConstraint("length(text) BETWEEN 1 AND 20000", name="letters_text_ck"),
    CheckConstraint("length(hash) = 32", name="letters_hash_ck"),
    # Who is shown a letter asks by its number alone.
    Index("letters_number_ix", "number"),
    Index("letters_replaces_ix", "replaces", postgresql_where=text("replaces IS NOT NULL")),
)

letter_voids: Final = by_patient(
    "letter_voids",
    Column("letter_id", Uuid, nullable=False),
    words("reason"),
    Column("person_id", BigInteger, nullable=False),
    instant("at"),
    patient_fk("letter_voids", "letter_id", "letters"),
    UniqueConstraint("patient_id", "letter_id", name="letter_voids_letter_uq"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="letter_voids_person_fk"),
    CheckConstraint("length(reason) BETWEEN 5 AND 300", name="letter_voids_reason_ck"),
)

# What a clinic's letters say, in place of the program's own wording.
letter_templates: Final = reference(
    "letter_templates",
    Column("clinic_id", BigInteger, nullable=False),
    words("kind"),
    words("body"),
    *edited("letter_templates"),
    UniqueConstraint("clinic_id", "kind", name="letter_templates_kind_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="letter_templates_clinic_fk"),
    CheckConstraint("kind IN ('certificado', 'interconsulta', 'estudios')", name="letter_templates_kind_ck"),
    CheckConstraint("length(body) BETWEEN 1 AND 8000", name="letter_templates_body_ck"),
)
