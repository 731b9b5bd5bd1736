"""The waiting room: who is called, by number and initials, for everybody to see. No person is logged in.

No keys but F10, which asks for somebody's user and password: so whoever waits cannot leave it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget

from clinicdesk.clinic.turns.waiting_room import CallRow, WaitingRoom
from clinicdesk.kit.text import fit
from clinicdesk.kit.words import _
from clinicdesk.tui import big_letters
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Command, DeskScreen, Part
from clinicdesk.tui.parts.bits import spread

FRESH: Final = timedelta(seconds=60)
"""A call read later than this is news to nobody: it neither rings nor shines."""
SHINES_SECONDS: Final = 20.0
_ASKS_SECONDS: Final = 30.0
_MARGIN: Final = 4
_LARGE: Final = (112, 30)
"""From so many columns and rows on the letters are twice as large."""
_BELOW: Final = 4
"""Rows below the list: its rule, the count, and the two of the prompt."""
_NOT_IN_A_CODE: Final = re.compile(r"[^0-9A-Za-zÑñ-]")
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class View:
    """What the screen shows: the room as last read, which calls are new, since when it is deaf."""

    room: WaitingRoom | None = None
    shining: frozenset[CallRow] = frozenset()
    lost_at: datetime | None = None
    shows_initials: bool = True


def news(before: WaitingRoom | None, now: WaitingRoom) -> frozenset[CallRow]:
    """Who was called, or called again, since the room was last read, and just now."""
    if before is None:
        return frozenset()
    known = {(call.ticket, call.calls, call.called_at) for call in before.calls}
    return frozenset(
        call
        for call in now.calls
        if (call.ticket, call.calls, call.called_at) not in known and now.at - call.called_at < FRESH
    )


def room_words(call: CallRow, *, floor: bool) -> str:
    """`Consultorio 4, piso 1`; the floor only for the call on top."""
    if call.room is None:
        return _("Admisión")
    kind = (call.kind or _("consultorio")).capitalize()
    number = _DIGITS.search(call.room)
    words = f"{kind} {number[0].lstrip('0') or '0'}" if number else kind
    if not floor or call.floor is None:
        return words
    level = _("planta baja") if call.floor == 0 else _("piso {}").format(call.floor)
    return f"{words}, {level}"


class CallsPage(Part):
    """All rows above the prompt: head, the call on top in large letters, the last ones, how many wait."""

    DEFAULT_CSS = "CallsPage { height: 1fr; }"

    def __init__(self, view: Callable[[], View], now: Callable[[], datetime]) -> None:
        """`view` gives what is to be shown, `now` the clinic's wall clock."""
        super().__init__(id="calls")
        self._view, self._now = view, now

    def line(self, y: int, width: int) -> Sequence[Bit]:
        """One row of the page."""
        rows = self._rows(width, self.size.height)
        return rows[y] if y < len(rows) else ()

    def _rows(self, width: int, height: int) -> list[list[Bit]]:
        view = self._view()
        room, now = view.room, self._now()
        head = spread(f" {room.name if room else 'clinicdesk'}", f"{now:%H:%M} ", width, Tone.HEADER)
        rule = [Bit("─" * width)]
        scale = 2 if width >= _LARGE[0] and height >= _LARGE[1] else 1
        top = [head, rule, [], *self._called(view, width, scale), [], rule]
        rows = [*top, [Bit(f" {_('Últimos llamados')}", Tone.TITLE)], []]
        room_left = height - len(rows) - _BELOW + 1
        last = [self._earlier(call, view) for call in (room.calls[1:] if room else ())]
        last = last[: room_left - 1]  # a blank row before the rule
        rows += [*last, *[[] for _each in range(room_left - len(last))], rule]
        return [*rows, [Bit(self._count(room))]]

    def _called(self, view: View, width: int, scale: int) -> list[list[Bit]]:
        call = view.room.calls[0] if view.room and view.room.calls else None
        blank: list[list[Bit]] = [[] for _each in range(big_letters.TALL * scale + 1)]
        if view.lost_at is not None:
            words = _("Sin conexión desde las {}. Consulte en Admisión.").format(f"{view.lost_at:%H:%M}")
            return [*blank, [Bit(" " * _MARGIN), Bit(words, Tone.ALARM)]]
        if call is None:
            return [*blank, [Bit(" " * _MARGIN + _("Todavía no se llamó a nadie."))]]
        tone = Tone.SELECTED if call in view.shining else Tone.STRONG
        said = f"{_('Número')} {call.ticket}"
        initials = call.initials if view.shows_initials else ""
        words = f"{fit(said, 19)}{fit(initials, 28)}{room_words(call, floor=True)}"
        large = [[Bit(" " * _MARGIN), Bit(row, Tone.STRONG)] for row in self._large(call, width, scale)]
        line = [Bit(" " * _MARGIN), Bit(fit(words, width - _MARGIN - 1), tone)]
        return [*large, [], line]

    def _large(self, call: CallRow, width: int, scale: int) -> list[str]:
        """Number and room; a room whose code does not fit is left to the words below."""
        code = _NOT_IN_A_CODE.sub("", call.room or "")
        whole = f"{call.ticket} → {code}" if code else call.ticket
        fits = big_letters.width_of(whole, scale) <= width - _MARGIN
        return big_letters.rows_of(whole if fits else call.ticket, scale)

    def _earlier(self, call: CallRow, view: View) -> list[Bit]:
        at = call.called_at.astimezone(ZoneInfo(view.room.zone)) if view.room else call.called_at
        initials = call.initials if view.shows_initials else ""
        words = f"{fit(call.ticket, 7)}{fit(initials, 14)}{fit(room_words(call, floor=False), 25)}{at:%H:%M}"
        return [Bit(" " * _MARGIN), Bit(words, Tone.SELECTED if call in view.shining else Tone.TEXT)]

    def _count(self, room: WaitingRoom | None) -> str:
        said = _("Si su número no aparece, consulte en Admisión.")
        return f" {_('En espera: {}.').format(room.waiting)} {said}" if room else f" {said}"


class WaitingRoomScreen(DeskScreen):
    """The page, and a reserved line that stays blank until F10."""

    NAME = _("Sala de espera")

    def __init__(self, page: CallsPage, prove: Callable[[str, str], Awaitable[None]]) -> None:
        """`prove` is awaited with a user and a password and raises a Refusal where they do not fit."""
        super().__init__()
        self.page, self._prove = page, prove

    def compose(self) -> ComposeResult:
        """No header, no keys: nobody works here."""
        yield self.page
        yield self.prompt
        yield self.prompt.above
        yield self.keys
        yield self.too_small()

    def body(self) -> Iterable[Widget]:
        """The page alone."""
        return (self.page,)

    def commands(self) -> Iterable[Command]:
        """F10 alone, and nobody is told of it."""
        yield Command("f10", _("Salir"), self._leave, bar=False)

    def keys_changed(self) -> None:
        """The row of keys stays blank."""
        self.desk.listen_for_scans(hold=not self.prompt.asking)

    def take(self, event: events.Event) -> bool:
        """An open question, or F10; all else is dropped."""
        if self.prompt.asking:
            return super().take(event)
        if isinstance(event, events.Key) and event.key == "f10":
            return super().take(event)
        return True

    async def _leave(self) -> None:
        """Who may leave it is who has a login; a question nobody answers goes away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ASKS_SECONDS):
                if (user := await self.prompt.ask(_("Salir de la pantalla. Usuario"))) is None:
                    return
                if (password := await self.prompt.ask_secret(_("Clave de {}").format(user))) is None:
                    return
            await self._prove(user, password)
            self.desk.exit()
