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
    from clinicdesk.clinic.desk import Desk
    from clinicdesk.clinic.patients.papers import PaperKind
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


async def print_of_patient(screen: ClinicScreen, patient_id: UUID) -> None:
    """`p` on a patient's page: card, labels or summary, readable by this account alone. Raises Refusal."""
    from clinicdesk.clinic.patients.papers import PaperKind

    kinds = {
        "1": (PaperKind.CARD, _("tarjeta")),
        "2": (PaperKind.LABEL, _("etiqueta")),
        "3": (PaperKind.SHEET, _("hoja de etiquetas")),
        "4": (PaperKind.SUMMARY, _("resumen")),
    }
    words = {key: word for key, (_kind, word) in kinds.items()}
    chosen = await screen.prompt.pick(_("Imprimir:"), words, at_once=True)
    if chosen is None:
        return
    kind, word = kinds[chosen]
    path, missing = await screen.link.hop(
        _paper_file, screen.link.session.desk(), patient_id, kind, _stamp(screen)
    )
    said = _("{} en {}, que solo lee esta cuenta.").format(word.capitalize(), path)
    lost = _("Letras sin dibujo: {}.").format(" ".join(missing)) if missing else ""
    screen.prompt.say(f"{said} {lost}".rstrip())


def _paper_file(desk: Desk, patient_id: UUID, kind: PaperKind, stamp: Stamp) -> tuple[Path, tuple[str, ...]]:
    from clinicdesk.reports._patient_papers import written

    made = written(desk, patient_id, kind, None, stamp)
    path = Path.home() / f"clinicdesk-HC-{made.chart_number:06d}-{kind.value}.pdf"
    write_atomically(path, lambda out: out.write(made.file))
    return path, made.missing


def _stamp(screen: ClinicScreen) -> Stamp:
    actor = screen.actor
    zone = ZoneInfo(actor.at.zone)
    return Stamp(actor.name, screen.now().astimezone(zone), actor.at.zone, actor.at.clinic_name)


async def _print(screen: ClinicScreen, turn: TurnRow) -> None:
    at: ClinicRole = screen.actor.at
    paper = ticket_paper(turn, at.clinic_name, at.zone)
    await screen.link.hop(printed, screen.desk.settings, at.clinic_code, paper)


async def _certificate(screen: ClinicScreen, turn: TurnRow) -> Path:
    """Written into the account's home folder, readable by it alone."""
    from clinicdesk.reports import _certificate

    row = await screen.see(attendance, AttendanceQuery(turn.patient_id, turn.id))
    path = Path.home() / f"clinicdesk-constancia-{turn.day:%Y%m%d}-{turn.ticket}.pdf"
    paper = await screen.link.hop(_certificate.paper, row, _stamp(screen))
    await screen.link.hop(write_atomically, path, lambda out: out.write(paper))
    return path
