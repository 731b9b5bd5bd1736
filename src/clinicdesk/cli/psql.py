"""psql as a person: the program found, its environment, its exit code in our words."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import Final

from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import Exit
from clinicdesk.kit.words import _

_NO_LINE: Final = 2


def run_psql(url: str, username: str, secret: str, arguments: list[str]) -> int:
    """Run psql until its person leaves; our exit code."""
    from clinicdesk.clinic.access import rules
    from clinicdesk.kit import db

    target = db.place(url, rules.role_of(username))
    argv = [_program(), "--no-password", "--dbname", target, *arguments]
    # Questions about people's health stay in no history file.
    environment = os.environ | {
        "PGPASSWORD": secret,
        "PSQL_HISTORY": os.devnull,
        "PGAPPNAME": "clinicdesk psql",
    }
    before = signal.signal(signal.SIGINT, lambda *_unused: None)  # Ctrl+C is psql's own
    try:
        done = subprocess.run(argv, env=environment, check=False)  # noqa: S603 - found by us, not through a shell
    finally:
        signal.signal(signal.SIGINT, before)
    if done.returncode == 0:
        return Exit.DONE
    return Exit.UNREACHABLE if done.returncode == _NO_LINE else Exit.INVALID


def _program() -> str:
    """The embedded wheel's psql, else the system's."""
    from clinicdesk.kit import embedded

    try:
        return str(embedded.binary("psql"))
    except embedded.EmbeddedFault:
        found = shutil.which("psql")
        if found is None:
            raise Misused(text=_("No hay psql en este equipo.")) from None
        return found
