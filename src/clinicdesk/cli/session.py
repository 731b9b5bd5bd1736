"""`clinicdesk session`: one's own sessions, seen and ended."""

from __future__ import annotations

from typing import Annotated

import typer

from clinicdesk.cli.frame import Writes, noun, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.words import _

app = noun(_("Las propias sesiones: ver, terminar."))
_MINE = {
    _("Desde"): "since",
    _("Puesto"): "host",
    _("Rol"): "role",
    _("Conexiones"): "connections",
    "Id": "id",
}


@verb(app, "list", _("Dónde está uno adentro ahora."))
def listed(ctx: typer.Context) -> None:
    """List one's own sessions."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.access import own_sessions

    call = the_call(ctx)
    rows = [
        {
            "id": row.id,
            "host": row.host,
            "role": row.role,
            "started_at": row.started_at,
            "connections": row.lines,
        }
        for row in call.desk.see(own_sessions.own_sessions, own_sessions.OwnSessionsQuery())
    ]
    if not call.json:
        rows = [row | {"since": wall(row["started_at"], call.zone)} for row in rows]
    call.rows(rows, _MINE)


@verb(app, "end", _("Terminar otra sesión propia, o todas las otras; se pide la clave."), cls=Writes)
def end(
    ctx: typer.Context,
    session_id: Annotated[
        str | None, typer.Argument(metavar=_("[SESIÓN]"), help=_("El id que da session list."))
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=_("Todas menos esta."))] = False,
) -> None:
    """End one of one's own sessions, or all others."""
    from uuid import UUID

    from clinicdesk.clinic.access import own_sessions
    from clinicdesk.clinic.access.errors import SessionNotFound

    call = the_call(ctx)
    if (session_id is None) is not every:
        raise Misused(text=_("Falta decir cuál: una SESIÓN o --all."))
    try:
        wanted = UUID(session_id) if session_id is not None else None
    except ValueError:
        raise SessionNotFound(text=session_id) from None
    order = call.proved(own_sessions.EndOwnSessions(**call.keyed, session_id=wanted))
    answer = call.desk.do(own_sessions.end_own_sessions, order)
    call.answer({"ended": answer.ended}, _("Sesiones terminadas: {n}.").format(n=answer.ended))
