"""What a note orders: treatments and the next controls; and when it was, where it is typed later. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

MOST_TREATMENTS: Final = 20
MOST_FOLLOW_UPS: Final = 5
WORDS_MOST: Final = 400
REASON_LEAST: Final = 3
LAST_DUE: Final = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class TreatmentEntry:
    """Something to be taken or done from a day on; `until` is its last day, None for one that goes on."""

    what: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class FollowUpEntry:
    """The next control: by when, with whom, what for. Reception learns the first two."""

    due_on: date
    doctor_id: int
    what: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a note orders."""

    treatments: tuple[TreatmentEntry, ...] = ()
    follow_ups: tuple[FollowUpEntry, ...] = ()

    def __bool__(self) -> bool:
        """Whether it orders anything."""
        return bool(self.treatments or self.follow_ups)


NOTHING: Final = Plan()


@dataclass(frozen=True, slots=True)
class Late:
    """When it was, for what is typed after it, and why it is typed only now."""

    at: datetime
    reason: str


def is_treatment(entry: TreatmentEntry) -> bool:
    """Whether it says something, and ends after it begins."""
    said = len(entry.what.strip()) >= 1 and len(entry.what) <= WORDS_MOST
    return said and (entry.until is None or entry.until >= entry.since)


def is_follow_up(entry: FollowUpEntry, today: date) -> bool:
    """Whether it lies ahead, within two years."""
    return today < entry.due_on <= today + LAST_DUE and len(entry.what) <= WORDS_MOST


def is_reason(text: str) -> bool:
    """Whether somebody could learn why from it."""
    return len(text.strip()) >= REASON_LEAST and len(text) <= WORDS_MOST
