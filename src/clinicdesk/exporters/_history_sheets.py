"""The sheets of a printed history that are about the person and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.attachments.rules import weight
from clinicdesk.clinic.patients.facts import PERSON
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit.ink import Bold, Span
from clinicdesk.kit.pdf import Head
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.kit.pdf import Document

HASH_BYTES: Final = 8
_DOT: Final = " · "
# These stand at the head of every page, or in a section of their own.
_ELSEWHERE: Final = frozenset(
    {"chart_number", "family", "given", "document", "birth", "birth_estimated", "sex", "allergy_status"}
)

Told = Callable[[datetime], str]


def person(paper: Document, patient: PatientRow) -> None:
    """What else is known of whom it is about, in a row: **Responsable:** Mamani, Juana."""
    known = [
        (fact.label, fact.read(patient))
        for name, fact in PERSON.items()
        if name not in _ELSEWHERE and not fact.unknown_of(patient)
    ]
    if patient.united:
        known.append((_("Historias unidas"), ", ".join(f"{number:06d}" for number in patient.united)))
    if known:
        paper.paragraph(*_facts(known))


def _facts(known: Iterable[tuple[str, str]]) -> Iterable[Span]:
    for number, (label, said) in enumerate(known):
        yield Bold(f"{_DOT if number else ''}{label}: ")
        yield said


def attachments(paper: Document, rows: tuple[AttachmentRow, ...], told: Told, size: float) -> None:
    """What files the chart has, and the digests that tell each from any other; their bytes go apart."""
    if not rows:
        return
    paper.heading(_("Adjuntos"))
    heads = [Head(_("Fecha")), Head(_("Archivo")), Head(_("Tipo")), Head(_("Tamaño"), right=True)]
    cells = [
        [
            told(row.at),
            _DOT.join(filter(None, (row.name, row.described, _voided(row, told)))),
            row.media_type,
            weight(row.size_bytes),
            row.sha256[:HASH_BYTES].hex(),
        ]
        for row in rows
    ]
    paper.table([*heads, Head(_("Huella"))], cells, size=size)


def _voided(row: AttachmentRow, told: Told) -> str:
    if row.voided_at is None:
        return ""
    said = _("ANULADO: {why} ({who}, {at})")
    return said.format(why=row.voided_reason, who=row.voided_by, at=told(row.voided_at))
