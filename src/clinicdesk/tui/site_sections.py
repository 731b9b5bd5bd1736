"""What the screen of sites shows of each kind of row, and how a form becomes an order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from clinicdesk.clinic.countries import pack
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import catalogue, fees, places, queries, rules, service
from clinicdesk.clinic.sites.fees import FeeScheduleRow
from clinicdesk.clinic.sites.queries import (
    ClinicRow,
    FloorRow,
    HolidayRow,
    ProcedureRow,
    RoomRow,
    SpecialtyRow,
)
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Column
from clinicdesk.tui.parts.pager import wrapped

if TYPE_CHECKING:
    from clinicdesk.tui.screens import ClinicScreen

_CODE: Final = 12
_NO: Final = ("no", "n", "")


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form: its name in the row's values, its label, and what may be typed."""

    name: str
    label: str
    most: int = 80
    note: str = ""


class Section(ABC):
    """One kind of row: how it is read, listed, told, and written from a form's texts."""

    title: ClassVar[str]
    one: ClassVar[str]
    fields: ClassVar[tuple[FormField, ...]]
    permission: ClassVar[Permission]
    of_clinic: ClassVar[bool] = False
    """Whether its rows are of the clinic chosen."""
    only_read: ClassVar[str] = ""
    """Why nothing is added or changed here, where that is so."""

    @abstractmethod
    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[Any]:
        """The rows in their order. Raises Refusal."""

    @abstractmethod
    def columns(self, today: date) -> Sequence[Column[Any]]:
        """What the list shows of a row."""

    @abstractmethod
    def told(self, row: Any) -> dict[str, str]:
        """A row as the texts of a form; the same as they would be typed."""

    @abstractmethod
    def order(self, texts: dict[str, str], row: Any | None, site: ClinicRow) -> tuple[Any, Any]:
        """The use case and the order that make a row so; None is a new one. Raises InvalidInput."""

    def name(self, row: Any) -> str:
        """What a row is called."""
        return str(row.code)

    def words(self, row: Any) -> str:
        """What the filter looks in."""
        return " ".join(self.told(row).values())

    def lines(self, row: Any, width: int) -> list[Cell]:
        """A row whole."""
        lines: list[Cell] = [Bit(f"{self.one} {self.name(row)}", Tone.TITLE), ""]
        texts = self.told(row)
        for field in self.fields:
            if texts[field.name]:
                lines += wrapped(f"{field.label}: {texts[field.name]}", width)
        return lines


class Clinics(Section):
    """The network's clinics."""

    title, one, permission = _("Centros"), _("Centro"), Permission.SITE_MANAGE
    fields = (
        FormField("code", _("Código"), _CODE),
        FormField("name", _("Nombre")),
        FormField("country", _("País"), 2, _("AR, UY, CL…")),
        FormField("zone", _("Zona horaria"), 60, _("la del país, si queda vacía")),
        FormField("city", _("Localidad")),
        FormField("address", _("Domicilio"), 120),
        FormField("latitude", _("Latitud"), 20, _("grados: -34.6037")),
        FormField("longitude", _("Longitud"), 20, _("grados: -58.3816")),
        FormField("hours", _("Horario"), 200, _("lun-vie 8-13 14-20; sáb 8-12")),
        FormField("closed_on", _("Cerrado desde"), 10, _("vacío: trabaja")),
    )

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[ClinicRow]:
        """All of them."""
        return await screen.see(queries.list_clinics, queries.SitesQuery())

    def columns(self, today: date) -> Sequence[Column[ClinicRow]]:
        """Code, name, and whether it was closed down."""
        return (
            Column[ClinicRow](_("Código"), _CODE, lambda row: row.code),
            Column[ClinicRow](_("Nombre"), 0, lambda row: row.name),
            Column[ClinicRow](
                "", 8, lambda row: _("cerrado") if row.closed_on and row.closed_on <= today else row.country
            ),
        )

    def told(self, row: ClinicRow) -> dict[str, str]:
        """As the form has it."""
        names = ("code", "name", "country", "zone", "city", "address", "hours")
        degrees = {name: _degrees_text(getattr(row, name)) for name in ("latitude", "longitude")}
        said = {name: getattr(row, name) or "" for name in names}
        return said | degrees | {"closed_on": _day_text(row.closed_on)}

    def order(self, texts: dict[str, str], row: ClinicRow | None, site: ClinicRow) -> tuple[Any, Any]:
        """A new clinic, or one as it is from now on."""
        country = texts["country"].upper()
        said: dict[str, Any] = {name: texts[name] for name in ("name", "city", "address", "hours")} | {
            "country": country,
            "zone": texts["zone"] or pack(country).zone,
            "latitude": rules.degrees(texts["latitude"]),
            "longitude": rules.degrees(texts["longitude"]),
        }
        if row is None:
            return service.add_clinic, service.NewClinic(code=texts["code"].upper(), **said)
        if texts["code"].upper() != row.code:
            raise InvalidInput(_("El código de un centro no cambia: está en papeles y en órdenes."))
        closed_on = _day_or_none(texts["closed_on"])
        known: dict[str, Any] = {"code": row.code, "clinic_id": row.id, "version": row.version}
        return service.edit_clinic, service.EditClinic(**known, **said, closed_on=closed_on)


class Floors(Section):
    """The floors of the clinic chosen."""

    title, one, permission = _("Pisos"), _("Piso"), Permission.SITE_MANAGE
    of_clinic = True
    fields = (
        FormField("number", _("Número"), 3, _("0: planta baja")),
        FormField("name", _("Nombre")),
    )

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[FloorRow]:
        """Of this clinic."""
        return await screen.see(queries.list_floors, queries.SitesQuery(site.id))

    def columns(self, today: date) -> Sequence[Column[FloorRow]]:
        """Number and name."""
        return (
            Column[FloorRow](_("Número"), 6, lambda row: str(row.number), align="right"),
            Column[FloorRow](_("Nombre"), 0, lambda row: row.name),
        )

    def told(self, row: FloorRow) -> dict[str, str]:
        """As the form has it."""
        return {"number": str(row.number), "name": row.name}

    def name(self, row: FloorRow) -> str:
        """Its number."""
        return str(row.number)

    def order(self, texts: dict[str, str], row: FloorRow | None, site: ClinicRow) -> tuple[Any, Any]:
        """A floor of the clinic."""
        said: dict[str, Any] = {
            "clinic_id": site.id,
            "number": _number(_("El número de piso"), texts["number"]),
            "name": texts["name"],
        }
        if row is None:
            return places.add_floor, places.AddFloor(**said)
        return places.edit_floor, places.EditFloor(**said, floor_id=row.id, version=row.version)


class Rooms(Section):
    """The rooms of the clinic chosen; their state has a key of its own."""

    title, one, permission = _("Consultorios"), _("Consultorio"), Permission.ROOM_MANAGE
    of_clinic = True
    fields = (
        FormField("code", _("Código"), _CODE),
        FormField("floor", _("Piso"), 3, _("su número; 0: planta baja")),
        FormField("kind", _("Clase"), 40, _("consultorio, laboratorio…")),
        FormField("equipment", _("Equipos"), 400, _("entre comas")),
    )

    def __init__(self) -> None:
        """No floor is known yet."""
        self._floors: dict[int, int] = {}

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[RoomRow]:
        """Of this clinic."""
        floors = await screen.see(queries.list_floors, queries.SitesQuery(site.id))
        self._floors = {each.id: each.number for each in floors}
        return await screen.see(queries.list_rooms, queries.SitesQuery(site.id))

    def columns(self, today: date) -> Sequence[Column[RoomRow]]:
        """Code, kind and state."""
        return (
            Column[RoomRow](_("Código"), _CODE, lambda row: row.code),
            Column[RoomRow](_("Clase"), 0, lambda row: row.kind),
            Column[RoomRow](
                _("Estado"),
                13,
                lambda row: Bit(row.state, Tone.ERROR if row.out_of_use(today) else Tone.TEXT),
            ),
        )

    def told(self, row: RoomRow) -> dict[str, str]:
        """As the form has it."""
        floor = str(self._floors.get(row.floor_id, ""))
        return {"code": row.code, "floor": floor, "kind": row.kind, "equipment": ", ".join(row.equipment)}

    def words(self, row: RoomRow) -> str:
        """Its state too."""
        return f"{super().words(row)} {row.state} {row.floor}"

    def lines(self, row: RoomRow, width: int) -> list[Cell]:
        """With why it is out of use, and until when."""
        lines = super().lines(row, width)
        lines += wrapped(f"{_('Estado')}: {row.state}", width)
        if row.state_from is not None:
            until = _day_text(row.state_until) or _("nuevo aviso")
            lines += wrapped(f"{_('Desde')}: {_day_text(row.state_from)}", width)
            lines += wrapped(f"{_('Hasta')}: {until}", width)
            lines += wrapped(f"{_('Motivo')}: {row.state_reason}", width)
        return lines

    def order(self, texts: dict[str, str], row: RoomRow | None, site: ClinicRow) -> tuple[Any, Any]:
        """A room of the clinic."""
        said: dict[str, Any] = {
            "clinic_id": site.id,
            "code": texts["code"],
            "floor": _number(_("El piso"), texts["floor"] or "0"),
            "kind": texts["kind"] or "consultorio",
            "equipment": _tags(texts["equipment"]),
        }
        if row is None:
            return places.add_room, places.AddRoom(**said)
        return places.edit_room, places.EditRoom(**said, room_id=row.id, version=row.version)


class Holidays(Section):
    """The holidays of the clinic chosen and of its country, from this year on."""

    title, one, permission = _("Feriados"), _("Feriado"), Permission.ROOM_MANAGE
    of_clinic = True
    fields = (
        FormField("day", _("Día"), 10, _("día/mes/año")),
        FormField("name", _("Nombre")),
        FormField("country", _("De todo el país"), 2, _("AR, UY…; vacío: de este centro")),
        FormField("works", _("Se trabaja"), 2, _("sí: el centro abre igual")),
    )

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[HolidayRow]:
        """Of this clinic and its country."""
        since = screen.today().date().replace(month=1, day=1)
        return await screen.see(queries.list_holidays, queries.HolidaysQuery(site.id, since))

    def columns(self, today: date) -> Sequence[Column[HolidayRow]]:
        """Day, name, and whose."""
        return (
            Column[HolidayRow](_("Día"), 10, lambda row: _day_text(row.day)),
            Column[HolidayRow](_("Nombre"), 0, lambda row: row.name),
            Column[HolidayRow](
                "", 10, lambda row: row.country or (_("se trabaja") if row.works else _("del centro"))
            ),
        )

    def told(self, row: HolidayRow) -> dict[str, str]:
        """As the form has it."""
        works = _("sí") if row.works else ""
        return {"day": _day_text(row.day), "name": row.name, "country": row.country or "", "works": works}

    def name(self, row: HolidayRow) -> str:
        """Its day."""
        return _day_text(row.day)

    def order(self, texts: dict[str, str], row: HolidayRow | None, site: ClinicRow) -> tuple[Any, Any]:
        """A holiday of the country, or of the clinic."""
        country = texts["country"].upper() or None
        day = _day_or_none(texts["day"])
        if day is None:
            raise InvalidInput(_("Falta el día: se espera día/mes/año."))
        said: dict[str, Any] = {
            "clinic_id": None if country else site.id,
            "country": country,
            "day": day,
            "name": texts["name"],
            "works": texts["works"].strip().lower() not in _NO,
        }
        if row is None:
            return places.add_holiday, places.AddHoliday(**said)
        if country != row.country:
            raise InvalidInput(_("De quién es un feriado no cambia: quitarlo y agregar el otro."))
        return places.edit_holiday, places.EditHoliday(**said, holiday_id=row.id, version=row.version)


class Specialties(Section):
    """What the network's doctors practise."""

    title, one, permission = _("Especialidades"), _("Especialidad"), Permission.SITE_MANAGE
    fields = (FormField("code", _("Código"), _CODE), FormField("name", _("Nombre")))

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[SpecialtyRow]:
        """All of them."""
        return await screen.see(queries.list_specialties, queries.SitesQuery())

    def columns(self, today: date) -> Sequence[Column[SpecialtyRow]]:
        """Code and name."""
        return (
            Column[SpecialtyRow](_("Código"), _CODE, lambda row: row.code),
            Column[SpecialtyRow](_("Nombre"), 0, lambda row: row.name),
        )

    def told(self, row: SpecialtyRow) -> dict[str, str]:
        """As the form has it."""
        return {"code": row.code, "name": row.name}

    def order(self, texts: dict[str, str], row: SpecialtyRow | None, site: ClinicRow) -> tuple[Any, Any]:
        """A specialty."""
        said: dict[str, Any] = {"code": texts["code"].upper(), "name": texts["name"]}
        if row is None:
            return catalogue.add_specialty, catalogue.AddSpecialty(**said)
        known: dict[str, Any] = {"specialty_id": row.id, "version": row.version}
        return catalogue.edit_specialty, catalogue.EditSpecialty(**said, **known)


class Procedures(Section):
    """What can be booked."""

    title, one, permission = _("Prácticas"), _("Práctica"), Permission.SITE_MANAGE
    fields = (
        FormField("code", _("Código"), 20),
        FormField("name", _("Nombre"), 120),
        FormField("minutes", _("Minutos"), 3),
        FormField("specialty", _("Especialidad"), _CODE, _("su código")),
        FormField("requirements", _("Requisitos"), 500, _("qué trae, cómo se prepara")),
        FormField("room_kind", _("Consultorio"), 40, _("clase; vacío: cualquiera")),
        FormField("equipment", _("Equipos"), 400, _("entre comas")),
        FormField("active", _("Se ofrece"), 2, _("sí o no")),
    )

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[ProcedureRow]:
        """All of them."""
        return await screen.see(queries.list_procedures, queries.SitesQuery())

    def columns(self, today: date) -> Sequence[Column[ProcedureRow]]:
        """Code, name, minutes."""
        return (
            Column[ProcedureRow](_("Código"), _CODE, lambda row: row.code),
            Column[ProcedureRow](_("Nombre"), 0, lambda row: row.name),
            Column[ProcedureRow](
                _("Minutos"), 7, lambda row: str(row.minutes) if row.active else _("no"), align="right"
            ),
        )

    def told(self, row: ProcedureRow) -> dict[str, str]:
        """As the form has it."""
        names = ("code", "name", "specialty", "requirements", "room_kind")
        return {name: getattr(row, name) or "" for name in names} | {
            "minutes": str(row.minutes),
            "equipment": ", ".join(row.equipment),
            "active": _("sí") if row.active else _("no"),
        }

    def order(self, texts: dict[str, str], row: ProcedureRow | None, site: ClinicRow) -> tuple[Any, Any]:
        """A procedure."""
        said: dict[str, Any] = {
            "code": texts["code"].upper(),
            "name": texts["name"],
            "minutes": _number(_("La duración en minutos"), texts["minutes"]),
            "specialty": texts["specialty"].upper() or None,
            "requirements": texts["requirements"] or None,
            "room_kind": texts["room_kind"] or None,
            "equipment": _tags(texts["equipment"]),
            "active": texts["active"].strip().lower() not in {"no", "n"},
        }
        if row is None:
            return catalogue.add_procedure, catalogue.AddProcedure(**said)
        return catalogue.edit_procedure, catalogue.EditProcedure(
            **said, procedure_id=row.id, version=row.version
        )


class Schedules(Section):
    """The fee schedules; Enter looks into one."""

    title, one, permission = _("Nomencladores"), _("Nomenclador"), Permission.IMPORT_RUN
    only_read = _("los nomencladores se importan")
    fields = (
        FormField("code", _("Código"), _CODE),
        FormField("name", _("Nombre")),
        FormField("codes", _("Códigos vigentes")),
        FormField("since", _("Última edición")),
    )

    async def rows(self, screen: ClinicScreen, site: ClinicRow) -> Sequence[FeeScheduleRow]:
        """All of them."""
        return await screen.see(fees.list_schedules, queries.SitesQuery())

    def columns(self, today: date) -> Sequence[Column[FeeScheduleRow]]:
        """Code, name, how many codes are valid today."""
        return (
            Column[FeeScheduleRow](_("Código"), _CODE, lambda row: row.code),
            Column[FeeScheduleRow](_("Nombre"), 0, lambda row: row.name),
            Column[FeeScheduleRow](_("Códigos"), 8, lambda row: str(row.codes), align="right"),
        )

    def told(self, row: FeeScheduleRow) -> dict[str, str]:
        """What is known of it."""
        return {"code": row.code, "name": row.name, "codes": str(row.codes), "since": _day_text(row.since)}

    def order(self, texts: dict[str, str], row: Any | None, site: ClinicRow) -> tuple[Any, Any]:
        """None: they are imported. Raises InvalidInput."""
        raise InvalidInput(_("Los nomencladores no se escriben: se importan."))


def sections() -> tuple[Section, ...]:
    """The seven of them, in the order of their digits."""
    return (Clinics(), Floors(), Rooms(), Holidays(), Specialties(), Procedures(), Schedules())


def parsed_day(text: str) -> date | None:
    """A day as typed, `30/11/2026`; None where it is none."""
    try:
        return datetime.strptime(text.strip(), "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _day_text(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day is not None else ""


def _degrees_text(degrees: float | None) -> str:
    return "" if degrees is None else str(degrees)


def _day_or_none(text: str) -> date | None:
    """None where nothing was typed. Raises InvalidInput for what is no day."""
    if not text.strip():
        return None
    found = parsed_day(text)
    if found is None:
        raise InvalidInput(_("«{text}» no es un día: se espera día/mes/año.").format(text=text[:20]))
    return found


def _number(what: str, text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise InvalidInput(_("{what} es un número.").format(what=what)) from None


def _tags(text: str) -> tuple[str, ...]:
    return tuple(rules.tags_of(text.split(",")))
