"""One list of a person's facts: no column of theirs, and nothing that a row says, is in none of the lists."""

from __future__ import annotations

from dataclasses import fields

from clinicdesk.clinic.patients.facts import FACTS, KEPT, PERSON, UNTOLD
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.patients.queries import PatientRow

# What a row says of itself, not of the person.
OF_THE_ROW = {
    "patient_id": "people read the chart number",
    "version": "counts the corrections",
    "document_key": "the document as commands take it",
    "closed": "about who reads it",
    "united": "the chart numbers that lead to it",
}


def test_every_column_of_a_person_is_in_the_list_or_says_why_not() -> None:
    columns = set(patients.c.keys())
    assert columns - set(PERSON) == set(UNTOLD)
    assert not set(PERSON) & set(UNTOLD)


def test_all_that_a_row_says_of_a_person_is_in_the_list() -> None:
    assert {each.name for each in fields(PatientRow)} - set(PERSON) == set(OF_THE_ROW)


def test_what_is_corrected_or_kept_is_the_same_fact() -> None:
    for name, fact in {**KEPT, **FACTS}.items():
        assert PERSON[name] is fact, name


def test_labels_are_told_apart_and_fit_their_column() -> None:
    labels = [fact.short_label for fact in PERSON.values()]
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= 13 for label in labels)
