"""Cells: what passes a check the database takes, so that one odd cell never ends a whole import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from clinicdesk.importers import _cells as cells
from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.importers._rejects import REASONS
from clinicdesk.kit.ids import derived_id
from clinicdesk.kit.text import clean
from tests.factories import Network

LATEST = "2024-05-06"
quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
texts = st.text(st.characters(exclude_categories=[]), max_size=40)
days = st.dates(date(1875, 1, 1), date(2024, 5, 10)).map(str) | st.sampled_from(["2023-02-29", "1900-00-01"])
clocks = st.from_regex(
    r"([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,7})?)?(Z|[+-][0-2][0-9]:?[0-6][0-9])?)?",
    fullmatch=True,
)
almost_dates = st.tuples(st.sampled_from(["", " "]), days, clocks).map("".join)
almost_numbers = st.from_regex(r"[+-]?[0-9]{0,17}\.?[0-9]{0,32}([eE][+-]?[0-9]{1,4})?", fullmatch=True)


@pytest.fixture(scope="module")
def database(network: Network) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(network.url, autocommit=True) as owner:
        yield owner


def passed(check: Callable[..., Any], value: str, *rest: Any) -> Any:
    """What the check gives; the example is dropped where it says no."""
    try:
        return check("COLUMN", value, *rest)
    except Bad as bad:
        said = (bad.column, bad.value)
    assert said == ("COLUMN", value)
    assume(False)
    return None


def asked(database: psycopg.Connection[Any], query: str, *values: Any) -> Any:
    """The one value of a query."""
    row = database.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


@given(almost_dates)
@quick
def test_the_database_takes_every_day_that_passes(database: psycopg.Connection[Any], value: str) -> None:
    day = passed(cells.day, value, LATEST)
    stored = asked(database, "SELECT %s::text::date::text", day)
    assert stored == day == value.strip()[:10]


@given(almost_dates)
@quick
def test_the_database_takes_every_instant_that_passes(database: psycopg.Connection[Any], value: str) -> None:
    at = passed(cells.instant, value, LATEST)
    stored = asked(database, "SELECT %s::text::timestamptz", at)
    said = datetime.fromisoformat(value.strip())
    assert stored == (said if said.tzinfo else said.replace(tzinfo=UTC))
    assert at.endswith("Z")


@given(almost_numbers | texts)
@quick
def test_the_database_takes_every_number_that_passes(database: psycopg.Connection[Any], value: str) -> None:
    number = passed(cells.number, value)
    stored = asked(database, "SELECT %s::text::numeric::float8", number)
    assert stored == pytest.approx(float(value))


@given(texts)
@quick
def test_the_database_takes_every_text_that_passes(database: psycopg.Connection[Any], value: str) -> None:
    said = passed(cells.words, value)
    stored = asked(database, "SELECT %s::text", said)
    assert stored == said == clean(value)


@pytest.mark.parametrize(
    ("check", "value", "fault"),
    [
        (cells.words, " \u00a0 ", Fault.MISSING),
        (cells.words, "x" * 401, Fault.TOO_LONG),
        (cells.words, "a\x00", Fault.NUL),
        (cells.words, "a\udcff", Fault.NOT_TEXT),
        (cells.key, "k" * 81, Fault.TOO_LONG),
        (cells.number, "", Fault.MISSING),
        (cells.number, "inf", Fault.BAD_NUMBER),
        (cells.number, "1e99", Fault.BAD_NUMBER),
        (cells.maybe_whole, "1.5", Fault.BAD_NUMBER),
    ],
)
def test_what_a_cell_must_not_be(check: Callable[[str, str], Any], value: str, fault: Fault) -> None:
    with pytest.raises(Bad) as bad:
        check("COLUMN", value)
    assert bad.value.fault is fault


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", Fault.MISSING),
        ("2023-02-29", Fault.BAD_DATE),
        ("2023-W01-1", Fault.BAD_DATE),
        ("20230101", Fault.BAD_DATE),
        ("1879-12-31", Fault.TOO_EARLY),
        ("2024-05-07", Fault.FUTURE),
    ],
)
def test_what_a_day_must_not_be(value: str, fault: Fault) -> None:
    with pytest.raises(Bad) as bad:
        cells.day("COLUMN", value, LATEST)
    assert bad.value.fault is fault


def test_empty_cells_are_none() -> None:
    assert cells.maybe("C", "  ") is None
    assert cells.maybe_day("C", " ", LATEST) is None
    assert cells.maybe_instant("C", "", LATEST) is None
    assert cells.maybe_whole("C", " ") is None


def test_every_fault_has_its_words() -> None:
    assert set(REASONS) == set(Fault)


moments = st.integers(-300_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
names = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20), min_size=1, max_size=4
)


@given(moments, names)
@quick
def test_the_database_derives_the_ids_that_the_program_derives(
    database: psycopg.Connection[Any], at: datetime, words: list[str]
) -> None:
    query = "SELECT import_id(import_time(%s), array_to_string(%s::text[], chr(31)))"
    made = asked(database, query, at, words)
    assert made == derived_id(at, *words)
    assert made.version == 8
