"""Who may stand in the registry twice: the rule, candidates while registering, the scan, the work list."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.patients import alike, rules, service
from clinicdesk.clinic.patients.alike import AlikeQuery
from clinicdesk.clinic.patients.errors import PatientNotFound, SamePatient
from clinicdesk.clinic.patients.likeness import AUDIT, TYPING, Identity, Weights, likeness
from clinicdesk.clinic.patients.registry_scan import Scan
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

BORN = date(1981, 8, 2)
ROSA = Identity.of("Rosa Elena", "Quispe Mamani", "F", BORN, "28431907")
words = st.text(st.characters(codec="utf-8"), max_size=12)
identities = st.builds(
    Identity.of,
    words,
    words,
    st.sampled_from(["F", "M", "X", ""]),
    st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2026, 1, 1))),
    st.text("0123456789", max_size=9),
)


@pytest.mark.parametrize(
    ("other", "suggests", "same"),
    [
        (ROSA, True, True),
        (Identity.of("rosa elena", "QUISPE MAMANI", "F", BORN, "28431907"), True, True),
        (Identity.of("Rosa", "Kispe", "F", BORN, "28431970"), True, False),
        (Identity.of("Rosa Elena", "Quispe Mamani", "F", BORN, "28431908"), True, False),
        (Identity.of("Quispe Mamani", "Rosa Elena", "F", BORN, "28431907"), True, True),
        # The two rules beside the weights: a wrong sex, and no document.
        (Identity.of("Otra", "Persona", "M", date(1950, 1, 1), "28431907"), True, False),
        (Identity.of("Rosa Elena", "Quispe Mamani", "F", BORN), True, False),
        (Identity.of("Rosa Elena", "Quispe Mamani", "F", date(1981, 8, 3)), False, False),
        (Identity.of("Rosa Elena", "Quispe Mamani", "F", BORN, "11222333"), False, False),
        (Identity.of("Hilda", "Carrizo", "F", BORN), False, False),
        (Identity.of("", "", "", None), False, False),
    ],
)
def test_while_somebody_registers_the_document_decides(other: Identity, suggests: bool, same: bool) -> None:
    how = likeness(ROSA, other)
    assert (how.suggests, how.same) == (suggests, same), how


def test_in_stored_data_the_name_decides() -> None:
    other = Identity.of("Rosa Elena", "Quispe Mamani", "F", BORN, "11222333")
    assert likeness(ROSA, other, AUDIT).same
    assert not likeness(ROSA, other, TYPING).suggests
    stranger = Identity.of("Hilda", "Carrizo", "F", BORN, "28431908")
    assert not likeness(ROSA, stranger, AUDIT).suggests


@pytest.mark.parametrize("weights", [TYPING, AUDIT])
def test_the_weights_make_one(weights: Weights) -> None:
    assert weights.document + weights.sex + weights.name + weights.birth == pytest.approx(1)
    assert likeness(ROSA, ROSA, weights).score == pytest.approx(1)


@settings(max_examples=300, deadline=None)
@given(identities, identities, st.sampled_from([TYPING, AUDIT]))
def test_likeness_is_a_share_and_has_no_order(one: Identity, other: Identity, weights: Weights) -> None:
    how = likeness(one, other, weights)
    assert 0 <= how.score <= 1.0001
    assert how.score == pytest.approx(likeness(other, one, weights).score)


@pytest.fixture
def counter(network: Network) -> Session:
    """Admission."""
    return network.log_in("msosa")


def registered(session: Session, number: str | None, family: str = "Xirinacs Olazábal") -> UUID:
    """Somebody whose surname nobody else bears."""
    paper = rules.Document("AR", "DNI", number) if number else None
    who = {"document": paper, "given": "Edelmiro", "family": family, "sex": "M"}
    return new_patient(session, **who, birth=date(1977, 7, 7)).patient_id


def candidates(session: Session, **said: object) -> list[UUID]:
    """Who the form shows."""
    known = {"number": "", "family": "Xirinacs Olazábal", "given": "Edelmiro", "sex": "M"}
    query = AlikeQuery(**(known | {"birth": date(1977, 7, 7)} | said))  # type: ignore[arg-type]
    return [each.patient.patient_id for each in session.desk().see(alike.alike, query)]


def test_candidates_are_found_by_document_and_by_name(counter: Session) -> None:
    known = registered(counter, "25000800")
    assert candidates(counter, number="25000800", sex="F", birth=None, given="Otro")[0] == known
    assert candidates(counter, number="25000801") == [known]
    assert candidates(counter, number="52000800") == [known]
    assert candidates(counter, family="Girinacs Olazabal") == [known]
    assert candidates(counter, family="Edelmiro", given="Xirinacs Olazábal") == [known]
    assert candidates(counter, birth=date(1990, 1, 1)) == []
    assert candidates(counter, number="39999999", sex="F") == []
    assert candidates(counter, family="", given="", number="") == []


def test_who_was_looked_at_and_is_somebody_else_is_remembered(counter: Session, network: Network) -> None:
    known = registered(counter, "25000900", "Yturrizaga")
    who = {"document": None, "given": "Edelmiro", "family": "Yturrizaga", "sex": "M"}
    order = service.RegisterPatient(**who, birth=date(1977, 7, 7), distinct_from=(known,))  # type: ignore[arg-type]
    new = counter.desk().do(service.register, order).patient_id
    keep(network, (known, new))
    assert pairs_of(counter, known) == []


def keep(network: Network, *pairs: tuple[UUID, UUID]) -> None:
    """A work list of these pairs."""
    ordered = tuple(alike.Pair(min(pair), max(pair), 90) for pair in pairs)
    network.log_in("secre").desk().do(alike.keep_pairs, alike.KeepPairs(pairs=ordered, people=2 * len(pairs)))


def pairs_of(session: Session, patient_id: UUID) -> list[set[UUID]]:
    """The pairs of the work list that somebody is in."""
    found = session.desk().see(alike.duplicates, alike.DuplicatesQuery())
    pairs = [{each.patient.patient_id, each.other.patient_id} for each in found.pairs]
    return [pair for pair in pairs if patient_id in pair]


def test_a_pair_called_distinct_leaves_the_work_list_for_good(counter: Session, network: Network) -> None:
    one, other = registered(counter, "25000701"), registered(counter, None)
    keep(network, (one, other))
    assert pairs_of(counter, one) == [{one, other}]
    for first, second in ((one, other), (other, one)):
        order = alike.CallDistinct(patient_id=first, other_id=second)
        answer = counter.desk().do(alike.call_distinct, order)
        assert answer.patient_id < answer.other_id
        assert pairs_of(counter, one) == []
    keep(network, (one, other))
    assert pairs_of(counter, one) == []


def test_a_pair_needs_two_people_who_exist(counter: Session) -> None:
    one = registered(counter, "25000711")
    with pytest.raises(SamePatient):
        counter.desk().do(alike.call_distinct, alike.CallDistinct(patient_id=one, other_id=one))
    with pytest.raises(PatientNotFound):
        counter.desk().do(alike.call_distinct, alike.CallDistinct(patient_id=one, other_id=new_id()))


def test_reading_the_registry_through_needs_its_right(counter: Session, network: Network) -> None:
    with pytest.raises(NotAllowed):
        counter.desk().see(alike.roll, alike.RollQuery())
    desk = network.log_in("secre").desk()
    pages, last = [], None
    while page := desk.see(alike.roll_on, alike.RollQuery(last, limit=3)):
        pages.append(page)
        last = page[-1].patient_id
    everybody = [row.patient_id for page in pages for row in page]
    assert len(everybody) == len(set(everybody)) > 3
    assert everybody == sorted(everybody)


def test_the_scan_finds_who_was_entered_twice_and_hardly_anybody_else() -> None:
    random, scan, twice = Random(3), Scan(), []
    surnames = ["Quispe", "Mamani", "Gómez", "Pérez", "Ibáñez", "Villalba", "Zárate", "Choque", "Rey", "Luna"]
    given_names = ["Rosa", "Ana", "Elena", "Hilda", "Norma", "Marta", "Irma", "Dora", "Delia", "Estela"]
    for at in range(4_000):
        who = (
            new_id(),
            f"{random.choice(given_names)} {random.choice(given_names)}",
            f"{random.choice(surnames)}{random.choice('aeiou')} {random.choice(surnames)}",
            "F",
            date(1940, 1, 1) + timedelta(days=random.randrange(28_000)),
            (str(10_000_000 + at * 37),),
        )
        scan.add(*who)
        if at % 40 == 0:
            other = (new_id(), *worse(random, who[1:]))
            twice.append(frozenset((who[0], other[0])))
            scan.add(*other)  # type: ignore[arg-type]
    found = [(frozenset((one, other)), score) for one, other, score in scan.pairs()]
    assert len(found) == len({pair for pair, _score in found})
    missed = set(twice) - {pair for pair, _score in found}
    assert len(missed) <= len(twice) * 0.02
    assert len(found) <= len(twice) * 2
    assert len(scan) == 4_100
    shared = [(frozenset((one, other)), score) for one, other, score in scan.pairs(processes=2)]
    assert sorted(shared, key=str) == sorted(found, key=str)


def worse(random: Random, who: tuple[object, ...]) -> tuple[object, ...]:
    """The same person entered again, with one thing wrong."""
    given_names, family, sex, birth, (number,) = who  # type: ignore[misc]
    assert isinstance(given_names, str)
    assert isinstance(family, str)
    assert isinstance(birth, date)
    match random.randrange(5):
        case 0:
            return given_names, family, sex, birth, (number[:4] + number[5] + number[4] + number[6:],)  # type: ignore[has-type]
        case 1:
            return given_names, family[:2] + family[3:], sex, birth, (number,)  # type: ignore[has-type]
        case 2:
            return given_names, family, "M", birth, (number,)  # type: ignore[has-type]
        case 3:
            return given_names, family, sex, birth, ()
    return given_names, family, sex, birth.replace(year=birth.year + 1), (number,)  # type: ignore[has-type]


def test_a_pair_called_distinct_in_error_comes_back(counter: Session, network: Network) -> None:
    one, other = registered(counter, "25000731", "Zubillaga"), registered(counter, None, "Zubillaga")
    keep(network, (one, other))
    counter.desk().do(alike.call_distinct, alike.CallDistinct(patient_id=one, other_id=other))
    assert pairs_of(counter, one) == []
    with pytest.raises(NotAllowed):
        network.log_in("gestion").desk().do(
            alike.doubt_again, alike.DoubtAgain(patient_id=other, other_id=one)
        )
    for _each in range(2):
        answer = counter.desk().do(alike.doubt_again, alike.DoubtAgain(patient_id=other, other_id=one))
        assert (answer.patient_id, answer.other_id) == (min(one, other), max(one, other))
        assert pairs_of(counter, one) == [{one, other}]


def test_the_work_list_counts_what_is_left_and_tells_of_the_last_scan(
    counter: Session, network: Network
) -> None:
    people = [registered(counter, f"2500074{number}", f"Contados {number}") for number in range(4)]
    keep(network, (people[0], people[1]), (people[2], people[3]))
    found = counter.desk().see(alike.duplicates, alike.DuplicatesQuery(limit=1))
    assert (len(found.pairs), found.total, found.people) == (1, 2, 4)
    assert found.scanned_at is not None
    counter.desk().do(alike.call_distinct, alike.CallDistinct(patient_id=people[0], other_id=people[1]))
    assert counter.desk().see(alike.duplicates_on, alike.DuplicatesQuery()).total == 1
    keep(network)
    last = counter.desk().see(alike.duplicates_on, alike.DuplicatesQuery())
    assert (last.pairs, last.total) == ((), 0)
    assert last.scanned_at is not None
    assert last.scanned_at > found.scanned_at


def test_the_work_list_shows_nobody_who_is_sealed_from_the_reader(counter: Session, network: Network) -> None:
    one, other = registered(counter, "25000751", "Selladas"), registered(counter, "25000752", "Selladas")
    keep(network, (one, other))
    seal = service.SealPatient(patient_id=other, sealed=True)
    network.log_in("priva").desk().do(service.seal_patient, seal)
    assert pairs_of(counter, one) == []
    assert pairs_of(network.log_in("priva"), one) == [{one, other}]
