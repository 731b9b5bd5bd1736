"""The catalogue of what the program can do, and pictures of who may: by role, by raw SQL, role by role."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from sqlalchemy import Connection, text

import clinicdesk
from clinicdesk.clinic.rights import PERMISSIONS, STAFF_ROLES
from clinicdesk.clinic.usecases import UseCase, View
from clinicdesk.reports import Report
from tests.house.files import python_files

Function = UseCase[Any, Any] | View[Any, Any]

# Packages whose modules may hold use cases and views.
_WHERE: Final = ("clinic", "reports", "exporters", "importers", "channels", "worker")
_TABLE_RIGHTS: Final = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "MAINTAIN",
)
_BY_COLUMN: Final = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})
OURS: Final = "('public', 'gate', 'access', 'charts', 'audit', 'display')"


def functions() -> dict[str, Function]:
    """Every use case and view of the program by its name; two of one name are an error."""
    found: dict[str, Function] = {}
    for module in _modules():
        for thing in vars(import_module(module)).values():
            function = thing.view if isinstance(thing, Report) else thing
            if isinstance(function, UseCase | View):
                assert found.setdefault(function.name, function) == function, f"two are {function.name}"
    return found


def _modules() -> Iterator[str]:
    there = {each.name for each in pkgutil.iter_modules(clinicdesk.__path__)}
    for package in _WHERE:
        if package in there:
            home = import_module(f"clinicdesk.{package}")
            yield home.__name__
            yield from (each.name for each in pkgutil.walk_packages(home.__path__, f"{home.__name__}."))


def declared() -> set[str]:
    """The names in the sources: what stands in `@use_case("…")`, `@view("…")`, `View("…")`."""
    makers = {"use_case", "view", "UseCase", "View"}
    return {
        str(node.args[0].value)
        for file in python_files("src")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers
        if node.args and isinstance(node.args[0], ast.Constant)
    }


def program() -> list[str]:
    """Who may do what in the program: one line for each function, one column for each role."""
    roles = list(STAFF_ROLES)
    lines = [_row(("function", "what", "needs", "act"), roles)]
    for name, function in sorted(functions().items()):
        what = "use case" if isinstance(function, UseCase) else "view"
        held = ["yes" if function.needs in PERMISSIONS[role] else "-" for role in roles]
        lines.append(_row((name, what, _needs(function), "act" if function.act else "-"), held))
    return lines


def _needs(function: Function) -> str:
    """Its permission; with `+` another clinic's rows take one that reaches further."""
    further = isinstance(function, UseCase) and function.elsewhere is not None
    return function.needs.value + ("+" if further else "")


def _row(head: Iterable[str], held: Iterable[str]) -> str:
    widths = (22, 10, 20, 5)
    start = "".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True))
    return (start + "".join(cell.ljust(15) for cell in held)).rstrip()


# What the database says


def _asked(connection: Connection, question: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(question), values)]


def groups(connection: Connection) -> list[str]:
    """The roles of the installation that are nobody's login, without the owner, whose everything is."""
    question = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'k\\_%' AND rolname <> 'k_owner' ORDER BY 1"
    return [name for (name,) in _asked(connection, question)]


def tables(connection: Connection) -> list[str]:
    """What each group may do by raw SQL to each table, column by column, what it inherits too.

    All staff are in k_staff: a group that holds no more than it does has no line of its own.
    """
    lines = []
    for table, columns in _columns(connection):
        held = {role: "; ".join(_rights_on(connection, role, table, columns)) for role in groups(connection)}
        everybody = held.get("k_staff")
        lines += [
            f"{table}  {role}  {rights}"
            for role, rights in held.items()
            if rights and (role == "k_staff" or rights != everybody)
        ]
    return lines


def _columns(connection: Connection) -> list[tuple[str, list[str]]]:
    question = f"""
      SELECT format('%s.%s', n.nspname, c.relname), array_agg(a.attname::text ORDER BY a.attnum)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE n.nspname IN {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') GROUP BY 1 ORDER BY 1"""
    return [(name, list(columns)) for name, columns in _asked(connection, question)]


def _rights_on(connection: Connection, role: str, table: str, columns: list[str]) -> Iterator[str]:
    """`SELECT`, or `UPDATE (a, b)` where it is some columns alone."""
    question = """
      SELECT r.name, has_table_privilege(:role, :table, r.name),
        CASE WHEN r.name = ANY (CAST(:by_column AS text[])) THEN ARRAY(
          SELECT c.name FROM unnest(CAST(:columns AS text[])) WITH ORDINALITY AS c(name, at)
          WHERE has_column_privilege(:role, :table, c.name, r.name) ORDER BY c.at) ELSE '{}' END
      FROM unnest(CAST(:rights AS text[])) WITH ORDINALITY AS r(name, at) ORDER BY r.at"""
    asked = {"role": role, "table": table, "columns": columns, "rights": list(_TABLE_RIGHTS)}
    for right, whole, some in _asked(connection, question, **asked, by_column=sorted(_BY_COLUMN)):
        if whole:
            yield right
        elif some:
            yield f"{right} ({', '.join(some)})"


def routines(connection: Connection) -> list[str]:
    """Each function: whose it is, whether it acts in its owner's name, and who may call it."""
    question = f"""
      SELECT format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
        p.proowner::regrole::text, p.prosecdef, coalesce(array_to_string(p.proconfig, '; '), ''),
        ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY (:groups)
              AND has_function_privilege(r.oid, p.oid, 'EXECUTE') ORDER BY 1)
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN {OURS} ORDER BY 1"""
    lines = []
    for name, owner, definer, config, callers in _asked(connection, question, groups=groups(connection)):
        way = f"definer, {config or 'NO SEARCH PATH'}" if definer else "invoker"
        lines.append(f"{name}  of {owner}  {way}  for {', '.join(callers) or 'nobody'}")
    return lines


def roles(connection: Connection) -> list[str]:
    """The installation's roles with their attributes, settings and memberships."""
    attributes = """
      SELECT rolname, concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' END,
        CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
        CASE WHEN rolreplication THEN 'REPLICATION' END,
        CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN NOT rolinherit THEN 'NOINHERIT' END,
        'connections ' || rolconnlimit, 'until ' || rolvaliduntil, rolconfig::text)
      FROM pg_roles WHERE rolname LIKE 'k\\_%' ORDER BY 1"""
    members = """
      SELECT g.rolname, m.rolname, a.admin_option, a.inherit_option, a.set_option
      FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
      WHERE m.rolname LIKE 'k\\_%' AND g.rolname NOT LIKE 'u\\_%' ORDER BY 2, 1"""
    lines = [f"{name}  {said}" for name, said in _asked(connection, attributes)]
    for group, member, admin, inherit, may_set in _asked(connection, members):
        options = [word for word, on in (("admin", admin), ("inherit", inherit), ("set", may_set)) if on]
        lines.append(f"{member}  is in {group}  {', '.join(options)}")
    return lines


def objects(connection: Connection) -> list[str]:
    """Owners of everything, and ACLs of what is no table and no function."""
    acls = f"""
      SELECT 'schema ' || nspname, nspowner::regrole::text, nspacl FROM pg_namespace WHERE nspname IN {OURS}
      UNION ALL SELECT format('sequence %s.%s', n.nspname, c.relname), c.relowner::regrole::text, c.relacl
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND n.nspname IN {OURS}
      UNION ALL SELECT format('table %s.%s', n.nspname, c.relname), c.relowner::regrole::text, NULL
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname IN {OURS}
      UNION ALL SELECT 'database', 'whoever made it', datacl FROM pg_database
        WHERE datname = current_database()
      UNION ALL SELECT 'default for ' || defaclobjtype::text, defaclrole::regrole::text, defaclacl
        FROM pg_default_acl
      ORDER BY 1"""
    owners = {name for (name,) in _asked(connection, "SELECT rolname FROM pg_roles WHERE rolsuper")}
    lines = []
    for name, owner, acl in _asked(connection, acls):
        held = sorted(_who(item, owners) for item in acl or ())
        told = "the database's owner" if owner in owners else owner
        lines.append(f"{name}  of {told}" + (f"  {' '.join(held)}" if held else ""))
    return lines


def _who(item: Any, owners: set[str]) -> str:
    """`role=rights` of an ACL entry; names of superusers differ between installations."""
    grantee, _, rest = str(item).partition("=")
    return f"{'(owner)' if grantee in owners else grantee or 'PUBLIC'}={rest.partition('/')[0]}"


def policies(connection: Connection) -> list[str]:
    """The tables under row security, and their policies in full."""
    secured = f"""
      SELECT format('%s.%s', n.nspname, c.relname), c.relforcerowsecurity
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relrowsecurity AND n.nspname IN {OURS} ORDER BY 1"""
    rules = f"""
      SELECT format('%s.%s', schemaname, tablename), policyname, permissive, cmd,
        array_to_string(roles, ', '), qual, with_check
      FROM pg_policies WHERE schemaname IN {OURS} ORDER BY 1, 2"""
    lines = [f"{name}  {'forced' if forced else 'on'}" for name, forced in _asked(connection, secured)]
    for table, name, kind, command, who, using, check in _asked(connection, rules):
        lines.append(f"{table}  {name}  {kind}  {command}  to {who}")
        lines += [f"    using {' '.join(using.split())}"] if using else []
        lines += [f"    check {' '.join(check.split())}"] if check else []
    return lines
