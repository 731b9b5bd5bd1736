"""The only thread hop: screens await, the synchronous domain runs in a small pool."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from clinicdesk.kit.errors import SessionEnded

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from clinicdesk.bootstrap import Session
    from clinicdesk.clinic.access.rules import Proof
    from clinicdesk.clinic.usecases import AnswerT, OrderT, QueryT, RowsT, UseCase, View

_SLOW_SECONDS: Final = 2
# One for what the person waits for, one for a list that refreshes meanwhile, one for a draft.
_THREADS: Final = 3
T = TypeVar("T")


class DeskLink:
    """A session as screens use it. Orders are built before the hop, so a list that moves changes nothing."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._desk = session.desk()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="desk")

    async def do(self, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
        """Carry out an order. Raises Refusal."""
        return await self.hop(self._desk.do, case, order)

    async def see(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        """Read rows. Raises Refusal."""
        return await self.hop(self._desk.see, view, query)

    async def prove(self, password: str, key: UUID | None = None) -> Proof:
        """Proof that the person knows the password now, for one order. Raises LoginRefused, TooManyTries."""
        return await self.hop(self.session.prove, password, key)

    async def hop(self, function: Callable[..., T], *args: Any) -> T:
        """Run any blocking function of the domain in the pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    def renew(self, session: Session) -> None:
        """Go on with another session of the same person: whoever holds this link need not know."""
        old, self.session, self._desk = self.session, session, session.desk()
        old.close()

    def close(self) -> None:
        """End the session; calls under way finish in their threads, their answers go nowhere."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.session.close()


class WatchedLink(DeskLink):
    """A link that tells the header when the database takes long, and the desk when the session has ended."""

    def __init__(self, session: Session, slow: Callable[[int], None], over: Callable[[], None]) -> None:
        """`slow` hears the seconds a call has taken so far, and 0 when it is over."""
        super().__init__(session)
        self._slow, self._over = slow, over

    async def hop(self, function: Callable[..., T], *args: Any) -> T:
        """Run in the pool, counting."""
        timer = asyncio.get_running_loop().call_later(_SLOW_SECONDS, self._slow, _SLOW_SECONDS)
        try:
            return await super().hop(function, *args)
        except SessionEnded:
            self._over()
            raise
        finally:
            timer.cancel()
            self._slow(0)
