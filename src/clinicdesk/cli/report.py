"""`clinicdesk report`: one table of numbers, for a terminal, a program or paper."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, lone, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit import plugins
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.kit.sheet import Table
    from clinicdesk.reports import ReportQuery

app = lone()
_REPORTS: Final = "clinicdesk.reports"


def _names() -> tuple[str, ...]:
    """As they are typed: `day-sheet` is the file day_sheet.py."""
    return tuple(name.replace("_", "-") for name in plugins.names(_REPORTS))


_FORMATS: Final = ("table", "csv", "json", "pdf")
_DAY: Final = _("AAAA-MM-DD")


@verb(app, "report", _("Un informe del centro: {names}.").format(names=", ".join(_names())))
def report(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("El informe: uno de esos."))],
    date: Annotated[
        str | None, typer.Option(metavar=_DAY, help=_("De un solo día; si no, hoy (day-sheet: mañana)."))
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar=_DAY, help=_("Desde qué día."))] = None,
    until: Annotated[str | None, typer.Option("--to", metavar=_DAY, help=_("Hasta qué día."))] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="table|csv|json|pdf", help=_("Formato; table si no."))
    ] = "table",
    out: Annotated[
        str | None, typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("Dónde; - es la salida."))
    ] = None,
) -> None:
    """Run a report and write it."""
    from clinicdesk.cli.history import stamp_of
    from clinicdesk.kit.sheet import write_atomically
    from clinicdesk.reports import Report

    call = the_call(ctx)
    wanted = "json" if call.json and form == "table" else form
    if wanted not in _FORMATS:
        raise Misused(
            text=_("No hay formato «{form}». Hay: {all}.").format(form=form, all=", ".join(_FORMATS))
        )
    if wanted == "pdf" and out is None and sys.stdout.isatty():
        raise Misused(text=_("Falta -o ARCHIVO: un PDF no se muestra en la terminal."))
    found = plugins.load(_REPORTS, name.replace("-", "_"), Report, "REPORT")
    table = call.desk.see(found.view, _query(date, since, until, wanted))

    def write(file: BinaryIO) -> int:
        if wanted == "pdf" and found.paper is not None:
            return file.write(found.paper(table, stamp_of(call)))
        return file.write(_written(call, table, wanted, to_terminal=out is None))

    write_atomically(out or given.DASH, write)
    if out not in {None, given.DASH}:
        call.say(_("Escrito en {file}.").format(file=out))


def _query(date: str | None, since: str | None, until: str | None, form: str) -> ReportQuery:
    """The days asked about. Raises InvalidInput with every bad date, Misused for --date with --from."""
    from clinicdesk.reports import ReportQuery

    if date is not None and (since or until):
        raise Misused(text=_("--date va sin --from ni --to."))
    days, problems = [], given.Problems()
    for text in (date or since, date or until):
        with problems.noted():
            days.append(given.day_of(text))
    problems.settle()
    since_day, until_day = days
    return ReportQuery(since_day, until_day, form)


def _written(call: Call, table: Table, form: str, *, to_terminal: bool) -> bytes:
    from clinicdesk.cli.history import stamp_of
    from clinicdesk.kit import sheet

    if form == "csv":
        return sheet.to_csv(table)
    if form == "json":
        return sheet.to_json(table)
    if form == "pdf":
        return sheet.to_pdf(table, stamp_of(call))
    if not (to_terminal and sys.stdout.isatty()):
        return sheet.to_terminal(table).encode()
    width = shutil.get_terminal_size().columns
    return sheet.to_terminal(table, width=width, color=call.color).encode()
