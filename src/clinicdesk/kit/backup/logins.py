"""Logins belong to the cluster, not to the database: staff `u_…` and services `k_…`, with SCRAM verifiers.

A verifier is never in a statement's text: a function of the session's own takes it as a bound value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from clinicdesk.kit.backup.errors import ClosedCatalog, LoginsInTheWay, LoginTooStrong, OtherTables

STAFF: Final = "u_"
GROUP: Final = "k_"
# Its password is no secret and is set by each upgrade.
_GATE: Final = "k_gate"
_MAKER: Final = "k_roles"
_SCRAM: Final = "SCRAM-SHA-256$"
_ROLES: Final = """
  SELECT r.rolname::text, r.rolcanlogin, r.rolconnlimit, r.rolvaliduntil::text, {verifier},
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
          WHERE m.member = r.oid AND starts_with(g.rolname, 'k_') ORDER BY 1)
  FROM pg_roles r WHERE starts_with(r.rolname, 'u_') OR (starts_with(r.rolname, 'k_') AND r.rolcanlogin)
  ORDER BY 1
"""
_VERIFIER: Final = "(SELECT a.rolpassword FROM pg_authid a WHERE a.rolname = r.rolname)"
_READABLE: Final = "SELECT has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT')"
_STRONG: Final = """
  SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'u_')
    AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) ORDER BY 1
"""
_KEEP: Final = """
  CREATE FUNCTION pg_temp.keep_login(p_name text, p_login boolean, p_limit integer, p_until text,
                                     p_verifier text) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = p_name) THEN
      EXECUTE format('CREATE ROLE %I', p_name);
    END IF;
    EXECUTE format('ALTER ROLE %I %s CONNECTION LIMIT %s PASSWORD %L', p_name,
                   CASE WHEN p_login THEN 'LOGIN' ELSE 'NOLOGIN' END, p_limit, p_verifier);
    IF p_until IS DISTINCT FROM
       (SELECT rolvaliduntil::text FROM pg_roles WHERE rolname = p_name) THEN
      EXECUTE format('ALTER ROLE %I VALID UNTIL %L', p_name, coalesce(p_until, 'infinity'));
    END IF;
  END $$
"""
_MEMBER: Final = """
  CREATE FUNCTION pg_temp.keep_member(p_group text, p_name text, p_held boolean) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    EXECUTE format(CASE WHEN p_held THEN 'GRANT %I TO %I' ELSE 'REVOKE %I FROM %I' END, p_group, p_name);
  END $$
"""


@dataclass(frozen=True, slots=True)
class Login:
    """A login of the cluster: its name, whether it is open, its verifier and its groups."""

    name: str
    login: bool
    limit: int
    until: str | None
    verifier: str | None
    groups: tuple[str, ...]

    @property
    def staff(self) -> bool:
        """Whether it is made and unmade with people; services are made by the schema."""
        return self.name.startswith(STAFF)


def logins(raw: Any, owner: str) -> tuple[Login, ...]:
    """Every login of staff and services. Raises ClosedCatalog where verifiers may not be read."""
    if not _readable(raw):
        raise ClosedCatalog(reason="permission denied for table pg_authid", owner=owner)
    return _logins(raw, _VERIFIER)


def _readable(raw: Any) -> bool:
    return bool(raw.execute(_READABLE).fetchone()[0])


def _seen(raw: Any) -> tuple[Login, ...]:
    """The same for whoever restores: a verifier that may not be read is unlike any."""
    return _logins(raw, _VERIFIER if _readable(raw) else f"'{_SCRAM}'")


def _logins(raw: Any, verifier: str) -> tuple[Login, ...]:
    rows = raw.execute(_ROLES.format(verifier=verifier)).fetchall()
    return tuple(
        Login(
            name, login, limit, until, verifier if str(verifier).startswith(_SCRAM) else None, tuple(groups)
        )
        for name, login, limit, until, verifier, groups in rows
        if name != _GATE
    )


def from_plan(rows: Iterable[dict[str, Any]]) -> tuple[Login, ...]:
    """Logins as a file holds them; a verifier that is none is taken for no password at all."""
    found = tuple(Login(**row | {"groups": tuple(row["groups"])}) for row in rows)
    for each in found:
        if not each.name.startswith((STAFF, GROUP)) or any(not g.startswith(GROUP) for g in each.groups):
            raise OtherTables(names=each.name)
        if each.verifier is not None and not each.verifier.startswith(_SCRAM):
            raise OtherTables(names=each.name)
    return found


def demand_free(raw: Any, wanted: Sequence[Login], *, replace: bool) -> None:
    """The cluster's logins are those of the backup, or fewer. Raises LoginsInTheWay, LoginTooStrong."""
    if strong := raw.execute(_STRONG).fetchone():
        raise LoginTooStrong(name=strong[0])
    due = {each.name: each.verifier for each in wanted}
    odd = [each.name for each in _seen(raw) if _is_another(each, due)]
    if odd and not replace:
        raise LoginsInTheWay(names=", ".join(odd[:8]) + ("…" if odd[8:] else ""))


def _is_another(found: Login, due: dict[str, str | None]) -> bool:
    """Whether a login of the cluster is none of the backup's. A service without a password is anybody's."""
    if found.staff:
        return due.get(found.name, "") != found.verifier
    unset = found.verifier in {None, _SCRAM}
    return found.name in due and not unset and due[found.name] != found.verifier


def restore_logins(raw: Any, wanted: Sequence[Login], owner: str) -> tuple[str, ...]:
    """Make the cluster's logins those of the backup; which ones were closed because it has none such.

    As k_roles, who makes every login: it may then change them, which a superuser's would not let it.
    """
    now = {each.name: each for each in _seen(raw)}
    due = {each.name: each for each in wanted}
    strangers = tuple(name for name, each in now.items() if each.staff and name not in due)
    raw.execute(_KEEP)
    raw.execute(_MEMBER)
    raw.execute("SET LOCAL ROLE k_roles")
    try:
        for each in wanted:
            if each != now.get(each.name):
                _keep(raw, each, now.get(each.name))
        for name in strangers:
            _keep(raw, Login(name, False, now[name].limit, now[name].until, None, ()), now[name])
    except psycopg.errors.InsufficientPrivilege as error:
        raise ClosedCatalog(reason=error.diag.message_primary, owner=owner) from error
    raw.execute("RESET ROLE")
    return strangers


def _keep(raw: Any, login: Login, before: Login | None) -> None:
    values = (login.name, login.login, login.limit, login.until, login.verifier)
    raw.execute("SELECT pg_temp.keep_login(%s, %s, %s, %s, %s)", values)
    held, due = set(before.groups if before else ()), set(login.groups)
    for group in sorted(held ^ due):
        raw.execute("SELECT pg_temp.keep_member(%s, %s, %s)", (group, login.name, group in due))
