"""The chart of one patient in a pane: six sections, an entry read whole, and what holds today."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from textual.app import ComposeResult

from clinicdesk.clinic.prescriptions import queries as prescriptions
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records import queries, timeline
from clinicdesk.clinic.records.measured import MovedVitals, VitalRow, VitalsQuery, vital_series
from clinicdesk.clinic.records.planning import TreatmentRow
from clinicdesk.clinic.records.queries import Chart, ChartQuery, DiagnosisRow, EntryRow
from clinicdesk.clinic.records.timeline import FindQuery, ProblemRow
from clinicdesk.clinic.results import queries as results
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.clinic.usecases import QueryT, RowsT, View
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Body, Cell, LineList, Rule, TextLines
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.pager import Layout, Pager
from clinicdesk.tui.roles import chart_text as words

SECTIONS: Final = (
    _("historia"),
    _("recetas"),
    _("resultados"),
    _("diagnósticos"),
    _("vitales"),
    _("mensajes"),
)
_PAGE: Final = 200
_MOST_RESULTS: Final = 2000
_NEAR_THE_END: Final = 40
_PLOT: Final = 9
_ACTIVE: Final = "vigente"
_HOLDING: Final = 3
_CODE: Final = 5
_SAID: Final = 24


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The entries that fit what was asked for, as far as they are read; `total` fit in the whole chart."""

    query: FindQuery
    said: str
    entries: tuple[EntryRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What the pane shows of a patient; entries grow as they are read, results come when asked for."""

    chart: Chart
    prescribed: tuple[PrescribedRow, ...] = ()
    pressure: tuple[VitalRow, ...] = ()
    observed: tuple[ObservationRow, ...] | None = None

    @property
    def patient_id(self) -> UUID:
        """Whose."""
        return self.chart.patient.patient_id


class Reading:
    """Reads a chart through whatever `see` the screen has."""

    def __init__(self, see: Callable[..., Any]) -> None:
        self._see = see

    async def _rows(self, view: View[QueryT, RowsT], query: QueryT) -> RowsT:
        rows: RowsT = await self._see(view, query)
        return rows

    async def whole(self, patient_id: UUID, *, opening: bool) -> Contents:
        """The chart and what its summary needs. Opening it is written down, reading it again is not."""
        # First of all the chart: its lease is what lets the others read.
        view = queries.open_chart if opening else queries.reread_chart
        chart = await self._rows(view, ChartQuery(patient_id))
        prescribed, pressure = await asyncio.gather(
            self._rows(prescriptions.prescribed, ChartQuery(patient_id)),
            self._rows(vital_series, VitalsQuery(patient_id, words.SYSTOLIC)),
        )
        return Contents(chart, prescribed, pressure)

    async def older(self, contents: Contents) -> Contents:
        """The same with the next entries."""
        last = contents.chart.entries[-1]
        query = queries.EntriesQuery(contents.patient_id, (last.at, last.id), _PAGE)
        entries = contents.chart.entries + await self._rows(queries.older_entries, query)
        return replace(contents, chart=replace(contents.chart, entries=entries))

    async def down_to(self, contents: Contents, entry: tuple[datetime, UUID]) -> Contents:
        """The same with every entry down to that one (its time and id), and itself where the chart has it."""
        while True:
            chart = contents.chart
            last = chart.entries[-1] if chart.entries else None
            if last is None or len(chart.entries) >= chart.entries_total or (last.at, last.id) <= entry:
                return contents
            contents = await self.older(contents)

    async def find(self, query: FindQuery, said: str) -> Narrowed:
        """What fits, newest first; `said` is how the screen names what was asked for."""
        found = await self._rows(timeline.find_entries, query)
        return Narrowed(query, said, found.entries, found.total)

    async def more_fitting(self, narrowed: Narrowed) -> Narrowed:
        """The same with the next entries that fit."""
        last = narrowed.entries[-1]
        found = await self._rows(timeline.find_entries, replace(narrowed.query, before=(last.at, last.id)))
        return replace(narrowed, entries=narrowed.entries + found.entries, total=found.total)

    async def problems(self, patient_id: UUID) -> tuple[ProblemRow, ...]:
        """The history by problem."""
        return await self._rows(timeline.problems, timeline.ProblemsQuery(patient_id))

    async def results(self, contents: Contents) -> Contents:
        """The same with its results."""
        query = ChartQuery(contents.patient_id, limit=_MOST_RESULTS)
        observed = await self._rows(results.observed, query)
        return replace(contents, observed=observed)


class ChartPane(Body):
    """Centre of the doctor's home. The screen says what is read and when; the pane shows it.

    `on_move` hears of each newly selected entry, `wants_older` that the reader nears the last one read.
    """

    def __init__(
        self, zone: str, on_move: Callable[[EntryRow | None], None], wants_older: Callable[[], None]
    ) -> None:
        """Empty, at the history."""
        super().__init__(id="chart")
        self.zone, self._on_move, self._wants_older = zone, on_move, wants_older
        self.contents: Contents | None = None
        self.narrowed: Narrowed | None = None
        self.section = 0
        self.grouped = False
        """Whether the history is shown by problem."""
        self._reads_entry = False
        self.history = LineList[EntryRow](
            lambda entry: entry.id,
            draw=lambda entry, width: words.entry_lines(entry, width, zone),
            tall=2,
            title=_("Historia"),
            on_move=self._moved,
            id="history",
        )
        self.by_problem = LineList[ProblemRow](
            lambda row: (row.system, row.code),
            draw=lambda row, width: words.problem_lines(row, width, zone),
            tall=2,
            title=_("Por problema"),
            empty=_("Sin diagnósticos en los registros."),
            on_move=lambda _row: self._on_move(None),
            id="by-problem",
        )
        self.pager = Pager(id="entry")
        self._lists: tuple[LineList[Any], ...] = (self.history, *_other_lists(zone))
        self._rule, self._summary = Rule(id="summary-rule"), TextLines(tall=3, id="summary")
        self._plot_rule, self._plot = Rule(id="plot-rule"), TextLines(tall=_PLOT, id="plot")

    def compose(self) -> ComposeResult:
        """All of it; one list at a time is shown."""
        yield from (*self._lists, self.by_problem, self.pager)
        yield from (self._rule, self._summary, self._plot_rule, self._plot)

    # Showing

    def show(self, contents: Contents | None) -> None:
        """Another patient, from the history's newest entry; None clears the pane."""
        self.contents, self.narrowed = contents, None
        self.go_to(0)
        self._fill(fresh=True)
        if contents is not None and contents.chart.entries:
            self.history.select(contents.chart.entries[0].id)

    def renew(self, contents: Contents) -> None:
        """The same patient read again: what is new is marked, the reader stays where they are."""
        before = self.contents
        if before is not None:
            known = {entry.id for entry in contents.chart.entries}
            older = tuple(entry for entry in before.chart.entries if entry.id not in known)
            chart = replace(contents.chart, entries=contents.chart.entries + older)
            contents = replace(contents, chart=chart, observed=before.observed)
        self.contents = contents
        if self.narrowed is not None:
            now = {entry.id: entry for entry in contents.chart.entries}
            entries = tuple(now.get(entry.id, entry) for entry in self.narrowed.entries)
            self.narrowed = replace(self.narrowed, entries=entries)
        self._fill(fresh=False)

    def extend(self, contents: Contents) -> None:
        """More of the same: older entries, results."""
        self.contents = contents
        self._fill(fresh=True)

    def go_to(self, section: int) -> None:
        """Show a section; `visible_part` is what has to get the focus."""
        self.section, self.grouped = section, False
        self._show_part(self._lists[section])

    def narrow(self, narrowed: Narrowed | None) -> None:
        """The entries that fit, from the newest; None shows the whole history again."""
        self.narrowed = narrowed
        self._fill_history(fresh=True)
        entries = self._entries()
        if entries and narrowed is not None:
            self.history.select(entries[0].id)
        self.go_to(0)

    def extend_narrowed(self, narrowed: Narrowed) -> None:
        """More of what fits."""
        self.narrowed = narrowed
        self._fill_history(fresh=True)

    def group(self, rows: Sequence[ProblemRow]) -> None:
        """The history by problem."""
        self.by_problem.show(rows)
        self.by_problem.title(f"{_('Por problema')} · {len(rows)}", _("v: por fecha"))
        self.section, self.grouped = 0, True
        self._show_part(self.by_problem)

    def open_entry(self) -> None:
        """Read the selected entry whole."""
        entry = self.history.current
        if entry is not None:
            self.read(words.entry_title(entry, self.zone), lambda width: self._page_of(entry, width))
            self._reads_entry = True

    def step(self, by: int) -> None:
        """Read the entry so many places further down the list instead, where there is one."""
        rows, entry = self.history.rows, self.history.current
        at = rows.index(entry) + by if entry in rows else -1
        if 0 <= at < len(rows):
            self.history.select(rows[at].id)
            self.open_entry()

    def read(self, title: str, layout: Layout) -> None:
        """Show a text in the pane until `back`."""
        self._reads_entry = False
        self.pager.show(Bit(title, Tone.TITLE), layout)
        self._show_part(self.pager)

    def back(self) -> bool:
        """One step back: from a text to its list, from a section to the history; False if there already."""
        if self.reading:
            self._show_part(self._list)
        elif self.section or self.grouped:
            self.go_to(0)
        elif self.narrowed is not None:
            of_a_problem = self.narrowed.query.problem is not None
            self.narrow(None)
            if of_a_problem:
                self.group(self.by_problem.rows)
        else:
            return False
        return True

    @property
    def entry(self) -> EntryRow | None:
        """The entry pointed at; none while problems stand in its place."""
        return None if self.grouped else self.history.current

    @property
    def reads_entry(self) -> bool:
        """Whether the text that covers the lists is an entry of the history."""
        return self.reading and self._reads_entry

    @property
    def reading(self) -> bool:
        """Whether a text covers the lists."""
        return bool(self.pager.display)

    @property
    def current(self) -> Any:
        """The row of the section that is pointed at, or read whole."""
        return self._list.current

    @property
    def visible_part(self) -> Part:
        """What is shown, to be focused."""
        return self.pager if self.reading else self._list

    @property
    def _list(self) -> LineList[Any]:
        return self.by_problem if self.grouped else self._lists[self.section]

    def _entries(self) -> tuple[EntryRow, ...]:
        """What the history shows: all that is read, or what fits of the whole."""
        if self.narrowed is not None:
            return self.narrowed.entries
        return self.contents.chart.entries if self.contents is not None else ()

    @property
    def treatment(self) -> TreatmentRow | None:
        """The treatment pointed at, among what holds today."""
        row = self._lists[_HOLDING].current if self.section == _HOLDING and not self.reading else None
        return row if isinstance(row, TreatmentRow) else None

    @property
    def wide(self) -> bool:
        """Whether there is room for more than 80 columns have."""
        return self.screen.has_class("-wide")

    def lay_out(self) -> None:
        """After a change of size."""
        self._show_part(self.visible_part)
        self._fill_summary()

    def _show_part(self, part: Part) -> None:
        home = part is self.history
        for each in (*self._lists, self.by_problem, self.pager):
            each.display = each is part
        self._rule.display = self._summary.display = home and not self.wide and self.contents is not None
        plotted = self.contents is not None and len(self.contents.pressure) > 1
        self._plot_rule.display = self._plot.display = home and self.wide and plotted

    # Filling

    def _fill(self, *, fresh: bool) -> None:
        contents = self.contents
        chart = contents.chart if contents else None
        rows: tuple[Sequence[Any], ...] = (
            self._entries(),
            contents.prescribed if contents else (),
            contents.observed or () if contents else (),
            (*chart.problems, *chart.treatments) if chart else (),
            (*chart.vitals, *chart.vitals_gone) if chart else (),
            (),
        )
        for each, found in zip(self._lists, rows, strict=True):
            if fresh:
                each.show(found)
            else:
                each.renew(found)
        self._titles(rows)
        self._fill_summary()
        self._show_part(self.visible_part)

    def _titles(self, rows: tuple[Sequence[Any], ...]) -> None:
        if self.contents is None:
            for each in self._lists:
                each.title("")
            return
        self._title_history()
        for number in (1, 2, 3, 4):
            self._lists[number].title(
                f"{SECTIONS[number].capitalize()} · {len(rows[number])}", _("1: historia")
            )
        self._lists[5].title(SECTIONS[5].capitalize(), _("1: historia"))

    def _fill_history(self, *, fresh: bool) -> None:
        (self.history.show if fresh else self.history.renew)(self._entries())
        self._title_history()

    def _title_history(self) -> None:
        if self.contents is None:
            return
        total, narrowed = self.contents.chart.entries_total, self.narrowed
        if narrowed is None:
            counted = plural(total, _("registro"), _("registros"))
            self.history.title(f"{_('Historia')} · {counted}", _("/ buscar") if total else "")
        else:
            here = _("{} de {}").format(narrowed.total, total)
            self.history.title(f"{_('Historia')} · {here}", cut(shown(f"«{narrowed.said}»"), _SAID))

    def _fill_summary(self) -> None:
        if self.contents is None:
            return
        if self.wide:
            rows = self.contents.pressure
            if len(rows) > 1:
                title = Bit(f" {_('PA sistólica, últimas')} {len(rows)}", Tone.TITLE)
                lines = words.plot_lines(rows, self.size.width, self.zone)
                self._plot.styles.height = 1 + len(lines)
                self._plot.set(title, *lines)
        else:
            self._summary.set(*summary_lines(self.contents, self.size.width, self.zone))

    def _page_of(self, entry: EntryRow, width: int) -> list[Cell]:
        """The entry as it is now: an addendum may have come."""
        found = entry
        if self.contents is not None:
            rows = (*self._entries(), *self.contents.chart.entries)
            found = next((row for row in rows if row.id == entry.id), entry)
        return words.entry_page(found, width, self.zone)

    def _moved(self, entry: EntryRow | None) -> None:
        self._on_move(entry)
        contents, entries = self.contents, self._entries()
        if entry is None or contents is None:
            return
        total = self.narrowed.total if self.narrowed is not None else contents.chart.entries_total
        if len(entries) < total and entry.id in {each.id for each in entries[-_NEAR_THE_END:]}:
            self._wants_older()


def _other_lists(zone: str) -> Iterable[LineList[Any]]:
    """Sections 2 to 6."""
    return (
        LineList[PrescribedRow](
            lambda row: row.id,
            draw=lambda row, width: words.prescribed_lines(row, width, zone),
            tall=2,
            empty=_("Sin recetas."),
            id="prescribed",
        ),
        LineList[ObservationRow](
            lambda row: row.id,
            draw=lambda row, width: [words.observed_line(row, width, zone)],
            empty=_("Sin resultados."),
            id="observed",
        ),
        LineList[DiagnosisRow | TreatmentRow](
            lambda row: row.id,
            draw=words.holding_lines,
            tall=2,
            empty=_("Sin diagnósticos activos."),
            id="problems",
        ),
        LineList[VitalRow | MovedVitals](
            lambda row: row.id if isinstance(row, MovedVitals) else row.code,
            draw=lambda row, width: [_vital_line(row, width, zone)],
            empty=_("Sin signos vitales."),
            id="vitals",
        ),
        LineList[VitalRow](
            lambda row: row.code, draw=lambda _row, _width: [""], empty=_("No hay mensajes."), id="messages"
        ),
    )


def _vital_line(row: VitalRow | MovedVitals, width: int, zone: str) -> Cell:
    if isinstance(row, MovedVitals):
        return words.moved_line(row, width, zone)
    return words.vital_line(row, width, zone)


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
