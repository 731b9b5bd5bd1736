"""Clinics, floors, rooms, holidays, specialties, procedures: listed, added, corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import places, queries
from clinicdesk.clinic.sites.queries import ClinicRow, RoomRow
from clinicdesk.clinic.sites.rules import WEEKDAYS, RoomState
from clinicdesk.clinic.turns import room_closing as closing
from clinicdesk.clinic.turns.errors import RoomTurnsChanged
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bar, Bit, Cell, Column, Command, LineList, Row, Rule
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.pager import Pager, wrapped
from clinicdesk.tui.roles.fees import open_fees
from clinicdesk.tui.roles.filtered import Filtered
from clinicdesk.tui.roles.site_form import SiteForm
from clinicdesk.tui.site_sections import (
    Clinics,
    Holidays,
    Rooms,
    Schedules,
    Section,
    parsed_day,
    sections,
)

if TYPE_CHECKING:
    from clinicdesk.tui.app import ClinicDesk

_LIST_WIDTH: Final = 46
_WIDE_LIST_WIDTH: Final = 72
_FIRST: Final = 2
_STATES: Final = {str(at): state for at, state in enumerate(RoomState, 1)}


class Sites(Filtered):
    """A list of one kind of row, beside it the one pointed at, whole."""

    NAME = _("Centros y consultorios")
    DEFAULT_CSS = f"""
    Sites #list {{ width: {_LIST_WIDTH}; }}
    Sites.-wide #list {{ width: {_WIDE_LIST_WIDTH}; }}
    """

    def __init__(self) -> None:
        """The rooms first: what changes most."""
        super().__init__()
        self.sections = sections()
        self.section: Section = self.sections[_FIRST]
        self.site: ClinicRow | None = None
        self._rows: Sequence[Any] = ()
        self.list: LineList[Any] = LineList(
            lambda row: row.id,
            lambda _width: self._columns(),
            heads=True,
            title=self.section.title,
            empty=_("No hay ninguno. a: agregar."),
            on_move=lambda _row: self._pointed(),
            id="list",
        )
        self.page = Pager(id="page")

    def _columns(self) -> Sequence[Column[Any]]:
        return self.section.columns(self.today().date())

    def body(self) -> Iterable[Widget]:
        """Filter, list and page."""
        yield self.filter
        yield Row(self.list, Bar(), self.page)
        yield Rule()

    def commands(self) -> Iterable[Command]:
        """Verbs first, then sections."""
        yield Command("enter", _("Ver"), self.enter, _("ver ese centro; corregir"))
        yield Command("a", _("Agregar"), self.add, _("agregar uno"), self._not_mine)
        yield Command("e", _("Editar"), self.edit, _("corregir el señalado"), self._not_this)
        yield Command("b", _("Bloquear"), self.set_state, _("fuera de uso, o en uso"), self._no_room)
        yield Command("x", _("Quitar"), self.take_away, _("quitar el feriado"), self._no_holiday)
        yield Command("1", _("Sección"), self._to(0), self.sections[0].title, shown_as="1-7")
        for at, section in enumerate(self.sections[1:], 2):
            yield Command(str(at), section.title, self._to(at - 1), section.title, bar=False)
        yield from self.filter_commands()
        yield Command("escape", _("Volver"), self.back, _("quitar el filtro; volver"))
        yield Command("down", _("Ir a la lista"), self.to_list, pane=self.filter, bar=False)

    def started(self) -> None:
        """The rooms of the clinic acted in."""
        self.filter.display = False
        self.focus_on(self.list)

    def on_resize(self, event: events.Resize) -> None:
        """The page is wrapped anew."""
        super().on_resize(event)
        self._pointed()

    def the_list(self) -> Part:
        """The one list."""
        return self.list

    # Reading

    async def read(self) -> None:
        """The clinics, and the rows of the section as they are now. Raises Refusal."""
        clinics = await self.see(queries.list_clinics, queries.SitesQuery())
        wanted = self.site.id if self.site is not None else self.actor.at.clinic_id
        self.site = next(row for row in clinics if row.id == wanted)
        section = self.section
        rows = await section.rows(self, self.site)
        if section is self.section:
            self._rows = rows
            self.show_rows(renew=True)

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """Sites changed somewhere, or anything may have."""
        if not changes or any(change.kind is Kind.SITE for change in changes):
            await self.read()

    def show_rows(self, *, renew: bool = False) -> None:
        """The rows that fit the filter."""
        if not self.is_mounted:
            return
        found = [row for row in self._rows if self._fits(row)]
        (self.list.renew if renew else self.list.show)(found)
        where = f" · {self.site.name}" if self.section.of_clinic and self.site is not None else ""
        self.list.title(f"{self.section.title}{where}", _("{} de {}").format(len(found), len(self._rows)))
        self._pointed()

    def _fits(self, row: Any) -> bool:
        words = folded(self.section.words(row))
        return all(word in words for word in self.wanted)

    def _pointed(self) -> None:
        if not self.is_mounted:
            return
        row = self.list.current
        section = self.section
        self.page.show("", lambda width: section.lines(row, width) if row is not None else [])
        self.prompt.hint(self._hint())
        self.keys_changed()

    def _hint(self) -> str:
        if isinstance(self.section, Clinics):
            return _("Enter muestra los consultorios de ese centro. 1-7 secciones.")
        if isinstance(self.section, Schedules):
            return _("Enter busca códigos y precios. 1-7 secciones.")
        sections = _("1 centro 2 piso 3 cons. 4 feriado 5 espec. 6 práct. 7 nomencl.")
        return sections if self._not_mine() else _("Enter corrige. {}").format(sections)

    # Why a key cannot work

    def _not_mine(self) -> str | None:
        """Who may not change rows of this kind, or not at this clinic."""
        if self.section.only_read:
            return self.section.only_read
        mine = self.actor.may(self.section.permission)
        elsewhere = (
            self.section.of_clinic and self.site is not None and self.site.id != self.actor.at.clinic_id
        )
        if not mine or (elsewhere and not self.actor.may(Permission.SITE_MANAGE)):
            return _("lo cambia administración")
        return self.no_line() or (None if self.site is not None else _("todavía se lee"))

    def _not_this(self) -> str | None:
        row = self.list.current
        if row is None:
            return _("no hay nada señalado")
        if isinstance(row, queries.HolidayRow) and row.country and not self.actor.may(Permission.SITE_MANAGE):
            return _("es de todo el país: lo cambia administración")
        return self._not_mine()

    def _no_room(self) -> str | None:
        if not isinstance(self.section, Rooms):
            return _("solo consultorios: sección 3")
        return self._not_this()

    def _no_holiday(self) -> str | None:
        if not isinstance(self.section, Holidays):
            return _("solo feriados: sección 4")
        return self._not_this()

    # Keys

    def _to(self, at: int) -> Callable[[], object]:
        async def go() -> None:
            self.section, self._rows = self.sections[at], ()
            self.close_filter()
            self.list.show(())
            await self.read()
            self.list.settle()

        return go

    def to_list(self) -> None:
        """The rows have the focus."""
        self.focus_on(self.list)

    async def enter(self) -> None:
        """Enter: the rooms of a clinic, the codes of a schedule; else the form, where it may be changed."""
        if self.focused is self.filter:
            self.to_list()
        elif isinstance(self.section, Schedules) and self.list.current is not None:
            await open_fees(self.desk, self.list.current)
        elif isinstance(self.section, Clinics) and self.list.current is not None:
            self.site = self.list.current
            await self.sections_at(_FIRST)
        elif why := self._not_this():
            self.prompt.refuse(f"{_('Editar')}: {why}.")
        else:
            await self.edit()

    async def sections_at(self, at: int) -> None:
        """Another section of the clinic chosen."""
        self.section, self._rows = self.sections[at], ()
        self.list.show(())
        await self.read()

    async def add(self) -> None:
        """`a`: an empty form."""
        await self._open(None)

    async def edit(self) -> None:
        """`e`: the row in a form."""
        await self._open(self.list.current)

    async def _open(self, row: Any | None) -> None:
        if self.site is not None:
            await self.desk.push_screen(SiteForm(self.section, row, self.site, self._saved))

    def _saved(self, said: str) -> None:
        self.prompt.say(said)
        self.in_background(self.read())

    async def back(self) -> None:
        """Esc: the filter goes, then the screen."""
        if not self.close_filter():
            self.desk.pop_screen()

    async def take_away(self) -> None:
        """`x`: no holiday after all."""
        row = self.list.current
        if not isinstance(row, queries.HolidayRow):
            return
        if not await self.prompt.confirm(
            _("Quitar el feriado {}, {}:").format(f"{row.day:%d/%m/%Y}", row.name)
        ):
            return
        day = f"{row.day:%d/%m/%Y}"
        order = places.RemoveHoliday(
            clinic_id=row.clinic_id, holiday_id=row.id, day=row.day, version=row.version
        )
        await self.do(places.remove_holiday, order)
        self._saved(_("Feriado {} quitado.").format(day))

    # A room out of use

    async def set_state(self) -> None:
        """`b`: a state, its reason and days; then what it touches, and only then the deed."""
        row = self.list.current
        if not isinstance(row, RoomRow):
            return
        chosen = await self.prompt.pick(
            f"{row.code}:", {key: state.value for key, state in _STATES.items()}, at_once=True
        )
        if chosen is None:
            return
        state = _STATES[chosen]
        if state is RoomState.DISPONIBLE:
            await self._put(row, self._state_order(row, state))
            return
        reason = await self.prompt.ask(_("Motivo"), check=_not_empty, most=200)
        since = await self._ask_day(_("Desde el día"), self.today().date()) if reason else None
        until: date | None = None
        if since is not None and state is not RoomState.BAJA:
            typed = await self.prompt.ask(_("Hasta el día (vacío: nuevo aviso)"), check=_bad_last_day)
            if typed is None:
                return
            until = parsed_day(typed)
        if reason and since is not None:
            await self._close(row, self._state_order(row, state, reason, since, until))

    async def _ask_day(self, words: str, default: date) -> date | None:
        typed = await self.prompt.ask(words, default=f"{default:%d/%m/%Y}", check=_bad_day)
        return parsed_day(typed) if typed is not None else None

    def _state_order(
        self,
        row: RoomRow,
        state: RoomState,
        reason: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> dict[str, Any]:
        return {
            "clinic_id": row.clinic_id,
            "room_id": row.id,
            "code": row.code,
            "version": row.version,
            "state": state.value,
            "reason": reason,
            "since": since,
            "until": until,
        }

    async def _close(self, row: RoomRow, said: dict[str, Any]) -> None:
        """What is touched is shown, and shown again where it changed meanwhile."""
        query = closing.RoomDaysQuery(row.id, said["since"], said["until"])
        found = await self.see(closing.affected_by_room, query)
        while True:
            if (found.turns or found.blocks) and not await self._agreed(row, found):
                self.prompt.say(_("No se cambió nada. Tab y AvPág recorren lo que se vería afectado."))
                return
            try:
                await self._put(row, said | {"seen": found.seen})
            except RoomTurnsChanged as other:
                found = other.fields["affected"]  # type: ignore[assignment]
            else:
                return

    async def _agreed(self, row: RoomRow, found: closing.Affected) -> bool:
        title = Bit(f"{row.code} · {_('se ven afectados')}", Tone.TITLE)
        self.page.show("", lambda width: [title, "", *_affected_lines(found, width)])
        turns = plural(len(found.turns), _("turno"), _("turnos"))
        blocks = plural(len(found.blocks), _("bloque"), _("bloques"))
        return await self.prompt.confirm(
            _("{}: {} y {} quedan sin consultorio. Seguir:").format(row.code, turns, blocks)
        )

    async def _put(self, row: RoomRow, said: dict[str, Any]) -> None:
        order = closing.SetRoomState(**({"seen": ""} | said))
        await self.do(closing.set_room_state, order)
        self._saved(_("Consultorio {}: {}.").format(row.code, order.state))


async def open_sites(desk: ClinicDesk) -> None:
    """Open it with its rows read: keys typed ahead find them there. Raises Refusal."""
    screen = Sites()
    await desk.push_screen(screen)
    await screen.read()


def _affected_lines(found: closing.Affected, width: int) -> list[Cell]:
    """Turns by hour, then blocks by weekday."""
    lines: list[Cell] = []
    for turn in found.turns:
        lines += wrapped(f"{turn.wall_start:%d/%m %H:%M} {turn.doctor} {turn.state}", width)
    for block in found.blocks:
        hours = f"{block.starts:%H:%M}-{block.ends:%H:%M}"
        lines += wrapped(f"{WEEKDAYS[block.weekday - 1]} {hours} {_('agenda')} {block.doctor}", width)
    return lines


def _not_empty(text: str) -> str | None:
    return None if text else _("Un consultorio fuera de uso lleva su motivo.")


def _bad_day(text: str) -> str | None:
    return None if parsed_day(text) is not None else _("Se espera día/mes/año: 30/11/2026.")


def _bad_last_day(text: str) -> str | None:
    return _bad_day(text) if text else None
