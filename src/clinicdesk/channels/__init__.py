"""Channels, one file per way to reach a person: each exports one `CHANNEL`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clinicdesk.clinic.rights import Permission
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
