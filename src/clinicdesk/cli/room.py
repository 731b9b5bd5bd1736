"""`clinicdesk room`: the rooms of a clinic; before one goes out of use, what that touches is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.given import day_of
from clinicdesk.cli.site_parts import Site, facts, site_id, the_row, told, words_given
from clinicdesk.kit.errors import Exit, InvalidInput, Refusal
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from datetime import date

    from clinicdesk.clinic.sites.editing import SiteAnswer
    from clinicdesk.clinic.sites.queries import RoomRow
    from clinicdesk.clinic.turns.room_closing import Affected

app = noun(_("Consultorios del centro."))
Code = Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Código del consultorio."))]
Kind = typer.Option(metavar=_("CLASE"), help=_("consultorio, enfermería, laboratorio…"))
Floor = typer.Option(metavar=_("PISO"), help=_("Número del piso: 0 es la planta baja."))
Equipment = Annotated[
    str | None, typer.Option(metavar=_("PALABRAS"), help=_("Equipos, entre comas; - los borra."))
]
Since = Annotated[
    str | None, typer.Option("--from", metavar=_("FECHA"), help=_("Primer día fuera de uso; hoy si no."))
]
Until = Annotated[
    str | None, typer.Option("--until", metavar=_("FECHA"), help=_("Último día; sin él, hasta nuevo aviso."))
]
_NAMES: Final = (
    *("code", "kind", "state", "floor", "equipment", "state_reason", "state_from", "state_until", "version"),
)
_TITLES: Final = {
    "kind": _("Clase"),
    "floor": _("Piso"),
    "equipment": _("Equipos"),
    "state": _("Estado"),
    "state_reason": _("Motivo"),
    "state_from": _("Desde"),
    "state_until": _("Hasta"),
}
_WEEKDAYS: Final = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))
_MOST_SHOWN: Final = 20


class NotAgreed(Refusal):
    """The answer was no."""

    says = _("No se cambió nada.")
    exit = Exit.USAGE


def _rows(call: Call, clinic_id: int) -> tuple[RoomRow, ...]:
    from clinicdesk.clinic.sites import queries

    return call.desk.see(queries.list_rooms, queries.SitesQuery(clinic_id))


def _row(call: Call, clinic_id: int, code: str) -> RoomRow:
    return the_row(_rows(call, clinic_id), "rooms", code, code=code)


@verb(app, "list", _("Los consultorios, por código."))
def list_rooms(ctx: typer.Context, site: Site = None) -> None:
    """List rooms."""
    call = the_call(ctx)
    columns = {
        _("Código"): "code",
        _("Clase"): "kind",
        _("Estado"): "state",
        _("Piso"): "floor",
        _("Desde"): "state_from",
        _("Hasta"): "state_until",
        _("Motivo"): "state_reason",
    }
    call.rows((told(row, *_NAMES) for row in _rows(call, site_id(call, site))), columns)


@verb(app, "show", _("Un consultorio: clase, piso, equipos, estado y hasta cuándo."))
def show_room(ctx: typer.Context, code: Code, site: Site = None) -> None:
    """Show a room."""
    call = the_call(ctx)
    data = told(_row(call, site_id(call, site), code), *_NAMES)
    call.answer(data, str(data["code"]), *facts(data, _TITLES))


@verb(app, "add", _("Agregar un consultorio."), cls=Writes)
def add_room(
    ctx: typer.Context,
    code: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Hasta 12 letras: C.4."))],
    kind: Annotated[str, Kind] = "consultorio",
    floor: Annotated[int, Floor] = 0,
    equipment: Equipment = None,
    site: Site = None,
) -> None:
    """Add a room."""
    from clinicdesk.clinic.sites import places

    call = the_call(ctx)
    order = places.AddRoom(
        **call.keyed,
        clinic_id=site_id(call, site),
        floor=floor,
        code=code,
        kind=kind,
        equipment=words_given(equipment),
    )
    _tell(call, call.desk.do(places.add_room, order), _("Consultorio {code} agregado."))


@verb(app, "edit", _("Corregir un consultorio. Lo que no se da queda como está."), cls=Writes)
def edit_room(
    ctx: typer.Context,
    code: Code,
    new_code: Annotated[
        str | None, typer.Option("--code", metavar=_("CÓDIGO"), help=_("Otro código."))
    ] = None,
    kind: Annotated[str | None, Kind] = None,
    floor: Annotated[int | None, Floor] = None,
    equipment: Equipment = None,
    site: Site = None,
) -> None:
    """Edit a room."""
    from clinicdesk.clinic.sites import places, queries

    call = the_call(ctx)
    clinic_id = site_id(call, site)
    row = _row(call, clinic_id, code)
    floors = call.desk.see(queries.list_floors, queries.SitesQuery(clinic_id))
    order = places.EditRoom(
        **call.keyed,
        clinic_id=clinic_id,
        room_id=row.id,
        version=row.version,
        floor=next(each.number for each in floors if each.id == row.floor_id) if floor is None else floor,
        code=new_code or row.code,
        kind=kind or row.kind,
        equipment=words_given(equipment, row.equipment),
    )
    _tell(call, call.desk.do(places.edit_room, order), _("Consultorio {code} corregido."))


@verb(app, "affected", _("Los turnos y bloques de agenda que tocaría un consultorio fuera de uso."))
def list_affected(
    ctx: typer.Context, code: Code, since: Since = None, until: Until = None, site: Site = None
) -> None:
    """List the turns and blocks in a room on some days."""
    call = the_call(ctx)
    row = _row(call, site_id(call, site), code)
    found = _affected(call, row, day_of(since) or _today(call), day_of(until))
    columns = {_("Qué"): "what", _("Cuándo"): "when", _("Profesional"): "doctor", _("Estado"): "state"}
    call.rows(_affected_rows(found), columns)


@verb(app, "state", _("Poner un consultorio fuera de uso, o disponible otra vez."), cls=Writes)
def set_state(
    ctx: typer.Context,
    code: Code,
    state: Annotated[
        str, typer.Argument(metavar=_("ESTADO"), help=_("disponible mantenimiento clausurado baja"))
    ],
    reason: Annotated[str | None, typer.Option(metavar=_("MOTIVO"), help=_("Por qué."))] = None,
    since: Since = None,
    until: Until = None,
    site: Site = None,
) -> None:
    """Set a room's state; what it touches is listed, and asked about, first."""
    from clinicdesk.clinic.sites.rules import RoomState, state_problems
    from clinicdesk.clinic.turns import room_closing

    call = the_call(ctx)
    clinic_id = site_id(call, site)
    row = _row(call, clinic_id, code)
    closes = state != RoomState.DISPONIBLE
    first, last = day_of(since) or (_today(call) if closes else None), day_of(until)
    if problems := state_problems(state, reason or "", first, last):
        raise InvalidInput(*problems)
    seen = ""
    if closes and first is not None:
        found = _affected(call, row, first, last)
        seen = found.seen
        if (found.turns or found.blocks) and not _agreed(call, row, found):
            raise NotAgreed
    order = room_closing.SetRoomState(
        **call.keyed,
        clinic_id=clinic_id,
        room_id=row.id,
        code=row.code,
        version=row.version,
        state=state,
        reason=reason,
        since=first,
        until=last,
        seen=seen,
    )
    _tell(call, call.desk.do(room_closing.set_room_state, order), _("Consultorio {code}: {state}."), state)


def _agreed(call: Call, row: RoomRow, found: Affected) -> bool:
    """What would be touched, told on stderr, and whether to go on. Raises NoAnswer without a terminal."""
    for each in _affected_rows(found)[:_MOST_SHOWN]:
        call.say("  ".join(filter(None, (each["what"], each["when"], each["doctor"], each["state"]))))
    turns = plural(len(found.turns), _("turno"), _("turnos"))
    blocks = plural(len(found.blocks), _("bloque de agenda"), _("bloques de agenda"))
    return call.confirm(
        _("{code}: {turns} y {blocks} quedan sin consultorio. ¿Seguir?").format(
            code=row.code, turns=turns, blocks=blocks
        )
    )


def _affected(call: Call, row: RoomRow, since: date, until: date | None) -> Affected:
    from clinicdesk.clinic.turns import room_closing

    return call.desk.see(room_closing.affected_by_room, room_closing.RoomDaysQuery(row.id, since, until))


def _affected_rows(found: Affected) -> list[dict[str, Any]]:
    """Turns by hour, then blocks by weekday; `when` is the clinic's wall time."""
    from clinicdesk.kit.ids import opaque

    turns = [
        {
            "what": _("turno"),
            "when": f"{each.wall_start:%d/%m/%Y %H:%M}",
            "doctor": each.doctor,
            "state": each.state,
            "id": opaque(each.patient_id, each.turn_id),
        }
        for each in found.turns
    ]
    blocks = [
        {
            "what": _("bloque"),
            "when": f"{_WEEKDAYS[each.weekday - 1]} {each.starts:%H:%M}-{each.ends:%H:%M}",
            "doctor": each.doctor,
            "state": None,
            "id": str(each.block_id),
        }
        for each in found.blocks
    ]
    return turns + blocks


def _today(call: Call) -> date:
    from clinicdesk.cli.shapes import today_of

    return today_of(call)


def _tell(call: Call, answer: SiteAnswer, said: str, state: str = "") -> None:
    data = {"code": answer.code, "version": answer.version, "changed": answer.changed}
    call.answer(data | ({"state": state} if state else {}), said.format(code=answer.code, state=state))
