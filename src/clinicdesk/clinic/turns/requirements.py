"""What the patient of a turn must bring or prepare: told when the turn is given."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import procedures
from clinicdesk.clinic.turns.model import turns
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class RequirementsQuery:
    """One turn of a patient."""

    patient_id: UUID
    turn_id: UUID


@view("turn.requirements", needs=Permission.TURN_READ)
def requirements_of(tx: Reader, query: RequirementsQuery) -> str:
    """The text of the turn's procedure; "" where it asks for nothing."""
    statement = (
        select(procedures.c.requirements)
        .join(turns, turns.c.procedure_id == procedures.c.id)
        .where(turns.c.patient_id == query.patient_id, turns.c.id == query.turn_id)
    )
    row = tx.first(statement)
    return (row.requirements or "") if row is not None else ""
