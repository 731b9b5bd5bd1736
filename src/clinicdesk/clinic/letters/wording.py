"""How a letter stands, in words: on the screen and at the prompt alike. Pure."""

from __future__ import annotations

from clinicdesk.clinic.letters.queries import CheckedRow, LetterRow
from clinicdesk.clinic.letters.rules import titled
from clinicdesk.kit import clock
from clinicdesk.kit.words import _


def standing_words(row: LetterRow) -> str:
    """`anulado: fechas equivocadas`, `reemplazado por el n.º 13`, whose it is; "" of one that holds."""
    if row.gone and row.misplaced is not None:
        return row.misplaced.words
    said = []
    if row.replaced_by is not None:
        said.append(_("reemplazado por el n.º {}: {}").format(row.replaced_by, row.void_reason))
    elif row.voided_at is not None:
        said.append(_("anulado: {}").format(row.void_reason))
    if row.misplaced is not None:
        said.append(row.misplaced.words)
    return ". ".join(said)


def verdict_words(row: CheckedRow, zone: str) -> str:
    """Whether a genuine paper holds, in a sentence."""
    if row.replaced_by is not None and row.voided_at is not None:
        said = _("Es de aquí, pero NO VALE: lo reemplazó el n.º {} el {}.")
        return said.format(row.replaced_by, f"{clock.local(row.voided_at, zone):%d/%m/%Y}")
    if row.voided_at is not None:
        return _("Es de aquí, pero NO VALE: está anulado desde el {}.").format(
            f"{clock.local(row.voided_at, zone):%d/%m/%Y}"
        )
    if row.misplaced:
        return _("Es de aquí, pero NO VALE: se emitió a nombre de otra persona por error.")
    return _("Es genuino y vale.")


def checked_words(row: CheckedRow, zone: str) -> str:
    """What the paper has to say to be the one that was issued, in a sentence."""
    who = " ".join(filter(None, (row.initials, _document(row.document_end))))
    said = _("{what}, a nombre de {who}, del {at}, por {by}, {clinic}.")
    return said.format(
        what=titled(row.kind, row.number),
        who=who or _("un paciente protegido"),
        at=f"{clock.local(row.issued_at, zone):%d/%m/%Y %H:%M}",
        by=", ".join(filter(None, (row.author_name, row.author_license))),
        clinic=row.clinic,
    )


def _document(end: str) -> str:
    return _("(documento terminado en {})").format(end) if end else ""
