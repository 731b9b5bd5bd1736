"""`clinicdesk import`: rows of other systems, all that can be taken and a reason for each that cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli.frame import Call, Writes, lone, the_call, verb
from clinicdesk.kit import plugins
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.importers import Importer, ImportResult

app = lone()
_IMPORTERS: Final = "clinicdesk.importers"
_MOST_SHOWN: Final = 20
_BAR: Final = 30
_WIDTH: Final = 78
_BLOCK: Final = 1 << 20
_KINDS: Final = ", ".join(plugins.names(_IMPORTERS))
_HELP: Final = _(
    "Traer datos de otros sistemas: {kinds}.\n\n"
    "Imprime las cuentas en JSON. Lo que no se acepta queda en --rejects con línea, columna, valor y motivo "
    "(salida 8). Repetir una importación terminada no cambia nada."
).format(kinds=_KINDS)


@verb(app, "import", _HELP, cls=Writes)
def import_rows(
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=_("Qué se trae: {kinds}.").format(kinds=_KINDS))
    ],
    path: Annotated[Path, typer.Argument(metavar=_("ARCHIVO"), help=_("El archivo, o la carpeta."))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Contar sin guardar nada."))] = False,
    rejects: Annotated[
        Path | None, typer.Option(metavar=_("ARCHIVO"), help=_("Dónde escribir lo que no se aceptó (CSV)."))
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help=_("Seguir tras un corte: es lo mismo que repetir la orden."))
    ] = False,
    schedule: Annotated[
        str | None, typer.Option(metavar=_("CÓDIGO"), help=_("fees: código del nomenclador."))
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar=_("FECHA"), help=_("fees: desde qué día rige."))
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar=_("NOMBRE"), help=_("fees: nombre del nomenclador, si es nuevo."))
    ] = None,
    digits: Annotated[
        str | None,
        typer.Option(metavar="N", help=_("fees: cifras de los códigos; las más comunes si no; 0: tal cual.")),
    ] = None,
    country: Annotated[
        str | None, typer.Option(metavar=_("PAÍS"), help=_("holidays: de qué país; el del centro si no."))
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option("--map", metavar=_("ARCHIVO"), help=_("patients: qué es cada columna (TOML o CSV).")),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar=_("NOMBRE"), help=_("patients: utf-8, cp1252, latin-1…; se detecta si no.")),
    ] = None,
    separator: Annotated[
        str | None, typer.Option(metavar=_("SIGNO"), help=_("patients: , ; tab o |; se detecta si no."))
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(metavar=_("FORMATO"), help=_("patients: dd/mm/yyyy si no; mm/dd/yyyy, dd/mm/yy…")),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar=_("NOMBRE"), help=_("patients: de qué sistema son los números propios.")),
    ] = None,
    edition: Annotated[
        str | None,
        typer.Option(metavar=_("NOMBRE"), help=_("cie10: qué edición es; el nombre del archivo si no.")),
    ] = None,
) -> None:
    """Import a file or folder; `resume` says what a second run does anyway."""
    from clinicdesk.importers import Importer as Kind

    call = the_call(ctx)
    importer = plugins.load(_IMPORTERS, kind, Kind, "IMPORTER")
    _demand(call, importer)
    said = {"schedule": schedule, "from": since, "name": name, "digits": digits, "country": country}
    said |= {"map": mapping, "encoding": encoding, "separator": separator, "dates": dates, "source": source}
    said |= {"edition": edition}
    options = _options(importer, {name: text for name, text in said.items() if text is not None})
    with _progress(path) as told:
        result = importer.run(
            call.desk, path, dry_run=dry_run, rejects=rejects, key=call.key, progress=told, **options
        )
    call.object(_counts(result))
    _tell(call, result, rejects)
    raise typer.Exit(int(result.exit))


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, told which line is read; nothing at all anywhere else."""
    lines = _lines_of(path) if sys.stderr.isatty() else 0
    if not lines:
        yield lambda _line: None
        return

    def told(line: int) -> None:
        done = min(line / lines, 1.0)
        bar = "#" * round(_BAR * done)
        said = _("línea {line} de {lines}").format(line=f"{line:,}", lines=f"{lines:,}").replace(",", ".")
        sys.stderr.write(f"\r[{bar:<{_BAR}}] {done:4.0%} {said} ")
        sys.stderr.flush()

    try:
        yield told
    finally:
        sys.stderr.write("\r" + " " * _WIDTH + "\r")
        sys.stderr.flush()


def _lines_of(path: Path) -> int:
    """How many lines a file has; none where it cannot be read, which the import says itself."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
    except OSError:
        return 0


def _demand(call: Call, importer: Importer) -> None:
    """Refuse before any file is read: whether a path exists is nobody else's business. Raises NotAllowed."""
    from clinicdesk.clinic.desk import NotAllowed

    if not call.session().actor.may(importer.permission):
        raise NotAllowed(what=f"import {importer.name}", permission=importer.permission.value)


def _options(importer: Importer, given: dict[str, str]) -> dict[str, str]:
    """The options as given. Raises Misused for one that this kind has not, or lacks."""
    from clinicdesk.cli.outcome import Misused

    problems = [
        *(_("Falta --{name}.").format(name=name) for name in importer.needed if name not in given),
        *(
            _("--{name} no va con «{kind}».").format(name=name, kind=importer.name)
            for name in given
            if name not in (*importer.needed, *importer.optional)
        ),
    ]
    if problems:
        raise Misused(text=" ".join(problems))
    return given


def _counts(result: ImportResult) -> dict[str, Any]:
    names = ("read", "accepted", "updated", "unchanged", "rejected", "seconds", "dry_run", "files", "ignored")
    return {name: getattr(result, name) for name in names} | dict(result.extra)


def _tell(call: Call, result: ImportResult, rejects: Path | None) -> None:
    """The first rejects, for a person; all of them are in the file."""
    for note in result.notes:
        call.say(note)
    if result.ignored:
        call.say(_("No se leyeron: {files}.").format(files=", ".join(result.ignored)))
    for row in result.rejects[:_MOST_SHOWN]:
        call.say(f"{row.file}:{row.line}: {row.column} «{row.value[:60]}»: {row.reason}")
    if result.rejected:
        where = (
            _(" Todas en {file}.").format(file=rejects) if rejects else _(" Con --rejects van a un archivo.")
        )
        call.say(_("{count} filas no se aceptaron.").format(count=result.rejected) + where)
