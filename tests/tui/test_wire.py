"""The wire: the terminal shows what Textual drew, by fewer bytes and by no byte of the content's own."""

from __future__ import annotations

import re

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from clinicdesk.kit.text import cells, cut, shown
from clinicdesk.tui.wire import BELL, Wire

COLUMNS, ROWS = 20, 5
ALLOWED = re.compile(
    "(?:\x1b\\[\\d+(?:;\\d+)?H|\x1b\\[\\d+C|\x1b\\[K|\x1b\\[[0-9;]*m|[^\x00-\x1f\x7f-\x9f])*"
)
STYLES = st.builds(
    Style,
    color=st.sampled_from([None, "color(7)", "color(11)", "color(208)", "#102030"]),
    bgcolor=st.sampled_from([None, "color(0)", "color(4)", "color(208)"]),
    bold=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
)
NARROW = st.text(st.sampled_from("abc xyzñé·─»≡…"), min_size=1, max_size=8)
WIDE = st.text(st.sampled_from("ab 日本x\u0323"), min_size=1, max_size=8)
HOSTILE = st.text(
    st.one_of(st.sampled_from("\x1b[];?hlmHJ0123\x07\x9b\x84\u202e\u200b\n\r"), st.characters(codec=None))
)


@st.composite
def chunks(draw: st.DrawFn) -> str:
    """What Textual writes for a part of a line: position, then styled text that ends inside the line.

    Rows 1 and 2 have wide characters and are drawn whole, so that none is cut in half.
    """
    y = draw(st.integers(1, ROWS))
    x = 1 if y <= 2 else draw(st.integers(1, COLUMNS - 2))
    pieces = draw(
        st.lists(st.tuples(WIDE if y <= 2 else NARROW, st.one_of(st.none(), STYLES)), min_size=1, max_size=4)
    )
    body, room = "", COLUMNS - x + 1
    for text, style in pieces:
        part = cut(shown(text), room, "")
        room -= cells(part)
        body += part if style is None or not part else Strip.render_style(style, part, ColorSystem.TRUECOLOR)
    return f"\x1b[{y};{x}H{body}{' ' * room if y <= 2 else ''}"


FRAMES = st.lists(st.lists(chunks(), min_size=1, max_size=4).map("\n".join), min_size=1, max_size=6)


def painted(parts: list[str]) -> list[list[pyte.screens.Char]]:
    screen = pyte.Screen(COLUMNS, ROWS)
    screen.reset_mode(7)  # no wrapping, as the driver sets it
    stream = pyte.Stream(screen)
    for part in parts:
        stream.feed(part)
    return [[seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


def seen(char: pyte.screens.Char) -> pyte.screens.Char:
    """A cell as an eye sees it: of a blank the ground alone."""
    if char.data != " " or char.reverse or char.underscore:
        return char
    return char._replace(fg="default", bold=False)


@given(FRAMES, st.sampled_from([None, COLUMNS]))
def test_the_terminal_shows_the_same_as_without_the_wire(frames: list[str], erases_to: int | None) -> None:
    wire = Wire()
    wire.erases_to = erases_to
    plain = [frame.replace("\n", "") + "\x1b[0m" for frame in frames]
    assert painted([wire.frame(frame) for frame in frames]) == painted(plain)


@given(st.lists(HOSTILE, max_size=5), FRAMES)
def test_nothing_but_positions_colours_and_printable_text_passes(texts: list[str], frames: list[str]) -> None:
    wire = Wire()
    wire.erases_to = COLUMNS
    for text, frame in zip(texts, frames, strict=False):
        out = wire.frame(frame + text) + wire.frame(f"\x1b[2;3H\x1b[1;31m{text}\x1b[0m") + wire.frame(text)
        assert ALLOWED.fullmatch(out.replace(BELL, "") if text == BELL else out)
        assert all(char.isprintable() or char == "\x1b" for char in out.replace(BELL, ""))


@given(chunks())
def test_the_same_frame_twice_costs_nothing(frame: str) -> None:
    wire = Wire()
    assert wire.frame(frame)
    assert wire.frame(frame) == ""
    assert wire.frame("\n" + frame + "\x1b[1;1H") == ""


def test_one_changed_word_costs_that_word() -> None:
    wire = Wire()
    wire.frame("\x1b[3;1H\x1b[37;40mA013 en espera Llanos\x1b[0m")
    assert wire.frame("\x1b[3;1H\x1b[37;40mA013 en curso  Llanos\x1b[0m") == "\x1b[3;9Hcurso "


def test_another_change_in_the_line_is_reached_from_the_first() -> None:
    wire = Wire()
    wire.frame("\x1b[3;1Ha23456789 123456789 \x1b[0m")
    assert wire.frame("\x1b[3;1Hb23456789 x23456789 \x1b[0m") == "\x1b[3Hb\x1b[9Cx"


def test_blanks_to_the_last_column_are_erased_where_that_leaves_the_ground() -> None:
    wire = Wire()
    wire.erases_to = COLUMNS
    wire.frame(f"\x1b[3;1H\x1b[37;44mse llama a A013{' ' * 6}\x1b[0m")
    assert wire.frame(f"\x1b[3;1H\x1b[37;44mse{' ' * 18}\x1b[0m") == "\x1b[3;4H\x1b[K"
    assert wire.frame(f"\x1b[3;1H\x1b[30;47mse{' ' * 18}\x1b[0m") == "\x1b[3H\x1b[30;47mse\x1b[K"
    underlined = f"\x1b[4;1H\x1b[4;37;44mse{' ' * 18}\x1b[0m"
    assert "\x1b[K" not in wire.frame(underlined), "a line under blanks is no ground"


def test_the_pen_is_turned_only_where_it_changes() -> None:
    wire = Wire()
    assert (
        wire.frame("\x1b[1;1H\x1b[37;40mab\x1b[0m\x1b[1;93;40mcd\x1b[0m")
        == "\x1b[1H\x1b[0;37;40mab\x1b[1;93mcd"
    )
    assert wire.frame("\x1b[2;1H\x1b[37;40mx\x1b[0m") == "\x1b[2H\x1b[0;37;40mx"


def test_what_follows_a_wide_or_combined_character_is_placed_anew() -> None:
    wire = Wire()
    assert wire.frame("\x1b[1;1H日x\u0323y") == "\x1b[1H\x1b[m日\x1b[1;3Hx\u0323\x1b[1;4Hy"
    assert wire.frame("\x1b[1;1H日x\u0323y") == ""
    assert wire.frame("\x1b[1;1Habcd") == "\x1b[1Habcd"
    assert wire.frame("\x1b[1;1Habce") == "\x1b[1;4He"


def test_after_forgetting_all_is_written_again() -> None:
    wire = Wire()
    first = wire.frame("\x1b[1;1Habc")
    assert wire.frame("\x1b[1;1Habc") == ""
    wire.forget()
    assert wire.frame("\x1b[1;1Habc") == first


def test_foreign_sequences_do_not_pass() -> None:
    wire = Wire()
    assert wire.frame("\x1b]22;default\x07") == ""
    assert wire.frame("\x1b[?1049l") == ""
    assert wire.frame(BELL) == BELL
