"""What agendas of the demo show beside weekly hours: quotas, and a block suspended some days ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, column, insert, or_, select, values
from sqlalchemy.types import Integer, Text

from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.agendas.model import agenda_blocks, agenda_exceptions, block_quotas
from clinicdesk.clinic.agendas.rules import FREE, Block, slots_of
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.rights import Role
from clinicdesk.clinic.sites.model import procedures
from clinicdesk.clinic.turns.model import block_places, turn_notices
from clinicdesk.clinic.turns.rules import FREES_CLAIMS, Asker, State
from clinicdesk.demo.book import Book
from clinicdesk.demo.days import Pool
from clinicdesk.demo.drafts import Draft, Step
from clinicdesk.demo.ground import Clinic, Ground

_QUOTAS: Final = (("web", 2), ("mismo_dia", 2))
_WITH_QUOTAS: Final = ("CON-PED", "CON-CAR")
_DAYS_AHEAD: Final = 4
_SUSPENDED_TURNS: Final = 5
_REASON: Final = "Congreso de la especialidad"


def write_quotas(connection: Connection) -> None:
    """Some places of the blocks of two specialties are kept for the web and for the day itself."""
    kept = values(column("channel", Text), column("places", Integer), name="kept").data(list(_QUOTAS))
    these = (
        select(agenda_blocks.c.id, kept.c.channel, kept.c.places)
        .join(procedures, procedures.c.id == agenda_blocks.c.procedure_id)
        .join(kept, procedures.c.code.in_(_WITH_QUOTAS))
    )
    connection.execute(insert(block_quotas).from_select(["block_id", "channel", "places"], these))


def count_places(connection: Connection, book: Book, day: date, made: Iterable[Draft]) -> None:
    """The counted places of a day's turns in blocks with quotas, beside those that people took."""
    of = block_places.c
    found = connection.execute(select(of.block_id, of.pool, of.n).where(of.day == day))
    taken = {(row.block_id, row.pool, row.n) for row in found}
    for draft in made:
        block = draft.slot.block if draft.slot else None
        if block is None or not block.quotas or draft.state in FREES_CLAIMS:
            continue
        place = next((each for each in _places(block) if (block.id, *each) not in taken), None)
        if place is not None:
            taken.add((block.id, *place))
            own = {"patient_id": draft.person.id, "turn_id": draft.id}
            book.add(block_places, block_id=block.id, day=day, pool=place[0], n=place[1], **own)


def _places(block: Block) -> list[tuple[str, int]]:
    """Every counted place of a block's day: what is kept for nobody first."""
    free = block.places - sum(most for _channel, most in block.quotas)
    return [(pool, n) for pool, most in ((FREE, free), *block.quotas) for n in range(1, most + 1)]


def open_blocks(connection: Connection, blocks: Sequence[Block], day: date) -> list[Block]:
    """The blocks that no leave and no suspension shuts for the whole day."""
    of = agenda_exceptions.c
    shut = connection.execute(
        select(of.doctor_id, of.block_id).where(
            of.lifted_at.is_(None),
            of.from_time.is_(None),
            of.first_day <= day,
            or_(of.last_day.is_(None), of.last_day >= day),
        )
    ).all()
    return [
        block
        for block in blocks
        if not any(row.doctor_id == block.doctor_id and row.block_id in (None, block.id) for row in shut)
    ]


@dataclass(frozen=True, slots=True)
class Shut:
    """A block that is not worked on a day."""

    block: Block
    day: date


def chosen(stand: Ground, clinic: Clinic, today: date) -> Shut | None:
    """A block some days ahead, of a doctor who does not work around the clock; None where there is none."""
    mine = stand.blocks.get(clinic.id, [])
    guards = {block.doctor_id for block in mine if block.starts.hour == 0}
    for ahead in range(_DAYS_AHEAD, _DAYS_AHEAD + 7):
        day = today + timedelta(days=ahead)
        for block in mine:
            if block.doctor_id not in guards and block.holds_on(day):
                return Shut(block, day)
    return None


def suspend(
    connection: Connection, book: Book, stand: Ground, clinic: Clinic, shut: Shut, pool: Pool, now: datetime
) -> list[Draft]:
    """Suspend a block for its day: its turns, cancelled by the clinic, are not written yet."""
    doctor = next(each for each in stand.doctors[clinic.id] if each.id == shut.block.doctor_id)
    clerk = _secretary(connection, clinic) or stand.counter[clinic.id]
    at = now - timedelta(hours=2)
    exception_id = _except(connection, clinic, shut, clerk, at)
    made: list[Draft] = []
    for number, slot in enumerate(slots_of(shut.block, shut.day, clinic.zone)):
        person = pool.take(doctor.specialty, shut.day) if number < _SUSPENDED_TURNS else None
        if person is None:
            break
        draft = Draft(clinic, shut.day, doctor, person, slot.starts_at, slot.ends_at, slot, None)
        given = at - timedelta(days=2 + number, minutes=7 * number)
        draft.steps.append(Step(State.REGISTRADO, given, stand.counter[clinic.id]))
        draft.steps.append(Step(State.CANCELADO, at, clerk, _REASON, Asker.CENTRO))
        made.append(draft)
    _notices(connection, book, made, exception_id, at)
    return made


def _secretary(connection: Connection, clinic: Clinic) -> int | None:
    of = clinic_roles.c
    mine = select(of.person_id).where(of.clinic_id == clinic.id, of.role == Role.SECRETARIA.value)
    return connection.execute(mine.order_by(of.person_id).limit(1)).scalar()


def _except(connection: Connection, clinic: Clinic, shut: Shut, clerk: int, at: datetime) -> int:
    row = insert(agenda_exceptions).values(
        kind="suspension",
        clinic_id=clinic.id,
        doctor_id=shut.block.doctor_id,
        block_id=shut.block.id,
        first_day=shut.day,
        last_day=shut.day,
        reason=_REASON,
        made_by=clerk,
        made_at=at,
    )
    return int(connection.execute(row.returning(agenda_exceptions.c.id)).scalar_one())


def _notices(
    connection: Connection, book: Book, made: Sequence[Draft], exception_id: int, at: datetime
) -> None:
    these = select(patients.c.patient_id).where(
        patients.c.patient_id.in_([draft.person.id for draft in made]), patients.c.phone.is_not(None)
    )
    reached = set(connection.execute(these).scalars())
    for draft in made:
        book.add(
            turn_notices,
            patient_id=draft.person.id,
            id=UUID(int=draft.id.int ^ 4),
            turn_id=draft.id,
            exception_id=exception_id,
            kind="suspendido",
            seq=len(draft.steps),
            state="pendiente" if draft.person.id in reached else "sin_medio",
            made_at=at,
        )
