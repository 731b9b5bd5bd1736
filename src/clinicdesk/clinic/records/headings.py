"""The headings of a note, pure: lines that a template brings, and what stands under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clinicdesk.kit.words import _

HEADINGS: Final = (_("Motivo:"), _("Subjetivo:"), _("Objetivo:"), _("Plan:"))
"""Of a SOAP note. The diagnoses stand beside the text, each with its code."""


def headings_of(*bodies: str) -> tuple[str, ...]:
    """The headings of templates: their lines that end in a colon."""
    lines = (line.strip() for body in bodies for line in body.split("\n"))
    return tuple(dict.fromkeys(line for line in lines if line.endswith(":")))


def heading(paragraph: str, known: Sequence[str] = HEADINGS) -> int:
    """How many first characters of a paragraph are a heading."""
    return next((len(each) for each in known if paragraph.startswith(each)), 0)


def says_something(lines: Sequence[str], known: Sequence[str]) -> bool:
    """Whether there is a word besides headings."""
    return any(line[heading(line, known) :].strip() for line in lines)


def sections(text: str, known: Sequence[str]) -> list[list[str]]:
    """The lines of each section, its heading's first; of what stands before the first heading alone."""
    found: list[list[str]] = [[]]
    for line in text.split("\n"):
        if heading(line, known):
            found.append([])
        found[-1].append(line.rstrip())
    return found


def tidy(text: str, known: Sequence[str] = HEADINGS) -> str:
    """The note as it will be signed: headings with nothing under them go, and so do blank ends."""
    kept = (line for lines in sections(text, known) if says_something(lines, known) for line in lines)
    return "\n".join(kept).strip("\n")
