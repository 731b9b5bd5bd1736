"""Use cases of a consultation: call in, write, sign, finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.access.rules import Proof
from clinicdesk.clinic.admissions.errors import NobodyWaits, NotYourService
from clinicdesk.clinic.admissions.queries import next_of
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.records import dropping, lateness, planning, queries, rules, sealing, types, unfilled
from clinicdesk.clinic.records.errors import (
    DraftChanged,
    NoteEmpty,
    NoteNotFound,
    NoteTooLong,
    NoteUnfilled,
    NotYourVisit,
    VisitNotFound,
)
from clinicdesk.clinic.records.model import diagnoses, note_drafts, notes, records, visits
from clinicdesk.clinic.records.plan import NOTHING, Late, Plan
from clinicdesk.clinic.records.rules import DiagnosisEntry, RecordKind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import TurnChanged, TurnNotFound
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.words import _


@dataclass(frozen=True, slots=True)
class VisitAnswer:
    """A visit after the act, and its turn."""

    patient_id: UUID
    visit_id: UUID
    turn_id: UUID
    seq: int
    state: str
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartVisit(turns.Hop):
    """A waiting patient comes in."""

    visit_id: UUID = new_row()


@use_case(
    "visit.start",
    needs=Permission.TURN_ATTEND,
    answer=VisitAnswer,
    purpose="TREAT",
    explain=turns.explain_hop,
)
def start_visit(tx: Tx, order: StartVisit) -> VisitAnswer:
    """Call a waiting patient in: the turn is in course, a visit opens. A requeued turn keeps its visit.

    Who waited for a service becomes the patient of who calls. Raises NotYourService.
    """
    values = {"called_at": tx.now, "calls": 1, turns.TAKER: tx.actor.person_id}
    answer = _called_in(tx, order, values)
    statement = (
        upsert(visits)
        .values(
            patient_id=order.patient_id,
            id=order.visit_id,
            turn_id=order.turn_id,
            clinic_id=tx.actor.at.clinic_id,
            doctor_id=tx.actor.person_id,
            kind=RecordKind.CONSULTA.value,
            started_at=tx.now,
        )
        .on_conflict_do_nothing(constraint="visits_turn_uq")
    )
    tx.write(statement)
    mine = select(visits.c.id).where(
        visits.c.patient_id == order.patient_id, visits.c.turn_id == order.turn_id
    )
    visit_id: UUID = tx.run(mine).scalar_one()
    return VisitAnswer(order.patient_id, visit_id, order.turn_id, answer.seq, answer.state, answer.ticket)


def _called_in(tx: Tx, order: StartVisit, values: dict[str, Any]) -> turns.TurnAnswer:
    try:
        return turns.hop(tx, order, State.EN_CURSO, values)
    except TurnNotFound:
        found = agenda.by_ids(tx, ((order.patient_id, order.turn_id),))
        if found and found[0].doctor_id is None:
            raise NotYourService(service=found[0].doctor_family) from None
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNext(Order):
    """The next patient of the actor's own queue."""

    visit_id: UUID = new_row()


def _explain_next(_tx: Reader, _order: CallNext, refusal: Refusal) -> Refusal:
    """Whoever was first moved on between the look and the call: the next key finds another."""
    return TurnChanged(state=_("en otro estado")) if isinstance(refusal, TurnChanged) else refusal


@use_case(
    "turn.next", needs=Permission.TURN_ATTEND, answer=VisitAnswer, purpose="TREAT", explain=_explain_next
)
def call_next(tx: Tx, order: CallNext) -> VisitAnswer:
    """Call in whoever is first by level, ageing and arrival. Raises NobodyWaits."""
    turn = next_of(tx, tx.actor.at.clinic_id, tx.actor.person_id)
    if turn is None:
        raise NobodyWaits
    start = StartVisit(
        key=order.key,
        patient_id=turn.patient_id,
        turn_id=turn.id,
        seq=turn.seq,
        from_state=turn.state,
        visit_id=order.visit_id,
    )
    return start_visit.run(tx, start)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishVisit(turns.Hop):
    """The patient leaves the room."""


@use_case(
    "visit.finish",
    needs=Permission.TURN_ATTEND,
    answer=turns.TurnAnswer,
    purpose="TREAT",
    explain=turns.explain_hop,
)
def finish_visit(tx: Tx, order: FinishVisit) -> turns.TurnAnswer:
    """End the visit and its turn; the doctor's and the room's time is free from now on."""
    answer = turns.hop(tx, order, State.FINALIZADO)
    mine = (visits.c.patient_id == order.patient_id) & (visits.c.turn_id == order.turn_id)
    tx.write(update(visits).where(mine).values(ended_at=tx.now))
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft(Order):
    """What has been typed so far. `version` counts the saves, from 1."""

    patient_id: UUID
    draft_id: UUID = new_row()
    visit_id: UUID
    text: str
    diagnoses: tuple[DiagnosisEntry, ...] = ()
    plan: Plan = NOTHING
    late: Late | None = None
    version: int


@dataclass(frozen=True, slots=True)
class DraftAnswer:
    """The draft as the server holds it."""

    version: int
    saved_at: datetime


_NAMED: Final = 3
_TYPED: Final = ("text", "diagnoses", "plan", "late")


@use_case("note.draft", needs=Permission.NOTE_WRITE, answer=DraftAnswer, purpose="TREAT", act=False)
def save_draft(tx: Tx, order: SaveDraft) -> DraftAnswer:
    """Keep a draft on the server; its version makes a repeated save harmless. Raises DraftChanged."""
    fresh = upsert(note_drafts).values(
        patient_id=order.patient_id,
        id=order.draft_id,
        visit_id=order.visit_id,
        text=order.text.replace("\x00", ""),
        diagnoses=msgspec.to_builtins(order.diagnoses),
        plan=msgspec.to_builtins(order.plan),
        late=msgspec.to_builtins(order.late),
        version=order.version,
        saved_at=tx.now,
    )
    new = fresh.excluded
    statement = fresh.on_conflict_do_update(
        constraint="note_drafts_author_uq",
        set_={name: new[name] for name in (*_TYPED, "version", "saved_at")},
        where=(note_drafts.c.version == new.version - 1)
        | (
            (note_drafts.c.version == new.version)
            & and_(*(note_drafts.c[name].is_not_distinct_from(new[name]) for name in _TYPED))
        ),
    ).returning(note_drafts.c.version)
    if tx.first(statement) is None:
        raise DraftChanged
    return DraftAnswer(order.version, tx.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignNote(Order):
    """The visit's note as it is shown, signed. `proof` says that the password was typed just now.

    `late`: the visit was at another hour than the program knows, and why. `as_it_stands`: what a template
    asks for and nobody filled in (`PA ___`) was seen, and stays. `draft_version` is the draft that is signed:
    one that another desk saved after it stays.
    """

    patient_id: UUID
    visit_id: UUID
    record_id: UUID = new_row()
    note_id: UUID = new_row()
    kind: str = RecordKind.CONSULTA.value
    text: str
    diagnoses: tuple[DiagnosisEntry, ...] = ()
    plan: Plan = NOTHING
    late: Late | None = None
    as_it_stands: bool = False
    draft_version: int | None = field(default=None, metadata={"made": True})
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class NoteAnswer:
    """A signed note. `hash` is hexadecimal SHA-256."""

    patient_id: UUID
    record_id: UUID
    note_id: UUID
    signed_at: datetime
    hash: str


@use_case("note.sign", needs=Permission.NOTE_WRITE, answer=NoteAnswer, purpose="TREAT", chart=True)
def sign_note(tx: Tx, order: SignNote) -> NoteAnswer:
    """Sign the note of one's own visit, once; the draft goes.

    Raises ProofNeeded, NoteEmpty, NoteUnfilled, VisitNotFound, NotYourVisit, NoteSigned; RecordOutOfTime,
    RecordBeforeBirth, LateReason; BadTreatment, BadFollowUp.
    """
    demand_proof(tx, order.proof)
    _demand_filled(order)
    visit = _own_visit(tx, order.patient_id, order.visit_id)
    lateness.demand_good(tx, order.patient_id, order.late)
    record = {
        "patient_id": order.patient_id,
        "id": order.record_id,
        "visit_id": visit.id,
        "kind": types.known(tx, order.kind),
        "at": order.late.at if order.late else visit.started_at,
        "clinic_id": tx.actor.at.clinic_id,
        "doctor_id": tx.actor.person_id,
        "written_at": tx.now,
        "late_reason": order.late.reason if order.late else visit.late_reason,
    }
    tx.write(insert(records), record)
    write_diagnoses(tx, record, order.diagnoses)
    planning.write_plan(tx, order.patient_id, order.record_id, order.plan)
    answer = write_note(tx, order, order.record_id, visit_id=visit.id)
    dropping.drop(tx, order.patient_id, visit.id, order.draft_version)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class AddendNote(Order):
    """Something to add to a signed note; `as_it_stands`, `draft_version` as of a note."""

    patient_id: UUID
    amends_id: UUID
    note_id: UUID = new_row()
    text: str
    as_it_stands: bool = False
    draft_version: int | None = field(default=None, metadata={"made": True})
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@use_case("note.addend", needs=Permission.NOTE_WRITE, answer=NoteAnswer, purpose="TREAT", chart=True)
def addend_note(tx: Tx, order: AddendNote) -> NoteAnswer:
    """Sign an addendum; the note it adds to stays as it was, the draft goes.

    Raises ProofNeeded, NoteEmpty, NoteUnfilled, NoteNotFound.
    """
    demand_proof(tx, order.proof)
    _demand_filled(order)
    statement = select(notes.c.record_id, notes.c.visit_id).where(
        notes.c.patient_id == order.patient_id, notes.c.id == order.amends_id
    )
    amended = tx.first(statement)
    if amended is None:
        raise NoteNotFound
    answer = write_note(tx, order, amended.record_id, order.amends_id)
    dropping.drop(tx, order.patient_id, amended.visit_id, order.draft_version)
    return answer


def demand_proof(tx: Tx, proof: Proof | None) -> None:
    """Raises ProofNeeded unless the password was typed just now, by the same person and for this order."""
    if proof is None or not proof.holds(tx.actor.username, tx.act, tx.now):
        raise ProofNeeded


def _demand_filled(order: SignNote | AddendNote) -> None:
    left = () if order.as_it_stands else unfilled.prompts(order.text)
    if left:
        raise NoteUnfilled(said=", ".join(dict.fromkeys(gap.said for gap in left[:_NAMED])))


def _own_visit(tx: Tx, patient_id: UUID, visit_id: UUID) -> queries.VisitRow:
    found = queries.visit(tx, patient_id, visit_id)
    if found is None:
        raise VisitNotFound
    if found.doctor_id != tx.actor.person_id and not _attended(tx, found):
        raise NotYourVisit(doctor="otro profesional")
    return found


def _attended(tx: Tx, visit: queries.VisitRow) -> bool:
    """Whether the actor called the patient in too: a requeued turn keeps the visit that another opened."""
    return visit.turn_id is not None and agenda.was_called_in_by(
        tx, visit.patient_id, visit.turn_id, tx.actor.person_id
    )


def write_diagnoses(tx: Tx, record: Mapping[str, Any], stated: tuple[DiagnosisEntry, ...]) -> None:
    """The diagnoses of an entry: held from its day at the clinic on."""
    for entry in stated:
        row = {
            "patient_id": record["patient_id"],
            "id": new_id(),
            "record_id": record["id"],
            "visit_id": record.get("visit_id"),
            "onset": clock.local_day(record["at"], tx.actor.at.zone),
            **{name: getattr(entry, name) for name in entry.__slots__},
        }
        tx.write(insert(diagnoses), row)


class Worded(Protocol):
    """What a signed note takes from an order."""

    @property
    def patient_id(self) -> UUID:
        """Whose history it joins."""

    @property
    def note_id(self) -> UUID:
        """The note's id."""

    @property
    def text(self) -> str:
        """What is signed."""


def write_note(
    tx: Tx,
    order: Worded,
    record_id: UUID,
    amends_id: UUID | None = None,
    visit_id: UUID | None = None,
) -> NoteAnswer:
    """Append a signed note to the patient's chain."""
    body = rules.typed_text(order.text)
    if not body.strip():
        raise NoteEmpty
    if len(body) > rules.NOTE_MOST:
        raise NoteTooLong
    row = {
        "patient_id": order.patient_id,
        "id": order.note_id,
        "record_id": record_id,
        "visit_id": visit_id,
        "amends_id": amends_id,
        "text": body,
    }
    made = sealing.append(tx, row)
    find_anew(tx, order.patient_id, record_id)
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, record_id),)))
    return NoteAnswer(order.patient_id, record_id, order.note_id, tx.now, made.hex())


def find_anew(tx: Tx, patient_id: UUID, record_id: UUID) -> None:
    """Let an entry be found by what it says now: after its last row was written."""
    tx.write(select(func.find_record(patient_id, record_id)))
