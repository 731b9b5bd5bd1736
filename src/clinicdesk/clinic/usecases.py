"""What Desk runs: orders and use cases for writing, queries and views for reading.

Neither can be built without saying which permission it needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from psycopg import sql
from sqlalchemy import Connection, CursorResult, Executable, Row, Table, func, insert, select

from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.changes import Change
from clinicdesk.clinic.rights import Actor, Permission
from clinicdesk.kit import db
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.ids import new_id

OrderT = TypeVar("OrderT", bound="Order")
AnswerT = TypeVar("AnswerT")
QueryT = TypeVar("QueryT")
RowsT = TypeVar("RowsT")
MadeT = TypeVar("MadeT")


_MADE: Final = "made"
_ACT: Final = insert(acts)


def new_row() -> Any:
    """A field for the id of a row that an order makes: it travels in the order, so a retry reuses it."""
    return field(default_factory=new_id, metadata={_MADE: True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Base of every order. The same key again gives the first answer, not a second effect."""

    key: UUID = field(default_factory=new_id, metadata={_MADE: True})

    def digest(self, what: str) -> str:
        """What tells two orders with one key apart: the use case and all that the person said.

        Not the ids made for it, nor what was seen before it.
        """
        said = {f.name: getattr(self, f.name) for f in fields(self) if not f.metadata.get(_MADE)}
        return hashlib.sha256(
            msgspec.json.encode([what, type(self).__name__, said], order="deterministic")
        ).hexdigest()


class Reader:
    """A transaction as reads see it: rows out, no way to write."""

    def __init__(self, connection: Connection, actor: Actor, now: datetime) -> None:
        self._connection = connection
        self.actor = actor
        self.now = now

    def run(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Execute a statement that returns rows."""
        return self._connection.execute(statement, dict(values) if values else None)

    def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """All rows of a statement."""
        return list(self.run(statement, values).all())

    def into(
        self, made: Callable[..., MadeT], statement: Executable, values: Mapping[str, Any] | None = None
    ) -> tuple[MadeT, ...]:
        """Frozen rows of one class, its fields in the order of the columns."""
        return tuple(made(*row) for row in self.run(statement, values).all())

    def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return self.run(statement, values).first()


class Tx(Reader):
    """A transaction as use cases see it. Writes wait in a queue and leave together, in one round trip."""

    def __init__(
        self,
        connection: Connection,
        actor: Actor,
        now: datetime,
        act: UUID,
        *,
        advisory_locks: bool = True,
    ) -> None:
        super().__init__(connection, actor, now)
        self.act = act
        self.advisory_locks = advisory_locks
        self.changes: list[Change] = []
        self._queue: list[tuple[Executable, dict[str, Any] | None]] = []

    @property
    def raw(self) -> Any:
        """The driver's own connection, for what SQLAlchemy does not offer."""
        return self._connection.connection.driver_connection

    @contextmanager
    def bare(self) -> Iterator[Any]:
        """The same for statements: what is queued goes first, its errors are SQLAlchemy's."""
        self.flush()
        with db.driver_errors(self._connection):
            yield self.raw

    def write(self, statement: Executable, values: Mapping[str, Any] | None = None) -> None:
        """Queue a statement whose rows nobody needs; it runs before the next read or the commit."""
        self._queue.append((statement, dict(values) if values else None))

    def run(self, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Send what is queued, then execute a statement that returns rows."""
        self.flush()
        return super().run(statement, values)

    def flush(self, *, commit: bool = False) -> None:
        """Send the queue as one pipeline, with COMMIT at its end if asked.

        A violated constraint surfaces here, as the database's error.
        """
        queue, self._queue = self._queue, []
        if not queue and not commit:
            return
        with db.pipeline(self._connection):
            for statement, values in queue:
                self._connection.execute(statement, values)
            if commit:
                self._connection.commit()

    def enter_chart(self, patient_id: UUID, purpose: str = "TREAT", act: UUID | None = None) -> None:
        """Queue the lease on a patient's chart: what follows in this transaction reads it.

        A new lease is an act of its own, under `act` where the desk has written that one already.
        The database refuses without a care relation (NoCareRelation) and beyond the hourly limit.
        """
        at = self.actor.at
        entered = func.charts.enter(
            act or new_id(), patient_id, purpose, at.role.value, self.actor.host, at.clinic_id
        )
        self.write(select(entered))

    def copy(self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """COPY rows into a table, after what is queued; the number sent."""
        target = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        count = 0
        with self.bare() as raw, raw.cursor().copy(target) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def write_down(self, what: str, patient_id: UUID, subject: str, purpose: str = "TREAT") -> None:
        """Queue an act beside the one of the order: what came of it, which only its end knows."""
        act = acted(self.actor, new_id(), what, purpose, subject=subject, patient_id=patient_id)
        self.write(_ACT, act | {"outcome": "done"})

    def changed(self, change: Change) -> None:
        """Announce rows to every listening terminal, once the transaction has committed."""
        self.changes.append(change)


def acted(
    actor: Actor, key: UUID, what: str, purpose: str, *, subject: str | None, patient_id: UUID | None
) -> dict[str, Any]:
    """An act's columns but for how it ended."""
    return {
        "key": key,
        "role": actor.at.role.value,
        "host": actor.host[:120],
        "clinic_id": actor.at.clinic_id or None,
        "patient_id": patient_id,
        "what": what,
        "purpose": purpose,
        "subject": subject,
        "session": actor.session,
    }


Explain = Callable[[Reader, Any, Refusal], Refusal]


@dataclass(frozen=True, slots=True)
class UseCase(Generic[OrderT, AnswerT]):
    """One thing people do: its stable name, the permission it needs and the function that does it.

    `patient_of` finds the patient an order is about; `explain` turns a constraint's refusal into one
    that names who and when, reading in a transaction of its own. Without `act` nothing is written
    down and no answer kept: for what repeats every few seconds and is harmless to repeat. With `chart`
    the order's patient's chart is entered first: without a lease the database shows nothing of it.
    An order for a clinic (`clinic_id`) other than the one acted in needs `elsewhere` instead, if that is set.
    """

    name: str
    needs: Permission
    run: Callable[[Tx, OrderT], AnswerT]
    answer: type[AnswerT]
    purpose: str
    explain: Explain | None = None
    act: bool = True
    chart: bool = False
    elsewhere: Permission | None = None

    def needed(self, order: Order, actor: Actor) -> Permission:
        """The permission for this order: another clinic's may take another one."""
        if self.elsewhere is None or getattr(order, "clinic_id", None) == actor.at.clinic_id:
            return self.needs
        return self.elsewhere


@dataclass(frozen=True, slots=True)
class View(Generic[QueryT, RowsT]):
    """One thing people look at. With `act` it is written down like a deed: opening a chart is one.

    With `chart` the chart of the query's patient is entered first, and its lease goes on.
    """

    name: str
    needs: Permission
    run: Callable[[Reader, QueryT], RowsT]
    act: bool = False
    purpose: str = "TREAT"
    chart: bool = False


def use_case(
    name: str,
    *,
    needs: Permission,
    answer: type[AnswerT],
    purpose: str = "OPER",
    explain: Explain | None = None,
    act: bool = True,
    chart: bool = False,
    elsewhere: Permission | None = None,
) -> Callable[[Callable[[Tx, OrderT], AnswerT]], UseCase[OrderT, AnswerT]]:
    """Make a function of (Tx, order) a use case."""

    def wrap(run: Callable[[Tx, OrderT], AnswerT]) -> UseCase[OrderT, AnswerT]:
        return UseCase(name, needs, run, answer, purpose, explain, act, chart, elsewhere)

    return wrap


def view(
    name: str, *, needs: Permission, act: bool = False, purpose: str = "TREAT", chart: bool = False
) -> Callable[[Callable[[Reader, QueryT], RowsT]], View[QueryT, RowsT]]:
    """Make a function of (Reader, query) a view."""

    def wrap(run: Callable[[Reader, QueryT], RowsT]) -> View[QueryT, RowsT]:
        return View(name, needs, run, act, purpose, chart)

    return wrap
