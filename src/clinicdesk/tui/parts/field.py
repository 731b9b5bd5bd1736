"""One-line text entry: `Entry` is the bare editor (pure), `Field` has a label, `SearchBox` a count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from rich.cells import get_character_cell_size
from textual import events

from clinicdesk.kit.text import cells, clean_line, fit, shown
from clinicdesk.tui.look import SELECTION, Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, Cell, bits_of, width_of

MOST_CHARACTERS: Final = 500
_BLANKS: Final = re.compile(r"\s+")


class Entry:
    """A line of text and a cursor: what the editing keys do to it, and how it looks."""

    def __init__(self, text: str = "", *, secret: bool = False, most: int = MOST_CHARACTERS) -> None:
        """The cursor at the end; `secret` shows `*` for each character."""
        self.secret, self.most = secret, most
        self.set(text)

    def set(self, text: str) -> None:
        """Other text, the cursor at its end."""
        self.text = clean_line(text)[: self.most] if not self.secret else text[: self.most]
        self.at = len(self.text)

    def insert(self, text: str) -> None:
        """Put text at the cursor as one line; an accent that comes alone joins its letter (NFC)."""
        typed = "".join(filter(str.isprintable, _BLANKS.sub(" ", text)))
        room = self.most - len(self.text)
        before = unicodedata.normalize("NFC", self.text[: self.at] + typed[:room])
        self.text, self.at = before + self.text[self.at :], len(before)

    def press(self, key: events.Key) -> bool:
        """An editing key or a character; False for any other key."""
        if key.character and key.character.isprintable() and len(key.character) == 1:
            self.insert(key.character)
            return True
        edit = _EDITS.get(key.key)
        if edit is None:
            return False
        self.text, self.at = edit(self.text, self.at)
        return True

    def view(self, width: int) -> list[Bit]:
        """The part around the cursor in exactly `width` columns (3 or more), the cursor reversed."""
        text = "*" * len(self.text) if self.secret else self.text
        before, after = shown(text[: self.at]), shown(text[self.at :]) or " "
        end = _next(after, 0)
        under, rest = after[:end], after[end:]
        if cells(before) > width - cells(under):
            before = "…" + _tail(before, width - cells(under) - 1)
        used = cells(before) + cells(under)
        return [Bit(before), Bit(under, Tone.CURSOR), Bit(fit(rest, max(0, width - used)))]


def _tail(text: str, width: int) -> str:
    """The end of the text, in at most `width` columns."""
    start, used = len(text), 0
    while start > 0 and (used := used + get_character_cell_size(text[start - 1])) <= width:
        start -= 1
    return text[start:]


def _next(text: str, at: int) -> int:
    """The index after the letter at `at` and its combining marks."""
    at = min(at + 1, len(text))
    while at < len(text) and get_character_cell_size(text[at]) == 0:
        at += 1
    return at


def _previous(text: str, at: int) -> int:
    at = max(at - 1, 0)
    while at > 0 and get_character_cell_size(text[at]) == 0:
        at -= 1
    return at


def _word_start(text: str, at: int) -> int:
    return len(text[:at].rstrip().rpartition(" ")[0]) + (" " in text[:at].rstrip())


_Edit = Callable[[str, int], tuple[str, int]]
_EDITS: Final[dict[str, _Edit]] = {
    "left": lambda text, at: (text, _previous(text, at)),
    "right": lambda text, at: (text, _next(text, at)),
    "home": lambda text, _at: (text, 0),
    "end": lambda text, _at: (text, len(text)),
    "backspace": lambda text, at: (text[: _previous(text, at)] + text[at:], _previous(text, at)),
    "delete": lambda text, at: (text[:at] + text[_next(text, at) :], at),
    "ctrl+a": lambda text, _at: (text, 0),
    "ctrl+e": lambda text, _at: (text, len(text)),
    "ctrl+u": lambda text, at: (text[at:], 0),
    "ctrl+k": lambda text, at: (text[:at], at),
    "ctrl+w": lambda text, at: (text[: _word_start(text, at)] + text[at:], _word_start(text, at)),
}


class Field(Part):
    """`  Etiqueta    texto`: marked `»` with the focus, `!` where its text was refused."""

    can_focus = True
    takes_text = True

    def __init__(
        self,
        label: str = "",
        value: str = "",
        *,
        label_width: int = 0,
        margin: int = 2,
        secret: bool = False,
        most: int = MOST_CHARACTERS,
        note: Cell = "",
        on_change: Callable[[str], None] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`margin` columns hold the mark before the label; `note` stands at the right end."""
        super().__init__(id=id)
        self.entry = Entry(value, secret=secret, most=most)
        self._label, self._label_width, self._margin = label, label_width, margin
        self._note, self._on_change, self._wrong = note, on_change, False

    @property
    def value(self) -> str:
        """The text, as stored."""
        return self.entry.text if self.entry.secret else clean_line(self.entry.text)

    @value.setter
    def value(self, text: str) -> None:
        self.entry.set(text)
        self._after_edit()

    def note(self, note: Cell) -> None:
        """Other text at the right end."""
        self._note = note
        self.repaint()

    def wrong(self, wrong: bool = True) -> None:
        """Mark or unmark the label with `!`; the reason goes to the prompt line. Typing unmarks."""
        self._wrong = wrong
        self.repaint()

    def press(self, key: events.Key) -> bool:
        """Edit; keys that do not edit are left to the screen."""
        if not self.entry.press(key):
            return False
        self._after_edit()
        return True

    def insert(self, text: str) -> None:
        """Pasted or scanned text, as one line."""
        self.entry.insert(text)
        self._after_edit()

    def line(self, _y: int, width: int) -> list[Bit]:
        """Mark, label, text, note."""
        mark = "!" if self._wrong else SELECTION if self.has_focus else " "
        tone = Tone.ERROR if self._wrong else Tone.TEXT
        head = [Bit(self._head(mark), tone)]
        note = bits_of(self._note)
        room = max(3, width - width_of(head) - width_of(note) - 1)
        return [*head, *self._text(room), *note, Bit(" ")]

    def _head(self, mark: str) -> str:
        label = fit(self._label, self._label_width) if self._label_width else shown(self._label)
        return f"{mark:<{self._margin}}{label} "

    def _text(self, room: int) -> list[Bit]:
        view = self.entry.view(room)
        return view if self.has_focus else [Bit(bit.text) for bit in view]

    def _after_edit(self) -> None:
        self._wrong = False
        self.repaint()
        if self._on_change is not None:
            self._on_change(self.value)


class SearchBox(Field):
    """` Paciente » 2843_      3 candidatos`: the row where a search is typed, with its count at the end."""

    def _head(self, mark: str) -> str:
        return f" {shown(self._label)} {mark if mark != ' ' else SELECTION} "
