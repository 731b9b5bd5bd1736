"""Naughty strings in every text field of a registration and of a correction: stored as they are, or refused.

The fields are found from the orders themselves, and from the facts that a correction may name: a new one is
covered by itself.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import MISSING, fields
from datetime import date
from typing import Any, Final, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.cli.patient_shapes import Whole, details_lines
from clinicdesk.clinic.patients import details, particulars, queries, rules, service
from clinicdesk.clinic.patients.editing import EditPatient, edit
from clinicdesk.clinic.patients.facts import FACTS
from clinicdesk.clinic.patients.queries import PatientQuery
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.text import clean_line, shown
from clinicdesk.tui.parts.bits import bits_of
from clinicdesk.tui.person_facts import fact_lines
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
# Free text, and how long it may be; the other fields take phones, addresses or words of a list.
FREE: Final = {
    ("phones", "note"): 120,
    ("coverages", "payer"): 120,
    ("coverages", "plan"): 120,
    ("coverages", "member_number"): 60,
    ("contacts", "name"): 120,
    ("consents", "evidence"): 400,
    ("allergies", "substance"): 300,
    ("allergies", "reaction"): 300,
    ("allergies", "category"): 60,
}
HERE: Final = particulars.Place("AR", date(2026, 1, 1))
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


def test_every_field_of_a_registration(counter: Session) -> None:
    """Fields of free text take a string each at once; those of a few words refuse them one by one."""
    names = text_fields(service.RegisterPatient)
    free = [name for name in names if registered(counter, **{name: "Zz"}) is not None]
    assert {"given", "family", "address", "city", "payer"} <= set(free)
    texts = strings()
    for at in range(len(texts)):
        said = {name: texts[(at + 41 * place) % len(texts)] for place, name in enumerate(free)}
        row = registered(counter, **said)
        for alone in (said,) if row else ({name: text} for name, text in said.items()):
            found = row or registered(counter, **alone)
            if found is not None:
                demand_stored(found, alone)
    for name in set(names) - set(free):
        for said_alone in texts[::EACH]:
            registered(counter, **{name: said_alone})


def demand_stored(row: queries.PatientRow, said: dict[str, str]) -> None:
    """What was typed is what is shown, as far as the row shows it."""
    for name, text in said.items():
        wanted = clean_line(text) if name == "given" else as_stored(text)
        assert getattr(row, name, wanted) == wanted, (name, text)


def told(kind: type[Any], name: str, said: str, at: int) -> Any:
    """A fact with a string in one of its fields; whatever must differ from its neighbours does."""
    needed: dict[str, Any] = {
        each.name: RIGHT[each.name] for each in fields(kind) if each.default is MISSING and each.name in RIGHT
    }
    if kind in {particulars.Phone, particulars.Consent}:
        needed["number"] = f"+54114{4_000_000 + at}"
    if kind is particulars.Consent:
        needed["granted"] = True
    return kind(**(needed | {name: said}))


def takes(fact: Any) -> bool:
    """Whether a fact is good as it is; where it is not, the sentence is for people."""
    try:
        fact.checked(HERE)
    except Refusal as refusal:
        demand_clear(refusal)
        return False
    return True


def stored_of(session: Session, carer: Session, patient_id: UUID, many: str) -> tuple[list[Any], str]:
    """What is stored of one kind of fact, and all that the desk and the command line show of the person."""
    query = PatientQuery(patient_id)
    known = session.desk().see(details.details, query)
    allergic = carer.desk().see(details.allergies, query)
    today = date(2026, 1, 1)
    desk = "\n".join(
        "".join(bit.text for bit in bits_of(line)) for line in fact_lines(known, "AR", today, 9999)
    )
    prompt = "\n".join(map(shown, details_lines(Whole(known, allergic), today, "AR")))
    rows = allergic if many == "allergies" else getattr(known, many)
    return list(rows), desk + prompt


@pytest.mark.parametrize(
    ("many", "kind", "name"), fact_fields(), ids=lambda each: getattr(each, "__name__", each)
)
def test_every_field_of_what_is_known_besides(
    network: Network, counter: Session, many: str, kind: type[Any], name: str
) -> None:
    """All strings at once: each is stored letter by letter and shown, or the service refuses it too."""
    good: dict[int, str] = {}
    for at, said in enumerate(strings()):
        fact = told(kind, name, said, at)
        if takes(fact):
            good[at] = said
        elif at % (3 * EACH) == 0:
            assert registered(counter, **{many: (fact,)}) is None, said
    most = FREE.get((many, name))
    if most is not None:  # what fits is never refused
        fits = [said for said in strings() if 1 <= len(clean_line(said)) <= most]
        assert set(fits) <= set(good.values())
        assert len(fits) > 400
    facts = [told(kind, name, said, at) for at, said in good.items()]
    if most is None:  # a number is stored once, however it is written
        facts = list({fact.checked(HERE): fact for fact in facts}.values())
    row = registered(counter, **{many: tuple(facts)})
    assert row is not None
    found, seen = stored_of(counter, network.log_in("lpaz"), row.patient_id, many)
    assert len(found) == len(facts)
    if most is None:
        return
    wanted = Counter(as_stored(said) for said in good.values())
    assert Counter(getattr(each, name) for each in found) == wanted
    for text in wanted:
        assert text is None or shown(text) in seen, text


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_of_a_correction(counter: Session, name: str) -> None:
    desk = counter.desk()
    patient = registered(counter)
    assert patient is not None
    version = patient.version
    for said in strings()[::EACH]:
        order = EditPatient(patient_id=patient.patient_id, version=version, said={name: said})
        try:
            version = desk.do(edit, order).version
        except Refusal as refusal:
            demand_clear(refusal)
        else:
            row = desk.see(queries.reread, PatientQuery(patient.patient_id))
            value = getattr(row, name)
            if name in {"family", "given", "name_in_use", "email", "address", "city"}:
                assert (value or None) == as_stored(said)
            elif name == "phone":
                assert value is None or value[-4:] == "".join(filter(str.isdigit, said))[-4:]
            else:
                assert FACTS[name].text(value) in {said.strip().upper(), said.strip(), FACTS[name].nothing}


def test_every_document_that_is_typed() -> None:
    for said in strings():
        try:
            found = rules.parsed_document(said, "AR")
        except Refusal as refusal:
            demand_clear(refusal)
        else:
            assert found.number.isascii()
            assert len(found.key) <= 80
