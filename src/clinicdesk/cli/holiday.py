"""`clinicdesk holiday`: the days on which a clinic, or all clinics of a country, stay closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.given import day_of
from clinicdesk.cli.outcome import Misused
from clinicdesk.cli.site_parts import Site, clinic_rows, site_id, the_row
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.sites.editing import SiteAnswer
    from clinicdesk.clinic.sites.queries import HolidayRow

app = noun(_("Feriados de un país o de un centro. Muchos de una vez: import holidays."))
Day = Annotated[str, typer.Argument(metavar=_("FECHA"), help=_("AAAA-MM-DD."))]
Country = Annotated[
    str | None, typer.Option(metavar=_("PAÍS"), help=_("De todo un país (AR, UY…), no de un centro."))
]
Works = Annotated[
    bool | None,
    typer.Option("--works/--closed", help=_("El centro abre ese día, aunque su país no trabaje.")),
]


def _rows(call: Call, clinic_id: int | None) -> tuple[HolidayRow, ...]:
    from clinicdesk.clinic.sites import queries

    return call.desk.see(queries.list_holidays, queries.HolidaysQuery(clinic_id))


def _told(row: HolidayRow, codes: dict[int, str]) -> dict[str, Any]:
    clinic = codes.get(row.clinic_id) if row.clinic_id is not None else None
    names = ("day", "name", "country", "works", "version")
    return {"clinic": clinic} | {name: getattr(row, name) for name in names}


@verb(app, "list", _("Los feriados del centro y de su país, por fecha."))
def list_holidays(
    ctx: typer.Context,
    since: Annotated[str | None, typer.Option("--from", metavar=_("FECHA"), help=_("Desde ese día."))] = None,
    every: Annotated[bool, typer.Option("--all", help=_("Los de toda la red."))] = False,
    site: Site = None,
) -> None:
    """List holidays."""
    from clinicdesk.clinic.sites import queries

    call = the_call(ctx)
    query = queries.HolidaysQuery(None if every else site_id(call, site), day_of(since))
    codes = {row.id: row.code for row in clinic_rows(call)}
    rows = [_told(row, codes) for row in call.desk.see(queries.list_holidays, query)]
    for row in rows:
        row["whose"] = row["clinic"] or row["country"]
        row["open"] = _("se trabaja") if row["works"] else _("cerrado")
    columns = {_("Fecha"): "day", _("De"): "whose", _("Nombre"): "name", _("Ese día"): "open"}
    call.rows(rows, columns)


@verb(app, "show", _("El feriado de una fecha."))
def show_holiday(ctx: typer.Context, day: Day, country: Country = None, site: Site = None) -> None:
    """Show a holiday."""
    call = the_call(ctx)
    row = _the_holiday(call, day, country, site)
    data = _told(row, {each.id: each.code for each in clinic_rows(call)})
    call.answer(data, f"{row.day:%d/%m/%Y} {data['clinic'] or row.country}: {row.name}")


@verb(app, "add", _("Agregar un feriado, del centro o de un país."), cls=Writes)
def add_holiday(
    ctx: typer.Context,
    day: Annotated[str, typer.Option(metavar=_("FECHA"), help=_("AAAA-MM-DD."))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Cómo se llama."))],
    country: Country = None,
    works: Works = None,
    site: Site = None,
) -> None:
    """Add a holiday."""
    from clinicdesk.clinic.sites import places

    call = the_call(ctx)
    order = places.AddHoliday(
        **call.keyed, **_whose(call, country, site), day=_day(day), name=name, works=bool(works)
    )
    _tell(call, call.desk.do(places.add_holiday, order), _("Feriado {code} agregado."))


@verb(app, "edit", _("Corregir un feriado. Lo que no se da queda como está."), cls=Writes)
def edit_holiday(
    ctx: typer.Context,
    day: Day,
    new_day: Annotated[str | None, typer.Option("--day", metavar=_("FECHA"), help=_("Otra fecha."))] = None,
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Cómo se llama."))] = None,
    country: Country = None,
    works: Works = None,
    site: Site = None,
) -> None:
    """Edit a holiday."""
    from clinicdesk.clinic.sites import places

    call = the_call(ctx)
    row = _the_holiday(call, day, country, site)
    order = places.EditHoliday(
        **call.keyed,
        clinic_id=row.clinic_id,
        country=row.country,
        holiday_id=row.id,
        version=row.version,
        day=day_of(new_day) or row.day,
        name=name or row.name,
        works=row.works if works is None else works,
    )
    _tell(call, call.desk.do(places.edit_holiday, order), _("Feriado {code} corregido."))


@verb(app, "remove", _("Quitar un feriado."), cls=Writes)
def remove_holiday(ctx: typer.Context, day: Day, country: Country = None, site: Site = None) -> None:
    """Remove a holiday."""
    from clinicdesk.clinic.sites import places

    call = the_call(ctx)
    row = _the_holiday(call, day, country, site)
    order = places.RemoveHoliday(
        **call.keyed, clinic_id=row.clinic_id, holiday_id=row.id, day=row.day, version=row.version
    )
    _tell(call, call.desk.do(places.remove_holiday, order), _("Feriado {code} quitado."))


def _day(text: str) -> Any:
    return day_of(text)


def _whose(call: Call, country: str | None, site: str | None) -> dict[str, Any]:
    """A country's or a clinic's. Raises Misused for both."""
    if country is not None and site is not None:
        raise Misused(text=_("--country y --site no van juntas: de un país o de un centro."))
    if country is not None:
        return {"clinic_id": None, "country": country.upper()}
    return {"clinic_id": site_id(call, site), "country": None}


def _the_holiday(call: Call, day: str, country: str | None, site: str | None) -> HolidayRow:
    """The holiday of a day; of the clinic unless a country is named. Raises SiteRowNotFound."""
    whose = _whose(call, country, site)
    return the_row(_rows(call, None), "holidays", day, day=_day(day), **whose)


def _tell(call: Call, answer: SiteAnswer, said: str) -> None:
    data = {"day": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data, said.format(code=answer.code))
