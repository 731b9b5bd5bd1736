"""Who gets into the embedded server, what its log keeps, and how root runs it without being root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clinicdesk.kit import embedded
from clinicdesk.kit.embedded import account, binaries, process
from tests.kit.embedded_desk import ORDINARY, Desk, Refused, clear_home, make_home, query

needs_proc = pytest.mark.skipif(not process.HAS_PROC, reason="looks for processes in /proc")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become other accounts")


@pytest.mark.parametrize("already_up", [False, True])
def test_a_cluster_that_trusts_is_refused(desk: Desk, already_up: bool) -> None:
    if already_up:
        desk.start()
    hba = desk.data / "pg_hba.conf"
    proven = hba.read_text()
    desk.write_as_owner(hba, proven + "local all all trust\n")

    refused = desk.start()

    assert isinstance(refused, Refused)
    assert refused.code == "TrustFound"
    assert "local all all trust" in refused.sentence
    assert bool(desk.members()) is already_up

    desk.write_as_owner(hba, proven)
    assert query(desk.start(), "SELECT 1") == 1


def test_data_of_another_version_are_refused(our_desk: Desk) -> None:
    our_desk.write_as_owner(our_desk.data / "PG_VERSION", "17\n")

    refused = our_desk.start()

    assert isinstance(refused, Refused)
    assert refused.code == "OtherVersion"


def test_a_server_that_cannot_start_says_why(our_desk: Desk) -> None:
    our_desk.write_as_owner(our_desk.data / "postgresql.conf", "max_connections = muchas\n")

    refused = our_desk.start()

    assert isinstance(refused, Refused)
    assert refused.code == "DidNotStart"
    assert "postgresql.conf" in refused.sentence
    assert our_desk.members() == ()


def test_folders_are_closed_to_everybody_else(desk: Desk) -> None:
    server = desk.start()

    for folder in (server.data_dir, server.socket_dir, desk.home / "log"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not desk.home.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_IROTH)


def test_a_loosened_socket_folder_is_closed_again(our_desk: Desk) -> None:
    socket_dir = our_desk.start().socket_dir
    our_desk.stop()
    socket_dir.chmod(0o755)

    assert stat.S_IMODE(our_desk.start().socket_dir.stat().st_mode) == 0o700


def test_a_socket_folder_loosened_while_the_server_runs_is_refused(our_desk: Desk) -> None:
    socket_dir = our_desk.start().socket_dir
    socket_dir.chmod(0o755)

    refused = our_desk.start()

    assert isinstance(refused, Refused)
    assert refused.code == "WrongAccount"


def tcp_listeners(pid: int) -> set[str]:
    """The TCP sockets, by inode, that a process listens on."""
    sockets = {
        str(fd.readlink()).removeprefix("socket:[").rstrip("]") for fd in Path(f"/proc/{pid}/fd").iterdir()
    }
    lines = [line.split() for name in ("tcp", "tcp6") for line in _net(name)]
    return sockets & {line[9] for line in lines if line[3] == "0A"}


def _net(name: str) -> list[str]:
    table = Path("/proc/net") / name
    return table.read_text().splitlines()[1:] if table.exists() else []


@needs_proc
def test_no_tcp_even_where_the_cluster_is_told_to(desk: Desk) -> None:
    server = desk.start()
    query(server, "ALTER SYSTEM SET listen_addresses = 'localhost'")
    query(server, "ALTER SYSTEM SET unix_socket_permissions = '0777'")
    desk.stop()

    again = desk.start()

    assert query(again, "SHOW listen_addresses") == ""
    assert tcp_listeners(again.pid) == set()
    assert (again.socket_dir / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700


def test_a_role_needs_its_password(our_desk: Desk) -> None:
    server = our_desk.start()
    query(server, "CREATE ROLE ana LOGIN PASSWORD 'la de ana'")

    for password in ("", "otra"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.dsn("ana"), password=password)
    with psycopg.connect(server.dsn("ana"), password="la de ana") as connection:
        assert connection.execute("SELECT session_user").fetchone() == ("ana",)


def test_only_the_owner_enters_the_databases_that_hold_no_data(our_desk: Desk) -> None:
    server = our_desk.start()
    query(server, "CREATE ROLE ana LOGIN PASSWORD 'la de ana'")

    for name in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(server.dsn("ana", name), password="la de ana")


def test_the_log_keeps_who_changed_what_but_no_values(our_desk: Desk) -> None:
    server = our_desk.start()
    query(server, "CREATE TABLE people (document text PRIMARY KEY CHECK (document <> ''))")
    query(server, "INSERT INTO people VALUES (%s)", "SECRETO-1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        query(server, "INSERT INTO people VALUES (%s)", "SECRETO-1")
    with pytest.raises(psycopg.errors.UndefinedTable):
        query(server, "SELECT 'SECRETO-2' FROM nothing")
    our_desk.stop()

    written = "".join(path.read_text() for path in (our_desk.home / "log").iterdir())

    assert "clinicdesk@clinicdesk" in written
    assert "INSERT INTO people VALUES ($1)" in written
    assert 'violates unique constraint "people_pkey"' in written
    assert "SECRETO" not in written


@needs_root
def test_another_account_is_not_the_owner() -> None:
    """Two walls: the folder, and behind it the login rule."""
    desk = Desk(make_home(None), None)
    stranger = Desk(desk.home, pwd.getpwnam(ORDINARY).pw_uid)
    try:
        server = desk.start()
        with pytest.raises(AssertionError, match="Permission denied"):
            stranger.do(query, server, "SELECT 1")
        assert stranger.start().code == "WrongAccount"
        assert stranger.do(embedded.status, desk.home).code == "WrongAccount"

        for place in (desk.home, server.socket_dir, server.socket_dir / ".s.PGSQL.5432"):
            place.chmod(0o777)
        with pytest.raises(AssertionError, match="Peer authentication failed"):
            stranger.do(query, server, "SELECT 1")
        for call in (embedded.start, embedded.status, embedded.doctor, embedded.stop, embedded.remove):
            assert stranger.do(call, desk.home).code == "WrongAccount"
    finally:
        clear_home(desk)


@needs_root
def test_for_root_the_server_runs_as_a_system_account() -> None:
    desk = Desk(make_home(None), None)
    try:
        server = desk.start()
        owner = pwd.getpwnam("clinicdesk")

        assert {Path(f"/proc/{pid}").stat().st_uid for pid in desk.members()} == {owner.pw_uid}
        assert desk.home.stat().st_uid == 0
        assert query(server, "SELECT current_user") == "clinicdesk"
    finally:
        clear_home(desk)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that root alone can enter."""
    folder = Path(tempfile.mkdtemp(prefix="cd-closed-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@needs_root
def test_programs_in_a_folder_closed_to_the_account_are_copied(closed: Path) -> None:
    """As with a virtual environment below /root."""
    wheel = binaries.binary("postgres").parents[2]
    (closed / wheel.name).symlink_to(wheel)
    (closed / binaries.LIBRARIES_BESIDE).symlink_to(wheel.with_name(binaries.LIBRARIES_BESIDE))
    code = (
        "import sys, pathlib; from clinicdesk.kit import embedded; embedded.start(pathlib.Path(sys.argv[1]))"
    )
    path = os.pathsep.join([str(closed), *filter(None, [os.environ.get("PYTHONPATH")])])
    desk = Desk(make_home(None), None)
    try:
        for _ in range(2):
            subprocess.run(
                [sys.executable, "-c", code, desk.home],
                check=True,
                env=os.environ | {"PYTHONPATH": path},
                timeout=300,
            )
            program = Path(f"/proc/{desk.servers()[0]}/exe").readlink()
            assert program.is_relative_to(desk.home / "postgresql")
            assert (program.stat().st_uid, stat.S_IMODE(program.stat().st_mode)) == (0, 0o755)
            assert len(list((desk.home / "postgresql").iterdir())) == 1
            desk.stop()
    finally:
        clear_home(desk)


@needs_root
def test_a_home_below_a_closed_folder_is_refused_with_the_folders_name(closed: Path) -> None:
    home = closed / "deep" / "home"

    refused = Desk(home, None).start()

    assert isinstance(refused, Refused)
    assert refused.code == "HomeUnreachable"
    assert f"chmod o+x {closed}" in refused.sentence
    assert not (home / "data").exists()


@needs_root
def test_a_home_of_another_account_is_left_to_that_account() -> None:
    person = pwd.getpwnam(ORDINARY).pw_uid
    desk = Desk(make_home(person), person)
    try:
        server = desk.start()
        for call in (embedded.start, embedded.stop, embedded.remove):
            refused = Desk(desk.home, None).do(call, desk.home)
            assert isinstance(refused, Refused)
            assert refused.code == "WrongAccount"
        assert query(server, "SELECT 1") == 1
    finally:
        clear_home(desk)


@needs_root
def test_a_system_account_is_made_when_missing() -> None:
    name = f"cd-test-{os.getpid()}"
    if shutil.which("useradd") is None or shutil.which("userdel") is None:
        pytest.skip("this system has no useradd and userdel")
    try:
        made = account.system_account(name)
        assert made.uid > 0
        assert pwd.getpwnam(name).pw_shell.endswith("nologin")
        assert account.system_account(name) == made
    finally:
        subprocess.run(["userdel", name], check=False)
