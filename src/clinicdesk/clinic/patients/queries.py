"""Reads of the registry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from clinicdesk.clinic.patients import one_person, rules
from clinicdesk.clinic.patients.asking import understood
from clinicdesk.clinic.patients.errors import PatientNotFound
from clinicdesk.clinic.patients.model import allergies, contacts, coverages, patient_documents, patients
from clinicdesk.clinic.patients.particulars import GENDERS, UNKNOWN_BLOOD
from clinicdesk.clinic.patients.search import find_people
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A person as lists and headers show them.

    `document` is in reading form (`DNI 28.431.907`), `document_key` as commands take it (`AR:DNI:28431907`).
    `closed` says that the patient is sealed and the reader sees the identity alone. `united` are the chart
    numbers that lead to this one; what it left blank is theirs.
    """

    patient_id: UUID
    chart_number: int
    family: str
    given: str
    sex: str
    birth: date | None
    birth_estimated: bool
    deceased_on: date | None
    phone: str | None
    email: str | None
    address: str | None
    city: str | None
    allergy_status: str
    version: int
    document: str
    payer: str | None
    document_key: str = ""
    sealed: bool = False
    closed: bool = False
    united: tuple[int, ...] = ()
    name_in_use: str | None = None
    provisional: str | None = None
    guardian: str | None = None
    """Who answers for a minor or a dependant."""
    gender: str = GENDERS[0]
    blood_group: str = UNKNOWN_BLOOD
    dependent: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The best fits, at most `limit`. So many `more` fit too, and others uncounted where `uncounted`;
    `narrowing` says, in words, what would leave fewer.
    """

    rows: tuple[PatientRow, ...] = ()
    more: int = 0
    uncounted: bool = False
    narrowing: str = ""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What was typed into the search box."""

    text: str
    limit: int = 20

    @property
    def subject(self) -> str:
        """What the act of searching tells of it: by what was searched, never a word of it."""
        wanted = understood(self.text)
        if wanted.chart_number is not None:
            return "chart"
        return "document" if wanted.document else "name"


@dataclass(frozen=True, slots=True)
class PatientQuery:
    """One patient by id."""

    patient_id: UUID


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """One patient by document as typed, in the actor's country."""

    document: str


@dataclass(frozen=True, slots=True)
class AllergyRow:
    """An allergy; `until` closes it."""

    id: UUID
    substance: str
    category: str | None
    reaction: str | None
    severity: str | None
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class SafetyFacts:
    """What may save a life while the chart is closed. Of a sealed patient the contact stays hidden."""

    patient: PatientRow
    allergies: tuple[AllergyRow, ...]


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """What the header of a carer's screen shows."""

    patient: PatientRow
    allergies: tuple[AllergyRow, ...]


@dataclass(frozen=True, slots=True)
class RecallQuery:
    """People by id: those whom somebody chose before."""

    ids: tuple[UUID, ...]


_first_document = (
    select(patient_documents.c.country, patient_documents.c.kind, patient_documents.c.number)
    .where(
        patient_documents.c.patient_id == patients.c.patient_id,
        patient_documents.c.valid,
        patient_documents.c.kind != "HC",
    )
    .order_by(patient_documents.c.document_key)
    .limit(1)
    .lateral("d")
)
# The coverage that holds today, the last one entered: the server's day is near enough for a header.
_payer = (
    select(coverages.c.payer)
    .where(
        coverages.c.patient_id == patients.c.patient_id,
        func.coalesce(coverages.c.since, func.current_date()) <= func.current_date(),
        func.coalesce(coverages.c.until, func.current_date()) >= func.current_date(),
    )
    .order_by(coverages.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_guardian = (
    select(contacts.c.name)
    .where(contacts.c.patient_id == patients.c.patient_id, contacts.c.guardian, contacts.c.ended_at.is_(None))
    .order_by(contacts.c.id)
    .limit(1)
    .scalar_subquery()
)
_people = select(
    *(column for column in patients.c if column.name != "created_at"),
    _first_document.c.country.label("document_country"),
    _first_document.c.kind.label("document_kind"),
    _first_document.c.number.label("document_number"),
    _payer.label("payer"),
    _guardian.label("guardian"),
).outerjoin(_first_document, true())


def _row(row: Any) -> PatientRow:
    document = (
        rules.shown_document(row.document_country, row.document_kind, row.document_number)
        if row.document_kind
        else rules.shown_provisional(row.provisional, row.chart_number)
        if row.provisional
        else ""
    )
    parts = (row.document_country, row.document_kind, row.document_number)
    return PatientRow(
        patient_id=row.patient_id,
        chart_number=row.chart_number,
        family=row.family,
        given=row.given,
        sex=row.sex,
        birth=row.birth,
        birth_estimated=row.birth_estimated,
        deceased_on=row.deceased_on,
        phone=row.phone,
        email=row.email,
        address=row.address,
        city=row.city,
        allergy_status=row.allergy_status,
        version=row.version,
        document=document,
        payer=row.payer,
        document_key=":".join(parts) if all(parts) else "",
        sealed=row.sealed,
        name_in_use=row.name_in_use,
        provisional=row.provisional,
        guardian=row.guardian,
        gender=row.gender,
        blood_group=row.blood_group,
        dependent=row.dependent,
    )


def _face(row: Any) -> PatientRow:
    """A sealed patient as somebody without a care relation sees them."""
    return PatientRow(
        patient_id=row.patient_id,
        chart_number=row.chart_number,
        family=row.family,
        given=row.given,
        sex=row.sex,
        birth=row.birth,
        birth_estimated=False,
        deceased_on=None,
        phone=None,
        email=None,
        address=None,
        city=None,
        allergy_status="sin_preguntar",
        version=0,
        document="",
        payer=None,
        sealed=True,
        closed=True,
    )


@view("patient.search", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def search(tx: Reader, query: SearchQuery) -> Found:
    """People who fit what was typed, best first. Searching is an act."""
    return _search(tx, query)


@view("patient.typed", needs=Permission.PATIENT_READ)
def search_on(tx: Reader, query: SearchQuery) -> Found:
    """The same with another letter: goes on with a search that is already written down."""
    return _search(tx, query)


def _search(tx: Reader, query: SearchQuery) -> Found:
    wanted = understood(query.text)
    if wanted.empty:
        return Found()
    if wanted.chart_number is not None:
        found = tx.first(_holder_of(rules.chart_key(wanted.chart_number)))
        held = found is not None and wanted.is_of(found.patient_id)
        return Found(by_ids(tx, (found.patient_id,)) if found is not None and held else ())
    ranked = find_people(tx, wanted, query.limit)
    by_id = rows_of(tx, ranked.ids[: query.limit])
    persons = {by_id[each].patient_id: by_id[each] for each in ranked.ids if each in by_id}
    rows = tuple(persons.values())
    more = max(ranked.total - query.limit, 0)
    return Found(rows, more, more > 0 and ranked.capped, wanted.narrowing if more else "")


def _holder_of(document_key: str) -> Select[Any]:
    named = select(patient_documents.c.patient_id).where(patient_documents.c.document_key == document_key)
    return named.where(patient_documents.c.valid)


def by_ids(tx: Reader, ids: Iterable[UUID]) -> tuple[PatientRow, ...]:
    """Patients by id, in no order, each person once. Of sealed ones whose row is hidden, the identity."""
    return tuple({row.patient_id: row for row in rows_of(tx, ids).values()}.values())


def rows_of(tx: Reader, ids: Iterable[UUID]) -> dict[UUID, PatientRow]:
    """The same by each id asked: of a merged entry, the one that stands for it."""
    asked = list(ids)
    own = {row.patient_id: row for row in tx.rows(_people.where(patients.c.patient_id.in_(asked)))}
    stands = {patient_id: row.merged_into or patient_id for patient_id, row in own.items()}
    whole = _whole(tx, own, set(stands.values())) if own else {}
    found = {patient_id: whole[stand] for patient_id, stand in stands.items() if stand in whole}
    hidden = set(asked) - own.keys()
    return found | _faces(tx, hidden) if hidden else found


def _whole(tx: Reader, own: dict[UUID, Any], standing: set[UUID]) -> dict[UUID, PatientRow]:
    """Each of these entries with what those merged into it know."""
    unread = standing - own.keys()
    more = tx.rows(
        _people.where(or_(patients.c.merged_into.in_(standing), patients.c.patient_id.in_(unread))).order_by(
            patients.c.chart_number
        )
    )
    known = own | {row.patient_id: row for row in more}
    return {
        each: _united(known[each], [row for row in more if row.merged_into == each])
        for each in standing
        if each in known
    }


def _united(own: Any, others: list[Any]) -> PatientRow:
    if not others:
        return _row(own)
    values = one_person.filled(own._mapping, [other._mapping for other in others])
    return replace(_row(SimpleNamespace(**values)), united=tuple(other.chart_number for other in others))


def as_one(tx: Reader, kept: UUID, retired: UUID) -> PatientRow:
    """Two entries as the first would read if the second were merged into it."""
    ids = (*one_person.members(tx, kept), *one_person.members(tx, retired))
    rows = tx.rows(_people.where(patients.c.patient_id.in_(ids)).order_by(patients.c.chart_number))
    (own,) = (row for row in rows if row.patient_id == kept)
    return _united(own, [row for row in rows if row.patient_id != kept])


def _faces(tx: Reader, ids: Iterable[UUID]) -> dict[UUID, PatientRow]:
    names = ("asked", "patient_id", "chart_number", "given", "family", "sex", "birth")
    faces = func.charts.sealed_faces(cast(list(ids), ARRAY(Uuid))).table_valued(*names)
    return {row.asked: _face(row) for row in tx.rows(select(faces))}


@view("patient.show", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def show(tx: Reader, query: PatientQuery) -> PatientRow:
    """One patient: opening their page is an act. Raises PatientNotFound."""
    return header(tx, query.patient_id)


@view("patient.again", needs=Permission.PATIENT_READ)
def reread(tx: Reader, query: PatientQuery) -> PatientRow:
    """The same as it is now: goes on with an act that is already written down. Raises PatientNotFound."""
    return header(tx, query.patient_id)


def header(tx: Reader, patient_id: UUID) -> PatientRow:
    """One patient's identity, for the header of every screen and page. Raises PatientNotFound."""
    rows = by_ids(tx, (patient_id,))
    if not rows:
        raise PatientNotFound(what="ese número interno")
    return rows[0]


@view("patient.header", needs=Permission.CHART_READ, chart=True)
def care_header(tx: Reader, query: PatientQuery) -> HeaderRow:
    """One patient with the allergies of the chart, for the header of who cares for them. Under a lease."""
    return HeaderRow(header(tx, query.patient_id), allergies_of(tx, query.patient_id))


@view("patient.recall", needs=Permission.PATIENT_READ)
def recall(tx: Reader, query: RecallQuery) -> tuple[PatientRow, ...]:
    """People as they are now, in the order asked; goes on with the acts that chose them."""
    found = rows_of(tx, query.ids)
    people = {found[each].patient_id: found[each] for each in query.ids if each in found}
    return tuple(people.values())


@view("patient.find", needs=Permission.PATIENT_READ)
def find(tx: Reader, query: DocumentQuery) -> PatientRow:
    """The patient of a document, for an act that follows. Raises PatientNotFound, InvalidInput."""
    return by_document(tx, query.document)


def by_document(tx: Reader, text: str) -> PatientRow:
    """The patient of a document as typed, or of a chart number as `HC 123`."""
    return header(tx, holder(tx, text))


def holder(tx: Reader, text: str) -> UUID:
    """The entry that a document or chart number was given to, merged or not. Raises PatientNotFound."""
    wanted = understood(text)
    if wanted.chart_number is not None:
        key = rules.chart_key(wanted.chart_number)
    else:
        key = rules.parsed_document(text, tx.actor.at.country).key
    found = tx.first(_holder_of(key))
    if found is None or not wanted.is_of(found.patient_id):
        raise PatientNotFound(what=text)
    return UUID(str(found.patient_id))


def named_by(tx: Reader, document: rules.Document) -> PatientRow | None:
    """Whom a document names, if anybody."""
    found = tx.first(_holder_of(document.key))
    return header(tx, found.patient_id) if found else None


def allergies_of(tx: Reader, patient_id: UUID) -> tuple[AllergyRow, ...]:
    """A patient's allergies, the severe first."""
    statement = select(
        allergies.c.id,
        allergies.c.substance,
        allergies.c.category,
        allergies.c.reaction,
        allergies.c.severity,
        allergies.c.since,
        allergies.c.until,
    ).where(one_person.of(allergies.c.patient_id, patient_id))
    weight = {"severa": 0, "moderada": 1, "leve": 2}
    rows = tx.into(AllergyRow, statement)
    return tuple(sorted(rows, key=lambda row: (weight.get(row.severity or "", 3), row.substance)))


@view("patient.safety_facts", needs=Permission.CHART_BREAK_GLASS, act=True)
def safety_facts(tx: Reader, query: PatientQuery) -> SafetyFacts:
    """Allergies and contact, for carers who have not opened the chart: an act. Raises PatientNotFound."""
    return SafetyFacts(header(tx, query.patient_id), allergies_of(tx, query.patient_id))
