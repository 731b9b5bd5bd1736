"""`clinicdesk history`: read a history, or hand it out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, noun, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.errors import Exit
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

    from clinicdesk.clinic.attachments.queries import AttachmentRow
    from clinicdesk.exporters import Exporter, HistoryQuery, Selection
    from clinicdesk.kit.sheet import Stamp

app = noun(_("Historia clínica: ver, entregar."))
_EXPORTERS: Final = "clinicdesk.exporters"
_KIND: Final = "history_"
_ORDERS: Final = ("newest", "oldest")

Since = Annotated[
    str | None, typer.Option("--from", metavar="AAAA-MM-DD", help=_("Registros desde ese día."))
]
Until = Annotated[
    str | None, typer.Option("--to", metavar="AAAA-MM-DD", help=_("Registros hasta ese día inclusive."))
]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--type", metavar=_("TIPO"), help=_("Solo esos tipos: control,laboratorio…")),
]
Ordered = Annotated[
    str, typer.Option("--order", metavar="newest|oldest", help=_("Qué registro va primero; el último si no."))
]
Reason = Annotated[
    str | None, typer.Option(metavar=_("TEXTO"), help=_("Quién pide la copia y para qué (resultados)."))
]


def _requested(call: Call, patient_id: UUID, reason: str | None) -> None:
    """Open the history on a request, where a reason was given: who delivers copies has no other way in."""
    from clinicdesk.clinic.privacy import service

    if reason is not None:
        call.desk.do(service.open_copy, service.OpenCopy(patient_id=patient_id, reason=reason))


_SHOW: Final = _(
    "La historia para leer: alergias primero. Queda escrito quién la vio.\n\n"
    "De a 50 registros, el último primero; donde hay más, dice cómo seguir (--after)."
)


@verb(app, "show", _SHOW)
def show(
    ctx: typer.Context,
    document: Patient,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help=_("Cuántos registros, 50 si no."))] = 50,
    after: Annotated[
        str | None, typer.Option(metavar="RECORD_ID", help=_("Los registros que siguen a este."))
    ] = None,
    reason: Reason = None,
) -> None:
    """Show a history."""
    from dataclasses import replace

    from clinicdesk.cli.charts import chart_lines, chart_object
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.prescriptions import queries as prescriptions
    from clinicdesk.clinic.records import queries

    call = the_call(ctx)
    last = given.pair_of(after)[1] if after else None
    # One more than is shown tells whether there are more.
    query = queries.ChartQuery(given.patient_of(call, document).patient_id, limit + 1, last)
    _requested(call, query.patient_id, reason)
    whole = call.desk.see(queries.open_chart, query)
    chart = replace(whole, entries=whole.entries[:limit])
    more = opaque(chart.entries[-1].patient_id, chart.entries[-1].id) if len(whole.entries) > limit else None
    prescribed = call.desk.see(prescriptions.prescribed, query)
    if call.json:
        call.object(chart_object(chart, prescribed) | {"next": more})
    else:
        call.lines(*chart_lines(chart, prescribed, today_of(call), call.zone))
    if more:
        call.say(_("Hay más registros: repetir con --after {last}").format(last=more))


@verb(app, "export", _("Entregar la historia entera en un archivo. Queda escrito quién la sacó."))
def export(
    ctx: typer.Context,
    document: Annotated[
        str | None,
        typer.Argument(metavar=_("[DOCUMENTO]"), help=_("12345678, DNI:12345678, HC 123 o su id.")),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="pdf|json|fhir", help=_("Formato; pdf si no."))
    ] = "pdf",
    out: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar=_("ARCHIVO"), help=_("Dónde; - es la salida. Del lote, carpeta.")
        ),
    ] = None,
    documents: Annotated[
        str | None,
        typer.Option("--list", metavar=_("ARCHIVO"), help=_("Un lote: un documento por línea; - es stdin.")),
    ] = None,
    clinics: Annotated[
        list[str] | None,
        typer.Option("--all-of", metavar=_("CENTRO"), help=_("Un lote: todos los que atendió el centro.")),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help=_("Del lote, poner al día también lo que ya está.")),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=256, help=_("Procesos del lote; un núcleo cada uno.")),
    ] = None,
    files: Annotated[
        bool,
        typer.Option("--with-files", help=_("Con los archivos adjuntos adentro (fhir, de a uno).")),
    ] = False,
    since: Since = None,
    until: Until = None,
    kinds: Kinds = None,
    order: Ordered = "newest",
    reason: Reason = None,
) -> None:
    """Write a history, whole or not at all; or those of a batch, each whole or not at all."""
    call, exporter = the_call(ctx), _exporter(form)
    selection = _selection(since, until, kinds, order)
    _demand_room_for_files(exporter, files, alone=not documents and not clinics)
    if documents or clinics:
        from clinicdesk.cli import history_batch as many

        if document is not None:
            raise Misused(text=_("Un documento, o un lote con --list o --all-of; no los dos."))

        def query(patient_id: UUID) -> HistoryQuery:
            return query_of(patient_id, form, selection, reason)

        asked = _asked(form, selection)
        batch = many.batch_of(form, exporter.suffix, out, query, asked, reason, jobs, again=again)
        many.export(call, batch, many.listed(documents) if documents else [], clinics or [])
    elif document is None:
        raise Misused(text=_("Falta el documento, o un lote con --list o --all-of."))
    else:
        _export_one(call, exporter, document, selection, out, reason, files=files)


def _demand_room_for_files(exporter: Exporter, files: bool, *, alone: bool) -> None:
    """Raises Misused where the attachments' bytes have no place."""
    if files and exporter.write_files is None:
        raise Misused(text=_("--with-files es del formato fhir: los otros no llevan archivos adentro."))
    if files and not alone:
        raise Misused(text=_("--with-files es de una historia: un lote no lleva archivos adentro."))


def _asked(form: str, selection: Selection) -> str:
    """What tells the files of one request apart from another's."""
    order = _ORDERS[selection.oldest_first]
    days = (selection.since or "", selection.until or "")
    return " ".join((form, order, "..".join(map(str, days)), *selection.kinds))


def _export_one(
    call: Call,
    exporter: Exporter,
    document: str,
    selection: Selection,
    out: str | None,
    reason: str | None,
    *,
    files: bool,
) -> None:
    """One history to a file or stdout; 8 where a letter had no glyph."""
    from clinicdesk.exporters import HISTORY
    from clinicdesk.kit.sheet import write_atomically

    form = exporter.format
    target = _target(out, binary=form == "pdf")
    patient_id = given.patient_of(call, document).patient_id
    _requested(call, patient_id, reason)
    history = call.desk.see(HISTORY, query_of(patient_id, form, selection, reason))
    stamp = stamp_of(call)

    def write(file: BinaryIO) -> tuple[str, ...]:
        if files and exporter.write_files is not None:
            return exporter.write_files(history, stamp, file, _bodies(call, patient_id))
        return exporter.write(history, stamp, file)

    missing = write_atomically(target, write)
    if missing:
        call.say(
            _("Caracteres que la letra no tiene, impresos por su código: {all}").format(all=" ".join(missing))
        )
    if target != given.DASH:
        data: dict[str, Any] = {
            "file": target,
            "format": form,
            "entries": len(history.chart.entries),
            "printed_at": stamp.at,
        }
        call.answer(data, _("Escrito en {file}.").format(file=target))
    if missing:
        raise typer.Exit(int(Exit.PARTLY))


def _bodies(call: Call, patient_id: UUID) -> Callable[[AttachmentRow], bytes]:
    """Reads the bytes of an attachment; that they left is an act each."""
    from clinicdesk.clinic.attachments import queries

    return lambda row: call.desk.see(queries.body, queries.BodyQuery(patient_id, row.id)).body


def _selection(since: str | None, until: str | None, kinds: list[str] | None, order: str) -> Selection:
    """What is asked for of a history. Raises InvalidInput with everything that is wrong, Misused."""
    from clinicdesk.clinic.records.rules import RecordKind
    from clinicdesk.exporters import Selection

    if order not in _ORDERS:
        raise Misused(text=_("--order es newest u oldest, no «{order}».").format(order=order[:40]))
    problems = given.Problems()
    days: list[date | None] = [None, None]
    for place, text in enumerate((since, until)):
        with problems.noted():
            days[place] = given.day_of(text)
    asked = [word.strip() for text in kinds or () for word in text.split(",") if word.strip()]
    known = [kind.value for kind in RecordKind]
    wrong = _("El tipo de registro «{kind}» no existe. Tipos: {kinds}.")
    if days[0] and days[1] and days[0] > days[1]:
        problems.found.append(_("--from es posterior a --to."))
    problems.settle(
        *(wrong.format(kind=each[:40], kinds=", ".join(known)) for each in asked if each not in known)
    )
    return Selection(days[0], days[1], tuple(dict.fromkeys(asked)), order == _ORDERS[1])


def query_of(patient_id: UUID, form: str, selection: Selection, reason: str | None) -> HistoryQuery:
    """The query of an export; what was left out stands in its act."""
    from clinicdesk.exporters import HistoryQuery

    days = (
        (f"{selection.since or ''}..{selection.until or ''}",) if selection.since or selection.until else ()
    )
    return HistoryQuery(patient_id, " ".join((form, *days, *selection.kinds)), selection, reason or "")


def _exporter(form: str) -> Exporter:
    """The exporter of a format. Raises Misused."""
    from clinicdesk.exporters import Exporter
    from clinicdesk.kit import plugins

    forms = [name.removeprefix(_KIND) for name in plugins.names(_EXPORTERS) if name.startswith(_KIND)]
    if form not in forms:
        raise Misused(text=_("No hay formato «{form}». Hay: {all}.").format(form=form, all=", ".join(forms)))
    return plugins.load(_EXPORTERS, _KIND + form, Exporter, "EXPORTER")


def _target(out: str | None, *, binary: bool) -> str:
    """Where the bytes go: stdout unless it is a terminal that a binary file would garble. Raises Misused."""
    if out is None and binary and sys.stdout.isatty():
        raise Misused(text=_("Falta -o ARCHIVO: un PDF no se muestra en la terminal."))
    return out or given.DASH


def stamp_of(call: Call) -> Stamp:
    """Who prints, when and where, for the foot of every page."""
    from clinicdesk.kit import clock
    from clinicdesk.kit.sheet import Stamp

    actor = call.session().actor
    return Stamp(actor.name, clock.local(clock.now(), actor.at.zone), actor.at.zone, actor.at.clinic_name)
