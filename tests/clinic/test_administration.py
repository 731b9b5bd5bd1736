"""Administration on the real database: rights by clinic, ends, nobody helps themselves, closing a login."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration as admin
from clinicdesk.clinic.access import rules
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
    UserNotFound,
    VerbUnknown,
)
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.rights import GROUP_PERMISSION, GROUP_ROLE, Effect, Permission
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal, SessionEnded
from tests.clinic.administering import LogIn, age, at, clear, expire, give, groups, right, take
from tests.factories import PASSWORD, Network

SOON = timedelta(days=1)


@pytest.fixture
def as_admin(log_in: LogIn) -> Session:
    """Whoever administers."""
    return log_in("admin")


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
