"""Check digits of identity documents, where the country's pack says that a kind has them.

The algorithms are python-stdnum's, each loaded at the first document of its kind; it has none for the
Uruguayan cédula, whose weights are those of the DNIC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from clinicdesk.clinic.countries import Checked, pack

_UY_WEIGHTS: Final = (2, 9, 8, 7, 6, 3, 4)


def check_digit_uy(digits: Sequence[int]) -> int:
    """The last digit of an Uruguayan cédula, from the seven before it."""
    return -sum(digit * weight for digit, weight in zip(digits, _UY_WEIGHTS, strict=True)) % 10


def _holds_uy(number: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdecimal()]
    right = len(digits) == len(number) == len(_UY_WEIGHTS) + 1
    return right and check_digit_uy(digits[:-1]) == digits[-1]


_OWN: Final[dict[str, Callable[[str], bool]]] = {"uy.ci": _holds_uy}


def is_wrong(country: str, kind: str, number: str) -> bool:
    """Whether the number cannot be of this kind; kinds without check digits are never wrong."""
    check = next((each for each in pack(country).checked if each.kind == kind), None)
    return check is not None and not _holds(check, number)


def _holds(check: Checked, number: str) -> bool:
    """Leading zeros, which are not stored, count here."""
    whole = number.rjust(check.length, "0")
    if check.algorithm in _OWN:
        return _OWN[check.algorithm](whole)
    algorithm: Any = import_module(f"stdnum.{check.algorithm}")
    return bool(algorithm.is_valid(whole))
