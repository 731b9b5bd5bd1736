"""Use cases of administration: who holds what at which clinic, until when; whose login is open; who is in.

What nobody may do here (give themselves rights, leave nobody who administers) the database refuses too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select

from clinicdesk.clinic.access import rules
from clinicdesk.clinic.access.errors import (
    DateGone,
    NotHeld,
    OwnLogin,
    RoleBeforeRight,
    ServiceHasNoRole,
    SessionNotFound,
    UsernameTaken,
    UserNotFound,
)
from clinicdesk.clinic.access.model import logins, people
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Effect, Permission
from clinicdesk.clinic.usecases import AnswerT, Order, OrderT, Reader, Tx, UseCase, use_case
from clinicdesk.kit import secrets
from clinicdesk.kit.errors import Refusal

# A connection that authenticated in the instant before a login was closed shows itself a little later.
_SWEEP_PAUSES_SECONDS: Final = (0.0, 0.15, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutUser(Order):
    """An order about a login; the act names it."""

    username: str

    @property
    def subject(self) -> str:
        """Whom the act is about."""
        return self.username


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtClinic(_AboutUser):
    """The same about one clinic, whose code (`clinic`) is for words alone."""

    clinic_id: int
    clinic: str = field(default="", metadata={"made": True})


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """Whose access was changed, and how many of their sessions that ended."""

    username: str
    ended: int = 0


def _explain(_tx: Reader, order: Any, refusal: Refusal) -> Refusal:
    """The refusal with the names in it."""
    if isinstance(refusal, UserNotFound | ServiceHasNoRole | UsernameTaken):
        return type(refusal)(username=order.username)
    if isinstance(refusal, RoleBeforeRight):
        return RoleBeforeRight(username=order.username, clinic=order.clinic)
    return refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveRole(_AtClinic):
    """A role at a clinic, until an instant or for good; given again, the last end counts."""

    role: str
    until: datetime | None = None


@use_case(
    "user.grant_role", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain
)
def give_role(tx: Tx, order: GiveRole) -> AccessAnswer:
    """Give a role. Raises RoleUnknown, DateGone, OwnRights, UserNotFound, ServiceHasNoRole."""
    role = rules.staff_role(order.role)
    _demand_ahead(tx, order.until)
    tx.write(select(func.access.give_role(order.username, order.clinic_id, role.value, order.until)))
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRole(_AtClinic):
    """A role at a clinic no more."""

    role: str


@use_case(
    "user.revoke_role", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain
)
def take_role(tx: Tx, order: TakeRole) -> AccessAnswer:
    """Take a role away; the person's sessions end. Raises NotHeld, LastAdministrator, UserNotFound."""
    role = rules.staff_role(order.role)
    asked = select(func.access.take_role(order.username, order.clinic_id, role.value))
    if not tx.run(asked).scalar_one():
        raise NotHeld(username=order.username, what=role.value, clinic=order.clinic)
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRight(_AtClinic):
    """One permission at a clinic, given or denied; a denial wins over every role held there."""

    permission: Permission
    effect: Effect
    until: datetime | None = None
    reason: str | None = None


@use_case(
    "user.set_right", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain
)
def set_right(tx: Tx, order: SetRight) -> AccessAnswer:
    """Give or deny one permission. Raises DateGone, RoleBeforeRight, OwnRights, LastAdministrator."""
    _demand_ahead(tx, order.until)
    tx.write(
        select(
            func.access.set_right(
                order.username,
                order.clinic_id,
                order.permission.value,
                order.effect.value,
                order.until,
                order.reason,
            )
        )
    )
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearRight(_AtClinic):
    """One permission at a clinic neither given nor denied any more."""

    permission: Permission


@use_case(
    "user.clear_right", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain
)
def clear_right(tx: Tx, order: ClearRight) -> AccessAnswer:
    """Take back what was given or denied. Raises NotHeld, OwnRights, UserNotFound."""
    asked = select(func.access.clear_right(order.username, order.clinic_id, order.permission.value))
    if tx.run(asked).scalar_one() is None:
        raise NotHeld(username=order.username, what=order.permission.value, clinic=order.clinic)
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableUser(_AboutUser):
    """Open or close a login; closing ends its sessions."""

    enabled: bool


@use_case("user.enable", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain)
def enable_user(tx: Tx, order: EnableUser) -> AccessAnswer:
    """Switch a login on or off. Raises OwnLogin, UserNotFound, LastAdministrator."""
    if order.username == tx.actor.username and not order.enabled:
        raise OwnLogin
    tx.write(select(func.access.enable_login(order.username, order.enabled)))
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireUser(_AboutUser):
    """Until when a login may be used; None: for good."""

    until: datetime | None


@use_case("user.expire", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain)
def expire_user(tx: Tx, order: ExpireUser) -> AccessAnswer:
    """Set the end of a login. Raises DateGone, OwnRights, UserNotFound, LastAdministrator."""
    _demand_ahead(tx, order.until)
    tx.write(select(func.access.expire_login(order.username, order.until)))
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSessions(_AboutUser):
    """End one session of a login, or all of them; the login stays open."""

    session_id: UUID | None = None


@use_case("user.end", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain)
def end_sessions(tx: Tx, order: EndSessions) -> AccessAnswer:
    """End sessions: their connections are cut, none of them comes back. Raises SessionNotFound."""
    ended: int = tx.run(select(func.access.end_session(order.username, order.session_id))).scalar_one()
    if order.session_id is not None and not ended:
        raise SessionNotFound(text=str(order.session_id))
    return AccessAnswer(order.username, ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockUser(_AboutUser):
    """A login's tries at the gate given back, from everywhere."""


@use_case("user.unlock", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN")
def unlock_user(tx: Tx, order: UnlockUser) -> AccessAnswer:
    """Forget the wrong tries. Raises UserNotFound."""
    if tx.first(select(logins.c.username).where(logins.c.username == order.username)) is None:
        raise UserNotFound(username=order.username)
    tx.write(select(func.gate.forgive(order.username)))
    return AccessAnswer(order.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewService(_AtClinic):
    """An account for scripts: single permissions at one clinic, no role, a password that lies in a file."""

    name: str
    verbs: tuple[str, ...]
    until: datetime | None = None
    password: str = field(repr=False, metadata={"made": True})


@use_case(
    "user.add_service", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain
)
def add_service(tx: Tx, order: NewService) -> AccessAnswer:
    """Make the account with what its verbs need. Raises VerbUnknown, BadUsername, UsernameTaken, DateGone."""
    username = rules.checked_username(order.username)
    permissions = rules.permissions_of(order.verbs)
    _demand_ahead(tx, order.until)
    person: int = tx.run(
        insert(people).values(family=order.name, given="").returning(people.c.id)
    ).scalar_one()
    salt = secrets.new_salt()
    tx.flush()
    made = secrets.verifier(tx.raw, rules.role_of(username), secrets.derived(order.password, salt))
    tx.write(select(func.access.create_login(username, person, salt, made, False, False, "service")))
    for permission in sorted(permissions):
        tx.write(_given(username, order, permission))
    if order.until is not None:
        tx.write(select(func.access.expire_login(username, order.until)))
    return AccessAnswer(username)


def _given(username: str, order: NewService, permission: Permission) -> Any:
    reason = ", ".join(order.verbs)[:200]
    return select(
        func.access.set_right(username, order.clinic_id, permission.value, Effect.GRANT.value, None, reason)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Order):
    """End what connections closed logins still have."""


@dataclass(frozen=True, slots=True)
class SweepAnswer:
    """How many connections were ended."""

    ended: int


@use_case("user.sweep", needs=Permission.USER_MANAGE, answer=SweepAnswer, purpose="ADMIN", act=False)
def sweep(tx: Tx, _order: Sweep) -> SweepAnswer:
    """Look for connections of closed logins, and end them."""
    return SweepAnswer(tx.run(select(func.access.sweep())).scalar_one())


def closing(desk: Desk, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
    """Carry out an order that may close a login, then look for connections that slipped in meanwhile.

    None of them could read anything: the login's groups went with the order.
    """
    answer = desk.do(case, order)
    for pause in _SWEEP_PAUSES_SECONDS:
        time.sleep(pause)
        desk.do(sweep, Sweep())
    return answer


def _demand_ahead(tx: Tx, until: datetime | None) -> None:
    if until is not None and until <= tx.now:
        raise DateGone(date=f"{until:%d/%m/%Y}")


def verbs_of(permissions: Iterable[Permission]) -> tuple[str, ...]:
    """The verbs for scripts that these permissions allow."""
    held = frozenset(permissions)
    return tuple(verb for verb, needed in rules.SERVICE_VERBS.items() if needed <= held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervise(_AboutUser):
    """What somebody signs waits for a co-signature until an instant; None: no more."""

    until: datetime | None


@use_case(
    "user.supervise", needs=Permission.USER_MANAGE, answer=AccessAnswer, purpose="ADMIN", explain=_explain
)
def supervise(tx: Tx, order: Supervise) -> AccessAnswer:
    """Mark a resident, or end it. Raises DateGone, OwnRights, UserNotFound."""
    _demand_ahead(tx, order.until)
    tx.write(select(func.access.supervise(order.username, order.until)))
    return AccessAnswer(order.username)
