"""Reads of people with access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from clinicdesk.clinic.access.model import clinic_roles, logins, people
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person with a login. `roles` are `role@clinic_id`."""

    username: str
    person_id: int
    family: str
    given: str
    license: str | None
    roles: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    must_change: bool


@dataclass(frozen=True, slots=True)
class UsersQuery:
    """All logins, or one."""

    username: str | None = None


@view("user.list", needs=Permission.USER_MANAGE, purpose="ADMIN")
def list_users(tx: Reader, query: UsersQuery) -> tuple[UserRow, ...]:
    """Logins by name, with their roles."""
    statement = (
        select(
            logins.c.username,
            people.c.id,
            people.c.family,
            people.c.given,
            people.c.license,
            logins.c.created_at,
            logins.c.disabled_at,
            logins.c.must_change,
        )
        .join(people, people.c.id == logins.c.person_id)
        .order_by(logins.c.username)
    )
    if query.username is not None:
        statement = statement.where(logins.c.username == query.username)
    rows = tx.rows(statement)
    roles: dict[int, list[str]] = {}
    for held in tx.rows(select(clinic_roles).order_by(clinic_roles.c.clinic_id, clinic_roles.c.role)):
        roles.setdefault(held.person_id, []).append(f"{held.role}@{held.clinic_id}")
    return tuple(
        UserRow(
            username=row.username,
            person_id=row.id,
            family=row.family,
            given=row.given,
            license=row.license,
            roles=tuple(roles.get(row.id, ())),
            created_at=row.created_at,
            disabled_at=row.disabled_at,
            must_change=row.must_change,
        )
        for row in rows
    )
