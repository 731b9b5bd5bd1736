"""Looks: one meaning each, also without colour, and glyphs of one width."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual.color import Color
from wcwidth import wcswidth

from clinicdesk.kit.text import shown
from clinicdesk.tui.guard import Guard
from clinicdesk.tui.look import (
    INKS,
    TRIAGE,
    TRIAGE_MINUTES,
    TURN_STATES,
    Glyphs,
    Look,
    Mark,
    Palette,
    Tone,
    look_of,
)

UTF8 = {"LANG": "es_AR.UTF-8"}
MARKS: list[Mark] = [*TURN_STATES.values(), *TRIAGE.values()]
ASCII = Look(Palette.MONO, Glyphs.ASCII)


@pytest.mark.parametrize(
    ("environ", "palette", "glyphs"),
    [
        ({"TERM": "xterm-256color", **UTF8}, Palette.RICH, Glyphs.FULL),
        ({"TERM": "xterm", **UTF8}, Palette.BASIC, Glyphs.FULL),
        ({"TERM": "xterm", "COLORTERM": "truecolor", **UTF8}, Palette.RICH, Glyphs.FULL),
        ({"TERM": "linux", **UTF8}, Palette.BASIC, Glyphs.CONSOLE),
        ({"TERM": "vt100", **UTF8}, Palette.MONO, Glyphs.FULL),
        ({"TERM": "xterm-256color", "NO_COLOR": "1", **UTF8}, Palette.MONO, Glyphs.FULL),
        ({"TERM": "xterm-256color", "NO_COLOR": "", **UTF8}, Palette.RICH, Glyphs.FULL),
        ({"TERM": "xterm", "LANG": "C"}, Palette.BASIC, Glyphs.ASCII),
        ({"TERM": "xterm", "LANG": "es_AR.UTF-8", "LC_ALL": "C"}, Palette.BASIC, Glyphs.ASCII),
        ({"TERM": "xterm", "LANG": "C", "LC_CTYPE": "es_AR.utf8"}, Palette.BASIC, Glyphs.FULL),
        ({"TERM": "xterm", "LANG": "C", "LC_CTYPE": "C.UTF-8"}, Palette.BASIC, Glyphs.ASCII),
        ({}, Palette.MONO, Glyphs.FULL),
    ],
)
def test_the_environment_decides(environ: dict[str, str], palette: Palette, glyphs: Glyphs) -> None:
    look = look_of(environ)
    assert (look.palette, look.glyphs) == (palette, glyphs)


def test_a_latin_1_terminal_types_latin_1_and_reads_ascii() -> None:
    look = look_of({"TERM": "vt220", "LANG": "es_ES.ISO-8859-1"})
    assert look.typed_in == "latin-1"
    assert look.text("Ñandú · ≡ en espera…") == "Nandu - = en espera~"


@pytest.mark.parametrize(("one", "other"), list(combinations(TURN_STATES.values(), 2)))
def test_states_differ_without_colour(one: Mark, other: Mark) -> None:
    assert one.glyph != other.glyph
    assert one.word != other.word
    assert ASCII.text(one.glyph) != ASCII.text(other.glyph)


def test_triage_climbs_with_urgency_in_monochrome() -> None:
    weights = [
        sum((2 * ink.reverse, ink.bold))
        for ink in (INKS[mark.tone][1] for _level, mark in sorted(TRIAGE.items()))
    ]
    assert weights == [3, 2, 1, 0, 0]
    assert set(TRIAGE_MINUTES) == set(TRIAGE)


def test_every_tone_has_an_explicit_background_and_nothing_is_dim() -> None:
    for tone in Tone:
        colour, mono = INKS[tone]
        assert colour.back is not None, tone
        assert colour.fore not in {8, 12}, tone
        assert (mono.fore, mono.back) == (None, None), tone


@pytest.mark.parametrize("mark", MARKS)
def test_the_ascii_twin_is_as_wide(mark: Mark) -> None:
    for text in (mark.glyph, mark.word):
        twin = ASCII.text(text)
        assert twin.isascii()
        assert "?" not in twin or "?" in text
        assert len(twin) == wcswidth(text)


@given(
    st.text(st.characters(codec=None), max_size=40),
    st.sampled_from(list(Glyphs)),
    st.sampled_from(list(Palette)),
)
def test_the_guard_lets_only_printable_text_through_and_keeps_its_width(
    text: str, glyphs: Glyphs, palette: Palette
) -> None:
    guard = Guard(Look(palette, glyphs))
    style = Look(palette).style(Tone.WAITING)
    (segment,) = guard.apply([Segment(text, style)], Color.parse("black"))
    assert segment.text.isprintable()
    assert segment.text.isascii() or glyphs is not Glyphs.ASCII
    assert wcswidth(segment.text) == wcswidth(shown("x" + text)) - 1
    assert segment.style is not None
    assert segment.style.color is None or palette is not Palette.MONO


def test_the_guard_takes_links_and_control_segments_their_power() -> None:
    look = Look(Palette.RICH)
    linked = look.style(Tone.TEXT).update_link("https://example.org\x1b\\")
    plain, control = Guard(look).apply(
        [Segment("x", linked), Segment("\x1b[2J", None, [])], Color.parse("black")
    )
    assert plain.style is not None
    assert plain.style.link is None
    assert control == Segment("·[2J", None)
