"""Use cases of what the network does: specialties and procedures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing, rules
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.errors import SpecialtyNotFound
from clinicdesk.clinic.sites.fees import FeeLink, write_link
from clinicdesk.clinic.sites.model import procedures, specialties
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit.text import clean, clean_line


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSpecialty(Order):
    """A specialty of the network."""

    code: str
    name: str

    @property
    def subject(self) -> str:
        """Which specialty."""
        return self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSpecialty(AddSpecialty):
    """A specialty as it is from now on."""

    specialty_id: int
    version: int = as_read()


@use_case("specialty.add", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def add_specialty(tx: Tx, order: AddSpecialty) -> SiteAnswer:
    """Add a specialty. Raises SpecialtyTaken, BadSpecialty."""
    return editing.add(tx, specialties, order.code, _specialty(order))


@use_case("specialty.edit", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def edit_specialty(tx: Tx, order: EditSpecialty) -> SiteAnswer:
    """Change a specialty. Raises SiteRowNotFound, SiteChanged, SpecialtyTaken, BadSpecialty."""
    return editing.edit(tx, specialties, order.specialty_id, order.version, order.code, _specialty(order))


def _specialty(order: AddSpecialty) -> dict[str, Any]:
    return {"code": clean_line(order.code), "name": clean_line(order.name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProcedure(Order):
    """What can be booked: its usual length, the code of its specialty, and what it takes.

    `requirements` is what the patient must bring or prepare; `room_kind` and `equipment` what the room must
    be and hold.
    """

    code: str
    name: str
    minutes: int
    specialty: str | None = None
    requirements: str | None = None
    room_kind: str | None = None
    equipment: tuple[str, ...] = ()
    active: bool = True

    @property
    def subject(self) -> str:
        """Which procedure."""
        return self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class EditProcedure(AddProcedure):
    """A procedure as it is from now on; one that is not `active` is booked no more.

    `fees` are links to set, or to take away where their code is None.
    """

    procedure_id: int
    version: int = as_read()
    fees: tuple[FeeLink, ...] = ()


@use_case("procedure.add", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def add_procedure(tx: Tx, order: AddProcedure) -> SiteAnswer:
    """Add a procedure. Raises SpecialtyNotFound, ProcedureTaken, BadProcedure."""
    return editing.add(tx, procedures, order.code, _procedure(tx, order))


@use_case("procedure.edit", needs=Permission.SITE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def edit_procedure(tx: Tx, order: EditProcedure) -> SiteAnswer:
    """Change a procedure.

    Raises SiteRowNotFound, SiteChanged, SpecialtyNotFound, FeeNotFound, ProcedureTaken, BadProcedure.
    """
    values, also = _procedure(tx, order), ("fees",) if order.fees else ()
    answer = editing.edit(tx, procedures, order.procedure_id, order.version, order.code, values, also=also)
    for link in order.fees:
        write_link(tx, order.procedure_id, link)
    return answer


def _procedure(tx: Tx, order: AddProcedure) -> dict[str, Any]:
    return {
        "code": clean_line(order.code),
        "name": clean_line(order.name),
        "minutes": order.minutes,
        "specialty_id": _specialty_id(tx, order.specialty),
        "requirements": clean(order.requirements or "") or None,
        "room_kind": rules.line_or_none(order.room_kind),
        "equipment": rules.tags_of(order.equipment),
        "active": order.active,
    }


def _specialty_id(tx: Tx, code: str | None) -> int | None:
    if code is None:
        return None
    row = tx.first(select(specialties.c.id).where(specialties.c.code == code))
    if row is None:
        raise SpecialtyNotFound(code=code)
    return int(row.id)
