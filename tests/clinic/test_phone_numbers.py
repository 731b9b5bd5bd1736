"""Phones of lists come out as libphonenumber says, although it is not asked for each of them."""

from __future__ import annotations

from random import Random
from typing import Final

import phonenumbers
import pytest

from clinicdesk.clinic.countries import PACKS
from clinicdesk.clinic.patients import phones

_SEED: Final = 20261121
_HEADS: Final = 40
_TAILS: Final = 6
_FORMS: Final = (
    "+{code}{number}",
    "+{code} {area} {rest}",
    "(+{code}) {number}",
    "{number}",
    "({area}) {rest}",
    "0{number}",
    "0{area} 15-{rest}",
    "{code}{number}",
    "00{code}{number}",
    "{area}.{rest}",
    "+0{code}{number}",
    "{area}/{rest}",
)


def plain(text: str, country: str) -> str | None:
    """What libphonenumber alone makes of it."""
    try:
        found = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if found.extension or not phonenumbers.is_valid_number(found):
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def beginnings(country: str, random: Random) -> list[str]:
    """Numbers of a country, each up to its last four figures: true ones, and some that one figure spoils."""
    kinds = [phonenumbers.example_number_for_type(country, kind) for kind in range(11)]
    known = [str(each.national_number) for each in kinds if each is not None]
    found = []
    for _ in range(_HEADS):
        figures = list(random.choice(known)[:-4])
        for _ in range(random.randint(0, 2)):
            figures[random.randrange(len(figures))] = random.choice("0123456789")
        found.append("".join(figures))
    return found


@pytest.mark.parametrize("country", sorted(PACKS))
def test_every_number_comes_out_as_if_it_had_been_asked_for(country: str) -> None:
    random = Random(f"{_SEED} {country}")
    code = phonenumbers.country_code_for_region(country)
    existing = 0
    for head in beginnings(country, random):
        form = random.choice(_FORMS)
        for _ in range(_TAILS):
            number = f"{head}{random.randrange(10_000):04}"
            text = form.format(code=code, number=number, area=number[:3], rest=number[3:])
            told = plain(text, country)
            existing += told is not None
            assert phones.read(text, country) == told, text
    assert existing > _TAILS


def test_one_answer_serves_all_numbers_that_begin_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    phones.read("+54 341 455-0000", "AR")
    monkeypatch.setattr(phones, "_judged", lambda _text, _country: None)
    assert phones.read("+54 (341) 455-1234", "AR") == "+543414551234"
    assert phones.read("+54 (341) 466-1234", "AR") is None


def test_numbers_whose_last_figures_matter_are_each_asked_for() -> None:
    """In Chile some numbers of Santiago exist by their last four figures alone."""
    assert phones.read("+56 2 1982 0123", "CL") == plain("+56219820123", "CL") is not None
    assert phones.read("+56 2 1982 9123", "CL") is None
