"""The output guard: no control byte of the content reaches the terminal, whatever widget drew it.

Everything Textual paints passes its line filters as text still apart from the sequences Textual
adds, so that is where content is disarmed, before widths are counted on it and with no parsing.
(What would ever bypass it still meets wire.py, which writes every byte itself.)
"""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from clinicdesk.kit.text import MARK, shown
from clinicdesk.tui.look import Look, Palette


class Guard(LineFilter):
    """Makes every painted text printable and puts it in the glyphs and colours of this terminal."""

    def __init__(self, look: Look) -> None:
        """Guard for one look; a filter that is always on."""
        super().__init__(enabled=True)
        self.look = look

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, disarmed; links and control segments lose their power too."""
        mono = self.look.palette is Palette.MONO
        return [Segment(self._text(text), _plain(style, mono)) for text, style, _control in segments]

    def _text(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        return self.look.text(_disarmed(text))


def _disarmed(text: str) -> str:
    """`shown`, except that an accent which begins a segment stays on the letter of the one before."""
    return shown(MARK + text)[len(MARK) :]


@lru_cache(maxsize=1024)
def _plain(style: Style | None, mono: bool) -> Style | None:
    if style is None or not (mono or style.link):
        return style
    return Style(
        bold=style.bold or None,
        reverse=style.reverse or None,
        underline=style.underline or None,
        color=None if mono else style.color,
        bgcolor=None if mono else style.bgcolor,
    )
