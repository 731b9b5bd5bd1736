"""Who is late, whose place is free again, and a network's day whose counts are kept by difference."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.turns import service
from clinicdesk.clinic.turns.board import freed, late_minutes
from clinicdesk.clinic.turns.network import ClinicDay, NetworkTurn
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from clinicdesk.tui.desk_link import DeskLink
from clinicdesk.tui.network_day import ClinicTurns, NetworkDay
from tests.factories import ZONE, Network
from tests.tui.counter import Counter

LogIn = Callable[..., Session]
AT = clock.instant(datetime(2037, 11, 23, 9, 42), ZONE)  # noqa: DTZ001 - the wall clock there
TURN = NetworkTurn(
    patient_id=UUID(int=1),
    id=UUID(int=1),
    clinic_id=1,
    day=AT.astimezone(ZoneInfo(ZONE)).date(),
    seq=1,
    calls=0,
    state="registrado",
    kind="booked",
    starts_at=AT,
    ends_at=AT + timedelta(minutes=20),
    wall_start=AT.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None),
    arrived_at=None,
    triage=None,
    ticket=None,
    doctor_id=7,
    doctor_family="Paz",
    doctor_given="Lucía",
    room_code="C.1",
    procedure="Control",
    specialty="Clínica médica",
    voided_reason=None,
)
CLINIC = ClinicDay(1, "NORTE", "Centro Norte", ZONE, TURN.day, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("state", "minutes", "late"),
    [
        ("registrado", 10, 0),
        ("registrado", 11, 11),
        ("confirmado", 95, 95),
        ("confirmado", -30, 0),
        ("en_espera", 60, 0),
        ("ausente", 60, 0),
        ("cancelado", 60, 0),
    ],
)
def test_late_is_who_is_expected_and_more_than_ten_minutes_past_their_hour(
    state: str, minutes: int, late: int
) -> None:
    assert late_minutes(replace(TURN, state=state), AT + timedelta(minutes=minutes)) == late


@dataclass(frozen=True)
class A:
    """A turn as freed places look at it."""

    id: UUID
    state: str
    starts_at: datetime
    ends_at: datetime
    kind: str = "booked"
    doctor_id: int = 7
    place_closed: bool = False


def at(number: int, state: str, minutes: int = 60, **more: Any) -> A:
    """A turn in so many minutes."""
    starts = AT + timedelta(minutes=minutes)
    return A(UUID(int=number), state, starts, starts + timedelta(minutes=20), **more)


@pytest.mark.parametrize(
    ("turns", "free"),
    [
        ([at(1, "cancelado")], {1}),
        ([at(1, "ausente")], {1}),
        ([at(1, "cancelado", minutes=-1)], set()),
        ([at(1, "cancelado", kind="overbook")], set()),
        ([at(1, "cancelado", place_closed=True)], set()),
        ([at(1, "cancelado"), at(2, "registrado")], set()),
        ([at(1, "cancelado"), at(2, "registrado", minutes=75)], set()),
        ([at(1, "cancelado"), at(2, "registrado", minutes=80)], {1}),
        ([at(1, "cancelado"), at(2, "registrado", doctor_id=8)], {1}),
        ([at(1, "cancelado"), at(2, "en_espera", kind="walk_in")], {1}),
        ([at(1, "cancelado"), at(2, "cancelado")], {2}),
        ([at(1, "registrado")], set()),
    ],
    ids=str,
)
def test_a_place_is_free_again_until_it_begins_or_somebody_has_it(turns: list[A], free: set[int]) -> None:
    assert {each.int for each in freed(turns, AT)} == free


def test_counts_kept_by_difference_are_those_of_a_recount() -> None:
    chance, states = Random(7), ("registrado", "confirmado", "en_espera", "en_curso", "cancelado")
    kept, truth = ClinicTurns(CLINIC), dict[UUID, NetworkTurn]()
    for _each in range(2_000):
        number = UUID(int=chance.randrange(1, 60))
        if chance.random() < 0.15:
            truth.pop(number, None)
        else:
            truth[number] = replace(
                TURN,
                id=number,
                state=chance.choice(states),
                seq=chance.randrange(1, 9),
                triage=chance.choice((None, 1, 5)),
                calls=chance.randrange(3),
                starts_at=AT + timedelta(minutes=chance.randrange(-600, 600)),
                arrived_at=AT - timedelta(minutes=5),
            )
        kept.put(number, truth.get(number))
    again = ClinicTurns(CLINIC)
    for turn in truth.values():
        again.put(turn.id, turn)
    assert (kept.turns, kept.counts) == (truth, again.counts)
    assert kept.waiting(AT) == again.waiting(AT)
    assert kept.late(AT) == again.late(AT)
    sums = ClinicDay(
        1,
        "NORTE",
        "Centro Norte",
        ZONE,
        TURN.day,
        len(truth),
        sum(turn.seq for turn in truth.values()),
        sum(turn.calls for turn in truth.values()),
        sum(turn.triage or 0 for turn in truth.values()),
        sum(int(turn.starts_at.timestamp()) for turn in truth.values()),
    )
    assert kept.agrees(sums)
    assert not kept.agrees(replace(sums, hops=sums.hops + 1))


def test_a_change_reads_the_turns_it_names_and_a_look_reads_one_row_a_clinic(
    network: Network, log_in: LogIn
) -> None:
    counter = Counter(network, log_in("cruiz"))
    turns = [counter.booked(counter.patient(f"Fila {number}"), when=AT) for number in range(6)]
    rows: list[int] = []
    session = log_in("gestion")
    link = DeskLink(session)
    day = NetworkDay(link, lambda: None, lambda: AT)
    asyncio.run(day.take_in(()))
    north = day.clinics[network.clinic_ids[0]]
    assert north.counts["registrado"] == len(turns)
    event.listen(
        session.engine, "after_cursor_execute", lambda _c, cursor, *_rest: rows.append(cursor.rowcount)
    )
    counter.hop(service.confirm, turns[0], AT)
    named = Change(
        Kind.TURN, new_id(), network.clinic_ids[0], TURN.day, ((turns[0].patient_id, turns[0].id),)
    )
    asyncio.run(day.take_in((named,)))
    assert north.counts == {**north.counts, "registrado": len(turns) - 1, "confirmado": 1}
    assert sum(rows) == 1
    rows.clear()
    asyncio.run(day.take_in(()))
    assert sum(rows) == len(network.clinic_ids)
    counter.hop(service.cancel, turns[1], AT, reason="avisó")
    asyncio.run(day.take_in(()))  # its news was lost
    assert north.counts["cancelado"] == 1
    link.close()
