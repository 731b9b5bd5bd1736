"""Identity documents that look like each country's own, check digits included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from random import Random
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.patients.check_digits import check_digit_uy
from clinicdesk.clinic.patients.rules import Document, parsed_document
from clinicdesk.clinic.patients.spelling import name_words

# DNI numbers were given out nearly by year of birth; (year, first number of it), between them a line.
_DNI_BY_YEAR: Final = (
    (1920, 1_000_000),
    (1940, 4_300_000),
    (1960, 14_000_000),
    (1980, 28_000_000),
    (2000, 42_000_000),
    (2020, 58_000_000),
    (2040, 74_000_000),
)
_EC_PROVINCES: Final = 24
_CURP_LETTERS: Final = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_VOWELS: Final = "AEIOU"


def check_letter_cl(number: int) -> str:
    """The verifier of a Chilean RUN: 0–9 or K (modulo 11)."""
    total = sum(int(digit) * (2 + at % 6) for at, digit in enumerate(reversed(str(number))))
    rest = -total % 11
    return "K" if rest == 10 else str(rest)  # noqa: PLR2004 - ten has no digit


def check_digit_ec(digits: Sequence[int]) -> int:
    """The last digit of an Ecuadorian cédula, from the nine before it (modulo 10)."""
    doubled = [digit * 2 if at % 2 == 0 else digit for at, digit in enumerate(digits)]
    return -sum(part - 9 if part > 9 else part for part in doubled) % 10  # noqa: PLR2004 - digits of a sum


def check_digit_mx(curp: str) -> int:
    """The last digit of a Mexican CURP, from the seventeen characters before it."""
    total = sum(_CURP_LETTERS.index(char) * (18 - at) for at, char in enumerate(curp))
    return -total % 10


def document_of(country: str, given: str, family: str, sex: str, birth: date, random: Random) -> Document:
    """A document of the country's usual kind, as the registry stores it; not checked for being taken."""
    make = _MAKERS.get(country)
    text = make(random, given, family, sex, birth) if make else f"PAS:{random.randint(10**7, 10**8 - 1)}"
    return parsed_document(text, country)


def _dni(random: Random, _given: str, _family: str, _sex: str, birth: date) -> str:
    year = birth.year + birth.timetuple().tm_yday / 366
    for (early, low), (late, high) in pairwise(_DNI_BY_YEAR):
        if early <= year < late:
            number = low + (high - low) * (year - early) / (late - early)
            return str(int(number) + random.randint(-60_000, 60_000))
    return str(random.randint(200_000, 900_000))


def _ci_uy(random: Random, *_who: object) -> str:
    digits = [int(digit) for digit in str(random.randint(1_200_000, 5_900_000))]
    return "".join(map(str, (*digits, check_digit_uy(digits))))


def _run(random: Random, _given: str, _family: str, _sex: str, birth: date) -> str:
    number = 4_000_000 + int((birth.year - 1935) * 265_000) + random.randint(0, 260_000)
    number = max(number, 1_000_000 + random.randint(0, 900_000))
    return f"{number}-{check_letter_cl(number)}"


def _ci_ec(random: Random, *_who: object) -> str:
    province = random.randint(1, _EC_PROVINCES)
    digits = [*divmod(province, 10), random.randint(0, 5), *(random.randint(0, 9) for _ in range(6))]
    return "".join(map(str, (*digits, check_digit_ec(digits))))


def _curp(random: Random, given: str, family: str, sex: str, birth: date) -> str:
    first, second = (*map(str.upper, name_words(family)), "X", "X")[:2]
    vowel = next((char for char in first[1:] if char in _VOWELS), "X")
    name = name_words(given)[0].upper()
    consonants = "".join(_inner_consonant(word) for word in (first, second, name))
    century = "A" if birth.year >= 2000 else str(random.randint(0, 9))  # noqa: PLR2004 - a year
    who = f"{first[0]}{vowel}{second[0]}{name[0]}{birth:%y%m%d}{'M' if sex == 'F' else 'H'}"
    body = f"{who}DF{consonants}{century}"
    return f"{body}{check_digit_mx(body)}"


def _inner_consonant(word: str) -> str:
    return next((char for char in word[1:] if char.isalpha() and char not in _VOWELS), "X")


def _digits(low: int, high: int) -> Callable[..., str]:
    return lambda random, *_who: str(random.randint(low, high))


_MAKERS: Final[MappingProxyType[str, Callable[..., str]]] = MappingProxyType(
    {
        "AR": _dni,
        "BO": _digits(1_000_000, 9_999_999),
        "CL": _run,
        "CO": _digits(1_000_000_000, 1_199_999_999),
        "EC": _ci_ec,
        "MX": _curp,
        "PE": _digits(1_000_000, 79_999_999),
        "PY": _digits(500_000, 7_999_999),
        "UY": _ci_uy,
    }
)
