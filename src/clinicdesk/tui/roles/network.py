"""The board of the whole network: for each clinic its counts and its worst wait; Enter goes into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from textual.widget import Widget

from clinicdesk.kit.text import cut
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.day import Place
from clinicdesk.tui.look import TURN_STATES, Tone
from clinicdesk.tui.network_day import ClinicRow, ClinicTurns, NetworkDay
from clinicdesk.tui.parts import Bit, Cell, Column, Command, LineList, Rule, TextLines
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import spread, width_of
from clinicdesk.tui.roles.filtered import Filtered

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.clinic.turns.network import NetworkTurn

_WIDE: Final = 100
_SHOWN: Final = 6
"""How many of the worst waits, or of those who are late, are told of a clinic."""


class Network(Filtered):
    """One list of clinics, filtered by words over their turns; below it the worst waits of one."""

    NAME = _("Tablero de la red")
    f3_words = (_("Centro"), _("tablero del centro"))
    DEFAULT_CSS = "Network #filter { display: none; }"

    def __init__(self) -> None:
        """No clinic yet."""
        super().__init__()
        self.top = TextLines()
        self.list = LineList[ClinicRow](
            lambda row: row.id,
            self._columns,
            heads=True,
            empty=_("Leyendo la red."),
            on_move=lambda _row: self._texts(),
            id="clinics",
        )
        self.detail = TextLines(tall=2)
        self._network: NetworkDay | None = None

    def body(self) -> Iterable[Widget]:
        """Title, filter, clinics, the one pointed at."""
        return (self.top, self.filter, self.list, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Into a clinic, filter, back."""
        opens = _("abrir el tablero del centro; en el filtro, dejarlo puesto")
        yield Command("enter", _("Abrir"), self.enter, opens, self._no_clinic)
        yield from self.filter_commands()
        yield Command("down", _("Ir a la lista"), self.to_list, _("ir a la lista"), pane=self.filter)
        yield Command("escape", _("Volver"), self.back, _("quitar el filtro; volver"))

    @property
    def network(self) -> NetworkDay:
        """The turns counted."""
        if self._network is None:
            self._network = NetworkDay(self.link, self.show_rows, self.now)
        return self._network

    def started(self) -> None:
        """Read it all once."""
        self.focus_on(self.list)
        self._texts()
        self.in_background(self.network.take_in(()))

    def resumed(self) -> None:
        """Rows may have changed while another screen was in front."""
        super().resumed()
        self.show_rows()

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """The turns they name, nothing else."""
        if not changes or any(change.kind == "turn" for change in changes):
            await self.network.take_in(changes)

    def minute(self) -> None:
        """Waits have grown, and some are late now."""
        self.show_rows(mark=False)

    # Rows

    def show_rows(self, *, mark: bool = True) -> None:
        """The clinics as they are now: what changed is marked, what only grew with the clock is not."""
        if not self.is_mounted:
            return
        rows = self.network.rows(self.wanted, self.now())
        if [row.id for row in rows] != [row.id for row in self.list.rows]:
            self.list.show(rows)
        for row in rows:
            old = next((each for each in self.list.rows if each.id == row.id), None)
            counted = old is not None and old.counts != row.counts
            self.list.update_row(row.id, row, mark=mark and counted)
        self.list.repaint()
        self._texts()

    def the_list(self) -> Part:
        """The clinics."""
        return self.list

    def _columns(self, width: int) -> Sequence[Column[ClinicRow]]:
        wide = width >= _WIDE
        number = 7 if wide else 4
        return (
            Column[ClinicRow](f" {_('Centro')}", 0, lambda row: f" {row.name}"),
            *(
                Column[ClinicRow](
                    f"{mark.glyph} {mark.short}" if wide else mark.glyph,
                    number,
                    _count_cell(at, mark.tone),
                    align="right",
                )
                for at, mark in enumerate(TURN_STATES.values())
            ),
            Column[ClinicRow](_("Tarde"), 5, lambda row: _alarm(row.late), align="right"),
            Column[ClinicRow](_(">máx."), 5, lambda row: _alarm(row.over), align="right"),
            Column[ClinicRow](_("Peor espera"), 16, self._worst),
        )

    def _worst(self, row: ClinicRow) -> Cell:
        return _wait_bits(row.worst, self.now()) if row.worst is not None else ""

    # Texts

    def _texts(self) -> None:
        if not self.is_mounted:
            return
        rows, total = self.list.rows, self.network.total
        found = sum(row.turns for row in rows)
        clinics = plural(len(rows), _("centro"), _("centros"))
        title = f" {_('Tablero de la red')} · {clinics} · {_('hoy')}"
        right = _("{} de {}").format(found, total) if self.wanted else plural(total, _("turno"), _("turnos"))
        self.top.set(spread([Bit(title, Tone.TITLE)], f"{right} ", self.size.width))
        self.list.empty(self._empty())
        self.detail.set(*self._detail())
        self.prompt.hint(self._hint(rows, found, total))
        self.keys_changed()

    def _empty(self) -> str:
        if not self.network.clinics:
            return _("Leyendo la red.")
        return _("Ningún turno coincide con «{}». Esc quita el filtro.").format(self.filter.value)

    def _hint(self, rows: Sequence[ClinicRow], found: int, total: int) -> str:
        if self.wanted:
            return _("{} de {} turnos. Esc quita el filtro y muestra los {}.").format(found, total, total)
        late, over = sum(row.late for row in rows), sum(row.over for row in rows)
        said = _("Tarde: {}. Espera excedida: {}.").format(late, over)
        row = self.list.current
        return f"{said} {_('Enter abre {}.').format(row.name)}" if row is not None else said

    def _detail(self) -> list[Cell]:
        row = self.list.current
        held = self.network.clinics.get(row.id) if row is not None else None
        return [self._waiting_line(held), self._late_line(held)] if held is not None else ["", ""]

    def _waiting_line(self, held: ClinicTurns) -> Cell:
        now = self.now()
        bits = [Bit(f" {_('Esperan')}: ", Tone.TITLE)]
        worst = held.waiting(now)[:_SHOWN]
        for turn in worst:
            more = [*_wait_bits(turn, now), Bit(f" {words.doctor(turn, 8)}  ")]
            if width_of(bits) + width_of(more) < self.size.width:
                bits += more
        return bits if worst else [*bits, Bit(_("nadie"))]

    def _late_line(self, held: ClinicTurns) -> Cell:
        late = held.late(self.now())
        told = "  ".join(f"{words.hour(turn)} {words.doctor(turn, 10)}" for turn in late[:_SHOWN])
        return [Bit(f" {_('Tarde')}: ", Tone.TITLE), Bit(cut(told, self.size.width - 10) or _("nadie"))]

    # Keys

    def _no_clinic(self) -> str | None:
        if self.filter.has_focus:
            return None
        return self.no_line() or (None if self.list.current is not None else _("no hay un centro señalado"))

    async def enter(self) -> None:
        """In the filter: leave it on. In the list: open the clinic pointed at."""
        if self.filter.has_focus:
            self.to_list()
        else:
            await self._open_clinic()

    async def _open_clinic(self) -> None:
        """Its board; of the desk's own clinic, back down to it."""
        from clinicdesk.tui.roles.board import Board

        row = self.list.current
        if row is None:
            return
        if row.id == self.actor.at.clinic_id:
            await self.desk.show_board()
        else:
            await self.desk.push_screen(Board(Place(row.id, row.name, row.zone)))

    def to_list(self) -> None:
        """The clinics have the focus."""
        self.focus_on(self.list)
        self._texts()

    def back(self) -> None:
        """Esc: the filter goes; without one, the network's board."""
        if self.close_filter():
            self.show_rows()
        else:
            self.desk.pop_screen()

    def today(self) -> datetime:
        """The desk's own wall clock."""
        return self.now().astimezone(ZoneInfo(self.actor.at.zone))


def _count_cell(at: int, tone: Tone) -> Callable[[ClinicRow], Cell]:
    def cell(row: ClinicRow) -> Cell:
        return Bit(str(row.counts[at]), tone if row.counts[at] else Tone.TEXT)

    return cell


def _alarm(number: int) -> Cell:
    """A number that should be none: `3!`, reversed."""
    return Bit(f"{number}!", Tone.OVERDUE) if number else "0"


def _wait_bits(turn: NetworkTurn, now: datetime) -> list[Bit]:
    """`A010 Z5 31 min`."""
    return [Bit(f"{turn.ticket or words.hour(turn)} "), words.triage(turn), Bit(" "), words.wait(turn, now)]
