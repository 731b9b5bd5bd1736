"""`clinicdesk note list|cosign`: what waits for a signature, and co-signing what residents sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Writes, the_call, verb
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from datetime import tzinfo

    from clinicdesk.clinic.records.cosigning import ToCosignRow
    from clinicdesk.clinic.records.waiting import UnsignedRow

_LIST: Final = _(
    "Las notas propias sin firmar; con --to-cosign, las de residentes que esperan su cofirma.\n\n"
    "Sin texto: lo muestra la historia."
)
_COSIGN: Final = _(
    "Cofirmar una nota de residente con las adendas que esperan, o devolverla con --return MOTIVO;"
    " se pide la clave.\n\nLa nota no cambia: quien la firmó contesta con una adenda."
)


def add_to(app: typer.Typer) -> None:
    """Hang the verbs under `note`."""
    verb(app, "list", _LIST)(list_notes)
    verb(app, "cosign", _COSIGN, cls=Writes)(cosign)


def list_notes(
    ctx: typer.Context,
    waiting: Annotated[bool, typer.Option("--to-cosign", help=_("Lo que espera su cofirma."))] = False,
) -> None:
    """Show what waits for the person."""
    from clinicdesk.clinic.records import cosigning
    from clinicdesk.clinic.records.waiting import AllDrafts, unsigned

    call = the_call(ctx)
    zone = None if call.json else call.zone
    if waiting:
        notes = call.desk.see(cosigning.to_cosign, cosigning.ToCosign())
        told = [_waits(row, zone) for row in notes]
        columns = {_("Firmada"): "when", _("Paciente"): "name", _("De"): "author", _("Estado"): "state"}
    else:
        drafts = call.desk.see(unsigned, AllDrafts())
        told = [_unsigned(row, zone) for row in drafts]
        columns = {_("Guardado"): "when", _("Paciente"): "name"}
    call.rows(told, columns | {"Id": "id"})
    if not told:
        call.say(_("Nada espera."))


def _waits(row: ToCosignRow, zone: tzinfo | None) -> dict[str, Any]:
    from clinicdesk.cli.shapes import wall

    told = {
        "id": opaque(row.patient_id, row.note_id),
        "patient": opaque(row.patient_id, row.patient_id),
        "name": f"{row.family}, {row.given}",
        "author": row.author,
        "signed_at": row.signed_at,
        "state": row.state,
    }
    return told if zone is None else told | {"when": wall(row.signed_at, zone)}


def _unsigned(row: UnsignedRow, zone: tzinfo | None) -> dict[str, Any]:
    from clinicdesk.cli.shapes import wall

    told = {
        "id": opaque(row.patient_id, row.turn_id or row.visit_id),
        "patient": opaque(row.patient_id, row.patient_id),
        "visit_id": opaque(row.patient_id, row.visit_id),
        "name": f"{row.family}, {row.given}",
        "saved_at": row.saved_at,
    }
    return told if zone is None else told | {"when": wall(row.saved_at, zone)}


def cosign(
    ctx: typer.Context,
    note_id: Annotated[
        str, typer.Argument(metavar="NOTE_ID", help=_("El id que dan note list --to-cosign y record show."))
    ],
    reason: Annotated[
        str | None, typer.Option("--return", metavar=_("MOTIVO"), help=_("Devolverla, y por qué."))
    ] = None,
) -> None:
    """Stand by a note, or give it back."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.records import cosigning

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(note_id)
    order = cosigning.Cosign(**call.keyed, patient_id=patient_id, note_id=row_id, reason=reason)
    answer = call.desk.do(cosigning.cosign, call.proved(order))
    data = {
        "notes": [opaque(answer.patient_id, each) for each in answer.note_ids],
        "record_id": opaque(answer.patient_id, answer.record_id),
        "verdict": answer.verdict,
        "at": answer.at,
    }
    count = plural(len(answer.note_ids), _("nota"), _("notas"))
    said = _("{count} cofirmadas, {at}.") if reason is None else _("{count} devueltas, {at}.")
    if len(answer.note_ids) == 1:
        said = _("{count} cofirmada, {at}.") if reason is None else _("{count} devuelta, {at}.")
    call.answer(data, said.format(count=count, at=wall(answer.at, call.zone)))
