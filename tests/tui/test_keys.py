"""Keys, pastes and scans told apart, however the line cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.constants import ESCAPE_DELAY

from clinicdesk.tui.keys import SCAN_GAP, Item, KeyReader, Pasted, Press

UP, F10, F1_LINUX = "\x1b[A", "\x1b[21~", "\x1b[[A"
PARTS = st.lists(
    st.one_of(
        st.sampled_from([UP, F10, F1_LINUX, "\x1bOP", "\r", "\t", "\x7f", "\x01"]),
        st.sampled_from(["n", "á", "ñ", "7", " ", "日"]),
        st.sampled_from(
            ["\x1b[99z", "\x1b[?2026;2$y", "\x1b[1;1R", "\x1b]11;rgb:0/0/0\x07", "\x1bP>|x\x1b\\"]
        ),
        st.sampled_from(["\x1b[200~a\nb\x1b[Ac\x1b[201~", "\x1b[200~\x1b[201~"]),
    ),
    max_size=12,
)


def presses(items: list[Item]) -> list[str]:
    return [item.sequence for item in items if isinstance(item, Press)]


def read(chunks: list[str], gap: float = 1.0) -> list[Item]:
    """All items of chunks that arrive `gap` seconds apart, then silence."""
    reader, items, at = KeyReader(), [], 0.0
    for chunk in chunks:
        items += reader.feed(chunk, at)
        at += gap
        items += reader.tick(at)
    for _each in range(3):
        at += 10
        items += reader.tick(at)
    assert reader.deadline is None
    return items


def test_known_sequences_are_one_key_each() -> None:
    assert presses(read([UP + F10 + F1_LINUX + "\x1bOP" + "\r"])) == [UP, F10, F1_LINUX, "\x1bOP", "\r"]


@pytest.mark.parametrize(
    "unknown", ["\x1b[99z", "\x1b[?2026;2$y", "\x1b]11;rgb:0/0/0\x07", "\x1b[<0;3;4M", "\x1bP>|tmux\x1b\\"]
)
def test_no_rest_of_an_unknown_sequence_is_a_verb(unknown: str) -> None:
    assert presses(read([unknown + "n"])) == ["n"]
    assert presses(read(list(unknown), gap=0.01)) == []


@given(PARTS, st.data())
def test_it_does_not_matter_where_the_line_cuts(parts: list[str], data: st.DataObject) -> None:
    whole = "".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=6)))
    chunks = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read([chunk for chunk in chunks if chunk], gap=0.001) == read([whole] if whole else [], gap=0.001)


@given(st.text(st.characters(codec=None), max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_any_input_ends_with_nothing_held(text: str, cuts: list[int]) -> None:
    places = sorted({min(cut, len(text)) for cut in cuts})
    chunks = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    for item in read([chunk for chunk in chunks if chunk]):
        assert isinstance(item, Pasted) or len(item.sequence) == 1 or item.sequence in ANSI_SEQUENCES_KEYS


def test_escape_waits_for_its_sequence_then_is_a_key() -> None:
    reader = KeyReader()
    assert reader.feed("\x1b", 0.0) == []
    assert reader.deadline == pytest.approx(ESCAPE_DELAY)
    assert reader.tick(ESCAPE_DELAY) == [Press("\x1b")]
    assert reader.deadline is None


def test_a_sequence_cut_by_a_slow_line_is_still_one_key() -> None:
    assert presses(read(["\x1b[2", "1~"], gap=0.5)) == [F10]


def test_escape_and_a_letter_together_are_two_keys() -> None:
    assert presses(read(["\x1bn"])) == ["\x1b", "n"]


def test_a_paste_is_text_even_with_sequences_in_it() -> None:
    assert read(["\x1b[200~nzx\r\x1b[21~\x1b[201~"]) == [Pasted("nzx\r\x1b[21~")]


def test_a_paste_without_end_does_not_hold_the_keyboard_for_ever() -> None:
    assert read(["\x1b[200~abc"], gap=9.0) == [Pasted("abc")]


def test_nine_characters_in_a_blink_are_a_scan_and_eight_are_keys() -> None:
    assert read(["284319071\r"]) == [Pasted("284319071", scanned=True), Press("\r")]
    assert presses(read(["28431907\r"])) == [*"28431907", "\r"]


def test_a_scanner_that_sends_one_character_at_a_time_is_a_scan() -> None:
    reader, items = KeyReader(), []
    for at, char in enumerate("28431907123"):
        items += reader.feed(char, at * 0.009)
    assert items == []
    assert reader.tick(10 * 0.009 + SCAN_GAP) == [Pasted("28431907123", scanned=True)]


def test_fingers_are_not_a_scan() -> None:
    assert presses(read(list("hola mundo"), gap=0.03)) == list("hola mundo")


def test_in_a_text_field_no_key_waits() -> None:
    reader = KeyReader()
    reader.hold = False
    assert reader.feed("a", 0.0) == [Press("a")]
    assert reader.deadline is None
