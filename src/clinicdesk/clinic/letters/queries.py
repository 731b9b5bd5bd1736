"""Reads of letters: a patient's, one to be printed, what a clinic words, and whether a paper is genuine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from clinicdesk.clinic.letters import rules
from clinicdesk.clinic.letters.errors import LetterNotFound
from clinicdesk.clinic.letters.model import letter_templates, letter_voids, letters
from clinicdesk.clinic.letters.rules import LetterKind
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter as it was issued; `voided_at` and `void_reason` where it was taken back."""

    patient_id: UUID
    id: UUID
    number: int
    kind: str
    author_id: int
    author_name: str
    author_license: str
    issued_at: datetime
    text: str
    hash: bytes
    clinic: str
    zone: str
    voided_at: datetime | None = None
    void_reason: str | None = None

    @property
    def code(self) -> str:
        """What the paper carries."""
        return rules.code_of(self.hash)

    @property
    def sound(self) -> bool:
        """Whether the hash still is what the letter says."""
        names = rules.Issued.__slots__
        return rules.letter_hash(rules.Issued(**{name: getattr(self, name) for name in names})) == self.hash


@dataclass(frozen=True, slots=True)
class LettersQuery:
    """A patient's letters, or the one of a number."""

    patient_id: UUID
    number: int | None = None


@dataclass(frozen=True, slots=True)
class LetterPaper:
    """A letter to be printed, and whom it is about."""

    letter: LetterRow
    patient: PatientRow


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A clinic's own wording of a kind; `id` 0 and version 0 are the program's."""

    id: int
    kind: str
    body: str
    version: int


@dataclass(frozen=True, slots=True)
class WordingsQuery:
    """What the acting clinic's letters say."""


@dataclass(frozen=True, slots=True)
class CheckQuery:
    """The number and code of a paper that somebody holds."""

    number: int
    code: str


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """What a genuine paper is, and since when it is void. Nothing of the patient."""

    number: int
    kind: str
    issued_at: datetime
    author_name: str
    clinic: str
    voided_at: datetime | None


@view("letter.list", needs=Permission.CHART_READ, chart=True)
def list_letters(tx: Reader, query: LettersQuery) -> tuple[LetterRow, ...]:
    """The letters of a person, newest first, those that were taken back too."""
    return of_patient(tx, query.patient_id)


def of_patient(tx: Reader, patient_id: UUID) -> tuple[LetterRow, ...]:
    """The same, for what composes a history."""
    mine = one_person.of(letters.c.patient_id, patient_id)
    return tx.into(LetterRow, _letters().where(mine).order_by(letters.c.number.desc()))


@view("letter.print", needs=Permission.CHART_READ, act=True, chart=True)
def paper(tx: Reader, query: LettersQuery) -> LetterPaper:
    """One letter for its paper; each printing is an act. Raises LetterNotFound."""
    mine = one_person.of(letters.c.patient_id, query.patient_id)
    found = tx.into(LetterRow, _letters().where(mine, letters.c.number == query.number))
    if not found:
        raise LetterNotFound
    return LetterPaper(found[0], registry.header(tx, found[0].patient_id))


@view("letter.wordings", needs=Permission.SITE_READ)
def wordings(tx: Reader, _query: WordingsQuery) -> tuple[TemplateRow, ...]:
    """The wording of each kind at the acting clinic."""
    found = []
    for kind in LetterKind:
        own = template_of(tx, kind, tx.actor.at.clinic_id)
        found.append(own or TemplateRow(0, kind.value, rules.BODIES[kind], 0))
    return tuple(found)


@view("letter.check", needs=Permission.SITE_READ, act=True, purpose="OPER")
def check(tx: Reader, query: CheckQuery) -> CheckedRow:
    """Whether a paper's number and code are of a letter. Raises LetterNotFound where they are not."""
    code = query.code.upper().replace("-", "").replace(" ", "").lower()
    called = func.letter_check(query.number, code).table_valued(
        "number", "kind", "issued_at", "author_name", "clinic", "voided_at"
    )
    found = tx.into(CheckedRow, select(called))
    if not found:
        raise LetterNotFound
    return found[0]


def letter(tx: Reader, patient_id: UUID, letter_id: UUID) -> LetterRow | None:
    """A letter by id, under any of a person's charts."""
    mine = one_person.of(letters.c.patient_id, patient_id)
    found = tx.into(LetterRow, _letters().where(mine, letters.c.id == letter_id))
    return found[0] if found else None


def body_of(tx: Reader, kind: LetterKind, clinic_id: int) -> str:
    """The clinic's wording of a kind, else the program's."""
    own = template_of(tx, kind, clinic_id)
    return own.body if own else rules.BODIES[kind]


def template_of(tx: Reader, kind: LetterKind, clinic_id: int) -> TemplateRow | None:
    """The clinic's own wording."""
    of = letter_templates.c
    statement = select(of.id, of.kind, of.body, of.version).where(
        of.clinic_id == clinic_id, of.kind == kind.value
    )
    found = tx.into(TemplateRow, statement)
    return found[0] if found else None


def _letters() -> Select[Any]:
    of = letters.c
    void = (letter_voids.c.patient_id == of.patient_id) & (letter_voids.c.letter_id == of.id)
    return (
        select(
            of.patient_id,
            of.id,
            of.number,
            of.kind,
            of.author_id,
            of.author_name,
            of.author_license,
            of.issued_at,
            of.text,
            of.hash,
            clinics.c.name,
            clinics.c.zone,
            letter_voids.c.at,
            letter_voids.c.reason,
        )
        .join(clinics, clinics.c.id == of.clinic_id)
        .outerjoin(letter_voids, void)
    )
