"""A simulated day: in each clinic reception, nurse and doctors at work, each a process with its login."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Event
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from clinicdesk import bootstrap
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients import service as registry
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.sites.model import procedures
from clinicdesk.clinic.turns import queries, service
from clinicdesk.clinic.turns import slots as offered
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from tests import factories
from tests.crowd import Done, Told
from tests.factories import PASSWORD, ZONE, Network

_SPAWN: Final = multiprocessing.get_context("spawn")
_DOCTORS: Final = 2
_FIRST_DOCUMENT: Final = 60_000_000
# What becomes of a turn, in a hundred: the rest comes and is seen.
_CANCELLED, _ABSENT, _NEVER_ASKED, _WALK_INS = 6, 5, 4, 5
_AHEAD: Final = 12
"""How many turns reception has booked before it begins to admit."""


@dataclass(frozen=True, slots=True)
class Place:
    """A clinic and who works there, by username."""

    clinic_id: int
    number: int
    reception: str
    nurse: str
    doctors: tuple[str, ...]
    doctor_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The day of all clinics, by a clock that stands at its first minute."""

    url: str
    day: date
    at: datetime
    turns: int
    seed: int = 1


def places(network: Network, count: int) -> list[Place]:
    """So many clinics more, each with a reception, a nurse and two doctors who work all day."""
    with network.owner.begin() as owner:
        control = owner.execute(select(procedures.c.id).limit(1)).scalar_one()
        return [_place(owner, number, control) for number in range(count)]


def _place(owner: Any, number: int, procedure: int) -> Place:
    clinic_id = factories._clinic(owner, f"DIA{number:02}", f"Centro {number:02}")

    def person(name: str, role: str) -> int:
        return factories._person(owner, (clinic_id,), f"{name}{number:02}", name.title(), "Alex", role, 0)

    person("recepcion", "admisionista")
    person("enfermera", "enfermeria")
    doctors = tuple(f"doctor{letter}{number:02}" for letter in "abcdef"[:_DOCTORS])
    ids = []
    for which, doctor in enumerate(doctors, start=1):
        ids.append(person(doctor.removesuffix(f"{number:02}"), "medico"))
        room = factories._room(owner, clinic_id, f"C.{which}")
        factories._blocks(owner, clinic_id, ids[-1], room, procedure)
    return Place(clinic_id, number, f"recepcion{number:02}", f"enfermera{number:02}", doctors, tuple(ids))


def plan(network: Network, turns: int, seed: int = 1) -> Plan:
    """Today, from its first minute."""
    day = clock.local_day(clock.now(), ZONE)
    return Plan(network.url, day, clock.day_bounds(day, ZONE)[0], turns, seed)


def run(what: Plan, where: Sequence[Place], *, meanwhile: Callable[[], None] = lambda: None) -> Told:
    """Let the day happen; `meanwhile` runs here, again and again, while anybody works."""
    with _SPAWN.Manager() as manager:
        told = manager.list()
        # Held here as long as the day lasts: a process that starts late still finds them.
        ends = [(manager.Event(), [manager.Event() for _doctor in place.doctors]) for place in where]
        workers = [
            worker
            for place, (over, empty) in zip(where, ends, strict=True)
            for worker in _workers(what, place, over, empty, told)
        ]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            meanwhile()
            time.sleep(0.05)
        assert [worker.exitcode for worker in workers] == [0] * len(workers)
        every = Told()
        for each in told:
            every.done += each.done
            every.ends += each.ends
    return every


def _workers(what: Plan, place: Place, over: Event, empty: Sequence[Event], told: Any) -> Iterator[Any]:
    yield _SPAWN.Process(target=_reception, args=(what, place, over, told))
    yield _SPAWN.Process(target=_nurse, args=(what, place, empty, told))
    for doctor, mine in zip(place.doctors, empty, strict=True):
        yield _SPAWN.Process(target=_doctor, args=(what, doctor, over, mine, told))


class _Worker:
    """One person at a desk whose clock stands still."""

    def __init__(self, what: Plan, username: str) -> None:
        self.session = bootstrap.log_in(what.url, username, PASSWORD, host="simulado")
        self.desk = Desk(self.session.engine, self.session.actor, now=lambda: what.at)
        self.chance = random.Random(f"{what.seed} {username}")
        self.told = Told()

    def do(self, case: Any, order: Any) -> Any:
        """Carry an order out; None where it was refused."""
        try:
            answer = self.desk.do(case, order)
        except Refusal as refusal:
            self.told.ends[type(refusal).__name__] += 1
            return None
        self.told.ends["done"] += 1
        turn_id = getattr(answer, "turn_id", None) or answer.id
        self.told.done.append(Done(order.key, turn_id, answer.seq, answer.state, time.monotonic()))
        return answer

    def leave(self, told: Any) -> None:
        """Tell what was done."""
        told.append(self.told)
        self.session.close()


def _reception(what: Plan, place: Place, over: Event, told: Any) -> None:
    worker = _Worker(what, place.reception)
    free = [_slots(worker, place, doctor) for doctor in place.doctor_ids]
    expected: list[Any] = []
    for number in range(what.turns):
        patient = _patient(worker, place, number)
        if worker.chance.randrange(100) < _WALK_INS:
            doctor = worker.chance.choice(place.doctor_ids)
            walk_in = admissions.WalkIn(patient_id=patient, doctor_id=doctor, reason="fiebre")
            worker.do(admissions.walk_in, walk_in)
        else:
            slot = free[number % len(free)].pop(0)
            answer = worker.do(service.book_turn, service.BookTurn(patient_id=patient, slot=slot))
            expected.append(answer)
        if len(expected) > _AHEAD:
            _comes(worker, expected.pop(0))
    for turn in expected:
        _comes(worker, turn)
    over.set()
    worker.leave(told)


def _slots(worker: _Worker, place: Place, doctor_id: int) -> list[str]:
    query = offered.SlotsQuery(place.clinic_id, doctor_id, days=1, limit=300)
    return [slot.id for slot in worker.desk.see(offered.slots, query)]


def _patient(worker: _Worker, place: Place, number: int) -> UUID:
    document = Document("AR", "DNI", str(_FIRST_DOCUMENT + place.number * 10_000 + number))
    order = registry.RegisterPatient(
        document=document, given="Rosa", family=f"Simulada {number}", sex="F", birth=date(1980, 1, 1)
    )
    return worker.desk.do(registry.register, order).patient_id


def _comes(worker: _Worker, turn: Any) -> None:
    """What becomes of one who was expected."""
    fate = worker.chance.randrange(100)
    if worker.chance.random() < 0.5:
        turn = worker.do(service.confirm, _hop(turn))
    if fate < _CANCELLED:
        worker.do(service.cancel, _hop(turn))
    elif fate < _CANCELLED + _ABSENT:
        worker.do(service.absent, _hop(turn))
    elif fate >= _CANCELLED + _ABSENT + _NEVER_ASKED:
        worker.do(admissions.admit, _hop(turn, admissions.Admit))


def _hop(turn: Any, order: Any = service.Hop) -> Any:
    return order(
        patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, reason="prueba"
    )


def _nurse(what: Plan, place: Place, empty: Sequence[Event], told: Any) -> None:
    worker = _Worker(what, place.nurse)
    while not all(each.is_set() for each in empty):
        rows = worker.desk.see(queries.day_turns, queries.DayQuery(place.clinic_id))
        waiting = [row for row in rows if row.state == State.EN_ESPERA]
        if waiting:
            row = worker.chance.choice(waiting)
            worker.do(service.call, service.Call(patient_id=row.patient_id, turn_id=row.id))
        time.sleep(0.2)
    worker.leave(told)


def _doctor(what: Plan, username: str, over: Event, empty: Event, told: Any) -> None:
    worker = _Worker(what, username)
    while True:
        last = over.is_set()
        visit = worker.do(records.call_next, records.CallNext())
        if visit is not None:
            finish = records.FinishVisit(
                patient_id=visit.patient_id, turn_id=visit.turn_id, seq=visit.seq, from_state=visit.state
            )
            worker.do(records.finish_visit, finish)
        elif last and worker.told.ends["NobodyWaits"]:
            break
        else:
            time.sleep(0.1)
    empty.set()
    worker.leave(told)


def heads(counts: Mapping[str, int]) -> dict[str, int]:
    """What stands in the heads of a board's columns."""
    words = {
        "REGISTRADO": State.REGISTRADO,
        "CONFIRMADO": State.CONFIRMADO,
        "EN ESPERA": State.EN_ESPERA,
        "EN CURSO": State.EN_CURSO,
        "FINALIZADO": State.FINALIZADO,
    }
    found = Counter(counts)
    return {word: found[state.value] for word, state in words.items()}
