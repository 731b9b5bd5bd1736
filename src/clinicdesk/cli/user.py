"""`clinicdesk user`: people with access."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import user_access
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.cli.user_access import clinic_codes, clinic_of, last_day, session_object
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import datetime

    from clinicdesk.clinic.access.queries import RightHeld, RoleHeld, UserRow

app = noun(_("Personas con acceso: quiénes son, qué roles tienen, si pueden ingresar."))

User = Annotated[str, typer.Argument(metavar=_("USUARIO"), help=_("Usuario."))]
Mail = Annotated[
    bool, typer.Option("--mail", help=_("Mandar el código al correo de la persona, sin mostrarlo."))
]
Slip = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("El código en un PDF para entregar.")),
]
PasswordFile = Annotated[
    Path | None, typer.Option(metavar=_("ARCHIVO"), help=_("Archivo nuevo para la clave de la cuenta."))
]
Service = Annotated[
    bool, typer.Option("--service", help=_("Una cuenta de guiones: sin rol, con --verbs y --password-file."))
]
Verbs = Annotated[
    str | None, typer.Option(metavar=_("VERBOS"), help=_("import,report,board,search,audit: lo que hará."))
]
_OF_THE_NEW_PERSON: Final = {"--role", "--clinic"}


class Adds(Writes):
    """`user add`: --role and --clinic are those of the new person, not of whoever adds."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        own = list(settings.get("params") or ())
        super().__init__(name, **settings)
        self.params = [each for each in self.params if each in own or not _OF_THE_NEW_PERSON & set(each.opts)]


@verb(
    app,
    "add",
    _("Agregar una persona con su usuario. Recibe un código de un solo uso y con él pone su clave."),
    cls=Adds,
)
def add(
    ctx: typer.Context,
    username: User,
    family: Annotated[str | None, typer.Option(metavar=_("APELLIDOS"), help=_("Apellidos."))] = None,
    role: Annotated[
        str | None, typer.Option(metavar=_("ROL"), help=_("admisionista, medico, enfermeria…"))
    ] = None,
    given: Annotated[str, typer.Option(metavar=_("NOMBRES"), help=_("Nombres."))] = "",
    clinic: Annotated[
        str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Centro; el propio si no se dice."))
    ] = None,
    license_number: Annotated[
        str | None, typer.Option("--license", metavar=_("MATRÍCULA"), help=_("Matrícula profesional."))
    ] = None,
    specialty: Annotated[str | None, typer.Option(metavar=_("ESPECIALIDAD"), help=_("Especialidad."))] = None,
    email: Annotated[str | None, typer.Option(metavar=_("CORREO"), help=_("Correo de la persona."))] = None,
    mail: Mail = False,
    output: Slip = None,
    is_service: Service = False,
    verbs: Verbs = None,
    password_file: PasswordFile = None,
) -> None:
    """Make a person with a login and one role at one clinic, or an account for scripts."""
    from clinicdesk.cli import codes, user_service
    from clinicdesk.clinic.access import rules, service

    call = the_call(ctx)
    if is_service:
        user_service.add(call, username, verbs, password_file, clinic)
        return
    if family is None or role is None:
        raise Misused(text=_("Faltan opciones: --family, --role."))
    way = codes.chosen(call, mail=mail, output=output, email=email)
    at = call.session().actor.at
    order = service.NewUser(
        **call.keyed,
        username=rules.checked_username(username),
        given=given,
        family=family,
        role=role,
        clinic_id=clinic_of(call, clinic)[0],
        license=license_number,
        specialty=specialty,
        email=email,
    )
    answer = call.desk.do(service.add_user, order)
    data = {"user": answer.username, "role": role, "clinic": (clinic or at.clinic_code).upper()}
    said = _("Usuario {user} agregado.").format(user=answer.username)
    codes.hand_out(call, way, answer, order.code, data, said)


@verb(app, "list", _("Las personas con usuario y las cuentas de guiones."))
def list_users(ctx: typer.Context) -> None:
    """List logins."""
    from clinicdesk.clinic.access import queries

    call = the_call(ctx)
    rows = call.desk.see(queries.list_users, queries.UsersQuery())
    codes = clinic_codes(call)
    columns = {
        _("Usuario"): "user",
        _("Nombre"): "name",
        _("Roles"): "roles_text",
        _("Estado"): "state",
    }
    if call.json:
        call.rows((user_object(row, codes) for row in rows), columns)
    else:
        call.rows((user_object(row, codes) | _told(call, row, codes) for row in rows), columns)


def user_object(row: UserRow, codes: dict[int, str]) -> dict[str, Any]:
    """Somebody with a login, as scripts see one."""
    return {
        "user": row.username,
        "kind": row.kind,
        "given": row.given,
        "family": row.family,
        "license": row.license,
        "roles": [
            {"role": held.role, "clinic": codes.get(held.clinic_id, "")} | _ends(held.until)
            for held in row.roles
        ],
        "rights": [
            {
                "permission": held.permission,
                "clinic": codes.get(held.clinic_id, ""),
                "effect": held.effect,
                "reason": held.reason,
                "set_by": held.set_by,
                "set_at": held.set_at,
            }
            | _ends(held.until)
            for held in row.rights
        ],
        "enabled": row.disabled_at is None,
        "disabled_at": row.disabled_at,
        "expires_at": row.expires_at,
        "created_at": row.created_at,
        "last_login_at": row.last_at,
        "last_login_host": row.last_host,
        "sessions": row.sessions,
        "must_change_password": row.must_change,
        "supervised_until": row.supervised_until,
    }


def _ends(until: datetime | None) -> dict[str, datetime]:
    return {} if until is None else {"until": until}


def _told(call: Call, row: UserRow, codes: dict[int, str]) -> dict[str, str]:
    return {
        "name": full_name(row.family, row.given),
        "roles_text": ", ".join(_held_words(call, held, codes) for held in row.roles),
        "state": _state(call, row),
    }


def _held_words(call: Call, held: RoleHeld, codes: dict[int, str]) -> str:
    until = _(" hasta {day}").format(day=last_day(held.until, call)) if held.until is not None else ""
    return f"{held.role} {codes.get(held.clinic_id, '')}{until}"


def _state(call: Call, row: UserRow) -> str:
    if row.disabled_at is not None:
        return _("deshabilitado")
    if row.expires_at is not None:
        return _("vence {day}").format(day=last_day(row.expires_at, call))
    return _("habilitado")


@verb(app, "show", _("Una persona: nombre, roles, derechos, sesiones, estado."))
def show(ctx: typer.Context, username: User) -> None:
    """Show one login."""
    from clinicdesk.clinic.access import queries
    from clinicdesk.clinic.access.errors import UserNotFound

    call = the_call(ctx)
    found = call.desk.see(queries.list_users, queries.UsersQuery(username.strip().lower()))
    if not found:
        raise UserNotFound(username=username)
    row, codes = found[0], clinic_codes(call)
    sessions = call.desk.see(queries.list_sessions, queries.SessionsQuery(row.username))
    told = _told(call, row, codes)
    call.answer(
        user_object(row, codes) | {"open_sessions": [session_object(each, codes) for each in sessions]},
        row.username,
        _("Nombre: {name}").format(name=told["name"]),
        _("Roles: {roles}").format(roles=told["roles_text"] or _("ninguno")),
        *(_right_words(call, held, codes) for held in row.rights),
        _("Matrícula: {license}").format(license=row.license or _("sin matrícula")),
        *_resident_words(call, row),
        _("Estado: {state}").format(state=told["state"]),
        _("Último ingreso: {last}").format(last=_last(call, row)),
        _("Sesiones abiertas: {count}").format(count=row.sessions),
        *([_("La clave es provisoria.")] if row.must_change else []),
    )


def _right_words(call: Call, held: RightHeld, codes: dict[int, str]) -> str:
    head = _("Derecho") if held.effect == "grant" else _("Negado")
    until = _(" hasta {day}").format(day=last_day(held.until, call)) if held.until is not None else ""
    why = f" ({held.reason})" if held.reason else ""
    return f"{head}: {held.permission} {codes.get(held.clinic_id, '')}{until}{why}"


def _resident_words(call: Call, row: UserRow) -> list[str]:
    from clinicdesk.kit import clock

    if row.supervised_until is None or not row.is_resident(clock.now()):
        return []
    day = last_day(row.supervised_until, call)
    return [_("Residente hasta {day}: lo que firma espera cofirma").format(day=day)]


def _last(call: Call, row: UserRow) -> str:
    if row.last_at is None:
        return _("nunca")
    return f"{row.last_at.astimezone(call.zone):%d/%m/%Y %H:%M}, {row.last_host}"


@verb(
    app,
    "reset",
    _(
        "Dar un código de un solo uso, que vale 24 horas, para poner una clave nueva.\n\n"
        "La persona lo usa con «clinicdesk login --code» o con F8 al ingresar. "
        "Hasta entonces vale la clave de antes."
    ),
    cls=Writes,
)
def reset(ctx: typer.Context, username: User, mail: Mail = False, output: Slip = None) -> None:
    """Issue a code; whoever administers never chooses a password."""
    from clinicdesk.cli import codes
    from clinicdesk.clinic.access import service

    call = the_call(ctx)
    way = codes.chosen(call, mail=mail, output=output)
    order = service.ResetPassword(**call.keyed, username=username.strip().lower())
    answer = call.desk.do(service.reset_password, order)
    said = _("Código para {user}.").format(user=answer.username)
    codes.hand_out(call, way, answer, order.code, {"user": answer.username}, said)


user_access.add_to(app)
