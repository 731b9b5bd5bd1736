"""Verifying signed notes: each against its hash, the chain, its author's login and the act of its signing.

Two ways to the same verdict. One person's notes are read and judged here, by whoever may read the chart; a
whole registry's are judged in the database, which hands out ids and no text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, select

from clinicdesk.clinic.access.model import logins
from clinicdesk.clinic.access.rules import role_of
from clinicdesk.clinic.patients import one_person
from clinicdesk.clinic.records import rules, sealing
from clinicdesk.clinic.records.model import cosignatures, notes
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view

if TYPE_CHECKING:
    from clinicdesk.clinic.desk import Desk

PAGE: Final = 4_000
"""Notes of which one page tells, rounded up to a whole chart, so that time and memory stay bounded."""

_MOST_TOLD: Final = 10_000
_ZERO: Final = UUID(int=0)


class Break(StrEnum):
    """What can be wrong with a signed note, as scripts see it."""

    ALTERED = "altered"
    GAP = "gap"
    FORK = "fork"
    WRONG_LOGIN = "wrong_login"
    NO_ACT = "no_act"
    REWRITTEN = "rewritten"
    REMOVED = "removed"
    COSIGN_ALTERED = "cosign_altered"
    COSIGN_LOGIN = "cosign_login"
    COSIGN_OWN = "cosign_own"
    COSIGN_NO_ACT = "cosign_no_act"
    COSIGN_REMOVED = "cosign_removed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one note of one patient, or with a co-signature (`note_id` its id then)."""

    kind: Break
    patient_id: UUID
    note_id: UUID


@dataclass(frozen=True, slots=True)
class Held:
    """A note as the server holds it."""

    signed: rules.Signed
    prev_hash: bytes | None
    hash: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """What the act of a signing says: whose session signed which note of whom, and its hash.

    Of a co-signature (`what`) the same, `note_id` its own id.
    """

    patient_id: UUID
    note_id: UUID
    hash: str
    login: str
    what: str = sealing.SIGNED


@dataclass(frozen=True, slots=True)
class Given:
    """A co-signature as the server holds it."""

    cosigned: rules.Cosigned
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at and what is wrong; `untold` counts findings beyond those listed."""

    patients: int
    notes: int
    findings: tuple[Finding, ...]
    untold: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def judge(held: Sequence[Held], told: Iterable[Told], names: dict[int, str]) -> Iterator[Finding]:
    """What is wrong with one patient's notes. `names`: the login of each author who has one.

    `audit.verify_notes` in the database is its twin.
    """
    hashes = {each.hash for each in held}
    before = Counter(each.prev_hash for each in held)
    acts: dict[UUID, set[tuple[str, str]]] = {}
    for each in told:
        acts.setdefault(each.note_id, set()).add((each.hash, each.login))
    for note in held:
        signed = note.signed
        checks = {
            Break.ALTERED: rules.note_hash(note.prev_hash, signed) != note.hash,
            Break.GAP: note.prev_hash is not None and note.prev_hash not in hashes,
            Break.FORK: before[note.prev_hash] > 1,
            Break.WRONG_LOGIN: names.get(signed.author_id, signed.login) != signed.login,
            Break.NO_ACT: signed.note_id not in acts,
            Break.REWRITTEN: signed.note_id in acts
            and (note.hash.hex(), signed.login) not in acts[signed.note_id],
        }
        yield from (
            Finding(kind, signed.patient_id, signed.note_id) for kind, wrong in checks.items() if wrong
        )
    known = {each.signed.note_id for each in held}
    yield from (
        Finding(Break.REMOVED, each.patient_id, each.note_id) for each in told if each.note_id not in known
    )


def judge_cosigned(
    given: Sequence[Given], held: Iterable[Held], told: Iterable[Told], names: dict[int, str]
) -> Iterator[Finding]:
    """What is wrong with the co-signatures over one patient's notes."""
    stand = {(each.signed.note_id, each.hash.hex()) for each in held}
    authors = {each.signed.note_id: each.signed.author_id for each in held}
    acts = {(each.note_id, each.hash, each.login) for each in told}
    for each in given:
        said = each.cosigned
        checks = {
            Break.COSIGN_ALTERED: rules.cosign_hash(said) != each.hash
            or (said.note_id, said.note_hash) not in stand,
            Break.COSIGN_LOGIN: names.get(said.person_id, said.login) != said.login,
            Break.COSIGN_OWN: authors.get(said.note_id) == said.person_id,
            Break.COSIGN_NO_ACT: (said.cosign_id, each.hash.hex(), said.login) not in acts,
        }
        yield from (Finding(kind, said.patient_id, said.cosign_id) for kind, wrong in checks.items() if wrong)
    known = {each.cosigned.cosign_id for each in given}
    for act in told:
        if act.note_id not in known:
            yield Finding(Break.COSIGN_REMOVED, act.patient_id, act.note_id)


@dataclass(frozen=True, slots=True)
class PersonQuery:
    """The signed notes of one person, under all their charts."""

    patient_id: UUID


@view("note.verify", needs=Permission.CHART_READ, act=True, chart=True)
def verify_person(tx: Reader, query: PersonQuery) -> Verdict:
    """Recompute every signature in one person's chart."""
    found: list[Finding] = []
    count = 0
    for patient_id in one_person.members(tx, query.patient_id):
        held, given = held_notes(tx, patient_id), given_over(tx, patient_id)
        count += len(held)
        found += judge_chart(held, given, _told(tx, patient_id), _logins(tx, held, given))
    return Verdict(1, count, tuple(found))


def judge_chart(
    held: Sequence[Held], given: Sequence[Given], told: Sequence[Told], names: dict[int, str]
) -> Iterator[Finding]:
    """What is wrong with one patient's notes and what was co-signed of them."""
    yield from judge(held, [each for each in told if each.what == sealing.SIGNED], names)
    cosigned = [each for each in told if each.what == sealing.COSIGNED]
    yield from judge_cosigned(given, held, cosigned, names)


def given_over(tx: Reader, patient_id: UUID) -> tuple[Given, ...]:
    """The co-signatures in one chart."""
    names = [each.name for each in fields(rules.Cosigned)]
    columns = [cosignatures.c["id" if name == "cosign_id" else name] for name in names]
    statement = (
        select(cosignatures.c.hash, *columns)
        .where(cosignatures.c.patient_id == patient_id)
        .order_by(cosignatures.c.at, cosignatures.c.id)
    )
    return tuple(_given(names, tuple(row)) for row in tx.rows(statement))


def _given(names: list[str], row: tuple[Any, ...]) -> Given:
    made, *values = row
    named = dict(zip(names, values, strict=True))
    return Given(rules.Cosigned(**named | {"note_hash": bytes(named["note_hash"]).hex()}), bytes(made))


def held_notes(tx: Reader, patient_id: UUID) -> tuple[Held, ...]:
    """One chart's notes with all that their signatures cover, in the order of signing."""
    own = {"note_id": "id"}
    names = [name for name in rules.Signed.__slots__ if name not in {"entry", *sealing.HANGING}]
    columns = [notes.c[own.get(name, name)] for name in names]
    statement = (
        select(notes.c.prev_hash, notes.c.hash, *columns)
        .where(notes.c.patient_id == patient_id)
        .order_by(notes.c.signed_at, notes.c.id)
    )
    return tuple(_held(tx, names, tuple(row)) for row in tx.rows(statement))


def _held(tx: Reader, names: list[str], row: tuple[Any, ...]) -> Held:
    before, made, *values = row
    named = dict(zip(names, values, strict=True))
    covered = {} if named["amends_id"] else sealing.covered(tx, named["patient_id"], named["record_id"])
    return Held(rules.Signed(**named, **covered), before and bytes(before), bytes(made))


def _told(tx: Reader, patient_id: UUID) -> tuple[Told, ...]:
    columns = ("patient_id", "note_id", "hash", "login", "what")
    return tx.into(Told, select(func.charts.signings(patient_id).table_valued(*columns)))


def _logins(tx: Reader, held: Iterable[Held], given: Iterable[Given]) -> dict[int, str]:
    authors = {each.signed.author_id for each in held} | {each.cosigned.person_id for each in given}
    statement = select(logins.c.person_id, logins.c.username).where(logins.c.person_id.in_(authors))
    return {row.person_id: role_of(row.username) for row in tx.rows(statement)}


@dataclass(frozen=True, slots=True)
class AllQuery:
    """Every signed note of the registry; `notes` of them stand, for whoever shows how far it is."""


@view("note.verify_all", needs=Permission.AUDIT_READ, act=True, purpose="AUDIT")
def begin_all(tx: Reader, _query: AllQuery) -> int:
    """Write down that all notes are verified, before the first is; about how many there are."""
    counted: int = tx.run(select(func.audit.count_notes())).scalar_one()
    return counted


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The next patients after one."""

    after: UUID = _ZERO


@dataclass(frozen=True, slots=True)
class Page:
    """How many patients and notes were verified, what is wrong, and the last patient: None at the end."""

    patients: int
    notes: int
    findings: tuple[Finding, ...]
    last: UUID | None


@view("note.verify_page", needs=Permission.AUDIT_READ, purpose="AUDIT")
def verify_page(tx: Reader, query: PageQuery) -> Page:
    """Verify the next PAGE notes, in the database: goes on with `note.verify_all`."""
    columns = ("patient_id", "notes", "finding", "note_id")
    rows = tx.rows(select(func.audit.verify_notes(query.after, PAGE).table_valued(*columns)))
    counts = [row for row in rows if row.finding is None]
    found = tuple(Finding(Break(row.finding), row.patient_id, row.note_id) for row in rows if row.finding)
    last = max((row.patient_id for row in counts), default=None)
    return Page(len(counts), sum(row.notes for row in counts), found, last)


def verify_all(desk: Desk, advanced: Callable[[int, int], None] = lambda _done, _all: None) -> Verdict:
    """Verify every note, page by page. `advanced` hears how many of about how many are done."""
    total = desk.see(begin_all, AllQuery())
    patients = done = 0

    def pages() -> Iterator[Finding]:
        nonlocal patients, done
        page = desk.see(verify_page, PageQuery())
        while page.last is not None:
            patients, done = patients + page.patients, done + page.notes
            yield from page.findings
            advanced(done, total)
            page = desk.see(verify_page, PageQuery(page.last))

    found = pages()
    told = tuple(islice(found, _MOST_TOLD))
    untold = sum(1 for _each in found)
    return Verdict(patients, done, told, untold)
