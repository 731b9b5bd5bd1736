"""Where imports put their rows before one set-based merge (`import_merge`), and what they remember.

Any importer fills these: keys are the source's own, ids are made by the merge from source and key, so
that no import can name a row that another source or a person wrote. Nobody may read them; a batch is
gone from them when its transaction ends. `line` is the row's first physical line in its file.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from clinicdesk.clinic.tables import TableClass, instant, metadata, words


def _staging(name: str, *items: Any) -> Table:
    """Rows on their way: unlogged, because a crash ends their transaction anyway."""
    return Table(
        name,
        metadata,
        Column("batch", Uuid, nullable=False),
        Column("line", BigInteger, nullable=False),
        *items,
        prefixes=["UNLOGGED"],
        info={"class": TableClass.LOCAL},
    )


def _optional(name: str) -> Column[Any]:
    return words(name, nullable=True)


staging_people: Final = _staging(
    "staging_people", words("key"), words("given"), words("family"), _optional("specialty")
)

# `documents` are document keys; the column and text they came from travel beside them for rejects.
staging_patients: Final = _staging(
    "staging_patients",
    words("key"),
    words("given"),
    words("family"),
    words("sex"),
    Column("birth", Date),
    Column("deceased_on", Date),
    _optional("phone"),
    _optional("email"),
    _optional("address"),
    _optional("city"),
    Column("search", ARRAY(Text), nullable=False),
    words("search_names"),
    Column("name_words", ARRAY(Text), nullable=False),
    Column("name_sounds", ARRAY(Text), nullable=False),
    Column("documents", ARRAY(Text), nullable=False),
    Column("document_columns", ARRAY(Text), nullable=False),
    Column("document_texts", ARRAY(Text), nullable=False),
)

staging_coverages: Final = _staging(
    "staging_coverages",
    words("patient_key"),
    words("payer"),
    _optional("member_number"),
    Column("since", Date),
    Column("until", Date),
)

# A substance of NULL says: asked, and there is no allergy.
staging_allergies: Final = _staging(
    "staging_allergies",
    words("patient_key"),
    _optional("substance"),
    _optional("system"),
    _optional("code"),
    _optional("category"),
    _optional("reaction"),
    _optional("severity"),
    Column("since", Date),
    Column("until", Date),
)

staging_visits: Final = _staging(
    "staging_visits",
    words("key"),
    words("patient_key"),
    _optional("doctor_key"),
    words("institution"),
    words("kind"),
    instant("started_at"),
    instant("ended_at", nullable=True),
    _optional("reason"),
    _optional("title"),
    Column("attributes", JSONB, nullable=False),
)

# Entries of the history that the batch made or changed, to be found by what they say now.
staging_touched: Final = Table(
    "staging_touched",
    metadata,
    Column("batch", Uuid, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("record_id", Uuid, nullable=False),
    prefixes=["UNLOGGED"],
    info={"class": TableClass.LOCAL},
)

staging_diagnoses: Final = _staging(
    "staging_diagnoses",
    words("patient_key"),
    words("visit_key"),
    words("system"),
    words("code"),
    words("text"),
    Column("onset", Date),
    Column("abated", Date),
)

staging_prescriptions: Final = _staging(
    "staging_prescriptions",
    words("patient_key"),
    words("visit_key"),
    words("state"),
    instant("starts_at"),
    instant("ends_at", nullable=True),
    _optional("reason"),
    words("system"),
    words("code"),
    words("text"),
    Column("dispenses", Integer),
)

# Vital signs and observations of results; results themselves are one per visit (or moment) and category.
staging_observations: Final = _staging(
    "staging_observations",
    words("patient_key"),
    _optional("visit_key"),
    instant("at"),
    Column("vital", Boolean, nullable=False),
    words("category"),
    words("title"),
    words("system"),
    words("code"),
    words("name"),
    Column("value_number", Numeric),
    _optional("value_text"),
    _optional("unit"),
)

# One row of a list of patients. `key` is the source's own, a document's or, `numbered`, names, birth and sex.
# `facts` are `allergies` (none: asked, and there is none), `contacts` and `consents`.
staging_registry: Final = _staging(
    "staging_registry",
    words("key"),
    Column("numbered", Boolean, nullable=False),
    words("given"),
    words("family"),
    words("sex"),
    Column("birth", Date),
    Column("deceased_on", Date),
    *map(_optional, ("phone", "second_phone", "email", "address", "city", "payer", "plan", "member")),
    Column("search", ARRAY(Text), nullable=False),
    words("search_names"),
    Column("name_words", ARRAY(Text), nullable=False),
    Column("name_sounds", ARRAY(Text), nullable=False),
    Column("documents", ARRAY(Text), nullable=False),
    Column("document_columns", ARRAY(Text), nullable=False),
    Column("document_texts", ARRAY(Text), nullable=False),
    *map(_optional, ("name_in_use", "gender", "blood_group")),
    Column("facts", JSONB),
)

# What becomes of each row: new, known, changed, same, or why not. `said` and `base` are digests by field of
# this list and of what the source said before; `touched` where somebody known got what was blank.
staging_fates: Final = _staging(
    "staging_fates",
    words("key"),
    Column("patient_id", Uuid, nullable=False),
    Column("said", ARRAY(BigInteger), nullable=False),
    Column("base", ARRAY(BigInteger)),
    words("fate"),
    words("field"),
    words("value"),
    Column("touched", Boolean, nullable=False, server_default=text("false")),
)

# Rows of a fee schedule's edition. `place` is the row's number in the file: one line may hold many.
# What follows the price is filled by the merge.
staging_fees: Final = _staging(
    "staging_fees",
    Column("place", BigInteger, nullable=False),
    words("code"),
    words("name"),
    Column("units", Numeric),
    Column("price", Numeric),
    Column("fee_code_id", BigInteger),
    Column("item_id", BigInteger),
    Column("until", Date),
    _optional("fate"),
)

# `clinic` is a code; without one the day is the country's.
staging_holidays: Final = _staging(
    "staging_holidays",
    Column("place", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    words("name"),
    _optional("country"),
    _optional("clinic"),
    Column("works", Boolean, nullable=False),
    Column("clinic_id", BigInteger),
    _optional("fate"),
)

# One edition of the CIE-10. `above` is the code one step above; a `leaf` of NULL is told by the others.
staging_cie10: Final = _staging(
    "staging_cie10",
    Column("place", BigInteger, nullable=False),
    words("code"),
    _optional("above"),
    words("text"),
    Column("chapter", Integer),
    Column("heading", Boolean, nullable=False),
    Column("leaf", Boolean),
    _optional("sex"),
    Column("from_days", Integer),
    Column("until_days", Integer),
    words("folded"),
    Column("terms", ARRAY(Text), nullable=False),
    Column("again", Boolean, nullable=False, server_default=text("false")),
    _optional("fate"),
)

# What the merge could not take: `field` is a staging column, or the file's own column name.
staging_rejects: Final = _staging(
    "staging_rejects", words("kind"), words("field"), words("value"), words("reason")
)

# Which row a source's key became. `hash` is of the patient as last imported: where the file says the
# same again, what people corrected since then stays. `fields` are digests of what a list said, by field.
import_ledger: Final = Table(
    "import_ledger",
    metadata,
    words("source"),
    words("kind"),
    words("key"),
    Column("patient_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("hash", LargeBinary),
    Column("fields", ARRAY(BigInteger)),
    PrimaryKeyConstraint("source", "kind", "key", name="import_ledger_pk"),
    CheckConstraint("kind IN ('patient', 'visit')", name="import_ledger_kind_ck"),
    info={"class": TableClass.LOCAL},
)
