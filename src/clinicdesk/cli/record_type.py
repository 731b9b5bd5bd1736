"""`clinicdesk record-type`: what an entry of the history may be, and what its attributes look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.site_parts import the_row, told
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.records.types import TypeRow
    from clinicdesk.clinic.sites.editing import SiteAnswer

app = noun(_("Tipos de registro de la historia y el esquema de sus datos."))
Code = Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Código del tipo."))]
Schema = Annotated[
    str | None,
    typer.Option(metavar=_("ARCHIVO|-"), help=_("JSON Schema 2020-12 de los datos.")),
]
_EDIT: Final = _(
    "Corregir un tipo. Lo que no se da queda como está.\n\n"
    "Un esquema nuevo vale para lo que se cargue desde ahora; lo cargado conserva el suyo. "
    "--schema '' lo quita."
)


def _rows(call: Call) -> tuple[TypeRow, ...]:
    from clinicdesk.clinic.records import types

    return call.desk.see(types.list_types, types.TypesQuery())


def _row(call: Call, code: str) -> TypeRow:
    return the_row(_rows(call), "record_types", code, code=code.strip().lower())


@verb(app, "list", _("Los tipos, los que se usan primero."))
def list_types(ctx: typer.Context) -> None:
    """List types."""
    call = the_call(ctx)
    columns = {
        _("Código"): "code",
        _("Nombre"): "name",
        _("Esquema"): "schema_shown",
        _("En uso"): "active_shown",
    }
    call.rows((_told(row, shown=not call.json) for row in _rows(call)), columns)


def _told(row: TypeRow, *, shown: bool) -> dict[str, Any]:
    data = told(row, "code", "name", "schema_version", "active", "version")
    if not shown:
        return data
    schema = f"v{row.schema_version}" if row.schema_version else ""
    return data | {"schema_shown": schema, "active_shown": _("sí") if row.active else _("no")}


@verb(app, "show", _("Un tipo y su esquema."))
def show_type(ctx: typer.Context, code: Code) -> None:
    """Show a type."""
    import json

    call = the_call(ctx)
    row = _row(call, code)
    data = _told(row, shown=False) | {"schema": row.schema}
    state = "" if row.active else _(" (no se usa)")
    schema = json.dumps(row.schema, ensure_ascii=False, indent=2) if row.schema else _("Sin esquema.")
    call.answer(data, f"{row.code}: {row.name}{state}", schema)


@verb(app, "add", _("Agregar un tipo de registro."), cls=Writes)
def add_type(
    ctx: typer.Context,
    code: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Letras minúsculas, cifras o _."))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))],
    schema: Schema = None,
) -> None:
    """Add a type."""
    from clinicdesk.cli.attributes import json_of
    from clinicdesk.clinic.records import types

    call = the_call(ctx)
    given = None if schema is None else json_of(schema)
    order = types.AddType(**call.keyed, code=code.strip(), name=name, schema=given)
    _tell(call, call.desk.do(types.add_type, order), _("Tipo {code} agregado."))


@verb(app, "edit", _EDIT, cls=Writes)
def edit_type(
    ctx: typer.Context,
    code: Code,
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))] = None,
    schema: Schema = None,
    active: Annotated[bool, typer.Option("--active", help=_("Usarlo otra vez."))] = False,
) -> None:
    """Edit a type."""
    from clinicdesk.cli.attributes import json_of

    call = the_call(ctx)
    said: dict[str, Any] = {} if schema is None else {"schema_said": True}
    if schema:
        said["schema"] = json_of(schema)
    row = _row(call, code)
    _edit(call, row, _("Tipo {code} corregido."), name=name or row.name, active=active or row.active, **said)


@verb(app, "retire", _("No usar más un tipo. Lo cargado queda."), cls=Writes)
def retire_type(ctx: typer.Context, code: Code) -> None:
    """Retire a type."""
    call = the_call(ctx)
    row = _row(call, code)
    _edit(call, row, _("El tipo {code} no se usa más."), name=row.name, active=False)


def _edit(call: Call, row: TypeRow, said: str, **values: Any) -> None:
    from clinicdesk.clinic.records import types

    order = types.EditType(**call.keyed, type_id=row.id, version=row.version, code=row.code, **values)
    _tell(call, call.desk.do(types.edit_type, order), said)


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"code": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
