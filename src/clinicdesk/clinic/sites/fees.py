"""Fee schedules: what payers call what is done, read by day; and under which code a procedure is charged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.errors import FeeNotFound
from clinicdesk.clinic.sites.model import fee_codes, fee_items, fee_schedules, procedure_fees
from clinicdesk.clinic.sites.queries import SitesQuery
from clinicdesk.clinic.usecases import Reader, Tx, view
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput

_PAIR = 2


@dataclass(frozen=True, slots=True)
class FeeScheduleRow:
    """A schedule with how many codes are valid today, and since when its newest edition is."""

    id: int
    code: str
    name: str
    codes: int
    since: date | None


@dataclass(frozen=True, slots=True)
class FeeRow:
    """What a code of a schedule stands for from a day, to another where that is known; both included."""

    schedule: str
    code: str
    name: str
    units: Decimal | None
    price: Decimal | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class FeesQuery:
    """The codes of a schedule that begin so, valid on a day (None: today), or whenever with `history`."""

    schedule: str
    prefix: str = ""
    day: date | None = None
    history: bool = False
    limit: int = 10_000


@dataclass(frozen=True, slots=True)
class ProcedureFeesQuery:
    """What a procedure is charged as on a day (None: today)."""

    procedure_id: int
    day: date | None = None


@view("fees.list", needs=Permission.SITE_READ)
def list_schedules(tx: Reader, _query: SitesQuery) -> tuple[FeeScheduleRow, ...]:
    """Schedules by code."""
    today = clock.local_day(tx.now, tx.actor.at.zone)
    valid = fee_items.c.valid.contains(today)
    statement = (
        select(
            fee_schedules.c.id,
            fee_schedules.c.code,
            fee_schedules.c.name,
            func.count(fee_items.c.id).filter(valid),
            func.max(func.lower(fee_items.c.valid)),
        )
        .outerjoin(fee_codes, fee_codes.c.schedule_id == fee_schedules.c.id)
        .outerjoin(fee_items, fee_items.c.fee_code_id == fee_codes.c.id)
        .group_by(fee_schedules.c.id, fee_schedules.c.code, fee_schedules.c.name)
        .order_by(fee_schedules.c.code)
    )
    return tx.into(FeeScheduleRow, statement)


@view("fees.show", needs=Permission.SITE_READ)
def show_fees(tx: Reader, query: FeesQuery) -> tuple[FeeRow, ...]:
    """Items by code and day. Raises FeeNotFound where there is no such schedule."""
    schedule = tx.first(select(fee_schedules.c.id).where(fee_schedules.c.code == query.schedule))
    if schedule is None:
        raise FeeNotFound(schedule=query.schedule, code=query.prefix)
    statement = _items().where(fee_codes.c.schedule_id == schedule.id)
    if query.prefix:
        statement = statement.where(fee_codes.c.code.startswith(query.prefix, autoescape=True))
    if not query.history:
        statement = statement.where(fee_items.c.valid.contains(_day(tx, query.day)))
    ordered = statement.order_by(fee_codes.c.code, func.lower(fee_items.c.valid)).limit(query.limit)
    return tx.into(_fee, ordered)


@view("fees.of", needs=Permission.SITE_READ)
def fees_of(tx: Reader, query: ProcedureFeesQuery) -> tuple[FeeRow, ...]:
    """What a procedure is charged as, one for each schedule, by schedule."""
    statement = (
        _items()
        .join(procedure_fees, procedure_fees.c.fee_code_id == fee_codes.c.id)
        .where(procedure_fees.c.procedure_id == query.procedure_id)
        .where(fee_items.c.valid.contains(_day(tx, query.day)))
        .order_by(fee_schedules.c.code)
    )
    return tx.into(_fee, statement)


def _items() -> Select[Any]:
    return (
        select(
            fee_schedules.c.code,
            fee_codes.c.code,
            fee_items.c.name,
            fee_items.c.units,
            fee_items.c.price,
            func.lower(fee_items.c.valid),
            func.upper(fee_items.c.valid) - 1,
        )
        .join(fee_codes, fee_codes.c.id == fee_items.c.fee_code_id)
        .join(fee_schedules, fee_schedules.c.id == fee_codes.c.schedule_id)
    )


def _fee(*values: Any) -> FeeRow:
    return FeeRow(*values)


def _day(tx: Reader, day: date | None) -> date:
    return day or clock.local_day(tx.now, tx.actor.at.zone)


@dataclass(frozen=True, slots=True)
class FeeLink:
    """A procedure's code in a schedule; None takes the link away."""

    schedule: str
    code: str | None


def link_of(text: str) -> FeeLink:
    """`PAMI:037107` or `PAMI:-`, as typed. Raises InvalidInput."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != _PAIR or not all(parts):
        raise InvalidInput(f"«{text[:40]}» no es NOMENCLADOR:CÓDIGO.")
    return FeeLink(parts[0].upper(), None if parts[1] == "-" else parts[1])


def write_link(tx: Tx, procedure_id: int, link: FeeLink) -> None:
    """Charge a procedure as a code of a schedule from now on, or as none. Raises FeeNotFound."""
    schedule = select(fee_schedules.c.id).where(fee_schedules.c.code == link.schedule).scalar_subquery()
    if link.code is None:
        gone = delete(procedure_fees).where(
            procedure_fees.c.procedure_id == procedure_id, procedure_fees.c.schedule_id == schedule
        )
        tx.write(gone)
        return
    wanted = select(fee_codes.c.id, fee_codes.c.schedule_id).where(
        fee_codes.c.schedule_id == schedule, fee_codes.c.code == link.code
    )
    row = tx.first(wanted)
    if row is None:
        raise FeeNotFound(schedule=link.schedule, code=link.code)
    insert = upsert(procedure_fees).values(
        procedure_id=procedure_id, schedule_id=row.schedule_id, fee_code_id=row.id
    )
    tx.write(
        insert.on_conflict_do_update(
            constraint="procedure_fees_pk", set_={"fee_code_id": insert.excluded.fee_code_id}
        )
    )
