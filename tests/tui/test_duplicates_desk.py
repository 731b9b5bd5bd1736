"""The work list of likely duplicates at the desk: both side by side, settled by a letter, live for all."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clinicdesk.clinic.patients import alike
from clinicdesk.clinic.patients.alike import Duplicates, WorkList
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.tui.look import Tone
from clinicdesk.tui.pair_words import freshness, pair_lines
from clinicdesk.tui.parts.bits import bits_of, width_of
from tests.factories import Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

Open = Callable[..., Desk]
SNAPSHOTS = Path(__file__).parent / "snapshots"
TODAY = date(2026, 11, 23)
ROSA = PatientRow(
    UUID(int=1), 4417, "Quispe Mamani", "Rosa Elena", "F", date(1981, 3, 7), False, None, "11 5555-4444",
    None, None, "Rosario", "sin_preguntar", 1, "DNI 28.431.907", "IOMA",
)  # fmt: skip
TWIN = replace(
    ROSA,
    patient_id=UUID(int=2),
    chart_number=5120,
    family="Kispe Mamani",
    document="DNI 28.431.970",
    phone=None,
)


def texts(pair: Duplicates, width: int) -> list[str]:
    """The lines of a pair, blanks at their end cut off."""
    lines = pair_lines(pair, width, TODAY)
    assert all(width_of(bits_of(line)) <= width for line in lines)
    return ["".join(bit.text for bit in bits_of(line)).rstrip() for line in lines]


def test_what_differs_is_marked_and_what_one_side_lacks_is_not() -> None:
    assert texts(Duplicates(ROSA, TWIN, 91), 80) == [
        " * Nombre      Quispe Mamani, Rosa Elena        Kispe Mamani, Rosa Elena",
        " * Documento   DNI 28.431.907                   DNI 28.431.970",
        "   Sexo, nac.  F  07/03/1981  45 a              F  07/03/1981  45 a",
        "   Teléfono    11 5555-4444",
        "   Domicilio   Rosario                          Rosario",
        "   Cobertura   IOMA                             IOMA",
        "   Historia    HC 004417                        HC 005120",
    ]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_two_long_names_stand_beside_each_other(width: int) -> None:
    long = replace(TWIN, family="Fernández de la Reguera Ibáñez " * 4, city="Ciudad " * 30)
    first = texts(Duplicates(long, long, 100), width)[0]
    assert first.count("Fernández") == 2


def test_who_closed_their_data_shows_no_more_than_who_they_are() -> None:
    closed = replace(TWIN, sealed=True, closed=True, document="", phone=None, payer=None, city=None)
    lines = texts(Duplicates(ROSA, closed, 91), 80)
    assert [line.endswith("§ SELLADO") for line in lines] == [False, True, False, True, True, True, False]


def test_how_fresh_the_list_is() -> None:
    at = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    zone = "America/Argentina/Buenos_Aires"
    found = WorkList((), 0, at, 2000)
    new = freshness(found, at + timedelta(hours=20), zone)
    assert (new.text, new.tone) == ("Último repaso: dom 22 nov 03:00, 2000 personas", Tone.TEXT)
    assert freshness(found, at + timedelta(days=3), zone).tone is Tone.ERROR
    assert freshness(WorkList((), 0, None, 0), at, zone).text == "Nunca se repasó el registro"


# At the desk


@pytest.fixture
def pairs(network: Network, counter: Counter) -> list[tuple[Person, Person]]:
    """A work list of two pairs, the last scan having found them."""
    names = ("Repetida Alba", "Repetida Brun")
    made = [(counter.patient(name, "Ana"), counter.patient(name, "Anna")) for name in names]
    keep(network, made)
    return made


def keep(network: Network, pairs: list[tuple[Person, Person]]) -> None:
    """What a scan writes."""
    found = []
    for at, (one, other) in enumerate(pairs):
        first, second = sorted((one.patient_id, other.patient_id))
        found.append(alike.Pair(first, second, 95 - at))
    session = network.log_in("secre")
    session.desk().do(alike.keep_pairs, alike.KeepPairs(pairs=tuple(found), people=2000))
    session.close()


def opened(open_desk: Open, user: str = "secre", **how: Any) -> Desk:
    """The list, opened from the menu."""
    desk = open_desk(user, **how)
    desk.press("<F10>")
    desk.wait_for("6 repetidos")
    desk.press("6")
    desk.wait_for("Personas repetidas · 2")
    return desk


def test_pairs_are_listed_likeliest_first_with_both_people(
    open_desk: Open, pairs: list[tuple[Person, Person]]
) -> None:
    desk = opened(open_desk)
    desk.shows("Último repaso: ", "2000 personas", "Repetida Alba, Ana")
    desk.line_shows("¿Es la misma persona? Enter: unir. x: son dos.")
    desk.wait_for(lambda: "Documento" in desk.text and desk.row_of("Documento").count("DNI 51") == 2)
    desk.press("<Down>")
    desk.wait_for(lambda: desk.row_of("Nombre").count("Repetida Brun") == 2)
    desk.press("/alba")
    desk.wait_for("Personas repetidas · 1 de 2")
    desk.press("<Enter>")
    desk.line_shows("¿Es la misma persona?")


def test_x_settles_a_pair_for_everybody_and_z_takes_it_back(
    open_desk: Open, pairs: list[tuple[Person, Person]], counter: Counter
) -> None:
    desk, other = opened(open_desk), opened(open_desk, "msosa")
    desk.press("x")
    desk.line_shows("Repetida Alba, Ana", "dos personas. z deshace.")
    desk.wait_for("Personas repetidas · 1")
    other.wait_for("Personas repetidas · 1")
    known = "SELECT count(*) FROM distinct_people WHERE patient_id = ANY (:ids)"
    ids = [each.patient_id for each in pairs[0]]
    assert counter.scalar(known, ids=ids) == 1
    desk.press("z")
    desk.line_shows("El par vuelve a la lista.")
    desk.wait_for("Personas repetidas · 2")
    other.wait_for("Personas repetidas · 2")
    assert counter.scalar(known, ids=ids) == 0


def test_enter_opens_both_to_be_merged_and_a_merged_pair_leaves(
    open_desk: Open, pairs: list[tuple[Person, Person]]
) -> None:
    desk, other = opened(open_desk), opened(open_desk, "gestion")
    desk.press("<Enter>")
    desk.wait_for("Unir fichas")
    desk.line_shows("F8 une")
    desk.press("<F8>1")
    desk.line_shows("¿Unir")
    desk.press("s")
    desk.line_shows("Unidas: queda HC")
    desk.wait_for("Personas repetidas · 1")
    other.wait_for("Personas repetidas · 1")


def test_from_a_registration_those_who_are_like_who_is_typed_come_first(
    open_desk: Open, network: Network, counter: Counter
) -> None:
    names = ("Zorrilla Uno", "Yupanqui Dos")
    keep(network, [(counter.patient(name, "Ana"), counter.patient(name, "Anna")) for name in names])
    desk = open_desk("msosa")
    desk.press("62000031<Enter><Enter>")
    desk.wait_for("Registrar paciente nuevo")
    desk.press("Yupanqui Dos")
    desk.wait_for("Personas parecidas · 2")
    desk.press("<F10>")
    desk.wait_for("6 repetidos")
    desk.press("6")
    desk.wait_for("Personas repetidas · 2")
    desk.wait_for(lambda: desk.row_of("Nombre").count("Yupanqui Dos") == 2)
    desk.press("<Esc>")
    desk.wait_for("Apellidos    Yupanqui Dos")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_keys_as_drawn(
    open_desk: Open, pairs: list[tuple[Person, Person]], size: tuple[int, int]
) -> None:
    desk = opened(open_desk, size=size)
    desk.line_shows("¿Es la misma persona?")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    desk.settle()
    file = SNAPSHOTS / f"duplicates-keys-{size[0]}x{size[1]}.txt"

    def below() -> str:
        """Without the header, whose clock goes on."""
        return "\n".join(desk.lines[1:]) + "\n"

    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(below(), "utf-8")
    desk.becomes(below, file.read_text("utf-8"))


def test_who_may_not_merge_or_write_is_told_why(open_desk: Open, pairs: list[tuple[Person, Person]]) -> None:
    clerk, manager, nurse = opened(open_desk, "msosa"), opened(open_desk, "gestion"), open_desk("enfe")
    clerk.line_shows("Unirlas: secretaría o gestión.")
    clerk.press("<Enter>")
    clerk.line_shows("Unir: ")
    manager.press("x")
    manager.line_shows("Distintas: ")
    nurse.press("<F10>")
    nurse.wait_for("5 bloquear")
    nurse.settle()
    assert "6 repetidos" not in nurse.text


def test_a_new_scan_shows_by_itself(
    open_desk: Open, pairs: list[tuple[Person, Person]], network: Network, counter: Counter
) -> None:
    desk = opened(open_desk)
    third = (counter.patient("Repetida Coll", "Ana"), counter.patient("Repetida Coll", "Anna"))
    keep(network, [*pairs, third])
    desk.wait_for("Personas repetidas · 3")
    desk.wait_for("Repetida Coll")
