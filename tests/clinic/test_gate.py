"""The gate: names that cannot be, a crowd at the door, and what anybody can do to a known password."""

from __future__ import annotations

import threading

import psycopg
import pytest

from clinicdesk import bootstrap
from clinicdesk.clinic.access import gate as door
from clinicdesk.clinic.access.errors import LoginRefused, NotInstalled
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
    leave.start()
    try:
        network.log_in("msosa").close()
    finally:
        leave.join()


def test_an_upgrade_repairs_a_gate_that_somebody_shut(network: Network) -> None:
    with at_the_gate(network) as gate:
        gate.execute("ALTER ROLE k_gate SET local_preload_libraries = 'nothing'")
        gate.execute("ALTER ROLE k_gate PASSWORD 'otra'")
    try:
        with pytest.raises(Refusal) as shut:
            network.log_in("msosa")
        assert isinstance(shut.value, NotInstalled)
    finally:
        migrate.upgrade(network.owner)
    network.log_in("msosa").close()
