"""Channels, one file per way to reach a person: each exports one `CHANNEL`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clinicdesk.clinic.rights import Permission
from clinicdesk.kit import clock, plugins
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.settings import Settings
from clinicdesk.kit.words import _


class NotSetUp(Refusal):
    """The installation has no such channel."""

    says = _("Falta configurar el correo: CLINICDESK_SMTP_HOST y CLINICDESK_SMTP_FROM.")
    exit = Exit.NOT_FOUND


class NotProtected(Refusal):
    """A channel that would carry words readable by the network."""

    says = _("CLINICDESK_SMTP_SECURITY: starttls o tls; «none» solo con un servidor de esta máquina.")
    exit = Exit.INVALID


class NotSent(Refusal):
    """What was written did not leave; `reason` is the server's own word."""

    says = _("El mensaje no salió ({reason}). Nada llegó a la persona; volver a pedirlo.")
    exit = Exit.UNREACHABLE


class NoPrinter(Refusal):
    """This host has no printer of numbers, or it is not written as one."""

    says = _(
        "Este puesto no tiene impresora de números: CLINICDESK_PRINTER, como lp:COLA o escpos:DISPOSITIVO."
    )
    exit = Exit.NOT_FOUND


class NotPrinted(Refusal):
    """The printer did not take it; `reason` is what it, or the system, said. The admission stands."""

    says = _("Sin imprimir: {reason}. La admisión quedó.")
    at_desk = _("p: otra vez.")
    at_prompt = _("Repetir: clinicdesk admission print.")
    exit = Exit.UNREACHABLE


@dataclass(frozen=True, slots=True)
class TicketPaper:
    """What stands on the paper of a number: no name, no document, no reason."""

    number: str
    clinic: str
    when: str
    who: str

    def lines(self) -> tuple[str, ...]:
        """As text, the number first."""
        return (self.number, self.clinic, self.who, self.when)


@dataclass(frozen=True, slots=True)
class Printer:
    """One way to put a number on paper: `prints(address, paper)` blocks until it was taken.

    `address` is what follows the name in the setting: a queue, a device, host and port. Raises NotPrinted.
    """

    title: str
    help: str
    permission: Permission
    prints: Callable[[str, TicketPaper], None]


class Numbered(Protocol):
    """What the paper of a number looks at."""

    @property
    def ticket(self) -> str | None:
        """`A016`."""

    @property
    def kind(self) -> str:
        """`walk_in` for who came without a turn."""

    @property
    def wall_start(self) -> datetime:
        """The turn's hour at the clinic."""

    @property
    def arrived_at(self) -> datetime | None:
        """When they came."""

    @property
    def doctor_family(self) -> str:
        """Whose queue."""


def ticket_paper(turn: Numbered, clinic: str, zone: str) -> TicketPaper:
    """The paper of a turn that has its number."""
    hour = _("sin turno") if turn.kind == "walk_in" else f"{_('turno')} {turn.wall_start:%H:%M}"
    came = clock.local(turn.arrived_at, zone) if turn.arrived_at else turn.wall_start
    who = f"{turn.doctor_family}, {hour}"
    return TicketPaper(turn.ticket or "", clinic, f"{came:%d/%m/%Y %H:%M}", who)


def printed(where: Settings, clinic: str, paper: TicketPaper) -> None:
    """Print on the printer of this host for a clinic. Raises NoPrinter, NotPrinted."""
    setting = dict(where.printers).get(clinic) or dict(where.printers).get("")
    kind, _colon, address = (setting or "").partition(":")
    if f"print_{kind}" not in plugins.names(__name__):
        raise NoPrinter
    plugins.load(__name__, f"print_{kind}", Printer, "CHANNEL").prints(address, paper)


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain words for one person. Never anything about a patient."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a person.

    `check` says before anything is written whether it is set up; `send` blocks until the letter was
    taken over. Both raise NotSetUp, NotProtected; `send` also NotSent. `secret` is the channel's password.
    """

    title: str
    help: str
    permission: Permission
    check: Callable[[Settings], None]
    send: Callable[[Settings, str | None, Letter], None]
