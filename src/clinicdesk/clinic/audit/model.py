"""Seals over the acts: each minute's acts hashed with the seal before, so that no edit stays unseen."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
    Uuid,
)

from clinicdesk.clinic.tables import instant, local

# `settled_at`: every act stamped before it stands in this seal or an earlier one, so that a later one
# with such a time was written afterwards. `horizon` (the first transaction not yet begun) and
# `scanned_to` (how far a seal that left acts over has looked) are the sealer's notes, outside the hash.
seals: Final = local(
    "seals",
    Column("n", BigInteger, autoincrement=False, nullable=False),
    instant("at"),
    instant("settled_at", nullable=True),
    Column("acts_count", Integer, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("horizon", BigInteger, nullable=False),
    instant("scanned_to", nullable=True),
    PrimaryKeyConstraint("n", name="seals_pk"),
    CheckConstraint("n > 0 AND acts_count > 0", name="seals_count_ck"),
    CheckConstraint("length(hash) = 32 AND length(prev_hash) = 32", name="seals_hash_ck"),
)

# The acts of each seal by name, never by a range: one that commits late joins the next seal.
seal_items: Final = local(
    "seal_items",
    Column("seal", BigInteger, autoincrement=False, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    PrimaryKeyConstraint("seal", "key", name="seal_items_pk"),
    UniqueConstraint("key", name="seal_items_key_uq"),
)
