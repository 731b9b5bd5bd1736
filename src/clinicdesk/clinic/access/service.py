"""Use cases of people's access."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from clinicdesk.clinic.access import passwords, rules
from clinicdesk.clinic.access.errors import (
    ProofNeeded,
    UsernameTaken,
    UserNotFound,
)
from clinicdesk.clinic.access.model import logins, people
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit import secrets
from clinicdesk.kit.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser(Order):
    """A person with a login and one role at one clinic.

    Without a password `code` is the person's way in, who chooses one with it; only the database's owner
    (`init`, tests) may give one. Neither is part of the stored order.
    """

    username: str
    given: str
    family: str
    role: str
    clinic_id: int
    license: str | None = None
    specialty: str | None = None
    email: str | None = None
    must_change: bool = True
    is_demo: bool = False
    password: str | None = field(default=None, repr=False, metadata={"made": True})
    code: str = field(default_factory=secrets.new_code, repr=False, metadata={"made": True})

    @property
    def subject(self) -> str:
        """Whom the act is about."""
        return self.username


@dataclass(frozen=True, slots=True)
class UserAnswer:
    """The login that was made or changed; `code_hash` (hexadecimal) is of the code that opens it.

    A replayed order has drawn another code than the first one: it is good only where the hashes agree.
    """

    username: str
    person_id: int
    code_hash: str = ""
    code_until: datetime | None = None
    email: str | None = None

    def opens(self, code: str) -> bool:
        """Whether this is the code that was handed out."""
        return secrets.code_hash(code).hex() == self.code_hash


def _explain_taken(_tx: Reader, order: NewUser, refusal: Refusal) -> Refusal:
    """A username that is taken is named."""
    return UsernameTaken(username=order.username) if isinstance(refusal, UsernameTaken) else refusal


@use_case(
    "user.add", needs=Permission.USER_MANAGE, answer=UserAnswer, purpose="ADMIN", explain=_explain_taken
)
def add_user(tx: Tx, order: NewUser) -> UserAnswer:
    """Make the person, the database login (a verifier travels, never the password), the role, and a code."""
    username = rules.checked_username(order.username)
    role = rules.staff_role(order.role)
    person = {name: getattr(order, name) for name in ("given", "family", "license", "specialty", "email")}
    person_id: int = tx.run(insert(people).values(**person).returning(people.c.id)).scalar_one()
    salt, made = _verifier_of(tx, order, username)
    tx.write(
        select(func.access.create_login(username, person_id, salt, made, order.must_change, order.is_demo))
    )
    tx.write(select(func.access.give_role(username, order.clinic_id, role.value, None)))
    if made is not None:
        return UserAnswer(username, person_id)
    return _issued(tx, username, person_id, order.email, order.code)


def _verifier_of(tx: Tx, order: NewUser, username: str) -> tuple[bytes, str | None]:
    """Salt and verifier of the password that was given; none opens a login that waits for its code."""
    salt = secrets.new_salt()
    if order.password is None:
        return salt, None
    password = passwords.checked(order.password, (username, order.given, order.family))
    tx.flush()
    return salt, secrets.verifier(tx.raw, rules.role_of(username), secrets.derived(password, salt))


def _issued(tx: Tx, username: str, person_id: int, email: str | None, code: str) -> UserAnswer:
    """Store what a code is known by, never the code."""
    hashed = secrets.code_hash(code)
    until: datetime = tx.run(select(func.access.issue_code(username, hashed))).scalar_one()
    return UserAnswer(username, person_id, hashed.hex(), until, email)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPassword(Order):
    """A single-use code for somebody, who sets a new password with it; until then the old one stands."""

    username: str
    code: str = field(default_factory=secrets.new_code, repr=False, metadata={"made": True})

    @property
    def subject(self) -> str:
        """Whom the act is about."""
        return self.username


@use_case("user.reset", needs=Permission.USER_MANAGE, answer=UserAnswer, purpose="ADMIN")
def reset_password(tx: Tx, order: ResetPassword) -> UserAnswer:
    """Issue a code. Raises UserNotFound."""
    found: Any = tx.first(
        select(people.c.id, people.c.email)
        .join(logins, logins.c.person_id == people.c.id)
        .where(logins.c.username == order.username)
    )
    if found is None:
        raise UserNotFound(username=order.username)
    return _issued(tx, order.username, found.id, found.email, order.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(Order):
    """One's own new password; `proof` says that the old one was typed just now, for this order."""

    password: str = field(repr=False, metadata={"made": True})
    proof: rules.Proof | None = field(default=None, repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class WordsQuery:
    """The names that one's own password may not be made of."""


# Whatever one's role: SITE_READ is what every role has.
@view("user.words", needs=Permission.SITE_READ, purpose="ADMIN")
def own_words(tx: Reader, _query: WordsQuery) -> tuple[str, ...]:
    """Username, names, clinics and their cities: what a face tells before the order is sent."""
    return tuple(tx.run(select(func.gate.words_of(tx.actor.username))).scalar_one() or ())


@use_case("user.password", needs=Permission.SITE_READ, answer=UserAnswer, purpose="ADMIN")
def change_password(tx: Tx, order: ChangePassword) -> UserAnswer:
    """Set one's own password, and with it that it need not be changed. Raises ProofNeeded, BadPassword."""
    actor = tx.actor
    if order.proof is None or not order.proof.holds(actor.username, order.key, tx.now):
        raise ProofNeeded
    password = passwords.checked(order.password, own_words.run(tx, WordsQuery()))
    salt = secrets.new_salt()
    made = secrets.verifier(tx.raw, rules.role_of(actor.username), secrets.derived(password, salt))
    tx.write(select(func.access.change_own(salt, made)))
    return UserAnswer(actor.username, actor.person_id)


def _person_of(tx: Tx, username: str) -> int:
    row: Any = tx.first(select(logins.c.person_id).where(logins.c.username == username))
    if row is None:
        raise UserNotFound(username=username)
    return int(row.person_id)
