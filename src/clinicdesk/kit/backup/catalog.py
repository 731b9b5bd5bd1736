"""What a database holds: the tables and sequences of the schema's owner, read from its own catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

OWNER: Final = "k_owner"
_OURS: Final = """
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relowner = 'k_owner'::regrole AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
_TABLES: Final = (
    "SELECT n.nspname, c.relname, (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a"  # noqa: S608 - all of it stands here
    " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')"
    + _OURS
    + " AND c.relkind = 'r' ORDER BY 1, 2"
)
_SEQUENCES: Final = "SELECT n.nspname, c.relname" + _OURS + " AND c.relkind = 'S' ORDER BY 1, 2"
_OTHERS: Final = """
  SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%'
    AND n.nspname <> 'information_schema' AND c.relname <> 'alembic_version'
    AND pg_get_userbyid(c.relowner) <> 'k_owner' ORDER BY 1
"""
_FOREIGN_KEYS: Final = (
    "SELECT n.nspname, c.relname, f.conname, pg_get_constraintdef(f.oid)"
    + _OURS.replace("FROM pg_class c", "FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid")
    + " AND f.contype = 'f' AND f.conparentid = 0 ORDER BY 1, 2, 3"
)
# What is read must not depend on settings of the server, of the database or of the role; a policy that
# would hide rows is an error; and a whole table may take longer than a person waits.
SETTINGS: Final = (
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL row_security = off",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL xmloption = 'content'",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL synchronize_seqscans = off",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A table with the columns that are stored and not computed."""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def label(self) -> str:
        """`schema.name`: what a file and a person call it."""
        return f"{self.schema}.{self.name}"

    def copy(self, direction: str) -> sql.Composed:
        """COPY of it, `TO STDOUT` or `FROM STDIN`, in the text form."""
        return sql.SQL("COPY {} ({}) {}").format(
            sql.Identifier(self.schema, self.name),
            sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            sql.SQL(direction),
        )


@dataclass(frozen=True, slots=True)
class Counter:
    """A sequence and where it stands."""

    schema: str
    name: str
    last: int
    called: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as the catalogue writes it down."""

    schema: str
    table: str
    name: str
    definition: str


def settle(raw: Any) -> None:
    """The settings under which rows are read and written, for this transaction."""
    for statement in SETTINGS:
        raw.execute(statement)


def installed(raw: Any) -> bool:
    """Whether the schema's owner exists and owns anything here."""
    if raw.execute("SELECT 1 FROM pg_roles WHERE rolname = 'k_owner'").fetchone() is None:
        return False
    return bool(tables(raw))


def tables(raw: Any) -> tuple[Place, ...]:
    """Every table of the schema's owner, by name."""
    rows = raw.execute(_TABLES).fetchall()
    return tuple(Place(schema, name, tuple(columns or ())) for schema, name, columns in rows)


def others(raw: Any) -> tuple[str, ...]:
    """Tables that somebody else made here: no part of the schema, and so of no backup."""
    return tuple(row[0] for row in raw.execute(_OTHERS).fetchall())


def counters(raw: Any) -> tuple[Counter, ...]:
    """Every sequence of the schema's owner, and where it stands."""
    found = raw.execute(_SEQUENCES).fetchall()
    return tuple(_counter(raw, schema, name) for schema, name in found)


def _counter(raw: Any, schema: str, name: str) -> Counter:
    question = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, name))
    return Counter(schema, name, *raw.execute(question).fetchone())


def foreign_keys(raw: Any) -> tuple[ForeignKey, ...]:
    """Every foreign key between the owner's tables."""
    rows = raw.execute(_FOREIGN_KEYS).fetchall()
    return tuple(ForeignKey(*row) for row in rows)
