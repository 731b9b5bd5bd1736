"""Attempts to become more than one is, by raw SQL with one's own login: refused, and nothing is other after.

The twin of what is refused here is at the end: what the same people may do with the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import psycopg
import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import gate as door
from clinicdesk.kit import db
from tests.clinic import catalogue
from tests.clinic.victims import asked, raw
from tests.factories import Network

LogIn = Callable[..., Session]
# What PostgreSQL says to who may not: no privilege, no such thing for them, reserved, not in this place.
REFUSED: Final = {"42501", "42704", "42939", "0A000", "42809", "55000", "58P01", "22023"}
NOT_EVEN_SEEN: Final = {"42P01", "42883", "3F000", "25P01"}
"""For who may not enter the schema a table is not there."""

BECOME: Final = (
    "SET ROLE k_owner",
    "SET ROLE k_roles",
    "SET ROLE u_{other}",
    "SET ROLE clinicdesk",
    "SET SESSION AUTHORIZATION u_{other}",
    "SET SESSION AUTHORIZATION clinicdesk",
    "SELECT set_config('role', 'k_owner', false)",
    "SELECT set_config('session_authorization', 'u_{other}', false)",
    "SET session_replication_role = replica",
    "SET log_statement = 'none'",
    "SET session_preload_libraries = 'x'",
    "SET debug_discard_caches = 1; ALTER SYSTEM SET log_statement = 'none'",
    "LOAD 'plpgsql'",
)
GIVE: Final = (
    "GRANT k_owner TO u_{me}",
    "GRANT k_roles TO u_{me}",
    "GRANT k_privacidad TO u_{me}",
    "GRANT u_{other} TO u_{me}",
    "GRANT pg_read_all_data TO u_{me}",
    "GRANT SELECT ON notes TO u_{me}",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION access.sync_groups(text) TO u_{me}",
    "ALTER ROLE u_{me} SUPERUSER",
    "ALTER ROLE u_{me} CREATEROLE",
    "ALTER ROLE u_{me} BYPASSRLS",
    "ALTER ROLE u_{me} REPLICATION",
    "ALTER ROLE u_{me} CONNECTION LIMIT -1",
    "ALTER ROLE u_{me} VALID UNTIL 'infinity'",
    "ALTER ROLE u_{me} RENAME TO u_otra",
    "ALTER ROLE u_{other} PASSWORD 'x'",
    "ALTER ROLE u_{other} SET search_path = x",
    "ALTER ROLE u_{other} NOLOGIN",
    "ALTER ROLE k_gate PASSWORD 'x'",
    "CREATE ROLE u_nueva LOGIN",
    "CREATE USER u_nueva SUPERUSER",
    "DROP ROLE u_{other}",
    "REASSIGN OWNED BY u_{other} TO u_{me}",
    "DROP OWNED BY u_{other}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE k_owner GRANT SELECT ON TABLES TO u_{me}",
    "ALTER TABLE notes OWNER TO u_{me}",
)
REBUILD: Final = (
    "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY notes_leased ON notes",
    "CREATE POLICY mine ON notes USING (true)",
    "ALTER POLICY notes_leased ON notes USING (true)",
    "ALTER TABLE acts DROP CONSTRAINT acts_outcome_ck",
    "ALTER TABLE acts ALTER COLUMN person SET DEFAULT 'u_{other}'",
    "DROP TABLE notes CASCADE",
    "TRUNCATE acts",
    "CREATE TRIGGER t BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger()",
    "CREATE RULE r AS ON INSERT TO acts DO INSTEAD NOTHING",
    "CREATE INDEX i ON notes (text)",
    "CREATE STATISTICS s ON text, hash FROM notes",
    "COMMENT ON TABLE notes IS 'x'",
    "LOCK TABLE notes IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE acts IN ACCESS EXCLUSIVE MODE",
    "CREATE OR REPLACE FUNCTION charts.me() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
    "CREATE OR REPLACE FUNCTION charts.leased() RETURNS uuid[] LANGUAGE sql AS 'SELECT NULL::uuid[]'",
    "ALTER FUNCTION charts.me() SECURITY INVOKER",
    "ALTER FUNCTION charts.leased() SET search_path = x",
    "ALTER FUNCTION charts.leased() RESET ALL",
    "DROP FUNCTION charts.leased() CASCADE",
    "DROP SCHEMA charts CASCADE",
    "REFRESH MATERIALIZED VIEW notes",
)
MAKE: Final = (
    "CREATE TABLE public.mine (i int)",
    "CREATE TEMP TABLE notes (i int)",
    "CREATE TEMP VIEW acts AS SELECT 1",
    "SELECT * INTO TEMP mine FROM clinics",
    "CREATE SCHEMA mine",
    "CREATE SCHEMA AUTHORIZATION u_{me}",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION access.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE AGGREGATE public.mine(int) (sfunc = int4pl, stype = int)",
    "CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = texteq)",
    "CREATE CAST (text AS integer) WITH INOUT AS IMPLICIT",
    "CREATE TYPE public.mine AS ENUM ('a')",
    "CREATE DOMAIN public.mine AS text",
    "CREATE SEQUENCE public.mine",
    'CREATE COLLATION public.mine FROM "C"',
    "CREATE TEXT SEARCH CONFIGURATION public.mine (copy = simple)",
    "CREATE EXTENSION file_fdw",
    "CREATE LANGUAGE plperlu",
    "CREATE EVENT TRIGGER t ON sql_drop EXECUTE FUNCTION version()",
    "CREATE PUBLICATION p FOR ALL TABLES",
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE SERVER s FOREIGN DATA WRAPPER w",
)
HOST: Final = (
    "COPY notes TO PROGRAM 'cat'",
    "COPY clinics TO '/tmp/clinics'",
    "COPY tickets FROM '/etc/passwd'",
    "COPY tickets FROM PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_ls_logdir()",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_backup_start('x')",
    "SELECT pg_stat_reset()",
    "SELECT pg_current_logfile()",
    "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
    "SELECT pg_create_logical_replication_slot('x', 'pgoutput')",
    "SELECT pg_create_physical_replication_slot('x')",
    "SELECT pg_replication_origin_create('x')",
    "SELECT pg_import_system_collations('public')",
    "CHECKPOINT",
)
REACH: Final = (
    "SELECT access.demand_admin()",
    "SELECT charts.grant_lease(gen_random_uuid(), 'TREAT', interval '1 year')",
    "SELECT charts.open_apart(gen_random_uuid(), gen_random_uuid(), '', '', '', '', '', '', 0, '1 day')",
    "SELECT charts.write_act(gen_random_uuid(), 'x', 'x', gen_random_uuid(), 'x', 'x', 0)",
    "SELECT gate.begin('admin', 'x')",
    "SELECT gate.salt_of('admin')",
    "SELECT import_merge('x', gen_random_uuid(), now(), false)",
)
ADMINISTRATION: Final = (
    "SELECT access.create_login('nueva', 1, '\\x00', 'SCRAM-SHA-256$4096:x', false, false)",
    "SELECT access.replace_password('{other}', '\\x00', 'SCRAM-SHA-256$4096:x', false)",
    "SELECT access.reset_service('{other}', '\\x00', 'SCRAM-SHA-256$4096:x')",
    "SELECT access.issue_code('{other}', '\\x00')",
    "SELECT access.enable_login('{other}', false)",
    "SELECT access.sync_groups('{me}')",
    "INSERT INTO clinic_roles SELECT person_id, clinic_id, 'privacidad' FROM clinic_roles",
    "DELETE FROM clinic_roles",
    "UPDATE people SET license = 'MP 1'",
)
EVERYBODY: Final = (*BECOME, *GIVE, *REBUILD, *MAKE, *HOST, *REACH)
PEOPLE: Final = ("msosa", "secre", "jibarra", "enfe", "copias", "gestion", "admin", "priva")


@pytest.fixture(scope="module")
def log_in(network: Network) -> Iterator[LogIn]:
    """Each person logs in once for all attempts."""
    open_ones: dict[str, Session] = {}

    def enter(username: str) -> Session:
        return open_ones.get(username) or open_ones.setdefault(username, network.log_in(username))

    yield enter
    for session in open_ones.values():
        session.close()


def picture(network: Network) -> list[str]:
    """Who may do what, whose roles there are, and their verifiers."""
    with network.owner.connect() as owner:
        held = owner.execute(
            text(
                "SELECT rolname || ' ' || rolcanlogin || coalesce(rolpassword, '') FROM pg_authid ORDER BY 1"
            )
        )
        drawn = [str(row[0]) for row in held]
        for draw in (catalogue.tables, catalogue.routines, catalogue.objects, catalogue.policies):
            drawn += draw(owner)
    return drawn


@pytest.mark.parametrize("username", PEOPLE)
def test_nobody_becomes_more_than_they_are(network: Network, log_in: LogIn, username: str) -> None:
    other = "cruiz" if username == "admin" else "admin"
    tried = EVERYBODY if username == "admin" else (*EVERYBODY, *ADMINISTRATION)
    before = picture(network)
    came = {each: asked(log_in(username), each.format(me=username, other=other)) for each in tried}
    # A GRANT of what one holds without the right to pass it on is a warning; the picture says the rest.
    came = {each: said for each, said in came.items() if not (each.startswith("GRANT ") and said == -1)}
    assert {each: said for each, said in came.items() if said not in REFUSED} == {}
    assert picture(network) == before


def test_the_gate_opens_nothing_but_itself(network: Network) -> None:
    before = picture(network)
    came = {}
    for each in (*EVERYBODY, *ADMINISTRATION, "SELECT * FROM clinics", "SELECT * FROM logins"):
        with psycopg.connect(db.conninfo(network.url, *door.LOGIN, "prueba"), autocommit=True) as gate:
            if each.startswith(("SELECT gate.", "ALTER ROLE k_gate")):  # its own, which an upgrade repairs
                continue
            try:
                gate.execute(each.format(me="gate", other="admin").replace("u_gate", "k_gate").encode())
                came[each] = "done"
            except psycopg.Error as error:
                came[each] = error.sqlstate or ""
    assert {each: said for each, said in came.items() if said not in REFUSED | NOT_EVEN_SEEN} == {}
    assert picture(network) == before


def test_a_path_of_ones_own_changes_no_definer(log_in: LogIn) -> None:
    session = log_in("jibarra")
    plain = asked(session, "SELECT charts.me()")
    for path in ("pg_temp", "x", "pg_temp, x, pg_catalog"):
        twisted = f"SELECT charts.me() FROM set_config('search_path', '{path}', true)"
        assert asked(session, twisted) == plain
    assert isinstance(plain, int)


def test_nobody_ends_anothers_session_and_everybody_their_own(log_in: LogIn, network: Network) -> None:
    mine, other = log_in("msosa"), network.log_in("jibarra")
    with other.engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        assert asked(mine, f"SELECT pg_terminate_backend({pid})::integer") in REFUSED
        assert asked(mine, f"SELECT pg_cancel_backend({pid})::integer") in REFUSED
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert asked(log_in("jibarra"), f"SELECT pg_terminate_backend({pid})::integer") == 1
        connection.invalidate()
    other.close()


def test_nobody_sees_what_another_asks(log_in: LogIn, network: Network) -> None:
    other = network.log_in("jibarra")
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'u_jibarra' AND query LIKE '%adivinanza%'"
    )
    with raw(other) as busy:
        busy.execute("SELECT 'adivinanza'")
        assert asked(log_in("msosa"), question) == 0
        assert asked(log_in("jibarra"), question) > 0  # type: ignore[operator]
    other.close()


def test_the_twins(log_in: LogIn) -> None:
    for username, statement, came in (
        ("msosa", "SET ROLE k_admision", -1),
        ("admin", "SELECT count(*) FROM (SELECT access.sync_groups('cruiz')) each", 1),
        ("admin", "UPDATE people SET license = license WHERE id = 1", 1),
        ("jibarra", "SELECT count(*) FROM notes", 0),
        ("msosa", "SET LOCAL work_mem = '8MB'", -1),
    ):
        assert asked(log_in(username), statement) == came, statement
