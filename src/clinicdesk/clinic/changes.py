"""What NOTIFY carries: ids only, never a name. A hint to reread, not the news itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

CHANNEL: Final = "clinicdesk"
# PostgreSQL aborts the writing transaction at 8,000 bytes; 64 ids stay far below that.
MOST_IDS: Final = 64


class Kind(StrEnum):
    """What sort of row changed."""

    TURN = "turn"
    PATIENT = "patient"
    RECORD = "record"
    SITE = "site"
    ACCESS = "access"
    ALERT = "alert"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one kind that changed in one act.

    `ids` are (patient, row) pairs; an empty tuple says "too many to name: reread the day".
    """

    kind: Kind
    act: UUID
    clinic_id: int | None = None
    day: date | None = None
    ids: tuple[tuple[UUID, UUID], ...] = ()


def payload(change: Change) -> str:
    """The text for NOTIFY, below PostgreSQL's limit whatever the number of ids."""
    if len(change.ids) > MOST_IDS:
        change = Change(change.kind, change.act, change.clinic_id, change.day)
    return msgspec.json.encode(change).decode()


def parsed(text: str) -> Change | None:
    """The change in a payload, or None for text that is not ours: anyone may NOTIFY."""
    try:
        return msgspec.json.decode(text, type=Change)
    except msgspec.DecodeError:
        return None
