"""`clinicdesk followup`: controls that notes ask for. Whoever gives turns sees day and doctor, no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, noun, the_call, verb
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.records.planning import DueRow

app = noun(_("Controles sugeridos en las notas: los del centro, los de un paciente."))
_COLUMNS: Final = {
    _("Para el"): "due_on",
    _("Paciente"): "name",
    "HC": "chart_number",
    _("Teléfono"): "phone",
    _("Profesional"): "doctor_name",
    _("Turno"): "turn_day",
}
_BACK, _AHEAD = timedelta(days=30), timedelta(days=30)


@verb(app, "list", _("Los controles del centro sin turno dado, por fecha: de hace 30 días a 30 por venir."))
def list_due(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--from", metavar=_("AAAA-MM-DD"), help=_("Desde qué día."))
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar=_("AAAA-MM-DD"), help=_("Hasta qué día."))
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help=_("También los que ya tienen turno."))] = False,
) -> None:
    """List the clinic's due controls."""
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.records import planning

    call, problems = the_call(ctx), given.Problems()
    today = today_of(call)
    first, last = today - _BACK, today + _AHEAD
    with problems.noted():
        first = given.day_of(since) or first
    with problems.noted():
        last = given.day_of(until) or last
    problems.settle()
    query = planning.ClinicDueQuery(first, last, given=everything)
    _tell(call, call.desk.see(planning.due_at_clinic, query))


@verb(app, "show", _("Los controles de un paciente que esperan turno."))
def show_due(ctx: typer.Context, document: Patient) -> None:
    """List a patient's due controls."""
    from clinicdesk.clinic.records import planning

    call = the_call(ctx)
    patient_id = given.opened(call, document).patient_id
    _tell(call, call.desk.see(planning.due_of, planning.DueQuery(patient_id)))


def _tell(call: Call, rows: tuple[DueRow, ...]) -> None:
    call.rows(map(due_object, rows), _COLUMNS)
    if not rows:
        call.say(_("No hay controles sugeridos sin turno."))


def due_object(row: DueRow) -> dict[str, Any]:
    """A control as reception sees it."""
    return {
        "id": opaque(row.patient_id, row.id),
        "due_on": row.due_on,
        "doctor_name": row.doctor,
        "name": f"{row.family}, {row.given}",
        "chart_number": f"{row.chart_number:06d}",
        "phone": row.phone,
        "turn_day": row.turn_day,
    }
