"""Use cases that change sites."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from clinicdesk.clinic.access import service as access
from clinicdesk.clinic.access.model import logins
from clinicdesk.clinic.rights import Permission, Role
from clinicdesk.clinic.sites import editing, queries, rules
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.errors import AlreadyInstalled, ClinicExpects, DemoHome
from clinicdesk.clinic.sites.model import clinic_hours, clinics
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit.text import clean_line


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClinic(Order):
    """A clinic of the network. `country` is ISO 3166-1 alpha-2, `zone` an IANA time zone.

    `hours` are written as `rules.hours_parsed` reads them; "" says nothing about them. `latitude` and
    `longitude` are degrees, both or neither: what the nearest clinic goes by.
    """

    code: str
    name: str
    country: str
    zone: str
    city: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    hours: str = ""

    @property
    def subject(self) -> str:
        """Which clinic."""
        return self.code


@dataclass(frozen=True, slots=True)
class ClinicAnswer:
    """The clinic that was made."""

    id: int
    code: str


@use_case("clinic.add", needs=Permission.SITE_MANAGE, answer=ClinicAnswer, purpose="ADMIN")
def add_clinic(tx: Tx, order: NewClinic) -> ClinicAnswer:
    """Add a clinic.

    Raises ClinicCodeTaken, BadClinic, BadClinicPlace, BadCoordinates, BadHours, InvalidInput.
    """
    hours = rules.hours_parsed(order.hours)
    made = editing.add(tx, clinics, order.code, {"code": order.code} | _clinic(order))
    _write_hours(tx, made.id, hours)
    return ClinicAnswer(made.id, order.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditClinic(NewClinic):
    """A clinic as it is from now on, under the code it has. `closed_on` is its first day out of work.

    `horizon_days` and `offer_minutes` stay as they are where they are not said.
    """

    clinic_id: int
    version: int = as_read()
    closed_on: date | None = None
    horizon_days: int | None = None
    offer_minutes: int | None = None


@use_case("clinic.edit", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def edit_clinic(tx: Tx, order: EditClinic) -> SiteAnswer:
    """Change a clinic and its hours.

    A clinic closes once nobody is expected there any more. Raises SiteRowNotFound, SiteChanged,
    ClinicExpects, BadClinic, BadClinicPlace, BadCoordinates, BadHours, InvalidInput.
    """
    hours = rules.hours_parsed(order.hours)
    _demand_nobody(tx, order)
    was = queries.hours_of(tx, order.clinic_id)
    other = hours != was
    values = _clinic(order) | {"closed_on": order.closed_on} | _set(order)
    answer = editing.edit(
        tx, clinics, order.clinic_id, order.version, order.code, values, also=("hours",) * other
    )
    if other:
        tx.write(delete(clinic_hours).where(clinic_hours.c.clinic_id == order.clinic_id))
        _write_hours(tx, order.clinic_id, hours)
    return answer


def _clinic(order: NewClinic) -> dict[str, Any]:
    return {
        "name": clean_line(order.name),
        "country": order.country,
        "zone": rules.checked_zone(order.zone),
        "city": rules.line_or_none(order.city),
        "address": rules.line_or_none(order.address),
        "latitude": order.latitude,
        "longitude": order.longitude,
    }


def _demand_nobody(tx: Tx, order: EditClinic) -> None:
    """Nobody has a turn from the closing on, nor gets one meanwhile. Raises ClinicExpects."""
    last = tx.run(select(clinics.c.closed_on).where(clinics.c.id == order.clinic_id)).scalar()
    if order.closed_on is None or order.closed_on == last:
        return
    turns = tx.run(select(func.clinic_turns(order.clinic_id, order.closed_on))).scalar_one()
    if turns:
        raise ClinicExpects(turns=turns, day=order.closed_on.strftime("%d/%m/%Y"))


def _set(order: EditClinic) -> dict[str, Any]:
    said = {"horizon_days": order.horizon_days, "offer_minutes": order.offer_minutes}
    return {name: value for name, value in said.items() if value is not None}


def _write_hours(tx: Tx, clinic_id: int, hours: tuple[rules.DayHours, ...]) -> None:
    for each in hours:
        tx.write(insert(clinic_hours), {"clinic_id": clinic_id} | asdict(each))


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
