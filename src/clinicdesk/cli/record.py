"""`clinicdesk record`: typed entries of the history."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

app = noun(_("Registros de la historia: agregar, buscar, listar, ver."))
_ADD: Final = _(
    "Agregar un registro de fuera de una atención.\n\n"
    "Con --sign el texto queda firmado y se pide la clave; sin --sign espera la firma (record sign). "
    "Un registro no se cambia: --corrects carga otro que lo corrige, y los dos quedan a la vista."
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
Late = Annotated[
    str | None,
    typer.Option(
        metavar=_("MOTIVO"), help=_("Por qué una atención propia se escribe después; va con --date.")
    ),
]
Attended = Annotated[
    str | None,
    typer.Option(metavar=_("NOMBRE"), help=_("Quién atendió, de la red o de fuera; uno mismo si no.")),
]
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
    doctor: Attended = None,
    attr: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_("CLAVE=VALOR"), help=_("Dato: presion.sistolica=120, dosis:=[1,2]; se repite.")
        ),
    ] = None,
    attributes: Annotated[
        str | None, typer.Option(metavar=_("ARCHIVO|-"), help=_("Datos en un objeto de JSON."))
    ] = None,
    corrects: Annotated[
        str | None, typer.Option(metavar="RECORD_ID", help=_("El registro que este corrige."))
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help=_("Firmar el texto ahora."))] = False,
    late: Late = None,
) -> None:
    """Add an entry."""
    from clinicdesk.cli.attributes import attributes_of
    from clinicdesk.clinic.records import adding

    call, problems = the_call(ctx), given.Problems()
    if text == attributes == given.DASH:
        raise Misused(text=_("La entrada se lee una vez: --text - o --attributes -."))
    said: dict[str, Any] = {}
    zone = call.session().actor.at.zone
    with problems.noted():
        said["at"] = given.instant_of(date, zone)
    with problems.noted():
        said["diagnoses"] = given.diagnoses_of(diagnosis or ())
    with problems.noted():
        said["attributes"] = attributes_of(attr or (), attributes)
    with problems.noted():
        said["corrects_id"] = given.pair_of(corrects)[1] if corrects else None
    problems.settle()
    body = given.text_of(text)
    order = adding.AddRecord(
        **call.keyed,
        patient_id=given.patient_of(call, document).patient_id,
        kind=kind,
        title=title,
        institution=institution,
        text=body,
        late_reason=late,
        sign=sign,
        **_doctor(call, doctor),
        **said,
    )
    answer = call.desk.do(adding.add_record, call.proved(order) if sign and body.strip() else order)
    record_id = opaque(answer.patient_id, answer.id)
    note_id = opaque(answer.patient_id, answer.note_id) if answer.note_id else None
    data = {"id": record_id, "type": kind, "signed": note_id is not None, "note_id": note_id}
    call.answer(data, _("Registro agregado.") if not sign else _("Registro firmado."), f"Id: {record_id}")


def _doctor(call: Call, name: str | None) -> dict[str, Any]:
    """Who attended: the one of the network who bears the name, else the name itself. Raises InvalidInput."""
    from clinicdesk.clinic.records import searching

    if not name:
        return {}
    found = call.desk.see(searching.find_doctors, searching.DoctorsQuery(name))
    if len(found) > 1:
        raise InvalidInput(
            _("Hay varios profesionales con ese nombre: {}.").format("; ".join(found.values()))
        )
    return {"doctor_id": next(iter(found))} if found else {"doctor_name": name}


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


_SEARCH: Final = _(
    "Buscar registros en las historias que uno atiende y en las de sus centros; el último primero.\n\n"
    "Da encabezados: el texto se lee con la historia abierta (record show). Queda escrito que se buscó. "
    "La última palabra vale como comienzo. --diagnosis toma un código o su comienzo, palabras, o "
    "«capítulo IX». --attr toma clave=valor o clave>número. Las palabras pueden decir lo mismo que en el "
    "puesto: dx:I10 tipo:imagen dr:paz centro:norte desde:01/10/2026 'presion.sistolica>140'."
)
_FOUND: Final = {
    _("Fecha"): "when",
    _("Paciente"): "patient_name",
    _("Tipo"): "type",
    _("Diagnósticos"): "diagnoses",
    _("Profesional"): "doctor_name",
    _("Lugar"): "place",
    "Id": "id",
}
Many = list[str] | None


@verb(app, "search", _SEARCH)
def search(
    ctx: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar=_("[PALABRAS]"), help=_("Palabras."))] = None,
    kind: Annotated[Many, typer.Option("--type", metavar=_("TIPO"), help=_("Se repite."))] = None,
    diagnosis: Annotated[
        str | None, typer.Option(metavar=_("CÓDIGO|PALABRAS"), help=_("Diagnóstico."))
    ] = None,
    doctor: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Quién atendió."))] = None,
    site: Annotated[str | None, typer.Option(metavar=_("CÓDIGO"), help=_("En qué centro de la red."))] = None,
    institution: Annotated[
        str | None, typer.Option(metavar=_("NOMBRE"), help=_("En qué institución de fuera."))
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar=_("FECHA"), help=_("Desde."))] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar=_("FECHA"), help=_("Hasta, ese día también."))
    ] = None,
    attr: Annotated[Many, typer.Option(metavar=_("CONDICIÓN"), help=_("Se repite."))] = None,
    patient: Annotated[
        str | None, typer.Option(metavar=_("DOCUMENTO"), help=_("De un solo paciente."))
    ] = None,
    after: Annotated[str | None, typer.Option(metavar="RECORD_ID", help=_("Los que siguen a este."))] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=50, help=_("Cuántos, 50 si no."))] = 50,
) -> None:
    """Search entries."""
    from clinicdesk.cli.record_search import asked_of, found_object, found_row
    from clinicdesk.clinic.records import searching

    call = the_call(ctx)
    query = asked_of(
        call,
        words=words or [],
        kinds=kind or [],
        diagnosis=diagnosis,
        doctor=doctor,
        site=site,
        institution=institution,
        since=since,
        to=to,
        attr=attr or [],
        patient=patient,
        after=after,
        limit=limit,
    )
    found = call.desk.see(searching.search_on if after else searching.search_records, query)
    call.rows((found_object(row) if call.json else found_row(call, row) for row in found.rows), _FOUND)
    if found.more:
        last = opaque(found.rows[-1].patient_id, found.rows[-1].id)
        call.say(_("Hay más: repetir con --after {last}").format(last=last))
    elif not found.rows:
        call.say(_("Ninguno."))


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
