"""Reads of letters: a patient's, one to be printed, what a clinic words, and whether a paper is genuine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from clinicdesk.clinic.letters import rules
from clinicdesk.clinic.letters.errors import LetterNotFound, UnknownPaper
from clinicdesk.clinic.letters.model import letter_templates, letter_voids, letters
from clinicdesk.clinic.letters.rules import LetterKind
from clinicdesk.clinic.patients.misplaced import Misplaced, Whose, whose
from clinicdesk.clinic.records.finding import Word, understood
from clinicdesk.clinic.records.model import diagnoses, records
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.usecases import Reader, view
from clinicdesk.kit import clock


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter as it was issued; `voided_at` and `void_reason` where it was taken back.

    `codes` are those that it quotes of the note of `visit_id`, `unsigned` the ones among them that no signed
    entry of that visit states. `replaces` and `replaced_by` are numbers of letters. `own_chart` and
    `misplaced` as of entries: of one that belongs to another person this chart shows that it was there.
    """

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
    patient_name: str
    patient_document: str
    clinic_name: str
    visit_id: UUID | None
    codes: tuple[str, ...]
    replaces: int | None
    zone: str
    voided_at: datetime | None = None
    void_reason: str | None = None
    replaced_by: int | None = None
    unsigned: tuple[str, ...] = ()
    own_chart: int | None = None
    misplaced: Misplaced | None = None

    @property
    def at(self) -> datetime:
        """Its place among what a history holds."""
        return self.issued_at

    @property
    def title(self) -> str:
        """`Certificado médico n.º 12`."""
        return rules.titled(self.kind, self.number)

    @property
    def code(self) -> str:
        """What the paper carries."""
        return rules.code_of(self.hash)

    @property
    def gone(self) -> bool:
        """Whether it belongs to another person."""
        return self.misplaced is not None and self.misplaced.gone

    @property
    def sound(self) -> bool:
        """Whether the hash still is what the letter says; what a chart does not show, it does not judge."""
        if self.gone:
            return True
        names = rules.Issued.__slots__
        return rules.letter_hash(rules.Issued(**{name: getattr(self, name) for name in names})) == self.hash


@dataclass(frozen=True, slots=True)
class LettersQuery:
    """A patient's letters, or the one of a number."""

    patient_id: UUID
    number: int | None = None


@dataclass(frozen=True, slots=True)
class FindLetters:
    """The letters of an open chart that all the words fit, as `FindQuery` understands them."""

    patient_id: UUID
    words: str


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
    """What a genuine paper is, and whether it holds: since when it is void, what stands in for it.

    Of the patient as much as tells whether the paper names the one it was issued for: initials and the end
    of the document, neither of a sealed one. `misplaced` where it was issued in another person's chart.
    """

    number: int
    kind: str
    issued_at: datetime
    author_name: str
    author_license: str
    clinic: str
    initials: str
    document_end: str
    voided_at: datetime | None
    replaced_by: int | None
    misplaced: bool

    @property
    def valid(self) -> bool:
        """Whether it holds today."""
        return self.voided_at is None and not self.misplaced


@view("letter.list", needs=Permission.CHART_READ, chart=True)
def list_letters(tx: Reader, query: LettersQuery) -> tuple[LetterRow, ...]:
    """The letters of a person, newest first, those that were taken back too."""
    return of_patient(tx, query.patient_id)


def of_patient(tx: Reader, patient_id: UUID) -> tuple[LetterRow, ...]:
    """The same, for whoever reads the chart for another reason."""
    return _read(tx, whose(tx, patient_id))


@view("letter.find", needs=Permission.CHART_READ, chart=True)
def find_letters(tx: Reader, query: FindLetters) -> tuple[LetterRow, ...]:
    """Those that fit, newest first; of one that belongs to another person, what this chart shows of it."""
    mine = whose(tx, query.patient_id)
    conditions = (_fits(tx, mine, word) for word in understood(query.words))
    fitting = set(tx.run(_letters(mine).where(*conditions).with_only_columns(letters.c.id)).scalars())
    return tuple(row for row in _read(tx, mine) if row.id in fitting)


@view("letter.print", needs=Permission.CHART_READ, act=True, chart=True)
def paper(tx: Reader, query: LettersQuery) -> LetterRow:
    """One letter for its paper; each printing is an act. Raises LetterNotFound."""
    row = numbered(tx, query.patient_id, query.number or 0)
    if row is None:
        raise LetterNotFound
    return row


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
    """Whether a paper's number and code are of a letter. Raises UnknownPaper, TooManyChecks."""
    asked = rules.asked(f"{query.number} {query.code}")
    if asked is None:
        raise UnknownPaper
    called = func.letter_check(*asked).table_valued(*(each.name for each in fields(CheckedRow)))
    found = tx.into(CheckedRow, select(called))
    if not found:
        raise UnknownPaper
    return found[0]


def letter(tx: Reader, patient_id: UUID, letter_id: UUID) -> LetterRow | None:
    """A letter by id, under any of a person's charts, or come from another's."""
    return next((row for row in of_patient(tx, patient_id) if row.id == letter_id and not row.gone), None)


def numbered(tx: Reader, patient_id: UUID, number: int) -> LetterRow | None:
    """The same by the number that its paper carries."""
    return next((row for row in of_patient(tx, patient_id) if row.number == number and not row.gone), None)


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


_OWN: Final = tuple(letters.c[each.name] for each in fields(LetterRow)[:16])


def _read(tx: Reader, mine: Whose) -> tuple[LetterRow, ...]:
    found = mine.placed(tx.into(LetterRow, _letters(mine)), lambda row: row.id)
    stated, later = _stated(tx, mine, found), {row.replaces: row.number for row in found if row.replaces}
    return tuple(_without_words(_with(row, stated, later.get(row.number))) for row in found)


def _letters(mine: Whose) -> Select[Any]:
    of = letters.c
    void = (letter_voids.c.patient_id == of.patient_id) & (letter_voids.c.letter_id == of.id)
    return (
        select(*_OWN, clinics.c.zone, letter_voids.c.at, letter_voids.c.reason)
        .join(clinics, clinics.c.id == of.clinic_id)
        .outerjoin(letter_voids, void)
        .where(mine.shows(of.patient_id, of.id, gone=True))
        .order_by(of.issued_at.desc(), of.id.desc())
    )


def _stated(tx: Reader, mine: Whose, found: Iterable[LetterRow]) -> set[tuple[UUID, str]]:
    """Visit and code of what was signed in the visits that letters quote."""
    visits = {row.visit_id for row in found if row.codes}
    if not visits:
        return set()
    statement = (
        select(records.c.visit_id, diagnoses.c.code)
        .join(
            diagnoses,
            (diagnoses.c.patient_id == records.c.patient_id) & (diagnoses.c.record_id == records.c.id),
        )
        .where(mine.shows(records.c.patient_id, records.c.id), records.c.visit_id.in_(visits))
    )
    return {(row.visit_id, row.code) for row in tx.rows(statement)}


def _with(row: LetterRow, stated: set[tuple[UUID, str]], later: int | None) -> LetterRow:
    codes = tuple(row.codes)
    unsigned = tuple(each for each in codes if (row.visit_id, each) not in stated)
    return replace(row, codes=codes, unsigned=unsigned, replaced_by=later)


def _without_words(row: LetterRow) -> LetterRow:
    """Of what belongs to another person, that it was here and where it is."""
    return replace(row, text="", codes=(), unsigned=(), void_reason=None) if row.gone else row


def _fits(tx: Reader, mine: Whose, word: Word) -> ColumnElement[bool]:
    of = letters.c
    if word.days is not None:
        first, last = (clock.day_bounds(day, tx.actor.at.zone) for day in word.days)
        return and_(of.issued_at >= first[0], of.issued_at < last[1])
    gone = [entry for entry, mark in mine.marks.items() if mark.gone]
    kept = of.id.not_in(gone) if gone else true()
    seen = (of.kind, of.author_name, of.clinic_name)
    said = [each.regexp_match(word.pattern, "i") for each in seen]
    said.append(and_(kept, of.text.regexp_match(word.pattern, "i")))
    if word.code:
        bare = func.replace(func.array_to_string(of.codes, " "), ".", "")
        said.append(bare.regexp_match(rf"\m{word.code}", "i"))
    return or_(*said)
