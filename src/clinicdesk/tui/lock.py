"""The lock: the desk covered until its person's password is typed, and the one timer that brings it.

It is no screen among the others: a veil at the driver. So whatever runs, opens or changes below it,
nothing of that reaches the terminal, and nothing that is typed reaches what is below.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from textual import events

from clinicdesk.kit.clock import uptime
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.names import short_name
from clinicdesk.kit.text import cells
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import SELECTION, Tone
from clinicdesk.tui.parts import Bit
from clinicdesk.tui.parts.bits import bits_of, spread
from clinicdesk.tui.parts.field import Entry
from clinicdesk.tui.parts.lines import day_text
from clinicdesk.tui.roles import role_word

if TYPE_CHECKING:
    from datetime import datetime

    from clinicdesk.clinic.rights import Actor
    from clinicdesk.kit.settings import Settings
    from clinicdesk.tui.parts import Line

_MINUTE: Final = 60
_USUAL_MINUTES: Final = 5
_MINUTES: Final[Mapping[str, int]] = MappingProxyType({"medico": 10, "enfermeria": 10})
"""Whoever sits with a patient looks away longer than whoever sits at a counter."""
_WARNINGS: Final = (10, 5, 1)
"""Minutes before the end of the session at which the person is told."""
_LEAST_NAME: Final = 8
_ROOM_FOR_STARS: Final = 9


def idle_seconds(settings: Settings, role: str) -> float:
    """How long a desk of the role may stand without a key."""
    if settings.lock_seconds is not None:
        return settings.lock_seconds
    told = dict(settings.lock_minutes)
    usual = told.get("", _MINUTES.get(role, _USUAL_MINUTES))
    return float(told.get(role, usual) * _MINUTE)


class Why(Enum):
    """What locked the desk."""

    ASKED = auto()
    IDLE = auto()
    OVER = auto()


_SAYS: Final[Mapping[Why, str]] = MappingProxyType(
    {
        Why.ASKED: _("Puesto bloqueado. Clave de {name} para seguir."),
        Why.IDLE: _("Puesto bloqueado por inactividad. Clave de {name} para seguir."),
        Why.OVER: _("La sesión terminó. Clave de {name} para ingresar de nuevo."),
    }
)


@dataclass(frozen=True, slots=True)
class Ways:
    """What a locked desk may do; the first three say by a Refusal why they cannot."""

    open: Callable[[str], Awaitable[None]]
    """With the typed password; the lock is gone once it is done."""
    leave: Callable[[], Awaitable[None]]
    retry: Callable[[], Awaitable[None]]
    report: Callable[[BaseException], str]
    repaint: Callable[[], None]


class Lock:
    """What stands on a locked terminal: place and role, the question, and stars for what is typed."""

    def __init__(self, why: Why, ways: Ways, actor: Actor, head: Callable[[], tuple[datetime, Line]]) -> None:
        """Locked from now on; `head` gives the clinic's wall clock and the state of the line."""
        self.why = why
        self._ways, self._actor, self._head = ways, actor, head
        self._entry = Entry(secret=True)
        self._said = ""
        self._busy: asyncio.Task[None] | None = None

    # Keys

    def take(self, event: events.Event) -> None:
        """Edit the password, try it with Enter; F5 tries the line, F10 is the way out. All else is dropped.

        While a password is looked at nothing is taken: what is typed ahead belongs to nobody.
        """
        if self._busy is not None:
            return
        if not isinstance(event, events.Key):
            self._entry.insert(getattr(event, "text", ""))
        elif event.key == "enter":
            self._try()
        elif event.key == "f10":
            self._run(self._ways.leave)
        elif event.key == "f5":
            self._run(self._ways.retry)
        else:
            self._said = ""
            self._entry.press(event)

    def _try(self) -> None:
        typed = self._entry.text
        self._entry.set("")
        if typed:
            self._run(lambda: self._ways.open(typed))

    def _run(self, act: Callable[[], Awaitable[None]]) -> None:
        self._said = ""
        self._busy = asyncio.ensure_future(self._guarded(act))

    async def _guarded(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except Refusal as refusal:
            self._said = str(refusal)
        except Exception as error:  # noqa: BLE001 - a bug must neither open the desk nor end it
            self._said = _("Falló un paso. Avisar con el código {}.").format(self._ways.report(error))
        finally:
            self._busy = None
            self._ways.repaint()

    # Drawing

    def lines(self, width: int, height: int) -> Sequence[Sequence[Bit]]:
        """Header, blank rows, the question, its keys; a terminal of one row shows the question."""
        rows: list[Sequence[Bit]] = [self._header(width), *[()] * max(0, height - 3)]
        rows += [self._question(width), self._keys(width)]
        return rows[:height] if height >= len(rows) else rows[-min(2, height) :][:height]

    def _header(self, width: int) -> list[Bit]:
        at, (now, line) = self._actor.at, self._head()
        right = [Bit(f" {day_text(now)}  {now:%H:%M}  ", Tone.HEADER), line.bit(), Bit(" ", Tone.HEADER)]
        return spread(f" {at.clinic_name} · {role_word(at.role.value)}", right, width, Tone.HEADER)

    def _question(self, width: int) -> list[Bit]:
        if self._said:
            return [Bit(f" {self._said}", Tone.ERROR)]
        says = _SAYS[self.why]
        family, _comma, given = self._actor.name.partition(", ")
        room = width - cells(says.format(name="")) - cells(f"  {SELECTION} ") - _ROOM_FOR_STARS
        words = says.format(name=short_name(family, given, max(room, _LEAST_NAME)))
        head = Bit(f" {words} {SELECTION} ", Tone.TITLE)
        return [head, *self._entry.view(max(3, width - cells(head.text)))]

    def _keys(self, width: int) -> list[Bit]:
        if self._busy is not None:
            return bits_of(f" {_('Revisando la clave…')}")
        return spread(
            f" Enter {_('Seguir')}  F5 {_('Reintentar')}", f"F10 {_('Salir, otra persona')} ", width
        )


class Watch:
    """One timer for the three: no key for too long, the last minutes of the session, its end.

    It is set for the moment the next of them may come, never for each key; so an idle desk wakes for
    nothing. `last_input` and `ends_at` are read on `clock.uptime`, which counts a machine's sleep too.
    """

    def __init__(
        self,
        idle: float,
        ends_at: float,
        last_input: Callable[[], float],
        lock: Callable[[Why], None],
        warn: Callable[[int], None],
    ) -> None:
        """Nothing is watched before the first `look`."""
        self._idle, self._ends_at, self._last_input = idle, ends_at, last_input
        self._lock, self._warn = lock, warn
        self._warnings = [minutes for minutes in _WARNINGS if self._warning_at(minutes) > uptime()]
        self._timer: asyncio.TimerHandle | None = None

    def _warning_at(self, minutes: int) -> float:
        return self._ends_at - minutes * _MINUTE

    def due(self) -> Why | None:
        """What locks the desk now, None while nothing does."""
        now = uptime()
        if now >= self._ends_at:
            return Why.OVER
        return Why.IDLE if now >= self._last_input() + self._idle else None

    def look(self) -> None:
        """Do what is due, and come back when the next may be."""
        self.stop()
        why, now = self.due(), uptime()
        if why is not None:
            self._lock(why)
        else:
            self._warn_if_due(now)
        if why is not Why.OVER:
            wait = min(self._times(locked=why is not None)) - now
            self._timer = asyncio.get_running_loop().call_later(max(0.01, wait), self.look)

    def _warn_if_due(self, now: float) -> None:
        passed = [minutes for minutes in self._warnings if self._warning_at(minutes) <= now]
        if passed:
            self._warn(passed[-1])
            self._warnings = self._warnings[len(passed) :]

    def _times(self, *, locked: bool) -> list[float]:
        """When something may be due; a locked desk only has its end before it."""
        if locked:
            return [self._ends_at]
        return [self._ends_at, self._last_input() + self._idle, *map(self._warning_at, self._warnings)]

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def warning(minutes: int) -> str:
    """What the reserved line says when the session is about to end."""
    left = plural(minutes, _("minuto"), _("minutos"))
    return _("La sesión termina en {}: se pedirá la clave. Lo escrito se conserva.").format(left)
