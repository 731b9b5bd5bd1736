"""A letter on paper: what it says, who signs it, and the code that tells whether it is genuine."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from clinicdesk.clinic.letters.queries import LetterPaper
from clinicdesk.clinic.letters.rules import TITLES, LetterKind
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _

_SIGN_BELOW = 70.0
_SQUARE = 76.0
_BODY = 11.0


def paper(row: LetterPaper, stamp: Stamp, *, again: bool) -> tuple[bytes, tuple[str, ...]]:
    """The file, and the characters that no font has. `again` says on it that it is a reprint."""
    from clinicdesk.kit.ink import Bold
    from clinicdesk.kit.pdf import Document, Running

    letter, patient = row.letter, row.patient
    issued = letter.issued_at.astimezone(ZoneInfo(letter.zone))
    title = TITLES[LetterKind(letter.kind)]
    facts = " · ".join(filter(None, (patient.document, f"HC {patient.chart_number:06}")))
    running = Running(full_name(patient.family, patient.given), facts, title, letter.clinic, stamp.line())
    document = Document(running, stamp.at)
    document.title(title)
    document.paragraph(
        _("N.º {number} · {place}, {day}").format(
            number=letter.number, place=letter.clinic, day=f"{issued:%d/%m/%Y}"
        ),
        grey=True,
        after=10,
    )
    if letter.voided_at is not None:
        document.box(Bold(_("ANULADO: {}").format(letter.void_reason)))
    if again:
        document.box(_("Reimpresión del documento emitido el {}.").format(f"{issued:%d/%m/%Y %H:%M}"))
    for line in letter.text.split("\n"):
        document.paragraph(line, size=_BODY, after=5)
    document.gap(_SIGN_BELOW)
    document.keep(_SQUARE + 20)
    check = f"CLINICDESK {letter.number} {letter.code}"
    signed = ", ".join(filter(None, (letter.author_name, letter.author_license)))
    document.square(
        check,
        _SQUARE,
        "_" * 40,
        signed,
        _("Emitido con clave el {}").format(f"{issued:%d/%m/%Y %H:%M}"),
        _("Verificación: N.º {} · {}").format(letter.number, letter.code),
        _("Quien lo reciba puede pedir al centro que lo compruebe con ese número y código."),
    )
    return document.finish(), document.missing
