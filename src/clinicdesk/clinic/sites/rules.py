"""Pure decisions about sites."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinicdesk.clinic.sites.errors import BadClinic
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line

MINUTES_OF_A_DAY: Final = 1440
WEEKDAYS: Final = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
_DAY_NUMBERS: Final = MappingProxyType({"lun": 1, "mar": 2, "mie": 3, "jue": 4, "vie": 5, "sab": 6, "dom": 7})
_HOUR: Final = re.compile(r"(\d{1,2})(?::(\d\d))?", re.ASCII)
_MINUTE: Final = 60
_MOST_SPANS: Final = 2
_TAG_MOST: Final = 40


class RoomState(StrEnum):
    """What a room can be. Every other state than the first puts it out of use on its days."""

    DISPONIBLE = "disponible"
    MANTENIMIENTO = "mantenimiento"
    CLAUSURADO = "clausurado"
    BAJA = "baja"


def degrees(text: str | None) -> float | None:
    """A latitude or a longitude as typed, `-34,6037` too; None where nothing was. Raises InvalidInput."""
    said = (text or "").strip()
    if not said:
        return None
    try:
        return float(said.replace(",", "."))
    except ValueError:
        raise InvalidInput(f"«{said[:20]}» no son grados: -34.6037.") from None


def checked_zone(name: str) -> str:
    """An IANA zone that this machine knows; raises BadClinic."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadClinic from None
    return name


def out_of_use(state: str, since: date | None, until: date | None, day: date) -> bool:
    """Whether a room in this state, from and until these days, is out of use on a day of its clinic."""
    if state == RoomState.DISPONIBLE:
        return False
    return (since is None or since <= day) and (until is None or day <= until)


def state_problems(state: str, reason: str, since: date | None, until: date | None) -> tuple[str, ...]:
    """Why a room cannot be put into a state like this; empty if it can."""
    if state not in set(RoomState):
        return (f"«{state[:20]}» no es un estado: {', '.join(RoomState)}.",)
    if state == RoomState.DISPONIBLE:
        return ()
    found = {
        "Falta el motivo por el que queda fuera de uso.": not reason.strip(),
        "Falta desde qué día queda fuera de uso.": since is None,
        "El último día es anterior al primero.": None not in {since, until} and until < since,  # type: ignore[operator]
        "Una baja es para siempre: no lleva último día.": state == RoomState.BAJA and until is not None,
    }
    return tuple(said for said, wrong in found.items() if wrong)


@dataclass(frozen=True, slots=True)
class DayHours:
    """When a clinic is open on a weekday (1 Monday … 7 Sunday), in minutes after its midnight."""

    weekday: int
    opens_minute: int
    closes_minute: int
    break_from_minute: int | None = None
    break_to_minute: int | None = None

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The stretches in which it is open."""
        if self.break_from_minute is None or self.break_to_minute is None:
            return ((self.opens_minute, self.closes_minute),)
        return ((self.opens_minute, self.break_from_minute), (self.break_to_minute, self.closes_minute))


def open_spans(hours: Iterable[DayHours], weekday: int) -> tuple[tuple[int, int], ...]:
    """The stretches in which a clinic is open on a weekday; all day where it never said its hours."""
    known = {each.weekday: each for each in hours}
    if not known:
        return ((0, MINUTES_OF_A_DAY),)
    return known[weekday].spans if weekday in known else ()


WORDS: Final = MappingProxyType(
    {
        "clinics": "un centro",
        "floors": "un piso",
        "rooms": "un consultorio",
        "holidays": "un feriado",
        "specialties": "una especialidad",
        "procedures": "una práctica",
        "agenda_blocks": "un bloque de agenda",
        "fee_schedules": "un nomenclador",
        "note_templates": "una plantilla",
        "record_types": "un tipo de registro",
        "letter_templates": "un modelo",
    }
)
SOMEBODY: Final = "Otra persona"
JUST_NOW: Final = "recién"


def ago(then: datetime, now: datetime, zone: str) -> str:
    """`hace 3 s`, `hace 12 min`, else the day and hour in a zone."""
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < _MINUTE:
        return f"hace {seconds} s"
    if seconds < _MINUTE * _MINUTE:
        return f"hace {seconds // _MINUTE} min"
    return f"el {then.astimezone(ZoneInfo(zone)):%d/%m/%Y %H:%M}"


def line_or_none(text: str | None) -> str | None:
    """One line as stored; blank is nothing."""
    return clean_line(text or "") or None


def tags_of(words: Iterable[str]) -> list[str]:
    """Short words as stored: one line each, none twice, in order. Raises InvalidInput."""
    found = {word for each in words if (word := clean_line(each).lower())}
    if long := [word for word in found if len(word) > _TAG_MOST or "," in word]:
        raise InvalidInput(
            f"Cada elemento lleva hasta {_TAG_MOST} letras, sin comas: «{long[0][:_TAG_MOST]}»."
        )
    return sorted(found)


def hours_text(hours: Iterable[DayHours]) -> str:
    """`lun-vie 08:00-13:00 14:00-20:00; sáb 08:00-12:00`, as `hours_parsed` reads it; "" for none."""
    days = {each.weekday: " ".join(f"{_clock(a)}-{_clock(b)}" for a, b in each.spans) for each in hours}
    parts: list[str] = []
    for spans, group in groupby(sorted(days), key=lambda day: (days[day], day - sorted(days).index(day))):
        run = list(group)
        name = WEEKDAYS[run[0] - 1] + (f"-{WEEKDAYS[run[-1] - 1]}" if len(run) > 1 else "")
        parts.append(f"{name} {spans[0]}")
    return "; ".join(parts)


def hours_parsed(text: str) -> tuple[DayHours, ...]:
    """The hours of a week as typed: `lun-vie 8-13 14-20; sáb 8:30-12`. Raises InvalidInput."""
    found: dict[int, DayHours] = {}
    problems: list[str] = []
    for part in filter(None, (part.strip() for part in text.replace("\n", ";").split(";"))):
        try:
            found |= _part_hours(part, found)
        except ValueError as wrong:
            problems.append(str(wrong))
    if problems:
        raise InvalidInput(*problems)
    return tuple(found[day] for day in sorted(found))


def _part_hours(part: str, known: Container[int]) -> dict[int, DayHours]:
    """One part of the week. Raises ValueError with what is wrong."""
    days, _blank, rest = part.partition(" ")
    weekdays = _weekdays(days)
    spans = [_span(each) for each in rest.replace(",", " ").split()]
    if twice := [day for day in weekdays if day in known]:
        raise ValueError(f"El {WEEKDAYS[twice[0] - 1]} aparece dos veces en el horario.")
    if not spans or len(spans) > _MOST_SPANS:
        raise ValueError(f"«{part[:40]}»: se espera «lun-vie 8-13 14-20», con uno o dos tramos.")
    opens, closes = spans[0][0], spans[-1][1]
    pause = (spans[0][1], spans[1][0]) if len(spans) == _MOST_SPANS else (None, None)
    if pause[0] is not None and pause[1] is not None and pause[0] >= pause[1]:
        raise ValueError(f"«{part[:40]}»: los tramos van en orden y no se tocan.")
    return {day: DayHours(day, opens, closes, *pause) for day in weekdays}


def _weekdays(text: str) -> list[int]:
    first, dash, last = text.partition("-")
    numbers = [_DAY_NUMBERS.get(_plain(each)[:3], 0) for each in ((first, last) if dash else (first,))]
    if not all(numbers) or numbers[0] > numbers[-1]:
        raise ValueError(f"«{text[:20]}» no es un día ni un tramo de días: lun mar mié jue vie sáb dom.")
    return list(range(numbers[0], numbers[-1] + 1))


def _span(text: str) -> tuple[int, int]:
    opens, _dash, closes = text.partition("-")
    found = (_minute(opens), _minute(closes))
    if found[0] >= found[1]:
        raise ValueError(f"«{text[:20]}»: abre antes de cerrar.")
    return found


def _minute(text: str) -> int:
    match = _HOUR.fullmatch(text)
    minute = int(match[1]) * _MINUTE + int(match[2] or 0) if match else -1
    if not match or int(match[2] or 0) >= _MINUTE or not 0 <= minute <= MINUTES_OF_A_DAY:
        raise ValueError(f"«{text[:20]}» no es una hora: de 0:00 a 24:00.")
    return minute


def _clock(minute: int) -> str:
    return f"{minute // _MINUTE:02d}:{minute % _MINUTE:02d}"


def _plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


# Manchester Triage System: level → minutes a person may wait at most.
# What a clinic has until it says otherwise: how far ahead it gives turns, how long an offer is kept.
HORIZON_DAYS: Final = 365
OFFER_MINUTES: Final = 30
MANCHESTER_MINUTES: Final = MappingProxyType({1: 0, 2: 10, 3: 60, 4: 120, 5: 240})
# Who has not been through triage waits as if verde.
UNTRIAGED: Final = 4
