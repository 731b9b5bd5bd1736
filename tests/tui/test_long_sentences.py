"""Row 23 cuts no sentence: one wider than the row begins in the rows above it, whole, and goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.kit.text import cells
from clinicdesk.tui.parts.bits import Bit, flowed, words_of
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

Open = Callable[..., Desk]
MOST: Final = 120
"""Letters that a surname, or a given name, has at most."""


def longest(word: str) -> str:
    """Names one after the other, as many as the registry takes."""
    return " ".join([word] * 40)[:MOST].rstrip()


@given(st.lists(st.text("añ語 -e", min_size=1, max_size=30), max_size=30), st.integers(10, 90))
def test_a_text_is_laid_out_whole_and_no_line_is_too_wide(words: list[str], width: int) -> None:
    text = " ".join(words)
    lines = ["".join(bit.text for bit in line) for line in flowed(words_of(text), width)]
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.text("abc ", min_size=1, max_size=9), min_size=1, max_size=20))
def test_a_choice_is_never_parted(words: list[str]) -> None:
    options = [Bit(f"{at} {word.strip()}") for at, word in enumerate(words)]
    lines = ["".join(bit.text for bit in line) for line in flowed(options, 14)]
    assert all(any(option.text in line for line in lines) for option in options)


@pytest.fixture
def long_name(counter: Counter) -> Person:
    """Somebody with the longest names there can be, who waits."""
    person = counter.patient(longest("Etcheverry"), longest("Maximiliana"))
    counter.admitted(person, "jibarra")
    return person


def reserved(desk: Desk) -> str:
    """Row 23 and those above it, as one text."""
    return " ".join(" ".join(desk.lines[4:-1]).split())


def whole(desk: Desk, *texts: str) -> None:
    """All of the texts come to stand in the reserved rows, unbroken but for line ends."""
    desk.wait_for(lambda: all(text in reserved(desk) for text in texts))


def test_the_counter_says_the_longest_name_whole(open_desk: Open, long_name: Person) -> None:
    name = f"{long_name.family}, {long_name.given}"
    desk = open_desk("msosa")
    desk.press(f"{long_name.document}<Enter>")
    whole(desk, name, "está en espera desde")
    desk.press("x")
    desk.line_shows("lo pidió el paciente")
    desk.press("<Esc>")
    whole(desk, name)
    desk.press("t")
    whole(desk, f"dar a {name}", "o otro", "a espera")
    desk.press("<Esc>")
    whole(desk, name)
    desk.press("<Esc><Esc>")
    desk.line_shows("Escribir documento")
    desk.wait_for(lambda: "reg." in desk.lines[21])


def test_why_this_order_is_told_whole(open_desk: Open, counter: Counter, long_name: Person) -> None:
    for number in range(3):
        counter.admitted(counter.patient(f"Orden {number}", "Ana"), "jibarra")
    desk = open_desk("enfe")
    desk.press("y")
    whole(desk, "espera", "llegó antes.")


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 36)])
def test_a_window_of_any_size_tells_it_whole(
    open_desk: Open, long_name: Person, size: tuple[int, int]
) -> None:
    desk = open_desk("msosa", size=size)
    desk.press(f"{long_name.document}<Enter>")
    whole(desk, f"{long_name.family}, {long_name.given}", "está en espera desde")
    desk.resize(90, 30)
    whole(desk, f"{long_name.family}, {long_name.given}", "está en espera desde")
