"""Reads of acts and seals. Reading the audit is an act too; its further pages go on with the first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, cast, func, literal_column, select, text, tuple_

from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.audit.model import seal_items, seals
from clinicdesk.clinic.audit.rules import COLUMNS, ActText, Item, Seal
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import QueryT, Reader, RowsT, View, view

PAGE: Final = 5_000
_SEALS_PAGE: Final = 500
_ZERO: Final = UUID(int=0)
# A calendar has no place for some times that a tampered act may bear; they are read as its ends.
_AT: Final = func.least(
    func.greatest(acts.c.at, text("timestamptz '0002-01-01 00:00Z'")), text("timestamptz '9998-12-31 00:00Z'")
).label("at")


def _microseconds(column: str) -> ColumnElement[str]:
    return literal_column(f"trunc(extract(epoch FROM {column}) * 1000000)::text", Text)


_TEXT: Final = tuple(
    _microseconds("acts.at") if name == "at" else cast(acts.c[name], Text) for name in COLUMNS
)


@dataclass(frozen=True, slots=True)
class ActRow:
    """An act: who did what, when, from where, about whom."""

    key: UUID
    at: datetime
    person: str
    role: str
    host: str
    clinic_id: int | None
    patient_id: UUID | None
    what: str
    purpose: str
    outcome: str
    refusal: str | None
    order_key: UUID | None
    subject: str | None
    session: UUID | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which acts: `since` included, `until` not; `what` is a name or the beginning of one up to a dot."""

    since: datetime | None = None
    until: datetime | None = None
    person: str | None = None
    clinic_id: int | None = None
    patient_id: UUID | None = None
    what: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class ActsQuery:
    """A page of acts. `after` is where the page before ended; `subject` is what the act of asking says."""

    filters: Filters = Filters()
    newest_first: bool = True
    limit: int = 100
    after: tuple[str, UUID] | None = None
    subject: str | None = None

    @property
    def patient_id(self) -> UUID | None:
        """Whose acts are asked about, for the act of asking."""
        return self.filters.patient_id


@dataclass(frozen=True, slots=True)
class ActsPage:
    """Acts, and where the next page begins: None where this was the last."""

    rows: tuple[ActRow, ...]
    after: tuple[str, UUID] | None


_KEPT: Final = [_AT if name == "at" else acts.c[name] for name in ActRow.__dataclass_fields__]


_act: Final[Callable[..., ActRow]] = ActRow


def _page(tx: Reader, query: ActsQuery) -> ActsPage:
    place = tuple_(acts.c.at, acts.c.key)
    statement = select(cast(acts.c.at, Text).label("place"), *_KEPT).where(*_wanted(query.filters))
    order: tuple[Any, ...] = (acts.c.at, acts.c.key)
    if query.newest_first:
        order = tuple(each.desc() for each in order)
    if query.after is not None:
        at, key = query.after
        end = tuple_(cast(at, acts.c.at.type), key)
        statement = statement.where(place < end if query.newest_first else place > end)
    rows = tx.rows(statement.order_by(*order).limit(query.limit))
    more = (rows[-1].place, rows[-1].key) if len(rows) == query.limit else None
    return ActsPage(tuple(_act(*row[1:]) for row in rows), more)


def _wanted(filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.since is not None:
        yield acts.c.at >= filters.since
    if filters.until is not None:
        yield acts.c.at < filters.until
    for name in ("person", "clinic_id", "patient_id", "outcome"):
        if (value := getattr(filters, name)) is not None:
            yield acts.c[name] == value
    if filters.what is not None:
        dotted = acts.c.what.startswith(f"{filters.what.rstrip('.')}.", autoescape=True)
        yield (acts.c.what == filters.what) | dotted


@view("audit.list", needs=Permission.AUDIT_READ, act=True, purpose="AUDIT")
def list_acts(tx: Reader, query: ActsQuery) -> ActsPage:
    """The first page of acts."""
    return _page(tx, query)


@view("audit.more", needs=Permission.AUDIT_READ, purpose="AUDIT")
def more_acts(tx: Reader, query: ActsQuery) -> ActsPage:
    """A further page: goes on with a list or an export that is already written down."""
    return _page(tx, query)


@dataclass(frozen=True, slots=True)
class Begin:
    """The audit is about to be read as a whole; `subject` says for what, `patient_id` about whom."""

    subject: str
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The last seal that stands now (0 without one), and the time."""

    last: int
    now: datetime


def _begun(tx: Reader, _query: Begin) -> Begun:
    found = tx.first(select(func.max(seals.c.n)))
    return Begun((found[0] if found else None) or 0, tx.now)


@view("audit.export", needs=Permission.AUDIT_READ, act=True, purpose="AUDIT")
def begin_export(tx: Reader, query: Begin) -> Begun:
    """Write down that acts leave the program, before the first does."""
    return _begun(tx, query)


@view("audit.verify", needs=Permission.AUDIT_READ, act=True, purpose="AUDIT")
def begin_verify(tx: Reader, query: Begin) -> Begun:
    """Write down that the seals are verified, before the first act is read."""
    return _begun(tx, query)


@dataclass(frozen=True, slots=True)
class SealsQuery:
    """Seals after one, up to one."""

    after: int = 0
    until: int | None = None
    limit: int = _SEALS_PAGE


@view("audit.seals", needs=Permission.AUDIT_SEAL, purpose="AUDIT")
def list_seals(tx: Reader, query: SealsQuery) -> tuple[Seal, ...]:
    """Seals in their order: hashes and times, nothing of any act."""
    statement = (
        select(
            seals.c.n,
            _microseconds("seals.at"),
            _microseconds("seals.settled_at"),
            seals.c.acts_count,
            func.encode(seals.c.prev_hash, "hex"),
            func.encode(seals.c.hash, "hex"),
        )
        .where(seals.c.n > query.after)
        .order_by(seals.c.n)
        .limit(query.limit)
    )
    return tx.into(Seal, statement if query.until is None else statement.where(seals.c.n <= query.until))


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """Sealed acts after one (seal and key), up to a seal."""

    after: tuple[int, UUID]
    until: int


@view("audit.items", needs=Permission.AUDIT_READ, purpose="AUDIT")
def list_items(tx: Reader, query: ItemsQuery) -> tuple[Item, ...]:
    """Acts as seals name them: goes on with a verification or an export that is already written down."""
    seal, key = query.after
    found = tx.rows(
        select(seal_items.c.seal, cast(seal_items.c.key, Text), func.encode(seal_items.c.leaf, "hex"), *_TEXT)
        .outerjoin(acts, acts.c.key == seal_items.c.key)
        .where(tuple_(seal_items.c.seal, seal_items.c.key) > tuple_(seal, key))
        .where(seal_items.c.seal <= query.until)
        .order_by(seal_items.c.seal, seal_items.c.key)
        .limit(PAGE)
    )
    return tuple(_item(row) for row in found)


def _item(row: Row[Any]) -> Item:
    n, key, leaf, *act = tuple(row)
    return Item(n, key, leaf, None if act[0] is None else tuple(act))


@view("audit.waiting", needs=Permission.AUDIT_READ, purpose="AUDIT")
def list_waiting(tx: Reader, after: UUID) -> tuple[ActText, ...]:
    """Acts that no seal names, by key."""
    named = select(seal_items.c.key).where(seal_items.c.key == acts.c.key).exists()
    statement = select(*_TEXT).where(acts.c.key > after, ~named).order_by(acts.c.key).limit(PAGE)
    return tuple(tuple(row) for row in tx.rows(statement))


class Read(Protocol):
    """How pages are fetched: `Desk.see`, or a bare connection to another database."""

    def __call__(self, view: View[QueryT, RowsT], query: QueryT, /) -> RowsT:
        """One page."""


def pages(read: Read, query: ActsQuery) -> Iterator[tuple[ActRow, ...]]:
    """All pages of acts, one held at a time."""
    page = read(more_acts, replace(query, limit=PAGE))
    while page.rows:
        yield page.rows
        if page.after is None:
            return
        page = read(more_acts, replace(query, limit=PAGE, after=page.after))


def sealed(read: Read, until: int) -> Iterator[Seal | Item]:
    """Seals and what they name, by seal, up to one: what a verification or a copy is made of."""
    return heapq.merge(pages_of_seals(read, until), _items(read, until), key=lambda each: each.n)


def pages_of_seals(read: Read, until: int | None = None) -> Iterator[Seal]:
    """All seals, one page held at a time."""
    after = 0
    while found := read(list_seals, SealsQuery(after, until)):
        yield from found
        after = found[-1].n


def _items(read: Read, until: int) -> Iterator[Seal | Item]:
    after = (0, _ZERO)
    while found := read(list_items, ItemsQuery(after, until)):
        yield from found
        after = (found[-1].n, UUID(found[-1].key))


def waiting(read: Read) -> Iterator[ActText]:
    """Acts that no seal names."""
    after = _ZERO
    while found := read(list_waiting, after):
        yield from found
        after = UUID(str(found[-1][0]))
