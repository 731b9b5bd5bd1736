"""Ten thousand pairs of names that Unicode calls canonically equal are one name, however they were typed.

Canonically equal is what UAX #15 says: the same canonical decomposition (NFD). So `é` typed at once or with a
mark behind, the Ångström sign for Å, marks of different classes in any order. Beyond that, names are compared
without case and marks, and without what compatibility folds (ﬁ, full-width letters, ß as ss).
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import queries
from clinicdesk.clinic.patients.likeness import Identity, likeness
from clinicdesk.clinic.patients.queries import SearchQuery
from clinicdesk.clinic.patients.spelling import SearchNames
from clinicdesk.importers.patients import IMPORTER
from tests.factories import Network

PAIRS: Final = 10_000
SEARCHED: Final = 300
SEED: Final = 20261121
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzabcdeilmnorst"
COMPOSED: Final = "áéíóúüñçàâãäåèêëìîïòôõöùûýÿşğőűæøłđß가한ậệǘ"
SINGLETONS: Final = {"Å": "\N{ANGSTROM SIGN}", "K": "\N{KELVIN SIGN}", "Ω": "\N{OHM SIGN}"}
MARKS: Final = "\u0301\u0308\u0323\u0327\u0331\u0302"
BORN: Final = date(1930, 1, 1)


def name(random: Random) -> str:
    """A word of letters, composed letters, singletons, and now and then two marks on one letter."""
    letters = [random.choice(LETTERS) for _ in range(random.randint(4, 11))]
    for _ in range(random.randint(1, 3)):
        letters.insert(random.randint(1, len(letters)), random.choice(COMPOSED))
    if random.random() < 0.3:
        letters.insert(0, random.choice(list(SINGLETONS)))
    if random.random() < 0.4:
        letters.insert(random.randint(1, len(letters)), "o" + "".join(random.sample(MARKS, 2)))
    return "".join(letters)


def otherwise(random: Random, said: str) -> str:
    """Another way to write it: marks apart or together, in another order, singletons."""
    for plain, sign in SINGLETONS.items():
        said = said.replace(plain, random.choice((plain, sign)))
    ways: tuple[Callable[[], str], ...] = (
        lambda: unicodedata.normalize("NFC", said),
        lambda: unicodedata.normalize("NFD", said),
        lambda: "".join(_shuffled(random, said)),
        lambda: said,
    )
    return random.choice(ways)()


def _shuffled(random: Random, said: str) -> Iterator[str]:
    """Marks of different classes change places; of one class they keep their order."""
    run: list[str] = []
    for char in (*unicodedata.normalize("NFD", said), ""):
        if char and unicodedata.combining(char):
            run.append(char)
            continue
        classes: dict[int, list[str]] = {unicodedata.combining(mark): [] for mark in run}
        for mark in run:
            classes[unicodedata.combining(mark)].append(mark)
        order = list(classes)
        random.shuffle(order)
        for each in order:
            yield from classes[each]
        run = []
        yield char


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str, str, str]]:
    """Given name and surname, twice."""
    random = Random(SEED)
    found = []
    for _ in range(PAIRS):
        given, family = name(random), name(random)
        found.append((given, family, otherwise(random, given), otherwise(random, family)))
    return found


def test_the_pairs_are_what_they_are_called(pairs: list[tuple[str, str, str, str]]) -> None:
    for given, family, other_given, other_family in pairs:
        assert unicodedata.normalize("NFD", given) == unicodedata.normalize("NFD", other_given)
        assert unicodedata.normalize("NFD", family) == unicodedata.normalize("NFD", other_family)
    differ = sum(pair[:2] != pair[2:] for pair in pairs)
    assert differ > PAIRS * 0.6


def test_each_pair_compares_as_one_name(pairs: list[tuple[str, str, str, str]]) -> None:
    for given, family, other_given, other_family in pairs:
        one = Identity.of(given, family, "F", BORN)
        other = Identity.of(other_given, other_family, "F", BORN)
        assert one == other
        assert likeness(one, other).suggests


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Muñoz", "MUNOZ"),
        ("Núñez Ibáñez", "nunez ibanez"),
        ("Strauß", "STRAUSS"),
        ("STRAUẞ", "strauss"),
        ("Ｇarcía", "garcia"),
        ("Soﬁa", "SOFIA"),
        ("İbrahim", "ibrahim"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Higgins", "o'higgins"),
    ],
)
def test_case_marks_and_compatibility_do_not_tell_names_apart(one: str, other: str) -> None:
    assert SearchNames.of(one, one) == SearchNames.of(other, other)


@pytest.fixture(scope="module")
def registered(
    network: Network, pairs: list[tuple[str, str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """Everybody, as the first of each pair is written; with somebody who may search."""
    path: Path = tmp_path_factory.mktemp("pairs") / "pares.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("id", "apellido", "nombre", "sexo", "nacimiento"))
        for at, (given, family, *_other) in enumerate(pairs):
            out.writerow((at, family, given, "F", (BORN + timedelta(days=at)).isoformat()))
    session = network.log_in("admin")
    result = IMPORTER.run(session.desk(), path)
    session.close()
    assert (result.accepted, result.rejected) == (PAIRS, 0), result.rejects
    searcher = network.log_in("msosa")
    yield searcher
    searcher.close()


def test_each_pair_has_the_same_keys_in_the_database(
    registered: Session, network: Network, pairs: list[tuple[str, str, str, str]]
) -> None:
    with network.owner.connect() as owner:
        rows = owner.exec_driver_sql(
            "SELECT l.key, s.names, s.n FROM import_ledger l JOIN patient_search s USING (patient_id)"
            " WHERE l.source LIKE 'patients:%%'"
        ).all()
    stored = {int(key.removeprefix("id:")): (names, set(keys)) for key, names, keys in rows}
    assert len(stored) == PAIRS
    for at, (_given, _family, given, family) in enumerate(pairs):
        names = SearchNames.of(given, family)
        year = (BORN + timedelta(days=at)).year
        assert stored[at] == (names.stored, set(names.keys(year)))


def test_the_box_finds_who_is_written_otherwise(
    registered: Session, pairs: list[tuple[str, str, str, str]]
) -> None:
    desk = registered.desk()
    for at in Random(SEED).sample(range(PAIRS), SEARCHED):
        given, family, other_given, other_family = pairs[at]
        found = desk.see(queries.search_on, SearchQuery(f"{other_family} {other_given}"))
        shown = {(row.given, row.family) for row in found.rows}
        wanted = unicodedata.normalize("NFC", given), unicodedata.normalize("NFC", family)
        assert wanted in shown, (given, family, other_given, other_family)
