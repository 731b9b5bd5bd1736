"""`clinicdesk init`: the first real installation."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli.frame import Asks, Call, lone, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.sites.service import Install
    from clinicdesk.kit.settings import Settings

app = lone()


@verb(
    app,
    "init",
    _(
        "Primera instalación: base de datos, administrador y centro.\n\n"
        "Lo que no se dice en opciones se pregunta. La clave se escribe dos veces o viene de "
        "CLINICDESK_PASSWORD_FILE. En un servidor: CLINICDESK_DATABASE_URL y CLINICDESK_OWNER_URL."
    ),
    cls=Asks,
)
def init(
    ctx: typer.Context,
    clinic_code: Annotated[
        str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Código del centro, hasta 12: A-Z, 0-9, guion."))
    ] = None,
    clinic_name: Annotated[
        str | None, typer.Option(metavar=_("NOMBRE"), help=_("Nombre del centro."))
    ] = None,
    country: Annotated[
        str | None, typer.Option(metavar=_("PAÍS"), help=_("País, dos letras: AR, BO, CO…"))
    ] = None,
    zone: Annotated[
        str | None, typer.Option(metavar=_("ZONA"), help=_("Zona horaria; la del país si no se dice."))
    ] = None,
    admin: Annotated[
        str | None, typer.Option(metavar=_("USUARIO"), help=_("Usuario de quien administra."))
    ] = None,
    given: Annotated[str | None, typer.Option(metavar=_("NOMBRES"), help=_("Sus nombres."))] = None,
    family: Annotated[str | None, typer.Option(metavar=_("APELLIDOS"), help=_("Sus apellidos."))] = None,
) -> None:
    """Make database, first clinic and first administrator."""
    call = the_call(ctx)
    said = {
        "clinic_code": clinic_code,
        "clinic_name": clinic_name,
        "country": country,
        "admin": admin,
        "given": given,
        "family": family,
    }
    where = _where(call)
    missing = [name for name, value in said.items() if value is None]
    if missing and not sys.stdin.isatty():
        options = ", ".join("--" + name.replace("_", "-") for name in missing)
        raise Misused(text=_("Faltan opciones: {options}.").format(options=options))
    _begin(call, where, said, zone)


def _where(call: Call) -> Settings:
    """The owner's URL alone names a server too: better there than in a cluster nobody meant."""
    where = call.settings
    if where.embedded and where.owner_url is not None:
        return replace(where, database_url=where.owner_url)
    return where


def _begin(call: Call, where: Settings, said: dict[str, str | None], zone: str | None) -> None:
    from clinicdesk import bootstrap
    from clinicdesk.clinic.sites import service
    from clinicdesk.clinic.turns import retime
    from clinicdesk.kit import migrate, server

    if not where.embedded and where.owner_url is not None and server.make_database(where.owner_url):
        call.say(_("Base de datos creada."))
    call.say(_("Preparando la base de datos…"))
    owner = bootstrap.owner_engine(where)
    try:
        with server.as_owner(owner) as connection:
            service.demand_empty(connection)
        order = _order(call, where, said, zone)
        migrate.upgrade(owner)
        desk = bootstrap.owner_desk(owner)
        answer = desk.do(service.install, order)
        retime.follow_rules(desk)
    finally:
        owner.dispose()
    _look_at_the_door(call, where)
    home = str(where.home) if where.embedded else None
    data = {"user": answer.username, "clinic": answer.clinic, "home": home}
    call.answer(
        data,
        _("Instalación lista. Centro: {clinic}. Administra: {user}.").format(
            clinic=answer.clinic, user=answer.username
        ),
        _("Seguir con: clinicdesk login {user}; clinicdesk user add; clinicdesk").format(
            user=answer.username
        ),
    )


def _look_at_the_door(call: Call, where: Settings) -> None:
    """What a server needs beyond the database, said while its owner is at the keyboard."""
    if where.database_url is None:
        return
    from clinicdesk.clinic.access import health

    if health.lets_anybody_in(where.database_url):
        call.say(_("Atención: el servidor deja entrar sin clave. Quitar «trust» de su pg_hba.conf."))
    if call.settings.database_url is None:
        call.say(_("Falta fijar CLINICDESK_DATABASE_URL para quienes trabajan en esta base."))


def _order(call: Call, where: Settings, said: dict[str, str | None], zone: str | None) -> Install:
    """What was said in options, the rest asked for; everything is checked before the database is touched."""
    from clinicdesk.cli.new_password import asked, given_password
    from clinicdesk.clinic.access import rules
    from clinicdesk.clinic.countries import PACKS, pack
    from clinicdesk.clinic.sites.rules import checked_zone
    from clinicdesk.clinic.sites.service import Install, NewClinic

    code = said["clinic_code"] or asked(_("Código del centro"), "CENTRO")
    name = said["clinic_name"] or asked(_("Nombre del centro"))
    country = (said["country"] or asked(_("País ({codes})").format(codes=" ".join(PACKS)), "AR")).upper()
    usual = pack(country).zone
    asks = said["country"] is None and zone is None
    zone = checked_zone(zone or (asked(_("Zona horaria"), usual) if asks else usual))
    username = rules.checked_username(said["admin"] or asked(_("Usuario de quien administra"), "admin"))
    given = said["given"] if said["given"] is not None else asked(_("Sus nombres"))
    family = said["family"] or asked(_("Sus apellidos"))
    around = (username, given, family, name, code)
    password = given_password(username, where.password_file, around)
    clinic = NewClinic(code=code.upper(), name=name, country=country, zone=zone)
    return Install(clinic=clinic, username=username, given=given, family=family, password=password)
