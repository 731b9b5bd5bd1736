"""The parts screens are made of. A screen says what stands in its rows and what its keys do; that is all.

    class Queue(DeskScreen):
        NAME = _("Cola")                                    # title of its help page

        def __init__(self) -> None:
            super().__init__()
            self.search = SearchBox(_("Paciente"), on_change=self.look_for)   # scans and digits go there
            self.list = LineList[Turn](lambda turn: turn.id, COLUMNS, title=_("Cola"), on_move=self.announce)

        def body(self) -> Iterable[Widget]:                 # rows 2 to 22; 1, 23 and 24 are the frame's
            yield from (self.search, Rule(), self.list, Rule())

        def started(self) -> None:
            self.list.show(self.desk.first_rows())
            self.focus_on(self.list)

        def commands(self) -> Iterable[Command]:            # feeds the keys, the key bar and the help
            yield Command("u", _("Ausente"), self.absent, _("ausente, con motivo"), why_not=self.no_turn)

        async def absent(self) -> None:                     # one command at a time; keys typed ahead wait
            turn = self.list.current                        # taken before asking: the list may move
            reason = await self.prompt.pick(_("Motivo:"), {"1": _("no responde"), "2": _("se retiró")})
            if turn and reason:                             # None is Esc; a Refusal goes to the prompt line
                self.list.update_row(turn.id, await self.desk.mark_absent(turn, reason))

Rows are frozen dataclasses. Lists: `show` other rows, `renew` the same list read again, `update_row` one.
Texts need no escaping: every part shows them literally, and control characters as a mark.
"""

from __future__ import annotations

from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, Cell, mark_cell
from clinicdesk.tui.parts.commands import Command, KeyBar
from clinicdesk.tui.parts.field import Entry, Field, SearchBox
from clinicdesk.tui.parts.lines import Bar, HeaderBar, Line, Rule, TextLines, day_text, wait_text
from clinicdesk.tui.parts.lists import Column, LineList
from clinicdesk.tui.parts.patient import Allergy, PatientLine, PatientStrip
from clinicdesk.tui.parts.prompt import PromptLine
from clinicdesk.tui.parts.screen import Body, DeskScreen, Row

__all__ = [
    "Allergy",
    "Bar",
    "Bit",
    "Body",
    "Cell",
    "Column",
    "Command",
    "DeskScreen",
    "Entry",
    "Field",
    "HeaderBar",
    "KeyBar",
    "Line",
    "LineList",
    "Part",
    "PatientLine",
    "PatientStrip",
    "PromptLine",
    "Row",
    "Rule",
    "SearchBox",
    "TextLines",
    "day_text",
    "mark_cell",
    "wait_text",
]
