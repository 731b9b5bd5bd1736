"""`clinicdesk letter`: certificates, referrals and study orders: issue, list, print, take back, check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.letters.queries import CheckedRow, LetterRow

app = noun(_("Certificados, interconsultas y pedidos de estudios."))
Kind = Annotated[str, typer.Argument(metavar=_("CLASE"), help=_("certificado, interconsulta o estudios."))]
Number = Annotated[int, typer.Argument(metavar="N", help=_("El número que lleva el papel."))]
Out = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("Dónde va el PDF; -, la salida.")),
]
_ISSUE = _(
    "Emitir un documento; se pide la clave.\n\n"
    "Un certificado lleva --days o --text; una interconsulta, --specialty y --text; un pedido, --study, "
    "las veces que haga falta. El diagnóstico va solo si se da. Con -o el PDF queda escrito. "
    "Con --replaces y --reason se anula uno propio y este queda en su lugar."
)


@verb(app, "issue", _ISSUE, cls=Writes)
def issue(
    ctx: typer.Context,
    document: Patient,
    kind: Kind,
    text: Annotated[
        str, typer.Option(metavar=_("TEXTO|-"), help=_("Motivo o aclaración, o - para leerlo."))
    ] = "",
    days: Annotated[int, typer.Option(metavar="N", min=0, help=_("Días de reposo."))] = 0,
    since: Annotated[
        str | None, typer.Option("--from", metavar="AAAA-MM-DD", help=_("Primer día de reposo; hoy si no."))
    ] = None,
    specialty: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("A qué especialidad."))] = "",
    urgency: Annotated[
        str, typer.Option(metavar=_("PRIORIDAD"), help=_("programada, preferente o urgente."))
    ] = "",
    summary: Annotated[
        str, typer.Option(metavar=_("TEXTO"), help=_("Resumen para quien recibe al paciente."))
    ] = "",
    study: Annotated[
        list[str] | None, typer.Option(metavar=_("ESTUDIO"), help=_("Un estudio; se repite."))
    ] = None,
    diagnosis: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Si debe figurar."))] = "",
    recipient: Annotated[
        str, typer.Option("--to", metavar=_("TEXTO"), help=_("Ante quién se presenta."))
    ] = "",
    replaces: Annotated[
        int | None, typer.Option(metavar="N", help=_("El número del documento propio que reemplaza."))
    ] = None,
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué se anula el reemplazado."))] = "",
    out: Out = None,
) -> None:
    """Issue a letter."""
    from clinicdesk.clinic.letters import service
    from clinicdesk.clinic.letters.rules import Said

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    said = Said(
        text=given.text_of(text) if text else "",
        days=days,
        since=given.day_of(since),
        specialty=specialty,
        urgency=urgency,
        summary=summary,
        studies=tuple(study or ()),
        diagnosis=diagnosis,
        recipient=recipient,
    )
    order = service.IssueLetter(
        **call.keyed, patient_id=patient_id, kind=kind, said=said, replaces=replaces, reason=reason
    )
    answer = call.desk.do(service.issue_letter, call.proved(order))
    data = {
        "number": answer.number,
        "kind": answer.kind,
        "issued_at": answer.issued_at,
        "code": answer.code,
        "file": out,
    }
    if out:
        _write(call, _paper(call, document, answer.number), out)
    if out != given.DASH:
        said_so = _("Emitido: {kind} n.º {number}, código {code}.")
        call.answer(data, said_so.format(kind=answer.kind, number=answer.number, code=answer.code))


@verb(app, "list", _("Los documentos de un paciente, el último primero."))
def list_letters(ctx: typer.Context, document: Patient) -> None:
    """List a patient's letters."""
    from clinicdesk.clinic.letters import queries

    call = the_call(ctx)
    query = queries.LettersQuery(given.patient_of(call, document).patient_id)
    found = call.desk.see(queries.list_letters, query)
    columns = {
        _("N.º"): "number",
        _("Clase"): "kind",
        _("Emitido"): "issued_at",
        _("Por"): "author",
        _("Estado"): "standing",
    }
    call.rows((_row(each) for each in found), columns)


def _row(row: LetterRow) -> dict[str, Any]:
    from clinicdesk.clinic.letters.wording import standing_words

    return {
        "number": row.number,
        "kind": row.kind,
        "issued_at": row.issued_at,
        "author": row.author_name,
        "clinic": row.clinic_name,
        "code": row.code,
        "sound": row.sound,
        "text": row.text,
        "unsigned": row.unsigned,
        "voided_at": row.voided_at,
        "void_reason": row.void_reason,
        "replaces": row.replaces,
        "replaced_by": row.replaced_by,
        "own_chart": row.own_chart,
        "standing": standing_words(row),
    }


@verb(app, "print", _("Imprimir otra vez un documento, tal como se emitió; uno anulado lo dice."))
def print_letter(ctx: typer.Context, document: Patient, number: Number, out: Out = None) -> None:
    """Print a letter again."""
    call = the_call(ctx)
    target = out or given.DASH
    _write(call, _paper(call, document, number), target)
    if target != given.DASH:
        call.answer({"number": number, "file": target}, _("Escrito en {file}.").format(file=target))


def _paper(call: Call, document: str, number: int) -> LetterRow:
    from clinicdesk.clinic.letters import queries

    query = queries.LettersQuery(given.patient_of(call, document).patient_id, number)
    return call.desk.see(queries.paper, query)


def _write(call: Call, row: LetterRow, target: str) -> None:
    """The PDF, whole or not at all."""
    from clinicdesk.kit.sheet import write_atomically
    from clinicdesk.reports._letter import paper

    file, missing = paper(row)
    write_atomically(target, lambda out: out.write(file))
    if missing:
        call.say(
            _("Caracteres que la letra no tiene, impresos por su código: {all}").format(all=" ".join(missing))
        )


@verb(app, "void", _("Anular un documento propio, con su motivo."), cls=Writes)
def void(
    ctx: typer.Context,
    document: Patient,
    number: Number,
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué, de 5 a 300 letras."))],
) -> None:
    """Take a letter back."""
    from clinicdesk.clinic.letters import queries, service
    from clinicdesk.clinic.letters.errors import LetterNotFound

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    found = call.desk.see(queries.list_letters, queries.LettersQuery(patient_id))
    row = next((each for each in found if each.number == number), None)
    if row is None:
        raise LetterNotFound
    order = service.VoidLetter(**call.keyed, patient_id=row.patient_id, letter_id=row.id, reason=reason)
    answer = call.desk.do(service.void_letter, order)
    data = {"number": answer.number, "voided_at": answer.voided_at}
    call.answer(data, _("Anulado el n.º {number}.").format(number=answer.number))


@verb(app, "verify", _("Si un papel es de aquí y vale: su número y su código. Del paciente, las iniciales."))
def verify(
    ctx: typer.Context,
    number: Number,
    code: Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("El que lleva el papel."))],
) -> None:
    """Check a paper that somebody holds."""
    from clinicdesk.clinic.letters import queries
    from clinicdesk.clinic.letters.wording import checked_words, verdict_words

    call = the_call(ctx)
    row = call.desk.see(queries.check, queries.CheckQuery(number, code))
    zone = str(call.zone)
    call.answer(_checked(row), verdict_words(row, zone), checked_words(row, zone))


def _checked(row: CheckedRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "valid": row.valid,
        "kind": row.kind,
        "issued_at": row.issued_at,
        "author": row.author_name,
        "license": row.author_license,
        "clinic": row.clinic,
        "initials": row.initials,
        "document_end": row.document_end,
        "voided_at": row.voided_at,
        "replaced_by": row.replaced_by,
        "misplaced": row.misplaced,
    }


@verb(app, "wording", _("Qué dicen los documentos del centro; con --text, se cambia."), cls=Writes)
def wording(
    ctx: typer.Context,
    kind: Kind,
    text: Annotated[
        str | None,
        typer.Option(metavar=_("TEXTO|-"), help=_("El modelo, con campos como {paciente}, o - para leerlo.")),
    ] = None,
) -> None:
    """Show or set a clinic's wording."""
    from clinicdesk.clinic.letters import queries, service

    call = the_call(ctx)
    if text is not None:
        call.desk.do(
            service.word_letter, service.WordLetter(**call.keyed, kind=kind, body=given.text_of(text))
        )
    rows = call.desk.see(queries.wordings, queries.WordingsQuery())
    row = next((each for each in rows if each.kind == kind), None)
    if row is None:
        from clinicdesk.clinic.letters.errors import BadLetter

        raise BadLetter(problem=_("No existe el documento «{}».").format(kind[:20]))
    call.answer({"kind": row.kind, "body": row.body, "version": row.version}, row.body)
