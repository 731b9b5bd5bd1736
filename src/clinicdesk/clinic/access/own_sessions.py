"""A person's own sessions: see them all, end the others (ASVS 7.5.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access import rules
from clinicdesk.clinic.access.errors import ProofNeeded, SessionNotFound
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One time the person came in and has not left; `lines` are its connections now."""

    id: UUID
    host: str
    role: str
    clinic_id: int
    started_at: datetime
    lines: int


@dataclass(frozen=True, slots=True)
class OwnSessionsQuery:
    """The sessions of who asks."""


# Whatever one's role: SITE_READ is what every role has.
@view("session.mine", needs=Permission.SITE_READ, purpose="ADMIN")
def own_sessions(tx: Reader, _query: OwnSessionsQuery) -> tuple[OwnSession, ...]:
    """One's own sessions that go on, the newest first."""
    names = ("id", "host", "role", "clinic_id", "started_at", "lines")
    mine = func.access.my_sessions().table_valued(*names)
    return tx.into(OwnSession, select(mine).order_by(mine.c.started_at.desc(), mine.c.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOwnSessions(Order):
    """One of one's own sessions, or all others; `proof` says that the password was typed just now."""

    session_id: UUID | None = None
    proof: rules.Proof | None = field(default=None, repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """How many sessions were ended."""

    ended: int


@use_case("session.end_own", needs=Permission.SITE_READ, answer=OwnAnswer, purpose="ADMIN")
def end_own_sessions(tx: Tx, order: EndOwnSessions) -> OwnAnswer:
    """End others of one's own sessions, never the one that asks. Raises ProofNeeded, SessionNotFound."""
    if order.proof is None or not order.proof.holds(tx.actor.username, tx.act, tx.now):
        raise ProofNeeded
    ended: int = tx.run(select(func.access.end_own(order.session_id))).scalar_one()
    if order.session_id is not None and not ended:
        raise SessionNotFound(text=str(order.session_id))
    return OwnAnswer(ended)
