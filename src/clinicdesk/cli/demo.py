"""`clinicdesk demo`: a made-up network in a database of its own, to try the program on."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clinicdesk.cli.frame import Asks, Call, lone, table, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.demo import Demo
    from clinicdesk.kit.settings import Settings

app = lone()
# Says that a home was made by `demo`: what `--remove` may take away.
_MARK: Final = ".clinicdesk-demo"


class NotForServers(Refusal):
    """A server is named: a demo lives in a cluster of its own."""

    says = _(
        "La demostración usa un servidor propio. "
        "Quitar CLINICDESK_DATABASE_URL y CLINICDESK_OWNER_URL para abrirla."
    )
    exit = Exit.CONFLICT


class NoDemoHere(Refusal):
    """The folder was not made by `demo`: nothing in it is touched."""

    says = _("En {home} no hay una demostración. No se toca nada.")
    exit = Exit.NOT_FOUND


@verb(
    app,
    "demo",
    _(
        "Abrir una red de demostración, con su propia base de datos.\n\n"
        "Sus usuarios y claves se listan al ingresar. La red se crea una vez y queda; "
        "los turnos de hoy se agregan cada día."
    ),
    cls=Asks,
)
def demo(
    ctx: typer.Context,
    clinics: Annotated[int | None, typer.Option(min=1, max=200, metavar="N", help=_("Centros (20)."))] = None,
    patients: Annotated[
        int | None, typer.Option(min=1, max=200_000, metavar="N", help=_("Pacientes (2000)."))
    ] = None,
    no_tui: Annotated[
        bool, typer.Option("--no-tui", help=_("No abrir el escritorio; el servidor queda en marcha."))
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help=_("Detener la demostración y borrar sus datos."))
    ] = False,
) -> None:
    """Make the network unless it stands, then open the desk on it."""
    from clinicdesk import bootstrap

    call = the_call(ctx)
    if not call.settings.embedded or call.settings.owner_url is not None:
        raise NotForServers
    where = bootstrap.demo_settings(call.settings)
    if remove:
        _remove(call, where)
        return
    if not no_tui and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Misused(text=_("El escritorio necesita una terminal. Sin ella: clinicdesk demo --no-tui"))
    made = _made(call, where, {"clinics": clinics, "patients": patients})
    if no_tui:
        _print(call, where, made)
    else:
        _open(call, where, made)


def _made(call: Call, where: Settings, asked: dict[str, int | None]) -> Demo:
    """The network, made and marked. Raises RealInstallation."""
    from clinicdesk import bootstrap
    from clinicdesk.demo import Size, prepare
    from clinicdesk.kit import migrate

    usual = Size()
    size = Size(asked["clinics"] or usual.clinics, asked["patients"] or usual.patients)
    call.say(_("Arrancando PostgreSQL…"))
    owner = bootstrap.owner_engine(where)
    try:
        migrate.upgrade(owner)
        made = prepare(owner, size, call.say)
    finally:
        owner.dispose()
    (where.home / _MARK).touch()
    if any(asked.values()) and made.size != size:
        said = _(
            "Ya hay una red de {clinics} centros y {patients} pacientes: se abre esa. Otra: --remove antes."
        )
        call.say(said.format(clinics=made.size.clinics, patients=made.size.patients))
    return made


def _print(call: Call, where: Settings, made: Demo) -> None:
    from clinicdesk import bootstrap

    users = [
        {"role": each.role, "user": each.user, "password": each.password, "clinic": each.clinic}
        for each in made.users
    ]
    if call.json:
        call.object({"database_url": bootstrap.database_url(where), "home": str(where.home), "users": users})
    else:
        heads = [_("Rol"), _("Usuario"), _("Clave"), _("Centro")]
        call.lines(*table(heads, [list(each.values()) for each in users]))
    _say_how_to_go_on(call, where)


def _open(call: Call, where: Settings, made: Demo) -> None:
    from clinicdesk.tui.app import run
    from clinicdesk.tui.roles import role_word

    first = made.users[0].clinic if made.users else ""
    shown = [(role_word(each.role), each.user, each.password) for each in made.users if each.clinic == first]
    code = run(where, demo_users=shown)
    _say_how_to_go_on(call, where)
    raise typer.Exit(code)


def _say_how_to_go_on(call: Call, where: Settings) -> None:
    """Commands that can be pasted, with the home where it is not the usual one."""
    program = _program()
    home = f"CLINICDESK_HOME={shlex.quote(str(where.home))} "
    named = "" if where.home != call.settings.home else home
    for told, command in (
        (_("Volver a la demostración"), f"{named}{program} demo"),
        (_("Detener su servidor"), f"{home}{program} db stop"),
        (_("Quitarla"), f"{named}{program} demo --remove"),
    ):
        call.say(f"{told}: {command}")


def _program() -> str:
    """How this program was started, as a shell would find it again."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if found and called.exists() and Path(found).samefile(called):
        return called.name
    return shlex.quote(str(called)) if called.name == "clinicdesk" else "clinicdesk"


def _remove(call: Call, where: Settings) -> None:
    from clinicdesk.kit import embedded

    mark = where.home / _MARK
    if not mark.exists():
        raise NoDemoHere(home=where.home)
    if not call.confirm(_("¿Borrar la demostración de {home}?").format(home=where.home)):
        return
    left = embedded.remove(where.home)
    mark.unlink(missing_ok=True)
    others = [str(path) for path in left if path != mark]
    if not others:
        _take_away(where.home)
    call.answer({"removed": str(where.home), "left": others}, _("Demostración quitada."))


def _take_away(home: Path) -> None:
    """The folder itself, unless only the system's owner can."""
    try:
        home.rmdir()
    except OSError:
        return
