"""What a new password may be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.clinic.access import passwords
from clinicdesk.clinic.access.errors import BadPassword, CommonPassword, LocalPassword

AROUND = ("msosa", "Marta", "Sosa de la Vega", "NORTE", "Centro Norte", "San Miguel de Tucumán")


@pytest.mark.parametrize("length", [8, 128])
def test_eight_to_a_hundred_and_twenty_eight_characters(length: int) -> None:
    good = ("ñandú y ombú " * 10)[:length]
    assert len(passwords.checked(good)) == length
    for bad in (good[:7], "ñ" * 129):
        with pytest.raises(BadPassword, match="de 8 a 128"):
            passwords.checked(bad)


def test_characters_are_counted_after_nfc_and_none_is_lost() -> None:
    apart = unicodedata.normalize("NFD", "ñéíóúüáÑ")
    assert len(apart) == 16
    assert passwords.checked(apart) == "ñéíóúüáÑ"
    with pytest.raises(BadPassword):
        passwords.checked(unicodedata.normalize("NFD", "ñéíóúüá"))
    long = "q" + "x1 " * 42
    assert passwords.checked(long) == long


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=128))
def test_any_character_will_do_and_spaces_stay(text: str) -> None:
    wanted = unicodedata.normalize("NFC", text)
    try:
        assert passwords.checked(text) == wanted
    except (CommonPassword, LocalPassword):
        assert len(wanted) >= 8
    except BadPassword:
        assert not 8 <= len(wanted) <= 128


@pytest.mark.parametrize("good", ["aaaaaaaaab", "qzjxkvwp", "        .", "caballo batería grapa", "71930264"])
def test_no_kind_of_character_is_demanded(good: str) -> None:
    assert passwords.checked(good) == good


def test_the_three_thousand_most_used_are_refused_in_any_case() -> None:
    known = sorted(passwords.common())
    assert len(known) >= 3000
    assert all(len(word) >= 8 for word in known)
    for word in known[:: len(known) // 200]:
        for typed in (word, word.upper(), word.title()):
            with pytest.raises(CommonPassword):
                passwords.checked(typed)


@pytest.mark.parametrize("word", ["12345678", "password1", "iloveyou", "qwertyuiop", "tequiero", "barcelona"])
def test_those_that_everybody_knows_are_among_them(word: str) -> None:
    with pytest.raises(CommonPassword):
        passwords.checked(word)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "clinicdesk",
            "ClinicDesk2026!",
            "cl1n1cd3sk",
            "c1inicdesk",
            "Cl!n1cDe$k",
            "hospital99",
            "h0sp1t4l",
        ),
        *("msosa2024", "Marta.Sosa", "m4rt4s0s4", "sosamarta!!", "2026MSOSA", "NorteNorte", "Centro_Norte1"),
        *(
            "tucumán2026",
            "Tucuman1234",
            "contraseña",
            "Contraseña1",
            "clave12345",
            "medicomedico",
            "MARTA de 1981",
        ),
    ],
)
def test_names_of_this_place_and_person_are_refused_with_whatever_is_around(word: str) -> None:
    with pytest.raises(LocalPassword):
        passwords.checked(word, AROUND)


@pytest.mark.parametrize(
    "good", ["marta toma mate amargo", "norte y brújula", "sosasinsal", "mi clinica preferida"]
)
def test_a_phrase_with_such_a_word_in_it_is_fine(good: str) -> None:
    assert passwords.checked(good, AROUND) == good


def test_each_refusal_says_which_rule_and_not_what_was_typed() -> None:
    said = set()
    for typed in ("corta", "iloveyou", "msosa-2026"):
        with pytest.raises(BadPassword) as refused:
            passwords.checked(typed, AROUND)
        assert typed not in str(refused.value)
        assert len(str(refused.value)) <= 78
        said.add(str(refused.value))
    assert len(said) == 3
