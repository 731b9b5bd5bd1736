"""Use cases that change sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, insert, select

from clinicdesk.clinic.access import service as access
from clinicdesk.clinic.access.model import logins
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.rights import Permission, Role
from clinicdesk.clinic.sites.errors import AlreadyInstalled, DemoHome
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.sites.rules import checked_zone
from clinicdesk.clinic.usecases import Order, Tx, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClinic(Order):
    """A clinic of the network. `country` is ISO 3166-1 alpha-2, `zone` an IANA time zone."""

    code: str
    name: str
    country: str
    zone: str
    city: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ClinicAnswer:
    """The clinic that was made."""

    id: int
    code: str


@use_case("clinic.add", needs=Permission.SITE_MANAGE, answer=ClinicAnswer, purpose="ADMIN")
def add_clinic(tx: Tx, order: NewClinic) -> ClinicAnswer:
    """Add a clinic."""
    row = tx.run(
        insert(clinics)
        .values(
            code=order.code,
            name=order.name,
            country=order.country,
            zone=checked_zone(order.zone),
            city=order.city,
            address=order.address,
        )
        .returning(clinics.c.id)
    )
    clinic_id: int = row.scalar_one()
    tx.changed(Change(Kind.SITE, tx.act, clinic_id))
    return ClinicAnswer(clinic_id, order.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Install(Order):
    """The first clinic of an installation and the first person who administers it."""

    clinic: NewClinic
    username: str
    given: str
    family: str
    password: str = field(repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class InstallAnswer:
    """What an installation begins with."""

    username: str
    clinic: str


_DEMO: Final = select(func.bool_or(logins.c.is_demo))


def demand_empty(connection: Connection) -> None:
    """Say no before anything is asked or changed. Raises AlreadyInstalled, DemoHome."""
    if connection.execute(select(func.to_regclass("public.logins"))).scalar() is not None:
        _refuse(connection.execute(_DEMO).scalar_one())


def _refuse(demo: bool | None) -> None:
    """`demo`: whether any login is one; None without logins."""
    if demo:
        raise DemoHome
    if demo is not None:
        raise AlreadyInstalled


@use_case("install", needs=Permission.USER_MANAGE, answer=InstallAnswer, purpose="ADMIN")
def install(tx: Tx, order: Install) -> InstallAnswer:
    """Begin an installation, once, as the database's owner. Raises AlreadyInstalled, DemoHome."""
    tx.run(select(func.pg_advisory_xact_lock(func.hashtextextended("clinicdesk.install", 0))))
    _refuse(tx.run(_DEMO).scalar_one())
    clinic = add_clinic.run(tx, order.clinic)
    first = access.NewUser(
        username=order.username,
        given=order.given,
        family=order.family,
        role=Role.ADMINISTRADOR.value,
        clinic_id=clinic.id,
        must_change=False,
        password=order.password,
    )
    return InstallAnswer(access.add_user.run(tx, first).username, clinic.code)
