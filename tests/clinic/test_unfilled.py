"""What a template asks for and nobody answered: found, pointed at, never signed without a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import service, signing
from clinicdesk.clinic.records.errors import NoteUnfilled
from clinicdesk.clinic.records.headings import HEADINGS, tidy
from clinicdesk.clinic.records.model import notes
from clinicdesk.clinic.records.unfilled import as_it_came, emptied, gaps, prompts
from tests.clinic.test_notes import in_course
from tests.factories import Network, proven

LogIn = Callable[..., Session]
LINES = st.lists(st.sampled_from(["Motivo:", "Plan: ", "", "PA ___/___", "Control:", "tos ***", "ya está"]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PA ___", [(0, 3, 3, "PA ___")]),
        ("Motivo: tos\nPA ____/____ FC ***", [(1, 3, 4, "PA ____"), (1, 8, 4, "____"), (1, 16, 3, "FC ***")]),
        ("Control:", [(0, 8, 0, "Control:")]),
        ("Control:\n\nPlan: reposo", [(0, 8, 0, "Control:")]),
        ("Control:\nen 30 días", []),
        ("Se indica lo que sigue:\n1) reposo", []),
        ("Motivo:\n\nPlan:", []),
        ("__init__ y a_b y 2 ** 3", []),
        ("a las 10:", [(0, 9, 0, "a las 10:")]),
        (":", []),
        (f"{'x' * 80}:", []),
        ("", []),
    ],
)
def test_gaps_are_found_where_they_stand(text: str, found: list[tuple[int, int, int, str]]) -> None:
    made = [(gap.line, gap.column, gap.length, gap.said) for gap in gaps(text, HEADINGS)]
    assert made == found


@given(LINES)
def test_filling_each_gap_leaves_none(lines: list[str]) -> None:
    text = "\n".join(lines)
    for gap in reversed(gaps(text, HEADINGS)):
        rows = text.split("\n")
        line = rows[gap.line]
        rows[gap.line] = f"{line[: gap.column]} lleno {line[gap.column + gap.length :]}"
        text = "\n".join(rows)
    assert gaps(text, HEADINGS) == ()
    assert prompts(tidy(text)) == ()


def test_what_a_template_brought_is_told_apart_from_what_was_typed() -> None:
    body = "Motivo:\n\nExamen: normal\nMucosas húmedas.\nPA ___"
    assert as_it_came("Motivo: tos\n\nExamen: normal\nMucosas secas.\nPA ___", body, HEADINGS) == (
        "Examen: normal",
    )
    assert as_it_came(body, body, (*HEADINGS, "Examen:")) == ("Examen: normal", "Mucosas húmedas.")


def test_a_note_becomes_a_beginning_without_numbers_nor_names() -> None:
    text = "Rosa Quispe, DNI 28.431.907: PA 152/94, B12 alta, E11.9. Toma 1,5 mg. Marosa no."
    made = emptied(text, ["Quispe Mamani, Rosa Elena"])
    assert made == "___, DNI ___: PA ___/___, B12 alta, E11.9. Toma ___ mg. Marosa no."
    assert emptied("2024", ["Xu"]) == "___"


def test_a_note_with_gaps_is_signed_only_by_who_says_so(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    who = {"patient_id": visit.patient_id, "visit_id": visit.visit_id}
    draft = service.SaveDraft(**who, text="Motivo: tos\n\nPlan:\n\nSubjetivo: PA ___", version=1)
    doctor.desk().do(service.save_draft, draft)
    with pytest.raises(NoteUnfilled, match="Subjetivo: PA ___"):
        doctor.desk().do(signing.sign_draft, signing.SignDraft(**who, **proven(doctor)))
    with pytest.raises(NoteUnfilled):
        doctor.desk().do(service.sign_note, service.SignNote(**who, text="FC ***", **proven(doctor)))
    order = signing.SignDraft(**who, as_it_stands=True, **proven(doctor))
    signed = doctor.desk().do(signing.sign_draft, order)
    with network.owner.connect() as owner:
        text = owner.execute(notes.select().where(notes.c.id == signed.note_id)).one().text
    assert text == "Motivo: tos\n\nSubjetivo: PA ___"
    more = {"patient_id": visit.patient_id, "amends_id": signed.note_id}
    with pytest.raises(NoteUnfilled):
        doctor.desk().do(service.addend_note, service.AddendNote(**more, text="PA ___", **proven(doctor)))
    doctor.desk().do(service.addend_note, service.AddendNote(**more, text="PA 120/80", **proven(doctor)))


def test_signing_spares_a_draft_that_another_desk_saved_after_it(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    who = {"patient_id": visit.patient_id, "visit_id": visit.visit_id}
    for version, text in ((1, "Lo mío."), (2, "Lo mío.\n\nLo del otro puesto.")):
        doctor.desk().do(service.save_draft, service.SaveDraft(**who, text=text, version=version))
    order = service.SignNote(**who, text="Lo mío.", draft_version=1, **proven(doctor))
    doctor.desk().do(service.sign_note, order)
    kept = doctor.desk().see(service.queries.drafts, service.queries.DraftsQuery(*who.values()))
    assert [row.text for row in kept] == ["Lo mío.\n\nLo del otro puesto."]
