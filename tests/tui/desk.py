"""A real desk in a real terminal: log in, type scripts, count keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.factories import PASSWORD
from tests.terminal import Terminal

KEYS: Final = {
    "Enter": "\r",
    "Tab": "\t",
    "Esc": "\x1b",
    "Up": "\x1b[A",
    "Down": "\x1b[B",
    "Right": "\x1b[C",
    "Left": "\x1b[D",
    "F1": "\x1bOP",
    "F2": "\x1bOQ",
    "F3": "\x1bOR",
    "F4": "\x1bOS",
    "F5": "\x1b[15~",
    "F7": "\x1b[18~",
    "F8": "\x1b[19~",
    "F9": "\x1b[20~",
    "F10": "\x1b[21~",
    "PageUp": "\x1b[5~",
    "PageDown": "\x1b[6~",
    "Home": "\x1b[H",
    "End": "\x1b[F",
    "Delete": "\x1b[3~",
    "Back": "\x7f",
}
_TOKEN: Final = re.compile(r"<(\w+)>|(.)", re.DOTALL)
_GAP: Final = 0.04
"""Seconds between keys: as fast as hands, slower than a scanner."""

_AFTER_ESC: Final = 0.2
"""A key sooner after Esc would be one with Alt."""


def strokes(script: str) -> list[str]:
    """`28431907<Enter>` → what each key sends, one item a key."""
    return [KEYS[name] if name else char for name, char in _TOKEN.findall(script)]


class Desk(Terminal):
    """One desk. `at` (ISO, UTC) sets its clock; `users` are the demo users on its login.

    `lock` and `lasts` are seconds: without a key until it locks, and from login to the session's end.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        size: tuple[int, int] = (80, 24),
        at: str = "",
        users: str = "",
        colour: bool = True,
        lock: float | None = None,
        lasts: float | None = None,
    ) -> None:
        """Start it; the login is on its way."""
        self.database = urlsplit(environment["CLINICDESK_DATABASE_URL"]).path.lstrip("/")
        extra = {"DESK_AT": at, "DESK_USERS": users, "NO_COLOR": "" if colour else "1"}
        extra |= {"DESK_LOCK": str(lock or ""), "DESK_LASTS": str(lasts or "")}
        super().__init__([sys.executable, "-m", "tests.tui.program"], size=size, env={**environment, **extra})

    def log_in(self, username: str) -> Desk:
        """Type name and password, and wait until the login is gone."""
        self.wait_for("Usuario")
        self.press(f"{username}<Enter>")
        self.send(PASSWORD)
        self.press("<Enter>")
        self.wait_for(lambda: "Usuario " not in self.text and "vivo" in self.text)
        self.settle()
        return self

    def press(self, script: str) -> int:
        """Type a script as hands do; how many keys that were."""
        keys = strokes(script)
        for key in keys:
            self.stroke(key, _GAP if key != KEYS["Esc"] else _AFTER_ESC)
        return len(keys)

    def line_shows(self, *texts: str) -> None:
        """The reserved line comes to hold all of the texts, with what it began in the rows above it."""

        def holds() -> bool:
            said = self.sentence
            return all(text in said for text in texts)

        self._until(holds, lambda: f"a line with {list(texts)}")

    def _is_served(self) -> bool:
        """Whether the server does something in this desk's database."""
        return any(_serves(process, self.database) for process in Path("/proc").glob("[0-9]*"))

    @property
    def line(self) -> str:
        """The reserved line."""
        return self.lines[-2].strip()

    @property
    def sentence(self) -> str:
        """The reserved line, and the rows above it that are as full as rows that a sentence goes on after."""
        rows = [self.lines[-2].strip()]
        for above in reversed(self.lines[1:-2]):
            option = re.match(r"\S \S+(?: \S+)*", rows[0])
            first = option[0] if option else rows[0].partition(" ")[0]
            full = re.match(r" \S", above) and len(above) + 1 + len(first) > self.columns
            if not first or not full:
                break
            rows.insert(0, above.strip())
        return " ".join(rows)

    def row_of(self, text: str) -> str:
        """The first line of the screen with this text; empty while there is none."""
        return next((line for line in self.lines if text in line), "")


def _serves(process: Path, database: str) -> bool:
    """Whether this is a server process at work for somebody in the database, as its title says."""
    try:
        title = (process / "cmdline").read_bytes().decode(errors="replace")
        running = (process / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    except OSError:
        return False
    _head, found, doing = title.partition(f" {database} [local] ")
    return bool(found) and (running or not doing.startswith("idle"))
