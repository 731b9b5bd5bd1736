"""The years before the demo began: who was seen, by whom, for what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from clinicdesk.demo.charts import Charts, Seen
from clinicdesk.demo.ground import Clinic, Doctor, Ground, Person
from clinicdesk.demo.stories import Story, specialty_for, story_for
from clinicdesk.kit import clock

_BACK: Final = timedelta(days=730)
_RECENT: Final = timedelta(days=4)
# How many visits a patient has behind them: a third has none yet.
_VISITS: Final = (0, 0, 0, 1, 1, 2, 2, 3, 5)
_AGAIN: Final = 0.5
_FIRST_HOUR, _LAST_HOUR = 8, 18


def write(charts: Charts, ground: Ground, now: datetime, seed: str) -> int:
    """The visits of everybody, oldest first for each; how many."""
    count = 0
    for clinic in ground.clinics:
        doctors = _by_specialty(ground.doctors.get(clinic.id, []))
        own = [each for each in ground.clinics if each.city == clinic.city]
        for person in ground.people.get(clinic.city, ())[own.index(clinic) :: len(own)]:
            random = Random(f"{seed}:past:{person.id}")  # noqa: S311 - made-up visits
            count += _one_person(charts, person, clinic, doctors, random, now)
    return count


def _by_specialty(doctors: list[Doctor]) -> dict[str, list[Doctor]]:
    found: dict[str, list[Doctor]] = {}
    for doctor in doctors:
        found.setdefault(doctor.specialty, []).append(doctor)
    return found


def _one_person(
    charts: Charts,
    person: Person,
    clinic: Clinic,
    doctors: dict[str, list[Doctor]],
    random: Random,
    now: datetime,
) -> int:
    told = list(_told(person, clinic, doctors, random, now))
    last = {story.code: at for at, (_when, _doctor, story) in enumerate(told)}
    for at, (when, doctor, story) in enumerate(told):
        ended = when + timedelta(minutes=random.randint(8, 25))
        charts.whole_visit(
            Seen(person, doctor, when, ended), story, random, refill=story.chronic and last[story.code] == at
        )
    return len(told)


def _told(
    person: Person, clinic: Clinic, doctors: dict[str, list[Doctor]], random: Random, now: datetime
) -> Iterator[tuple[datetime, Doctor, Story]]:
    known: tuple[str, Story] | None = None
    for when in _moments(person, clinic, random, now):
        age = person.age_on(when.date())
        if known and random.random() < _AGAIN:
            specialty, story = known
        else:
            specialty = specialty_for(person.sex, age, doctors, random)
            found = story_for(specialty, person.sex, age, random, person.allergic_to)
            if found is None or specialty not in doctors:
                continue
            story = found
        if story.chronic:
            known = (specialty, story)
        yield when, random.choice(doctors[specialty]), story


def _moments(person: Person, clinic: Clinic, random: Random, now: datetime) -> list[datetime]:
    """Instants inside working hours, between the registration (or two years ago) and a few days ago."""
    first = max(person.since + timedelta(days=1), now - _BACK)
    last = now - _RECENT
    if person.deceased_on is not None:
        last = min(last, clock.day_bounds(person.deceased_on, clinic.zone)[0])
    days = (last - first).days
    if days < 1:
        return []
    found = []
    for back in sorted({random.randint(1, days) for _ in range(random.choice(_VISITS))}, reverse=True):
        day = clock.local(last, clinic.zone).replace(tzinfo=None) - timedelta(days=back)
        wall = day.replace(
            hour=random.randint(_FIRST_HOUR, _LAST_HOUR),
            minute=random.choice((0, 20, 40)),
            second=0,
            microsecond=0,
        )
        found.append(clock.instant(wall, clinic.zone) + timedelta(seconds=random.randint(0, 599)))
    return found
