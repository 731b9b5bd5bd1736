"""Reads of clinics, rooms and the people who work there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from clinicdesk.clinic.access.errors import NoRole
from clinicdesk.clinic.access.model import clinic_roles, logins, people
from clinicdesk.clinic.access.sessions import own_rights
from clinicdesk.clinic.rights import Actor, ClinicRole, Permission, PersonalRight, Role
from clinicdesk.clinic.sites import rules
from clinicdesk.clinic.sites.errors import ProcedureNotFound, SpecialtyNotFound
from clinicdesk.clinic.sites.model import (
    clinic_hours,
    clinics,
    floors,
    holidays,
    procedures,
    rooms,
    specialties,
    zone_rules,
)
from clinicdesk.clinic.usecases import Reader, view

CLOSED_DOWN: Final = "Centro cerrado"


@dataclass(frozen=True, slots=True)
class ClinicRow:
    """A clinic; `zone` is its IANA time zone, `shows_initials` what its waiting-room screens show.

    `hours` are written as `rules.hours_parsed` reads them. Turns are given up to `horizon_days` ahead; a
    place stays on offer to who waits for `offer_minutes`.
    """

    id: int
    code: str
    name: str
    country: str
    zone: str
    city: str | None
    address: str | None
    closed_on: date | None = None
    version: int = 1
    shows_initials: bool = True
    latitude: float | None = None
    longitude: float | None = None
    horizon_days: int = rules.HORIZON_DAYS
    offer_minutes: int = rules.OFFER_MINUTES
    hours: str = ""


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room with its floor. Out of use, unless `disponible`, on the days of its state, both included."""

    id: int
    clinic_id: int
    code: str
    kind: str
    state: str
    floor: str
    state_reason: str | None = None
    state_from: date | None = None
    state_until: date | None = None
    equipment: tuple[str, ...] = ()
    floor_id: int = 0
    version: int = 1

    def out_of_use(self, day: date) -> bool:
        """Whether nothing can be booked in it on a day of its clinic."""
        return rules.out_of_use(self.state, self.state_from, self.state_until, day)


@dataclass(frozen=True, slots=True)
class FloorRow:
    """A floor; `number` 0 is at street level."""

    id: int
    clinic_id: int
    number: int
    name: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """A day on which a clinic or a country's clinics stay closed; `works`: this one opens all the same."""

    id: int
    day: date
    name: str
    country: str | None
    clinic_id: int | None
    works: bool
    version: int


@dataclass(frozen=True, slots=True)
class SpecialtyRow:
    """What doctors practise."""

    id: int
    code: str
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class ProcedureRow:
    """What can be booked: its usual length, the code of its specialty, and what it takes.

    `requirements` is told to the patient when the turn is given.
    """

    id: int
    code: str
    name: str
    minutes: int
    specialty: str | None
    requirements: str | None = None
    room_kind: str | None = None
    equipment: tuple[str, ...] = ()
    active: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class DoctorRow:
    """A doctor of a clinic. `username` is None for one who never logs in."""

    person_id: int
    username: str | None
    family: str
    given: str
    license: str | None
    specialty: str | None


@dataclass(frozen=True, slots=True)
class SitesQuery:
    """The sites of one clinic, or of the network."""

    clinic_id: int | None = None


def actor_of(
    connection: Connection, username: str, host: str, clinic: str | None = None, role: str | None = None
) -> Actor:
    """Who the connection's login is, acting at `clinic` (code) in `role`, else in the first it holds.

    Raises NoRole.
    """
    statement = (
        select(people, logins.c.must_change, logins.c.expires_at, logins.c.kind)
        .join(logins, logins.c.person_id == people.c.id)
        .where(logins.c.username == func.substr(literal_column("session_user"), 3))
    )
    person = connection.execute(statement).one()
    rights = own_rights(connection)
    is_person = person.kind == "person"
    roles = _held(connection, person.id) if is_person else _served(connection, rights)
    return Actor(
        username=username,
        person_id=person.id,
        name=f"{person.family}, {person.given}" if is_person else person.family,
        at=chosen(roles, clinic, role),
        roles=roles,
        host=host,
        license=person.license or "",
        must_change_password=person.must_change,
        rights=rights,
        expires_at=person.expires_at,
    )


def adopted_rules(connection: Connection) -> str | None:
    """The release of the zone rules that turns were reckoned with; None where none was written down."""
    return connection.execute(
        select(zone_rules.c.version).order_by(zone_rules.c.at.desc()).limit(1)
    ).scalar_one_or_none()


def _held(connection: Connection, person_id: int) -> tuple[ClinicRole, ...]:
    """The roles of a person that have not run out."""
    held = (
        select(clinic_roles.c.role, clinics, clinic_roles.c.until)
        .join(clinics, clinics.c.id == clinic_roles.c.clinic_id)
        .where(clinic_roles.c.person_id == person_id)
        .where(clinic_roles.c.until.is_(None) | (clinic_roles.c.until > func.clock_timestamp()))
        .order_by(clinics.c.code, clinic_roles.c.role)
    )
    return tuple(
        ClinicRole(Role(row.role), row.id, row.code, row.name, row.zone, row.country, row.until)
        for row in connection.execute(held)
    )


def _served(connection: Connection, rights: tuple[PersonalRight, ...]) -> tuple[ClinicRole, ...]:
    """Where a script's account may act: wherever it was given anything."""
    ids = {each.clinic_id for each in rights}
    where = select(clinics).where(clinics.c.id.in_(ids)).order_by(clinics.c.code)
    return tuple(
        ClinicRole(Role.SERVICIO, row.id, row.code, row.name, row.zone, row.country)
        for row in connection.execute(where)
    )


def chosen(roles: tuple[ClinicRole, ...], clinic: str | None, role: str | None) -> ClinicRole:
    """The role to act in: the first that fits what was asked. Raises NoRole."""
    for held in roles:
        if clinic in {None, held.clinic_code} and role in {None, held.role.value}:
            return held
    raise NoRole(where=f"en {clinic}" if clinic else "en ningún centro")


_CLINIC = (
    clinics.c.id,
    clinics.c.code,
    clinics.c.name,
    clinics.c.country,
    clinics.c.zone,
    clinics.c.city,
    clinics.c.address,
    clinics.c.closed_on,
    clinics.c.version,
    clinics.c.shows_initials,
    clinics.c.latitude,
    clinics.c.longitude,
    clinics.c.horizon_days,
    clinics.c.offer_minutes,
)


@view("clinic.list", needs=Permission.SITE_READ)
def list_clinics(tx: Reader, _query: SitesQuery) -> tuple[ClinicRow, ...]:
    """Clinics by code."""
    found = tx.into(ClinicRow, select(*_CLINIC).order_by(clinics.c.code))
    hours: dict[int, list[rules.DayHours]] = {}
    for row in tx.rows(select(clinic_hours).order_by(clinic_hours.c.weekday)):
        spans = hours.setdefault(row.clinic_id, [])
        spans.append(
            rules.DayHours(
                row.weekday, row.opens_minute, row.closes_minute, row.break_from_minute, row.break_to_minute
            )
        )
    return tuple(replace(row, hours=rules.hours_text(hours.get(row.id, ()))) for row in found)


@view("room.list", needs=Permission.SITE_READ)
def list_rooms(tx: Reader, query: SitesQuery) -> tuple[RoomRow, ...]:
    """Rooms by code."""
    return rooms_of(tx, query.clinic_id)


def rooms_of(tx: Reader, clinic_id: int | None) -> tuple[RoomRow, ...]:
    """The rooms of a clinic, or of the network, by code."""
    statement = (
        select(
            rooms.c.id,
            rooms.c.clinic_id,
            rooms.c.code,
            rooms.c.kind,
            rooms.c.state,
            floors.c.name,
            rooms.c.state_reason,
            rooms.c.state_from,
            rooms.c.state_until,
            rooms.c.equipment,
            rooms.c.floor_id,
            rooms.c.version,
        )
        .join(floors, floors.c.id == rooms.c.floor_id)
        .order_by(rooms.c.clinic_id, rooms.c.code)
    )
    if clinic_id is not None:
        statement = statement.where(rooms.c.clinic_id == clinic_id)
    found = tx.into(RoomRow, statement)
    return tuple(replace(row, equipment=tuple(row.equipment)) for row in found)


def holidays_between(tx: Reader, clinic_id: int, first: date, last: date) -> dict[date, str]:
    """The days from `first` to `last` on which the clinic stays closed, each with its name.

    Those of its country and its own, not those of the country on which it works all the same; and every day
    from the one on which the clinic was closed down.
    """
    statement = (
        select(holidays.c.day, holidays.c.name, holidays.c.works)
        .where(holidays.c.day.between(first, last), _of_clinic(clinic_id))
        .order_by(holidays.c.day, holidays.c.clinic_id.nulls_first())
    )
    found = {row.day: row for row in tx.rows(statement)}
    closed = {day: row.name for day, row in found.items() if not row.works}
    closed_on = tx.run(select(clinics.c.closed_on).where(clinics.c.id == clinic_id)).scalar()
    if closed_on is not None:
        begins = max(first, closed_on)
        closed |= {begins + timedelta(days=n): CLOSED_DOWN for n in range((last - begins).days + 1)}
    return closed


def hours_of(tx: Reader, clinic_id: int) -> tuple[rules.DayHours, ...]:
    """When a clinic opens, by weekday; empty where it has not said. See `rules.open_spans`."""
    statement = (
        select(
            clinic_hours.c.weekday,
            clinic_hours.c.opens_minute,
            clinic_hours.c.closes_minute,
            clinic_hours.c.break_from_minute,
            clinic_hours.c.break_to_minute,
        )
        .where(clinic_hours.c.clinic_id == clinic_id)
        .order_by(clinic_hours.c.weekday)
    )
    return tx.into(rules.DayHours, statement)


@view("floor.list", needs=Permission.SITE_READ)
def list_floors(tx: Reader, query: SitesQuery) -> tuple[FloorRow, ...]:
    """Floors from the lowest up."""
    columns = (floors.c.id, floors.c.clinic_id, floors.c.number, floors.c.name, floors.c.version)
    statement = select(*columns).order_by(floors.c.clinic_id, floors.c.number)
    if query.clinic_id is not None:
        statement = statement.where(floors.c.clinic_id == query.clinic_id)
    return tx.into(FloorRow, statement)


@view("procedure.list", needs=Permission.SITE_READ)
def list_procedures(tx: Reader, _query: SitesQuery) -> tuple[ProcedureRow, ...]:
    """The network's procedures by code."""
    statement = (
        select(
            procedures.c.id,
            procedures.c.code,
            procedures.c.name,
            procedures.c.minutes,
            specialties.c.code,
            procedures.c.requirements,
            procedures.c.room_kind,
            procedures.c.equipment,
            procedures.c.active,
            procedures.c.version,
        )
        .outerjoin(specialties, specialties.c.id == procedures.c.specialty_id)
        .order_by(procedures.c.code)
    )
    found = tx.into(ProcedureRow, statement)
    return tuple(replace(row, equipment=tuple(row.equipment)) for row in found)


@view("specialty.list", needs=Permission.SITE_READ)
def list_specialties(tx: Reader, _query: SitesQuery) -> tuple[SpecialtyRow, ...]:
    """The network's specialties by code."""
    columns = (specialties.c.id, specialties.c.code, specialties.c.name, specialties.c.version)
    return tx.into(SpecialtyRow, select(*columns).order_by(specialties.c.code))


@dataclass(frozen=True, slots=True)
class HolidaysQuery:
    """The holidays of a clinic and its country (None: of the whole network) from a day on."""

    clinic_id: int | None = None
    since: date | None = None


@view("holiday.list", needs=Permission.SITE_READ)
def list_holidays(tx: Reader, query: HolidaysQuery) -> tuple[HolidayRow, ...]:
    """Holidays by day, a country's before its clinics'."""
    columns = ("id", "day", "name", "country", "clinic_id", "works", "version")
    statement = select(*(holidays.c[name] for name in columns)).order_by(
        holidays.c.day, holidays.c.clinic_id.nulls_first(), holidays.c.country
    )
    if query.since is not None:
        statement = statement.where(holidays.c.day >= query.since)
    if query.clinic_id is not None:
        statement = statement.where(_of_clinic(query.clinic_id))
    return tx.into(HolidayRow, statement)


def _of_clinic(clinic_id: int) -> ColumnElement[bool]:
    """Holidays of the clinic or of its country."""
    country = select(clinics.c.country).where(clinics.c.id == clinic_id).scalar_subquery()
    return (holidays.c.clinic_id == clinic_id) | (holidays.c.country == country)


def procedure_ids(tx: Reader, code: str | None, specialty: str | None) -> tuple[int, ...]:
    """The procedures of a code, of a specialty's code, or of both.

    Raises ProcedureNotFound, SpecialtyNotFound for a code that is none.
    """
    statement = select(procedures.c.id)
    if specialty is not None:
        held = tx.first(select(specialties.c.id).where(specialties.c.code == specialty))
        if held is None:
            raise SpecialtyNotFound(code=specialty)
        statement = statement.where(procedures.c.specialty_id == held.id)
    if code is not None:
        if tx.first(select(procedures.c.id).where(procedures.c.code == code)) is None:
            raise ProcedureNotFound(code=code)
        statement = statement.where(procedures.c.code == code)
    return tuple(row.id for row in tx.rows(statement))


@view("doctor.list", needs=Permission.SITE_READ)
def list_doctors(tx: Reader, query: SitesQuery) -> tuple[DoctorRow, ...]:
    """Doctors by name: the people who hold the role médico at the clinic."""
    return doctors(tx, query.clinic_id)


def doctors(tx: Reader, clinic_id: int | None) -> tuple[DoctorRow, ...]:
    """Doctors of a clinic, or of the network, by name."""
    statement = (
        select(
            people.c.id,
            logins.c.username,
            people.c.family,
            people.c.given,
            people.c.license,
            people.c.specialty,
        )
        .distinct()
        .join(clinic_roles, clinic_roles.c.person_id == people.c.id)
        .outerjoin(logins, logins.c.person_id == people.c.id)
        .where(clinic_roles.c.role == Role.MEDICO.value)
        .where(clinic_roles.c.until.is_(None) | (clinic_roles.c.until > func.clock_timestamp()))
        .order_by(people.c.family, people.c.given)
    )
    if clinic_id is not None:
        statement = statement.where(clinic_roles.c.clinic_id == clinic_id)
    return tx.into(DoctorRow, statement)


def horizon_of(tx: Reader, clinic_id: int) -> int:
    """How many days ahead a clinic gives turns."""
    return int(tx.run(select(clinics.c.horizon_days).where(clinics.c.id == clinic_id)).scalar_one())


def zone_of(tx: Reader, clinic_id: int) -> str:
    """The clinic's zone: the actor's own without a query."""
    for held in tx.actor.roles:
        if held.clinic_id == clinic_id:
            return held.zone
    return str(tx.run(select(clinics.c.zone).where(clinics.c.id == clinic_id)).scalar_one())
