"""Corrections of a registered person, each with its trace: who changed what, when, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, Text, Uuid

from clinicdesk.clinic.patients import one_person, rules, spelling
from clinicdesk.clinic.patients.additions import place_of
from clinicdesk.clinic.patients.facts import FACTS
from clinicdesk.clinic.patients.finding import learn
from clinicdesk.clinic.patients.history import held, keep, overtaken
from clinicdesk.clinic.patients.model import patient_documents
from clinicdesk.clinic.patients.particulars import Faults
from clinicdesk.clinic.patients.service import PatientAnswer
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

_FOUND_BY: Final = frozenset({"given", "family", "birth"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPatient(Order):
    """What a patient's data should say, as seen at `version`: name of the fact → its text, "" for nothing.

    What is not named stays.
    """

    patient_id: UUID
    # What was seen, not what is said: sent again after a look, the order is still the same one.
    version: int = field(metadata={"made": True})
    said: Mapping[str, str]


@use_case("patient.edit", needs=Permission.PATIENT_WRITE, answer=PatientAnswer)
def edit(tx: Tx, order: EditPatient) -> PatientAnswer:
    """Correct a patient's data unless somebody did since; what says the same already changes nothing.

    Raises PatientNotFound, PatientClosed, PatientChanged with who, what and when, and InvalidInput with
    every problem.
    """
    wanted = _parsed(order.said)
    row = held(tx, one_person.standing(tx, order.patient_id))
    if row.version != order.version:
        raise overtaken(tx, row.patient_id, order.version)
    blanks = {name: value for name, value in wanted.items() if one_person.is_blank(name, value)}
    wanted = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    changed = {name: value for name, value in _reached(tx, wanted).items() if getattr(row, name) != value}
    _empty_others(tx, row, blanks)
    if not changed:
        return PatientAnswer(row.patient_id, row.chart_number, row.version)
    documents = _documents(tx, row.patient_id)
    _check(tx, {**row._mapping, **changed}, documents)
    keep(tx, row, changed)
    if _FOUND_BY & changed.keys():
        _find_anew(tx, row, changed, [document.number for document in documents])
    return PatientAnswer(row.patient_id, row.chart_number, row.version + 1)


def _empty_others(tx: Tx, row: Any, blanks: Mapping[str, Any]) -> None:
    """What is to be blank would be filled from an entry merged into this one: it goes there too, traced."""
    others = one_person.members(tx, row.patient_id)[1:] if blanks else ()
    for each in others:
        other = held(tx, each)
        known = {name: value for name, value in blanks.items() if getattr(other, name) != value}
        if known:
            keep(tx, other, known)


def _parsed(said: Mapping[str, str]) -> dict[str, Any]:
    """The columns' values. Raises InvalidInput."""
    values, problems = {}, []
    for name, text in said.items():
        if name not in FACTS:
            problems.append(_("«{name}» no es un dato del paciente.").format(name=name[:40]))
            continue
        try:
            values[name] = FACTS[name].parsed(text)
        except InvalidInput as wrong:
            problems += wrong.problems
    if problems:
        raise InvalidInput(*problems)
    return values


def _reached(tx: Tx, changed: Mapping[str, Any]) -> dict[str, Any]:
    """The values, a new phone in E.164. Raises InvalidInput for a phone or address that is none."""
    faults, new = Faults(), dict(changed)
    if "phone" in new:
        new["phone"] = faults.phone(new["phone"], place_of(tx))
    if "email" in new:
        new["email"] = faults.mail(new["email"])
    faults.settle()
    return new


def _documents(tx: Tx, patient_id: UUID) -> list[rules.Document]:
    documents = patient_documents.c
    held = select(documents.country, documents.kind, documents.number).where(
        documents.patient_id == patient_id, documents.valid, documents.kind != "HC"
    )
    return [rules.Document(row.country or "", row.kind, row.number) for row in tx.rows(held)]


def _check(tx: Tx, values: Mapping[str, Any], documents: list[rules.Document]) -> None:
    today = clock.local_day(tx.now, tx.actor.at.zone)
    problems = rules.problems_of(
        values["given"],
        values["family"],
        values["sex"],
        values["birth"],
        documents[0] if documents else None,
        today,
    )
    if problems:
        raise InvalidInput(*problems)


def _find_anew(tx: Tx, row: Any, changed: Mapping[str, Any], numbers: Iterable[str]) -> None:
    """The person is found by what is true now; words that are new are learnt."""
    now = {**row._mapping, **changed}
    names, before = (spelling.SearchNames.of(each["given"], each["family"]) for each in (now, row._mapping))
    birth: date | None = now["birth"]
    keys = names.keys(birth.year if birth else None, tuple(numbers))
    found = func.find_anew(
        cast(row.patient_id, Uuid), names.stored, cast(birth, Date), cast(keys, ARRAY(Text))
    )
    tx.write(select(found))
    learn(tx, [word for word in names.words if word not in before.words])
