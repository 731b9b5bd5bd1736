"""The desk that tests/tui/desk.py runs in its terminal, without the harness, whose memory would count."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime
from functools import partial


def main() -> int:
    """The desk, its clock set where DESK_AT asks for it."""
    from clinicdesk import bootstrap
    from clinicdesk.kit import clock
    from clinicdesk.tui.app import ClinicDesk

    users = [tuple(each.split(",")) for each in filter(None, os.environ.get("DESK_USERS", "").split(";"))]
    at = os.environ.get("DESK_AT")
    # A clock that is set stands still: else a slow run would show the next minute.
    now = partial(datetime.fromisoformat, at) if at else clock.now
    settings = bootstrap.settings()
    if lock := os.environ.get("DESK_LOCK"):
        settings = replace(settings, lock_seconds=float(lock))
    if lasts := os.environ.get("DESK_LASTS"):
        settings = replace(settings, session_seconds=float(lasts))
    desk = ClinicDesk(settings, users, now=now)  # type: ignore[arg-type]
    # Most tests read at once what Enter will do; news of the last login would stand before it.
    desk.tells_last_login = bool(os.environ.get("DESK_TELLS_LAST_LOGIN"))
    return desk.run_desk()


if __name__ == "__main__":
    sys.exit(main())
