"""What somebody typed into the search box, understood. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from clinicdesk.clinic.patients.cards import Card, proof_of, read_card, read_own_card
from clinicdesk.clinic.patients.spelling import PARTICLES, PREFIX_LETTERS, folded, name_words
from clinicdesk.kit.words import _

_SEPARATORS: Final = re.compile(r"[\s.\-–/()+]+")
_NUMBER: Final = re.compile(r"(?=.*[0-9])[0-9A-Z]{1,30}")
_NUMBER_LIKE: Final = re.compile(r"\+?[\d.\-\s()/]{3,}")
_CHART: Final = re.compile(r"(?:hc|historia|nn|rn)[\s-]*0*(\d{1,12})", re.IGNORECASE)
_INITIAL: Final = re.compile(r"([^\W\d_])\s*(\d{4})")
_BORN: Final = re.compile(r"(?:\d{1,2}[/.-]\d{1,2}[/.-])((?:18[89]|19\d|20\d)\d)")
_YEAR: Final = re.compile(r"(?:18[89]|19\d|20\d)\d")
_LONGEST_NUMBER: Final = 30
_MOST_WORDS: Final = 8
_MOST_LETTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: a card, a document or its beginning, a phone's end, a chart number, or words.

    `initial` is a surname's first letter with the last four digits of a document (`g4321`); `digits` are
    those that stand beside words: a document's beginning. `either` is a year that may be one too.
    `particles` were typed and may be a name's start.
    """

    document: str = ""
    chart_number: int | None = None
    words: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    initial: str = ""
    digits: str = ""
    year: int | None = None
    either: str = ""
    card: Card | None = None
    proof: int | None = None
    """Of a card of the house: what the holder's id must leave."""

    def by(self, this_year: int) -> Wanted:
        """The same in a year: nobody is born later, and a later one is how a document begins."""
        if self.either and self.year is not None and self.year > this_year:
            return replace(self, year=None, either="", digits=f"{self.either}{self.digits}")
        return self

    def is_of(self, patient_id: UUID) -> bool:
        """Whether who holds the chart number is whom the card was printed for."""
        return self.proof is None or self.proof == proof_of(patient_id)

    @property
    def empty(self) -> bool:
        """Too little to search by: less than three characters in every word."""
        return (
            not self.document
            and not self.initial
            and self.chart_number is None
            and not any(len(word) >= PREFIX_LETTERS for word in self.words)
        )

    @property
    def phone(self) -> str:
        """The digits of a document alone, read as a phone's."""
        return self.document if self.document.isdigit() else ""

    @property
    def narrowing(self) -> str:
        """What would leave fewer people, in the words of a hint."""
        if self.document or self.initial:
            return _("más cifras")
        if self.year is None:
            return _("año o documento")
        return _("documento")


def understood(text: str) -> Wanted:
    """One box takes all: a card's code, digits, `HC 123` a chart, `G4321`, else names.

    Letters with a digit among them may be either: a passport, or a name somebody numbered.
    """
    if (card := read_card(text)) is not None:
        return Wanted(document=card.number, card=card)
    text = unicodedata.normalize("NFKC", text).strip()
    if (own := read_own_card(text)) is not None:
        return Wanted(chart_number=own.chart_number, proof=own.proof)
    if found := _CHART.fullmatch(text):
        return Wanted(chart_number=int(found.group(1)))
    tail = text.rsplit(":", 1)[-1].upper()
    if _NUMBER_LIKE.fullmatch(tail) or (tail.isdigit() and tail.isascii()):
        return Wanted(document=_digits(tail))
    if found := _INITIAL.fullmatch(text):
        initial = f"{folded(found[1])[:1]}{found[2]}"
        return Wanted(document=_SEPARATORS.sub("", tail), initial=initial)
    number = tail if _NUMBER.fullmatch(tail) else ""
    return replace(_in_words(text), document=number)


def _digits(text: str) -> str:
    digits = _SEPARATORS.sub("", text)[:_LONGEST_NUMBER]
    return digits.lstrip("0") if len(digits) >= PREFIX_LETTERS else ""


def _in_words(text: str) -> Wanted:
    """Names, with a year, a day of birth or a document's digits among them."""
    year, either, digits, names = None, "", "", []
    for part in text.split():
        if found := _BORN.fullmatch(part):
            year, either = int(found[1]), ""
        elif _YEAR.fullmatch(part) and " " in text:
            year, either = int(part), part
        elif _NUMBER_LIKE.fullmatch(part):
            digits = digits + _SEPARATORS.sub("", part)
        else:
            names.append(part)
    said = " ".join(names)
    words = tuple(word[:_MOST_LETTERS] for word in name_words(said)[:_MOST_WORDS])
    *before, last = folded(said).split() or [""]
    found_particles = tuple(
        word
        for word in (*(each for each in before if len(each) >= PREFIX_LETTERS), last)
        if word in PARTICLES
    )
    particles = () if set(found_particles) & set(words) else found_particles
    return Wanted(words=words, particles=particles, digits=digits[:_LONGEST_NUMBER], year=year, either=either)
