"""What a backup leaves behind in the database it was taken from: an act, like any other export."""

from __future__ import annotations

from dataclasses import dataclass

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackup(Order):
    """Somebody who owns the database takes a backup of it."""


@dataclass(frozen=True, slots=True)
class BackupNoted:
    """The act stands."""


@use_case("db.backup", needs=Permission.USER_MANAGE, answer=BackupNoted, purpose="ADMIN")
def note_backup(_tx: Tx, _order: TakeBackup) -> BackupNoted:
    """Write the act before the snapshot is taken, so that the file holds it too."""
    return BackupNoted()
