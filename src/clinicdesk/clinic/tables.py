"""The four classes of tables, and the one registry of them all.

By patient and keyed tables shard on their first key column; reference tables are copied everywhere;
local ones stay on the coordinator. Tests hold the rules of each class against the metadata.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

metadata: Final = MetaData()


class TableClass(StrEnum):
    """How a table is spread over the machines of an installation."""

    BY_PATIENT = "by_patient"
    KEYED = "keyed"
    REFERENCE = "reference"
    LOCAL = "local"


def by_patient(name: str, *items: Any) -> Table:
    """A table of a patient's rows: `patient_id`, `id` (UUIDv7) and primary key of both."""
    return Table(
        name,
        metadata,
        Column("patient_id", Uuid, nullable=False),
        Column("id", Uuid, nullable=False),
        *items,
        PrimaryKeyConstraint("patient_id", "id", name=f"{name}_pk"),
        ForeignKeyConstraint(["patient_id"], ["patients.patient_id"], name=f"{name}_patient_fk"),
        info={"class": TableClass.BY_PATIENT},
    )


def keyed(name: str, key: str, *items: Any) -> Table:
    """A table that shards on a key of its own, the first column of its primary key."""
    return Table(name, metadata, *items, info={"class": TableClass.KEYED, "key": key})


def reference(name: str, *items: Any) -> Table:
    """A small, rarely written table with a bigint `id` made by the database."""
    return Table(
        name,
        metadata,
        Column("id", BigInteger, Identity(), nullable=False),
        *items,
        PrimaryKeyConstraint("id", name=f"{name}_pk"),
        info={"class": TableClass.REFERENCE},
    )


def local(name: str, *items: Any) -> Table:
    """A table that only the coordinator holds: logins, counters, ledgers."""
    return Table(name, metadata, *items, info={"class": TableClass.LOCAL})


def instant(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    """A point in time, stored in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable, **options)


def words(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    """Text. Bounds stand as CHECK constraints, named, beside the column."""
    return Column(name, Text, nullable=nullable, **options)


def patient_fk(table: str, column: str, target: str) -> ForeignKeyConstraint:
    """A foreign key inside one patient: carries patient_id, so that it stays on one shard."""
    return ForeignKeyConstraint(
        ["patient_id", column], [f"{target}.patient_id", f"{target}.id"], name=f"{table}_{column[:20]}_fk"
    )
