"""What a template asks for and nobody answered, pure: `PA ___`, a heading with nothing under it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clinicdesk.clinic.records.headings import heading

PROMPT: Final = "___"
"""How a gap is written; more lines are one gap, and `***` is one too, as other systems write it."""
_GAP: Final = re.compile(r"_{3,}|\*{3,}")
_HEADING_MOST: Final = 60
_SAID_MOST: Final = 40
_NAME: Final = re.compile(r"[^\W\d_]{3,}")
# Not inside a word or a code: `B12`, `E11.9`.
_NUMBER: Final = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")
_SEVERAL: Final = re.compile(rf"{PROMPT}(?: {PROMPT})+")


@dataclass(frozen=True, slots=True)
class Gap:
    """A place that waits for words: its line and column from 0, and how many letters it takes.

    A heading with nothing under it takes none. `said` is what stands around it.
    """

    line: int
    column: int
    length: int
    said: str


def gaps(text: str, known: Sequence[str] = ()) -> tuple[Gap, ...]:
    """What was left unfilled, from the first line on; headings of `known` go by themselves and are none."""
    lines = text.split("\n")
    return tuple(gap for number in range(len(lines)) for gap in _of_line(lines, number, known))


def prompts(text: str) -> tuple[Gap, ...]:
    """Those that are written out alone: what nobody signs unless they say so."""
    return tuple(gap for gap in gaps(text) if gap.length)


def _of_line(lines: Sequence[str], number: int, known: Sequence[str]) -> Iterator[Gap]:
    line = lines[number]
    before = 0
    for found in _GAP.finditer(line):
        yield Gap(number, found.start(), found.end() - found.start(), _around(line, before, found.end()))
        before = found.end()
    if _asks(line) and line.strip() not in known and _nothing_below(lines, number, known):
        yield Gap(number, len(line.rstrip()), 0, line.strip())


def _asks(line: str) -> bool:
    said = line.strip()
    return said.endswith(":") and 1 < len(said) <= _HEADING_MOST


def _nothing_below(lines: Sequence[str], number: int, known: Sequence[str]) -> bool:
    """Whether the note ends there, or another heading comes next."""
    below = next((line for line in lines[number + 1 :] if line.strip()), None)
    return below is None or _asks(below) or bool(heading(below, known))


def _around(line: str, before: int, end: int) -> str:
    """`PA ___`: the gap with the words before it, from the gap before, as far as there is room."""
    said = line[before:end].strip(" ,;./")
    return said if len(said) <= _SAID_MOST else f"…{said[1 - _SAID_MOST :]}"


def as_it_came(text: str, body: str, known: Sequence[str]) -> tuple[str, ...]:
    """The lines that a template filled in and nobody changed; headings and gaps are none."""
    brought = {line.strip() for line in body.split("\n")} - {""}
    stand = (line.strip() for line in text.split("\n"))
    return tuple(
        line
        for line in stand
        if line in brought and line[heading(line, known) :].strip() and not _GAP.search(line)
    )


def emptied(text: str, names: Sequence[str] = ()) -> str:
    """A note as the beginning of others: its numbers and the patient's names are gaps."""
    words = [word for name in names for word in _NAME.findall(name)]
    named = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None
    bare = named.sub(PROMPT, text) if named else text
    return _SEVERAL.sub(PROMPT, _NUMBER.sub(PROMPT, bare))
