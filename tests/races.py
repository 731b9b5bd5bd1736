"""Many desks racing for the same slots: real processes, real logins, one barrier per slot."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any
from uuid import UUID

from clinicdesk import bootstrap
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.turns import service as turns
from tests.factories import PASSWORD, Network

PEOPLE = ("msosa", "cruiz", "secre", "lpaz", "jibarra", "ncano", "rleon", "vmora")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the attempts of all processes ended: a refusal's or error's name, or `booked`."""

    ends: Counter[str]

    def unexpected(self) -> set[str]:
        """Anything but a booking and the refusal that names who was first."""
        return set(self.ends) - {"booked", "SlotTaken", "PatientBusy"}


def race(
    network: Network, slots: list[str], patients: list[UUID], *, processes: int, advisory_locks: bool
) -> Outcome:
    """Let every process book every slot for a patient of its own, all at the same moment."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with context.Manager() as manager:
        ends = manager.list()
        racers = [
            context.Process(
                target=_racer,
                args=(
                    network.url,
                    PEOPLE[number % len(PEOPLE)],
                    slots,
                    patients[number],
                    advisory_locks,
                    barrier,
                    ends,
                ),
            )
            for number in range(processes)
        ]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(600)
        return Outcome(Counter(ends))


def _racer(
    url: str, username: str, slots: list[str], patient_id: UUID, locks: bool, barrier: Barrier, ends: Any
) -> None:
    session = bootstrap.log_in(url, username, PASSWORD, host="carrera")
    desk = Desk(session.engine, session.actor, advisory_locks=locks)
    mine: list[str] = []
    won: list[UUID] = []
    for slot in slots:
        order = turns.BookTurn(patient_id=patient_id, slot=slot, acknowledged=tuple(won))
        barrier.wait(120)
        try:
            won.append(desk.do(turns.book_turn, order).id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test counts it
            mine.append(type(error).__name__)
        else:
            mine.append("booked")
    ends.extend(mine)
    session.close()
