"""What a connection tells about the database it reached: versions, roles, and whom it lets in."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, Engine, text

from clinicdesk.clinic.access import gate
from clinicdesk.clinic.rights import GROUP_PERMISSION, GROUP_ROLE
from clinicdesk.kit import db, server
from clinicdesk.kit.errors import Refusal

_NEEDED = frozenset(
    {"k_owner", "k_staff", "k_roles", "k_gate", "k_display", *GROUP_ROLE.values(), *GROUP_PERMISSION.values()}
)
_SERVER = text("SELECT current_setting('server_version'), session_user::text, current_database()::text")
_ROLES = text(
    "SELECT rolname, pg_has_role(session_user, oid, 'MEMBER') AS member FROM pg_roles"
    " WHERE starts_with(rolname, 'k_') ORDER BY rolname"
)
_READABLE = text(
    "SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND c.relname = 'alembic_version'"
)
_REVISION = text("SELECT version_num FROM public.alembic_version")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. `revision` None: an empty database; "?": this login may not read it."""

    server_version: str
    database: str
    role: str
    member_of: tuple[str, ...]
    missing_roles: tuple[str, ...]
    revision: str | None


def facts(engine: Engine) -> Facts:
    """Look through the connection of an owner or a person. Raises OwnerNotLetIn, DatabaseUnreachable."""
    with server.as_owner(engine) as connection:
        return look(connection)


def seen_from_the_gate(url: str) -> Facts:
    """What can be seen before anybody has logged in. Raises DatabaseUnreachable."""
    engine = db.engine_for(db.conninfo(url, *gate.LOGIN, gate.PROGRAM))
    try:
        return facts(engine)
    finally:
        engine.dispose()


def look(connection: Connection) -> Facts:
    """Look at the database through any login of it, the gate's too."""
    version, role, database = connection.execute(_SERVER).one()
    found = {row.rolname: row.member for row in connection.execute(_ROLES)}
    return Facts(
        server_version=version,
        database=database,
        role=role,
        member_of=tuple(name for name, member in found.items() if member),
        missing_roles=tuple(sorted(_NEEDED - set(found))),
        revision=_revision(connection),
    )


def _revision(connection: Connection) -> str | None:
    readable = connection.execute(_READABLE).scalar()
    if readable is None:
        return None
    if not readable:
        return "?"
    return connection.execute(_REVISION).scalar()


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Whether people can come in: `refusal` says why not. `messages`: the language of the server's errors."""

    refusal: str
    messages: str
    is_closed: bool = True
    """Whether PostgreSQL's own locks, large objects and NOTIFY are shut to strangers (closed.sql)."""

    @property
    def speaks_plainly(self) -> bool:
        """A full server is known by its English words: libpq tells no code while connecting."""
        return self.messages in {"", "C", "POSIX", "C.UTF-8"} or self.messages.startswith("en")


def at_the_gate(url: str) -> GateFacts:
    """Try the gate as a login does, without counting as one."""
    asks = (
        "SELECT current_setting('lc_messages'), has_schema_privilege('gate', 'USAGE')"
        " AND has_function_privilege('gate.begin(text, text)', 'EXECUTE'),"
        " NOT has_function_privilege('pg_catalog.pg_advisory_lock(bigint)', 'EXECUTE')"
        " AND NOT has_function_privilege('pg_catalog.pg_notify(text, text)', 'EXECUTE')"
        " AND NOT has_function_privilege('pg_catalog.lo_create(oid)', 'EXECUTE')"
    )
    try:
        row = gate.ask(url, lambda line: line.execute(asks).fetchone())
    except Refusal as refusal:
        return GateFacts(str(refusal), "")
    messages, usable, closed = row or ("", False, False)
    return GateFacts("" if usable else "gate.begin", str(messages), bool(closed))


def unsealed_minutes(engine: Engine) -> float:
    """How long the oldest act without a seal has waited; 0 where none waits. For the database's owner."""
    waits = text(
        "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(a.at)) / 60, 0) FROM public.acts a"
        " WHERE a.at >= coalesce((SELECT max(settled_at) FROM public.seals), '-infinity')"
        " AND NOT EXISTS (SELECT 1 FROM public.seal_items i WHERE i.key = a.key)"
    )
    with server.as_owner(engine) as connection:
        return float(connection.execute(waits).scalar_one())


def lets_anybody_in(url: str) -> bool:
    """Whether the server takes a wrong password: its pg_hba.conf says trust where it must not."""
    wrong = db.conninfo(url, gate.LOGIN[0], "not the gate's", gate.PROGRAM)
    try:
        psycopg.connect(wrong).close()
    except psycopg.Error:
        return False
    return True
