"""Finding one's way in the chart on the screen: words that narrow it, the view by problem, the next entry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.records.finding import MOST_WORDS
from clinicdesk.clinic.records.timeline import FindQuery
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command
from clinicdesk.tui.roles import chart_letters, chart_text, giving, history_filters
from clinicdesk.tui.roles.chart import ChartPane, Reading
from clinicdesk.tui.roles.everywhere import everywhere, may_search
from clinicdesk.tui.roles.letters import letter_hint
from clinicdesk.tui.screens import ClinicScreen

_SHORT: Final = 6


class Timeline(ClinicScreen):
    """A screen with a chart in it. Its history is read on, narrowed and stepped through by key."""

    chart: ChartPane
    reading: Reading
    _reading_older = False
    _called: history_filters.Names = MappingProxyType({})

    @abstractmethod
    def announce(self) -> None:
        """Row 23: what Enter will do."""

    def timeline_commands(self) -> Iterable[Command]:
        """The keys beside `/`, which a screen shares with its other searches."""
        help_text = _("por fecha o por problema")
        choose = _("filtrar la historia")
        yield Command("0", _("Filtros"), self.filter_history, choose, self._no_history, bar=False)
        yield Command("v", _("Vista"), self.other_view, help_text, self._no_history, bar=False)
        yield Command(
            "left", _("Registro"), lambda: self.step(-1), _("registro más nuevo"), self._no_entry, bar=False
        )
        yield Command(
            "right", _("Registro"), lambda: self.step(1), _("registro más viejo"), self._no_entry, bar=False
        )
        yield from everywhere(self, self._sought_here)

    def _no_history(self) -> str | None:
        return None if self.chart.contents is not None else _("no hay una historia abierta")

    def _no_entry(self) -> str | None:
        return None if self.chart.reads_entry else _("no hay un registro abierto")

    # Narrowing

    def _sought_here(self) -> str:
        """What narrows the history, as a search of all charts begins with it."""
        narrowed = self.chart.narrowed
        if narrowed is None:
            return ""
        problem = narrowed.query.problem
        return narrowed.query.words if problem is None else f"dx:{problem[1]}"

    async def find_in_history(self) -> None:
        """`/`: the entries that fit all the words, out of the whole chart; nothing typed shows all again."""
        contents = self.chart.contents
        if contents is None:
            return
        typed = await self.prompt.ask(_("Buscar en la historia"), check=_too_many)
        if typed is None:
            return
        asked = replace(self._narrowed_by(contents.patient_id), words=typed)
        if self._said(asked):
            await self._narrow(asked)
        else:
            self.chart.narrow(None)
        self._in_front()

    async def filter_history(self) -> None:
        """`0`: what the entries have in common is chosen, one thing after another."""
        contents = self.chart.contents
        if contents is None:
            return
        asked = self._narrowed_by(contents.patient_id)
        facets = await self.reading.facets(asked)
        self._called = {key: key[1] if len(key[1]) <= _SHORT else text for key, text, _n in facets.problems}
        chosen = await history_filters.ask(self.prompt, asked, facets, self.today().date())
        if chosen is None or chosen == asked:
            return
        if self._said(chosen):
            await self._narrow(chosen)
        else:
            self.chart.narrow(None)
        self._in_front()

    def _said(self, query: FindQuery) -> str:
        return history_filters.said(query, self._called)

    def _narrowed_by(self, patient_id: UUID) -> FindQuery:
        """What narrows the history now; in the view by problem nothing does."""
        narrowed = self.chart.narrowed
        if narrowed is None or narrowed.of_problem or narrowed.query.patient_id != patient_id:
            return FindQuery(patient_id)
        return narrowed.query

    async def open_problem(self) -> None:
        """Enter on a problem: its entries."""
        contents, problem = self.chart.contents, self.chart.by_problem.current
        if contents is None or problem is None:
            return
        key = (problem.system, problem.code)
        self._called = {key: chart_text.problem_name(problem)}
        query = FindQuery(contents.patient_id, problem=key)
        await self._narrow(query, of_problem=True)
        self._in_front()

    async def _narrow(self, query: FindQuery, *, of_problem: bool = False) -> None:
        said = self._said(query)
        found = replace(await self.reading.find(query, said), of_problem=of_problem)
        contents = self.chart.contents
        if contents is None or contents.patient_id != query.patient_id:
            return
        self.chart.narrow(found)
        if not found.total and not found.letters:
            words = _("Ningún registro coincide con «{}». Esc quita el filtro.").format(said)
            self.prompt.refuse(words + self._and_everywhere())

    async def other_view(self) -> None:
        """`v`: the history by date or by problem."""
        contents = self.chart.contents
        if contents is None:
            return
        if self.chart.grouped:
            self.chart.go_to(0)
        else:
            rows = await self.reading.problems(contents.patient_id)
            if self.chart.contents is None or self.chart.contents.patient_id != contents.patient_id:
                return
            self.chart.group(rows)
        self._in_front()

    def step(self, by: int) -> None:
        """← →: the entry before or after the one that is read."""
        self.chart.step(by)
        self.announce()

    def _in_front(self) -> None:
        self.focus_on(self.chart.visible_part)
        self.announce()

    # Reading on

    def _read_older(self) -> None:
        """The next entries, behind the screen, while the reader goes on."""
        if self.chart.contents is not None and not self._reading_older:
            self._reading_older = True
            self.in_background(self._extend())

    async def _extend(self) -> None:
        contents, narrowed = self.chart.contents, self.chart.narrowed
        try:
            if narrowed is not None:
                more = await self.reading.more_fitting(narrowed)
                if self.chart.narrowed is narrowed:
                    self.chart.extend_narrowed(more)
            elif contents is not None:
                found = await self.reading.older(contents)
                if self.chart.contents is contents:
                    self.chart.extend(found)
        finally:
            self._reading_older = False

    # What row 23 says of it

    def history_hint(self) -> str | None:
        """What Enter does in a text, in the view by problem and in a narrowed list; None for the rest."""
        chart = self.chart
        if chart.reading:
            more = _("AvPág sigue leyendo. ") if chart.pager.long else ""
            other = _("← → otro registro. ") if chart.reads_entry else ""
            return more + other + letter_hint(self, chart) + _("Esc vuelve.")
        if chart.section:
            return giving.section_hint(self, chart)
        if chart.grouped:
            problem = chart.by_problem.current
            if problem is None:
                return _("Sin diagnósticos en los registros. v: por fecha.")
            said = _("Enter muestra los registros de {}. v: por fecha.")
            return said.format(chart_text.problem_name(problem))
        if chart.narrowed is None:
            return None
        entry = chart.history.current
        if entry is None:
            return _("Ningún registro coincide. Esc quita el filtro.") + self._and_everywhere()
        hint = (
            f"{chart_letters.opens(entry, chart.zone)} {_('Esc quita el filtro.')}" + self._and_everywhere()
        )
        return f"{chart.narrowed.said}. {hint}" if history_filters.chosen(chart.narrowed.query) else hint

    def _and_everywhere(self) -> str:
        return " " + _("Ctrl+F: en todas.") if may_search(self.actor) else ""


def _too_many(typed: str) -> str | None:
    if len(typed.split()) <= MOST_WORDS:
        return None
    return _("Hasta {} palabras.").format(MOST_WORDS)
