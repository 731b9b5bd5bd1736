"""What stands in the database already: clinics, who works there when, and the people they care for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.access.model import clinic_roles, logins, people
from clinicdesk.clinic.access.rules import role_of
from clinicdesk.clinic.agendas import queries as agendas
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.agendas.rules import Block
from clinicdesk.clinic.patients.model import allergies, patients
from clinicdesk.clinic.records.model import notes
from clinicdesk.clinic.rights import Role
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.demo.places import SPECIALTIES

_CODES: Final = MappingProxyType({each.name: each.code for each in SPECIALTIES})
_GENERAL: Final = "CLM"


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic and its wall clock."""

    id: int
    code: str
    zone: str
    city: str


@dataclass(frozen=True, slots=True)
class Doctor:
    """A doctor of a clinic, with a `username` where somebody will sit down as them. `specialty` is a code."""

    id: int
    clinic_id: int
    name: str
    license: str
    specialty: str
    username: str | None

    @property
    def logs_in(self) -> bool:
        """Whether somebody will sit down as them."""
        return self.username is not None

    @property
    def login(self) -> str:
        """Whose session wrote what they signed; of one without a login, nobody's."""
        return role_of(self.username or "demo")


@dataclass(frozen=True, slots=True)
class Person:
    """A living or dead patient, as far as agendas and charts need to know."""

    id: UUID
    chart_number: int
    sex: str
    birth: date
    city: str
    since: datetime
    deceased_on: date | None
    allergic_to: tuple[str, ...] = ()

    def age_on(self, day: date) -> int:
        """Whole years."""
        return day.year - self.birth.year - ((day.month, day.day) < (self.birth.month, self.birth.day))


@dataclass(frozen=True, slots=True)
class Ground:
    """The network as read: people by city, the rest by clinic id. `counter` is who admits there."""

    clinics: tuple[Clinic, ...]
    doctors: dict[int, list[Doctor]]
    counter: dict[int, int]
    blocks: dict[int, list[Block]]
    people: dict[str, list[Person]]


def read(connection: Connection) -> Ground:
    """Everything that making turns and charts needs."""
    found = connection.execute(select(clinics.c.id, clinics.c.code, clinics.c.zone, clinics.c.city))
    stand = tuple(Clinic(row.id, row.code, row.zone, row.city or "") for row in found.all())
    return Ground(
        clinics=tuple(sorted(stand, key=lambda clinic: clinic.id)),
        doctors=_grouped(_doctors(connection), "clinic_id"),
        counter=_counters(connection),
        blocks=_grouped(_blocks(connection), "clinic_id"),
        people=_grouped(_people(connection), "city"),
    )


def _grouped(rows: list[Any], key: str) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(getattr(row, key), []).append(row)
    return groups


def _doctors(connection: Connection) -> list[Doctor]:
    statement = (
        select(people, clinic_roles.c.clinic_id, logins.c.username)
        .join(clinic_roles, clinic_roles.c.person_id == people.c.id)
        .outerjoin(logins, logins.c.person_id == people.c.id)
        .where(clinic_roles.c.role == Role.MEDICO.value)
        .order_by(people.c.id)
    )
    return [
        Doctor(
            row.id,
            row.clinic_id,
            f"{row.family}, {row.given}",
            row.license or "",
            _CODES.get(row.specialty or "", _GENERAL),
            row.username,
        )
        for row in connection.execute(statement)
    ]


def _counters(connection: Connection) -> dict[int, int]:
    statement = (
        select(clinic_roles.c.clinic_id, clinic_roles.c.person_id)
        .where(clinic_roles.c.role == Role.ADMISIONISTA.value)
        .order_by(clinic_roles.c.person_id.desc())
    )
    return {row.clinic_id: row.person_id for row in connection.execute(statement)}


def _blocks(connection: Connection) -> list[Block]:
    found = connection.execute(select(*agendas.BLOCK).order_by(agenda_blocks.c.id))
    return [agendas.block_of(tuple(row)) for row in found]


def _people(connection: Connection) -> list[Person]:
    p = patients.c
    substances = (
        select(func.coalesce(func.array_agg(allergies.c.substance), cast([], ARRAY(Text))))
        .where(allergies.c.patient_id == p.patient_id)
        .scalar_subquery()
    )
    columns = (p.patient_id, p.chart_number, p.sex, p.birth, p.city, p.created_at, p.deceased_on, substances)
    known = p.birth.is_not(None) & p.city.is_not(None)
    return [
        Person(*row) for row in connection.execute(select(*columns).where(known).order_by(p.chart_number))
    ]


def chain_ends(connection: Connection) -> dict[UUID, bytes]:
    """The hash of each patient's last note: the one that no other follows."""
    later = notes.alias("later")
    followed = (
        select(later.c.id)
        .where(later.c.patient_id == notes.c.patient_id, later.c.prev_hash == notes.c.hash)
        .exists()
    )
    found = connection.execute(select(notes.c.patient_id, notes.c.hash).where(~followed))
    return {row.patient_id: bytes(row.hash) for row in found}
