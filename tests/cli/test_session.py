"""`clinicdesk session`: a person sees where they are in, and ends what they left open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.access.own_sessions import EndOwnSessions, end_own_sessions
from clinicdesk.kit.errors import SessionEnded
from tests.cli.conftest import Done
from tests.factories import Network

Cli = Callable[..., Done]


def test_a_person_ends_a_session_left_open_elsewhere(cli: Cli, network: Network) -> None:
    left, other = network.log_in("cruiz"), network.log_in("msosa")
    try:
        rows = cli("cruiz", "session", "list", "--json").rows
        assert {row["host"] for row in rows} >= {"prueba"}
        (found,) = [row for row in rows if row["host"] == "prueba"]
        assert (found["role"], found["connections"]) == ("admisionista", 1)
        assert cli("msosa", "session", "end", found["id"]).code == 3
        assert cli("cruiz", "session", "end").code == 2
        assert cli("cruiz", "session", "end", "nada").code == 3
        done = cli("cruiz", "session", "end", found["id"], "--json")
        assert (done.code, done.data) == (0, {"ended": 1}), done.err
        left.engine.dispose()
        with pytest.raises(SessionEnded):
            left.engine.connect()
        with other.engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        left.close()
        other.close()


def test_ending_sessions_takes_the_password_again(program: Cli, network: Network, tmp_path: Path) -> None:
    left = network.log_in("rleon")
    try:
        wrong = tmp_path / "otra"
        wrong.touch(mode=0o600)
        wrong.write_text("no es la clave")
        refused = program("rleon", "session", "end", "--all", CLINICDESK_PASSWORD_FILE=str(wrong))
        assert refused.code == 4
        with pytest.raises(ProofNeeded):
            left.desk().do(end_own_sessions, EndOwnSessions())
        with left.engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert program("rleon", "session", "end", "--all", "--json").data["ended"] >= 1
    finally:
        left.close()
