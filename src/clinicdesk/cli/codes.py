"""How a single-use code reaches its person: printed once, on paper, or by mail unseen by who asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.channels import Channel
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.access.service import UserAnswer


@dataclass(frozen=True, slots=True)
class Way:
    """The way chosen: a channel with its password, a file, or neither for the output."""

    channel: Channel | None = None
    secret: str | None = field(default=None, repr=False)
    output: str | None = None


def chosen(call: Call, *, mail: bool, output: str | None, email: str | None = "") -> Way:
    """What was asked for, before anything is written: a code that cannot be sent is not drawn.

    `email` None says that the person has none. Raises Misused, NotSetUp, NotProtected, FileOpenToOthers.
    """
    if not mail:
        return Way(output=output)
    if output is not None:
        raise Misused(text=_("--mail y -o no van juntas."))
    if email is None:
        raise Misused(text=_("Con --mail hace falta --email."))
    from clinicdesk.channels import Channel
    from clinicdesk.cli.entrance import one_line
    from clinicdesk.cli.kept_login import secret_text
    from clinicdesk.kit import plugins

    channel, file = (
        plugins.load("clinicdesk.channels", "mail", Channel, "CHANNEL"),
        call.settings.smtp_password_file,
    )
    channel.check(call.settings)
    return Way(channel, one_line(secret_text(file)) if file is not None else None)


def hand_out(call: Call, way: Way, answer: UserAnswer, code: str, data: dict[str, Any], said: str) -> None:
    """Give the code out, this one time. Raises NoEmail, NotSent."""
    if not answer.opens(code):
        call.say(_("Esa orden ya se hizo y su código ya se entregó. Otro: clinicdesk user reset"))
        call.answer(data, said)
        return
    data = data | {"code_until": answer.code_until}
    if way.channel is not None:
        _mail(call, way, answer, code)
        call.answer(data | {"mailed": True}, said, _("El código va por correo; vale 24 horas."))
    elif way.output is not None:
        _print(call, way.output, answer, code)
        call.say(_("Código en {path}; vale 24 horas.").format(path=way.output))
        if way.output != "-":
            call.answer(data | {"file": way.output}, said)
    elif call.json:
        call.object(data | {"code": code})
    else:
        call.say(said)
        call.say(_("Código de un solo uso; vale 24 horas. Se usa con: clinicdesk login --code"))
        call.lines(code)


def _steps(username: str) -> tuple[str, ...]:
    return (
        _("Usuario: {user}").format(user=username),
        _("Vale 24 horas y una sola vez."),
        _("Al ingresar en clinicdesk, escribir el usuario y apretar F8; o usar «clinicdesk login --code»."),
        _("Después se pone una clave propia, de 8 caracteres o más. Una frase sirve."),
        _("Nadie de administración conoce ni pide esa clave."),
    )


def _mail(call: Call, way: Way, answer: UserAnswer, code: str) -> None:
    from clinicdesk.channels import Letter
    from clinicdesk.clinic.access.errors import NoEmail

    if not answer.email:
        raise NoEmail(username=answer.username)
    lines = (_("Código: {code}").format(code=code), "", *_steps(answer.username))
    letter = Letter(answer.email, _("Código para poner su clave"), "\n".join(lines) + "\n")
    assert way.channel is not None  # noqa: S101 - the caller looked
    way.channel.send(call.settings, way.secret, letter)


def _print(call: Call, path: str, answer: UserAnswer, code: str) -> None:
    from clinicdesk.kit import clock
    from clinicdesk.kit.pdf import Document, Running
    from clinicdesk.kit.sheet import write_atomically

    at = call.session().actor.at
    now = clock.now().astimezone(call.zone)
    printed = _("Impreso el {at}").format(at=f"{now:%d/%m/%Y %H:%M}")
    paper = Document(Running(answer.username, "", _("Código de ingreso"), at.clinic_name, printed), now)
    paper.title(code)
    for line in _steps(answer.username):
        paper.paragraph(line)
    pdf = paper.finish()
    write_atomically(path, lambda file: file.write(pdf))
