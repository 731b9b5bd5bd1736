"""Two people side by side, fact by fact, for whoever must say whether they are one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from clinicdesk.clinic.patients.alike import Duplicates, WorkList
from clinicdesk.clinic.patients.facts import PERSON
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit import clock
from clinicdesk.kit.names import age_text, short_name
from clinicdesk.kit.text import cut, fit, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, day_text
from clinicdesk.tui.turn_lists import sealed_bit

_LABEL: Final = 12
_STALE_DAYS: Final = 2
Text = Callable[[PatientRow, date, int], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a pair: its label, the facts of `facts.PERSON` that it tells, and how."""

    label: str
    tells: tuple[str, ...]
    text: Text
    hidden: bool = False
    """Whether it is not shown of who closed their data."""
    differs: bool = True
    """Whether it is marked where the two say other things."""


def _name(row: PatientRow, _today: date, width: int) -> str:
    return short_name(row.family, row.given, width)


def _born(row: PatientRow, today: date, _width: int) -> str:
    if row.birth is None:
        return f"{row.sex}  {_('sin fecha')}"
    return f"{row.sex}  {row.birth:%d/%m/%Y}  {age_text(row.birth, row.deceased_on or today)}"


def _lives(row: PatientRow, _today: date, _width: int) -> str:
    return ", ".join(filter(None, (row.address, row.city)))


def _as_read(name: str) -> Text:
    return lambda row, _today, _width: PERSON[name].read(row)


_LINES: Final = (
    Line(_("Nombre"), ("family", "given"), _name),
    Line(
        *(_("Documento"), ("document", "provisional")),
        lambda row, _today, _width: row.document or _("sin documento"),
        hidden=True,
    ),
    Line(_("Sexo, nac."), ("sex", "birth", "deceased_on"), _born),
    Line(_("Teléfono"), ("phone",), _as_read("phone"), hidden=True),
    Line(_("Domicilio"), ("address", "city"), _lives, hidden=True),
    Line(_("Cobertura"), ("payer",), _as_read("payer"), hidden=True),
    Line(
        _("Historia"),
        ("chart_number",),
        lambda row, _t, _w: f"{_('HC')} {row.chart_number:06d}",
        False,
        False,
    ),
)
LINES: Final = len(_LINES)
TOLD: Final = frozenset(name for line in _LINES for name in line.tells)
"""The facts by which a pair is told apart; Enter shows all of them, side by side."""


def pair_lines(pair: Duplicates, width: int, today: date) -> list[Cell]:
    """Both people of a pair of the work list."""
    return people_lines(pair.patient, pair.other, width, today)


def people_lines(left_one: PatientRow, right_one: PatientRow | None, width: int, today: date) -> list[Cell]:
    """One fact a line, both people beside each other, or one alone; `*` stands where they differ."""
    half = max(8, (width - _LABEL - 4) // 2)
    lines: list[Cell] = []
    for line in _LINES:
        one, other = (_told(row, line, today, half) for row in (left_one, right_one))
        differ = line.differs and bool(one.text and other.text) and one.text != other.text
        tone = Tone.STRONG if differ else Tone.TEXT
        head = Bit(f" {'*' if differ else ' '} {fit(line.label, _LABEL)}")
        left, right = (
            Bit(fit(cut(each.text, half), half), tone if each.tone is Tone.TEXT else each.tone)
            for each in (one, other)
        )
        lines.append([head, left, Bit(" "), right])
    return lines


def _told(row: PatientRow | None, line: Line, today: date, width: int) -> Bit:
    if row is None:
        return Bit("")
    if row.closed and line.hidden:
        return sealed_bit()
    return Bit(shown(line.text(row, today, width)))


def freshness(found: WorkList, now: datetime, zone: str) -> Bit:
    """When the registry was last gone through, and that it is long ago."""
    if found.scanned_at is None:
        return Bit(_("Nunca se repasó el registro"), Tone.ERROR)
    at = clock.local(found.scanned_at, zone)
    said = _("Último repaso: {} {:%H:%M}, {}").format(
        day_text(at.date()), at, plural(found.people, _("persona"), _("personas"))
    )
    return Bit(said, Tone.ERROR if (now - found.scanned_at).days >= _STALE_DAYS else Tone.TEXT)
