"""What the forms of a person's data share: fields by fact, and the way from one to the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from textual import events

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.facts import FALSE, TRUE, Fact
from clinicdesk.clinic.patients.rules import NAME_MOST
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Field
from clinicdesk.tui.screens import ClinicScreen

LABEL: Final = 12
DATE_LENGTH: Final = 10
_DATE: Final = re.compile(r"(\d{1,2})[/. -]?(\d{1,2})[/. -]?(\d{4})")
_YES: Final = "S"
_NO: Final = "N"
YES_OR_NO: Final = _YES + _NO


class LetterField(Field):
    """One letter of a few."""

    def __init__(self, label: str, letters: str, on_change: Callable[[str], None]) -> None:
        """Empty; `letters` are shown at its end."""
        note = f"({' '.join(letters)})"
        super().__init__(label, label_width=LABEL, most=1, note=note, on_change=on_change)
        self._letters = frozenset(letters)

    def press(self, key: events.Key) -> bool:
        """A letter replaces the one there is."""
        if key.character and key.character.upper() in self._letters:
            self.value = key.character.upper()
            return True
        return bool(key.character and key.character.isprintable()) or super().press(key)


class DateField(Field):
    """`07/03/1990`: the slashes come by themselves."""

    def __init__(self, label: str, on_change: Callable[[str], None]) -> None:
        """Empty."""
        super().__init__(label, label_width=LABEL, most=DATE_LENGTH, on_change=on_change)

    def press(self, key: events.Key) -> bool:
        """Digits, with their slashes."""
        if key.character and key.character.isprintable():
            if key.character.isdigit() and self.entry.at == len(self.entry.text):
                self.value = slashed(self.entry.text + key.character)
            elif key.character.isdigit() or key.character == "/":
                return super().press(key)
            return True
        return super().press(key)

    def insert(self, text: str) -> None:
        """Eight digits that come at once are a day too."""
        whole = self.entry.text + "".join(filter(str.isdigit, text))
        if whole.isdigit():
            self.value = slashed(whole)
        else:
            super().insert(text)


class ChoiceField(Field):
    """One of a few words: a letter goes to the next one that begins so, ← and → to its neighbours."""

    def __init__(
        self, label: str, words: Mapping[str, str], on_change: Callable[[str], None] | None = None
    ) -> None:
        """At the first of the words, which are given by their codes."""
        first = next(iter(words.values()))
        super().__init__(label, first, label_width=LABEL, note="(← →)", on_change=on_change)
        self._words = dict(words)

    @property
    def code(self) -> str:
        """The code of the word that stands."""
        return next((code for code, word in self._words.items() if word == self.value), "")

    def press(self, key: events.Key) -> bool:
        """Go to another word; what is no word is not typed."""
        words = list(self._words.values())
        at = words.index(self.value) if self.value in words else 0
        if key.key in {"left", "right"}:
            self.value = words[(at + (1 if key.key == "right" else -1)) % len(words)]
        elif key.character and key.character.isprintable():
            typed = folded(key.character) or key.character
            begins = (word for word in words[at + 1 :] + words[: at + 1] if folded(word).startswith(typed))
            self.value = next(begins, self.value)
        else:
            return False
        return True

    def insert(self, text: str) -> None:
        """Pasted text chooses nothing."""


def slashed(text: str) -> str:
    """`0703` → `07/03/`: a date as far as it is typed."""
    digits = "".join(filter(str.isdigit, text))[:8]
    parts = [digits[:2], digits[2:4], digits[4:]]
    return "/".join(part for at, part in enumerate(parts) if part or (at and len(parts[at - 1]) == 2))  # noqa: PLR2004


def parsed_date(text: str) -> date | None:
    """A day as typed; None where it is none."""
    found = _DATE.fullmatch(text.strip())
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def in_form(fact: Fact, text: str, country: str) -> str:
    """A fact's text as its field holds it; a phone as it is dialled in the country."""
    if fact.is_phone:
        return phones.shown(text, country)
    if fact.is_flag:
        return _YES if text == TRUE else _NO
    return fact.shown(text)


def from_form(fact: Fact, text: str) -> str:
    """What a field holds, as the fact's text. Raises InvalidInput for a date that does not exist."""
    if fact.is_flag:
        return TRUE if text == _YES else FALSE
    if fact.words:
        return next((code for code, word in fact.words.items() if word == text), text)
    if not fact.is_day or not text:
        return text
    if (day := parsed_date(text)) is None:
        raise InvalidInput(_("La fecha de nacimiento no existe: se espera día/mes/año."))
    return day.isoformat()


class PatientForm(ClinicScreen):
    """Base of the forms: fields one below the other; a letter or a date that is whole goes on by itself."""

    fields: Mapping[str, Field]

    def text_field(self, name: str, label: str) -> Field:
        """A line of text."""
        return Field(label, label_width=LABEL, most=NAME_MOST, on_change=lambda text: self.edited(name, text))

    def letter_field(self, name: str, label: str, letters: str) -> Field:
        """One letter of a few."""
        return LetterField(label, letters, lambda text: self._whole(name, text, 1))

    def date_field(self, name: str, label: str) -> Field:
        """A day."""
        return DateField(label, lambda text: self._whole(name, text, DATE_LENGTH))

    def field_of(self, fact: Fact) -> Field:
        """The field of a fact."""
        if fact.is_day:
            return self.date_field(fact.name, fact.short_label)
        if fact.words:
            return ChoiceField(fact.short_label, fact.words, lambda text: self.edited(fact.name, text))
        if fact.letters or fact.is_flag:
            return self.letter_field(fact.name, fact.short_label, fact.letters or YES_OR_NO)
        return self.text_field(fact.name, fact.short_label)

    def edited(self, name: str, text: str) -> None:
        """A field holds another text."""

    def value(self, name: str) -> str:
        """What a field holds."""
        return self.fields[name].value

    def next_field(self) -> None:
        """Down one."""
        self.focus_next()
        self.keys_changed()

    def previous_field(self) -> None:
        """Up one."""
        self.focus_previous()
        self.keys_changed()

    def _whole(self, name: str, text: str, length: int) -> None:
        if len(text) == length and self.is_mounted and self.focused is self.fields[name]:
            self.next_field()
        self.edited(name, text)
