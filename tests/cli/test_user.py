"""`clinicdesk user`: people with access, and what the database lets each of them do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk import bootstrap
from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.access.model import logins
from clinicdesk.clinic.rights import GROUP_ROLE, STAFF_ROLES, Role
from tests.cli.conftest import Done
from tests.factories import Network, give_password

Cli = Callable[..., Done]
GIVEN = "clave provisoria"


@pytest.fixture
def add(cli: Cli) -> Callable[..., Done]:
    """`add("ana", "medico")`: the administrator adds somebody, who has a code and no password yet."""

    def made(user: str, role: str, *more: str) -> Done:
        names = ("--given", "Ana", "--family", "Núñez de la Fuente")
        return cli("admin", "user", "add", user, *names, "--role", role, "--json", *more)

    return made


def log_in(network: Network, user: str, password: str = GIVEN) -> bootstrap.Session:
    """A real login."""
    return bootstrap.log_in(network.url, user, password, host="prueba")


@pytest.mark.parametrize("role", list(STAFF_ROLES))
def test_a_person_of_each_role_can_log_in_and_belongs_to_its_group_alone(
    add: Callable[..., Done], network: Network, role: Role
) -> None:
    user = f"de.{role.value}"
    done = add(user, role.value)
    assert done.code == 0, done.err
    told = {name: done.data[name] for name in ("user", "role", "clinic")}
    assert told == {"user": user, "role": role.value, "clinic": "NORTE"}
    give_password(network, user, GIVEN, provisional=True)
    session = log_in(network, user)
    try:
        assert (session.actor.at.role, session.actor.at.clinic_code) == (role, "NORTE")
        assert session.actor.must_change_password
        with session.engine.connect() as connection:
            groups = text(
                "SELECT roleid::regrole::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
                " WHERE r.rolname = session_user"
            )
            assert connection.execute(groups).scalars().all() == [GROUP_ROLE[role]]
            attributes = text(
                "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication"
                " FROM pg_roles WHERE rolname = session_user"
            )
            assert connection.execute(attributes).scalar() is False
    finally:
        session.close()


# role → what its raw SQL may do, and what it may not
RAW = [
    ("msosa", "SELECT family FROM patients", "SELECT text FROM notes"),
    ("msosa", "SELECT state FROM turns", "SELECT reason FROM visits"),
    ("secre", "SELECT family FROM patients", "SELECT text FROM diagnoses"),
    ("lpaz", "SELECT text FROM notes", "UPDATE notes SET text = ''"),
    ("lpaz", "SELECT code FROM diagnoses", "DELETE FROM notes"),
    ("lpaz", "SELECT username FROM logins", "SELECT salt FROM logins"),
    ("enfe", "SELECT text FROM notes", "INSERT INTO notes (patient_id) VALUES (gen_random_uuid())"),
    ("gestion", "SELECT state FROM turns", "SELECT text FROM notes"),
    ("gestion", "SELECT state FROM turns", "DELETE FROM turns"),
    ("admin", "SELECT family FROM people", "SELECT family FROM patients"),
    ("admin", "SELECT family FROM people", "SELECT text FROM notes"),
    ("admin", "SELECT username FROM logins", "INSERT INTO logins (username) VALUES ('x')"),
    ("admin", "SELECT code FROM clinics", "CREATE ROLE mio"),
    ("msosa", "SELECT code FROM clinics", "SELECT access.enable_login('lpaz', false)"),
    ("msosa", "SELECT code FROM clinics", "SELECT * FROM acts"),
    ("lpaz", "SELECT family FROM patients", "SELECT n FROM patient_search"),
]


@pytest.mark.parametrize(("user", "may", "may_not"), RAW, ids=[f"{u}: {no[:34]}" for u, _may, no in RAW])
def test_a_role_holds_in_raw_sql_too(network: Network, user: str, may: str, may_not: str) -> None:
    session = network.log_in(user)
    try:
        with session.engine.connect() as connection:
            connection.execute(text(may))
        with session.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(may_not))
    finally:
        session.close()


def test_a_person_is_shown_and_listed_with_roles_by_clinic(cli: Cli, add: Callable[..., Done]) -> None:
    assert (
        add("vista", "medico", "--clinic", "SUR", "--license", "MP 4.512", "--specialty", "Pediatría").code
        == 0
    )
    shown = cli("admin", "user", "show", "vista", "--json").data
    assert shown["roles"] == [{"role": "medico", "clinic": "SUR"}]
    assert (shown["given"], shown["family"], shown["license"]) == ("Ana", "Núñez de la Fuente", "MP 4.512")
    assert (shown["enabled"], shown["must_change_password"]) == (True, True)
    rows = {row["user"]: row for row in cli("admin", "user", "list", "--json").rows}
    assert rows["vista"] | {"open_sessions": []} == shown
    assert rows["msosa"]["roles"] == [{"role": "admisionista", "clinic": "NORTE"}]
    lines = cli("admin", "user", "show", "vista").out.splitlines()
    assert lines[:3] == ["vista", "Nombre: Núñez de la Fuente, Ana", "Roles: medico SUR"]
    assert "vista" in cli("admin", "user", "list").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("msosa", "medico"), 5, "msosa"),
        (("Con Espacio", "medico"), 6, "de 2 a 31 minúsculas"),
        (("buena", "jefe"), 6, "admisionista"),
        (("buena", "medico", "--clinic", "ESTE"), 3, "ESTE"),
    ],
)
def test_what_cannot_be_added_is_said(
    add: Callable[..., Done], network: Network, words: tuple[str, ...], code: int, said: str
) -> None:
    done = add(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    with network.owner.connect() as owner:
        known = (
            select(func.count()).select_from(logins).where(logins.c.username.in_(["buena", "Con Espacio"]))
        )
        assert owner.execute(known).scalar() == 0


def test_a_role_left_over_in_the_cluster_is_not_taken_over(
    add: Callable[..., Done], network: Network
) -> None:
    with network.owner.begin() as owner:
        owner.execute(text("CREATE ROLE u_resto"))
    done = add("resto", "medico")
    assert done.code == 5
    assert "resto" in done.err
    with network.owner.begin() as owner:
        owner.execute(text("DROP ROLE u_resto"))


def test_only_administration_manages_people(cli: Cli) -> None:
    for words in (
        ("list",),
        ("show", "lpaz"),
        ("disable", "lpaz"),
        ("reset", "lpaz"),
        ("add", "otra", "--family", "X", "--role", "medico"),
    ):
        done = cli("lpaz", "user", *words)
        assert (done.code, done.out) == (4, ""), words
        assert "user.manage" in done.err


def test_the_same_key_adds_once(add: Callable[..., Done], network: Network) -> None:
    key = str(uuid4())
    first, second = add("repetida", "gestion", "--key", key), add("repetida", "gestion", "--key", key)
    assert (first.code, second.code) == (0, 0)
    assert first.data["code"]
    assert "user reset" in second.err, "the second order has drawn a code that opens nothing"
    assert second.data == {name: first.data[name] for name in ("user", "role", "clinic")}
    assert add("otra.mas", "gestion", "--key", key).code == 6


def test_disabling_ends_open_sessions_and_enabling_lets_in_again(
    cli: Cli, add: Callable[..., Done], network: Network
) -> None:
    assert add("sesion", "gestion").code == 0
    give_password(network, "sesion", GIVEN)
    session = log_in(network, "sesion")
    with session.engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        assert cli("admin", "user", "disable", "sesion", "--json").data == {
            "user": "sesion",
            "enabled": False,
        }
        with pytest.raises(DBAPIError, match=r"terminat|closed"):
            connection.execute(text("SELECT 1"))
    session.close()
    with pytest.raises(LoginRefused):
        log_in(network, "sesion")
    shown = cli("admin", "user", "show", "sesion", "--json").data
    assert shown["enabled"] is False
    assert shown["disabled_at"]
    assert cli("admin", "user", "enable", "sesion").code == 0
    log_in(network, "sesion").close()
    with network.owner.connect() as owner:
        held = text("SELECT pg_has_role('k_roles', 'u_sesion', 'USAGE')")
        assert owner.execute(held).scalar() is False, "k_roles keeps nothing of a person's"


def test_nobody_closes_their_own_login(cli: Cli) -> None:
    done = cli("admin", "user", "disable", "admin")
    assert done.code == 5
    assert cli("admin", "whoami").code == 0


@pytest.mark.parametrize("verb", ["show", "disable", "enable"])
def test_an_unknown_user_is_not_found(cli: Cli, verb: str) -> None:
    done = cli("admin", "user", verb, "nadie.asi")
    assert (done.code, done.out) == (3, "")
    assert "nadie.asi" in done.err


def test_a_password_comes_never_from_the_command_line(cli: Cli) -> None:
    for word in ("--password", "--pass", "-p"):
        assert cli("admin", "user", "reset", "lpaz", word, "una clave nueva").code == 2
        assert cli("admin", "user", "add", "otra", "--family", "X", "--role", "gestion", word, "x").code == 2


def test_no_verifier_reaches_the_servers_log(add: Callable[..., Done], network: Network) -> None:
    assert add("registro", "gestion").code == 0
    give_password(network, "registro", GIVEN)
    with network.owner.connect() as owner:
        log = str(owner.execute(text("SELECT current_setting('log_directory')")).scalar())
    said = "".join(path.read_text(errors="replace") for path in Path(log).glob("*.log"))
    assert "clinicdesk" in said
    assert "SCRAM-SHA-256$" not in said
    assert GIVEN not in said
