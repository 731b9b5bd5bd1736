"""A doctor's week as a grid: an hour a row, a day a column; each cell says what the day's list says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from clinicdesk.clinic.turns.agenda_day import AgendaDay, AgendaRow, Kind
from clinicdesk.clinic.turns.rules import FREES_CLAIMS
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import SELECTION, TURN_STATES
from clinicdesk.tui.parts import Bit, Cell, Column
from clinicdesk.tui.parts.lines import DAYS

_HOUR: Final = 6
_WORKING_DAYS: Final = 5


@dataclass(frozen=True, slots=True)
class WeekHour:
    """One hour of the week, with the rows of each day shown that begin then."""

    at: time
    days: tuple[tuple[AgendaRow, ...], ...]

    def row(self, at: int) -> AgendaRow | None:
        """What stands in a day's cell: who is expected, else what is free, else what was."""
        return min(self.days[at], key=_rank, default=None)


def _rank(row: AgendaRow) -> int:
    if row.turn is not None:
        return 3 if row.turn.state in FREES_CLAIMS else 0
    return {Kind.FREE: 1, Kind.SHUT: 2}.get(row.kind, 4)


def days_of(week: Sequence[AgendaDay]) -> tuple[AgendaDay, ...]:
    """Monday to Friday, and the days of the weekend on which there is anything."""
    return tuple(each for at, each in enumerate(week) if at < _WORKING_DAYS or each.rows)


def hours_of(days: Sequence[AgendaDay]) -> list[WeekHour]:
    """The hours at which anything begins on any of the days."""
    found: dict[time, list[list[AgendaRow]]] = {}
    for at, day in enumerate(days):
        for row in day.rows:
            if row.kind is not Kind.TOLD:
                cells = found.setdefault(row.wall_start.time(), [[] for _each in days])
                cells[at].append(row)
    return [WeekHour(at, tuple(map(tuple, cells))) for at, cells in sorted(found.items())]


def week_columns(
    days: Sequence[AgendaDay], chosen: int, here: WeekHour | None, width: int
) -> tuple[Column[WeekHour], ...]:
    """An hour and a column for each day; the day chosen is marked in its head and in the row pointed at."""
    each = max(8, (width - _HOUR - 1) // max(1, len(days)) - 1)

    def column(at: int, day: date) -> Column[WeekHour]:
        mark = SELECTION if at == chosen else " "

        def cell(row: WeekHour) -> Cell:
            return cell_bits(row, at, each, pointed=at == chosen and row == here)

        return Column[WeekHour](f"{mark}{DAYS[day.weekday()]} {day.day:>2}", each, cell)

    hour = Column[WeekHour]("", _HOUR, lambda row: f" {row.at:%H:%M}", gap=0)
    return (hour, *(column(at, day.day) for at, day in enumerate(days)))


def cell_bits(hour: WeekHour, at: int, width: int, *, pointed: bool) -> list[Bit]:
    """`+ Quispe M.`, `─ libre`, `× susp.`; `+1` after it where more than one is expected then."""
    row = hour.row(at)
    mark = Bit(SELECTION if pointed else " ")
    if row is None:
        return [mark]
    if row.turn is not None:
        more = sum(1 for each in hour.days[at] if each.turn and each.turn.state not in FREES_CLAIMS) - 1
        tail = f" +{more}" if more > 0 else ""
        glyph = words.state_glyph(row.turn)
        name = short_name(row.turn.family, row.turn.given, max(3, width - 3 - len(tail)))
        return [mark, glyph, Bit(f" {name}{tail}")]
    if row.kind is Kind.SHUT:
        shut = TURN_STATES["cancelado"]
        return [mark, Bit(shut.glyph, shut.tone), Bit(f" {_('susp.')}")]
    if row.places:
        return [mark, Bit(f"─ {plural(row.places, _('lugar'), _('lugares'))}")]
    return [mark, Bit(f"─ {row.kept_for or _('libre')}")]
