"""The search box among fifteen hundred people: who is found, and in how many statements. Never how fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import event

from benchmarks.asked_people import Oracle, Writer, typed_on
from benchmarks.made_people import People, Person
from benchmarks.people_search import Tally, found_by
from benchmarks.registry import ids_of, load, top_surname
from clinicdesk.bootstrap import Session
from clinicdesk.kit.db import listener
from tests.factories import Network

PEOPLE: Final = 1_500
QUERIES: Final = 24 * 6
MOST_STATEMENTS: Final = 12
USUAL_STATEMENTS: Final = 6


@pytest.fixture(scope="module", params=["south", "spain"])
def people(request: pytest.FixtureRequest, network: Network) -> list[Person]:
    """A registry of made-up people, of one country and then of another."""
    made = list(People(11, request.param).take(PEOPLE))
    raw = listener(network.owner)
    raw.execute("TRUNCATE patient_documents, patient_search, name_words, patients CASCADE")
    load(raw, made, ids_of(made))
    raw.close()
    return made


@pytest.fixture
def session(network: Network, people: list[Person]) -> Iterator[Session]:
    """Admission, among them."""
    entered = network.log_in("msosa")
    yield entered
    entered.close()


def test_the_one_meant_is_among_the_first_ten(session: Session, people: list[Person]) -> None:
    ids, oracle, tally = ids_of(people), Oracle(people), Tally()
    for asked in Writer(people, 12).take(QUERIES):
        found = found_by(session, asked.text)
        tally.add(asked, oracle.fit(asked), hit=ids[asked.meant] in found[:10])
    assert set(tally.decidable) == {kind for kind, _write in Writer(people, 12).kinds}
    assert tally.recall >= 99.0, tally.misses
    assert sum(map(len, tally.decidable.values())) > QUERIES * 0.8


def test_a_search_takes_few_statements(session: Session, people: list[Person]) -> None:
    taken = list[int]()
    count = 0

    def listen(*_about: Any) -> None:
        nonlocal count
        count += 1

    event.listen(session.engine, "before_cursor_execute", listen)
    for asked in Writer(people, 13).take(QUERIES):
        count = 0
        found_by(session, asked.text)
        taken.append(count)
    assert max(taken) <= MOST_STATEMENTS
    assert sum(taken) / len(taken) <= USUAL_STATEMENTS


def test_every_letter_typed_on_is_answered_by_who_is_meant_in_the_end(
    session: Session, people: list[Person]
) -> None:
    ids, oracle = ids_of(people), Oracle(people)
    for asked in Writer(people, 14).take(12):
        states = typed_on(asked.text)
        found: tuple[UUID, ...] = ()
        for text in states:
            found = found_by(session, text)
        if oracle.fit(asked) == 1 and asked.kind == "everything":
            assert found[0] == ids[asked.meant]


@pytest.mark.parametrize("names", ["south", "spain"])
def test_the_commonest_made_up_surname_is_as_common_as_a_real_one(names: str) -> None:
    _name, share = top_surname(list(People(5, names).take(20_000)))
    assert 3 <= share < 5
