"""Sessions and the end of them: listed, ended, and a login closed while its person works."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration as admin
from clinicdesk.clinic.access import queries, rules
from clinicdesk.clinic.access.errors import (
    LoginRefused,
    NoRole,
    SessionNotFound,
)
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.rights import Role
from clinicdesk.kit import db
from clinicdesk.kit.errors import Refusal, SessionEnded
from tests.clinic.administering import LogIn, groups
from tests.factories import Network

SOON = timedelta(days=1)


@pytest.fixture
def as_admin(log_in: LogIn) -> Session:
    """Whoever administers."""
    return log_in("admin")


# Sessions


def test_a_session_that_is_ended_does_not_come_back(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    first, second = log_in("enfe"), log_in("enfe")
    query = registry.SearchQuery("quispe", 5)
    for each in (first, second):
        each.desk().see(registry.search, query)
    rows = as_admin.desk().see(queries.list_sessions, queries.SessionsQuery("enfe"))
    assert {first.entered.id, second.entered.id} <= {row.id for row in rows}
    order = admin.EndSessions(username="enfe", session_id=first.entered.id)
    assert as_admin.desk().do(admin.end_sessions, order).ended == 1
    with pytest.raises(SessionEnded):
        first.desk().see(registry.search, query)
    second.desk().see(registry.search, query)
    with pytest.raises(SessionNotFound):
        as_admin.desk().do(admin.end_sessions, replace(order, key=admin.Sweep().key))
    assert as_admin.desk().do(admin.end_sessions, admin.EndSessions(username="enfe")).ended >= 1
    with pytest.raises(SessionEnded):
        second.desk().see(registry.search, query)
    log_in("enfe").desk().see(registry.search, query)
    mine = admin.EndSessions(username="admin")
    as_admin.desk().do(admin.end_sessions, mine)
    as_admin.desk().see(queries.list_users, queries.UsersQuery("admin"))


def test_coming_and_going_are_acts_and_the_last_login_is_told(network: Network, log_in: LogIn) -> None:
    first = log_in("dvidal")
    first.leave()
    first.leave()
    second = network.log_in("dvidal")
    second.close()
    assert second.entered.last_host == "prueba"
    assert second.entered.last_at is not None
    assert datetime.now(UTC) - second.entered.last_at < timedelta(minutes=5)
    question = text("SELECT what, role, host FROM acts WHERE session = :id ORDER BY at")
    with network.owner.connect() as owner:
        found = owner.execute(question, {"id": first.entered.id}).all()
    assert [tuple(each) for each in found] == [
        ("login", "medico", "prueba"),
        ("session.logout", "medico", "prueba"),
    ]
    first.engine.dispose()
    with pytest.raises(SessionEnded):
        first.desk().see(registry.search, registry.SearchQuery("quispe", 5))


def test_nobody_goes_on_in_a_session_or_a_role_that_is_not_theirs(log_in: LogIn) -> None:
    mine, other = log_in("lpaz"), log_in("jibarra")
    with mine.engine.connect() as line, pytest.raises(DBAPIError, match="session has ended"):
        line.execute(text("SELECT access.resume(:id)"), {"id": other.entered.id})
    with pytest.raises(NoRole):
        mine.acting(replace(mine.actor.at, role=Role.ADMINISTRADOR))
    with mine.engine.begin() as line:
        line.execute(text("SELECT access.leave(:id, 'logout')"), {"id": other.entered.id})
    other.engine.dispose()
    other.desk().see(registry.search, registry.SearchQuery("quispe", 5))


# Closing a login


@contextmanager
def closed(desk: Session, username: str) -> Iterator[None]:
    """The login, closed meanwhile; opened again at the end."""
    order = admin.EnableUser(username=username, enabled=False)
    admin.closing(desk.desk(), admin.enable_user, order)
    try:
        yield
    finally:
        desk.desk().do(admin.enable_user, admin.EnableUser(username=username, enabled=True))


def lines_of(network: Network, username: str) -> int:
    question = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'u_' || :name"
    with network.owner.connect() as owner:
        return int(owner.execute(text(question), {"name": username}).scalar_one())


def test_closing_a_login_ends_what_sits_idle_listens_or_runs(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    idle, listening, busy = (log_in("secre") for _ in range(3))
    line = db.listener(listening.engine)
    line.execute("LISTEN clinicdesk")
    ended: list[float] = []

    def wait_long() -> None:
        with suppress(DBAPIError), busy.engine.connect() as own:
            own.execute(text("SELECT pg_sleep(14)"))
        ended.append(time.monotonic())

    work = threading.Thread(target=wait_long)
    work.start()
    while not running(network, "pg_sleep"):
        time.sleep(0.02)
    start = time.monotonic()
    with closed(as_admin, "secre"):
        work.join(5)
        assert ended
        assert ended[0] - start < 5
        assert lines_of(network, "secre") == 0
        with pytest.raises(psycopg.OperationalError):
            line.execute("SELECT 1")
        for session in (idle, listening, busy):
            with pytest.raises(SessionEnded):
                session.desk().see(registry.search, registry.SearchQuery("quispe", 5))
        with pytest.raises(LoginRefused):
            log_in("secre")
        assert groups(network, "secre") == set()
    log_in("secre").desk().see(registry.search, registry.SearchQuery("quispe", 5))


def running(network: Network, words: str) -> bool:
    question = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE state = 'active' AND query LIKE :words AND pid <> pg_backend_pid()"
    )
    with network.owner.connect() as owner:
        return bool(owner.execute(text(question), {"words": f"SELECT {words}%"}).scalar_one())


def test_a_connection_that_slips_in_before_the_commit_reads_nothing_and_is_ended(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    """The order is made by hand here, so that a connection can be opened between its sweep and its commit."""
    with log_in("gestion").engine.connect() as before:
        before.execute(text("SELECT count(*) FROM patients"))
    dsn = raw_login(network, "gestion")
    with as_admin.engine.connect() as order:
        order.execute(text("SELECT access.enable_login('gestion', false)"))
        late = psycopg.connect(dsn, autocommit=True)
        late.execute("SELECT count(*) FROM public.patients")
        outcome: list[type[Exception] | None] = []
        entering = threading.Thread(target=lambda: outcome.append(tried(log_in)))
        entering.start()
        while not running(network, "access.demand_open"):
            time.sleep(0.02)
        order.commit()
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            late.execute("SELECT count(*) FROM public.patients")
        entering.join(10)
        assert outcome == [SessionEnded], "whoever was coming in waited for the commit and was refused"
        assert as_admin.desk().do(admin.sweep, admin.Sweep()).ended >= 1
        with pytest.raises(psycopg.OperationalError):
            late.execute("SELECT 1")
        assert lines_of(network, "gestion") == 0
    finally:
        as_admin.desk().do(admin.enable_user, admin.EnableUser(username="gestion", enabled=True))


def raw_login(network: Network, username: str) -> str:
    """What connects as a person past the program, as psql does."""
    session = network.log_in(username)
    session.close()
    return db.conninfo(network.url, rules.role_of(username), session.secret, "prueba")


def tried(log_in: LogIn) -> type[Exception] | None:
    try:
        log_in("gestion")
    except Refusal as refusal:
        return type(refusal)
    return None


def test_who_logs_in_over_and_over_is_out_within_a_second(network: Network, as_admin: Session) -> None:
    dsn = raw_login(network, "vmora")
    stop, seen = threading.Event(), []

    def knock() -> None:
        while not stop.is_set():
            with suppress(psycopg.Error), psycopg.connect(dsn, autocommit=True) as line:
                while not stop.is_set():
                    line.execute("SELECT count(*) FROM public.patients")
                    seen.append(time.monotonic())

    knocking = [threading.Thread(target=knock) for _ in range(3)]
    for each in knocking:
        each.start()
    while len(seen) < 50:
        time.sleep(0.02)
    try:
        as_admin.desk().do(admin.enable_user, admin.EnableUser(username="vmora", enabled=False))
        committed = time.monotonic()
        time.sleep(1.5)
        late = [when for when in seen if when > committed + 1.0]
        assert late == [], "an answer later than a second after the commit"
        as_admin.desk().do(admin.sweep, admin.Sweep())
        deadline = committed + 5
        while lines_of(network, "vmora") and time.monotonic() < deadline:
            time.sleep(0.05)
            as_admin.desk().do(admin.sweep, admin.Sweep())
        assert lines_of(network, "vmora") == 0
    finally:
        stop.set()
        for each in knocking:
            each.join(10)
        as_admin.desk().do(admin.enable_user, admin.EnableUser(username="vmora", enabled=True))
