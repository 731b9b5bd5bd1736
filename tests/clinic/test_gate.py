"""The gate: names that cannot be, a crowd at the door, and what anybody can do to a known password."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk import bootstrap
from clinicdesk.clinic.access import gate as door
from clinicdesk.clinic.access import health
from clinicdesk.clinic.access.errors import GateFull, LoginRefused, NotInstalled
from clinicdesk.kit import db, migrate
from clinicdesk.kit.errors import Refusal
from tests.factories import PASSWORD, Network

WRONG = ["\x00", "a\x00", "\ud800", "o'x", '"', "", "x" * 70, "x" * 100_000, "ñandú", "u_msosa"]


@pytest.mark.parametrize("name", WRONG, ids=[ascii(name[:8]) for name in WRONG])
def test_whatever_is_no_username_is_refused_like_a_wrong_password(network: Network, name: str) -> None:
    with pytest.raises(LoginRefused):
        bootstrap.log_in(network.url, name, PASSWORD, host="prueba")


@pytest.mark.parametrize("typed", ["\x00", "\ud800", "x" * 100_000, ""])
def test_any_wrong_password_is_refused_in_the_same_words(network: Network, typed: str) -> None:
    with pytest.raises(LoginRefused):
        bootstrap.log_in(network.url, "msosa", typed, host="prueba")


def at_the_gate(network: Network) -> psycopg.Connection[tuple[object, ...]]:
    """A connection with the password that everybody knows."""
    return psycopg.connect(db.conninfo(network.url, *door.LOGIN, "prueba"), autocommit=True)


def test_who_finds_the_gate_full_waits_for_a_place(network: Network) -> None:
    # The server lets go of an earlier test's places a moment after they were left.
    held = [db.when_there_is_room(lambda: at_the_gate(network)) for _ in range(20)]

    def go() -> None:
        for each in held:
            each.close()

    leave = threading.Timer(0.4, go)
    with pytest.raises(psycopg.OperationalError):
        at_the_gate(network)
    leave.start()
    try:
        session = network.log_in("msosa")
        session.close()
    finally:
        leave.join()
    assert session.actor.username == "msosa"


def test_an_upgrade_repairs_a_gate_that_somebody_shut(network: Network) -> None:
    with at_the_gate(network) as gate:
        gate.execute("ALTER ROLE k_gate SET local_preload_libraries = 'nothing'")
        gate.execute("ALTER ROLE k_gate PASSWORD 'otra'")
    try:
        with pytest.raises(Refusal) as shut:
            network.log_in("msosa")
        assert isinstance(shut.value, NotInstalled)
        assert health.at_the_gate(network.url).refusal
    finally:
        migrate.upgrade(network.owner)
    network.log_in("msosa").close()
    assert health.at_the_gate(network.url) == health.GateFacts("", "C")


def test_a_full_gate_is_told_from_a_broken_line(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "_ROOM_PAUSES_SECONDS", (0.05,))
    held = [at_the_gate(network) for _ in range(20)]
    try:
        with pytest.raises(GateFull, match="La entrada está llena"):
            network.log_in("msosa")
    finally:
        for each in held:
            each.close()


OPEN_TO_NOBODY = [
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_xact_lock(1, 2)",
    "SELECT pg_notify('clinicdesk', 'x')",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "CREATE TEMP TABLE mine (i int)",
    "CREATE TABLE public.mine (i int)",
    "SELECT username FROM public.logins",
    "SELECT * FROM public.gate_attempts",
    "SELECT gate.forgive('msosa')",
    "SELECT gate.succeeded('msosa', gen_random_uuid())",
    "SELECT access.replace_password('msosa', 'x', 'x', false)",
    "SELECT gate.words_of('msosa')",
    "SELECT gate.salt_of('msosa')",
]


@pytest.mark.parametrize("statement", OPEN_TO_NOBODY, ids=lambda text: text[:48])
def test_the_known_password_opens_nothing_else(network: Network, statement: str) -> None:
    with at_the_gate(network) as gate, pytest.raises(psycopg.errors.InsufficientPrivilege):
        gate.execute(statement)


def test_people_lock_and_notify_as_their_work_needs(network: Network) -> None:
    session = network.log_in("msosa")
    with session.engine.connect() as line:
        for allowed in ("SELECT pg_advisory_xact_lock(1)", "SELECT pg_notify('clinicdesk', 'x')"):
            line.execute(text(allowed))
    with session.engine.connect() as line, pytest.raises(DBAPIError, match="permission denied"):
        line.execute(text("SELECT lo_create(0)"))
    session.close()


def test_who_stays_at_the_gate_is_shown_out(network: Network) -> None:
    with at_the_gate(network) as gate:
        asked = "SELECT current_setting('idle_session_timeout')"
        row = gate.execute(asked).fetchone()
        assert row == ("30s",)
