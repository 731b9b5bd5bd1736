"""The engine without a terminal: commands, what waits for them, and what screens leave behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

from textual.strip import Strip
from textual.widget import Widget

from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.parts import Command, DeskScreen, Field, LineList, Rule, TextLines
from tests.tui.hands import Hands


class Keys(DeskScreen):
    """Keys that write down what they did."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.gate = asyncio.Event()
        self.list = LineList[str](lambda text: text, draw=lambda text, width: [text])
        self.field = Field("Campo")

    def body(self) -> list[Widget]:
        return [TextLines("contexto"), self.list, self.field, Rule()]

    def started(self) -> None:
        self.list.show(["uno", "dos"])
        self.focus_on(self.list)

    def commands(self) -> list[Command]:
        return [
            Command("w", "Esperar", self.wait),
            Command("a", "Anotar", lambda: self.done.append("a")),
            Command("f7", "Bloquear", lambda: self.done.append("f7"), urgent=True),
            Command("b", "Solo", lambda: self.done.append("b"), pane=self.list),
            Command("escape", "Volver", lambda: self.done.append("esc")),
        ]

    async def wait(self) -> None:
        self.done.append("w")
        await self.gate.wait()
        self.done.append("listo")


class KeysDesk(DeskApp):
    def first_screen(self) -> DeskScreen:
        return Keys()


Check = Callable[[Keys, Hands], Awaitable[None]]


def drive(check: Check) -> None:
    async def run() -> None:
        desk = KeysDesk()
        async with desk.run_test(size=(80, 24)) as pilot:
            assert isinstance(desk.screen, Keys)
            await check(desk.screen, Hands(pilot))

    asyncio.run(run())


def bar(screen: DeskScreen) -> str:
    return "".join(bit.text for bit in screen.keys.line(0, 80))


def test_keys_typed_while_a_command_runs_wait_and_urgent_ones_do_not() -> None:
    async def check(screen: Keys, hands: Hands) -> None:
        await hands.press("w", "a", "a", "f7")
        assert screen.done == ["w", "f7"]
        screen.gate.set()
        await hands.becomes(lambda: screen.done, ["w", "f7", "listo", "a", "a"])

    drive(check)


def test_escape_forgets_what_was_typed_ahead() -> None:
    async def check(screen: Keys, hands: Hands) -> None:
        await hands.press("w", "a", "escape")
        screen.gate.set()
        await hands.becomes(lambda: screen.done, ["w", "listo"])
        await hands.pause()
        await hands.press("escape")
        assert screen.done == ["w", "listo", "esc"]

    drive(check)


def test_the_bar_has_the_keys_that_work_where_the_focus_is() -> None:
    async def check(screen: Keys, hands: Hands) -> None:
        assert "b Solo" in bar(screen)
        assert "a Anotar" in bar(screen)
        assert bar(screen).endswith("? Más ")
        await hands.press("tab")
        assert screen.field.has_focus
        assert "Solo" not in bar(screen)
        assert "Anotar" not in bar(screen)
        assert "F7 Bloquear" in bar(screen)
        await hands.press("a", "f7", "f6")
        assert screen.field.value == "a"
        assert screen.done == ["f7"]
        assert screen.list.has_focus

    drive(check)


def test_the_last_input_is_known() -> None:
    async def check(screen: Keys, hands: Hands) -> None:
        before = screen.desk.last_input
        await hands.press("x")
        assert screen.desk.last_input > before

    drive(check)


def test_screens_that_went_leave_no_lines_behind() -> None:
    async def check(screen: Keys, hands: Hands) -> None:
        async def there_and_back(times: int) -> int:
            for _each in range(times):
                await screen.desk.push_screen(Keys())
                await hands.pause()
                await screen.desk.pop_screen()
                await hands.pause()
            gc.collect()
            return sum(isinstance(each, Strip) for each in gc.get_objects())

        before = await there_and_back(3)
        assert await there_and_back(10) <= before + 30

    drive(check)
