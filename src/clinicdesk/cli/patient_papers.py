"""`clinicdesk patient print`: card, labels and summary of a patient as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import the_call, verb
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.patients.papers import PaperKind

Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]
_PRINT = _(
    "Tarjeta, etiquetas o resumen de un paciente, en PDF. Queda escrito quién lo imprimió.\n\n"
    "card: tamaño de tarjeta, con código que la búsqueda lee. label: 50 × 25 mm, una por página. "
    "sheet: etiquetas en una hoja A4. summary: datos, coberturas y próximos turnos."
)


def add_to(app: typer.Typer) -> None:
    """Hang this verb on the noun."""
    verb(app, "print", _PRINT)(print_paper)


def print_paper(
    ctx: typer.Context,
    document: Document,
    out: Annotated[
        str, typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("Dónde; - es la salida."))
    ],
    kind: Annotated[
        str, typer.Option(metavar="card|label|sheet|summary", help=_("Qué; summary si no."))
    ] = "summary",
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=440, help=_("Etiquetas: 1 o una hoja si no."))
    ] = None,
) -> None:
    """Write a paper of a patient, whole or not at all."""
    from clinicdesk.cli.history import stamp_of
    from clinicdesk.kit.sheet import write_atomically
    from clinicdesk.reports._patient_papers import written

    call, what = the_call(ctx), _kind(kind)
    patient_id = given.patient_of(call, document).patient_id
    made = written(call.desk, patient_id, what, count, stamp_of(call))
    write_atomically(out, lambda file: file.write(made.file))
    if made.missing:
        said = _("Caracteres que la letra no tiene, impresos por su código: {all}")
        call.say(said.format(all=" ".join(made.missing)))
    if out != given.DASH:
        call.say(_("Escrito en {file}.").format(file=out))


def _kind(text: str) -> PaperKind:
    from clinicdesk.clinic.patients.papers import PaperKind

    try:
        return PaperKind(text)
    except ValueError:
        said = _("«{}» no es card, label, sheet ni summary.").format(text[:40])
        raise InvalidInput(said) from None
