"""The registry of people cared for: identity, documents, contact, coverage, allergies."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.tables import TableClass, by_patient, instant, keyed, metadata, words

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

# Written by the program with the patient; read through search_people() alone.
patient_search: Final = keyed(
    "patient_search",
    "patient_id",
    Column("patient_id", Uuid, nullable=False),
    Column("n", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("patient_id", name="patient_search_pk"),
    Index("patient_search_n_ix", "n", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
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
