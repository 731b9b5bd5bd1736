"""The server dies twice in mid-day: desks come back by themselves, nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.boards import boards, comes_to_show
from tests.clinic.test_crowd import scene
from tests.crowd import EXPECTED, crowd, in_order, nothing_lost, on_boards
from tests.factories import Network, make_network
from tests.simulated import heads
from tests.tui.desk import Desk
from tests.tui.test_simulated_day import shown_heads

PEOPLE = ("msosa", "cruiz", "secre", "lpaz", "jibarra", "gestion")
PATIENCE_SECONDS = 120
BETWEEN = 25
"""Acts between two deaths: the crowd is in the middle of its work."""


@pytest.fixture
def home(open_tmp: Path) -> Iterator[Path]:
    """A cluster of this test's own that keeps what it acknowledged."""
    path = open_tmp / "restart"
    embedded.start(path)
    yield path
    embedded.stop(path)


@pytest.fixture
def own_network(home: Path) -> Iterator[Network]:
    """The small network in it."""
    server = embedded.start(home)
    owner = engine_for(server.owner_dsn)
    migrate.upgrade(owner)
    yield make_network(owner, server.owner_dsn)
    owner.dispose()


def acts_of(network: Network) -> int:
    """How many acts the database has; a connection of its own, for none outlives its server."""
    with psycopg.connect(network.url) as connection:
        row = connection.execute("SELECT count(*) FROM acts").fetchone()
    assert row is not None
    return int(row[0])


def wait_for_acts(network: Network, wanted: int) -> None:
    """Until so many are written."""
    end = time.monotonic() + PATIENCE_SECONDS
    while acts_of(network) < wanted:
        assert time.monotonic() < end
        time.sleep(0.02)


def die(home: Path, number: signal.Signals) -> None:
    """The server process gets a signal that leaves it no time to put anything away, and is gone."""
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, number)
    end = time.monotonic() + PATIENCE_SECONDS
    while _runs(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_desks_outlive_a_server_that_dies_twice(home: Path, own_network: Network, tmp_path: Path) -> None:
    network = own_network
    made = scene(network, steps=0, insist=True)
    environment = {"CLINICDESK_DATABASE_URL": network.url, "CLINICDESK_HOME": str(tmp_path)}

    def restarts() -> None:
        for number in (signal.SIGQUIT, signal.SIGKILL):
            wait_for_acts(network, acts_of(network) + BETWEEN)
            die(home, number)
            wall.wait_for("SIN CONEXIÓN")
            embedded.start(home)
            wall.wait_for("en vivo")
        wait_for_acts(network, acts_of(network) + BETWEEN)

    with (
        Desk(environment, size=(120, 36), at=made.at.isoformat()) as wall,
        boards(network.url, ("enfe", "gestion"), made.at) as listening,
    ):
        assert isinstance(wall, Desk)
        wall.log_in("gestion")
        told = crowd(made, PEOPLE, meanwhile=restarts)
        network.owner.dispose()
        assert set(told.ends) <= EXPECTED, told.ends
        in_order(network.owner)
        nothing_lost(network.owner, told)
        wanted = on_boards(network, network.clinic_ids[0], made.day)
        for board in listening:
            shown = comes_to_show(board, wanted)
            assert shown.turns == wanted
        wall.becomes(lambda: shown_heads(wall), heads(shown.counts))
    assert_once(network)


def assert_once(network: Network) -> None:
    """As many turns as bookings done: an order that was sent again made no second one."""
    booked = "SELECT count(*) FROM acts WHERE what = 'turn.book' AND outcome = 'done'"
    with psycopg.connect(network.url) as connection:
        acts = connection.execute(booked.encode()).fetchone()
        turns = connection.execute("SELECT count(*) FROM turns WHERE kind = 'booked'").fetchone()
        born = connection.execute(
            "SELECT count(*) FROM turn_events WHERE seq = 1 AND to_state = %s", [State.REGISTRADO.value]
        ).fetchone()
    assert acts == turns == born
