"""Treatments, controls and hours as people type them in one line. Pure; what is not understood says why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.records.plan import FollowUpEntry, TreatmentEntry, is_follow_up, is_treatment
from clinicdesk.kit import clock
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

_SPAN: Final = r"(\d{1,3})\s*(d|dias?|días?|s|sem|semanas?|m|mes|meses)"
_LASTS: Final = re.compile(rf"\s+(?:por|durante)\s+{_SPAN}\.?$", re.IGNORECASE)
_UNTIL: Final = re.compile(r"\s+hasta\s+(?:el\s+)?(\d{1,2}/\d{1,2}(?:/\d{2,4})?)\.?$", re.IGNORECASE)
_WHEN: Final = re.compile(
    rf"(?:en\s+)?(?:(\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?)|{_SPAN}\b|(\d{{1,3}})(?=[\s:,]|$))\s*", re.IGNORECASE
)
_WITH: Final = re.compile(r"con\s+([^:]+?)\s*(?::\s*(.*))?$", re.IGNORECASE)
_DAYS: Final = {"d": 1, "s": 7, "m": 30}
_CENTURY, _YEARS_OF_TWO = 2000, 100

Doctors = Sequence[tuple[int, str]]
"""(id, family name) of who can be asked for."""


def treatment_of(text: str, today: date) -> TreatmentEntry | str:
    """`Amoxicilina 500 mg cada 8 h por 7 días`, `… hasta 28/11`, or one that goes on."""
    line, until = clean_line(text), None
    if (found := _LASTS.search(line)) is not None:
        line, until = line[: found.start()], today + timedelta(days=_days(found[1], found[2]) - 1)
    elif (found := _UNTIL.search(line)) is not None:
        line, until = line[: found.start()], day_of(found[1], today)
        if until is None:
            return _("La fecha {} no existe. Escribirla como 28/11.").format(found[1])
    entry = TreatmentEntry(line.strip(), today, until)
    if not is_treatment(entry):
        return _("Un tratamiento dice qué, y termina hoy o después: Enalapril 10 mg por 30 días.")
    return entry


def follow_up_of(text: str, today: date, doctors: Doctors, me: int) -> FollowUpEntry | str:
    """`30`, `3 meses con Paz: traer laboratorio`, `21/12 curación`: by when, with whom, what for."""
    line = clean_line(text)
    found = _WHEN.match(line)
    if found is None:
        return _("Empezar por los días o la fecha, como en: 30 con Paz: traer laboratorio.")
    due = day_of(found[1], today) if found[1] else today + timedelta(days=_ahead(found))
    if due is None:
        return _("La fecha {} no existe. Escribirla como 28/11.").format(found[1])
    rest = line[found.end() :].lstrip(":, ")
    doctor: int | str = me
    if (named := _WITH.match(rest)) is not None:
        doctor, rest = doctor_of(named[1], doctors), named[2] or ""
    if isinstance(doctor, str):
        return doctor
    entry = FollowUpEntry(due, doctor, rest.strip())
    if not is_follow_up(entry, today):
        return _("Un control va de mañana a dos años desde hoy.")
    return entry


def doctor_of(name: str, doctors: Doctors) -> int | str:
    """Whose family name begins so, or why nobody is meant."""
    wanted = folded(re.sub(r"^(dra?\.?)\s+", "", name.strip(), flags=re.IGNORECASE))
    found = [each for each in doctors if folded(each[1]).startswith(wanted)]
    exact = [each for each in found if folded(each[1]) == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0][0]
    if not found:
        return _("No hay un profesional «{}» en este centro.").format(name[:30])
    names = ", ".join(family for _id, family in found[:4])
    return _("«{}» puede ser {}: escribir más letras.").format(name[:20], names)


def day_of(text: str, today: date) -> date | None:
    """`28/11` or `28/11/26`: without a year the next one, from today on."""
    day, month, *years = (int(part) for part in text.split("/"))
    try:
        if years:
            return date(years[0] + (_CENTURY if years[0] < _YEARS_OF_TWO else 0), month, day)
        found = date(today.year, month, day)
        return found if found >= today else date(today.year + 1, month, day)
    except ValueError:
        return None


def moment_of(text: str, now: datetime, zone: str) -> datetime | str:
    """`10:05` today, or `20/11 10:05`: when something was, on the clinic's wall clock; not after now."""
    today = clock.local_day(now, zone)
    day_text, _blank, hour_text = clean_line(text).rpartition(" ")
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", hour_text)
    dated = re.fullmatch(r"\d{1,2}/\d{1,2}(/\d{2,4})?", day_text) if day_text else None
    day = _past_day(day_text, today) if dated else today
    try:
        if found is None or day is None or (day_text and dated is None):
            raise ValueError(text)
        wall = datetime(day.year, day.month, day.day, int(found[1]), int(found[2]))  # noqa: DTZ001 - wall time
        at = clock.instant(wall, zone)
    except ValueError:
        return _("Escribir la hora como 10:05, o 20/11 10:05.")
    return at if at <= now else _("Esa hora todavía no llegó. Escribir cuándo fue.")


def _past_day(text: str, today: date) -> date | None:
    """The same day and month, without a year the last one."""
    found = day_of(text, today)
    if found is None or text.count("/") > 1 or found <= today:
        return found
    return day_of(f"{text}/{today.year - 1 if found.year == today.year else today.year}", today)


def _ahead(found: re.Match[str]) -> int:
    return int(found[4]) if found[4] else _days(found[2], found[3])


def _days(number: str, unit: str) -> int:
    return int(number) * _DAYS[folded(unit)[:1]]
