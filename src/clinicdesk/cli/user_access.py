"""`clinicdesk user grant|revoke|deny|expire|disable|enable|unlock|sessions|end`: rights and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from clinicdesk.cli.frame import Call, Writes, the_call, verb
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import datetime

    from clinicdesk.clinic.access.administration import AccessAnswer
    from clinicdesk.clinic.rights import Permission, Role

User = Annotated[str, typer.Argument(metavar=_("USUARIO"), help=_("Usuario."))]
What = Annotated[str, typer.Argument(metavar=_("ROL|DERECHO"), help=_("medico… o turn.overbook…"))]
Right = Annotated[str, typer.Argument(metavar=_("DERECHO"), help=_("turn.overbook, report.read…"))]
Clinic = Annotated[
    str | None, typer.Option("--clinic", metavar=_("CÓDIGO"), help=_("Centro; el propio si no se dice."))
]
Until = Annotated[str | None, typer.Option(metavar=_("FECHA"), help=_("Último día en que vale: AAAA-MM-DD."))]
Reason = Annotated[str | None, typer.Option(metavar=_("MOTIVO"), help=_("Motivo, hasta 200 caracteres."))]
_NEVER: Final = "never"
_SUPERVISE: Final = _(
    "Residente: hasta qué día lo que firme espera la cofirma de otro profesional; «never»: no más."
)
_PAST: Final = 50


class Elsewhere(Writes):
    """A verb whose --clinic is where the right holds, not where whoever gives it acts."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        own = list(settings.get("params") or ())
        super().__init__(name, **settings)
        self.params = [each for each in self.params if each in own or "--clinic" not in each.opts]


def add_to(app: typer.Typer) -> None:
    """Hang the verbs under `user`."""
    verb(app, "grant", _("Dar un rol o un derecho suelto en un centro."), cls=Elsewhere)(grant)
    verb(app, "revoke", _("Quitar un rol, o un derecho dado o negado."), cls=Elsewhere)(revoke)
    verb(app, "deny", _("Negar un derecho en un centro: vale más que cualquier rol."), cls=Elsewhere)(deny)
    verb(app, "expire", _("Hasta qué día puede ingresar; «never»: sin fecha."), cls=Writes)(expire)
    verb(app, "supervise", _SUPERVISE, cls=Writes)(supervise)
    verb(app, "disable", _("Cerrar un usuario: no ingresa más y sus sesiones terminan."), cls=Writes)(disable)
    verb(app, "enable", _("Volver a abrir un usuario."), cls=Writes)(enable)
    verb(app, "unlock", _("Devolver los intentos de ingreso."), cls=Writes)(unlock)
    verb(app, "sessions", _("Quién está adentro; de un usuario, también las últimas."))(sessions)
    verb(app, "end", _("Terminar una sesión, o todas las de un usuario."), cls=Writes)(end)


def grant(
    ctx: typer.Context,
    username: User,
    what: What,
    clinic: Clinic = None,
    until: Until = None,
    reason: Reason = None,
) -> None:
    """Give a role or a permission at a clinic."""
    from clinicdesk.clinic.access import administration
    from clinicdesk.clinic.rights import Effect, Role

    call = the_call(ctx)
    about = _about(call, username, clinic)
    held = told_what(what)
    last = end_of(until, call)
    if isinstance(held, Role):
        answer = call.desk.do(
            administration.give_role,
            administration.GiveRole(**call.keyed, **about, role=held.value, until=last),
        )
    else:
        order = administration.SetRight(
            **call.keyed, **about, permission=held, effect=Effect.GRANT, until=last, reason=reason
        )
        answer = call.desk.do(administration.set_right, order)
    said = _("{user}: {what} en {clinic}{until}.")
    _told(call, answer, said, what=held.value, clinic=about["clinic"], until=last)


def revoke(ctx: typer.Context, username: User, what: What, clinic: Clinic = None) -> None:
    """Take a role or a permission back."""
    from clinicdesk.clinic.access import administration
    from clinicdesk.clinic.rights import Role

    call = the_call(ctx)
    about = _about(call, username, clinic)
    held = told_what(what)
    if isinstance(held, Role):
        role = administration.TakeRole(**call.keyed, **about, role=held.value)
        answer = call.desk.do(administration.take_role, role)
    else:
        right = administration.ClearRight(**call.keyed, **about, permission=held)
        answer = call.desk.do(administration.clear_right, right)
    _told(call, answer, _("{user}: sin {what} en {clinic}."), what=held.value, clinic=about["clinic"])


def deny(
    ctx: typer.Context,
    username: User,
    right: Right,
    clinic: Clinic = None,
    until: Until = None,
    reason: Reason = None,
) -> None:
    """Deny a permission at a clinic."""
    from clinicdesk.clinic.access import administration
    from clinicdesk.clinic.rights import Effect

    call = the_call(ctx)
    about = _about(call, username, clinic)
    last = end_of(until, call)
    order = administration.SetRight(
        **call.keyed, **about, permission=_permission(right), effect=Effect.DENY, until=last, reason=reason
    )
    answer = call.desk.do(administration.set_right, order)
    said = _("{user}: {what} negado en {clinic}{until}.")
    _told(call, answer, said, what=right, clinic=about["clinic"], until=last)


def expire(
    ctx: typer.Context,
    username: User,
    day: Annotated[str, typer.Argument(metavar=_("FECHA|never"), help=_("AAAA-MM-DD, o never."))],
) -> None:
    """Set or take away the end of a login."""
    from clinicdesk.clinic.access import administration

    call = the_call(ctx)
    last = None if day == _NEVER else end_of(day, call)
    order = administration.ExpireUser(**call.keyed, username=_name(username), until=last)
    answer = administration.closing(call.desk, administration.expire_user, order)
    said = _("{user}: sin fecha de vencimiento.") if last is None else _("{user}: ingresa{until}.")
    _told(call, answer, said, until=last)


def supervise(
    ctx: typer.Context,
    username: User,
    day: Annotated[str, typer.Argument(metavar=_("FECHA|never"), help=_("Último día: AAAA-MM-DD, o never."))],
) -> None:
    """Mark a resident, or end it."""
    from clinicdesk.clinic.access import administration

    call = the_call(ctx)
    last = None if day == _NEVER else end_of(day, call)
    order = administration.Supervise(**call.keyed, username=_name(username), until=last)
    answer = call.desk.do(administration.supervise, order)
    said = (
        _("{user}: firma sin cofirma.") if last is None else _("{user}: lo que firme espera cofirma{until}.")
    )
    _told(call, answer, said, until=last)


def disable(ctx: typer.Context, username: User) -> None:
    """Close a login."""
    _switch(the_call(ctx), username, enabled=False)


def enable(ctx: typer.Context, username: User) -> None:
    """Open a login again."""
    _switch(the_call(ctx), username, enabled=True)


def _switch(call: Call, username: str, *, enabled: bool) -> None:
    from clinicdesk.clinic.access import administration

    order = administration.EnableUser(**call.keyed, username=_name(username), enabled=enabled)
    answer = administration.closing(call.desk, administration.enable_user, order)
    said = _("Usuario {user} habilitado.") if enabled else _("Usuario {user} deshabilitado.")
    call.answer({"user": answer.username, "enabled": enabled}, said.format(user=answer.username))


def unlock(ctx: typer.Context, username: User) -> None:
    """Give the tries at the gate back."""
    from clinicdesk.clinic.access import administration

    call = the_call(ctx)
    order = administration.UnlockUser(**call.keyed, username=_name(username))
    _told(call, call.desk.do(administration.unlock_user, order), _("{user}: puede volver a intentar."))


def sessions(
    ctx: typer.Context,
    username: Annotated[str | None, typer.Argument(metavar=_("[USUARIO]"), help=_("Usuario."))] = None,
) -> None:
    """List who is in; of one login, its last sessions too."""
    from clinicdesk.clinic.access import queries

    call = the_call(ctx)
    name = _name(username) if username is not None else None
    if name is not None:
        demand_user(call, name)
    query = queries.SessionsQuery(name, _PAST if name is not None else 0)
    codes = clinic_codes(call)
    columns = {
        _("Sesión"): "id",
        _("Usuario"): "user",
        _("Puesto"): "host",
        _("Rol"): "role_text",
        _("Desde"): "since",
        _("Estado"): "state",
    }
    rows = (session_object(row, codes) for row in call.desk.see(queries.list_sessions, query))
    if call.json:
        call.rows(rows, columns)
    else:
        call.rows((row | _session_words(call, row) for row in rows), columns)


def session_object(row: Any, codes: dict[int, str]) -> dict[str, Any]:
    """A session, as scripts see one."""
    return {
        "id": row.id,
        "user": row.username,
        "host": row.host,
        "role": row.role,
        "clinic": codes.get(row.clinic_id, ""),
        "started_at": row.started_at,
        "connections": row.lines,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by,
        "why": row.why,
    }


def _session_words(call: Call, row: dict[str, Any]) -> dict[str, str]:
    since = row["started_at"].astimezone(call.zone)
    open_now = _("adentro") if row["connections"] else _("sin línea")
    return {
        "role_text": f"{row['role']} {row['clinic']}",
        "since": f"{since:%d/%m %H:%M}",
        "state": open_now if row["why"] is None else end_word(row["why"]),
    }


def end_word(why: str) -> str:
    """How a session ended, as the screen says it."""
    words = {
        "logout": _("salió"),
        "ended": _("terminada"),
        "own": _("terminada por la persona"),
        "disabled": _("usuario cerrado"),
        "rights": _("cambió su acceso"),
        "expired": _("venció"),
    }
    return words.get(why, why)


def end(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar=_("SESIÓN|USUARIO"), help=_("Una sesión o un usuario."))],
) -> None:
    """End one session, or all of a login."""
    from clinicdesk.clinic.access import administration

    call = the_call(ctx)
    username, session_id = _session_of(call, what.strip().lower())
    order = administration.EndSessions(**call.keyed, username=username, session_id=session_id)
    answer = call.desk.do(administration.end_sessions, order)
    said = _("{user}: sesiones terminadas: {ended}.").format(user=answer.username, ended=answer.ended)
    call.answer({"user": answer.username, "ended": answer.ended}, said)


def _session_of(call: Call, text: str) -> tuple[str, UUID | None]:
    """Whose session, and which one; no number of a session: all of a login's. Raises SessionNotFound."""
    from clinicdesk.clinic.access import queries
    from clinicdesk.clinic.access.errors import SessionNotFound

    try:
        wanted = UUID(text)
    except ValueError:
        if not call.desk.see(queries.list_users, queries.UsersQuery(text)):
            raise SessionNotFound(text=text) from None
        return text, None
    for row in call.desk.see(queries.list_sessions, queries.SessionsQuery()):
        if row.id == wanted:
            return row.username, wanted
    raise SessionNotFound(text=text)


# What the verbs share


def told_what(text: str) -> Role | Permission:
    """A role or a permission as typed. Raises PermissionUnknown."""
    from clinicdesk.clinic.rights import STAFF_ROLES, Role

    return Role(text) if text in STAFF_ROLES else _permission(text)


def _permission(text: str) -> Permission:
    from clinicdesk.clinic.access.errors import PermissionUnknown
    from clinicdesk.clinic.rights import STAFF_ROLES, Permission

    if text not in set(Permission):
        raise PermissionUnknown(text=text, roles=", ".join(STAFF_ROLES))
    return Permission(text)


def end_of(day: str | None, call: Call) -> datetime | None:
    """The instant after a day's end at the clinic. Raises InvalidInput."""
    if day is None:
        return None
    from datetime import date

    from clinicdesk.kit import clock
    from clinicdesk.kit.errors import InvalidInput

    try:
        last = date.fromisoformat(day)
    except ValueError:
        raise InvalidInput(_("La fecha «{day}» no se entiende: AAAA-MM-DD.").format(day=day)) from None
    return clock.day_bounds(last, call.session().actor.at.zone)[1]


def clinic_codes(call: Call) -> dict[int, str]:
    """The network's clinics: id → code."""
    from clinicdesk.clinic.sites import queries

    return {row.id: row.code for row in call.desk.see(queries.list_clinics, queries.SitesQuery())}


def clinic_of(call: Call, code: str | None) -> tuple[int, str]:
    """The clinic named, else the one where the person acts. Raises ClinicNotFound."""
    at = call.session().actor.at
    if code is None:
        return at.clinic_id, at.clinic_code
    for clinic_id, known in clinic_codes(call).items():
        if known == code.upper():
            return clinic_id, known
    from clinicdesk.clinic.sites.errors import ClinicNotFound

    raise ClinicNotFound(code=code)


def demand_user(call: Call, name: str) -> None:
    """Raises UserNotFound."""
    from clinicdesk.clinic.access import queries
    from clinicdesk.clinic.access.errors import UserNotFound

    if not call.desk.see(queries.list_users, queries.UsersQuery(name)):
        raise UserNotFound(username=name)


def _about(call: Call, username: str, clinic: str | None) -> dict[str, Any]:
    clinic_id, code = clinic_of(call, clinic)
    return {"username": _name(username), "clinic_id": clinic_id, "clinic": code}


def _name(username: str) -> str:
    return username.strip().lower()


def _told(
    call: Call, answer: AccessAnswer, said: str, *, until: datetime | None = None, **fields: str
) -> None:
    """The answer as data, or as one line; an end is told by its last day."""
    data = {"user": answer.username, **fields} | ({"until": until} if until is not None else {})
    words = _(" hasta el {day}").format(day=last_day(until, call)) if until is not None else ""
    call.answer(data, said.format(user=answer.username, until=words, **fields))


def last_day(until: datetime, call: Call) -> str:
    """The last day before an end, on the clinic's calendar."""
    from datetime import timedelta

    return f"{until.astimezone(call.zone) - timedelta(microseconds=1):%d/%m/%Y}"
