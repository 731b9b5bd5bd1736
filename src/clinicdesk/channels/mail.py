"""Mail through the installation's own SMTP server, encrypted on the way to it."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from clinicdesk.channels import Channel, Letter, NotProtected, NotSent, NotSetUp
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.settings import Settings
from clinicdesk.kit.words import _

_TIMEOUT_SECONDS: Final = 20
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SECURITY: Final = ("starttls", "tls", "none")


def check(where: Settings) -> None:
    """Whether a server and a sender are known, and the way to it is closed to others."""
    if where.smtp_host is None or where.smtp_from is None:
        raise NotSetUp
    open_way = where.smtp_security == "none" and where.smtp_host not in _THIS_MACHINE
    if where.smtp_security not in _SECURITY or open_way:
        raise NotProtected


def send(where: Settings, secret: str | None, letter: Letter) -> None:
    """Hand one letter over. The server's certificate must be good for its name."""
    check(where)
    try:
        with _line(where) as line:
            if where.smtp_user is not None and secret is not None:
                line.login(where.smtp_user, secret)
            line.send_message(_message(where, letter))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(reason=_reason(error)) from error


def _line(where: Settings) -> smtplib.SMTP:
    host, port, context = str(where.smtp_host), where.smtp_port, ssl.create_default_context()
    # Named after the sender: looking up this machine's own name can take long, and says where it stands.
    name = _domain(where)
    if where.smtp_security == "tls":
        return smtplib.SMTP_SSL(host, port, name, timeout=_TIMEOUT_SECONDS, context=context)
    line = smtplib.SMTP(host, port, name, timeout=_TIMEOUT_SECONDS)
    if where.smtp_security == "starttls":
        try:
            line.starttls(context=context)
        except BaseException:
            line.close()
            raise
    return line


def _domain(where: Settings) -> str:
    return str(where.smtp_from).rpartition("@")[2].strip(" >") or "localhost"


def _message(where: Settings, letter: Letter) -> EmailMessage:
    """Header fields refuse line ends, so no address can add one. The message's id names no machine."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = where.smtp_from, letter.to, letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=_domain(where))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    return message


def _reason(error: Exception) -> str:
    """The first line of what went wrong, without the letter's words."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _("la dirección fue rechazada")
    return str(error).partition("\n")[0][:80] or type(error).__name__


CHANNEL = Channel(
    title=_("Correo"),
    help=_("Por el servidor SMTP de la instalación (CLINICDESK_SMTP_HOST)."),
    permission=Permission.USER_MANAGE,
    check=check,
    send=send,
)
