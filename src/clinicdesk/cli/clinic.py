"""`clinicdesk clinic|floor|room|procedure|agenda`: where care happens, and when it is offered."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.kit.words import _

clinic = noun(_("Centros de la red."))
floor = noun(_("Pisos del centro."))
room = noun(_("Consultorios del centro."))
procedure = noun(_("Prácticas de la red."))
agenda = noun(_("Agendas del centro: bloques de la semana."))
_WEEKDAYS: Final = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))


@verb(clinic, "list", _("Los centros, por código."))
def list_clinics(ctx: typer.Context) -> None:
    """List clinics."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    names = ("code", "name", "country", "zone", "city", "address", "shows_initials")
    rows = call.desk.see(queries.list_clinics, queries.SitesQuery())
    columns = {_("Código"): "code", _("Nombre"): "name", _("País"): "country", _("Zona"): "zone"}
    call.rows(({name: getattr(row, name) for name in names} for row in rows), columns)


@verb(clinic, "add", _("Agregar un centro."), cls=Writes)
def add_clinic(
    ctx: typer.Context,
    code: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Hasta 12: A-Z, 0-9, guion."))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))],
    country: Annotated[str, typer.Option(metavar=_("PAÍS"), help=_("Dos letras: AR, BO, CO…"))],
    zone: Annotated[
        str | None, typer.Option(metavar=_("ZONA"), help=_("Zona horaria; la del país si no."))
    ] = None,
    city: Annotated[str | None, typer.Option(metavar=_("LOCALIDAD"), help=_("Localidad."))] = None,
    address: Annotated[str | None, typer.Option(metavar=_("DOMICILIO"), help=_("Domicilio."))] = None,
) -> None:
    """Add a clinic."""
    from clinicdesk.clinic.countries import pack
    from clinicdesk.clinic.sites import service

    call = the_call(ctx)
    land = country.upper()
    order = service.NewClinic(
        **call.keyed,
        code=code.upper(),
        name=name,
        country=land,
        zone=zone or pack(land).zone,
        city=city,
        address=address,
    )
    answer = call.desk.do(service.add_clinic, order)
    data = {"code": answer.code, "name": name, "country": land, "zone": order.zone}
    call.answer(data, _("Centro {code} agregado.").format(code=answer.code))


def _here(call: Call) -> int:
    return call.session().actor.at.clinic_id


@verb(floor, "list", _("Los pisos, de abajo hacia arriba."))
def list_floors(ctx: typer.Context) -> None:
    """List floors."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    rows = call.desk.see(queries.list_floors, queries.SitesQuery(_here(call)))
    columns = {_("Número"): "number", _("Nombre"): "name"}
    call.rows(({"number": row.number, "name": row.name} for row in rows), columns)


@verb(room, "list", _("Los consultorios, por código."))
def list_rooms(ctx: typer.Context) -> None:
    """List rooms."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    rows = call.desk.see(queries.list_rooms, queries.SitesQuery(_here(call)))
    names = ("code", "kind", "state", "floor")
    columns = {_("Código"): "code", _("Clase"): "kind", _("Estado"): "state", _("Piso"): "floor"}
    call.rows(({name: getattr(row, name) for name in names} for row in rows), columns)


@verb(procedure, "list", _("Las prácticas, por código."))
def list_procedures(ctx: typer.Context) -> None:
    """List procedures."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    rows = call.desk.see(queries.list_procedures, queries.SitesQuery())
    names = ("code", "name", "minutes", "specialty")
    columns = {
        _("Código"): "code",
        _("Nombre"): "name",
        _("Minutos"): "minutes",
        _("Especialidad"): "specialty",
    }
    call.rows(({name: getattr(row, name) for name in names} for row in rows), columns)


@verb(agenda, "list", _("Los bloques de la semana, por profesional y día."))
def list_agendas(
    ctx: typer.Context,
    doctor: Annotated[
        str | None, typer.Option(metavar=_("USUARIO"), help=_("De un profesional, por su usuario."))
    ] = None,
) -> None:
    """List weekly blocks, in the clinic's wall time."""
    from clinicdesk.cli.shapes import doctor_id_of, people_of
    from clinicdesk.clinic.agendas import queries

    call = the_call(ctx)
    doctor_id = doctor_id_of(call, doctor) if doctor is not None else None
    found = call.desk.see(queries.list_blocks, queries.BlocksQuery(_here(call), doctor_id))
    people = people_of(call)
    rows = (
        {
            "doctor": people.username(row.block.doctor_id),
            "doctor_name": row.doctor,
            "weekday": row.block.weekday,
            "weekday_name": _WEEKDAYS[row.block.weekday - 1],
            "starts": f"{row.block.starts:%H:%M}",
            "ends": f"{row.block.ends:%H:%M}",
            "slot_minutes": row.block.slot_minutes,
            "room": row.room,
            "procedure": row.procedure,
            "valid_from": row.block.valid_from,
            "valid_to": row.block.valid_to,
        }
        for row in found
    )
    columns = {
        _("Profesional"): "doctor_name",
        _("Día"): "weekday_name",
        _("Desde"): "starts",
        _("Hasta"): "ends",
        _("Minutos"): "slot_minutes",
        _("Consultorio"): "room",
        _("Práctica"): "procedure",
    }
    call.rows(rows, columns)
