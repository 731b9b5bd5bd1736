"""Random streams of orders by many processes: nobody in two places, nothing lost, boards that agree."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.turns import service, suspension
from clinicdesk.clinic.turns import slots as offered
from clinicdesk.kit import clock
from tests.boards import boards, comes_to_show
from tests.crowd import EXPECTED, Scene, crowd, in_order, nothing_lost, on_boards
from tests.factories import Network, new_patient

PEOPLE = ("msosa", "cruiz", "secre", "ncano", "lpaz", "jibarra", "gestion")


def scene(network: Network, *, patients: int = 10, slots: int = 5, **more: object) -> Scene:
    """A few slots of two doctors, later today by a clock that stands at the day's first minute."""
    session = network.log_in("msosa")
    zone, clinic_id = session.actor.at.zone, network.clinic_ids[0]
    day = clock.local_day(clock.now(), zone)
    at = clock.day_bounds(day, zone)[0]
    early = Desk(session.engine, session.actor, now=lambda: at)
    found: list[str] = []
    for doctor in ("lpaz", "jibarra"):
        query = offered.SlotsQuery(clinic_id, network.person_ids[doctor], since=day, days=1, limit=200)
        found += [slot.id for slot in early.see(offered.slots, query)][100 : 100 + slots]
    blocks = tuple(
        (network.person_ids[doctor], network.block_ids[doctor] + day.weekday())
        for doctor in ("lpaz", "jibarra")
    )
    people = tuple(new_patient(session).patient_id for _ in range(patients))
    session.close()
    return Scene(network.url, day, at, tuple(found), people, blocks, **more)  # type: ignore[arg-type]


def test_management_suspends_turns_that_the_counter_gave(network: Network) -> None:
    made = scene(network, seed=7)
    (doctor, block), day = made.blocks[0], made.day
    with closing(network.log_in("msosa")) as front, closing(network.log_in("gestion")) as manager:
        early, desk = (Desk(each.engine, each.actor, now=lambda: made.at) for each in (front, manager))
        early.do(service.book_turn, service.BookTurn(patient_id=made.patients[0], slot=made.slots[0]))
        query = suspension.AwayQuery(doctor, day, day, block_id=block)
        fallen = desk.see(suspension.fallen_by_absence, query)
        order = suspension.SuspendBlock(
            block_id=block, first_day=day, last_day=day, reason="congreso", seen=fallen.seen
        )
        suspended = desk.do(suspension.suspend_block, order)
        assert suspended.cancelled == len(fallen.turns) >= 1
        lifted = desk.do(suspension.reinstate, suspension.Reinstate(exception_id=suspended.id))
        assert lifted.restored == suspended.cancelled
    in_order(network.owner)


def test_a_crowd_leaves_the_day_in_order_and_every_board_shows_it(network: Network) -> None:
    made = scene(network, steps=40)
    clinic_id = network.clinic_ids[0]
    with boards(network.url, ("enfe", "gestion"), made.at) as listening:
        told = crowd(made, PEOPLE)
        assert set(told.ends) <= EXPECTED, told.ends
        assert told.ends["done"] > len(PEOPLE)
        in_order(network.owner)
        nothing_lost(network.owner, told)
        wanted = on_boards(network, clinic_id, made.day)
        for board in listening:
            shown = comes_to_show(board, wanted)
            assert shown.turns == wanted
            assert shown.counts == Counter(state for state, *_rest in wanted.values())
