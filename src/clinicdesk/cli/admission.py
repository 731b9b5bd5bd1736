"""`clinicdesk admission`: who came to the counter."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Writes, noun, the_call, verb
from clinicdesk.cli.turn import Patient
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

app = noun(_("Admisión: demanda espontánea y llegadas."))
_LEVELS: Final = {"rojo": 1, "naranja": 2, "amarillo": 3, "verde": 4, "azul": 5}
_LIST: Final = {
    _("Número"): "ticket",
    _("Paciente"): "name",
    _("Estado"): "state_word",
    _("Llegó"): "arrived",
    _("Profesional"): "doctor_name",
    "Id": "id",
}


@verb(app, "add", _("Admitir a quien viene sin turno: un número y un lugar en la cola."), cls=Writes)
def add(
    ctx: typer.Context,
    document: Patient,
    doctor: Annotated[str, typer.Option(metavar=_("USUARIO"), help=_("Quién atiende, por su usuario."))],
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué viene."))],
    triage: Annotated[
        str | None, typer.Option(metavar=_("NIVEL"), help=_("1 a 5, o rojo naranja amarillo verde azul."))
    ] = None,
) -> None:
    """Admit a walk-in."""
    from clinicdesk.cli.shapes import answer_line, doctor_id_of
    from clinicdesk.clinic.admissions import service as admissions

    call = the_call(ctx)
    level = _level_of(triage)
    order = admissions.WalkIn(
        **call.keyed,
        patient_id=given.patient_of(call, document).patient_id,
        doctor_id=doctor_id_of(call, doctor),
        reason=reason,
        triage=level,
    )
    answer = call.desk.do(admissions.walk_in, order)
    turn_id = opaque(answer.patient_id, answer.id)
    data = {
        "turn_id": turn_id,
        "ticket": answer.ticket,
        "state": answer.state,
        "arrived_at": answer.starts_at,
        "patient_id": opaque(answer.patient_id, answer.patient_id),
    }
    call.answer(data, answer_line(answer), f"Id: {turn_id}")


def _level_of(text: str | None) -> int | None:
    """A triage level by number or colour. Raises InvalidInput."""
    from clinicdesk.kit.errors import InvalidInput

    if text is None:
        return None
    level = _LEVELS.get(text.strip().lower(), text.strip())
    if str(level) not in {"1", "2", "3", "4", "5"}:
        raise InvalidInput(_("El triaje «{level}» no existe: 1 a 5, o rojo a azul.").format(level=text[:20]))
    return int(level)


@verb(app, "list", _("Quiénes llegaron un día, por hora de llegada."))
def list_admissions(
    ctx: typer.Context,
    date: Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("El día; hoy si no."))] = None,
) -> None:
    """List arrivals."""
    from clinicdesk.cli.shapes import people_of, turn_cells, turn_object
    from clinicdesk.clinic.turns import queries

    call = the_call(ctx)
    here = call.session().actor.at
    found = call.desk.see(queries.day_turns, queries.DayQuery(here.clinic_id, given.day_of(date)))
    arrived = sorted((row.arrived_at, row.id, row) for row in found if row.arrived_at is not None)
    rows: list[dict[str, Any]] = []
    people = people_of(call)
    for at, _id, row in arrived:
        if call.json:
            shape = turn_object(row, people, here.clinic_code)
            rows.append({"turn_id": shape.pop("id"), "ticket": shape.pop("ticket"), **shape})
        else:
            rows.append(turn_cells(row) | {"arrived": f"{at.astimezone(call.zone):%H:%M}"})
    call.rows(rows, _LIST)
