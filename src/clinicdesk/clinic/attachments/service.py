"""Use cases of attachments: attach, void, limit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, update

from clinicdesk.clinic.attachments import kinds, queries, rules
from clinicdesk.clinic.attachments.errors import (
    BadFileName,
    FileEmpty,
    FileTooLarge,
    LimitsChanged,
    PatientFull,
    PictureTooLarge,
)
from clinicdesk.clinic.attachments.model import attachment_limits, attachment_voids
from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, new_row, use_case
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.text import clean

MEGABYTE: Final = 1024 * 1024
_MEGAPIXEL: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Order):
    """A file for a chart or one entry of it. `sha256`, hexadecimal, stands for the body in its digest."""

    patient_id: UUID
    attachment_id: UUID = new_row()
    record_id: UUID | None = None
    name: str
    described: str | None = None
    sha256: str
    body: bytes = field(repr=False, metadata={"made": True})

    @classmethod
    def of(cls, body: bytes, **said: object) -> Attach:
        """An order for these bytes."""
        return cls(sha256=hashlib.sha256(body).hexdigest(), body=body, **said)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Attached:
    """What was kept: type by content, bytes as the database counted them, SHA-256 as it made it."""

    patient_id: UUID
    id: UUID
    media_type: str
    size_bytes: int
    sha256: str
    at: datetime


def _explain_attach(tx: Reader, _order: Attach, refusal: Refusal) -> Refusal:
    limits = queries.limits.run(tx, queries.LimitsQuery())
    if isinstance(refusal, FileTooLarge):
        return FileTooLarge(limit=rules.weight(limits.file_bytes))
    if isinstance(refusal, PatientFull):
        return PatientFull(limit=rules.weight(limits.patient_bytes))
    return refusal


@use_case(
    "attachment.add",
    needs=Permission.ATTACHMENT_WRITE,
    answer=Attached,
    purpose="TREAT",
    chart=True,
    explain=_explain_attach,
)
def attach(tx: Tx, order: Attach) -> Attached:
    """Keep a file's bytes as they are; nothing ever runs or draws them.

    Raises FileEmpty, FileTooLarge, PictureTooLarge, PatientFull, AlreadyAttached, BadFileName, NoSuchEntry.
    """
    name = rules.shown_name(order.name)
    if not name:
        raise BadFileName
    known = _weighed(tx, order.body)
    kept = func.charts.attach(
        order.patient_id,
        order.attachment_id,
        order.record_id,
        name,
        known.media_type,
        (clean(order.described).strip() or None) if order.described else None,
        known.width,
        known.height,
        order.body,
    ).table_valued("sha256", "at")
    row = tx.run(select(kept)).one()
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, order.attachment_id),)))
    return Attached(
        order.patient_id,
        order.attachment_id,
        known.media_type,
        len(order.body),
        bytes(row.sha256).hex(),
        row.at,
    )


def _weighed(tx: Tx, body: bytes) -> kinds.Recognised:
    """What the bytes are, refused before anybody has to decode them."""
    if not body:
        raise FileEmpty
    limits = queries.limits.run(tx, queries.LimitsQuery())
    if len(body) > limits.file_bytes:
        raise FileTooLarge(limit=rules.weight(limits.file_bytes))
    known = kinds.recognised(body)
    if known.pixels > limits.megapixels * _MEGAPIXEL:
        raise PictureTooLarge(width=known.width, height=known.height, limit=limits.megapixels)
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidAttachment(Order):
    """A file that was attached in error: it stays, marked."""

    patient_id: UUID
    attachment_id: UUID
    void_id: UUID = new_row()
    reason: str


@dataclass(frozen=True, slots=True)
class Voided:
    """The file that is marked."""

    patient_id: UUID
    id: UUID


@use_case("attachment.void", needs=Permission.ATTACHMENT_WRITE, answer=Voided, purpose="TREAT", chart=True)
def void(tx: Tx, order: VoidAttachment) -> Voided:
    """Mark a file as attached in error. Raises AttachmentNotFound, AlreadyVoided, BadVoidReason."""
    row = {
        "patient_id": order.patient_id,
        "id": order.void_id,
        "attachment_id": order.attachment_id,
        "reason": " ".join(clean(order.reason).split()),
        "person_id": tx.actor.person_id,
        "at": tx.now,
    }
    tx.write(insert(attachment_voids), row)
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, order.attachment_id),)))
    return Voided(order.patient_id, order.attachment_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimits(Order):
    """What files may weigh from now on; `version` is that of the limits that were seen."""

    file_bytes: int
    patient_bytes: int
    megapixels: int
    version: int


@use_case("attachment.limit", needs=Permission.SITE_MANAGE, answer=queries.Limits)
def set_limits(tx: Tx, order: SetLimits) -> queries.Limits:
    """Change the limits; what is there already stays. Raises BadLimits, LimitsChanged."""
    of = attachment_limits.c
    values = {name: getattr(order, name) for name in ("file_bytes", "patient_bytes", "megapixels")}
    statement = (
        update(attachment_limits)
        .where(of.id == 1, of.version == order.version)
        .values(**values, version=order.version + 1)
        .returning(of.file_bytes, of.patient_bytes, of.megapixels, of.version)
    )
    found = tx.into(queries.Limits, statement)
    if not found:
        raise LimitsChanged
    return found[0]
