"""Use cases that change the registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import additions, identity, one_person, particulars, queries, rules
from clinicdesk.clinic.patients.alike import remember_distinct
from clinicdesk.clinic.patients.finding import write_search
from clinicdesk.clinic.patients.history import held, keep
from clinicdesk.clinic.patients.model import chart_numbers, patient_documents, patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case
from clinicdesk.kit.ids import derived_id, made_at
from clinicdesk.kit.names import full_name
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPatient(Order):
    """A person new to the network. `document` None registers one without papers, under a chart number.

    `provisional` (see rules.Provisional) is for who has no name yet: the surname may be left blank then.
    `documents`, `phones` and `coverages` are those besides `document`, `phone` and `payer`.
    """

    patient_id: UUID = new_row()
    document: rules.Document | None
    given: str
    family: str
    sex: str
    birth: date | None
    birth_estimated: bool = False
    document_expires: date | None = None
    name_in_use: str | None = None
    gender: str = particulars.GENDERS[0]
    blood_group: str = particulars.UNKNOWN_BLOOD
    dependent: bool = False
    provisional: str | None = None
    # Of a newborn: a contact of theirs who answers for them, and whose surname they bear for now.
    mother_id: UUID | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    city: str | None = None
    payer: str | None = None
    documents: tuple[particulars.Paper, ...] = ()
    phones: tuple[particulars.Phone, ...] = ()
    coverages: tuple[particulars.Coverage, ...] = ()
    contacts: tuple[particulars.Contact, ...] = ()
    consents: tuple[particulars.Consent, ...] = ()
    allergies: tuple[particulars.Allergy, ...] = ()
    # Asked, the person knows of none: another thing than not having been asked.
    no_allergies: bool = False
    # People alike who were looked at, and are somebody else.
    distinct_from: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientAnswer:
    """The patient that was registered or changed, and what is worth saying of it."""

    patient_id: UUID
    chart_number: int
    version: int = 1
    warnings: tuple[str, ...] = ()


@use_case(
    "patient.register", needs=Permission.PATIENT_WRITE, answer=PatientAnswer, explain=identity.explain_known
)
def register(tx: Tx, order: RegisterPatient) -> PatientAnswer:
    """Register a person once, with all that is known of them.

    Raises InvalidInput with all problems, DocumentKnown with the patient, PatientNotFound for the mother.
    """
    person = _checked(tx, order)
    identity.take_all(tx, order)
    chart_number: int = tx.run(select(chart_numbers.next_value())).scalar_one()
    _write_patient(tx, order, person, chart_number)
    for n, fact in enumerate(person.facts):
        kind = type(fact).__name__
        row_id = derived_id(made_at(order.patient_id), order.patient_id.hex, kind, str(n))
        additions.write_particular(tx, order.patient_id, row_id, fact)
    for other in order.distinct_from:
        remember_distinct(tx, order.patient_id, other)
    write_search(tx, order.patient_id)
    tx.changed(Change(Kind.PATIENT, tx.act, ids=((order.patient_id, order.patient_id),)))
    return PatientAnswer(order.patient_id, chart_number, warnings=person.warnings)


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody about to be registered, as they will be stored."""

    row: dict[str, Any]
    facts: tuple[particulars.Particular, ...]
    warnings: tuple[str, ...]


def _checked(tx: Tx, order: RegisterPatient) -> _Person:
    """The order as it will stand. Raises InvalidInput with every problem there is."""
    at = additions.place_of(tx)
    mother = queries.header(tx, order.mother_id) if order.mother_id else None
    said = clean_line(order.given), clean_line(order.family)
    given, family = rules.names_given(*said, order.provisional, mother.family if mother else None)
    wrong = rules.problems_of(given, family, order.sex, order.birth, order.document, at.today)
    faults = particulars.Faults(wrong)
    if order.document is not None:
        faults.found += rules.document_problems(order.document)
    row = _row(faults, order, at) | {"given": given, "family": family}
    payer = _line(order.payer)
    coverage = (particulars.Coverage(payer),) if payer else ()
    close = order.contacts
    if mother is not None:
        name = full_name(mother.family, mother.given)
        close += (particulars.Contact("madre", name, related_id=order.mother_id, guardian=True),)
    told: tuple[particulars.Particular, ...] = (
        *faults.take(order.phones, at),
        *faults.take((*coverage, *order.coverages), at),
        *faults.take(close, at),
        *faults.take(order.consents, at),
        *faults.take(order.allergies, at),
    )
    faults.settle()
    guarded = any(each.guardian for each in close)
    warnings = rules.warnings_of(
        order.birth, at.country, at.today, dependent=order.dependent, has_guardian=guarded
    )
    return _Person(row, told, warnings)


def _row(faults: particulars.Faults, order: RegisterPatient, at: particulars.Place) -> dict[str, Any]:
    """The patient's own row; what is wrong with it goes to the faults."""
    for paper in order.documents:
        faults.found += rules.document_problems(paper.document)
    faults.word(order.gender, particulars.GENDERS, _("La identidad de género"))
    faults.word(order.blood_group, particulars.BLOOD_GROUPS, _("El grupo sanguíneo"))
    if order.provisional is not None:
        faults.word(order.provisional, rules.Provisional, _("La identidad temporaria"))
    if order.no_allergies and order.allergies:
        faults.found.append(_("Hay alergias anotadas: no puede decir que no tiene ninguna."))
    status = additions.NO_ALLERGIES if order.no_allergies else additions.NOT_ASKED
    same = ("sex", "birth", "birth_estimated", "gender", "blood_group", "dependent", "provisional")
    return {
        **{name: getattr(order, name) for name in same},
        "name_in_use": faults.line(order.name_in_use, rules.NAME_MOST, _("El nombre en uso")),
        "phone": faults.phone(order.phone, at),
        "email": faults.mail(order.email),
        "address": _line(order.address),
        "city": _line(order.city),
        "allergy_status": status,
    }


def _line(text: str | None) -> str | None:
    """One line as stored; blank is nothing."""
    return clean_line(text or "") or None


def _write_patient(tx: Tx, order: RegisterPatient, person: _Person, chart_number: int) -> None:
    chart = {
        "document_key": rules.chart_key(chart_number),
        "patient_id": order.patient_id,
        "kind": "HC",
        "number": f"{chart_number:06d}",
    }
    tx.write(insert(patient_documents), chart)
    keys = {"patient_id": order.patient_id, "chart_number": chart_number, "created_at": tx.now}
    tx.write(insert(patients), keys | person.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealPatient(Order):
    """A patient who restricts who sees them, or no longer does."""

    patient_id: UUID
    sealed: bool


@dataclass(frozen=True, slots=True)
class SealAnswer:
    """The patient, sealed or not."""

    patient_id: UUID
    sealed: bool


@use_case("patient.seal", needs=Permission.PATIENT_SEAL, answer=SealAnswer, purpose="ADMIN")
def seal_patient(tx: Tx, order: SealPatient) -> SealAnswer:
    """Seal or open all entries of a patient. Raises PatientNotFound."""
    for patient_id in one_person.members(tx, order.patient_id):
        row = held(tx, patient_id)
        if row.sealed != order.sealed:
            keep(tx, row, {"sealed": order.sealed})
    return SealAnswer(order.patient_id, order.sealed)
