"""Co-signing what residents sign: a supervisor stands by a note, or gives it back with a reason.

The note is never touched: who wrote it answers a reason with an addendum, which waits in its turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, or_, select

from clinicdesk.clinic.access.rules import Proof, role_of
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.records import rules, sealing, service
from clinicdesk.clinic.records.errors import Cosigned, CosignOwn, CosignReason, NoteNotFound, NotToCosign
from clinicdesk.clinic.records.model import cosignatures, notes
from clinicdesk.clinic.records.queries import CosignRow, NoteRow, Standing
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.text import clean
from clinicdesk.kit.words import _

_REASON: Final = range(5, 1001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosign(Order):
    """A supervised note, with its addenda that wait, co-signed; with a `reason` given back instead.

    `seen` are the notes that were on the screen: one that came since waits on. None: all that wait.
    """

    patient_id: UUID
    note_id: UUID
    reason: str | None = None
    seen: tuple[UUID, ...] | None = field(default=None, metadata={"made": True})
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class CosignAnswer:
    """What was said of which notes."""

    patient_id: UUID
    record_id: UUID
    note_ids: tuple[UUID, ...]
    verdict: str
    at: datetime


@use_case("note.cosign", needs=Permission.NOTE_WRITE, answer=CosignAnswer, purpose="TREAT", chart=True)
def cosign(tx: Tx, order: Cosign) -> CosignAnswer:
    """Stand by a note, or give it back.

    Raises ProofNeeded, NoteNotFound, CosignOwn, Cosigned, NotToCosign, CosignReason.
    """
    service.demand_proof(tx, order.proof)
    reason = _reason(order.reason)
    sealing.lock(tx, order.patient_id)
    waiting = _waiting(tx, order)
    if reason is not None:
        waiting = waiting[:1]
    verdict = rules.COSIGNED if reason is None else rules.RETURNED
    for note in waiting:
        _say(tx, order.patient_id, note, verdict, reason)
    record_id = waiting[0].record_id
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, record_id),)))
    return CosignAnswer(order.patient_id, record_id, tuple(note.id for note in waiting), verdict, tx.now)


def _reason(text: str | None) -> str | None:
    if text is None:
        return None
    reason = " ".join(clean(text).split())
    if len(reason) not in _REASON:
        raise CosignReason
    return reason


def _waiting(tx: Tx, order: Cosign) -> list[Row[Any]]:
    """The note and its addenda that wait for this person, the note first. Raises why there is none."""
    columns = (notes.c.id, notes.c.record_id, notes.c.author_id, notes.c.hash, notes.c.supervised)
    asked = select(*columns, func.charts.may_cosign(notes.c.patient_id, notes.c.id).label("waits")).where(
        notes.c.patient_id == order.patient_id,
        or_(notes.c.id == order.note_id, notes.c.amends_id == order.note_id),
    )
    found = tx.rows(asked.order_by(notes.c.amends_id.nulls_first(), notes.c.signed_at, notes.c.id))
    root = next((note for note in found if note.id == order.note_id), None)
    if root is None:
        raise NoteNotFound
    waiting = [note for note in found if note.waits and (order.seen is None or note.id in order.seen)]
    if waiting:
        return waiting
    raise _why_none(tx, order.patient_id, root)


def _why_none(tx: Tx, patient_id: UUID, root: Row[Any]) -> CosignOwn | Cosigned | NotToCosign:
    if root.supervised and root.author_id == tx.actor.person_id:
        return CosignOwn()
    given = select(cosignatures.c.id).where(
        cosignatures.c.patient_id == patient_id,
        cosignatures.c.note_id == root.id,
        cosignatures.c.verdict == rules.COSIGNED,
    )
    return Cosigned() if tx.first(given) else NotToCosign()


def _say(tx: Tx, patient_id: UUID, note: Row[Any], verdict: str, reason: str | None) -> None:
    actor, cosign_id = tx.actor, new_id()
    said = rules.Cosigned(
        *(patient_id, cosign_id, note.id, bytes(note.hash).hex(), verdict, reason),
        *(actor.person_id, actor.name, actor.license, role_of(actor.username), tx.now),
    )
    made = rules.cosign_hash(said)
    row = {
        "patient_id": patient_id,
        "id": cosign_id,
        "record_id": note.record_id,
        "note_id": note.id,
        "note_hash": note.hash,
        "author_id": note.author_id,
        "verdict": verdict,
        "reason": reason,
        "person_id": said.person_id,
        "person_name": said.person_name,
        "person_license": said.person_license,
        "at": said.at,
        "hash": made,
    }
    tx.write(insert(cosignatures), row)
    tx.write_down(sealing.COSIGNED, patient_id, f"{cosign_id.hex} {made.hex()}")


@dataclass(frozen=True, slots=True)
class ToCosignRow:
    """A note that waits for the actor. `state`: pendiente, devuelta, or respondida by an addendum since."""

    patient_id: UUID
    note_id: UUID
    record_id: UUID
    visit_id: UUID | None
    signed_at: datetime
    author: str
    family: str
    given: str
    state: str


@dataclass(frozen=True, slots=True)
class ToCosign:
    """What waits for the actor's co-signature."""


@view("note.to_cosign", needs=Permission.NOTE_WRITE)
def to_cosign(tx: Reader, _query: ToCosign) -> tuple[ToCosignRow, ...]:
    """Supervised notes that the actor may co-sign, the oldest first; at most 200."""
    columns = tuple(ToCosignRow.__slots__)
    return tx.into(ToCosignRow, select(func.charts.to_cosign().table_valued(*columns)))


def standing_words(note: NoteRow) -> str:
    """What is missing of a note's signatures, for every face; empty where nothing is."""
    if note.standing is Standing.WAITS:
        return _("Firmada, falta cofirma.")
    return _("Firmada y devuelta: falta cofirma.") if note.standing is Standing.RETURNED else ""


def cosign_words(row: CosignRow, at: str) -> str:
    """`Cofirmada por Ibarra, Jorge, MP 7, 21/11/2026 10:22.`, with what was asked where it was given back."""
    who = ", ".join(filter(None, (row.person_name, row.person_license, at)))
    if row.reason is None:
        return _("Cofirmada por {who}.").format(who=who)
    return _("Devuelta por {who}: {reason}").format(who=who, reason=row.reason)
