"""`clinicdesk patient duplicates|distinct`: who may stand in the registry twice, and who does not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, the_call, verb
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import datetime

    from clinicdesk.clinic.patients.queries import PatientRow

Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]

_DUPLICATES = _(
    "Pares que parecen una misma persona, los más parecidos primero.\n\n"
    "Con --scan se compara antes el registro entero, lo que toma un minuto por millón de personas. "
    "Los que se marcaron con patient distinct no vuelven a aparecer."
)
# What is compared are nine blocks, two of which take as long as all others.
_MOST_PROCESSES: Final = 4
_PAIRS = {
    "%": "likeness",
    _("Documento"): "document",
    _("Nombre"): "name",
    _("Nacimiento"): "birth",
    _("Otro documento"): "other_document",
    _("Otro nombre"): "other_name",
    _("Otro nac."): "other_birth",
}


def add_to(app: typer.Typer) -> None:
    """Hang these verbs on the noun."""
    verb(app, "duplicates", _DUPLICATES, cls=Writes)(duplicates)
    verb(app, "distinct", _("Recordar que dos fichas parecidas son dos personas."), cls=Writes)(distinct)


def duplicates(
    ctx: typer.Context,
    scan: Annotated[bool, typer.Option("--scan", help=_("Comparar antes el registro entero."))] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=5000, help=_("Cuántos, 50 si no."))] = 50,
) -> None:
    """List likely duplicates."""
    from clinicdesk.clinic.patients import alike

    call = the_call(ctx)
    if scan:
        _scan(call)
    found = call.desk.see(alike.duplicates, alike.DuplicatesQuery(limit))
    rows = [
        {"likeness": pair.likeness} | _side(call, pair.patient, "") | _side(call, pair.other, "other_")
        for pair in found.pairs
    ]
    call.rows(rows, _PAIRS)
    if not rows:
        call.say(_("Ningún par parecido."))
    if found.total > len(rows):
        call.say(_("Hay {more} pares más: --limit.").format(more=found.total - len(rows)))
    call.say(_scanned(call, found.scanned_at, found.people))


def _scanned(call: Call, at: datetime | None, people: int) -> str:
    from clinicdesk.cli.shapes import wall

    if at is None:
        return _("Nunca se comparó el registro: --scan.")
    return _("Último repaso: {at}, personas: {people}.").format(at=wall(at, call.zone), people=people)


def _side(call: Call, row: PatientRow, which: str) -> dict[str, Any]:
    from clinicdesk.kit.names import full_name

    return {
        f"{which}id": opaque(row.patient_id, row.patient_id),
        f"{which}document": row.document_key if call.json else row.document or f"HC {row.chart_number:06d}",
        f"{which}name": full_name(row.family, row.given),
        f"{which}birth": row.birth,
    }


def _scan(call: Call) -> None:
    """Read the registry page by page, compare, keep what was found."""
    from clinicdesk.clinic.patients import alike
    from clinicdesk.clinic.patients.registry_scan import Scan

    scan, view, last = Scan(), alike.roll, None
    while page := call.desk.see(view, alike.RollQuery(last)):
        for row in page:
            scan.add(row.patient_id, row.given, row.family, row.sex, row.birth, row.numbers)
        view, last = alike.roll_on, page[-1].patient_id
    found = scan.pairs(min(os.cpu_count() or 1, _MOST_PROCESSES))
    pairs = tuple(alike.Pair(one, other, round(100 * score)) for one, other, score in found)
    answer = call.desk.do(alike.keep_pairs, alike.KeepPairs(**call.keyed, pairs=pairs, people=len(scan)))
    told = _("Personas comparadas: {people}. Pares parecidos: {pairs}.")
    call.say(told.format(people=len(scan), pairs=answer.pairs))


def distinct(ctx: typer.Context, document: Document, other: Document) -> None:
    """Remember that two entries are two people."""
    from clinicdesk.clinic.patients import alike

    call = the_call(ctx)
    ids = [given.patient_of(call, each).patient_id for each in (document, other)]
    order = alike.CallDistinct(**call.keyed, patient_id=ids[0], other_id=ids[1])
    answer = call.desk.do(alike.call_distinct, order)
    shown = {
        "id": opaque(answer.patient_id, answer.patient_id),
        "other_id": opaque(answer.other_id, answer.other_id),
    }
    call.answer(shown, _("Quedan como dos personas distintas."))
