"""`clinicdesk floor`: the floors of a clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.site_parts import Site, site_id, the_row, told
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.sites.editing import SiteAnswer
    from clinicdesk.clinic.sites.queries import FloorRow

app = noun(_("Pisos del centro."))
Number = Annotated[int, typer.Argument(metavar=_("NÚMERO"), help=_("0 es la planta baja; un sótano: -- -1"))]


def _rows(call: Call, clinic_id: int) -> tuple[FloorRow, ...]:
    from clinicdesk.clinic.sites import queries

    return call.desk.see(queries.list_floors, queries.SitesQuery(clinic_id))


@verb(app, "list", _("Los pisos, de abajo hacia arriba."))
def list_floors(ctx: typer.Context, site: Site = None) -> None:
    """List floors."""
    call = the_call(ctx)
    rows = _rows(call, site_id(call, site))
    columns = {_("Número"): "number", _("Nombre"): "name"}
    call.rows((told(row, "number", "name", "version") for row in rows), columns)


@verb(app, "show", _("Un piso y sus consultorios."))
def show_floor(ctx: typer.Context, number: Number, site: Site = None) -> None:
    """Show a floor with its rooms."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    clinic_id = site_id(call, site)
    row = the_row(_rows(call, clinic_id), "floors", number, number=number)
    rooms = call.desk.see(queries.list_rooms, queries.SitesQuery(clinic_id))
    codes = tuple(each.code for each in rooms if each.floor_id == row.id)
    data = told(row, "number", "name", "version") | {"rooms": codes}
    call.answer(data, f"{row.number}: {row.name}", *codes)


@verb(app, "add", _("Agregar un piso."), cls=Writes)
def add_floor(
    ctx: typer.Context,
    number: Annotated[int, typer.Option(metavar=_("NÚMERO"), help=_("0 es la planta baja."))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))],
    site: Site = None,
) -> None:
    """Add a floor."""
    from clinicdesk.clinic.sites import places

    call = the_call(ctx)
    order = places.AddFloor(**call.keyed, clinic_id=site_id(call, site), number=number, name=name)
    _tell(call, call.desk.do(places.add_floor, order), _("Piso {code} agregado."))


@verb(app, "edit", _("Corregir un piso. Lo que no se da queda como está."), cls=Writes)
def edit_floor(
    ctx: typer.Context,
    number: Number,
    new_number: Annotated[
        int | None, typer.Option("--number", metavar=_("NÚMERO"), help=_("Otro número."))
    ] = None,
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))] = None,
    site: Site = None,
) -> None:
    """Edit a floor."""
    from clinicdesk.clinic.sites import places

    call = the_call(ctx)
    clinic_id = site_id(call, site)
    row = the_row(_rows(call, clinic_id), "floors", number, number=number)
    order = places.EditFloor(
        **call.keyed,
        clinic_id=clinic_id,
        floor_id=row.id,
        version=row.version,
        number=row.number if new_number is None else new_number,
        name=name or row.name,
    )
    _tell(call, call.desk.do(places.edit_floor, order), _("Piso {code} corregido."))


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"number": int(answer.code), "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
