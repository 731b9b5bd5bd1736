"""Services: what people who come without a turn may ask for instead of a doctor.

A service is a specialty that somebody sees people for at a clinic: by their agenda, or by what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, or_, select, union

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas.model import agenda_blocks, block_procedures
from clinicdesk.clinic.agendas.rules import Block, BlockState
from clinicdesk.clinic.rights import Permission, Role
from clinicdesk.clinic.sites.model import procedures, specialties
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class ServicesQuery:
    """The services of a clinic; of one doctor there, where given."""

    clinic_id: int
    doctor_id: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service of a clinic: its specialty."""

    specialty_id: int
    code: str
    name: str


@view("service.list", needs=Permission.SITE_READ)
def services(tx: Reader, query: ServicesQuery) -> tuple[ServiceRow, ...]:
    """By name."""
    today = clock.local_day(tx.now, tx.actor.at.zone)
    of = specialties.c
    statement = (
        select(of.id, of.code, of.name)
        .where(of.id.in_(seen_for(query.clinic_id, query.doctor_id, today)))
        .order_by(of.name, of.id)
    )
    return tx.into(ServiceRow, statement)


def seen_for(clinic_id: Any, doctor_id: Any, day: Any) -> CompoundSelect[Any]:
    """The ids of the specialties that a doctor of a clinic sees people for; of all its doctors where None."""
    block, role = agenda_blocks.c, clinic_roles.c
    also = (
        select(block_procedures.c.procedure_id)
        .where(block_procedures.c.block_id == block.id)
        .correlate(agenda_blocks)
    )
    by_agenda = (
        select(procedures.c.specialty_id)
        .select_from(agenda_blocks)
        .join(procedures, or_(procedures.c.id == block.procedure_id, procedures.c.id.in_(also)))
        .where(
            block.clinic_id == clinic_id,
            block.state == BlockState.PUBLICADO.value,
            block.valid.op("@>")(day),
            procedures.c.specialty_id.is_not(None),
            *_of(block.doctor_id, doctor_id),
        )
    )
    by_name = (
        select(specialties.c.id)
        .join(people, people.c.specialty == specialties.c.name)
        .join(clinic_roles, role.person_id == people.c.id)
        .where(role.clinic_id == clinic_id, role.role == Role.MEDICO.value, *_of(people.c.id, doctor_id))
    )
    return union(by_agenda, by_name)


def _of(column: Any, doctor_id: Any) -> tuple[ColumnElement[bool], ...]:
    return () if doctor_id is None else (column == doctor_id,)


def serving(tx: Reader, blocks: Sequence[Block], specialty_id: int) -> tuple[Block, ...]:
    """Those of these blocks in which people are seen for a specialty."""
    of = procedures.c
    mine = (
        {row.id for row in tx.rows(select(of.id).where(of.specialty_id == specialty_id))} if blocks else set()
    )
    return tuple(block for block in blocks if mine & set(block.procedures))
