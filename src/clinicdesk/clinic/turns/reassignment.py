"""Where suspended turns may go: with their own doctor, at their clinic, at the nearest; no place twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import procedures, specialties
from clinicdesk.clinic.turns.errors import TurnNotFound
from clinicdesk.clinic.turns.model import turn_reassigned, turns
from clinicdesk.clinic.turns.rules import HOLDS_CLAIMS, State
from clinicdesk.clinic.turns.slots import SlotRow, SlotsQuery, slots
from clinicdesk.clinic.usecases import Reader, view

_DAYS: Final = 90
_EACH: Final = 5
_MOST: Final = 400


class Why(StrEnum):
    """Why a place is one for a turn; what comes first is better."""

    DOCTOR = "mismo profesional"
    CLINIC = "mismo centro"
    ELSEWHERE = "otro centro"


@dataclass(frozen=True, slots=True)
class Fallen:
    """A suspended turn without another one: what a place in its stead must be. Day at its clinic."""

    patient_id: UUID
    turn_id: UUID
    clinic_id: int
    doctor_id: int
    day: date
    slots: int
    procedure: str | None
    specialty: str | None

    @property
    def limits(self) -> Iterator[tuple[Why, dict[str, Any]]]:
        """What is asked for, kind by kind; without a procedure nobody else is known to do it."""
        same = {"procedure": self.procedure} if self.procedure else {}
        like = {"specialty": self.specialty} if self.specialty else same
        yield Why.DOCTOR, {"doctor_id": self.doctor_id, "network": True, **same}
        if like:
            yield Why.CLINIC, like
            yield Why.ELSEWHERE, {**like, "elsewhere": True}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A free place for a suspended turn, and why it is one."""

    turn_id: UUID
    why: Why
    slot: SlotRow


@dataclass(frozen=True, slots=True)
class ProposalsQuery:
    """Places for these suspended turns (patient, turn), none earlier than `since` nor than the turn's day."""

    ids: tuple[tuple[UUID, UUID], ...]
    since: date | None = None


@dataclass
class Held:
    """What is given away while places are handed out: doctors' times, and the patients' own."""

    doctors: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    patients: dict[UUID, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    def takes(self, patient_id: UUID, slot: SlotRow) -> bool:
        """Whether the place is still one for the patient; if so it is theirs from now on."""
        span = (slot.starts_at, slot.ends_at)
        own = self.patients.setdefault(patient_id, [])
        if any(start < span[1] and span[0] < end for start, end in own):
            return False
        if slot.places is not None:
            if self.counted.get(slot.id, 0) >= slot.places:
                return False
            self.counted[slot.id] = self.counted.get(slot.id, 0) + 1
            return True
        given = self.doctors.setdefault(slot.doctor_id, [])
        if any(start < span[1] and span[0] < end for start, end in given):
            return False
        given.append(span)
        own.append(span)
        return True


def handed_out(
    fallen: Iterable[Fallen], free: Sequence[tuple[Why, SlotRow]], held: Held
) -> Iterator[Proposal]:
    """For each turn, in their order, the first of the free places that no turn before it got."""
    for turn in fallen:
        for why, slot in free:
            if held.takes(turn.patient_id, slot):
                yield Proposal(turn.turn_id, why, slot)
                break


@view("turn.proposals", needs=Permission.TURN_READ)
def proposals(tx: Reader, query: ProposalsQuery) -> tuple[Proposal, ...]:
    """One place for each turn that can have one, no place twice, by the time of the turn that fell."""
    fallen = _fallen(tx, query.ids)
    held = Held(patients=_busy(tx, [turn.patient_id for turn in fallen]))
    alike: dict[tuple[object, ...], list[Fallen]] = {}
    for turn in fallen:
        key = (turn.clinic_id, turn.doctor_id, turn.day, turn.slots, turn.procedure, turn.specialty)
        alike.setdefault(key, []).append(turn)
    made: list[Proposal] = []
    for each in alike.values():
        left, since = each, max(each[0].day, query.since or date.min)
        for why, limits in each[0].limits:
            if not left:
                break
            found = [(why, slot) for slot in _free(tx, left, limits, since)]
            made += handed_out(left, found, held)
            given = {proposal.turn_id for proposal in made}
            left = [turn for turn in left if turn.turn_id not in given]
    return tuple(made)


@dataclass(frozen=True, slots=True)
class PlacesQuery:
    """Places for one suspended turn, from a day on (None: today)."""

    patient_id: UUID
    turn_id: UUID
    since: date | None = None


@view("turn.places", needs=Permission.TURN_READ)
def places(tx: Reader, query: PlacesQuery) -> tuple[Proposal, ...]:
    """Free places for one turn: five at most of each kind, first of its doctor. Raises TurnNotFound."""
    fallen = _fallen(tx, ((query.patient_id, query.turn_id),))
    if not fallen:
        raise TurnNotFound
    turn, made = fallen[0], []
    for why, limits in turn.limits:
        own = why is Why.DOCTOR
        # The doctor's own are among those of the specialty: more are asked for than shown.
        found = [
            slot for slot in _free(tx, [turn], limits, query.since) if own or slot.doctor_id != turn.doctor_id
        ]
        made += [Proposal(turn.turn_id, why, slot) for slot in found[:_EACH]]
    return tuple(made)


def _free(
    tx: Reader, fallen: Sequence[Fallen], limits: Mapping[str, Any], since: date | None
) -> tuple[SlotRow, ...]:
    first = fallen[0]
    query = SlotsQuery(
        first.clinic_id,
        since=since,
        days=_DAYS,
        limit=min(_MOST, 100 + 4 * len(fallen)),
        length=first.slots,
        **limits,
    )
    return slots.run(tx, query)


def _fallen(tx: Reader, ids: Sequence[tuple[UUID, UUID]]) -> tuple[Fallen, ...]:
    """Those of them that are cancelled and have no other turn yet, by their time."""
    of = turn_reassigned.c
    renewed = select(of.id).where(of.patient_id == turns.c.patient_id, of.was_id == turns.c.id).exists()
    statement = (
        select(
            turns.c.patient_id,
            turns.c.id,
            turns.c.clinic_id,
            turns.c.doctor_id,
            turns.c.day,
            turns.c.slots,
            procedures.c.code,
            specialties.c.code,
        )
        .outerjoin(procedures, procedures.c.id == turns.c.procedure_id)
        .outerjoin(specialties, specialties.c.id == procedures.c.specialty_id)
        .where(
            tuple_(turns.c.patient_id, turns.c.id).in_(ids),
            turns.c.state == State.CANCELADO.value,
            ~renewed,
        )
        .order_by(turns.c.starts_at, turns.c.id)
    )
    return tx.into(Fallen, statement)


def _busy(tx: Reader, patient_ids: Sequence[UUID]) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """When these patients are expected somewhere already (UTC)."""
    of = turns.c
    statement = select(of.patient_id, of.starts_at, of.ends_at).where(
        of.patient_id.in_(patient_ids),
        of.state.in_([each.value for each in HOLDS_CLAIMS]),
        of.ends_at > tx.now,
    )
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for row in tx.rows(statement):
        found.setdefault(row.patient_id, []).append((row.starts_at, row.ends_at))
    return found
