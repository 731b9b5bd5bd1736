"""Refusals of the demo."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _


class RealInstallation(Refusal):
    """The database holds an installation that is no demo."""

    says = _(
        "Esta base de datos tiene una instalación real: la demostración usa otra carpeta. "
        "Quitar CLINICDESK_HOME o elegir una carpeta vacía."
    )
    exit = Exit.CONFLICT
