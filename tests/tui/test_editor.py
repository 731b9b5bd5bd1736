"""The text editor: wrapping and editing as pure functions, then keys and bytes in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.kit.text import cells, shown
from clinicdesk.tui.parts.prose import Place, Prose, typed, wrap
from tests.data import ROOT
from tests.terminal import Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, PAGE_UP, PAGE_DOWN, DELETE = "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~", "\x1b[3~"
BACKSPACE, F8 = "\x7f", "\x1b[19~"
MOST_BYTES_A_KEY = 700

LETTERS = st.text(st.sampled_from("ab ñé漢e\u0301 .-"), max_size=60)
WIDTHS = st.integers(2, 40)


def rows(text: str, width: int) -> list[str]:
    starts = [*wrap(text, width), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


@given(LETTERS, WIDTHS)
def test_rows_are_the_text_again_and_none_is_too_wide(text: str, width: int) -> None:
    found = rows(text, width)
    assert "".join(found) == text
    for row in found[:-1]:
        assert row
        assert cells(shown(row.removesuffix(" "))) <= width


@given(st.lists(st.text(st.sampled_from("abcñ"), min_size=1, max_size=9), max_size=30), st.integers(9, 40))
def test_no_word_that_fits_a_row_is_cut(words: list[str], width: int) -> None:
    found = rows(" ".join(words), width)
    assert [word for row in found for word in row.split()] == words


def test_a_word_longer_than_the_row_is_cut_but_no_letter_is() -> None:
    assert rows("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert rows("漢漢漢", 3) == ["漢", "漢", "漢"]
    assert rows("xxe\u0303e\u0303", 3) == ["xxe\u0303", "e\u0303"]


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.text(st.sampled_from("ab \nñ"), max_size=5)),
        st.tuples(st.sampled_from(["rub_out", "delete"]), st.just("")),
        st.tuples(st.just("go"), st.integers(0, 40)),
    ),
    max_size=30,
)


@given(EDITS, st.integers(2, 20))
def test_edits_do_to_the_text_what_they_do_to_a_plain_string(
    edits: list[tuple[str, str | int]], width: int
) -> None:
    prose, text, at = Prose(), "", 0
    prose.set_width(width)
    for what, value in edits:
        if isinstance(value, int):
            at = min(value, len(text))
            before = text[:at].split("\n")
            prose.go(Place(len(before) - 1, len(before[-1])))
        elif what == "insert":
            prose.insert(value)
            text, at = text[:at] + value + text[at:], at + len(value)
        elif what == "rub_out":
            prose.rub_out()
            text, at = text[: max(0, at - 1)] + text[at:], max(0, at - 1)
        else:
            prose.delete()
            text = text[:at] + text[at + 1 :]
        assert prose.text == text
        assert len(prose) == len(text)
        before = text[:at].split("\n")
        assert prose.cursor == Place(len(before) - 1, len(before[-1]))


@given(st.text(st.sampled_from("ab ñ漢\n"), max_size=80), st.integers(2, 12), st.integers(1, 9))
def test_down_and_up_come_back_to_the_same_row(text: str, width: int, steps: int) -> None:
    prose = Prose(text)
    prose.set_width(width)
    prose.go(Place())
    way = [prose.row_at(prose.cursor)]
    for _step in range(steps):
        prose.move_rows(1)
        if prose.row_at(prose.cursor) == way[-1]:
            break
        way.append(prose.row_at(prose.cursor))
    for row in reversed(way[:-1]):
        prose.move_rows(-1)
        assert prose.row_at(prose.cursor) == row


def test_an_accent_that_comes_alone_joins_its_letter_and_goes_with_it() -> None:
    prose = Prose("anos")
    prose.go(Place(0, 2))
    prose.insert("\u0303")
    assert prose.text == "años"
    prose.rub_out()
    assert prose.text == "aos"
    prose.set("q")
    prose.insert("\u0303\u0303")  # no letter of its own for it
    prose.rub_out()
    assert prose.text == ""


def test_what_is_pasted_keeps_its_lines_and_loses_its_control_characters() -> None:
    assert typed("uno\r\ndos\rtres\tx\x1b[2J\x07\u202e\u2028y\xa0z") == "uno\ndos\ntres    x[2J\ny z"


def test_no_more_is_taken_than_fits() -> None:
    prose = Prose("x" * 9, most=10)
    assert not prose.insert("abc")
    assert prose.text == "x" * 9 + "a"
    prose.rub_out()
    assert prose.insert("b")


Open = Callable[..., Terminal]


@pytest.fixture
def editor() -> Iterator[Open]:
    """`editor(size=0, lines=0)` → the editor in a terminal, over so many characters in so many lines."""
    opened: list[Terminal] = []

    def start(size: int = 0, lines: int = 0, window: tuple[int, int] = (80, 24)) -> Terminal:
        command = [sys.executable, "-m", "tests.tui.editor_desk", str(size), str(lines)]
        opened.append(Terminal(command, size=window, cwd=ROOT))
        opened[-1].wait_for("F8 Contar")
        opened[-1].settle()
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def told(terminal: Terminal) -> str:
    return terminal.lines[21].strip()


def test_letters_accents_and_lines_are_typed(editor: Open) -> None:
    terminal = editor()
    terminal.type("Motivo: años, ", "niñez, e\u0301l", "\r", "Plan: q?")
    terminal.wait_for("Plan: q?")
    terminal.becomes(lambda: terminal.lines[2], " Motivo: años, niñez, él")
    terminal.wait_for(lambda: "él\\nPlan: q?" in told(terminal))


def test_words_wrap_and_the_cursor_keys_find_them(editor: Open) -> None:
    terminal = editor(window=(60, 18))
    terminal.type("palabra " * 9, gap=0.005)
    terminal.becomes(lambda: terminal.lines[2], " " + "palabra " * 6 + "palabra")
    terminal.settle()
    terminal.type(UP, END, "X", HOME, "Y")
    terminal.wait_for(" Ypalabra")
    terminal.wait_for(lambda: terminal.lines[2].endswith("X"))


def test_a_paste_keeps_its_lines(editor: Open) -> None:
    terminal = editor()
    terminal.send("\x1b[200~uno\ndos\x1b]52;c;eA==\x07\ntres\x1b[201~")
    terminal.becomes(lambda: [terminal.lines[2], terminal.lines[4]], [" uno", " tres"])
    terminal.settle()
    assert b"]52" not in terminal.output.replace(b"dos]52;c;eA==", b"")


def test_a_heading_is_reached_with_tab(editor: Open) -> None:
    terminal = editor()
    terminal.type("Motivo: ", "\r", "\r", "Plan: ", UP, UP, HOME, "\t", "reposo")
    terminal.wait_for("Plan: reposo")
    terminal.type("\x1b[Z", "tos")
    terminal.wait_for("Motivo: tos")


@pytest.mark.parametrize("lines", [0, 20_000])
def test_a_key_in_a_very_long_text_costs_what_the_window_shows(editor: Open, lines: int) -> None:
    terminal = editor(200_000 - 100, lines)
    first = terminal.act("x")
    assert first.bytes <= MOST_BYTES_A_KEY
    assert told(terminal).startswith(str(200_000 - 100 + 1))
    for keys in (PAGE_UP, PAGE_DOWN, HOME, UP, DELETE, BACKSPACE):
        terminal.act(keys)
    assert terminal.alive
    terminal.send("\x1b[200~" + "y" * 300 + "\x1b[201~")
    terminal.wait_for("No entra más texto.")


def test_typing_at_the_end_of_a_full_window_scrolls_seldom(editor: Open) -> None:
    terminal = editor(4_000)
    costs = [terminal.act("\r", quiet=0.05).bytes for _each in range(12)]
    assert sum(cost > MOST_BYTES_A_KEY for cost in costs) <= 2
