"""The pure parts of the doctor's screens: the words of a note, the order of the queue, how rows read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.clinic.records.headings import HEADINGS, headings_of, tidy
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.queries import DiagnosisRow
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.records.waiting import UnsignedRow
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.text import cells, shown
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts.bits import bits_of
from clinicdesk.tui.parts.prose import Place
from clinicdesk.tui.roles import chart_text, doctor_queue, note_text
from clinicdesk.tui.roles.note_beside import Fact, brief

NOW = datetime(2026, 11, 23, 13, 53, tzinfo=UTC)
ZONE = "America/Argentina/Buenos_Aires"
KNOWN = (
    DiagnosisRow(
        UUID(int=1), None, "CIE-10", "I10", "HTA esencial", "confirmado", "", True, None, None, UUID(int=1)
    ),
)
LINES = st.lists(st.sampled_from(["Motivo:", "Plan: ", "", "  ", "Plan: reposo", "tos", "Motivo: fiebre"]))


def test_an_untouched_template_says_nothing() -> None:
    assert tidy(note_text.template()) == ""
    assert note_text.lines_of(note_text.template()) == 0
    assert note_text.template("caída\nayer.").startswith("Motivo: caída ayer. \n\nSubjetivo: \n")


def test_headings_without_text_are_not_signed() -> None:
    text = "Motivo: tos\n\nSubjetivo: \n\nObjetivo:\nbuen estado\n\nPlan:   "
    assert tidy(text) == "Motivo: tos\n\nObjetivo:\nbuen estado"
    assert note_text.lines_of(text) == 2


@given(LINES)
def test_tidying_twice_is_tidying_once_and_loses_no_word(lines: list[str]) -> None:
    text = "\n".join(lines)
    tidied = tidy(text)
    assert tidy(tidied) == tidied
    assert tidied.count("tos") == text.count("tos")
    assert tidied.count("reposo") == text.count("reposo")


def test_what_is_critical_comes_first_in_the_brief_of_a_patient() -> None:
    vitals = (
        Fact("v1", "FC 88", "FC 88"),
        Fact("v2", "T 38", "T 38", mark="▲", tone=Tone.STRONG),
        Fact("v3", "SpO2 80 (02/11/26)", "SpO2 80 (02/11/26)", mark="▼▼", tone=Tone.CRITICAL),
    )
    titles = [Fact(name, name, f"{name}: ninguno.", title=True) for name in "VAPTR"]
    lines = brief([titles[0], *vitals, *titles[1:]])
    said = ["".join(bit.text for bit in bits_of(line)) for line in lines]
    assert said[0].split() == ["Vit.", "SpO2", "80", "▼▼,", "T", "38", "▲,", "FC", "88"]
    assert [line.split()[-1] for line in said[1:]] == ["ninguno"] * 4
    assert Tone.CRITICAL in {bit.tone for bit in bits_of(lines[0])}


def test_writing_begins_under_the_first_heading() -> None:
    assert note_text.first_place(note_text.template()) == Place(0, len("Motivo: "))
    assert note_text.first_place("") == Place(0, 0)


@given(st.text("ab\n ", max_size=20), st.text("ab\n ", max_size=20))
def test_two_texts_of_one_draft_are_both_there(mine: str, theirs: str) -> None:
    both = note_text.both_texts(mine, theirs, "11:02")
    assert mine.strip() in both
    assert theirs.strip() in both
    assert note_text.both_texts(both, theirs, "11:03") == both


def test_two_desks_that_save_in_turns_do_not_heap_up_their_texts() -> None:
    one = two = saved = held_one = held_two = ""
    for turn in range(40):
        one += f"\nuno {turn}"
        one = held_one = saved = note_text.both_texts(one, saved, "11:02", held_one)
        two += f"\ndos {turn}"
        two = held_two = saved = note_text.both_texts(two, saved, "11:03", held_two)
    assert len(saved) < 60_000
    assert note_text.seams("uno\ndos") == ()
    assert {gap.said for gap in note_text.seams(saved)} <= {
        f"Texto guardado en otro puesto, 11:0{minute}" for minute in (2, 3)
    }
    assert note_text.seams(saved)
    assert all(f"{who} {turn}" in saved for who in ("uno", "dos") for turn in range(40))


@pytest.mark.parametrize(
    ("typed", "code", "text"),
    [
        ("I10 HTA  esencial", "I10", "HTA esencial"),
        ("e119 DM2", "E11.9", "DM2"),
        ("E11.9 DM2 sin complicación", "E11.9", "DM2 sin complicación"),
        ("r05x tos", "R05", "tos"),
        ("i10", "I10", "HTA esencial"),
    ],
)
def test_a_diagnosis_is_a_code_and_words(typed: str, code: str, text: str) -> None:
    entry = note_text.stated(typed, KNOWN, ())
    assert isinstance(entry, DiagnosisEntry)
    assert (entry.code, entry.text, entry.kind) == (code, text, "principal")
    assert entry.chronic is (code == "I10")


@pytest.mark.parametrize("typed", ["hipertensión", "E11.9", "I10 HTA"])
def test_what_is_no_diagnosis_says_why(typed: str) -> None:
    assert isinstance(note_text.stated(typed, (), (DiagnosisEntry("I10", "HTA"),)), str)


def test_one_diagnosis_is_the_main_one() -> None:
    first = DiagnosisEntry("I10", "HTA")
    second = note_text.stated("E11.9 DM2", (), (first,))
    assert isinstance(second, DiagnosisEntry)
    assert second.kind == "relacionado"
    turned = note_text.turned_in((first, second), "E11.9", "1")
    assert [entry.kind for entry in turned] == ["relacionado", "principal"]
    assert note_text.turned(first, "p").certainty == "presuntivo"
    assert note_text.turned(note_text.turned(first, "3"), "3") == first


def turn(number: int, state: str, minutes: int = 0, **more: object) -> TurnRow:
    """A turn of doctor 7 that came into its state so many minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    row = TurnRow(
        patient_id=UUID(int=number),
        id=UUID(int=number),
        seq=1,
        state=state,
        state_at=at,
        kind="booked",
        starts_at=at,
        ends_at=at,
        wall_start=datetime(2026, 11, 23, 10, number),  # noqa: DTZ001 - wall time
        day=date(2026, 11, 23),
        clinic_id=1,
        doctor_id=7,
        doctor_family="Paz",
        doctor_given="Lucía",
        room_code="C.4",
        procedure="Control",
        triage=None,
        ticket=f"A{number:03}",
        arrived_at=at,
        called_at=None,
        calls=0,
        reason=None,
        voided_reason=None,
        family="Fernández de la Reguera",
        given="María de los Ángeles",
        sex="F",
        birth=None,
        chart_number=number,
    )
    return replace(row, **more)  # type: ignore[arg-type]


def draft(number: int) -> UnsignedRow:
    """A draft about the patient of that turn."""
    who = UUID(int=number)
    return UnsignedRow(who, UUID(int=100 + number), who, NOW - timedelta(days=2), NOW, "Gil", "Ana")


def test_the_queue_is_inside_waiting_expected_gone_and_old_drafts() -> None:
    turns = [
        turn(1, "finalizado", 90),
        turn(2, "en_espera", 4, triage=4),
        turn(3, "registrado"),
        turn(4, "en_curso", 9),
        turn(5, "en_espera", 2, triage=2),
        turn(6, "en_espera", 30, doctor_id=8),
        turn(7, "cancelado"),
        turn(8, "finalizado", 20),
    ]
    found = doctor_queue.places(turns, [draft(1), draft(50)], 7, NOW)
    assert [place.id.int for place in found] == [4, 5, 2, 3, 8, 1, 150]
    assert [place.id.int for place in found if place.unsigned] == [1, 150]
    assert doctor_queue.waiting_count(found) == 2
    assert doctor_queue.counts_text(turns, 7) == "Hoy: 2 fin.  1 por venir"


def told(place: doctor_queue.Place, width: int) -> list[str]:
    lines = doctor_queue.place_lines(place, width, NOW, ZONE)
    return ["".join(bit.text for bit in bits_of(line)) for line in lines]


def test_rows_of_the_queue_fit_and_say_number_state_level_and_wait() -> None:
    waiting = doctor_queue.Place(turn(18, "en_espera", 12, triage=3))
    late = doctor_queue.Place(turn(9, "en_espera", 71, triage=3))
    assert told(waiting, 25) == ["A018  ≡ A3 12  Fernández "]
    assert told(late, 25) == ["A009  ≡ A3 71! Fernández "]
    assert told(doctor_queue.Place(turn(4, "en_curso"), draft(4)), 25) == ["A004  ▶ Fernández   borr."]
    expected = doctor_queue.Place(turn(40, "confirmado", ticket=None))
    assert told(expected, 25) == ["10:40 + Fernández, María "]
    wide = doctor_queue.place_lines(waiting, 33, NOW, ZONE)
    assert wide[1] == "      Fernández de la Reguera, María de los Ángeles"
    assert told(doctor_queue.Place(None, draft(3)), 25) == ["21/11 Gil, Ana      borr."]


@given(st.lists(st.integers(40, 260), min_size=2, max_size=8), st.integers(24, 90))
def test_a_plot_has_a_dot_for_each_value_and_fits(values: list[int], width: int) -> None:
    rows = [
        VitalRow(
            NOW - timedelta(days=9 - at), "8480-6", "PA", Decimal(value), "mm[Hg]", UUID(int=at), UUID(int=1)
        )
        for at, value in enumerate(values)
    ]
    cells_of = [bits_of(line) for line in chart_text.plot_lines(rows, width, ZONE)]
    lines = ["".join(bit.text for bit in bits) for bits in cells_of]
    assert sum(line.count("•") for line in lines) == len(values)
    assert len(lines) <= 6 + 2
    assert all(cells(shown(line)) <= width for line in lines)


def test_numbers_are_written_as_the_country_does() -> None:
    texts = [chart_text.number_text(Decimal(value)) for value in ("6.40", "120", "0.05", "1E+2", "-3.0")]
    assert texts == ["6,4", "120", "0,05", "100", "-3"]


def test_a_note_keeps_a_main_diagnosis_while_it_has_any() -> None:
    first, second = DiagnosisEntry("I10", "HTA"), DiagnosisEntry("E11.9", "DM2", kind="relacionado")
    assert note_text.without((first, second), "E11.9") == (first,)
    assert note_text.without((first, second), "I10") == (replace(second, kind="principal"),)
    assert note_text.without((first,), "I10") == ()


# Templates: whatever one goes over to, what was typed stays

SOAP, FREE, EXAM = (
    note_text.template("control"),
    "",
    note_text.template(None, "Motivo:\n\nAbdomen: blando\n\nPlan:"),
)
KNOWN_HEADS = headings_of("\n".join(HEADINGS), "Motivo:\nAntecedentes:\nPlan:")
WORDS_TYPED = st.lists(st.sampled_from(["tos", "fiebre", "reposo", "disnea"]), max_size=4).map(" ".join)


@given(st.lists(WORDS_TYPED, min_size=5, max_size=5), st.permutations([0, 1, 2]))
def test_another_template_keeps_every_typed_word(said: list[str], order: list[int]) -> None:
    blanks = (SOAP, FREE, note_text.template("control", "Motivo:\n\nAntecedentes:\n\nPlan:"))
    first, *heads = said
    text = "\n\n".join([first, *(f"{head} {word}" for head, word in zip(HEADINGS, heads, strict=True))])
    before = blanks[order[0]]
    for after in order[1:]:
        text = note_text.changed_to(text, KNOWN_HEADS, before, blanks[after])
        before = blanks[after]
    for word in {word for part in said for word in part.split()}:
        assert text.count(word) >= sum(part.split().count(word) for part in said)


def test_a_template_comes_and_goes_whole() -> None:
    free = note_text.changed_to(SOAP, HEADINGS, SOAP, FREE)
    assert free == ""
    assert note_text.changed_to("tos seca", HEADINGS, FREE, SOAP).endswith("tos seca")
    typed = SOAP.replace("Subjetivo: ", "Subjetivo: tos seca\ny fiebre")
    assert note_text.changed_to(typed, HEADINGS, SOAP, FREE) == "Subjetivo: tos seca\ny fiebre"
    back = note_text.changed_to("Subjetivo: tos seca\ny fiebre", HEADINGS, FREE, SOAP)
    assert back.split("\n\n")[1] == "Subjetivo: tos seca\ny fiebre"
    assert [line for line in back.split("\n") if line.endswith(": ")] == ["Objetivo: ", "Plan: "]


def test_a_line_goes_to_the_end_of_its_section() -> None:
    text = "Motivo: tos\n\nObjetivo: buen estado\n\nPlan: "
    placed = note_text.under(text, "Objetivo:", "PA 120/80.", HEADINGS)
    assert placed == ("Motivo: tos\n\nObjetivo: buen estado PA 120/80.\n\nPlan: ", Place(2, 32))
    assert note_text.under("libre", "Objetivo:", "PA", HEADINGS) is None


def sign(code: str, value: str, days: int = 0) -> VitalRow:
    at = NOW - timedelta(days=days)
    return VitalRow(at, code, code, Decimal(value), "kg", UUID(int=1), UUID(int=2))


def test_signs_of_another_day_say_so_and_two_pressures_apart_are_not_one() -> None:
    together = [sign("8480-6", "152"), sign("8462-4", "94"), sign("8867-4", "88"), sign("29463-7", "82", 51)]
    assert chart_text.vital_words(together, ZONE) == ["PA 152/94", "FC 88", "peso 82 kg (03/10/26)"]
    apart = [sign("8480-6", "152"), sign("8462-4", "94", 3)]
    assert chart_text.vital_words(apart, ZONE) == ["PA sist. 152", "PA diast. 94 (20/11/26)"]
    assert chart_text.vital_words([], ZONE) == []
