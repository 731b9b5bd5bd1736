"""The harness itself: what it waits for where silence would deceive it."""

from __future__ import annotations

import sys

import pytest

from tests.terminal import Terminal

READY = "import os, sys, time, tty; tty.setraw(0); print('ready', flush=True, end=' ')\n"
BUSY = """
os.read(0, 1)
until = time.process_time() + 0.6
while time.process_time() < until:
    pass
print("done", flush=True)
time.sleep(60)
"""
SLOW = """
for _ in range(10):
    time.sleep(0.2)
    print(len(os.read(0, 100)), end=" ", flush=True)
"""


def running(program: str) -> Terminal:
    """The program, ready."""
    terminal = Terminal([sys.executable, "-c", READY + program])
    terminal.wait_for("ready")
    return terminal


def test_a_silent_program_that_works_is_not_at_rest() -> None:
    with running(BUSY) as terminal:
        terminal.send("x")
        terminal.settle(0.05)
        assert "done" in terminal.text


def test_keys_typed_at_a_busy_program_are_found_one_by_one() -> None:
    with running(SLOW) as terminal:
        terminal.type("abcdefghij", gap=0.001)
        assert terminal.wait_end() == 0
        assert terminal.lines[0] == "ready " + " ".join("1" * 10)


def test_what_never_comes_fails_with_the_screen() -> None:
    with (
        running("time.sleep(60)") as terminal,
        pytest.raises(AssertionError, match=r"'never'; the screen says:\nready"),
    ):
        terminal.wait_for("never", seconds=0.2)


def test_a_program_that_ended_is_not_waited_for() -> None:
    with running("") as terminal, pytest.raises(AssertionError, match="ended with 0"):
        terminal.wait_for("never")
