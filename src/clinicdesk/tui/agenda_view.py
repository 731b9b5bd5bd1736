"""A doctor's agenda as it is read and shown: a day hour by hour, or its week as a grid; live."""

from __future__ import annotations

import asyncio
import itertools
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.turns import agenda_day, slots
from clinicdesk.clinic.turns.agenda_day import AgendaDay, AgendaQuery, AgendaRow
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.words import _
from clinicdesk.tui.agenda_lists import agenda_lines, day_strip, title_words
from clinicdesk.tui.agenda_week import WeekHour, days_of, hours_of, week_columns
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Cell, Column, LineList, Rule, TextLines
from clinicdesk.tui.parts.bits import Bit, spread
from clinicdesk.tui.turn_verbs import TurnVerbs

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change

_DAYS_AHEAD: Final = 90


class AgendaView(TurnVerbs):
    """The day or the week, and what is pointed at in it."""

    DEFAULT_CSS = """
    AgendaView #week { display: none; }
    AgendaView.-week #week { display: block; }
    AgendaView.-week #day { display: none; }
    """

    def __init__(self, doctor_id: int | None, day: date | None) -> None:
        """A doctor's day: the first who works then where none is said, today where no day is."""
        super().__init__()
        self._doctor_id, self._day = doctor_id, day
        self._agenda: AgendaDay | None = None
        self._days: tuple[AgendaDay, ...] = ()
        self._again: set[str] = set()
        self._reading = asyncio.Lock()
        self.top = TextLines()
        self.strip = TextLines()
        self.list = LineList[AgendaRow](
            lambda row: row.id,
            draw=self._draw,
            empty=_("Ese día no hay agenda."),
            on_move=lambda _row: self._announce(),
            id="day",
        )
        self.week = LineList[WeekHour](
            lambda hour: hour.at,
            self._week_columns,
            heads=True,
            empty=_("Esa semana no hay agenda."),
            on_move=lambda _row: self._announce(),
            id="week",
        )

    def body(self) -> Iterable[Widget]:
        """Title, days, the hours."""
        yield from (self.top, self.strip, self.list, self.week, Rule())

    @abstractmethod
    def _hint(self) -> str:
        """What Enter does now."""

    def started(self) -> None:
        """Read behind the first frame."""
        self._day = self._day or self.today().date()
        self.focus_on(self.list)
        self.in_background(self._read(fresh=True))

    # Rows

    async def _read(self, *, fresh: bool = False) -> None:
        """Read the day; one after the other, so that an older answer never wins."""
        async with self._reading:
            await self._read_now(fresh=fresh)

    async def _read_now(self, *, fresh: bool) -> None:
        asked = AgendaQuery(self.actor.at.clinic_id, self._doctor_id, self._day)
        weekly = self._weekly
        week = await self.see(agenda_day.agenda_week, asked) if weekly else ()
        found = (
            next(each for each in week if each.day == asked.day)
            if weekly
            else await self.see(agenda_day.agenda_day, asked)
        )
        if (self._doctor_id, self._day, self._weekly) != (asked.doctor_id, asked.day, weekly):
            return  # another day, doctor or view was asked for meanwhile: that answer follows
        self._agenda, self._doctor_id, self._days = found, found.doctor_id, days_of(week)
        self._again = _repeated(found.rows)
        if weekly:
            hours = hours_of(self._days)
            (self.week.show if fresh else self.week.renew)(hours)
            self.week.repaint()
        elif fresh:
            self.list.show(found.rows)
            self._select_free()
        else:
            self.list.renew(found.rows)
        self._texts()

    # The week

    @property
    def _weekly(self) -> bool:
        return self.has_class("-week")

    @property
    def _at(self) -> int:
        """The column of the day chosen."""
        return next((at for at, each in enumerate(self._days) if each.day == self._day), 0)

    def _week_columns(self, width: int) -> Sequence[Column[WeekHour]]:
        return week_columns(self._days, self._at, self.week.current, width)

    @property
    def pointed(self) -> AgendaRow | None:
        """The row pointed at: of the day, or of the week's cell."""
        if not self._weekly:
            return self.list.current
        hour = self.week.current
        return hour.row(self._at) if hour is not None and self._days else None

    async def other_view(self) -> None:
        """`v`: the day or its week; what is pointed at stays."""
        row = self.pointed
        self.toggle_class("-week")
        self.focus_on(self.week if self._weekly else self.list)
        await self._read(fresh=True)
        if row is not None and self._weekly:
            self.week.select(row.wall_start.time())
        elif row is not None:
            self.list.select(row.id)

    def _select_free(self) -> None:
        """The first place that can be given, else the first that is to come."""
        for row in self.list.rows:
            if row.is_offered(self.now()) and not row.kept_for:
                self.list.select(row.id)
                return

    def _draw(self, row: AgendaRow, width: int) -> Sequence[Cell]:
        lines = agenda_lines(row, width, self.now(), self.actor.at.zone, again=row.id in self._again)
        first = lines[0]
        if row.id == self._next_id and isinstance(first, list):
            return [[*first, Bit(_("próximo libre"))]]
        return lines

    @property
    def _next_id(self) -> str | None:
        rows = self._agenda.rows if self._agenda is not None else ()
        free = (row.id for row in rows if row.is_offered(self.now()) and not row.kept_for)
        return next(free, None)

    def _texts(self) -> None:
        if self._agenda is None:
            return
        left, right = title_words(self._agenda)
        self.top.set(spread([Bit(left, Tone.TITLE)], right, self.size.width))
        self.strip.set(day_strip(self._agenda, self.now()))
        self._announce()

    def _announce(self) -> None:
        if self.is_mounted:
            self.prompt.hint(self._hint())
            self.keys_changed()

    # What it points at

    def turn(self) -> TurnRow | None:
        """The turn pointed at."""
        row = self.pointed
        return row.turn if row is not None else None

    # News

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Today's, perhaps of this doctor."""
        if self._agenda is not None and self.day.today in self._shown_days:
            self.in_background(self._read())

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """Another day of the clinic."""
        mine, days = self.actor.at.clinic_id, {None, *self._shown_days}
        if not changes or any(each.clinic_id == mine and each.day in days for each in changes):
            await self._read()

    @property
    def _shown_days(self) -> tuple[date, ...]:
        if self._weekly:
            return tuple(each.day for each in self._days)
        return (self._agenda.day,) if self._agenda is not None else ()

    def minute(self) -> None:
        """Waits tick, and places pass."""
        self.in_background(self._read())

    async def _refresh(self, patient_id: UUID, turn_id: UUID) -> None:
        await super()._refresh(patient_id, turn_id)
        await self._read()

    # Moving about

    async def step_day(self, step: int) -> None:
        """← and →: the day before or after with an agenda."""
        if self._agenda is None:
            return
        days = self._agenda.days
        at = days.index(self._agenda.day) + step
        if not 0 <= at < len(days):
            return
        self._day = days[at]
        chosen = next((each for each in self._days if each.day == self._day), None)
        if self._weekly and chosen is not None:  # another column of the same week
            self._agenda, self._again = chosen, _repeated(chosen.rows)
            self.week.repaint()
            self._texts()
        else:
            await self._read(fresh=True)

    async def other_doctor(self) -> None:
        """`o`: the next one who works that day."""
        if self._agenda is None or not self._agenda.doctors:
            return
        doctors = self._agenda.doctors
        at = doctors.index(self._agenda.doctor_id) + 1 if self._agenda.doctor_id in doctors else 0
        self._doctor_id = doctors[at % len(doctors)]
        await self._read(fresh=True)

    async def next_free(self) -> None:
        """`t`: the next place of this doctor that can be given, on whatever day."""
        if self._agenda is None:
            return
        clinic_id = self.actor.at.clinic_id
        asked = slots.SlotsQuery(clinic_id, self._agenda.doctor_id, days=_DAYS_AHEAD, limit=1)
        found = await self.see(slots.slots, asked)
        if not found:
            self.prompt.refuse(_("No hay lugar en los próximos {} días. o: otro.").format(_DAYS_AHEAD))
            return
        self._day = found[0].starts_at.date()
        await self._read(fresh=True)
        self._point_at(found[0])

    def _point_at(self, slot: slots.SlotRow) -> None:
        if self._weekly:
            self.week.select(slot.starts_at.time())
        else:
            self.list.select(slot.id)


def _repeated(rows: Sequence[AgendaRow]) -> set[str]:
    """Rows whose hour is that of the row above."""
    pairs = itertools.pairwise(rows)
    return {below.id for above, below in pairs if above.wall_start == below.wall_start}
