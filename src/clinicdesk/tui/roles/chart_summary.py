"""What of an open chart stands beside its lists: vitals, prescriptions in force, active problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.roles import chart_text as words

if TYPE_CHECKING:
    from clinicdesk.tui.roles.chart import Contents

_ACTIVE: Final = "vigente"
_CODE: Final = 5


def summary_lines(contents: Contents, width: int, zone: str) -> list[Cell]:
    """Vitals, prescriptions and problems in one line each."""
    chart = contents.chart
    vitals = "  ".join(words.vital_words(chart.vitals, zone)) or _("sin registrar")
    day = f"{words.day_short(max(row.at for row in chart.vitals), zone)}  " if chart.vitals else ""
    active = [row for row in contents.prescribed if row.state == _ACTIVE]
    drugs = ", ".join(row.text for row in active)
    counted = (
        f"{plural(len(active), _('vigente'), _('vigentes'))}: {drugs}" if active else _("ninguna vigente")
    )
    holding = [*map(words.problem_line, chart.problems), *(row.what for row in chart.treatments)]
    problems = " · ".join(holding) or _("ninguno")
    return [
        cut(shown(f" {_('Vitales')}  {day}{vitals}"), width),
        cut(shown(f" {_('Recetas')}  {counted}"), width),
        cut(shown(f" {_('Dx act.')}  {problems}"), width),
    ]


def side_lines(contents: Contents | None, height: int, zone: str) -> list[Cell]:
    """The third column of a wide screen: active problems, vitals, prescriptions in force."""
    if contents is None:
        return []
    chart, third = contents.chart, max(3, (height - 6) // 3)
    active = [row for row in contents.prescribed if row.state == _ACTIVE]
    lines: list[Cell] = []
    lines += _group(
        _("Activos"),
        [words.problem_line(row, _CODE) for row in chart.problems] + [row.what for row in chart.treatments],
        third,
        _("ninguno"),
    )
    day = f" {words.day_short(max(row.at for row in chart.vitals), zone)}" if chart.vitals else ""
    lines += _group(_("Vitales") + day, words.vital_words(chart.vitals, zone), third, _("sin registrar"))
    lines += _group(
        f"{_('Recetas')} · {len(active)}", [row.text for row in active], third, _("ninguna vigente")
    )
    return lines


def _group(title: str, rows: list[str], most: int, none: str) -> list[Cell]:
    """A title and at most so many rows; the last one says how many more there are."""
    if len(rows) > most:
        rows = [*rows[: most - 1], _("y {} más").format(len(rows) - most + 1)]
    body: list[Cell] = [f" {row}" for row in rows or [none]]
    return [Bit(f" {title}", Tone.TITLE), *body, ""]
