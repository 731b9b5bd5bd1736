"""`clinicdesk treatment`: what was ordered and is followed still, and the act that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from clinicdesk.clinic.records.planning import TreatmentRow

app = noun(_("Tratamientos: los que siguen, suspender uno."))
_COLUMNS: Final = {
    _("Tratamiento"): "what",
    _("Desde"): "since",
    _("Hasta"): "until",
    _("Estado"): "state",
    _("Profesional"): "doctor_name",
    "Id": "id",
}


@verb(app, "list", _("Los tratamientos de un paciente que siguen. Queda escrito quién los vio."))
def list_treatments(
    ctx: typer.Context,
    document: Patient,
    everything: Annotated[
        bool, typer.Option("--all", help=_("También los terminados y los suspendidos."))
    ] = False,
) -> None:
    """List treatments."""
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.records import queries

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    chart = call.desk.see(queries.open_chart, queries.ChartQuery(patient_id, None if everything else 1))
    every = sorted((row for entry in chart.entries for row in entry.treatments), key=lambda row: row.id)
    today = today_of(call)
    rows = every if everything else chart.treatments
    call.rows((treatment_object(chart.patient.patient_id, row, today) for row in rows), _COLUMNS)


def treatment_object(patient_id: UUID, row: TreatmentRow, today: date) -> dict[str, Any]:
    """A treatment with its state in a word. Its id names the person whose chart it was listed from."""
    state = "suspendido" if row.ended_on else "activo" if row.is_active(today) else "terminado"
    return {
        "id": opaque(patient_id, row.id),
        "what": row.what,
        "since": row.since,
        "until": row.until,
        "state": state,
        "ended_on": row.ended_on,
        "ended_why": row.ended_why,
        "doctor_name": row.doctor,
    }


@verb(app, "end", _("Suspender un tratamiento, con su motivo. La nota que lo indicó no cambia."), cls=Writes)
def end_treatment(
    ctx: typer.Context,
    treatment_id: Annotated[
        str, typer.Argument(metavar="TREATMENT_ID", help=_("El id que da treatment list."))
    ],
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué se suspende."))],
) -> None:
    """End a treatment."""
    from clinicdesk.clinic.records import planning

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(treatment_id)
    order = planning.EndTreatment(**call.keyed, patient_id=patient_id, treatment_id=row_id, why=reason)
    answer = call.desk.do(planning.end_treatment, order)
    data = {"id": treatment_id, "what": answer.what, "ended_on": answer.day}
    call.answer(data, _("Suspendido: {what}.").format(what=answer.what))
