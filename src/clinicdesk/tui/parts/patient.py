"""The two lines of the patient: who it is, then the alerts. The same on every screen about one patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinicdesk.kit.names import short_name
from clinicdesk.kit.text import cells, cut, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.look import ALLERGY, CRITICAL_HIGH, SEALED, SEVERE, Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, spread, width_of

_GAP: Final = "   "
_LEAST_NAME: Final = 18
"""Columns of the name below which the coverage goes rather than the name."""
_LEAST_COVERAGE: Final = 6
_MOST_DOCUMENT: Final = 28
_GRAVEST: Final = 3
"""Marks that no want of room leaves out: a death, a seal, critical results."""
_LEAST_ALLERGY: Final = 24
"""Columns that the first allergy keeps whatever else stands in its line."""


@dataclass(frozen=True, slots=True)
class Allergy:
    """One allergy as the strip shows it."""

    text: str
    severe: bool = False


@dataclass(frozen=True, slots=True)
class PatientLine:
    """What never leaves the screen while a patient is on it; all texts as they are to be read."""

    name: str
    """`Apellido1 Apellido2, Nombre1 Nombre2`: shortened where there is no room for it."""
    sex_age: str
    document: str
    coverage: str = ""
    chart: str = ""
    allergies: tuple[Allergy, ...] | None = ()
    """None: never asked."""
    criticals: str = ""
    """`1 sin acusar`, or nothing."""
    sealed: bool = False
    closed: bool = False
    """Sealed, and the reader sees who it is and no more."""
    deceased_on: date | None = None
    temporary: bool = False
    """Known by no document yet: a newborn, somebody found unconscious."""
    merged: str = ""
    """The other chart numbers of this person, as `HC 000123`."""
    guardian: str = ""
    """Who answers for a minor or a dependant."""


class PatientStrip(Part):
    """Rows 2–3: who it is, then the alerts, allergies first."""

    DEFAULT_CSS = "PatientStrip { height: 2; }"

    def __init__(self, patient: PatientLine | None = None) -> None:
        """Blank without a patient."""
        super().__init__(id="patient")
        self.patient = patient

    def show(self, patient: PatientLine | None) -> None:
        """Another patient, or a change in this one; the same again costs nothing."""
        if patient != self.patient:
            self.patient = patient
            self.repaint()

    def line(self, y: int, width: int) -> list[Bit]:
        """Identity above, alerts below."""
        if self.patient is None:
            return []
        return _identity(self.patient, width) if y == 0 else _alerts(self.patient, width)


def _identity(patient: PatientLine, width: int) -> list[Bit]:
    """Name, sex and age, document, coverage, chart number. The coverage gives way first, then the name."""
    chart = f"{_('HC')} {shown(patient.chart)} " if patient.chart else ""
    facts = [shown(patient.sex_age), cut(shown(patient.document), _MOST_DOCUMENT)]
    facts = [fact for fact in facts if fact]
    room = width - 2 - cells(chart) - sum(cells(fact) + len(_GAP) for fact in facts)
    name = shown(patient.name)
    coverage = _coverage(shown(patient.coverage), cells(name), room)
    if coverage:
        facts.append(coverage)
        room -= cells(coverage) + len(_GAP)
    family, _comma, given = name.partition(", ")
    texts = [f" {short_name(family, given, max(room, 1))}", *(f"{_GAP}{fact}" for fact in facts)]
    return spread([Bit(text, Tone.TITLE) for text in texts], [Bit(chart, Tone.TITLE)], width)


def _coverage(coverage: str, name_cells: int, room: int) -> str:
    """As much of the coverage as leaves the name its columns; nothing where that is too little."""
    left = room - len(_GAP) - min(name_cells, max(_LEAST_NAME, room - len(_GAP) - _LEAST_COVERAGE))
    return cut(coverage, left) if coverage and left >= min(_LEAST_COVERAGE, cells(coverage)) else ""


def _alerts(patient: PatientLine, width: int) -> list[Bit]:
    """Allergies, and at the right end what else must be known, in fewer words for want of room."""
    hidden = Bit(_("Alergias: no se ven aquí"))
    allergies = [hidden] if patient.closed else _allergies(patient.allergies)
    marks = _marks(patient)
    _shorten(marks, width - 3 - _long(allergies))
    _shorten(marks, width - 3 - _LEAST_ALLERGY, leave_out=True)
    right = [each[0] for each in marks]
    left = _fitting(allergies, width - 2 - _long(right) - bool(right))
    return spread([Bit(" "), *_apart(left)], [*_apart(right), Bit(" ")], width)


def _shorten(marks: list[list[Bit]], room: int, *, leave_out: bool = False) -> None:
    """Fewer words for the least grave first, until they fit; with `leave_out` without those that may go."""
    for mark in reversed(marks):
        if len(mark) > 1 and _long([each[0] for each in marks]) > room:
            del mark[0]
    while leave_out and len(marks) > _GRAVEST and _long([each[0] for each in marks]) > room:
        marks.pop()


def _marks(patient: PatientLine) -> list[list[Bit]]:
    """What is known beside allergies, the gravest first: each whole, then in fewer words."""
    marks: list[list[Bit]] = []
    if patient.deceased_on is not None:
        marks.append(_mark(Tone.FOCUS, f"{_('FALLECIÓ')} {patient.deceased_on:%d/%m/%Y}", _("FALLECIÓ")))
    if patient.sealed:
        marks.append(_mark(SEALED.tone, f"{SEALED.glyph} {SEALED.word}"))
    if patient.criticals:
        head = f"{CRITICAL_HIGH.glyph} {CRITICAL_HIGH.word}"
        count = shown(patient.criticals).split(" ")[0]
        marks.append(_mark(CRITICAL_HIGH.tone, f"{head} {shown(patient.criticals)}", f"{head} {count}"))
    if patient.temporary:
        marks.append(_mark(Tone.UNASKED, _("IDENTIDAD PROVISORIA"), _("PROVISORIA")))
    if patient.guardian:
        family, _comma, given = shown(patient.guardian).partition(", ")
        whole = _("a cargo de {}").format(short_name(family, given, _LEAST_ALLERGY))
        marks.append(_mark(Tone.STRONG, whole, _("con tutor")))
    if patient.merged:
        marks.append(_mark(Tone.TEXT, _("unida: {}").format(cut(shown(patient.merged), 30)), _("unida")))
    return marks


def _mark(tone: Tone, *forms: str) -> list[Bit]:
    return [Bit(form, tone) for form in forms]


def _allergies(allergies: tuple[Allergy, ...] | None) -> list[Bit]:
    """`!! ALERGIA penicilina (severa)  ! AINE`: the severe ones first; never blank."""
    if allergies is None:
        return [Bit(_("Alergias: sin preguntar"), Tone.UNASKED)]
    if not allergies:
        return [Bit(_("Alergias: ninguna conocida"))]
    bits: list[Bit] = []
    for at, allergy in enumerate(sorted(allergies, key=lambda each: not each.severe)):
        mark = SEVERE if allergy.severe else ALLERGY
        words = [mark.glyph, *([mark.word] if at == 0 else []), shown(allergy.text)]
        words += [_("(severa)")] if allergy.severe else []
        bits.append(Bit(" ".join(words), mark.tone))
    return bits


def _fitting(bits: Sequence[Bit], room: int) -> list[Bit]:
    """As many as there is room for, whole; how many are left is said, so that none is missed unseen."""
    if _long(bits) <= room:
        return list(bits)
    for count in range(len(bits) - 1, 0, -1):
        more = Bit(f"+{len(bits) - count}", bits[0].tone)
        if _long([*bits[:count], more]) <= room:
            return [*bits[:count], more]
    first, left = bits[0], len(bits) - 1
    rest = [Bit(f"+{left}", first.tone)] if left else []
    return [Bit(cut(first.text, max(1, room - _long(rest) - 2 * len(rest))), first.tone), *rest]


def _apart(bits: Sequence[Bit]) -> list[Bit]:
    return [bit for at, each in enumerate(bits) for bit in ([Bit("  ")] * (at > 0) + [each])]


def _long(bits: Sequence[Bit]) -> int:
    """Columns of these side by side."""
    return width_of(_apart(bits))
