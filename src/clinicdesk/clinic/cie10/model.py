"""The catalogue of the CIE-10: codes with their texts, the words they are searched by, each doctor's own."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from clinicdesk.clinic.tables import TableClass, instant, metadata, reference, words

# One row per code, as the last edition that has it says it; one that an edition has dropped is no longer
# active. `key` is the code without its point, `folded` the text as it is searched, `terms` its words.
# A heading is a block or chapter, which nobody is diagnosed with. Ages are days lived; NULL has no limit.
cie10_codes: Final = reference(
    "cie10_codes",
    words("code"),
    words("key"),
    words("text"),
    words("edition"),
    Column("chapter", Integer),
    Column("heading", Boolean, nullable=False, server_default=text("false")),
    Column("leaf", Boolean, nullable=False, server_default=text("true")),
    words("sex", nullable=True),
    Column("from_days", Integer),
    Column("until_days", Integer),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    words("folded"),
    Column("terms", TSVECTOR, nullable=False),
    UniqueConstraint("code", name="cie10_codes_code_uq"),
    CheckConstraint(
        "CASE WHEN heading THEN code ~ '^[A-Z0-9]{1,5}(-[A-Z0-9]{3})?$'"
        " ELSE code ~ '^[A-Z][0-9][0-9A-Z]([.][0-9A-Z]{1,4})?$' END",
        name="cie10_codes_code_ck",
    ),
    CheckConstraint("key = replace(code, '.', '')", name="cie10_codes_key_ck"),
    CheckConstraint("length(text) BETWEEN 1 AND 400 AND length(folded) <= 800", name="cie10_codes_text_ck"),
    CheckConstraint("length(edition) BETWEEN 1 AND 40", name="cie10_codes_edition_ck"),
    CheckConstraint("chapter BETWEEN 1 AND 22", name="cie10_codes_chapter_ck"),
    CheckConstraint("sex IN ('F', 'M')", name="cie10_codes_sex_ck"),
    CheckConstraint("from_days >= 0 AND until_days >= coalesce(from_days, 0)", name="cie10_codes_age_ck"),
    Index("cie10_codes_key_ix", "key", postgresql_ops={"key": "text_pattern_ops"}),
    Index("cie10_codes_terms_ix", "terms", postgresql_using="gin"),
)

# Every word of the active codes once, found by its first letters when somebody mistypes it.
cie10_words: Final = Table(
    "cie10_words",
    metadata,
    words("word"),
    words("head"),
    PrimaryKeyConstraint("word", name="cie10_words_pk"),
    CheckConstraint("head = left(word, 3)", name="cie10_words_head_ck"),
    Index("cie10_words_head_ix", "head"),
    info={"class": TableClass.REFERENCE},
)

# The codes somebody keeps at hand; `login` is filled by the database and nobody sees another's.
cie10_favourites: Final = Table(
    "cie10_favourites",
    metadata,
    words("login", server_default=text("session_user")),
    words("code"),
    instant("at"),
    PrimaryKeyConstraint("login", "code", name="cie10_favourites_pk"),
    ForeignKeyConstraint(["code"], ["cie10_codes.code"], name="cie10_favourites_code_fk"),
    info={"class": TableClass.REFERENCE},
)
