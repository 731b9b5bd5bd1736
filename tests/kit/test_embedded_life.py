"""The embedded server comes up once, stays up, and comes back after every way of being killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import psycopg
import pytest

from clinicdesk.kit import embedded
from clinicdesk.kit.embedded import probe, process
from tests.kit.embedded_desk import Desk, Refused, clear_home, query, until

needs_proc = pytest.mark.skipif(not process.HAS_PROC, reason="looks for processes in /proc")


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_cold_start_makes_a_database_ready_to_use(fresh: Desk) -> None:
    server = fresh.start(durable=True)

    with psycopg.connect(server.owner_dsn) as connection:
        row = connection.execute(
            "SELECT current_user, current_database(), current_setting('server_encoding'),"
            " current_setting('data_checksums'), current_setting('fsync'), current_setting('timezone'),"
            " datlocprovider, datlocale, lower('ÁRBOL ÑANDÚ')"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("clinicdesk", "clinicdesk", "UTF8", "on", "on", "UTC", "b", "C.UTF-8", "árbol ñandú")
    assert server.version.startswith("18.")
    assert (fresh.data / "PG_VERSION").read_text().strip() == "18"
    assert not list(fresh.home.glob("init-*"))


def test_a_second_desk_finds_the_server_of_the_first(desk: Desk) -> None:
    assert desk.start() == desk.start()


def test_a_database_that_is_missing_is_made_once(our_desk: Desk) -> None:
    server = our_desk.start()
    query(server, "CREATE TABLE kept ()")

    other = our_desk.start(database="otra base")

    assert query(other, "SELECT current_database()") == "otra base"
    assert query(our_desk.start(), "SELECT count(*) FROM pg_class WHERE relname = 'kept'") == 1


@needs_proc
def test_desks_that_start_at_once_share_one_server(fresh: Desk) -> None:
    starters = [fresh.begin(embedded.start, fresh.home, durable=False) for _ in range(4)]
    servers = [starter.result() for starter in starters]

    assert len(set(servers)) == 1
    assert fresh.servers() == (servers[0].pid,)


def test_the_server_outlives_its_caller_and_holds_nothing_of_it(desk: Desk) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    starter = desk.begin(embedded.start, desk.home, durable=False)
    os.close(writing)
    server = starter.result()

    assert os.read(reading, 1) == b""  # end of file: the server has no copy of a caller's pipe
    os.close(reading)
    assert os.getsid(server.pid) not in {os.getsid(0), starter.pid}
    assert query(server, "SELECT 1") == 1


def test_a_command_that_starts_the_server_ends_and_closes_its_output(fresh: Desk) -> None:
    code = (
        "import sys; from pathlib import Path; from clinicdesk.kit import embedded;"
        "print(embedded.start(Path(sys.argv[1]), durable=False).pid)"
    )
    if fresh.uid is not None:
        pytest.skip("the interpreter may lie where an ordinary account cannot reach it")

    done = subprocess.run(
        [sys.executable, "-c", code, fresh.home], check=False, capture_output=True, text=True, timeout=300
    )

    assert done.stderr == ""
    assert process.serves(int(done.stdout), fresh.data)


@needs_proc
@pytest.mark.parametrize("whole", [False, True], ids=["server", "all its processes"])
def test_what_was_committed_survives_kill_9(desk: Desk, whole: bool) -> None:
    server = desk.start(durable=True)
    query(server, "CREATE TABLE kept AS SELECT 'escrito' AS word")

    kill(*(desk.members() if whole else (server.pid,)))
    again = desk.start(durable=True)

    assert query(again, "SELECT word FROM kept") == "escrito"
    assert desk.servers() == (again.pid,)


@needs_proc
def test_a_server_killed_while_it_starts_is_started_again(our_desk: Desk) -> None:
    starter = our_desk.begin(embedded.start, our_desk.home, durable=False)
    until(our_desk.servers)
    kill(*our_desk.servers())

    server = starter.result()

    assert not isinstance(server, Refused), server
    assert query(our_desk.start(), "SELECT 1") == 1


@needs_proc
def test_a_busy_child_of_a_killed_server_does_not_keep_the_next_one_out(our_desk: Desk) -> None:
    server = our_desk.start()
    busy = psycopg.connect(server.owner_dsn)
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
    until(lambda: query(server, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'") == 2)
    kill(server.pid)

    again = our_desk.start()

    assert query(again, "SELECT 1") == 1
    assert busy.info.backend_pid not in our_desk.members()
    busy.close()


@needs_proc
def test_kill_9_in_the_middle_of_initdb(fresh: Desk) -> None:
    starter = fresh.begin(embedded.start, fresh.home, durable=False)
    until(lambda: list(fresh.home.glob("init-*/global/pg_control")))
    os.killpg(starter.pid, signal.SIGKILL)
    os.waitpid(starter.pid, 0)
    os.close(starter.pipe)
    assert not fresh.data.exists()

    server = fresh.start()

    assert query(server, "SELECT 1") == 1
    assert not list(fresh.home.glob("init-*"))


@needs_proc
def test_a_pid_that_now_belongs_to_somebody_else(desk: Desk) -> None:
    server = desk.start()
    kill(*desk.members())
    until(lambda: not desk.members())
    owner = desk.data.stat()
    uid = owner.st_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["/bin/sleep", "1000"], cwd=desk.data, user=uid) as stranger:
        for file in (desk.data / "postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"):
            desk.write_as_owner(file, file.read_text().replace(str(server.pid), str(stranger.pid), 1))

        again = desk.start()

        assert query(again, "SELECT 1") == 1
        assert stranger.poll() is None
        assert desk.stop() is True
        assert stranger.poll() is None
        stranger.kill()


@needs_proc
def test_a_zombie_with_the_servers_pid(our_desk: Desk) -> None:
    server = our_desk.start()
    kill(*our_desk.members())
    until(lambda: not our_desk.members())
    zombie = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    pid_file = our_desk.data / "postmaster.pid"
    our_desk.write_as_owner(pid_file, pid_file.read_text().replace(str(server.pid), str(zombie.pid), 1))

    assert query(our_desk.start(), "SELECT 1") == 1
    zombie.wait()


@needs_proc
def test_a_server_without_its_pid_file_is_replaced_not_doubled(our_desk: Desk) -> None:
    server = our_desk.start()
    query(server, "CREATE TABLE kept ()")
    (our_desk.data / "postmaster.pid").unlink()

    again = our_desk.start()

    assert again.pid != server.pid
    assert our_desk.servers() == (again.pid,)
    assert query(again, "SELECT count(*) FROM kept") == 0


def test_a_socket_that_was_swept_away_comes_back(our_desk: Desk) -> None:
    server = our_desk.start()
    query(server, "CREATE TABLE kept ()")
    shutil.rmtree(server.socket_dir)

    assert query(our_desk.start(), "SELECT count(*) FROM kept") == 0


def test_a_home_with_a_long_name(desk: Desk) -> None:
    parent = desk.home.with_name(desk.home.name + "-long")
    parent.mkdir()
    parent.chmod(0o755)
    os.chown(parent, desk.home.stat().st_uid, -1)
    far = Desk(parent / ("x" * 120), desk.uid)
    desk.home.rename(far.home)

    server = far.start()

    assert len(os.fsencode(probe.socket_path(server.socket_dir))) < 104
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert far.start() == server
    assert query(server, "SELECT 1") == 1
    clear_home(far)
    assert not server.socket_dir.exists()
    parent.rmdir()


@pytest.mark.parametrize("name", ["con espacio", 'ñandú\'s, y "comillas"'])
def test_a_home_with_an_awkward_name(our_desk: Desk, name: str) -> None:
    odd = Desk(our_desk.home.with_name(f"{our_desk.home.name} {name}"), our_desk.uid)
    our_desk.home.rename(odd.home)

    assert query(odd.start(), "SELECT 1") == 1
    clear_home(odd)


@needs_proc
def test_stop_leaves_no_process_even_with_somebody_connected(desk: Desk) -> None:
    server = desk.start()
    connection = psycopg.connect(server.owner_dsn)
    connection.execute("SELECT 1")

    assert desk.stop() is True

    connection.close()
    assert desk.members() == ()
    assert not probe.answers(server.socket_dir)
    assert desk.stop() is False


def test_stop_where_nothing_was_ever_started(fresh: Desk) -> None:
    assert fresh.stop() is False
    assert list(fresh.home.iterdir()) == []


def test_status_tells_without_touching(fresh: Desk) -> None:
    before = embedded.status(fresh.home)
    assert (before.initialised, before.running, before.pid, before.size_bytes) == (False, False, None, 0)
    assert list(fresh.home.iterdir()) == []

    server = fresh.start()
    up = embedded.status(fresh.home)
    assert (up.initialised, up.running, up.pid, up.version) == (True, True, server.pid, server.version)
    assert (up.socket_dir, up.data_dir) == (server.socket_dir, server.data_dir)
    assert up.started_at is not None
    assert up.size_bytes > 10_000_000

    fresh.stop()
    down = embedded.status(fresh.home)
    assert (down.initialised, down.running, down.pid, down.version) == (True, False, None, "18")


@needs_proc
def test_remove_takes_the_server_and_the_folder_away(desk: Desk) -> None:
    desk.start()

    assert desk.remove() == ()

    assert desk.members() == ()
    assert not desk.home.exists()
    assert desk.remove() == ()


def test_remove_leaves_what_others_put_there(our_desk: Desk) -> None:
    our_desk.start()
    backup = our_desk.home / "copia.dump"
    backup.write_text("importante")

    assert our_desk.remove() == (backup,)

    assert [path.name for path in our_desk.home.iterdir()] == ["copia.dump"]


def test_remove_refuses_a_folder_that_is_not_ours(fresh: Desk) -> None:
    photos = fresh.home / "data"
    photos.mkdir()
    (photos / "PG_VERSION").write_text("18\n")

    for call in (embedded.remove, embedded.start):
        refused = fresh.do(call, fresh.home)
        assert isinstance(refused, Refused)
        assert refused.code == "ForeignFolder"
    assert (photos / "PG_VERSION").exists()
