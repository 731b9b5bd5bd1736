"""The two lines of the patient: what they say, what gives way for want of room, that none is missed."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.changes import CHANNEL, Change, Kind, payload
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.patients import editing
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.text import cells
from clinicdesk.tui.look import Glyphs, Look, Palette
from clinicdesk.tui.parts import Allergy, DeskScreen, PatientLine, PatientStrip
from clinicdesk.tui.parts.bits import strip_of
from clinicdesk.tui.patient_header import patient_line
from tests.data import ROOT
from tests.factories import Network
from tests.tui import hostile_stage
from tests.tui.counter import Counter
from tests.tui.desk import Desk
from tests.tui.surgery import new_surgery

Open = Callable[..., Desk]
TODAY = date(2026, 11, 23)
ROSA = PatientLine(
    "Quispe Mamani, Rosa Elena", "F 45 a", "DNI 28.431.907", "IOMA", "004417", (Allergy("AINE"),)
)
GRAVE = replace(
    ROSA,
    allergies=(Allergy("AINE"), Allergy("penicilina", severe=True)),
    deceased_on=date(2026, 10, 16),
    temporary=True,
    sealed=True,
    criticals="1 sin acusar",
    guardian="Mamani Soto, Juana",
    merged="HC 000123",
)
ROW = PatientRow(
    UUID(int=1), 4417, "Quispe Mamani", "Rosa Elena", "F", date(1981, 3, 7), False, None, None, None, None,
    None, "sin_preguntar", 1, "DNI 28.431.907", "IOMA",
)  # fmt: skip
WITHOUT = {
    "FrontDesk": "a counter: whom a key is about is the row pointed at, and each question names them whole",
    "Board": "a board of many",
    "Network": "a board of clinics",
    "NurseHome": "a queue; the detail below names whoever is pointed at",
    "Agenda": "a day of many; whoever was chosen is named in each question",
    "Agendas": "blocks, nobody's",
    "FindPatient": "looks for somebody",
    "GiveTo": "two people, side by side",
    "RecordSearch": "entries of many; the chart it opens has the strip",
    "ResultsDesk": "looks for somebody; the chart it opens has the strip",
    "RegisterForm": "somebody who is not registered yet",
    "PrivacyHome": "alerts of many",
    "Administrator": "people with access, no patients",
    "Sites": "places",
    "MergePeople": "two people, side by side",
    "DuplicatesList": "pairs of people, side by side",
    "SiteForm": "places",
    "Fees": "prices",
    "Reassignments": "turns of many",
    "OtherRole": "roles",
    "LoginScreen": "nobody is in",
    "WaitingRoomScreen": "numbers and initials",
}
"""Screens that show more than one patient, or none, and why."""


def drawn(patient: PatientLine, width: int = 80, look: Look | None = None) -> tuple[str, str]:
    """Both lines, as a terminal shows them."""
    strip, look = PatientStrip(patient), look or Look()
    first, second = (look.text(strip_of(strip.line(y, width), width, look).text) for y in (0, 1))
    return first, second


def allergy(substance: str, severity: str = "leve", until: date | None = None) -> AllergyRow:
    """A row of the chart."""
    return AllergyRow(new_id(), substance, None, None, severity, None, until)


def test_all_that_is_known_stands_in_two_lines() -> None:
    assert drawn(GRAVE, 132)[1] == (
        " !! ALERGIA penicilina (severa)  ! AINE        FALLECIÓ 16/10/2026  § SELLADO"
        "  ▲ CRÍTICO 1 sin acusar  PROVISORIA  con tutor  unida "
    )
    assert drawn(GRAVE)[1] == (
        " !! ALERGIA penicilina (sever…  +1 FALLECIÓ  § SELLADO  ▲ CRÍTICO 1  PROVISORIA "
    )
    assert drawn(GRAVE, look=Look(Palette.MONO, Glyphs.ASCII))[1] == (
        " !! ALERGIA penicilina (sever~  +1 FALLECIO  $ SELLADO  ^ CRITICO 1  PROVISORIA "
    )
    minor = replace(ROSA, guardian="Mamani Soto, Juana")
    assert drawn(minor)[1] == (
        " ! ALERGIA AINE                                   a cargo de Mamani Soto, Juana "
    )


def test_what_marks_is_told_apart_without_colour() -> None:
    look = Look(Palette.MONO)
    bits = {bit.text.strip(): look.style(bit.tone) for bit in PatientStrip(GRAVE).line(1, 180)}
    assert bits["!! ALERGIA penicilina (severa)"].reverse
    assert bits["FALLECIÓ 16/10/2026"].reverse
    assert bits["IDENTIDAD PROVISORIA"].reverse
    assert bits["§ SELLADO"].underline


@pytest.mark.parametrize(
    ("status", "held", "said"),
    [
        ("sin_preguntar", None, "Alergias: sin preguntar"),
        ("sin_preguntar", [], "Alergias: sin preguntar"),
        ("ninguna", None, "Alergias: ninguna conocida"),
        ("ninguna", [], "Alergias: ninguna conocida"),
        ("registradas", None, "! ALERGIA registradas en la historia"),
        ("registradas", [allergy("AINE"), allergy("penicilina", "severa")], "!! ALERGIA penicilina (severa)"),
        ("registradas", [allergy("AINE", until=date(2020, 1, 1))], "Alergias: sin preguntar"),
    ],
)
def test_what_is_known_of_allergies(status: str, held: list[AllergyRow] | None, said: str) -> None:
    assert drawn(patient_line(replace(ROW, allergy_status=status), TODAY, held))[1].startswith(f" {said}")


def test_the_line_of_a_row() -> None:
    assert drawn(patient_line(ROW, TODAY))[0] == (
        " Quispe Mamani, Rosa Elena   F 45 a   DNI 28.431.907   IOMA           HC 004417 "
    )
    dead = patient_line(replace(ROW, deceased_on=date(2020, 3, 6)), TODAY)
    assert "F 38 a" in drawn(dead)[0]
    assert "FALLECIÓ 06/03/2020" in drawn(dead)[1]
    hidden = patient_line(replace(ROW, document="", payer=None, sealed=True, closed=True), TODAY)
    assert drawn(hidden)[0].split("   ")[1].strip() == "F 45 a"
    assert drawn(hidden)[1].startswith(" Alergias: no se ven aquí")
    assert drawn(patient_line(replace(ROW, document=""), TODAY))[0].count("sin documento") == 1
    assert drawn(patient_line(replace(ROW, provisional="nn"), TODAY))[1].endswith("IDENTIDAD PROVISORIA ")
    minor = replace(ROW, guardian="Mamani Soto, Juana")
    assert drawn(patient_line(minor, TODAY))[1].endswith("a cargo de Mamani Soto, Juana ")
    assert drawn(patient_line(replace(ROW, united=(123,)), TODAY))[1].endswith("unida: HC 000123 ")


def test_the_coverage_gives_way_before_the_name_does() -> None:
    long = replace(
        ROSA, name="Fernández de la Reguera Ibáñez, María de los Ángeles", coverage="Obra Social " * 9
    )
    first, _second = drawn(long)
    assert first.startswith(" Fernández R. I., María")
    assert first.endswith(" HC 004417 ")
    assert "Obra" in drawn(replace(long, name="Paz, Ana"))[0]
    assert "DNI 28.431.907" in first


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
lines = st.builds(
    PatientLine,
    words, words, words, words, st.text("0123456789", min_size=1, max_size=9),
    allergies=st.one_of(st.none(), st.lists(st.builds(Allergy, words, st.booleans()), max_size=9).map(tuple)),
    criticals=st.sampled_from(["", "12 sin acusar"]),
    sealed=st.booleans(),
    deceased_on=st.one_of(st.none(), st.just(TODAY)),
    temporary=st.booleans(),
    merged=words,
    guardian=words,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(lines, st.integers(60, 200))
def test_the_number_stands_and_no_alert_is_lost_unseen(patient: PatientLine, width: int) -> None:
    first, second = drawn(patient, width)
    assert cells(first) == cells(second) == width
    assert first.endswith(f"HC {patient.chart} ")
    assert second.split()[0] in {"Alergias:", "!", "!!"}
    known = patient.allergies or ()
    shown = sum(bit.text.startswith("!") for bit in PatientStrip(patient).line(1, width))
    left = next((bit.text for bit in PatientStrip(patient).line(1, width) if bit.text.startswith("+")), "+0")
    assert shown + int(left) == len(known)
    assert ("FALLECIÓ" in second) == (patient.deceased_on is not None)
    assert ("§ SELLADO" in second) == patient.sealed
    assert ("CRÍTICO" in second) == bool(patient.criticals)


# Every screen


def leaves() -> Iterator[type[DeskScreen]]:
    """Every screen class of the program."""
    hostile_stage.screens()
    left = cast("list[type[DeskScreen]]", [DeskScreen])
    while left:
        each = left.pop()
        below = [sub for sub in each.__subclasses__() if sub.__module__.startswith("clinicdesk.")]
        left += below
        if not below:
            yield each


def test_every_screen_about_one_patient_has_the_strip() -> None:
    has = {each.__name__: "PatientStrip(" in inspect.getsource(each) for each in leaves()}
    assert {name for name, strip in has.items() if not strip} == set(WITHOUT)


def test_one_place_alone_makes_the_line_of_a_patient() -> None:
    made = set()
    for file in sorted((ROOT / "src" / "clinicdesk").rglob("*.py")):
        calls = (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call))
        if any(getattr(call.func, "id", "") == "PatientLine" for call in calls):
            made.add(file.name)
    assert made == {"patient_header.py"}


# Live


def tell(network: Network, kind: Kind, patient_id: UUID) -> None:
    """The news of a change of this patient, as another desk sends it."""
    news = payload(Change(kind, new_id(), ids=((patient_id, patient_id),)))
    with network.owner.begin() as owner:
        owner.execute(text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": news})


def test_a_note_learns_of_an_allergy_while_it_is_written(
    open_desk: Open, network: Network, log_in: Callable[..., Session]
) -> None:
    surgery = new_surgery(network, log_in("cruiz"))
    patient_id = surgery.patient("Larraburu Ponce", "Delia")
    surgery.inside(patient_id)
    desk = open_desk(surgery.username)
    desk.wait_for("Alergias: sin preguntar")
    desk.press("e")
    desk.wait_for("Subjetivo:")
    surgery.allergic(patient_id, ("penicilina", "severa"))
    tell(network, Kind.RECORD, patient_id)
    desk.wait_for("!! ALERGIA penicilina (severa)")
    desk.shows("Larraburu Ponce, Delia", "Subjetivo:")


def test_signs_are_taken_under_the_whole_header(open_desk: Open, counter: Counter, network: Network) -> None:
    person = counter.patient("Larraburu Ríos", "Elsa", payer="IOMA")
    admitted = counter.admitted(person)
    with network.owner.begin() as owner:
        owner.execute(
            text("INSERT INTO allergies (patient_id, id, substance) VALUES (:who, :id, 'látex')"),
            {"who": person.patient_id, "id": new_id()},
        )
    desk = open_desk("enfe")
    desk.wait_for("Larraburu")
    desk.press("<Home>e")
    desk.wait_for(f"Signos vitales · {admitted.ticket}")
    desk.shows("Larraburu Ríos, Elsa", "IOMA", "! ALERGIA látex")


def test_the_page_of_a_patient_follows_what_others_write(
    front: Desk, counter: Counter, network: Network
) -> None:
    person = counter.patient("Larraburu Sanz", "Flor")
    front.press(f"{person.document}<Enter><F2>")
    front.wait_for("Alergias: sin preguntar")
    front.shows("Teléfono     sin registrar")
    desk = counter.session.desk()
    row = desk.see(registry.reread, registry.PatientQuery(person.patient_id))
    said = {"phone": "11 4444-5555"}
    order = editing.EditPatient(patient_id=person.patient_id, version=row.version, said=said)
    desk.do(editing.edit, order)
    front.wait_for("11 4444-5555")
    with network.owner.begin() as owner:
        died = "UPDATE patients SET deceased_on = DATE '2026-01-02' WHERE patient_id = :id"
        owner.execute(text(died), {"id": person.patient_id})
    tell(network, Kind.PATIENT, person.patient_id)
    front.wait_for("FALLECIÓ 02/01/2026")
    front.press("<Esc><Esc><Esc>")
    front.wait_for("Escribir documento")


def test_what_is_read_for_the_header_is_bounded_by_the_role(
    network: Network, counter: Counter, log_in: Callable[..., Session]
) -> None:
    """A nurse where the patient waits sees the allergies under a lease; elsewhere nobody does by this way."""
    person = counter.patient("Larraburu Toro", "Gina")
    counter.admitted(person)
    query = registry.PatientQuery(person.patient_id)
    assert log_in("enfe").desk().see(registry.care_header, query).allergies == ()
    with pytest.raises(NotAllowed):
        counter.session.desk().see(registry.care_header, query)
    stranger = counter.patient("Larraburu Urso", "Hebe")
    with pytest.raises(NoCareRelation):
        log_in("enfe").desk().see(registry.care_header, registry.PatientQuery(stranger.patient_id))
