"""Use cases of people's access."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select

from clinicdesk.clinic.access import rules
from clinicdesk.clinic.access.errors import (
    OwnLogin,
    ProofNeeded,
    RoleUnknown,
    UsernameTaken,
    UserNotFound,
)
from clinicdesk.clinic.access.model import logins, people
from clinicdesk.clinic.rights import STAFF_ROLES, Permission, Role
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case
from clinicdesk.kit import secrets
from clinicdesk.kit.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser(Order):
    """A person with a login and one role at one clinic.

    `password` is typed by the administrator or drawn; it is left out of the stored order.
    """

    username: str
    given: str
    family: str
    role: str
    clinic_id: int
    license: str | None = None
    specialty: str | None = None
    must_change: bool = True
    is_demo: bool = False
    password: str = field(repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class UserAnswer:
    """The login that was made or changed."""

    username: str
    person_id: int


def _explain_taken(_tx: Reader, order: NewUser, refusal: Refusal) -> Refusal:
    """A username that is taken is named."""
    return UsernameTaken(username=order.username) if isinstance(refusal, UsernameTaken) else refusal


@use_case(
    "user.add", needs=Permission.USER_MANAGE, answer=UserAnswer, purpose="ADMIN", explain=_explain_taken
)
def add_user(tx: Tx, order: NewUser) -> UserAnswer:
    """Make the person, the database login (a verifier travels, never the password) and the role."""
    username = rules.checked_username(order.username)
    password = rules.checked_password(order.password)
    role = _role(order.role)
    person = {name: getattr(order, name) for name in ("given", "family", "license", "specialty")}
    person_id: int = tx.run(insert(people).values(**person).returning(people.c.id)).scalar_one()
    salt = secrets.new_salt()
    tx.flush()
    made = secrets.verifier(tx.raw, rules.role_of(username), secrets.derived(password, salt))
    tx.write(
        select(func.access.create_login(username, person_id, salt, made, order.must_change, order.is_demo))
    )
    tx.write(select(func.access.give_role(username, order.clinic_id, role.value, None)))
    return UserAnswer(username, person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPassword(Order):
    """A new password for somebody, to be changed at the next login."""

    username: str
    password: str = field(repr=False, metadata={"made": True})


@use_case("user.reset", needs=Permission.USER_MANAGE, answer=UserAnswer, purpose="ADMIN")
def reset_password(tx: Tx, order: ResetPassword) -> UserAnswer:
    """Replace salt and verifier."""
    password = rules.checked_password(order.password)
    person_id = _person_of(tx, order.username)
    salt = secrets.new_salt()
    made = secrets.verifier(tx.raw, rules.role_of(order.username), secrets.derived(password, salt))
    tx.write(select(func.access.reset_login(order.username, salt, made, True)))
    return UserAnswer(order.username, person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(Order):
    """One's own new password; `proof` says that the old one was typed just now, for this order."""

    password: str = field(repr=False, metadata={"made": True})
    proof: rules.Proof | None = field(default=None, repr=False, metadata={"made": True})


# Whatever one's role: SITE_READ is what every role has.
@use_case("user.password", needs=Permission.SITE_READ, answer=UserAnswer, purpose="ADMIN")
def change_password(tx: Tx, order: ChangePassword) -> UserAnswer:
    """Set one's own password, and with it that it need not be changed. Raises ProofNeeded, BadPassword."""
    actor = tx.actor
    if order.proof is None or not order.proof.holds(actor.username, order.key, tx.now):
        raise ProofNeeded
    password = rules.checked_password(order.password)
    salt = secrets.new_salt()
    made = secrets.verifier(tx.raw, rules.role_of(actor.username), secrets.derived(password, salt))
    tx.write(select(func.access.change_own(salt, made)))
    return UserAnswer(actor.username, actor.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableUser(Order):
    """Open or close a login; closing ends its sessions."""

    username: str
    enabled: bool


@use_case("user.enable", needs=Permission.USER_MANAGE, answer=UserAnswer, purpose="ADMIN")
def enable_user(tx: Tx, order: EnableUser) -> UserAnswer:
    """Switch a login on or off. Raises OwnLogin, UserNotFound."""
    if order.username == tx.actor.username and not order.enabled:
        raise OwnLogin
    person_id = _person_of(tx, order.username)
    tx.write(select(func.access.enable_login(order.username, order.enabled)))
    return UserAnswer(order.username, person_id)


def _role(text: str) -> Role:
    if text not in STAFF_ROLES:
        raise RoleUnknown(role=text, roles=", ".join(STAFF_ROLES))
    return Role(text)


def _person_of(tx: Tx, username: str) -> int:
    row: Any = tx.first(select(logins.c.person_id).where(logins.c.username == username))
    if row is None:
        raise UserNotFound(username=username)
    return int(row.person_id)
