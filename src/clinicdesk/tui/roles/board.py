"""The turn board, live: five columns by state, or one table; for every role that may read turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.admissions.rules import wait_minutes
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.board import freed, late_minutes
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import clock
from clinicdesk.kit.text import cells, cut, fit
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.board_lists import (
    COLUMNS,
    board_column,
    detail_lines,
    freed_words,
    in_column,
    in_table,
    turn_table,
)
from clinicdesk.tui.day import Day, Place
from clinicdesk.tui.look import CHANGED, TURN_STATES, Tone
from clinicdesk.tui.parts import (
    Bar,
    Bit,
    Cell,
    Command,
    LineList,
    Part,
    Row,
    Rule,
    SearchBox,
    TextLines,
    wait_text,
)
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.turn_filter import fits, words_of
from clinicdesk.tui.turn_verbs import TurnVerbs

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change

Columns = Mapping[State, LineList[TurnRow]]


class Heads(Part):
    """The five column heads with their counts, each in its state's tone; the one with the focus reversed."""

    def __init__(self, columns: Columns, found: Callable[[], list[TurnRow]]) -> None:
        """Heads over columns; `found` gives the turns that are counted."""
        super().__init__(id="heads")
        self._columns, self._found = columns, found

    def line(self, _y: int, _width: int) -> list[Bit]:
        """One head over each column."""
        bits: list[Bit] = []
        counts = words.counts(self._found())
        for state, column in self._columns.items():
            mark = TURN_STATES[state]
            text = fit(f"{mark.glyph} {mark.word.upper()} {counts[state]}", column.size.width)
            bits += [Bit("│")] * bool(bits) + [Bit(text, Tone.FOCUS if column.has_focus else mark.tone)]
        return bits


class HeadRule(Rule):
    """The rule below the heads, joined to the bars."""

    def __init__(self, columns: Columns) -> None:
        """The rule over columns."""
        super().__init__(id="head-rule")
        self._columns = columns

    def line(self, y: int, width: int) -> list[Bit]:
        """A joint over each bar."""
        at, self.joints = -1, {}
        for column in self._columns.values():
            at += column.size.width + 1
            self.joints[at] = "┼"
        return super().line(y, width)


class Board(TurnVerbs):
    """Columns or a table of the clinic's day, a filter over both, the detail of the turn pointed at."""

    NAME = _("Tablero de turnos")
    f3_words = (_("Red"), _("tablero de toda la red"))
    DEFAULT_CSS = """
    Board #filter { display: none; }
    Board.-filtering #filter { display: block; }
    Board #table { display: none; }
    Board.-table #table { display: block; }
    Board.-table #heads, Board.-table #head-rule, Board.-table #columns { display: none; }
    """

    def __init__(self, place: Place | None = None) -> None:
        """The parts; the rows come from the day, of the desk's own clinic or of another place."""
        super().__init__()
        self._place = place
        self._other_day: Day | None = None
        self._freed: frozenset[UUID] = frozenset()
        self._only: frozenset[UUID] | None = None
        self.top = TextLines()
        self.filter = SearchBox(_("Filtrar"), on_change=self._filtered, id="filter")
        self.columns = {state: self._column(state) for state in COLUMNS}
        self.heads = Heads(self.columns, self.found)
        self.head_rule = HeadRule(self.columns)
        self.table = turn_table(self.today, lambda: self._freed, lambda _turn: self._texts())
        self.detail = TextLines(tall=2)
        self._column_with_focus = State.EN_ESPERA

    def _column(self, state: State) -> LineList[TurnRow]:
        return board_column(state, self.today, lambda _turn: self._texts())

    def body(self) -> Iterable[Widget]:
        """Title, filter, heads and columns or the table, the detail."""
        between: list[Widget] = [self.columns[COLUMNS[0]]]
        for state in COLUMNS[1:]:
            between += [Bar(), self.columns[state]]
        columns = Row(*between, id="columns")
        yield from (
            self.top,
            self.filter,
            self.heads,
            self.head_rule,
            columns,
            self.table,
            Rule(),
            self.detail,
        )

    def commands(self) -> Iterable[Command]:
        """Verbs first, then views."""
        yield Command("enter", _("Aplicar"), self.to_list, _("dejar el filtro puesto"), pane=self.filter)
        yield from self.verbs(in_bar="luxz")
        if self.actor.may(Permission.AGENDA_MANAGE):
            yield Command("e", _("Bloque"), self.open_agendas, _("agendas: bloques y licencias"), bar=False)
        yield Command("v", _("Vista"), self.other_view, _("columnas o tabla"))
        yield Command(
            "2", _("Centros"), self.open_sites, _("consultorios, feriados"), self._no_sites, bar=False
        )
        if self.is_own and self.actor.may(Permission.DAY_CLOSE):
            yield Command(
                "3",
                _("Cierre"),
                self.end_of_day,
                _("cerrar el día, abrirlo, lo que quedó"),
                self.no_line,
                bar=False,
            )
        yield Command("/", _("Filtrar"), self.open_filter, _("filtrar"))
        yield Command(
            "escape", _("Quitar filtro"), self.back, _("quitar el filtro; volver"), pane=self.filter
        )
        yield Command("down", _("Ir a la lista"), self.to_list, _("ir a la lista"), pane=self.filter)
        yield Command("left", _("Columna"), lambda: self.next_column(-1), _("columna"), bar=False)
        yield Command("right", _("Columna"), lambda: self.next_column(1), _("columna"), bar=False)

    async def open_agendas(self) -> None:
        """`e`: the weekly blocks of the clinic acted in."""
        from clinicdesk.tui.roles.agendas import Agendas

        await self.desk.push_screen(Agendas())

    def _no_sites(self) -> str | None:
        mine = self.actor.may(Permission.ROOM_MANAGE) or self.actor.may(Permission.SITE_MANAGE)
        return None if mine else _("los llevan secretaría y administración")

    async def open_sites(self) -> None:
        """`2`: rooms, holidays and the rest of the clinic."""
        from clinicdesk.tui.roles.sites import open_sites

        await open_sites(self.desk)

    async def end_of_day(self) -> None:
        """`3`: close the day, open it again, end what it left over."""
        from clinicdesk.tui.end_of_day import end_of_day

        await end_of_day(self)

    @contextmanager
    def showing_only(self, ids: frozenset[UUID]) -> Iterator[None]:
        """The table of these turns of the day, whatever the filter; the view as it was afterwards."""
        was_table, self._only = self.has_class("-table"), ids
        self.add_class("-table")
        self._show(fresh=True)
        try:
            yield
        finally:
            self._only = None
            if self.is_attached:  # the desk may have been left while it asked
                self.set_class(was_table, "-table")
                self._show(fresh=True)
                self.to_list()

    def point_at(self, turn_id: UUID) -> None:
        """Its row, where it is shown."""
        self._list.select(turn_id)

    def started(self) -> None:
        """The queue first; another place's day is read now."""
        self._show(fresh=True)
        self.to_list()
        if self._place is not None:
            self.in_background(self._first_read())

    async def _first_read(self) -> None:
        await self.day.reread()
        self.to_list()

    # Where

    @property
    def is_own(self) -> bool:
        """Whether it is the board of the desk's own clinic."""
        return self._place is None

    @property
    def day(self) -> Day:
        """The turns shown."""
        if self._place is None:
            return super().day
        if self._other_day is None:
            self._other_day = Day(self.link, self._other_changed, self.now, self._place)
        return self._other_day

    def today(self) -> datetime:
        """The wall clock of the clinic shown."""
        return clock.local(self.now(), self.day.place.zone)

    def _other_changed(self, ids: frozenset[UUID] | None) -> None:
        if self.is_mounted:
            self._changed(ids)

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """The desk keeps its own clinic's day, the board another one's."""
        if self._place is not None:
            await self.day.take_in(changes)

    def resumed(self) -> None:
        """Rows may have changed while another screen was in front."""
        super().resumed()
        self._show()

    # Rows

    def found(self) -> list[TurnRow]:
        """The turns that fit the filter, by time."""
        if self._only is not None:
            return [turn for turn in self.day.rows if turn.id in self._only]
        wanted = folded(self.filter.value).split()
        if not wanted:
            return self.day.rows
        now = self.today()
        return [turn for turn in self.day.rows if self._fits(turn, wanted, now)]

    def _fits(self, turn: TurnRow, wanted: list[str], now: datetime) -> bool:
        is_late, is_free = late_minutes(turn, now) > 0, turn.id in self._freed
        return fits(words_of(turn), wanted, is_late=is_late, is_free=is_free)

    def turn(self) -> TurnRow | None:
        """The turn pointed at, as it is now."""
        pointed = self._list.current
        return self.day.get(pointed.id) if pointed is not None else None

    @property
    def _list(self) -> LineList[TurnRow]:
        return self.table if self.has_class("-table") else self.columns[self._column_with_focus]

    def _show(self, *, fresh: bool = False) -> None:
        """The rows as they are now; `fresh` shows them unmarked, as another filter's or day's."""
        now, before = self.today(), self._freed
        self._freed = freed(self.day.rows, now)
        if before != self._freed:
            self.table.repaint()
        found = self.found()
        if self.has_class("-table"):
            _put(self.table, in_table(found, now), fresh=fresh)
        else:
            self._show_columns(found, now, fresh=fresh)
        self._texts()

    def _show_columns(self, found: list[TurnRow], now: datetime, *, fresh: bool) -> None:
        for state, column in self.columns.items():
            _put(column, in_column(found, state, now), fresh=fresh)
            for row in column.rows:  # with the focus it keeps who left until the next key
                if row.state == state and (new := self.day.get(row.id)) is not None:
                    column.update_row(row.id, new)

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Somebody did something at the desk's own clinic."""
        if self._place is None:
            self._changed(ids)

    def _changed(self, ids: frozenset[UUID] | None) -> None:
        """It is shown, and said."""
        self._show()
        turn = self.day.get(next(iter(ids))) if ids is not None and len(ids) == 1 else None
        if turn is not None and not self.prompt.asking:
            self.prompt.say(f"{CHANGED} {words.news(turn, self.day.place.zone, self.day.before(turn.id))}")

    def minute(self) -> None:
        """Waits tick; who waited long enough moves up."""
        self._show()
        for part in (*self.columns.values(), self.table):
            part.repaint()

    # Texts around the rows

    def _texts(self) -> None:
        if not self.is_mounted:
            return
        found, every = self.found(), self.day.rows
        where = f" {_('Tablero de turnos')} · {self._view_words()}"
        few = bool(self.filter.value) or self.has_class("-table")
        room = self.size.width - cells(where) - 2
        right = _("{} de {}").format(len(found), len(every)) if few else _waits(found, self.today(), room)
        self.top.set(spread([Bit(where, Tone.TITLE)], f"{right} ", self.size.width))
        self.heads.repaint()
        self.head_rule.repaint()
        self.detail.set(*self._detail_lines())
        self.prompt.hint(self._hint(found, every))
        self.keys_changed()

    def _view_words(self) -> str:
        if self._only is not None:
            return _("tabla · sin terminar")
        if self.has_class("-table"):
            return _("tabla · orden: triaje, llegada")
        which = _("filtrados") if self.filter.value else _("todos")
        return f"{self.day.place.name} · {_('hoy')} · {which}"

    def _hint(self, found: list[TurnRow], every: list[TurnRow]) -> str:
        if self.filter.value and not found:
            return _("Ningún turno coincide con «{}». Esc quita el filtro.").format(self.filter.value)
        if self.filter.value:
            return _("{} de {} turnos. Esc quita el filtro y muestra los {}.").format(
                len(found), len(every), len(every)
            )
        if not every:
            return _("No hay turnos hoy.")
        return cut(self._besides(every), self.size.width - 2)

    def _besides(self, every: list[TurnRow]) -> str:
        """What no column counts: the cancelled, the absent, who is late, the places free again."""
        counts, now = words.counts(every), self.today()
        late = sum(1 for turn in every if late_minutes(turn, now))
        facts = (
            f"× {plural(counts[State.CANCELADO], _('cancelado'), _('cancelados'))}",
            f"? {plural(counts[State.AUSENTE], _('ausente'), _('ausentes'))}",
            f"! {late} {_('tarde')}" if late else "",
            freed_words(every, self._freed),
        )
        return f"{_('Además:')} {'  '.join(filter(None, facts))}"

    def _detail_lines(self) -> list[Cell]:
        turn = self.turn()
        if turn is None:
            return ["", ""]
        return detail_lines(turn, self.today(), self.day.place.zone, is_free=turn.id in self._freed)

    # Keys

    def to_list(self) -> None:
        """The rows have the focus: those of the column it was in, or the first column that has any."""
        if not self.has_class("-table") and not len(self._list):
            full = (state for state in (State.EN_ESPERA, *COLUMNS) if len(self.columns[state]))
            self._column_with_focus = next(full, self._column_with_focus)
        self.focus_on(self._list)
        self._texts()

    def other_view(self) -> None:
        """Columns or the table; the turn pointed at stays."""
        turn = self.turn()
        self.toggle_class("-table")
        self._show(fresh=True)
        if turn is not None:
            if turn.state in self.columns and not self.has_class("-table"):
                self._column_with_focus = State(turn.state)
            self._list.select(turn.id)
        self.to_list()

    def next_column(self, step: int) -> None:
        """← and →."""
        if not self.has_class("-table"):
            at = COLUMNS.index(self._column_with_focus) + step
            self._column_with_focus = COLUMNS[max(0, min(at, len(COLUMNS) - 1))]
            self.focus_on(self._list)
            self._texts()

    def open_filter(self) -> None:
        """`/`: type to narrow."""
        self.add_class("-filtering")
        self.focus_on(self.filter)

    def _filtered(self, _text: str) -> None:
        self._show(fresh=True)

    def back(self) -> None:
        """Esc: the filter goes; without one, the board."""
        if self.has_class("-filtering"):
            self.remove_class("-filtering")
            self.filter.value = ""
            self.to_list()
        elif not self.desk.at_home:
            self.desk.pop_screen()

    def keys_changed(self) -> None:
        """Tab may have moved the focus to another column."""
        for state, column in self.columns.items():
            if column is self.focused and state is not self._column_with_focus:
                self._column_with_focus = state
                self.call_later(self._texts)
        super().keys_changed()


def _put(rows: LineList[TurnRow], new: list[TurnRow], *, fresh: bool) -> None:
    if fresh:
        rows.show(new)
    else:
        rows.renew(new)


def _waits(turns: Sequence[TurnRow], now: datetime, room: int) -> str:
    """`espera media 13 min, máx. 31`; without its first word where there is no room for it."""
    waits = [wait_minutes(turn.arrived_at, now) for turn in turns if turn.state == State.EN_ESPERA]
    if not waits:
        return _("nadie espera")
    mean, most = wait_text(sum(waits) // len(waits)), wait_text(max(waits)).removesuffix(" min")
    whole = _("espera media {}, máx. {}").format(mean, most)
    return whole if cells(whole) <= room else _("media {}, máx. {}").format(mean, most)
