"""`clinicdesk privacy`: openings without a care relation, their review, and the hourly limits."""

from __future__ import annotations

from typing import Annotated

import typer

from clinicdesk.cli.frame import Writes, noun, the_call, verb
from clinicdesk.kit.words import _

app = noun(_("Privacidad: avisos, revisiones, límites."))
_ALERTS = {
    "Id": "id",
    _("Cuándo"): "at",
    _("Quién"): "person",
    _("Paciente"): "patient",
    _("Clase"): "class",
    _("Revisión"): "outcome",
    _("Motivo"): "reason",
}


@verb(app, "alerts", _("Historias abiertas por urgencia o para copia, sin revisar."))
def alerts(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help=_("También las revisadas."))] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=5000, help=_("Cuántas, 200 si no."))] = 200,
) -> None:
    """List alerts, newest first."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.privacy import queries
    from clinicdesk.kit.ids import opaque

    call = the_call(ctx)
    found = call.desk.see(queries.alerts, queries.AlertsQuery(only_open=not every, limit=limit))
    rows = [
        {
            "id": row.id,
            "at": row.at if call.json else wall(row.at, call.zone),
            "login": row.login,
            "person": row.person,
            "patient_id": opaque(row.patient_id, row.patient_id),
            "patient": row.patient,
            "class": row.urgency,
            "reason": row.reason,
            "outcome": row.outcome,
            "reviewed_by": row.reviewed_by,
            "reviewed_at": row.reviewed_at,
            "comment": row.comment,
        }
        for row in found
    ]
    call.rows(rows, _ALERTS)
    if not rows:
        call.say(_("No hay avisos sin revisar."))


@verb(app, "review", _("Cerrar un aviso; «aclarar» lo deja abierto."), cls=Writes)
def review(
    ctx: typer.Context,
    alert_id: Annotated[int, typer.Argument(metavar="ID", help=_("El número del aviso."))],
    outcome: Annotated[
        str, typer.Argument(metavar="justificado|injustificado|aclarar", help=_("Lo que se encontró."))
    ],
    comment: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Comentario."))] = "",
) -> None:
    """Say what was found about an opening."""
    from clinicdesk.clinic.privacy import service

    call = the_call(ctx)
    order = service.ReviewAlert(**call.keyed, alert_id=alert_id, outcome=outcome, comment=comment)
    answer = call.desk.do(service.review_alert, order)
    call.answer({"id": answer.alert_id, "outcome": answer.outcome}, _("Aviso revisado."))


@verb(app, "limits", _("Historias que un rol puede abrir en una hora."))
def limits(ctx: typer.Context) -> None:
    """List the limits."""
    from clinicdesk.clinic.privacy import queries

    call = the_call(ctx)
    found = call.desk.see(queries.limits, queries.LimitsQuery())
    rows = [{"role": row.role, "charts_per_hour": row.charts_per_hour} for row in found]
    call.rows(rows, {_("Rol"): "role", _("Por hora"): "charts_per_hour"})


@verb(app, "limit", _("Cambiar cuántas historias puede abrir un rol en una hora."), cls=Writes)
def limit(
    ctx: typer.Context,
    whose: Annotated[str, typer.Argument(metavar="medico|enfermeria|resultados", help=_("El rol."))],
    charts_per_hour: Annotated[int, typer.Argument(metavar="N", help=_("Cuántas."))],
) -> None:
    """Set a role's limit."""
    from clinicdesk.clinic.privacy import service

    call = the_call(ctx)
    order = service.LimitCharts(**call.keyed, role=whose, charts_per_hour=charts_per_hour)
    answer = call.desk.do(service.limit_charts, order)
    call.answer(
        {"role": answer.role, "charts_per_hour": answer.charts_per_hour},
        _("{role}: {n} por hora.").format(role=answer.role, n=answer.charts_per_hour),
    )
