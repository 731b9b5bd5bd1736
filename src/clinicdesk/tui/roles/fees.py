"""A fee schedule read at the desk: a code or words find it; its price, and from when to when it held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.sites import fees
from clinicdesk.clinic.sites.fees import FeeRow, FeeScheduleRow
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bar, Bit, Cell, Column, Command, LineList, Row, Rule
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.pager import Pager, wrapped
from clinicdesk.tui.roles.filtered import Filtered

if TYPE_CHECKING:
    from clinicdesk.tui.app import ClinicDesk

_LIST_WIDTH: Final = 50
_WIDE_LIST_WIDTH: Final = 78


class Fees(Filtered):
    """The codes valid today, narrowed by what is typed; Enter shows every edition of one."""

    NAME = _("Nomenclador")
    DEFAULT_CSS = f"""
    Fees #list {{ width: {_LIST_WIDTH}; }}
    Fees.-wide #list {{ width: {_WIDE_LIST_WIDTH}; }}
    """

    def __init__(self, schedule: FeeScheduleRow) -> None:
        """Nothing is read yet."""
        super().__init__()
        self._schedule = schedule
        self._rows: Sequence[tuple[str, FeeRow]] = ()
        self._editions: tuple[FeeRow, ...] = ()
        self.list = LineList[FeeRow](
            lambda row: row.code,
            (
                Column[FeeRow](_("Código"), 10, lambda row: row.code),
                Column[FeeRow](_("Nombre"), 0, lambda row: row.name),
                Column[FeeRow](_("Precio"), 11, lambda row: amount(row.price), align="right"),
            ),
            heads=True,
            title=schedule.name,
            empty=_("Ningún código coincide. Esc quita el filtro."),
            on_move=lambda _row: self._pointed(),
            id="list",
        )
        self.page = Pager(id="page")

    def body(self) -> Iterable[Widget]:
        """Filter, list, the code pointed at."""
        yield self.filter
        yield Row(self.list, Bar(), self.page)
        yield Rule()

    def commands(self) -> Iterable[Command]:
        """Looking up alone: schedules are loaded from the command line."""
        yield Command("enter", _("Ver"), self.enter, _("todas sus vigencias"), self.no_line)
        yield from self.filter_commands()
        yield Command("escape", _("Volver"), self.back, _("quitar el filtro; volver"))
        yield Command("down", _("Ir a la lista"), self.to_list, pane=self.filter, bar=False)

    def started(self) -> None:
        """What is typed first is a search."""
        self.open_filter()

    def on_resize(self, event: events.Resize) -> None:
        """The page is wrapped anew."""
        super().on_resize(event)
        self._pointed()

    def the_list(self) -> Part:
        """The codes."""
        return self.list

    async def read(self) -> None:
        """What is valid today. Raises Refusal."""
        found = await self.see(fees.show_fees, fees.FeesQuery(self._schedule.code))
        self._rows = [(folded(f"{row.code} {row.name}"), row) for row in found]
        self.show_rows()

    async def changed(self, changes: tuple[object, ...]) -> None:
        """After a lost line, and after an import."""
        if not changes or any(getattr(each, "kind", "") == "site" for each in changes):
            await self.read()

    def show_rows(self) -> None:
        """The codes that hold every word typed, those that begin with it first."""
        if not self.is_mounted:
            return
        wanted = self.wanted
        found = [(text, row) for text, row in self._rows if all(word in text for word in wanted)]
        if wanted:
            found.sort(key=lambda each: not each[0].startswith(wanted[0]))
        self.list.show([row for _text, row in found])
        self.filter.note(_("{} de {}").format(len(found), len(self._rows)))
        self._pointed()

    def _pointed(self) -> None:
        if not self.is_mounted:
            return
        row = self.list.current
        self._editions = (
            self._editions if row and any(each.code == row.code for each in self._editions) else ()
        )
        self.page.show("", lambda width: self._lines(row, width) if row is not None else [])
        self.prompt.hint(self._hint(row))
        self.keys_changed()

    def _hint(self, row: FeeRow | None) -> str:
        if row is None:
            return _("Escribir un código o palabras del nombre.")
        return _("{}: {}. Enter: todas sus vigencias.").format(row.code, amount(row.price) or _("sin precio"))

    def _lines(self, row: FeeRow, width: int) -> list[Cell]:
        lines: list[Cell] = [Bit(f"{_('Código')} {row.code}", Tone.TITLE), ""]
        lines += wrapped(row.name, width)
        lines += ["", *_edition(row)]
        if self._editions:
            lines += ["", Bit(_("Todas sus vigencias"), Tone.TITLE)]
            for each in self._editions:
                lines += ["", *_edition(each)]
        return lines

    # Keys

    def to_list(self) -> None:
        """The rows have the focus."""
        self.focus_on(self.list)

    async def enter(self) -> None:
        """Enter: into the list; there, every edition of the code pointed at."""
        if self.focused is self.filter:
            self.to_list()
        row = self.list.current
        if row is not None:
            query = fees.FeesQuery(self._schedule.code, row.code, history=True)
            found = await self.see(fees.show_fees, query)
            self._editions = tuple(each for each in found if each.code == row.code)
            self._pointed()

    def back(self) -> None:
        """Esc: the filter goes, then the screen."""
        if self.filter.value:
            self.filter.value = ""
            self.focus_on(self.filter)
        else:
            self.desk.pop_screen()


async def open_fees(desk: ClinicDesk, schedule: FeeScheduleRow) -> None:
    """Open it with its codes read: keys typed ahead find them there. Raises Refusal."""
    screen = Fees(schedule)
    await desk.push_screen(screen)
    await screen.read()


def _edition(row: FeeRow) -> list[Cell]:
    until = f"{row.valid_to:%d/%m/%Y}" if row.valid_to else _("sin término")
    return [
        f"{_('Unidades')}: {amount(row.units) or _('sin unidades')}",
        f"{_('Precio')}: {amount(row.price) or _('sin precio')}",
        f"{_('Desde')}: {day(row.valid_from)}",
        f"{_('Hasta')}: {until}",
    ]


def day(when: date | None) -> str:
    """`01/03/2026`; of what was always valid nothing."""
    return f"{when:%d/%m/%Y}" if when is not None else ""


def amount(number: Decimal | None) -> str:
    """`12.345,60`; nothing where there is none."""
    if number is None:
        return ""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))
