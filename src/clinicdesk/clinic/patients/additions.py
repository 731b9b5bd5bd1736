"""Use cases that add a fact to a person who is registered, and end one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, and_, func, insert, select, update

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person, particulars, queries
from clinicdesk.clinic.patients.errors import AllergiesStand, ParticularNotFound
from clinicdesk.clinic.patients.history import note
from clinicdesk.clinic.patients.model import (
    allergies,
    authorisations,
    consents,
    contacts,
    coverages,
    patients,
    phones,
)
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case
from clinicdesk.kit import clock

_TABLES: Final[MappingProxyType[type[particulars.Particular], Table]] = MappingProxyType(
    {
        particulars.Phone: phones,
        particulars.Coverage: coverages,
        particulars.Authorisation: authorisations,
        particulars.Contact: contacts,
        particulars.Consent: consents,
    }
)
_FIELDS: Final[MappingProxyType[type[particulars.Particular], str]] = MappingProxyType(
    {kind: table.name for kind, table in _TABLES.items()} | {particulars.Allergy: allergies.name}
)
NO_ALLERGIES: Final = "ninguna"
NOT_ASKED: Final = "sin_preguntar"
ALLERGIC: Final = "registradas"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddParticular(Order):
    """One more phone, coverage, authorisation, contact, consent or allergy of a patient."""

    patient_id: UUID
    row_id: UUID = new_row()
    fact: particulars.Particular

    @property
    def subject(self) -> str:
        """What kind of fact, never what it says."""
        return type(self.fact).__name__.lower()


@dataclass(frozen=True, slots=True)
class ParticularAnswer:
    """The fact that was added or ended."""

    patient_id: UUID
    row_id: UUID


@use_case("patient.particular", needs=Permission.PATIENT_WRITE, answer=ParticularAnswer)
def add_particular(tx: Tx, order: AddParticular) -> ParticularAnswer:
    """Add a fact. Raises InvalidInput with all its problems, PatientNotFound, and what its table refuses."""
    patient_id = queries.header(tx, order.patient_id).patient_id
    fact = order.fact.checked(place_of(tx))
    before = _said_before(tx, patient_id, fact)
    write_particular(tx, patient_id, order.row_id, fact)
    note(tx, patient_id, _FIELDS[type(fact)], before, fact.told)
    _changed(tx, patient_id)
    return ParticularAnswer(patient_id, order.row_id)


def _said_before(tx: Tx, patient_id: UUID, fact: particulars.Particular) -> str | None:
    """Of a consent, what the person said last to the same; all else is new."""
    if not isinstance(fact, particulars.Consent):
        return None
    of = consents.c
    same = (of.purpose == fact.purpose, of.number.is_not_distinct_from(fact.number))
    last = select(of.granted).where(one_person.of(of.patient_id, patient_id), *same)
    row = tx.first(last.order_by(of.at.desc(), of.id.desc()).limit(1))
    return None if row is None else replace(fact, granted=row.granted).told


def place_of(tx: Tx) -> particulars.Place:
    """Where the actor works, and today there."""
    at = tx.actor.at
    return particulars.Place(at.country, clock.local_day(tx.now, at.zone))


def write_particular(tx: Tx, patient_id: UUID, row_id: UUID, fact: particulars.Particular) -> None:
    """Queue the row of a fact as it was checked; whoever tells of an allergy need not read any."""
    if isinstance(fact, particulars.Allergy):
        told = (fact.substance, fact.category, fact.reaction, fact.severity, fact.since)
        tx.write(select(func.tell_allergy(patient_id, row_id, *told)))
        return
    row = {"patient_id": patient_id, "id": row_id, **asdict(fact), **_written(tx, fact)}
    tx.write(insert(_TABLES[type(fact)]), row)


def _written(tx: Tx, fact: particulars.Particular) -> dict[str, Any]:
    """When, and of a consent who heard it."""
    if isinstance(fact, particulars.Consent):
        return {"at": tx.now, "person_id": tx.actor.person_id}
    if isinstance(fact, particulars.Phone | particulars.Contact | particulars.Authorisation):
        return {"added_at": tx.now}
    return {}


def _changed(tx: Tx, patient_id: UUID) -> None:
    tx.changed(Change(Kind.PATIENT, tx.act, ids=((patient_id, patient_id),)))


_Ended = type[particulars.Phone | particulars.Contact | particulars.Coverage]
_ENDS: Final[MappingProxyType[str, tuple[_Ended, Callable[[Tx, date], dict[str, Any]]]]] = MappingProxyType(
    {
        "phone": (particulars.Phone, lambda tx, _day: {"ended_at": tx.now}),
        "contact": (particulars.Contact, lambda tx, _day: {"ended_at": tx.now}),
        "coverage": (particulars.Coverage, lambda _tx, day: {"until": day}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndParticular(Order):
    """A phone, contact or coverage no longer holds; `on` None is today."""

    patient_id: UUID
    row_id: UUID
    kind: str
    on: date | None = None

    @property
    def subject(self) -> str:
        """What kind of fact."""
        return self.kind


@use_case("patient.particular_end", needs=Permission.PATIENT_WRITE, answer=ParticularAnswer)
def end_particular(tx: Tx, order: EndParticular) -> ParticularAnswer:
    """End a fact; its row stays. Raises ParticularNotFound where there is none that holds."""
    if order.kind not in _ENDS:
        raise ParticularNotFound
    fact, values = _ENDS[order.kind]
    table = _TABLES[fact]
    today = place_of(tx).today
    mine = and_(table.c.patient_id == order.patient_id, table.c.id == order.row_id)
    holds = table.c.ended_at.is_(None) if "ended_at" in table.c else _goes_on(table, order.on or today)
    said = [table.c[each.name] for each in fields(fact)]
    row = tx.first(update(table).where(mine, holds).values(values(tx, order.on or today)).returning(*said))
    if row is None:
        raise ParticularNotFound
    note(tx, order.patient_id, table.name, fact(**row._mapping).told, None)
    _changed(tx, order.patient_id)
    return ParticularAnswer(order.patient_id, order.row_id)


def _goes_on(table: Table, day: date) -> Any:
    return table.c.until.is_(None) | (table.c.until > day)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAllergies(Order):
    """Asked, the person knows of no allergy."""

    patient_id: UUID


@use_case("patient.no_allergies", needs=Permission.PATIENT_WRITE, answer=ParticularAnswer)
def no_allergies(tx: Tx, order: NoAllergies) -> ParticularAnswer:
    """Write the answer down. Raises AllergiesStand while one is known, PatientNotFound.

    The counter reads no allergy: whether there are any stands with the patient.
    """
    person = queries.header(tx, order.patient_id)
    patient_id, of = person.patient_id, patients.c
    if person.allergy_status == ALLERGIC:  # of any of their entries
        raise AllergiesStand
    answered = (
        update(patients)
        .where(of.patient_id == patient_id, of.allergy_status != ALLERGIC)
        .values(allergy_status=NO_ALLERGIES)
        .returning(of.patient_id)
    )
    if tx.first(answered) is None:
        raise AllergiesStand
    note(tx, patient_id, allergies.name, person.allergy_status, NO_ALLERGIES)
    _changed(tx, patient_id)
    return ParticularAnswer(patient_id, patient_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAllergy(Order):
    """It is no allergy, or no longer one."""

    patient_id: UUID
    row_id: UUID


@use_case("patient.allergy_end", needs=Permission.VITALS_WRITE, answer=ParticularAnswer, purpose="TREAT")
def end_allergy(tx: Tx, order: EndAllergy) -> ParticularAnswer:
    """Close an allergy; after the last one it has to be asked again. Raises ParticularNotFound.

    What may save a life is added by whoever hears it, and taken away by doctors and nurses.
    """
    return _close(tx, order)


@use_case("patient.allergy_unsay", needs=Permission.PATIENT_WRITE, answer=ParticularAnswer)
def unsay_allergy(tx: Tx, order: EndAllergy) -> ParticularAnswer:
    """Take back what oneself wrote down by mistake, soon after. Raises ParticularNotFound, AllergyStays."""
    return _close(tx, order)


def _close(tx: Tx, order: EndAllergy) -> ParticularAnswer:
    closed = func.close_allergy(order.patient_id, order.row_id, place_of(tx).today)
    if not tx.run(select(closed)).scalar_one():
        raise ParticularNotFound
    note(tx, order.patient_id, allergies.name, particulars.Allergy.told, "cerrada")
    _changed(tx, order.patient_id)
    return ParticularAnswer(order.patient_id, order.row_id)
