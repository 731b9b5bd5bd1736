"""Administration on the real database: rights by clinic, ends, nobody helps themselves, closing a login."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration as admin
from clinicdesk.clinic.access import queries, rules
from clinicdesk.clinic.access.errors import (
    DateGone,
    LastAdministrator,
    LoginRefused,
    NoRole,
    NotHeld,
    OwnLogin,
    OwnRights,
    RoleBeforeRight,
    RoleUnknown,
    ServiceHasNoRole,
    SessionNotFound,
    UserNotFound,
    VerbUnknown,
)
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.rights import GROUP_PERMISSION, GROUP_ROLE, Effect, Permission, Role
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.kit import clock, db
from clinicdesk.kit.errors import Refusal, SessionEnded
from tests.factories import PASSWORD, Network

LogIn = Callable[..., Session]
SOON = timedelta(days=1)


@pytest.fixture
def as_admin(log_in: LogIn) -> Session:
    """Whoever administers."""
    return log_in("admin")


def at(network: Network, username: str, clinic: int = 0) -> dict[str, Any]:
    """What an order about somebody at a clinic begins with."""
    code = ("NORTE", "SUR")[clinic]
    return {"username": username, "clinic_id": network.clinic_ids[clinic], "clinic": code}


def give(desk: Session, network: Network, username: str, role: str, clinic: int = 0, **more: Any) -> None:
    desk.desk().do(admin.give_role, admin.GiveRole(**at(network, username, clinic), role=role, **more))


def take(desk: Session, network: Network, username: str, role: str, clinic: int = 0) -> None:
    desk.desk().do(admin.take_role, admin.TakeRole(**at(network, username, clinic), role=role))


def right(
    desk: Session,
    network: Network,
    username: str,
    permission: Permission,
    effect: Effect,
    clinic: int = 0,
    **more: Any,
) -> None:
    order = admin.SetRight(**at(network, username, clinic), permission=permission, effect=effect, **more)
    desk.desk().do(admin.set_right, order)


def clear(desk: Session, network: Network, username: str, permission: Permission, clinic: int = 0) -> None:
    desk.desk().do(
        admin.clear_right, admin.ClearRight(**at(network, username, clinic), permission=permission)
    )


def groups(network: Network, username: str) -> set[str]:
    """The group roles that a login holds itself."""
    with network.owner.connect() as owner:
        return set(
            owner.execute(text("SELECT unnest(access.groups_held(:name))"), {"name": username}).scalars()
        )


def age(network: Network, statement: str, **values: Any) -> None:
    """Let time pass for a row: as the owner, since no person can."""
    with network.owner.begin() as owner:
        owner.execute(text(statement), values)


# Rights by clinic


def test_a_role_given_at_another_clinic_holds_there_alone(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    give(as_admin, network, "cruiz", "medico", 1)
    try:
        assert groups(network, "cruiz") == {"k_admision", "k_medico"}
        there, here = log_in("cruiz", clinic="SUR"), log_in("cruiz", clinic="NORTE")
        assert there.actor.may(Permission.CHART_READ)
        assert not here.actor.may(Permission.CHART_READ)
        assert here.actor.may(Permission.TURN_ADMIT)
        assert not there.actor.may(Permission.TURN_ADMIT)
        assert there.acting(here.actor.at).actor.may(Permission.TURN_ADMIT)
    finally:
        take(as_admin, network, "cruiz", "medico", 1)
    assert groups(network, "cruiz") == {"k_admision"}
    with pytest.raises(NoRole):
        log_in("cruiz", clinic="SUR")


def test_a_single_right_works_in_the_program_and_in_the_database(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    asked = agenda.DayQuery(network.clinic_ids[0], clock.now().date())
    with pytest.raises(NotAllowed):
        as_admin.desk().see(agenda.day_turns, asked)
    give(as_admin, network, "gestion", "administrador")
    right(log_in("gestion", role="administrador"), network, "admin", Permission.TURN_READ, Effect.GRANT)
    try:
        assert groups(network, "admin") == {"k_admin", "k_gestion"}
        log_in("admin").desk().see(agenda.day_turns, asked)
    finally:
        clear(log_in("gestion", role="administrador"), network, "admin", Permission.TURN_READ)
        take(log_in("admin"), network, "gestion", "administrador")
    assert groups(network, "admin") == {"k_admin"}


def test_a_denial_holds_at_its_clinic_and_ends_the_sessions_that_know_of_none(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    give(as_admin, network, "rleon", "admisionista", 1)
    before = log_in("rleon", clinic="NORTE")
    query = registry.SearchQuery("quispe", 5)
    before.desk().see(registry.search, query)
    right(as_admin, network, "rleon", Permission.PATIENT_READ, Effect.DENY, reason="prueba")
    try:
        with pytest.raises(SessionEnded):
            before.desk().see(registry.search, query)
        with pytest.raises(NotAllowed):
            log_in("rleon", clinic="NORTE").desk().see(registry.search, query)
        log_in("rleon", clinic="SUR").desk().see(registry.search, query)
    finally:
        clear(as_admin, network, "rleon", Permission.PATIENT_READ)
        take(as_admin, network, "rleon", "admisionista", 1)
    log_in("rleon").desk().see(registry.search, query)


def test_nobody_reads_the_denials_of_another(log_in: LogIn) -> None:
    for table in ("personal_rights", "sessions", "session_lines"):
        with log_in("lpaz").engine.connect() as line, pytest.raises(DBAPIError, match="permission denied"):
            line.execute(text(f"SELECT * FROM {table}"))
    with log_in("admin").engine.connect() as line:
        assert line.execute(text("SELECT count(*) FROM sessions")).scalar_one() > 0


def test_the_database_maps_roles_and_rights_to_the_same_groups(network: Network) -> None:
    with network.owner.connect() as owner:
        found = owner.execute(text("SELECT access.group_map()")).scalar_one()
    assert found == {"roles": dict(GROUP_ROLE), "permissions": dict(GROUP_PERMISSION)}


def test_what_is_asked_for_must_make_sense(network: Network, as_admin: Session) -> None:
    with pytest.raises(RoleUnknown):
        give(as_admin, network, "msosa", "servicio")
    with pytest.raises(UserNotFound, match="«nadie»"):
        give(as_admin, network, "nadie", "medico")
    with pytest.raises(DateGone):
        give(as_admin, network, "msosa", "medico", until=clock.now() - SOON)
    with pytest.raises(NotHeld):
        take(as_admin, network, "msosa", "medico")
    with pytest.raises(NotHeld):
        clear(as_admin, network, "msosa", Permission.TURN_OVERBOOK)
    with pytest.raises(RoleBeforeRight) as refused:
        right(as_admin, network, "msosa", Permission.TURN_OVERBOOK, Effect.GRANT, 1)
    assert "«msosa» no tiene un rol en SUR" in str(refused.value)


# Ends


def test_a_role_that_ran_out_holds_neither_in_the_program_nor_in_the_database(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    give(as_admin, network, "ncano", "medico", until=clock.now() + SOON)
    lent = log_in("ncano", role="medico")
    assert lent.actor.may(Permission.CHART_READ)
    late = Desk(lent.engine, lent.actor, now=lambda: clock.now() + 2 * SOON)
    with pytest.raises(NotAllowed):
        late.see(agenda.day_turns, agenda.DayQuery(network.clinic_ids[0], clock.now().date()))
    age(
        network,
        "UPDATE clinic_roles SET until = now() - interval '1 s' WHERE role = 'medico' AND until IS NOT NULL",
    )
    with pytest.raises(NoRole):
        log_in("ncano", role="medico")
    assert groups(network, "ncano") == {"k_admision", "k_medico"}, "nobody has looked yet"
    log_in("ncano")
    assert groups(network, "ncano") == {"k_admision"}, "whoever comes in is looked at"
    take(as_admin, network, "ncano", "medico")


def test_a_right_that_ran_out_counts_no_more(network: Network, as_admin: Session, log_in: LogIn) -> None:
    right(as_admin, network, "ncano", Permission.REPORT_READ, Effect.GRANT, until=clock.now() + SOON)
    assert log_in("ncano").actor.may(Permission.REPORT_READ)
    assert not log_in("ncano").actor.may(Permission.REPORT_READ, clock.now() + 2 * SOON)
    age(network, "UPDATE personal_rights SET until = now() - interval '1 s' WHERE permission = 'report.read'")
    assert not log_in("ncano").actor.may(Permission.REPORT_READ)
    assert groups(network, "ncano") == {"k_admision"}
    clear(as_admin, network, "ncano", Permission.REPORT_READ)


def test_a_login_that_ran_out_is_refused_by_the_server_itself(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    expire(as_admin, "vmora", clock.now() + timedelta(seconds=1.5))
    session = log_in("vmora")
    time.sleep(1.6)
    with pytest.raises(SessionEnded):
        session.desk().see(registry.search, registry.SearchQuery("quispe", 5))
    with pytest.raises(LoginRefused):
        log_in("vmora")
    with pytest.raises(DateGone):
        expire(as_admin, "vmora", clock.now() - SOON)
    expire(as_admin, "vmora", None)
    log_in("vmora").desk().see(registry.search, registry.SearchQuery("quispe", 5))


def expire(desk: Session, username: str, until: datetime | None) -> None:
    desk.desk().do(admin.expire_user, admin.ExpireUser(username=username, until=until))


# Nobody helps themselves, somebody is left


def test_nobody_gives_themselves_anything(network: Network, as_admin: Session) -> None:
    attempts: list[Callable[[], None]] = [
        lambda: give(as_admin, network, "admin", "medico"),
        lambda: right(as_admin, network, "admin", Permission.CHART_READ, Effect.GRANT),
        lambda: expire(as_admin, "admin", None),
    ]
    for attempt in attempts:
        with pytest.raises(OwnRights):
            attempt()
    assert groups(network, "admin") == {"k_admin"}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT access.give_role('admin', {clinic}, 'medico', NULL)",
        "SELECT access.set_right('admin', {clinic}, 'chart.read', 'grant', NULL, NULL)",
        "INSERT INTO clinic_roles (person_id, clinic_id, role) VALUES ({person}, {clinic}, 'medico')",
        "INSERT INTO personal_rights (person_id, clinic_id, permission, effect)"
        " VALUES ({person}, {clinic}, 'chart.read', 'grant')",
        "SELECT access.follow_rights('admin')",
        "SELECT access.cut('msosa', NULL)",
        "SELECT access.role_open('msosa', true, NULL)",
        "UPDATE logins SET kind = 'person', expires_at = NULL",
        "UPDATE sessions SET ended_at = NULL",
    ],
)
def test_nor_by_raw_sql(network: Network, as_admin: Session, statement: str) -> None:
    filled = statement.format(clinic=network.clinic_ids[0], person=network.person_ids["admin"])
    with as_admin.engine.connect() as line, pytest.raises(DBAPIError, match=r"permission denied|themselves"):
        line.execute(text(filled))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT access.give_role('msosa', {clinic}, 'medico', NULL)",
        "SELECT access.end_session('admin', NULL)",
        "SELECT access.enable_login('admin', false)",
        "SELECT access.sweep()",
        "SELECT * FROM access.live_sessions()",
    ],
)
def test_who_does_not_administer_changes_nobody(network: Network, log_in: LogIn, statement: str) -> None:
    for username in ("msosa", "lpaz", "gestion"):
        line = log_in(username).engine.connect()
        with line, pytest.raises(DBAPIError, match="permission denied"):
            line.execute(text(statement.format(clinic=network.clinic_ids[0])))


def test_a_group_alone_does_not_make_an_administrator(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    """`site.manage` brings k_admin, yet whoever holds it manages no logins: the rows decide."""
    right(as_admin, network, "secre", Permission.SITE_MANAGE, Effect.GRANT)
    try:
        assert "k_admin" in groups(network, "secre")
        with log_in("secre").engine.connect() as line, pytest.raises(DBAPIError, match="needs k_admin"):
            line.execute(text(f"SELECT access.give_role('msosa', {network.clinic_ids[0]}, 'medico', NULL)"))
    finally:
        clear(as_admin, network, "secre", Permission.SITE_MANAGE)


def test_the_last_administrator_stays(network: Network, as_admin: Session, log_in: LogIn) -> None:
    give(as_admin, network, "gestion", "administrador", until=clock.now() + SOON)
    other = log_in("gestion", role="administrador")
    with pytest.raises(LastAdministrator):
        take(as_admin, network, "admin", "administrador")
    for attempt in (
        lambda: take(other, network, "admin", "administrador"),
        lambda: right(other, network, "admin", Permission.USER_MANAGE, Effect.DENY),
        lambda: expire(other, "admin", clock.now() + SOON),
        lambda: other.desk().do(admin.enable_user, admin.EnableUser(username="admin", enabled=False)),
        lambda: give(other, network, "admin", "administrador", until=clock.now() + SOON),
    ):
        with pytest.raises(LastAdministrator):
            attempt()
    give(as_admin, network, "gestion", "administrador")
    take(other, network, "admin", "administrador")
    give(other, network, "admin", "administrador")
    take(log_in("admin"), network, "gestion", "administrador")
    with pytest.raises(OwnLogin):
        log_in("admin").desk().do(admin.enable_user, admin.EnableUser(username="admin", enabled=False))


def test_two_administrators_who_close_each_other_leave_one(
    network: Network, as_admin: Session, log_in: LogIn
) -> None:
    give(as_admin, network, "gestion", "administrador")
    other = log_in("gestion", role="administrador")
    answers: list[str] = []
    start = threading.Barrier(2)

    def close(desk: Session, username: str) -> None:
        start.wait()
        try:
            desk.desk().do(admin.enable_user, admin.EnableUser(username=username, enabled=False))
            answers.append("closed")
        except Refusal as refusal:
            answers.append(refusal.code)

    both = [threading.Thread(target=close, args=each) for each in ((as_admin, "gestion"), (other, "admin"))]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    with network.owner.begin() as owner:
        left = owner.execute(
            text("SELECT username FROM logins WHERE disabled_at IS NULL AND username IN ('admin', 'gestion')")
        )
        assert len(left.all()) == 1, answers
        for username in ("admin", "gestion"):
            owner.execute(text("SELECT access.enable_login(:name, true)"), {"name": username})
    assert "closed" in answers
    take(log_in("admin"), network, "gestion", "administrador")


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


# Accounts for scripts


def test_an_account_for_scripts_holds_its_verbs_alone(network: Network, as_admin: Session) -> None:
    order = admin.NewService(
        **at(network, "guion.importa"), name="Importación nocturna", verbs=("import",), password=PASSWORD
    )
    as_admin.desk().do(admin.add_service, order)
    assert groups(network, "guion.importa") == {"k_importacion", "k_staff"}
    session = network.log_in("guion.importa")
    try:
        assert session.actor.is_service
        assert {each for each in Permission if session.actor.may(each)} == rules.permissions_of(["import"])
        for statement in ("SELECT * FROM patients", "SELECT * FROM notes", "SELECT access.sweep()"):
            with session.engine.connect() as line, pytest.raises(DBAPIError, match="permission denied"):
                line.execute(text(statement))
    finally:
        session.close()
    with pytest.raises(ServiceHasNoRole):
        give(as_admin, network, "guion.importa", "medico")
    with pytest.raises(VerbUnknown):
        as_admin.desk().do(admin.add_service, replace(order, key=admin.Sweep().key, verbs=("user",)))
