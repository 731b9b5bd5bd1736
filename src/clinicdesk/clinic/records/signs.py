"""Vital signs, pure: what is measured, what is plausible, and how far a value is from the usual.

Limits are those of NEWS2 (Royal College of Physicians, 2017) for 16 years and over: `usual` scores 0,
beyond `critical` scores 3. Arterial pressure is high from 140/90 on (OMS, 2021). Younger: no range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from clinicdesk.kit.words import _

LOINC: Final = "LOINC"
NEWS2_FROM_YEARS: Final = 16
_DECIMALS: Final = 2


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: LOINC code, name, UCUM unit, and (low, high) pairs. None: no limit on that side."""

    name: str
    code: str
    shown: str
    unit: str
    plausible: tuple[float, float]
    usual: tuple[float | None, float | None] = (None, None)
    critical: tuple[float | None, float | None] = (None, None)


SIGNS: Final[Mapping[str, Sign]] = MappingProxyType(
    {
        each.name: each
        for each in (
            Sign("sistolica", "8480-6", _("Presión sistólica"), "mm[Hg]", (30, 300), (91, 139), (90, 219)),
            Sign("diastolica", "8462-4", _("Presión diastólica"), "mm[Hg]", (15, 200), (50, 89)),
            Sign("fc", "8867-4", _("Frecuencia cardíaca"), "/min", (15, 300), (51, 90), (40, 130)),
            Sign("fr", "9279-1", _("Frecuencia respiratoria"), "/min", (3, 90), (12, 20), (8, 24)),
            Sign("temp", "8310-5", _("Temperatura"), "Cel", (25, 44), (36.1, 38.0), (35.0, None)),
            Sign("sat", "2708-6", _("Saturación de oxígeno"), "%", (30, 100), (96, None), (91, None)),
            Sign("glucemia", "2339-0", _("Glucemia"), "mg/dL", (10, 1000)),
            Sign("dolor", "72514-3", _("Dolor (0 a 10)"), "{score}", (0, 10)),
            Sign("peso", "29463-7", _("Peso"), "kg", (0.3, 400)),
            Sign("talla", "8302-2", _("Talla"), "cm", (20, 250)),
        )
    }
)
_BY_CODE: Final = MappingProxyType({sign.code: sign for sign in SIGNS.values()})
# Units as people write them, and as UCUM does.
_UCUM: Final = MappingProxyType({"mmHg": "mm[Hg]", "°C": "Cel", "lpm": "/min"})


class Standing(StrEnum):
    """How a value stands to the usual one. No range is never usual."""

    USUAL = "usual"
    LOW = "low"
    HIGH = "high"
    CRITICAL_LOW = "critical_low"
    CRITICAL_HIGH = "critical_high"
    NO_RANGE = "no_range"


def parsed(text: str) -> Decimal | None:
    """A number as typed, with comma or point and at most two decimals; None where it is none."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS:
        return None
    return value


def is_plausible(sign: Sign, value: Decimal) -> bool:
    """Whether a living person can have it."""
    low, high = sign.plausible
    return value.is_finite() and Decimal(str(low)) <= value <= Decimal(str(high))


def standing(sign: Sign, value: Decimal, birth: date | None, today: date) -> Standing:
    """How a value stands; without a birth, or under sixteen, there is no range."""
    if sign.usual == (None, None) or birth is None or _years(birth, today) < NEWS2_FROM_YEARS:
        return Standing.NO_RANGE
    number = float(value)
    (low, high), (worst_low, worst_high) = sign.usual, sign.critical
    if worst_low is not None and number <= worst_low:
        return Standing.CRITICAL_LOW
    if worst_high is not None and number > worst_high:
        return Standing.CRITICAL_HIGH
    if low is not None and number < low:
        return Standing.LOW
    return Standing.HIGH if high is not None and number > high else Standing.USUAL


def of_value(code: str, unit: str | None, value: Decimal, birth: date | None, day: date) -> Standing:
    """How a value measured on a day stands, by its LOINC code; one in another unit has no range."""
    sign = _BY_CODE.get(code)
    if sign is None or _UCUM.get(unit or "", unit) != sign.unit or not value.is_finite():
        return Standing.NO_RANGE
    return standing(sign, value, birth, day)


def _years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def usual_text(sign: Sign) -> str:
    """`91 a 139`, `96 o más`; nothing where there is no range."""
    low, high = sign.usual
    if low is None:
        return ""
    said = f"{low:g}" if high is None else _("{} a {}").format(f"{low:g}", f"{high:g}")
    return _("{} o más").format(said) if high is None else said.replace(".", ",")
