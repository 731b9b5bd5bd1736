"""How many passwords may be tried, by whom and from where; and that the owner of an account still gets in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import gate
from clinicdesk.clinic.access.administration import EnableUser, enable_user
from clinicdesk.clinic.access.errors import LoginRefused, TooManyTries
from clinicdesk.kit import db, secrets
from tests.factories import PASSWORD, Network

LogIn = Callable[..., Session]
WRONG = "no es la clave"
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def fresh_gate(network: Network) -> None:
    """Nobody has tried anything yet, and nobody is known anywhere."""
    owner_runs(network, "DELETE FROM gate_attempts")
    owner_runs(network, "DELETE FROM known_origins")


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names whose password was tried at the server."""
    tried: list[str] = []
    connect = gate.connect

    def counting(url: str, username: str, secret: str):  # type: ignore[no-untyped-def]
        tried.append(username)
        return connect(url, username, secret)

    monkeypatch.setattr(gate, "connect", counting)
    return tried


def owner_runs(network: Network, statement: str, **values: object) -> int:
    """A statement of the owner's; the rows it changed or found."""
    with network.owner.begin() as owner:
        return int(owner.execute(text(statement), values).rowcount)


def tried(network: Network, user: str, origin: str, password: str = WRONG) -> str:
    """What a login says: "" where it goes well."""
    try:
        bootstrap.log_in(network.url, user, password, host=origin).close()
    except (LoginRefused, TooManyTries) as refusal:
        return str(refusal)
    return ""


def test_of_a_hundred_wrong_passwords_at_one_place_five_are_tried_and_the_owner_gets_in_elsewhere(
    network: Network, reached: list[str]
) -> None:
    told = [tried(network, "msosa", "atacante") for _ in range(100)]
    assert reached == ["msosa"] * 5
    assert [line[-12:] for line in told[:5]] == [f" Van {n} de 5." for n in range(1, 6)]
    assert set(told[5:]) == {told[5]}
    assert "15 min" in told[5]
    assert tried(network, "msosa", "un puesto nunca visto", PASSWORD) == ""


def test_of_a_hundred_from_as_many_places_ten_are_tried_and_the_owner_gets_in_where_they_are_known(
    network: Network, reached: list[str]
) -> None:
    assert tried(network, "msosa", "recepción-1", PASSWORD) == ""
    reached.clear()
    for number in range(100):
        assert tried(network, "msosa", f"lugar {number}")
    assert reached == ["msosa"] * 10
    assert tried(network, "msosa", "lugar 777", PASSWORD), "elsewhere even the right one has to wait"
    assert tried(network, "msosa", "recepción-1", PASSWORD) == ""
    assert tried(network, "lpaz", "lugar 777", PASSWORD) == "", "another's account is not touched"


def test_many_at_once_are_no_more_than_many_in_a_row(network: Network, reached: list[str]) -> None:
    with ThreadPoolExecutor(16) as crowd:
        told = list(crowd.map(lambda _n: tried(network, "msosa", "atacante"), range(32)))
    assert all(told)
    assert len(reached) == 5
    ask, line = (
        "SELECT * FROM gate.begin('msosa', 'atacante')",
        db.conninfo(network.url, *gate.LOGIN, "prueba"),
    )
    with psycopg.connect(line) as one, psycopg.connect(line) as other:
        one.execute(ask)  # and has not committed: whoever asks beside it waits, on any machine
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(ask)


def test_the_same_person_many_times_at_once_waits_and_gets_in(network: Network) -> None:
    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(lambda _n: tried(network, "msosa", "guion", PASSWORD), range(12))) == {""}


def test_a_made_up_name_is_answered_and_counted_like_a_real_one(network: Network) -> None:
    for user in ("msosa", "nadie.asi"):
        owner_runs(network, "DELETE FROM gate_attempts")
        one_place = [tried(network, user, "atacante") for _ in range(7)]
        many = [tried(network, user, f"lugar {number}") for number in range(8)]
        rows = owner_runs(network, "SELECT FROM gate_attempts WHERE username = :user", user=user)
        told = (one_place, many, rows)
        if user == "msosa":
            real = told
    assert told == real
    assert rows == 10


def test_one_place_cannot_try_one_password_on_everybody(network: Network, reached: list[str]) -> None:
    owner_runs(
        network,
        "INSERT INTO gate_attempts (username, origin, known, failed_at)"
        " SELECT 'u' || n, 'atacante', false, clock_timestamp() FROM generate_series(1, 60) n",
    )
    assert "Demasiados" in tried(network, "msosa", "atacante")
    assert reached == []
    assert tried(network, "msosa", "otro lugar", PASSWORD) == ""


def test_the_table_of_tries_stays_bounded_and_known_places_stay_open(network: Network) -> None:
    assert tried(network, "msosa", "recepción-1", PASSWORD) == ""
    owner_runs(
        network,
        "INSERT INTO gate_attempts (username, origin, known, failed_at)"
        " SELECT 'u' || n, 'o' || n, false, clock_timestamp() FROM generate_series(1, 20000) n",
    )
    assert "Demasiados" in tried(network, "nadie.asi", "un lugar")
    assert tried(network, "msosa", "recepción-1", PASSWORD) == ""
    assert owner_runs(network, "SELECT FROM gate_attempts") == 20000


def test_tries_are_forgotten_after_a_quarter_of_an_hour(network: Network) -> None:
    for _ in range(6):
        assert tried(network, "msosa", "atacante")
    owner_runs(network, "UPDATE gate_attempts SET at = at - interval '15 minutes 1 second'")
    assert tried(network, "msosa", "atacante").endswith("Van 1 de 5.")
    assert owner_runs(network, "SELECT FROM gate_attempts") == 1, "what counts no more is gone"


def test_a_login_clears_the_tries_of_its_place_and_no_others(network: Network) -> None:
    for origin in ("recepción-1", "atacante"):
        for _ in range(4):
            assert tried(network, "msosa", origin)
    assert tried(network, "msosa", "recepción-1", PASSWORD) == ""
    assert tried(network, "msosa", "recepción-1").endswith("Van 1 de 5.")
    assert tried(network, "msosa", "atacante").endswith("Van 5 de 5.")


def test_typing_the_password_again_counts_and_clears_the_same_way(network: Network, log_in: LogIn) -> None:
    session = log_in("msosa")
    for _ in range(4):
        with pytest.raises(LoginRefused):
            session.prove(WRONG)
    session.prove(PASSWORD)
    with pytest.raises(LoginRefused, match="Van 1 de 5"):
        session.prove(WRONG)


def test_only_the_persons_own_login_says_that_a_ticket_was_good(network: Network, log_in: LogIn) -> None:
    ticket = gate.ticket_for(network.url, "msosa", "atacante")
    statement = text("SELECT gate.arrived(:ticket)")
    with log_in("lpaz").engine.begin() as other:
        other.execute(statement, {"ticket": ticket.id})
    assert owner_runs(network, "SELECT FROM gate_attempts WHERE ticket = :id", id=ticket.id) == 1
    with (
        psycopg.connect(db.conninfo(network.url, *gate.LOGIN, "prueba")) as line,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        line.execute("SELECT gate.arrived(%s)", (ticket.id,))
    with log_in("msosa").engine.begin() as own:
        own.execute(statement, {"ticket": ticket.id})
    assert owner_runs(network, "SELECT FROM gate_attempts WHERE ticket = :id", id=ticket.id) == 0
    known = "SELECT FROM known_origins WHERE username = 'msosa' AND origin = 'atacante'"
    assert owner_runs(network, known) == 1


def test_a_person_keeps_fifty_known_places(network: Network, log_in: LogIn) -> None:
    own = log_in("msosa").engine
    for number in range(55):
        ticket = gate.ticket_for(network.url, "msosa", f"puesto {number}")
        with own.begin() as connection:
            connection.execute(text("SELECT gate.arrived(:ticket)"), {"ticket": ticket.id})
    assert owner_runs(network, "SELECT FROM known_origins WHERE username = 'msosa'") == 50
    assert owner_runs(network, "SELECT FROM known_origins WHERE origin = 'puesto 54'") == 1


def test_administration_gives_tries_back(network: Network, log_in: LogIn) -> None:
    for _ in range(6):
        assert tried(network, "msosa", "atacante")
    with log_in("admin").engine.begin() as admin:
        admin.execute(text("SELECT gate.forgive('msosa')"))
    assert tried(network, "msosa", "atacante", PASSWORD) == ""


def acts(network: Network, since: object) -> list[tuple[object, ...]]:
    """What the gate has told the audit, without the keys and times."""
    statement = (
        "SELECT what, subject, host, outcome, refusal FROM acts"
        " WHERE person = 'k_gate' AND at > :since ORDER BY at"
    )
    with network.owner.connect() as owner:
        return [tuple(row) for row in owner.execute(text(statement), {"since": since})]


def test_every_refused_login_is_an_act_and_being_shut_out_is_one(network: Network) -> None:
    with network.owner.connect() as owner:
        since = owner.execute(text("SELECT clock_timestamp()")).scalar_one()
    for user in ("msosa", "nadie.asi"):
        for _ in range(8):
            assert tried(network, user, "atacante")
    refused = [("login.refused", user, "atacante", "refused", "LoginRefused") for user in ("msosa",) * 5]
    blocked = [("login.blocked", "msosa", "atacante", "refused", "TooManyTries")]
    unknown = [(what, "nadie.asi", *rest) for what, _user, *rest in refused + blocked]
    assert acts(network, since) == refused + blocked + unknown


def test_a_ticket_is_told_once(network: Network) -> None:
    ticket = gate.ticket_for(network.url, "msosa", f"puesto {uuid4()}")
    for _ in range(3):
        gate.failed(network.url, ticket)
    mine = "SELECT FROM acts WHERE what = 'login.refused' AND host = (SELECT origin FROM gate_attempts)"
    assert owner_runs(network, mine) == 1


@pytest.fixture
def disabled(log_in: LogIn) -> Iterator[str]:
    """A login that administration has closed for this test."""
    admin = log_in("admin").desk()
    admin.do(enable_user, EnableUser(username="secre", enabled=False))
    yield "secre"
    admin.do(enable_user, EnableUser(username="secre", enabled=True))


def test_wrong_unknown_and_disabled_do_the_same_work(
    network: Network, disabled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same text, same slow hashes, same questions to the gate, same tries at the server."""
    work: list[str] = []

    def watched(name: str, module: object) -> None:
        real = getattr(module, name)

        def counting(*args: object, **named: object) -> object:
            work.append(name)
            return real(*args, **named)

        monkeypatch.setattr(module, name, counting)

    watched("derived", secrets)
    watched("ask", gate)
    watched("connect", gate)
    seen = []
    for user, password in (
        ("msosa", WRONG),
        (f"nadie{next(_numbers)}", WRONG),
        (f"nadie{next(_numbers)}", PASSWORD),
        (f"O'Nadie \0{next(_numbers)}", PASSWORD),
        (disabled, PASSWORD),
    ):
        work.clear()
        seen.append((tried(network, user, f"puesto {next(_numbers)}", password), tuple(work)))
    assert seen == [("La clave no es correcta. Revisar mayúsculas y volver a escribirla. Van 1 de 5.",
                     ("ask", "derived", "connect", "ask"))] * 5  # fmt: skip
