"""Use cases of letters: issued by a doctor who proves it, taken back with a reason, worded by each clinic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select

from clinicdesk.clinic.access.rules import Proof
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.letters import queries, rules
from clinicdesk.clinic.letters.errors import (
    BadLetter,
    BadLetterTemplate,
    LetterNotFound,
    NotYourLetter,
    VoidReason,
)
from clinicdesk.clinic.letters.model import letter_numbers, letter_templates, letter_voids, letters
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.letters.rules import LetterKind, Said
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.records.service import demand_proof
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case
from clinicdesk.kit import clock
from clinicdesk.kit.names import full_name
from clinicdesk.kit.text import clean, clean_line

_REASON: Final = range(5, 301)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueLetter(Order):
    """A letter of a kind about a patient, in the doctor's own words where its kind asks for them.

    With `visit_id` it quotes the `codes` of that visit's note, which need not be signed yet. With `replaces`,
    the number of a letter of the doctor's own, that one is taken back for `reason` in the same step.
    """

    patient_id: UUID
    letter_id: UUID = new_row()
    kind: str
    said: Said
    visit_id: UUID | None = None
    codes: tuple[str, ...] = ()
    replaces: int | None = None
    reason: str = ""
    void_id: UUID = new_row()
    proof: Proof | None = field(default=None, repr=False, metadata={"made": True})

    @property
    def subject(self) -> str:
        """Which kind."""
        return self.kind[:20]


@dataclass(frozen=True, slots=True)
class LetterAnswer:
    """The letter as issued, with the code that its paper carries."""

    patient_id: UUID
    id: UUID
    number: int
    kind: str
    issued_at: datetime
    code: str


@use_case("letter.issue", needs=Permission.NOTE_WRITE, answer=LetterAnswer, purpose="TREAT", chart=True)
def issue_letter(tx: Tx, order: IssueLetter) -> LetterAnswer:
    """Issue a letter under the next number.

    Raises ProofNeeded, BadLetter, NoSuchVisit; of the one replaced LetterNotFound, NotYourLetter, VoidReason,
    LetterVoided.
    """
    demand_proof(tx, order.proof)
    kind, said = _kind(order.kind), _cleaned(order.said)
    if problem := rules.problem_of(kind, said):
        raise BadLetter(problem=problem)
    if order.replaces is not None:
        _take_back(tx, _replaced(tx, order, order.replaces), order.reason, order.void_id)
    issued = _issued(tx, order, kind, said)
    made = rules.letter_hash(issued)
    row = {name: getattr(issued, name) for name in issued.__slots__}
    values = {**row, "codes": list(issued.codes), "clinic_id": tx.actor.at.clinic_id, "hash": made}
    tx.write(insert(letters).inline(), values)
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, order.letter_id),)))
    number = issued.number
    return LetterAnswer(order.patient_id, order.letter_id, number, kind.value, tx.now, rules.code_of(made))


def _replaced(tx: Tx, order: IssueLetter, number: int) -> LetterRow:
    found = queries.numbered(tx, order.patient_id, number)
    if found is None:
        raise LetterNotFound
    return found


def _issued(tx: Tx, order: IssueLetter, kind: LetterKind, said: Said) -> rules.Issued:
    """All that the letter says, under the next number."""
    actor, values = tx.actor, _values(tx, order.patient_id, said)
    number: int = tx.run(select(letter_numbers.next_value())).scalar_one()
    return rules.Issued(
        patient_id=order.patient_id,
        id=order.letter_id,
        number=number,
        kind=kind.value,
        text=rules.written(queries.body_of(tx, kind, actor.at.clinic_id), values),
        author_id=actor.person_id,
        author_name=actor.name,
        author_license=actor.license,
        issued_at=tx.now,
        patient_name=values["paciente"],
        patient_document=values["documento"],
        clinic_name=values["centro"],
        visit_id=order.visit_id,
        codes=order.codes if order.visit_id else (),
        replaces=order.replaces,
    )


def _kind(name: str) -> LetterKind:
    try:
        return LetterKind(name)
    except ValueError:
        kinds = ", ".join(kind.value for kind in LetterKind)
        raise BadLetter(problem=f"No existe el documento «{name[:20]}». Hay: {kinds}.") from None


def _cleaned(said: Said) -> Said:
    studies = tuple(line for each in said.studies if (line := clean_line(each)[:200]))
    return Said(
        text=clean(said.text),
        days=said.days,
        since=said.since,
        specialty=clean_line(said.specialty)[:80],
        urgency=clean_line(said.urgency).lower(),
        summary=clean(said.summary),
        studies=studies[:40],
        diagnosis=clean_line(said.diagnosis)[:400],
        recipient=clean_line(said.recipient)[:120],
    )


def _values(tx: Tx, patient_id: UUID, said: Said) -> dict[str, str]:
    """Every field, as the letter will say it."""
    patient = registry.header(tx, patient_id)
    today = clock.local_day(tx.now, tx.actor.at.zone)
    at = tx.run(select(clinics.c.name, clinics.c.city).where(clinics.c.id == tx.actor.at.clinic_id)).one()
    return rules.values_of(said, today) | {
        "paciente": full_name(patient.family, patient.given),
        "documento": patient.document or f"HC {patient.chart_number:06}",
        "edad": rules.age_words(patient.birth, today),
        "medico": tx.actor.name,
        "matricula": tx.actor.license,
        "centro": at.name,
        "ciudad": at.city or "",
        "fecha": f"{today:%d/%m/%Y}",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidLetter(Order):
    """A letter taken back by its author."""

    patient_id: UUID
    letter_id: UUID
    void_id: UUID = new_row()
    reason: str


@dataclass(frozen=True, slots=True)
class VoidAnswer:
    """The letter, void since then."""

    patient_id: UUID
    id: UUID
    number: int
    voided_at: datetime


@use_case("letter.void", needs=Permission.NOTE_WRITE, answer=VoidAnswer, purpose="TREAT", chart=True)
def void_letter(tx: Tx, order: VoidLetter) -> VoidAnswer:
    """Take a letter back: it stays in the chart with its reason, and whoever checks it learns of it.

    Raises LetterNotFound, NotYourLetter, VoidReason, LetterVoided.
    """
    found = queries.letter(tx, order.patient_id, order.letter_id)
    if found is None:
        raise LetterNotFound
    _take_back(tx, found, order.reason, order.void_id)
    # Under the chart that is open, which may be another one than it was issued in.
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, found.id),)))
    return VoidAnswer(found.patient_id, found.id, found.number, tx.now)


def _take_back(tx: Tx, found: LetterRow, reason: str, void_id: UUID) -> None:
    if found.author_id != tx.actor.person_id:
        raise NotYourLetter(doctor=found.author_name)
    said = clean_line(reason)
    if len(said) not in _REASON:
        raise VoidReason
    row = {
        "patient_id": found.patient_id,
        "id": void_id,
        "letter_id": found.id,
        "reason": said,
        "person_id": tx.actor.person_id,
        "at": tx.now,
    }
    tx.write(insert(letter_voids), row)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordLetter(Order):
    """What the acting clinic's letters of a kind say from now on; those issued keep their text."""

    kind: str
    body: str
    version: int = 0

    @property
    def subject(self) -> str:
        """Which kind."""
        return self.kind[:20]


@use_case("letter.word", needs=Permission.TEMPLATE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def word_letter(tx: Tx, order: WordLetter) -> SiteAnswer:
    """Set the wording of a kind. Raises BadLetter, BadLetterTemplate, SiteChanged."""
    kind, body = _kind(order.kind), clean(order.body)
    unknown = rules.unknown_fields(body)
    if unknown or not body:
        fields = ", ".join(f"{{{name}}}" for name in unknown)
        raise BadLetterTemplate(fields=fields, known=", ".join(rules.FIELDS))
    values = {"clinic_id": tx.actor.at.clinic_id, "kind": kind.value, "body": body}
    held = queries.template_of(tx, kind, tx.actor.at.clinic_id)
    if held is None:
        return editing.add(tx, letter_templates, kind.value, values)
    return editing.edit(tx, letter_templates, held.id, order.version or held.version, kind.value, values)
