"""What an export of acts is made of: pages, one held at a time; for a copy to verify, the seals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from clinicdesk.clinic.audit.queries import ActRow
from clinicdesk.clinic.audit.rules import ActText, Item, Seal

# Roles of the cluster that are persons' begin so; what is shown is the name that the person types.
_PERSON = "u_"


@dataclass(frozen=True, slots=True)
class Sealing:
    """Everything that a verification needs, ordered by seal; acts in no seal last."""

    exported_at: datetime
    last: int
    events: Iterable[Seal | Item]
    waiting: Iterable[ActText]


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts in pages, the names of clinics by id, and the seals where they were asked for."""

    pages: Iterable[tuple[ActRow, ...]]
    clinics: Mapping[int, str]
    sealing: Sealing | None = None


def username(person: str) -> str:
    """The name a person logs in with; a role that is no person's stays as it is."""
    return person.removeprefix(_PERSON)
