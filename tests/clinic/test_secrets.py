"""What the server shows and writes down of passwords while they are set and used: nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import service
from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.kit import embedded
from tests.factories import PASSWORD, Network, proven

LogIn = Callable[..., Session]
NEW: Final = "clave nueva que nadie ve"
VERIFIER: Final = "SCRAM-SHA-256$"


@contextmanager
def held(network: Network) -> Iterator[Callable[[], list[str]]]:
    """Every change of a login waits; yields how to read what the server shows of statements meanwhile."""
    with network.owner.connect() as holder, network.owner.connect() as looker:
        holder.execute(text("LOCK TABLE logins IN SHARE MODE"))

        def shown() -> list[str]:
            rows = looker.execute(text("SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
            found = [str(row.query) for row in rows]
            looker.rollback()
            return found

        try:
            yield shown
        finally:
            holder.rollback()


def new_user(network: Network) -> service.NewUser:
    """Somebody whose password no other file of tests needs."""
    return service.NewUser(
        username=f"p{uuid4().hex[:12]}", given="Ana", family="Propia", role="medico", must_change=False,
        clinic_id=network.clinic_ids[0], license="MP 1", password=PASSWORD,
    )  # fmt: skip


def added(network: Network) -> str:
    """The same, with a login."""
    return bootstrap.owner_desk(network.owner).do(service.add_user, new_user(network)).username


def add(_log_in: LogIn, network: Network) -> Any:
    """An order that sets a first password, as `init` does."""
    return bootstrap.owner_desk(network.owner), service.add_user, new_user(network)


def change(log_in: LogIn, network: Network) -> Any:
    """An order that changes one's own."""
    session = log_in(added(network))
    order = service.ChangePassword(**proven(session), password=NEW)
    return session.desk(), service.change_password, order


@pytest.mark.parametrize(("made", "function"), [(add, "create_login"), (change, "change_own")])
def test_a_password_that_is_set_is_not_in_the_servers_list_of_statements(
    log_in: LogIn, network: Network, made: Callable[..., Any], function: str
) -> None:
    desk, case, order = made(log_in, network)
    work = threading.Thread(target=lambda: desk.do(case, order), daemon=True)
    with held(network) as shown:
        work.start()
        deadline = time.monotonic() + 20
        while not any(function in query for query in shown()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        queries = shown()
    work.join(20)
    assert not work.is_alive()
    assert any(function in query for query in queries)
    for query in queries:
        assert VERIFIER not in query
        assert NEW not in query
        assert PASSWORD not in query


def test_the_servers_log_keeps_no_password_and_no_verifier(
    log_in: LogIn, network: Network, server: embedded.Server
) -> None:
    who = added(network)
    session = log_in(who)
    own = service.ChangePassword(**proven(session), password=NEW)
    session.desk().do(service.change_password, own)
    reset = service.ResetPassword(username=who)
    log_in("admin").desk().do(service.reset_password, reset)
    with pytest.raises(LoginRefused):
        bootstrap.log_in(network.url, who, f"{NEW} mal", host="prueba")
    with network.owner.begin() as owner:  # fails, with a verifier in its hands
        verifier = text("SELECT rolpassword FROM pg_authid WHERE rolname = :role")
        made = owner.execute(verifier, {"role": f"u_{who}"}).scalar_one()
    fails = text("SELECT access.replace_password('nadie', '\\x00', :made, false)")
    with network.owner.connect() as owner, pytest.raises(DBAPIError, match="no such login"):
        owner.execute(fails, {"made": made})
    log = written(network, server)
    assert who in log
    for secret in (NEW, PASSWORD, reset.code, VERIFIER, str(made)):
        assert secret not in log


def written(network: Network, server: embedded.Server) -> str:
    """The server's log, once it has caught up."""
    mark = f"m{uuid4().hex}"
    with network.owner.begin() as owner:
        owner.execute(text(f"CREATE TEMP TABLE {mark} (i int)"))
    deadline = time.monotonic() + 20
    while mark not in (log := "".join(file.read_text() for file in server.home.rglob("postgresql-*.log"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return log
