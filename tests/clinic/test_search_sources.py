"""Where a search's words come from, ranges of numbers as keys, and what is too much for a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import searching, service, signing
from clinicdesk.clinic.records.errors import SearchTooWide
from clinicdesk.clinic.records.plan import Plan, TreatmentEntry
from clinicdesk.kit.ids import new_id
from tests.clinic.test_notes import in_course
from tests.clinic.test_records import TODAY, added, found
from tests.factories import Network, followed, new_patient, proven

LogIn = Callable[..., Session]
NUMBERS: Final = (
    "0 1 1.5 9.9996 10 14 15 15.01 149.9 150 150.0001 150.1 151 155 99 100 101 999.9 1000 12345 12346"
    " 0.1 0.0999 0.00042 1e-39 1e-60 9e39"
)


def test_each_number_that_holds_to_a_condition_has_one_of_its_keys(network: Network) -> None:
    asked = """
        WITH signed AS (
          SELECT n::numeric AS n FROM unnest(CAST(:numbers AS text[])) n
          UNION SELECT -n::numeric FROM unnest(CAST(:numbers AS text[])) n),
        pairs AS (
          SELECT v.n AS value, b.n AS bound, s, CASE s WHEN '>' THEN v.n > b.n WHEN '>=' THEN v.n >= b.n
            WHEN '<' THEN v.n < b.n ELSE v.n <= b.n END AS holds,
            EXISTS (SELECT FROM unnest(number_keys(s, b.n)) k WHERE starts_with(number_key(v.n), k)) AS found
          FROM signed v, signed b, unnest(ARRAY['>', '>=', '<', '<=']) s)
        SELECT count(*), count(*) FILTER (WHERE holds), count(*) FILTER (WHERE holds AND NOT found),
          count(*) FILTER (WHERE found AND NOT holds) FROM pairs"""
    with network.owner.connect() as owner:
        pairs, holding, missed, more = owner.execute(text(asked), {"numbers": NUMBERS.split()}).one()
    assert pairs == 4 * (2 * len(NUMBERS.split()) - 1) ** 2
    assert missed == 0
    assert more < holding / 2


def test_what_a_visits_note_orders_is_found_once_it_is_signed_and_no_draft_before(
    network: Network, log_in: LogIn
) -> None:
    visit, doctor, word = in_course(network, log_in), log_in("lpaz"), f"orden{new_id().hex[-12:]}"
    draft = service.SaveDraft(
        patient_id=visit.patient_id,
        visit_id=visit.visit_id,
        text=f"{word} en borrador",
        plan=Plan((TreatmentEntry(f"{word} 5 mg", TODAY),)),
        version=1,
    )
    doctor.desk().do(service.save_draft, draft)
    assert found(doctor, words=word) == []
    order = signing.SignDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, **proven(doctor))
    signed = doctor.desk().do(signing.sign_draft, order)
    assert found(doctor, words=f"{word} 5 mg") == [signed.record_id]


def test_a_history_of_pages_is_found_by_its_first_words_and_takes_one_more(log_in: LogIn) -> None:
    doctor, word = log_in("lpaz"), f"extensa{new_id().hex[-12:]}"
    patient = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, doctor)
    many = " ".join(f"{number:06d}" for number in range(28_000))
    first = added(doctor, patient, title=word, text=many, sign=True, **proven(doctor))
    assert first.note_id is not None
    addendum = service.AddendNote(patient_id=patient, amends_id=first.note_id, text=many, **proven(doctor))
    doctor.desk().do(service.addend_note, addendum)
    assert found(doctor, words=f"{word} 027999") == [first.id]


def test_a_search_that_takes_too_long_is_given_up_and_says_so(
    network: Network, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = log_in("lpaz")
    found(doctor, words="disnea")
    monkeypatch.setattr(searching, "MOST_MS", 200)
    with network.owner.begin() as owner:
        owner.execute(text("LOCK TABLE record_search IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(SearchTooWide, match="se detuvo"):
            found(doctor, words="disnea")
    monkeypatch.undo()
    found(doctor, words="disnea")
