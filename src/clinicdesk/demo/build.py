"""Write the plan of a network: clinics, people with and without logins, agendas, patients."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, time
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select, text

from clinicdesk.clinic.access import rules as access_rules
from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas.model import agenda_blocks, spans
from clinicdesk.clinic.patients import rules as registry
from clinicdesk.clinic.patients.model import (
    allergies,
    coverages,
    name_words,
    patient_documents,
    patient_search,
    patients,
)
from clinicdesk.clinic.patients.spelling import SearchNames, sound
from clinicdesk.clinic.rights import Role
from clinicdesk.clinic.sites.model import clinic_hours, clinics, floors, procedures, rooms, specialties
from clinicdesk.clinic.sites.rules import MINUTES_OF_A_DAY
from clinicdesk.demo import agendas
from clinicdesk.demo import places as sites
from clinicdesk.demo.book import Book
from clinicdesk.demo.codes import write_codes
from clinicdesk.demo.patients import Patient
from clinicdesk.demo.places import Place
from clinicdesk.demo.staff import Worker, password_of
from clinicdesk.kit import secrets
from clinicdesk.kit.ids import derived_id

_VALID_FROM: Final = date(2024, 1, 1)
_SOURCE: Final = "demo"
_EVERY_DAY: Final = range(1, 8)
_AROUND_THE_CLOCK: Final = 2
# (from, to, guard or own practice): night and evening belong to the guard.
_GUARD_HOURS: Final = (
    (time(0), time(8), True),
    (time(8), time(13), False),
    (time(13), time(20), False),
    (time(20), time(23, 59), True),
)
_SHIFTS: Final = ((time(8), time(12)), (time(9), time(13)), (time(14), time(18)), (time(15), time(19)))
_SLOT, _GUARD_SLOT = 20, 30
_ROOM: Final = ("code", "kind", "state", "state_reason", "state_from")


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a network that never changes with the day."""

    places: tuple[Place, ...]
    staff: tuple[Worker, ...]
    patients: tuple[Patient, ...]


@dataclass(frozen=True, slots=True)
class _Ids:
    """Numbers given to what the plan only counts: clinics, people and rooms in the plan's order."""

    clinics: range
    people: range
    rooms: range
    procedures: dict[str, int]


def build(connection: Connection, plan: Plan, seed: str) -> None:
    """Write the plan into an empty database, as its owner."""
    raw: Any = connection.connection.driver_connection
    with ThreadPoolExecutor(max_workers=2) as hashing:
        salts = [secrets.new_salt() for worker in plan.staff]
        made = [
            hashing.submit(secrets.derived, password_of(worker.role), salt) if worker.username else None
            for worker, salt in zip(plan.staff, salts, strict=True)
        ]
        book = Book()
        ids = _write_sites(connection, book, plan)
        _write_staff(book, plan, ids)
        _write_agendas(book, plan, ids, seed)
        _write_patients(connection, book, plan.patients)
        _write_words(book, plan.patients)
        write_codes(book)
        book.write(raw)
        agendas.write_quotas(connection)
        for worker, person_id, salt, secret in zip(plan.staff, ids.people, salts, made, strict=True):
            if worker.username and secret:
                _log_in_as(connection, worker.username, person_id, salt, secret.result())


def _reserve(connection: Connection, sequence: str, count: int) -> range:
    """The next `count` numbers of a sequence."""
    statement = text("SELECT setval(:name, nextval(:name) + :count - 1)")
    last: int = connection.execute(statement, {"name": sequence, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


def _write_sites(connection: Connection, book: Book, plan: Plan) -> _Ids:
    clinic_ids = _reserve(connection, "clinics_id_seq", len(plan.places))
    room_ids = _reserve(connection, "resource_ids", len(plan.places) * len(sites.ROOMS))
    next_room = iter(room_ids)
    floor_ids = iter(_reserve(connection, "floors_id_seq", len(plan.places) * len(sites.FLOORS)))
    for clinic_id, place in zip(clinic_ids, plan.places, strict=True):
        latitude, longitude = place.coordinates
        book.add(
            clinics,
            id=clinic_id,
            latitude=latitude,
            longitude=longitude,
            **{name: getattr(place, name) for name in ("code", "name", "country", "zone", "city", "address")},
        )
        for weekday in _EVERY_DAY:
            hours = {"opens_minute": 0, "closes_minute": MINUTES_OF_A_DAY}
            book.add(clinic_hours, clinic_id=clinic_id, weekday=weekday, **hours)
        floor_of = {number: next(floor_ids) for number, _name in sites.FLOORS}
        for number, name in sites.FLOORS:
            book.add(floors, id=floor_of[number], clinic_id=clinic_id, number=number, name=name)
        for room in sites.ROOMS:
            values = {name: getattr(room, name) for name in _ROOM} | {"equipment": list(room.equipment)}
            book.add(rooms, id=next(next_room), clinic_id=clinic_id, floor_id=floor_of[room.floor], **values)
    people_ids = _reserve(connection, "resource_ids", len(plan.staff))
    return _Ids(clinic_ids, people_ids, room_ids, _write_practices(connection, book))


def _write_practices(connection: Connection, book: Book) -> dict[str, int]:
    numbers = _reserve(connection, "specialties_id_seq", len(sites.SPECIALTIES))
    ids = {each.code: number for each, number in zip(sites.SPECIALTIES, numbers, strict=True)}
    for each in sites.SPECIALTIES:
        book.add(specialties, id=ids[each.code], code=each.code, name=each.name)
    done: dict[str, int] = {}
    for number, practice in zip(
        _reserve(connection, "procedures_id_seq", len(sites.PRACTICES)), sites.PRACTICES, strict=True
    ):
        done[practice.code] = number
        values = {"code": practice.code, "name": practice.name, "minutes": practice.minutes}
        book.add(procedures, id=number, specialty_id=ids[practice.specialty], **values)
    return done


def _write_staff(book: Book, plan: Plan, ids: _Ids) -> None:
    for number, (worker, person_id) in enumerate(zip(plan.staff, ids.people, strict=True)):
        book.add(
            people,
            id=person_id,
            given=worker.given,
            family=worker.family,
            license=worker.license,
            specialty=worker.specialty_name,
            source=_SOURCE,
            source_id=str(number),
        )
        clinic_id = ids.clinics[worker.clinic]
        book.add(clinic_roles, person_id=person_id, clinic_id=clinic_id, role=worker.role.value)


def _log_in_as(connection: Connection, username: str, person_id: int, salt: bytes, secret: str) -> None:
    raw = connection.connection.driver_connection
    verifier = secrets.verifier(raw, access_rules.role_of(username), secret)
    connection.execute(select(func.access.create_login(username, person_id, salt, verifier, False, True)))
    connection.execute(select(func.access.sync_groups(username)))


def _write_agendas(book: Book, plan: Plan, ids: _Ids, seed: str) -> None:
    """A room of its own for each doctor, so that no two agendas meet in one."""
    random = Random(f"{seed}:agendas")  # noqa: S311 - made-up agendas
    doctors = [
        (worker, person_id)
        for worker, person_id in zip(plan.staff, ids.people, strict=True)
        if worker.role is Role.MEDICO
    ]
    for clinic, mine in itertools.groupby(doctors, key=lambda pair: pair[0].clinic):
        first_room = ids.rooms[clinic * len(sites.ROOMS)]
        for at, (worker, doctor_id) in enumerate(mine):
            place = {"clinic_id": ids.clinics[clinic], "doctor_id": doctor_id, "room_id": first_room + at}
            practice = ids.procedures[f"CON-{worker.specialty}"]
            if at < _AROUND_THE_CLOCK:
                _around_the_clock(book, place, practice, ids.procedures["GUARDIA"])
            else:
                _some_days(book, place, practice, random)


def _around_the_clock(book: Book, place: dict[str, int], practice: int, guard: int) -> None:
    for weekday in _EVERY_DAY:
        for starts, ends, on_guard in _GUARD_HOURS:
            slot = _GUARD_SLOT if on_guard else _SLOT
            _block(book, place, guard if on_guard else practice, weekday, (starts, ends), slot)


def _some_days(book: Book, place: dict[str, int], practice: int, random: Random) -> None:
    hours = random.choice(_SHIFTS)
    for weekday in sorted(random.sample(range(1, 7), random.randint(3, 5))):
        _block(book, place, practice, weekday, hours, _SLOT)


def _block(
    book: Book, place: dict[str, int], practice: int, weekday: int, hours: tuple[time, time], slot: int
) -> None:
    starts, ends = hours
    book.add(
        agenda_blocks,
        **place,
        procedure_id=practice,
        weekday=weekday,
        starts=starts,
        ends=ends,
        slot_minutes=slot,
        overbooks=2,
        state="publicado",
        valid_from=_VALID_FROM,
        **spans(place["doctor_id"], place["room_id"], weekday, starts, ends, _VALID_FROM, None),
    )


def _write_words(book: Book, plan: Sequence[Patient]) -> None:
    """The words of everybody's names, with how many bear them."""
    people = Counter(word for each in plan for word in SearchNames.of(each.given, each.family).words)
    for word, count in sorted(people.items()):
        book.add(name_words, word=word, sound=sound(word), people=count)


def _write_patients(connection: Connection, book: Book, plan: Sequence[Patient]) -> None:
    if not plan:
        return
    for chart_number, patient in zip(_reserve(connection, "chart_numbers", len(plan)), plan, strict=True):
        _identity(book, patient, chart_number)
        if patient.payer:
            book.add(
                coverages,
                patient_id=patient.id,
                id=_row_id(patient, "coverage"),
                payer=patient.payer,
                member_number=patient.member_number,
            )
        for allergy in patient.allergies:
            book.add(
                allergies,
                patient_id=patient.id,
                id=_row_id(patient, allergy.substance),
                since=patient.registered_at.date(),
                **{name: getattr(allergy, name) for name in allergy.__slots__},
            )


def _row_id(patient: Patient, what: str) -> UUID:
    return derived_id(patient.registered_at, "demo", what, patient.id.hex)


def _identity(book: Book, patient: Patient, chart_number: int) -> None:
    known: list[tuple[str, str | None, str, str]] = [
        (registry.chart_key(chart_number), None, "HC", f"{chart_number:06d}")
    ]
    if patient.document is not None:
        paper = patient.document
        known.append((paper.key, paper.country, paper.kind, paper.number))
    for key, country, kind, number in known:
        book.add(
            patient_documents,
            document_key=key,
            patient_id=patient.id,
            country=country,
            kind=kind,
            number=number,
        )
    names = ("given", "family", "sex", "birth", "deceased_on", "phone", "address", "city", "allergy_status")
    book.add(
        patients,
        patient_id=patient.id,
        chart_number=chart_number,
        created_at=patient.registered_at,
        **{name: getattr(patient, name) for name in names},
    )
    searched = SearchNames.of(patient.given, patient.family)
    numbers = (patient.document.number,) if patient.document is not None else ()
    keys = searched.keys(patient.birth.year, numbers)
    book.add(patient_search, patient_id=patient.id, names=searched.stored, birth=patient.birth, n=keys)
