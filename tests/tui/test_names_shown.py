"""Names that try to command the terminal are text on every screen, and no control byte of theirs leaves."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.tui.counter import Counter
from tests.tui.desk import Desk

Open = Callable[..., Desk]
HOSTILE = {
    "A[/b]B": "[@click=app.exit]x[/]",
    "\x1b]52;c;aG9sYQ==\x07Portapapeles": "Osc",
    "\x1b[2JBorrado": "\x1b[31mRojo",
    "\u202eOdibuS": "\u2066Bidi\u2069",
    "Z\u200bero": "Ancho",
}
SHOWN = ("A[/b]B", "·]52;c;aG9sYQ==·Portapapeles", "·[2JBorrado", "·OdibuS", "Z·ero")
_OURS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][02];[^\x07\x1b]*\x07")


def test_hostile_names_are_shown_and_nothing_of_them_commands(open_desk: Open, counter: Counter) -> None:
    people = [counter.patient(family, given) for family, given in HOSTILE.items()]
    for person in people:
        counter.booked(person)
    desk = open_desk("msosa", size=(120, 36))
    for person, shown in zip(people, SHOWN, strict=True):
        desk.press(f"{person.document}")
        desk.wait_for("Otro Enter admite")
        desk.wait_for(lambda shown=shown: shown in desk.lines[2])  # type: ignore[misc]
        desk.press("<Enter>")
        desk.line_shows("Enter admite a", shown)
        desk.press("<F2>")
        desk.wait_for("Nacimiento")
        desk.wait_for(lambda shown=shown: shown in desk.lines[1])  # type: ignore[misc]
        desk.press("<Esc><Esc><Esc>")
        desk.wait_for("Escribir documento")
    desk.press("<F3>v")
    desk.shows("tabla", *(shown[:12] for shown in SHOWN))
    desk.press("/a b<Enter>")
    desk.wait_for("A[/b]B, [@click=app.exit]x[/]")
    desk.settle()
    assert desk.alive
    rest = _OURS.sub(b"", desk.output)
    assert not set(rest) & (set(range(0x20)) | {0x7F}), re.findall(rb".{0,20}[\x00-\x1f\x7f].{0,20}", rest)[
        :3
    ]
    assert "\u202e" not in desk.output.decode()
    assert b"]52;" in desk.output
    assert not re.search(rb"\x1b\]52|\x1b\[2J.{0,4}Borrado", desk.output)
