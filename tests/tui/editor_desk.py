"""A desk with nothing but an editor over a text of so many characters, for tests in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime

from textual.widget import Widget

from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.parts import Command, DeskScreen, Rule, TextLines
from clinicdesk.tui.parts.editor import Editor

SENTENCE = "Refiere cefalea occipital matinal desde hace dos semanas, sin náuseas ni visión borrosa. "


def heading(paragraph: str) -> int:
    """`Motivo:` and `Plan:`."""
    return next((len(each) for each in ("Motivo:", "Plan:") if paragraph.startswith(each)), 0)


class Page(DeskScreen):
    """The editor in rows 3 to 21; the row under it says how long the text is and how it ends."""

    NAME = "Editor"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.editor = Editor(
            text,
            heading=heading,
            on_change=lambda _keys: self.tell(),
            on_full=lambda: self.prompt.refuse("No entra más texto."),
        )
        self.told = TextLines("")

    def body(self) -> Iterable[Widget]:
        yield Rule()
        yield self.editor
        yield self.told

    def started(self) -> None:
        self.focus_on(self.editor)

    def commands(self) -> Iterable[Command]:
        yield Command("f8", "Contar", self.tell)

    def tell(self) -> None:
        text = self.editor.text
        self.told.set(f" {len(text)} {text[-24:]!r}")


class EditorDesk(DeskApp):
    """Opens on the page."""

    def __init__(self, text: str) -> None:
        at = datetime(2026, 11, 23, 9, 42)  # noqa: DTZ001 - a wall clock that stands still
        super().__init__(clock=lambda: at)
        self.page = Page(text)

    def first_screen(self) -> DeskScreen:
        return self.page


if __name__ == "__main__":
    size, lines = (int(each) for each in sys.argv[1:3])
    whole = (SENTENCE * (size // len(SENTENCE) + 1))[:size]
    step = max(1, size // lines) if lines else size + 1
    pieces = [whole[at : at + step] for at in range(0, size, step)]
    sys.exit(EditorDesk("\n".join(pieces)[:size]).run_desk())
