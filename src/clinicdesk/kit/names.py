"""People on a screen: a Spanish name in so many columns, an age in four."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from clinicdesk.kit.text import cells, cut, fit, shown

_PARTICLES: Final = frozenset(
    (
        "de",
        "del",
        "la",
        "las",
        "los",
        "da",
        "das",
        "do",
        "dos",
        "san",
        "santa",
        "y",
        "mac",
        "von",
        "van",
        "di",
    )
)
_SMALL: Final = _PARTICLES - {"san", "santa", "mac"}
_WORDS_IN_NAME: Final = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*)+")
_DAYS_UNTIL_MONTHS = 2
_MONTHS_UNTIL_YEARS = 24
_MONTHS_A_YEAR = 12


def full_name(family: str, given: str) -> str:
    """`Apellido1 Apellido2, Nombre1 Nombre2`, whole; the comma only where both parts are known."""
    return ", ".join(part for part in (shown(family).strip(), shown(given).strip()) if part)


def mixed_case(name: str) -> str:
    """A name typed in capitals only, or in small letters only, as one writes it; any other as it is.

    `DE LA CRUZ O'HIGGINS` → `de la Cruz O'Higgins`.
    """
    if name not in {name.upper(), name.lower()}:
        return name
    return _WORDS_IN_NAME.sub(lambda word: _capital(word[0].lower()), name)


def _capital(word: str) -> str:
    return word if word in _SMALL else word[0].upper() + word[1:]


@lru_cache(maxsize=8192)
def short_name(family: str, given: str, width: int) -> str:
    """The name in at most `width` columns (1 or more), never empty for a name that is not.

    Shortened in this order until it fits: second given name to its initial, dropped; second surname
    to its initial, dropped; first given name to its initial, dropped; only then the first surname is
    cut with `…`. Particles stay with their name (`de la Fuente`), except in an initial.
    """
    whole = full_name(family, given)
    if cells(whole) <= width:
        return whole
    surnames, forenames = _units(shown(family)), _units(shown(given))
    if not surnames:
        surnames, forenames = forenames, []
    for tried in _shorter(surnames, forenames):
        if cells(tried) <= width:
            return tried
    return cut(surnames[0], width)


def _shorter(surnames: list[str], forenames: list[str]) -> Iterator[str]:
    """Every shorter form, the longest first."""
    first, rest = surnames[:1], surnames[1:]
    initials = [_initial(unit) for unit in rest]
    yield _joined(surnames, forenames[:1] + [_initial(unit) for unit in forenames[1:]])
    yield _joined(surnames, forenames[:1])
    yield _joined(first + initials, forenames[:1])
    yield _joined(first, forenames[:1])
    if forenames:
        yield _joined(first + initials, [_initial(forenames[0])])
        yield _joined(first, [_initial(forenames[0])])
    yield first[0]


def _joined(surnames: list[str], forenames: list[str]) -> str:
    return ", ".join(part for part in (" ".join(surnames), " ".join(forenames)) if part)


def _units(names: str) -> list[str]:
    """Names with their particles: `de la Fuente Paz` is two, `de la Fuente` and `Paz`."""
    units: list[str] = []
    held: list[str] = []
    for word in names.split():
        held.append(word)
        if word.lower() not in _PARTICLES:
            units.append(" ".join(held))
            held = []
    return units + ([" ".join(held)] if held else [])


def _initial(unit: str) -> str:
    """`de los Ángeles` → `Á.`; a letter keeps its combining marks."""
    word = unit.split()[-1]
    end = 1
    while end < len(word) and cells(word[end]) == 0:
        end += 1
    return word[:end] + "."


def distinct_names(people: Sequence[tuple[str, str, str]], width: int) -> list[str]:
    """Short names of (family, given, age text); where two read alike they show the age, not the tail."""
    short = [short_name(family, given, width) for family, given, _age in people]
    alike = Counter(short)
    return [
        name if alike[name] == 1 or not age else _with_age(family, given, age, width)
        for name, (family, given, age) in zip(short, people, strict=True)
    ]


def _with_age(family: str, given: str, age: str, width: int) -> str:
    room = width - cells(age) - 1
    return f"{short_name(family, given, room)} {age}" if room > 0 else short_name(family, given, width)


def age_text(birth: date | None, now: date) -> str:
    """Age as read at a desk: `4 h`, `23 d` under two months, `14 m` under two years, then `45 a`.

    Hours need both moments as `datetime`, both naive or both with a zone; "" where the birth is
    unknown or still to come.
    """
    if birth is None:
        return ""
    if isinstance(birth, datetime) and isinstance(now, datetime):
        lived = now - birth
        if timedelta(0) <= lived < timedelta(days=1):
            return f"{int(lived.total_seconds() // 3600)} h"
    born, today = _day(birth), _day(now)
    if born > today:
        return ""
    months = _whole_months(born, today)
    if months < _DAYS_UNTIL_MONTHS:
        return f"{(today - born).days} d"
    return f"{months} m" if months < _MONTHS_UNTIL_YEARS else f"{months // _MONTHS_A_YEAR} a"


def sex_age(sex: str, birth: date | None, now: date, width: int = 6) -> str:
    """`F 45 a`, `F  5 a`, `F104 a`: the sex and, right aligned, the age, in exactly `width` columns."""
    return fit(sex, 1) + fit(age_text(birth, now), width - 1, "right")


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _whole_months(born: date, today: date) -> int:
    months = (today.year - born.year) * _MONTHS_A_YEAR + today.month - born.month
    return months - (today.day < born.day)
