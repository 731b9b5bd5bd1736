"""`clinicdesk`, the program: no argument opens the desk, else a noun and a verb.

A command's file is imported when its name was typed. COMMANDS is the whole list.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final

from clinicdesk import __version__
from clinicdesk.cli.outcome import Misused, end_on_signals, outcome, own_stderr
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from typer.core import TyperGroup

PROGRAM: Final = "clinicdesk"
_COMPLETE: Final = "_CLINICDESK_COMPLETE"

# name → (file[:object], line of help). `object` is `app` where it is not named.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("demo", _("Una red de demostración, con su propia base de datos.")),
    "init": ("init", _("Primera instalación: base de datos, administrador y centro.")),
    "db": ("db", _("La base de datos: arrancar, estado, actualizar, copiar, restaurar.")),
    "login": ("login:login", _("Ingresar, para las órdenes que siguen.")),
    "logout": ("login:logout", _("Salir.")),
    "whoami": ("login:whoami", _("Quién ingresó, en qué rol y centro.")),
    "passwd": ("login:passwd", _("Cambiar la propia clave.")),
    "session": ("session", _("Las propias sesiones: ver, terminar.")),
    "user": ("user", _("Personas con acceso: agregar, listar, cerrar, clave nueva.")),
    "clinic": ("clinic:clinic", _("Centros de la red.")),
    "floor": ("floor", _("Pisos.")),
    "room": ("room", _("Consultorios: agregar, corregir, poner fuera de uso.")),
    "holiday": ("holiday", _("Feriados de un país o de un centro.")),
    "specialty": ("specialty", _("Especialidades.")),
    "procedure": ("procedure", _("Prácticas: duración, requisitos, consultorio.")),
    "agenda": ("agenda", _("Agendas: bloques, licencias, suspensiones.")),
    "fees": ("fees", _("Nomencladores: códigos, unidades, precios y desde cuándo rigen.")),
    "cie10": ("cie10", _("Códigos de diagnóstico: buscar, ver, tener a mano.")),
    "patient": ("patient", _("Pacientes: registrar, buscar, ver, corregir.")),
    "turn": ("turn", _("Turnos: lugares libres, dar, confirmar, llamar, finalizar.")),
    "waitlist": ("waitlist:waitlist", _("Lista de espera: anotar, ver, ofrecer, cerrar.")),
    "demand": ("waitlist:demand", _("Demanda insatisfecha: anotar y listar.")),
    "admission": ("admission", _("Admisión: llegadas, triaje, colas, números y constancias.")),
    "day": ("day", _("El día del centro: cerrarlo, abrirlo, lo que quedó sin terminar.")),
    "record": ("record", _("Registros de la historia: agregar, buscar, listar, ver.")),
    "record-type": ("record_type", _("Tipos de registro y el esquema de sus datos.")),
    "note": ("note", _("Notas: borrador, firma, adenda, verificación.")),
    "treatment": ("treatment", _("Tratamientos: los que siguen, suspender uno.")),
    "followup": ("followup", _("Controles sugeridos: los que esperan turno.")),
    "template": ("template", _("Plantillas de nota.")),
    "letter": ("letter", _("Certificados, interconsultas, pedidos: emitir, imprimir, anular.")),
    "history": ("history", _("Historia clínica: ver, entregar en PDF o JSON.")),
    "attachment": ("attachment", _("Adjuntos de la historia: agregar, listar, guardar, anular.")),
    "privacy": ("privacy", _("Avisos de historias abiertas sin relación: ver, revisar, límites.")),
    "import": ("imports", _("Traer datos de otros sistemas.")),
    "report": ("report", _("Informes.")),
    "audit": ("audit", _("Auditoría: actos, sellos y su verificación.")),
    "board": ("board", _("Los turnos del día, una vez o a medida que cambian.")),
    "display": ("display", _("Las pantallas de sala de espera: su clave.")),
    "completion": ("completion", _("Completar órdenes con Tab en bash, zsh o fish.")),
}


def run() -> None:
    """The console entry point: ends the process with the exit code of what was asked."""
    own_stderr()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name must not end a command on a Latin-1 terminal
    sys.exit(outcome(lambda: main(sys.argv[1:])))


def main(arguments: list[str]) -> int | None:
    """Carry out one command line; its exit code, None for done."""
    if arguments == ["--version"]:
        print(f"{PROGRAM} {__version__}")  # noqa: T201
        return None
    if not arguments and _COMPLETE not in os.environ:
        return _open_desk()
    _demand_text(arguments)
    end_on_signals()
    return _command(arguments)


def _demand_text(arguments: list[str]) -> None:
    """Bytes that are no UTF-8 could be stored by nobody. Raises InvalidInput."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise InvalidInput(_("El argumento {n} no es texto UTF-8.").format(n=number)) from None


def _open_desk() -> int | None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Misused(text=_("El escritorio necesita una terminal. Órdenes: clinicdesk --help"))
    from clinicdesk import bootstrap
    from clinicdesk.tui.app import run as open_desk

    return open_desk(bootstrap.settings())


def _command(arguments: list[str]) -> int | None:
    """Parse and run; the parser's own errors become refusals, whose stderr and exit code are `outcome`'s."""
    from typer.exceptions import Abort, Exit, TyperException

    from clinicdesk import bootstrap
    from clinicdesk.cli.frame import Call
    from clinicdesk.cli.root import Root
    from clinicdesk.cli.spanish import usage_error

    root = Root(COMMANDS)
    if _COMPLETE in os.environ:
        _complete(root)
        return None
    call = Call(bootstrap.settings(), color=bootstrap.wants_color())
    try:
        with root.make_context(PROGRAM, arguments, obj=call) as ctx:
            root.invoke(ctx)
    except Exit as left:
        return left.exit_code
    except Abort:
        raise EOFError from None
    except TyperException as error:
        raise usage_error(error) from None
    finally:
        call.close()
    return None


def _complete(root: TyperGroup) -> None:
    """Answer a shell that asks what could come next."""
    from typer.completion import completion_init  # type: ignore[attr-defined]

    completion_init()
    root.main(prog_name=PROGRAM, complete_var=_COMPLETE)
