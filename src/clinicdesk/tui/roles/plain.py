"""The home of roles whose screens are still to come: what they can do meanwhile, and with which commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.widget import Widget

from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command, TextLines
from clinicdesk.tui.screens import ClinicScreen

_COMMANDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "administrador": (
        ("clinicdesk user list", _("personas con acceso y sus roles")),
        ("clinicdesk user add", _("dar acceso a una persona")),
        ("clinicdesk user disable", _("quitar el acceso")),
        ("clinicdesk user reset", _("dar un código para una clave")),
        ("clinicdesk clinic list", _("centros de la red")),
        ("clinicdesk clinic add", _("agregar un centro")),
        ("clinicdesk report day", _("turnos del día por estado y profesional")),
        ("clinicdesk import", _("traer datos de otros sistemas")),
    ),
}


class PlainHome(ClinicScreen):
    """Says what the role does by commands."""

    NAME = _("Inicio")

    def body(self) -> Iterable[Widget]:
        """Text alone."""
        yield TextLines(*self._lines(), tall=20)

    def commands(self) -> Iterable[Command]:
        """Only what every screen has."""
        return ()

    def started(self) -> None:
        """Where the way out is."""
        self.prompt.hint(_("Las pantallas de este rol llegan más adelante; lo de arriba ya funciona."))

    def _lines(self) -> list[Cell]:
        role = self.actor.at.role.value
        head = Bit(f"   {_('Este rol trabaja por ahora con la línea de comandos:')}", Tone.TITLE)
        lines: list[Cell] = ["", head, ""]
        lines += [f"     {command:<26} {what}" for command, what in _COMMANDS.get(role, ())]
        lines += ["", f"   {_('Cada uno explica sus opciones con --help. F10 cierra la sesión.')}"]
        return lines
