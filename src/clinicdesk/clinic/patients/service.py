"""Use cases that change the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import cast, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person, queries, rules, spelling
from clinicdesk.clinic.patients.alike import remember_distinct
from clinicdesk.clinic.patients.errors import DocumentKnown
from clinicdesk.clinic.patients.history import held, keep
from clinicdesk.clinic.patients.model import (
    chart_numbers,
    coverages,
    patient_documents,
    patient_search,
    patients,
)
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.text import clean_line


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPatient(Order):
    """A person new to the network. `document` None registers one without papers, under a chart number."""

    patient_id: UUID = new_row()
    document: rules.Document | None
    given: str
    family: str
    sex: str
    birth: date | None
    birth_estimated: bool = False
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    city: str | None = None
    payer: str | None = None
    # People alike who were looked at, and are somebody else.
    distinct_from: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientAnswer:
    """The patient that was registered or changed."""

    patient_id: UUID
    chart_number: int
    version: int = 1


def _explain_known(tx: Reader, order: RegisterPatient, refusal: Refusal) -> Refusal:
    """A known document names whose it is."""
    if not isinstance(refusal, DocumentKnown) or order.document is None:
        return refusal
    document = order.document
    known = queries.by_document(tx, document.key)
    return DocumentKnown(
        kind=document.kind,
        name=f"{known.family}, {known.given}",
        chart=f"{known.chart_number:06d}",
        patient=known,
    )


@use_case("patient.register", needs=Permission.PATIENT_WRITE, answer=PatientAnswer, explain=_explain_known)
def register(tx: Tx, order: RegisterPatient) -> PatientAnswer:
    """Register a person once. Raises InvalidInput with all problems, DocumentKnown with the patient."""
    today = clock.local_day(tx.now, tx.actor.at.zone)
    problems = rules.problems_of(order.given, order.family, order.sex, order.birth, order.document, today)
    if problems:
        raise InvalidInput(*problems)
    if order.document is not None:
        tx.write(insert(patient_documents), _document(order.document, order.patient_id))
    chart_number: int = tx.run(select(chart_numbers.next_value())).scalar_one()
    _write_patient(tx, order, chart_number)
    for other in order.distinct_from:
        remember_distinct(tx, order.patient_id, other)
    tx.changed(Change(Kind.PATIENT, tx.act, ids=((order.patient_id, order.patient_id),)))
    return PatientAnswer(order.patient_id, chart_number)


_CONTACT: Final = ("phone", "email", "address", "city")


def _line(text: str | None) -> str | None:
    """One line as stored; blank is nothing."""
    return clean_line(text or "") or None


def _document(document: rules.Document, patient_id: UUID) -> dict[str, Any]:
    return {
        "document_key": document.key,
        "patient_id": patient_id,
        "country": document.country,
        "kind": document.kind,
        "number": document.number,
    }


def _write_patient(tx: Tx, order: RegisterPatient, chart_number: int) -> None:
    given, family = clean_line(order.given), clean_line(order.family)
    chart = {
        "document_key": rules.chart_key(chart_number),
        "patient_id": order.patient_id,
        "kind": "HC",
        "number": f"{chart_number:06d}",
    }
    tx.write(insert(patient_documents), chart)
    row = {
        "patient_id": order.patient_id,
        "chart_number": chart_number,
        "given": given,
        "family": family,
        "created_at": tx.now,
        **{name: getattr(order, name) for name in ("sex", "birth", "birth_estimated")},
        **{name: _line(getattr(order, name)) for name in _CONTACT},
    }
    tx.write(insert(patients), row)
    numbers = (order.document.number,) if order.document else ()
    _write_search(tx, order.patient_id, spelling.SearchNames.of(given, family), order.birth, numbers)
    if payer := _line(order.payer):
        cover = {"patient_id": order.patient_id, "id": new_id(), "payer": payer}
        tx.write(insert(coverages), cover)


def _write_search(
    tx: Tx, patient_id: UUID, names: spelling.SearchNames, birth: date | None, numbers: tuple[str, ...]
) -> None:
    """What finds the person from now on, and the words that correct how others are typed."""
    row = {
        "patient_id": patient_id,
        "names": names.stored,
        "birth": birth,
        "n": names.keys(birth.year if birth else None, numbers),
    }
    tx.write(insert(patient_search), row)
    learn(tx, names.words)


def learn(tx: Tx, words: Sequence[str]) -> None:
    """The words of a name that somebody bears from now on correct how others are typed."""
    sounds = [spelling.sound(word) for word in words]
    if words:
        tx.write(select(func.learn_words(cast(list(words), ARRAY(Text)), cast(sounds, ARRAY(Text)))))


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
