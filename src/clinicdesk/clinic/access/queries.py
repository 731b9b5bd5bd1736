"""Reads of people with access."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, literal, select

from clinicdesk.clinic.access.model import clinic_roles, logins, people, personal_rights, sessions
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role of a person at a clinic; past `until` it counts no more."""

    person_id: int
    clinic_id: int
    role: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RightHeld:
    """A permission given to a person at a clinic, or denied there: by whom, when and why."""

    person_id: int
    clinic_id: int
    permission: str
    effect: str
    until: datetime | None
    reason: str | None
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody with a login, or a script's account (`kind`). `sessions` are those with a line now.

    What is signed before `supervised_until` waits for a co-signature.
    """

    username: str
    person_id: int
    kind: str
    family: str
    given: str
    license: str | None
    created_at: datetime
    disabled_at: datetime | None
    expires_at: datetime | None
    must_change: bool
    supervised_until: datetime | None
    last_at: datetime | None
    last_host: str | None
    sessions: int
    roles: tuple[RoleHeld, ...] = ()
    rights: tuple[RightHeld, ...] = ()

    def is_resident(self, now: datetime) -> bool:
        """Whether what they sign waits for a co-signature."""
        return self.supervised_until is not None and self.supervised_until > now


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One time somebody came in; `lines` are its connections now, `why` says how it ended."""

    id: UUID
    username: str
    host: str
    role: str
    clinic_id: int
    started_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    why: str | None
    lines: int


@dataclass(frozen=True, slots=True)
class UsersQuery:
    """All logins, or one."""

    username: str | None = None


@dataclass(frozen=True, slots=True)
class SessionsQuery:
    """Sessions of everybody or of one login: those that go on, or with `past` the last ones too."""

    username: str | None = None
    past: int = 0


@view("user.list", needs=Permission.USER_MANAGE, purpose="ADMIN")
def list_users(tx: Reader, query: UsersQuery) -> tuple[UserRow, ...]:
    """Logins by name, with what they hold and how many sessions they have."""
    live = func.access.live_sessions().table_valued("session_id", "lines").alias("live")
    newest = select(sessions.c.started_at, sessions.c.host).where(sessions.c.username == logins.c.username)
    last = newest.order_by(sessions.c.started_at.desc()).limit(1).lateral("newest")
    count = (
        select(func.count())
        .select_from(sessions.join(live, live.c.session_id == sessions.c.id))
        .where(sessions.c.username == logins.c.username)
        .scalar_subquery()
    )
    statement = (
        select(
            logins.c.username,
            logins.c.person_id,
            logins.c.kind,
            people.c.family,
            people.c.given,
            people.c.license,
            logins.c.created_at,
            logins.c.disabled_at,
            logins.c.expires_at,
            logins.c.must_change,
            people.c.supervised_until,
            last.c.started_at.label("last_at"),
            last.c.host.label("last_host"),
            count.label("sessions"),
        )
        .join(people, people.c.id == logins.c.person_id)
        .outerjoin(last, literal(True))
        .order_by(logins.c.username)
    )
    if query.username is not None:
        statement = statement.where(logins.c.username == query.username)
    found = tx.rows(statement)
    ids = [row.person_id for row in found]
    roles, rights = _by_person(roles_of(tx, ids)), _by_person(rights_of(tx, ids))
    return tuple(
        UserRow(**row._asdict(), roles=roles.get(row.person_id, ()), rights=rights.get(row.person_id, ()))
        for row in found
    )


def roles_of(tx: Reader, person_ids: list[int]) -> tuple[RoleHeld, ...]:
    """Roles of these people by clinic, those that have run out too."""
    held = clinic_roles.c
    return tx.into(
        RoleHeld,
        select(held.person_id, held.clinic_id, held.role, held.until)
        .where(held.person_id.in_(person_ids))
        .order_by(held.clinic_id, held.role),
    )


def rights_of(tx: Reader, person_ids: list[int]) -> tuple[RightHeld, ...]:
    """Personal rights of these people by clinic, those that have run out too."""
    own = personal_rights.c
    return tx.into(
        RightHeld,
        select(personal_rights).where(own.person_id.in_(person_ids)).order_by(own.clinic_id, own.permission),
    )


def _by_person(rows: Iterable[R]) -> dict[int, tuple[R, ...]]:
    found: dict[int, tuple[R, ...]] = {}
    for row in rows:
        person: Any = row
        found[person.person_id] = (*found.get(person.person_id, ()), row)
    return found


@view("user.sessions", needs=Permission.USER_MANAGE, purpose="ADMIN")
def list_sessions(tx: Reader, query: SessionsQuery) -> tuple[SessionRow, ...]:
    """Sessions, the newest first."""
    live = func.access.live_sessions().table_valued("session_id", "lines").alias("live")
    lines = func.coalesce(live.c.lines, 0)
    statement = (
        select(sessions, lines)
        .outerjoin(live, live.c.session_id == sessions.c.id)
        .order_by(sessions.c.started_at.desc(), sessions.c.id)
    )
    if query.username is not None:
        statement = statement.where(sessions.c.username == query.username)
    statement = statement.limit(query.past) if query.past else statement.where(lines > 0)
    return tx.into(SessionRow, statement)
