"""Who works in the demo network, and which of them log in with which password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.patients.spelling import name_words
from clinicdesk.clinic.rights import Role
from clinicdesk.demo.names import Names
from clinicdesk.demo.places import DOCTORS, SPECIALTIES, Place

# The username of each role at the first clinic; the others carry the clinic's number: medico2.
USERNAMES: Final = MappingProxyType(
    {
        Role.ADMISIONISTA: "admision",
        Role.SECRETARIA: "secretaria",
        Role.MEDICO: "medico",
        Role.ENFERMERIA: "enfermeria",
        Role.LABORATORIO: "laboratorio",
        Role.RESULTADOS: "resultados",
        Role.GESTION: "gestion",
        Role.ADMINISTRADOR: "admin",
        Role.PRIVACIDAD: "privacidad",
    }
)
_EVERYWHERE: Final = (Role.ADMISIONISTA, Role.MEDICO)
_LICENSES: Final = MappingProxyType(
    {
        "AR": "MN {:,d}",
        "BO": "MP {:d}",
        "CL": "RNPI {:d}",
        "CO": "RM {:d}",
        "EC": "MSP {:d}",
        "MX": "CP {:d}",
        "PE": "CMP {:05d}",
        "PY": "RP {:d}",
        "UY": "CJP {:d}",
    }
)
_NAMES: Final = MappingProxyType({each.code: each.name for each in SPECIALTIES})


@dataclass(frozen=True, slots=True)
class Worker:
    """A person who works at one clinic; `username` None for most, who never log in."""

    clinic: int
    given: str
    family: str
    role: Role
    specialty: str = ""
    license: str | None = None
    username: str | None = None

    @property
    def specialty_name(self) -> str | None:
        """The specialty as it is printed."""
        return _NAMES.get(self.specialty)


def password_of(role: Role) -> str:
    """The password of every demo login of a role: no secret, and easy to type."""
    return f"{USERNAMES[role]}-demo"


def staff(places: tuple[Place, ...], seed: str) -> tuple[Worker, ...]:
    """Everybody, clinic by clinic: doctors first, the one who logs in before the others."""
    names, random = Names(f"{seed}:staff"), Random(f"{seed}:licenses")  # noqa: S311 - made-up people
    return tuple(
        worker
        for at, place in enumerate(places)
        for worker in _clinic_staff(at, place.country, names, random)
    )


def _clinic_staff(clinic: int, country: str, names: Names, random: Random) -> Iterator[Worker]:
    taken: set[str] = set()
    for number, specialty in enumerate(DOCTORS):
        given, family = _doctor_name(country, names, random, taken)
        paper = _LICENSES[country].format(random.randint(20_000, 189_999)).replace(",", ".")
        username = _username(Role.MEDICO, clinic) if number == 0 else None
        yield Worker(clinic, given, family, Role.MEDICO, specialty, paper, username)
    for role in USERNAMES:
        if role is not Role.MEDICO:
            given, family = names.person(country, random.choice("FM"))
            yield Worker(clinic, given, family, role, username=_username(role, clinic))


def _doctor_name(country: str, names: Names, random: Random, taken: set[str]) -> tuple[str, str]:
    """Boards know a doctor by the first surname: each of a clinic has another."""
    while True:
        given, family = names.person(country, random.choice("FM"))
        surname = name_words(family)[0]
        if surname not in taken:
            taken.add(surname)
            return given, family


def _username(role: Role, clinic: int) -> str | None:
    if clinic == 0:
        return USERNAMES[role]
    return f"{USERNAMES[role]}{clinic + 1}" if role in _EVERYWHERE else None
