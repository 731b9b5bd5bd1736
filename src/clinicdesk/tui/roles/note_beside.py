"""What is known of the patient, beside the note: each line can be put into the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.queries import Chart
from clinicdesk.clinic.records.signs import SIGNS, Standing, standing
from clinicdesk.kit import clock
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.roles import chart_text as words
from clinicdesk.tui.roles.chart import Contents

_ACTIVE: Final = "vigente"
_BY_CODE: Final = {sign.code: sign for sign in SIGNS.values()}
_MARKS: Final = {
    Standing.CRITICAL_HIGH: ("▲▲", Tone.CRITICAL),
    Standing.CRITICAL_LOW: ("▼▼", Tone.CRITICAL),
    Standing.HIGH: ("▲", Tone.STRONG),
    Standing.LOW: ("▼", Tone.STRONG),
}
_WORST: Final = tuple(_MARKS)
# Of each group in `facts`: its name in a few letters, and how the ids of its rows begin.
_BRIEF: Final = ((_("Vit."), "v"), (_("Alerg."), "a"), (_("Prob."), "p"), (_("Trat."), "t"), (_("Rec."), "r"))


@dataclass(frozen=True, slots=True)
class Fact:
    """A line: what it says, and what it is in a text. A title says what stands below it, all of it."""

    id: str
    text: str
    said: str
    title: bool = False
    mark: str = ""
    tone: Tone = Tone.TEXT

    def draw(self, width: int) -> list[Cell]:
        """One row; a mark stands right behind the value."""
        if self.title:
            return [Bit(cut(shown(self.text), width), Tone.TITLE)]
        room = max(1, width - len(self.mark) - 2)
        bits = [Bit(" " + cut(shown(self.text), room))]
        return [[*bits, Bit(f" {self.mark}", self.tone)] if self.mark else bits]


def facts(contents: Contents, today: date, zone: str) -> tuple[Fact, ...]:
    """Last vitals with their ranges, allergies, problems, treatments, prescriptions in force."""
    chart = contents.chart
    drugs = [row.text for row in contents.prescribed if row.state == _ACTIVE and row.misplaced is None]
    groups = (
        (_vitals_title(chart, zone), list(_vital_facts(chart, today, zone)), _("sin registrar")),
        (_("Alergias"), _plain("a", _allergies(chart)), _no_allergy(chart)),
        (_("Problemas"), _plain("p", map(words.problem_line, chart.problems)), _("ninguno")),
        (_("Tratamientos"), _plain("t", (row.what for row in chart.treatments)), _("ninguno")),
        (_("Recetas"), _plain("r", drugs), _("ninguna vigente")),
    )
    return tuple(fact for title, rows, none in groups for fact in _group(title, rows, none))


def brief(rows: Sequence[Fact]) -> list[Cell]:
    """The same in a line a group, where there is no room for more: what is marked comes first."""
    lines: list[Cell] = []
    for title, (short, key) in zip((row for row in rows if row.title), _BRIEF, strict=True):
        held = sorted((row for row in rows if row.id.startswith(key)), key=_urgency)
        none = title.said.partition(": ")[2].rstrip(".")
        bits = [Bit(f" {short:<7}", Tone.TITLE)]
        for number, row in enumerate(held):
            bits += [Bit(", " if number else ""), Bit(shown(row.text.partition(" (")[0]))]
            bits += [Bit(f" {row.mark}", row.tone)] if row.mark else []
        lines.append(bits if held else [*bits, Bit(none)])
    return lines


def _urgency(row: Fact) -> int:
    """Critical, out of range, the rest."""
    marks = [mark for mark, _tone in _MARKS.values()]
    return marks.index(row.mark) if row.mark else len(marks)


def _group(title: str, rows: Sequence[Fact], none: str) -> Iterator[Fact]:
    said = ", ".join(row.said for row in rows)
    yield Fact(title, title, f"{title}: {said}." if said else f"{title}: {none}.", title=True)
    yield from rows or [Fact(title + "-", none, f"{title}: {none}")]


def _plain(key: str, texts: Iterable[str]) -> list[Fact]:
    return [Fact(f"{key}{number}", text, text) for number, text in enumerate(texts)]


def _allergies(chart: Chart) -> list[str]:
    held = [row for row in chart.allergies if row.until is None]
    return [f"{row.substance} ({row.severity})" if row.severity else row.substance for row in held]


def _no_allergy(chart: Chart) -> str:
    """Not asked is not the same as none."""
    return _("ninguna conocida") if chart.patient.allergy_status == "ninguna" else _("sin preguntar")


# Vitals


def _vitals_title(chart: Chart, zone: str) -> str:
    rows = chart.vitals
    return f"{_('Vitales')} {words.day_short(max(row.at for row in rows), zone)}" if rows else _("Vitales")


def _vital_facts(chart: Chart, today: date, zone: str) -> Iterator[Fact]:
    birth = chart.patient.birth
    for said, rows in words.vital_groups(chart.vitals, zone):
        how = [_standing(row, birth, today) for row in rows]
        worst = next((each for each in _WORST if each in how), None)
        mark, tone = _MARKS[worst] if worst else ("", Tone.TEXT)
        yield Fact(f"v{rows[0].code}", said, said, mark=mark, tone=tone)


def _standing(row: VitalRow, birth: date | None, today: date) -> Standing:
    sign = _BY_CODE.get(row.code)
    return Standing.NO_RANGE if sign is None else standing(sign, row.value, birth, today)


def vitals_of_day(chart: Chart, day: date, zone: str) -> str:
    """`PA 152/94, FC 88.`: what was measured that day, in one line; blank where nothing was."""
    rows = [row for row in chart.vitals if clock.local_day(row.at, zone) == day]
    said = ", ".join(text for text, _rows in words.vital_groups(rows, zone))
    return f"{said}." if said else ""
