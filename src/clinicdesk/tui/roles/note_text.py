"""The words of a note, pure: its headings, what counts as written, diagnoses as they are typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from clinicdesk.clinic.records.headings import HEADINGS, heading, says_something, sections
from clinicdesk.clinic.records.queries import DiagnosisRow
from clinicdesk.clinic.records.rules import DiagnosisEntry, is_cie10
from clinicdesk.clinic.records.unfilled import Gap
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _
from clinicdesk.tui.parts.prose import Place

_CATEGORY: Final = 3
_BETWEEN: Final = _("── Texto guardado en otro puesto, {} ──")
_SEAM: Final = re.compile("[0-9:]+".join(map(re.escape, _BETWEEN.split("{}"))))
_ENDS: Final = "\n"
_REASON: Final = "motivo"


def template(reason: str | None = None, body: str = "\n\n".join(HEADINGS)) -> str:
    """An empty note: the template's lines, with the turn's reason under the heading that asks for it."""
    said = clean_line(reason or "").rstrip(".")
    lines = []
    for line in body.split("\n"):
        head = line.strip()
        asks = bool(said) and head.endswith(":") and head.lower().startswith(_REASON)
        lines.append(f"{head} {said}. " if asks else f"{head} " if head.endswith(":") else line)
        said = "" if asks else said
    return "\n".join(lines)


def changed_to(text: str, known: Sequence[str], before: str, blank: str) -> str:
    """A text begun with the template `before`, going on with `blank`: what was typed stays, word for word.

    What stood under a heading stands under it again where the new template has it, and after the
    template where it has not; what came with the old one and nobody changed goes.
    """
    untouched = {tuple(_trimmed(lines)) for lines in sections(before, known)}
    typed = [
        _trimmed(lines)
        for lines in sections(text, known)
        if says_something(lines, known) and tuple(_trimmed(lines)) not in untouched
    ]
    made = [] if not blank.strip() else [_trimmed(lines) or [""] for lines in sections(blank, known)]
    for section in typed:
        head = section[0][: heading(section[0], known)]
        place = next((at for at, lines in enumerate(made) if head and lines[0].startswith(head)), None)
        if place is None:
            made.append(section)
        else:
            made[place] = section
    kept = [section for section in made if section != [""]]
    return "\n\n".join("\n".join(_headed(lines, known)) for lines in kept)


def _trimmed(lines: Sequence[str]) -> list[str]:
    found = [line.rstrip() for line in lines]
    while found and not found[-1]:
        found.pop()
    while found and not found[0]:
        found.pop(0)
    return found


def _headed(lines: Sequence[str], known: Sequence[str]) -> list[str]:
    """A heading with nothing behind it keeps the blank that typing goes on after."""
    first = lines[0]
    return [f"{first} " if heading(first, known) == len(first) else first, *lines[1:]]


def said_under(text: str, head: str, known: Sequence[str] = HEADINGS) -> str:
    """What stands under a heading, in one line; "" where it has nothing, or is not there."""
    for lines in sections(text, known):
        if lines and lines[0].startswith(head):
            return clean_line(" ".join([lines[0][len(head) :], *lines[1:]]))
    return ""


def both_texts(mine: str, theirs: str, hour: str, held: str = "") -> str:
    """What was typed here and what another desk saved, one under the other; nothing twice, nothing lost.

    `held` is what this desk last knew to be saved: what stands in it was there when this text was typed, and
    does not come back each time that two desks save in turns.
    """
    if theirs.strip() in mine:
        return mine
    if mine.strip() in theirs:
        return theirs
    known = {part.strip() for part in _SEAM.split(held)}
    new = [part for part in _SEAM.split(theirs) if part.strip() not in known and part.strip() not in mine]
    return "".join([mine, *(f"\n\n{_BETWEEN.format(hour)}\n{part.strip(_ENDS)}" for part in new)])


def seams(text: str) -> tuple[Gap, ...]:
    """Where texts of two desks meet: the line between them is no part of a note."""
    lines = enumerate(text.split("\n"))
    return tuple(
        Gap(number, 0, len(line), line.strip("─ ")) for number, line in lines if _SEAM.fullmatch(line.strip())
    )


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


def lines_of(text: str, known: Sequence[str] = HEADINGS) -> int:
    """Lines that say something, as a person counts them."""
    return sum(1 for line in text.split("\n") if line[heading(line, known) :].strip())


def under(text: str, head: str, said: str, known: Sequence[str]) -> tuple[str, Place] | None:
    """A text with a line added at the end of a section, and the place after it; None without that heading."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if line.startswith(head)), None)
    if start is None:
        return None
    after = next((at for at in range(start + 1, len(lines)) if heading(lines[at], known)), len(lines))
    last = max((at for at in range(start, after) if lines[at].strip()), default=start)
    lines[last] = f"{lines[last].rstrip()} {said}"
    return "\n".join(lines), Place(last, len(lines[last]))


def first_place(text: str, known: Sequence[str] = HEADINGS) -> Place:
    """Where writing begins: after what stands under the first heading."""
    lines = text.split("\n")
    after = next((at for at in range(1, len(lines)) if heading(lines[at], known)), len(lines))
    last = max((at for at in range(after) if lines[at].strip()), default=0)
    return Place(last, len(lines[last]))
