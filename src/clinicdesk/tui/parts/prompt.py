"""PromptLine: the reserved row 23. Questions, refusals, news, or what Enter will do; never a modal window.

A sentence that is wider than the row begins in the rows above it: it wraps, and is never cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from textual import events

from clinicdesk.kit.text import cells, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.look import SELECTION, Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, flowed, spread, width_of, words_of
from clinicdesk.tui.parts.field import MOST_CHARACTERS, Entry

Check = Callable[[str], str | None]
"""An answer → why it will not do, or None."""


class _Kind(Enum):
    TEXT = "text"
    PICK = "pick"
    CONFIRM = "confirm"
    ACCEPT = "accept"


@dataclass(slots=True)
class _Question:
    """What is being asked, and the one who waits for it."""

    words: str
    kind: _Kind
    answer: asyncio.Future[str | None]
    entry: Entry = field(default_factory=Entry)
    check: Check | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    at_once: bool = False
    hint: str = ""
    enter: str | None = None


_KEPT: Final = 4
"""Rows that no sentence covers: header and context, and the keys."""
_TYPING: Final = 24
"""Columns that a typed answer has at least."""


class Above(Part):
    """The rows over row 23 that a long sentence takes from the body, as long as it stands."""

    DEFAULT_CSS = "Above { layer: cover; dock: bottom; offset: 0 -2; width: 100%; display: none; }"

    def __init__(self) -> None:
        """None."""
        super().__init__(id="above")
        self._lines: Sequence[Sequence[Bit]] = ()

    def show(self, lines: Sequence[Sequence[Bit]]) -> None:
        """These rows; without any the body stands there."""
        if list(lines) == list(self._lines):
            return
        self._lines = lines
        if lines:
            self.styles.height = len(lines)
        self.display = bool(lines)
        self.redraw()

    def line(self, y: int, _width: int) -> Sequence[Bit]:
        """One of them."""
        return self._lines[y] if y < len(self._lines) else ()


class PromptLine(Part):
    """One line that talks.

    `ask`, `ask_secret`, `pick`, `confirm` and `accept` are awaited by a command; Esc answers None (or False).
    While a question is open, keys are answers and `say` waits its turn.
    """

    def __init__(self) -> None:
        """Silent."""
        super().__init__(id="prompt")
        self.above = Above()
        self._hint = Bit("")
        self._said: Bit | None = None
        self._question: _Question | None = None

    @property
    def asking(self) -> bool:
        """Whether a question is open; once it is answered, what is typed is for the next one."""
        return self._question is not None and not self._question.answer.done()

    @property
    def typing(self) -> bool:
        """Whether the open question takes text."""
        return self._question is not None and self.asking and self._question.kind is _Kind.TEXT

    # Saying

    def hint(self, words: str, tone: Tone = Tone.TEXT) -> None:
        """What Enter will do now: stands whenever nothing else is to be said."""
        self._hint = Bit(words, tone)
        self.repaint()

    def say(self, words: str, tone: Tone = Tone.TEXT) -> None:
        """News, until the next key: `* A014 … pasó a en espera 09:41 (Sosa).`"""
        self._said = Bit(words, tone)
        self.repaint()
        self.desk.at_next_key(self.hush)

    def refuse(self, words: str) -> None:
        """A no and its reason, until the next key."""
        self.say(words, Tone.ERROR)

    def alarm(self, words: str) -> None:
        """What must not be missed (a lost line, a bug), until the next key."""
        self.say(words, Tone.ALARM)

    def hush(self) -> None:
        """Back to the hint."""
        if self._said is not None:
            self._said = None
            self.repaint()

    # Asking

    async def ask(
        self, words: str, *, default: str = "", check: Check | None = None, most: int = MOST_CHARACTERS
    ) -> str | None:
        """A line of text, or None after Esc. A failed `check` says why and keeps what was typed."""
        return await self._ask(words, _Kind.TEXT, entry=Entry(default, most=most), check=check)

    async def ask_secret(self, words: str, *, hint: str = "", check: Check | None = None) -> str | None:
        """A password, shown as `*`, or None after Esc; `hint` stands at the right end."""
        return await self._ask(words, _Kind.TEXT, entry=Entry(secret=True), check=check, hint=hint)

    async def pick(
        self, words: str, options: Mapping[str, str], *, at_once: bool = False, enter: str | None = None
    ) -> str | None:
        """One of the options by its key (`{"1": "no responde"}`): the key, or None after Esc.

        The key marks and Enter accepts; with `at_once` the key is the answer. `enter` is what Enter
        answers while none is marked; without it Enter waits for a choice.
        """
        return await self._ask(words, _Kind.PICK, options=options, at_once=at_once, enter=enter)

    async def confirm(self, words: str, yes: str = "s") -> bool:
        """A yes by its key; Enter and Esc are no, the default."""
        return await self._ask(words, _Kind.CONFIRM, options={yes: _("sí")}) is not None

    async def accept(self, words: str) -> bool:
        """Whether Enter was pressed, as the words say it must be to go on; Esc is no."""
        return await self._ask(words, _Kind.ACCEPT) is not None

    async def _ask(
        self,
        words: str,
        kind: _Kind,
        *,
        entry: Entry | None = None,
        check: Check | None = None,
        options: Mapping[str, str] | None = None,
        at_once: bool = False,
        hint: str = "",
        enter: str | None = None,
    ) -> str | None:
        if self._question is not None:
            raise RuntimeError("a question is already open")
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._question = _Question(
            words, kind, answer, entry or Entry(), check, options or {}, at_once, hint, enter
        )
        self._said = None
        self.repaint()
        self.desk.question_opened()
        try:
            return await answer
        finally:
            self._question = None
            self.repaint()
            self.desk.question_closed()

    # Keys

    def press(self, key: events.Key) -> bool:
        """Answer the open question; every other key is swallowed, so that none acts behind it."""
        question = self._question
        if question is None or question.answer.done():
            return False
        self._said = None
        if key.key == "escape":
            question.answer.set_result(None)
        elif question.kind is _Kind.TEXT:
            self._press_text(question, key)
        else:
            self._press_option(question, key)
        self.repaint()
        return True

    def insert(self, text: str) -> None:
        """Pasted or scanned text: part of a text answer, never a choice."""
        if self._question is not None and self._question.kind is _Kind.TEXT:
            self._question.entry.insert(text)
            self.repaint()

    def _press_text(self, question: _Question, key: events.Key) -> None:
        if key.key != "enter":
            question.entry.press(key)
            return
        text = question.entry.text if question.entry.secret else question.entry.text.strip()
        if question.check is not None and (why := question.check(text)) is not None:
            self._said = Bit(why, Tone.ERROR)
            return
        question.answer.set_result(text)

    def _press_option(self, question: _Question, key: events.Key) -> None:
        if key.key == "enter":
            chosen = question.entry.text or question.enter
            if question.kind is _Kind.ACCEPT:
                question.answer.set_result("")
            elif question.kind is _Kind.CONFIRM or chosen:
                question.answer.set_result(chosen or None)
        elif key.character in question.options:
            if question.at_once or question.kind is _Kind.CONFIRM:
                question.answer.set_result(key.character)
            else:
                question.entry.set(key.character or "")

    # Drawing

    def line(self, _y: int, width: int) -> Sequence[Bit]:
        """What was just said, else the open question, else the hint: its last row."""
        return self._laid_out(width)[-1]

    def repaint(self, lines: Iterable[int] | None = None) -> None:
        """The rows above too."""
        super().repaint(lines)
        self._show_above()

    def _on_resize(self, _event: events.Resize) -> None:
        self._show_above()

    def _show_above(self) -> None:
        if self.is_mounted and self.size.width:
            rows = self._laid_out(self.size.width)[:-1]
            most = max(1, self.screen.size.height - _KEPT)
            self.above.show(rows if len(rows) <= most else [*rows[: most - 1], [Bit(" …")]])

    def _laid_out(self, width: int) -> list[list[Bit]]:
        if self._said is not None or self._question is None:
            said = self._said or self._hint
            return _rows([*words_of(said.text, said.tone)], width)
        return _question_rows(self._question, width)


def _rows(bits: Sequence[Bit], width: int) -> list[list[Bit]]:
    """The bits in the rows they take, each a blank from the edge."""
    return [[Bit(" "), *row] for row in flowed(bits, width - 1)]


def _question_rows(question: _Question, width: int) -> list[list[Bit]]:
    if question.kind is _Kind.TEXT:
        return _entry_rows(question, width)
    bits = [*words_of(question.words, Tone.TITLE)]
    for key, word in question.options.items():
        tone = Tone.SELECTED if key == question.entry.text else Tone.TEXT
        bits += [Bit("  "), Bit(f"{key} {word}", tone)]
    return _rows(bits, width)


def _entry_rows(question: _Question, width: int) -> list[list[Bit]]:
    """The words, and behind them what is typed, with room for it."""
    rows = _rows([*words_of(question.words, Tone.TITLE)], width)
    mark = Bit(f" {SELECTION} ", Tone.TITLE)
    end = f" {question.hint} " if question.hint else ""
    room = width - width_of((mark, Bit(end)))
    if len(rows) > 1 and room - width_of(rows[-1]) < _TYPING:
        rows.append([])
    head = [*rows.pop(), mark]
    left = width - width_of(head) - cells(shown(end))
    return [*rows, spread([*head, *question.entry.view(max(12, left))], end, width)]
