"""Text hygiene: whatever comes in, the screen gets one printable line of a known width."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcswidth

from clinicdesk.kit.text import cells, clean, clean_line, cut, fit, has_control, shown
from tests.data import shared

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Quispe Mamani, Rosa", "Quispe Mamani, Rosa"),
        ("A[/b]B [@click=app.exit]x[/]", "A[/b]B [@click=app.exit]x[/]"),
        ("\x1b[2J", "·[2J"),
        ("\x1b]52;c;aGk=\x07", "·]52;c;aGk=·"),
        ("\x9b31m", "·31m"),
        ("a\u202egnp", "a·gnp"),
        ("a\u200bb\u200dc\ufeffd", "a·b·c·d"),
        ("a\tb\nc\r", "a·b·c·"),
        ("a\u00a0b\u3000c", "a b c"),
        ("e\u0301", "é"),
        ("\u0301x", "·x"),
        ("a \u0301\u0301x", "a ·\u0301x"),
        ("x" + "\u0301" * 9, "x" + "\u0301" * 3),
        ("日本語", "日本語"),
        ("👩\u200d👧", "👩·👧"),
        ("❤\ufe0f", "❤·"),
        ("\U0001f1e6\U0001f1f7", "··"),
        ("\ud800", "·"),
        ("0\U00011940", "0·"),
        ("क\u094dक", "क·क"),
        ("ก\u0e31", "ก\u0e31"),
        ("\ue000\U0010ffff\uffff", "···"),
        ("\u3164\u2800", "··"),
    ],
)
def test_what_a_terminal_could_obey_becomes_a_mark(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(ANY_TEXT)
@example("x" + "\u0301" * 9 + "\u3164\u200d")
def test_shown_is_printable_of_one_width_everywhere_and_stays_so(text: str) -> None:
    line = shown(text)
    assert line.isprintable()
    assert not CONTROL.search(line)
    assert cells(line) == wcswidth(line)
    assert shown(line) == line
    assert bool(text) == bool(line) or not text.strip()
    line.encode()


@given(ANY_TEXT)
def test_every_letter_a_terminal_may_have_is_kept(text: str) -> None:
    plain = "".join(char for char in text if char.isascii() and char.isprintable())
    left = "".join(char for char in unicodedata.normalize("NFD", shown(text)) if char.isascii())
    for char in set(plain) - {" "}:
        assert left.count(char) >= plain.count(char)


@given(ANY_TEXT, st.integers(0, 40), st.sampled_from(["left", "right"]))
def test_fit_takes_exactly_its_columns(text: str, width: int, align: str) -> None:
    line = fit(text, width, "left" if align == "left" else "right")
    assert wcswidth(line) == width


@given(ANY_TEXT, st.integers(0, 40))
def test_cut_never_exceeds_and_never_parts_an_accent(text: str, width: int) -> None:
    line = cut(shown(text), width)
    assert wcswidth(line) <= width
    assert not line or unicodedata.category(line[0])[0] != "M"


def test_fit_fills_on_the_side_away_from_the_text() -> None:
    assert fit("abc", 5) == "abc  "
    assert fit("abc", 5, "right") == "  abc"
    assert fit("日本語", 5) == "日本…"
    assert fit("日本語x", 6) == "日本… "


@given(ANY_TEXT)
def test_clean_is_stable_and_can_be_stored(text: str) -> None:
    stored = clean(text)
    assert clean(stored) == stored
    assert "\x00" not in stored
    assert "\r" not in stored
    assert unicodedata.is_normalized("NFC", stored)
    stored.encode()


@given(ANY_TEXT)
def test_clean_line_is_one_line_without_double_blanks(text: str) -> None:
    line = clean_line(text)
    assert line == " ".join(line.split())
    assert clean_line(line) == line


def test_clean_keeps_what_is_only_dangerous_to_look_at() -> None:
    assert clean("  Pe\u0301rez\r\n\x1b[2J\x00 ") == "Pérez\n\x1b[2J\ufffd"


def test_has_control_sees_what_shown_marks_and_nothing_else() -> None:
    assert has_control("a\x1bb")
    assert has_control("a\u202eb")
    assert not has_control("Ñandutí · 日本 e\u0301")


def test_naughty_strings_are_harmless() -> None:
    for text in json.loads(shared("naughty-strings", "blns.json").read_text("utf-8")):
        line = shown(text)
        assert not CONTROL.search(line), text
        assert wcswidth(line) == cells(line), text
