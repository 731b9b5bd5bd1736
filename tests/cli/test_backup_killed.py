"""A backup or a restore that dies in the middle leaves nothing half: no file under the name, no row."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clinicdesk.kit import embedded
from tests.cli.conftest import PROGRAM
from tests.cli.copies import PATIENCE, contents, dsn, key_file, rows, until
from tests.cli.homes import FIRST, Home, home

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def made(open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An installation."""
    with home(open_tmp, tmp_path_factory.mktemp("killed"), "killed") as one:
        assert one.run("init", *FIRST).code == 0
        yield one


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_file(tmp_path_factory.mktemp("killed-key"))


def started(one: Home, *arguments: str) -> subprocess.Popen[bytes]:
    """The installed program, running."""
    return subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=one.environ(),
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_backup_that_dies_leaves_no_file_under_its_name(
    made: Home, key: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """It is caught after the first tables, waiting for one that somebody else holds."""
    out = tmp_path / "noche"
    words = ("db", "backup", "-o", str(out), "--key-file", str(key))
    with psycopg.connect(dsn(made)) as owner:
        owner.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        running = started(made, *words)
        until(lambda: rows(dsn(made), WAITS) == [(1,)])
        running.send_signal(number)
        running.communicate(timeout=PATIENCE)
        owner.rollback()
    left = [each.name for each in tmp_path.iterdir()]
    assert not out.exists()
    assert running.returncode != 0
    if number is not signal.SIGKILL:
        assert left == []
    assert all(name.startswith(".noche.") for name in left)
    assert all(b"SCRAM" not in each.read_bytes() for each in tmp_path.iterdir())
    assert made.run(*words).code == 0, "the twin: nobody in the way"
    assert out.exists()


def test_an_older_backup_stays_when_the_new_one_dies(made: Home, key: Path, tmp_path: Path) -> None:
    out = tmp_path / "noche"
    words = ("db", "backup", "-o", str(out), "--key-file", str(key), "--yes")
    assert made.run(*words).code == 0
    before = out.read_bytes()
    with psycopg.connect(dsn(made)) as owner:
        owner.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        running = started(made, *words)
        until(lambda: rows(dsn(made), WAITS) == [(1,)])
        running.kill()
        running.communicate(timeout=PATIENCE)
    assert out.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restore_that_dies_leaves_the_database_empty(
    made: Home, key: Path, open_tmp: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """It is caught when every row is in, waiting for a login that somebody else is making."""
    out = tmp_path / "noche"
    assert made.run("db", "backup", "-o", str(out), "--key-file", str(key)).code == 0
    with home(open_tmp, tmp_path, f"dies-{number.name.lower()}") as target:
        words = ("db", "restore", str(out), "--key-file", str(key))
        server = embedded.start(target.path)
        with psycopg.connect(server.dsn("clinicdesk", "postgres")) as owner:
            owner.execute("CREATE ROLE u_ana")
            running = started(target, *words)
            until(lambda: rows(dsn(target), WAITS) == [(1,)])
            running.send_signal(number)
            running.communicate(timeout=PATIENCE)
            assert running.returncode != 0
            owner.rollback()
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'clinicdesk'"
        )
        until(lambda: rows(dsn(target), others) == [(0,)])
        assert contents(dsn(target)) == {}
        assert rows(dsn(target), "SELECT rolname FROM pg_roles WHERE rolname ~ '^[ku]_'") == []
        assert target.run(*words).code == 0, "the twin: nobody in the way"
        assert contents(dsn(target)).keys() == contents(dsn(made)).keys()


def test_a_full_disk_is_said_and_leaves_nothing(made: Home, key: Path) -> None:
    done = made.run("db", "backup", "-o", "/dev/full", "--key-file", str(key))
    assert (done.code, done.out) == (6, "")
    assert "disco" in done.err


def test_an_upgrade_waits_for_a_backup(made: Home, key: Path, tmp_path: Path) -> None:
    """What is read belongs to one schema."""
    lock = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(dsn(made)) as owner:
        owner.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        words = ("db", "backup", "-o", str(tmp_path / "x"), "--key-file", str(key))
        backup = started(made, *words)
        until(lambda: rows(dsn(made), WAITS) == [(1,)])
        upgrade = started(made, "db", "upgrade")
        until(lambda: rows(dsn(made), lock) == [(1,)])
    assert (backup.communicate(timeout=PATIENCE)[1], backup.returncode) == (b"", 0)
    assert upgrade.wait(PATIENCE) == 0
    upgrade.communicate()
