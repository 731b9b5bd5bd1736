"""Agendas: weekly blocks in which doctors offer turns, what is kept for whom, and when they do not work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any, Final

from psycopg.types.range import Range
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Time,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, INT4RANGE, INT8RANGE, ExcludeConstraint

from clinicdesk.clinic.sites.model import edited
from clinicdesk.clinic.tables import TableClass, instant, metadata, reference, words

_DAY_MINUTES: Final = 1440


def spans(
    doctor_id: int,
    room_id: int,
    weekday: int,
    starts: time,
    ends: time,
    valid_from: date,
    valid_to: date | None,
) -> dict[str, Range[Any]]:
    """What a block claims: its doctor and its room, for minutes of the week, on days.

    Two exclusion constraints compare these columns; a CHECK each holds them to the plain ones.
    """
    midnight = (weekday - 1) * _DAY_MINUTES
    return {
        "doctor_span": Range(doctor_id, doctor_id, "[]"),
        "room_span": Range(room_id, room_id, "[]"),
        "minutes": Range(midnight + minute_of(starts), midnight + minute_of(ends), "[)"),
        "valid": Range(valid_from, valid_to, "[]"),
    }


def minute_of(wall: time) -> int:
    """Minutes after midnight."""
    return wall.hour * 60 + wall.minute


_SAID: Final = ("doctor_id", "room_id", "weekday", "starts", "ends", "valid_from")


def _claimed(column: str) -> Callable[[Any], Range[Any]]:
    def made(context: Any) -> Range[Any]:
        row = context.get_current_parameters()
        return spans(**{name: row[name] for name in _SAID}, valid_to=row.get("valid_to"))[column]

    return made


agenda_blocks: Final = reference(
    "agenda_blocks",
    Column("clinic_id", BigInteger, nullable=False),
    Column("doctor_id", BigInteger, nullable=False),
    Column("room_id", BigInteger, nullable=False),
    Column("procedure_id", BigInteger, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("starts", Time, nullable=False),
    Column("ends", Time, nullable=False),
    Column("slot_minutes", Integer, nullable=False),
    # NULL: slots with an hour each. A number: so many people a day, seen in the order they arrive.
    Column("capacity", Integer),
    Column("overbooks", Integer, nullable=False, server_default=text("0")),
    Column("release_hours", Integer, nullable=False, server_default=text("48")),
    words("state", server_default="borrador"),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("doctor_span", INT8RANGE, nullable=False, default=_claimed("doctor_span")),
    Column("room_span", INT8RANGE, nullable=False, default=_claimed("room_span")),
    Column("minutes", INT4RANGE, nullable=False, default=_claimed("minutes")),
    Column("valid", DATERANGE, nullable=False, default=_claimed("valid")),
    *edited("agenda_blocks"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="agenda_blocks_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="agenda_blocks_doctor_fk"),
    ForeignKeyConstraint(["room_id"], ["rooms.id"], name="agenda_blocks_room_fk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="agenda_blocks_procedure_fk"),
    CheckConstraint("weekday BETWEEN 1 AND 7", name="agenda_blocks_weekday_ck"),
    CheckConstraint(
        "ends > starts AND extract(second FROM starts) = 0 AND extract(second FROM ends) = 0",
        name="agenda_blocks_hours_ck",
    ),
    CheckConstraint("slot_minutes BETWEEN 1 AND 480", name="agenda_blocks_slot_ck"),
    CheckConstraint("capacity BETWEEN 1 AND 500", name="agenda_blocks_capacity_ck"),
    CheckConstraint("overbooks BETWEEN 0 AND 50", name="agenda_blocks_overbooks_ck"),
    CheckConstraint("release_hours BETWEEN 0 AND 720", name="agenda_blocks_release_ck"),
    CheckConstraint("state IN ('borrador', 'publicado', 'suspendido')", name="agenda_blocks_state_ck"),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="agenda_blocks_valid_ck"),
    CheckConstraint(
        "doctor_span = int8range(doctor_id, doctor_id, '[]')"
        " AND room_span = int8range(room_id, room_id, '[]')"
        " AND minutes = int4range((weekday - 1) * 1440 + (extract(epoch FROM starts) / 60)::integer,"
        " (weekday - 1) * 1440 + (extract(epoch FROM ends) / 60)::integer)"
        " AND valid = daterange(valid_from, valid_to, '[]')",
        name="agenda_blocks_spans_ck",
    ),
    ExcludeConstraint(
        ("doctor_span", "="), ("minutes", "&&"), ("valid", "&&"), using="gist", name="agenda_blocks_doctor_ex"
    ),
    ExcludeConstraint(
        ("room_span", "="), ("minutes", "&&"), ("valid", "&&"), using="gist", name="agenda_blocks_room_ex"
    ),
    Index("agenda_blocks_clinic_ix", "clinic_id", "weekday"),
)

# What a block serves besides its own procedure.
block_procedures: Final = Table(
    "block_procedures",
    metadata,
    Column("block_id", BigInteger, nullable=False),
    Column("procedure_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("block_id", "procedure_id", name="block_procedures_pk"),
    ForeignKeyConstraint(["block_id"], ["agenda_blocks.id"], name="block_procedures_block_fk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="block_procedures_procedure_fk"),
    info={"class": TableClass.REFERENCE},
)

# Places of a block's day kept for a channel until they are released.
block_quotas: Final = Table(
    "block_quotas",
    metadata,
    Column("block_id", BigInteger, nullable=False),
    words("channel"),
    Column("places", Integer, nullable=False),
    PrimaryKeyConstraint("block_id", "channel", name="block_quotas_pk"),
    ForeignKeyConstraint(["block_id"], ["agenda_blocks.id"], name="block_quotas_block_fk"),
    CheckConstraint(
        "channel IN ('mismo_dia', 'programado', 'gestion', 'profesional', 'web')",
        name="block_quotas_channel_ck",
    ),
    CheckConstraint("places BETWEEN 1 AND 500", name="block_quotas_places_ck"),
    info={"class": TableClass.REFERENCE},
)

# A doctor's leave, in every clinic, or one block suspended; days and hours are the clinic's wall time.
# `last_day` NULL: until it is lifted. Without hours, the whole day.
agenda_exceptions: Final = reference(
    "agenda_exceptions",
    words("kind"),
    Column("clinic_id", BigInteger, nullable=False),
    Column("doctor_id", BigInteger, nullable=False),
    Column("block_id", BigInteger),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),
    Column("from_time", Time),
    Column("to_time", Time),
    words("leave_kind", nullable=True),
    words("reason"),
    Column("made_by", BigInteger, nullable=False),
    instant("made_at"),
    instant("lifted_at", nullable=True),
    Column("lifted_by", BigInteger),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="agenda_exceptions_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="agenda_exceptions_doctor_fk"),
    ForeignKeyConstraint(["block_id"], ["agenda_blocks.id"], name="agenda_exceptions_block_fk"),
    ForeignKeyConstraint(["made_by"], ["people.id"], name="agenda_exceptions_made_by_fk"),
    ForeignKeyConstraint(["lifted_by"], ["people.id"], name="agenda_exceptions_lifted_by_fk"),
    CheckConstraint(
        "(kind = 'licencia' AND block_id IS NULL AND leave_kind IS NOT NULL)"
        " OR (kind = 'suspension' AND block_id IS NOT NULL AND leave_kind IS NULL)",
        name="agenda_exceptions_kind_ck",
    ),
    CheckConstraint(
        "leave_kind IN ('vacaciones', 'enfermedad', 'congreso', 'maternidad', 'gremial', 'otra')",
        name="agenda_exceptions_leave_ck",
    ),
    CheckConstraint("last_day IS NULL OR last_day >= first_day", name="agenda_exceptions_days_ck"),
    CheckConstraint(
        "(from_time IS NULL) = (to_time IS NULL) AND (from_time IS NULL OR from_time < to_time)",
        name="agenda_exceptions_hours_ck",
    ),
    CheckConstraint("length(reason) BETWEEN 1 AND 200", name="agenda_exceptions_reason_ck"),
    CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="agenda_exceptions_lifted_ck"),
    Index("agenda_exceptions_doctor_ix", "doctor_id", "first_day"),
)
