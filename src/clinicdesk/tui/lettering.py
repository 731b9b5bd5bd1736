"""A letter for each doctor or service, by which they are chosen in the reserved line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.sites.queries import DoctorRow
from clinicdesk.clinic.turns.services import ServiceRow

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def lettered(doctors: Sequence[DoctorRow]) -> dict[str, DoctorRow]:
    """A key for each doctor: the first letter of the surname that is free, else of the given name, else any.

    The same doctors get the same keys every day, so that hands learn them.
    """
    found: dict[str, DoctorRow] = {}
    for doctor in sorted(doctors, key=lambda each: each.person_id):
        if (free := _free_letter(f"{doctor.family}{doctor.given}", found)) is not None:
            found[free] = doctor
    return dict(sorted(found.items(), key=lambda item: (item[1].family, item[1].given)))


def lettered_services(services: Sequence[ServiceRow], taken: Collection[str]) -> dict[str, ServiceRow]:
    """The same for services, of the letters that no doctor has."""
    found: dict[str, ServiceRow] = {}
    for service in sorted(services, key=lambda each: each.specialty_id):
        if (free := _free_letter(service.name, {*taken, *found})) is not None:
            found[free] = service
    return dict(sorted(found.items(), key=lambda item: item[1].name))


def _free_letter(name: str, taken: Collection[str]) -> str | None:
    own = folded(name).replace(" ", "")
    return next((letter for letter in own + _LETTERS if letter in _LETTERS and letter not in taken), None)
