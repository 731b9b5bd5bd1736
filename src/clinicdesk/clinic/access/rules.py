"""Pure decisions about people's access."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from clinicdesk.clinic.access.errors import BadUsername

PROOF_LASTS: Final = timedelta(seconds=90)
_USERNAME: Final = re.compile(r"[a-z][a-z0-9_.-]{1,30}")


def role_of(username: str) -> str:
    """The PostgreSQL role a person logs in as."""
    return f"u_{username}"


def is_username(text: str) -> bool:
    """Whether a login may have this name."""
    return _USERNAME.fullmatch(text) is not None


def nobody(text: str) -> str:
    """A name that stands for what cannot be anybody's, so that it is tried and counted like any other."""
    return "x" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:30]


def checked_username(text: str) -> str:
    """The username as stored; raises BadUsername."""
    name = text.strip().lower()
    if not is_username(name):
        raise BadUsername
    return name


@dataclass(frozen=True, slots=True)
class Proof:
    """That a person typed the password again at `at`, for one order (its key): `gate.prove` makes it."""

    username: str
    at: datetime
    key: UUID | None = None

    def holds(self, username: str, key: UUID, now: datetime) -> bool:
        """Whether this proof is the same person's, for this very order, and fresh."""
        fresh = timedelta(0) <= now - self.at <= PROOF_LASTS
        return fresh and self.username == username and self.key == key
