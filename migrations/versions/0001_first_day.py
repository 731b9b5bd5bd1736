"""The first day: people, sites, patients, turns, records, acts, and who may touch them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision = None

_SQL = Path(__file__).with_name("sql_0001")
_FILES = (
    "tables.sql",
    "functions.sql",
    "one_person.sql",
    "gate.sql",
    "logins.sql",
    "rights.sql",
    "sessions.sql",
    "charts.sql",
    "notes.sql",
    "follow_ups.sql",
    "attachments.sql",
    "sites.sql",
    "people.sql",
    "records.sql",
    "display.sql",
    "audit.sql",
    "verify_notes.sql",
    "agendas.sql",
    "merge.sql",
    "merge_sites.sql",
    "merge_registry.sql",
    "cie10.sql",
    "letters.sql",
    "rows.sql",
)

_DATABASE = """
DO $$ BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO k_owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO k_staff, k_gate, k_display', current_database());
END $$
"""


def _run(name: str) -> None:
    """A whole file in one call: statements stay readable as SQL."""
    raw: Any = op.get_bind().connection.driver_connection
    raw.execute((_SQL / name).read_text(encoding="utf-8"))


def upgrade() -> None:
    """Everything as its owner, then the grants; the roles are the cluster's and there already (env.py)."""
    op.execute("GRANT CREATE, USAGE ON SCHEMA public TO k_owner")
    op.execute(_DATABASE)
    op.execute("SET LOCAL ROLE k_owner")
    for name in _FILES:
        _run(name)
    op.execute("RESET ROLE")
    _run("grants.sql")
    _run("closed.sql")
