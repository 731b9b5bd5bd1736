"""What comes from the keyboard, told apart: keys, pasted text, scans. Pure: text and times in, items out.

A terminal sends letters and escape sequences on one line, cut anywhere. Three things must never
become a verb of the screen: the rest of an unknown sequence, pasted text, and a scanner's burst.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.constants import ESCAPE_DELAY

BURST_LENGTH: Final = 8
"""More characters than this within `BURST_SECONDS` are a scan or a paste."""
BURST_SECONDS: Final = 0.1
SCAN_GAP: Final = 0.025
"""A letter that may be a verb waits this long, in seconds, for a scanner's next character."""
PARTIAL_SECONDS: Final = 1.0
"""A sequence cut short is given up after this long."""
PASTE_SECONDS: Final = 5.0
"""A paste whose end never comes is closed after this long without a byte."""
PASTE_LIMIT: Final = 1_000_000

_ESC: Final = "\x1b"
_PASTE_START: Final = "\x1b[200~"
_PASTE_END: Final = "\x1b[201~"
_WHOLE: Final = re.compile(
    "\x1b(?:\\[\\[[A-E]|\\[(?!\\[)[0-?]*[ -/]*[@-~]|O[ -~]|[\\]P](?=[0-9>|])[^\x07\x1b]*(?:\x07|\x1b\\\\))"
)
_PARTIAL: Final = re.compile("\x1b(?:\\[\\[?|\\[[0-?]*[ -/]*|O|[\\]P](?:[0-9>|][^\x07\x1b]*\x1b?)?)?")


@dataclass(frozen=True, slots=True)
class Press:
    """One key as the terminal sent it: a character or a known escape sequence."""

    sequence: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """Text that is text, never verbs."""

    text: str
    scanned: bool = False


Item = Press | Pasted


class KeyReader:
    """Turns decoded input into items: `feed` at arrival, `tick` at `deadline` (monotonic seconds)."""

    def __init__(self) -> None:
        """Nothing held."""
        self.hold = True
        """Letters may be verbs now, so each waits `SCAN_GAP`; set False while a text field has the focus."""
        self._held = ""
        self._since = 0.0
        self._paste: list[str] | None = None
        self._run: list[tuple[str, float]] = []

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        times = []
        if self._run:
            times.append(self._run[-1][1] + SCAN_GAP)
        if self._paste is not None:
            times.append(self._since + PASTE_SECONDS)
        elif self._held:
            times.append(self._since + self._patience())
        return min(times, default=None)

    def feed(self, text: str, at: float) -> list[Item]:
        """Items complete with this input."""
        items: list[Item] = []
        self._held += text
        self._since = at
        while self._held:
            step = self._paste_step() if self._paste is not None else self._step(at)
            if step is None:
                break
            items += step
        if self._run and not self.hold:
            items += self._end_run()
        return items

    def tick(self, at: float) -> list[Item]:
        """Items complete because nothing more came."""
        items: list[Item] = []
        if self._run and at >= self._run[-1][1] + SCAN_GAP:
            items += self._end_run()
        if self._paste is not None:
            if at >= self._since + PASTE_SECONDS:
                items += self._end_paste(self._held)
                self._held = ""
        elif self._held and at >= self._since + self._patience():
            held, self._held = self._held, ""
            items += self._end_run()
            if len(held) <= len("\x1bO"):
                items += [Press(char) for char in held if held != "\x1b["]
        return items

    def _patience(self) -> float:
        return ESCAPE_DELAY if self._held in {_ESC, "\x1bO", "\x1b]", "\x1bP"} else PARTIAL_SECONDS

    def _step(self, at: float) -> list[Item] | None:
        """Take one character or sequence off what is held; None while it is not whole."""
        if self._held[0] != _ESC:
            char, self._held = self._held[0], self._held[1:]
            if char.isprintable():
                self._run.append((char, at))
                return []
            return [*self._end_run(), Press(char)]
        if found := _WHOLE.match(self._held):
            self._held = self._held[found.end() :]
            return [*self._end_run(), *self._sequence(found[0])]
        if _PARTIAL.fullmatch(self._held) and len(self._held) < PASTE_LIMIT:
            return None
        self._held = self._held[1:]
        return [*self._end_run(), Press(_ESC)]

    def _sequence(self, sequence: str) -> list[Item]:
        """A whole sequence: a known key, the start of a paste, or nothing."""
        if sequence == _PASTE_START:
            self._paste = []
            return []
        return [Press(sequence)] if sequence in ANSI_SEQUENCES_KEYS else []

    def _paste_step(self) -> list[Item] | None:
        text, end, rest = self._held.partition(_PASTE_END)
        if end:
            self._held = rest
            return self._end_paste(text)
        safe = self._held.rfind(_ESC, max(0, len(self._held) - len(_PASTE_END) + 1))
        keep = len(self._held) if safe < 0 else safe
        self._add_paste(self._held[:keep])
        self._held = self._held[keep:]
        return None

    def _add_paste(self, text: str) -> None:
        if self._paste is not None and sum(map(len, self._paste)) < PASTE_LIMIT:
            self._paste.append(text)

    def _end_paste(self, text: str) -> list[Item]:
        self._add_paste(text)
        whole = "".join(self._paste or [])[:PASTE_LIMIT]
        self._paste = None
        return [Pasted(whole)] if whole else []

    def _end_run(self) -> list[Item]:
        """The printable characters since the last other key: keys, or one scan if they came too fast."""
        run, self._run = self._run, []
        text = "".join(char for char, _at in run)
        if any(
            last[1] - first[1] < BURST_SECONDS for first, last in zip(run, run[BURST_LENGTH:], strict=False)
        ):
            return [Pasted(text, scanned=True)]
        return [Press(char) for char in text]
