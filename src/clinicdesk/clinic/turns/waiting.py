"""What else changes on the row of a turn while somebody waits: the level of triage, whose queue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.turns.model import turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Tx

_HERE = (State.EN_ESPERA.value, State.EN_CURSO.value)


def put_level(tx: Tx, patient_id: UUID, turn_id: UUID, level: int, seen: int | None) -> bool:
    """Set the level of somebody who is here; False where it is another than `seen`, or they left."""
    return _put(tx, patient_id, turn_id, _HERE, turns.c.triage.is_not_distinct_from(seen), triage=level)


def put_doctor(tx: Tx, patient_id: UUID, turn_id: UUID, doctor_id: int, seen: int | None) -> bool:
    """Move somebody who waits to another doctor's queue, as they were seen in one; the claims stay.

    The room is that of their block where they go back to its doctor, else none: the doctor's is not known.
    """
    home = (
        select(agenda_blocks.c.room_id)
        .where(agenda_blocks.c.id == turns.c.block_id, agenda_blocks.c.doctor_id == doctor_id)
        .scalar_subquery()
    )
    as_seen = turns.c.doctor_id.is_not_distinct_from(seen)
    return _put(tx, patient_id, turn_id, _HERE[:1], as_seen, doctor_id=doctor_id, room_id=home)


def _put(
    tx: Tx, patient_id: UUID, turn_id: UUID, states: tuple[str, ...], as_seen: Any, **values: Any
) -> bool:
    statement = (
        update(turns)
        .where(
            turns.c.patient_id == patient_id,
            turns.c.id == turn_id,
            turns.c.clinic_id == tx.actor.at.clinic_id,
            turns.c.state.in_(states),
            turns.c.voided_reason.is_(None),
            as_seen,
        )
        .values(**values)
        .returning(turns.c.clinic_id, turns.c.day)
    )
    row: Row[Any] | None = tx.first(statement)
    if row is None:
        return False
    tx.changed(Change(Kind.TURN, tx.act, row.clinic_id, row.day, ((patient_id, turn_id),)))
    return True
