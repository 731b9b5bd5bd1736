"""Letters among the entries of a history on the screen: woven in by date, drawn, read whole. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.letters.rules import LetterKind
from clinicdesk.clinic.letters.wording import standing_words
from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.records.queries import EntryRow
from clinicdesk.kit import clock
from clinicdesk.kit.text import cells, cut, fit, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Cell
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.parts.pager import wrapped
from clinicdesk.tui.roles import chart_text as words

HistoryRow = EntryRow | LetterRow
_KINDS: Final = MappingProxyType(
    {
        LetterKind.CERTIFICATE.value: _("Certificado"),
        LetterKind.REFERRAL.value: _("Interconsu."),
        LetterKind.ORDER.value: _("Pedido"),
    }
)
_KIND: Final = 11
_INDENT: Final = 9


def woven(
    entries: Sequence[EntryRow], letters: Sequence[LetterRow], *, whole: bool
) -> tuple[HistoryRow, ...]:
    """Both by date, newest first. Unless the entries are `whole` no letter comes that is older than the last
    one read: others may belong before it.
    """
    if not letters:
        return tuple(entries)
    if not whole:
        letters = [row for row in letters if entries and row.at >= entries[-1].at]
    return tuple(sorted((*entries, *letters), key=lambda row: (row.at, row.id), reverse=True))


def row_lines(row: HistoryRow, width: int, zone: str) -> list[Cell]:
    """Two rows of the history list."""
    return _lines(row, width, zone) if isinstance(row, LetterRow) else words.entry_lines(row, width, zone)


def row_title(row: HistoryRow, zone: str) -> str:
    """What stands over the row that is read whole."""
    if isinstance(row, EntryRow):
        return words.entry_title(row, zone)
    return " · ".join((f" {clock.local(row.at, zone):%d/%m/%Y %H:%M}", row.title, row.clinic_name))


def row_page(row: HistoryRow, width: int, zone: str) -> list[Cell]:
    """The row whole."""
    return _page(row, width, zone) if isinstance(row, LetterRow) else words.entry_page(row, width, zone)


def opens(row: HistoryRow, zone: str) -> str:
    """What Enter does with the row, as a sentence."""
    if isinstance(row, LetterRow):
        return _("Enter abre: {}.").format(row.title)
    return _("Enter abre el registro del {}.").format(words.day_short(row.at, zone))


def _lines(row: LetterRow, width: int, zone: str) -> list[Cell]:
    head = f"{words.day_short(row.at, zone)} {fit(_KINDS.get(row.kind, row.kind), _KIND)} "
    below = " " * _INDENT
    if row.gone:
        was = _("n.º {}, emitido por error, {}").format(row.number, row.author_name)
        return [cut(shown(head + was), width), cut(shown(below + standing_words(row)), width)]
    first = cut(shown(head + _("n.º {} {}").format(row.number, _gist(row))), width)
    who = ", ".join(filter(None, (row.author_name.partition(",")[0], row.clinic_name)))
    standing = standing_words(row) or origin_words(row.own_chart, row.misplaced)
    if not standing:
        return [first, cut(shown(below + who), width)]
    room = max(_KIND, width - _INDENT - 1 - min(cells(shown(standing)), width // 2))
    end = cut(shown(standing), max(1, width // 2)) + " "
    return [first, spread(below + cut(shown(who), room), end, width)]


def _gist(row: LetterRow) -> str:
    """What tells it from others of its kind: the line after the one that says whom it is about."""
    lines = [line for line in row.text.split("\n") if line.strip()]
    at = 1 if row.kind != LetterKind.REFERRAL.value and len(lines) > 1 else 0
    return lines[at] if lines else ""


def _page(row: LetterRow, width: int, zone: str) -> list[Cell]:
    lines: list[Cell] = []
    if row.misplaced is not None:
        mark = row.misplaced
        said = f"{mark.words} · {mark.person}, {words.day_short(mark.at, zone)}"
        lines += wrapped(said, width, Tone.TITLE)
        if row.gone:
            return [*lines, "", *wrapped(_("Se emitió aquí por error: se lee en esa historia."), width)]
    lines += [*_standing(row, width, zone), _("Verificación n.º {} · {}").format(row.number, row.code), ""]
    lines += [*wrapped(row.text, width), ""]
    signed = ", ".join(filter(None, (row.author_name, row.author_license)))
    at = f"{clock.local(row.at, zone):%d/%m/%Y %H:%M}"
    lines += wrapped(_("Emitido con clave por {}, {}.").format(signed, at), width, Tone.TITLE)
    named = ", ".join(filter(None, (row.patient_name, row.patient_document)))
    return [*lines, *wrapped(_("A nombre de {}.").format(named), width)]


def _standing(row: LetterRow, width: int, zone: str) -> list[Cell]:
    """What became of it: taken back, replaced, changed by a hand that may not, quoting what nobody signed."""
    lines: list[Cell] = []
    if row.own_chart is not None:
        lines.append(_("Emitido en HC {:06d}, que lleva a esta historia.").format(row.own_chart))
    if row.voided_at is not None:
        day = f"{clock.local(row.voided_at, zone):%d/%m/%Y %H:%M}"
        lines += wrapped(_("ANULADO {}: {}").format(day, row.void_reason), width, Tone.ALARM)
    if row.replaced_by is not None:
        lines += wrapped(_("Lo reemplaza el n.º {}.").format(row.replaced_by), width, Tone.TITLE)
    if row.replaces is not None:
        lines += wrapped(_("Reemplaza al n.º {}.").format(row.replaces), width)
    if not row.sound:
        said = _("La huella no coincide con el texto: alguien lo cambió. Avisar a administración.")
        lines += wrapped(said, width, Tone.ALARM)
    if row.unsigned:
        said = _("Ninguna nota firmada de esa atención dice todavía {}.").format(", ".join(row.unsigned))
        lines += wrapped(said, width, Tone.TITLE)
    return lines
