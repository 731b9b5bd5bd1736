"""What a turn puts on paper: its number, by the printer of this host, and the certificate of attendance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from clinicdesk.channels import printed, ticket_paper
from clinicdesk.clinic.admissions.queries import AttendanceQuery, attendance
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.sheet import Stamp, write_atomically
from clinicdesk.kit.words import _
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from clinicdesk.clinic.rights import ClinicRole

_NUMBER, _CERTIFICATE = "1", "2"


def has_printer(screen: ClinicScreen) -> bool:
    """Whether this host prints the numbers of the clinic."""
    found = dict(screen.desk.settings.printers)
    return bool(found.get(screen.actor.at.clinic_code) or found.get(""))


def print_behind(screen: ClinicScreen, turn_id: UUID, said: str) -> None:
    """Print the number of who was just admitted, while the counter goes on; `said` is what was said of them.

    A printer that fails undoes nothing: the refusal says so, and `p` prints again.
    """
    turn = screen.day.get(turn_id)
    if turn is not None and has_printer(screen):
        screen.in_background(_print_and_say(screen, turn, said))


async def _print_and_say(screen: ClinicScreen, turn: TurnRow, said: str) -> None:
    await _print(screen, turn)
    if not screen.prompt.asking:
        screen.prompt.say(f"{said} {_('Número impreso. z deshace.')}")


async def print_one(screen: ClinicScreen, turn: TurnRow) -> None:
    """`p`: asked which. Raises NoPrinter, NotPrinted."""
    options = {_NUMBER: _("número"), _CERTIFICATE: _("constancia de asistencia")}
    chosen = await screen.prompt.pick(_("Imprimir:"), options, enter=_NUMBER)
    if chosen == _NUMBER:
        await _print(screen, turn)
        screen.prompt.say(_("Número {} impreso.").format(turn.ticket or ""))
    elif chosen == _CERTIFICATE:
        path = await _certificate(screen, turn)
        screen.prompt.say(_("Constancia en {}.").format(path))


async def _print(screen: ClinicScreen, turn: TurnRow) -> None:
    at: ClinicRole = screen.actor.at
    paper = ticket_paper(turn, at.clinic_name, at.zone)
    await screen.link.hop(printed, screen.desk.settings, at.clinic_code, paper)


async def _certificate(screen: ClinicScreen, turn: TurnRow) -> Path:
    """Written into the account's home folder, readable by it alone."""
    from clinicdesk.reports import _certificate

    row = await screen.see(attendance, AttendanceQuery(turn.patient_id, turn.id))
    actor = screen.actor
    zone = ZoneInfo(actor.at.zone)
    stamp = Stamp(actor.name, screen.now().astimezone(zone), actor.at.zone, actor.at.clinic_name)
    path = Path.home() / f"clinicdesk-constancia-{turn.day:%Y%m%d}-{turn.ticket}.pdf"
    paper = await screen.link.hop(_certificate.paper, row, stamp)
    await screen.link.hop(write_atomically, path, lambda out: out.write(paper))
    return path
