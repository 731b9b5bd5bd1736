"""Whether what entries hold fits the schema that they name, looked at by the database's owner.

The database holds that an entry names the schema which was in force, and bounds what it may hold (model.py,
`charts.is_typed`). Whether it fits the program alone can judge; what was written past it is found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import cast, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from clinicdesk.clinic.records import rules, schemas
from clinicdesk.clinic.records.errors import BadAttributes
from clinicdesk.clinic.records.model import record_schemas, records
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view

if TYPE_CHECKING:
    from clinicdesk.clinic.desk import Desk

PAGE: Final = 1_000
"""Entries read at a time: some of 200,000 letters fit into memory."""

_ZERO: Final = UUID(int=0)
Schemas = Mapping[tuple[str, int | None], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckQuery:
    """All entries of the registry."""


@dataclass(frozen=True, slots=True)
class HeldPage:
    """The next entries that hold attributes after (patient, entry)."""

    after: tuple[UUID, UUID] = (_ZERO, _ZERO)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An entry as the server holds it, its text without signature apart."""

    patient_id: UUID
    id: UUID
    kind: str
    schema_version: int | None
    attributes: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Misfit:
    """An entry whose attributes no schema or bound of ours would have let in, and why: paths, no values."""

    patient_id: UUID
    id: UUID
    kind: str
    schema_version: int | None
    problems: str


@view("record.check", needs=Permission.SITE_MANAGE, act=True, purpose="AUDIT")
def begin_check(tx: Reader, _query: CheckQuery) -> Schemas:
    """Write down that all entries are looked at, before the first is; every schema there ever was."""
    rows = tx.rows(select(record_schemas.c.code, record_schemas.c.version, record_schemas.c.schema))
    return {(row.code, row.version): row.schema for row in rows}


@view("record.check_page", needs=Permission.SITE_MANAGE, purpose="AUDIT")
def held_page(tx: Reader, query: HeldPage) -> tuple[HeldRow, ...]:
    """Goes on with `record.check`. No login of a person may read these rows: the owner does."""
    key = tuple_(records.c.patient_id, records.c.id)
    held = records.c.attributes.op("-")(rules.UNSIGNED)
    empty = cast("{}", JSONB)
    return tx.into(
        HeldRow,
        select(records.c.patient_id, records.c.id, records.c.kind, records.c.schema_version, held)
        .where(key > tuple_(*query.after), held != empty)
        .order_by(records.c.patient_id, records.c.id)
        .limit(PAGE),
    )


def problems_of(row: HeldRow, known: Schemas) -> str:
    """Why the program would not have taken the attributes of an entry; empty where it would."""
    try:
        schemas.bounded(row.attributes)
        schema = known.get((row.kind, row.schema_version))
        if schema is not None:
            schemas.check(row.attributes, schema)
    except BadAttributes as wrong:
        return str(wrong)
    return ""


@dataclass(slots=True)
class Checked:
    """How many entries were looked at so far."""

    entries: int = 0


def check_all(desk: Desk, checked: Checked) -> Iterator[Misfit]:
    """Every entry that does not fit, as it is found; a page of entries at a time is in memory."""
    known = desk.see(begin_check, CheckQuery())
    page = desk.see(held_page, HeldPage())
    while page:
        for row in page:
            if problems := problems_of(row, known):
                yield Misfit(row.patient_id, row.id, row.kind, row.schema_version, problems)
        checked.entries += len(page)
        page = desk.see(held_page, HeldPage((page[-1].patient_id, page[-1].id)))
