"""`clinicdesk user`: people with access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.access.queries import UserRow

app = noun(_("Personas con acceso: quiénes son, qué roles tienen, si pueden ingresar."))

User = Annotated[str, typer.Argument(metavar=_("USUARIO"), help=_("Usuario."))]
Mail = Annotated[
    bool, typer.Option("--mail", help=_("Mandar el código al correo de la persona, sin mostrarlo."))
]
Slip = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("El código en un PDF para entregar.")),
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
    family: Annotated[str, typer.Option(metavar=_("APELLIDOS"), help=_("Apellidos."))],
    role: Annotated[str, typer.Option(metavar=_("ROL"), help=_("admisionista, medico, enfermeria…"))],
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
) -> None:
    """Make a person with a login and one role at one clinic."""
    from clinicdesk.cli import codes
    from clinicdesk.clinic.access import rules, service

    call = the_call(ctx)
    way = codes.chosen(call, mail=mail, output=output, email=email)
    at = call.session().actor.at
    order = service.NewUser(
        **call.keyed,
        username=rules.checked_username(username),
        given=given,
        family=family,
        role=role,
        clinic_id=at.clinic_id if clinic is None else _clinic_id(call, clinic),
        license=license_number,
        specialty=specialty,
        email=email,
    )
    answer = call.desk.do(service.add_user, order)
    data = {"user": answer.username, "role": role, "clinic": (clinic or at.clinic_code).upper()}
    said = _("Usuario {user} agregado.").format(user=answer.username)
    codes.hand_out(call, way, answer, order.code, data, said)


def _clinic_id(call: Call, code: str) -> int:
    for clinic_id, known in _codes(call).items():
        if known == code.upper():
            return clinic_id
    from clinicdesk.clinic.sites.errors import ClinicNotFound

    raise ClinicNotFound(code=code)


def _codes(call: Call) -> dict[int, str]:
    from clinicdesk.clinic.sites import queries

    return {row.id: row.code for row in call.desk.see(queries.list_clinics, queries.SitesQuery())}


@verb(app, "list", _("Las personas con usuario."))
def list_users(ctx: typer.Context) -> None:
    """List logins."""
    from clinicdesk.clinic.access import queries

    call = the_call(ctx)
    rows = call.desk.see(queries.list_users, queries.UsersQuery())
    codes = _codes(call)
    columns = {
        _("Usuario"): "user",
        _("Nombre"): "name",
        _("Roles"): "roles_text",
        _("Estado"): "state",
    }
    if call.json:
        call.rows((user_object(row, codes) for row in rows), columns)
    else:
        call.rows((user_object(row, codes) | _told(row, codes) for row in rows), columns)


def user_object(row: UserRow, codes: dict[int, str]) -> dict[str, Any]:
    """A person with a login, as scripts see one."""
    return {
        "user": row.username,
        "given": row.given,
        "family": row.family,
        "license": row.license,
        "roles": [{"role": role, "clinic": clinic} for role, clinic in _roles(row, codes)],
        "enabled": row.disabled_at is None,
        "disabled_at": row.disabled_at,
        "created_at": row.created_at,
        "must_change_password": row.must_change,
    }


def _roles(row: UserRow, codes: dict[int, str]) -> list[tuple[str, str]]:
    held = (each.partition("@") for each in row.roles)
    return [(role, codes.get(int(clinic_id), clinic_id)) for role, _at, clinic_id in held]


def _told(row: UserRow, codes: dict[int, str]) -> dict[str, str]:
    return {
        "name": full_name(row.family, row.given),
        "roles_text": ", ".join(f"{role} {clinic}" for role, clinic in _roles(row, codes)),
        "state": _("habilitado") if row.disabled_at is None else _("deshabilitado"),
    }


@verb(app, "show", _("Una persona: nombre, roles, estado."))
def show(ctx: typer.Context, username: User) -> None:
    """Show one login."""
    from clinicdesk.clinic.access import queries
    from clinicdesk.clinic.access.errors import UserNotFound

    call = the_call(ctx)
    found = call.desk.see(queries.list_users, queries.UsersQuery(username.strip().lower()))
    if not found:
        raise UserNotFound(username=username)
    row, codes = found[0], _codes(call)
    told = _told(row, codes)
    call.answer(
        user_object(row, codes),
        row.username,
        _("Nombre: {name}").format(name=told["name"]),
        _("Roles: {roles}").format(roles=told["roles_text"] or _("ninguno")),
        _("Matrícula: {license}").format(license=row.license or _("sin matrícula")),
        _("Estado: {state}").format(state=told["state"]),
        *([_("La clave es provisoria.")] if row.must_change else []),
    )


@verb(app, "disable", _("Cerrar un usuario: no ingresa más y sus sesiones terminan."), cls=Writes)
def disable(ctx: typer.Context, username: User) -> None:
    """Close a login."""
    _switch(the_call(ctx), username, enabled=False)


@verb(app, "enable", _("Volver a abrir un usuario."), cls=Writes)
def enable(ctx: typer.Context, username: User) -> None:
    """Open a login again."""
    _switch(the_call(ctx), username, enabled=True)


def _switch(call: Call, username: str, *, enabled: bool) -> None:
    from clinicdesk.clinic.access import service

    order = service.EnableUser(**call.keyed, username=username.strip().lower(), enabled=enabled)
    answer = call.desk.do(service.enable_user, order)
    said = _("Usuario {user} habilitado.") if enabled else _("Usuario {user} deshabilitado.")
    call.answer({"user": answer.username, "enabled": enabled}, said.format(user=answer.username))


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
