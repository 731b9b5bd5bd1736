"""The people and places of the demo: believable, and the same each time."""

from __future__ import annotations

import unicodedata
from collections import Counter
from datetime import date
from random import Random
from zoneinfo import ZoneInfo

import pytest

from clinicdesk.clinic.agendas.rules import distance_km
from clinicdesk.clinic.countries import PACKS
from clinicdesk.clinic.patients.check_digits import check_digit_uy
from clinicdesk.clinic.patients.rules import parsed_document, problems_of
from clinicdesk.clinic.patients.spelling import name_words
from clinicdesk.clinic.records.rules import typed_text
from clinicdesk.clinic.rights import STAFF_ROLES, Role
from clinicdesk.demo import Size, plan
from clinicdesk.demo.charts import story_text
from clinicdesk.demo.documents import (
    check_digit_ec,
    check_digit_mx,
    check_letter_cl,
    document_of,
)
from clinicdesk.demo.places import DOCTORS, SPECIALTIES, places
from clinicdesk.demo.staff import USERNAMES, password_of
from clinicdesk.demo.stories import STORIES

WHOLE = plan(Size())


def test_the_same_seed_makes_the_same_people() -> None:
    small = Size(clinics=3, patients=60)
    assert plan(small) == plan(small)
    other = plan(Size(clinics=3, patients=60, seed="other"))
    assert {each.id for each in other.patients}.isdisjoint({each.id for each in plan(small).patients})
    assert [each.family for each in other.staff] != [each.family for each in plan(small).staff]


def test_the_network_spans_countries_and_zones() -> None:
    assert len({place.code for place in WHOLE.places}) == len(WHOLE.places) == 20
    assert {"AR", "UY", "CL", "EC"} < {place.country for place in WHOLE.places} <= set(PACKS)
    assert all(ZoneInfo(place.zone) for place in WHOLE.places)
    assert len({place.zone for place in WHOLE.places}) >= 8
    many = places(45)
    assert len({place.code for place in many}) == len({place.name for place in many}) == 45


def test_every_clinic_stands_somewhere_and_the_south_is_nearest_to_the_north() -> None:
    north, *others = places(40)[:20]
    assert len({each.coordinates for each in places(20)}) == 20
    nearest = min(others, key=lambda each: distance_km(north.coordinates, each.coordinates))
    assert nearest.code == "SUR"
    assert 5 < distance_km(north.coordinates, nearest.coordinates) < 30


def test_patients_look_like_the_registry_they_will_stand_in() -> None:
    people = WHOLE.patients
    assert len(people) == 2000
    assert Counter(each.clinic for each in people) == dict.fromkeys(range(20), 100)
    for each in people:
        assert (
            problems_of(each.given, each.family, each.sex, each.birth, each.document, date(2026, 1, 1)) == ()
        )
        assert len(each.family.split()) >= 2
        assert unicodedata.is_normalized("NFC", each.family + each.given)
        assert not any("." in word for word in (each.given, each.family))
    keys = [each.document.key for each in people if each.document]
    assert len(set(keys)) == len(keys)
    assert 0 < len(people) - len(keys) < 60
    letters = set("".join(each.family for each in people))
    assert {"ñ", "í", "Ñ", "-", "'"} <= letters


def test_allergies_are_stated_asked_or_unasked() -> None:
    status = Counter(each.allergy_status for each in WHOLE.patients)
    assert set(status) == {"registradas", "ninguna", "sin_preguntar"}
    assert all((each.allergy_status == "registradas") == bool(each.allergies) for each in WHOLE.patients)
    assert any(one.severity == "severa" for each in WHOLE.patients for one in each.allergies)


def test_every_role_logs_in_at_the_first_clinic_and_two_at_the_others() -> None:
    logins = [worker for worker in WHOLE.staff if worker.username]
    assert {worker.role for worker in logins if worker.clinic == 0} == set(STAFF_ROLES)
    others = [worker.role for worker in logins if worker.clinic == 7]
    assert sorted(others) == [Role.ADMISIONISTA, Role.MEDICO]
    assert len({worker.username for worker in logins}) == len(logins)
    doctors = Counter(worker.clinic for worker in WHOLE.staff if worker.role is Role.MEDICO)
    assert set(doctors.values()) == {len(DOCTORS)}
    assert all(worker.license for worker in WHOLE.staff if worker.role is Role.MEDICO)
    assert len({password_of(role) for role in USERNAMES}) == len(STAFF_ROLES)


@pytest.mark.parametrize("country", sorted({place.country for place in WHOLE.places}))
def test_documents_are_taken_by_the_desk_as_they_stand(country: str) -> None:
    random = Random(country)
    for year in range(1925, 2026):
        made = document_of(country, "Íñigo", "de la Ñandutí Apaza", "M", date(year, 5, 17), random)
        assert made.country == country
        assert made.kind == PACKS[country].kinds[0]
        assert parsed_document(made.key, country) == made


def test_check_digits_are_those_of_known_numbers() -> None:
    assert check_digit_uy((1, 2, 3, 4, 5, 6, 7)) == 2
    assert check_letter_cl(12_345_678) == "5"
    assert check_letter_cl(6) == "K"
    assert check_digit_ec((1, 7, 1, 0, 0, 3, 4, 0, 6)) == 5
    assert check_digit_mx("HEGG560427MVZRRL0") == 4


def test_stories_are_notes_that_can_be_signed() -> None:
    signs = dict.fromkeys(("sistolica", "diastolica", "fc", "temp", "sat", "peso", "talla"), 37.5)
    for story in STORIES:
        text = story_text(story, signs)
        assert text == typed_text(text)
        assert "{" not in text
    assert {story.specialty for story in STORIES} == {each.code for each in SPECIALTIES}


def test_every_patient_a_doctor_sees_has_a_story() -> None:
    for each in SPECIALTIES:
        low, high = each.ages
        for age in range(low, min(high, 101) + 1):
            for sex in ("F", "M") if not each.sex else (each.sex,):
                assert any(story.fits(each.code, sex, age) for story in STORIES), (each.code, sex, age)


def test_no_two_doctors_of_a_clinic_share_the_surname_that_boards_show() -> None:
    doctors = [
        (worker.clinic, name_words(worker.family)[0]) for worker in WHOLE.staff if worker.role is Role.MEDICO
    ]
    assert len(set(doctors)) == len(doctors)
