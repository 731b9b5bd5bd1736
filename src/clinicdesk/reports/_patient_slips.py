"""A patient on small paper: the card they keep, and labels for tubes and folders. Nothing of their health."""

from __future__ import annotations

from typing import Final

from clinicdesk.clinic.patients.cards import card_text
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit.ink import Bold
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.slips import A4, MM, Slips
from clinicdesk.kit.words import _

CARD: Final = (85.6 * MM, 53.98 * MM)
"""ISO/IEC 7810 ID-1: the size of a bank card."""
LABEL: Final = (50 * MM, 25 * MM)
ACROSS, DOWN = 4, 11
SHEET: Final = ACROSS * DOWN
"""Labels on one A4 sheet."""


def card(row: PatientRow, stamp: Stamp) -> tuple[bytes, tuple[str, ...]]:
    """One card, and the characters that no font has."""
    slips = Slips(CARD, _("Tarjeta de paciente"), stamp.at)
    slips.page()
    wide, tall = CARD
    edge, side = 4 * MM, 25 * MM
    room = wide - 2 * edge
    slips.text(Bold(stamp.origin), edge, 4 * MM, room, size=9, least=6)
    slips.line(edge, 9.5 * MM, room)
    y = 12 * MM
    y += slips.text(Bold(_name(row)), edge, y, room, size=13, least=8, most_lines=2) + 1.5 * MM
    left = room - side
    for fact in (row.document, _born(row)):
        if fact:
            y += slips.text(fact, edge, y, left, size=9, least=6) + 0.5 * MM
    slips.text(Bold(_chart(row)), edge, tall - 11 * MM, left, size=13)
    slips.square(
        card_text(row.chart_number, row.patient_id), wide - side - 2 * MM, tall - side - 2 * MM, side
    )
    return slips.finish(), slips.missing


def labels(row: PatientRow, stamp: Stamp, count: int) -> tuple[bytes, tuple[str, ...]]:
    """So many labels, each a page of its own for a label printer."""
    slips = Slips(LABEL, _("Etiqueta"), stamp.at)
    for _each in range(count):
        slips.page()
        _label(slips, row, 0, 0)
    return slips.finish(), slips.missing


def sheet(row: PatientRow, stamp: Stamp, count: int) -> tuple[bytes, tuple[str, ...]]:
    """So many labels on A4, four across and eleven down, with lines to cut along."""
    slips = Slips(A4, _("Etiquetas"), stamp.at)
    left, top = (A4[0] - ACROSS * LABEL[0]) / 2, (A4[1] - DOWN * LABEL[1]) / 2
    for place in range(count):
        if not place % SHEET:
            slips.page()
        down, across = divmod(place % SHEET, ACROSS)
        x, y = left + across * LABEL[0], top + down * LABEL[1]
        slips.frame(x, y, *LABEL)
        _label(slips, row, x, y)
    return slips.finish(), slips.missing


def _label(slips: Slips, row: PatientRow, x: float, y: float) -> None:
    """Two things that tell a person apart, name and birth, then the number for eyes and for readers."""
    edge, (wide, tall) = 1.5 * MM, LABEL
    room = wide - 2 * edge
    top = y + 1 * MM
    top += slips.text(Bold(_name(row)), x + edge, top, room, size=8, least=6, most_lines=2)
    born = f"{row.sex}  {_born(row)}".strip()
    top += slips.text(born, x + edge, top, room, size=7, least=5)
    slips.text(row.document, x + edge, top, room * 0.55, size=7, least=5)
    slips.text(Bold(_chart(row)), x + wide * 0.62, top, wide * 0.36, size=7)
    slips.bars(card_text(row.chart_number, row.patient_id), x + edge, y + tall - 11 * MM, room, 10 * MM)


def _name(row: PatientRow) -> str:
    return full_name(row.family, row.given)


def _born(row: PatientRow) -> str:
    if row.birth is None:
        return ""
    about = f" ({_('estimada')})" if row.birth_estimated else ""
    return f"{_('Nac.')} {row.birth:%d/%m/%Y}{about}"


def _chart(row: PatientRow) -> str:
    return f"{_('HC')} {row.chart_number:06d}"
