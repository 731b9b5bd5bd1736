"""Use cases of a clinic's own places and days: floors, rooms, holidays.

Whoever may, does so at the clinic where they act; another clinic's are for who manages the network's sites.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing, rules
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.errors import SiteRowNotFound
from clinicdesk.clinic.sites.model import floors, holidays, rooms
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit.text import clean_line

_NETWORK: Final = Permission.SITE_MANAGE


def as_read() -> Any:
    """The edition that was read: seen, not said, so that an order sent again after a look is the same one."""
    return field(metadata={"made": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFloor(Order):
    """A floor of a clinic; `number` 0 is at street level."""

    clinic_id: int
    number: int
    name: str

    @property
    def subject(self) -> str:
        """Which floor."""
        return str(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFloor(AddFloor):
    """A floor as it is from now on."""

    floor_id: int
    version: int = as_read()


@use_case("floor.add", needs=_NETWORK, answer=SiteAnswer, purpose="ADMIN")
def add_floor(tx: Tx, order: AddFloor) -> SiteAnswer:
    """Add a floor. Raises FloorTaken, BadFloor."""
    return editing.add(tx, floors, order.subject, {"clinic_id": order.clinic_id} | _floor(order))


@use_case("floor.edit", needs=_NETWORK, answer=SiteAnswer, purpose="ADMIN")
def edit_floor(tx: Tx, order: EditFloor) -> SiteAnswer:
    """Change a floor. Raises SiteRowNotFound, SiteChanged, FloorTaken, BadFloor."""
    return editing.edit(
        tx, floors, order.floor_id, order.version, order.subject, _floor(order), clinic_id=order.clinic_id
    )


def _floor(order: AddFloor) -> dict[str, Any]:
    return {"number": order.number, "name": clean_line(order.name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRoom(Order):
    """A room on a floor (by its number) of a clinic. `equipment` are short words: ecógrafo, camilla…"""

    clinic_id: int
    floor: int
    code: str
    kind: str
    equipment: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Which room."""
        return self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRoom(AddRoom):
    """A room as it is from now on, save its state."""

    room_id: int
    version: int = as_read()


@use_case("room.add", needs=Permission.ROOM_MANAGE, elsewhere=_NETWORK, answer=SiteAnswer, purpose="ADMIN")
def add_room(tx: Tx, order: AddRoom) -> SiteAnswer:
    """Add a room that can be used. Raises SiteRowNotFound for the floor, RoomCodeTaken, BadRoom."""
    return editing.add(tx, rooms, order.code, {"clinic_id": order.clinic_id} | _room(tx, order))


@use_case("room.edit", needs=Permission.ROOM_MANAGE, elsewhere=_NETWORK, answer=SiteAnswer, purpose="ADMIN")
def edit_room(tx: Tx, order: EditRoom) -> SiteAnswer:
    """Change a room. Raises SiteRowNotFound, SiteChanged, RoomCodeTaken, BadRoom."""
    values = _room(tx, order)
    return editing.edit(
        tx, rooms, order.room_id, order.version, order.code, values, clinic_id=order.clinic_id
    )


def _room(tx: Tx, order: AddRoom) -> dict[str, Any]:
    statement = select(floors.c.id).where(
        floors.c.clinic_id == order.clinic_id, floors.c.number == order.floor
    )
    floor = tx.first(statement)
    if floor is None:
        raise SiteRowNotFound(what=rules.WORDS["floors"], code=order.floor)
    return {
        "floor_id": floor.id,
        "code": clean_line(order.code),
        "kind": clean_line(order.kind),
        "equipment": rules.tags_of(order.equipment),
    }


def set_room_state(
    tx: Tx, room_id: int, version: int, clinic_id: int, code: str, values: dict[str, Any]
) -> SiteAnswer:
    """Put a room into a state, for the slice that knows which turns that touches.

    Raises SiteRowNotFound, SiteChanged, BadRoomState.
    """
    return editing.edit(tx, rooms, room_id, version, code, values, clinic_id=clinic_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddHoliday(Order):
    """A day on which a clinic does not work, or all clinics of a country (`clinic_id` None).

    `works`: a holiday of the country on which this clinic opens all the same.
    """

    clinic_id: int | None
    country: str | None = None
    day: date
    name: str
    works: bool = False

    @property
    def subject(self) -> str:
        """Which day, and whose where it is a country's."""
        return f"{self.day} {self.country or ''}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditHoliday(AddHoliday):
    """A holiday as it is from now on."""

    holiday_id: int
    version: int = as_read()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveHoliday(Order):
    """No holiday after all, as seen at `version`."""

    clinic_id: int | None
    holiday_id: int
    day: date
    version: int = as_read()

    @property
    def subject(self) -> str:
        """Which day."""
        return str(self.day)


@use_case("holiday.add", needs=Permission.ROOM_MANAGE, elsewhere=_NETWORK, answer=SiteAnswer, purpose="ADMIN")
def add_holiday(tx: Tx, order: AddHoliday) -> SiteAnswer:
    """Add a holiday. Raises HolidayTaken, BadHoliday."""
    # The country's column is named only where it is said: a secretary may not write it.
    whose = {"clinic_id": order.clinic_id} if order.country is None else {"country": order.country}
    return editing.add(tx, holidays, str(order.day), whose | _holiday(order))


@use_case(
    "holiday.edit", needs=Permission.ROOM_MANAGE, elsewhere=_NETWORK, answer=SiteAnswer, purpose="ADMIN"
)
def edit_holiday(tx: Tx, order: EditHoliday) -> SiteAnswer:
    """Change a holiday. Raises SiteRowNotFound, SiteChanged, HolidayTaken, BadHoliday."""
    values, code = _holiday(order), str(order.day)
    return editing.edit(
        tx, holidays, order.holiday_id, order.version, code, values, clinic_id=order.clinic_id
    )


@use_case(
    "holiday.remove", needs=Permission.ROOM_MANAGE, elsewhere=_NETWORK, answer=SiteAnswer, purpose="ADMIN"
)
def remove_holiday(tx: Tx, order: RemoveHoliday) -> SiteAnswer:
    """Take a holiday away. Raises SiteRowNotFound, SiteChanged."""
    code = str(order.day)
    return editing.remove(tx, holidays, order.holiday_id, order.version, code, clinic_id=order.clinic_id)


def _holiday(order: AddHoliday) -> dict[str, Any]:
    return {"day": order.day, "name": clean_line(order.name), "works": order.works}
