"""Series of ticket numbers: a service that counts for itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.admissions.model import ticket_series
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.errors import SpecialtyNotFound
from clinicdesk.clinic.sites.model import specialties
from clinicdesk.clinic.sites.queries import SitesQuery
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A service's letter at a clinic; None: it counts with everybody else."""

    specialty: str
    series: str | None


@view("ticket.series", needs=Permission.SITE_READ)
def list_series(tx: Reader, query: SitesQuery) -> tuple[SeriesRow, ...]:
    """The letters of a clinic's services."""
    statement = (
        select(specialties.c.code, ticket_series.c.series)
        .join(specialties, specialties.c.id == ticket_series.c.specialty_id)
        .where(ticket_series.c.clinic_id == (query.clinic_id or tx.actor.at.clinic_id))
        .order_by(ticket_series.c.series)
    )
    return tx.into(SeriesRow, statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSeries(Order):
    """The letter of a specialty (by code) at the actor's clinic, None to count with everybody else."""

    specialty: str
    series: str | None


@use_case("ticket.set_series", needs=Permission.SITE_MANAGE, answer=SeriesRow, purpose="ADMIN")
def set_series(tx: Tx, order: SetSeries) -> SeriesRow:
    """From the next number on. Raises SpecialtyNotFound, SeriesTaken, BadSeries."""
    found = tx.first(select(specialties.c.id).where(specialties.c.code == order.specialty))
    if found is None:
        raise SpecialtyNotFound(code=order.specialty)
    mine = {"clinic_id": tx.actor.at.clinic_id, "specialty_id": found.id}
    if order.series is None:
        tx.write(
            delete(ticket_series).where(
                ticket_series.c.clinic_id == mine["clinic_id"], ticket_series.c.specialty_id == found.id
            )
        )
    else:
        fresh = upsert(ticket_series).values(**mine, series=order.series)
        kept = fresh.on_conflict_do_update(
            constraint="ticket_series_specialty_uq", set_={"series": fresh.excluded.series}
        )
        tx.run(kept.returning(ticket_series.c.id))
    tx.changed(Change(Kind.SITE, tx.act, tx.actor.at.clinic_id))
    return SeriesRow(order.specialty, order.series)
