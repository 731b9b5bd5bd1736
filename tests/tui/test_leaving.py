"""The desk and its terminal: given back whole, never outlived, never blocked by it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import termios

import pytest

from tests.data import ROOT
from tests.terminal import Terminal
from tests.tui.conftest import Desk

GIVEN_BACK = b"\x1b[?1049l\x1b[?25h"


def given_back(terminal: Terminal, before: list[object]) -> None:
    """Main screen, cursor shown, the former mode, and nothing of the desk left behind."""
    assert terminal.output.endswith(GIVEN_BACK)
    assert b"\x1b[2J" in terminal.output[-80:]
    assert termios.tcgetattr(terminal.fd) == before


@pytest.fixture
def cooked() -> list[object]:
    """The mode of a new pseudo-terminal."""
    with Terminal(["sleep", "5"]) as terminal:
        return termios.tcgetattr(terminal.fd)


def test_f10_gives_the_terminal_back(desk: Desk, cooked: list[object]) -> None:
    terminal = desk()
    assert termios.tcgetattr(terminal.fd) != cooked
    terminal.send("\x1b[21~")
    assert terminal.wait_end() == 0
    given_back(terminal, cooked)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(desk: Desk, cooked: list[object], number: signal.Signals) -> None:
    terminal = desk()
    terminal.kill(number)
    assert terminal.wait_end() == 128 + number
    given_back(terminal, cooked)


def test_a_signal_ends_it_even_while_it_is_stuck(desk: Desk, cooked: list[object]) -> None:
    terminal = desk()
    terminal.send("b")
    terminal.settle()
    terminal.kill(signal.SIGTERM)
    assert terminal.wait_end() == 128 + signal.SIGTERM
    given_back(terminal, cooked)


@pytest.mark.parametrize("deaf", [None, "1"], ids=["by signal", "by the line alone"])
def test_a_cut_line_leaves_no_process(desk: Desk, deaf: str | None) -> None:
    terminal = desk(env={"SAMPLE_DEAF": deaf})
    terminal.hang_up()
    assert terminal.wait_end() == 128 + signal.SIGHUP


def test_a_bug_outside_commands_ends_with_a_code_and_no_patient(desk: Desk, cooked: list[object]) -> None:
    terminal = desk()
    terminal.send("x")
    assert terminal.wait_end() == 1
    assert GIVEN_BACK in terminal.output
    assert termios.tcgetattr(terminal.fd) == cooked
    said = terminal.output.partition(GIVEN_BACK)[2].decode()
    assert re.search(r"código [2-9A-Z]{4}-[2-9A-Z]{2}", said)
    assert "Quispe" not in said
    assert "Traceback" not in said


def test_suspended_and_resumed_it_paints_again(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    terminal.kill(signal.SIGTSTP)
    terminal.wait_for(lambda: terminal.stopped)
    terminal.settle()
    assert terminal.output.endswith(GIVEN_BACK)
    terminal.kill(signal.SIGCONT)
    terminal.wait_for(lambda: terminal.text == before)


def test_a_stalled_terminal_does_not_stall_the_desk(desk: Desk) -> None:
    terminal = desk(5000)
    for _each in range(400):
        terminal.send("\x1b[F\x1b[H")  # two screens of bytes that nobody reads
    terminal.send("\x1b[F")
    terminal.wait_for(lambda: terminal.settle(0.5) == b"" and "»A999 " in terminal.text)
    assert [line for line in terminal.lines if line.startswith("»")] == terminal.lines[20:21]
    terminal.send("\x1b[21~")
    assert terminal.wait_end() == 0


def test_a_storm_of_sizes_ends_on_a_whole_screen(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    for columns in range(40, 140, 7):
        terminal.resize(columns, 10 + columns % 30)
    terminal.resize(80, 24)
    terminal.wait_for(lambda: terminal.text == before)


def test_a_window_too_small_says_so_and_comes_back(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    terminal.resize(50, 12)
    terminal.wait_for("agrandarla a 60 × 18")
    terminal.resize(80, 24)
    terminal.wait_for(lambda: terminal.text == before)
    terminal.resize(120, 36)
    terminal.wait_for(lambda: len(terminal.lines[0]) > 110 and "? Más" in terminal.lines[35])
    terminal.wait_for("»A000")


def test_without_a_terminal_it_says_so_and_ends() -> None:
    command = [sys.executable, "-m", "tests.tui.sample"]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "El escritorio necesita una terminal. Para guiones: clinicdesk --help.\n"
    assert done.stdout == ""


def test_a_size_told_again_is_drawn_again(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    terminal.screen.erase_in_display(2)  # what a terminal may do between two sizes
    terminal.kill(signal.SIGWINCH)
    terminal.wait_for(lambda: terminal.text == before)
