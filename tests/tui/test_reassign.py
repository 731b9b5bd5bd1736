"""After a suspension, at the desk: the work list, places one by one or all, who was told."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from clinicdesk.clinic.turns import suspension
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

Open = Callable[..., Desk]
SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
FAR: Final = timedelta(days=20)
_days: Final = itertools.count(0, 4)
"""Days after the first one: what a test gave in place of its turns is on no day of another test."""


@pytest.fixture
def suspended(network: Network, counter: Counter) -> Iterator[Callable[..., list[Person]]]:
    """`suspended("Abad", "Boto")` → these people's turns of one day of dvidal's, suspended with it."""

    def make(*families: str, phone: str | None = "+541144440000") -> list[Person]:
        day = clock.local_day(clock.now(), ZONE) + FAR + timedelta(days=next(_days))
        found = [counter.patient(family, "Ana", phone=phone) for family in families]
        for person in found:
            counter.booked(person, "dvidal", counter.dawn(day))
        secretary = network.log_in("secre")
        query = suspension.AwayQuery(network.person_ids["dvidal"], day, day)
        fallen = secretary.desk().see(suspension.fallen_by_absence, query)
        order = suspension.Leave(
            doctor_id=query.doctor_id,
            first_day=day,
            last_day=day,
            leave_kind="congreso",
            reason="congreso",
            seen=fallen.seen,
        )
        secretary.desk().do(suspension.grant_leave, order)
        secretary.close()
        return found

    yield make
    with network.owner.begin() as owner:
        owner.exec_driver_sql("UPDATE agenda_exceptions SET lifted_at = now(), lifted_by = made_by")
        owner.exec_driver_sql("UPDATE turn_notices SET state = 'anulado', done_at = NULL, done_by = NULL")


def at_the_list(open_desk: Open, user: str = "secre", **more: object) -> Desk:
    desk = open_desk(user, **more)
    desk.press("e")
    desk.wait_for("Bloques de la semana")
    desk.press("m")
    desk.wait_for("Turnos suspendidos ·")
    return desk


def new_turns(counter: Counter, person: Person) -> list[str]:
    """The states of a patient's turns, the suspended one first."""
    return [turn.state for turn in counter.turns_of(person)]


def pointed(desk: Desk, name: str) -> None:
    desk.press("<Home>")
    for _each in range(20):
        desk.settle()
        if desk.row_of(f"{name}, Ana").startswith("»"):
            return
        desk.press("<Down>")
    raise AssertionError(desk.text)


def test_one_key_gives_the_place_proposed_and_goes_on_to_the_next(
    open_desk: Open, counter: Counter, suspended: Callable[..., list[Person]]
) -> None:
    first, second = suspended("Abad", "Boto")
    desk = at_the_list(open_desk)
    desk.wait_for("2 sin otro lugar, 2 por avisar")
    desk.row_shows("Abad, Ana", "por avisar", "→", "Vidal")
    desk.shows("Tel. +541144440000", "Propuesto (mismo profesional)")
    desk.line_shows("Enter: dar", "Abad, Ana")
    desk.press("<Enter>")
    desk.line_shows("Abad, Ana:", "con Vidal", "Falta avisarle: c.")
    assert new_turns(counter, first) == ["cancelado", "registrado"]
    desk.wait_for(lambda: desk.row_of("Boto, Ana").startswith("»"))
    desk.row_shows("Abad, Ana", "•")
    desk.press("<Enter>")
    desk.line_shows("Boto, Ana:")
    assert new_turns(counter, second) == ["cancelado", "registrado"]
    linked = "SELECT count(*) FROM turn_reassigned WHERE patient_id IN (:one, :two)"
    assert counter.scalar(linked, one=first.patient_id, two=second.patient_id) == 2
    desk.wait_for("0 sin otro lugar, 2 por avisar")


def test_all_at_once_and_no_place_twice(
    open_desk: Open, counter: Counter, suspended: Callable[..., list[Person]]
) -> None:
    people = suspended("Calvo", "Duarte", "Elorza")
    desk = at_the_list(open_desk)
    desk.wait_for("3 sin otro lugar")
    desk.press("<F8>")
    desk.line_shows("¿Dar 3 turnos", "Por defecto: no.")
    desk.press("<Enter>")
    desk.hides("Por defecto: no.")
    assert [new_turns(counter, each) for each in people] == [["cancelado"]] * 3
    desk.press("<F8>")
    desk.line_shows("Por defecto: no.")
    desk.press("s")
    desk.line_shows("Dados: 3.")
    assert [new_turns(counter, each) for each in people] == [["cancelado", "registrado"]] * 3
    desk.wait_for("0 sin otro lugar, 3 por avisar")


def test_who_was_told_and_who_cannot_be(
    open_desk: Open, counter: Counter, suspended: Callable[..., list[Person]]
) -> None:
    suspended("Funes", phone=None)
    suspended("Gil")
    desk = at_the_list(open_desk)
    pointed(desk, "Funes")
    desk.row_shows("Funes, Ana", "sin teléfono")
    pointed(desk, "Gil")
    desk.press("c")
    desk.line_shows("Gil, Ana: avisado.")
    desk.shows("avisó Vega")
    desk.row_shows("Gil, Ana", "avisado")
    desk.press("u")
    desk.line_shows("Gil, Ana: sin teléfono.")
    states = "SELECT string_agg(state, ' ' ORDER BY id) FROM turn_notices WHERE state <> 'anulado'"
    desk.becomes(lambda: counter.scalar(states), "sin_medio sin_medio")


def test_another_place_another_doctor_and_by_hand_in_the_agenda(
    open_desk: Open, counter: Counter, suspended: Callable[..., list[Person]]
) -> None:
    (person,) = suspended("Herrera")
    desk = at_the_list(open_desk)
    desk.line_shows("Enter: dar", "Herrera, Ana")
    proposed = desk.sentence
    desk.press("t")
    desk.wait_for(lambda: desk.sentence != proposed and "Enter: dar" in desk.sentence)
    desk.press("o")
    desk.wait_for(lambda: "con Vidal" not in desk.sentence and "Enter: dar" in desk.sentence)
    desk.press("m")
    desk.wait_for("en lugar del suspendido")
    desk.press("<Enter>")
    desk.wait_for("Turnos suspendidos ·")
    desk.wait_for("0 sin otro lugar")
    assert new_turns(counter, person) == ["cancelado", "registrado"]
    desk.press("t")
    desk.line_shows("Turno: ya tiene otro turno")


def test_what_was_just_suspended_is_offered_at_once(
    open_desk: Open, counter: Counter, network: Network, suspended: Callable[..., list[Person]]
) -> None:
    suspended("Otrora")
    day = clock.local_day(clock.now(), ZONE) + FAR + timedelta(days=62)
    person = counter.patient("Iriarte", "Ana", phone="+541144440000")
    counter.booked(person, "lpaz", counter.dawn(day))
    desk = open_desk("secre")
    desk.press("e")
    desk.wait_for("Bloques de la semana")
    desk.wait_for("Cupos:")
    for _each in range(20):
        if any(line.startswith("»Paz") for line in desk.lines):
            break
        desk.press("<Down>")
        desk.settle()
    desk.press("u")
    desk.line_shows("Licencia:")
    desk.press("3")
    desk.line_shows("Desde el día")
    desk.press(f"{day:%d/%m/%Y}<Enter>")
    desk.line_shows("Hasta el día")
    desk.press(f"{day:%d/%m/%Y}<Enter>")
    desk.line_shows("1 turno se cancela")
    desk.press("s")
    desk.line_shows("1 avisos en cola", "m: darles otro lugar.")
    desk.press("m")
    desk.wait_for("1 sin otro lugar")
    desk.wait_for("Iriarte, Ana")
    desk.hides("Otrora")


def test_who_gives_no_turns_sees_the_list_and_why_the_keys_rest(
    open_desk: Open, suspended: Callable[..., list[Person]]
) -> None:
    suspended("Juárez")
    desk = at_the_list(open_desk, "gestion")
    desk.wait_for("Juárez, Ana")
    desk.press("<Enter>")
    desk.line_shows("Dar: su rol no tiene ese derecho")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_keys_as_drawn(
    open_desk: Open, suspended: Callable[..., list[Person]], size: tuple[int, int]
) -> None:
    suspended("Krause")
    desk = at_the_list(open_desk, size=size)
    desk.line_shows("Enter: dar")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    desk.settle()
    file = SNAPSHOTS / f"reassign-keys-{size[0]}x{size[1]}.txt"

    def below() -> str:
        """Without the header, whose clock goes on, and the sentence, which names a day."""
        return "\n".join([*desk.lines[1:-2], desk.lines[-1]]) + "\n"

    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(below(), "utf-8")
    desk.becomes(below, file.read_text("utf-8"))
