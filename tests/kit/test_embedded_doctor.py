"""The doctor finds nothing on a sound home, and finds each trouble that is planted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from clinicdesk.kit.embedded import binaries
from tests.kit.embedded_desk import Desk, Refused, query, until

CODES = {
    *("programs", "home", "data", "version", "hba", "checksums", "space", "log", "pid", "server"),
    *("socket", "listen", "durable", "locale"),
}


def test_a_sound_running_home(desk: Desk) -> None:
    desk.start(durable=True)

    found = desk.doctor()

    assert set(found) == CODES
    assert {code for code, finding in found.items() if not finding.ok} == set()


def test_a_sound_stopped_home(desk: Desk) -> None:
    desk.start()
    desk.stop()

    found = desk.doctor()

    assert set(found) == CODES - {"socket", "listen", "durable", "locale"}
    assert {code for code, finding in found.items() if not finding.ok} == set()


def test_an_empty_home(fresh: Desk) -> None:
    found = fresh.doctor()

    assert not found["home"].ok
    assert not found["data"].ok
    assert found["programs"].ok


def open_home(desk: Desk) -> None:
    desk.home.chmod(0o777)


def unmark_home(desk: Desk) -> None:
    (desk.home / ".clinicdesk-postgresql").write_text("something else")


def open_data(desk: Desk) -> None:
    desk.data.chmod(0o750)


def other_version(desk: Desk) -> None:
    desk.write_as_owner(desk.data / "PG_VERSION", "16\n")


def add_rule(rule: str) -> Callable[[Desk], None]:
    def plant(desk: Desk) -> None:
        hba = desk.data / "pg_hba.conf"
        desk.write_as_owner(hba, hba.read_text() + rule + "\n")

    return plant


def drop_checksums(desk: Desk) -> None:
    desk.tool("pg_checksums", "--disable")


def kill_server(desk: Desk) -> None:
    server = desk.start()
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not desk.members())


def break_settings(desk: Desk) -> None:
    desk.write_as_owner(desk.data / "postgresql.conf", "max_connections = muchas\n")
    assert isinstance(desk.start(), Refused)


@pytest.mark.parametrize(
    ("code", "plant"),
    [
        ("home", open_home),
        ("home", unmark_home),
        ("data", open_data),
        ("version", other_version),
        ("hba", add_rule("local all ana trust")),
        ("hba", add_rule("host all all ::/0 scram-sha-256")),
        ("checksums", drop_checksums),
        ("pid", kill_server),
        ("log", break_settings),
    ],
)
def test_a_trouble_planted_in_a_stopped_home(
    our_desk: Desk, code: str, plant: Callable[[Desk], None]
) -> None:
    mark = our_desk.home / ".clinicdesk-postgresql"
    sound = mark.read_text()
    plant(our_desk)

    found = our_desk.doctor()

    mark.write_text(sound)
    assert {name for name, finding in found.items() if not finding.ok} == {code}
    assert found[code].detail


def test_too_little_space(our_desk: Desk) -> None:
    found = our_desk.doctor(least_free=1 << 60)

    assert {name for name, finding in found.items() if not finding.ok} == {"space"}


def test_programs_that_are_not_there(our_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "INSTALL", "pginstall99")

    found = our_desk.doctor()

    assert {name for name, finding in found.items() if not finding.ok} == {"programs", "checksums"}


def test_an_open_socket_folder_and_a_server_that_forgoes_durability(our_desk: Desk) -> None:
    server = our_desk.start(durable=False)
    server.socket_dir.chmod(0o755)

    found = our_desk.doctor()

    assert {name for name, finding in found.items() if not finding.ok} == {"socket", "durable"}


def test_a_server_that_listens_on_tcp(our_desk: Desk) -> None:
    """Started by hand, past our own `start`."""
    our_desk.start()
    our_desk.stop()
    by_hand = f"-c listen_addresses=localhost -c port=0 -k {our_desk.home / 'run'}".replace(
        "port=0", "port=5432"
    )
    our_desk.tool(
        "pg_ctl", "start", "-w", "-s", "-o", by_hand, "-l", str(our_desk.home / "log" / "by-hand.log")
    )

    found = our_desk.doctor()

    assert {name for name, finding in found.items() if not finding.ok} == {"listen"}
    assert found["listen"].detail == "localhost"


def test_a_database_on_a_locale_that_changes_with_the_machine(our_desk: Desk) -> None:
    server = our_desk.start(durable=True)
    query(server, "CREATE DATABASE otra TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")

    found = our_desk.doctor(database="otra")

    assert {name for name, finding in found.items() if not finding.ok} == {"locale"}


def test_an_owner_that_the_server_does_not_know(our_desk: Desk) -> None:
    our_desk.start(durable=True)

    found = our_desk.doctor(superuser="otro")

    assert not found["login"].ok
