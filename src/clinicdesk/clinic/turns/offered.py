"""Places offered to who waits: to one person at a time, for so many minutes, and how each offer ended.

An offer holds nothing: who books the place first has it. It keeps other desks from offering it as well.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import insert, select, update

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.turns.errors import PlaceOffered
from clinicdesk.clinic.turns.model import waitlist, waitlist_offers
from clinicdesk.clinic.turns.rules import Wish
from clinicdesk.clinic.usecases import Reader, Tx
from clinicdesk.kit import clock

_of = waitlist_offers.c


class Answer(StrEnum):
    """How an offer ended, stored as written."""

    ACEPTADA = "aceptada"
    RECHAZADA = "rechazada"
    VENCIDA = "vencida"
    RETIRADA = "retirada"


def record(tx: Tx, slot: str, wish: tuple[UUID, UUID], offer_id: UUID) -> datetime:
    """Offer a slot to (patient, wish) for the clinic's minutes, until the instant returned.

    Raises PlaceOffered where it is offered to somebody else meanwhile.
    """
    lapse(tx, slot)
    here = tx.actor.at.clinic_id
    minutes = tx.run(select(clinics.c.offer_minutes).where(clinics.c.id == here)).scalar_one()
    until = tx.now + timedelta(minutes=minutes)
    row = {
        "slot": slot,
        "id": offer_id,
        "patient_id": wish[0],
        "wish_id": wish[1],
        "clinic_id": here,
        "offered_at": tx.now,
        "offered_by": tx.actor.person_id,
        "until": until,
    }
    tx.write(insert(waitlist_offers), row)
    return until


def lapse(tx: Tx, slot: str, besides: UUID | None = None) -> None:
    """What nobody answered in time has lapsed, and who it was made to waits again.

    `besides`: a wish that answers late all the same.
    """
    late = (_of.wish_id != besides,) if besides is not None else ()
    gone = (
        update(waitlist_offers)
        .where(_of.slot == slot, _of.answer.is_(None), _of.until <= tx.now, *late)
        .values(answer=Answer.VENCIDA.value, answered_at=_of.until, answered_by=tx.actor.person_id)
        .returning(_of.patient_id, _of.wish_id)
    )
    for row in tx.rows(gone):
        tx.write(
            update(waitlist)
            .where(
                waitlist.c.patient_id == row.patient_id,
                waitlist.c.id == row.wish_id,
                waitlist.c.state == Wish.OFRECIDO.value,
                waitlist.c.offered_slot == slot,
            )
            .values(
                state=Wish.ESPERANDO.value,
                offered_slot=None,
                offered_until=None,
                changed_at=tx.now,
                changed_by=tx.actor.person_id,
                version=waitlist.c.version + 1,
            )
        )


def end(tx: Tx, slot: str, wish_id: UUID, answer: Answer, turn_id: UUID | None = None) -> None:
    """How the offer of a slot to a wish ended; one whose time was over by then has lapsed all the same."""
    late = answer is not Answer.ACEPTADA
    values = {"answer": answer.value, "answered_at": tx.now, "answered_by": tx.actor.person_id}
    mine = (_of.slot == slot, _of.wish_id == wish_id, _of.answer.is_(None))
    if late:
        lapsed = values | {"answer": Answer.VENCIDA.value, "answered_at": _of.until}
        tx.write(update(waitlist_offers).where(*mine, _of.until <= tx.now).values(lapsed))
    tx.write(update(waitlist_offers).where(*mine).values(values | {"turn_id": turn_id}))


def demand_not_anothers(tx: Reader, slot: str, wish_id: UUID) -> None:
    """Raises PlaceOffered where a slot is on offer to somebody else now."""
    if refusal := held_by_another(tx, slot, wish_id):
        raise refusal


def held_by_another(tx: Reader, slot: str, wish_id: UUID) -> PlaceOffered | None:
    """The refusal that says who offered a slot to somebody else and until when; None where nobody did."""
    statement = (
        select(people.c.family, _of.offered_at, _of.until)
        .join(people, people.c.id == _of.offered_by)
        .where(_of.slot == slot, _of.answer.is_(None), _of.until > tx.now, _of.wish_id != wish_id)
    )
    found = tx.first(statement)
    if found is None:
        return None
    zone = tx.actor.at.zone
    who = f"{found.family}, {clock.local(found.offered_at, zone):%H:%M}"
    return PlaceOffered(who=who, until=f"{clock.local(found.until, zone):%H:%M}")
