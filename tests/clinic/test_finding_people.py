"""The one search box, on a real database: what is typed finds who is meant."""

from __future__ import annotations

import gc
import unicodedata
from datetime import date
from random import Random
from weakref import ref

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import queries, rules
from clinicdesk.clinic.patients.cards import Card, read_card
from clinicdesk.clinic.patients.queries import Found, SearchQuery
from clinicdesk.clinic.patients.ranking import TypedWord
from clinicdesk.clinic.patients.spelling import SearchNames, folded, is_one_slip, one_slip, sound
from tests.data import shared
from tests.factories import Network, new_patient

PEOPLE = (
    ("María Guadalupe", "Echeverría Ñandutí", "F", date(1984, 3, 12), "31555102", "+54 341 455-7712"),
    ("Zacarías", "Villalba Quiroz", "M", date(1961, 11, 2), "14220987", "0351 422-8890"),
    ("Ana", "De la Cruz Pérez", "F", date(1999, 1, 30), "41777001", None),
    ("Isabel", "Delgado Xirau", "F", date(1975, 6, 6), "24111222", None),
    ("Joaquín Hernán", "O'Higgins", "M", date(2001, 7, 9), "43000111", None),
    ("Luz", "Goicoechea-Etcheverry", "F", date(1950, 12, 24), "6123456", None),
)


@pytest.fixture
def counter(network: Network) -> Session:
    """Admission, with these people registered once."""
    session = network.log_in("msosa")
    if not found_by(session, PEOPLE[0][4]).rows:
        for given, family, sex, birth, number, phone in PEOPLE:
            paper = rules.Document("AR", "DNI", number)
            who = {"given": given, "family": family, "sex": sex, "birth": birth, "phone": phone}
            new_patient(session, document=paper, **who)
    return session


def found_by(session: Session, typed: str, limit: int = 20) -> Found:
    """What the box gives."""
    return session.desk().see(queries.search, SearchQuery(typed, limit))


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("echeverria nanduti maria", "María Guadalupe"),
        ("ECHEVERRÍA Ñandutí", "María Guadalupe"),
        ("guadalupe echeverria", "María Guadalupe"),
        ("maria ñanduti", "María Guadalupe"),
        ("eche gua", "María Guadalupe"),
        ("echeverría, maría g", "María Guadalupe"),
        ("etcheberria nanduti maria", "María Guadalupe"),
        ("guadalupe 1984", "María Guadalupe"),
        ("guadalupe 12/03/1984", "María Guadalupe"),
        ("guadalupe 3155", "María Guadalupe"),
        ("echeverria 5102", "María Guadalupe"),
        ("E5102", "María Guadalupe"),
        ("e 5102", "María Guadalupe"),
        ("31.555.102", "María Guadalupe"),
        ("31555", "María Guadalupe"),
        ("455-7712", "María Guadalupe"),
        ("+54 9 341 455-7712", "María Guadalupe"),
        ("sacarias billalba kiros", "Zacarías"),
        ("zacarais villalba", "Zacarías"),
        ("villalva", "Zacarías"),
        ("viyalba", "Zacarías"),
        ("quirox zacarias", "Zacarías"),
        ("vilalba", "Zacarías"),
        ("villalbaa zacarias", "Zacarías"),
        ("delacruz", "Ana"),
        ("de la cruz ana", "Ana"),
        ("cruz perez", "Ana"),
        ("delacr", "Ana"),
        ("del isab", "Isabel"),
        ("girau isabel", "Isabel"),
        ("ohiggins", "Joaquín Hernán"),
        ("o'higgins joakin", "Joaquín Hernán"),
        ("ernan oigins", "Joaquín Hernán"),
        ("etcheverry luz", "Luz"),
        ("goicoechea etcheverry", "Luz"),
        ("gueycochea luz", "Luz"),
    ],
)
def test_whoever_is_meant_comes_first(counter: Session, typed: str, given: str) -> None:
    rows = found_by(counter, typed).rows
    assert rows, typed
    assert rows[0].given == given


@pytest.mark.parametrize(
    "typed", ["echeverria zacarias", "guadalupe 1930 quiroz", "zzzz", "E9999", "99999999"]
)
def test_nobody_comes_first_who_is_not_meant(counter: Session, typed: str) -> None:
    found = found_by(counter, typed)
    whole = {f"{row.family} {row.given}" for row in found.rows}
    assert found.more == 0
    assert not whole or " " in typed


def test_a_chart_number_finds_its_patient(counter: Session) -> None:
    (row,) = found_by(counter, "31555102").rows
    assert found_by(counter, f"HC {row.chart_number}").rows == (row,)
    assert found_by(counter, "HC 999999999").rows == ()


def test_how_many_more_fit_is_said_and_what_would_leave_fewer(counter: Session) -> None:
    for number in range(25):
        new_patient(
            counter, given=f"Tadeo {'ABCDE'[number % 5]}", family="Umpiérrez", birth=date(1950 + number, 1, 1)
        )
    found = found_by(counter, "umpierrez tadeo")
    assert (len(found.rows), found.more, found.uncounted) == (20, 5, False)
    assert found.narrowing == "año o documento"
    narrowed = found_by(counter, "umpierrez tadeo 1960")
    assert narrowed.rows[0].birth == date(1960, 1, 1)
    assert found_by(counter, "umpierrez tadeo", 30).more == 0


def test_a_year_may_be_a_documents_beginning(counter: Session) -> None:
    """However many were born then, who has such a document is seen; and those born then are seen too."""
    for number in range(24):
        new_patient(counter, given="Elpidio", family="Zubeldía", birth=date(2001, 1, 1 + number))
    whose = rules.Document("AR", "DNI", "20014567")
    new_patient(counter, given="Elpidio", family="Zubeldía", birth=date(1968, 5, 6), document=whose)
    found = found_by(counter, "zubeldia 2001")
    assert (found.rows[0].birth, len(found.rows), found.more) == (date(1968, 5, 6), 20, 5)
    assert {row.birth.year for row in found.rows[1:] if row.birth} == {2001}
    later = rules.Document("AR", "DNI", "20974567")
    new_patient(counter, given="Elpidio", family="Zubeldía", birth=date(1969, 5, 6), document=later)
    (row,) = found_by(counter, "zubeldia 2097").rows
    assert row.birth == date(1969, 5, 6)


def test_what_a_search_weighed_goes_with_it() -> None:
    """Without the collector, which comes after ten thousand searches: they kept fifty megabytes."""
    word = TypedWord("perez")
    word.learn({"peres": ("peres", 10)})
    assert word.costs["perez"] < word.costs["peres"]
    costs, kept = ref(word.costs), ref(word)
    gc.disable()
    try:
        del word
        assert (costs(), kept()) == (None, None)
    finally:
        gc.enable()


def test_canonically_equal_names_are_one(counter: Session) -> None:
    random = Random(11)
    letters = "aábcdeéfghiíjklmnñoópqrstuúüvwxyzçàâãäåèêëìîïòôõöùûýÿşğőűÅÉÑÇ"
    for _ in range(10_000):
        word = "".join(random.choices(letters, k=random.randint(3, 14)))
        forms = [unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC", "NFKD")]
        names = {SearchNames.of(form, form) for form in forms}
        assert len(names) == 1, word
        assert SearchNames.parsed(names.pop().stored) == SearchNames.of(word, word)
    new_patient(counter, given="Núria", family=unicodedata.normalize("NFD", "Ångström Güiñazú"))
    for form in ("NFC", "NFD"):
        rows = found_by(counter, unicodedata.normalize(form, "Ångström Güiñazú")).rows
        assert [row.given for row in rows] == ["Núria"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gonzalez", "gonsales"),
        ("hernandez", "ernandes"),
        ("vargas", "bargas"),
        ("llanos", "yanos"),
        ("giménez", "jimenez"),
        ("quiroga", "kiroga"),
        ("wilson", "uilson"),
        ("chavez", "chabes"),
        ("guerra", "gerra"),
        ("zacarias", "sacarias"),
    ],
)
def test_what_sounds_alike_is_one_sound(one: str, other: str) -> None:
    assert sound(folded(one)) == sound(folded(other))


def test_sounds_that_differ_stay_apart() -> None:
    assert len({sound(word) for word in ("paz", "pez", "chico", "hijo", "garra", "jarra")}) == 6


def test_one_slip_reaches_its_word() -> None:
    assert {"perez", "peres", "prez", "pperez", "peerz"} <= one_slip("perez") | {"perez"}
    assert "perez" in one_slip("perz")
    assert "perez" in one_slip("preez")
    assert "lopez" not in one_slip("perez")


def test_one_slip_is_seen_where_it_was_made_and_nowhere_else() -> None:
    random, seen = Random(9), set()
    for _round in range(20_000):
        one, other = ("".join(random.choices("abc", k=random.randint(1, 5))) for _side in range(2))
        made = other in one_slip(one)
        seen.add(made)
        assert is_one_slip(one, other) == is_one_slip(other, one) == made, (one, other)
    assert seen == {True, False}


CARD = "00123456789@GOMEZ ÑANDU@JUAN PABLO@M@28431907@A@07/03/1981@12/05/2015@200"
OLD = "@28431907    @A@1@GOMEZ@JUAN PABLO@ARGENTINA@07/03/1981@M@12/05/2010@00012345678@9999 @12/05/2025@1@0@"
HOLDER = Card("AR", "DNI", "28431907", "Gomez Ñandu", "Juan Pablo", "M", date(1981, 3, 7))
CEDULA = (
    "0299013951\x00\x00PubDSK_1\x00\x00\x00\x00\x00\x001020304050GARCIA\x00\x00\x00LOPEZ\x00\x00\x00\x00MARIA\x00\x00"
    "JOSE\x00\x00\x00\x000F19900523110010O+\x002\x00"
)


@pytest.mark.parametrize(
    ("scanned", "card"),
    [
        (CARD, HOLDER),
        (
            CARD.replace("@", '"'),
            Card("AR", "DNI", "28431907", "Gomez Ñandu", "Juan Pablo", "M", date(1981, 3, 7)),
        ),
        (OLD, Card("AR", "DNI", "28431907", "Gomez", "Juan Pablo", "M", date(1981, 3, 7))),
        (CEDULA, Card("CO", "CC", "1020304050", "Garcia Lopez", "Maria Jose", "F", date(1990, 5, 23))),
        (
            CEDULA.replace("\x00", " "),
            Card("CO", "CC", "1020304050", "Garcia Lopez", "Maria Jose", "F", date(1990, 5, 23)),
        ),
        (
            "1020304050\tGARCIA\tLOPEZ\tMARIA\tJOSE\tF\t23/05/1990\tO+",
            Card("CO", "CC", "1020304050", "Garcia Lopez", "Maria Jose", "F", date(1990, 5, 23)),
        ),
        (
            "1020304050,GARCIA,,MARIA,,F,19900523,O+",
            Card("CO", "CC", "1020304050", "Garcia", "Maria", "F", date(1990, 5, 23)),
        ),
        (
            CARD.replace("07/03/1981", "99/99/1981"),
            Card("AR", "DNI", "28431907", "Gomez Ñandu", "Juan Pablo", "M", None),
        ),
        (CARD.replace("28431907", "DROP"), None),
        ("gomez@example.org", None),
        ("@@@@@@@@@@@@", None),
        ("GARCIA, MARIA", None),
        ("", None),
    ],
)
def test_a_card_is_read(scanned: str, card: Card | None) -> None:
    assert read_card(scanned) == card


def test_a_card_read_finds_its_holder(counter: Session) -> None:
    scanned = CARD.replace("28431907", "31555102")
    assert [row.given for row in found_by(counter, scanned).rows] == ["María Guadalupe"]


def test_naughty_strings_find_nothing_and_break_nothing(counter: Session) -> None:
    lines = shared("naughty-strings/blns.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 400
    for line in lines:
        if line and not line.startswith("#"):
            found = found_by(counter, line)
            assert len(found.rows) <= 20
    assert found_by(counter, "x" * 5000).rows == ()
    assert found_by(counter, "maria " * 400).rows


def test_the_words_are_counted_as_people_register(counter: Session, network: Network) -> None:
    for _ in range(3):
        new_patient(counter, given="Wenceslao", family="Xumeticabra")
    with network.owner.connect() as owner:
        asked = text("SELECT word, sound, people FROM name_words WHERE word LIKE 'xumet%'")
        assert [tuple(row) for row in owner.execute(asked)] == [("xumeticabra", "sumetikabra", 3)]
