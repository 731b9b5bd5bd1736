"""Patterns in linear time: the same answers as `re` gives, and no text that takes for ever."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinicdesk.kit.patterns import BadPattern, compiled

_LIKE_RE = (
    "^a+$",
    "^(a|aa)+$",
    "[a-c]{2,3}x?",
    r"^\d{1,3}/\d{2,3}$",
    "^[^ab]*$",
    "(?:ab|c)*d",
    "a{0}b",
    "a{2}",
    "a{2,}",
    "x|^y",
    "[-a]",
    r"\.",
    "a*?b",
    "(a|b)*c{0,2}$",
    r"^(\w+\s?)*$",
    r"[\d-]+",
    "(ab){2,3}$",
    "^(a?){3}a{3}$",
    r"\u0061b",
    r"[^\d]",
    "(|a)b",
    r"^\S+\W?$",
)


@pytest.mark.parametrize("pattern", _LIKE_RE)
@given(text=st.text(alphabet="abcdxy1/ .-ñ", max_size=9))
@settings(max_examples=40, deadline=None)
def test_it_finds_what_re_finds(pattern: str, text: str) -> None:
    assert compiled(pattern).found_in(text) is bool(re.search(pattern.replace("$", r"\Z"), text))


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "^(a|aa)+$", r"^(\w+\s?)*$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$"]
)
def test_no_text_takes_for_ever(pattern: str) -> None:
    """`re` needs longer than the world has for some of these at forty letters."""
    started = time.process_time()
    assert not compiled(pattern).found_in("a" * 2_000 + "!")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "sin cerrar"),
        ("a)", "de más"),
        ("[a", "clase sin cerrar"),
        ("*a", "nada que repetir"),
        ("a**", "nada que repetir"),
        ("(?=a)", "mira alrededor"),
        ("(?P<x>a)", "mira alrededor"),
        (r"\1", "hacia atrás"),
        (r"\bx", "borde de palabra"),
        ("a{2", "cuántas veces"),
        ("a{3,1}", "imposible"),
        ("a{1001}", "imposible"),
        ("(a{100}){100}", "demasiadas"),
        ("\\", "barra"),
        ("[z-a]", "al revés"),
        ("(" * 60, "uno en otro"),
        ("a" * 1_001, "letras"),
    ],
)
def test_what_cannot_be_matched_so_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(BadPattern, match=why):
        compiled(pattern)
