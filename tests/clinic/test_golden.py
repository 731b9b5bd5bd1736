"""Who may do what, as pictures that a change must redraw (`make golden`).

A picture shows that something changed; the rules below say what may never be in one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from clinicdesk.clinic.everything import metadata
from clinicdesk.clinic.rights import GROUP_ROLE, PERMISSIONS, STAFF_ROLES, Permission, Role
from clinicdesk.clinic.tables import TableClass
from clinicdesk.kit import plugins
from tests.clinic import catalogue
from tests.clinic.catalogue import OURS
from tests.data import ROOT
from tests.factories import Network

GOLDEN: Final = ROOT / "tests" / "golden"
PICTURES: Final[dict[str, Callable[[Connection], list[str]]]] = {
    "program": lambda _connection: catalogue.program(),
    "tables": catalogue.tables,
    "functions": catalogue.routines,
    "roles": catalogue.roles,
    "objects": catalogue.objects,
    "policies": catalogue.policies,
}
# Written once and never again: no group may change or take away a row.
WRITTEN_ONCE: Final = {
    "notes",
    "cosignatures",
    "acts",
    "act_answers",
    "seals",
    "seal_items",
    "records",
    "diagnoses",
    "vitals",
    "turn_events",
}
CLINICAL: Final = {
    *("visits", "records", "notes", "note_drafts", "diagnoses", "vitals", "allergies", "treatments"),
    *("care_plans", "prescriptions", "prescription_items", "results", "observations"),
}
REPORTS: Final = plugins.names("clinicdesk.reports")
WITHOUT_CHARTS: Final = (
    *("k_staff", "k_admision", "k_secretaria", "k_gestion", "k_admin", "k_importacion", "k_gate", "k_roles"),
    "k_display",
)
# Searched by prefix or by array: a row policy would switch those indexes off.
SEARCHED: Final = {"patient_search", "patient_documents"}


@pytest.fixture
def asked(network: Network) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """`asked("SELECT …")` as the owner."""
    with network.owner.connect() as connection:
        yield lambda question, **values: [tuple(row) for row in connection.execute(text(question), values)]


@pytest.mark.parametrize("name", PICTURES)
def test_who_may_do_what_is_as_drawn(network: Network, name: str) -> None:
    with network.owner.connect() as connection:
        drawn = "".join(f"{line}\n" for line in PICTURES[name](connection))
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(drawn, "utf-8")
    assert drawn.splitlines() == file.read_text("utf-8").splitlines(), "make golden draws it again"


def test_each_picture_is_compared() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(PICTURES)


def test_no_function_is_missing_from_the_catalogue() -> None:
    found = catalogue.functions()
    assert len(found) > 40
    reports = {f"report.{import_module(f'clinicdesk.reports.{each}').REPORT.name}" for each in REPORTS}
    assert reports
    assert catalogue.declared() | reports == set(found)


def test_every_role_and_permission_is_used() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set(STAFF_ROLES) == set(GROUP_ROLE)
    assert set().union(*PERMISSIONS.values()) == set(Permission)


def test_nothing_comes_through_public(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = f"""
      SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(c.relacl) a WHERE n.nspname IN {OURS} AND a.grantee = 0
      UNION ALL SELECT c.relname || '.' || t.attname FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
        WHERE n.nspname IN {OURS} AND a.grantee = 0
      UNION ALL SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
        aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE n.nspname IN {OURS} AND a.grantee = 0
      UNION ALL SELECT nspname FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
        WHERE nspname IN {OURS} AND a.grantee = 0
      UNION ALL SELECT datname FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
        WHERE datname = current_database() AND a.grantee = 0"""
    assert asked(question) == []


def test_no_policy_is_everybodys(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    assert asked("SELECT polname FROM pg_policy WHERE 0 = ANY (polroles)") == []


def test_only_its_owner_changes_what_is_written_once(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = f"""
      SELECT c.relname, r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
      WHERE n.nspname IN {OURS} AND c.relname = ANY (:tables) AND NOT r.rolsuper AND r.rolname <> 'k_owner'
        AND r.rolname ~ '^[ku]_'
        AND (has_table_privilege(r.oid, c.oid, 'UPDATE') OR has_any_column_privilege(r.oid, c.oid, 'UPDATE')
          OR has_table_privilege(r.oid, c.oid, 'DELETE') OR has_table_privilege(r.oid, c.oid, 'TRUNCATE'))"""
    assert asked(question, tables=sorted(WRITTEN_ONCE)) == []


def test_nobody_empties_a_table_or_hangs_something_on_it(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = f"""
      SELECT c.relname, r.rolname, a.privilege_type
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
      WHERE n.nspname IN {OURS} AND c.relkind IN ('r', 'p')
        AND r.rolname ~ '^[ku]_' AND r.rolname <> 'k_owner'
        AND a.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN')"""
    assert asked(question) == []


def test_definers_belong_to_roles_without_login_and_pin_their_path(
    asked: Callable[..., list[tuple[Any, ...]]],
) -> None:
    question = f"""
      SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_roles r ON r.oid = p.proowner
      WHERE n.nspname IN {OURS} AND (r.rolcanlogin OR r.rolsuper OR r.rolname NOT IN ('k_owner', 'k_roles')
        OR p.prosecdef AND NOT coalesce(p.proconfig, '{{}}') @> ARRAY['search_path=pg_catalog, pg_temp'])"""
    assert asked(question) == []


def test_definers_never_ask_who_they_run_as(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = f"""
      SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN {OURS} AND p.prosecdef
        AND regexp_replace(p.prosrc, '--[^\\n]*', '', 'g') ~* '\\m(current_user|current_role)\\M'"""
    assert asked(question) == []


def test_what_makes_roles_is_owned_by_k_roles_alone(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = f"""
      SELECT p.proname, p.proowner::regrole::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN {OURS} AND p.prosrc ~* '(CREATE|ALTER|DROP) ROLE'"""
    found = asked(question)
    assert len(found) >= 4
    assert {owner for _name, owner in found} == {"k_roles"}


def test_a_person_is_a_login_without_attributes(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    assert len(asked("SELECT 1 FROM pg_roles WHERE rolname LIKE 'u\\_%'")) >= 13
    question = """
      SELECT rolname FROM pg_roles r WHERE rolname LIKE 'u\\_%' AND (rolsuper OR rolcreaterole OR rolcreatedb
        OR rolreplication OR rolbypassrls OR rolconnlimit <> 20 OR rolconfig IS NOT NULL
        OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid)
        OR EXISTS (SELECT 1 FROM pg_proc p WHERE p.proowner = r.oid)
        OR EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.roleid = r.oid
          AND (m.member <> 'k_roles'::regrole OR m.inherit_option OR m.set_option))
        OR EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid
          AND (m.admin_option OR m.roleid::regrole::text <> ALL (:groups))))"""
    assert asked(question, groups=sorted(GROUP_ROLE.values())) == []


def test_who_knows_no_patient_holds_nothing_of_one(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    known = {name for name, table in metadata.tables.items() if table.info["class"] is TableClass.BY_PATIENT}
    assert known >= {"patients", "turns", "notes"}
    question = f"""
      SELECT c.relname, r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
      WHERE n.nspname IN {OURS} AND c.relname = ANY (:tables) AND r.rolname = ANY (:roles)
        AND has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')"""
    assert asked(question, tables=sorted(known), roles=["k_staff", "k_gate", "k_display", "k_roles"]) == []
    assert asked(question, tables=sorted(CLINICAL), roles=list(WITHOUT_CHARTS)) == []


def test_no_row_policy_stands_on_a_table_that_is_searched(
    asked: Callable[..., list[tuple[Any, ...]]],
) -> None:
    question = f"""
      SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_am a ON a.oid = x.relam
      WHERE n.nspname IN {OURS} AND (a.amname IN ('gin', 'spgist') OR EXISTS (
        SELECT 1 FROM unnest(i.indclass) o JOIN pg_opclass k ON k.oid = o
        WHERE k.opcname LIKE '%pattern_ops'))"""
    by_index = {name for (name,) in asked(question)}
    assert "patient_search" in by_index
    secured = {name for (name,) in asked("SELECT relname::text FROM pg_class WHERE relrowsecurity")}
    assert secured
    assert secured.isdisjoint(by_index | SEARCHED)


def test_nobody_makes_anything_in_the_database(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = f"""
      SELECT r.rolname FROM pg_roles r, pg_namespace n
      WHERE r.rolname ~ '^[ku]_' AND r.rolname <> 'k_owner' AND n.nspname IN {OURS}
        AND has_schema_privilege(r.oid, n.oid, 'CREATE')
      UNION ALL SELECT r.rolname FROM pg_roles r WHERE r.rolname ~ '^[ku]_' AND r.rolname <> 'k_owner'
        AND has_database_privilege(r.oid, current_database(), 'CREATE, TEMP')"""
    assert asked(question) == []


def test_nobody_is_in_a_role_of_the_server(asked: Callable[..., list[tuple[Any, ...]]]) -> None:
    question = """
      SELECT m.rolname, g.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
      JOIN pg_roles g ON g.oid = a.roleid
      WHERE m.rolname ~ '^[ku]_'
        AND (g.rolname LIKE 'pg\\_%' OR g.rolname IN ('k_owner', 'k_roles') OR g.rolsuper)"""
    assert asked(question) == []
