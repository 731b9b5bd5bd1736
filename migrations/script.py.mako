"""${message}"""

from __future__ import annotations

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """See the SQL files beside this one."""
    ${upgrades if upgrades else "raise NotImplementedError"}
