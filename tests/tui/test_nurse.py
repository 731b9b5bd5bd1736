"""Nursing's home: triage by digit, signs with their ranges, another queue, each step counted in keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.kit import clock
from tests.factories import Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk


@pytest.fixture
def nurse(desk_environment: dict[str, str], counter: Counter) -> Iterator[Desk]:
    """Her home, after whoever the test sent to the counter."""
    terminal = Desk(desk_environment)
    yield terminal.log_in("enfe")
    terminal.close()


@pytest.fixture
def arrived(counter: Counter, network: Network) -> Callable[..., Person]:
    """`arrived("Coria", minutes=90, triage=5)` → somebody who came without a turn that long ago."""

    def made(family: str, minutes: int = 1, triage: int | None = None, doctor: str = "lpaz") -> Person:
        person = counter.patient(family, "Ana")
        order = admissions.WalkIn(
            patient_id=person.patient_id,
            doctor_id=network.person_ids[doctor],
            reason="fiebre",
            triage=triage,
        )
        counter.at(clock.now() - timedelta(minutes=minutes)).do(admissions.walk_in, order)
        return person

    return made


def events(counter: Counter, person: Person) -> list[tuple[Any, ...]]:
    """The levels they were given: level, reason."""
    found = counter.scalar(
        "SELECT coalesce(json_agg(json_build_array(level, reason) ORDER BY seq), '[]'::json)"
        " FROM triage_events WHERE patient_id = :id",
        id=person.patient_id,
    )
    return [tuple(each) for each in found]


def test_a_level_takes_three_keys_and_the_signs_what_is_typed_and_two(
    arrived: Callable[..., Person], nurse: Desk, counter: Counter
) -> None:
    """The nurse's whole task, from whoever came first to a level and their signs in the history."""
    person = arrived("Zuloaga", minutes=3)
    nurse.wait_for("Zuloaga, Ana")
    nurse.press("<Home>")
    while not nurse.row_of("Zuloaga, Ana").startswith("»"):
        nurse.press("<Down>")
        nurse.settle()
    nurse.wait_for("Enter da el triaje a")
    assert nurse.press("<Enter>2<Enter>") == 3
    nurse.wait_for("N2 NARANJA, antes sin triaje")
    assert events(counter, person) == [(2, None)]
    nurse.press("g1palidez<Enter>")
    nurse.wait_for("R1 ROJO, antes N2")
    assert events(counter, person) == [(2, None), (1, "palidez")]
    values = ("152", "94", "88")
    keys = nurse.press("e" + "<Enter>".join(values) + "<F8>")
    assert keys == 2 + sum(map(len, values)) + 2
    nurse.wait_for("3 signos guardados")
    assert counter.scalar(
        "SELECT array_agg(value::text ORDER BY value) FROM vitals v JOIN people p ON p.id = v.person_id"
        " WHERE v.patient_id = :id AND p.family = 'Roldán'",
        id=person.patient_id,
    ) == ["88", "94", "152"]
    acts = counter.scalar(
        "SELECT array_agg(what ORDER BY what) FROM acts WHERE patient_id = :id AND person = 'u_enfe'",
        id=person.patient_id,
    )
    assert acts == ["chart.open", "turn.triage", "turn.triage", "vitals.take"]


def test_an_overdue_wait_is_marked_and_leaves_by_another_queue(
    arrived: Callable[..., Person], nurse: Desk, counter: Counter, network: Network
) -> None:
    person = arrived("Yáñez", minutes=71, triage=3)
    nurse.wait_for("Yáñez, Ana")
    nurse.row_shows("Yáñez, Ana", "A3")
    nurse.wait_for(lambda: "1 h 11!" in nurse.row_of("Yáñez, Ana"))
    nurse.press("<Home>")
    while not nurse.row_of("Yáñez, Ana").startswith("»"):
        nurse.press("<Down>")
        nurse.settle()
    assert nurse.press("mi<Enter>") == 3
    nurse.wait_for("pasa a la cola de Ibarra")
    assert [turn.doctor_id for turn in counter.turns_of(person)] == [network.person_ids["jibarra"]]
    nurse.press("y")
    nurse.wait_for("A3 AMARILLO, espera 1 h 11 de 60")


def test_a_value_nobody_has_stays_in_its_field(
    arrived: Callable[..., Person], nurse: Desk, counter: Counter
) -> None:
    arrived("Xifra", minutes=2)
    nurse.wait_for("Xifra, Ana")
    before = counter.scalar("SELECT count(*) FROM vitals")
    nurse.press("e1520<F8>")
    nurse.wait_for("Presión sistólica: entre 30 y 300.")
    nurse.wait_for(lambda: "!" in nurse.row_of("Presión sistólica, mmHg"))
    nurse.press("<Back><Down>abc<F8>")
    nurse.wait_for("Presión diastólica: entre 15 y 200.")
    nurse.press("<Esc>")
    nurse.wait_for("Hay signos sin guardar.")
    nurse.press("<Esc>")
    nurse.wait_for("sin triaje")
    assert counter.scalar("SELECT count(*) FROM vitals") == before
