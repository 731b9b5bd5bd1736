"""The fixed lines of the frame: header, rules, and plain text lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from textual import events

from clinicdesk.kit.words import _
from clinicdesk.tui.look import LINE_LIVE, LINE_LOST, LINE_SLOW, Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, Cell, fit_cell, spread

DAYS = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))
MONTHS = tuple(map(_, ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")))
_MINUTE = 60


def day_text(day: date) -> str:
    """`lun 23 nov`."""
    return f"{DAYS[day.weekday()]} {day.day:>2} {MONTHS[day.month - 1]}"


def wait_text(minutes: int) -> str:
    """`9 min`, from an hour on `1 h 14`."""
    return f"{minutes} min" if minutes < _MINUTE else f"{minutes // _MINUTE} h {minutes % _MINUTE:02}"


class TextLines(Part):
    """Lines of text set from outside: a context row, counts, a banner, the detail under a board."""

    def __init__(self, *lines: Cell, tall: int | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """Lines from the top; `tall` is the height, the number of lines by default."""
        super().__init__(id=id)
        self._lines: Sequence[Cell] = lines
        self.styles.height = tall if tall is not None else max(1, len(lines))

    def set(self, *lines: Cell) -> None:
        """Other text in the same place."""
        self._lines = lines
        self.repaint()

    def line(self, y: int, width: int) -> list[Bit]:
        """A line as set, or blank."""
        return fit_cell(self._lines[y] if y < len(self._lines) else "", width)


class Rule(Part):
    """A line of `─`, with joints where vertical bars meet it; a text may stand in it."""

    def __init__(self, joints: Mapping[int, str] | None = None, *, id: str | None = None) -> None:  # noqa: A002
        """`joints`: column → glyph, such as {49: "┴"}."""
        super().__init__(id=id)
        self.joints = dict(joints or {})

    def line(self, _y: int, width: int) -> list[Bit]:
        """The whole line in one tone."""
        return [Bit("".join(self.joints.get(x, "─") for x in range(width)))]


class Bar(Part):
    """A vertical `│`, one column wide."""

    DEFAULT_CSS = "Bar { width: 1; height: 1fr; }"

    def line(self, _y: int, _width: int) -> list[Bit]:
        """One column of it."""
        return [Bit("│")]


@dataclass(frozen=True, slots=True)
class Line:
    """How the line to the database is: `live`, `slow` with the seconds it takes, or `lost`."""

    state: str = "live"
    seconds: int = 0

    def bit(self) -> Bit:
        """Glyph and word."""
        if self.state == "lost":
            return Bit(f"{LINE_LOST.glyph} {LINE_LOST.word}", LINE_LOST.tone)
        if self.state == "slow":
            return Bit(f"{LINE_SLOW.glyph} {LINE_SLOW.word} {self.seconds} s", LINE_SLOW.tone)
        return Bit(f"{LINE_LIVE.glyph} {LINE_LIVE.word}", LINE_LIVE.tone)


class HeaderBar(Part):
    """Row 1: where, role and who at the left; day, hour and the line at the right. Writes once a minute."""

    def __init__(self, where: str, now: Callable[[], datetime]) -> None:
        """`where`: `Centro Norte · Admisión · Sosa, Marta`; `now`: the clinic's wall clock."""
        super().__init__(id="header")
        self._where, self._now = where, now
        self._line = Line()

    def place(self, where: str) -> None:
        """Another place, role or person."""
        self._where = where
        self.repaint()

    def connection(self, line: Line) -> None:
        """Another state of the line."""
        self._line = line
        self.repaint()

    def line(self, _y: int, width: int) -> list[Bit]:
        """The row."""
        now = self._now()
        right = [
            Bit(f" {day_text(now)}  {now:%H:%M}  ", Tone.HEADER),
            self._line.bit(),
            Bit(" ", Tone.HEADER),
        ]
        return spread(f" {self._where}", right, width, Tone.HEADER)

    def _on_mount(self, _event: events.Mount) -> None:
        self._tick()

    def _tick(self) -> None:
        self.repaint()
        now = self._now()
        self.set_timer(_MINUTE - now.second - now.microsecond / 1e6 + 0.01, self._tick)
