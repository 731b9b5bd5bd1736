"""Walk-ins where a doctor sees people by order of arrival: each takes one of the day's counted places."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.agendas.errors import BlockFull
from clinicdesk.clinic.turns import service as turns
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
PLACES = 2


@pytest.fixture
def by_arrival(network: Network) -> Iterator[int]:
    """A doctor who sees two people a day, by order of arrival."""
    doctor = network.person_ids["dvidal"]
    change = text("UPDATE agenda_blocks SET capacity = :most WHERE doctor_id = :doctor")
    with network.owner.begin() as owner:
        owner.execute(change, {"most": PLACES, "doctor": doctor})
    yield doctor
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM block_places"))
        owner.execute(change, {"most": None, "doctor": doctor})


def admitted(session: Session, doctor: int, triage: int | None = None) -> turns.TurnAnswer:
    who = new_patient(session).patient_id
    order = admissions.WalkIn(patient_id=who, doctor_id=doctor, reason="fiebre", triage=triage)
    return session.desk().do(admissions.walk_in, order)


def given(network: Network) -> list[int]:
    with network.owner.connect() as owner:
        found = owner.execute(text("SELECT n FROM block_places WHERE pool = 'capacity' ORDER BY n"))
        return list(found.scalars())


def test_who_comes_without_a_turn_takes_a_place_of_the_day(
    network: Network, log_in: LogIn, by_arrival: int
) -> None:
    front = log_in("msosa")
    first, _second = (admitted(front, by_arrival, 4) for _each in range(PLACES))
    assert given(network) == [1, 2]
    with pytest.raises(BlockFull, match="Los 2 lugares"):
        admitted(front, by_arrival, 3)
    seen = turns.Hop(
        patient_id=first.patient_id, turn_id=first.id, seq=1, from_state="en_espera", reason="se retiró"
    )
    front.desk().do(turns.cancel, seen)
    assert given(network) == [2]
    assert admitted(front, by_arrival).state == "en_espera"


def test_who_cannot_wait_comes_in_though_all_are_given(
    network: Network, log_in: LogIn, by_arrival: int
) -> None:
    front = log_in("msosa")
    for _each in range(PLACES):
        admitted(front, by_arrival)
    assert {admitted(front, by_arrival, level).state for level in (1, 2)} == {"en_espera"}
    assert given(network) == [1, 2]


def test_a_doctor_with_hours_counts_nobody(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    for _each in range(PLACES + 1):
        admitted(front, network.person_ids["lpaz"])
    assert given(network) == []
