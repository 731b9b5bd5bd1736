"""The one place where permission, transaction, act, answer, errors and NOTIFY meet."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clinicdesk.clinic import changes
from clinicdesk.clinic.acts import act_answers, acts
from clinicdesk.clinic.rights import Actor, Permission
from clinicdesk.clinic.usecases import (
    AnswerT,
    Explain,
    Order,
    OrderT,
    QueryT,
    Reader,
    RowsT,
    Tx,
    UseCase,
    View,
    acted,
)
from clinicdesk.kit import clock, db
from clinicdesk.kit.errors import DatabaseUnreachable, Exit, Refusal, SessionEnded
from clinicdesk.kit.ids import new_id

MadeT = TypeVar("MadeT")

# Pauses before another try after a deadlock, a full or a restarting server: five seconds in all.
# Each try after an unknown outcome looks the key up first.
_PAUSES_SECONDS: Final = (0.05, 0.15, 0.5, 1.3, 3.0)
_SHORT_PAUSES_SECONDS: Final = _PAUSES_SECONDS[:2]
_NO_FREE_CONNECTION: Final = "53300"
_SUBJECT_MOST: Final = 120
_Deed = UseCase[Any, Any] | View[Any, Any]
_ACT = insert(acts)
_ANSWER = insert(act_answers)
_NOTIFY = select(func.pg_notify(changes.CHANNEL, text(":payload")))


class NotAllowed(Refusal):
    """The role taken for this session does not carry the permission."""

    says = "Este paso necesita el derecho «{permission}». Pedirlo a administración."
    exit = Exit.NOT_ALLOWED


class KeyReused(Refusal):
    """The key already stands for another order."""

    says = "Esa clave (--key) ya se usó para otra orden. Usar una nueva."
    exit = Exit.INVALID
    constraint = "acts_pk"


class DatabaseRefused(Refusal):
    """The database's grants said no where the program did not: they disagree, which is worth telling."""

    says = "La base de datos no permite este paso a su rol. Pedirlo a administración."
    exit = Exit.NOT_ALLOWED


class NotStorable(Refusal):
    """What the database's types cannot hold: NUL, half a character, a number too large, a date too far."""

    says = "Un dato no se puede guardar: carácter nulo, número o fecha fuera de rango."
    exit = Exit.INVALID


class NoCareRelation(Refusal):
    """No turn, visit or standing relation gives this person the chart."""

    says = "Historia cerrada: sin turno, atención ni seguimiento. Se abre por urgencia."
    exit = Exit.NOT_ALLOWED
    constraint = "charts_relation"


class TooManyCharts(Refusal):
    """More charts opened within an hour than the role's work needs."""

    says = "Se abrieron demasiadas historias en una hora. Esperar, o pedirlo a Privacidad."
    exit = Exit.NOT_ALLOWED
    constraint = "charts_hourly"


class Desk:
    """What a logged-in person works through: `do` writes, `see` reads, both checked and recorded.

    `engine` connects as the actor's own role. Safe to use from several threads.
    """

    def __init__(
        self, engine: Engine, actor: Actor, *, now: clock.Now = clock.now, advisory_locks: bool = True
    ) -> None:
        self.engine = engine
        self.actor = actor
        self._now = now
        self._advisory_locks = advisory_locks

    def do(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
        """Carry out an order exactly once and give its answer.

        Raises a Refusal that the person can act upon; anything else is a bug.
        """
        try:
            self._demand(case.needed(order, self.actor), case.name)
            return self._attempts(case, order)
        except Refusal as refusal:
            self._write_down_refusal(case, order, refusal)
            raise

    def see(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        """Read rows; writes an act where the view is a deed of its own, and one of each refusal."""
        try:
            self._demand(view.needs, view.name)
            return self._look(view, query)
        except Refusal as refusal:
            self._write_down_refusal(view, query, refusal)
            raise

    def _look(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        for pause in (*_SHORT_PAUSES_SECONDS, None):
            try:
                return self._read(view, query)
            except DBAPIError as error:
                if pause is None or not (self._lost(error) or db.is_worth_a_retry(error)):
                    found = db.refusal_of(error)
                    _raise(found() if found else _plain(error), error)
                time.sleep(pause)
            except UnicodeEncodeError as error:
                raise NotStorable from error
            except PoolTimeout as error:
                raise db.unreachable(error) from error
        raise DatabaseUnreachable

    def _read(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        with self.engine.connect() as connection:
            # One snapshot for all statements of a view: its numbers belong together.
            connection.execution_options(isolation_level="REPEATABLE READ")
            tx = Tx(connection, self.actor, self._now(), new_id())
            if view.act:
                self._record(tx, view, query, tx.act)
            if view.chart:
                tx.enter_chart(query.patient_id, view.purpose, tx.act if view.act else None)  # type: ignore[attr-defined]
            rows = view.run(tx, query)
            if view.act or view.chart:
                tx.flush(commit=True)
            return rows

    def answered(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT | None:
        """The first answer of an order sent under the same key before, None where it never committed.

        Whoever looks a row up to build the order asks this first: the row has moved on since.
        Raises KeyReused.
        """
        try:
            return self._answered(case, order)
        except DBAPIError as error:
            _raise(_plain(error), error)
        except PoolTimeout as error:
            raise db.unreachable(error) from error

    def _demand(self, permission: Permission, what: str) -> None:
        now = self._now()
        if self.actor.expired(now):
            raise SessionEnded
        if not self.actor.may(permission, now):
            raise NotAllowed(what=what, permission=permission.value)

    def _attempts(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
        unknown = False
        for pause in (*_PAUSES_SECONDS, None):
            try:
                if unknown and (answer := self._answered(case, order)) is not None:
                    return answer
                return self._once(case, order)
            except DBAPIError as error:
                if pause is None or not _worth_another(error):
                    _raise(self._refusal(case, order, error), error)
                unknown = unknown or self._lost(error)
                time.sleep(pause)
            except UnicodeEncodeError as error:
                raise NotStorable from error
            except PoolTimeout as error:
                raise db.unreachable(error) from error
        raise DatabaseUnreachable

    def _lost(self, error: DBAPIError) -> bool:
        """Whether the line broke; every pooled connection is then suspect."""
        lost = db.is_unknown_outcome(error)
        if lost:
            self.engine.dispose()
        return lost

    def _once(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
        try:
            with self.engine.connect() as connection:
                return self._transaction(connection, case, order)
        except DBAPIError as error:
            if db.constraint_name(error) != KeyReused.constraint:
                raise
            if (answer := self._answered(case, order)) is None:
                raise
            return answer

    def _transaction(self, connection: Connection, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
        tx = Tx(connection, self.actor, self._now(), order.key, advisory_locks=self._advisory_locks)
        if case.act:
            self._record(tx, case, order, order.key)
        if case.chart:
            tx.enter_chart(order.patient_id, case.purpose)  # type: ignore[attr-defined]
        answer = case.run(tx, order)
        for change in tx.changes:
            tx.write(_NOTIFY, {"payload": changes.payload(change)})
        if case.act:
            tx.write(_ANSWER, _stored(case.name, order, answer))
        tx.flush(commit=True)
        return answer

    def _record(self, tx: Tx, deed: _Deed, asked: object, key: UUID) -> None:
        tx.write(_ACT, self._act(deed, asked, key) | {"outcome": "done"})

    def _act(self, deed: _Deed, asked: object, key: UUID) -> dict[str, Any]:
        subject = _storable(getattr(asked, "subject", None))
        patient_id = getattr(asked, "patient_id", None)
        return acted(self.actor, key, deed.name, deed.purpose, subject=subject, patient_id=patient_id)

    def _answered(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT | None:
        """The answer stored under the order's key, None where the key never committed."""
        statement = select(func.act_answer(order.key).table_valued("order_hash", "answer"))
        with self.engine.connect() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        if row.order_hash != order.digest(case.name):
            raise KeyReused
        return msgspec.convert(row.answer, case.answer)

    def _refusal(self, case: UseCase[OrderT, AnswerT], order: OrderT, error: DBAPIError) -> Exception:
        found = db.refusal_of(error)
        if found is None:
            return _plain(error)
        return self._explained(case.explain, order, found()) if case.explain else found()

    def _explained(self, explain: Explain, order: Order, refusal: Refusal) -> Refusal:
        """The refusal with who and when in it, read after the failed transaction.

        Where that cannot be read the refusal stands all the same: it is true without its details.
        """

        def read() -> Refusal:
            with self.engine.connect() as connection:
                return explain(Reader(connection, self.actor, self._now()), order, refusal)

        try:
            return self._insisting(read)
        except (DBAPIError, PoolTimeout):
            return refusal

    def _insisting(self, attempt: Callable[[], MadeT]) -> MadeT:
        """What an attempt gives, made again where line or server failed it for a moment."""
        for pause in _SHORT_PAUSES_SECONDS:
            try:
                return attempt()
            except DBAPIError as error:
                if not _worth_another(error):
                    raise
                self._lost(error)
            time.sleep(pause)
        return attempt()

    def _write_down_refusal(self, deed: _Deed, asked: object, refusal: Refusal) -> None:
        """A refusal is an act too, in a short transaction of its own; without a line it cannot be written."""
        if refusal.exit is Exit.UNREACHABLE or isinstance(refusal, SessionEnded):
            return
        order_key = asked.key if isinstance(asked, Order) else None
        refused = {"outcome": "refused", "refusal": refusal.code, "order_key": order_key}
        act = self._act(deed, asked, new_id()) | refused

        def write() -> None:
            with self.engine.begin() as connection:
                connection.execute(_ACT, act)

        # Made again under the same key, an act that was written after all is not written twice.
        with contextlib.suppress(DBAPIError, PoolTimeout):
            self._insisting(write)


def _storable(subject: str | None) -> str | None:
    """What an act may hold of its subject: a name that nobody can store must not leave the act unwritten."""
    if subject is None:
        return None
    return subject.encode("utf-8", "replace").decode().replace("\0", "")[:_SUBJECT_MOST]


def _stored(what: str, order: Order, answer: Any) -> dict[str, Any]:
    return {"key": order.key, "order_hash": order.digest(what), "answer": msgspec.to_builtins(answer)}


def _raise(meaning: Exception, error: DBAPIError) -> NoReturn:
    """What an error means, the error as its cause; a bug stays the error itself."""
    if meaning is error:
        raise error
    raise meaning from error


def _worth_another(error: DBAPIError) -> bool:
    return (
        db.is_worth_a_retry(error)
        or db.is_unknown_outcome(error)
        or db.sqlstate(error) == _NO_FREE_CONNECTION
    )


def _plain(error: DBAPIError) -> Exception:
    """What an error without a declared refusal means: no line, no grant, or a bug."""
    if db.sqlstate(error) == "42501":
        return DatabaseRefused()
    if db.is_unstorable(error):
        return NotStorable()
    if _worth_another(error) or db.sqlstate(error) in {"57014", "55P03"}:
        return db.unreachable(error)
    return error
