"""`clinicdesk template`: what a doctor's note begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.given import text_of
from clinicdesk.cli.site_parts import given, the_row, told
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.records.templates import TemplateRow
    from clinicdesk.clinic.sites.editing import SiteAnswer

app = noun(_("Plantillas de nota de la red."))
Name = Annotated[str, typer.Argument(metavar=_("NOMBRE"), help=_("Nombre de la plantilla."))]
Body = Annotated[
    str | None,
    typer.Option(metavar=_("TEXTO|-"), help=_("El texto, o - para leerlo; «Motivo:» es un encabezado.")),
]
Specialty = Annotated[
    str | None, typer.Option(metavar=_("ESPECIALIDAD"), help=_("Código de la especialidad; - es para todas."))
]
First = Annotated[
    bool | None,
    typer.Option("--first/--not-first", help=_("Si aparece sola a quien atiende esa especialidad.")),
]
_NAMES: Final = ("name", "specialty", "first", "active", "body", "version")


def _rows(call: Call) -> tuple[TemplateRow, ...]:
    from clinicdesk.clinic.records import templates

    return call.desk.see(templates.list_templates, templates.TemplatesQuery())


@verb(app, "list", _("Las plantillas de la red, por nombre. SOAP y Libre están siempre."))
def list_templates(ctx: typer.Context) -> None:
    """List templates."""
    call = the_call(ctx)
    rows = [told(row, *_NAMES) for row in _rows(call)]
    if not call.json:
        yes = {True: _("sí"), False: _("no")}
        rows = [row | {"first": yes[row["first"]], "active": yes[row["active"]]} for row in rows]
    columns = {
        _("Nombre"): "name",
        _("Especialidad"): "specialty",
        _("Aparece sola"): "first",
        _("Se ofrece"): "active",
    }
    call.rows(rows, columns)


@verb(app, "show", _("Una plantilla, con su texto."))
def show_template(ctx: typer.Context, name: Name) -> None:
    """Show a template."""
    call = the_call(ctx)
    row = the_row(_rows(call), "note_templates", name, name=name)
    call.answer(told(row, *_NAMES), row.body)


@verb(app, "add", _("Agregar una plantilla."), cls=Writes)
def add_template(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Hasta 40 letras."))],
    body: Annotated[
        str, typer.Option(metavar=_("TEXTO|-"), help=_("El texto, o - para leerlo de la entrada."))
    ],
    specialty: Specialty = None,
    first: First = None,
) -> None:
    """Add a template."""
    from clinicdesk.clinic.records import templates

    call = the_call(ctx)
    order = templates.AddTemplate(
        **call.keyed,
        name=name,
        body=text_of(body),
        specialty=given(specialty, None),
        first=bool(first),
    )
    _tell(call, call.desk.do(templates.add_template, order), _("Plantilla {code} agregada."))


@verb(app, "edit", _("Corregir una plantilla. Lo que no se da queda como está."), cls=Writes)
def edit_template(
    ctx: typer.Context,
    name: Name,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar=_("NOMBRE"), help=_("Otro nombre."))
    ] = None,
    body: Body = None,
    specialty: Specialty = None,
    first: First = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help=_("Si se ofrece todavía."))
    ] = None,
) -> None:
    """Edit a template."""
    from clinicdesk.clinic.records import templates

    call = the_call(ctx)
    row = the_row(_rows(call), "note_templates", name, name=name)
    order = templates.EditTemplate(
        **call.keyed,
        template_id=row.id or 0,
        version=row.version,
        name=new_name or row.name,
        body=row.body if body is None else text_of(body),
        specialty=given(specialty, row.specialty),
        first=row.first if first is None else first,
        active=row.active if active is None else active,
    )
    _tell(call, call.desk.do(templates.edit_template, order), _("Plantilla {code} corregida."))


@verb(app, "retire", _("Dejar de ofrecer una plantilla. Las notas escritas con ella no cambian."), cls=Writes)
def retire_template(ctx: typer.Context, name: Name) -> None:
    """Retire a template."""
    from clinicdesk.clinic.records import templates

    call = the_call(ctx)
    row = the_row(_rows(call), "note_templates", name, name=name)
    order = templates.EditTemplate(
        **call.keyed,
        template_id=row.id or 0,
        version=row.version,
        name=row.name,
        body=row.body,
        specialty=row.specialty,
        first=row.first,
        active=False,
    )
    _tell(call, call.desk.do(templates.edit_template, order), _("Plantilla {code} retirada."))


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"name": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
