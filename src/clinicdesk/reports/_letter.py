"""A letter on paper: what it says, who signs it, and the code that tells whether it is genuine.

All that stands on it was issued with it, so that printing it again gives the same file, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.letters.rules import TITLES, LetterKind
from clinicdesk.kit import clock
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.kit.pdf import Document

_BODY: Final = 11.0
_BETWEEN: Final = 6.0
_SIGN_BELOW: Final = 64.0
_SQUARE: Final = 92.0
_TALLEST: Final = 130.0
"""What signature and square take at most, with a name of the institution over several lines."""
_LINE: Final = 56
_ITEM: Final = "- "
_ITEMS: Final = 1.5
_INDENT: Final = 12.0


def paper(letter: LetterRow) -> tuple[bytes, tuple[str, ...]]:
    """The file, and the characters that no font has."""
    from clinicdesk.kit.pdf import Document, Running

    issued = clock.local(letter.issued_at, letter.zone)
    title = TITLES[LetterKind(letter.kind)]
    foot = _("N.º {number} · {code} · emitido por {by} el {at} (UTC{offset})").format(
        number=letter.number,
        code=letter.code,
        by=letter.author_name,
        at=f"{issued:%d/%m/%Y %H:%M}",
        offset=f"{issued:%z}"[:3] + ":" + f"{issued:%z}"[3:5],
    )
    whose = " · ".join(filter(None, (letter.patient_name, letter.patient_document)))
    running = Running(letter.clinic_name, whose, title, _("N.º {}").format(letter.number), foot)
    document = Document(running, issued)
    document.title(title)
    document.paragraph(f"{issued:%d/%m/%Y}", grey=True, after=10)
    _standing(document, letter)
    _said(document, letter.text.split("\n"))
    _signed(document, letter, f"{issued:%d/%m/%Y %H:%M}")
    return document.finish(), document.missing


def _said(document: Document, lines: Sequence[str]) -> None:
    """What it says; items of a list close together, and the end on the page of the signature."""
    for number, line in enumerate(lines, start=1):
        item = line.startswith(_ITEM)
        listed = item and number < len(lines) and lines[number].startswith(_ITEM)
        document.paragraph(
            line,
            size=_BODY,
            indent=_INDENT if item else 0.0,
            after=_ITEMS if listed else _BETWEEN,
            below=_SIGN_BELOW + _TALLEST if number == len(lines) else 0.0,
        )


def _standing(document: Document, letter: LetterRow) -> None:
    """Why it does not hold, or what it stands in for; nothing of most."""
    from clinicdesk.kit.ink import Bold

    if letter.misplaced is not None:
        document.box(Bold(_("NO VALE: se emitió por error en la historia de otra persona.")))
    elif letter.voided_at is not None:
        later = _(" Lo reemplaza el n.º {}.").format(letter.replaced_by) if letter.replaced_by else ""
        day = f"{clock.local(letter.voided_at, letter.zone):%d/%m/%Y}"
        document.box(
            Bold(_("ANULADO el {}: {}.").format(day, (letter.void_reason or "").rstrip(".")) + later)
        )
    if letter.replaces is not None:
        document.paragraph(_("Reemplaza al n.º {}, que no vale.").format(letter.replaces), after=_BETWEEN)


def _signed(document: Document, letter: LetterRow, at: str) -> None:
    """Room for a hand and a seal over the name; the code, square and in letters, beside it."""
    from clinicdesk.kit.ink import Bold

    document.gap(_SIGN_BELOW)
    check = f"CLINICDESK {letter.number} {letter.code}"
    document.square(
        check,
        _SQUARE,
        "_" * _LINE + "\n",
        Bold(letter.author_name + "\n"),
        f"{letter.author_license}\n" if letter.author_license else "",
        _("Emitido con clave el {}.").format(at) + "\n\n",
        Bold(_("Verificación: n.º {} · {}").format(letter.number, letter.code) + "\n"),
        _("Quien lo reciba puede pedir a {} que lo compruebe.").format(letter.clinic_name),
        size=9.0,
    )
