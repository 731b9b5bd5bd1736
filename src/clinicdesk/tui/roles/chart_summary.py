"""What holds today beside a history: vitals, prescriptions, problems, treatments, each under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.records.queries import Chart
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.roles import chart_text as words

if TYPE_CHECKING:
    from clinicdesk.tui.roles.chart import Contents

ACTIVE: Final = "vigente"
_CODE: Final = 5


def holding_title(chart: Chart) -> str:
    """`Diagnósticos · 3 · Tratamientos · 2`: each counted by itself."""
    said = f"{_('Diagnósticos')} · {len(chart.problems)}"
    return f"{said} · {_('Tratamientos')} · {len(chart.treatments)}" if chart.treatments else said


def summary_lines(contents: Contents, width: int, zone: str) -> list[Cell]:
    """Vitals, prescriptions and problems in one line each."""
    chart = contents.chart
    vitals = "  ".join(words.vital_words(chart.vitals, zone)) or _("sin registrar")
    day = f"{words.day_short(max(row.at for row in chart.vitals), zone)}  " if chart.vitals else ""
    active = [row for row in contents.prescribed if row.state == ACTIVE]
    drugs = ", ".join(row.text for row in active)
    counted = (
        f"{plural(len(active), _('vigente'), _('vigentes'))}: {drugs}" if active else _("ninguna vigente")
    )
    problems = " · ".join(map(words.problem_line, chart.problems)) or _("ninguno")
    ordered = " · ".join(row.what for row in chart.treatments)
    followed = f"  {_('Trat.')} {ordered}" if ordered else ""
    return [
        cut(shown(f" {_('Vitales')}  {day}{vitals}"), width),
        cut(shown(f" {_('Recetas')}  {counted}"), width),
        cut(shown(f" {_('Dx act.')}  {problems}{followed}"), width),
    ]


def side_lines(contents: Contents | None, height: int, zone: str) -> list[Cell]:
    """The third column of a wide screen: problems, treatments, vitals, prescriptions in force."""
    if contents is None:
        return []
    chart = contents.chart
    active = [row.text for row in contents.prescribed if row.state == ACTIVE]
    day = f" {words.day_short(max(row.at for row in chart.vitals), zone)}" if chart.vitals else ""
    groups = [(_("Activos"), [words.problem_line(row, _CODE) for row in chart.problems], _("ninguno"))]
    if chart.treatments:
        counted = f"{_('Tratamientos')} · {len(chart.treatments)}"
        groups.append((counted, [row.what for row in chart.treatments], ""))
    groups.append((_("Vitales") + day, words.vital_words(chart.vitals, zone), _("sin registrar")))
    groups.append((f"{_('Recetas')} · {len(active)}", active, _("ninguna vigente")))
    most = max(3, (height - 2 * len(groups)) // len(groups))
    return [line for title, rows, none in groups for line in _group(title, rows, most, none)]


def _group(title: str, rows: list[str], most: int, none: str) -> list[Cell]:
    """A title and at most so many rows; the last one says how many more there are."""
    if len(rows) > most:
        rows = [*rows[: most - 1], _("y {} más").format(len(rows) - most + 1)]
    body: list[Cell] = [f" {row}" for row in rows or [none]]
    return [Bit(f" {title}", Tone.TITLE), *body, ""]
