"""Edits of rows that several people look after: what was read in an older edition is never written over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, delete, insert, select, update

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.sites import rules
from clinicdesk.clinic.sites.errors import SiteChanged, SiteRowNotFound
from clinicdesk.clinic.usecases import Tx

_WHO_MOST: Final = 24
"""What a line of the screen has room for."""


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """The row after the act: its code, its edition, and the names of the fields that changed."""

    id: int
    code: str
    version: int = 1
    changed: tuple[str, ...] = ()


def add(tx: Tx, table: Table, code: str, values: Mapping[str, Any]) -> SiteAnswer:
    """A new row."""
    row = tx.run(insert(table).values(**values, **_stamp(tx)).returning(table.c.id))
    made: int = row.scalar_one()
    tx.changed(Change(Kind.SITE, tx.act))
    return SiteAnswer(made, code)


def edit(
    tx: Tx,
    table: Table,
    row_id: int,
    version: int,
    code: str,
    values: Mapping[str, Any],
    also: tuple[str, ...] = (),
    **within: Any,
) -> SiteAnswer:
    """Write a row unless somebody did since it was read as `version`.

    `also` names what changes beside the row; `within` is whose it must be. Raises SiteRowNotFound, and
    SiteChanged with who and when.
    """
    row = _row(tx, table, row_id, version, code, within)
    changed = tuple(name for name, value in values.items() if getattr(row, name) != value) + also
    if not changed:
        return SiteAnswer(row_id, code, version)
    written = (
        update(table)
        .where(table.c.id == row_id, table.c.version == version)
        .values(**values, **_stamp(tx), version=version + 1)
        .returning(table.c.id)
    )
    if tx.first(written) is None:
        raise _overtaken(tx, table, row_id)
    tx.changed(Change(Kind.SITE, tx.act))
    return SiteAnswer(row_id, code, version + 1, changed)


def remove(tx: Tx, table: Table, row_id: int, version: int, code: str, **within: Any) -> SiteAnswer:
    """Take a row away unless somebody changed it since. Raises SiteRowNotFound, SiteChanged."""
    _row(tx, table, row_id, version, code, within)
    gone = delete(table).where(table.c.id == row_id, table.c.version == version).returning(table.c.id)
    if tx.first(gone) is None:
        raise _overtaken(tx, table, row_id)
    tx.changed(Change(Kind.SITE, tx.act))
    return SiteAnswer(row_id, code, version)


def _row(tx: Tx, table: Table, row_id: int, version: int, code: str, within: Mapping[str, Any]) -> Any:
    row = tx.first(select(table).where(table.c.id == row_id))
    if row is None or any(getattr(row, name) != value for name, value in within.items()):
        raise SiteRowNotFound(what=rules.WORDS[table.name], code=code)
    if row.version != version:
        raise _overtaken(tx, table, row_id)
    return row


def _stamp(tx: Tx) -> dict[str, Any]:
    return {"changed_by": tx.actor.person_id or None, "changed_at": tx.now}


def _overtaken(tx: Tx, table: Table, row_id: int) -> SiteChanged:
    """Who was first, and how long ago."""
    statement = (
        select(people.c.family, table.c.changed_at)
        .outerjoin_from(table, people, people.c.id == table.c.changed_by)
        .where(table.c.id == row_id)
    )
    found = tx.first(statement)
    if found is None:
        return SiteChanged(who=rules.SOMEBODY, when=rules.JUST_NOW)
    when = rules.ago(found.changed_at, tx.now, tx.actor.at.zone)
    return SiteChanged(who=(found.family or rules.SOMEBODY)[:_WHO_MOST], when=when)
