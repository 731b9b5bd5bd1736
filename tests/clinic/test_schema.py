"""The migrated schema equals the declared one and keeps the rules of its table classes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from clinicdesk.clinic.everything import metadata
from clinicdesk.clinic.tables import TableClass
from clinicdesk.clinic.turns.rules import BORN, HOPS, MOVES, UNDOES, VOIDS
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.factories import Network

TABLES = sorted(metadata.tables.values(), key=lambda table: table.name)
COLUMNS = """
  SELECT table_name, column_name, udt_name, is_nullable, coalesce(column_default, ''), is_identity
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
  ORDER BY table_name, ordinal_position"""
CONSTRAINTS = """
  SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    AND conrelid::regclass::text <> 'alembic_version' ORDER BY 1, 2"""
INDEXES = """
  SELECT tablename, indexname, indexdef FROM pg_indexes
  WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1, 2"""


def in_database(server: embedded.Server, name: str) -> Iterator[Engine]:
    """A database of its own on the worker's cluster."""
    admin = engine_for(server.dsn("clinicdesk", "postgres"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = engine_for(server.dsn("clinicdesk", name))
    yield engine
    engine.dispose()
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="module")
def declared(server: embedded.Server) -> Iterator[Engine]:
    """A database made from the models."""
    for engine in in_database(server, "declared"):
        metadata.create_all(engine)
        yield engine


@pytest.fixture(scope="module")
def migrated(server: embedded.Server) -> Iterator[Engine]:
    """A database made by the migrations, run twice."""
    for engine in in_database(server, "migrated"):
        migrate.upgrade(engine)
        migrate.upgrade(engine)
        yield engine


def told(engine: Engine, question: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


@pytest.mark.parametrize(
    "question", [COLUMNS, CONSTRAINTS, INDEXES], ids=["columns", "constraints", "indexes"]
)
def test_migrated_equals_declared(declared: Engine, migrated: Engine, question: str) -> None:
    rows = told(declared, question)
    assert len(rows) > 50
    assert told(migrated, question) == rows


def test_the_migration_is_the_newest(migrated: Engine) -> None:
    with migrated.connect() as connection:
        assert migrate.version(connection) == migrate.newest() is not None


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_keeps_the_rules_of_its_class(table) -> None:  # type: ignore[no-untyped-def]
    kind = table.info["class"]
    keys = [column.name for column in table.primary_key.columns]
    assert keys or kind is TableClass.LOCAL, "no primary key"
    if kind is TableClass.BY_PATIENT:
        assert keys[0] == "patient_id"
    if kind is TableClass.KEYED:
        assert keys[0] == table.info["key"]
    for constraint in (each for each in table.constraints if each.columns or each.name):
        assert constraint.name, f"unnamed: {constraint}"
        assert len(str(constraint.name)) <= 50
        assert not getattr(constraint, "deferrable", None)
        if kind is TableClass.BY_PATIENT and isinstance(constraint, UniqueConstraint | ExcludeConstraint):
            assert "patient_id" in [column.name for column in constraint.columns]
        if isinstance(constraint, ForeignKeyConstraint):
            check_reference(table, constraint)


def check_reference(table, constraint: ForeignKeyConstraint) -> None:  # type: ignore[no-untyped-def]
    """A foreign key carries patient_id between patients' tables and never leads from reference to patient."""
    target = metadata.tables[constraint.elements[0].target_fullname.partition(".")[0]]
    to_patient = target.info["class"] is TableClass.BY_PATIENT
    if table.info["class"] is TableClass.BY_PATIENT and to_patient:
        assert "patient_id" in constraint.column_keys
    if table.info["class"] is TableClass.REFERENCE:
        assert target.info["class"] is TableClass.REFERENCE
    assert constraint.ondelete is None
    assert constraint.onupdate is None


def test_no_triggers_and_no_rules(migrated: Engine) -> None:
    assert told(migrated, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == []
    assert told(migrated, "SELECT rulename FROM pg_rules WHERE schemaname = 'public'") == []


def test_the_database_declares_the_hops_of_the_rules(migrated: Engine) -> None:
    stored = set(told(migrated, "SELECT from_state, to_state, how FROM turn_transitions"))
    declared = {(one.value, other.value, "hop") for one, others in HOPS.items() for other in others}
    declared |= {("", state.value, "hop") for state in BORN}
    declared |= {(one.value, other.value, "move") for one, other in MOVES.items()}
    declared |= {(one.value, other.value, "undo") for one, others in UNDOES.items() for other in others}
    declared |= {(state.value, state.value, "void") for state in VOIDS}
    assert stored == declared


def test_definer_functions_pin_their_search_path_and_serve_no_public(migrated: Engine) -> None:
    loose = told(
        migrated,
        """SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE n.nspname IN ('public', 'gate', 'access', 'charts', 'audit') AND p.prosecdef AND (
             NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
             OR EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                        WHERE a.grantee = 0))""",
    )
    assert loose == []


def test_people_own_nothing(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    for username in ("admin", "lpaz", "msosa"):
        with log_in(username).engine.connect() as connection:
            assert owned_by_me(connection) == 0


def owned_by_me(connection: Connection) -> int:
    """How many relations the connection's user owns."""
    question = "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"
    return int(connection.execute(text(question)).scalar_one())
