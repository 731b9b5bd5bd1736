"""`clinicdesk clinic`: where care happens."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from clinicdesk.cli.frame import Writes, noun, the_call, verb
from clinicdesk.cli.site_parts import clinic_of, clinic_rows, facts, given, told
from clinicdesk.kit.words import _

clinic = noun(_("Centros de la red."))
_NAMES: Final = (
    *(
        "code",
        "name",
        "country",
        "zone",
        "city",
        "address",
        "latitude",
        "longitude",
        "hours",
        "closed_on",
        "horizon_days",
        "offer_minutes",
        "shows_initials",
        "version",
    ),
)
_TITLES: Final = {
    "country": _("País"),
    "zone": _("Zona"),
    "city": _("Localidad"),
    "address": _("Domicilio"),
    "latitude": _("Latitud"),
    "longitude": _("Longitud"),
    "hours": _("Horario"),
    "closed_on": _("Cerrado desde"),
    "horizon_days": _("Turnos hasta, días"),
    "offer_minutes": _("Oferta, min"),
}
_HOURS_HELP: Final = _("«lun-vie 8-13 14-20; sáb 8-12»; - lo borra.")
Latitude = Annotated[
    str | None, typer.Option(metavar=_("GRADOS"), help=_("De -90 a 90, el sur con -; - la borra."))
]
Longitude = Annotated[
    str | None,
    typer.Option(metavar=_("GRADOS"), help=_("De -180 a 180, el oeste con -; van las dos o ninguna.")),
]
_WEEKDAYS: Final = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))


@verb(clinic, "list", _("Los centros, por código."))
def list_clinics(ctx: typer.Context) -> None:
    """List clinics."""
    call = the_call(ctx)
    columns = {_("Código"): "code", _("Nombre"): "name", _("País"): "country", _("Zona"): "zone"}
    call.rows((told(row, *_NAMES) for row in clinic_rows(call)), columns)


@verb(clinic, "show", _("Un centro: sus datos y su horario."))
def show_clinic(
    ctx: typer.Context, code: Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Su código."))]
) -> None:
    """Show a clinic."""
    call = the_call(ctx)
    data = told(clinic_of(call, code), *_NAMES)
    call.answer(data, f"{data['code']}: {data['name']}", *facts(data, _TITLES))


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
    latitude: Latitude = None,
    longitude: Longitude = None,
    hours: Annotated[str, typer.Option(metavar=_("HORARIO"), help=_HOURS_HELP)] = "",
) -> None:
    """Add a clinic."""
    from clinicdesk.clinic.countries import pack
    from clinicdesk.clinic.sites import rules, service

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
        latitude=rules.degrees(latitude),
        longitude=rules.degrees(longitude),
        hours=hours,
    )
    answer = call.desk.do(service.add_clinic, order)
    data = {"code": answer.code, "name": name, "country": land, "zone": order.zone}
    call.answer(data, _("Centro {code} agregado.").format(code=answer.code))


@verb(clinic, "edit", _("Corregir un centro. Lo que no se da queda como está; - borra."), cls=Writes)
def edit_clinic(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Su código."))],
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Nombre."))] = None,
    country: Annotated[str | None, typer.Option(metavar=_("PAÍS"), help=_("Dos letras."))] = None,
    zone: Annotated[str | None, typer.Option(metavar=_("ZONA"), help=_("Zona horaria."))] = None,
    city: Annotated[str | None, typer.Option(metavar=_("LOCALIDAD"), help=_("Localidad."))] = None,
    address: Annotated[str | None, typer.Option(metavar=_("DOMICILIO"), help=_("Domicilio."))] = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    hours: Annotated[str | None, typer.Option(metavar=_("HORARIO"), help=_HOURS_HELP)] = None,
    closed_on: Annotated[
        str | None, typer.Option(metavar=_("FECHA"), help=_("Primer día en que ya no trabaja; - lo reabre."))
    ] = None,
    horizon_days: Annotated[
        int | None,
        typer.Option(
            "--horizon", metavar=_("DÍAS"), min=1, max=730, help=_("Hasta cuántos días se dan turnos.")
        ),
    ] = None,
    offer_minutes: Annotated[
        int | None,
        typer.Option(
            "--offer-minutes",
            metavar="N",
            min=1,
            max=1440,
            help=_("Cuánto se espera una respuesta a una oferta."),
        ),
    ] = None,
) -> None:
    """Edit a clinic."""
    from clinicdesk.cli.given import day_of
    from clinicdesk.clinic.sites import rules, service

    call = the_call(ctx)
    row = clinic_of(call, code)
    last = given(closed_on, str(row.closed_on) if row.closed_on else None)
    order = service.EditClinic(
        **call.keyed,
        clinic_id=row.id,
        code=row.code,
        version=row.version,
        name=name or row.name,
        country=(country or row.country).upper(),
        zone=zone or row.zone,
        city=given(city, row.city),
        address=given(address, row.address),
        latitude=row.latitude if latitude is None else rules.degrees(given(latitude, None)),
        longitude=row.longitude if longitude is None else rules.degrees(given(longitude, None)),
        hours=given(hours, row.hours) or "",
        closed_on=day_of(last),
        horizon_days=horizon_days or row.horizon_days,
        offer_minutes=offer_minutes or row.offer_minutes,
    )
    answer = call.desk.do(service.edit_clinic, order)
    data = {"code": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, _("Centro {code} corregido.").format(code=answer.code))
