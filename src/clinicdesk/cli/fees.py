"""`clinicdesk fees`: the fee schedules, their codes, units and prices by day. They come by `import fees`."""

from __future__ import annotations

from typing import Annotated

import typer

from clinicdesk.cli.frame import noun, the_call, verb
from clinicdesk.cli.given import day_of
from clinicdesk.cli.site_parts import told
from clinicdesk.kit.words import _

app = noun(_("Nomencladores. Se traen con: import fees."))
_NAMES = ("schedule", "code", "name", "units", "price", "valid_from", "valid_to")


@verb(app, "list", _("Los nomencladores, con cuántos códigos rigen hoy."))
def list_fees(ctx: typer.Context) -> None:
    """List fee schedules."""
    from clinicdesk.clinic.sites import fees, queries

    call = the_call(ctx)
    rows = call.desk.see(fees.list_schedules, queries.SitesQuery())
    columns = {_("Código"): "code", _("Nombre"): "name", _("Códigos"): "codes", _("Desde"): "since"}
    call.rows((told(row, "code", "name", "codes", "since") for row in rows), columns)


@verb(app, "show", _("Los códigos de un nomenclador, con unidades y precio."))
def show_fees(
    ctx: typer.Context,
    schedule: Annotated[str, typer.Argument(metavar=_("NOMENCLADOR"), help=_("Su código."))],
    code: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Los que empiezan así."))] = "",
    day: Annotated[
        str | None, typer.Option("--date", metavar=_("FECHA"), help=_("Los que rigen ese día; hoy si no."))
    ] = None,
    history: Annotated[bool, typer.Option("--history", help=_("También los que rigieron antes."))] = False,
) -> None:
    """Show the items of a fee schedule."""
    from clinicdesk.clinic.sites import fees

    call = the_call(ctx)
    query = fees.FeesQuery(schedule.upper(), code.strip(), day_of(day), history)
    columns = {
        _("Código"): "code",
        _("Unidades"): "units",
        _("Precio"): "price",
        _("Desde"): "valid_from",
        _("Hasta"): "valid_to",
        _("Nombre"): "name",
    }
    call.rows((told(row, *_NAMES) for row in call.desk.see(fees.show_fees, query)), columns)
