"""LineList: the selection follows the id, nobody moves under the cursor, and a row costs a row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual.geometry import Region
from textual.widget import Widget

from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.parts import Column, Command, DeskScreen, Field, LineList
from tests.tui.hands import Hands


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    text: str


def rows(*ids: int, text: str = "") -> list[Row]:
    return [Row(each, f"fila {each}{text}") for each in ids]


class OneList(DeskScreen):
    """A list and a field."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[int] = []
        self.moved: list[int | None] = []
        self.list = LineList[Row](
            lambda row: row.id,
            (Column[Row]("Texto", 0, self.cell),),
            title="Lista",
            empty="Nadie espera.",
            on_move=lambda row: self.moved.append(row.id if row else None),
        )
        self.field = Field("Campo")

    def cell(self, row: Row) -> str:
        self.drawn.append(row.id)
        return row.text

    def body(self) -> list[Widget]:
        return [self.list, self.field]

    def started(self) -> None:
        self.list.show(rows(*range(5)))
        self.focus_on(self.list)

    def commands(self) -> list[Command]:
        return []


class OneListDesk(DeskApp):
    def first_screen(self) -> DeskScreen:
        return OneList()


Check = Callable[[OneList, Hands], Awaitable[None]]


def drive(check: Check) -> None:
    """Run a check against the list on a screen of 80 × 24."""

    async def run() -> None:
        desk = OneListDesk()
        async with desk.run_test(size=(80, 24)) as pilot:
            assert isinstance(desk.screen, OneList)
            await check(desk.screen, Hands(pilot))

    asyncio.run(run())


def seen(screen: OneList) -> list[str]:
    """The lines of the list that hold a row, as on the screen."""
    lines = [screen.list.render_line(y).text.rstrip() for y in range(1, screen.list.size.height)]
    return [line for line in lines if line]


def ids(screen: OneList) -> list[int]:
    return [row.id for row in screen.list.rows]


def test_the_selection_follows_the_id() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        await hands.press("down", "down")
        screen.list.show(rows(9, 8, 2, 1))
        assert screen.list.current == Row(2, "fila 2")
        assert seen(screen)[2] == "»fila 2"
        screen.list.show(rows(7, 6))
        assert screen.list.current == Row(7, "fila 7")
        screen.list.show([])
        assert screen.list.current is None
        assert seen(screen) == [" Nadie espera."]
        assert screen.moved[-1] is None

    drive(check)


def test_with_the_focus_here_nobody_moves_until_a_key() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        await hands.press("down")
        screen.list.renew([*rows(4, 3), Row(1, "otra"), *rows(0, 7)])
        assert ids(screen) == [0, 1, 2, 3, 4, 7]
        assert seen(screen) == [" fila 0", "»otra", " fila 2", " fila 3", " fila 4", "*fila 7"]
        await hands.press("f12")
        assert ids(screen) == [4, 3, 1, 0, 7]
        assert seen(screen) == [" fila 4", " fila 3", "»otra", " fila 0", " fila 7"]

    drive(check)


def test_without_the_focus_the_new_order_is_taken_at_once() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        screen.focus_on(screen.field)
        await hands.pause()
        screen.list.renew(rows(3, 0, 9))
        assert ids(screen) == [3, 0, 9]
        assert seen(screen) == [" fila 3", "»fila 0", "*fila 9"]

    drive(check)


def test_a_change_is_marked_until_the_next_key() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        assert screen.list.update_row(3, Row(3, "otra"))
        assert seen(screen)[3] == "*otra"
        assert [bit.text for bit in screen.list.line(4, 20) if bit.bold] == ["otra"]
        assert screen.list.update_row(2, Row(2, "espera 5"), mark=False)
        assert seen(screen)[2] == " espera 5"
        await hands.press("down")
        assert seen(screen)[3] == " otra"
        assert not screen.list.update_row(77, Row(77, "nadie"))

    drive(check)


def test_a_row_costs_a_row_and_nothing_out_of_sight_whatever_the_count() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        screen.list.show(rows(*range(100_000)))
        await hands.pause()
        screen.drawn.clear()
        screen.list.update_row(3, Row(3, "otra"))
        await hands.pause()
        assert screen.drawn == [3, 3]  # as it is and as it was
        screen.list.update_row(99_999, Row(99_999, "otra"))
        await hands.pause()
        assert screen.drawn == [3, 3]  # as it is and as it was
        await hands.press("down")
        assert sorted(screen.drawn) == [0, 1, 3, 3, 3]

    drive(check)


def test_scrolling_goes_half_a_page_at_once_and_stays_inside() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        screen.list.show(rows(*range(100)))
        page = screen.list.size.height - 1
        await hands.press(*["down"] * (page - 1))
        assert seen(screen)[0] == " fila 0"
        await hands.press("down")
        assert seen(screen)[0] == f" fila {page - page // 2}"
        await hands.press("end")
        assert seen(screen)[-1] == "»fila 99"
        await hands.press("pageup")
        assert f"»fila {99 - page}" in seen(screen)
        await hands.press("home", "up")
        assert seen(screen)[0] == "»fila 0"

    drive(check)


def test_moves_are_told_once_each() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        screen.moved.clear()
        await hands.press("down", "up", "up", "end")
        screen.list.select(2)
        screen.list.select(2)
        assert screen.moved == [1, 0, 4, 2]
        assert not screen.list.select(77)

    drive(check)


def test_rows_of_two_lines() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        tall = LineList[Row](lambda row: row.id, draw=lambda row, width: [row.text, f"  de {width}"], tall=2)
        await screen.mount(tall, after=screen.list)
        tall.show(rows(1, 2))
        await hands.pause()
        assert [tall.render_line(y).text.rstrip() for y in range(4)] == [
            "»fila 1",
            "   de 79",
            " fila 2",
            "   de 79",
        ]

    drive(check)


def test_what_changes_while_it_is_hidden_is_seen_when_it_is_shown_again() -> None:
    async def check(screen: OneList, hands: Hands) -> None:
        def first() -> str:
            return screen.list.render_lines(Region(0, 1, 80, 1))[0].text.rstrip()

        await hands.becomes(first, "»fila 0")
        screen.list.display = False
        await hands.pause()
        screen.list.update_row(0, Row(0, "otra"))
        await hands.pause()
        screen.list.display = True
        await hands.becomes(first, "»otra")

    drive(check)
