"""Pure decisions: documents, names, searching, slots over clock changes, queues."""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.clinic.admissions import rules as queueing
from clinicdesk.clinic.agendas import rules as agendas
from clinicdesk.clinic.countries import PACKS
from clinicdesk.clinic.patients import asking, spelling
from clinicdesk.clinic.patients import rules as patients
from clinicdesk.kit import clock, ids
from clinicdesk.kit.errors import InvalidInput

ZONES = sorted({pack.zone for pack in PACKS.values()})
walls = st.datetimes(datetime(2015, 1, 1), datetime(2030, 12, 31))  # noqa: DTZ001 - wall times
names = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("28431907", "AR:DNI:28431907"),
        (" 28.431.907 ", "AR:DNI:28431907"),
        ("dni:28431907", "AR:DNI:28431907"),
        ("AR:DNI:028431907", "AR:DNI:28431907"),
        ("AR:PAS:aab 123456", "AR:PAS:AAB123456"),
        ("UY:CI:1.234.567-8", "UY:CI:12345678"),
        ("２８４３１９０７", "AR:DNI:28431907"),
    ],
)
def test_a_document_as_typed(typed: str, key: str) -> None:
    assert patients.parsed_document(typed, "AR").key == key


@pytest.mark.parametrize(
    "typed", ["", ":", "DNI:", "XX:YY:1", "A:B:C:D", "AR:RUN:1", "drop table", "1;2", "\x00"]
)
def test_a_document_that_is_none(typed: str) -> None:
    with pytest.raises(InvalidInput):
        patients.parsed_document(typed, "AR")


@given(st.text(max_size=40), st.sampled_from(sorted(PACKS)))
def test_a_document_is_understood_or_refused(text: str, country: str) -> None:
    try:
        document = patients.parsed_document(text, country)
    except InvalidInput:
        return
    assert patients.parsed_document(document.key, country) == document


@given(names)
def test_folding_forgets_case_and_accents_and_settles(text: str) -> None:
    once = spelling.folded(text)
    assert spelling.folded(once) == once
    assert once == spelling.folded(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("given_names", "family", "typed"),
    [
        ("María de los Ángeles", "Fernández de la Reguera", "angeles fernan"),
        ("Íñigo", "Ñandutí Echeverría", "nanduti inigo"),
        ("Brian", "O'Connor", "oconnor"),
        ("Ana", "De la Cruz", "delacruz ana"),
    ],
)
def test_what_is_typed_is_among_the_keys(given_names: str, family: str, typed: str) -> None:
    keys = spelling.SearchNames.of(given_names, family).keys(None)
    wanted = asking.understood(typed)
    assert all(any(key.startswith(word) for key in keys) for word in wanted.words)
    assert {f"3{word[:3]}" for word in wanted.words if len(word) > 2} <= set(keys)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("28.431.907", asking.Wanted(document="28431907")),
        ("2843", asking.Wanted(document="2843")),
        ("28", asking.Wanted()),
        ("HC 004417", asking.Wanted(chart_number=4417)),
        ("AR:DNI:28431907", asking.Wanted(document="28431907")),
        ("schmidt332", asking.Wanted(document="SCHMIDT332", words=("schmidt332",))),
        ("Curt84 Schmidt332", asking.Wanted(words=("curt84", "schmidt332"))),
        ("quispe rosa", asking.Wanted(words=("quispe", "rosa"))),
        ("perez 2025", asking.Wanted(words=("perez",), year=2025, either="2025")),
        ("perez 3/2/2025", asking.Wanted(words=("perez",), year=2025)),
        ("", asking.Wanted()),
    ],
)
def test_one_box_understands(typed: str, wanted: asking.Wanted) -> None:
    assert asking.understood(typed) == wanted


def test_a_year_to_come_is_no_birth() -> None:
    wanted = asking.understood("perez 2027")
    assert wanted.by(2027) == wanted
    assert wanted.by(2026) == asking.Wanted(words=("perez",), digits="2027")
    born = asking.understood("perez 3/2/2027")
    assert born.by(2026) == born


@given(st.text(max_size=80))
def test_the_box_takes_anything(text: str) -> None:
    assert isinstance(asking.understood(text).empty, bool)


def block(starts: time, ends: time, minutes: int, weekday: int) -> agendas.Block:
    """A block that holds for ever."""
    return agendas.Block(1, 1, 2, 3, 4, weekday, starts, ends, minutes, date(2000, 1, 1), None)


@given(
    st.sampled_from(ZONES),
    st.dates(date(2015, 1, 1), date(2030, 12, 31)),
    st.sampled_from([5, 10, 15, 20, 30, 60]),
)
def test_slots_keep_the_wall_clock_and_never_overlap(zone: str, day: date, minutes: int) -> None:
    found = list(agendas.slots_of(block(time(0), time(23, 59), minutes, day.isoweekday()), day, zone))
    assert found
    for slot in found:
        assert slot.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == slot.wall_start
        assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)
        assert agendas.slot_named(slot.id) == (1, slot.wall_start)
    for earlier, later in itertools.pairwise(found):
        assert earlier.ends_at <= later.starts_at


@given(st.sampled_from(ZONES), walls)
def test_a_wall_time_that_exists_comes_back_from_its_instant(zone: str, wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    back = clock.local(clock.instant(wall, zone), zone).replace(tzinfo=None)
    assert (back == wall) is clock.exists(wall, zone)


@given(st.sampled_from(ZONES), st.dates(date(2015, 1, 1), date(2030, 12, 31)))
def test_days_of_a_zone_follow_one_another(zone: str, day: date) -> None:
    start, end = clock.day_bounds(day, zone)
    assert clock.day_bounds(day + timedelta(days=1), zone)[0] == end
    assert timedelta(hours=22) < end - start < timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a queue."""

    triage: int | None
    arrived_at: datetime | None
    id: UUID
    triage_minutes: int | None = None


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
people = st.builds(
    Person,
    st.one_of(st.none(), st.integers(1, 5)),
    st.integers(0, 600).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    st.builds(uuid4),
)


@given(st.lists(people, min_size=1, max_size=30))
def test_rojo_is_first_and_nobody_starves(queue: list[Person]) -> None:
    ordered = sorted(queue, key=lambda person: queueing.queue_key(person, NOW))
    levels = [queueing.queue_key(person, NOW)[0] for person in ordered]
    assert levels == sorted(levels)
    assert min(levels) >= 1
    waited = Person(5, NOW - timedelta(minutes=240 * 4), uuid4())
    assert queueing.queue_key(waited, NOW)[0] == 2, "as far as waiting lifts: a rojo goes before"


@pytest.mark.parametrize(
    ("number", "ticket"), [(1, "A001"), (999, "A999"), (1000, "A1000"), (25_974, "A25974")]
)
def test_ticket_numbers(number: int, ticket: str) -> None:
    assert queueing.ticket_text(number) == ticket


def test_new_ids_grow_and_derived_ones_repeat() -> None:
    made = [ids.new_id() for _ in range(5_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {each.version for each in made} == {7}
    at = datetime(2020, 5, 1, tzinfo=UTC)
    one = ids.derived_id(at, "synthea", "visit", "x")
    assert one == ids.derived_id(at, "synthea", "visit", "x") != ids.derived_id(at, "synthea", "visit", "y")
    assert one.version == 8
    assert ids.made_at(one) == at


@given(st.uuids(), st.uuids())
def test_opaque_ids_carry_both(patient: UUID, row: UUID) -> None:
    assert ids.from_opaque(ids.opaque(patient, row)) == (patient, row)


@given(st.text(max_size=70).filter(lambda text: len(text) != 64))
def test_other_words_are_no_ids(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        ids.from_opaque(text)
