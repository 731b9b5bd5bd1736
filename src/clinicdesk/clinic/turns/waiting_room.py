"""What the waiting-room screen shows: read by a login without a person, so through no Desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from clinicdesk.kit import db
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _


class ClinicUnknown(Refusal):
    """No clinic has the code that the screen was started with."""

    says = _("No hay un centro con el código «{code}». Ver: clinicdesk clinic list.")
    exit = Exit.NOT_FOUND


@dataclass(frozen=True, slots=True)
class CallRow:
    """Somebody called: `initials` is empty for who must not be known; `calls` counts the repetitions."""

    ticket: str
    initials: str
    room: str | None
    kind: str | None
    floor: int | None
    called_at: datetime
    calls: int


@dataclass(frozen=True, slots=True)
class WaitingRoom:
    """A clinic's waiting room at a moment: the last calls first."""

    clinic_id: int
    name: str
    zone: str
    waiting: int
    at: datetime
    calls: tuple[CallRow, ...]


def read(engine: Engine, clinic: str) -> WaitingRoom:
    """Both in one snapshot. Raises ClinicUnknown, DatabaseUnreachable."""
    head = func.display.clinic(clinic).table_valued("clinic_id", "name", "zone", "waiting", "at")
    called = func.display.waiting_room(clinic).table_valued(
        "ticket", "initials", "room", "kind", "floor", "called_at", "calls"
    )
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            place = connection.execute(select(head)).first()
            rows = tuple(CallRow(*row) for row in connection.execute(select(called)))
    except (DBAPIError, PoolTimeout) as error:
        engine.dispose()
        raise db.broken(error) from error.__cause__
    if place is None:
        raise ClinicUnknown(code=clinic)
    return WaitingRoom(place.clinic_id, place.name, place.zone, place.waiting, place.at, rows)
