"""The chart of one patient in a pane: six sections, an entry read whole, and what holds today."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from textual.app import ComposeResult

from clinicdesk.clinic.letters import queries as letters
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.prescriptions import queries as prescriptions
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records import queries, timeline
from clinicdesk.clinic.records.measured import MovedVitals, VitalRow, VitalsQuery, vital_series
from clinicdesk.clinic.records.planning import TreatmentRow
from clinicdesk.clinic.records.queries import Chart, ChartQuery, DiagnosisRow, EntryRow
from clinicdesk.clinic.records.timeline import Facets, FindQuery, ProblemRow
from clinicdesk.clinic.results import queries as results
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.clinic.usecases import QueryT, RowsT, View
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Body, Cell, LineList, Rule, TextLines
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.pager import Layout, Pager
from clinicdesk.tui.roles import chart_letters
from clinicdesk.tui.roles import chart_text as words
from clinicdesk.tui.roles.chart_letters import HistoryRow
from clinicdesk.tui.roles.chart_summary import holding_title, summary_lines
from clinicdesk.tui.roles.history_filters import chosen

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
_HOLDING: Final = 3
_SAID: Final = 24


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The entries that fit, as far as they are read, of `total` in the whole chart; all `letters` that fit.

    `of_problem`: it was asked for in the view by problem, where Esc leads back.
    """

    query: FindQuery
    said: str
    entries: tuple[EntryRow, ...]
    total: int
    letters: tuple[LetterRow, ...] = ()
    of_problem: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What the pane shows of a patient; entries grow as they are read, results come when asked for.

    `letters` are all of the person's, newest first.
    """

    chart: Chart
    prescribed: tuple[PrescribedRow, ...] = ()
    pressure: tuple[VitalRow, ...] = ()
    observed: tuple[ObservationRow, ...] | None = None
    letters: tuple[LetterRow, ...] = ()

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
        prescribed, pressure, issued = await asyncio.gather(
            self._rows(prescriptions.prescribed, ChartQuery(patient_id)),
            self._rows(vital_series, VitalsQuery(patient_id, words.SYSTOLIC)),
            self._rows(letters.list_letters, letters.LettersQuery(patient_id)),
        )
        return Contents(chart, prescribed, pressure, letters=issued)

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
        """What fits; `said` is how the screen names it. Letters have words, not what else is chosen."""
        found = await self._rows(timeline.find_entries, query)
        fitting: tuple[LetterRow, ...] = ()
        if not chosen(query):
            asked = letters.FindLetters(query.patient_id, query.words)
            fitting = await self._rows(letters.find_letters, asked)
        return Narrowed(query, said, found.entries, found.total, fitting)

    async def more_fitting(self, narrowed: Narrowed) -> Narrowed:
        """The same with the next entries that fit."""
        last = narrowed.entries[-1]
        found = await self._rows(timeline.find_entries, replace(narrowed.query, before=(last.at, last.id)))
        return replace(narrowed, entries=narrowed.entries + found.entries, total=found.total)

    async def facets(self, query: FindQuery) -> Facets:
        """By what the entries that fit may be narrowed still."""
        return await self._rows(timeline.facets, query)

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

    `on_move` hears of each newly selected row, `wants_older` that the reader nears the last one read.
    """

    def __init__(
        self, zone: str, on_move: Callable[[HistoryRow | None], None], wants_older: Callable[[], None]
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
        self.history = LineList[HistoryRow](
            lambda row: row.id,
            draw=lambda row, width: chart_letters.row_lines(row, width, zone),
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
        # A letter given in a visit stands over its note: `a` and `e` are about that.
        first = next((row for row in self.history.rows if isinstance(row, EntryRow)), None)
        if first is not None:
            self.history.select(first.id)

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
            issued = {row.id: row for row in contents.letters}
            fitting = tuple(issued.get(row.id, row) for row in self.narrowed.letters)
            self.narrowed = replace(self.narrowed, entries=entries, letters=fitting)
        self._fill(fresh=False)
        row = self.history.current
        if self.reads_entry and row is not None:
            self.pager.renew(lambda width: self._page_of(row, width))

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
        if self.history.rows and narrowed is not None:
            self.history.select(self.history.rows[0].id)
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
        """Read the selected entry or letter whole."""
        row = self.history.current
        if row is not None:
            self.read(chart_letters.row_title(row, self.zone), lambda width: self._page_of(row, width))
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
            of_a_problem = self.narrowed.of_problem
            self.narrow(None)
            if of_a_problem:
                self.group(self.by_problem.rows)
        else:
            return False
        return True

    @property
    def entry(self) -> EntryRow | None:
        """The entry pointed at; none while problems stand in its place, or at a letter."""
        row = None if self.grouped else self.history.current
        return row if isinstance(row, EntryRow) else None

    @property
    def letter(self) -> LetterRow | None:
        """The letter of the history pointed at, or read whole."""
        row = self.history.current if self._list is self.history else None
        return row if isinstance(row, LetterRow) else None

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
        """What the history shows of its entries: all that is read, or what fits of the whole."""
        if self.narrowed is not None:
            return self.narrowed.entries
        return self.contents.chart.entries if self.contents is not None else ()

    def _letters(self) -> tuple[LetterRow, ...]:
        if self.narrowed is not None:
            return self.narrowed.letters
        return self.contents.letters if self.contents is not None else ()

    def _entries_in_all(self) -> int:
        if self.narrowed is not None:
            return self.narrowed.total
        return self.contents.chart.entries_total if self.contents is not None else 0

    def _rows(self) -> tuple[HistoryRow, ...]:
        """Entries and letters by date, as far as the entries are read."""
        entries = self._entries()
        return chart_letters.woven(entries, self._letters(), whole=len(entries) >= self._entries_in_all())

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
            self._rows(),
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
        for number in (1, 2, 4):
            self._lists[number].title(
                f"{SECTIONS[number].capitalize()} · {len(rows[number])}", _("1: historia")
            )
        self._lists[_HOLDING].title(holding_title(self.contents.chart), _("1: historia"))
        self._lists[5].title(SECTIONS[5].capitalize(), _("1: historia"))

    def _fill_history(self, *, fresh: bool) -> None:
        (self.history.show if fresh else self.history.renew)(self._rows())
        self._title_history()

    def _title_history(self) -> None:
        if self.contents is None:
            return
        narrowed = self.narrowed
        total = self.contents.chart.entries_total + len(self.contents.letters)
        if narrowed is None:
            counted = plural(total, _("registro"), _("registros"))
            self.history.title(f"{_('Historia')} · {counted}", _("/ buscar") if total else "")
        else:
            here = _("{} de {}").format(narrowed.total + len(narrowed.letters), total)
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

    def _page_of(self, row: HistoryRow, width: int) -> list[Cell]:
        """The row as it is now: an addendum may have come, a letter been taken back."""
        found: HistoryRow = row
        if self.contents is not None:
            rows = (*self._rows(), *self.contents.chart.entries)
            found = next((each for each in rows if each.id == row.id), row)
        return chart_letters.row_page(found, width, self.zone)

    def _moved(self, row: HistoryRow | None) -> None:
        self._on_move(row)
        if row is None or self.contents is None:
            return
        near = {each.id for each in self.history.rows[-_NEAR_THE_END:]}
        if len(self._entries()) < self._entries_in_all() and row.id in near:
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
            empty=_("Sin diagnósticos activos ni tratamientos."),
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
