"""Reads of attachments: what a chart has, the bytes of one, the limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.attachments.errors import AttachmentNotFound
from clinicdesk.clinic.attachments.model import attachment_limits, attachment_voids, attachments
from clinicdesk.clinic.patients.misplaced import Misplaced, whose
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """One file. `sha256` are 32 bytes, width and height pixels; `voided_*` of one attached in error."""

    patient_id: UUID
    id: UUID
    record_id: UUID | None
    name: str
    media_type: str
    size_bytes: int
    sha256: bytes
    width: int | None
    height: int | None
    described: str | None
    person: str
    at: datetime
    voided_reason: str | None
    voided_by: str | None
    voided_at: datetime | None
    own_chart: int | None = None
    misplaced: Misplaced | None = None


@dataclass(frozen=True, slots=True)
class AttachmentsQuery:
    """The files of a person, or of one entry of their history."""

    patient_id: UUID
    record_id: UUID | None = None


@view("attachment.list", needs=Permission.CHART_READ, chart=True)
def listed(tx: Reader, query: AttachmentsQuery) -> tuple[AttachmentRow, ...]:
    """What the chart has, the newest first, those voided among them."""
    return of_patient(tx, query.patient_id, query.record_id)


def of_patient(tx: Reader, patient_id: UUID, record_id: UUID | None = None) -> tuple[AttachmentRow, ...]:
    """The same, for whoever reads the chart for another reason."""
    mine = whose(tx, patient_id)
    of, void, by = attachments.c, attachment_voids.c, people.alias("voider")
    statement = (
        select(
            *(of[name] for name in ("patient_id", "id", "record_id", "name", "media_type", "size_bytes")),
            *(of[name] for name in ("sha256", "width", "height", "described")),
            people.c.family + ", " + people.c.given,
            of.at,
            void.reason,
            by.c.family + ", " + by.c.given,
            void.at,
        )
        .join(people, people.c.id == of.person_id)
        .outerjoin(attachment_voids, (void.patient_id == of.patient_id) & (void.attachment_id == of.id))
        .outerjoin(by, by.c.id == void.person_id)
        .where(mine.shows(of.patient_id, of.record_id))
        .order_by(of.at.desc(), of.id.desc())
    )
    if record_id is not None:
        statement = statement.where(of.record_id == record_id)
    return mine.placed(tx.into(AttachmentRow, statement), lambda row: row.record_id)


@dataclass(frozen=True, slots=True)
class BodyQuery:
    """One file of a person, to be saved."""

    patient_id: UUID
    id: UUID


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes as they were attached, and what they are."""

    row: AttachmentRow
    body: bytes


@view("attachment.export", needs=Permission.CHART_READ, act=True, purpose="TREAT", chart=True)
def body(tx: Reader, query: BodyQuery) -> Body:
    """The bytes of one file; that they left is an act. Raises AttachmentNotFound."""
    found = [row for row in of_patient(tx, query.patient_id) if row.id == query.id]
    if not found:
        raise AttachmentNotFound
    read = func.charts.attached(found[0].patient_id, query.id)
    held = tx.run(select(read)).scalar_one()
    if held is None:
        raise AttachmentNotFound
    return Body(found[0], bytes(held))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file and all of a person's files may weigh, in bytes; how large a picture may be."""

    file_bytes: int
    patient_bytes: int
    megapixels: int
    version: int


@dataclass(frozen=True, slots=True)
class LimitsQuery:
    """The limits of the installation."""


# Every role may know them: SITE_READ is what all have.
@view("attachment.limits", needs=Permission.SITE_READ)
def limits(tx: Reader, _query: LimitsQuery) -> Limits:
    """The limits in force."""
    of = attachment_limits.c
    statement = select(of.file_bytes, of.patient_bytes, of.megapixels, of.version)
    return tx.into(Limits, statement.where(of.id == literal(1)))[0]
