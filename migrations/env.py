"""Alembic's entry: runs on the connection it is handed, or connects to CLINICDESK_OWNER_URL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine

from clinicdesk.clinic.everything import metadata

_ROLES = Path(__file__).with_name("roles.sql")


def _run(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    raw.execute(_ROLES.read_text(encoding="utf-8"))
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    _run(handed)
else:
    url = os.environ["CLINICDESK_OWNER_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
    with create_engine(url).connect() as owner:
        _run(owner)
