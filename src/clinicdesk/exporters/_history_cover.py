"""The first page of a printed history: what was asked for, what it holds, and how to check it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from clinicdesk.exporters._history import History
from clinicdesk.kit.ink import Bold
from clinicdesk.kit.sheet import Kind, Stamp, spoken
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from clinicdesk.kit.pdf import Document

KIND_WORDS: Final = MappingProxyType(
    {
        "consulta": _("Consulta"),
        "urgencia": _("Urgencia"),
        "control": _("Control"),
        "procedimiento": _("Procedimiento"),
        "teleconsulta": _("Teleconsulta"),
        "laboratorio": _("Laboratorio"),
        "imagen": _("Imagen"),
        "internacion": _("Internación"),
        "otro": _("Otro registro"),
    }
)


def cover(paper: Document, history: History, zone: tzinfo, stamp: Stamp) -> None:
    """Who handed it out, for whom and why, of which days and kinds, how much there is, how to verify it."""
    paper.heading(_("Esta copia"))
    for name, said in _facts(history, zone, stamp):
        paper.paragraph(Bold(f"{name}: "), said, after=1)
    if history.selection.partial:
        left_out = history.chart.entries_total - len(history.chart.entries)
        paper.gap(4)
        paper.box(
            Bold(_("Copia parcial. ")),
            _("Trae {here} de {all} registros; {out} quedan afuera.").format(
                here=len(history.chart.entries), all=history.chart.entries_total, out=left_out
            ),
            " ",
            _("Alergias, problemas y medicación van completos."),
        )
    paper.heading(_("Cómo comprobarla"))
    for said in _checks(history):
        paper.paragraph(said)


def _facts(history: History, zone: tzinfo, stamp: Stamp) -> Iterable[tuple[str, str]]:
    yield _("Entregada por"), f"{stamp.by}, {stamp.origin}, {stamp.at:%d/%m/%Y %H:%M}"
    yield _("Pedido"), history.request or _("sin pedido escrito: la imprime quien atiende")
    if history.delivery is not None:
        yield _("Entrega"), str(history.delivery)
    yield _("Período"), _period(history, zone)
    kinds = (KIND_WORDS.get(kind, kind) for kind in history.selection.kinds)
    yield _("Tipos de registro"), ", ".join(kinds) or _("todos")
    oldest = history.selection.oldest_first
    yield _("Orden"), _("del más viejo al más nuevo") if oldest else _("del más nuevo al más viejo")
    yield _("Contenido"), ", ".join(_counts(history))


def _period(history: History, zone: tzinfo) -> str:
    asked = history.selection
    if asked.since or asked.until:
        return " ".join(filter(None, (_said(_("desde"), asked.since), _said(_("hasta"), asked.until))))
    days = [entry.at.astimezone(zone).date() for entry in history.chart.entries]
    if not days:
        return _("toda la historia")
    first, last = (spoken(day, Kind.DATE, zone) for day in (min(days), max(days)))
    return _("toda la historia, del {first} al {last}").format(first=first, last=last)


def _said(word: str, day: date | None) -> str:
    return f"{word} {day:%d/%m/%Y}" if day else ""


def _counts(history: History) -> Iterable[str]:
    entries = history.chart.entries
    notes = [note for entry in entries for note in entry.notes]
    addenda = sum(1 for note in notes if note.amends_id is not None)
    yield plural(len(entries), _("registro"), _("registros"))
    yield plural(len(notes) - addenda, _("nota firmada"), _("notas firmadas"))
    yield plural(addenda, _("adenda"), _("adendas"))
    yield plural(len(history.chart.problems), _("problema"), _("problemas"))
    yield plural(len(history.prescribed), _("medicamento indicado"), _("medicamentos indicados"))
    yield plural(len(history.vitals), _("signo vital medido"), _("signos vitales medidos"))
    yield plural(len(history.observed), _("resultado"), _("resultados"))
    if history.letters:
        yield plural(len(history.letters), _("documento emitido"), _("documentos emitidos"))
    if history.attachments:
        yield plural(len(history.attachments), _("adjunto"), _("adjuntos"))


def _checks(history: History) -> Iterable[str]:
    yield _(
        "Cada nota lleva a quien la firmó, su matrícula, la hora y el comienzo de su huella (SHA-256), que "
        "incluye la de la nota anterior: cambiar una letra cambia todas las que siguen."
    )
    yield _(
        "Quien reciba esta copia puede pedir al centro que compare esas huellas con las guardadas; el centro "
        "las comprueba con el programa (note verify)."
    )
    if history.delivery is not None:
        yield _("Con el número de entrega, el centro encuentra en su registro quién la sacó y cuándo.")
