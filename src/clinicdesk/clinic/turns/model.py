"""Turns: turns and their declared transitions, claims on doctor, room and patient."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8RANGE, TSTZRANGE, ExcludeConstraint

from clinicdesk.clinic.tables import (
    TableClass,
    by_patient,
    instant,
    keyed,
    metadata,
    patient_fk,
    words,
)

# `how` a turn comes from one state to another: by a hop of the table, back by undoing the last hop, or
# staying where it is while it moves to another time or is marked as entered by error.
turn_transitions: Final = Table(
    "turn_transitions",
    metadata,
    words("from_state"),
    words("to_state"),
    words("how", server_default=text("'hop'")),
    PrimaryKeyConstraint("from_state", "to_state", "how", name="turn_transitions_pk"),
    CheckConstraint("how IN ('hop', 'move', 'undo', 'void')", name="turn_transitions_how_ck"),
    info={"class": TableClass.REFERENCE},
)

# A chain per turn: each event names the one before it and a declared hop, so jumps, forks and
# states set by hand are refused by these keys alone. What is undone goes back to where the event
# before the last one (`back_seq`) left the turn. A cancellation says who asked and whether that was late.
turn_events: Final = Table(
    "turn_events",
    metadata,
    Column("patient_id", Uuid, nullable=False),
    Column("turn_id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("prev_seq", Integer),
    words("from_state"),
    words("to_state"),
    words("how", server_default=text("'hop'")),
    Column("back_seq", Integer),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    words("reason", nullable=True),
    words("asked_by", nullable=True),
    Column("late", Boolean),
    Column("act", Uuid, nullable=False),
    PrimaryKeyConstraint("patient_id", "turn_id", "seq", name="turn_events_pk"),
    UniqueConstraint("patient_id", "turn_id", "seq", "to_state", name="turn_events_state_uq"),
    CheckConstraint(
        "(seq = 1 AND prev_seq IS NULL AND from_state = '')"
        " OR (seq > 1 AND prev_seq IS NOT NULL AND prev_seq = seq - 1)",
        name="turn_events_chain_ck",
    ),
    CheckConstraint(
        "(how = 'undo') = (back_seq IS NOT NULL) AND (back_seq IS NULL OR back_seq = seq - 2)",
        name="turn_events_back_ck",
    ),
    CheckConstraint(
        "(how = 'hop' AND to_state = 'cancelado') = (asked_by IS NOT NULL)"
        " AND (asked_by IS NULL) = (late IS NULL)",
        name="turn_events_asked_ck",
    ),
    CheckConstraint("asked_by IN ('paciente', 'centro')", name="turn_events_asked_by_ck"),
    CheckConstraint("how <> 'void' OR length(reason) >= 1", name="turn_events_void_ck"),
    CheckConstraint("length(reason) <= 400", name="turn_events_reason_ck"),
    ForeignKeyConstraint(["patient_id"], ["patients.patient_id"], name="turn_events_patient_fk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="turn_events_person_fk"),
    ForeignKeyConstraint(
        ["from_state", "to_state", "how"],
        ["turn_transitions.from_state", "turn_transitions.to_state", "turn_transitions.how"],
        name="turn_events_transition_fk",
    ),
    ForeignKeyConstraint(
        ["patient_id", "turn_id", "prev_seq", "from_state"],
        ["turn_events.patient_id", "turn_events.turn_id", "turn_events.seq", "turn_events.to_state"],
        name="turn_events_prev_fk",
    ),
    ForeignKeyConstraint(
        ["patient_id", "turn_id", "back_seq", "to_state"],
        ["turn_events.patient_id", "turn_events.turn_id", "turn_events.seq", "turn_events.to_state"],
        name="turn_events_back_fk",
    ),
    info={"class": TableClass.BY_PATIENT},
)

turns: Final = by_patient(
    "turns",
    Column("clinic_id", BigInteger, nullable=False),
    # NULL: whoever of the service calls them first.
    Column("doctor_id", BigInteger),
    Column("specialty_id", BigInteger),
    Column("room_id", BigInteger),
    Column("procedure_id", BigInteger),
    Column("block_id", BigInteger),
    words("kind"),
    instant("starts_at"),
    instant("ends_at"),
    Column("wall_start", DateTime(timezone=False), nullable=False),
    words("zone"),
    Column("day", Date, nullable=False),
    Column("seq", Integer, nullable=False),
    words("state"),
    instant("state_at"),
    Column("triage", SmallInteger),
    words("ticket", nullable=True),
    instant("arrived_at", nullable=True),
    instant("called_at", nullable=True),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    words("reason", nullable=True),
    words("voided_reason", nullable=True),
    Column("slots", SmallInteger, nullable=False, server_default=text("1")),
    Column("series_id", Uuid),
    words("cancelled_by", nullable=True),
    Column("cancelled_late", Boolean),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="turns_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="turns_doctor_fk"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="turns_specialty_fk"),
    CheckConstraint(
        "doctor_id IS NOT NULL OR (kind = 'walk_in' AND specialty_id IS NOT NULL"
        " AND state IN ('en_espera', 'cancelado'))",
        name="turns_doctor_ck",
    ),
    ForeignKeyConstraint(["room_id"], ["rooms.id"], name="turns_room_fk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="turns_procedure_fk"),
    ForeignKeyConstraint(["block_id"], ["agenda_blocks.id"], name="turns_block_fk"),
    ForeignKeyConstraint(
        ["patient_id", "id", "seq", "state"],
        ["turn_events.patient_id", "turn_events.turn_id", "turn_events.seq", "turn_events.to_state"],
        name="turns_state_fk",
    ),
    CheckConstraint("kind IN ('booked', 'walk_in', 'overbook')", name="turns_kind_ck"),
    CheckConstraint("ends_at > starts_at", name="turns_period_ck"),
    CheckConstraint("triage BETWEEN 1 AND 5", name="turns_triage_ck"),
    CheckConstraint("length(reason) <= 400", name="turns_reason_ck"),
    CheckConstraint("kind <> 'walk_in' OR length(reason) >= 1", name="turns_walk_in_reason_ck"),
    CheckConstraint("slots BETWEEN 1 AND 24", name="turns_slots_ck"),
    CheckConstraint(
        "(state = 'cancelado' OR cancelled_by IS NULL) AND (cancelled_by IS NULL) = (cancelled_late IS NULL)",
        name="turns_cancelled_ck",
    ),
    CheckConstraint("cancelled_by IN ('paciente', 'centro')", name="turns_cancelled_by_ck"),
    Index("turns_clinic_day_ix", "clinic_id", "day", "state"),
    Index("turns_doctor_day_ix", "doctor_id", "day"),
)

# Where a turn stood before each of its moves, and where since: one row beside the event of the move.
turn_moves: Final = by_patient(
    "turn_moves",
    Column("turn_id", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("was_clinic_id", BigInteger, nullable=False),
    Column("was_doctor_id", BigInteger),
    Column("was_room_id", BigInteger),
    Column("was_block_id", BigInteger),
    instant("was_starts_at"),
    instant("was_ends_at"),
    words("was_zone"),
    Column("clinic_id", BigInteger, nullable=False),
    Column("doctor_id", BigInteger, nullable=False),
    Column("room_id", BigInteger),
    Column("block_id", BigInteger),
    instant("starts_at"),
    instant("ends_at"),
    words("zone"),
    UniqueConstraint("patient_id", "turn_id", "seq", name="turn_moves_event_uq"),
    ForeignKeyConstraint(
        ["patient_id", "turn_id", "seq"],
        ["turn_events.patient_id", "turn_events.turn_id", "turn_events.seq"],
        name="turn_moves_event_fk",
    ),
    ForeignKeyConstraint(["was_clinic_id"], ["clinics.id"], name="turn_moves_was_clinic_fk"),
    ForeignKeyConstraint(["was_doctor_id"], ["people.id"], name="turn_moves_was_doctor_fk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="turn_moves_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="turn_moves_doctor_fk"),
    CheckConstraint("was_ends_at > was_starts_at AND ends_at > starts_at", name="turn_moves_period_ck"),
    Index("turn_moves_was_ix", "was_clinic_id", "was_starts_at"),
)

bookings: Final = keyed(
    "bookings",
    "resource",
    Column("resource", INT8RANGE, nullable=False),
    Column("resource_id", BigInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("turn_id", Uuid, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("resource", "id", name="bookings_pk"),
    CheckConstraint("resource = int8range(resource_id, resource_id, '[]')", name="bookings_resource_ck"),
    CheckConstraint("NOT isempty(during)", name="bookings_during_ck"),
    ExcludeConstraint(
        ("resource", "="),
        ("during", "&&"),
        using="gist",
        where=text("active"),
        name="bookings_no_overlap",
    ),
    Index("bookings_turn_ix", "turn_id"),
)

# Places that are counted, not timed: the nth overbook, person or channel's turn of a block's day.
block_places: Final = keyed(
    "block_places",
    "block_id",
    Column("block_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    words("pool"),
    Column("n", Integer, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("turn_id", Uuid, nullable=False),
    PrimaryKeyConstraint("block_id", "day", "pool", "n", name="block_places_pk"),
    ForeignKeyConstraint(["block_id"], ["agenda_blocks.id"], name="block_places_block_fk"),
    CheckConstraint(
        "pool IN ('overbook', 'capacity', 'libre', 'mismo_dia', 'programado', 'gestion',"
        " 'profesional', 'web')",
        name="block_places_pool_ck",
    ),
    CheckConstraint("n BETWEEN 1 AND 500 AND (pool <> 'overbook' OR n <= 50)", name="block_places_n_ck"),
    Index("block_places_turn_ix", "turn_id"),
)

# What a patient has to be told about a turn: once for each turn, kind and event.
turn_notices: Final = by_patient(
    "turn_notices",
    Column("turn_id", Uuid, nullable=False),
    Column("exception_id", BigInteger),
    words("kind"),
    Column("seq", Integer, nullable=False),
    words("state"),
    instant("made_at"),
    instant("done_at", nullable=True),
    Column("done_by", BigInteger),
    UniqueConstraint("patient_id", "turn_id", "kind", "seq", name="turn_notices_once_uq"),
    patient_fk("turn_notices", "turn_id", "turns"),
    ForeignKeyConstraint(["exception_id"], ["agenda_exceptions.id"], name="turn_notices_exception_fk"),
    ForeignKeyConstraint(["done_by"], ["people.id"], name="turn_notices_done_by_fk"),
    CheckConstraint("kind IN ('suspendido', 'repuesto')", name="turn_notices_kind_ck"),
    CheckConstraint("state IN ('pendiente', 'hecho', 'sin_medio', 'anulado')", name="turn_notices_state_ck"),
    CheckConstraint("(state = 'hecho') = (done_at IS NOT NULL)", name="turn_notices_done_ck"),
    Index("turn_notices_exception_ix", "exception_id"),
)

# The turn given in place of a suspended one: `id` is the new turn, `was_id` the old, which stays as history.
turn_reassigned: Final = by_patient(
    "turn_reassigned",
    Column("was_id", Uuid, nullable=False),
    UniqueConstraint("patient_id", "was_id", name="turn_reassigned_was_uq"),
    patient_fk("turn_reassigned", "id", "turns"),
    patient_fk("turn_reassigned", "was_id", "turns"),
    CheckConstraint("id <> was_id", name="turn_reassigned_two_ck"),
)

# Who waits for an earlier or for any place: with a doctor, in a specialty, for a procedure, at a clinic; what
# is not said does not matter. One row a wish, moved on in place; every step is an act.
waitlist: Final = by_patient(
    "waitlist",
    Column("clinic_id", BigInteger),
    Column("doctor_id", BigInteger),
    Column("specialty_id", BigInteger),
    Column("procedure_id", BigInteger),
    Column("from_day", Date, nullable=False),
    words("half_day", nullable=True),
    # 1 Monday … 7 Sunday; none: any.
    Column("weekdays", ARRAY(SmallInteger), nullable=False, server_default=text("'{}'")),
    Column("priority", SmallInteger, nullable=False, server_default=text("2")),
    words("note", nullable=True),
    words("state", server_default=text("'esperando'")),
    words("resolution", nullable=True),
    words("offered_slot", nullable=True),
    instant("offered_until", nullable=True),
    Column("turn_id", Uuid),
    instant("asked_at"),
    Column("asked_of", BigInteger, nullable=False),
    instant("changed_at"),
    Column("changed_by", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    patient_fk("waitlist", "turn_id", "turns"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="waitlist_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="waitlist_doctor_fk"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="waitlist_specialty_fk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="waitlist_procedure_fk"),
    ForeignKeyConstraint(["asked_of"], ["people.id"], name="waitlist_asked_of_fk"),
    ForeignKeyConstraint(["changed_by"], ["people.id"], name="waitlist_changed_by_fk"),
    CheckConstraint(
        "num_nonnulls(clinic_id, doctor_id, specialty_id, procedure_id) >= 1", name="waitlist_what_ck"
    ),
    CheckConstraint("half_day IN ('manana', 'tarde')", name="waitlist_half_day_ck"),
    CheckConstraint("weekdays <@ '{1,2,3,4,5,6,7}'::smallint[]", name="waitlist_weekdays_ck"),
    CheckConstraint("priority BETWEEN 1 AND 3", name="waitlist_priority_ck"),
    CheckConstraint("length(note) <= 400", name="waitlist_note_ck"),
    CheckConstraint("state IN ('esperando', 'ofrecido', 'resuelto', 'retirado')", name="waitlist_state_ck"),
    CheckConstraint(
        "(state IN ('resuelto', 'retirado')) = (resolution IS NOT NULL)"
        " AND (state <> 'ofrecido' OR num_nulls(offered_slot, offered_until) = 0)",
        name="waitlist_resolution_ck",
    ),
    CheckConstraint(
        "resolution IN ('turno_dado', 'atendido', 'no_quiere', 'no_responde', 'otro')",
        name="waitlist_resolutions_ck",
    ),
    CheckConstraint("(resolution = 'turno_dado') = (turn_id IS NOT NULL)", name="waitlist_turn_ck"),
    Index("waitlist_open_ix", "priority", "asked_at", postgresql_where=text("state = 'esperando'")),
)

# Places offered to who waits, one row an offer and one open offer a place: two desks never promise the same
# one. A row is closed once, by its answer; past `until` it counts as lapsed though nobody has written so yet.
waitlist_offers: Final = keyed(
    "waitlist_offers",
    "slot",
    words("slot"),
    Column("id", Uuid, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("wish_id", Uuid, nullable=False),
    Column("clinic_id", BigInteger, nullable=False),
    instant("offered_at"),
    Column("offered_by", BigInteger, nullable=False),
    instant("until"),
    words("answer", nullable=True),
    instant("answered_at", nullable=True),
    Column("answered_by", BigInteger),
    Column("turn_id", Uuid),
    PrimaryKeyConstraint("slot", "id", name="waitlist_offers_pk"),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="waitlist_offers_clinic_fk"),
    ForeignKeyConstraint(["offered_by"], ["people.id"], name="waitlist_offers_offered_by_fk"),
    ForeignKeyConstraint(["answered_by"], ["people.id"], name="waitlist_offers_answered_by_fk"),
    CheckConstraint("length(slot) BETWEEN 1 AND 40", name="waitlist_offers_slot_ck"),
    CheckConstraint("until > offered_at", name="waitlist_offers_until_ck"),
    CheckConstraint(
        "answer IN ('aceptada', 'rechazada', 'vencida', 'retirada')", name="waitlist_offers_answer_ck"
    ),
    CheckConstraint(
        "num_nulls(answer, answered_at, answered_by) IN (0, 3)"
        " AND (answer IS NOT DISTINCT FROM 'aceptada') = (turn_id IS NOT NULL)",
        name="waitlist_offers_answered_ck",
    ),
    Index("waitlist_offers_open_uq", "slot", unique=True, postgresql_where=text("answer IS NULL")),
    Index("waitlist_offers_wish_ix", "wish_id"),
)

# Who asked and got nothing, with the reason: what a network does not offer is counted by it.
unmet_demand: Final = by_patient(
    "unmet_demand",
    Column("clinic_id", BigInteger, nullable=False),
    Column("doctor_id", BigInteger),
    Column("specialty_id", BigInteger),
    Column("procedure_id", BigInteger),
    words("reason"),
    words("note", nullable=True),
    instant("at"),
    Column("person_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name="unmet_demand_clinic_fk"),
    ForeignKeyConstraint(["doctor_id"], ["people.id"], name="unmet_demand_doctor_fk"),
    ForeignKeyConstraint(["specialty_id"], ["specialties.id"], name="unmet_demand_specialty_fk"),
    ForeignKeyConstraint(["procedure_id"], ["procedures.id"], name="unmet_demand_procedure_fk"),
    ForeignKeyConstraint(["person_id"], ["people.id"], name="unmet_demand_person_fk"),
    CheckConstraint(
        "reason IN ('sin_oferta', 'sin_lugar', 'oferta_rechazada')", name="unmet_demand_reason_ck"
    ),
    CheckConstraint("length(note) <= 400", name="unmet_demand_note_ck"),
    Index("unmet_demand_clinic_ix", "clinic_id", "at"),
)
