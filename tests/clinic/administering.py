"""What tests of administration do over and over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration as admin
from clinicdesk.clinic.rights import Effect, Permission
from tests.factories import Network

LogIn = Callable[..., Session]


def at(network: Network, username: str, clinic: int = 0) -> dict[str, Any]:
    """What an order about somebody at a clinic begins with."""
    code = ("NORTE", "SUR")[clinic]
    return {"username": username, "clinic_id": network.clinic_ids[clinic], "clinic": code}


def give(desk: Session, network: Network, username: str, role: str, clinic: int = 0, **more: Any) -> None:
    desk.desk().do(admin.give_role, admin.GiveRole(**at(network, username, clinic), role=role, **more))


def take(desk: Session, network: Network, username: str, role: str, clinic: int = 0) -> None:
    desk.desk().do(admin.take_role, admin.TakeRole(**at(network, username, clinic), role=role))


def right(
    desk: Session,
    network: Network,
    username: str,
    permission: Permission,
    effect: Effect,
    clinic: int = 0,
    **more: Any,
) -> None:
    order = admin.SetRight(**at(network, username, clinic), permission=permission, effect=effect, **more)
    desk.desk().do(admin.set_right, order)


def clear(desk: Session, network: Network, username: str, permission: Permission, clinic: int = 0) -> None:
    desk.desk().do(
        admin.clear_right, admin.ClearRight(**at(network, username, clinic), permission=permission)
    )


def groups(network: Network, username: str) -> set[str]:
    """The group roles that a login holds itself."""
    with network.owner.connect() as owner:
        return set(
            owner.execute(text("SELECT unnest(access.groups_held(:name))"), {"name": username}).scalars()
        )


def age(network: Network, statement: str, **values: Any) -> None:
    """Let time pass for a row: as the owner, since no person can."""
    with network.owner.begin() as owner:
        owner.execute(text(statement), values)


def expire(desk: Session, username: str, until: datetime | None) -> None:
    desk.desk().do(admin.expire_user, admin.ExpireUser(username=username, until=until))
