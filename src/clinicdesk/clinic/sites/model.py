"""Where care happens: clinics, floors, rooms, hours, holidays; what is done: specialties, procedures."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, INT8RANGE, ExcludeConstraint

from clinicdesk.clinic.access.model import resource_ids
from clinicdesk.clinic.tables import TableClass, instant, local, metadata, reference, words


def edited(table: str) -> tuple[Any, ...]:
    """Which edition of the row this is, by whom and when: what an edit made on an older one is refused by.

    `changed_by` is NULL for the installation itself.
    """
    return (
        Column("version", Integer, nullable=False, server_default=text("1")),
        Column("changed_by", BigInteger),
        instant("changed_at", server_default=text("now()")),
        ForeignKeyConstraint(["changed_by"], ["people.id"], name=f"{table}_changed_by_fk"),
    )


def tags(name: str) -> Column[Any]:
    """A set of short words, none by default."""
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


clinics: Final = reference(
    "clinics",
    words("code"),
    words("name"),
    words("country"),
    words("zone"),
    words("city", nullable=True),
    words("address", nullable=True),
    # Degrees; both or neither. What "the nearest clinic" goes by.
    Column("latitude", Double),
    Column("longitude", Double),
    # The first day on which it no longer works; NULL for one that does.
    Column("closed_on", Date),
    # How far ahead turns are given there, and how long a place stays on offer to who waits for one.
    Column("horizon_days", Integer, nullable=False, server_default=text("365")),
    Column("offer_minutes", Integer, nullable=False, server_default=text("30")),
    *edited("clinics"),
    Column("shows_initials", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("code", name="clinics_code_uq"),
    CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{0,11}$'", name="clinics_code_ck"),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="clinics_country_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 80", name="clinics_name_ck"),
    CheckConstraint(
        "(latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90"
        " AND longitude BETWEEN -180 AND 180",
        name="clinics_coordinates_ck",
    ),
    CheckConstraint("length(city) <= 80 AND length(address) <= 120", name="clinics_place_ck"),
    CheckConstraint("horizon_days BETWEEN 1 AND 730", name="clinics_horizon_ck"),
    CheckConstraint("offer_minutes BETWEEN 1 AND 1440", name="clinics_offer_ck"),
)

# Minutes after midnight, 1440 its end; at most one break a day. A clinic without any row has not said when
# it opens; with one, the weekdays (1 Monday … 7 Sunday) that have none are days on which it stays closed.
clinic_hours: Final = Table(
    "clinic_hours",
    metadata,
    Column("clinic_id", BigInteger, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("opens_minute", SmallInteger, nullable=False),
    Column("closes_minute", SmallInteger, nullable=False),
    Column("break_from_minute", SmallInteger),
    Column("break_to_minute", SmallInteger),
    PrimaryKeyConstraint("clinic_id", "weekday", name="clinic_hours_pk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="clinic_hours_clinic_fk"),
    CheckConstraint("weekday BETWEEN 1 AND 7", name="clinic_hours_weekday_ck"),
    CheckConstraint(
        "opens_minute >= 0 AND opens_minute < closes_minute AND closes_minute <= 1440",
        name="clinic_hours_span_ck",
    ),
    CheckConstraint(
        "(break_from_minute IS NULL) = (break_to_minute IS NULL) AND (break_from_minute IS NULL OR"
        " (opens_minute < break_from_minute AND break_from_minute < break_to_minute"
        " AND break_to_minute < closes_minute))",
        name="clinic_hours_break_ck",
    ),
    info={"class": TableClass.REFERENCE},
)

# Of a country, or of one clinic. A clinic's own row comes before its country's for the day: `works` says
# that it opens all the same.
holidays: Final = reference(
    "holidays",
    words("country", nullable=True),
    Column("clinic_id", BigInteger),
    Column("day", Date, nullable=False),
    words("name"),
    Column("works", Boolean, nullable=False, server_default=text("false")),
    *edited("holidays"),
    UniqueConstraint("country", "day", name="holidays_country_uq"),
    UniqueConstraint("clinic_id", "day", name="holidays_clinic_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="holidays_clinic_fk"),
    CheckConstraint("(country IS NULL) <> (clinic_id IS NULL)", name="holidays_whose_ck"),
    CheckConstraint("country ~ '^[A-Z]{2}$'", name="holidays_country_ck"),
    CheckConstraint("NOT works OR clinic_id IS NOT NULL", name="holidays_works_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 80", name="holidays_name_ck"),
)

# Only what a clinic has set otherwise than the rules have it (Manchester).
triage_levels: Final = Table(
    "triage_levels",
    metadata,
    Column("clinic_id", BigInteger, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("most_minutes", SmallInteger, nullable=False),
    Column("in_use", Boolean, nullable=False, server_default=text("true")),
    PrimaryKeyConstraint("clinic_id", "level", name="triage_levels_pk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="triage_levels_clinic_fk"),
    CheckConstraint("level BETWEEN 1 AND 5", name="triage_levels_level_ck"),
    CheckConstraint("most_minutes BETWEEN 0 AND 1440", name="triage_levels_minutes_ck"),
    # Rojo is always there, and rojo never waits.
    CheckConstraint("level <> 1 OR (in_use AND most_minutes = 0)", name="triage_levels_rojo_ck"),
    info={"class": TableClass.REFERENCE},
)

floors: Final = reference(
    "floors",
    Column("clinic_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    words("name"),
    *edited("floors"),
    UniqueConstraint("clinic_id", "number", name="floors_number_uq"),
    UniqueConstraint("clinic_id", "id", name="floors_clinic_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="floors_clinic_fk"),
    CheckConstraint("number BETWEEN -9 AND 99", name="floors_number_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 80", name="floors_name_ck"),
)

# A room whose state is not `disponible` is out of use on the clinic's days from `state_from` to
# `state_until`, both included; without the latter for good.
rooms: Final = Table(
    "rooms",
    metadata,
    Column("id", BigInteger, resource_ids, server_default=resource_ids.next_value(), nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    Column("floor_id", BigInteger, nullable=False),
    words("code"),
    words("kind"),
    tags("equipment"),
    words("state", server_default="disponible"),
    words("state_reason", nullable=True),
    Column("state_from", Date),
    Column("state_until", Date),
    *edited("rooms"),
    PrimaryKeyConstraint("id", name="rooms_pk"),
    UniqueConstraint("clinic_id", "code", name="rooms_code_uq"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="rooms_clinic_fk"),
    ForeignKeyConstraint(["clinic_id", "floor_id"], ["floors.clinic_id", "floors.id"], name="rooms_floor_fk"),
    CheckConstraint("state IN ('disponible', 'mantenimiento', 'clausurado', 'baja')", name="rooms_state_ck"),
    CheckConstraint(
        "CASE WHEN state = 'disponible' THEN num_nonnulls(state_reason, state_from, state_until) = 0"
        " ELSE state_from IS NOT NULL AND state_reason IS NOT NULL"
        " AND length(state_reason) BETWEEN 1 AND 200 END",
        name="rooms_state_reason_ck",
    ),
    CheckConstraint("state_until >= state_from", name="rooms_state_days_ck"),
    CheckConstraint("state <> 'baja' OR state_until IS NULL", name="rooms_baja_ck"),
    CheckConstraint("length(code) BETWEEN 1 AND 12", name="rooms_code_ck"),
    CheckConstraint("length(kind) BETWEEN 1 AND 40", name="rooms_kind_ck"),
    CheckConstraint("cardinality(equipment) <= 40", name="rooms_equipment_ck"),
    info={"class": TableClass.REFERENCE},
)

specialties: Final = reference(
    "specialties",
    words("code"),
    words("name"),
    *edited("specialties"),
    UniqueConstraint("code", name="specialties_code_uq"),
    CheckConstraint("length(code) BETWEEN 1 AND 12", name="specialties_code_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 80", name="specialties_name_ck"),
)

# `requirements` is what the patient must bring or prepare. A room is fit where its kind is `room_kind` and
# its equipment holds all of `equipment`; neither said, any room is.
procedures: Final = reference(
    "procedures",
    words("code"),
    words("name"),
    Column("minutes", Integer, nullable=False),
    Column("specialty_id", BigInteger),
    words("requirements", nullable=True),
    words("room_kind", nullable=True),
    tags("equipment"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    *edited("procedures"),
    UniqueConstraint("code", name="procedures_code_uq"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="procedures_specialty_fk"),
    CheckConstraint("minutes BETWEEN 1 AND 720", name="procedures_minutes_ck"),
    CheckConstraint("length(code) BETWEEN 1 AND 20", name="procedures_code_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 120", name="procedures_name_ck"),
    CheckConstraint("length(requirements) <= 1000", name="procedures_requirements_ck"),
    CheckConstraint("length(room_kind) BETWEEN 1 AND 40", name="procedures_room_kind_ck"),
    CheckConstraint("cardinality(equipment) <= 40", name="procedures_equipment_ck"),
)

# Which release of the time zone rules the instants of turns were reckoned with; the last row holds.
zone_rules: Final = local(
    "zone_rules",
    instant("at"),
    words("version"),
    Column("retimed", Integer, nullable=False),
    PrimaryKeyConstraint("at", name="zone_rules_pk"),
    CheckConstraint("length(version) BETWEEN 1 AND 20", name="zone_rules_version_ck"),
    CheckConstraint("retimed >= 0", name="zone_rules_retimed_ck"),
)

# Nomenclators: what payers call what is done, in what units and at what price.
fee_schedules: Final = reference(
    "fee_schedules",
    words("code"),
    words("name"),
    *edited("fee_schedules"),
    UniqueConstraint("code", name="fee_schedules_code_uq"),
    CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'", name="fee_schedules_code_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 80", name="fee_schedules_name_ck"),
)

fee_codes: Final = reference(
    "fee_codes",
    Column("schedule_id", BigInteger, nullable=False),
    words("code"),
    UniqueConstraint("schedule_id", "code", name="fee_codes_code_uq"),
    UniqueConstraint("schedule_id", "id", name="fee_codes_schedule_uq"),
    ForeignKeyConstraint(["schedule_id"], ["fee_schedules.id"], name="fee_codes_schedule_fk"),
    CheckConstraint("length(code) BETWEEN 1 AND 20", name="fee_codes_code_ck"),
)

# What a code stands for on the days in `valid`: never two things on one day. The range twin of the id is
# there for the exclusion, which takes no plain number without an extension.
fee_items: Final = reference(
    "fee_items",
    Column("fee_code", INT8RANGE, nullable=False),
    Column("fee_code_id", BigInteger, nullable=False),
    Column("valid", DATERANGE, nullable=False),
    words("name"),
    Column("units", Numeric),
    Column("price", Numeric),
    ForeignKeyConstraint(["fee_code_id"], ["fee_codes.id"], name="fee_items_code_fk"),
    CheckConstraint("fee_code = int8range(fee_code_id, fee_code_id, '[]')", name="fee_items_code_ck"),
    CheckConstraint("NOT isempty(valid) AND NOT lower_inf(valid)", name="fee_items_valid_ck"),
    CheckConstraint("length(name) BETWEEN 1 AND 300", name="fee_items_name_ck"),
    CheckConstraint("units >= 0 AND units < 1000000000", name="fee_items_units_ck"),
    CheckConstraint("price >= 0 AND price < 1000000000000", name="fee_items_price_ck"),
    ExcludeConstraint(("fee_code", "="), ("valid", "&&"), using="gist", name="fee_items_no_overlap"),
    Index("fee_items_code_ix", "fee_code_id"),
)

# Under which code of a schedule a procedure is charged.
procedure_fees: Final = Table(
    "procedure_fees",
    metadata,
    Column("procedure_id", BigInteger, nullable=False),
    Column("schedule_id", BigInteger, nullable=False),
    Column("fee_code_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("procedure_id", "schedule_id", name="procedure_fees_pk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="procedure_fees_procedure_fk"),
    ForeignKeyConstraint(
        ["schedule_id", "fee_code_id"],
        ["fee_codes.schedule_id", "fee_codes.id"],
        name="procedure_fees_code_fk",
    ),
    info={"class": TableClass.REFERENCE},
)
