"""The homes of the roles, one file each; none is imported before the login has been painted."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.tui.screens import ClinicScreen

HOMES: Final = MappingProxyType(
    {
        "admisionista": "front_desk:FrontDesk",
        "medico": "doctor:DoctorHome",
        "secretaria": "board:Board",
        "enfermeria": "nurse:NurseHome",
        "laboratorio": "board:Board",
        "resultados": "results_desk:ResultsDesk",
        "gestion": "board:Board",
        "administrador": "administrator:Administrator",
        "privacidad": "privacy:PrivacyHome",
    }
)
"""Role → module and class, below this package."""

_USUAL: Final = ("admisionista", "medico", "enfermeria", "secretaria", "gestion")

_WORDS: Final = MappingProxyType(
    {
        "admisionista": _("Admisión"),
        "secretaria": _("Secretaría"),
        "medico": _("Médico"),
        "enfermeria": _("Enfermería"),
        "laboratorio": _("Laboratorio"),
        "resultados": _("Resultados"),
        "gestion": _("Gestión"),
        "administrador": _("Administración"),
        "privacidad": _("Privacidad"),
    }
)


def role_word(role: str) -> str:
    """The role as the screen says it."""
    return _WORDS.get(role, role)


def import_homes() -> None:
    """Import ahead of time, for a thread with nothing else to do, the homes that most desks come to.

    The others would cost every desk their memory and save a few people a twentieth of a second.
    """
    for role in _USUAL:
        import_module(f"{__name__}.{HOMES[role].partition(':')[0]}")


def home_of(role: str) -> ClinicScreen:
    """A new home screen for a role."""
    module, _colon, name = HOMES[role].partition(":")
    home: ClinicScreen = getattr(import_module(f"{__name__}.{module}"), name)()
    return home
