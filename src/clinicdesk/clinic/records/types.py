"""Types of entries: what the network calls them, and the JSON schema that their attributes keep to.

A schema is never changed: another version takes its place for what is entered from then on, and an entry says
by which one it was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update

from clinicdesk.clinic.records import schemas
from clinicdesk.clinic.records.errors import BadRecordKind
from clinicdesk.clinic.records.model import record_schemas, record_types
from clinicdesk.clinic.records.rules import RecordKind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit.text import clean_line


@dataclass(frozen=True, slots=True)
class TypesQuery:
    """All types."""


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A type; `schema` is the one in force, as version `schema_version` (0: none)."""

    id: int
    code: str
    name: str
    schema_version: int
    active: bool
    version: int
    schema: dict[str, Any] | None = None


_TYPES = select(
    record_types.c.id,
    record_types.c.code,
    record_types.c.name,
    record_types.c.schema_version,
    record_types.c.active,
    record_types.c.version,
    record_schemas.c.schema,
).outerjoin(
    record_schemas,
    (record_schemas.c.code == record_types.c.code)
    & (record_schemas.c.version == record_types.c.schema_version),
)


@view("record_type.list", needs=Permission.SITE_READ)
def list_types(tx: Reader, _query: TypesQuery) -> tuple[TypeRow, ...]:
    """The types, those in use first, in the order in which they were made."""
    return tx.into(TypeRow, _TYPES.order_by(record_types.c.active.desc(), record_types.c.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddType(Order):
    """A type of entry, with the schema of its attributes or without."""

    code: str
    name: str
    schema: Mapping[str, Any] | None = None

    @property
    def subject(self) -> str:
        """Which type."""
        return self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class EditType(Order):
    """A type as it is from now on; `schema` in place of the one it has, where `schema_said`."""

    type_id: int
    code: str
    name: str
    active: bool
    schema: Mapping[str, Any] | None = None
    schema_said: bool = False
    version: int = as_read()

    @property
    def subject(self) -> str:
        """Which type."""
        return self.code


@use_case("record_type.add", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def add_type(tx: Tx, order: AddType) -> SiteAnswer:
    """Add a type. Raises RecordTypeTaken, BadRecordType, BadSchema."""
    schema = None if order.schema is None else schemas.checked_schema(order.schema)
    values = {"code": order.code, "name": clean_line(order.name)}
    answer = editing.add(tx, record_types, order.code, values)
    if schema is not None:
        made = _write_schema(tx, order.code, schema)
        tx.write(update(record_types).where(record_types.c.id == answer.id).values(schema_version=made))
    return answer


@use_case("record_type.edit", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def edit_type(tx: Tx, order: EditType) -> SiteAnswer:
    """Change a type; what was entered keeps its own version of the schema.

    Raises SiteRowNotFound, SiteChanged, BadRecordType, BadSchema, SchemaChanged.
    """
    values: dict[str, Any] = {"name": clean_line(order.name), "active": order.active}
    if order.schema_said:
        values["schema_version"] = _version(tx, order)
    return editing.edit(tx, record_types, order.type_id, order.version, order.code, values)


def _version(tx: Tx, order: EditType) -> int:
    """The version of the schema that was given: a new one, unless it is the one in force."""
    if order.schema is None:
        return 0
    schema = schemas.checked_schema(order.schema)
    held = tx.into(TypeRow, _TYPES.where(record_types.c.code == order.code))
    if held and held[0].schema == schema:
        return held[0].schema_version
    return _write_schema(tx, order.code, schema)


def _write_schema(tx: Tx, code: str, schema: dict[str, Any]) -> int:
    last = select(func.coalesce(func.max(record_schemas.c.version), 0)).where(record_schemas.c.code == code)
    version: int = tx.run(last).scalar_one() + 1
    row = {"code": code, "version": version, "schema": schema, "made_at": tx.now}
    tx.write(insert(record_schemas).inline(), row | {"made_by": tx.actor.person_id or None})
    return version


def known(tx: Reader, code: str) -> str:
    """The code of a type, whether or not it is given any more. Raises BadRecordKind."""
    if code in list(RecordKind) or tx.first(select(record_types.c.id).where(record_types.c.code == code)):
        return code
    raise _bad(tx, code)


def given(tx: Reader, code: str) -> TypeRow:
    """The type of a new entry. Raises BadRecordKind."""
    found = tx.into(TypeRow, _TYPES.where(record_types.c.code == code, record_types.c.active))
    if not found:
        raise _bad(tx, code)
    return found[0]


def _bad(tx: Reader, code: str) -> BadRecordKind:
    rows = tx.rows(select(record_types.c.code).where(record_types.c.active).order_by(record_types.c.id))
    return BadRecordKind(kind=code, kinds=", ".join(row.code for row in rows))
