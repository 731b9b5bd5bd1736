"""What a cell of a file must be: each check gives the value as COPY takes it, or raises Bad."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from clinicdesk.kit.text import clean, clean_line

EARLIEST: Final = "1880-01-01"
_WORDS_MOST: Final = 400
_KEY_MOST: Final = 80
_ROOM: Final = 4  # blanks that go before the length counts
_DAY_OR_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d))?", re.ASCII
)
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(\.\d{0,30})?([eE][+-]?\d{1,2})?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,9}", re.ASCII)
_LARGEST: Final = 1e15
_AMOUNT: Final = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
# Thousands that nothing else could be: two groups of them, or one before decimals.
_GROUPED: Final = {
    ".": re.compile(r"\d{1,3}(\.\d{3}){2,}(,\d+)?|\d{1,3}\.\d{3},\d+", re.ASCII),
    ",": re.compile(r"\d{1,3}(,\d{3}){2,}(\.\d+)?|\d{1,3},\d{3}\.\d+", re.ASCII),
}
_THOUSAND: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_DAY_LETTERS: Final = 10
_PLAIN_LETTERS: Final = len("2024-05-06T07:08:09Z")


class Fault(StrEnum):
    """Why a row is not taken: the merge in the database names the ones from UNKNOWN_PATIENT on."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NOT_TEXT = "not_text"
    NUL = "nul"
    BAD_DATE = "bad_date"
    SHORT_YEAR = "short_year"
    TOO_EARLY = "too_early"
    FUTURE = "future"
    BEFORE = "before"
    BAD_NUMBER = "bad_number"
    BAD_DOCUMENT = "bad_document"
    IMPLAUSIBLE = "implausible"
    UNKNOWN_VALUE = "unknown_value"
    UNKNOWN_REFERENCE = "unknown_reference"
    TOO_MANY_CELLS = "too_many_cells"
    TOO_FEW_CELLS = "too_few_cells"
    BAD_QUOTES = "bad_quotes"
    UNKNOWN_PATIENT = "unknown_patient"
    UNKNOWN_PERSON = "unknown_person"
    UNKNOWN_VISIT = "unknown_visit"
    VISIT_OF_ANOTHER = "visit_of_another"
    BEFORE_BIRTH = "before_birth"
    REPEATED = "repeated"
    DOCUMENT_TAKEN = "document_taken"
    AMBIGUOUS = "ambiguous"
    NO_ROW = "no_row"
    UNKNOWN_CLINIC = "unknown_clinic"
    NO_COMMA = "no_comma"
    BAD_CHECK_DIGIT = "bad_check_digit"
    BAD_PHONE = "bad_phone"
    BAD_MAIL = "bad_mail"
    DOCUMENT_OF_ANOTHER = "document_of_another"
    SAME_PATIENT = "same_patient"
    EDITED_SINCE = "edited_since"
    BAD_CODE = "bad_code"
    ALLERGIES_AND_NONE = "allergies_and_none"
    WHICH_ALLERGY = "which_allergy"
    NO_NUMBER = "no_number"


class Bad(Exception):  # noqa: N818 - a verdict on a row, not an error of the program
    """A row that cannot be taken: the column and value at fault, why, and what would have been right."""

    def __init__(self, column: str, value: str, fault: Fault, detail: str = "") -> None:
        super().__init__(column, value, fault, detail)
        self.column = column
        self.value = value
        self.fault = fault
        self.detail = detail


class Bads(Exception):  # noqa: N818 - a verdict on a row, not an error of the program
    """A row that cannot be taken for more than one reason: all of them, in the order of the columns."""

    def __init__(self, found: Sequence[Bad]) -> None:
        super().__init__(*found)
        self.found = tuple(found)


def _storable(column: str, value: str) -> str:
    """The text in NFC. NUL cannot be stored, and a lone surrogate is a byte that was no UTF-8."""
    if "\x00" in value:
        raise Bad(column, value, Fault.NUL)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Bad(column, value, Fault.NOT_TEXT) from None
    return clean(value)


def maybe(column: str, value: str, most: int = _WORDS_MOST) -> str | None:
    """Text without blanks at its ends, None where nothing is left."""
    said = value.strip() if value.isascii() and value.isprintable() else _storable(column, value)
    if len(said) > most:
        raise Bad(column, value, Fault.TOO_LONG, str(most))
    return said or None


def words(column: str, value: str, most: int = _WORDS_MOST) -> str:
    """Text that must be there."""
    said = maybe(column, value, most)
    if said is None:
        raise Bad(column, value, Fault.MISSING)
    return said


def line(column: str, value: str, most: int = _WORDS_MOST) -> str:
    """Text of one line, perhaps none: a name as the counter would store it."""
    # Printable is neither NUL nor a lone surrogate.
    said = clean_line(value if value.isprintable() else maybe(column, value, _ROOM * most) or "")
    if len(said) > most:
        raise Bad(column, value, Fault.TOO_LONG, str(most))
    return said


def key(column: str, value: str) -> str:
    """The source's own name of a row."""
    return words(column, value, _KEY_MOST)


def day(column: str, value: str, latest: str) -> str:
    """A calendar day from 1880 to `latest`; the day of an instant where the file gives one."""
    text = value.strip()
    _at(column, value, text, latest)
    return text[:_DAY_LETTERS]


def maybe_day(column: str, value: str, latest: str) -> str | None:
    """A day, None for an empty cell."""
    return day(column, value, latest) if value and not value.isspace() else None


def instant(column: str, value: str, latest: str) -> str:
    """An instant in UTC (`…Z`), from 1880 to the day `latest`; a bare day is its midnight in UTC."""
    text = value.strip()
    at = _at(column, value, text, latest)
    if len(text) == _PLAIN_LETTERS and text[-1] == "Z" and text[_DAY_LETTERS] == "T":
        return text
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return at.isoformat().replace("+00:00", "Z")


def maybe_instant(column: str, value: str, latest: str) -> str | None:
    """An instant, None for an empty cell."""
    return instant(column, value, latest) if value and not value.isspace() else None


def _at(column: str, value: str, text: str, latest: str) -> datetime:
    """Refuse what the calendar does not have, the ISO forms that sources do not mean, and other ages."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Bad(column, value, Fault.BAD_DATE if text else Fault.MISSING) from None
    if not _DAY_OR_INSTANT.fullmatch(text):
        raise Bad(column, value, Fault.BAD_DATE)
    # ISO days compare as text.
    if text < EARLIEST:
        raise Bad(column, value, Fault.TOO_EARLY, EARLIEST)
    if text[:_DAY_LETTERS] > latest:
        raise Bad(column, value, Fault.FUTURE)
    return at


def number(column: str, value: str) -> str:
    """A finite decimal number below 10¹⁵ in size."""
    text = value.strip()
    if not text:
        raise Bad(column, value, Fault.MISSING)
    if not _NUMBER.fullmatch(text) or abs(float(text)) >= _LARGEST:
        raise Bad(column, value, Fault.BAD_NUMBER)
    return text


def amount(column: str, value: str, *, comma: bool) -> str | None:
    """A number that is not negative, as a plain decimal; None for an empty cell.

    `comma`: the file's decimals are written with one. What could be read as a thousand or as a fraction
    (`1.234` among decimal commas, `1,234` among points) is refused, never guessed.
    """
    text = value.strip()
    if not text:
        return None
    decimal, thousands = (",", ".") if comma else (".", ",")
    if _GROUPED[thousands].fullmatch(text):
        text = text.replace(thousands, "")
    elif thousands in text and _THOUSAND.fullmatch(text):
        raise Bad(column, value, Fault.AMBIGUOUS)
    elif text.count(thousands) == 1 and decimal not in text:
        text = text.replace(thousands, decimal)
    plain = text.replace(decimal, ".")
    if not _AMOUNT.fullmatch(plain):
        raise Bad(column, value, Fault.BAD_NUMBER)
    return plain


def maybe_whole(column: str, value: str) -> str | None:
    """A count of at most nine digits, None for an empty cell."""
    text = value.strip()
    if text and not _WHOLE.fullmatch(text):
        raise Bad(column, value, Fault.BAD_NUMBER)
    return text or None
