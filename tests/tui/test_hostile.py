"""Hostile text on every part, in a real terminal: shown literally or as a mark, and none of it obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from clinicdesk.kit.text import cells, clean_line, cut, shown
from tests.data import shared
from tests.terminal import Terminal

HOSTILE = [
    "A[/b]B",
    "[@click=app.exit]x[/]",
    "[bold red]rojo[/]",
    "$(reboot) {0} %s {self}",
    "\x1b]52;c;aGFja2VkIQ==\x07Pérez",
    "\x1b[2JPérez",
    "\x1b[31mRojo\x1b[0m",
    "\x1b]0;título\x07x",
    "\x1bP+q544e\x1b\\x",
    "\x9b2JPérez\x9d52;c;x\x9c",
    "Ana\u202eanA\u2066x",
    "Jo\u200bsé\u200d\u2060\ufeff",
    "😀😀 emoji 👩\u200d👩\u200d👧",
    "日本語の名前 Ｗｉｄｅ",
    "Z\u0351\u036b\u0343a\u0311lgo" + "\u0301" * 40,
    "uno\ndos\tres\rcuatro\x0b\x0c\x08\x7f",
    "\u0301sin base",
    "a\u3164\u115f\u2800b",
    "🇦🇷 ❤️ 👍🏽",
    "\ud83d solo",
    "שלום مرحبا",
    "x" * 400,
]
DRAWING = re.compile(
    "(?:\x1b\\[\\d+(?:;\\d+)?H|\x1b\\[\\d+C|\x1b\\[K|\x1b\\[[0-9;]*m|[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f])*"
)
TITLE = re.compile("\x1b\\]2;([^\x00-\x1f\x7f-\x9f]*)\x07")
START = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l"

Start = Callable[[list[str]], Terminal]


def drawn(terminal: Terminal) -> str:
    """All that was sent, without the start and the titles the desk wrote."""
    return TITLE.sub("", terminal.output.decode().removeprefix(START))


def test_each_part_shows_it_and_none_obeys(hostile_desk: Start) -> None:
    terminal = hostile_desk(HOSTILE)
    for at, text in enumerate(HOSTILE):
        terminal.wait_for(f"{at}: {cut(shown(text), 12, '').strip()}")
        terminal.settle()
        start = cut(shown(text), min(12, cells(shown(text)) - 1), "").strip()
        wanted = dict.fromkeys((0, 1, 2, 3, 4, 7, 9), start)
        wanted[5] = cut(shown(clean_line(text)), cells(start), "").strip()
        assert all(part in terminal.lines[row] for row, part in wanted.items()), (text, terminal.text)
        assert any(start in line for line in terminal.lines[14:23]), "row 23, or above it where it is long"
        for key in ("a", "\r", "\x1b", "o", "\x1b", "r", "u", "?", "\x1b"):
            terminal.act(key, quiet=0.02 if key != "\x1b" else 0.13)
        terminal.send("n")
    terminal.settle()
    assert terminal.alive
    assert DRAWING.fullmatch(drawn(terminal))


def test_five_hundred_naughty_strings(hostile_desk: Start) -> None:
    texts = [text for text in json.loads(shared("naughty-strings", "blns.json").read_text("utf-8")) if text]
    terminal = hostile_desk(texts)
    for at in range(1, len(texts)):
        terminal.send("n")
        terminal.wait_for(f"\n{at}:")
    terminal.settle()
    assert terminal.alive
    assert DRAWING.fullmatch(drawn(terminal))
