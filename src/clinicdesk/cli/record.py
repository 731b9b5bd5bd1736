"""`clinicdesk record`: typed entries of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import datetime

    from clinicdesk.clinic.records.rules import DiagnosisEntry

app = noun(_("Registros de la historia: agregar, listar, ver."))
_ADD: Final = _(
    "Agregar un registro de fuera de una atención.\n\n"
    "Con --sign el texto queda firmado y se pide la clave; sin --sign espera la firma (record sign)."
)
_LIST: Final = {
    _("Fecha"): "when",
    _("Tipo"): "type",
    _("Diagnósticos"): "codes",
    _("Profesional"): "doctor_name",
    _("Lugar"): "place",
    _("Firma"): "signature",
    "Id": "id",
}

RecordId = Annotated[
    str, typer.Argument(metavar="RECORD_ID", help=_("El id que dan record add y record list."))
]
Text = Annotated[str, typer.Option(metavar=_("TEXTO|-"), help=_("El texto, o - para leerlo de la entrada."))]
Codes = Annotated[
    list[str] | None,
    typer.Option("--diagnosis", metavar=_("CIE10,…"), help=_("Códigos; el primero es el principal.")),
]


@verb(app, "add", _ADD, cls=Writes)
def add(
    ctx: typer.Context,
    document: Patient,
    kind: Annotated[str, typer.Option("--type", metavar=_("TIPO"), help=_("consulta, urgencia, control…"))],
    date: Annotated[
        str | None, typer.Option(metavar=_("FECHA"), help=_("Cuándo fue (ISO 8601); ahora si no."))
    ] = None,
    diagnosis: Codes = None,
    text: Text = "",
    title: Annotated[str | None, typer.Option(metavar=_("TÍTULO"), help=_("Título."))] = None,
    institution: Annotated[
        str | None, typer.Option(metavar=_("NOMBRE"), help=_("Si fue en otra institución."))
    ] = None,
    attr: Annotated[
        list[str] | None, typer.Option(metavar=_("CLAVE=VALOR"), help=_("Dato suelto; se repite."))
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help=_("Firmar el texto ahora."))] = False,
    late: Annotated[
        str | None,
        typer.Option(
            metavar=_("MOTIVO"), help=_("Por qué una atención propia se escribe después; va con --date.")
        ),
    ] = None,
) -> None:
    """Add an entry."""
    from clinicdesk.clinic.records import adding

    call, problems = the_call(ctx), given.Problems()
    at: datetime | None = None
    stated: tuple[DiagnosisEntry, ...] = ()
    attributes: dict[str, str] = {}
    zone = call.session().actor.at.zone
    with problems.noted():
        at = given.instant_of(date, zone)
    with problems.noted():
        stated = given.diagnoses_of(diagnosis or ())
    with problems.noted():
        attributes = given.attributes_of(attr or ())
    problems.settle()
    body = given.text_of(text)
    order = adding.AddRecord(
        **call.keyed,
        patient_id=given.patient_of(call, document).patient_id,
        kind=kind,
        at=at,
        title=title,
        institution=institution,
        text=body,
        diagnoses=stated,
        attributes=attributes,
        late_reason=late,
        sign=sign,
    )
    answer = call.desk.do(adding.add_record, call.proved(order) if sign and body.strip() else order)
    record_id = opaque(answer.patient_id, answer.id)
    note_id = opaque(answer.patient_id, answer.note_id) if answer.note_id else None
    data = {"id": record_id, "type": kind, "signed": note_id is not None, "note_id": note_id}
    call.answer(data, _("Registro agregado.") if not sign else _("Registro firmado."), f"Id: {record_id}")


@verb(app, "sign", _("Firmar un registro propio que espera la firma; se pide la clave."), cls=Writes)
def sign_record(ctx: typer.Context, record_id: RecordId) -> None:
    """Sign an entry's text."""
    from clinicdesk.cli.note import show_signed
    from clinicdesk.clinic.records import signing

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(record_id)
    order = call.proved(signing.SignRecord(**call.keyed, patient_id=patient_id, record_id=row_id))
    show_signed(call, call.desk.do(signing.sign_record, order))


@verb(app, "list", _("Los registros de un paciente, el último primero. Queda escrito quién los vio."))
def list_records(
    ctx: typer.Context,
    document: Patient,
    kind: Annotated[
        str | None, typer.Option("--type", metavar=_("TIPO"), help=_("Solo los de un tipo."))
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help=_("Cuántos, 200 si no."))] = 200,
) -> None:
    """List entries."""
    from clinicdesk.cli.charts import entry_object
    from clinicdesk.clinic.records import queries

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    depth = limit if kind is None else None
    chart = call.desk.see(queries.open_chart, queries.ChartQuery(patient_id, depth))
    found = [entry_object(row) for row in chart.entries if kind in (None, row.kind)][:limit]
    call.rows(found if call.json else [_told(call, row) for row in found], _LIST)
    if kind is None and chart.entries_total > len(found):
        call.say(_("Hay {total} en todo: agregar --limit.").format(total=chart.entries_total))


def _told(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    codes = ", ".join(each["code"] for each in row["diagnoses"])
    signature = _("firmado") if row["signed"] else ""
    return row | {
        "when": f"{row['at'].astimezone(call.zone):%d/%m/%Y %H:%M}",
        "codes": codes,
        "signature": signature,
    }


@verb(app, "show", _("Un registro entero. Queda escrito quién lo vio."))
def show(ctx: typer.Context, record_id: RecordId) -> None:
    """Show one entry."""
    from clinicdesk.cli.charts import entry_lines, entry_object
    from clinicdesk.clinic.records import queries
    from clinicdesk.clinic.records.errors import RecordNotFound

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(record_id)
    chart = call.desk.see(queries.open_chart, queries.ChartQuery(patient_id, None))
    for row in chart.entries:
        if row.id == row_id:
            call.answer(entry_object(row), *entry_lines(row, call.zone))
            return
    raise RecordNotFound


_GIVE: Final = _(
    "Decir que un registro, resultado, receta o medición propia es de otra persona.\n\n"
    "Nada cambia: queda donde se ingresó, marcado, y se lee entero en la historia de quien es. "
    "De una medición basta el id de un signo: pasan todos los de ese momento. "
    "Los ids de recetas y signos están en history show --json."
)


@verb(app, "give", _GIVE, cls=Writes)
def give(
    ctx: typer.Context,
    record_id: RecordId,
    to: Annotated[str, typer.Option(metavar=_("DOCUMENTO"), help=_("De quién es."))],
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué estaba mal."))],
) -> None:
    """Mark an entry as another person's."""
    from clinicdesk.clinic.records import misplacing
    from clinicdesk.clinic.rights import Permission

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(record_id)
    whose = given.patient_of(call, to)
    order = misplacing.MoveEntry(
        **call.keyed, patient_id=patient_id, entry_id=row_id, to_id=whose.patient_id, reason=reason
    )
    writes = call.session().actor.may(Permission.NOTE_WRITE)
    answer = call.desk.do(misplacing.move_entry if writes else misplacing.move_vitals, order)
    data = {"id": record_id, "type": answer.kind, "chart_number": answer.chart_number}
    call.answer(data, _("Pasó a HC {:06d}; en esta historia queda la marca.").format(answer.chart_number))
