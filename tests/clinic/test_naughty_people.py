"""Naughty strings in every text field of a registration and of a correction: stored as they are, or refused.

The fields are found from the orders themselves, and from the facts that a correction may name: a new one is
covered by itself.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from datetime import date
from typing import Any, Final, get_args, get_origin, get_type_hints

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import particulars, queries, rules, service
from clinicdesk.clinic.patients.editing import EditPatient, edit
from clinicdesk.clinic.patients.facts import FACTS
from clinicdesk.clinic.patients.queries import PatientQuery
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.text import clean_line
from tests.data import shared
from tests.factories import Network

GOOD: Final[dict[str, Any]] = {
    "document": None,
    "given": "Ana",
    "family": "Paz",
    "sex": "F",
    "birth": date(1970, 1, 1),
}
# What a fact needs besides the field under test.
RIGHT: Final[dict[str, str]] = {
    "number": "+543415551234",
    "kind": "celular",
    "payer": "OSDE",
    "relation": "madre",
    "name": "Eva Paz",
    "purpose": "avisos",
    "evidence": "firmado",
    "substance": "penicilina",
}
EACH: Final = 9
"""Of fields that only take words of a list, every so manieth string will do: one rule refuses them all."""


def text_fields(kind: type[Any]) -> list[str]:
    """Fields of a dataclass that hold text, or nothing."""
    hints = get_type_hints(kind)
    return [each.name for each in fields(kind) if hints[each.name] is str or hints[each.name] == str | None]


def fact_fields() -> list[tuple[str, type[Any], str]]:
    """Fields of the facts an order carries by the dozen: the order's field, the class, its field."""
    found = []
    for name, hint in get_type_hints(service.RegisterPatient).items():
        inside = get_args(hint)[0] if get_origin(hint) is tuple else None
        if isinstance(inside, type) and inside.__module__ == particulars.__name__:
            found += [(name, inside, each) for each in text_fields(inside)]
    return found


def strings() -> list[str]:
    return list(dict.fromkeys(json.loads(shared("naughty-strings", "blns.json").read_text("utf-8"))))


@pytest.fixture
def counter(network: Network) -> Session:
    """Admission."""
    return network.log_in("msosa")


def registered(session: Session, **said: Any) -> queries.PatientRow | None:
    """Whoever was registered, None where it was refused with a sentence."""
    desk = session.desk()
    try:
        answer = desk.do(service.register, service.RegisterPatient(**{**GOOD, **said}))
    except Refusal as refusal:
        demand_clear(refusal)
        return None
    return desk.see(queries.reread, PatientQuery(answer.patient_id))


def demand_clear(refusal: Refusal) -> None:
    """A refusal is a sentence for people, whatever was typed."""
    said = str(refusal)
    assert said.strip()
    assert "Traceback" not in said


def as_stored(said: str) -> str | None:
    return clean_line(said) or None


def test_the_walk_sees_the_fields() -> None:
    assert {"given", "family", "sex", "phone", "email", "address", "city", "payer"} <= set(
        text_fields(service.RegisterPatient)
    )
    assert {kind.__name__ for _name, kind, _field in fact_fields()} >= {"Phone", "Coverage", "Contact"}


@pytest.mark.parametrize("name", text_fields(service.RegisterPatient))
def test_every_field_of_a_registration(counter: Session, name: str) -> None:
    free = registered(counter, **{name: "Zz"}) is not None
    taken = 0
    for said in strings()[:: 1 if free else EACH]:
        row = registered(counter, **{name: said})
        if row is not None:
            taken += 1
            wanted = as_stored(said) if name != "given" else clean_line(said)
            stored = getattr(row, name, wanted)
            assert stored == wanted or (name in {"phone", "sex"} and stored), (name, said)
    assert taken > 400 if free else taken >= 0


@pytest.mark.parametrize(
    ("many", "kind", "name"), fact_fields(), ids=lambda each: getattr(each, "__name__", each)
)
def test_every_field_of_what_is_known_besides(
    counter: Session, many: str, kind: type[Any], name: str
) -> None:
    needed: dict[str, Any] = {
        each.name: RIGHT[each.name]
        for each in fields(kind)
        if each.default is MISSING and each.name in RIGHT and each.name != name
    }
    if kind is particulars.Consent:
        needed |= {"granted": True} | ({"number": RIGHT["number"]} if name != "number" else {})
    for said in strings()[::EACH]:
        registered(counter, **{many: (kind(**needed, **{name: said}),)})


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_of_a_correction(counter: Session, name: str) -> None:
    desk = counter.desk()
    patient = registered(counter)
    assert patient is not None
    version = patient.version
    for said in strings()[::3]:
        order = EditPatient(patient_id=patient.patient_id, version=version, said={name: said})
        try:
            version = desk.do(edit, order).version
        except Refusal as refusal:
            demand_clear(refusal)
        else:
            row = desk.see(queries.reread, PatientQuery(patient.patient_id))
            value = getattr(row, name, None)
            assert value is None or isinstance(value, bool | date) or value.strip() == value


def test_every_document_that_is_typed() -> None:
    for said in strings():
        try:
            found = rules.parsed_document(said, "AR")
        except Refusal as refusal:
            demand_clear(refusal)
        else:
            assert found.number.isascii()
            assert len(found.key) <= 80
