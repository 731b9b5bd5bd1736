"""Levels of triage: the usual ones, and what a clinic has set otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import triage_levels
from clinicdesk.clinic.sites.queries import SitesQuery
from clinicdesk.clinic.sites.rules import MANCHESTER_MINUTES
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view


@dataclass(frozen=True, slots=True)
class TriageLevel:
    """A level at a clinic: 1 (rojo) to 5 (azul), its longest wait, and whether it is given there."""

    level: int
    most_minutes: int
    in_use: bool = True


@view("triage.levels", needs=Permission.SITE_READ)
def levels(tx: Reader, query: SitesQuery) -> tuple[TriageLevel, ...]:
    """The five levels of a clinic, rojo first."""
    return levels_at(tx, query.clinic_id or tx.actor.at.clinic_id)


def levels_at(tx: Reader, clinic_id: int) -> tuple[TriageLevel, ...]:
    """The five levels of a clinic: its own where it has set them, the usual ones elsewhere."""
    statement = select(triage_levels.c.level, triage_levels.c.most_minutes, triage_levels.c.in_use).where(
        triage_levels.c.clinic_id == clinic_id
    )
    own = {each.level: each for each in tx.into(TriageLevel, statement)}
    return tuple(own.get(level, TriageLevel(level, usual)) for level, usual in MANCHESTER_MINUTES.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTriageLevel(Order):
    """A level as the actor's clinic uses it."""

    level: int
    most_minutes: int
    in_use: bool = True


@use_case("triage.set_level", needs=Permission.SITE_MANAGE, answer=TriageLevel, purpose="ADMIN")
def set_level(tx: Tx, order: SetTriageLevel) -> TriageLevel:
    """Set one level's longest wait, or take it out of use. Raises BadTriageLevel."""
    row = {"most_minutes": order.most_minutes, "in_use": order.in_use}
    fresh = upsert(triage_levels).values(clinic_id=tx.actor.at.clinic_id, level=order.level, **row)
    tx.write(
        fresh.on_conflict_do_update(
            constraint="triage_levels_pk", set_={name: fresh.excluded[name] for name in row}
        )
    )
    tx.changed(Change(Kind.SITE, tx.act, tx.actor.at.clinic_id))
    return TriageLevel(order.level, order.most_minutes, order.in_use)
