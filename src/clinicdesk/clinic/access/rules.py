"""Pure decisions about people's access."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.access.errors import BadUsername, RoleUnknown, VerbUnknown
from clinicdesk.clinic.rights import STAFF_ROLES, Permission, Role

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


# What a script's account may be made for, and the permissions that takes. None of them gives rights on.
SERVICE_VERBS: Final = MappingProxyType(
    {
        "import": frozenset({Permission.SITE_READ, Permission.IMPORT_RUN}),
        "report": frozenset(
            {Permission.SITE_READ, Permission.TURN_READ, Permission.PATIENT_READ, Permission.REPORT_READ}
        ),
        "board": frozenset({Permission.SITE_READ, Permission.TURN_READ}),
        "search": frozenset({Permission.SITE_READ, Permission.PATIENT_READ}),
        "audit": frozenset({Permission.SITE_READ, Permission.AUDIT_READ, Permission.AUDIT_SEAL}),
    }
)


def permissions_of(verbs: Iterable[str]) -> frozenset[Permission]:
    """What a script's account needs for these verbs; raises VerbUnknown, also for none at all."""
    wanted = tuple(verbs)
    unknown = [verb for verb in wanted or ("",) if verb not in SERVICE_VERBS]
    if unknown:
        raise VerbUnknown(verb=unknown[0], verbs=", ".join(SERVICE_VERBS))
    return frozenset().union(*(SERVICE_VERBS[verb] for verb in wanted))


def staff_role(text: str) -> Role:
    """A role as typed; raises RoleUnknown."""
    if text not in STAFF_ROLES:
        raise RoleUnknown(role=text, roles=", ".join(STAFF_ROLES))
    return Role(text)
