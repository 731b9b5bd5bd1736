"""`clinicdesk login|logout|whoami|passwd`: who the commands that follow work as."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from clinicdesk.cli.frame import Call, lone, the_call, verb
from clinicdesk.cli.outcome import NoAnswer
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _

PasswordFile = Annotated[
    Path | None,
    typer.Option(metavar=_("ARCHIVO"), help=_("Archivo 0600 (o /dev/fd/N) con la clave nueva.")),
]
login = lone()
logout = lone()
whoami = lone()
passwd = lone()


@verb(
    login,
    "login",
    _(
        "Ingresar, para las órdenes que siguen.\n\n"
        "Dura 12 horas. En guiones: CLINICDESK_USER y CLINICDESK_PASSWORD_FILE. "
        "Con --code se pone una clave nueva con un código de administración."
    ),
)
def log_in(
    ctx: typer.Context,
    user: Annotated[str | None, typer.Argument(metavar=_("[USUARIO]"), help=_("Usuario."))] = None,
    code: Annotated[
        bool, typer.Option("--code", help=_("Poner una clave nueva con un código de un solo uso."))
    ] = False,
    code_file: Annotated[
        Path | None, typer.Option(metavar=_("ARCHIVO"), help=_("Archivo 0600 (o /dev/fd/N) con el código."))
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Keep a login for this OS account and this database."""
    from clinicdesk.cli.entrance import typed_password
    from clinicdesk.cli.new_password import asked

    call = the_call(ctx)
    where = call.settings
    username = (user or where.user or asked(_("Usuario"))).strip().lower()
    if code or code_file is not None:
        _keep(call, username, _redeemed(call, username, code_file, password_file), news=False)
    else:
        _keep(call, username, typed_password(call, username))


def _redeemed(call: Call, username: str, code_file: Path | None, password_file: Path | None) -> str:
    """The password that a code was used up for."""
    from clinicdesk import bootstrap
    from clinicdesk.cli.entrance import ask_password, one_line
    from clinicdesk.cli.kept_login import secret_text
    from clinicdesk.cli.new_password import given_password
    from clinicdesk.clinic.access import recovery

    url = bootstrap.database_url(call.settings)
    if code_file is None and not sys.stdin.isatty():
        raise NoAnswer
    typed = one_line(secret_text(code_file)) if code_file else ask_password(_("Código de un solo uso: "))
    opened = recovery.open_code(url, username, typed, bootstrap.host_name())
    password = given_password(username, password_file, opened.words)
    recovery.redeem(url, opened, password)
    call.say(_("Clave nueva puesta. El código ya no vale."))
    return password


def _keep(call: Call, username: str, password: str, *, news: bool = True) -> None:
    from clinicdesk import bootstrap
    from clinicdesk.cli import kept_login

    where = call.settings
    url, clinic = bootstrap.database_url(where), call.clinic or where.clinic
    entered = bootstrap.log_in(url, username, password, clinic=clinic, role=call.role)
    with closing(entered.of_a_person()) as session:
        actor = session.actor
        session.leave()
    kept = kept_login.keep(where, username, session.secret)
    if (last := session.entered.last_at) is not None:
        there = session.entered.last_host
        words = _("Último ingreso: {at}, {there}.")
        call.say(words.format(at=f"{last.astimezone():%d/%m/%Y %H:%M}", there=there))
    if actor.must_change_password:
        call.say(_("Su clave es provisoria. Cambiarla con: clinicdesk passwd"))
    if session.code_used_at is not None and news:
        at = session.code_used_at.astimezone()
        said = _("Un código cambió su clave el {at}. Si no fue usted, avisar a administración.")
        call.say(said.format(at=f"{at:%d/%m %H:%M}"))
    data = {"user": username, "name": actor.name, "until": kept.until, "code_used_at": session.code_used_at}
    until = kept.until.astimezone()
    call.answer(data, _("Ingresó {name}, hasta las {at}.").format(name=actor.name, at=f"{until:%H:%M}"))


@verb(logout, "logout", _("Salir: olvidar el ingreso guardado."))
def log_out(ctx: typer.Context) -> None:
    """End the charts that are open under the kept login, and forget it."""
    from clinicdesk.cli import kept_login

    call = the_call(ctx)
    try:
        _close_charts(call)
    except (
        Refusal
    ) as refusal:  # what cannot be ended at once ends by itself; the login is forgotten all the same
        call.say(f"{refusal} {_('Lo que estaba abierto se cierra solo en 15 minutos.')}")
    was = kept_login.forget(call.settings)
    call.answer({"logged_out": was}, _("Salió.") if was else _("No había nadie ingresado."))


def _close_charts(call: Call) -> None:
    """End every chart lease of whoever is kept; nobody's where nobody is. Raises Refusal."""
    from clinicdesk import bootstrap
    from clinicdesk.cli import kept_login
    from clinicdesk.kit import embedded

    where = call.settings
    kept = kept_login.kept(where)
    if kept is None or (where.embedded and not embedded.status(where.home).running):
        return
    url, host = bootstrap.database_url(where), bootstrap.host_name()
    with closing(bootstrap.session(url, kept.username, kept.secret, None, None, host)) as session:
        session.leave_charts()
        session.leave()


@verb(whoami, "whoami", _("Quién ingresó, en qué rol y centro."))
def who_am_i(ctx: typer.Context) -> None:
    """The person, the role taken and where; every other role held."""
    call = the_call(ctx)
    actor = call.session().actor
    data = {
        "user": actor.username,
        "name": actor.name,
        "role": actor.at.role.value,
        "clinic": actor.at.clinic_code,
        "clinic_name": actor.at.clinic_name,
        "roles": [{"role": held.role.value, "clinic": held.clinic_code} for held in actor.roles],
        "must_change_password": actor.must_change_password,
    }
    call.answer(
        data,
        actor.username,
        _("Nombre: {name}").format(name=actor.name),
        _("Rol: {role}").format(role=actor.at.role.value),
        _("Centro: {code}, {name}").format(code=actor.at.clinic_code, name=actor.at.clinic_name),
    )


@verb(passwd, "passwd", _("Cambiar la propia clave."))
def change_password(
    ctx: typer.Context,
    password_file: PasswordFile = None,
) -> None:
    """Ask for the old password, then twice for the new one."""
    from clinicdesk import bootstrap
    from clinicdesk.cli import kept_login
    from clinicdesk.cli.new_password import given_password
    from clinicdesk.clinic.access import service

    call = the_call(ctx)
    actor = call.session().actor
    proved = call.proved(service.ChangePassword(password=""))
    words = call.desk.see(service.own_words, service.WordsQuery())
    password = given_password(actor.username, password_file, words)
    call.desk.do(service.change_password, replace(proved, password=password))
    if (kept := kept_login.kept(call.settings)) and kept.username == actor.username:
        url = bootstrap.database_url(call.settings)
        with closing(bootstrap.log_in(url, actor.username, password, host=actor.host)) as session:
            kept_login.keep(call.settings, actor.username, session.secret)
    call.answer({"user": actor.username}, _("Clave cambiada."))
