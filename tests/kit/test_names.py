"""Names and ages: the table of SCREENS 1.6, and that no width is ever exceeded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from clinicdesk.kit.names import age_text, distinct_names, full_name, mixed_case, sex_age, short_name

TABLE = {
    ("Quispe Mamani", "Rosa Elena"): {
        30: "Quispe Mamani, Rosa Elena",
        24: "Quispe Mamani, Rosa E.",
        18: "Quispe M., Rosa",
        12: "Quispe, Rosa",
        8: "Quispe",
    },
    ("Fernández de la Reguera Ibáñez", "María de los Ángeles"): {
        30: "Fernández R. I., María",
        24: "Fernández R. I., María",
        18: "Fernández, María",
        12: "Fernández",
        8: "Fernánd…",
    },
    ("Ñandutí Echeverría", "Ítalo Joaquín"): {
        30: "Ñandutí Echeverría, Ítalo J.",
        24: "Ñandutí E., Ítalo",
        18: "Ñandutí E., Ítalo",
        12: "Ñandutí, Í.",
        8: "Ñandutí",
    },
    ("Goicoechea-Etcheverry Urrutia", "Maximiliano José"): {
        30: "Goicoechea-Etcheverry U., M.",
        24: "Goicoechea-Etcheverry",
        18: "Goicoechea-Etchev…",
        12: "Goicoechea-…",
        8: "Goicoec…",
    },
}
CASES = [
    (family, given, width, text) for (family, given), row in TABLE.items() for width, text in row.items()
]
NAMES = st.text(st.characters(codec=None), max_size=40)


@pytest.mark.parametrize(("family", "given", "width", "expected"), CASES)
def test_the_table_of_the_design(family: str, given: str, width: int, expected: str) -> None:
    assert short_name(family, given, width) == expected


@given(NAMES, NAMES, st.integers(1, 60))
def test_no_name_is_wider_than_its_column_or_vanishes(family: str, forenames: str, width: int) -> None:
    name = short_name(family, forenames, width)
    assert wcswidth(name) <= width
    assert name or not full_name(family, forenames)


@given(NAMES, NAMES, st.integers(1, 60))
def test_more_room_never_shows_less(family: str, forenames: str, width: int) -> None:
    narrow, wide = short_name(family, forenames, width), short_name(family, forenames, width + 1)
    assert wcswidth(wide) >= wcswidth(narrow) or "…" in narrow


def test_one_part_alone_needs_no_comma() -> None:
    assert short_name("", "Rosa Elena", 20) == "Rosa Elena"
    assert short_name("Quispe", "", 20) == "Quispe"
    assert short_name("", "Rosa Elena", 7) == "Rosa E."
    assert short_name("de la", "", 4) == "de …"
    assert short_name("", "", 9) == ""


def test_hostile_names_keep_their_letters_and_lose_their_power() -> None:
    assert short_name("A[/b]B", "[@click=app.exit]x[/]", 40) == "A[/b]B, [@click=app.exit]x[/]"
    assert short_name("\x1b[2JPérez", "Ana", 20) == "·[2JPérez, Ana"


def test_people_who_would_read_alike_show_their_age() -> None:
    people = [
        ("Quispe Mamani", "Rosa Elena", "45 a"),
        ("Quispe Mora", "Rita", "46 a"),
        ("Sosa", "Ana", "9 a"),
    ]
    assert distinct_names(people, 13) == ["Quispe, Rosa", "Quispe, Rita", "Sosa, Ana"]
    assert distinct_names(people, 11) == ["Quispe 45 a", "Quispe 46 a", "Sosa, Ana"]


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        (date(1981, 8, 2), "45 a"),
        (date(1981, 11, 24), "44 a"),
        (date(2024, 11, 24), "23 m"),
        (date(2024, 11, 23), "2 a"),
        (date(2026, 9, 23), "2 m"),
        (date(2026, 9, 24), "60 d"),
        (date(2026, 10, 31), "23 d"),
        (date(2026, 11, 23), "0 d"),
        (date(2026, 11, 24), ""),
        (None, ""),
    ],
)
def test_ages_as_read_at_a_desk(birth: date | None, expected: str) -> None:
    assert age_text(birth, date(2026, 11, 23)) == expected


def test_the_age_of_a_newborn_is_told_in_hours_where_they_are_known() -> None:
    now = datetime(2026, 11, 23, 9, 42, tzinfo=UTC)
    assert age_text(now - timedelta(hours=4, minutes=50), now) == "4 h"
    assert age_text(now - timedelta(hours=24), now) == "1 d"
    assert age_text(date(2026, 11, 22), now) == "1 d"


@given(st.dates(), st.dates())
def test_an_age_has_four_columns_until_a_hundred(birth: date, today: date) -> None:
    age = age_text(birth, today)
    assert len(age) <= 4 or int(age.split()[0]) >= 100
    assert (age == "") == (birth > today)


def test_sex_and_age_are_one_column_right_aligned() -> None:
    today = date(2026, 11, 23)
    assert sex_age("F", date(1981, 8, 2), today) == "F 45 a"
    assert sex_age("F", date(2021, 8, 2), today) == "F  5 a"
    assert sex_age("M", date(1922, 8, 2), today) == "M104 a"
    assert sex_age("X", None, today) == "X     "


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("quispe mamani", "Quispe Mamani"),
        ("DE LA CRUZ O'HIGGINS", "de la Cruz O'Higgins"),
        ("ÑANDUTÍ-ECHEVERRÍA", "Ñandutí-Echeverría"),
        ("san martín", "San Martín"),
        ("McDonald", "McDonald"),
        ("de la Cruz", "de la Cruz"),
        ("", ""),
        ("n\u0303andu\u0301", "N\u0303andu\u0301"),
        ("山田 太郎", "山田 太郎"),
    ],
)
def test_a_name_in_one_case_is_written_in_two(typed: str, written: str) -> None:
    assert mixed_case(typed) == written
