"""A rule whose joints follow the bars of its screen, whatever the width."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clinicdesk.tui.parts import Bit, Rule

Columns = Callable[[int], Iterable[int]]
"""Width of the screen → the columns where bars stand."""


class Joint(Rule):
    """`──┬──`: one glyph over or under every bar."""

    def __init__(self, glyph: str, columns: Columns) -> None:
        """Which glyph, and where the bars are."""
        super().__init__()
        self._glyph, self._columns = glyph, columns

    def line(self, y: int, width: int) -> list[Bit]:
        """The rule as wide as the screen is now."""
        self.joints = dict.fromkeys(self._columns(width), self._glyph)
        return super().line(y, width)
