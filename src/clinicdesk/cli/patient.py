"""`clinicdesk patient`: register, search, show; who follows them, who may see them, who did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli import (
    given,
    patient_add,
    patient_edit,
    patient_merge,
    patient_pairs,
    patient_papers,
    patient_particulars,
)
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.patients.queries import PatientRow

Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]

app = noun(_("Pacientes de la red."))
_FOUND = {
    "HC": "chart_number",
    _("Documento"): "document",
    _("Nombre"): "name",
    _("Sexo"): "sex",
    _("Nacimiento"): "birth",
}


def show_patient(call: Call, row: PatientRow) -> None:
    """A patient, as data or for people."""
    from clinicdesk.cli.shapes import patient_lines, patient_object, today_of

    call.answer(patient_object(row), *patient_lines(row, today_of(call)))


_SEARCH = _(
    "Buscar a una persona.\n\n"
    "Por documento o su comienzo, nombres en cualquier orden y aun mal escritos, A1234 (inicial y cuatro "
    "últimas cifras), teléfono, HC y número de historia, o el código leído de una cédula. "
    "Un año de nacimiento entre los nombres deja menos."
)


@verb(app, "search", _SEARCH)
def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar=_("TEXTO…"), help=_("Lo que se sabe."))],
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=200, help=_("Cuántos, 20 si no."))] = 20,
) -> None:
    """List the best fits, best first; nobody found is an empty list."""
    from clinicdesk.cli.shapes import patient_object
    from clinicdesk.clinic.patients import queries
    from clinicdesk.kit.names import full_name

    call = the_call(ctx)
    text = " ".join(words)
    found = call.desk.see(queries.search, queries.SearchQuery(text, limit))
    rows = [patient_object(row) for row in found.rows]
    if not call.json:
        for shape, row in zip(rows, found.rows, strict=True):
            shape |= {"name": full_name(row.family, row.given), "document": row.document}
            shape["chart_number"] = f"{row.chart_number:06d}"
    call.rows(rows, _FOUND)
    if not rows:
        call.say(_("Nadie coincide con «{text}».").format(text=text[:60]))
    if found.more:
        many = (
            _("Hay más de {more} más: agregar {what}.")
            if found.uncounted
            else _("Hay {more} más: agregar {what}.")
        )
        call.say(many.format(more=found.more, what=found.narrowing))


_ACCESSES = {
    _("Cuándo"): "at",
    _("Quién"): "person",
    _("Rol"): "role",
    _("Centro"): "clinic",
    _("Puesto"): "host",
    _("Acto"): "what",
    _("Propósito"): "purpose",
    _("Resultado"): "outcome",
}


@verb(app, "access-log", _("Quién hizo qué con los datos de un paciente, y cuándo. Verlo queda escrito."))
def access_log(
    ctx: typer.Context,
    document: Document,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=5000, help=_("Cuántos, 200 si no."))] = 200,
) -> None:
    """List the acts on a patient, newest first."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.privacy import queries

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    found = call.desk.see(queries.access_log, queries.AccessLogQuery(patient_id, limit=limit))
    names = ("at", "login", "person", "role", "host", "clinic", "what", "purpose", "outcome")
    rows = [{name: getattr(row, name) for name in names} for row in found]
    if not call.json:
        rows = [row | {"at": wall(row["at"], call.zone)} for row in rows]
    call.rows(rows, _ACCESSES)


_BREAK_GLASS = _(
    "Abrir por urgencia la historia de quien no se atiende: media hora; se pide la clave.\n\n"
    "Se avisa a Privacidad, que lo revisa, y el paciente puede ver quién la abrió."
)


@verb(app, "break-glass", _BREAK_GLASS, cls=Writes)
def break_glass(
    ctx: typer.Context,
    document: Document,
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Motivo, 20 letras o más."))],
    urgency: Annotated[
        str,
        typer.Option(
            "--class", metavar="urgencia|interconsulta|otro", help=_("Clase de motivo; urgencia si no.")
        ),
    ] = "urgencia",
) -> None:
    """Open a chart without a care relation."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.privacy import service

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    order = service.BreakGlass(**call.keyed, patient_id=patient_id, reason=reason, urgency=urgency)
    answer = call.desk.do(service.break_glass, call.proved(order))
    told = _("Historia abierta hasta las {until}. Privacidad fue avisada.")
    call.answer({"until": answer.until}, told.format(until=wall(answer.until, call.zone)))


@verb(app, "seal", _("Restringir quién ve a un paciente a quienes lo atienden."), cls=Writes)
def seal(ctx: typer.Context, document: Document) -> None:
    """Seal a patient."""
    _seal(the_call(ctx), document, sealed=True)


@verb(app, "unseal", _("Levantar la restricción de un paciente."), cls=Writes)
def unseal(ctx: typer.Context, document: Document) -> None:
    """Open a sealed patient again."""
    _seal(the_call(ctx), document, sealed=False)


def _seal(call: Call, document: str, *, sealed: bool) -> None:
    from clinicdesk.clinic.patients import service

    patient_id = given.patient_of(call, document).patient_id
    order = service.SealPatient(**call.keyed, patient_id=patient_id, sealed=sealed)
    answer = call.desk.do(service.seal_patient, order)
    said = _("El paciente queda restringido.") if answer.sealed else _("El paciente ya no está restringido.")
    call.answer({"id": opaque(answer.patient_id, answer.patient_id), "sealed": answer.sealed}, said)


@verb(app, "follow", _("Seguimiento: dar a un profesional la historia de un paciente."), cls=Writes)
def follow(
    ctx: typer.Context,
    document: Document,
    doctor: Annotated[str, typer.Option(metavar=_("USUARIO"), help=_("El profesional."))],
    until: Annotated[
        str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Último día; sin fin si no."))
    ] = None,
) -> None:
    """Enter a standing relation."""
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.clinic.privacy import service

    call = the_call(ctx)
    row, person_id = given.patient_of(call, document), doctor_id_of(call, doctor)
    order = service.Relate(
        **call.keyed, patient_id=row.patient_id, person_id=person_id, until=given.day_of(until)
    )
    answer = call.desk.do(service.relate, order)
    call.answer({"id": opaque(answer.patient_id, answer.id)}, _("Seguimiento registrado."))


@verb(app, "unfollow", _("Terminar el seguimiento de un profesional."), cls=Writes)
def unfollow(
    ctx: typer.Context,
    document: Document,
    doctor: Annotated[str, typer.Option(metavar=_("USUARIO"), help=_("El profesional."))],
) -> None:
    """End the standing relations of a professional with a patient."""
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.clinic.privacy import queries, service

    call = the_call(ctx)
    patient_id, person_id = given.patient_of(call, document).patient_id, doctor_id_of(call, doctor)
    held = call.desk.see(queries.relations, queries.RelationsQuery(patient_id))
    live = [row for row in held if row.person_id == person_id and row.ended_at is None]
    for row in live:
        call.desk.do(service.end_relation, service.EndRelation(patient_id=patient_id, relation_id=row.id))
    call.answer({"ended": len(live)}, _("Seguimientos terminados: {n}.").format(n=len(live)))


patient_edit.add_to(app)
patient_add.add_to(app)
patient_particulars.add_to(app)
patient_pairs.add_to(app)
patient_merge.add_to(app)
patient_papers.add_to(app)
