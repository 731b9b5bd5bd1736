"""`clinicdesk attachment`: files of a patient, kept as bytes and given back as bytes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Patient
from clinicdesk.clinic.attachments.rules import weight
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.attachments.queries import AttachmentRow, Limits

app = noun(_("Adjuntos de la historia: agregar, listar, guardar, anular."))
_ADD: Final = _(
    "Adjuntar un archivo, o lo que entra por la entrada (-).\n\n"
    "El tipo sale del contenido, no del nombre. Nada se abre ni se ejecuta: son bytes que se guardan y "
    "se devuelven."
)
_SAVE: Final = _(
    "Guardar un adjunto en un archivo, en una carpeta con un nombre seguro, o en la salida (-).\n\n"
    "Un archivo que ya está no se pisa. Queda escrito quién lo sacó."
)
_LIMITS: Final = _("Ver o cambiar cuánto puede pesar un archivo, y todos los de un paciente.")
_LIST: Final = {
    _("Fecha"): "when",
    _("Nombre"): "name",
    _("Tipo"): "media_type",
    _("Tamaño"): "size",
    _("Quién"): "person",
    _("Estado"): "state",
    "Id": "id",
}

AttachmentId = Annotated[
    str, typer.Argument(metavar="ATTACHMENT_ID", help=_("El id que da attachment list."))
]
Megabytes = Annotated[int | None, typer.Option(metavar="N", min=1, help=_("En megabytes."))]


@verb(app, "add", _ADD, cls=Writes)
def add(
    ctx: typer.Context,
    document: Patient,
    file: Annotated[str, typer.Argument(metavar=_("ARCHIVO|-"), help=_("El archivo, o - para la entrada."))],
    record: Annotated[
        str | None, typer.Option(metavar="RECORD_ID", help=_("El registro al que acompaña."))
    ] = None,
    name: Annotated[str | None, typer.Option(metavar=_("NOMBRE"), help=_("Cómo se muestra."))] = None,
    text: Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Qué es."))] = None,
) -> None:
    """Attach a file."""
    from clinicdesk.clinic.attachments import service

    call = the_call(ctx)
    patient_id, record_id = given.patient_of(call, document).patient_id, None
    if record is not None:
        patient_id, record_id = given.pair_of(record)
    order = service.Attach.of(
        _read(call, file),
        **call.keyed,
        patient_id=patient_id,
        record_id=record_id,
        name=name or (_("entrada") if file == given.DASH else file),
        described=text,
    )
    answer = call.desk.do(service.attach, order)
    data = {
        "id": opaque(answer.patient_id, answer.id),
        "media_type": answer.media_type,
        "bytes": answer.size_bytes,
        "sha256": answer.sha256,
        "at": answer.at,
    }
    said = _("Adjuntado: {type}, {size}.").format(type=answer.media_type, size=weight(answer.size_bytes))
    call.answer(data, said, f"SHA-256 {answer.sha256}", f"Id: {data['id']}")


def _read(call: Call, file: str) -> bytes:
    """All bytes, or one more than are allowed, which the use case refuses. Raises NotRead."""
    from clinicdesk.clinic.attachments import saving

    most = _limits(call).file_bytes
    return sys.stdin.buffer.read(most + 1) if file == given.DASH else saving.read(Path(file), most)


@verb(app, "list", _("Los adjuntos de un paciente, el último primero."))
def list_attachments(ctx: typer.Context, document: Patient) -> None:
    """List attachments."""
    from clinicdesk.clinic.attachments import queries

    call = the_call(ctx)
    query = queries.AttachmentsQuery(given.patient_of(call, document).patient_id)
    found = [attachment_object(row) for row in call.desk.see(queries.listed, query)]
    call.rows(found if call.json else [_told(call, row) for row in found], _LIST)
    if not found:
        call.say(_("Sin adjuntos."))


def attachment_object(row: AttachmentRow) -> dict[str, Any]:
    """An attachment as `--json` and the exporters give it."""
    voided = row.voided_at and {"at": row.voided_at, "person": row.voided_by, "reason": row.voided_reason}
    return {
        "id": opaque(row.patient_id, row.id),
        "record_id": opaque(row.patient_id, row.record_id) if row.record_id else None,
        "name": row.name,
        "media_type": row.media_type,
        "bytes": row.size_bytes,
        "sha256": row.sha256.hex(),
        "width": row.width,
        "height": row.height,
        "text": row.described,
        "person": row.person,
        "at": row.at,
        "voided": voided or None,
    }


def _told(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    state = _("anulado: {reason}").format(**row["voided"]) if row["voided"] else ""
    when = f"{row['at'].astimezone(call.zone):%d/%m/%Y %H:%M}"
    return row | {"when": when, "size": weight(row["bytes"]), "state": state}


@verb(app, "save", _SAVE)
def save(
    ctx: typer.Context,
    attachment_id: AttachmentId,
    out: Annotated[
        str, typer.Option("-o", "--output", metavar=_("ARCHIVO|CARPETA|-"), help=_("Dónde; - es la salida."))
    ],
) -> None:
    """Save one attachment."""
    from clinicdesk.clinic.attachments import queries, saving

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(attachment_id)
    found = call.desk.see(queries.body, queries.BodyQuery(patient_id, row_id))
    if out == given.DASH:
        sys.stdout.buffer.write(found.body)
        return
    path = saving.save(found, Path(out))
    data = {
        "id": attachment_id,
        "file": str(path),
        "bytes": found.row.size_bytes,
        "sha256": found.row.sha256.hex(),
    }
    call.answer(data, _("Guardado en {file}.").format(file=path))


@verb(app, "void", _("Anular un adjunto puesto por error: queda, marcado con el motivo."), cls=Writes)
def void(
    ctx: typer.Context,
    attachment_id: AttachmentId,
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué."))],
) -> None:
    """Void one attachment."""
    from clinicdesk.clinic.attachments import service

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(attachment_id)
    order = service.VoidAttachment(**call.keyed, patient_id=patient_id, attachment_id=row_id, reason=reason)
    call.desk.do(service.void, order)
    call.answer(
        {"id": attachment_id, "voided": True}, _("Anulado. El archivo queda en la historia, marcado.")
    )


@verb(
    app, "limits", _("Ver o cambiar cuánto puede pesar un archivo, y todos los de un paciente."), cls=Writes
)
def limits(
    ctx: typer.Context,
    file_mb: Megabytes = None,
    patient_mb: Megabytes = None,
    megapixels: Annotated[
        int | None, typer.Option(metavar="N", min=1, help=_("El tamaño mayor de una imagen."))
    ] = None,
) -> None:
    """Show or change the limits."""
    from clinicdesk.clinic.attachments import service

    call = the_call(ctx)
    now = _limits(call)
    if (file_mb, patient_mb, megapixels) != (None, None, None):
        order = service.SetLimits(
            **call.keyed,
            file_bytes=file_mb * service.MEGABYTE if file_mb else now.file_bytes,
            patient_bytes=patient_mb * service.MEGABYTE if patient_mb else now.patient_bytes,
            megapixels=megapixels or now.megapixels,
            version=now.version,
        )
        now = call.desk.do(service.set_limits, order)
    data = {"file_bytes": now.file_bytes, "patient_bytes": now.patient_bytes, "megapixels": now.megapixels}
    said = _("Archivo hasta {file}, paciente hasta {patient}, imagen hasta {pixels} megapíxeles.")
    each = {"file": weight(now.file_bytes), "patient": weight(now.patient_bytes)}
    call.answer(data, said.format(**each, pixels=now.megapixels))


def _limits(call: Call) -> Limits:
    from clinicdesk.clinic.attachments import queries

    return call.desk.see(queries.limits, queries.LimitsQuery())
