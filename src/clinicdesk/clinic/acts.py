"""Acts: who did what, when, on whom. Written first in each transaction, never changed after."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, PrimaryKeyConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from clinicdesk.clinic.tables import instant, keyed, words

# `person` and `at` are filled by the database: nobody holds the right to insert them, so an act
# can be neither written in another's name nor back-dated by a person.
acts: Final = keyed(
    "acts",
    "key",
    Column("key", Uuid, nullable=False),
    words("person", server_default=text("session_user")),
    instant("at", server_default=text("clock_timestamp()")),
    words("role"),
    words("host"),
    Column("clinic_id", BigInteger),
    Column("patient_id", Uuid),
    words("what"),
    words("purpose"),
    words("outcome"),
    words("refusal", nullable=True),
    Column("order_key", Uuid),
    # What else the act is about: a username, an export's kind, a file's digest, a report's name.
    # Never clinical text, a document number or a patient's name.
    words("subject", nullable=True),
    Column("session", Uuid),
    PrimaryKeyConstraint("key", name="acts_pk"),
    CheckConstraint("outcome IN ('done', 'refused')", name="acts_outcome_ck"),
    CheckConstraint("(outcome = 'refused') = (refusal IS NOT NULL)", name="acts_refusal_ck"),
    # Who touched this patient's data is asked by privacy, and by patients.
    Index("acts_patient_ix", "patient_id", "at"),
    CheckConstraint("length(what) BETWEEN 3 AND 60 AND length(host) <= 120", name="acts_text_ck"),
    CheckConstraint("length(subject) <= 120", name="acts_subject_ck"),
    Index("acts_at_ix", "at", "key"),
    Index("acts_person_ix", "person", "at"),
    # Against these acts signed notes are verified, patient by patient.
    Index("acts_signed_ix", "patient_id", postgresql_where=text("what IN ('note.signed', 'note.cosigned')")),
)

act_answers: Final = keyed(
    "act_answers",
    "key",
    Column("key", Uuid, nullable=False),
    words("order_hash"),
    Column("answer", JSONB, nullable=False),
    PrimaryKeyConstraint("key", name="act_answers_pk"),
)
