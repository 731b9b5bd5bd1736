"""`clinicdesk template`: what a doctor's note begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

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
Mine = Annotated[
    bool, typer.Option("--mine", help=_("Suya: nadie más la ve. La guarda quien escribe notas."))
]
Here = Annotated[
    bool | None, typer.Option("--here/--everywhere", help=_("Solo de este centro, o de toda la red."))
]
_NAMES: Final = ("name", "specialty", "first", "active", "own", "clinic", "favourite", "body", "version")


def _rows(call: Call) -> tuple[TemplateRow, ...]:
    from clinicdesk.clinic.records import templates

    return call.desk.see(templates.list_templates, templates.TemplatesQuery())


def _named(call: Call, name: str) -> TemplateRow:
    """One's own by that name, else the network's. Raises SiteRowNotFound."""
    rows = sorted(_rows(call), key=lambda row: not row.own)
    return the_row(rows, "note_templates", name, name=name)


def _specialty_name(call: Call, code: str | None) -> str:
    """How a specialty is called. Raises SiteRowNotFound."""
    from clinicdesk.clinic.sites import queries

    if code is None:
        return ""
    every = call.desk.see(queries.list_specialties, queries.SitesQuery())
    return the_row(every, "specialties", code, code=code).name


@verb(app, "list", _("Las plantillas de la red y las propias, por nombre. SOAP y Libre están siempre."))
def list_templates(
    ctx: typer.Context,
    mine: Annotated[
        bool, typer.Option("--mine", help=_("Las que se le ofrecen, en su orden: la primera aparece sola."))
    ] = False,
    specialty: Annotated[
        str | None, typer.Option(metavar=_("ESPECIALIDAD"), help=_("Con --mine, para una nota de ella."))
    ] = None,
) -> None:
    """List templates."""
    from clinicdesk.clinic.records import templates

    call = the_call(ctx)
    asked = templates.MyTemplatesQuery(_specialty_name(call, specialty))
    found = call.desk.see(templates.my_templates, asked) if mine else _rows(call)
    rows = [told(row, *_NAMES) for row in found]
    if not call.json:
        yes = {True: _("sí"), False: _("no")}
        rows = [
            row | {name: yes[row[name]] for name in ("first", "active", "own", "favourite")} for row in rows
        ]
    columns = {
        _("Nombre"): "name",
        _("Especialidad"): "specialty",
        _("Centro"): "clinic",
        _("Propia"): "own",
        _("Favorita"): "favourite",
        _("Aparece sola"): "first",
        _("Se ofrece"): "active",
    }
    call.rows(rows, columns)


@verb(app, "show", _("Una plantilla, con su texto."))
def show_template(ctx: typer.Context, name: Name) -> None:
    """Show a template."""
    call = the_call(ctx)
    row = _named(call, name)
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
    here: Here = None,
    mine: Mine = False,
) -> None:
    """Add a template."""
    from clinicdesk.clinic.records import own_templates, templates

    call = the_call(ctx)
    said: dict[str, Any] = {**call.keyed, "name": name, "specialty": given(specialty, None)}
    if mine:
        if first is not None or here is not None:
            raise typer.BadParameter(_("Una plantilla propia no lleva --first ni --here."))
        own = own_templates.AddOwn(**said, body=text_of(body))
        _tell(call, call.desk.do(own_templates.add_own, own), _("Plantilla {code} guardada, solo suya."))
        return
    order = templates.AddTemplate(**said, body=text_of(body), first=bool(first), here=here)
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
    here: Here = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help=_("Si se ofrece todavía."))
    ] = None,
) -> None:
    """Edit a template."""
    call = the_call(ctx)
    row = _named(call, name)
    now = replace(
        row,
        name=new_name or row.name,
        body=row.body if body is None else text_of(body),
        specialty=given(specialty, row.specialty),
        first=row.first if first is None else first,
        active=row.active if active is None else active,
    )
    _tell(call, _edited(call, now, here), _("Plantilla {code} corregida."))


def _edited(call: Call, row: TemplateRow, here: bool | None = None) -> SiteAnswer:
    """A template as it is from now on: one's own, or with the right to the network's."""
    from clinicdesk.clinic.records import own_templates, templates

    said: dict[str, Any] = {**call.keyed, **told(row, "name", "body", "specialty", "active", "version")}
    said["template_id"] = row.id or 0
    if row.own:
        return call.desk.do(own_templates.edit_own, own_templates.EditOwn(**said))
    order = templates.EditTemplate(**said, first=row.first, here=here)
    return call.desk.do(templates.edit_template, order)


@verb(app, "retire", _("Dejar de ofrecer una plantilla. Las notas escritas con ella no cambian."), cls=Writes)
def retire_template(ctx: typer.Context, name: Name) -> None:
    """Retire a template."""
    call = the_call(ctx)
    row = replace(_named(call, name), active=False)
    _tell(call, _edited(call, row), _("Plantilla {code} retirada."))


@verb(app, "share", _("Dar a la red, o a un centro, una copia de una plantilla propia."), cls=Writes)
def share_template(ctx: typer.Context, name: Name, first: First = None, here: Here = None) -> None:
    """Share a template."""
    from clinicdesk.clinic.records import templates

    call = the_call(ctx)
    row = the_row(_rows(call), "note_templates", name, name=name, own=True)
    said: dict[str, Any] = {**call.keyed, **told(row, "name", "body", "specialty")}
    order = templates.AddTemplate(**said, first=bool(first), here=here)
    _tell(call, call.desk.do(templates.add_template, order), _("Plantilla {code} compartida."))


@verb(app, "favourite", _("Tener a mano una plantilla, o dejar de tenerla."), cls=Writes)
def keep_template(
    ctx: typer.Context,
    name: Name,
    off: Annotated[bool, typer.Option("--off", help=_("Que deje de ser favorita."))] = False,
) -> None:
    """Keep a template at hand."""
    from clinicdesk.clinic.records import own_templates

    call = the_call(ctx)
    order = own_templates.KeepTemplate(**call.keyed, template=_offered(call, name).key, keep=not off)
    answer = call.desk.do(own_templates.keep_template, order)
    said = _("{name} queda entre sus favoritas.") if answer.kept else _("{name} ya no es favorita.")
    call.answer({"name": name, "favourite": answer.kept}, said.format(name=name))


@verb(app, "pick", _("Empezar con una plantilla las notas de una especialidad."), cls=Writes)
def pick_template(
    ctx: typer.Context,
    name: Name,
    specialty: Annotated[
        str | None, typer.Option(metavar=_("ESPECIALIDAD"), help=_("Código; sin ella, lo que no tiene."))
    ] = None,
) -> None:
    """Begin notes with a template."""
    from clinicdesk.clinic.records import own_templates

    call = the_call(ctx)
    about = _specialty_name(call, specialty)
    order = own_templates.PickTemplate(**call.keyed, template=_offered(call, name).key, specialty=about)
    call.desk.do(own_templates.pick_template, order)
    data = {"name": name, "specialty": specialty}
    call.answer(data, _("Las notas empiezan con {name}.").format(name=name))


def _offered(call: Call, name: str) -> TemplateRow:
    """One that the person may begin a note with. Raises SiteRowNotFound."""
    from clinicdesk.clinic.records import templates

    rows = call.desk.see(templates.my_templates, templates.MyTemplatesQuery())
    return the_row(sorted(rows, key=lambda row: not row.own), "note_templates", name, name=name)


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"name": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
