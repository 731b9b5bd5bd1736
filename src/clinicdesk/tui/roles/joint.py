"""A rule whose joints follow the bars of its screen, whatever the width."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clinicdesk.kit.text import cells, cut, shown
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Rule

Columns = Callable[[int], Iterable[int]]
"""Width of the screen → the columns where bars stand."""


class Joint(Rule):
    """`──┬──`: one glyph over or under every bar."""

    def __init__(self, glyph: str, columns: Columns) -> None:
        """Which glyph, and where the bars are."""
        super().__init__()
        self._glyph, self._columns = glyph, columns
        self._text = ""

    def say(self, text: str) -> None:
        """A text in the rule, after its first bar; nothing takes it away."""
        self._text = text
        self.repaint()

    def line(self, y: int, width: int) -> list[Bit]:
        """The rule as wide as the screen is now."""
        self.joints = dict.fromkeys(self._columns(width), self._glyph)
        (rule,) = super().line(y, width)
        if not self._text:
            return [rule]
        start = min(self.joints, default=0) + 2
        text = cut(f" {shown(self._text)} ", max(0, width - start - 1))
        return [Bit(rule.text[:start]), Bit(text, Tone.STRONG), Bit(rule.text[start + cells(text) :])]
