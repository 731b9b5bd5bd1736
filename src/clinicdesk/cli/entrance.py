"""Who works from this command line: a login from the environment, a kept one, or one typed now."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from clinicdesk import bootstrap
from clinicdesk.cli import kept_login, outcome
from clinicdesk.cli.frame import Call, NotLoggedIn
from clinicdesk.kit.clock import uptime
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.bootstrap import Session


def open_session(call: Call) -> Session:
    """Log in as CLINICDESK_USER, else as whoever `clinicdesk login` keeps. Raises NotLoggedIn."""
    session = _session(call)
    if session.actor.must_change_password:
        outcome.say(_("Su clave es provisoria. Cambiarla con: clinicdesk passwd"))
    if session.rules_differ:
        outcome.say(session.rules_differ)
    return session


def _session(call: Call) -> Session:
    where, clinic = call.settings, call.clinic or call.settings.clinic
    kept = kept_login.kept(where) if where.password_file is None else None
    if kept is not None and where.user in (None, kept.username):
        url, host = bootstrap.database_url(where), bootstrap.host_name()
        session = bootstrap.session(url, kept.username, kept.secret, clinic, call.role, host)
        return replace(session, ends_at=uptime() + kept.seconds_left)
    if where.user is None:
        raise NotLoggedIn
    password = typed_password(call, where.user)
    session = bootstrap.log_in(
        bootstrap.database_url(where), where.user, password, clinic=clinic, role=call.role
    )
    return session if where.password_file is not None else session.of_a_person()


def typed_password(call: Call, username: str) -> str:
    """The password of a person, from its file or typed without echo. Raises NotLoggedIn without either."""
    where = call.settings
    if where.password_file is not None and (where.user is None or where.user == username):
        return one_line(kept_login.secret_text(where.password_file))
    if not sys.stdin.isatty():
        raise NotLoggedIn
    return ask_password(_("Clave de {user}: ").format(user=username))


def one_line(text: str) -> str:
    """A secret as its file holds it, without the line end that editors add."""
    return text.removesuffix("\n").removesuffix("\r")


def ask_password(prompt: str) -> str:
    """Ask on the terminal without echo."""
    from getpass import getpass

    return getpass(prompt, stream=sys.stderr)
