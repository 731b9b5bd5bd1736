"""`clinicdesk day`: a clinic's day is closed, opened again, and what it left over ends one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from datetime import date

    from clinicdesk.clinic.admissions.days import DayAnswer

app = noun(_("El día del centro: cerrarlo, abrirlo, ver qué quedó sin terminar."))
_EXCEPTIONS: Final = {
    _("Día"): "day",
    _("Hora"): "hour",
    _("Paciente"): "name",
    _("Estado"): "state_word",
    _("Número"): "ticket",
    _("Profesional"): "doctor_name",
    "Id": "id",
}
Day = Annotated[str | None, typer.Option("--day", metavar=_("AAAA-MM-DD"), help=_("El día; hoy si no."))]


@verb(app, "close", _("Cerrar el día: quien no vino queda ausente; quien espera, en la lista."), cls=Writes)
def close(
    ctx: typer.Context,
    day: Day = None,
    early: Annotated[
        bool, typer.Option("--early", help=_("Aunque queden turnos por venir: quedan ausentes."))
    ] = False,
) -> None:
    """Close a day; done again it changes nothing."""
    from clinicdesk.clinic.admissions.days import CloseDay, close_day

    call = the_call(ctx)
    wanted = _day(call, day)
    if early and not call.confirm(
        _("¿Cerrar el {day} con turnos por venir? Quedan ausentes.").format(day=f"{wanted:%d/%m/%Y}")
    ):
        return
    _told(call, call.desk.do(close_day, CloseDay(**call.keyed, day=wanted, early=early)))


@verb(app, "open", _("Abrir un día cerrado: sus ausentes vuelven adonde estaban."), cls=Writes)
def reopen(ctx: typer.Context, day: Day = None) -> None:
    """Take a closing back; a day that is open stays so."""
    from clinicdesk.clinic.admissions.days import OpenDay, open_day

    call = the_call(ctx)
    _told(call, call.desk.do(open_day, OpenDay(**call.keyed, day=_day(call, day))))


@verb(app, "show", _("Cómo está el día: turnos por estado, y si está cerrado."))
def show(ctx: typer.Context, day: Day = None) -> None:
    """Counts of a day."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.admissions import queries
    from clinicdesk.clinic.turns.queries import DayQuery

    call = the_call(ctx)
    here = call.session().actor.at
    found = call.desk.see(queries.show_day, DayQuery(here.clinic_id, given.day_of(day)))
    data = {
        "day": found.day,
        "clinic": here.clinic_code,
        "closed": found.closed,
        "at": found.at,
        "by": found.person,
        "counts": found.counts,
    }
    lines = [_state_line(found.day, found.closed), *_count_lines(found.counts)]
    if found.at is not None:
        who = _("Cerró {who}, {at}.") if found.closed else _("Abrió {who}, {at}.")
        lines.append(who.format(who=found.person, at=wall(found.at, call.zone)))
    call.answer(data, *lines)


@verb(app, "exceptions", _("Los turnos que un día cerrado dejó sin terminar."))
def exceptions(ctx: typer.Context, day: Day = None) -> None:
    """List what is left; of all closed days without one named."""
    from clinicdesk.cli.shapes import state_word
    from clinicdesk.clinic.admissions import queries
    from clinicdesk.clinic.turns.queries import DayQuery
    from clinicdesk.kit.names import full_name

    call = the_call(ctx)
    query = DayQuery(call.session().actor.at.clinic_id, given.day_of(day))
    rows: list[dict[str, Any]] = []
    for row in call.desk.see(queries.exceptions, query):
        rows.append(
            {
                "id": opaque(row.patient_id, row.id),
                "day": row.day if call.json else f"{row.day:%d/%m/%Y}",
                "hour": _("dem.") if row.kind == "walk_in" else f"{row.wall_start:%H:%M}",
                "state": row.state,
                "state_word": state_word(row.state),
                "ticket": row.ticket,
                "arrived_at": row.arrived_at,
                "doctor_name": row.doctor,
                "name": full_name(row.family, row.given or "") if row.family else _("§ sellado"),
            }
        )
    call.rows(rows, _EXCEPTIONS)
    if not rows:
        call.say(_("No queda ningún turno sin terminar en días cerrados."))


@verb(app, "resolve", _("Terminar un turno que un día cerrado dejó: cómo terminó y por qué."), cls=Writes)
def resolve(
    ctx: typer.Context,
    turn_id: Annotated[str, typer.Argument(metavar="TURN_ID", help=_("El id que da day exceptions."))],
    ending: Annotated[
        str, typer.Option("--as", metavar=_("FINAL"), help=_("finalizado, se_retiro o ausente."))
    ],
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Quién lo sabe, o qué pasó."))],
) -> None:
    """End one of them."""
    from clinicdesk.cli.turn import show_turn, step
    from clinicdesk.clinic.admissions.days import Ending, EndTurn
    from clinicdesk.clinic.records.left_over import resolve as end_turn
    from clinicdesk.kit.errors import InvalidInput

    if ending not in list(Ending):
        raise InvalidInput(
            _("El final «{text}» no existe: finalizado, se_retiro o ausente.").format(text=ending[:40])
        )
    call = the_call(ctx)
    show_turn(call, step(call, end_turn, EndTurn, turn_id, reason=reason, ending=ending))


def _day(call: Call, text: str | None) -> date:
    from clinicdesk.cli.shapes import today_of

    return given.day_of(text) or today_of(call)


def _told(call: Call, answer: DayAnswer) -> None:
    data = {
        "day": answer.day,
        "clinic": call.session().actor.at.clinic_code,
        "closed": answer.closed,
        "changed": answer.changed,
        "kept": answer.kept,
        "exceptions": answer.exceptions,
        "counts": answer.counts,
    }
    moved = plural(answer.changed, _("turno cambió"), _("turnos cambiaron"))
    lines = [f"{_state_line(answer.day, answer.closed)} {moved}.", *_count_lines(answer.counts)]
    if answer.exceptions:
        lines.append(
            _("Sin terminar: {count}. Verlos: clinicdesk day exceptions").format(count=answer.exceptions)
        )
    if answer.kept:
        lines.append(_("Siguen ausentes {count}: su hora ya es de otra persona.").format(count=answer.kept))
    call.answer(data, *lines)


def _state_line(day: date, closed: bool) -> str:
    said = _("Día {day}: cerrado.") if closed else _("Día {day}: abierto.")
    return said.format(day=f"{day:%d/%m/%Y}")


def _count_lines(counts: dict[str, int]) -> list[str]:
    from clinicdesk.cli.shapes import state_word

    return [f"{state_word(state).capitalize()}: {count}" for state, count in counts.items() if count]
