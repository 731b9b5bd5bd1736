"""The letters of a printed history: what each said, who issued it, and what became of it."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.exporters._history import History
from clinicdesk.kit.ink import Bold
from clinicdesk.kit.pdf import SMALL
from clinicdesk.kit.sheet import Kind, spoken
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.kit.pdf import Document

_DOT: Final = " · "
_SIGNATURE: Final = 14.0


def letters(paper: Document, history: History, zone: tzinfo) -> None:
    """Certificates, referrals and orders, in the order of the entries."""
    if not history.letters:
        return
    paper.heading(_("Documentos emitidos"))
    newest = not history.selection.oldest_first
    for row in sorted(history.letters, key=lambda row: row.at, reverse=newest):
        _letter(paper, row, zone)
        paper.gap(8)


def _letter(paper: Document, row: LetterRow, zone: tzinfo) -> None:
    name = spoken(row.issued_at, Kind.TEXT, zone) + _DOT + row.title
    paper.band(name, _DOT.join(filter(None, (row.author_name, row.clinic_name))))
    paper.mark(name, 1)
    paper.carry(name)
    if row.misplaced is not None:
        paper.paragraph(Bold(row.misplaced.words), after=1)
    if not row.gone:
        _said(paper, row, zone)
    paper.carry("")


def _said(paper: Document, row: LetterRow, zone: tzinfo) -> None:
    if row.own_chart is not None:
        paper.paragraph(_("Emitido en HC {:06d}").format(row.own_chart), grey=True, after=1)
    if row.voided_at is not None:
        day = spoken(row.voided_at, Kind.TEXT, zone)
        paper.paragraph(Bold(_("ANULADO {}: {}").format(day, row.void_reason)), after=1)
    if row.replaced_by is not None:
        paper.paragraph(Bold(_("Lo reemplaza el n.º {}.").format(row.replaced_by)), after=1)
    if row.unsigned:
        said = _("Sin nota firmada que lo diga: {}.").format(", ".join(row.unsigned))
        paper.paragraph(Bold(said), after=1)
    paper.paragraph(row.text, below=_SIGNATURE)
    signed = filter(None, (row.author_name, row.author_license, _("verificación {}").format(row.code)))
    paper.paragraph(_("Emitido por {}").format(_DOT.join(signed)), size=SMALL, grey=True)
