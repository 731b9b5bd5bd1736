"""`clinicdesk specialty`: what the network's doctors practise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.site_parts import the_row, told
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.sites.editing import SiteAnswer
    from clinicdesk.clinic.sites.queries import SpecialtyRow

app = noun(_("Especialidades de la red."))
Code = Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Código de la especialidad."))]


def _rows(call: Call) -> tuple[SpecialtyRow, ...]:
    from clinicdesk.clinic.sites import queries

    return call.desk.see(queries.list_specialties, queries.SitesQuery())


@verb(app, "list", _("Las especialidades, por código."))
def list_specialties(ctx: typer.Context) -> None:
    """List specialties."""
    call = the_call(ctx)
    columns = {_("Código"): "code", _("Nombre"): "name"}
    call.rows((told(row, "code", "name", "version") for row in _rows(call)), columns)


@verb(app, "show", _("Una especialidad y sus prácticas."))
def show_specialty(ctx: typer.Context, code: Code) -> None:
    """Show a specialty with its procedures."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    row = the_row(_rows(call), "specialties", code, code=code)
    done = call.desk.see(queries.list_procedures, queries.SitesQuery())
    mine = [each for each in done if each.specialty == row.code]
    data = told(row, "code", "name", "version") | {"procedures": [each.code for each in mine]}
    call.answer(data, f"{row.code}: {row.name}", *(f"{each.code}: {each.name}" for each in mine))


@verb(app, "add", _("Agregar una especialidad."), cls=Writes)
def add_specialty(
    ctx: typer.Context,
    code: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Hasta 12 letras."))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))],
) -> None:
    """Add a specialty."""
    from clinicdesk.clinic.sites import catalogue

    call = the_call(ctx)
    order = catalogue.AddSpecialty(**call.keyed, code=code.upper(), name=name)
    _tell(call, call.desk.do(catalogue.add_specialty, order), _("Especialidad {code} agregada."))


@verb(app, "edit", _("Corregir una especialidad. Lo que no se da queda como está."), cls=Writes)
def edit_specialty(
    ctx: typer.Context,
    code: Code,
    new_code: Annotated[
        str | None, typer.Option("--code", metavar=_("CÓDIGO"), help=_("Otro código."))
    ] = None,
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))] = None,
) -> None:
    """Edit a specialty."""
    from clinicdesk.clinic.sites import catalogue

    call = the_call(ctx)
    row = the_row(_rows(call), "specialties", code, code=code)
    order = catalogue.EditSpecialty(
        **call.keyed,
        specialty_id=row.id,
        version=row.version,
        code=(new_code or row.code).upper(),
        name=name or row.name,
    )
    _tell(call, call.desk.do(catalogue.edit_specialty, order), _("Especialidad {code} corregida."))


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"code": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
