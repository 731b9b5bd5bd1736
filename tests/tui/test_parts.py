"""The fixed lines as the mock-ups have them, the key bar, text entry."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from wcwidth import wcswidth

from clinicdesk.tui.look import Look
from clinicdesk.tui.parts import (
    Allergy,
    Bit,
    Command,
    Entry,
    Field,
    HeaderBar,
    KeyBar,
    Line,
    Part,
    PatientLine,
    PatientStrip,
    Rule,
    SearchBox,
    wait_text,
)
from clinicdesk.tui.parts.bits import fit_cell, spread, strip_of
from clinicdesk.tui.parts.commands import FORBIDDEN, by_key

NOW = datetime(2026, 11, 23, 9, 42)  # noqa: DTZ001 - a wall clock
EDITS = [
    "left",
    "right",
    "home",
    "end",
    "backspace",
    "delete",
    "ctrl+a",
    "ctrl+e",
    "ctrl+k",
    "ctrl+u",
    "ctrl+w",
]


def drawn(part: Part, y: int = 0, width: int = 80) -> str:
    """A line of a part, as the terminal would show it."""
    return strip_of(part.line(y, width), width, Look()).text


def nothing() -> None:
    """What the keys of these tests do."""


def test_header_as_in_the_mock_ups() -> None:
    header = HeaderBar("Centro Norte · Admisión · Sosa, Marta", lambda: NOW)
    assert drawn(header) == (
        " Centro Norte · Admisión · Sosa, Marta            lun 23 nov  09:42  «» en vivo "
    )
    header.connection(Line("lost"))
    assert drawn(header).endswith(" lun 23 nov  09:42  «/» SIN CONEXIÓN ")
    header.connection(Line("slow", 4))
    assert drawn(header).endswith("«-» demora 4 s ")
    header.place("x" * 200)
    assert drawn(header).endswith("… lun 23 nov  09:42  «-» demora 4 s ")


def test_patient_strip_as_in_the_mock_ups() -> None:
    patient = PatientLine(
        "Quispe Mamani, Rosa Elena",
        "F 45 a",
        "DNI 28.431.907",
        "IOMA",
        "004417",
        (Allergy("AINE"), Allergy("penicilina", severe=True)),
        "1 sin acusar",
    )
    strip = PatientStrip(patient)
    assert drawn(strip, 0) == (
        " Quispe Mamani, Rosa Elena   F 45 a   DNI 28.431.907   IOMA           HC 004417 "
    )
    assert drawn(strip, 1) == (
        " !! ALERGIA penicilina (severa)  ! AINE                  ▲ CRÍTICO 1 sin acusar "
    )


def test_allergies_are_never_blank() -> None:
    strip = PatientStrip(PatientLine("Sosa, Ana", "F 9 a", "DNI 1", allergies=None, sealed=True))
    assert drawn(strip, 1).startswith(" Alergias: sin preguntar ")
    assert drawn(strip, 1).rstrip().endswith("§ SELLADO")
    strip.patient = PatientLine("Sosa, Ana", "F 9 a", "DNI 1")
    assert drawn(strip, 1).startswith(" Alergias: ninguna conocida ")


def test_a_long_name_gives_way_before_the_document_does() -> None:
    strip = PatientStrip(PatientLine("A" * 90, "F 45 a", "DNI 28.431.907", "IOMA", "004417"))
    line = drawn(strip, 0)
    assert "…   F 45 a   DNI 28.431.907   IOMA " in line
    assert line.endswith("HC 004417 ")


def test_search_box_as_in_the_mock_ups() -> None:
    box = SearchBox("Paciente", "2843", note="3 candidatos")
    assert drawn(box) == " Paciente » 2843" + " " * 51 + "3 candidatos "


def test_rule_has_its_joints() -> None:
    assert drawn(Rule({3: "┬"}), width=6) == "───┬──"


@pytest.mark.parametrize(("minutes", "text"), [(0, "0 min"), (59, "59 min"), (60, "1 h 00"), (74, "1 h 14")])
def test_waits(minutes: int, text: str) -> None:
    assert wait_text(minutes) == text


def test_the_key_bar_shows_what_fits_and_what_cannot_work() -> None:
    bar = KeyBar()
    keys = [
        Command("enter", "Elegir", nothing),
        Command("f9", "Firmar", nothing, why_not=lambda: "la nota no tiene diagnóstico"),
        *(Command(key, "Palabra", nothing) for key in "abcdefghi"),
    ]
    bar.set(keys, Command("?", "Más", nothing))
    line = drawn(bar)
    assert line.startswith(" Enter Elegir (F9 Firmar) a Palabra b Palabra ")
    assert line.endswith(" ? Más ")
    assert len(line) == 80
    bar.set(keys[:2], Command("?", "Más", nothing))
    assert drawn(bar).startswith(" Enter Elegir  (F9 Firmar)   ")


def test_keys_are_declared_once_and_none_is_forbidden() -> None:
    with pytest.raises(ValueError, match="two commands"):
        by_key([Command("l", "Llamar", nothing), Command("l", "Lavar", nothing)])
    for key in sorted(FORBIDDEN | {"L"}):
        with pytest.raises(ValueError, match="not allowed"):
            Command(key, "x", nothing)


def press(entry: Entry, key: str) -> bool:
    return entry.press(events.Key(key, key if len(key) == 1 else None))


@given(
    st.lists(st.one_of(st.sampled_from(EDITS), st.characters(codec=None)), max_size=40), st.integers(3, 30)
)
def test_an_entry_survives_any_keys_and_keeps_its_width(keys: list[str], width: int) -> None:
    entry = Entry()
    for key in keys:
        press(entry, key)
        assert 0 <= entry.at <= len(entry.text)
        assert wcswidth("".join(bit.text for bit in entry.view(width))) == width
        assert "\n" not in entry.text


@given(st.text(st.characters(codec=None), max_size=50), st.text(st.characters(codec=None), max_size=50))
def test_a_paste_stays_one_line(before: str, pasted: str) -> None:
    entry = Entry(before)
    entry.insert(pasted)
    assert all(char.isprintable() for char in entry.text[len(before) :]) or not pasted
    assert entry.text.splitlines() in ([], [entry.text])


def test_an_accent_typed_alone_joins_its_letter() -> None:
    entry = Entry()
    for key in ("N", "i", "n", "\u0303", "o"):
        press(entry, key)
    assert entry.text == "Niño"


def test_a_secret_shows_stars_and_keeps_its_blanks() -> None:
    entry = Entry(secret=True)
    entry.insert(" a b ")
    assert entry.text == " a b "
    assert "".join(bit.text for bit in entry.view(9)) == "*****    "


def test_a_field_marked_wrong_is_right_again_once_edited() -> None:
    field = Field("Nacimiento", "07/03", label_width=12)
    assert drawn(field).startswith("  Nacimiento   07/03 ")
    field.wrong()
    assert drawn(field).startswith("! Nacimiento   07/03 ")
    field.press(events.Key("1", "1"))
    assert drawn(field).startswith("  Nacimiento   07/031 ")
    assert not field.press(events.Key("f9", None))


@given(st.text(st.characters(codec=None), max_size=30), st.integers(0, 40))
def test_cells_of_bits_have_their_width(text: str, width: int) -> None:
    for cell in (text, Bit(text), [Bit(text), Bit("x")]):
        for align in ("left", "right"):
            bits = fit_cell(cell, width, "left" if align == "left" else "right")
            assert sum(wcswidth(bit.text) for bit in bits) == width
    line = spread(text, [Bit(text)], width)
    assert strip_of(line, width, Look()).cell_length == width
    assert wcswidth(strip_of(line, width, Look()).text) == width
