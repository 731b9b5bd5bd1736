"""User-facing words: Spanish source text goes through `_`; the domain stores codes and the faces speak."""

from __future__ import annotations


def _(text: str) -> str:
    """The text in the reader's variety of Spanish: today the source text itself."""
    return text


def plural(count: int, one: str, many: str) -> str:
    """`1 turno`, `2 turnos`: both forms are given whole, so that a catalogue can translate them."""
    return f"{count} {one if count == 1 else many}"
