"""`clinicdesk display`: the key of the waiting-room screens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from clinicdesk.cli.frame import Writes, noun, the_call, verb
from clinicdesk.kit.words import _

app = noun(_("Las pantallas de sala de espera."))


@verb(
    app,
    "key",
    _("Hacer otra clave para las pantallas y guardarla en un archivo; la anterior deja de servir."),
)
def key(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar=_("ARCHIVO"), help=_("Archivo, cerrado para otros."))
    ] = None,
) -> None:
    """Draw a key, have the database know its verifier, write the key where only this account reads it."""
    from clinicdesk.clinic.access.display import KEY_LENGTH, NewDisplayKey, new_display_key
    from clinicdesk.kit import secrets
    from clinicdesk.kit.sheet import write_atomically

    call = the_call(ctx)
    path, secret = out or call.settings.display_key, secrets.new_password(KEY_LENGTH)
    desk = call.desk

    def write(file: BinaryIO) -> None:
        """The database last: a key that could not be kept must not end the one that works."""
        file.write(f"{secret}\n".encode())
        file.flush()
        desk.do(new_display_key, NewDisplayKey(secret=secret))

    write_atomically(path, write)
    call.answer({"file": str(path)}, _("Clave guardada en {path}.").format(path=path))


@verb(
    app,
    "initials",
    _("Mostrar u ocultar las iniciales en las pantallas de sala de espera de un centro."),
    cls=Writes,
)
def initials(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("El centro."))],
    shown: Annotated[bool, typer.Option("--show/--hide", help=_("Con iniciales, o números solos."))],
) -> None:
    """Set what the clinic's screens show."""
    from clinicdesk.clinic.sites.displays import ShowInitials, show_initials

    call = the_call(ctx)
    answer = call.desk.do(show_initials, ShowInitials(**call.keyed, clinic=code.upper(), shown=shown))
    said = _("{code}: número e iniciales.") if answer.shown else _("{code}: números solos.")
    call.answer({"clinic": answer.clinic, "shows_initials": answer.shown}, said.format(code=answer.clinic))
