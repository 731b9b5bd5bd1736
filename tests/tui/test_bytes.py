"""Bytes per act, exact: what a slow line has to carry."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.data import ROOT
from tests.terminal import Terminal
from tests.tui.conftest import Desk

DOWN = "\x1b[B"


def test_first_paint_is_sent_once(desk: Desk) -> None:
    assert len(desk().output) <= 4_000


def test_a_row_change_costs_a_row_and_nothing_out_of_sight(desk: Desk) -> None:
    for count in (50, 5000):
        terminal = desk(count)
        changed = terminal.act("p")
        assert b"*A001" in changed.output
        assert 0 < changed.bytes <= 190
        terminal.act("\x1b[A")  # the next key takes the mark away
        assert terminal.act("z").bytes == 0


def test_the_boards_table_costs_the_same_at_any_length() -> None:
    costs = []
    for count in (50, 100_000):
        command = [sys.executable, "-m", "tests.tui.sample_board", str(count)]
        with Terminal(command, cwd=ROOT) as terminal:
            terminal.wait_for("A001")
            terminal.settle()
            first, changed = len(terminal.output), terminal.act("p")
            assert b"*A001" in changed.output
            assert "* A001 " in terminal.text
            terminal.act(DOWN)  # the next key takes mark and news away
            back, moved = terminal.act("\x1b[A"), terminal.act(DOWN)
            unseen, prompt = terminal.act("z"), terminal.act("u")
        assert first <= 5_000
        assert 0 < changed.bytes <= 190
        assert 0 < max(moved.bytes, back.bytes) <= 350
        assert unseen.bytes == 0
        assert 0 < prompt.bytes <= 1_000
        costs.append((first, changed.bytes, moved.bytes, back.bytes, prompt.bytes))
    assert costs[0] == costs[1]


def test_cursor_search_and_prompt(desk: Desk) -> None:
    terminal = desk()
    assert 0 < terminal.act(DOWN).bytes <= 350
    assert 0 < terminal.act("u").bytes <= 300
    terminal.act("\x1b", quiet=0.3)
    assert 0 < terminal.act("/").bytes <= 500
    for letter in "quispe":
        assert 0 < terminal.act(letter).bytes <= 1_500
    assert 0 < terminal.act("x").bytes <= 4_500
    assert terminal.act("y").bytes <= 60  # nothing found before, nothing found now


def test_help_covers_and_uncovers_for_the_text_it_shows(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    assert terminal.act("?").bytes <= 3_000
    assert "Teclas de esta pantalla: Muestra" in terminal.text
    assert terminal.act("\x1b", quiet=0.3).bytes <= 3_000
    assert terminal.text == before


def test_an_idle_desk_sends_nothing_and_sleeps(desk: Desk) -> None:
    terminal = desk()
    terminal.settle(1.0)
    assert terminal.settle(3.0) == b""
    assert terminal.idle_wake_ups(3.0) <= 3


def test_the_clock_writes_a_few_cells(desk: Desk) -> None:
    for seconds in (3, 15, 60):  # until the minute changes; a busy machine paints the first screen later
        terminal = desk(env={"SAMPLE_CLOCK": str(seconds)})
        if "09:42" in terminal.text:
            break
    start = len(terminal.output)
    terminal.wait_for("09:43")
    terminal.settle()
    assert 0 < len(terminal.output) - start <= 40


def test_no_colour_means_none(desk: Desk) -> None:
    terminal = desk(env={"NO_COLOR": "1"})
    terminal.act(DOWN)
    codes = {
        code for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.output) for code in found.split(b";")
    }
    assert codes <= {b"", b"0", b"1", b"4", b"7"}
    assert b"7" in codes


@pytest.mark.parametrize("locale", ["C", "es_AR.ISO-8859-1"])
def test_without_utf_8_every_byte_is_ascii(desk: Desk, locale: str) -> None:
    terminal = desk(env={"LANG": locale})
    terminal.act("?")
    assert terminal.output.isascii()
    assert "Turnos de hoy - 50" in desk(env={"LANG": locale}).text


def test_the_kernel_console_never_gets_an_ellipsis(desk: Desk) -> None:
    terminal = desk(env={"TERM": "linux"}, size=(60, 24))
    terminal.wait_for("≡ en espera")
    terminal.hides("…")


def test_the_engine_starts_without_the_database() -> None:
    heavy = "import sys, clinicdesk.tui.engine; print({'sqlalchemy', 'psycopg', 'fpdf'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
