"""What a clinic's waiting-room screens show, whichever machine they hang at."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.errors import ClinicNotFound
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Order, Tx, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowInitials(Order):
    """Whether a clinic's screens show initials beside the numbers."""

    clinic: str
    shown: bool


@dataclass(frozen=True, slots=True)
class InitialsAnswer:
    """What the screens of the clinic show from now on."""

    clinic: str
    shown: bool


@use_case("display.initials", needs=Permission.SITE_MANAGE, answer=InitialsAnswer, purpose="ADMIN")
def show_initials(tx: Tx, order: ShowInitials) -> InitialsAnswer:
    """Set it; open screens follow at once. Raises ClinicNotFound."""
    edition = {
        "shows_initials": order.shown,
        "version": clinics.c.version + 1,
        "changed_by": tx.actor.person_id,
        "changed_at": tx.now,
    }
    changed = update(clinics).where(clinics.c.code == order.clinic).values(edition)
    clinic_id = tx.run(changed.returning(clinics.c.id)).scalar_one_or_none()
    if clinic_id is None:
        raise ClinicNotFound(code=order.clinic)
    tx.changed(Change(Kind.SITE, tx.act, clinic_id))
    return InitialsAnswer(order.clinic, order.shown)
