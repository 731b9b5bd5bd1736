"""`clinicdesk agenda`: weekly blocks, leave and suspensions; the turns they touch are listed first."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.given import WEEKDAYS, day_of, time_of, weekdays_of
from clinicdesk.cli.room import NotAgreed
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from datetime import date

    from clinicdesk.clinic.agendas.queries import BlockRow
    from clinicdesk.clinic.agendas.rules import Block
    from clinicdesk.clinic.agendas.service import EditBlock
    from clinicdesk.clinic.turns.suspension import CascadeAnswer, Fallen

app = noun(_("Agendas del centro: bloques de la semana, licencias y suspensiones."))
Doctor = Annotated[
    str | None, typer.Option(metavar=_("USUARIO"), help=_("De un profesional, por su usuario."))
]
Number = Annotated[int, typer.Argument(metavar=_("BLOQUE"), help=_("Número del bloque, de agenda list."))]
Procedures = Annotated[
    str | None, typer.Option("--procedure", metavar=_("CÓDIGOS"), help=_("Prácticas, la propia primero."))
]
Starts = Annotated[str | None, typer.Option("--from-time", metavar=_("HORA"), help=_("Desde qué hora."))]
Ends = Annotated[str | None, typer.Option("--to-time", metavar=_("HORA"), help=_("Hasta qué hora."))]
Minutes = Annotated[int | None, typer.Option("--minutes", metavar="N", help=_("Minutos de cada turno."))]
Capacity = Annotated[
    int | None, typer.Option(metavar="N", help=_("Por orden de llegada: lugares por día; 0: con hora."))
]
Overbooks = Annotated[int | None, typer.Option(metavar="N", help=_("Sobreturnos por día."))]
Release = Annotated[
    int | None, typer.Option(metavar=_("HORAS"), help=_("Cuánto antes se sueltan los cupos; 48 si no."))
]
Quotas = Annotated[
    str | None,
    typer.Option("--quota", metavar=_("CUPOS"), help=_("web=2,profesional=1…; - los quita.")),
]
Since = Annotated[str | None, typer.Option("--from", metavar=_("FECHA"), help=_("Primer día; hoy si no."))]
Until = Annotated[
    str | None, typer.Option("--until", metavar=_("FECHA"), help=_("Último día; sin él, sin término."))
]
Why = Annotated[str, typer.Option("--reason", metavar=_("MOTIVO"), help=_("Por qué."))]
_MOST_SHOWN: Final = 20


@verb(app, "list", _("Los bloques de la semana, por profesional y día."))
def list_agendas(ctx: typer.Context, doctor: Doctor = None) -> None:
    """List weekly blocks, in the clinic's wall time."""
    call = the_call(ctx)
    columns = {
        _("Bloque"): "block",
        _("Profesional"): "doctor_name",
        _("Día"): "weekday_name",
        _("Desde"): "starts",
        _("Hasta"): "ends",
        _("Minutos"): "slot_minutes",
        _("Consultorio"): "room",
        _("Práctica"): "procedure",
        _("Estado"): "state",
    }
    call.rows(_objects(call, _rows(call, doctor)), columns)


@verb(app, "show", _("Un bloque: horario, lugares, cupos, vigencia y estado."))
def show_block(ctx: typer.Context, block: Number) -> None:
    """Show a block."""
    call = the_call(ctx)
    row = _row(call, block)
    data = _objects(call, (row,))[0]
    kept = ", ".join(f"{channel} {places}" for channel, places in row.block.quotas)
    order = _("por orden de llegada, {} lugares").format(row.block.capacity)
    each = _("cada {} min").format(row.block.slot_minutes)
    call.answer(
        data,
        _("Bloque {}: {}, {} de {} a {}").format(
            block, row.doctor, data["weekday_name"], data["starts"], data["ends"]
        ),
        order if row.block.capacity is not None else each,
        _("Consultorio: {} · práctica: {}").format(row.room, row.procedure),
        _("Sobreturnos: {} · cupos: {}").format(row.block.overbooks, kept or _("ninguno")),
        _("Vigencia: {} a {} · {}").format(
            row.block.valid_from, row.block.valid_to or _("sin término"), row.block.state
        ),
    )


@verb(app, "add", _("Agregar un bloque; queda en borrador, con --publish se ofrece."), cls=Writes)
def add_block(
    ctx: typer.Context,
    doctor: Annotated[str, typer.Option(metavar=_("USUARIO"), help=_("Profesional, por su usuario."))],
    room: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Consultorio."))],
    weekday: Annotated[str, typer.Option(metavar=_("DÍA"), help=_("lun, mar, mié, jue, vie, sáb o dom."))],
    procedure: Procedures = None,
    starts: Starts = None,
    ends: Ends = None,
    minutes: Minutes = None,
    capacity: Capacity = None,
    overbooks: Overbooks = None,
    release: Release = None,
    quota: Quotas = None,
    since: Since = None,
    until: Until = None,
    publish: Annotated[bool, typer.Option("--publish", help=_("Ofrecerlo desde ya."))] = False,
) -> None:
    """Add a block: whoever manages agendas; a doctor drafts their own."""
    from datetime import time

    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.clinic.agendas import service
    from clinicdesk.clinic.rights import Permission

    call = the_call(ctx)
    days = weekdays_of(weekday)
    if len(days) != 1:
        raise InvalidInput(_("Un bloque es de un solo día de la semana."))
    order = service.AddBlock(
        **call.keyed,
        clinic_id=call.session().actor.at.clinic_id,
        doctor_id=doctor_id_of(call, doctor),
        room_id=_room_id(call, room),
        procedures=_procedures(call, procedure) or (),
        weekday=days[0],
        starts=time_of(starts) or time(8),
        ends=time_of(ends) or time(12),
        slot_minutes=20 if minutes is None else minutes,
        capacity=capacity or None,
        overbooks=overbooks or 0,
        release_hours=48 if release is None else release,
        quotas=_quotas(quota) or (),
        valid_from=day_of(since) or _today(call),
        valid_to=day_of(until),
        publish=publish,
    )
    manages = call.session().actor.may(Permission.AGENDA_MANAGE)
    answer = call.desk.do(service.add_block if manages else service.draft_block, order)
    state = "publicado" if publish else "borrador"
    call.answer({"block": answer.id, "state": state}, _("Bloque {}: {}.").format(answer.id, state))


@verb(app, "edit", _("Cambiar un bloque. Lo que no se da queda como está."), cls=Writes)
def edit_block(
    ctx: typer.Context,
    block: Number,
    procedure: Procedures = None,
    starts: Starts = None,
    ends: Ends = None,
    minutes: Minutes = None,
    capacity: Capacity = None,
    overbooks: Overbooks = None,
    release: Release = None,
    quota: Quotas = None,
    since: Since = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar=_("FECHA"), help=_("Último día; - sin término."))
    ] = None,
) -> None:
    """Edit a block; turns that fall out are listed, and asked about, first."""
    from clinicdesk.clinic.agendas import service
    from clinicdesk.clinic.rights import Permission
    from clinicdesk.clinic.turns import suspension

    call = the_call(ctx)
    now = _row(call, block).block
    given = {
        "procedures": _procedures(call, procedure),
        "starts": time_of(starts),
        "ends": time_of(ends),
        "slot_minutes": minutes,
        "overbooks": overbooks,
        "release_hours": release,
        "quotas": _quotas(quota),
        "valid_from": day_of(since),
        "valid_to": None if until == "-" else day_of(until),
        "capacity": capacity or None,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    changes |= {"capacity": None} if capacity == 0 else {}
    changes |= {"valid_to": None} if until == "-" else {}
    order = _edit(call, now, changes)
    if not call.session().actor.may(Permission.AGENDA_MANAGE):
        answer = call.desk.do(service.edit_draft, order)
        call.answer({"block": block, "changed": answer.changed}, _("Bloque {} cambiado.").format(block))
        return
    fallen = call.desk.see(suspension.fallen_by_edit, order)
    _demand_agreed(call, fallen, _("El bloque {} cambia").format(block))
    done = call.desk.do(suspension.edit_block, _edit(call, now, changes | {"seen": fallen.seen}))
    _tell(call, done, {"block": block}, _("Bloque {} cambiado.").format(block))


def _edit(call: Call, now: Block, changes: dict[str, Any]) -> EditBlock:
    from clinicdesk.clinic.agendas import service

    names = {each.name for each in fields(service.EditBlock)} & {each.name for each in fields(now)}
    values = {name: getattr(now, name) for name in names} | {"block_id": now.id, "seen": ""}
    return service.EditBlock(**(values | changes | call.keyed))


@verb(app, "publish", _("Ofrecer un borrador."), cls=Writes)
def publish_block(ctx: typer.Context, block: Number) -> None:
    """Publish a draft."""
    from clinicdesk.clinic.agendas import service

    call = the_call(ctx)
    now = _row(call, block).block
    order = service.PublishBlock(**call.keyed, block_id=block, version=now.version)
    call.desk.do(service.publish_block, order)
    call.answer({"block": block, "state": "publicado"}, _("Bloque {}: publicado.").format(block))


@verb(app, "suspend", _("Suspender un bloque y sus turnos."), cls=Writes)
def suspend_block(
    ctx: typer.Context, block: Number, reason: Why, since: Since = None, until: Until = None
) -> None:
    """Suspend a block; its turns are listed, and asked about, first."""
    from clinicdesk.clinic.turns import suspension

    call = the_call(ctx)
    first, last = day_of(since) or _today(call), day_of(until)
    query = suspension.AwayQuery(_row(call, block).block.doctor_id, first, last, block_id=block)
    fallen = call.desk.see(suspension.fallen_by_absence, query)
    _demand_agreed(call, fallen, _("El bloque {} se suspende").format(block))
    order = suspension.SuspendBlock(
        **call.keyed, block_id=block, first_day=first, last_day=last, reason=reason, seen=fallen.seen
    )
    done = call.desk.do(suspension.suspend_block, order)
    _tell(call, done, {"block": block, "exception": done.id}, _("Bloque {}: suspendido.").format(block))


@verb(app, "leave", _("Licencia de un profesional: sus turnos de esos días se suspenden."), cls=Writes)
def grant_leave(
    ctx: typer.Context,
    doctor: Annotated[str, typer.Argument(metavar=_("USUARIO"), help=_("Profesional, por su usuario."))],
    reason: Why,
    kind: Annotated[
        str,
        typer.Option(metavar=_("CLASE"), help=_("vacaciones enfermedad congreso maternidad gremial otra")),
    ] = "otra",
    since: Since = None,
    until: Until = None,
    starts: Starts = None,
    ends: Ends = None,
) -> None:
    """Grant leave; the turns that fall are listed, and asked about, first."""
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.clinic.turns import suspension

    call = the_call(ctx)
    first, last = day_of(since) or _today(call), day_of(until)
    query = suspension.AwayQuery(doctor_id_of(call, doctor), first, last, time_of(starts), time_of(ends))
    fallen = call.desk.see(suspension.fallen_by_absence, query)
    _demand_agreed(call, fallen, _("{} tiene licencia").format(doctor))
    order = suspension.Leave(
        **call.keyed,
        doctor_id=query.doctor_id,
        first_day=first,
        last_day=last,
        from_time=query.from_time,
        to_time=query.to_time,
        leave_kind=kind,
        reason=reason,
        seen=fallen.seen,
    )
    done = call.desk.do(suspension.grant_leave, order)
    _tell(call, done, {"exception": done.id}, _("Licencia {} anotada.").format(done.id))


@verb(app, "reinstate", _("Levantar una licencia o una suspensión."), cls=Writes)
def reinstate(
    ctx: typer.Context,
    exception: Annotated[int, typer.Argument(metavar=_("NÚMERO"), help=_("De agenda exceptions."))],
) -> None:
    """Lift a leave or suspension; on the same day its turns stand again."""
    from clinicdesk.clinic.turns import suspension

    call = the_call(ctx)
    done = call.desk.do(suspension.reinstate, suspension.Reinstate(**call.keyed, exception_id=exception))
    call.answer(
        {"exception": exception, "restored": done.restored, "not_restored": done.not_restored},
        _("Levantada. Turnos que vuelven: {}; sin lugar o ya reasignados: {}.").format(
            done.restored, done.not_restored
        ),
    )


@verb(app, "exceptions", _("Licencias y suspensiones vigentes."))
def list_exceptions(
    ctx: typer.Context,
    doctor: Doctor = None,
    everything: Annotated[bool, typer.Option("--all", help=_("También pasadas y levantadas."))] = False,
) -> None:
    """List leave and suspensions."""
    from clinicdesk.cli.shapes import doctor_id_of, people_of
    from clinicdesk.clinic.agendas import queries

    call = the_call(ctx)
    query = queries.ExceptionsQuery(
        call.session().actor.at.clinic_id,
        doctor_id_of(call, doctor) if doctor is not None else None,
        everything,
    )
    people = people_of(call)
    rows = (
        {
            "exception": row.id,
            "kind": row.kind,
            "doctor": people.username(row.doctor_id),
            "doctor_name": row.doctor,
            "block": row.block_id,
            "first_day": row.first_day,
            "last_day": row.last_day,
            "from_time": row.from_time and f"{row.from_time:%H:%M}",
            "to_time": row.to_time and f"{row.to_time:%H:%M}",
            "leave_kind": row.leave_kind,
            "reason": row.reason,
            "lifted_at": row.lifted_at,
        }
        for row in call.desk.see(queries.list_exceptions, query)
    )
    columns = {
        _("Número"): "exception",
        _("Clase"): "kind",
        _("Profesional"): "doctor_name",
        _("Bloque"): "block",
        _("Desde"): "first_day",
        _("Hasta"): "last_day",
        _("Motivo"): "reason",
    }
    call.rows(rows, columns)


@verb(app, "notices", _("Pacientes a avisar de un turno suspendido, o sin otro turno."))
def list_notices(
    ctx: typer.Context,
    pending: Annotated[bool, typer.Option("--pending", help=_("Solo los que falta avisar."))] = False,
    exception: Annotated[
        int | None, typer.Option(metavar=_("NÚMERO"), help=_("Todos los de una licencia o suspensión."))
    ] = None,
) -> None:
    """List notices; their references are what `agenda notice` and `turn reassign` take, as the ids do."""
    from clinicdesk.cli import agenda_notices

    agenda_notices.show(the_call(ctx), exception, pending=pending)


@verb(app, "notice", _("Anotar que se avisó, o que no hay cómo."), cls=Writes)
def notice(
    ctx: typer.Context,
    notice_id: Annotated[
        str, typer.Argument(metavar="ID", help=_("El aviso, o la referencia que da agenda notices."))
    ],
    done: Annotated[bool, typer.Option("--done", help=_("Se avisó."))] = False,
    no_means: Annotated[bool, typer.Option("--no-means", help=_("No hay cómo avisar."))] = False,
) -> None:
    """Note that a patient was told, or cannot be."""
    from clinicdesk.cli import agenda_notices

    if done is no_means:
        raise InvalidInput(_("Falta decir qué pasó: --done o --no-means, uno de los dos."))
    agenda_notices.note(the_call(ctx), notice_id, reached=done)


def _rows(call: Call, doctor: str | None = None) -> tuple[BlockRow, ...]:
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.clinic.agendas import queries

    doctor_id = doctor_id_of(call, doctor) if doctor is not None else None
    query = queries.BlocksQuery(call.session().actor.at.clinic_id, doctor_id)
    return call.desk.see(queries.list_blocks, query)


def _row(call: Call, block: int) -> BlockRow:
    from clinicdesk.clinic.agendas.errors import BlockNotFound

    for row in _rows(call):
        if row.block.id == block:
            return row
    raise BlockNotFound(block=block)


def _objects(call: Call, rows: tuple[BlockRow, ...]) -> list[dict[str, Any]]:
    from clinicdesk.cli.shapes import people_of

    people = people_of(call)
    same = ("weekday", "slot_minutes", "capacity", "overbooks", "release_hours", "state", "valid_from")
    return [
        {
            "block": row.block.id,
            "doctor": people.username(row.block.doctor_id),
            "doctor_name": row.doctor,
            "weekday_name": WEEKDAYS[row.block.weekday - 1],
            "starts": f"{row.block.starts:%H:%M}",
            "ends": f"{row.block.ends:%H:%M}",
            "room": row.room,
            "procedure": row.procedure,
            **{name: getattr(row.block, name) for name in same},
            "valid_to": row.block.valid_to,
            "quotas": dict(row.block.quotas),
            "version": row.block.version,
        }
        for row in rows
    ]


def _room_id(call: Call, code: str) -> int:
    from clinicdesk.cli.site_parts import the_row
    from clinicdesk.clinic.sites import queries

    rows = call.desk.see(queries.list_rooms, queries.SitesQuery(call.session().actor.at.clinic_id))
    return the_row(rows, "rooms", code, code=code).id


def _procedures(call: Call, codes: str | None) -> tuple[int, ...] | None:
    from clinicdesk.clinic.sites import queries
    from clinicdesk.clinic.sites.errors import ProcedureNotFound

    if codes is None:
        return None
    known = {row.code: row.id for row in call.desk.see(queries.list_procedures, queries.SitesQuery())}
    asked = [code.strip() for code in codes.split(",") if code.strip()]
    for code in asked:
        if code not in known:
            raise ProcedureNotFound(code=code)
    return tuple(known[code] for code in asked)


def _quotas(text: str | None) -> tuple[tuple[str, int], ...] | None:
    """`web=2,profesional=1`; `-` for none. Raises InvalidInput."""
    if text is None:
        return None
    found: dict[str, int] = {}
    for each in filter(None, (part.strip() for part in text.split(",") if text != "-")):
        channel, _equals, places = each.partition("=")
        if not places.isdecimal() or channel in found:
            raise InvalidInput(_("«{}» no es un cupo: web=2.").format(each))
        found[channel] = int(places)
    return tuple(sorted(found.items()))


def _demand_agreed(call: Call, fallen: Fallen, what: str) -> None:
    """The turns that fall, told on stderr, and whether to go on. Raises NotAgreed, NoAnswer."""
    if not fallen.turns:
        return
    for each in fallen.turns[:_MOST_SHOWN]:
        phone = each.phone or _("sin teléfono")
        call.say(f"{each.wall_start:%d/%m/%Y %H:%M}  {each.family}, {each.given}  {phone}")
    if (more := len(fallen.turns) - _MOST_SHOWN) > 0:
        call.say(_("… y {} más").format(more))
    turns = plural(len(fallen.turns), _("turno se cancela"), _("turnos se cancelan"))
    if not call.confirm(_("{}: {}. ¿Seguir?").format(what, turns)):
        raise NotAgreed


def _tell(call: Call, done: CascadeAnswer, data: dict[str, Any], said: str) -> None:
    counts = {
        "cancelled": done.cancelled,
        "notices": done.notices,
        "without_phone": done.without_phone,
    }
    told = _("Turnos cancelados: {}; avisos en cola: {}; sin teléfono: {}.")
    call.answer(data | counts, said, told.format(done.cancelled, done.notices, done.without_phone))


def _today(call: Call) -> date:
    from clinicdesk.cli.shapes import today_of

    return today_of(call)
