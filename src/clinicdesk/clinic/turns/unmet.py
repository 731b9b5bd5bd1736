"""Unmet demand: who asked for a turn and got none, counted with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import procedures, specialties
from clinicdesk.clinic.turns.model import unmet_demand
from clinicdesk.clinic.turns.rules import Unmet
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case, view


@dataclass(frozen=True, slots=True)
class DemandQuery:
    """Unmet demand of a clinic, from one instant to another."""

    clinic_id: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class DemandRow:
    """Somebody who asked for a turn and got none. `at` is UTC."""

    patient_id: UUID
    id: UUID
    at: datetime
    reason: str
    doctor: str | None
    specialty: str | None
    procedure: str | None
    note: str | None
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Order):
    """Somebody asked for a turn, got none, and does not wait for one."""

    patient_id: UUID
    demand_id: UUID = new_row()
    doctor_id: int | None = None
    specialty_id: int | None = None
    procedure_id: int | None = None
    reason: Unmet
    note: str | None = None


@dataclass(frozen=True, slots=True)
class AskAnswer:
    """A demand that was counted: why nothing was given."""

    patient_id: UUID
    id: UUID
    state: str


@use_case("demand.add", needs=Permission.TURN_BOOK, answer=AskAnswer)
def ask(tx: Tx, order: Ask) -> AskAnswer:
    """Count a demand that was not met. Raises PatientNotFound."""
    people_cared_for.header(tx, order.patient_id)
    what = {name: getattr(order, name) for name in ("doctor_id", "specialty_id", "procedure_id")}
    count(tx, order.patient_id, order.demand_id, order.reason, order.note, what)
    return AskAnswer(order.patient_id, order.demand_id, order.reason.value)


def count(
    tx: Tx, patient_id: UUID, demand_id: UUID, reason: Unmet, note: str | None, what: dict[str, int | None]
) -> None:
    """Write down that somebody went without: what they asked for, and why not."""
    row = {
        "patient_id": patient_id,
        "id": demand_id,
        "clinic_id": tx.actor.at.clinic_id,
        "reason": reason.value,
        "note": note,
        "at": tx.now,
        "person_id": tx.actor.person_id,
    }
    tx.write(insert(unmet_demand), row | what)


@view("demand.list", needs=Permission.TURN_READ)
def demand(tx: Reader, query: DemandQuery) -> tuple[DemandRow, ...]:
    """Unmet demand by time."""
    asker = people.alias("asker")
    statement = (
        select(
            unmet_demand.c.patient_id,
            unmet_demand.c.id,
            unmet_demand.c.at,
            unmet_demand.c.reason,
            people.c.family,
            specialties.c.name,
            procedures.c.name,
            unmet_demand.c.note,
            asker.c.family,
        )
        .join(asker, asker.c.id == unmet_demand.c.person_id)
        .outerjoin(people, people.c.id == unmet_demand.c.doctor_id)
        .outerjoin(specialties, specialties.c.id == unmet_demand.c.specialty_id)
        .outerjoin(procedures, procedures.c.id == unmet_demand.c.procedure_id)
        .where(
            unmet_demand.c.clinic_id == query.clinic_id,
            unmet_demand.c.at >= query.since,
            unmet_demand.c.at < query.until,
        )
        .order_by(unmet_demand.c.at, unmet_demand.c.id)
    )
    return tx.into(DemandRow, statement)


@dataclass(frozen=True, slots=True)
class GoneWithout:
    """Somebody who asked at a clinic, for a doctor or any, and whether they were offered a place."""

    clinic_id: int
    doctor_id: int | None
    offered: bool


@view("demand.reason", needs=Permission.TURN_READ)
def gone_without(tx: Reader, query: GoneWithout) -> Unmet:
    """Why somebody goes without: they refused what was offered, there is an agenda without room, or none."""
    if query.offered:
        return Unmet.OFERTA_RECHAZADA
    statement = select(agenda_blocks.c.id).where(
        agenda_blocks.c.clinic_id == query.clinic_id, agenda_blocks.c.state == "publicado"
    )
    if query.doctor_id is not None:
        statement = statement.where(agenda_blocks.c.doctor_id == query.doctor_id)
    return Unmet.SIN_LUGAR if tx.first(statement) else Unmet.SIN_OFERTA
