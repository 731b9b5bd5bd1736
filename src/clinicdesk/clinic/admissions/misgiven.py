"""A turn given to the wrong person: voided there with the reason, and the right one's as it stood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select

from clinicdesk.clinic.admissions import triage
from clinicdesk.clinic.admissions.model import admissions
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import claims, places, undo
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns import service as desk
from clinicdesk.clinic.turns.errors import NotToMove, PatientBusy, SlotTaken, TurnNotFound
from clinicdesk.clinic.turns.model import bookings, turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.turns.service import Hop, Place, TurnAnswer
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _

# Whoever is with the doctor, or was, has an entry in the history: that one is moved.
_BEFORE: Final = (State.REGISTRADO, State.CONFIRMADO, State.EN_ESPERA)
_KEPT: Final = ("slots", "ticket", "arrived_at", "called_at", "calls", "reason", "triage", "series_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveTo(Order):
    """A turn of `patient_id` is `to_id`'s."""

    patient_id: UUID
    turn_id: UUID
    to_id: UUID
    given_id: UUID = new_row()
    mark_id: UUID = new_row()
    admission_id: UUID = new_row()
    triage_id: UUID = new_row()
    reason: str

    @property
    def subject(self) -> str:
        """Whose it is."""
        return str(self.to_id)


def _explain(tx: Reader, order: GiveTo, refusal: Refusal) -> Refusal:
    """Doctor and room are the turn's own: only the right person can be expected elsewhere."""
    if not isinstance(refusal, SlotTaken):
        return refusal
    found = agenda.by_ids(tx, ((order.patient_id, order.turn_id),))
    time = found[0].wall_start.strftime("%d/%m %H:%M") if found else ""
    return PatientBusy(time=time, who=_("otro profesional"))


@use_case("turn.give_to", needs=Permission.TURN_BOOK, answer=TurnAnswer, explain=_explain)
def give_to(tx: Tx, order: GiveTo) -> TurnAnswer:
    """Void the turn with the reason and give the same one, as it stands, to another person; both are linked.

    Raises TurnNotFound, NotToMove once the visit has begun, ReasonNeeded, PatientBusy, PatientDeceased,
    OnePerson.
    """
    mine = (turns.c.patient_id == order.patient_id) & (turns.c.id == order.turn_id)
    row = tx.first(select(*turns.c).where(mine, turns.c.voided_reason.is_(None)))
    if row is None:
        raise TurnNotFound
    if row.state not in _BEFORE:
        raise NotToMove
    to_id = registry.header(tx, order.to_id).patient_id
    chart = desk.living(tx, to_id, row.day)
    held = _held(tx, order.turn_id, chart)
    claims.lock(tx, held.resources)
    void = undo.Void(key=order.key, patient_id=order.patient_id, turn_id=order.turn_id, reason=order.reason)
    undo.void.run(tx, void)
    _take(tx, held, to_id, order.given_id)
    answer = _born(tx, order, row, to_id)
    called = func.misfile_turn(
        order.mark_id, order.patient_id, order.turn_id, to_id, order.given_id, order.reason, tx.act
    )
    tx.write(select(called))
    return answer


@dataclass(frozen=True, slots=True)
class _Held:
    """What a turn holds: resources for a time, with the right person's chart, and counted places."""

    resources: tuple[int, ...]
    during: Any
    places: tuple[Any, ...]


def _held(tx: Tx, turn_id: UUID, chart: int) -> _Held:
    of = bookings.c
    claimed = tx.rows(select(of.resource_id, of.during).where(of.turn_id == turn_id, of.active))
    resources = tuple(row.resource_id if row.resource_id > 0 else -chart for row in claimed)
    return _Held(resources, claimed[0].during if claimed else None, places.held_by(tx, turn_id))


def _take(tx: Tx, held: _Held, patient_id: UUID, turn_id: UUID) -> None:
    if held.during is not None:
        claims.take(tx, patient_id, turn_id, held.resources, held.during)
    places.hand_over(tx, held.places, (patient_id, turn_id))


def _born(tx: Tx, order: GiveTo, row: Any, to_id: UUID) -> TurnAnswer:
    place = Place(*(getattr(row, name) for name in Place.__slots__))
    waits = row.state == State.EN_ESPERA
    first = State.EN_ESPERA if waits else State.REGISTRADO
    more = {name: getattr(row, name) for name in _KEPT}
    answer = desk.born(tx, to_id, order.given_id, place, first, more)
    if waits:
        _admitted(tx, order, row, to_id)
    if row.state != State.CONFIRMADO:
        return answer
    confirmed = Hop(
        key=order.key, patient_id=to_id, turn_id=answer.id, seq=answer.seq, from_state=answer.state
    )
    return replace(desk.hop(tx, confirmed, State.CONFIRMADO), ticket=answer.ticket)


def _admitted(tx: Tx, order: GiveTo, row: Any, to_id: UUID) -> None:
    """The right person's admission under the same number, and the level given at the counter."""
    said = {
        "patient_id": to_id,
        "id": order.admission_id,
        "turn_id": order.given_id,
        "clinic_id": row.clinic_id,
        "at": tx.now,
        "ticket": row.ticket,
        "day": row.day,
        "person_id": tx.actor.person_id,
    }
    tx.write(insert(admissions), said)
    if row.triage is not None:
        triage.first(tx, to_id, order.triage_id, order.given_id, row.triage)
