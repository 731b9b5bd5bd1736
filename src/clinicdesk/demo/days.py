"""One day of a clinic as it stands at this hour: who was seen, who waits, who is still to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.agendas.rules import Block, Busy, Slot, slots_of
from clinicdesk.clinic.turns.rules import State
from clinicdesk.demo.drafts import Draft, Step
from clinicdesk.demo.ground import Clinic, Doctor, Person
from clinicdesk.demo.places import SPECIALTIES
from clinicdesk.demo.stories import story_for
from clinicdesk.kit import clock

_MINUTE: Final = timedelta(minutes=1)
_AROUND: Final = timedelta(hours=4)
_OPEN_HOURS: Final = range(8, 20)
_WALK_IN: Final = timedelta(minutes=15)
_SQUEEZED: Final = timedelta(hours=3)
_COMES_EARLY: Final = timedelta(minutes=25)
# Of a city's people, so many have a turn on one day at most; the others are there to be admitted. One
# doctor takes no more than a part of those left, so that a small network has something for each.
_MOST_SHARE, _FEW = 0.6, 24
_OF_ONE_DOCTOR, _AT_LEAST = 3, 3
_FULL, _HALF_FULL, _SURE = 0.85, 0.55, 0.8
_WAITING: Final = {True: 5, False: 2}
_CANCELLED: Final = (
    "Avisó por teléfono que no puede venir",
    "Pidió otro horario",
    "Se superpone con el trabajo",
)
# What becomes of slots, those nearest to this hour first: finished, absent, cancelled (x), confirmed and
# registered. A past one that is still expected is somebody late; so every state is on the board at any hour.
_PAST: Final = MappingProxyType({True: "ffaffxffff", False: "rcaffxffff"})
_COMING: Final = "crcrxr"
_TRIAGE: Final = ((2, 2), (3, 6), (4, 8), (5, 3))
_BY_CODE: Final = MappingProxyType({each.code: each for each in SPECIALTIES})


@dataclass(slots=True)
class Pool:
    """People of one city who may still be given a turn on a day. Shared by the clinics of the city."""

    people: list[Person]
    used: set[UUID] = field(default_factory=set)
    left: int = field(init=False)

    def __post_init__(self) -> None:
        """Bound how many are used."""
        self.left = max(int(len(self.people) * _MOST_SHARE), min(len(self.people), _FEW))

    def take(self, specialty: str, day: date) -> Person | None:
        """Somebody whom such a doctor would see, None where nobody is left."""
        wanted = _BY_CODE[specialty]
        low, high = wanted.ages
        for person in self.people if self.left else ():
            fits = wanted.sex in {"", person.sex} and low <= person.age_on(day) <= high
            if fits and person.id not in self.used:
                self.used.add(person.id)
                self.left -= 1
                return person
        return None


@dataclass(frozen=True, slots=True)
class Moment:
    """A clinic's day and the instant at which it is looked at; `over`: the doors are closed."""

    day: date
    now: datetime
    over: bool = False


class ClinicDay:
    """Makes the turns of one clinic on one day."""

    def __init__(
        self, clinic: Clinic, moment: Moment, pool: Pool, counter: int, busy: list[Busy], seed: str
    ) -> None:
        """`busy`: claims in force already, which people made while trying the demo."""
        self._clinic, self._moment, self._pool, self._counter = clinic, moment, pool, counter
        self._busy = busy
        self._random = Random(f"{seed}:{clinic.code}:{moment.day}")  # noqa: S311 - made-up turns
        self._midnight = clock.day_bounds(moment.day, clinic.zone)[0]
        self.drafts: list[Draft] = []

    def make(self, doctors: list[Doctor], blocks: list[Block]) -> list[Draft]:
        """Every turn of the day; the doctors who log in are served first."""
        by_doctor: dict[int, list[Block]] = {}
        for block in blocks:
            if block.holds_on(self._moment.day):
                by_doctor.setdefault(block.doctor_id, []).append(block)
        for doctor in sorted(doctors, key=lambda each: not each.logs_in):
            if mine := by_doctor.get(doctor.id):
                self._one_doctor(doctor, mine)
        return self.drafts

    def _one_doctor(self, doctor: Doctor, blocks: list[Block]) -> None:
        on_guard = any(block.starts.hour == 0 for block in blocks)
        before = len(self.drafts)
        self._booked(doctor, blocks, on_guard=on_guard)
        if on_guard:
            self._walk_ins(doctor, self.drafts[before:])

    # Turns given beforehand

    def _booked(self, doctor: Doctor, blocks: list[Block], *, on_guard: bool) -> None:
        delay = timedelta(minutes=60 if doctor.logs_in else self._random.choice((0, 10, 20)))
        turn_of = {True: 0, False: 0}
        most = max(self._pool.left // _OF_ONE_DOCTOR, _AT_LEAST)
        for slot in islice(self._slots(blocks, on_guard=on_guard), most):
            person = self._pool.take(doctor.specialty, self._moment.day)
            if person is None:
                return
            past = slot.ends_at <= self._moment.now - delay
            fates = _PAST[doctor.logs_in or self._moment.over or not on_guard] if past else _COMING
            fate = fates[turn_of[past] % len(fates)]
            turn_of[past] += 1
            self._give(doctor, slot, person, fate, delay)

    def _slots(self, blocks: list[Block], *, on_guard: bool) -> Iterator[Slot]:
        """Slots to fill, those around this hour first."""
        now, random = self._moment.now, self._random
        found = [slot for block in blocks for slot in slots_of(block, self._moment.day, self._clinic.zone)]
        if self._moment.over:
            found = [slot for slot in found if slot.wall_start.hour in _OPEN_HOURS]
        elif on_guard:
            found = [slot for slot in found if abs(slot.starts_at - now) < _AROUND]
        found.sort(key=lambda slot: abs(slot.starts_at - now))
        share = _FULL if on_guard else _HALF_FULL
        return (slot for slot in found if random.random() < share and not self._is_taken(slot))

    def _is_taken(self, slot: Slot) -> bool:
        mine = {slot.block.doctor_id, slot.block.room_id}
        return any(
            claim.resource_id in mine and claim.starts_at < slot.ends_at and slot.starts_at < claim.ends_at
            for claim in self._busy
        )

    def _give(self, doctor: Doctor, slot: Slot, person: Person, fate: str, delay: timedelta) -> None:
        draft = self._draft(doctor, person, slot.starts_at, slot.ends_at, slot)
        given = slot.starts_at - timedelta(
            days=self._random.randint(2, 21), minutes=self._random.randint(0, 240)
        )
        self._step(draft, State.REGISTRADO, given)
        if slot.ends_at <= self._moment.now - delay:
            self._past(draft, slot, fate, delay)
        else:
            self._coming(draft, slot, fate, delay)
        self.drafts.append(draft)

    def _past(self, draft: Draft, slot: Slot, fate: str, delay: timedelta) -> None:
        if fate == "x":
            self._cancel(draft, slot)
            return
        if fate == "c" or (fate != "r" and self._random.random() < _HALF_FULL):
            self._confirm(draft, slot)
        if fate in "rc":
            return
        if fate == "a":
            self._step(draft, State.AUSENTE, slot.ends_at, reason="No se presentó")
            return
        started = slot.starts_at + delay + self._minutes(0, 3)
        length = (slot.ends_at - slot.starts_at) * self._random.uniform(0.35, 0.8)
        self._step(draft, State.EN_ESPERA, slot.starts_at - self._minutes(3, 25))
        self._step(draft, State.EN_CURSO, started, by=draft.doctor.id)
        self._step(draft, State.FINALIZADO, started + length, by=draft.doctor.id)

    def _coming(self, draft: Draft, slot: Slot, fate: str, delay: timedelta) -> None:
        now = self._moment.now
        if fate == "x":
            self._cancel(draft, slot)
            return
        if fate == "c":
            self._confirm(draft, slot)
        if slot.starts_at > now + _COMES_EARLY:
            return
        arrived = slot.starts_at - self._minutes(5, 30)
        if arrived >= now - _MINUTE or self._random.random() > _SURE:
            return
        self._step(draft, State.EN_ESPERA, arrived)
        draft.triage = self._level() if self._random.random() < _HALF_FULL else None
        if slot.starts_at <= now - delay and not draft.doctor.logs_in:
            self._step(draft, State.EN_CURSO, slot.starts_at + delay, by=draft.doctor.id)

    def _confirm(self, draft: Draft, slot: Slot) -> None:
        self._step(draft, State.CONFIRMADO, self._before(draft, slot, 0.3, 0.7))

    def _cancel(self, draft: Draft, slot: Slot) -> None:
        at = self._before(draft, slot, 0.6, 0.95)
        self._step(draft, State.CANCELADO, at, reason=self._random.choice(_CANCELLED))

    def _before(self, draft: Draft, slot: Slot, low: float, high: float) -> datetime:
        """Between the day the turn was given and its hour, or now."""
        given, end = draft.steps[0].at, min(slot.starts_at, self._moment.now)
        return given + (end - given) * self._random.uniform(low, high)

    # People who come without a turn

    def _walk_ins(self, doctor: Doctor, mine: list[Draft]) -> None:
        random = self._random
        for _ in range(4 if self._moment.over else 2):
            start = random.randint(55, 130) if not self._moment.over else random.randint(300, 900)
            self._walk_in(doctor, start + random.randint(15, 40), start, start - random.randint(9, 25))
        if self._moment.over:
            return
        busy = any(draft.state is State.EN_CURSO for draft in mine)
        if not busy and not doctor.logs_in:
            self._walk_in(doctor, random.randint(30, 60), random.randint(2, 12), None)
        waiting = sum(draft.state is State.EN_ESPERA for draft in mine)
        for _ in range(waiting, _WAITING[doctor.logs_in]):
            self._walk_in(doctor, random.randint(3, 75), None, None)

    def _walk_in(self, doctor: Doctor, arrived: int, started: int | None, finished: int | None) -> None:
        """Minutes ago."""
        person = self._pool.take(doctor.specialty, self._moment.day)
        if person is None:
            return
        at = self._ago(arrived)
        draft = self._draft(doctor, person, at, at + _WALK_IN, None)
        draft.triage = self._level()
        self._step(draft, State.EN_ESPERA, at)
        if started is not None:
            self._step(draft, State.EN_CURSO, self._ago(started), by=doctor.id)
        if finished is not None:
            self._step(draft, State.FINALIZADO, self._ago(finished), by=doctor.id)
        self.drafts.append(draft)

    def _ago(self, minutes: int) -> datetime:
        """So many minutes ago; just after midnight time is squeezed, so that today stays today."""
        now = self._moment.now
        passed = now - self._midnight
        if passed < _SQUEEZED:
            return now - minutes * _MINUTE * (passed / _SQUEEZED)
        return now - minutes * _MINUTE

    # Parts

    def _draft(
        self, doctor: Doctor, person: Person, starts_at: datetime, ends_at: datetime, slot: Slot | None
    ) -> Draft:
        age = person.age_on(self._moment.day)
        story = story_for(doctor.specialty, person.sex, age, self._random, person.allergic_to)
        return Draft(self._clinic, self._moment.day, doctor, person, starts_at, ends_at, slot, story)

    def _step(
        self, draft: Draft, state: State, at: datetime, *, by: int | None = None, reason: str | None = None
    ) -> None:
        draft.steps.append(Step(state, at, self._counter if by is None else by, reason))

    def _minutes(self, low: int, high: int) -> timedelta:
        return timedelta(minutes=self._random.randint(low, high), seconds=self._random.randint(0, 50))

    def _level(self) -> int:
        return self._random.choices([level for level, _ in _TRIAGE], [share for _, share in _TRIAGE])[0]
