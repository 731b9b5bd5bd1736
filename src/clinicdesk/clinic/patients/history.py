"""What was changed of a patient, kept: who, when, before and after; nothing of it is ever written over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, func, insert, literal, select, union_all, update

from clinicdesk.clinic.access.model import logins, people
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients import one_person, queries
from clinicdesk.clinic.patients.errors import PatientChanged, PatientClosed
from clinicdesk.clinic.patients.facts import KEPT, TOLD, Fact
from clinicdesk.clinic.patients.model import fact_edits, patient_edits, patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.rules import JUST_NOW, SOMEBODY, ago
from clinicdesk.clinic.usecases import Reader, Tx, view
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _

_MOST: Final = 200
_WHO_MOST: Final = 12
"""Columns of a name in the line that says who was first."""


def held(tx: Tx, patient_id: UUID) -> Any:
    """The patient's row, held until the transaction ends. Raises PatientNotFound, PatientClosed."""
    row = tx.first(select(patients).where(patients.c.patient_id == patient_id).with_for_update())
    if row is None:
        queries.header(tx, patient_id)
        raise PatientClosed
    return row


def keep(tx: Tx, row: Any, changed: Mapping[str, Any]) -> None:
    """Write other values into a patient's row as it was read and held, and what they were before.

    `row` has `patient_id`, `version` and each column named. The next version is its own plus one.
    """
    version = row.version + 1
    here = patients.c.patient_id == row.patient_id
    tx.write(update(patients).where(here).values(**changed, version=version))
    for name, value in changed.items():
        fact = KEPT[name]
        trace = {
            "patient_id": row.patient_id,
            "version": version,
            "field": name,
            "before": fact.text(getattr(row, name)) or None,
            "after": fact.text(value) or None,
            "act": tx.act,
        }
        tx.write(insert(patient_edits), trace)
    tx.changed(Change(Kind.PATIENT, tx.act, ids=((row.patient_id, row.patient_id),)))


def note(tx: Tx, patient_id: UUID, field: str, before: str | None, after: str | None) -> None:
    """Keep what was added to a patient's other facts, or ended; said again it is no change. Once an act."""
    if before != after:
        said = {"patient_id": patient_id, "id": tx.act, "field": field, "act": tx.act}
        tx.write(insert(fact_edits), said | {"before": before, "after": after})


@dataclass(frozen=True, slots=True)
class EditRow:
    """One fact that changed: what it said before and after, as text ("" is nothing), in which version.

    Facts besides the patient's own row have no version: 0.

    `login` is who the database saw, `person` their surname and name; `act` the act it was part of.
    `patient_id` is the entry it was written under, one of those that were merged into one.
    """

    patient_id: UUID
    version: int
    field: str
    before: str
    after: str
    at: datetime
    login: str
    person: str
    family: str
    act: UUID

    @property
    def fact(self) -> Fact:
        """What it is about."""
        return TOLD[self.field]


@dataclass(frozen=True, slots=True)
class ChangesQuery:
    """The last changes of a patient's data."""

    patient_id: UUID
    limit: int = _MOST


@view("patient.changes", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def changes(tx: Reader, query: ChangesQuery) -> tuple[EditRow, ...]:
    """Who changed what, newest first. Raises PatientNotFound, PatientClosed."""
    return _changes(tx, query)


@view("patient.changes_on", needs=Permission.PATIENT_READ)
def changes_on(tx: Reader, query: ChangesQuery) -> tuple[EditRow, ...]:
    """The same as it is now: goes on with a page that is already written down."""
    return _changes(tx, query)


def _changes(tx: Reader, query: ChangesQuery) -> tuple[EditRow, ...]:
    if queries.header(tx, query.patient_id).closed:
        raise PatientClosed
    own = _own(one_person.of(patient_edits.c.patient_id, query.patient_id))
    of = fact_edits.c
    told = (of.before, of.after, of.at, of.person, of.act, of.at.label("moment"))
    others = select(of.patient_id, literal(0).label("version"), of.field, *told)
    both = union_all(own, others.where(one_person.of(of.patient_id, query.patient_id)))
    return _edits(tx, both.subquery(), query.limit)


def _own(which: ColumnElement[bool]) -> Select[Any]:
    """Changes of patients' own rows; `moment` is when the last fact of a version was written."""
    of = patient_edits.c
    moment = func.max(of.at).over(partition_by=[of.patient_id, of.version]).label("moment")
    told = (of.before, of.after, of.at, of.person, of.act, moment)
    return select(of.patient_id, of.version, of.field, *told).where(which)


def _edits(tx: Reader, rows: Subquery, limit: int) -> tuple[EditRow, ...]:
    """The edits with who made them, those of the last change first."""
    name = func.concat_ws(", ", people.c.family, func.nullif(people.c.given, ""))
    edits = rows.c
    statement = (
        select(
            edits.patient_id,
            edits.version,
            edits.field,
            func.coalesce(edits.before, ""),
            func.coalesce(edits.after, ""),
            edits.at,
            edits.person,
            func.coalesce(name, edits.person),
            func.coalesce(people.c.family, ""),
            edits.act,
        )
        .outerjoin(logins, "u_" + logins.c.username == edits.person)
        .outerjoin(people, people.c.id == logins.c.person_id)
        .order_by(edits.moment.desc(), edits.version.desc(), edits.field)
        .limit(limit)
    )
    return tx.into(EditRow, statement)


def overtaken(tx: Reader, patient_id: UUID, version: int) -> PatientChanged:
    """Who was first, with what and how long ago."""
    later = (patient_edits.c.patient_id == patient_id) & (patient_edits.c.version > version)
    edits = _edits(tx, _own(later).subquery(), _MOST)
    if not edits:
        return PatientChanged(who=SOMEBODY, what=_("estos datos"), when=JUST_NOW, edits=())
    return PatientChanged(**said_of(edits, tx.now, tx.actor.at.zone), edits=edits)


def said_of(edits: tuple[EditRow, ...], now: datetime, zone: str) -> dict[str, str]:
    """Who, what and when of the last edits, in the words of the line that says so."""
    last = edits[0]
    nouns = {edit.fact.noun for edit in edits}
    return {
        "who": short_name(last.family, "", _WHO_MOST) or SOMEBODY,
        "what": nouns.pop() if len(nouns) == 1 else _("estos datos"),
        "when": ago(last.at, now, zone),
    }
