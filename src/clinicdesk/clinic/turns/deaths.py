"""A patient's death: turns to come fall, notices and waits stop; and one entered by mistake undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select, update

from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as people_cared_for
from clinicdesk.clinic.patients.identity import set_death
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import claims, rules
from clinicdesk.clinic.turns.errors import DeathAhead, NotDeceased
from clinicdesk.clinic.turns.model import bookings, turn_events, turn_notices, turns, waitlist
from clinicdesk.clinic.turns.rules import Asker, Resolution, State
from clinicdesk.clinic.turns.service import Hop, hop
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.words import _

REASON: Final = _("fallecimiento del paciente")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeath(Order):
    """The day a patient died."""

    patient_id: UUID
    died_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoDeath(Order):
    """A death that was entered by mistake."""

    patient_id: UUID


@dataclass(frozen=True, slots=True)
class DeathAnswer:
    """How many turns fell, or stand again and could not; notices and waits that stopped."""

    patient_id: UUID
    cancelled: int = 0
    notices: int = 0
    waits: int = 0
    restored: int = 0
    not_restored: int = 0


@use_case("patient.death", needs=Permission.PATIENT_WRITE, answer=DeathAnswer)
def record_death(tx: Tx, order: RecordDeath) -> DeathAnswer:
    """Write the day of death down; with it every turn to come is cancelled by the clinic and its time free.

    Whoever is already waiting stays on the board. A date that was wrong is corrected by the same.
    Raises DeathAhead, BadDeath, PatientNotFound.
    """
    person = people_cared_for.header(tx, order.patient_id)
    if order.died_on > clock.local_day(tx.now, tx.actor.at.zone):
        raise DeathAhead
    _one_at_a_time(tx, person.chart_number)
    set_death(tx, order.patient_id, order.died_on)
    fallen = _to_come(tx, order.patient_id)
    for turn in fallen:
        _cancel(tx, turn)
    notices = _stop_notices(tx, order.patient_id)
    return DeathAnswer(order.patient_id, len(fallen), notices, _stop_waits(tx, order.patient_id))


def _one_at_a_time(tx: Tx, chart_number: int) -> None:
    """Whoever books for the patient claims their time first: one of both sees what the other did."""
    claims.lock(tx, (-chart_number,))


def _to_come(tx: Tx, patient_id: UUID) -> list[Any]:
    """Turns whose time is not over and whose patient did not arrive."""
    return tx.rows(
        select(turns.c.patient_id, turns.c.id, turns.c.seq, turns.c.state)
        .where(
            one_person.of(turns.c.patient_id, patient_id),
            turns.c.ends_at > tx.now,
            turns.c.state.in_([each.value for each in rules.HOLDS_CLAIMS]),
            turns.c.voided_reason.is_(None),
        )
        .order_by(turns.c.starts_at, turns.c.id)
    )


def _cancel(tx: Tx, turn: Any) -> None:
    _hop(tx, turn, State.CANCELADO, REASON)


def _hop(tx: Tx, turn: Any, to_state: State, reason: str | None = None) -> None:
    order = Hop(
        patient_id=turn.patient_id,
        turn_id=turn.id,
        seq=turn.seq,
        from_state=turn.state,
        reason=reason,
        asked_by=Asker.CENTRO,
    )
    hop(tx, order, to_state)


def _stop_notices(tx: Tx, patient_id: UUID) -> int:
    of = turn_notices.c
    stopped = (
        update(turn_notices)
        .where(one_person.of(of.patient_id, patient_id), of.state.in_(["pendiente", "sin_medio"]))
        .values(state="anulado")
        .returning(of.id)
    )
    return len(tx.rows(stopped))


def _stop_waits(tx: Tx, patient_id: UUID) -> int:
    of = waitlist.c
    stopped = (
        update(waitlist)
        .where(one_person.of(of.patient_id, patient_id), of.resolution.is_(None))
        .values(
            state=rules.ENDS[Resolution.OTRO].value,
            resolution=Resolution.OTRO.value,
            changed_at=tx.now,
            changed_by=tx.actor.person_id,
            version=of.version + 1,
        )
        .returning(of.id)
    )
    return len(tx.rows(stopped))


@use_case("patient.death_undo", needs=Permission.PATIENT_WRITE, answer=DeathAnswer)
def undo_death(tx: Tx, order: UndoDeath) -> DeathAnswer:
    """The patient lives: the turns that fell stand again where their time is still ahead and free.

    Waits and notices that stopped are not begun again. Raises NotDeceased, PatientNotFound.
    """
    person = people_cared_for.header(tx, order.patient_id)
    if person.deceased_on is None:
        raise NotDeceased
    _one_at_a_time(tx, person.chart_number)
    set_death(tx, order.patient_id, None)
    restored = 0
    fallen = _fallen(tx, order.patient_id)
    for turn in fallen:
        if not turn.taken:
            _hop(tx, turn, State.REGISTRADO)
            restored += 1
    return DeathAnswer(order.patient_id, restored=restored, not_restored=len(fallen) - restored)


def _fallen(tx: Tx, patient_id: UUID) -> list[Any]:
    """Turns still to come whose last step was to fall with the death, and whether their time is another's."""
    held, theirs = bookings.alias("held"), bookings.alias("theirs")
    taken = (
        select(held.c.id)
        .join(theirs, and_(theirs.c.resource == held.c.resource, theirs.c.during.op("&&")(held.c.during)))
        .where(held.c.turn_id == turns.c.id, ~held.c.active, theirs.c.active)
        .exists()
    )
    return tx.rows(
        select(turns.c.patient_id, turns.c.id, turns.c.seq, turns.c.state, taken.label("taken"))
        .join(
            turn_events,
            and_(
                turn_events.c.patient_id == turns.c.patient_id,
                turn_events.c.turn_id == turns.c.id,
                turn_events.c.seq == turns.c.seq,
            ),
        )
        .where(
            one_person.of(turns.c.patient_id, patient_id),
            turns.c.starts_at > tx.now,
            turns.c.state == State.CANCELADO.value,
            turns.c.voided_reason.is_(None),
            turn_events.c.reason == REASON,
        )
        .order_by(turns.c.starts_at, turns.c.id)
    )
