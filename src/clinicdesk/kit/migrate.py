"""Bringing a database to the version this program was built for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from clinicdesk.kit import server
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = "hashtextextended('clinicdesk.migrate', 0)"


class NewerDatabase(Refusal):
    """A newer program has brought the database further than this one knows."""

    says = _("La base de datos es de una versión más nueva ({revision}). Actualizar clinicdesk.")
    exit = Exit.CONFLICT


def scripts() -> Path:
    """The migrations shipped in the wheel, or those of a checkout."""
    inside = Path(__file__).parent.parent / "migrations"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "migrations"


def upgrade(owner: Engine) -> None:
    """Run what is missing, one process at a time; harmless when nothing is.

    Raises NewerDatabase, OwnerTooWeak, OwnerNotLetIn, DatabaseUnreachable.
    """
    from alembic import command

    config = _config()
    with server.as_owner(owner) as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        connection.commit()
        try:
            _demand_known(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        except BaseException:
            connection.invalidate()  # the lock goes with the line
            raise
        connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
        connection.commit()


def bring(connection: Connection, revision: str) -> None:
    """Run what is missing up to one revision in the caller's transaction: it stays if that does."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _demand_known(connection: Connection) -> None:
    found = version(connection)
    connection.rollback()
    if found is not None and not knows(found):
        raise NewerDatabase(revision=found)


def knows(revision: str) -> bool:
    """Whether this program brings that revision."""
    return revision in _revisions()


def leads(found: str, wanted: str) -> bool:
    """Whether a database at `found` is at `wanted`, or on the way there."""
    newest_first = _revisions()
    return found in newest_first[newest_first.index(wanted) :]


def _revisions() -> list[str]:
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    return config


def version(connection: Connection) -> str | None:
    """The database's revision, None for an empty one."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this program brings."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config()).get_current_head()
