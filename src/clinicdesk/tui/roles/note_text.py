"""The words of a note, pure: its headings, what counts as written, diagnoses as they are typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from clinicdesk.clinic.records.queries import DiagnosisRow
from clinicdesk.clinic.records.rules import DiagnosisEntry, is_cie10
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _
from clinicdesk.tui.parts.prose import Place

HEADINGS: Final = (_("Motivo:"), _("Subjetivo:"), _("Objetivo:"), _("Plan:"))
_CATEGORY: Final = 3
_BETWEEN: Final = _("── Texto guardado en otro puesto, {} ──")


def heading(paragraph: str) -> int:
    """How many first characters of a paragraph are a heading."""
    return next((len(each) for each in HEADINGS if paragraph.startswith(each)), 0)


def template(reason: str | None = None) -> str:
    """An empty note: the headings, with the turn's reason under the first."""
    first, *others = HEADINGS
    known = clean_line(reason or "").rstrip(".")
    known = f"{known}. " if known else ""
    return "\n\n".join([f"{first} {known}", *(f"{each} " for each in others)])


def tidy(text: str) -> str:
    """The note as it will be signed: headings with nothing under them go, and so do blank ends."""
    sections: list[list[str]] = [[]]
    for line in text.split("\n"):
        if heading(line):
            sections.append([])
        sections[-1].append(line.rstrip())
    return "\n".join(line for lines in sections if _says_something(lines) for line in lines).strip("\n")


def _says_something(lines: list[str]) -> bool:
    return any(line[heading(line) :].strip() for line in lines)


def both_texts(mine: str, theirs: str, hour: str) -> str:
    """What was typed here and what another desk saved, one under the other; nothing twice, nothing lost."""
    if theirs.strip() in mine:
        return mine
    if mine.strip() in theirs:
        return theirs
    return f"{mine}\n\n{_BETWEEN.format(hour)}\n{theirs}"


def both_diagnoses(
    mine: Iterable[DiagnosisEntry], theirs: Iterable[DiagnosisEntry]
) -> tuple[DiagnosisEntry, ...]:
    """The diagnoses of both desks; of one code the one stated here."""
    found = {entry.code: entry for entry in theirs} | {entry.code: entry for entry in mine}
    return tuple(found.values())


def stated(
    text: str, known: Iterable[DiagnosisRow], already: tuple[DiagnosisEntry, ...]
) -> DiagnosisEntry | str:
    """A diagnosis from `I10 HTA esencial`, or why it is none.

    A code from the patient's own problems may come alone, and brings its text and whether it is
    chronic. The first diagnosis of a note is the main one.
    """
    first, _blank, words = clean_line(text).partition(" ")
    code = _code(first)
    problem = next((row for row in known if row.code.upper() == (code or first).upper()), None)
    if code is None and problem is None:
        return _("Empezar por el código de la CIE-10, como en: I10 HTA esencial.")
    if any(entry.code == (problem.code if problem else code) for entry in already):
        return _("Ese código ya está en la nota.")
    kind = "relacionado" if already else "principal"
    if problem is not None:
        return DiagnosisEntry(
            problem.code, words or problem.text, problem.system, kind=kind, chronic=problem.chronic
        )
    if not words:
        return _("Falta el nombre: {} y el diagnóstico en palabras.").format(code)
    return DiagnosisEntry(str(code), words, kind=kind)


def _code(word: str) -> str | None:
    """`e119` → `E11.9`, `i10x` → `I10`; None for what is no code of the CIE-10."""
    if not is_cie10(word):
        return None
    letters = word.upper().replace(".", "")
    category, more = letters[:_CATEGORY], letters[_CATEGORY:]
    return f"{category}.{more}" if more and more != "X" else category


def turned(entry: DiagnosisEntry, key: str) -> DiagnosisEntry:
    """A diagnosis after one of the keys of `TURNS`."""
    if key in {"p", "c"}:
        return replace(entry, certainty="presuntivo" if key == "p" else "confirmado")
    if key in {"1", "2"}:
        return replace(entry, kind="principal" if key == "1" else "relacionado")
    return replace(entry, chronic=not entry.chronic)


TURNS: Final = {
    "p": _("presuntivo"),
    "c": _("confirmado"),
    "1": _("principal"),
    "2": _("relacionado"),
    "3": _("crónico"),
}
"""Key → what it makes of a diagnosis."""


def without(entries: tuple[DiagnosisEntry, ...], code: str) -> tuple[DiagnosisEntry, ...]:
    """The list without one of them; where the main one went, the first of the others is it."""
    left = tuple(entry for entry in entries if entry.code != code)
    if not left or any(entry.kind == "principal" for entry in left):
        return left
    return (replace(left[0], kind="principal"), *left[1:])


def turned_in(entries: tuple[DiagnosisEntry, ...], code: str, key: str) -> tuple[DiagnosisEntry, ...]:
    """The list after a key on one of them; there is one main diagnosis, so another steps back."""
    return tuple(
        turned(entry, key)
        if entry.code == code
        else replace(entry, kind="relacionado")
        if key == "1"
        else entry
        for entry in entries
    )


def lines_of(text: str) -> int:
    """Lines that say something, as a person counts them."""
    return sum(1 for line in text.split("\n") if line[heading(line) :].strip())


def first_place(text: str) -> Place:
    """Where writing begins: after what stands under the first heading."""
    lines = text.split("\n")
    after = next((at for at in range(1, len(lines)) if heading(lines[at])), len(lines))
    last = max((at for at in range(after) if lines[at].strip()), default=0)
    return Place(last, len(lines[last]))
