"""Wrong rows by raw SQL, as the people who may write: refused by name, their rightful twins taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.turns import service, slots
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
_CLAIM = (
    "INSERT INTO bookings (resource, resource_id, id, patient_id, turn_id, during, active)"
    " SELECT {resource}, resource_id, gen_random_uuid(), patient_id, turn_id, {during}, true"
    " FROM bookings WHERE turn_id = :turn AND resource_id {which}"
)
_EVENT = (
    "INSERT INTO turn_events (patient_id, turn_id, seq, prev_seq, from_state, to_state, how, at, person_id,"
    " reason, asked_by, late, act) VALUES ({patient}, :turn, {seq}, {prev}, '{was}', '{now}', '{how}', now(),"
    " :person, {reason}, {asked}, {late}, :act)"
)
_TURN = "UPDATE turns SET {set} WHERE patient_id = :patient AND id = :turn"
_TICKET = (
    "INSERT INTO tickets (clinic_id, day, series, n, prev_n, patient_id, turn_id)"
    " VALUES (:clinic, '2031-01-01', {row}, :patient, :turn)"
)


def claim(which: str = "= :doctor", during: str = "during", resource: str = "resource") -> str:
    """A second claim on what a turn holds."""
    return _CLAIM.format(which=which, during=during, resource=resource)


def event(now: str = "confirmado", **changes: Any) -> str:
    """The second step of a turn that is registrado."""
    values = {"patient": ":patient", "seq": 2, "prev": 1, "was": "registrado", "how": "hop", "reason": "NULL"}
    return _EVENT.format(**(values | {"asked": "NULL", "late": "NULL", "now": now} | changes))


def turn(change: str) -> str:
    """A turn changed by hand."""
    return _TURN.format(set=change)


# what: (who, wrong, the constraint that says so, the rightful twin)
WRONG: dict[str, tuple[str, str, str, str]] = {
    "a doctor in two places": (
        "msosa",
        claim(),
        "bookings_no_overlap",
        claim(during="tstzrange(lower(during) + '400 days', upper(during) + '400 days')"),
    ),
    "a room in two places": (
        "msosa",
        claim("= :room"),
        "bookings_no_overlap",
        claim("= :room", during="tstzrange(upper(during) + '400 days', upper(during) + '401 days')"),
    ),
    "a patient in two places": (
        "msosa",
        claim("< 0"),
        "bookings_no_overlap",
        claim("< 0", during="tstzrange(upper(during), upper(during) + '1 minute')"),
    ),
    "a minute too long": (
        "msosa",
        claim(during="tstzrange(upper(during) - '1 minute'::interval, upper(during))"),
        "bookings_no_overlap",
        claim(during="tstzrange(upper(during) + '400 days', upper(during) + '401 days')"),
    ),
    "a claim on no time": (
        "msosa",
        "UPDATE bookings SET during = 'empty' WHERE turn_id = :turn",
        "bookings_during_ck",
        "UPDATE bookings SET during = during WHERE turn_id = :turn",
    ),
    "a claim on somebody else than it says": (
        "msosa",
        claim(resource="int8range(resource_id + 1, resource_id + 1, '[]')"),
        "bookings_resource_ck",
        claim(during="tstzrange(upper(during) + '400 days', upper(during) + '401 days')"),
    ),
    "a claim that ends before it starts": (
        "msosa",
        "UPDATE bookings SET during = tstzrange(upper(during), lower(during)) WHERE turn_id = :turn",
        "range lower bound must be less",
        "UPDATE bookings SET during = tstzrange(lower(during), upper(during)) WHERE turn_id = :turn",
    ),
    "a turn that ends before it starts": (
        "msosa",
        turn("ends_at = starts_at - interval '1 minute'"),
        "turns_period_ck",
        turn("ends_at = starts_at + interval '5 minutes'"),
    ),
    "a turn as long as nothing": (
        "msosa",
        turn("ends_at = starts_at"),
        "turns_period_ck",
        turn("ends_at = ends_at"),
    ),
    "an unknown kind": ("msosa", turn("kind = 'favor'"), "turns_kind_ck", turn("kind = 'booked'")),
    "an unknown doctor": (
        "msosa",
        turn("doctor_id = 999999"),
        "turns_doctor_fk",
        turn("doctor_id = :doctor"),
    ),
    "an unknown room": ("msosa", turn("room_id = 999999"), "turns_room_fk", turn("room_id = :room")),
    "an unknown practice": (
        "msosa",
        turn("procedure_id = 999999"),
        "turns_procedure_fk",
        turn("procedure_id = procedure_id"),
    ),
    "an unknown block": ("msosa", turn("block_id = 999999"), "turns_block_fk", turn("block_id = block_id")),
    "a state set by hand": (
        "msosa",
        turn("state = 'cancelado'"),
        "turns_state_fk",
        turn("state = 'registrado'"),
    ),
    "a jump": ("msosa", event("finalizado"), "turn_events_transition_fk", event()),
    "an unknown state": ("msosa", event("volando"), "turn_events_transition_fk", event("en_espera")),
    "an unknown way": ("msosa", event(how="magia"), "turn_events_transition_fk", event()),
    "from where it is not": (
        "msosa",
        event("en_curso", was="en_espera"),
        "turn_events_prev_fk",
        event("en_espera"),
    ),
    "a gap in the chain": ("msosa", event(seq=4, prev=3), "turn_events_prev_fk", event()),
    "a loose step": ("msosa", event(prev="NULL"), "turn_events_chain_ck", event()),
    "a fork": (
        "msosa",
        event(seq=1, prev="NULL", was="", now="registrado"),
        "turn_events_pk",
        event("ausente", reason="'no vino'"),
    ),
    "a cancellation that nobody asked for": (
        "msosa",
        event("cancelado", reason="'viaja'"),
        "turn_events_asked_ck",
        event("cancelado", reason="'viaja'", asked="'paciente'", late="false"),
    ),
    "asked for by a stranger": (
        "msosa",
        event("cancelado", reason="'viaja'", asked="'vecino'", late="false"),
        "turn_events_asked_by_ck",
        event("cancelado", reason="'viaja'", asked="'centro'", late="true"),
    ),
    "a reason without end": (
        "msosa",
        event(reason="repeat('x', 401)"),
        "turn_events_reason_ck",
        event(reason="repeat('x', 400)"),
    ),
    "an unknown patient": (
        "msosa",
        event(patient="gen_random_uuid()"),
        "turn_events_patient_fk|turn_events_prev_fk",
        event(),
    ),
    "a number out of its turn": (
        "msosa",
        _TICKET.format(row="'A', 5, 4"),
        "tickets_prev_fk",
        _TICKET.format(row="'A', 1, NULL"),
    ),
    "a number zero": (
        "msosa",
        _TICKET.format(row="'A', 0, NULL"),
        "tickets_chain_ck|tickets_n_ck",
        _TICKET.format(row="'B', 1, NULL"),
    ),
    "a block of slots without length": (
        "secre",
        "UPDATE agenda_blocks SET slot_minutes = 0 WHERE id = :block",
        "agenda_blocks_slot_ck",
        "UPDATE agenda_blocks SET slot_minutes = 10 WHERE id = :block",
    ),
    "a block that ends before it starts": (
        "secre",
        "UPDATE agenda_blocks SET starts = '12:00', ends = '11:00' WHERE id = :block",
        "agenda_blocks_hours_ck|agenda_blocks_spans_ck",
        "UPDATE agenda_blocks SET starts = starts, ends = ends WHERE id = :block",
    ),
    "a block in an unknown state": (
        "secre",
        "UPDATE agenda_blocks SET state = 'cerrado' WHERE id = :block",
        "agenda_blocks_state_ck",
        "UPDATE agenda_blocks SET state = 'suspendido' WHERE id = :block",
    ),
}


@pytest.fixture(scope="module")
def facts(network: Network) -> dict[str, Any]:
    """A turn that is registrado, and who and what it stands on."""
    session = network.log_in("msosa")
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=6)
    ask = slots.SlotsQuery(network.clinic_ids[0], network.person_ids["lpaz"], since=day, days=1)
    slot = session.desk().see(slots.slots, ask)[30]
    order = service.BookTurn(patient_id=new_patient(session).patient_id, slot=slot.id)
    made = session.desk().do(service.book_turn, order)
    session.close()
    asked = text("SELECT room_id, block_id FROM turns WHERE id = :turn")
    with network.owner.connect() as owner:
        row = owner.execute(asked, {"turn": made.id}).one()
    return {
        "patient": made.patient_id,
        "turn": made.id,
        "doctor": network.person_ids["lpaz"],
        "room": row.room_id,
        "block": row.block_id,
        "clinic": network.clinic_ids[0],
        "person": network.person_ids["msosa"],
        "act": new_id(),
    }


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_row_is_refused_by_name_and_its_twin_is_taken(
    log_in: LogIn, facts: dict[str, Any], what: str
) -> None:
    who, wrong, constraint, rightful = WRONG[what]
    engine = log_in(who).engine
    with engine.connect() as connection, pytest.raises(DBAPIError, match=constraint):
        connection.execute(text(wrong), facts)
    with engine.connect() as connection:
        assert connection.execute(text(rightful), facts).rowcount >= 1
        connection.rollback()
