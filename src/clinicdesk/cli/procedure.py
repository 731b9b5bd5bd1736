"""`clinicdesk procedure`: what can be booked, what the patient must bring, and what the room must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.site_parts import facts, given, the_row, told, words_given
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.sites.editing import SiteAnswer
    from clinicdesk.clinic.sites.queries import ProcedureRow

app = noun(_("Prácticas de la red."))
Code = Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Código de la práctica."))]
Specialty = Annotated[
    str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Código de su especialidad; - la quita."))
]
Requirements = Annotated[
    str | None,
    typer.Option(metavar=_("TEXTO"), help=_("Qué trae o cómo se prepara el paciente; - lo borra.")),
]
RoomKind = Annotated[
    str | None, typer.Option(metavar=_("CLASE"), help=_("Clase de consultorio que necesita; - cualquiera."))
]
Equipment = Annotated[
    str | None, typer.Option(metavar=_("PALABRAS"), help=_("Equipos que necesita, entre comas; - ninguno."))
]
_NAMES: Final = (
    *("code", "name", "minutes", "specialty", "requirements", "room_kind", "equipment", "active", "version"),
)
_TITLES: Final = {
    "minutes": _("Minutos"),
    "specialty": _("Especialidad"),
    "requirements": _("Requisitos"),
    "room_kind": _("Consultorio"),
    "equipment": _("Equipos"),
    "active": _("Se ofrece"),
}


def _rows(call: Call) -> tuple[ProcedureRow, ...]:
    from clinicdesk.clinic.sites import queries

    return call.desk.see(queries.list_procedures, queries.SitesQuery())


@verb(app, "list", _("Las prácticas, por código."))
def list_procedures(ctx: typer.Context) -> None:
    """List procedures."""
    call = the_call(ctx)
    columns = {
        _("Código"): "code",
        _("Nombre"): "name",
        _("Minutos"): "minutes",
        _("Especialidad"): "specialty",
    }
    call.rows((told(row, *_NAMES) for row in _rows(call)), columns)


@verb(app, "show", _("Una práctica: duración, requisitos, consultorio."))
def show_procedure(ctx: typer.Context, code: Code) -> None:
    """Show a procedure."""
    from clinicdesk.clinic.sites import fees

    call = the_call(ctx)
    row = the_row(_rows(call), "procedures", code, code=code)
    charged = call.desk.see(fees.fees_of, fees.ProcedureFeesQuery(row.id))
    data = told(row, *_NAMES) | {"fees": [f"{each.schedule}:{each.code}" for each in charged]}
    lines = [f"{each.schedule} {each.code}: {each.name}" for each in charged]
    call.answer(data, f"{data['code']}: {data['name']}", *facts(data, _TITLES), *lines)


@verb(app, "add", _("Agregar una práctica."), cls=Writes)
def add_procedure(
    ctx: typer.Context,
    code: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Hasta 20 letras."))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))],
    minutes: Annotated[int, typer.Option(metavar=_("MINUTOS"), help=_("Cuánto dura un turno."))],
    specialty: Specialty = None,
    requirements: Requirements = None,
    room_kind: RoomKind = None,
    equipment: Equipment = None,
) -> None:
    """Add a procedure."""
    from clinicdesk.clinic.sites import catalogue

    call = the_call(ctx)
    order = catalogue.AddProcedure(
        **call.keyed,
        code=code.upper(),
        name=name,
        minutes=minutes,
        specialty=given(specialty, None),
        requirements=given(requirements, None),
        room_kind=given(room_kind, None),
        equipment=words_given(equipment),
    )
    _tell(call, call.desk.do(catalogue.add_procedure, order), _("Práctica {code} agregada."))


@verb(app, "edit", _("Corregir una práctica. Lo que no se da queda como está; - borra."), cls=Writes)
def edit_procedure(
    ctx: typer.Context,
    code: Code,
    new_code: Annotated[
        str | None, typer.Option("--code", metavar=_("CÓDIGO"), help=_("Otro código."))
    ] = None,
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))] = None,
    minutes: Annotated[int | None, typer.Option(metavar=_("MINUTOS"), help=_("Cuánto dura."))] = None,
    specialty: Specialty = None,
    requirements: Requirements = None,
    room_kind: RoomKind = None,
    equipment: Equipment = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help=_("Si se ofrece todavía."))
    ] = None,
    fee: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_("NOMENCLADOR:CÓDIGO"), help=_("Con qué código se factura; «PAMI:-» lo quita.")
        ),
    ] = None,
) -> None:
    """Edit a procedure."""
    from clinicdesk.clinic.sites import catalogue, fees

    call = the_call(ctx)
    row = the_row(_rows(call), "procedures", code, code=code)
    order = catalogue.EditProcedure(
        **call.keyed,
        procedure_id=row.id,
        version=row.version,
        code=(new_code or row.code).upper(),
        name=name or row.name,
        minutes=row.minutes if minutes is None else minutes,
        specialty=given(specialty, row.specialty),
        requirements=given(requirements, row.requirements),
        room_kind=given(room_kind, row.room_kind),
        equipment=words_given(equipment, row.equipment),
        active=row.active if active is None else active,
        fees=tuple(fees.link_of(each) for each in fee or ()),
    )
    _tell(call, call.desk.do(catalogue.edit_procedure, order), _("Práctica {code} corregida."))


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"code": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
