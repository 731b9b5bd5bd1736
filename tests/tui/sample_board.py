"""The board's own table over as many turns as asked for, in a real terminal: what a change costs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.board_lists import detail_lines, turn_table
from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.look import CHANGED
from clinicdesk.tui.parts import Command, DeskScreen, Rule, TextLines
from tests.tui.sample import FAMILIES, GIVEN, STATES

AT = datetime(2026, 11, 23, 12, 42, tzinfo=UTC)
"""09:42 on the wall."""
ZONE = "America/Argentina/Buenos_Aires"


def turn(at: int) -> TurnRow:
    """The turn of a place, the same each time."""
    hour = AT - timedelta(minutes=at % 40)
    return TurnRow(
        patient_id=UUID(int=at),
        id=UUID(int=at),
        seq=1,
        state=STATES[at % len(STATES)],
        state_at=hour,
        kind="booked",
        starts_at=hour,
        ends_at=hour + timedelta(minutes=20),
        wall_start=(hour - timedelta(hours=3)).replace(tzinfo=None),
        day=date(2026, 11, 23),
        clinic_id=1,
        doctor_id=at % 7,
        doctor_family="Ibarra",
        doctor_given="Jorge",
        room_code=f"C.{at % 9}",
        procedure="Control",
        triage=at % 5 + 1,
        ticket=f"A{at % 1000:03}",
        arrived_at=hour,
        called_at=None,
        calls=0,
        reason=None,
        voided_reason=None,
        family=FAMILIES[at % len(FAMILIES)],
        given=GIVEN[at * 3 % len(GIVEN)],
        sex="F",
        birth=date(1980, 1, 1),
        chart_number=at,
    )


class Rows(DeskScreen):
    """The table, its detail, and keys that have somebody else change a row a moment later."""

    NAME = "Tablero"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.turns = [turn(at) for at in range(count)]
        self.list = turn_table(lambda: AT, frozenset, self.announce)
        self.detail = TextLines(tall=2)

    def body(self) -> Iterable[Widget]:
        yield from (self.list, Rule(), self.detail)

    def started(self) -> None:
        self.list.show(self.turns)
        self.focus_on(self.list)

    def commands(self) -> Iterable[Command]:
        yield Command("p", "Segunda", lambda: self.later(1))
        yield Command("z", "Última", lambda: self.later(-1))
        yield Command("u", "Ausente", self.absent, "ausente, con motivo")
        yield Command("f10", "Salir", self.desk.exit, everywhere=True, urgent=True)

    def announce(self, chosen: TurnRow | None) -> None:
        if chosen is not None:
            self.detail.set(*detail_lines(chosen, AT, ZONE))

    async def absent(self) -> None:
        await self.prompt.pick("Ausente, motivo:", {"1": "no vino", "2": "no responde al llamado"})

    def later(self, at: int) -> None:
        """As if another desk had done it: the row and its news, or the row alone where nobody sees it."""
        self.set_timer(0.05, lambda: self.change(at % len(self.turns)))

    def change(self, at: int) -> None:
        old = self.turns[at]
        state = STATES[(STATES.index(old.state) + 1) % len(STATES)]
        self.turns[at] = replace(old, state=state, seq=old.seq + 1)
        self.list.update_row(old.id, self.turns[at])
        if at < 10:
            self.prompt.say(f"{CHANGED} {words.news(self.turns[at], ZONE)}")


class RowsDesk(DeskApp):
    """Opens on them."""

    def __init__(self, count: int) -> None:
        super().__init__(clock=lambda: AT - timedelta(hours=3))
        self.count = count

    def where(self) -> str:
        return "Centro Norte · Admisión · Sosa, Marta"

    def first_screen(self) -> DeskScreen:
        return Rows(self.count)


if __name__ == "__main__":
    sys.exit(RowsDesk(int(sys.argv[1])).run_desk())
